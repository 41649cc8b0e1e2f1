/* The names of node_exporter, for what we have.  Its counters are the kernel's own, so they are read here at every scrape. */
#include "prom.h"

#include "clock.h"
#include "parse.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

struct node {
    struct hr_prom *p;
    const struct hr_model *m;
    const struct hr_root *root;
    struct hr_buf text;
};

static bool load(struct node *n, const char *path)
{
    hr_buf_reset(&n->text);
    return hr_root_read(n->root, path, &n->text, NULL) >= 0;
}

static bool word(struct hr_str *line, struct hr_str *ret)
{
    while (line->n > 0 && (line->p[0] == ' ' || line->p[0] == '\t')) {
        line->p++;
        line->n--;
    }
    size_t k = 0;
    while (k < line->n && line->p[k] != ' ' && line->p[k] != '\t')
        k++;
    *ret = (struct hr_str) { line->p, k };
    line->p += k;
    line->n -= k;
    return k > 0;
}

static bool number(struct hr_str *line, double *ret)
{
    struct hr_str w;
    return word(line, &w) && hr_parse_f64(w, ret, NULL) >= 0;
}

static void name_of(struct hr_str w, char *out, size_t n)
{
    snprintf(out, n, "%.*s", HR_STR_ARG(w));
}

static void single(struct node *n, const char *name, enum hr_prom_type type, const char *help, double v)
{
    hr_prom_family(n->p, name, type, help);
    hr_prom_sample(n->p, v, NULL);
}

static bool cpu_times(struct node *n)
{
    static const char *const modes[] = { "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal" };
    if (!load(n, "proc/stat"))
        return false;
    hr_prom_family(n->p, "node_cpu_seconds_total", HR_PROM_COUNTER, "Time that each CPU spent in each mode.");
    struct hr_str rest = hr_buf_str(&n->text), line, w;
    while (hr_str_cut(&rest, '\n', &line)) {
        if (!word(&line, &w) || w.n < 4 || !hr_str_starts(w, "cpu"))
            continue;
        char cpu[16];
        name_of((struct hr_str) { w.p + 3, w.n - 3 }, cpu, sizeof cpu);
        double v;
        for (size_t i = 0; i < HR_COUNT(modes) && number(&line, &v); i++)
            hr_prom_sample(n->p, v / 100, LABELS({ "cpu", cpu }, { "mode", modes[i] }));
    }
    static const struct {
        const char *key, *name, *help;
        enum hr_prom_type type;
    } rows[] = {
        { "ctxt", "node_context_switches_total", "Context switches.", HR_PROM_COUNTER },
        { "intr", "node_intr_total", "Interrupts served.", HR_PROM_COUNTER },
        { "processes", "node_forks_total", "Tasks started.", HR_PROM_COUNTER },
        { "btime", "node_boot_time_seconds", "When the machine was started.", HR_PROM_GAUGE },
        { "procs_running", "node_procs_running", "Tasks that run or could.", HR_PROM_GAUGE },
        { "procs_blocked", "node_procs_blocked", "Tasks that wait for storage.", HR_PROM_GAUGE },
    };
    rest = hr_buf_str(&n->text);
    while (hr_str_cut(&rest, '\n', &line)) {
        double v;
        if (!word(&line, &w) || !number(&line, &v))
            continue;
        for (size_t i = 0; i < HR_COUNT(rows); i++)
            if (hr_str_is(w, rows[i].key))
                single(n, rows[i].name, rows[i].type, rows[i].help, v);
    }
    return true;
}

/* "Active(anon):  12 kB" is node_memory_Active_anon_bytes; without a unit there is no _bytes. */
static bool meminfo(struct node *n)
{
    if (!load(n, "proc/meminfo"))
        return false;
    struct hr_str rest = hr_buf_str(&n->text), line, key;
    while (hr_str_cut(&rest, '\n', &line)) {
        char name[80] = "node_memory_";
        size_t at = strlen(name);
        double v;
        if (!hr_str_cut(&line, ':', &key) || line.p == NULL || key.n == 0 || key.n > 40)
            continue;
        for (size_t i = 0; i < key.n; i++)
            if (key.p[i] == '(')
                name[at++] = '_';
            else if (isalnum((unsigned char)key.p[i]) || key.p[i] == '_')
                name[at++] = key.p[i];
        name[at] = 0;
        if (!number(&line, &v))
            continue;
        bool kib = hr_str_is(hr_str_trim(line), "kB");
        snprintf(name + at, sizeof name - at, "%s", kib ? "_bytes" : "");
        single(n, name, HR_PROM_GAUGE, "A line of /proc/meminfo.", kib ? v * 1024 : v);
    }
    return true;
}

