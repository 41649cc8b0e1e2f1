/* One look at the processes, as far as training is concerned: who trains, who loads, who polls the GPU. */
#ifndef HR_PROCS_H
#define HR_PROCS_H

#include "known.h"
#include "root.h"

enum { HR_PROCS_MAX = 4096, HR_PROCS_SHOWN = 8 };

struct hr_proc {
    uint64_t pid, parent;
    struct hr_figure resident; /* bytes */
    bool terminal;             /* it has a controlling terminal */
    char name[32];
    char command[160]; /* the first words, blanks between them */
};

struct hr_procs {
    struct hr_truth known;
    uint64_t seen;              /* processes looked at */
    bool cut;                   /* there were more than HR_PROCS_MAX */
    uint64_t loaders;           /* worker processes of PyTorch's DataLoader (or of a multiprocessing pool of Python) */
    uint64_t trainers, pollers; /* all of them; the first ones are shown below */
    struct hr_proc trainer[HR_PROCS_SHOWN]; /* Python processes that look like training */
    struct hr_proc poller[HR_PROCS_SHOWN];  /* nvidia-smi run again and again: watch, -l, dmon, a shell's loop */
    bool dockerd;
};

void hr_procs_read(const struct hr_root *root, struct hr_procs *ret);
/* For tests: does a command line (words parted by blanks) poll nvidia-smi, look like training, or like a loader's worker? */
bool hr_procs_polls(const char *command);
bool hr_procs_trains(const char *command);
bool hr_procs_loads(const char *name, const char *command);

#endif
