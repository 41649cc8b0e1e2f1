/* Values: those WSL refuses, and those it takes for something else than is meant. */
#include "lint_work.h"

#include "human.h"
#include "wsl_value.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MIB ((uint64_t)1 << 20)

/* --- values that are refused --- */

static void bad_bool(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    static const char *const yes[] = { "yes", "on", "t", "y", "enabled", "enable" }, *const no[] = {
        "no", "off", "f", "n", "disabled", "disable"
    };
    struct hr_wsl_finding *f = hr_lint_entry(l, HR_WSL_R_BOOL_BAD, e);
    if (f == NULL)
        return;
    f->why = hr_lint_text(l, "only true, false, 1 and 0 are read; the default (%s) stays", e->key->def_text);
    f->advice = "write true or false";
    for (size_t i = 0; i < HR_COUNT(yes); i++)
        if (strcasecmp(e->value, yes[i]) == 0 || strcasecmp(e->value, no[i]) == 0)
            hr_lint_value(l, f, strcasecmp(e->value, yes[i]) == 0 ? "true" : "false");
}

/* "8 gb ; x" -> "8" and "gb" */
static void bad_size(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    const char *z = e->value, *unit;
    char letter[2] = "", *end;
    struct hr_wsl_finding *f = hr_lint_entry(l, HR_WSL_R_SIZE_BAD, e);
    if (f == NULL)
        return;
    size_t digits = strspn(z, "0123456789");
    unit = z + digits;
    bool fraction = digits != 0 && (*unit == '.' || *unit == ',') && unit[1] >= '0' && unit[1] <= '9';
    if (fraction)
        unit += 1 + strspn(unit + 1, "0123456789");
    bool blank = *unit == ' ' || *unit == '\t';
    unit += strspn(unit, " \t");
    bool comment = strchr(unit, ';') != NULL || strstr(unit, "//") != NULL;
    size_t n = strcspn(unit, " \t;/");
    if (n >= 1 && n <= 3 && strchr("bkmgtBKMGT", unit[0]) != NULL &&
        (n == 1 || strncasecmp(unit + 1, "b", n - 1) == 0 || (n == 3 && strncasecmp(unit + 1, "ib", 2) == 0)))
        letter[0] = (char)(unit[0] & ~0x20);
    const char *after = letter[0] == 'B' ? "" : "B";
    f->advice = "write a whole number and one of MB, GB, TB, as 8GB";
    if (digits == 0 || (letter[0] == 0 && n != 0)) {
        f->why =
            hr_lint_text(l, "a size is digits and one of B, KB, MB, GB, TB; the default (%s) stays", e->key->def_text);
    } else if (fraction) {
        f->rule = &hr_wsl_rules[HR_WSL_R_SIZE_FRACTION];
        f->why = hr_lint_text(l, "a size is a whole number; the default (%s) stays", e->key->def_text);
        double v = strtod(z, &end);
        if (letter[0] == 'G' && v < 1e6)
            hr_lint_value(l, f, hr_lint_text(l, "%.0fMB", v * 1024));
        else if (letter[0] == 'T' && v < 1e6)
            hr_lint_value(l, f, hr_lint_text(l, "%.0fGB", v * 1024));
    } else {
        f->rule = &hr_wsl_rules[blank && !comment ? HR_WSL_R_SIZE_BLANK : HR_WSL_R_SIZE_UNIT];
        f->why = comment
                     ? hr_lint_text(
                           l, "only '#' begins a comment, so what follows belongs to the value; the default (%s) stays",
                           e->key->def_text)
                 : blank ? hr_lint_text(l, "no blank may stand between the number and its unit; the default (%s) stays",
                                        e->key->def_text)
                         : hr_lint_text(l,
                                        "the unit is one of B, K, KB, M, MB, G, GB, T, TB in capitals, without 'i'; "
                                        "the default (%s) stays",
                                        e->key->def_text);
        size_t zeros = strspn(z, "0");
        zeros -= zeros == digits;
        if (digits - zeros <= 12)
            hr_lint_value(
                l, f,
                hr_lint_text(l, "%.*s%s%s", (int)(digits - zeros), z + zeros, letter, letter[0] != 0 ? after : ""));
    }
}

