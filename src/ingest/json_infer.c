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

/* Values of one key that are alike: of one kind and nested equally deep.  A key has several of these when some samples are
 * bad; what most samples have is the field. */
struct shape {
    char name[HR_NAME_MAX + 1];
    enum hr_json_kind kind; /* of the innermost values; HR_JSON_BAD = only empty lists, or `odd` */
    int leaf;               /* how deep they lie: 0 = a scalar; -1 with HR_JSON_BAD */
    const char *odd;        /* static: why such a value cannot be a field, or NULL */
    uint64_t samples;       /* that have it */
    bool floats;            /* a fraction, an exponent, NaN or an infinity */
    double largest;         /* magnitude of finite numbers */
    int deepest;            /* lists inside lists that were seen */
    struct {
        int64_t n;          /* length of the lists that are not empty: UNSEEN, VARIES */
        bool empty;         /* an empty list was among them */
        int64_t usual;      /* the length that most samples have throughout, if any does: candidate and votes of a */
        uint64_t votes;     /* majority vote, so `votes` is at least twice the majority less the number of samples */
    } dim[HR_NDIM_MAX];
};

struct hr_json_infer {
    struct shape *shape;
    size_t n, cap;
    uint64_t samples;   /* whole ones */
    const char *file;   /* whose samples come; NULL: of a stream */
    unsigned files;
    char trouble[512];  /* of the first malformed one */
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

/* The shape for such values of `name`, made when it is new; NULL with *ret_e < 0 when there is no room for it. */
static struct shape *shape_of(struct hr_json_infer *g, const char *name, const struct shape *like, int *ret_e,
                              struct hr_error *err)
{
    for (size_t i = 0; i < g->n; i++) {
        struct shape *s = &g->shape[i];
        if (strcmp(s->name, name) != 0 || s->odd != like->odd)
            continue;
        bool either_empty = s->odd == NULL && (s->leaf < 0 ? like->leaf != 0 : like->leaf < 0 && s->leaf != 0);
        if ((s->kind == like->kind && s->leaf == like->leaf) || either_empty)
            return s;
    }
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
    *s = (struct shape){ .kind = like->kind, .leaf = like->leaf, .odd = like->odd, .deepest = -1 };
    snprintf(s->name, sizeof s->name, "%s", name);
    for (int d = 0; d < HR_NDIM_MAX; d++)
        s->dim[d].n = s->dim[d].usual = UNSEEN;
    return s;
}

/* Adds what one sample's value is like to what is known. */
static void merge(struct shape *s, const struct shape *v)
{
    if (s->leaf < 0) {
        s->kind = v->kind;
        s->leaf = v->leaf;
    }
    s->samples++;
    s->floats = s->floats || v->floats;
    s->largest = HR_MAX(s->largest, v->largest);
    s->deepest = HR_MAX(s->deepest, v->deepest);
    for (int d = 0; d < HR_NDIM_MAX; d++) {
        int64_t n = v->dim[d].n;
        s->dim[d].empty = s->dim[d].empty || v->dim[d].empty;
        if (n == UNSEEN)
            continue;
        if (s->dim[d].votes == 0)
            s->dim[d].usual = n;
        s->dim[d].votes = s->dim[d].usual == n ? s->dim[d].votes + 1 : s->dim[d].votes - 1;
        s->dim[d].n = s->dim[d].n == UNSEEN || s->dim[d].n == n ? n : VARIES;
    }
}

/* --- looking at one value: p is known to be well-formed --- */

static const char *look_number(struct shape *s, const char *p)
{
    struct hr_decimal d;
    struct hr_json_trouble t;
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
        s->dim[depth].empty = true;
    else
        s->dim[depth].n = s->dim[depth].n == UNSEEN || s->dim[depth].n == n ? n : VARIES;
}

static const char *look_leaf(struct shape *s, const char *p, int depth)
{
    struct hr_json_trouble t;
    enum hr_json_kind kind = hr_json_kind(p);
    if (s->leaf >= 0 && s->leaf != depth)
        s->odd = "is nested sometimes more and sometimes less deeply";
    else if (s->leaf >= 0 && s->kind != kind)
        s->odd = "mixes numbers, strings or truth values";
    s->leaf = depth;
    s->kind = kind;
    if (kind == HR_JSON_NULL)
        s->odd = "is null";
    if (kind == HR_JSON_OBJECT)
        s->odd = "is a list of objects; a sample is one object, so give the list itself as the file's outermost value";
    return kind == HR_JSON_NUMBER ? look_number(s, p) : hr_json_skip(p, &t);
}

static const char *look(struct shape *s, const char *p, int depth)
{
    struct hr_json_trouble t;
    s->deepest = HR_MAX(s->deepest, depth);
    if (*p != '[')
        return look_leaf(s, p, depth);
    if (depth == HR_NDIM_MAX) {
        s->odd = "is nested deeper than 4 lists";
        return hr_json_skip(p, &t);
    }
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

/* One value of the key `name`. */
static const char *look_value(struct hr_json_infer *g, const char *name, const char *p, int *ret_e, struct hr_error *err)
{
    struct shape v = { .leaf = -1, .deepest = -1 };
    for (int d = 0; d < HR_NDIM_MAX; d++)
        v.dim[d].n = UNSEEN;
    p = look(&v, p, 0);
    if (v.odd != NULL) {
        v.kind = HR_JSON_BAD;
        v.leaf = -1;
    }
    struct shape *s = shape_of(g, name, &v, ret_e, err);
    if (s != NULL)
        merge(s, &v);
    return p;
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
            p = look_value(g, name, p, ret_e, err);
        }
        if (*ret_e < 0)
            return NULL;
        p = hr_json_blanks(p);
        p = *p == ',' ? hr_json_blanks(p + 1) : p;
    }
    return p + 1;
}

