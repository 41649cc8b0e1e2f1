#include "portrait.h"

#include "human.h"
#include "machine.h"

static struct hr_buf *line(struct hr_portrait *p, const char *what)
{
    p->line[p->n].what = what;
    p->line[p->n].text = HR_BUF_INIT(4096);
    return &p->line[p->n++].text;
}

static void bytes(struct hr_buf *b, const char *what, const struct hr_figure *f)
{
    if (f->known)
        hr_buf_printf(b, "%s%s", hr_human_bytes(f->v).text, what);
    else
        hr_buf_printf(b, "–%s (%s)", what, f->why);
}

static void memory(const struct hr_root *root, struct hr_portrait *p)
{
    struct hr_memory m;
    struct hr_buf *b = line(p, "memory");
    hr_memory_read(root, &m);
    bytes(b, "", &m.total);
    hr_buf_adds(b, ", ");
    bytes(b, " available", &m.available);
    if (m.limit.known) {
        hr_buf_adds(b, ", ");
        bytes(b, " is this process's limit", &m.limit);
    }
}

static void kernel(const struct hr_root *root, struct hr_portrait *p)
{
    struct hr_buf *b = line(p, "system"), text = HR_BUF_INIT(4096);
    struct hr_error err = HR_ERROR_INIT;
    if (hr_root_read(root, "proc/sys/kernel/osrelease", &text, &err) == 0) {
        struct hr_str release = hr_str_trim(hr_buf_str(&text));
        hr_buf_printf(b, "kernel %.*s", HR_STR_ARG(release));
    } else {
        hr_buf_printf(b, "– (%s)", err.text);
    }
    hr_buf_fini(&text);
}

bool hr_portrait_of(struct hr_facts *facts, struct hr_portrait *ret)
{
    const struct hr_root *root = hr_facts_root(facts);
    bool good = true;
    ret->n = 0;
    memory(root, ret);
    kernel(root, ret);
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
