/* A model as a flat run of bytes and back: what a recording keeps of a moment.  Little-endian, every field at a fixed place, so
 * that two images differ only where the machine did (docs/recording.md tells the order).  Of rows it keeps the first or the
 * largest few; what is left out is added to the model's own `..._cut`. */
#ifndef HR_RING_IMAGE_H
#define HR_RING_IMAGE_H

#include "model.h"

enum {
    HR_IMAGE_CPUS = 128,
    HR_IMAGE_DISKS = 8,
    HR_IMAGE_LINKS = 8,
    HR_IMAGE_SPACES = 8,
    HR_IMAGE_GPUS = 8,
    HR_IMAGE_GPU_PROCESSES = 8,
    HR_IMAGE_JOBS = 16,
    HR_IMAGE_FILES = 8,
    HR_IMAGE_SEGMENTS = 8,
    HR_IMAGE_PROCS = 48,
};

/* Which process stands in which row: one keeps its row while it is among those that matter.  Zeroed at birth. */
struct hr_image_rows {
    struct hr_proc_load row[HR_IMAGE_PROCS]; /* pid 0: empty */
};

/* Bytes of an image: a constant. */
size_t hr_image_size(void);
/* `to` has room for hr_image_size(). */
void hr_image_write(const struct hr_model *m, struct hr_image_rows *rows, uint8_t *to);
/* Empties a model but for the rows behind what an image can hold (graphics cards, processes): a model that only images were read into is
 * never touched there, and takes no memory for them. */
void hr_image_blank(struct hr_model *m);
/* Takes any bytes: what they say is brought into the model's bounds.  False: they are not of the right number. */
bool hr_image_read(const uint8_t *from, size_t n, struct hr_model *m);

#endif
