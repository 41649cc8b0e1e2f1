#include "history.h"

#include "clock.h"
#include "file.h"
#include "mem.h"
#include "parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEAD "headrace guard-history 1"
#define MIB (UINT64_C(1) << 20)
enum { SLOTS = 2 * HR_HISTORY_MAX, DAY_S = 86400 };

int hr_history_init(struct hr_history *h, uint64_t wall_ns, struct hr_error *err)
{
    memset(h, 0, sizeof *h);
    h->past = hr_calloc(HR_HISTORY_MAX, sizeof *h->past);
    h->slot = hr_calloc(SLOTS, sizeof *h->slot);
    h->day = (uint32_t)(wall_ns / 1000000000 / DAY_S);
    if (h->past != NULL && h->slot != NULL)
        return 0;
    hr_history_fini(h);
    return hr_fail_nomem(err, HR_HISTORY_MAX * sizeof *h->past, "the history of peaks");
}

void hr_history_fini(struct hr_history *h)
{
    hr_free(h->past);
    hr_free(h->slot);
    h->past = NULL;
    h->slot = NULL;
}

/* --- the table --- */

static size_t hash(const struct hr_leaf_key *k)
{
    uint32_t v = k->flags ^ (uint32_t)hr_leaf_tool_index(k->tool->name) * 2654435761u;
    for (const char *p = k->source; *p != 0; p++)
        v = (v ^ (unsigned char)*p) * 16777619u;
    for (const char *p = k->arch; *p != 0; p++)
        v = (v ^ (unsigned char)*p) * 16777619u;
    return v % SLOTS;
}

static struct hr_past *find(const struct hr_history *h, const struct hr_leaf_key *key)
{
    for (size_t i = hash(key);; i = (i + 1) % SLOTS) {
        if (h->slot[i] == 0)
            return NULL;
        struct hr_past *p = &h->past[h->slot[i] - 1];
        if (hr_leaf_same(&p->key, key))
            return p;
    }
}

static void index_one(struct hr_history *h, size_t at)
{
    size_t i = hash(&h->past[at].key);
    while (h->slot[i] != 0)
        i = (i + 1) % SLOTS;
    h->slot[i] = (uint16_t)(at + 1);
}

/* Room for one more: the least recently seen goes, of this run only when there is nothing else. */
static struct hr_past *room_for(struct hr_history *h, const struct hr_leaf_key *key)
{
    size_t at = h->n, old = 0;
    if (h->n < HR_HISTORY_MAX) {
        h->n++;
    } else {
        for (size_t i = 1; i < h->n; i++)
            if (h->past[i].now < h->past[old].now ||
                (h->past[i].now == h->past[old].now && h->past[i].day < h->past[old].day))
                old = i;
        at = old;
    }
    bool again = at != h->n - 1 || h->past[at].peak != 0;
    h->past[at] = (struct hr_past) { .key = *key };
    if (again) {
        memset(h->slot, 0, SLOTS * sizeof *h->slot);
        for (size_t i = 0; i < h->n; i++)
            index_one(h, i);
    } else {
        index_one(h, at);
    }
    return &h->past[at];
}

void hr_history_learn(struct hr_history *h, const struct hr_leaf_key *key, uint64_t peak)
{
    if (peak == 0)
        return;
    struct hr_past *p = find(h, key);
    if (p == NULL)
        p = room_for(h, key);
    p->peak = peak >= p->peak ? peak : p->peak - (p->peak - peak) / 4;
    p->times += p->times != UINT32_MAX;
    p->day = h->day;
    p->now = true;
    int t = hr_leaf_tool_index(key->tool->name);
    if (t >= 0 && (size_t)t < HR_COUNT(h->tool) && !key->preprocess) {
        h->tool[t].most = HR_MAX(h->tool[t].most, peak);
        h->tool[t].n++;
    }
}

uint64_t hr_history_margin(uint64_t peak)
{
    return peak + peak / 20 + 4 * MIB;
}

struct hr_expected hr_history_predict(const struct hr_history *h, const struct hr_leaf_key *key)
{
    const struct hr_past *p = find(h, key);
    uint64_t own = p == NULL ? 0 : hr_history_margin(p->peak), table = hr_leaf_default(key);
    if (p != NULL)
        return (struct hr_expected) { own, own, true };
    int t = hr_leaf_tool_index(key->tool->name);
    if (key->preprocess || t < 0 || (size_t)t >= HR_COUNT(h->tool))
        return (struct hr_expected) { table, table, false };
    if (h->tool[t].n == 0)
        return (struct hr_expected) { table, table / 2, false };
    /* Each one seen makes the next less of a surprise: twice, one and a half times, one and a quarter of the largest. */
    uint64_t most = h->tool[t].most, more = most / (h->tool[t].n == 1 ? 1 : h->tool[t].n == 2 ? 2 : 4);
    return (struct hr_expected) { HR_MIN(most + more, HR_MAX(table, most + most / 4)), most, false };
}

/* --- the file --- */

static bool word(struct hr_str s, char *to, size_t n)
{
    if (s.n == 0 || s.n >= n)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 127)
            return false;
    memcpy(to, s.p, s.n);
    to[s.n] = 0;
    return true;
}

