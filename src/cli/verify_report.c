#include "verify_report.h"

#include "human.h"

#include <string.h>

enum { FILES_SHOWN = 4 };

/* --- text --- */

static void file_rows(struct hr_table *t, const struct hr_verify *v)
{
    size_t shown = 0, more = 0;
    for (size_t i = 0; i < v->n; i++) {
        char say[512];
        bool matters = hr_product_gpu(&v->file[i]) || v->file[i].elf.state == HR_ELF_CUT || v->file[i].unreadable[0] != 0;
        if (!matters && !(v->files == 1 && shown == 0))
            continue;
        if (shown == FILES_SHOWN) {
            more++;
            continue;
        }
        hr_product_say(&v->file[i], &v->targets, say);
        hr_table_cell(t, "%s", shown++ == 0 ? "file" : " ");
        hr_table_cell(t, "%s (%s): %s", hr_base_name(v->file[i].path), hr_human_bytes(v->file[i].size).text, say);
    }
    if (more != 0) {
        hr_table_cell(t, " ");
        hr_table_cell(t, "and %zu more (report.json)", more);
    }
    if (shown == 0 && v->files > 1) {
        hr_table_cell(t, "files");
        hr_table_cell(t, "%zu, all of them whole", v->files);
    }
}

static void import_rows(struct hr_table *t, const struct hr_verify *v)
{
    struct hr_buf names = HR_BUF_INIT(4096);
    for (size_t i = 0; i < v->imports; i++)
        if (v->import[i].state == HR_IMPORT_WORKS)
            hr_buf_printf(&names, "%s%s", names.len != 0 ? ", " : "", v->import[i].module);
    if (names.len != 0) {
        hr_table_cell(t, "import");
        hr_table_cell(t, "works: %s", names.data);
    }
    for (size_t i = 0; i < v->imports; i++)
        if (v->import[i].state != HR_IMPORT_WORKS) {
            hr_table_cell(t, "import");
            hr_table_cell(t, "%s %s: %s", v->import[i].module, hr_import_state_name(v->import[i].state), v->import[i].say);
        }
    if (v->python_why[0] != 0) {
        hr_table_cell(t, "import");
        hr_table_cell(t, "not tried: %s", v->python_why);
    }
    hr_buf_fini(&names);
}

void hr_verify_rows(struct hr_table *t, const struct hr_proof *p)
{
    const struct hr_verify *v = p->v;
    if (v == NULL)
        return;
    char say[1024];
    hr_verify_say(v, say);
    hr_table_cell(t, "built");
    hr_table_cell(t, "%s", say);
    if (v->state == HR_VERIFY_CPU_ONLY) {
        hr_table_cell(t, "do");
        hr_table_cell(t, "%s", v->advice);
    }
    file_rows(t, v);
    import_rows(t, v);
    if (v->launched) {
        hr_table_cell(t, "launch");
        hr_table_cell(t, "%s", v->launch.state == HR_LAUNCH_NO_CARD ? "not tried: no card is here" : v->launch.say);
    }
    if (!p->met) {
        hr_table_cell(t, "expected");
        hr_table_cell(t, "%s, and %s", p->expect == HR_EXPECT_CUDA ? "CUDA" : "CPU-only", p->why);
    }
}

/* --- JSON --- */

static const char *runs_name(enum hr_runs r)
{
    static const char *const name[] = { [HR_RUNS_NATIVE] = "native", [HR_RUNS_JIT] = "jit", [HR_RUNS_NOT] = "no kernel image",
                                        [HR_RUNS_NEWER] = "ptx too new" };
    return name[r];
}

static void file_json(struct hr_jw *w, const struct hr_product *p, const struct hr_targets *t)
{
    static const char *const state[] = { "no elf", "whole", "damaged", "other" };
    char list[HR_WORD_MAX], say[512];
    hr_images_text(&p->fatbin.images, list);
    hr_product_say(p, t, say);
    hr_jw_object(w);
    hr_jw_kstr(w, "path", p->path);
    hr_jw_ku64(w, "bytes", p->size);
    hr_jw_kstr(w, "state", state[p->elf.state]);
    hr_jw_kstr(w, "gpu_code", hr_product_gpu(p) ? list : NULL);
    hr_jw_ku64(w, "gpu_parts", p->fatbin.blocks);
    hr_jw_key(w, "on");
    hr_jw_array(w);
    for (size_t i = 0; i < t->n && hr_product_gpu(p); i++) {
        hr_jw_object_flat(w);
        hr_jw_kstr(w, "cc", hr_cc_text(t->cc[i]).text);
        hr_jw_kstr(w, "runs", runs_name(p->on[i].runs));
        hr_jw_ku64(w, "parts_without", p->without[i]);
        hr_jw_kstr(w, "why", p->on[i].why);
        hr_jw_end(w);
    }
    hr_jw_end(w);
    hr_jw_kstr(w, "say", say);
    hr_jw_end(w);
}

