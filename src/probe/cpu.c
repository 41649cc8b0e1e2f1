#include "cpu.h"

#include "cgroup.h"
#include "parse.h"
#include "root_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CPUINFO_MAX = 8 << 20, SOCKETS_MAX = 256, CPUS_MAX = 8192, KINDS_MAX = 512 };

bool hr_cpu_list_count(struct hr_str list, uint64_t *ret_n)
{
    struct hr_str one, first;
    uint64_t n = 0, from, to;
    list = hr_str_trim(list);
    while (hr_str_cut(&list, ',', &one)) {
        if (!hr_str_cut(&one, '-', &first) || hr_parse_u64(first, &from, NULL) < 0)
            return false;
        to = from;
        if (one.p != NULL && hr_parse_u64(one, &to, NULL) < 0)
            return false;
        if (to < from || to >= (1u << 20) || n > (1u << 20))
            return false;
        n += to - from + 1;
    }
    *ret_n = n;
    return n != 0;
}

static struct hr_figure list_file(const struct hr_root *root, const char *path)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    struct hr_figure f = { false, 0, "" };
    uint64_t n;
    if (hr_root_text(root, path, &b, f.why))
        f = hr_cpu_list_count(hr_buf_str(&b), &n) ? hr_figure_of(n) : hr_figure_unknown("/%.70s names no CPUs", path);
    hr_buf_fini(&b);
    return f;
}

/* One word of a blank-separated list of flags. */
static bool has_word(struct hr_str list, const char *word)
{
    struct hr_str one;
    while (hr_str_cut(&list, ' ', &one))
        if (hr_str_is(one, word))
            return true;
    return false;
}

/* What one pass over cpuinfo gathers. */
struct gathered {
    uint64_t processors, per_socket[SOCKETS_MAX], socket; /* per_socket: "cpu cores" + 1 of each socket seen */
    struct hr_str model, implementer, part;
    bool flags, hypervisor;
};

static void take(struct gathered *g, struct hr_str name, struct hr_str value)
{
    uint64_t v;
    if (hr_str_is(name, "processor"))
        g->processors++;
    else if ((hr_str_is(name, "model name") || hr_str_is(name, "cpu model")) && g->model.n == 0)
        g->model = value;
    else if (hr_str_is(name, "CPU implementer") && g->implementer.n == 0)
        g->implementer = value;
    else if (hr_str_is(name, "CPU part") && g->part.n == 0)
        g->part = value;
    else if (hr_str_is(name, "physical id"))
        g->socket = hr_parse_u64(value, &v, NULL) == 0 ? v : SOCKETS_MAX;
    else if (hr_str_is(name, "cpu cores") && g->socket < SOCKETS_MAX && hr_parse_u64(value, &v, NULL) == 0 &&
             v < CPUS_MAX)
        g->per_socket[g->socket] = v + 1;
    else if ((hr_str_is(name, "flags") || hr_str_is(name, "Features")) && !g->flags) {
        g->flags = true;
        g->hypervisor = has_word(value, "hypervisor");
    }
}

void hr_cpu_parse(struct hr_str text, struct hr_cpu *ret)
{
    struct gathered g = { 0 };
    struct hr_str line, name;
    uint64_t cores = 0, sockets = 0;
    while (hr_str_cut(&text, '\n', &line))
        if (hr_str_cut(&line, ':', &name) && line.p != NULL)
            take(&g, hr_str_trim(name), hr_str_trim(line));
    for (size_t i = 0; i < SOCKETS_MAX; i++)
        if (g.per_socket[i] != 0) {
            cores += g.per_socket[i] - 1;
            sockets++;
        }
    char arm[HR_WORD_MAX];
    int n = 0;
    if (g.implementer.n != 0 && g.part.n != 0)
        n = snprintf(arm, sizeof arm, "ARM implementer %.*s part %.*s", (int)HR_MIN(g.implementer.n, (size_t)20),
                     g.implementer.p, (int)HR_MIN(g.part.n, (size_t)20), g.part.p);
    ret->model = g.model.n != 0 ? hr_word_clean(g.model)
                 : n > 0        ? hr_word_clean((struct hr_str) { arm, (size_t)n })
                                : hr_word_unknown("/proc/cpuinfo names no model");
    ret->cores = cores != 0 ? hr_figure_of(cores) : hr_figure_unknown("/proc/cpuinfo tells no cores");
    ret->sockets = cores != 0 ? hr_figure_of(sockets) : hr_figure_unknown("/proc/cpuinfo tells no sockets");
    ret->hypervisor = g.flags && g.implementer.n == 0 ? hr_truth_of(g.hypervisor)
                                                      : hr_truth_unknown("this processor has no flag for it");
    if (!ret->online.known && g.processors != 0)
        ret->online = hr_figure_of(g.processors);
}

/* P-cores and E-cores.  Intel: the kernel has one counter unit for each kind.  ARM: capacities that differ.  Neither is
 * there inside most virtual machines, WSL2 among them. */