static void tell_trouble(struct hr_json_infer *g, const struct hr_json_trouble *t)
{
    int n = g->file == NULL ? 0 : snprintf(g->trouble, sizeof g->trouble, "in '%.256s' ", g->file);
    char *to = g->trouble + n;
    size_t room = sizeof g->trouble - (size_t)n;
    if (t->at[0] == 0) /* at the end there is nothing to quote */
        snprintf(to, room, "%s", t->why);
    else
        snprintf(to, room, "%s (near '%.20s')", t->why, t->at);
}

void hr_json_infer_file(struct hr_json_infer *g, const char *path)
{
    g->file = path;
    g->files++;
}

int hr_json_infer_add(struct hr_json_infer *g, const char *p, struct hr_error *err)
{
    struct hr_json_trouble t = { p, "it is not an object" };
    const char *end = *p == '{' ? hr_json_skip(p, &t) : NULL;
    if (end == NULL) {
        if (g->trouble[0] == 0)
            tell_trouble(g, &t);
        return 0;
    }
    int e = 0;
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
    if (!s->floats && s->kind == HR_JSON_NUMBER)
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
    return s->dim[d].n < 0 || s->dim[d].empty ? HR_RAGGED : s->dim[d].n;
}

/* Nearly all samples have one length there: the others are bad rather than the field ragged. */
static bool usually(const struct shape *s, int d)
{
    return s->dim[d].usual > 0 && s->dim[d].votes * 10 >= s->samples * 8;
}

static int shape_to_dims(const struct shape *s, struct hr_field *f, struct hr_error *err)
{
    int ragged = 0;
    for (int d = 0; d < f->ndim; d++) {
        f->shape[d] = dim_of(s, d);
        ragged += f->shape[d] == HR_RAGGED;
    }
    if (ragged > 1 && f->shape[0] == HR_RAGGED && s->dim[0].n > 0) {
        f->shape[0] = s->dim[0].n; /* two lists of numbers, or [] for none: an edge_index without edges */
        ragged--;
    }
    bool deep = ragged == 1 && f->shape[0] != HR_RAGGED && f->shape[1] != HR_RAGGED;
    for (int d = f->ndim - 1; d > 0 && (ragged > 1 || deep); d--) {
        if (f->shape[d] != HR_RAGGED || !usually(s, d))
            continue;
        f->shape[d] = s->dim[d].usual;
        ragged--;
        deep = ragged == 1 && f->shape[0] != HR_RAGGED && f->shape[1] != HR_RAGGED;
    }
    if (ragged > 1)
        return no_field(s, "has lists of differing length inside lists of differing length", err);
    if (deep)
        return no_field(s, "has lists of differing length deeper than the second level", err);
    return 0;
}

static int field_of(const struct shape *s, bool float64, struct hr_field *ret, struct hr_error *err)
{
    struct hr_field f = { .role = HR_ROLE_NONE };
    snprintf(f.name, sizeof f.name, "%s", s->name);
    if (s->odd != NULL)
        return no_field(s, s->odd, err);
    if (s->kind == HR_JSON_STRING && s->leaf > 0)
        return no_field(s, "is a list of strings", err);
    f.ndim = s->leaf >= 0 ? s->leaf : s->deepest + 1;
    f.dtype = s->kind == HR_JSON_STRING ? HR_STR : s->kind == HR_JSON_TRUE_FALSE ? HR_BOOL : number_type(s, float64);
    f.stored = f.dtype;
    int e = shape_to_dims(s, &f, err);
    if (e == 0)
        *ret = f;
    return e;
}

/* What most samples have under the name of shape i; NULL when that is none of them, or i is not the first of its name. */
static const struct shape *elected(const struct hr_json_infer *g, size_t i, bool *ret_mixed)
{
    const struct shape *best = &g->shape[i];
    uint64_t sum = 0;
    for (size_t k = 0; k < g->n; k++) {
        if (strcmp(g->shape[k].name, g->shape[i].name) != 0)
            continue;
        if (k < i)
            return NULL;
        sum += g->shape[k].samples;
        best = g->shape[k].samples > best->samples ? &g->shape[k] : best;
    }
    *ret_mixed = sum * 2 > g->samples && best->samples * 2 <= sum;
    return sum * 2 > g->samples ? best : NULL; /* most samples lack it: those that have it are the odd ones */
}

int hr_json_infer_schema(const struct hr_json_infer *g, bool float64, struct hr_schema *ret, struct hr_error *err)
{
    struct hr_schema s = { 0, NULL };
    if (g->samples == 0 && g->trouble[0] != 0)
        return hr_fail(err, HR_E_FORMAT, "no sample could be read: %s", g->trouble);
    if (g->samples == 0 && g->files == 1)
        return hr_fail(err, HR_E_FORMAT, "there are no samples in '%.256s'", g->file);
    if (g->samples == 0)
        return hr_fail(err, HR_E_FORMAT, "there are no samples in the sources");
    s.field = hr_calloc(HR_FIELDS_MAX, sizeof *s.field);
    if (s.field == NULL)
        return hr_fail_nomem(err, HR_FIELDS_MAX * sizeof *s.field, "a schema");
    int e = 0;
    for (size_t i = 0; e == 0 && i < g->n; i++) {
        bool mixed = false;
        const struct shape *best = elected(g, i, &mixed);
        if (best == NULL)
            continue;
        if (s.n == HR_FIELDS_MAX)
            e = hr_fail(err, HR_E_LIMIT, "the samples have more than %d fields", HR_FIELDS_MAX);
        else if (mixed)
            e = no_field(best, "is of one kind in some samples and of another in others", err);
        else
            e = field_of(best, float64, &s.field[s.n], err);
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
