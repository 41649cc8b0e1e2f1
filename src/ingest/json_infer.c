#include "json_infer.h"

#include "decimal.h"
#include "json_row.h"
#include "mem.h"
#include "roles.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { UNSEEN = -2, VARIES = -1 };

/* Everything known of one key. */
struct shape {
    char name[HR_NAME_MAX + 1];
    uint64_t samples;  /* that have it */
    uint64_t seen_in;  /* the last one, from 1: a key that is there twice */
    bool numbers, bools, strings;
    bool floats;       /* a fraction, an exponent, NaN or an infinity */
    double largest;    /* magnitude of finite numbers */
    int leaf;          /* nesting of the values: 0 = a scalar, -1 = only empty lists so far */
    int deepest;       /* lists inside lists that were seen */
    int64_t dim[HR_NDIM_MAX];   /* length of the lists that are not empty, UNSEEN or VARIES */
    bool empty[HR_NDIM_MAX];    /* an empty list was among them */
    const char *odd;   /* static: why it cannot be a field, or NULL */
};

struct hr_json_infer {
    struct shape *shape;
    size_t n, cap;
    uint64_t samples;   /* whole ones */
    uint64_t turn;      /* samples begun */
    char trouble[256];  /* of the first malformed one */
    struct hr_buf word;
};

int hr_json_infer_create(struct hr_json_infer **ret, struct hr_error *err)
{
    struct hr_json_infer *g = hr_calloc(1, sizeof *g);
    if (g == NULL)
        return hr_fail_nomem(err, sizeof *g, "looking at JSON samples");
    g->word = HR_BUF_INIT((size_t)1 << 20);
    hr_decimal_init();
    *ret = g;
    return 0;
}

void hr_json_infer_destroy(struct hr_json_infer *g)
{
    if (g == NULL)
        return;
    hr_buf_fini(&g->word);
    hr_free(g->shape);
    hr_free(g);
}

uint64_t hr_json_infer_count(const struct hr_json_infer *g)
{
    return g->samples;
}

/* The shape of `name`, made when it is new; NULL with *ret_e < 0 when there is no room for it. */
static struct shape *shape_of(struct hr_json_infer *g, const char *name, int *ret_e, struct hr_error *err)
{
    for (size_t i = 0; i < g->n; i++)
        if (strcmp(g->shape[i].name, name) == 0)
            return &g->shape[i];
    if (g->n == HR_FIELDS_MAX * 4) {
        *ret_e = hr_fail(err, HR_E_LIMIT, "the samples have more than %d keys between them: are keys used for values?",
                         HR_FIELDS_MAX * 4);
        return NULL;
    }
    if (g->n == g->cap) {
        size_t cap = HR_MAX((size_t)16, g->cap * 2);
        struct shape *p = hr_reallocarray(g->shape, cap, sizeof *p);
        if (p == NULL) {
            *ret_e = hr_fail_nomem(err, cap * sizeof *p, "looking at JSON samples");
            return NULL;
        }
        g->shape = p;
        g->cap = cap;
    }
    struct shape *s = &g->shape[g->n++];
    *s = (struct shape){ .leaf = -1, .deepest = -1 };
    snprintf(s->name, sizeof s->name, "%s", name);
    for (int d = 0; d < HR_NDIM_MAX; d++)
        s->dim[d] = UNSEEN;
    return s;
}

/* --- looking at one value: p is known to be well-formed --- */

static const char *look_number(struct shape *s, const char *p)
{
    struct hr_decimal d;
    struct hr_json_trouble t;
    s->numbers = true;
    const char *end = hr_decimal_scan(p, &d);
    if (end == NULL) { /* NaN, Infinity */
        s->floats = true;
        return hr_json_skip(p, &t);
    }
    double v = fabs(hr_decimal_f64(&d, p));
    if (isfinite(v))
        s->largest = HR_MAX(s->largest, v);
    s->floats = s->floats || !d.whole;
    return end;
}