static bool hex(struct hr_str s, uint32_t *ret)
{
    uint32_t v = 0;
    if (s.n != 8)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        const char *at = memchr("0123456789abcdef", s.p[i], 16);
        if (at == NULL)
            return false;
        v = v << 4 | (uint32_t)(at - "0123456789abcdef");
    }
    *ret = v;
    return true;
}

static bool small(struct hr_str s, uint64_t most, uint64_t *ret)
{
    return hr_parse_u64(s, ret, NULL) == 0 && *ret <= most;
}

/* A row of the table of tools: one of that name may be gone in this version, which is no damage. */
static bool line_of(struct hr_str line, struct hr_past *ret, bool *ret_known)
{
    struct hr_str f[7], rest = line;
    char name[32];
    uint64_t peak, times, day;
    size_t n = 0, tools;
    while (n < HR_COUNT(f) && hr_str_cut(&rest, '\t', &f[n]))
        n++;
    struct hr_past p = { 0 };
    if (n != HR_COUNT(f) || rest.p != NULL || !word(f[0], name, sizeof name) ||
        !word(f[1], p.key.source, sizeof p.key.source) || !word(f[2], p.key.arch, sizeof p.key.arch) ||
        !hex(f[3], &p.key.flags) || !small(f[4], UINT64_C(1) << 48, &peak) || !small(f[5], UINT32_MAX, &times) ||
        !small(f[6], 1 << 20, &day) || peak == 0)
        return false;
    int t = hr_leaf_tool_index(name);
    *ret_known = t >= 0;
    p.key.tool = t >= 0 ? &hr_leaf_tools(&tools)[t] : NULL;
    p.peak = peak;
    p.times = (uint32_t)times;
    p.day = (uint32_t)day;
    *ret = p;
    return true;
}

static int walk(struct hr_history *h, struct hr_str text, struct hr_error *err)
{
    struct hr_str line;
    struct hr_past p;
    size_t number = 1;
    bool known;
    if (!hr_str_cut(&text, '\n', &line) || !hr_str_is(line, HEAD))
        return hr_fail(err, HR_E_FORMAT, "line 1 is not \"%s\"", HEAD);
    while (hr_str_cut(&text, '\n', &line)) {
        number++;
        if (text.p == NULL && line.n == 0)
            return 0;
        if (text.p == NULL || number > HR_HISTORY_MAX + 1 || !line_of(line, &p, &known))
            return hr_fail(err, HR_E_FORMAT, "line %zu is no line of a history", number);
        if (h == NULL || !known)
            continue;
        struct hr_past *old = find(h, &p.key);
        if (old == NULL && h->n < HR_HISTORY_MAX)
            *room_for(h, &p.key) = p;
    }
    return 0;
}

int hr_history_parse(struct hr_history *h, struct hr_str text, struct hr_error *err)
{
    int r = walk(NULL, text, err); /* all of it first: half a file is not taken */
    return r < 0 ? r : walk(h, text, err);
}

bool hr_history_write(const struct hr_history *h, struct hr_buf *out)
{
    hr_buf_adds(out, HEAD "\n");
    for (size_t i = 0; i < h->n; i++) {
        const struct hr_past *p = &h->past[i];
        hr_buf_printf(out, "%s\t%s\t%s\t%08" PRIx32 "\t%" PRIu64 "\t%" PRIu32 "\t%" PRIu32 "\n", p->key.tool->name,
                      p->key.source, p->key.arch, p->key.flags, p->peak, p->times, p->day);
    }
    return !out->failed;
}

int hr_history_load(struct hr_history *h, const char *path, bool *ret_aside, struct hr_error *err)
{
    struct hr_buf b = HR_BUF_INIT(HR_HISTORY_BYTES_MAX), bad = HR_BUF_INIT(4096);
    struct hr_error why = HR_ERROR_INIT;
    *ret_aside = false;
    int r = hr_slurp(path, &b, &why);
    if (r == 0)
        r = hr_history_parse(h, hr_buf_str(&b), &why);
    hr_buf_fini(&b);
    if (r == 0 || r == HR_E_NOT_FOUND)
        return 0;
    if (r != HR_E_FORMAT && r != HR_E_LIMIT)
        return hr_fail(err, r, "%s", why.text);
    hr_buf_printf(&bad, "%s.bad", path);
    r = bad.failed ? HR_E_NOMEM : hr_rename(path, bad.data, false, err);
    *ret_aside = r == 0;
    hr_buf_fini(&bad);
    return r;
}

int hr_history_save(const struct hr_history *h, const char *path, struct hr_error *err)
{
    struct hr_history all;
    struct hr_buf b = HR_BUF_INIT(HR_HISTORY_BYTES_MAX);
    bool aside;
    int r = hr_history_init(&all, hr_wall(), err);
    if (r < 0)
        return r;
    /* Ours first: where the table is full, what was seen now stays. */
    for (size_t i = 0; i < h->n; i++)
        if (h->past[i].now)
            *room_for(&all, &h->past[i].key) = h->past[i];
    r = hr_history_load(&all, path, &aside, err);
    if (r == 0 && !hr_history_write(&all, &b))
        r = hr_fail_nomem(err, b.len, "the history of peaks");
    if (r == 0)
        r = hr_replace(path, b.data, b.len, err);
    hr_buf_fini(&b);
    hr_history_fini(&all);
    return r;
}
