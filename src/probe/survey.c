#include "survey.h"

#include "mem.h"
#include "root_value.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SMALL = 128 << 10, DEPTH_MOST = 4 };

static const struct {
    const char *ending;
    enum hr_content is;
} endings[] = {
    { ".json", HR_CONTENT_JSON },         { ".jsonl", HR_CONTENT_JSON },    { ".ndjson", HR_CONTENT_JSON },
    { ".json.gz", HR_CONTENT_JSON },      { ".jsonl.gz", HR_CONTENT_JSON }, { ".jsonl.zst", HR_CONTENT_JSON },
    { ".npy", HR_CONTENT_ARRAYS },        { ".npz", HR_CONTENT_ARRAYS },    { ".pt", HR_CONTENT_ARRAYS },
    { ".h5", HR_CONTENT_HDF5 },           { ".hdf5", HR_CONTENT_HDF5 },     { ".safetensors", HR_CONTENT_MODEL },
    { ".gguf", HR_CONTENT_MODEL },        { ".arrow", HR_CONTENT_ARROW },   { ".feather", HR_CONTENT_ARROW },
    { ".parquet", HR_CONTENT_ARROW },     { ".jpg", HR_CONTENT_IMAGE },     { ".jpeg", HR_CONTENT_IMAGE },
    { ".png", HR_CONTENT_IMAGE },         { ".webp", HR_CONTENT_IMAGE },    { ".tar", HR_CONTENT_ARCHIVE },
    { ".tar.gz", HR_CONTENT_ARCHIVE },    { ".tgz", HR_CONTENT_ARCHIVE },   { ".zip", HR_CONTENT_ARCHIVE },
};

enum hr_content hr_content_of(const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < HR_COUNT(endings); i++) {
        size_t e = strlen(endings[i].ending);
        if (n > e && strcasecmp(name + n - e, endings[i].ending) == 0)
            return endings[i].is;
    }
    return HR_CONTENT_OTHER;
}

struct work {
    const struct hr_root *root;
    const char *path; /* of the survey */
    struct hr_survey *s;
    uint64_t looks; /* left */
    struct {
        char *path; /* absolute */
        int depth;
    } folder[HR_SURVEY_FOLDERS];
    size_t folders, next;
};

static void note_file(struct work *w, const char *full, const char *name)
{
    enum hr_content c = hr_content_of(name);
    if (w->s->count[c]++ == 0) {
        size_t skip = strlen(w->path);
        const char *below = strncmp(full, w->path, skip) == 0 && full[skip] != 0 ? full + skip : name;
        while (*below == '/')
            below++;
        snprintf(w->s->first[c], sizeof w->s->first[c], "%s", below);
    }
}

/* Takes over `full`. */
static void push(struct work *w, char *full, int depth)
{
    if (w->folders == HR_SURVEY_FOLDERS || depth > DEPTH_MOST) {
        w->s->cut = true;
        hr_free(full);
        return;
    }
    w->folder[w->folders].path = full;
    w->folder[w->folders++].depth = depth;
}

/* A link to somewhere else: data that seems to be here and is not. */
static void note_link(struct work *w, const char *full, const char *name)
{
    struct hr_buf to = HR_BUF_INIT(65536);
    if (!w->s->outside.known && hr_root_readlink(w->root, full, &to, NULL) == 0 && to.len != 0 && to.data[0] == '/' &&
        strncmp(to.data, w->path, strlen(w->path)) != 0) {
        struct hr_buf both = HR_BUF_INIT(65536 + 4096);
        hr_buf_printf(&both, "%s -> %s", name, to.data);
        w->s->outside = hr_word_clean(hr_buf_str(&both));
        hr_buf_fini(&both);
    }
    hr_buf_fini(&to);
}