static bool vmstat(struct node *n)
{
    if (!load(n, "proc/vmstat"))
        return false;
    struct hr_str rest = hr_buf_str(&n->text), line, key;
    while (hr_str_cut(&rest, '\n', &line)) {
        double v;
        if (!word(&line, &key) || key.n > 60 || !number(&line, &v))
            continue;
        bool fault = hr_str_starts(key, "pg") && memmem(key.p, key.n, "fault", 5) != NULL;
        if (!fault && !hr_str_starts(key, "oom_kill") && !hr_str_starts(key, "pgpg") && !hr_str_starts(key, "pswp"))
            continue;
        char name[80];
        snprintf(name, sizeof name, "node_vmstat_%.*s", HR_STR_ARG(key));
        single(n, name, HR_PROM_UNTYPED, "A line of /proc/vmstat.", v);
    }
    return true;
}

static bool loadavg(struct node *n)
{
    static const char *const names[] = { "node_load1", "node_load5", "node_load15" };
    if (!load(n, "proc/loadavg"))
        return false;
    struct hr_str line = hr_buf_str(&n->text);
    double v;
    for (size_t i = 0; i < HR_COUNT(names) && number(&line, &v); i++)
        single(n, names[i], HR_PROM_GAUGE, "Load average.", v);
    return true;
}

/* What its default leaves out: RAM and loop devices, and partitions. */
static bool disk_is_left_out(const char *d)
{
    size_t len = strlen(d), digits = len;
    while (digits > 0 && isdigit((unsigned char)d[digits - 1]))
        digits--;
    if (digits == len)
        return false;
    static const char *const whole[] = { "ram", "zram", "loop", "fd" };
    for (size_t i = 0; i < HR_COUNT(whole); i++)
        if (strlen(whole[i]) == digits && strncmp(d, whole[i], digits) == 0)
            return true;
    if (strncmp(d, "nvme", 4) == 0)
        return d[digits - 1] == 'p';
    return (digits == 3 && strchr("hsv", d[0]) != NULL && d[1] == 'd') || (digits == 4 && strncmp(d, "xvd", 3) == 0);
}

static bool diskstats(struct node *n)
{
    static const struct {
        unsigned column; /* behind the name */
        const char *name, *help;
        double scale;
        enum hr_prom_type type;
    } rows[] = {
        { 0, "node_disk_reads_completed_total", "Reads done.", 1, HR_PROM_COUNTER },
        { 1, "node_disk_reads_merged_total", "Reads merged.", 1, HR_PROM_COUNTER },
        { 2, "node_disk_read_bytes_total", "Bytes read.", 512, HR_PROM_COUNTER },
        { 3, "node_disk_read_time_seconds_total", "Time of all reads.", 1e-3, HR_PROM_COUNTER },
        { 4, "node_disk_writes_completed_total", "Writes done.", 1, HR_PROM_COUNTER },
        { 5, "node_disk_writes_merged_total", "Writes merged.", 1, HR_PROM_COUNTER },
        { 6, "node_disk_written_bytes_total", "Bytes written.", 512, HR_PROM_COUNTER },
        { 7, "node_disk_write_time_seconds_total", "Time of all writes.", 1e-3, HR_PROM_COUNTER },
        { 8, "node_disk_io_now", "Requests under way.", 1, HR_PROM_GAUGE },
        { 9, "node_disk_io_time_seconds_total", "Time with a request under way.", 1e-3, HR_PROM_COUNTER },
        { 10, "node_disk_io_time_weighted_seconds_total", "The same, times the requests.", 1e-3, HR_PROM_COUNTER },
    };
    if (!load(n, "proc/diskstats"))
        return false;
    for (size_t i = 0; i < HR_COUNT(rows); i++) {
        hr_prom_family(n->p, rows[i].name, rows[i].type, rows[i].help);
        struct hr_str rest = hr_buf_str(&n->text), line, w;
        while (hr_str_cut(&rest, '\n', &line)) {
            char device[64];
            double v = 0;
            if (!word(&line, &w) || !word(&line, &w) || !word(&line, &w))
                continue;
            name_of(w, device, sizeof device);
            bool there = !disk_is_left_out(device);
            for (unsigned k = 0; there && k <= rows[i].column; k++)
                there = number(&line, &v);
            if (there)
                hr_prom_sample(n->p, v * rows[i].scale, LABELS({ "device", device }));
        }
    }
    return true;
}

