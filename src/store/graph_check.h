/* What must be true of the samples of a chunk beyond their bytes being in order: the rules that make them graphs. */
#ifndef HR_GRAPH_CHECK_H
#define HR_GRAPH_CHECK_H

#include "schema.h"

/* In a chunk whose offsets have all been checked (hr_store_view with `deep`), for every sample:
 *   the lists of a [k, *] field are of equal length;
 *   fields of role node have equally many rows, and so have those of the roles edge and edge_index;
 *   every edge_index value names one of the sample's nodes (where there is a node field), and none is negative.
 * HR_E_BAD_SAMPLE names the first sample that breaks one (*ret_sample, counted in the chunk) and the field. */
int hr_graph_check(const struct hr_schema *s, const struct hr_layout *layout, const struct hr_chunk *c, uint32_t *ret_sample,
                   struct hr_error *err) HR_MUST_USE;

#endif
