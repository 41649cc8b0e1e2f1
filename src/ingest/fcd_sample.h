/* One time step of SUMO's floating-car-data output as a sample (sumo.dlr.de/docs/Simulation/Output/FCDOutput.html).
 *
 *   time        float64  []        graph   of the time step, seconds
 *   x           float32  [-1, F]   node    the numeric attributes of each vehicle, in the order of `column`; NaN where a
 *                                          vehicle lacks one
 *   vehicle     int64    [-1]      node    a hash of the id, equal in every step and file
 *   lane        int64    [-1]      node    a hash of the lane's id; 0 = none
 *   lane_index  int16    [-1]      node    the number behind the last "_" of the lane's id; -1 = none
 *   type        int64    [-1]      node    a hash of the vehicle type's id
 *
 * Columns are the numeric attributes seen: first, in this order, those of x y z angle speed pos slope acceleration
 * accelerationLat posLat distance odometer signals timeLoss leaderSpeed leaderGap, then others in bytewise order.  lane and
 * type are there when vehicles have them.  Persons and containers are passed over. */
#ifndef HR_FCD_SAMPLE_H
#define HR_FCD_SAMPLE_H

#include "block.h"

enum { HR_FCD_COLUMNS = 64, HR_FCD_NAME = 40 };

struct hr_fcd_shape {
    int n;
    char column[HR_FCD_COLUMNS][HR_FCD_NAME];
    bool lane, type;
    uint64_t vehicles; /* seen */
};

enum hr_fcd_field { HR_FCD_TIME, HR_FCD_X, HR_FCD_VEHICLE, HR_FCD_LANE, HR_FCD_LANE_INDEX, HR_FCD_TYPE, HR_FCD_FIELDS };
extern const char *const hr_fcd_field_name[HR_FCD_FIELDS];

struct hr_fcd_parser;
/* One thread at a time. */
int hr_fcd_create(struct hr_fcd_parser **ret, struct hr_error *err) HR_MUST_USE;
void hr_fcd_destroy(struct hr_fcd_parser *p); /* accepts NULL */

/* Adds what the vehicles of a step have to `shape`; `text` runs from "<timestep" to where the next one begins. */
int hr_fcd_look(struct hr_fcd_parser *p, struct hr_str text, struct hr_fcd_shape *shape, struct hr_error *err) HR_MUST_USE;
/* Puts the columns into their order; when no more is looked at. */
void hr_fcd_sort(struct hr_fcd_shape *shape);

/* A step as a sample; field f of the block's schema is kind[f].  `offset`: of the text in the file. */
int hr_fcd_sample(struct hr_fcd_parser *p, struct hr_str text, uint64_t number, uint64_t offset,
                  const struct hr_fcd_shape *shape, const enum hr_fcd_field *kind, struct hr_block *b,
                  struct hr_error *err) HR_MUST_USE;

/* Where the next "<timestep" begins at or after `from`, comments skipped; SIZE_MAX when there is none in the text.
 * *ret_from tells how far the text is done with, for the next call when more of it is there; *ret_end is set when
 * "</fcd-export" was met first, its place in *ret_from. */
size_t hr_fcd_next(struct hr_str text, size_t from, size_t *ret_from, bool *ret_end);

#endif
