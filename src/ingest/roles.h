/* Which field is what to a graph: guessed from names and shapes, then held against the data.
 *
 *   edge_index   an integer field of that name (or "edges", "adj") and the shape [2, -1] or [-1, 2]
 *   edge         "edge_...", ragged, with as many rows as edge_index in most samples looked at
 *   node         "x", "pos", "node..." and the like, ragged, with the same number of rows as the first of them
 *   label        "y", "label...", "target..." of fixed shape; with a row per node it is a node field
 *   graph        other numbers of fixed shape
 * The last part of a dotted name counts. */
#ifndef HR_ROLES_H
#define HR_ROLES_H

#include "block.h"

/* Sets role of every field that has none. `b` is a block of samples of this schema (roles do not matter to it). */
void hr_roles_guess(struct hr_schema *s, const struct hr_block *b);
/* Makes the first dimension of node and edge fields ragged where there is an edge_index. */
void hr_roles_loosen(struct hr_schema *s);

#endif