void hr_lint_bad(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    struct hr_wsl_finding *f;
    switch (e->key->type) {
    case HR_WSL_BOOL:
        bad_bool(l, e);
        return;
    case HR_WSL_SIZE:
        bad_size(l, e);
        return;
    case HR_WSL_INT:
        f = hr_lint_entry(l, HR_WSL_R_INT_BAD, e);
        if (f != NULL && e->value[0] == '0' && strspn(e->value, "0123456789") == strlen(e->value)) {
            f->why =
                hr_lint_text(l, "a number that begins with 0 is octal, and octal has no 8 or 9; the default (%s) stays",
                             e->key->def_text);
            hr_lint_value(l, f, e->value + strspn(e->value, "0"));
        } else if (f != NULL) {
            f->why = hr_lint_text(l, "a whole number is expected, and nothing behind it; the default (%s) stays",
                                  e->key->def_text);
            f->advice = e->key->unit != NULL ? hr_lint_text(l, "write a number of %s", e->key->unit) : "write a number";
        }
        return;
    case HR_WSL_ENUM:
        f = hr_lint_entry(l, HR_WSL_R_WORD_BAD, e);
        if (f != NULL) {
            f->why = hr_lint_text(l, "'%s' is none of the words that are read; the default (%s) stays", e->value,
                                  e->key->def_text);
            f->advice = hr_lint_text(l, "write one of %s", e->key->words);
        }
        return;
    case HR_WSL_MAC:
        f = hr_lint_entry(l, HR_WSL_R_MAC_BAD, e);
        if (f != NULL) {
            f->why = "this is no network card's address, and WSL does not start with it: this key's bad value is an "
                     "error, not a warning";
            f->advice = "write six pairs of hex digits, as 5c:bb:f6:9e:ee:fa, or remove the line";
        }
        return;
    case HR_WSL_IPV4:
        f = hr_lint_entry(l, HR_WSL_R_IP_BAD, e);
        if (f != NULL) {
            f->why = "this is no IPv4 address; WSL then turns dnsTunneling off";
            f->advice = "write four numbers, as 10.255.255.254, or remove the line";
        }
        return;
    default:
        return;
    }
}

/* --- paths --- */

static bool ends(const char *z, const char *with)
{
    size_t n = strlen(z), m = strlen(with);
    return n >= m && strcasecmp(z + n - m, with) == 0;
}

/* Every backslash doubled, whatever stands behind it. */
static const char *all_doubled(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    const char *s = hr_lint_slice(l, e->value_at, e->value_end);
    struct hr_buf b = HR_BUF_INIT(4 * HR_WSL_SIZE_MAX);
    for (; *s != 0; s++) {
        hr_buf_addc(&b, *s);
        if (*s == '\\') {
            hr_buf_addc(&b, '\\');
            s += s[1] == '\\';
        }
    }
    const char *z = hr_lint_text(l, "%s", b.data);
    l->nomem |= b.failed;
    hr_buf_fini(&b);
    return z;
}