static void look(struct work *w, const char *folder, const char *name, int depth)
{
    struct hr_root_stat st;
    char *full = hr_join(folder, name);
    if (full == NULL) {
        w->s->cut = true;
        return;
    }
    w->looks--;
    if (hr_root_stat(w->root, full, false, &st, NULL) < 0) {
        w->s->cut = true; /* it is there, but what it is cannot be told */
    } else if (st.link) {
        note_link(w, full, name);
        note_file(w, full, name);
    } else if (st.kind == HR_KIND_DIR) {
        push(w, full, depth + 1);
        return;
    } else if (st.kind == HR_KIND_FILE) {
        w->s->looked++;
        w->s->bytes += st.size;
        w->s->small += st.size < SMALL;
        note_file(w, full, name);
    }
    hr_free(full);
}

/* Evenly over the names, so that all of `looks` are not spent on one folder: each gets what is left of its share. */
static void list(struct work *w, const char *folder, int depth)
{
    struct hr_names names;
    bool cut = false;
    if (w->s->names >= HR_SURVEY_NAMES ||
        hr_root_list_some(w->root, folder, HR_SURVEY_NAMES - w->s->names, &names, &cut, NULL) < 0) {
        w->s->cut = true;
        return;
    }
    uint64_t share = HR_MIN(w->looks / 2 + 8, w->looks), looked = 0;
    w->s->cut |= cut;
    w->s->folders++;
    w->s->names += names.n;
    for (size_t i = 0; i < names.n; i++) {
        /* the i-th of n is looked at when share * i / n grows */
        bool chosen = names.n <= share || (i + 1) * share / names.n > i * share / names.n;
        w->s->packed |= depth == 0 && strcmp(names.name[i], "manifest.json") == 0;
        if (chosen && looked < share && w->looks != 0) {
            looked++;
            look(w, folder, names.name[i], depth);
        } else {
            note_file(w, names.name[i], names.name[i]);
        }
    }
    hr_names_fini(&names);
}

void hr_survey_read(const struct hr_root *root, const char *path, bool foreign, struct hr_survey *ret)
{
    struct hr_root_stat st;
    struct hr_error err = HR_ERROR_INIT;
    struct work w = { root, path, ret, foreign ? HR_SURVEY_LOOKS_FOREIGN : HR_SURVEY_LOOKS, { { NULL, 0 } }, 0, 0 };
    *ret = (struct hr_survey) { .outside = hr_word_unknown("no link leads out") };
    int r = hr_root_stat(root, path, true, &st, &err);
    if (r < 0) {
        ret->there = r == HR_E_NOT_FOUND ? hr_truth_of(false) : hr_truth_unknown("%.90s", err.text);
        return;
    }
    ret->there = hr_truth_of(true);
    ret->folder = st.kind == HR_KIND_DIR;
    if (!ret->folder) {
        const char *slash = strrchr(path, '/');
        ret->names = ret->looked = 1;
        ret->bytes = st.size;
        ret->small = st.size < SMALL;
        note_file(&w, path, slash != NULL ? slash + 1 : path);
        ret->packed = ret->count[HR_CONTENT_ARROW] != 0;
        return;
    }
    char *first = hr_strdup(path);
    if (first == NULL)
        ret->cut = true;
    else
        push(&w, first, 0);
    for (; w.next < w.folders; w.next++) {
        list(&w, w.folder[w.next].path, w.folder[w.next].depth);
        hr_free(w.folder[w.next].path);
    }
    ret->packed = ret->packed && ret->count[HR_CONTENT_ARROW] != 0;
}

struct hr_figure hr_survey_bytes(const struct hr_survey *s)
{
    uint64_t files = 0;
    for (int i = 0; i < HR_CONTENTS; i++)
        files += s->count[i];
    if (s->cut)
        return hr_figure_unknown("there are more files than are looked at");
    if (s->looked == 0)
        return files == 0 ? hr_figure_of(0) : hr_figure_unknown("no file's size could be looked at");
    return hr_figure_of((uint64_t)((double)s->bytes / (double)s->looked * (double)files));
}
