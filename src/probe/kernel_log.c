#include "kernel_log.h"

#include "parse.h"

#include <stdio.h>
#include <string.h>

enum { LOG_MAX = 64 << 20, LINE_MAX_BYTES = 2048 };

/* In this order: the first row whose words are all in the line says what it is. */
static const struct {
    enum hr_log_kind kind;
    const char *word, *also, *not ; /* `also` and `not` may be NULL */
} rows[] = {
    { HR_LOG_OOM_CGROUP, "Memory cgroup out of memory: Killed process", NULL, NULL },
    { HR_LOG_OOM, "Out of memory: Killed process", NULL, NULL },
    { HR_LOG_OOM, "Out of memory: Kill process", NULL, NULL }, /* kernels before 5.1 */
    { HR_LOG_DXG_RESIDENT, "dxgkio_make_resident", "-12", NULL },
    { HR_LOG_DXG_SPAN, "field-spanning write", "dxgvmbus", NULL },
    { HR_LOG_DXG_OOPS, "hmgrtable_free_handle", NULL, NULL },
    { HR_LOG_DXG_OOPS, "dxgdevice_destroy", NULL, NULL },
    { HR_LOG_DXG_NOISE, "dxgkio_is_feature_enabled: Ioctl failed", NULL, NULL },
    { HR_LOG_DXG_NOISE, "dxgkio_query_adapter_info: Ioctl failed", NULL, NULL },
    { HR_LOG_DXG_FAILED, "dxgk: dxgkio_", "Ioctl failed", NULL },
    { HR_LOG_XID, "NVRM: Xid", NULL, NULL },
    { HR_LOG_XID, "NVRM: ", "fallen off the bus", NULL }, /* some drivers say it without a number */
    { HR_LOG_NV_MISMATCH, "NVRM: API mismatch", NULL, NULL },
    { HR_LOG_FS_READ_ONLY, "Remounting filesystem read-only", NULL, NULL },
    { HR_LOG_FS_ERROR, "EXT4-fs error", NULL, NULL },
    { HR_LOG_FS_ERROR, "XFS (", "Corruption", NULL },
    { HR_LOG_FS_ERROR, "BTRFS error", NULL, NULL },
    { HR_LOG_IO_ERROR, "I/O error, dev ", NULL, "dev sr" },
    { HR_LOG_IO_ERROR, "blk_update_request: I/O error", NULL, "dev sr" },
    { HR_LOG_HARDWARE, "[Hardware Error]", NULL, "Corrected" },
    { HR_LOG_HARDWARE, "mce: Uncorrected", NULL, NULL },
    { HR_LOG_THROTTLED, "cpu clock throttled", NULL, NULL },
    { HR_LOG_THROTTLED, "cpu clock is throttled", NULL, NULL },
    { HR_LOG_HUNG, "blocked for more than", "seconds", NULL },
    { HR_LOG_LOCKUP, "soft lockup", NULL, NULL },
    { HR_LOG_LOCKUP, "hard LOCKUP", NULL, NULL },
    { HR_LOG_LOCKUP, "self-detected stall", NULL, NULL },
    { HR_LOG_LOCKUP, "detected stalls on CPUs", NULL, NULL },
    { HR_LOG_CLOCK, "clocksource", "unstable", NULL },
    { HR_LOG_ALLOC_FAIL, "page allocation failure", NULL, NULL },
    { HR_LOG_PANIC, "BUG: unable to handle", NULL, NULL },
    { HR_LOG_PANIC, "BUG: kernel NULL pointer", NULL, NULL },
    { HR_LOG_PANIC, "general protection fault", NULL, "traps:" },
    { HR_LOG_PANIC, "kernel BUG at", NULL, NULL },
    { HR_LOG_PANIC, "Kernel panic - not syncing", NULL, NULL },
    { HR_LOG_WSL_END, "Init has exited. Terminating distribution", NULL, NULL },
};

/* "<6>[    1.234567] text" gives the text and the time; what has neither stays as it is. */
static struct hr_str without_head(struct hr_str line, uint64_t *ret_at, bool *ret_timed)
{
    struct hr_str rest = line, head, time;
    double s;
    *ret_at = 0;
    *ret_timed = false;
    if (hr_str_starts(rest, "<") && hr_str_cut(&rest, '>', &head) && rest.p != NULL && head.n <= 4)
        line = rest;
    rest = line;
    if (hr_str_starts(rest, "[") && hr_str_cut(&rest, ']', &time) && rest.p != NULL && time.n <= 24 &&
        hr_parse_f64(hr_str_trim((struct hr_str) { time.p + 1, time.n - 1 }), &s, NULL) == 0 && s >= 0 && s < 1e10) {
        *ret_at = (uint64_t)(s * 1e9);
        *ret_timed = true;
        line = rest;
    }
    return hr_str_trim(line);
}