static bool path(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    struct hr_wsl_finding *f;
    const char *name = e->key->name;
    bool fatal = strcmp(name, "kernel") == 0 || strcmp(name, "kernelModules") == 0 || strcmp(name, "systemDistro") == 0;
    if (e->wide) {
        f = hr_lint_entry(l, HR_WSL_R_PATH_WIDE, e);
        if (f != NULL) {
            f->why = "WSL keeps one byte of each letter of this file, so letters beyond ASCII do not survive and the "
                     "path names nothing";
            f->advice = "use a path of ASCII letters only";
        }
        return true;
    }
    if (e->value[strcspn(e->value, "\b\n\t")] != 0) {
        f = hr_lint_entry(l, HR_WSL_R_PATH_ESCAPE, e);
        if (f != NULL) {
            f->why =
                "\\b, \\n and \\t become a backspace, a line end and a tab; in a path each backslash is written twice";
            hr_lint_value(l, f, all_doubled(l, e));
        }
        return true;
    }
    if (e->value[0] == 0)
        return false;
    if (strcmp(name, "kernelModules") == 0 && hr_wsl_conf_get(l->c, "wsl2.kernel") == NULL) {
        f = hr_lint_entry(l, HR_WSL_R_MODULES_ALONE, e);
        if (f != NULL) {
            f->why = "kernelModules without kernel is an error: no distribution starts";
            hr_lint_remove(f);
            f->advice = "set kernel= as well, if you have one";
        }
        return true;
    }
    if (strcmp(name, "systemDistro") == 0 && !ends(e->value, ".vhd") && !ends(e->value, ".img")) {
        f = hr_lint_entry(l, HR_WSL_R_SYSTEM_DISTRO, e);
        if (f != NULL) {
            f->why = "a system distribution is a .vhd or .img; with another file no distribution starts";
            hr_lint_remove(f);
        }
        return true;
    }
    if (!fatal || l->host->there == NULL)
        return false;
    struct hr_truth there = l->host->there(l->host->ctx, e->value);
    if (!there.known || there.v)
        return false;
    f = hr_lint_entry(l, HR_WSL_R_PATH_MISSING, e);
    if (f != NULL) {
        f->why = hr_lint_text(l, "'%s' is not there, and without it no distribution starts", e->value);
        f->advice = "correct the path, or remove the line";
    }
    return true;
}

/* --- sizes and counts --- */

static const char *in_gib(struct hr_lint *l, uint64_t bytes)
{
    return hr_lint_text(l, "%s", hr_human_bytes(bytes).text);
}

static bool size(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    uint64_t v = 0;
    const char *z = e->value + strspn(e->value, " \t\n\b"), *name = e->key->name;
    struct hr_wsl_finding *f;
    if (!hr_wsl_size(e->value, &v))
        return false;
    bool memory = strcmp(name, "memory") == 0, bare = strspn(z, "0123456789") == strlen(z);
    if (*z == '-' || v > UINT64_MAX / 2) {
        f = hr_lint_entry(l, HR_WSL_R_SIZE_WRAPS, e);
        if (f != NULL) {
            f->why = memory ? "this wraps round to the largest number there is: all of the PC's memory"
                     : strcmp(name, "swap") == 0
                         ? "this wraps round to the largest number there is, which stands for the default"
                         : "this wraps round to a number that no disk has";
            hr_lint_remove(f);
        }
    } else if (memory && v == 0) {
        f = hr_lint_entry(l, HR_WSL_R_MEMORY_ZERO, e);
        if (f != NULL) {
            f->why = "0 stands for the default, half of the PC's memory";
            hr_lint_remove(f);
        }
    } else if (bare && v != 0 && v < (memory ? 256 * MIB : MIB)) {
        f = hr_lint_entry(l, HR_WSL_R_SIZE_BYTES, e);
        if (f != NULL) {
            f->why = hr_lint_text(
                l, "a number without a unit is bytes%s",
                memory ? ": the virtual machine gets the least there is, 256 MiB, and WSL does not say so" : "");
            if (strlen(z) <= 7)
                hr_lint_value(l, f, hr_lint_text(l, "%s%s", z, v < 256 ? "GB" : "MB"));
        }
    } else if (memory && v < 256 * MIB) {
        f = hr_lint_entry(l, HR_WSL_R_SIZE_SMALL, e);
        if (f != NULL) {
            f->why =
                hr_lint_text(l, "%s is less than the least there is: it is raised to 256 MiB, and WSL does not say so",
                             in_gib(l, v));
            f->advice = "write what you need, as 8GB";
        }
    } else if (memory && l->host->ram.known && v > l->host->ram.v + l->host->ram.v / 32) {
        /* Windows shows a little less than is built in: "64GB" on a PC of 64 GB is no mistake worth a warning. */
        f = hr_lint_entry(l, HR_WSL_R_HOST_MEMORY, e);
        if (f != NULL) {
            f->why = hr_lint_text(
                l, "the PC has %s: WSL cuts this to all of it without a word, and nothing is left for Windows",
                in_gib(l, l->host->ram.v));
            hr_lint_value(l, f, hr_wsl_size_write(l->host->ram.v / 4 * 3 >> 30 << 30).text);
        }
    } else {
        return false;
    }
    return true;
}

