#include "fcd_sample.h"

#include "decimal.h"
#include "mem.h"
#include "rng.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *const hr_fcd_field_name[HR_FCD_FIELDS] = { "time", "x", "vehicle", "lane", "lane_index", "type" };

/* --- finding the steps --- */

static bool begins(struct hr_str t, size_t at, const char *word)
{
    size_t n = strlen(word);
    return t.n - at >= n && memcmp(t.p + at, word, n) == 0;
}

size_t hr_fcd_next(struct hr_str t, size_t from, size_t *ret_from, bool *ret_end)
{
    *ret_end = false;
    while (from < t.n) {
        const char *p = memchr(t.p + from, '<', t.n - from);
        if (p == NULL)
            break;
        from = (size_t)(p - t.p);
        if (t.n - from < 13) /* "</fcd-export" may be cut here */
            goto more;
        if (begins(t, from, "<!--")) {
            const char *close = memmem(t.p + from + 4, t.n - from - 4, "-->", 3);
            if (close == NULL)
                goto more;
            from = (size_t)(close - t.p) + 3;
            continue;
        }
        if (begins(t, from, "</fcd-export")) {
            *ret_end = true;
            goto more;
        }
        if (begins(t, from, "<timestep") && strchr(" \t\r\n/>", t.p[from + 9]) != NULL) {
            *ret_from = from;
            return from;
        }
        from++;
    }
    from = t.n;
more:
    *ret_from = from;
    return SIZE_MAX;
}

#if HAVE_EXPAT

#include <expat.h>

enum { DEPTH_MAX = 16 };

struct hr_fcd_parser {
    XML_Parser xml;
    int depth;
    struct hr_fcd_shape *look; /* while looking */
    const struct hr_fcd_shape *shape;
    const enum hr_fcd_field *kind;
    struct hr_block *b;
    bool timed;
    const char *wrong, *key; /* why the sample is bad */
    int guess[HR_FCD_COLUMNS]; /* where the column stood among the last vehicle's attributes */
};

int hr_fcd_create(struct hr_fcd_parser **ret, struct hr_error *err)
{
    static const XML_Memory_Handling_Suite memory = { hr_malloc, hr_realloc, hr_free };
    struct hr_fcd_parser *p = hr_calloc(1, sizeof *p);
    if (p != NULL)
        p->xml = XML_ParserCreate_MM("UTF-8", &memory, NULL);
    if (p == NULL || p->xml == NULL) {
        hr_free(p);
        return hr_fail_nomem(err, sizeof *p, "reading XML");
    }
    hr_decimal_init();
    *ret = p;
    return 0;
}

void hr_fcd_destroy(struct hr_fcd_parser *p)
{
    if (p == NULL)
        return;
    XML_ParserFree(p->xml);
    hr_free(p);
}

/* --- values --- */

static bool number(const char *text, double *ret)
{
    char padded[64 + HR_DECIMAL_PAD] = { 0 };
    size_t n = strlen(text);
    struct hr_decimal d;
    if (n == 0 || n >= 64)
        return false;
    memcpy(padded, text, n);
    if (hr_decimal_scan(padded, &d) != padded + n)
        return false;
    *ret = hr_decimal_f64(&d, padded);
    return true;
}

/* Names become numbers that are the same in every build and run: FNV-1a, mixed, never negative and never 0. */
static int64_t name_hash(const char *s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *s != 0; s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3u;
    return (int64_t)(hr_mix64(h) >> 1 | 1);
}

static int16_t index_of_lane(const char *lane)
{
    const char *under = lane == NULL ? NULL : strrchr(lane, '_');
    double v = -1;
    return under != NULL && number(under + 1, &v) && v >= 0 && v <= INT16_MAX ? (int16_t)v : -1;
}

static const char *attribute(const char *const *atts, const char *name)
{
    for (; *atts != NULL; atts += 2) {
        if (strcmp(atts[0], name) == 0)
            return atts[1];
    }
    return NULL;
}

/* --- looking --- */

static const char *const known[] = { "x", "y", "z", "angle", "speed", "pos", "slope", "acceleration", "accelerationLat",
                                     "posLat", "distance", "odometer", "signals", "timeLoss", "leaderSpeed", "leaderGap" };

static size_t rank_of(const char *name)
{
    size_t i = 0;
    while (i < HR_COUNT(known) && strcmp(known[i], name) != 0)
        i++;
    return i;
}

