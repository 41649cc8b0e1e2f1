/* A moment of which only means are kept, as a model: what has a mean is told, everything else is unknown and says why. */
#ifndef HR_MEANS_MODEL_H
#define HR_MEANS_MODEL_H

#include "ring.h"

/* `b`: the values of all slots, over `seconds` from `wall` on.  The parts of the memory add up to its total: what is no program's, not
 * shared and no file's stands as "not attributed". */
void hr_means_model(const struct hr_bucket b[HR_RING_SLOTS], uint64_t wall, unsigned seconds, struct hr_model *ret);

#endif
