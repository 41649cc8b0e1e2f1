#include "portrait.h"

#include "human.h"

#include <inttypes.h>
#include <string.h>

static struct hr_buf *line(struct hr_portrait *p, const char *what)
{
    p->line[p->n].what = what;
    p->line[p->n].text = HR_BUF_INIT(4096);
    return &p->line[p->n++].text;
}

/* "49.0 GiB", or "–" with the reason, and what it is. */
static void bytes(struct hr_buf *b, const struct hr_figure *f, const char *what)
{
    if (f->known)
        hr_buf_printf(b, "%s%s", hr_human_bytes(f->v).text, what);
    else
        hr_buf_printf(b, "–%s (%s)", what, f->why);
}

static void word(struct hr_buf *b, const struct hr_word *w)
{
    if (w->known)
        hr_buf_adds(b, w->v);
    else
        hr_buf_printf(b, "– (%s)", w->why);
}

static void cpu(const struct hr_cpu *c, struct hr_portrait *p)
{
    struct hr_buf *b = line(p, "cpu");
    if (c->model.known || !c->machine.known)
        word(b, &c->model);
    else
        hr_buf_printf(b, "%s, model –", c->machine.v);
    if (c->cores.known)
        hr_buf_printf(b, ", %" PRIu64 " cores", c->cores.v);
    if (c->online.known)
        hr_buf_printf(b, ", %" PRIu64 " CPUs", c->online.v);
    if (c->fast.known && c->slow.known)
        hr_buf_printf(b, " (%" PRIu64 " fast, %" PRIu64 " slow)", c->fast.v, c->slow.v);
    if (c->allowed.known && c->online.known && c->allowed.v < c->online.v)
        hr_buf_printf(b, ", %" PRIu64 " of them for this process", c->allowed.v);
    if (c->quota.known)
        hr_buf_printf(b, ", limited to %.3g CPUs", c->quota.v);
}

static void memory(const struct hr_ram *m, struct hr_portrait *p)
{
    struct hr_buf *b = line(p, "memory");
    struct hr_figure most = hr_ram_ceiling(m);
    bytes(b, &m->total, "");
    hr_buf_adds(b, ", ");
    bytes(b, &m->available, " available");
    if (most.known && m->total.known && most.v < m->total.v) {
        hr_buf_adds(b, ", ");
        bytes(b, &most, " the most for this process");
    }
    hr_buf_adds(b, ", ");
    if (m->swap_total.known && m->swap_total.v == 0)
        hr_buf_adds(b, "no swap");
    else
        bytes(b, &m->swap_total, " swap");
}

static bool alike(const struct hr_gpu *a, const struct hr_gpu *b)
{
    return a->name.known == b->name.known && strcmp(a->name.v, b->name.v) == 0 && a->memory.known == b->memory.known &&
           a->memory.v == b->memory.v;
}

static void gpus(const struct hr_gpus *g, struct hr_portrait *p)
{
    struct hr_buf *b = line(p, "gpu");
    if (g->state == HR_GPUS_NO_LIBRARY) {
        hr_buf_adds(b, "none seen: NVIDIA's library libnvidia-ml.so.1 is not there");
        return;
    }
    if (g->state != HR_GPUS_READ) {
        hr_buf_printf(b, "– (%s)", g->say);
        return;
    }
    if (g->n == 0)
        hr_buf_adds(b, "none");
    for (size_t i = 0, next; i < g->n; i = next) {
        for (next = i + 1; next < g->n && alike(&g->gpu[i], &g->gpu[next]);)
            next++;
        if (i != 0)
            hr_buf_adds(b, "; ");
        if (next - i > 1)
            hr_buf_printf(b, "%zu × ", next - i);
        word(b, &g->gpu[i].name);
        hr_buf_adds(b, ", ");
        bytes(b, &g->gpu[i].memory, next - i > 1 ? " each" : "");
    }
    hr_buf_adds(b, ", driver ");
    word(b, &g->driver);
    if (g->cuda.known)
        hr_buf_printf(b, ", CUDA up to %" PRIu64 ".%" PRIu64, g->cuda.v / 100, g->cuda.v % 100);
}

static void kernel(struct hr_facts *facts, struct hr_portrait *p)
{
    const struct hr_vm *v = hr_facts_vm(facts);
    const struct hr_container *c = hr_facts_container(facts);
    struct hr_buf *b = line(p, "system");
    word(b, &v->os);
    if (v->kind == HR_VM_UNKNOWN)
        hr_buf_printf(b, ", machine – (%s)", v->why);
    else
        hr_buf_printf(b, " on %s", hr_vm_name(v->kind));
    if (v->kind == HR_VM_WSL2 && hr_facts_wslinfo(facts)->version.known)
        hr_buf_printf(b, " (%s)", hr_facts_wslinfo(facts)->version.v);
    if (c->kind != HR_CONTAINER_NONE)
        hr_buf_printf(b, ", in a container (%s)", hr_container_name(c->kind));
    hr_buf_adds(b, ", kernel ");
    word(b, &v->release);
}

static void disk(struct hr_facts *facts, const struct hr_mount *m, struct hr_buf *b)
{
    struct hr_space s;
    hr_facts_space(facts, m->at, &s);
    hr_buf_printf(b, "%s%s %s, ", b->len != 0 ? "; " : "", m->at, m->type);
    bytes(b, &s.available, " free");
}

/* The root, the Windows drives, and what holds the paths that the user named. */
static void disks(struct hr_facts *facts, struct hr_portrait *p)
{
    const struct hr_mounts *m = hr_facts_mounts(facts);
    struct hr_buf *b = line(p, "disks");
    if (!m->known) {
        hr_buf_printf(b, "– (%s)", m->why);
        return;
    }
    const char *const *path;
    size_t n = hr_facts_paths(facts, &path);
    for (size_t i = 0; i < m->n; i++) {
        const struct hr_mount *here = &m->mount[i];
        bool shown = hr_mounts_holding(m, here->at) == here && (strcmp(here->at, "/") == 0 || here->place == HR_PLACE_WINDOWS);
        for (size_t k = 0; k < n && !shown; k++) {
            struct hr_buf real = HR_BUF_INIT(65536);
            shown = hr_root_real(hr_facts_root(facts), path[k], &real, NULL) == 0 && hr_mounts_holding(m, real.data) == here;
            hr_buf_fini(&real);
        }
        if (shown)
            disk(facts, here, b);
    }
    if (b->len == 0) /* a change of root hides the mount that / is on */
        hr_buf_adds(b, "– (no mount in the table holds /)");
}

bool hr_portrait_of(struct hr_facts *facts, struct hr_portrait *ret)
{
    bool good = true;
    ret->n = 0;
    cpu(hr_facts_cpu(facts), ret);
    memory(hr_facts_memory(facts), ret);
    gpus(hr_facts_gpus(facts), ret);
    kernel(facts, ret);
    disks(facts, ret);
    for (size_t i = 0; i < ret->n; i++)
        good &= !ret->line[i].text.failed;
    if (!good)
        hr_portrait_fini(ret);
    return good;
}

void hr_portrait_fini(struct hr_portrait *p)
{
    for (size_t i = 0; i < p->n; i++)
        hr_buf_fini(&p->line[i].text);
    p->n = 0;
}
