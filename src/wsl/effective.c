#include "effective.h"

#include "clock.h"
#include "human.h"
#include "parse.h"
#include "wsl_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MIB ((uint64_t)1 << 20)
#define SECOND ((uint64_t)1000000000)

struct work {
    const struct hr_root *root;
    const struct hr_wsl_conf *c;
    struct hr_effective *to;
    struct hr_buf cmdline, meminfo;
    struct hr_effective_row spare; /* what does not fit any more */
};

const char *hr_effective_name(enum hr_effective_verdict v)
{
    static const char *const name[] = { "same", "different", "default", "unknown" };
    return name[v];
}

static bool read(const struct hr_root *root, const char *path, struct hr_buf *b)
{
    return hr_root_read(root, path, b, NULL) == 0;
}

bool hr_effective_here(const struct hr_root *root)
{
    struct hr_buf release = HR_BUF_INIT(4096), cmdline = HR_BUF_INIT(1 << 16);
    bool here = read(root, "proc/sys/kernel/osrelease", &release) && strstr(release.data, "Microsoft") == NULL &&
                (strstr(release.data, "microsoft") != NULL || strstr(release.data, "WSL2") != NULL);
    here = here || (read(root, "proc/cmdline", &cmdline) && strstr(cmdline.data, "WSL_ROOT_INIT=1") != NULL);
    hr_buf_fini(&release);
    hr_buf_fini(&cmdline);
    return here;
}

static struct hr_effective_row *row(struct work *w, const char *key, const char *asked, struct hr_word is)
{
    struct hr_effective_row *r = w->to->n < HR_EFFECTIVE_MAX ? &w->to->row[w->to->n++] : &w->spare;
    *r = (struct hr_effective_row) { .is = is };
    snprintf(r->key, sizeof r->key, "%s", key);
    snprintf(r->asked, sizeof r->asked, "%s", asked);
    r->verdict = !is.known ? HR_EFFECTIVE_UNKNOWN : asked[0] == 0 ? HR_EFFECTIVE_DEFAULT : HR_EFFECTIVE_SAME;
    if (!is.known)
        snprintf(r->why, sizeof r->why, "%s", is.why);
    return r;
}

static void differs(struct hr_effective_row *r, const char *why)
{
    if (r->verdict != HR_EFFECTIVE_SAME)
        return;
    r->verdict = HR_EFFECTIVE_DIFFERENT;
    snprintf(r->why, sizeof r->why, "%s", why);
}

static const char *const shut_down = "needs wsl --shutdown";

static const char *asked(const struct work *w, const char *key)
{
    const struct hr_wsl_entry *e = w->c != NULL ? hr_wsl_conf_get(w->c, key) : NULL;
    return e != NULL ? e->value : "";
}

/* "MemTotal:       48 kB", in bytes. */
static struct hr_figure meminfo(const struct work *w, const char *name)
{
    struct hr_str rest = hr_buf_str(&w->meminfo), line, word;
    while (hr_str_cut(&rest, '\n', &line)) {
        uint64_t kib;
        if (!hr_str_starts(line, name) || line.n <= strlen(name) || line.p[strlen(name)] != ':')
            continue;
        line = hr_str_trim((struct hr_str) { line.p + strlen(name) + 1, line.n - strlen(name) - 1 });
        hr_str_cut(&line, ' ', &word);
        if (hr_parse_u64(word, &kib, NULL) == 0 && kib < UINT64_MAX / 1024)
            return hr_figure_of(kib * 1024);
    }
    return hr_figure_unknown("/proc/meminfo has no %s", name);
}

static struct hr_word bytes_word(const struct hr_figure *f)
{
    return f->known ? hr_word_of(hr_str(hr_human_bytes(f->v).text)) : hr_word_unknown("%s", f->why);
}

/* MemTotal is what the kernel leaves of the virtual machine's memory: some percent less. */
static void memory(struct work *w)
{
    struct hr_figure total = meminfo(w, "MemTotal");
    const char *want = asked(w, "wsl2.memory");
    struct hr_effective_row *r = row(w, "memory", want, bytes_word(&total));
    uint64_t v;
    if (!total.known || want[0] == 0 || !hr_wsl_size(want, &v) || v == 0)
        return;
    v = HR_MAX(v, 256 * MIB);
    if (total.v > v)
        differs(r, shut_down);
    else if (total.v < v / 100 * 88)
        differs(r, "needs wsl --shutdown, or the PC has less memory than that");
}

