/* A transform as it is written on the command line. */
#include "transform_opt.h"

#include <math.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[600];
    if (size >= sizeof text)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    const char *item[] = { text, NULL };
    struct hr_strings s = { item, 1 };
    struct hr_transform_list l;
    struct hr_error err = HR_ERROR_INIT;
    int r = hr_transforms_parse(&s, &l, &err);
    if ((r < 0) != (err.text[0] != 0))
        __builtin_trap();
    if (r < 0)
        return 0;
    const struct hr_transform *t = l.item;
    if (t->kind >= HR_T_COUNT || t->column < -1 || !isfinite(t->a) || !isfinite(t->b) ||
        (t->field != NULL && strlen(t->field) > HR_NAME_MAX))
        __builtin_trap();
    hr_transforms_fini(&l);
    return 0;
}