static void look_length(struct shape *s, int depth, int64_t n)
{
    if (n == 0)
        s->empty[depth] = true;
    else if (s->dim[depth] == UNSEEN)
        s->dim[depth] = n;
    else if (s->dim[depth] != n)
        s->dim[depth] = VARIES;
}

static const char *look(struct shape *s, const char *p, int depth)
{
    struct hr_json_trouble t;
    enum hr_json_kind kind = hr_json_kind(p);
    s->deepest = HR_MAX(s->deepest, depth);
    if (kind == HR_JSON_ARRAY && depth == HR_NDIM_MAX) {
        s->odd = "is nested deeper than 4 lists";
        return hr_json_skip(p, &t);
    }
    if (kind == HR_JSON_ARRAY) {
        int64_t n = 0;
        p = hr_json_blanks(p + 1);
        while (*p != ']') {
            p = hr_json_blanks(look(s, p, depth + 1));
            p = *p == ',' ? hr_json_blanks(p + 1) : p;
            n++;
        }
        look_length(s, depth, n);
        return p + 1;
    }
    if (s->leaf >= 0 && s->leaf != depth)
        s->odd = "is nested sometimes more and sometimes less deeply";
    s->leaf = depth;
    switch (kind) {
    case HR_JSON_NUMBER: return look_number(s, p);
    case HR_JSON_TRUE_FALSE: s->bools = true; break;
    case HR_JSON_STRING: s->strings = true; break;
    case HR_JSON_NULL: s->odd = "is null"; break;
    default: s->odd = "is a list of objects; a sample is one object, so give the list itself as the file's outermost value"; break;
    }
    return hr_json_skip(p, &t);
}

/* The fields of the well-formed object at p, their names after `prefix`. */
static const char *look_object(struct hr_json_infer *g, const char *p, const char *prefix, int depth, int *ret_e,
                               struct hr_error *err)
{
    p = hr_json_blanks(p + 1);
    while (*p != '}') {
        struct hr_json_trouble t;
        struct hr_str key;
        char name[HR_NAME_MAX + 1];
        p = hr_json_string(p, &g->word, &key, &t);
        int n = snprintf(name, sizeof name, "%s%s%.*s", prefix, *prefix != 0 ? "." : "", HR_STR_ARG(key));
        p = hr_json_blanks(hr_json_blanks(p) + 1);
        if (n < 0 || (size_t)n >= sizeof name || depth == HR_NAME_MAX / 2) {
            *ret_e = hr_fail(err, HR_E_LIMIT, "the key '%s...' is longer than %d bytes", name, HR_NAME_MAX);
            return NULL;
        }
        if (*p == '{') {
            p = look_object(g, p, name, depth + 1, ret_e, err);
        } else {
            struct shape *s = shape_of(g, name, ret_e, err);
            if (s != NULL) {
                s->samples += s->seen_in != g->turn;
                s->seen_in = g->turn;
                p = look(s, p, 0);
            }
        }
        if (*ret_e < 0)
            return NULL;
        p = hr_json_blanks(p);
        p = *p == ',' ? hr_json_blanks(p + 1) : p;
    }
    return p + 1;
}

int hr_json_infer_add(struct hr_json_infer *g, const char *p, struct hr_error *err)
{
    struct hr_json_trouble t = { p, "it is not an object" };
    const char *end = *p == '{' ? hr_json_skip(p, &t) : NULL;
    if (end == NULL) {
        if (g->trouble[0] == 0)
            snprintf(g->trouble, sizeof g->trouble, "%s (near '%.20s')", t.why, t.at);
        return 0;
    }
    int e = 0;
    g->turn++;
    (void)look_object(g, p, "", 0, &e, err);
    g->samples += e == 0;
    return e;
}

/* --- from shapes to fields --- */

static bool names_time(const char *name)
{
    static const char *const words[] = { "time", "timestamp", "ts", "t", "date", "epoch" };
    const char *dot = strrchr(name, '.');
    const char *base = dot != NULL ? dot + 1 : name;
    for (size_t i = 0; i < HR_COUNT(words); i++)
        if (strcmp(base, words[i]) == 0)
            return true;
    struct hr_str s = hr_str(base);
    return hr_str_ends(s, "_time") || hr_str_ends(s, "_timestamp") || hr_str_ends(s, "_ts");
}