static int by_rank(const void *a, const void *b)
{
    size_t x = rank_of(a), y = rank_of(b);
    return x != y ? (x < y ? -1 : 1) : strcmp(a, b);
}

void hr_fcd_sort(struct hr_fcd_shape *s)
{
    qsort(s->column, (size_t)s->n, sizeof s->column[0], by_rank);
}

static bool is_name(const char *a)
{
    static const char *const names[] = { "id", "type", "lane", "edge", "route", "leaderID", "tag" };
    for (size_t i = 0; i < HR_COUNT(names); i++) {
        if (strcmp(a, names[i]) == 0)
            return true;
    }
    return false;
}

static void look_at(struct hr_fcd_shape *s, const char *const *atts)
{
    s->vehicles++;
    for (; *atts != NULL; atts += 2) {
        double v;
        s->lane = s->lane || strcmp(atts[0], "lane") == 0;
        s->type = s->type || strcmp(atts[0], "type") == 0;
        if (is_name(atts[0]) || strlen(atts[0]) >= HR_FCD_NAME || !number(atts[1], &v))
            continue;
        int i = 0;
        while (i < s->n && strcmp(s->column[i], atts[0]) != 0)
            i++;
        if (i == s->n && i < HR_FCD_COLUMNS)
            memcpy(s->column[s->n++], atts[0], strlen(atts[0]) + 1);
    }
}

/* --- filling --- */

static void put_row(struct hr_fcd_parser *p, int f, const char *const *atts)
{
    int n = p->shape->n, given = 0;
    bool wide = p->b->schema->field[f].stored == HR_F64;
    size_t bytes = (size_t)n * (wide ? sizeof(double) : sizeof(float));
    uint8_t *room = hr_block_room(p->b, f, bytes);
    if (room == NULL)
        return; /* hr_block_end tells */
    while (atts[2 * given] != NULL)
        given++;
    for (int i = 0; i < n; i++) {
        const char *text = NULL;
        if (p->guess[i] < given && strcmp(atts[2 * p->guess[i]], p->shape->column[i]) == 0)
            text = atts[2 * p->guess[i] + 1];
        for (int k = 0; text == NULL && k < given; k++) {
            if (strcmp(atts[2 * k], p->shape->column[i]) == 0) {
                p->guess[i] = k;
                text = atts[2 * k + 1];
            }
        }
        double v = NAN;
        if (text != NULL && !number(text, &v)) {
            p->wrong = "is no number";
            p->key = p->shape->column[i];
            return;
        }
        float narrow = (float)v;
        memcpy(room + (size_t)i * (wide ? 8 : 4), wide ? (void *)&v : (void *)&narrow, wide ? 8 : 4);
    }
    hr_block_commit(p->b, f, bytes);
}

static void put_vehicle(struct hr_fcd_parser *p, const char *const *atts)
{
    const char *id = attribute(atts, "id"), *lane = attribute(atts, "lane"), *type = attribute(atts, "type");
    if (id == NULL) {
        p->wrong = "is missing";
        p->key = "vehicle.id";
        return;
    }
    int64_t hash[HR_FCD_FIELDS] = { [HR_FCD_VEHICLE] = name_hash(id), [HR_FCD_LANE] = lane == NULL ? 0 : name_hash(lane),
                                    [HR_FCD_TYPE] = type == NULL ? 0 : name_hash(type) };
    int16_t index = index_of_lane(lane);
    for (int f = 0; f < p->b->schema->n && p->wrong == NULL; f++) {
        enum hr_fcd_field k = p->kind[f];
        if (k == HR_FCD_X)
            put_row(p, f, atts);
        else if (k == HR_FCD_LANE_INDEX)
            hr_block_add(p->b, f, &index, sizeof index);
        else if (k != HR_FCD_TIME)
            hr_block_add(p->b, f, &hash[k], sizeof hash[k]);
    }
}

