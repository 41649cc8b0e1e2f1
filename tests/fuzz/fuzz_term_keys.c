/* What a terminal may send: any bytes, in any pieces. */
#include "term_keys.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct hr_keys k = { 0 };
    struct hr_event e;
    for (size_t i = 0; i < n; i++) {
        bool got = hr_keys_take(&k, p[i], &e);
        if (p[i] == 0xfe)
            got |= hr_keys_settle(&k, &e);
        if (k.n >= HR_KEYS_HELD || (got && (e.key > HR_KEY_MOUSE || e.key == HR_KEY_NONE || e.mods > 7)))
            abort();
    }
    return 0;
}
