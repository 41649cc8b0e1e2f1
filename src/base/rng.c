#include "rng.h"

uint64_t hr_rng_key(uint64_t seed, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t k = hr_mix64(seed + 0x9E3779B97F4A7C15u);
    k = hr_mix64(k ^ (a + 0xD1B54A32D192ED03u));
    k = hr_mix64(k ^ (b + 0x8CB92BA72F3D8DD7u));
    return hr_mix64(k ^ (c + 0xAEF17502108EF2D9u));
}