static bool integer(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    int32_t v = 0;
    const char *z = e->value, *name = e->key->name;
    struct hr_wsl_finding *f;
    if (!hr_wsl_int(l->c->text.file, z, &v))
        return false;
    if (z[0] == '0' && z[1] >= '0' && z[1] <= '7' && strcmp(name, "umask") != 0) {
        f = hr_lint_entry(l, HR_WSL_R_OCTAL, e);
        if (f != NULL) {
            f->why = hr_lint_text(l, "a number that begins with 0 is octal: this is %d", v);
            const char *plain = z + strspn(z, "0");
            hr_lint_value(l, f, *plain != 0 ? plain : "0");
        }
    } else if (strcmp(name, "processors") == 0 && v <= 0) {
        f = hr_lint_entry(l, HR_WSL_R_ALL_CPUS, e);
        if (f != NULL) {
            f->why = "0 or less means all processors, which is the default";
            hr_lint_remove(f);
        }
    } else if (strcmp(name, "processors") == 0 && l->host->cpus.known && (uint64_t)v > l->host->cpus.v) {
        f = hr_lint_entry(l, HR_WSL_R_HOST_CPUS, e);
        if (f != NULL) {
            f->why = hr_lint_text(l, "the PC has %u logical processors: WSL warns and gives all of them",
                                  (unsigned)l->host->cpus.v);
            hr_lint_remove(f);
        }
    } else if (strcmp(name, "vmIdleTimeout") == 0 && v < 0) {
        const struct hr_wsl_entry *other = hr_wsl_conf_get(l->c, "general.instanceIdleTimeout");
        int32_t o = 0;
        if (other != NULL && hr_wsl_int(l->c->text.file, other->value, &o) && o < 0)
            return false;
        f = hr_lint_entry(l, HR_WSL_R_IDLE_HALF, e);
        if (f != NULL) {
            f->why = "this keeps the virtual machine, but each distribution still stops some seconds after its last "
                     "window is closed";
            f->advice = "for background jobs, add instanceIdleTimeout=-1 in [general]";
        }
    } else {
        return false;
    }
    return true;
}

/* --- what is so anyway --- */

static bool close_to(uint64_t a, uint64_t b)
{
    return a > b ? a - b <= b / 50 : b - a <= b / 50;
}

/* The default where it depends on the PC or on other lines; "" when the setting differs from it or nothing can be told. */
static const char *computed_default(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    const struct hr_wsl_entry *m = hr_wsl_conf_get(l->c, "wsl2.memory");
    uint64_t v = 0, vm = 0;
    int32_t n = 0;
    bool b;
    if (strcmp(e->key->name, "memory") == 0 && l->host->ram.known && hr_wsl_size(e->value, &v) &&
        close_to(v, l->host->ram.v / 2))
        return hr_lint_text(l, "half of the PC's memory (%s) is the default", in_gib(l, l->host->ram.v));
    if (strcmp(e->key->name, "processors") == 0 && l->host->cpus.known && hr_wsl_int(l->c->text.file, e->value, &n) &&
        n >= 0 && (uint64_t)n == l->host->cpus.v)
        return "all of the PC's processors is the default";
    if (strcmp(e->key->name, "swap") == 0 && hr_wsl_size(e->value, &v)) {
        if (m != NULL && hr_wsl_size(m->value, &vm) && vm != 0)
            vm = l->host->ram.known ? HR_MIN(vm, l->host->ram.v) : vm;
        else
            vm = l->host->ram.known ? l->host->ram.v / 2 : 0;
        uint64_t gib = 1024 * MIB;
        if (vm >= gib && vm < UINT64_MAX / 2 && v == (vm / 4 + gib - 1) / gib * gib)
            return "a quarter of the virtual machine's memory, rounded up to whole GiB, is the default";
    }
    if (strcmp(e->key->name, "hardwarePerformanceCounters") == 0 && l->host->arm64.known && hr_wsl_bool(e->value, &b) &&
        b != l->host->arm64.v)
        return hr_lint_text(l, "%s is the default on this PC", b ? "true" : "false");
    return "";
}

