#include "footprint.h"

#include "held.h"

#define PAGE UINT64_C(4096)

const char *hr_kin_kind_name(enum hr_kin_kind k)
{
    static const char *const name[] = { "main", "workers", "programs" };
    return name[k];
}

bool hr_rollup_parse(const char *text, size_t n, struct hr_rollup *ret)
{
    struct hr_rollup r = { .apart = true };
    uint64_t huge = 0, huge_own = 0, own_dirty = 0;
    if (!hr_held_line(text, n, "Rss", &r.rss) || !hr_held_line(text, n, "Pss", &r.pss))
        return false;
    r.apart = hr_held_line(text, n, "Pss_Anon", &r.anon) && hr_held_line(text, n, "Pss_File", &r.file) &&
              hr_held_line(text, n, "Pss_Shmem", &r.shmem);
    if (!r.apart) {
        r.anon = r.pss;
        r.file = r.shmem = 0;
    }
    hr_held_line(text, n, "Private_Dirty", &own_dirty);
    hr_held_line(text, n, "Shared_Hugetlb", &huge);
    hr_held_line(text, n, "Private_Hugetlb", &huge_own);
    hr_held_line(text, n, "SwapPss", &r.swap);
    /* Huge pages of hugetlbfs are in no RSS and no PSS. */
    r.anon += huge_own + huge;
    r.own = HR_MIN(own_dirty + huge_own, r.anon + r.shmem);
    *ret = r;
    return true;
}

static uint64_t plus(uint64_t a, int64_t b)
{
    return b < 0 && (uint64_t)-b > a ? 0 : a + (uint64_t)b;
}

static int64_t delta(uint64_t now, uint64_t then)
{
    return (int64_t)(now - then);
}

/* F2 */
static uint64_t share(const struct hr_part *p)
{
    if (p->measured)
        return plus(p->took, delta(p->anon, p->base));
    return p->anon > p->base ? p->anon - p->base : 0;
}

/* F3 */
static uint64_t copied(const struct hr_part *p)
{
    uint64_t pages = p->faults > p->faults_base ? p->faults - p->faults_base : 0, grown = p->anon > p->base ? p->anon - p->base : 0;
    return p->measured && pages * PAGE > grown ? pages * PAGE - grown : 0;
}

struct hr_taken hr_footprint_now(const struct hr_footprint *f, const struct hr_part *const *part, size_t n, const struct hr_counts *now)
{
    struct hr_taken l = { 0 };
    int64_t sum = 0;
    uint64_t copies = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t v = share(part[i]);
        l.kind[part[i]->kind] += v;
        l.count[part[i]->kind]++;
        l.file += part[i]->file;
        sum += (int64_t)v;
        copies += copied(part[i]);
    }
    sum += f->rest;
    l.sure = sum < 0 ? 0 : (uint64_t)sum;
    if (!f->measured)
        return l;
    /* What left memory for the swap is still theirs. */
    int64_t swapped = delta(now->swap, f->then.swap), lost = delta(f->truth, l.sure);
    if (swapped > 0 && lost > 0)
        l.sure += (uint64_t)HR_MIN(swapped, lost);
    int64_t shared = delta(now->shmem, f->then.shmem);
    l.unsure += HR_MIN(copies, f->copyable);
    if (shared > 0)
        l.unsure += (uint64_t)shared;
    return l;
}

void hr_footprint_born(struct hr_part *p, bool forked)
{
    p->measured = false;
    p->took = p->own = p->file = 0;
    p->base = forked ? p->anon : 0;
}

void hr_footprint_gone(struct hr_footprint *f, const struct hr_part *p, unsigned copies)
{
    uint64_t was = share(p);
    if (!p->measured || copies == 0)
        return; /* all of it went */
    uint64_t went = HR_MIN(plus(p->own, delta(p->anon, p->base)), was);
    f->rest += (int64_t)(was - went);
}

void hr_footprint_put(struct hr_part *p, const struct hr_rollup *r, uint64_t anon_then, uint64_t faults_then)
{
    p->measured = true;
    p->faults_base = faults_then;
    p->faults = HR_MAX(p->faults, faults_then);
    p->base = anon_then;
    p->took = r->anon + r->shmem + r->swap;
    p->own = r->own + r->swap;
    p->file = r->file;
}

/* F4: what a group lacks; asked of its first member only. */
static uint64_t lacks(const struct hr_part *const *part, size_t n, size_t first)
{
    uint64_t sum = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        if (i != first && (part[i]->group != part[first]->group || part[first]->group == 0))
            continue;
        if (i < first)
            return 0;
        sum += share(part[i]);
        most = HR_MAX(most, part[i]->measured ? part[i]->anon : 0);
    }
    return most > sum ? most - sum : 0;
}

void hr_footprint_measured(struct hr_footprint *f, const struct hr_part *const *part, size_t n, const struct hr_counts *then,
                           uint64_t now)
{
    uint64_t truth = 0, seen = 0, rest = 0;
    for (size_t i = 0; i < n; i++) {
        truth += share(part[i]);
        rest += lacks(part, n, i);
        if (part[i]->measured)
            seen += part[i]->anon;
    }
    *f = (struct hr_footprint) { .measured = true, .truth = truth + rest, .at = now, .rest = (int64_t)rest, .then = *then };
    f->copyable = seen > f->truth ? seen - f->truth : 0;
}
