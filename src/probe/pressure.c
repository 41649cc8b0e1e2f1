#include "pressure.h"

#include "parse.h"
#include "root_value.h"

#include <stdio.h>

/* "avg10=0.12" of a line "some avg10=0.12 avg60=0.05 avg300=0.01 total=1234" */
static bool word(struct hr_str line, const char *key, struct hr_str *ret)
{
    struct hr_str one, name;
    while (hr_str_cut(&line, ' ', &one))
        if (hr_str_cut(&one, '=', &name) && one.p != NULL && hr_str_is(name, key)) {
            *ret = one;
            return true;
        }
    return false;
}

static struct hr_real percent(struct hr_str line, const char *key)
{
    struct hr_str v;
    double d;
    if (!word(line, key, &v) || hr_parse_f64(v, &d, NULL) < 0 || !(d >= 0 && d <= 100))
        return hr_real_unknown("/proc/pressure has no %s", key);
    return hr_real_of(d);
}

void hr_pressure_parse(struct hr_str text, struct hr_pressure *ret)
{
    struct hr_real none = hr_real_unknown("the kernel does not tell it");
    struct hr_str line, kind, v;
    uint64_t us;
    *ret = (struct hr_pressure) { none, none, none, hr_figure_unknown("the kernel does not tell it") };
    while (hr_str_cut(&text, '\n', &line)) {
        if (!hr_str_cut(&line, ' ', &kind) || line.p == NULL)
            continue;
        if (hr_str_is(kind, "some")) {
            ret->some10 = percent(line, "avg10");
            ret->some60 = percent(line, "avg60");
            if (word(line, "total", &v) && hr_parse_u64(v, &us, NULL) == 0 && us < UINT64_MAX / 1000)
                ret->some_total = hr_figure_of(us * 1000);
        } else if (hr_str_is(kind, "full")) {
            ret->full10 = percent(line, "avg10");
        }
    }
}

void hr_pressure_read(const struct hr_root *root, const char *what, struct hr_pressure *ret)
{
    char path[64], why[HR_WHY_MAX];
    struct hr_buf b = HR_BUF_INIT(4096);
    snprintf(path, sizeof path, "proc/pressure/%.20s", what);
    if (hr_root_text(root, path, &b, why)) {
        hr_pressure_parse(hr_buf_str(&b), ret);
    } else {
        struct hr_real none = hr_real_unknown("no PSI: the kernel lacks it, or it was started without psi=1");
        *ret = (struct hr_pressure) { none, none, none, hr_figure_unknown("%s", none.why) };
    }
    hr_buf_fini(&b);
}