/* "… Killed process 1234 (python3) total-vm:1kB, anon-rss:22kB, …" */
static void take_victim(struct hr_kernel_log *log, const char *line, uint64_t at, bool cgroup)
{
    struct hr_victim v = { .at = at, .cgroup = cgroup };
    const char *p = strstr(line, "process ");
    struct hr_str rest = hr_str(p != NULL ? p + 8 : ""), pid, word;
    if (!hr_str_cut(&rest, ' ', &pid) || hr_parse_u64(pid, &v.pid, NULL) < 0)
        return;
    if (hr_str_starts(rest, "(")) {
        const char *end = strstr(rest.p, ") total-vm"); /* a name may hold brackets itself */
        end = end != NULL ? end : strstr(rest.p, ") ");
        size_t n = end != NULL ? (size_t)(end - rest.p) - 1 : rest.n - 1;
        snprintf(v.name, sizeof v.name, "%.*s", (int)HR_MIN(n, sizeof v.name - 1), rest.p + 1);
    }
    p = strstr(line, "anon-rss:");
    rest = hr_str(p != NULL ? p + 9 : "");
    if (hr_str_cut(&rest, 'k', &word) && hr_parse_u64(word, &v.anon, NULL) == 0 && v.anon < UINT64_MAX / 1024)
        v.anon *= 1024;
    else
        v.anon = 0;
    for (size_t i = 0; i < log->victims; i++)
        if (log->victim[i].pid == v.pid && log->victim[i].at == at && at != 0)
            return;
    if (log->victims == HR_VICTIMS_MAX) {
        memmove(log->victim, log->victim + 1, (HR_VICTIMS_MAX - 1) * sizeof *log->victim);
        log->victims--;
    }
    log->victim[log->victims++] = v;
}

bool hr_kernel_log_kind(const char *line, enum hr_log_kind *ret)
{
    for (size_t i = 0; i < HR_COUNT(rows); i++) {
        if (strstr(line, rows[i].word) == NULL || (rows[i].also != NULL && strstr(line, rows[i].also) == NULL) ||
            (rows[i].not != NULL && strstr(line, rows[i].not ) != NULL))
            continue;
        *ret = rows[i].kind;
        return true;
    }
    return false;
}

static void take_line(struct hr_kernel_log *log, const char *line, uint64_t at)
{
    enum hr_log_kind kind;
    if (!hr_kernel_log_kind(line, &kind))
        return;
    struct hr_log_hit *h = &log->hit[kind];
    h->count++;
    h->last = at;
    snprintf(h->line, sizeof h->line, "%s", line);
    if (kind == HR_LOG_OOM || kind == HR_LOG_OOM_CGROUP)
        take_victim(log, line, at, kind == HR_LOG_OOM_CGROUP);
}

/* `every`: lines without a time too. */
static void take_text(struct hr_kernel_log *ret, struct hr_str text, uint64_t from, uint64_t to, bool every)
{
    struct hr_str line;
    char z[LINE_MAX_BYTES];
    while (hr_str_cut(&text, '\n', &line)) {
        uint64_t at;
        bool timed;
        line = without_head(line, &at, &timed);
        if (line.n == 0)
            continue;
        if (ret->lines++ == 0)
            ret->from_boot = timed && at < 1000000000u;
        if (!every && (!timed || at < from || at > to))
            continue;
        size_t n = HR_MIN(line.n, sizeof z - 1);
        for (size_t i = 0; i < n; i++)
            z[i] = (unsigned char)line.p[i] < ' ' || line.p[i] == 0x7f ? ' ' : line.p[i];
        z[n] = 0;
        take_line(ret, z, at);
    }
}

void hr_kernel_log_parse(struct hr_str text, struct hr_kernel_log *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->known = hr_truth_of(true);
    take_text(ret, text, 0, UINT64_MAX, true);
}

static void take_root(const struct hr_root *root, uint64_t from, uint64_t to, bool every, struct hr_kernel_log *ret)
{
    struct hr_buf b = HR_BUF_INIT(LOG_MAX);
    struct hr_error err = HR_ERROR_INIT;
    if (hr_root_kernel_log(root, &b, &err) == 0) {
        ret->known = hr_truth_of(true);
        take_text(ret, hr_buf_str(&b), from, to, every);
    } else {
        ret->known = hr_truth_unknown(hr_root_is_live(root) ? "the kernel's log may not be read by this user"
                                                            : "the capture does not hold the kernel's log");
    }
    hr_buf_fini(&b);
}

void hr_kernel_log_read(const struct hr_root *root, struct hr_kernel_log *ret)
{
    memset(ret, 0, sizeof *ret);
    take_root(root, 0, UINT64_MAX, true, ret);
}

void hr_kernel_log_read_between(const struct hr_root *root, struct hr_str also, uint64_t from, uint64_t to, struct hr_kernel_log *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->known = hr_truth_of(true);
    take_text(ret, also, from, to, false);
    if (root != NULL)
        take_root(root, from, to, false, ret);
}