static void read_kinds(const struct hr_root *root, struct hr_cpu *c)
{
    struct hr_figure fast = list_file(root, "sys/devices/cpu_core/cpus"), slow;
    if (fast.known && (slow = list_file(root, "sys/devices/cpu_atom/cpus")).known) {
        c->fast = fast;
        c->slow = slow;
        c->kinds_from = hr_word_of(HR_STR("/sys/devices/cpu_atom/cpus"));
        return;
    }
    c->fast = c->slow = hr_figure_unknown("nothing tells P-cores from E-cores here");
    c->kinds_from = hr_word_unknown("%s", c->fast.why);
    struct hr_figure first = hr_root_figure(root, "sys/devices/system/cpu/cpu0/cpu_capacity");
    if (!first.known || !c->online.known)
        return;
    uint64_t capacity[KINDS_MAX], n = HR_MIN(c->online.v, (uint64_t)KINDS_MAX), most = 0, big = 0;
    for (uint64_t i = 0; i < n; i++) {
        char path[80];
        snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%" PRIu64 "/cpu_capacity", i);
        struct hr_figure f = hr_root_figure(root, path);
        capacity[i] = f.known ? f.v : 0;
        most = HR_MAX(most, capacity[i]);
    }
    for (uint64_t i = 0; i < n; i++)
        big += capacity[i] >= most - most / 10;
    if (big == n) {
        c->fast = c->slow = hr_figure_unknown("all CPUs are alike");
        c->kinds_from = hr_word_unknown("all CPUs are alike");
        return;
    }
    c->fast = hr_figure_of(big);
    c->slow = hr_figure_of(n - big);
    c->kinds_from = hr_word_of(HR_STR("/sys/devices/system/cpu/cpu*/cpu_capacity"));
}

static void read_load(const struct hr_root *root, struct hr_cpu *c)
{
    struct hr_buf b = HR_BUF_INIT(256);
    struct hr_real *const load[] = { &c->load1, &c->load5, &c->load15 };
    char why[HR_WHY_MAX] = "/proc/loadavg has another form than expected";
    if (!hr_root_text(root, "proc/loadavg", &b, why))
        hr_buf_reset(&b);
    struct hr_str rest = hr_buf_str(&b), one;
    for (size_t i = 0; i < HR_COUNT(load); i++) {
        double v;
        bool ok = b.len != 0 && hr_str_cut(&rest, ' ', &one) && hr_parse_f64(one, &v, NULL) == 0 && v >= 0 && v < 1e9;
        *load[i] = ok ? hr_real_of(v) : hr_real_unknown("%s", why);
    }
    hr_buf_fini(&b);
}

static void read_frequency(const struct hr_root *root, struct hr_cpu *c)
{
    static const char dir[] = "sys/devices/system/cpu/cpu0/cpufreq/";
    char path[96];
    if (!hr_root_exists(root, dir)) { /* most virtual machines */
        c->max_hz = hr_figure_unknown("the kernel does not steer the frequency here");
        c->governor = c->preference = c->driver = hr_word_unknown("%s", c->max_hz.why);
        return;
    }
    snprintf(path, sizeof path, "%scpuinfo_max_freq", dir);
    c->max_hz = hr_root_figure(root, path);
    if (c->max_hz.known)
        c->max_hz = c->max_hz.v < UINT64_MAX / 1000 ? hr_figure_of(c->max_hz.v * 1000)
                                                    : hr_figure_unknown("the kernel tells no frequency");
    snprintf(path, sizeof path, "%sscaling_governor", dir);
    c->governor = hr_root_word(root, path);
    snprintf(path, sizeof path, "%senergy_performance_preference", dir);
    c->preference = hr_root_word(root, path);
    snprintf(path, sizeof path, "%sscaling_driver", dir);
    c->driver = hr_root_word(root, path);
}

static struct hr_figure read_allowed(const struct hr_root *root)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    struct hr_figure f = { false, 0, "" };
    struct hr_str list;
    uint64_t n;
    if (hr_root_text(root, "proc/self/status", &b, f.why))
        f = hr_text_line(hr_buf_str(&b), ':', "Cpus_allowed_list", &list) && hr_cpu_list_count(list, &n)
                ? hr_figure_of(n)
                : hr_figure_unknown("/proc/self/status has no Cpus_allowed_list");
    hr_buf_fini(&b);
    return f;
}

void hr_cpu_read(const struct hr_root *root, struct hr_cpu *ret)
{
    struct hr_buf b = HR_BUF_INIT(CPUINFO_MAX), name = HR_BUF_INIT(64);
    char why[HR_WHY_MAX];
    *ret = (struct hr_cpu) { .online = list_file(root, "sys/devices/system/cpu/online") };
    ret->allowed = read_allowed(root);
    if (hr_root_text(root, "proc/cpuinfo", &b, why)) {
        hr_cpu_parse(hr_buf_str(&b), ret);
    } else {
        ret->model = hr_word_unknown("%s", why);
        ret->cores = ret->sockets = hr_figure_unknown("%s", why);
        ret->hypervisor = hr_truth_unknown("%s", why);
    }
    ret->machine = hr_root_machine(root, &name, NULL) == 0 ? hr_word_clean(hr_buf_str(&name))
                                                           : hr_word_unknown("nothing tells the machine's kind");
    ret->quota = hr_cgroup_cpus(root);
    /* An allowed list may name CPUs that are not there: it is the mask, not what is behind it. */
    if (ret->allowed.known && ret->online.known && ret->allowed.v > ret->online.v)
        ret->allowed = ret->online;
    read_kinds(root, ret);
    read_load(root, ret);
    read_frequency(root, ret);
    hr_pressure_read(root, "cpu", &ret->pressure);
    hr_buf_fini(&name);
    hr_buf_fini(&b);
}