static bool same_value(const struct hr_wsl_key *k, const char *a, const char *b)
{
    bool x, y;
    int32_t i, j;
    uint64_t u, v;
    switch (k->type) {
    case HR_WSL_BOOL:
        return hr_wsl_bool(a, &x) && hr_wsl_bool(b, &y) && x == y;
    case HR_WSL_INT:
        return hr_wsl_int(k->file, a, &i) && hr_wsl_int(k->file, b, &j) && i == j;
    case HR_WSL_SIZE:
        return hr_wsl_size(a, &u) && hr_wsl_size(b, &v) && u == v;
    case HR_WSL_ENUM:
        return strcasecmp(a, b) == 0;
    default:
        return strcmp(a, b) == 0;
    }
}

/* Defaults that were others before a version. */
static bool was_other(const struct hr_lint *l, const struct hr_wsl_key *k)
{
    if (!l->host->wsl.known)
        return false;
    if (strcmp(k->name, "autoMemoryReclaim") == 0)
        return l->host->wsl.v < HR_WSL_VERSION(2, 1, 3);
    if (strcmp(k->name, "dnsTunneling") == 0)
        return l->host->wsl.v < HR_WSL_VERSION(2, 2, 1);
    return strcmp(k->name, "nestedVirtualization") == 0 &&
           ((l->host->windows.known && l->host->windows.v < 22000) || (l->host->arm64.known && l->host->arm64.v));
}

static bool is_default(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    const struct hr_wsl_key *k = hr_wsl_key_main(e->key);
    const char *why = computed_default(l, e);
    if (why[0] == 0 && k->def != NULL && same_value(k, e->value, k->def) && !was_other(l, k))
        why = hr_lint_text(l, "%s is the default (%s)", e->value, k->def_text);
    if (why[0] == 0)
        return false;
    if (k->def_text != NULL && strcmp(k->def_text, e->value) == 0)
        why = hr_lint_text(l, "%s is the default", e->value);
    if (strcmp(k->name, "vmIdleTimeout") == 0)
        why =
            hr_lint_text(l, "%s; it ends the idle virtual machine, and frees no memory while a distribution runs", why);
    struct hr_wsl_finding *f = hr_lint_entry(l, HR_WSL_R_DEFAULT, e);
    if (f != NULL) {
        f->why = why;
        hr_lint_remove(f);
    }
    return true;
}

/* --- settings that count --- */

static bool ignored(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    bool on;
    if (e->key->status != HR_WSL_IGNORED || !hr_wsl_bool(e->value, &on) || !on)
        return false;
    struct hr_wsl_finding *f = hr_lint_entry(l, HR_WSL_R_IGNORED, e);
    if (f != NULL) {
        f->why = hr_lint_text(l, "%s is read, and has no effect: %s", e->key->name, e->key->note);
        hr_lint_remove(f);
    }
    return true;
}

static bool too_new(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    uint64_t wsl = l->host->wsl.v;
    if (!l->host->wsl.known || wsl >= e->key->version)
        return false;
    struct hr_wsl_finding *f = hr_lint_entry(l, HR_WSL_R_NOT_YET, e);
    if (f != NULL) {
        f->why = hr_lint_text(
            l, "the WSL installed here is %u.%u.%u, and this key came with %s: it is passed over as unknown",
            (unsigned)(wsl >> 20), (unsigned)(wsl >> 10 & 1023), (unsigned)(wsl & 1023), e->key->since);
        f->advice = "update with: wsl --update";
    }
    return true;
}

