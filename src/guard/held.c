#include "held.h"

#include "procfs.h"

#include <stdio.h>
#include <string.h>

bool hr_held_line(const char *text, size_t n, const char *key, uint64_t *ret)
{
    size_t k = strlen(key);
    const char *end = text + n;
    for (const char *p = text; p != NULL && (size_t)(end - p) > k;) {
        if (memcmp(p, key, k) == 0 && (p[k] == ' ' || p[k] == ':')) {
            uint64_t v = 0;
            for (p += k; p < end && (*p == ' ' || *p == ':'); p++)
                ;
            if (p == end || *p < '0' || *p > '9')
                return false;
            for (; p < end && *p >= '0' && *p <= '9'; p++)
                v = v * 10 + (uint64_t)(*p - '0');
            *ret = end - p >= 3 && memcmp(p, " kB", 3) == 0 ? v * 1024 : v;
            return true;
        }
        p = memchr(p, '\n', (size_t)(end - p));
        p = p == NULL ? NULL : p + 1;
    }
    return false;
}

int hr_held_open(const char *at, const char *dir, const char *name)
{
    char path[1024];
    int n = snprintf(path, sizeof path, "%s%s/%s", at, dir, name);
    int fd = n > 0 && (size_t)n < sizeof path ? hr_kept_open(path) : -1;
    return HR_MAX(fd, -1);
}

bool hr_held_value(int fd, const char *key, uint64_t *ret)
{
    char text[HR_HELD_TEXT];
    uint64_t v = 0;
    int64_t n = fd < 0 ? -1 : hr_kept_read(fd, text, sizeof text);
    if (n <= 0)
        return false;
    if (key != NULL)
        return hr_held_line(text, (size_t)n, key, ret);
    if (n >= 3 && memcmp(text, "max", 3) == 0) {
        *ret = UINT64_MAX;
        return true;
    }
    if (text[0] < '0' || text[0] > '9')
        return false;
    for (int64_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
        v = v * 10 + (uint64_t)(text[i] - '0');
    *ret = v;
    return true;
}
