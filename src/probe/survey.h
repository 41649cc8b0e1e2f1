/* What lies at a path: training data, models, checkpoints.  A bounded sample, never a walk: a dataset may hold millions of
 * files, and on a Windows drive each look costs a millisecond (and leaks memory on the Windows side of some builds:
 * microsoft/WSL#41296).  The bounds are counts, not times, so that the same folder gives the same figures. */
#ifndef HR_SURVEY_H
#define HR_SURVEY_H

#include "known.h"
#include "root.h"

enum hr_content {
    HR_CONTENT_JSON,   /* .json, .jsonl, .ndjson, also compressed */
    HR_CONTENT_ARRAYS, /* .npy, .npz, .pt */
    HR_CONTENT_HDF5,
    HR_CONTENT_MODEL, /* .safetensors, .gguf */
    HR_CONTENT_ARROW, /* .arrow, .parquet */
    HR_CONTENT_IMAGE,
    HR_CONTENT_ARCHIVE, /* .tar, .zip */
    HR_CONTENT_OTHER,
    HR_CONTENTS
};

enum { HR_SURVEY_NAMES = 4096, HR_SURVEY_FOLDERS = 16, HR_SURVEY_LOOKS = 256, HR_SURVEY_LOOKS_FOREIGN = 64 };

struct hr_survey {
    struct hr_truth there; /* something is at the path */
    bool folder;
    bool packed;           /* a dataset of headrace: a manifest beside its parts, or one Arrow file */
    uint64_t names;        /* entries seen in the folders that were listed */
    uint64_t folders;      /* folders listed */
    bool cut;              /* there are more names, or folders that were not listed */
    uint64_t looked;       /* files whose size was looked at */
    uint64_t bytes, small; /* of these: their sizes together; how many are below 128 KiB */
    uint64_t count[HR_CONTENTS];              /* names of each kind, by their endings */
    char first[HR_CONTENTS][HR_WORD_MAX];     /* one of them, relative to the path */
    struct hr_word outside; /* a link in the folder whose target lies elsewhere: "name -> target" */
};

/* `foreign`: the path lies on a Windows drive or a network, so look at less. */
void hr_survey_read(const struct hr_root *root, const char *path, bool foreign, struct hr_survey *ret);
/* By the name's ending. */
enum hr_content hr_content_of(const char *name);
/* Bytes of all files, from the sample: exact when all were looked at; unknown when there are more than were listed. */
struct hr_figure hr_survey_bytes(const struct hr_survey *s);

#endif
