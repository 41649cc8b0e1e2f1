#include "attr.h"
#include "headrace/types.h"

#include <string.h>

struct dtype_row {
    const char *name;
    size_t size;
};

static const struct dtype_row dtypes[] = {
#define DTYPE_ROW(name, value, text, size) [value] = { text, size },
    HR_DTYPES(DTYPE_ROW)
#undef DTYPE_ROW
};

static const char *const roles[] = {
#define ROLE_ROW(name, value, text) [value] = text,
    HR_ROLES(ROLE_ROW)
#undef ROLE_ROW
};

/* Enum values come from files and from C callers, so any int may arrive here. */
static const struct dtype_row *row_of(enum hr_dtype t)
{
    size_t i = (size_t)t;
    return i < HR_COUNT(dtypes) && dtypes[i].name != NULL ? &dtypes[i] : NULL;
}

HR_EXPORT const char *hr_dtype_name(enum hr_dtype t)
{
    const struct dtype_row *row = row_of(t);
    return row != NULL ? row->name : "?";
}

HR_EXPORT enum hr_dtype hr_dtype_of(const char *name)
{
    for (size_t i = 0; i < HR_COUNT(dtypes); i++)
        if (dtypes[i].name != NULL && strcmp(dtypes[i].name, name) == 0)
            return (enum hr_dtype)i;
    return HR_DTYPE_NONE;
}

HR_EXPORT size_t hr_dtype_size(enum hr_dtype t)
{
    const struct dtype_row *row = row_of(t);
    return row != NULL ? row->size : 0;
}

HR_EXPORT const char *hr_role_name(enum hr_role r)
{
    size_t i = (size_t)r;
    return i < HR_COUNT(roles) ? roles[i] : "?";
}

HR_EXPORT int hr_role_of(const char *name)
{
    for (size_t i = 0; i < HR_COUNT(roles); i++)
        if (strcmp(roles[i], name) == 0)
            return (int)i;
    return -1;
}
