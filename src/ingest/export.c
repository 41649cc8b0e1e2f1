#include "export.h"

#include "clock.h"
#include "file.h"
#include "mem.h"

#include <stdio.h>
#include <string.h>

const struct hr_export_ops *const hr_exports[] = { &hr_export_jsonl, &hr_export_npy, &hr_export_hdf5, NULL };

static int pick(const char *format, const char *out, const struct hr_export_ops **ret, struct hr_error *err)
{
    struct hr_str name = hr_str(out);
    if (format == NULL || strcmp(format, "auto") == 0)
        format = hr_str_ends(name, ".jsonl") || hr_str_ends(name, ".json") ? "jsonl"
               : hr_str_ends(name, ".h5") || hr_str_ends(name, ".hdf5")   ? "hdf5"
                                                                          : "npy";
    for (size_t i = 0; hr_exports[i] != NULL; i++) {
        if (strcmp(hr_exports[i]->name, format) == 0) {
            *ret = hr_exports[i];
            return 0;
        }
    }
    return hr_fail(err, HR_E_UNSUPPORTED, "'%s' is no format to export to; there are auto, jsonl, npy and hdf5", format);
}

/* --- the totals: how many rows each ragged field has in all --- */

/* Offsets alone are looked at, through the mapping, so little is read of stores that are not compressed. */
static int count_rows(const struct hr_store *s, struct hr_export *e, uint64_t first, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) struct hr_column *col = hr_calloc((size_t)s->schema.n + 1, sizeof *col);
    uint64_t scratch_bytes = hr_store_scratch(s);
    HR_CLEANUP(hr_freep) void *scratch = scratch_bytes == 0 ? NULL : hr_aligned(64, scratch_bytes);
    if (col == NULL || (scratch_bytes != 0 && scratch == NULL))
        return hr_fail_nomem(err, scratch_bytes, "a chunk");
    for (uint64_t at = first, end = first + e->samples; at < end;) {
        uint32_t c = hr_store_chunk_of(s, at);
        struct hr_chunk chunk = { 0, col };
        int r = hr_store_view(s, c, hr_store_block(s, c), scratch, true, &chunk, err);
        if (r < 0)
            return r;
        uint64_t skip = at - s->chunk[c].first, take = HR_MIN(end - at, s->chunk[c].n - skip);
        for (int f = 0; f < e->schema->n; f++) {
            uint32_t lists = e->layout[f].lists;
            if (lists == 0)
                continue;
            const int32_t *off = col[hr_schema_find(&s->schema, e->schema->field[f].name)].offsets + skip * lists;
            e->rows[f] += (uint64_t)(off[take * lists] - off[0]) / lists;
        }
        at += take;
    }
    return 0;
}

/* --- the run --- */

struct run {
    const struct hr_export_ops *ops;
    struct hr_export *e;
    const struct hr_export_options *o;
    uint64_t done;
};

static int on_chunk(void *arg, const struct hr_chunk *c, struct hr_error *err)
{
    struct run *run = arg;
    int r = run->ops->chunk(run->e, c, err);
    run->done += c->n;
    if (r == 0 && run->o->progress != NULL && run->o->progress(run->done, run->e->samples, run->o->arg))
        return hr_fail(err, HR_E_CANCELLED, "exporting was stopped");
    return r;
}

static int write_all(struct run *run, struct hr_decoder *d, uint64_t first, struct hr_error *err)
{
    int r = run->ops->begin(run->e, err);
    if (r == 0)
        r = hr_decoder_each(d, first, run->e->samples, on_chunk, run, err);
    if (r == 0)
        r = run->ops->finish(run->e, err);
    run->ops->end(run->e);
    return r;
}

/* Puts what is finished under its name. */
static int put_in_place(const char *partial, const char *out, bool force, struct hr_error *err)
{
    enum hr_kind there = hr_path_kind(out);
    if (there == HR_KIND_NONE)
        return hr_rename(partial, out, false, err);
    if (!force)
        return hr_fail(err, HR_E_EXISTS, "'%s' appeared meanwhile; what was exported is in '%s'", out, partial);
    if (hr_rename(partial, out, true, NULL) == 0)
        return hr_path_kind(partial) == HR_KIND_DIR ? hr_remove_tree(partial, err) : hr_unlink(partial, err);
    int r = there == HR_KIND_DIR ? hr_remove_tree(out, err) : 0; /* no exchange on this file system */
    return r < 0 ? r : hr_rename(partial, out, false, err);
}

static int export_store(const struct hr_store *s, const char *out, const struct hr_export_ops *ops,
                        const struct hr_export_options *o, struct hr_export_result *ret, struct hr_error *err)
{
    struct hr_decoder *d;
    int r = hr_decoder_open(s, o->fields, &d, err);
    if (r < 0)
        return r;
    struct hr_export e = { .schema = hr_decoder_schema(d), .layout = hr_decoder_layout(d), .samples = HR_MIN(o->count, s->samples - o->first) };
    size_t length = strlen(out);
    while (length > 1 && out[length - 1] == '/')
        length--;
    HR_CLEANUP(hr_freep) char *partial = hr_malloc(length + sizeof ".partial");
    HR_CLEANUP(hr_freep) char *final = hr_malloc(length + 1);
    e.rows = hr_calloc((size_t)e.schema->n + 1, sizeof *e.rows);
    if (partial == NULL || final == NULL || e.rows == NULL) {
        r = hr_fail_nomem(err, length, "a file's name");
    } else {
        memcpy(partial, out, length);
        memcpy(partial + length, ".partial", sizeof ".partial");
        memcpy(final, out, length);
        final[length] = 0;
        e.path = partial;
        r = hr_path_kind(partial) == HR_KIND_DIR ? hr_remove_tree(partial, err) : 0;
    }
    if (r == 0)
        r = count_rows(s, &e, o->first, err);
    struct run run = { ops, &e, o, 0 };
    if (r == 0)
        r = write_all(&run, d, o->first, err);
    if (r == 0)
        r = put_in_place(partial, final, o->force, err);
    else if (partial != NULL && hr_path_kind(partial) == HR_KIND_DIR)
        (void)!hr_remove_tree(partial, NULL);
    else if (partial != NULL && hr_path_kind(partial) == HR_KIND_FILE)
        (void)!hr_unlink(partial, NULL);
    *ret = (struct hr_export_result){ .samples = e.samples, .bytes = e.bytes };
    hr_free(e.rows);
    hr_decoder_close(d);
    return r;
}

int hr_export(const char *dataset, const char *out, const struct hr_export_options *o, struct hr_export_result *ret,
              struct hr_error *err)
{
    const struct hr_export_ops *ops = NULL;
    struct hr_store *s;
    struct hr_export_result result = { 0, 0, 0 };
    uint64_t start = hr_now();
    int r = pick(o->format, out, &ops, err);
    if (r < 0)
        return r;
    if (!o->force && hr_path_kind(out) != HR_KIND_NONE)
        return hr_fail(err, HR_E_EXISTS, "'%s' is there already; --force replaces it", out);
    r = hr_store_open(dataset, &s, err);
    if (r < 0)
        return r;
    r = o->first > s->samples ? hr_fail(err, HR_E_INVALID, "'%s' has %llu samples; number %llu is none of them", dataset,
                                        (unsigned long long)s->samples, (unsigned long long)o->first)
                              : export_store(s, out, ops, o, &result, err);
    hr_store_close(s);
    if (r < 0)
        return r;
    result.seconds = (double)(hr_now() - start) * 1e-9;
    *ret = result;
    return 0;
}
