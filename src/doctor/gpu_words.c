#include "gpu_words.h"

#include "arch.h"
#include "root_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool hr_on_wsl2(struct hr_facts *facts)
{
    return hr_facts_vm(facts)->kind == HR_VM_WSL2;
}

bool hr_in_container(struct hr_facts *facts)
{
    return hr_facts_container(facts)->kind != HR_CONTAINER_NONE;
}

const struct hr_gpus *hr_gpus_or(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_gpus *g = hr_facts_gpus(facts);
    if (g->state == HR_GPUS_READ && g->n != 0)
        return g;
    if (g->state == HR_GPUS_READ || g->state == HR_GPUS_NO_LIBRARY)
        hr_find(f, HR_NOT_HERE, "no NVIDIA GPU answers here (see gpu-found)");
    else
        hr_find(f, HR_UNKNOWN, "%s (see gpu-found)", g->say);
    return NULL;
}

struct hr_word hr_gpu_name(const struct hr_gpus *g, size_t i)
{
    char text[HR_WORD_MAX];
    if (g->gpu[i].name.known)
        return g->gpu[i].name;
    snprintf(text, sizeof text, "GPU %zu", i);
    return hr_word_of(hr_str(text));
}

struct hr_word hr_gpu_label(const struct hr_gpus *g, size_t i)
{
    char text[HR_WORD_MAX];
    struct hr_word name = hr_gpu_name(g, i);
    if (!g->gpu[i].name.known || g->n == 1)
        return name;
    snprintf(text, sizeof text, "GPU %zu (%s)", i, name.v);
    return hr_word_of(hr_str(text));
}

struct hr_human hr_figure_text(const struct hr_figure *f)
{
    struct hr_human h;
    if (f->known)
        snprintf(h.text, sizeof h.text, "%" PRIu64, f->v);
    else
        snprintf(h.text, sizeof h.text, "–");
    return h;
}

struct hr_word hr_env_word(struct hr_facts *facts, const char *name)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    struct hr_word w = hr_root_env(hr_facts_root(facts), name, &b) ? hr_word_clean(hr_buf_str(&b))
                                                                   : hr_word_unknown("%s is not set", name);
    hr_buf_fini(&b);
    return w;
}

size_t hr_gpu_kinds(const struct hr_gpus *g, unsigned cc[HR_GPUS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++) {
        unsigned one = hr_gpu_cc(&g->gpu[i]);
        size_t k = 0;
        while (k < n && cc[k] != one)
            k++;
        if (k == n && one != 0)
            cc[n++] = one;
    }
    return n;
}

enum hr_driver_fits hr_driver_fits(const struct hr_gpus *g, unsigned cuda)
{
    if (!g->cuda.known || cuda == 0)
        return HR_DRIVER_UNKNOWN;
    if (g->cuda.v / 100 < cuda / 100)
        return HR_DRIVER_OLDER_MAJOR;
    return g->cuda.v < cuda ? HR_DRIVER_OLDER_MINOR : HR_DRIVER_FITS;
}

void hr_fix_driver(struct hr_facts *facts, struct hr_finding *f, unsigned cuda)
{
    const char *source;
    unsigned branch = hr_driver_branch_of(cuda, &source);
    if (branch != 0 && hr_driver_fits(hr_facts_gpus(facts), cuda) == HR_DRIVER_OLDER_MAJOR)
        hr_fix(f, "# CUDA %u.x asks for a driver of branch %u or newer", cuda / 100, branch);
    if (hr_on_wsl2(facts))
        hr_fix(f, "# update the NVIDIA driver in Windows (never inside WSL), then: wsl --shutdown");
    else if (hr_in_container(facts))
        hr_fix(f, "# update the NVIDIA driver on the host of this container");
    else
        hr_fix(f, "# update the NVIDIA driver from your distribution's packages, then restart");
}
