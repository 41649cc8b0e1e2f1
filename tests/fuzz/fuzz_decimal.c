/* Decimal numbers: what our scan takes, strtod takes as far and gives the same bits for. */
#include "decimal.h"
#include "json_row.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[600] = { 0 };
    struct hr_decimal d;
    double row[8];
    if (size > sizeof text - HR_DECIMAL_PAD)
        return 0;
    hr_decimal_init();
    memcpy(text, data, size);
    const char *end = hr_decimal_scan(text, &d);
    if (end != NULL) {
        char alone[600] = { 0 };
        memcpy(alone, text, (size_t)(end - text)); /* "0x1" is a number to strtod, and "0" to us */
        char *stop;
        double want = strtod(alone, &stop), got = hr_decimal_f64(&d, text);
        if (*stop != 0 || memcmp(&want, &got, sizeof got) != 0)
            abort();
    }
    for (enum hr_dtype t = HR_BOOL; t <= HR_F64; t++) {
        struct hr_row r = hr_json_row(text, t, row, HR_COUNT(row));
        if (r.n > HR_COUNT(row) || r.p < text || r.p > text + size)
            abort();
    }
    return 0;
}
