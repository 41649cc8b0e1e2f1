/* JSON Lines. */
#include "export.h"

#include "file.h"
#include "mem.h"
#include "sample_json.h"

#include <fcntl.h>

enum { FLUSH_AT = 1 << 20 };
#define LINE_MAX_BYTES ((size_t)4 << 30)

struct jsonl {
    int fd;
    struct hr_buf text;
};

static int begin(struct hr_export *e, struct hr_error *err)
{
    struct jsonl *j = hr_calloc(1, sizeof *j);
    if (j == NULL)
        return hr_fail_nomem(err, sizeof *j, "exporting");
    *j = (struct jsonl){ -1, HR_BUF_INIT(LINE_MAX_BYTES) };
    e->impl = j;
    return hr_open(e->path, O_WRONLY | O_CREAT | O_TRUNC, 0666, &j->fd, err);
}

static int write_out(struct hr_export *e, struct hr_error *err)
{
    struct jsonl *j = e->impl;
    int r = hr_write_all(j->fd, j->text.data, j->text.len, e->path, err);
    e->bytes += j->text.len;
    hr_buf_reset(&j->text);
    return r;
}

static int chunk(struct hr_export *e, const struct hr_chunk *c, struct hr_error *err)
{
    struct jsonl *j = e->impl;
    for (uint32_t i = 0; i < c->n; i++) {
        if (!hr_sample_json(e->schema, e->layout, c, i, &j->text))
            return hr_fail_nomem(err, j->text.len, "a line of JSON");
        if (j->text.len >= FLUSH_AT) {
            int r = write_out(e, err);
            if (r < 0)
                return r;
        }
    }
    return 0;
}

static int finish(struct hr_export *e, struct hr_error *err)
{
    struct jsonl *j = e->impl;
    int r = write_out(e, err);
    return r < 0 ? r : hr_fsync(j->fd, e->path, err);
}

static void end(struct hr_export *e)
{
    struct jsonl *j = e->impl;
    if (j == NULL)
        return;
    hr_close(j->fd);
    hr_buf_fini(&j->text);
    hr_free(j);
}

const struct hr_export_ops hr_export_jsonl = { "jsonl", "JSON Lines, one line per sample", begin, chunk, finish, end };