static void import_json(struct hr_jw *w, const struct hr_import *m)
{
    hr_jw_object_flat(w);
    hr_jw_kstr(w, "module", m->module);
    hr_jw_kstr(w, "file", m->file[0] != 0 ? m->file : NULL);
    hr_jw_kstr(w, "state", hr_import_state_name(m->state));
    hr_jw_kstr(w, "say", m->say[0] != 0 ? m->say : NULL);
    hr_jw_ku64(w, "ns", m->ns);
    hr_jw_key(w, "has_cuda");
    if (m->yes.known)
        hr_jw_bool(w, m->yes.v);
    else
        hr_jw_null(w);
    hr_jw_end(w);
}

static void launch_json(struct hr_jw *w, const struct hr_verify *v)
{
    if (!v->launched) {
        hr_jw_knull(w, "launch");
        return;
    }
    hr_jw_key(w, "launch");
    hr_jw_object_flat(w);
    hr_jw_kstr(w, "state", hr_launch_state_name(v->launch.state));
    hr_jw_ki64(w, "error", v->launch.error);
    hr_jw_kstr(w, "call", v->launch.call[0] != 0 ? v->launch.call : NULL);
    hr_jw_ku64(w, "devices", v->launch.devices);
    hr_jw_ku64(w, "loaded", v->launch.loaded);
    hr_jw_kstr(w, "say", v->launch.say);
    hr_jw_end(w);
}

void hr_verify_json(struct hr_jw *w, const struct hr_proof *p)
{
    static const char *const expect[] = { "any", "cuda", "cpu" };
    const struct hr_verify *v = p->v;
    if (v == NULL) {
        hr_jw_null(w);
        return;
    }
    char say[1024];
    hr_verify_say(v, say);
    hr_jw_object(w);
    hr_jw_kstr(w, "state", hr_verify_state_name(v->state));
    hr_jw_kstr(w, "say", say);
    hr_jw_kstr(w, "advice", v->state == HR_VERIFY_CPU_ONLY ? v->advice : NULL);
    hr_jw_kstr(w, "expected", expect[p->expect]);
    hr_jw_kbool(w, "met", p->met);
    hr_jw_kstr(w, "unmet_why", p->met ? NULL : p->why);
    hr_jw_key(w, "targets");
    hr_jw_array_flat(w);
    for (size_t i = 0; i < v->targets.n; i++)
        hr_jw_str(w, hr_cc_text(v->targets.cc[i]).text);
    hr_jw_end(w);
    hr_jw_kbool(w, "cards", v->targets.cards);
    hr_jw_ku64(w, "files_looked_at", v->files);
    hr_jw_ku64(w, "files_with_gpu_code", v->gpu);
    hr_jw_ku64(w, "files_damaged", v->damaged);
    hr_jw_kbool(w, "cut", v->cut);
    hr_jw_key(w, "files");
    hr_jw_array(w);
    for (size_t i = 0; i < v->n; i++)
        file_json(w, &v->file[i], &v->targets);
    hr_jw_end(w);
    hr_jw_kstr(w, "python", v->python[0] != 0 ? v->python : NULL);
    hr_jw_kstr(w, "python_why", v->python_why[0] != 0 ? v->python_why : NULL);
    hr_jw_key(w, "imports");
    hr_jw_array(w);
    for (size_t i = 0; i < v->imports; i++)
        import_json(w, &v->import[i]);
    hr_jw_end(w);
    hr_jw_ku64(w, "packages_beside", v->beside);
    launch_json(w, v);
    hr_jw_ku64(w, "took_ns", v->took_ns);
    hr_jw_end(w);
}
