/* SUMO's FCD output: the input is the text of a file, cut into steps, looked at, and made into samples. */
#include "fcd_sample.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void each_step(struct hr_fcd_parser *p, struct hr_str text, struct hr_fcd_shape *shape, struct hr_block *b)
{
    static const enum hr_fcd_field kind[] = { HR_FCD_TIME, HR_FCD_X, HR_FCD_VEHICLE, HR_FCD_LANE_INDEX };
    bool end = false;
    size_t done = 0, at = hr_fcd_next(text, 0, &done, &end);
    for (uint64_t i = 0; at != SIZE_MAX; i++) {
        size_t next = hr_fcd_next(text, at + 9, &done, &end);
        if (done < at + 9 || done > text.n)
            abort();
        struct hr_str step = { text.p + at, done - at };
        int r = b == NULL ? hr_fcd_look(p, step, shape, NULL) : hr_fcd_sample(p, step, i, at, shape, kind, b, NULL);
        if (r < 0)
            return;
        at = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hr_fcd_parser *p;
    struct hr_fcd_shape shape = { 0 };
    struct hr_str text = { (const char *)data, size };
    if (hr_fcd_create(&p, NULL) < 0)
        return 0;
    each_step(p, text, &shape, NULL);
    hr_fcd_sort(&shape);
    if (shape.n > 0) {
        struct hr_field f[] = { { .name = "time", .dtype = HR_F64, .stored = HR_F64 },
                                { .name = "x", .dtype = HR_F32, .stored = HR_F32, .ndim = 2, .shape = { HR_RAGGED, shape.n } },
                                { .name = "v", .dtype = HR_I64, .stored = HR_I64, .ndim = 1, .shape = { HR_RAGGED } },
                                { .name = "l", .dtype = HR_I16, .stored = HR_I16, .ndim = 1, .shape = { HR_RAGGED } } };
        struct hr_schema schema = { 4, f };
        struct hr_block b;
        if (hr_block_init(&b, &schema, 1 << 22, NULL) == 0) {
            each_step(p, text, &shape, &b);
            hr_block_fini(&b);
        }
    }
    hr_fcd_destroy(p);
    return 0;
}
