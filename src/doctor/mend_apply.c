/* Going and coming back. */
#include "mend_journal.h"

#include "file.h"

enum { FILE_MOST = 2 << 20 };

enum state { BEFORE, AFTER, FOREIGN };

/* What the file of an entry holds now. */
static int state_of(const struct hr_spot *spot, bool existed, struct hr_str before, struct hr_str after, enum state *ret,
                    struct hr_error *err)
{
    struct hr_buf now = HR_BUF_INIT(FILE_MOST);
    struct hr_spot_is is;
    int r = hr_spot_read(spot, &now, &is, err);
    if (r == 0)
        *ret = is.exists && hr_str_eq(hr_buf_str(&now), after)                              ? AFTER
               : is.exists == existed && (!existed || hr_str_eq(hr_buf_str(&now), before)) ? BEFORE
                                                                                            : FOREIGN;
    hr_buf_fini(&now);
    return r;
}

/* --- there --- */

static int apply_step(const struct hr_mend_step *s, struct hr_error *err)
{
    struct hr_spot spot;
    enum state now = FOREIGN;
    int r = hr_spot_open(s->path, &spot, err);
    if (r < 0)
        return r;
    r = state_of(&spot, s->was.exists, hr_buf_str(&s->before), s->after, &now, err);
    if (r == 0 && now != BEFORE)
        r = hr_fail(err, HR_E_STATE, "'%s' was changed in the meantime and is left alone", s->path);
    if (r == 0)
        r = hr_spot_write(&spot, s->after, &s->was, err);
    hr_spot_close(&spot);
    return r;
}

static int go_back(const struct hr_journal *j, struct hr_buf *told, struct hr_error *err);

/* After a failure half-way: everything as it was.  The first error is the one to tell. */
static void give_up(const char *state, const char *dir, struct hr_error *err)
{
    struct hr_journal j = { NULL, NULL, 0 };
    struct hr_buf told = HR_BUF_INIT(1 << 20);
    int r = hr_journal_read_last(state, &j, NULL);
    if (r == 0 && j.dir != NULL)
        r = go_back(&j, &told, NULL);
    if (r == 0)
        r = hr_journal_remove(dir, NULL);
    if (r == 0)
        hr_fail_prefix(err, err != NULL ? err->code : 0, "nothing was changed");
    else
        hr_fail_prefix(err, err != NULL ? err->code : 0, "stopped half-way ('headrace doctor --undo' takes it back)");
    hr_journal_fini(&j);
    hr_buf_fini(&told);
}

int hr_mends_apply(const char *state, const struct hr_mend_plan *p, uint64_t now, struct hr_buf *ret_undo,
                   struct hr_error *err)
{
    HR_FD lock = -1;
    struct hr_buf dir = HR_BUF_INIT(8192);
    int r = hr_journal_lock(state, &lock, err);
    if (r == 0)
        r = hr_journal_write(state, p, now, &dir, err);
    if (r < 0) {
        hr_buf_fini(&dir);
        return hr_fail_prefix(err, r, "nothing was changed");
    }
    for (size_t i = 0; r == 0 && i < p->n; i++)
        r = apply_step(&p->step[i], err);
    if (r < 0)
        give_up(state, dir.data, err);
    else
        hr_buf_add(ret_undo, dir.data, dir.len);
    hr_buf_fini(&dir);
    return r;
}

/* --- and back --- */

/* Looks at every file before it touches one (M2). */
static int may_go_back(const struct hr_journal *j, struct hr_error *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < j->n; i++) {
        const struct hr_journal_entry *e = &j->entry[i];
        struct hr_spot spot;
        enum state now = FOREIGN;
        r = hr_spot_open(e->path, &spot, err);
        if (r < 0)
            break;
        r = state_of(&spot, e->was.exists, hr_buf_str(&e->before), hr_buf_str(&e->after), &now, err);
        if (r == 0 && now == FOREIGN)
            r = hr_fail(err, HR_E_STATE,
                        "'%s' was changed since it was mended, so nothing is undone; what it held before is in %s/%zu.before",
                        e->path, j->dir, i);
        hr_spot_close(&spot);
    }
    return r;
}

static int back_one(const struct hr_journal_entry *e, struct hr_buf *told, struct hr_error *err)
{
    struct hr_spot spot;
    enum state now = FOREIGN;
    int r = hr_spot_open(e->path, &spot, err);
    if (r < 0)
        return r;
    r = state_of(&spot, e->was.exists, hr_buf_str(&e->before), hr_buf_str(&e->after), &now, err);
    if (r == 0 && now == AFTER)
        r = e->was.exists ? hr_spot_write(&spot, hr_buf_str(&e->before), &e->was, err) : hr_spot_remove(&spot, err);
    if (r == 0)
        hr_buf_printf(told, "%s: %s\n", e->path,
                      now != AFTER    ? "was as before already"
                      : e->was.exists ? "holds again what it held"
                                      : "removed, as it was not there before");
    hr_spot_close(&spot);
    return r;
}

static int go_back(const struct hr_journal *j, struct hr_buf *told, struct hr_error *err)
{
    int r = may_go_back(j, err);
    for (size_t i = j->n; r == 0 && i-- > 0;)
        r = back_one(&j->entry[i], told, err);
    return r;
}

int hr_mends_undo(const char *state, struct hr_buf *told, struct hr_error *err)
{
    HR_FD lock = -1;
    struct hr_journal j = { NULL, NULL, 0 };
    int r = hr_journal_lock(state, &lock, err);
    if (r == 0)
        r = hr_journal_read_last(state, &j, err);
    if (r < 0 || j.dir == NULL)
        return r;
    r = go_back(&j, told, err);
    if (r == 0)
        r = hr_journal_remove(j.dir, err);
    hr_journal_fini(&j);
    return r < 0 ? r : 1;
}