/* Keys that take away what training needs. */
static bool takes_away(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    static const struct {
        const char *name;
        enum hr_wsl_file file;
        const char *section, *why;
    } off[] = {
        { "gpuSupport", HR_WSL_WSLCONFIG, "wsl2", "the GPU is not given to Linux: CUDA finds no device" },
        { "enabled", HR_WSL_WSLCONF, "gpu",
          "the GPU's libraries are not given to this distribution: CUDA finds no device" },
        { "ldconfig", HR_WSL_WSLCONF, "automount",
          "the linker is not told where libcuda.so.1 is: CUDA finds no driver" },
    };
    bool v;
    struct hr_wsl_finding *f = NULL;
    if (!hr_wsl_bool(e->value, &v))
        return false;
    for (size_t i = 0; i < HR_COUNT(off) && !v; i++)
        if (off[i].file == e->key->file && strcmp(off[i].name, e->key->name) == 0 &&
            strcmp(off[i].section, e->key->section) == 0) {
            f = hr_lint_entry(l, HR_WSL_R_GPU_OFF, e);
            if (f != NULL)
                f->why = off[i].why;
        }
    if (v && strcmp(e->key->name, "safeMode") == 0) {
        f = hr_lint_entry(l, HR_WSL_R_SAFE_MODE, e);
        if (f != NULL)
            f->why = "safe mode has no GPU, no Windows drives, no swap and no network";
    }
    if (f != NULL)
        hr_lint_remove(f);
    return f != NULL;
}

/* A wsl.conf with CR LF: the backslash before the line end is lost, and so is the continuation. */
static bool continued(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    const struct hr_wsl_text *t = &l->c->text;
    if (t->file != HR_WSL_WSLCONF || e->value_end < e->value_at + 2 || t->unit[e->value_end - 1] != '\r' ||
        t->unit[e->value_end - 2] != '\\')
        return false;
    struct hr_wsl_finding *f = hr_lint_entry(l, HR_WSL_R_CONTINUED, e);
    if (f != NULL) {
        f->why = "a backslash continues a line only where the line ends with LF; this file has CR LF, and the next "
                 "line is read by itself";
        f->advice = "save the file with LF line ends, as Linux does";
    }
    return true;
}

static void remarks(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    struct hr_wsl_finding *f;
    if (e->key->status == HR_WSL_ALIAS) {
        f = hr_lint_entry(l, HR_WSL_R_OLD_NAME, e);
        if (f != NULL) {
            const struct hr_wsl_key *k = hr_wsl_key_main(e->key);
            f->why = hr_lint_text(l, "this works; since it is no longer experimental, its name is %s", e->key->instead);
            hr_lint_move(l, f, k->section, k->name);
        }
    } else if (e->key->type == HR_WSL_ENUM && strcasecmp(e->value, "bridged") == 0) {
        f = hr_lint_entry(l, HR_WSL_R_MODE_OLD, e);
        if (f != NULL) {
            f->why = "bridged networking is deprecated since WSL 2.4.5, and needs vmSwitch";
            f->advice = "networkingMode=mirrored is what Microsoft goes on with";
        }
    }
}

void hr_lint_counts(struct hr_lint *l, const struct hr_wsl_entry *e)
{
    const struct hr_wsl_key *k = e->key;
    struct hr_wsl_finding *f;
    if (continued(l, e) || (k->type == HR_WSL_PATH && path(l, e)) || ignored(l, e) || too_new(l, e))
        return;
    if (k->type == HR_WSL_PORTS && hr_wsl_bad_ports(e->value) != 0) {
        f = hr_lint_entry(l, HR_WSL_R_PORTS_BAD, e);
        if (f != NULL) {
            f->why = hr_lint_text(l, "%u of the list %s no port; the others count", hr_wsl_bad_ports(e->value),
                                  hr_wsl_bad_ports(e->value) == 1 ? "is" : "are");
            f->advice = "write numbers from 1 to 65535, separated by commas";
        }
        return;
    }
    const char *why = hr_lint_no_effect(l, e);
    if (why != NULL) {
        f = hr_lint_entry(l, HR_WSL_R_NO_EFFECT, e);
        if (f != NULL) {
            f->why = why;
            hr_lint_remove(f);
        }
        return;
    }
    if ((k->type == HR_WSL_SIZE && size(l, e)) || (k->type == HR_WSL_INT && integer(l, e)) ||
        (k->type == HR_WSL_BOOL && takes_away(l, e)) || is_default(l, e))
        return;
    remarks(l, e);
}
