#include "print_samples.h"

#include "decode.h"
#include "sample_json.h"

#define LINE_MAX_BYTES ((size_t)4 << 30)

struct printing {
    struct hr_cli *cli;
    const struct hr_schema *schema;
    const struct hr_layout *layout;
    struct hr_buf line;
};

static int print_chunk(void *arg, const struct hr_chunk *c, struct hr_error *err)
{
    struct printing *p = arg;
    for (uint32_t i = 0; i < c->n; i++) {
        hr_buf_reset(&p->line);
        if (!hr_sample_json(p->schema, p->layout, c, i, &p->line))
            return hr_fail_nomem(err, p->line.len, "a line of JSON");
        int r = hr_print_bytes(p->cli, p->line.data, p->line.len);
        if (r < 0)
            return r;
    }
    return 0;
}

int hr_print_samples(struct hr_cli *cli, const char *dataset, const struct hr_strings *fields, uint64_t first, uint64_t count,
                     struct hr_error *err)
{
    struct hr_store *s;
    struct hr_decoder *d;
    int r = hr_store_open(dataset, &s, err);
    if (r < 0)
        return r;
    r = hr_decoder_open(s, fields->n == 0 ? NULL : fields->item, &d, err);
    if (r == 0) {
        struct printing p = { cli, hr_decoder_schema(d), hr_decoder_layout(d), HR_BUF_INIT(LINE_MAX_BYTES) };
        if (first > s->samples)
            r = hr_fail(err, HR_E_INVALID, "'%s' has %llu samples; number %llu is none of them", dataset,
                        (unsigned long long)s->samples, (unsigned long long)first);
        else
            r = hr_decoder_each(d, first, HR_MIN(count, s->samples - first), print_chunk, &p, err);
        hr_buf_fini(&p.line);
        hr_decoder_close(d);
    }
    hr_store_close(s);
    return r;
}
