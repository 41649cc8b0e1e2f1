/* One file that a build made: is it whole, and will its GPU code run on these cards? */
#ifndef HR_PRODUCT_H
#define HR_PRODUCT_H

#include "arch.h"
#include "elf.h"
#include "launch.h"

enum { HR_TARGETS_MAX = 8, HR_PRODUCT_PATH = 1024 };

/* The cards for which it is looked at: those that are here, or, where none is, the architectures that were asked for. */
struct hr_targets {
    unsigned cc[HR_TARGETS_MAX];
    size_t n;
    bool cards;       /* they are here */
    unsigned driver;  /* CUDA version of the driver; 0: not known */
    unsigned toolkit; /* CUDA version of the toolkit that wrote the PTX; 0: not known */
};
/* "12.0;8.6+PTX" and the like; cards that only PTX is asked for count as well.  Words that name no architecture are passed over. */
void hr_targets_of_list(const char *list, struct hr_targets *ret);

struct hr_product {
    char path[HR_PRODUCT_PATH];
    uint64_t size;
    struct hr_elf elf;
    struct hr_fatbin fatbin;
    char unreadable[128]; /* why its GPU code could not be read; "" */
    struct hr_verdict_arch on[HR_TARGETS_MAX];
    uint64_t without[HR_TARGETS_MAX]; /* blocks of GPU code that have nothing for that card */
};

/* False: it cannot be opened or read; `elf.why` says why. */
bool hr_product_read(const char *path, const struct hr_targets *t, struct hr_product *ret);
/* It has GPU code. */
bool hr_product_gpu(const struct hr_product *p);
/* The worst of all targets; HR_RUNS_NATIVE where there is none. */
enum hr_runs hr_product_runs(const struct hr_product *p, const struct hr_targets *t);
/* Some blocks of its GPU code, each at most `most` bytes, appended to `bytes`; `ret` points into it. */
int hr_product_images(const char *path, size_t most, struct hr_buf *bytes, struct hr_launch_images *ret, struct hr_error *err) HR_MUST_USE;

#endif