static struct hr_figure nr_cpus(const struct work *w)
{
    struct hr_str rest = hr_str_trim(hr_buf_str(&w->cmdline)), word;
    uint64_t v;
    while (hr_str_cut(&rest, ' ', &word))
        if (hr_str_starts(word, "nr_cpus=") && hr_parse_u64((struct hr_str) { word.p + 8, word.n - 8 }, &v, NULL) == 0)
            return hr_figure_of(v);
    return hr_figure_unknown("/proc/cmdline has no nr_cpus");
}

/* "0-23" or "0,2-3": how many. */
static struct hr_figure online(const struct work *w)
{
    struct hr_buf b = HR_BUF_INIT(1 << 16);
    uint64_t n = 0;
    bool ok = read(w->root, "sys/devices/system/cpu/online", &b);
    struct hr_str rest = hr_str_trim(hr_buf_str(&b)), part, from;
    while (ok && hr_str_cut(&rest, ',', &part)) {
        uint64_t a, z;
        hr_str_cut(&part, '-', &from);
        ok = hr_parse_u64(from, &a, NULL) == 0;
        z = a;
        if (ok && part.p != NULL)
            ok = hr_parse_u64(part, &z, NULL) == 0;
        ok = ok && z >= a && z < 1 << 20;
        n += ok ? z - a + 1 : 0;
    }
    hr_buf_fini(&b);
    return ok && n != 0 ? hr_figure_of(n) : hr_figure_unknown("/sys/devices/system/cpu/online cannot be read");
}

static void processors(struct work *w)
{
    struct hr_figure n = online(w);
    if (!n.known)
        n = nr_cpus(w);
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, n.v);
    const char *want = asked(w, "wsl2.processors");
    struct hr_effective_row *r =
        row(w, "processors", want, n.known ? hr_word_of(hr_str(text)) : hr_word_unknown("%s", n.why));
    int32_t v;
    if (!n.known || !hr_wsl_int(HR_WSL_WSLCONFIG, want, &v) || v <= 0)
        return;
    if ((uint64_t)v < n.v)
        differs(r, shut_down);
    else if ((uint64_t)v > n.v)
        differs(r, "needs wsl --shutdown, or the PC has fewer processors than that");
}

static void swap(struct work *w)
{
    struct hr_figure total = meminfo(w, "SwapTotal");
    const char *want = asked(w, "wsl2.swap");
    struct hr_word is = total.known && total.v == 0 ? hr_word_of(HR_STR("none")) : bytes_word(&total);
    struct hr_effective_row *r = row(w, "swap", want, is);
    uint64_t v;
    if (!total.known || want[0] == 0 || !hr_wsl_size(want, &v) || v > UINT64_MAX / 2)
        return;
    uint64_t slack = HR_MAX(v / 100, 2 * MIB); /* mkswap keeps a page, and rounds */
    if (total.v > v || total.v + slack < v)
        differs(r, total.v == 0 ? "needs wsl --shutdown; right after the start it may still be made" : shut_down);
}

