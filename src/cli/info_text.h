/* The parts of `headrace info` for people. */
#ifndef HR_INFO_TEXT_H
#define HR_INFO_TEXT_H

#include "cli.h"
#include "stats.h"
#include "store.h"

/* "[*, 9]" */
void hr_info_shape(const struct hr_field *f, struct hr_buf *to);
int hr_info_fields(struct hr_cli *cli, const struct hr_store *s, const struct hr_stats *stats);
/* One line per feature; of fields with more than `most`, that many. */
int hr_info_statistics(struct hr_cli *cli, const struct hr_stats *stats, uint64_t most);
/* Fields whose values were changed by --quantize, and by how much.  Nothing when there are none. */
int hr_info_quantization(struct hr_cli *cli, const struct hr_stats *stats);
/* The chunks as a row of blocks, taller ones larger. */
int hr_info_map(struct hr_cli *cli, const struct hr_store *s);
/* What windows of several sizes cost in randomness and in memory. */
int hr_info_forecast(struct hr_cli *cli, const struct hr_store *s, uint64_t batch);

/* The window sizes of the forecast: 1, 4, 16, ... and all chunks; returns how many. */
enum { HR_INFO_WINDOWS = 20 };
int hr_info_windows(const struct hr_store *s, uint64_t ret[HR_INFO_WINDOWS]);

#endif
