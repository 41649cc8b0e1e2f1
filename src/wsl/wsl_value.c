#include "wsl_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool hr_wsl_bool(const char *z, bool *ret)
{
    bool yes = strcmp(z, "1") == 0 || strcasecmp(z, "true") == 0;
    if (!yes && strcmp(z, "0") != 0 && strcasecmp(z, "false") != 0)
        return false;
    *ret = yes;
    return true;
}

bool hr_wsl_int(enum hr_wsl_file file, const char *z, int32_t *ret)
{
    char *end;
    long long v = strtoll(z, &end, 0);
    if (*z == 0 || *end != 0)
        return false;
    if (v < INT32_MIN || v > INT32_MAX) {
        if (file == HR_WSL_WSLCONF)
            return false;
        v = v < 0 ? INT32_MIN : INT32_MAX;
    }
    *ret = (int32_t)v;
    return true;
}

bool hr_wsl_size(const char *z, uint64_t *ret)
{
    static const char unit[] = "BKMGT";
    char *end;
    uint64_t v = strtoull(z, &end, 10);
    if (v == 0 && (z[0] != '0' || end != z + 1)) /* one zero is a number; two are not */
        return false;
    if (*end == 0) {
        *ret = v;
        return true;
    }
    const char *u = strchr(unit, *end);
    if (u == NULL || (end[1] != 0 && (u == unit || strcmp(end + 1, "B") != 0)))
        return false;
    *ret = v << (10 * (u - unit));
    return true;
}

bool hr_wsl_word(const char *words, const char *z, unsigned *ret)
{
    struct hr_str rest = hr_str(words), one;
    for (unsigned i = 0; hr_str_cut(&rest, '|', &one); i++)
        if (hr_wsl_same_word(one, hr_str(z))) {
            *ret = i;
            return true;
        }
    return false;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool hr_wsl_mac(const char *z)
{
    if (strlen(z) != 17 || (z[2] != '-' && z[2] != ':'))
        return false;
    for (int i = 0; i < 17; i++)
        if (i % 3 == 2 ? z[i] != z[2] : !is_hex(z[i]))
            return false;
    return true;
}

bool hr_wsl_ipv4(const char *z)
{
    for (int part = 0; part < 4; part++) {
        unsigned v = 0, digits = 0;
        for (; *z >= '0' && *z <= '9' && digits < 4; z++, digits++)
            v = v * 10 + (unsigned)(*z - '0');
        if (digits == 0 || digits > 3 || v > 255)
            return false;
        if (part < 3 && *z++ != '.')
            return false;
    }
    return *z == 0;
}

/* Windows cuts at commas, skips what is empty, and takes the number an element begins with. */
unsigned hr_wsl_bad_ports(const char *z)
{
    unsigned bad = 0;
    while (*z != 0) {
        size_t n = strcspn(z, ",");
        if (n != 0) {
            char one[32], *end;
            snprintf(one, sizeof one, "%.*s", (int)HR_MIN(n, sizeof one - 1), z);
            long long v = strtoll(one, &end, 10);
            bad += end == one || v < 1 || v > 65535;
        }
        z += n;
        z += *z == ',';
    }
    return bad;
}

bool hr_wsl_value_ok(const struct hr_wsl_key *k, const char *z)
{
    bool b;
    int32_t i;
    uint64_t u;
    unsigned w;
    switch (k->type) {
    case HR_WSL_BOOL:
        return hr_wsl_bool(z, &b);
    case HR_WSL_INT:
        return hr_wsl_int(k->file, z, &i);
    case HR_WSL_SIZE:
        return hr_wsl_size(z, &u);
    case HR_WSL_ENUM:
        return hr_wsl_word(k->words, z, &w);
    case HR_WSL_MAC:
        return hr_wsl_mac(z);
    case HR_WSL_IPV4:
        return hr_wsl_ipv4(z);
    case HR_WSL_PORTS:
        return hr_wsl_bad_ports(z) == 0;
    case HR_WSL_STRING:
    case HR_WSL_PATH:
        return true;
    case HR_WSL_NONE:
        return false;
    }
    return false;
}

struct hr_wsl_size_text hr_wsl_size_write(uint64_t bytes)
{
    static const char *const unit[] = { "", "KB", "MB", "GB", "TB" };
    struct hr_wsl_size_text t;
    unsigned u = 0;
    while (bytes != 0 && bytes % 1024 == 0 && u + 1 < HR_COUNT(unit)) {
        bytes /= 1024;
        u++;
    }
    snprintf(t.text, sizeof t.text, "%" PRIu64 "%s", bytes, bytes == 0 ? "" : unit[u]);
    return t;
}