/* The words of kernelCommandLine: each must be on the kernel's own line, and a sysctl must still have its value. */
static void one_argument(struct work *w, struct hr_str word)
{
    char text[160], key[64], want[96];
    bool passed = false;
    snprintf(text, sizeof text, "%.*s", HR_STR_ARG(word));
    struct hr_str rest = hr_str_trim(hr_buf_str(&w->cmdline)), one;
    while (hr_str_cut(&rest, ' ', &one))
        passed |= hr_str_eq(one, word);
    char *eq = strchr(text, '=');
    snprintf(key, sizeof key, "%.*s", (int)(eq != NULL ? HR_MIN((size_t)(eq - text), sizeof key - 1) : sizeof key - 1),
             text);
    snprintf(want, sizeof want, "%s", eq != NULL ? eq + 1 : "given");
    if (strncmp(text, "sysctl.", 7) != 0 || eq == NULL) {
        struct hr_effective_row *plain = row(w, key, want, hr_word_of(passed ? hr_str(want) : HR_STR("not given")));
        if (!passed)
            differs(plain, shut_down);
        return;
    }
    char path[160] = "proc/sys/";
    size_t n = strlen(path);
    for (const char *s = text + 7; s < eq && n + 1 < sizeof path; s++)
        path[n++] = *s == '.' ? '/' : *s;
    path[n] = 0;
    struct hr_buf b = HR_BUF_INIT(4096);
    bool there = read(w->root, path, &b);
    struct hr_str is = hr_str_trim(hr_buf_str(&b));
    struct hr_effective_row *r =
        row(w, key, want, there ? hr_word_of(is) : hr_word_unknown("/%s cannot be read", path));
    if (there && !hr_str_is(is, want))
        differs(r,
                passed ? "it was passed to the kernel, and something set it again: look at /etc/sysctl.d" : shut_down);
    hr_buf_fini(&b);
}

static void arguments(struct work *w)
{
    struct hr_str rest = hr_str_trim(hr_str(asked(w, "wsl2.kernelCommandLine"))), word;
    while (hr_str_cut(&rest, ' ', &word))
        if (word.n != 0)
            one_argument(w, word);
}

/* A switch whose effect is that something is there. */
static void presence(struct work *w, const char *key, const char *name, bool def, const char *path)
{
    bool is = hr_root_exists(w->root, path), want = def;
    const char *a = asked(w, key);
    struct hr_effective_row *r = row(w, name, a, hr_word_of(is ? HR_STR("true") : HR_STR("false")));
    if (a[0] != 0 && hr_wsl_bool(a, &want) && want != is)
        differs(r, is ? shut_down : "needs wsl --shutdown, or Windows does not give it");
}

static void networking(struct work *w)
{
    static const char *const argv[] = { "wslinfo", "--networking-mode", NULL };
    const char *want = asked(w, "wsl2.networkingMode");
    struct hr_buf out = HR_BUF_INIT(4096);
    struct hr_ran ran;
    struct hr_word is = hr_word_unknown("wslinfo does not answer (WSL before 2.2.3, or a container)");
    if (hr_root_exists(w->root, "usr/bin/wslinfo") &&
        hr_root_run(w->root, argv, NULL, hr_now() + 2 * SECOND, &out, &ran, NULL) == 0 && ran.end == HR_END_EXIT &&
        ran.number == 0 && hr_str_trim(hr_buf_str(&out)).n != 0)
        is = hr_word_of(hr_str_trim(hr_buf_str(&out)));
    struct hr_effective_row *r = row(w, "networkingMode", want, is);
    bool same_old = strcasecmp(want, "virtioproxy") == 0 && is.known && strcasecmp(is.v, "consomme") == 0;
    if (is.known && want[0] != 0 && strcasecmp(is.v, want) != 0 && !same_old)
        differs(r, "needs wsl --shutdown, or Windows fell back to this mode");
    hr_buf_fini(&out);
}

int hr_effective_read(const struct hr_root *root, const struct hr_wsl_conf *c, struct hr_effective *ret,
                      struct hr_error *err)
{
    struct work w = {
        .root = root, .c = c, .to = ret, .cmdline = HR_BUF_INIT(1 << 16), .meminfo = HR_BUF_INIT(1 << 16)
    };
    ret->n = ret->different = 0;
    int r = hr_root_read(root, "proc/meminfo", &w.meminfo, err);
    if (r == 0)
        r = hr_root_read(root, "proc/cmdline", &w.cmdline, err);
    if (r == 0) {
        memory(&w);
        processors(&w);
        swap(&w);
        presence(&w, "wsl2.guiApplications", "guiApplications", true, "mnt/wslg");
        presence(&w, "wsl2.gpuSupport", "gpuSupport", true, "dev/dxg");
        networking(&w);
        arguments(&w);
    }
    for (size_t i = 0; i < ret->n; i++)
        ret->different += ret->row[i].verdict == HR_EFFECTIVE_DIFFERENT;
    hr_buf_fini(&w.meminfo);
    hr_buf_fini(&w.cmdline);
    return r;
}
