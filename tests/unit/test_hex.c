/* Sums as hexadecimal digits: every byte in every place is taken or refused as the plain rule says. */
#include "unit.h"

#include "hex.h"
#include "rng.h"

static int plain(unsigned c)
{
    return c >= '0' && c <= '9' ? (int)c - '0' : c >= 'a' && c <= 'f' ? (int)c - 'a' + 10 : -1;
}

static void every_byte_in_every_place(void **state)
{
    (void)state;
    for (int at = 0; at < HR_HEX; at++) {
        for (unsigned c = 0; c < 256; c++) {
            char text[HR_HEX];
            uint64_t want = hr_rng_u64(at, c), got = 42;
            hr_hex_put(want, text);
            text[at] = (char)c;
            int shift = 4 * (HR_HEX - 1 - at), digit = plain(c);
            assert_int_equal(hr_hex_get(text, &got), digit >= 0);
            if (digit >= 0)
                want = (want & ~(UINT64_C(15) << shift)) | (uint64_t)digit << shift;
            assert_true(got == (digit >= 0 ? want : 42));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_byte_in_every_place) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
