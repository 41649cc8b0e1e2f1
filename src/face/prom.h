/* What /metrics tells of a model: names of our own, and on request those of other exporters, so that dashboards made for them
 * work.  Base units in the names; the card's UUID joins; what is unknown is absent. */
#ifndef HR_PROM_H
#define HR_PROM_H

#include "alarm.h"
#include "prom_text.h"
#include "root.h"
#include "top_view.h"

/* The labels of one sample: LABELS({ "uuid", uuid }, { "pid", pid }). */
#define LABELS(...) ((const struct hr_prom_label[]) { __VA_ARGS__, { NULL, NULL } })

/* Whose names are told beside our own. */
enum { HR_PROM_OWN = 0, HR_PROM_NODE = 1, HR_PROM_DCGM = 2, HR_PROM_NVIDIA_SMI = 4 };

void hr_prom_own(struct hr_prom *p, const struct hr_model *m, const char *version);
void hr_prom_alerts(struct hr_prom *p, const struct hr_top_alert *alert, size_t n);
/* The marks on the memory that is used, where there are any. */
void hr_prom_marks(struct hr_prom *p, const struct hr_alarm *a, const struct hr_model *m);
/* Counters that no model holds are read anew, through the root. */
void hr_prom_node(struct hr_prom *p, const struct hr_model *m, const struct hr_root *root);
/* The families of the cards under the names of one of them (not of NODE); of dcgm-exporter that is all. */
void hr_prom_cards(struct hr_prom *p, const struct hr_model *m, unsigned names);
/* The UUID as nvidia_gpu_exporter tells it: without its "GPU-". */
const char *hr_prom_bare_uuid(const struct hr_gpu_load *g);
void hr_prom_nvidia_smi(struct hr_prom *p, const struct hr_model *m);

#endif
