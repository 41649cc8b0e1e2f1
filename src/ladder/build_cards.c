#include "build_cards.h"

#include "arch.h"
#include "mem.h"

#include <stdio.h>

int hr_build_cards(const char *list, struct hr_gpus **ret, struct hr_error *err)
{
    struct hr_images images = { .n = 0 };
    if (!hr_images_parse(hr_str(list), &images) || images.n == 0)
        return hr_fail(err, HR_E_INVALID, "'%s' names no architectures: write compute capabilities, as in 12.0 or 8.6;9.0+PTX", list);
    for (size_t i = 0; i < images.n; i++)
        if (images.image[i].only != 0)
            return hr_fail(err, HR_E_INVALID, "'%s' asks for code of one chip only: set TORCH_CUDA_ARCH_LIST or CUDAARCHS for that", list);
    struct hr_gpus *g = hr_calloc(1, sizeof *g);
    struct hr_gpu *gpu = hr_calloc(images.n, sizeof *gpu);
    if (g == NULL || gpu == NULL) {
        hr_free(g);
        hr_free(gpu);
        return hr_fail_nomem(err, images.n * sizeof *gpu, "the cards that were named");
    }
    g->state = HR_GPUS_READ;
    g->cuda = hr_figure_unknown("these cards are not here");
    g->gpu = gpu;
    for (size_t i = 0; i < images.n; i++) {
        bool have = false;
        for (size_t k = 0; k < g->n; k++)
            have |= gpu[k].cc.v == images.image[i].cc;
        if (!have)
            gpu[g->n++].cc = hr_figure_of(images.image[i].cc);
    }
    g->count = hr_figure_of(g->n);
    *ret = g;
    return 0;
}

bool hr_build_cards_ptx(const char *list, unsigned cc)
{
    struct hr_images images = { .n = 0 };
    bool ptx = false;
    if (hr_images_parse(hr_str(list), &images))
        for (size_t i = 0; i < images.n; i++)
            ptx |= images.image[i].cc == cc && images.image[i].ptx;
    return ptx;
}
