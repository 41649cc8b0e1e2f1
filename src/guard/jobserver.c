#include "jobserver.h"

#include "fifo.h"
#include "file.h"

#include <stdio.h>
#include <string.h>

#define LOST_AFTER UINT64_C(2000000000)
#define STEP_MOST UINT64_C(1000000000)
enum { TOKENS_MAX = 4096, CLIENTS_MAX = 256 };

/* --- the arithmetic --- */

int hr_pool_step(struct hr_pool *p, unsigned there, unsigned held, uint64_t now)
{
    if (there > p->made) { /* J4 */
        p->foreign += there - p->made;
        p->made = there;
    }
    unsigned missing = p->made - there;
    if (p->missing_since != 0 && now - p->stepped > STEP_MOST) /* J3 */
        p->missing_since += now - p->stepped - STEP_MOST;
    p->stepped = now;
    if (missing <= held) {
        p->missing_since = 0;
    } else if (p->missing_since == 0) {
        p->missing_since = now;
    } else if (now - p->missing_since >= LOST_AFTER) { /* J3: what is wanted of them is written below */
        p->lost += missing - held;
        p->made -= missing - held;
        p->missing_since = 0;
    }
    unsigned wanted = HR_MIN(p->wanted, (unsigned)TOKENS_MAX);
    if (p->made < wanted)
        return (int)(wanted - p->made);
    return -(int)HR_MIN(p->made - wanted, there); /* J2 */
}

void hr_pool_done(struct hr_pool *p, int step, unsigned really)
{
    if (step > 0)
        p->made += really;
    else
        p->made -= HR_MIN(really, p->made);
}

unsigned hr_pool_size(int64_t room, uint64_t each, unsigned running, unsigned jobs)
{
    if (room <= 0 || jobs <= 1)
        return 0;
    uint64_t more = (uint64_t)room / HR_MAX(each, (uint64_t)1);
    uint64_t fit = HR_MIN(more, (uint64_t)TOKENS_MAX) + running;
    fit = HR_MIN(fit, (uint64_t)jobs);
    return fit == 0 ? 0 : (unsigned)fit - 1; /* J5 */
}

/* --- the clients --- */

static bool is_client(const char *comm)
{
    static const char *const names[] = { "make", "gmake", "ninja", "ninja-build", "nvcc", "cargo", "lto-wrapper" };
    for (size_t i = 0; i < HR_COUNT(names); i++)
        if (strcmp(comm, names[i]) == 0)
            return true;
    return false;
}

unsigned hr_pool_holders(const struct hr_pool_process *p, size_t n, unsigned jobs)
{
    int client[CLIENTS_MAX];
    unsigned children[CLIENTS_MAX] = { 0 }, held = 0;
    size_t clients = 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(p[i].comm, "rustc") == 0)
            held += jobs;
        if (is_client(p[i].comm) && clients < CLIENTS_MAX)
            client[clients++] = p[i].pid;
        else if (is_client(p[i].comm))
            return UINT32_MAX / 2; /* too many to tell: nothing is called lost */
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < clients; k++)
            children[k] += p[i].parent == client[k];
    for (size_t k = 0; k < clients; k++)
        held += children[k] == 0 ? 0 : children[k] - 1;
    return held;
}

/* --- the fifo --- */

int hr_jobserver_open(const char *folder, struct hr_jobserver *ret, struct hr_error *err)
{
    struct hr_jobserver j = { .fd = -1 };
    int n = snprintf(j.path, sizeof j.path, "%s/jobserver", folder);
    if (n < 0 || (size_t)n >= sizeof j.path || strpbrk(j.path, " \t\\") != NULL) /* words of MAKEFLAGS end there */
        return hr_fail(err, HR_E_UNSUPPORTED, "the path %s cannot stand in MAKEFLAGS", folder);
    int r = hr_fifo_open(j.path, &j.fd, err);
    if (r == 0)
        *ret = j;
    return r;
}

void hr_jobserver_step(struct hr_jobserver *j, unsigned wanted, unsigned held, uint64_t now)
{
    unsigned there;
    if (j->fd < 0 || hr_fifo_count(j->fd, &there) < 0)
        return;
    j->pool.wanted = wanted;
    int step = hr_pool_step(&j->pool, there, held, now);
    if (step > 0)
        hr_pool_done(&j->pool, step, hr_fifo_put(j->fd, (unsigned)step));
    else if (step < 0)
        hr_pool_done(&j->pool, step, hr_fifo_take(j->fd, (unsigned)-step));
}

void hr_jobserver_close(struct hr_jobserver *j)
{
    if (j->fd < 0)
        return;
    hr_close(j->fd);
    j->fd = -1;
    if (hr_unlink(j->path, NULL) < 0)
        j->path[0] = 0; /* it goes with the log's folder */
}
