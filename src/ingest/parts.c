#include "parts.h"

#include "file.h"
#include "mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

char *hr_parts_path(const char *dir, uint32_t part)
{
    char name[32];
    snprintf(name, sizeof name, "part-%05u.arrow", part);
    return hr_join(dir, name);
}

uint32_t hr_parts_next(const struct hr_parts *p)
{
    return p->w != NULL && p->chunks == p->part_chunks ? p->part + 1 : p->part;
}

static int end_part(struct hr_parts *p, struct hr_error *err)
{
    int e = hr_writer_finish(p->w, err);
    hr_writer_destroy(p->w, true);
    p->w = NULL;
    p->part++;
    p->chunks = 0;
    return e;
}

int hr_parts_append(struct hr_parts *p, const struct hr_chunk *c, uint64_t bytes, struct hr_error *err)
{
    if (p->w != NULL && p->chunks == p->part_chunks) {
        int e = end_part(p, err);
        if (e < 0)
            return e;
    }
    if (p->w == NULL) {
        HR_CLEANUP(hr_freep) char *path = hr_parts_path(p->dir, p->part);
        int e = path == NULL ? hr_fail_nomem(err, strlen(p->dir), "a part's name")
                             : hr_writer_create(path, p->schema, &p->options, &p->w, err);
        if (e < 0)
            return e;
    }
    int e = hr_writer_append(p->w, c, err);
    if (e < 0)
        return e;
    p->chunks++;
    p->samples += c->n;
    p->unsynced += bytes;
    return 0;
}

int hr_parts_sync(struct hr_parts *p, struct hr_error *err)
{
    p->unsynced = 0;
    return p->w != NULL ? hr_writer_sync(p->w, err) : 0;
}

int hr_parts_finish(struct hr_parts *p, const char *statistics, struct hr_error *err)
{
    int e = 0;
    if (p->w != NULL && statistics != NULL)
        e = hr_writer_meta(p->w, "headrace.statistics", statistics, err);
    return e == 0 && p->w != NULL ? end_part(p, err) : e;
}

void hr_parts_close(struct hr_parts *p)
{
    hr_writer_destroy(p->w, true);
    p->w = NULL;
}

/* The part that was being written: its whole chunks, or none when there is no partial file. */
static int resume_partial(struct hr_parts *p, const char *path, uint64_t *ret_samples, struct hr_error *err)
{
    *ret_samples = 0;
    int e = hr_writer_resume(path, p->schema, &p->options, &p->w, ret_samples, err);
    if (e == HR_E_NOT_FOUND || e == HR_E_FORMAT || e == HR_E_CORRUPT)
        return 0;
    return e;
}

static int empty(struct hr_parts *p, struct hr_error *err)
{
    struct hr_names names = { NULL, 0 };
    hr_writer_destroy(p->w, false);
    p->w = NULL;
    p->part = p->chunks = 0;
    p->samples = 0;
    int e = hr_list(p->dir, &names, err);
    for (size_t i = 0; e == 0 && i < names.n; i++) {
        if (strncmp(names.name[i], "part-", 5) != 0)
            continue;
        char *path = hr_join(p->dir, names.name[i]);
        e = path == NULL ? hr_fail_nomem(err, strlen(p->dir), "a part's name") : hr_unlink(path, err);
        hr_free(path);
    }
    hr_names_fini(&names);
    return e;
}

int hr_parts_resume(struct hr_parts *p, struct hr_journal *j, struct hr_mark *ret, struct hr_error *err)
{
    uint64_t finished = 0, more = 0;
    struct hr_mark m = { .samples = 0 };
    for (;; p->part++) {
        HR_CLEANUP(hr_freep) char *path = hr_parts_path(p->dir, p->part);
        if (path == NULL)
            return hr_fail_nomem(err, strlen(p->dir), "a part's name");
        if (hr_path_kind(path) == HR_KIND_FILE && hr_journal_last_of_part(j, p->part, &m)) {
            finished = m.samples;
            continue;
        }
        int e = resume_partial(p, path, &more, err);
        if (e < 0)
            return e;
        break;
    }
    p->samples = finished + more;
    p->chunks = (uint32_t)((more + p->options.chunk_samples - 1) / p->options.chunk_samples);
    bool known = p->samples != 0 && hr_journal_find(j, p->samples, &m);
    if (!known) {
        *ret = (struct hr_mark){ .samples = 0 };
        int e = empty(p, err);
        return e < 0 ? e : hr_journal_rewind(j, 0, err);
    }
    *ret = m;
    return hr_journal_rewind(j, m.samples, err);
}