static bool netdev(struct node *n)
{
    static const char *const columns[] = { "receive_bytes",  "receive_packets",  "receive_errs",  "receive_drop",  "receive_fifo",  "receive_frame",
                                           "receive_compressed",  "receive_multicast", "transmit_bytes", "transmit_packets", "transmit_errs",
                                           "transmit_drop", "transmit_fifo", "transmit_colls", "transmit_carrier", "transmit_compressed" };
    if (!load(n, "proc/net/dev"))
        return false;
    for (size_t i = 0; i < HR_COUNT(columns); i++) {
        char name[64];
        snprintf(name, sizeof name, "node_network_%s_total", columns[i]);
        hr_prom_family(n->p, name, HR_PROM_COUNTER, "A column of /proc/net/dev.");
        struct hr_str rest = hr_buf_str(&n->text), line, key;
        while (hr_str_cut(&rest, '\n', &line)) {
            char device[64];
            double v = 0;
            if (!hr_str_cut(&line, ':', &key) || line.p == NULL)
                continue;
            name_of(hr_str_trim(key), device, sizeof device);
            bool there = true;
            for (size_t k = 0; there && k <= i; k++)
                there = number(&line, &v);
            if (there)
                hr_prom_sample(n->p, v, LABELS({ "device", device }));
        }
    }
    return true;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234" in microseconds. */
static bool pressure(struct node *n)
{
    static const struct {
        const char *path, *kind, *name;
    } rows[] = {
        { "proc/pressure/cpu", "some", "node_pressure_cpu_waiting_seconds_total" },
        { "proc/pressure/io", "some", "node_pressure_io_waiting_seconds_total" },
        { "proc/pressure/io", "full", "node_pressure_io_stalled_seconds_total" },
        { "proc/pressure/memory", "some", "node_pressure_memory_waiting_seconds_total" },
        { "proc/pressure/memory", "full", "node_pressure_memory_stalled_seconds_total" },
        { "proc/pressure/irq", "full", "node_pressure_irq_stalled_seconds_total" },
    };
    bool any = false;
    for (size_t i = 0; i < HR_COUNT(rows); i++) {
        if (!load(n, rows[i].path))
            continue;
        struct hr_str rest = hr_buf_str(&n->text), line;
        while (hr_str_cut(&rest, '\n', &line)) {
            const char *total = memmem(line.p, line.n, "total=", 6);
            double v;
            if (!hr_str_starts(line, rows[i].kind) || total == NULL)
                continue;
            struct hr_str text = { total + 6, line.n - (size_t)(total + 6 - line.p) };
            if (number(&text, &v)) {
                single(n, rows[i].name, HR_PROM_COUNTER, "Time spent waiting (PSI).", v * 1e-6);
                any = true;
            }
        }
    }
    return any;
}

static bool filefd(struct node *n)
{
    if (!load(n, "proc/sys/fs/file-nr"))
        return false;
    struct hr_str line = hr_str_trim(hr_buf_str(&n->text));
    double v[3];
    if (!number(&line, &v[0]) || !number(&line, &v[1]) || !number(&line, &v[2]))
        return false;
    single(n, "node_filefd_allocated", HR_PROM_GAUGE, "Open files of the machine.", v[0]);
    single(n, "node_filefd_maximum", HR_PROM_GAUGE, "The most there may be.", v[2]);
    return true;
}

/* Only those that the sampler has looked at: it does not touch what might not answer. */
static bool filesystems(struct node *n)
{
    static const char *const names[] = { "node_filesystem_size_bytes", "node_filesystem_free_bytes", "node_filesystem_avail_bytes",
                                         "node_filesystem_files", "node_filesystem_files_free" };
    if (n->m->space_n == 0 || !load(n, "proc/self/mounts"))
        return false;
    for (size_t k = 0; k < HR_COUNT(names); k++) {
        hr_prom_family(n->p, names[k], HR_PROM_GAUGE, "Of a file system.");
        for (unsigned i = 0; i < n->m->space_n; i++) {
            const struct hr_space_load *s = &n->m->space[i];
            bool twice = false;
            for (unsigned j = 0; j < i; j++)
                twice |= strcmp(n->m->space[j].at, s->at) == 0;
            struct hr_root_fs fs;
            if (twice || hr_root_statfs(n->root, s->at, &fs, NULL) < 0)
                continue;
            char device[HR_WORD_MAX] = "";
            struct hr_str rest = hr_buf_str(&n->text), line, dev, at;
            while (hr_str_cut(&rest, '\n', &line))
                if (word(&line, &dev) && word(&line, &at) && hr_str_is(at, s->at))
                    name_of(dev, device, sizeof device);
            const double v[] = { (double)fs.total, (double)fs.free, (double)fs.available, (double)fs.files, (double)fs.files_free };
            hr_prom_sample(n->p, v[k], LABELS({ "device", device }, { "fstype", s->type }, { "mountpoint", s->at }));
        }
    }
    return true;
}

static void first_line(struct node *n, const char *path, char *out, size_t size)
{
    out[0] = 0;
    if (load(n, path))
        name_of(hr_str_trim(hr_buf_str(&n->text)), out, size);
}

static bool uname_info(struct node *n)
{
    char version[HR_WORD_MAX], domain[HR_WORD_MAX], machine[64] = "";
    first_line(n, "proc/sys/kernel/version", version, sizeof version);
    first_line(n, "proc/sys/kernel/domainname", domain, sizeof domain);
    hr_buf_reset(&n->text);
    if (hr_root_machine(n->root, &n->text, NULL) >= 0)
        name_of(hr_buf_str(&n->text), machine, sizeof machine);
    hr_prom_family(n->p, "node_uname_info", HR_PROM_GAUGE, "What uname tells; always 1.");
    hr_prom_sample(n->p, 1, LABELS({ "sysname", "Linux" }, { "release", n->m->kernel.v }, { "version", version }, { "machine", machine },
                                   { "nodename", n->m->host.v }, { "domainname", domain }));
    single(n, "node_time_seconds", HR_PROM_GAUGE, "The time of this machine.", (double)hr_root_now(n->root) * 1e-9);
    return true;
}

void hr_prom_node(struct hr_prom *p, const struct hr_model *m, const struct hr_root *root)
{
    static const struct {
        const char *name;
        bool (*tell)(struct node *n);
    } collectors[] = { { "stat", cpu_times },     { "meminfo", meminfo },   { "vmstat", vmstat }, { "loadavg", loadavg },        { "diskstats", diskstats },
                       { "netdev", netdev },      { "pressure", pressure }, { "filefd", filefd }, { "filesystem", filesystems }, { "uname", uname_info } };
    struct node n = { p, m, root, HR_BUF_INIT(TEXT_MAX) };
    bool good[HR_COUNT(collectors)];
    double took[HR_COUNT(collectors)];
    for (size_t i = 0; i < HR_COUNT(collectors); i++) {
        uint64_t begun = hr_now();
        good[i] = collectors[i].tell(&n);
        took[i] = (double)(hr_now() - begun) * 1e-9;
    }
    hr_prom_family(p, "node_scrape_collector_duration_seconds", HR_PROM_GAUGE, "How long a collector took.");
    for (size_t i = 0; i < HR_COUNT(collectors); i++)
        hr_prom_sample(p, took[i], LABELS({ "collector", collectors[i].name }));
    hr_prom_family(p, "node_scrape_collector_success", HR_PROM_GAUGE, "Whether a collector had something to tell.");
    for (size_t i = 0; i < HR_COUNT(collectors); i++)
        hr_prom_sample(p, good[i], LABELS({ "collector", collectors[i].name }));
    hr_buf_fini(&n.text);
}
