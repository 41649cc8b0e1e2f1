#include "kit_tables.h"

#include "parse.h"

#include <ctype.h>
#include <string.h>

const char *const hr_kit_driver_source = "CUDA toolkit release notes, table of toolkits and their drivers";

#define TORCH "torch.utils.cpp_extension: CUDA_GCC_VERSIONS"
#define SPACK "Spack's CudaPackage: conflicts"
#define GUIDE "CUDA installation guide: host compiler support policy"
#define HEADER "crt/host_config.h of CUDA 13.0.88"

static const struct hr_kit_row kits[] = {
    { 1002, "440.33", "441.22", 8, "CUDA 10.2 installation guide: native Linux distributions" },
    { 1100, "450.36.06", "451.22", 9, TORCH ", " SPACK },
    { 1101, "455.23", "456.38", 10, TORCH },
    { 1102, "460.27.03", "460.82", 10, TORCH },
    { 1103, "465.19.01", "465.89", 10, TORCH },
    { 1104, "470.42.01", "471.11", 11, TORCH },
    { 1105, "495.29.05", "496.04", 11, TORCH },
    { 1106, "510.39.01", "511.23", 11, TORCH },
    { 1107, "515.43.04", "516.01", 11, TORCH },
    { 1108, "520.61.05", "520.06", 11, SPACK },
    { 1200, "525.60.13", "527.41", 12, TORCH },
    { 1201, "530.30.02", "531.14", 12, TORCH },
    { 1202, "535.54.03", "536.25", 12, TORCH },
    { 1203, "545.23.06", "545.84", 13, TORCH },
    { 1204, "550.54.14", "551.61", 13, TORCH },
    { 1205, "555.42.02", "555.85", 13, TORCH },
    { 1206, "560.28.03", "560.76", 13, TORCH },
    { 1208, "570.26", "570.65", 14, TORCH },
    { 1209, "575.51.03", "576.02", 14, TORCH },
    { 1300, "580.65.06", NULL, 15, TORCH ", " HEADER },
    { 1301, "590.44.01", NULL, 15, SPACK },
    { 1302, "595.45.04", NULL, 15, "CUDA 13.1 and later: as 13.0 at least (" GUIDE ")" },
};

const struct hr_kit_row *hr_kit_table(size_t *ret_n)
{
    *ret_n = HR_COUNT(kits);
    return kits;
}

const struct hr_kit_row *hr_kit_row_of(unsigned cuda)
{
    for (size_t i = 0; i < HR_COUNT(kits); i++)
        if (kits[i].cuda == cuda)
            return &kits[i];
    return NULL;
}

const struct hr_kit_row *hr_kit_newest(unsigned most)
{
    for (size_t i = HR_COUNT(kits); i > 0; i--)
        if (kits[i - 1].cuda <= most)
            return &kits[i - 1];
    return NULL;
}

const char *hr_kit_oldest_driver(unsigned cuda)
{
    switch (cuda / 100) {
    case 11: return cuda == 1100 ? "450.36.06" : "450.80.02";
    case 12: return "525.60.13";
    case 13: return "580";
    default: return NULL;
    }
}

unsigned hr_kit_gcc_of_header(struct hr_str text)
{
    static const char test[] = "__GNUC__ >";
    struct hr_str line;
    while (text.p != NULL && hr_str_cut(&text, '\n', &line)) {
        struct hr_str s = hr_str_trim(line);
        if (!hr_str_starts(s, "#if"))
            continue;
        const char *at = memmem(s.p, s.n, test, sizeof test - 1);
        if (at == NULL)
            continue;
        struct hr_str digits = { at + sizeof test - 1, (size_t)(s.p + s.n - at) - (sizeof test - 1) };
        digits = hr_str_trim(digits);
        size_t n = 0;
        while (n < digits.n && isdigit((unsigned char)digits.p[n]))
            n++;
        uint64_t major = 0;
        if (hr_parse_u64((struct hr_str) { digits.p, n }, &major, NULL) == 0 && major >= 4 && major <= 99)
            return (unsigned)major;
    }
    return 0;
}