static void put_time(struct hr_fcd_parser *p, const char *const *atts)
{
    const char *text = attribute(atts, "time");
    double v;
    p->timed = text != NULL && number(text, &v);
    if (!p->timed) {
        p->wrong = text == NULL ? "is missing" : "is no number of seconds";
        p->key = "time";
        return;
    }
    for (int f = 0; f < p->b->schema->n; f++) {
        if (p->kind[f] == HR_FCD_TIME)
            hr_block_add(p->b, f, &v, sizeof v);
    }
}

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **atts)
{
    struct hr_fcd_parser *p = arg;
    const char *const *a = (const char *const *)atts;
    p->depth++;
    if (p->depth > DEPTH_MAX) {
        p->wrong = "is nested too deep";
        p->key = "timestep";
    } else if (p->depth == 1 && p->look == NULL) {
        put_time(p, a);
    } else if (p->depth == 2 && strcmp(name, "vehicle") == 0) {
        if (p->look != NULL)
            look_at(p->look, a);
        else
            put_vehicle(p, a);
    }
    if (p->wrong != NULL)
        XML_StopParser(p->xml, XML_FALSE);
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
    struct hr_fcd_parser *p = arg;
    (void)name;
    p->depth--;
}

/* 0, or negative for what is no fault of the text; p->wrong tells whether the step is good. */
static int run(struct hr_fcd_parser *p, struct hr_str text, uint64_t *ret_at, struct hr_error *err)
{
    p->depth = 0;
    p->timed = false;
    p->wrong = p->key = NULL;
    if (text.n > INT32_MAX / 2)
        return hr_fail(err, HR_E_LIMIT, "a time step has more than a gigabyte of text");
    if (!XML_ParserReset(p->xml, "UTF-8"))
        return hr_fail(err, HR_E_BUG, "the XML parser cannot be used again");
    XML_SetUserData(p->xml, p);
    XML_SetElementHandler(p->xml, on_start, on_end);
    enum XML_Status s = XML_Parse(p->xml, text.p, (int)text.n, 1);
    *ret_at = (uint64_t)XML_GetCurrentByteIndex(p->xml);
    if (s == XML_STATUS_OK || p->wrong != NULL)
        return 0;
    if (XML_GetErrorCode(p->xml) == XML_ERROR_NO_MEMORY)
        return hr_fail_nomem(err, text.n, "reading XML");
    p->wrong = XML_ErrorString(XML_GetErrorCode(p->xml));
    p->key = "timestep";
    return 0;
}

int hr_fcd_look(struct hr_fcd_parser *p, struct hr_str text, struct hr_fcd_shape *shape, struct hr_error *err)
{
    uint64_t at;
    p->look = shape;
    int r = run(p, text, &at, err);
    p->look = NULL;
    return r; /* a malformed step shows nothing; it is told of when it is packed */
}

int hr_fcd_sample(struct hr_fcd_parser *p, struct hr_str text, uint64_t number_of, uint64_t offset,
                  const struct hr_fcd_shape *shape, const enum hr_fcd_field *kind, struct hr_block *b, struct hr_error *err)
{
    uint64_t at = 0;
    p->shape = shape;
    p->kind = kind;
    p->b = b;
    hr_block_begin(b, number_of, offset);
    int r = run(p, text, &at, err);
    if (r < 0)
        return r;
    if (p->wrong != NULL)
        return hr_block_bad(b, p->key, offset + at, err, "%s", p->wrong);
    for (int f = 0; f < b->schema->n; f++) {
        if (kind[f] != HR_FCD_TIME)
            hr_block_list(b, f);
    }
    r = hr_block_end(b, err);
    return r < 0 ? r : 0;
}

#else

int hr_fcd_create(struct hr_fcd_parser **ret, struct hr_error *err)
{
    (void)ret;
    return hr_fail(err, HR_E_UNSUPPORTED, "this headrace was built without expat, which reads SUMO's XML");
}

void hr_fcd_destroy(struct hr_fcd_parser *p)
{
    (void)p;
}

int hr_fcd_look(struct hr_fcd_parser *p, struct hr_str text, struct hr_fcd_shape *shape, struct hr_error *err)
{
    (void)p, (void)text, (void)shape;
    return hr_fail(err, HR_E_BUG, "reading XML without expat");
}

void hr_fcd_sort(struct hr_fcd_shape *shape)
{
    (void)shape;
}

int hr_fcd_sample(struct hr_fcd_parser *p, struct hr_str text, uint64_t number, uint64_t offset,
                  const struct hr_fcd_shape *shape, const enum hr_fcd_field *kind, struct hr_block *b, struct hr_error *err)
{
    (void)p, (void)text, (void)number, (void)offset, (void)shape, (void)kind, (void)b;
    return hr_fail(err, HR_E_BUG, "reading XML without expat");
}

#endif
