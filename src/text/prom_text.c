#include "prom_text.h"

#include "json_write.h"
#include "utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void family_name(const struct hr_prom *p, enum hr_prom_type type, char out[96])
{
    snprintf(out, 96, "%s", p->name);
    size_t n = strlen(out);
    if (p->openmetrics && type == HR_PROM_COUNTER && n > 6 && strcmp(out + n - 6, "_total") == 0)
        out[n - 6] = 0;
}

void hr_prom_family(struct hr_prom *p, const char *name, enum hr_prom_type type, const char *help)
{
    static const char *const classic[] = { "gauge", "counter", "untyped" }, *const open[] = { "gauge", "counter", "unknown" };
    char family[96];
    snprintf(p->name, sizeof p->name, "%s", name);
    family_name(p, type, family);
    bool bare = type == HR_PROM_COUNTER && strcmp(family, p->name) == 0;
    if (p->openmetrics && bare)
        type = HR_PROM_UNTYPED;
    hr_buf_printf(p->out, "# HELP %s %s\n# TYPE %s %s\n", family, help, family, (p->openmetrics ? open : classic)[type]);
}

static void value(struct hr_buf *out, double v)
{
    char text[HR_JW_NUMBER];
    if (isnan(v))
        hr_buf_adds(out, "NaN");
    else if (isinf(v))
        hr_buf_adds(out, v > 0 ? "+Inf" : "-Inf");
    else
        hr_buf_add(out, text, hr_jw_f64_text(v, text));
}

/* Backslash, quote and line end are escaped, malformed UTF-8 is replaced: one bad name must not cost the whole scrape. */
static void label_value(struct hr_buf *out, const char *z)
{
    for (struct hr_str rest = hr_str(z); rest.n > 0;) {
        const char *from = rest.p;
        bool ok;
        uint32_t c = hr_utf8_next(&rest, &ok);
        if (!ok)
            hr_buf_adds(out, "\xef\xbf\xbd");
        else if (c == '\\' || c == '"')
            hr_buf_printf(out, "\\%c", (char)c);
        else if (c == '\n')
            hr_buf_adds(out, "\\n");
        else
            hr_buf_add(out, from, (size_t)(rest.p - from));
    }
}

void hr_prom_sample(struct hr_prom *p, double v, const struct hr_prom_label *label)
{
    hr_buf_adds(p->out, p->name);
    if (label != NULL && label->name != NULL) {
        hr_buf_addc(p->out, '{');
        for (const struct hr_prom_label *l = label; l->name != NULL; l++) {
            hr_buf_printf(p->out, "%s%s=\"", l == label ? "" : ",", l->name);
            label_value(p->out, l->value != NULL ? l->value : "");
            hr_buf_addc(p->out, '"');
        }
        hr_buf_addc(p->out, '}');
    }
    hr_buf_addc(p->out, ' ');
    value(p->out, v);
    hr_buf_addc(p->out, '\n');
}

void hr_prom_end(struct hr_prom *p)
{
    if (p->openmetrics)
        hr_buf_adds(p->out, "# EOF\n");
}
