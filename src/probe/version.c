#include "version.h"

struct hr_version hr_version_of(struct hr_str s)
{
    struct hr_version v = { 0, { 0 } };
    size_t i = 0;
    while (v.n < HR_VERSION_PARTS && i < s.n && s.p[i] >= '0' && s.p[i] <= '9') {
        uint64_t part = 0;
        for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
            part = HR_MIN(part * 10 + (uint64_t)(s.p[i] - '0'), (uint64_t)1000000);
        v.part[v.n++] = (unsigned)part;
        if (i >= s.n || s.p[i] != '.')
            break;
        i++;
    }
    return v;
}

int hr_version_cmp(struct hr_version a, struct hr_version b)
{
    for (unsigned i = 0; i < HR_VERSION_PARTS; i++)
        if (a.part[i] != b.part[i])
            return a.part[i] < b.part[i] ? -1 : 1;
    return 0;
}

int hr_version_against(struct hr_version v, const char *other)
{
    return hr_version_cmp(v, hr_version_of(hr_str(other)));
}
