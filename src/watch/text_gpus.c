/* The GPUs as lines. */
#include "text_page.h"

#include "gpus.h"

#include <stdio.h>

static void number(struct hr_text_page *g, struct hr_table *t, const char *what, const struct hr_figure *f, const char *unit, double scale)
{
    if (f->known)
        hr_table_cell(t, "%.0f%s", (double)f->v / scale, unit);
    else
        hr_table_cell(t, "–");
    if (!f->known)
        hr_text_missing(g, what, f->why);
}

void hr_text_gpus(struct hr_text_page *g)
{
    static const struct hr_table_column cols[] = { { .title = "GPU" },  { .title = "busy", .right = true }, { .title = "VRAM", .right = true }, { .title = "of" },
                                                   { .title = "power", .right = true }, { .title = "of" }, { .title = "heat", .right = true }, { .title = "clock", .right = true }, { .title = "slowed by" } };
    const struct hr_gpus_load *l = &g->m->gpus;
    struct hr_table t = HR_TABLE_INIT(cols);
    struct hr_human h;
    if (l->say[0] != 0)
        hr_text_missing(g, "GPU", l->say);
    for (unsigned i = 0; i < l->n; i++) {
        const struct hr_gpu_load *u = &l->gpu[i];
        char slow[HR_WORD_MAX] = "";
        hr_table_cell(&t, "%u %s", i, hr_word_text(&u->name));
        number(g, &t, "GPU load", &u->busy, " %", 1);
        hr_table_cell(&t, "%s", hr_text_bytes(g, "VRAM", &u->used, &h));
        hr_table_cell(&t, "%s", hr_text_bytes(g, "VRAM", &u->memory, &h));
        number(g, &t, "GPU power", &u->milliwatts, " W", 1000);
        number(g, &t, "GPU power limit", &u->milliwatts_limit, " W", 1000);
        number(g, &t, "GPU temperature", &u->celsius, " °C", 1);
        number(g, &t, "GPU clock", &u->sm_mhz, " MHz", 1);
        if (!u->throttle.known)
            hr_text_missing(g, "GPU throttling", u->throttle.why);
        else
            hr_gpu_throttle_text(u->throttle.v, true, slow);
        hr_table_cell(&t, "%s", u->throttle.known ? (slow[0] != 0 ? slow : "nothing") : "");
    }
    if (l->n != 0)
        hr_table_write(&t, g->out, 0);
    hr_table_fini(&t);
    if (l->n != 0 && l->stale)
        hr_buf_printf(g->out, "         the GPU's figures are %s old: %s\n", hr_human_duration(l->age).text, l->say);
    if (l->cut != 0)
        hr_buf_printf(g->out, "         and %u more GPUs\n", l->cut);
}
