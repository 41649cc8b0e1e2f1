/* Which machine code runs on which NVIDIA card: the tables of cards, toolkits and PyTorch wheels, and the rule of the driver.
 * Each row of a table names where it stands; a row is changed with its source, never from memory.
 *
 * A compute capability X.Y is written 10 * X + Y (12.0 is 120, 7.5 is 75), a CUDA version 100 * major + minor (12.8 is 1208);
 * 0 is "not known". */
#ifndef HR_ARCH_H
#define HR_ARCH_H

#include "known.h"

/* --- code --- */
/* One piece of code in a library: SASS is the machine code of one chip, PTX what the driver compiles when it loads. */
struct hr_image {
    uint16_t cc;
    bool ptx;
    char only; /* 'a': exactly this chip; 'f': this family only; 0: neither */
};

enum { HR_IMAGES_MAX = 64 };
struct hr_images {
    struct hr_image image[HR_IMAGES_MAX];
    size_t n;
};
/* Adds it in its place, oldest card first, unless it is there or the list is full. */
void hr_images_add(struct hr_images *list, struct hr_image code);
/* "7.5 8.0 9.0a 12.0+PTX", "sm_75 compute_120", "75;80;90-real" (PyTorch's, nvcc's and CMake's spellings, mixed as they come).
 * False: a word of it is none of these (named words such as "Ampere" and "native" among them). */
bool hr_images_parse(struct hr_str text, struct hr_images *ret);
/* "7.5 8.0 9.0a, PTX 12.0"; "none". */
void hr_images_text(const struct hr_images *list, char out[HR_WORD_MAX]);
/* "12.0", "9.0a" */
struct hr_cc_text {
    char text[16];
};
struct hr_cc_text hr_cc_text(unsigned cc);
struct hr_cc_text hr_cuda_text(unsigned version); /* "12.8" */

/* --- the rule --- */
enum hr_runs {
    HR_RUNS_NATIVE, /* there is SASS that this card takes */
    HR_RUNS_JIT,    /* only PTX: the driver compiles at the first start (slow once, then cached) */
    HR_RUNS_NOT,    /* "no kernel image is available for execution on the device": error 209 */
    HR_RUNS_NEWER,  /* only PTX, written by a toolkit that this driver is too old for: error 222 */
};
struct hr_verdict_arch {
    enum hr_runs runs;
    struct hr_image by; /* the piece that runs; cc 0 where none does */
    char why[HR_WORD_MAX];
};
/* Will code with these pieces run on a card of `cc`?  `toolkit` wrote the PTX, `driver` is the CUDA version of the driver; 0 for
 * either leaves error 222 out. */
struct hr_verdict_arch hr_arch_runs(const struct hr_images *images, unsigned cc, unsigned toolkit, unsigned driver);

enum hr_builds {
    HR_BUILDS_EXACT,  /* the toolkit knows this very card */
    HR_BUILDS_FAMILY, /* it knows an older one of the same major: its SASS runs here */
    HR_BUILDS_PTX,    /* it knows older majors only: PTX that the driver compiles */
    HR_BUILDS_NOT,    /* it has dropped cards as old as this one */
    HR_BUILDS_UNKNOWN,
};
struct hr_verdict_build {
    enum hr_builds builds;
    unsigned with;        /* the cc to build for: 120 where the card is 121 and the toolkit 12.8 */
    unsigned first, last; /* toolkits that know the card; last 0: the newest still does */
    char why[HR_WORD_MAX];
};
struct hr_verdict_build hr_arch_builds(unsigned toolkit, unsigned cc);

/* --- the tables --- */
struct hr_arch {
    uint16_t cc;
    uint16_t first, last; /* CUDA toolkits that build for it; last 0: none has dropped it, 1299: every 12.x has it */
    const char *family;   /* "Blackwell" */
    const char *source;
};
const struct hr_arch *hr_arch_of(unsigned cc); /* NULL: not in the table */
const struct hr_arch *hr_arch_table(size_t *ret_n);
/* Everything that a toolkit builds SASS for: what its `nvcc --list-gpu-code` prints, without "a" and "f". */
void hr_arch_of_toolkit(unsigned toolkit, struct hr_images *ret);
/* The chips of Jetson and Drive: their code and that of the cards do not run on each other, whatever the numbers say. */
bool hr_arch_is_tegra(unsigned cc);

struct hr_card {
    const char *name; /* words of the name NVML gives, "#" is a digit: "RTX A####" */
    uint16_t cc;      /* 0: cards of two capabilities have this name */
    const char *source;
};
const struct hr_card *hr_card_table(size_t *ret_n);
/* The capability from a card's name, for when nothing better tells it; 0 and the row's source in *ret_row otherwise. */
unsigned hr_card_cc(const char *name, const struct hr_card **ret_row);

/* PyTorch's wheels for x86-64 Linux. */
struct hr_wheel {
    uint16_t torch_first, torch_last; /* 207 is 2.7 */
    uint16_t cuda;                    /* 128 is "+cu128" */
    const char *sass, *ptx;           /* "7.5 8.0"; ptx may be "" */
    const char *source;
};
const struct hr_wheel *hr_wheel_table(size_t *ret_n);
/* NULL: not in the table. `torch` 100 * major + minor. */
const struct hr_wheel *hr_wheel_of(unsigned torch, unsigned cuda);
void hr_wheel_images(const struct hr_wheel *w, struct hr_images *ret);

/* The oldest driver branch of a toolkit's major; 0 where no source says so. */
unsigned hr_driver_branch_of(unsigned toolkit, const char **ret_source);

/* "12.8", "12.8.93", "12" as 1208 and 1200; 0: no version. */
unsigned hr_cuda_of(struct hr_str text);

#endif
