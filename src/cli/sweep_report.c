/* What `headrace run --batch-sweep` says at the end. */
#include "human.h"
#include "run_report.h"

#include <stdio.h>
#include <string.h>

int hr_sweep_best(const struct hr_sweep_row *row, size_t n)
{
    int best = -1;
    for (size_t i = 0; i < n; i++)
        if (row[i].why == HR_SWEEP_FITS)
            best = (int)i;
    return best;
}

static const struct hr_table_column columns[] = {
    { .title = "value", .right = true }, { .title = "result" },           { .title = "status", .right = true },
    { .title = "time", .right = true },  { .title = "memory", .right = true }, { .title = "VRAM", .right = true }, { .title = "why" },
};

/* Nothing fits is said only where memory was the reason. */
static const char *no_best(const struct hr_sweep_row *row, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (row[i].why == HR_SWEEP_INTERRUPTED)
            return "interrupted before a value was known to fit";
        if (hr_sweep_is_memory(row[i].why))
            return "none of the values fits";
    }
    return "no value can be judged: the command failed each time, and not for want of memory; see output.log in the folder of the value";
}

void hr_sweep_say(struct hr_cli *cli, const struct hr_sweep_row *row, size_t n, const char *folder)
{
    struct hr_buf b = HR_BUF_INIT(1 << 16);
    struct hr_table t = HR_TABLE_INIT(columns);
    int best = hr_sweep_best(row, n);
    if (best >= 0)
        hr_buf_printf(&b, "headrace run: the largest that fits is %s\n", row[best].value);
    else
        hr_buf_printf(&b, "headrace run: %s\n", no_best(row, n));
    const char *vram_why = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct hr_sweep_row *r = &row[i];
        hr_table_cell(&t, "%s", r->value);
        hr_table_cell(&t, "%s", hr_sweep_why_name(r->why));
        if (r->why == HR_SWEEP_NOT_RUN) {
            for (int c = 0; c < 5; c++)
                hr_table_skip(&t);
            continue;
        }
        hr_table_cell(&t, "%d", r->status);
        hr_table_cell(&t, "%s", hr_human_duration(r->wall_ns).text);
        hr_table_cell(&t, "%s", r->ram != 0 ? hr_human_bytes(r->ram).text : "");
        hr_table_cell(&t, "%s", r->vram.known ? hr_human_bytes(r->vram.v).text : "");
        vram_why = r->vram.known ? vram_why : r->vram.why;
        if (r->words != NULL)
            hr_table_cell(&t, "its output has \"%s\"", r->words);
        else if (r->note[0] != 0)
            hr_table_cell(&t, "%s", r->note);
        else if (r->why == HR_SWEEP_FAILED)
            hr_table_cell(&t, "not for want of memory");
        else
            hr_table_skip(&t);
    }
    hr_table_write(&t, &b, 2);
    hr_table_fini(&t);
    if (vram_why != NULL)
        hr_buf_printf(&b, "  VRAM –: %s\n", vram_why);
    for (size_t i = 0; i < n; i++)
        if (row[i].whole) {
            hr_buf_adds(&b, "  VRAM: whole card less what was in use before; the driver hides a process's own\n");
            break;
        }
    hr_buf_printf(&b, "  log  %s", folder);
    hr_complain_in(cli, b.data);
    hr_buf_fini(&b);
}

void hr_sweep_json(struct hr_jw *w, const struct hr_sweep_row *row, size_t n, const char *folder)
{
    int best = hr_sweep_best(row, n);
    hr_jw_object(w);
    hr_jw_kstr(w, "largest", best < 0 ? NULL : row[best].value);
    hr_jw_key(w, "values");
    hr_jw_array(w);
    for (size_t i = 0; i < n; i++) {
        const struct hr_sweep_row *r = &row[i];
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "value", r->value);
        hr_jw_kstr(w, "result", hr_sweep_why_name(r->why));
        if (r->why != HR_SWEEP_NOT_RUN) {
            hr_jw_ki64(w, "status", r->status);
            hr_jw_ku64(w, "wall_ns", r->wall_ns);
            hr_jw_ku64(w, "memory_bytes", r->ram);
            if (r->vram.known)
                hr_jw_ku64(w, "vram_bytes", r->vram.v);
            else
                hr_jw_knull(w, "vram_bytes");
            hr_jw_kstr(w, "vram_why", r->vram.known ? NULL : r->vram.why);
            hr_jw_kbool(w, "whole_card", r->whole);
            hr_jw_kstr(w, "words", r->words);
        }
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_kstr(w, "log", folder);
    hr_jw_end(w);
}
