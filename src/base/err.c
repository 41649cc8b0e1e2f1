#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

HR_EXPORT const char *hr_code_name(int code)
{
    switch (code) {
    case HR_OK:
        return "OK";
#define HR_CODE_NAME(name, value, text) \
    case value:                         \
        return #name;
        HR_CODES(HR_CODE_NAME)
#undef HR_CODE_NAME
    default:
        return "UNKNOWN";
    }
}

HR_EXPORT const char *hr_code_text(int code)
{
    switch (code) {
    case HR_OK:
        return "no error";
#define HR_CODE_TEXT(name, value, text) \
    case value:                         \
        return text;
        HR_CODES(HR_CODE_TEXT)
#undef HR_CODE_TEXT
    default:
        return "unknown error";
    }
}

int hr_fail(struct hr_error *err, int code, const char *fmt, ...)
{
    if (err != NULL) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
        err->code = code;
    }
    return code;
}

static int code_of_errno(int en)
{
    switch (en) {
    case ENOMEM:
        return HR_E_NOMEM;
    case ENOENT:
        return HR_E_NOT_FOUND;
    case EEXIST:
        return HR_E_EXISTS;
    default:
        return HR_E_IO;
    }
}

int hr_fail_errno(struct hr_error *err, int en, const char *fmt, ...)
{
    int code = code_of_errno(en);
    if (err != NULL) {
        va_list ap;
        va_start(ap, fmt);
        int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
        if (n >= 0 && (size_t)n < sizeof err->text) {
            char text[128];
            snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s", strerror_r(en, text, sizeof text));
        }
        err->code = code;
    }
    return code;
}

int hr_fail_nomem(struct hr_error *err, size_t bytes, const char *what)
{
    return hr_fail(err, HR_E_NOMEM, "out of memory: %zu bytes for %s could not be had", bytes, what);
}

int hr_fail_prefix(struct hr_error *err, int code, const char *fmt, ...)
{
    if (err == NULL)
        return code;
    char old[sizeof err->text];
    memcpy(old, err->text, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(err->text, sizeof err->text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof err->text)
        snprintf(err->text + n, sizeof err->text - (size_t)n, ": %s", old);
    err->code = code;
    return code;
}
