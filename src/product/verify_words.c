/* The verdict about a build in words. */
#include "build_verify.h"

#include <stdio.h>
#include <string.h>

static void add(char *to, size_t n, const char *sep, const char *more)
{
    size_t at = strlen(to);
    snprintf(to + at, n - at, "%s%s", at == 0 ? "" : sep, more);
}

static const char *runs_words(enum hr_runs r)
{
    static const char *const words[] = { [HR_RUNS_NATIVE] = "runs natively on",
                                         [HR_RUNS_JIT] = "is compiled by the driver at its first start (PTX) on",
                                         [HR_RUNS_NOT] = "will fail, no kernel image is available, on",
                                         [HR_RUNS_NEWER] = "will fail, its PTX is newer than the driver, on" };
    return words[r];
}

/* "runs natively on 8.6 and 8.9; will fail, ..., on 12.0" */
static void on_targets(const enum hr_runs *runs, const struct hr_targets *t, char *say, size_t n)
{
    static const enum hr_runs order[] = { HR_RUNS_NATIVE, HR_RUNS_JIT, HR_RUNS_NEWER, HR_RUNS_NOT };
    for (size_t k = 0; k < HR_COUNT(order); k++) {
        char list[128] = "", part[256];
        for (size_t i = 0; i < t->n; i++)
            if (runs[i] == order[k])
                add(list, sizeof list, ", ", hr_cc_text(t->cc[i]).text);
        if (list[0] == 0)
            continue;
        snprintf(part, sizeof part, "%s %s", runs_words(order[k]), list);
        add(say, n, "; ", part);
    }
}

void hr_product_say(const struct hr_product *p, const struct hr_targets *t, char say[512])
{
    char list[HR_WORD_MAX], on[256] = "";
    enum hr_runs runs[HR_TARGETS_MAX];
    say[0] = 0;
    if (p->elf.state == HR_ELF_CUT) {
        snprintf(say, 512, "damaged: %s", p->elf.why);
        return;
    }
    if (p->unreadable[0] != 0) {
        snprintf(say, 512, "its GPU code cannot be read: %s", p->unreadable);
        return;
    }
    if (!hr_product_gpu(p)) {
        snprintf(say, 512, "no GPU code");
        return;
    }
    hr_images_text(&p->fatbin.images, list);
    for (size_t i = 0; i < t->n; i++)
        runs[i] = p->on[i].runs;
    on_targets(runs, t, on, sizeof on);
    snprintf(say, 512, "GPU code for %s%s%s%s", list, p->fatbin.all ? "" : " (not all of it was read)", on[0] != 0 ? ": " : "", on);
    for (size_t i = 0; i < t->n; i++)
        if (p->without[i] != 0 && (runs[i] == HR_RUNS_NATIVE || runs[i] == HR_RUNS_JIT)) {
            char part[128];
            snprintf(part, sizeof part, "%llu of %llu parts hold nothing for %s", (unsigned long long)p->without[i],
                     (unsigned long long)p->fatbin.blocks, hr_cc_text(t->cc[i]).text);
            add(say, 512, "; ", part);
        }
}

/* Each target with the worst that any file does on it. */
static void cuda(const struct hr_verify *v, char say[1024])
{
    static const unsigned rank[] = { [HR_RUNS_NATIVE] = 0, [HR_RUNS_JIT] = 1, [HR_RUNS_NEWER] = 2, [HR_RUNS_NOT] = 3 };
    enum hr_runs worst[HR_TARGETS_MAX];
    for (size_t i = 0; i < v->targets.n; i++) {
        worst[i] = HR_RUNS_NATIVE;
        for (size_t k = 0; k < v->n; k++)
            if (hr_product_gpu(&v->file[k]) && rank[v->file[k].on[i].runs] > rank[worst[i]])
                worst[i] = v->file[k].on[i].runs;
    }
    snprintf(say, 1024, "with CUDA");
    if (v->targets.n == 0) {
        add(say, 1024, "; ", "no card is here and no architecture was asked for, so nothing tells where it has to run");
        return;
    }
    char on[512] = "";
    on_targets(worst, &v->targets, on, sizeof on);
    add(say, 1024, ": ", on);
    add(say, 1024, " ", v->targets.cards ? "(the cards here)" : "(as asked; no card is here)");
}

void hr_verify_say(const struct hr_verify *v, char say[1024])
{
    switch (v->state) {
    case HR_VERIFY_NOTHING:
        snprintf(say, 1024, "nothing new that can be verified: no library, program, wheel or package");
        break;
    case HR_VERIFY_PLAIN:
        if (v->objects != 0)
            snprintf(say, 1024, "nvcc made %llu objects, and no library or program that was built holds their code",
                     (unsigned long long)v->objects);
        else
            snprintf(say, 1024, "without GPU code; nothing tells of a part for CUDA");
        break;
    case HR_VERIFY_CUDA:
        cuda(v, say);
        break;
    case HR_VERIFY_CPU_ONLY:
        snprintf(say, 1024, "CPU-only: %s", v->why);
        break;
    }
    char part[96];
    snprintf(part, sizeof part, "%zu of %zu files are damaged", v->damaged, v->files);
    if (v->damaged != 0)
        add(say, 1024, "; ", part);
    if (v->cut)
        add(say, 1024, "; ", "not all files could be looked at");
}

bool hr_verify_meets(const struct hr_verify *v, enum hr_expect e, char say[512])
{
    say[0] = 0;
    if (e == HR_EXPECT_ANY)
        return true;
    if (v->state == HR_VERIFY_NOTHING)
        snprintf(say, 512, "no product of the command was found");
    else if (v->damaged != 0)
        snprintf(say, 512, "a file is damaged");
    else if (v->imports_bad != 0)
        snprintf(say, 512, "what was built does not import");
    else if (e == HR_EXPECT_CPU)
        snprintf(say, 512, "%s", v->state == HR_VERIFY_CUDA ? "there is GPU code in it" : "");
    else if (v->state == HR_VERIFY_CPU_ONLY)
        snprintf(say, 512, "it was built CPU-only");
    else if (v->state == HR_VERIFY_PLAIN)
        snprintf(say, 512, "there is no GPU code in it");
    else if (v->runs == HR_RUNS_NOT || v->runs == HR_RUNS_NEWER)
        snprintf(say, 512, "its GPU code does not run on %s", v->targets.cards ? "the cards that are here" : "the cards that were asked for");
    else if (v->launched && v->launch.state != HR_LAUNCH_RAN && v->launch.state != HR_LAUNCH_NO_CARD)
        snprintf(say, 512, "a kernel does not run: %.400s", v->launch.say);
    return say[0] == 0;
}