static enum hr_dtype number_type(const struct shape *s, bool float64)
{
    if (!s->floats && s->numbers)
        return s->largest < 0x1p63 ? HR_I64 : HR_F64;
    bool scalar = s->leaf == 0;
    if (float64 || s->largest > (double)FLT_MAX || (scalar && (names_time(s->name) || s->largest > 0x1p20)))
        return HR_F64;
    return HR_F32;
}

static int no_field(const struct shape *s, const char *why, struct hr_error *err)
{
    return hr_fail(err, HR_E_UNSUPPORTED, "'%s' %s; such values cannot be stored as a field", s->name, why);
}

/* Dimension d as the field has it: a length that was sometimes 0 varies. */
static int64_t dim_of(const struct shape *s, int d)
{
    return s->dim[d] == UNSEEN || s->dim[d] == VARIES || s->empty[d] ? HR_RAGGED : s->dim[d];
}

static int field_of(const struct shape *s, bool float64, struct hr_field *ret, struct hr_error *err)
{
    struct hr_field f = { .role = HR_ROLE_NONE };
    snprintf(f.name, sizeof f.name, "%s", s->name);
    if (s->odd != NULL)
        return no_field(s, s->odd, err);
    if (s->numbers + s->bools + s->strings > 1)
        return no_field(s, "mixes numbers, strings or truth values", err);
    if (s->strings && s->leaf > 0)
        return no_field(s, "is a list of strings", err);
    f.ndim = s->leaf >= 0 ? s->leaf : s->deepest + 1;
    f.dtype = s->strings ? HR_STR : s->bools ? HR_BOOL : number_type(s, float64);
    f.stored = f.dtype;
    int ragged = 0;
    for (int d = 0; d < f.ndim; d++) {
        f.shape[d] = dim_of(s, d);
        ragged += f.shape[d] == HR_RAGGED;
    }
    if (ragged == 2 && f.shape[1] == HR_RAGGED && f.shape[0] == HR_RAGGED && s->dim[0] > 0) {
        f.shape[0] = s->dim[0]; /* two lists of numbers, or [] for none: an edge_index without edges */
        ragged = 1;
    }
    if (ragged > 1)
        return no_field(s, "has lists of differing length inside lists of differing length", err);
    if (ragged == 1 && f.shape[0] != HR_RAGGED && f.shape[1] != HR_RAGGED)
        return no_field(s, "has lists of differing length deeper than the second level", err);
    *ret = f;
    return 0;
}

int hr_json_infer_schema(const struct hr_json_infer *g, bool float64, struct hr_schema *ret, struct hr_error *err)
{
    struct hr_schema s = { 0, NULL };
    if (g->samples == 0 && g->trouble[0] != 0)
        return hr_fail(err, HR_E_FORMAT, "no sample could be read: %s", g->trouble);
    if (g->samples == 0)
        return hr_fail(err, HR_E_FORMAT, "there are no samples in the sources");
    s.field = hr_calloc(HR_FIELDS_MAX, sizeof *s.field);
    if (s.field == NULL)
        return hr_fail_nomem(err, HR_FIELDS_MAX * sizeof *s.field, "a schema");
    int e = 0;
    for (size_t i = 0; e == 0 && i < g->n; i++) {
        if (g->shape[i].samples * 2 <= g->samples)
            continue; /* most samples lack it: those that have it are the odd ones */
        if (s.n == HR_FIELDS_MAX)
            e = hr_fail(err, HR_E_LIMIT, "the samples have more than %d fields", HR_FIELDS_MAX);
        else
            e = field_of(&g->shape[i], float64, &s.field[s.n], err);
        s.n += e == 0;
    }
    if (e == 0 && s.n == 0)
        e = hr_fail(err, HR_E_FORMAT, "the samples have no field in common");
    if (e < 0) {
        hr_schema_fini(&s);
        return e;
    }
    hr_roles_loosen(&s);
    *ret = s;
    return 0;
}
