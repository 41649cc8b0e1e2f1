/* The job's part of each card's memory. */
#include "clock.h"
#include "human.h"
#include "train_inside.h"

#include <inttypes.h>
#include <stdio.h>

#define ASK_REST (250 * HR_TRAIN_MS) /* between two questions, or as long as makes them a third of a percent of a CPU */

/* Where the driver tells each process's memory it is theirs.  Where it does not (WDDM), or tells numbers of another pid namespace, it is
 * the whole card less what was in use before. */
static void share(struct hr_train *w, struct hr_train_vram *v, const struct hr_gpu *g)
{
    uint64_t mine = 0;
    bool any = false, hidden = !g->processes.known || g->process_n == 0, strangers = false;
    for (size_t i = 0; i < g->process_n; i++) {
        const struct hr_gpu_process *p = &g->process[i];
        struct hr_proc_stat s;
        bool again = false; /* one that computes and draws is on both lists with the same memory */
        for (size_t k = 0; k < i; k++)
            again |= g->process[k].pid == p->pid;
        hidden |= !p->vram.known;
        if (hr_kin_find(&w->tree, (int)p->pid) == NULL) {
            strangers |= !hidden && hr_proc_stat((int)p->pid, &s) < 0;
            continue;
        }
        any |= p->vram.known;
        mine += p->vram.known && !again ? p->vram.v : 0;
    }
    v->whole = !any && (hidden || strangers);
    v->known = v->whole ? g->used.known && v->base_known : true;
    v->job = !v->whole ? mine : g->used.v > v->base ? g->used.v - v->base : 0;
}

static void mark(struct hr_train *w, unsigned i, int which, uint64_t now)
{
    struct hr_train_card *card = &w->r->card[i];
    const struct hr_train_vram *v = &w->vram[i];
    struct hr_mark *m = &card->mark[which];
    enum hr_mark_move move = hr_mark_see(m, v->job, hr_train_since(w, now));
    const char *name = hr_mark_name((enum hr_mark_id)which);
    if (move == HR_MARK_STAYS)
        return;
    hr_train_tell(w, move == HR_MARK_CROSSED ? "mark" : "below", ",\"mark\":\"vram-%s\",\"card\":%u,\"bytes\":%" PRIu64 ",\"whole_card\":%s",
                  name, i, v->job, v->whole ? "true" : "false");
    if (move == HR_MARK_CROSSED)
        hr_train_say(w, "VRAM of GPU %u: %s%s, over the %s mark of %s", i, hr_human_bytes(v->job).text,
                     v->whole ? " (whole card less before)" : "", name, hr_human_bytes(m->at).text);
}

static void look(struct hr_train *w, unsigned i, const struct hr_gpu *g, uint64_t now)
{
    struct hr_train_vram *v = &w->vram[i];
    struct hr_train_card *card = &w->r->card[i];
    share(w, v, g);
    if (g->busy.known && g->busy.v <= 100) {
        v->busy += (double)g->busy.v;
        v->busy_n++;
    } else {
        card->busy = hr_real_unknown("%s", g->busy.why);
    }
    if (!v->known) {
        if (!card->peak.known && g->used.why[0] != 0)
            card->peak = hr_figure_unknown("%s", g->used.why);
        return;
    }
    if (!card->peak.known || v->job > card->peak.v) {
        card->peak = hr_figure_of(v->job);
        card->peak_at = hr_train_since(w, now);
        card->whole = v->whole;
    }
    for (int which = 0; which < 2; which++)
        mark(w, i, which, now);
}

/* From a reading that was taken before the job began. */
static void begin(struct hr_train *w, unsigned i, const struct hr_gpu *g)
{
    struct hr_train_vram *v = &w->vram[i];
    struct hr_train_card *card = &w->r->card[i];
    snprintf(card->name, sizeof card->name, "%.63s", hr_word_text(&g->name));
    v->base_known = g->used.known;
    v->base = g->used.v;
    card->total = g->memory;
    card->base = g->used;
    card->peak = g->used.known ? hr_figure_unknown("the job ended before the card was read again") : g->used;
    card->busy = hr_real_unknown("the job ended before the card was read again");
    for (int which = 0; which < 2; which++) {
        const struct hr_vram_mark *m = &w->o->vram[which];
        card->mark[which].at = m->bytes != 0 ? m->bytes : g->memory.known ? (uint64_t)((double)g->memory.v * m->percent / 100) : 0;
    }
}

const char *hr_train_no_cards(const struct hr_gpu_told *t)
{
    if (t->gpus != NULL && t->gpus->state == HR_GPUS_NO_LIBRARY)
        return "no NVIDIA driver here: libnvidia-ml.so.1 cannot be loaded";
    return t->say[0] != 0 ? t->say : t->gpus == NULL ? "NVML has not answered: the driver hangs" : "the driver lists no GPU";
}

void hr_train_vram_begin(struct hr_train *w)
{
    struct hr_gpu_told t = { 0 };
    if (w->o->cards != NULL)
        t = hr_gpu_asker_look(w->o->cards, hr_now());
    if (w->o->cards != NULL && !t.late) /* one that did not answer before is waited for no longer */
        t = hr_gpu_asker_wait(w->o->cards, hr_now() + UINT64_C(3000000000));
    w->asked_at = hr_now();
    w->ask_rest = ASK_REST;
    w->asker_cpu = t.cpu;
    w->r->cards = t.gpus == NULL ? 0 : (unsigned)HR_MIN(t.gpus->n, (size_t)HR_TRAIN_CARDS_MAX);
    for (unsigned i = 0; i < w->r->cards; i++)
        begin(w, i, &t.gpus->gpu[i]);
    if (w->o->cards == NULL)
        snprintf(w->r->cards_why, sizeof w->r->cards_why, "it was not wanted");
    else if (w->r->cards == 0)
        snprintf(w->r->cards_why, sizeof w->r->cards_why, "%.198s", hr_train_no_cards(&t));
}

void hr_train_vram_look(struct hr_train *w, uint64_t now, bool *ret_act)
{
    *ret_act = false;
    if (w->r->cards == 0)
        return;
    if (now - w->asked_at >= w->ask_rest) { /* takes the answer to the last question, and asks the next */
        struct hr_gpu_told t = hr_gpu_asker_look(w->o->cards, now);
        w->asked_at = now;
        w->ask_rest = HR_MAX(ASK_REST, t.cpu > w->asker_cpu ? (t.cpu - w->asker_cpu) * 300 : 0);
        w->asker_cpu = t.cpu;
        snprintf(w->r->cards_why, sizeof w->r->cards_why, "%.198s", t.say);
        for (unsigned i = 0; t.fresh && t.gpus != NULL && i < HR_MIN((size_t)w->r->cards, t.gpus->n); i++)
            look(w, i, &t.gpus->gpu[i], now);
    }
    for (unsigned i = 0; i < w->r->cards; i++)
        *ret_act |= w->r->card[i].mark[1].over;
}

void hr_train_vram_report(const struct hr_train *w)
{
    for (unsigned i = 0; i < w->r->cards; i++)
        if (w->vram[i].busy_n != 0)
            w->r->card[i].busy = hr_real_of(w->vram[i].busy / (double)w->vram[i].busy_n);
    w->r->cards_cpu_ns = w->asker_cpu;
}
