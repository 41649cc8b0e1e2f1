/* A heavy command that cannot take the machine down: its leaves start when there is memory for them, are paused or ended when it
 * runs short all the same, and the command ends with its own status or with a reason.
 *
 * The parts: gate.h (who wants to start), leaves.h (what each takes), room.h (what is free), admit.h (who may go), history.h
 * (what each took before), sys/keeper.h (nothing outlives this process), sys/scribe.h (what is shown and kept).  They are at work
 * together in warden.h: begin to read there. */
#ifndef HR_GUARD_H
#define HR_GUARD_H

#include "admit.h"
#include "course.h"
#include "err.h"
#include "history.h"
#include "leaf.h"
#include "root.h"
#include "tokens.h"

struct hr_guard_options {
    const char *const *argv;
    const char *const *envp;
    uint64_t budget;     /* bytes for the whole build; 0: what is free */
    unsigned jobs;       /* leaves at once; 0: as many as there are CPUs, and fit */
    uint64_t timeout_ns; /* 0: none */
    uint64_t stall_ns;   /* a leaf that uses no CPU for so long is ended; 0: never */
    bool gentle;         /* the command yields to everything else for CPU and disk */
    bool gate;           /* try to use it */
    bool preload;        /* where there is none, try the preloaded library (preload.h) */
    enum hr_tokens_wish jobserver;
    bool aside;          /* the command's standard output goes to standard error: a report follows */
    const char *folder;  /* for output.log and timeline.jsonl: made, and there must be none */
    const char *history; /* the file; NULL: nothing is remembered */
    /* The folders of a toolkit that cannot build for the card, with a slash at the end: a leaf of it ends the build.  NULL: none. */
    const char *refuse_toolkit[2];
    struct hr_course *course; /* what each leaf did is added to it; NULL: it is not kept */
};

enum hr_guard_verdict {
    HR_GUARD_DONE,        /* the command ended by itself; `status` */
    HR_GUARD_NOT_STARTED, /* `status` is the errno */
    HR_GUARD_TIMEOUT,
    HR_GUARD_MEMORY,      /* black: memory was about to be gone; `black` */
    HR_GUARD_REFUSED,     /* a leaf of refuse_toolkit */
    HR_GUARD_INTERRUPTED,
    HR_GUARD_LOST,        /* the keeper was killed */
};
const char *hr_guard_verdict_name(enum hr_guard_verdict v);

struct hr_guard_peak {
    struct hr_leaf_key key; /* tool NULL: none */
    uint64_t bytes;
};
enum { HR_GUARD_LARGEST = 5 };
struct hr_guard_report {
    enum hr_guard_verdict verdict;
    int status;           /* a wait status */
    bool gate;
    bool preload;         /* it is that of the preloaded library */
    bool nested;          /* a guard around this one holds, pauses and ends its jobs */
    char gate_why[128];   /* why there was none, or not the kernel's */
    char preload_why[160]; /* why there was not even that; "" */
    enum hr_pool_address jobserver; /* NONE: no pool of tokens */
    char jobserver_why[160];
    unsigned tokens;                       /* at most */
    uint64_t tokens_lost, tokens_foreign;  /* made anew; taken out */
    uint64_t programs, leaves; /* started: all (0 without the kernel's gate: not known), and leaves among them */
    uint64_t known;            /* leaves whose prediction was their own past */
    uint64_t held, held_ns, held_longest_ns; /* leaves that waited for memory */
    char held_longest[HR_LEAF_SOURCE_MAX];
    uint64_t paused, parked, paused_ns, ended; /* leaves; parked: paused as was foreseen (banker.h); paused_ns: of both */
    uint64_t stalled;          /* leaves that were ended because they used no CPU, and the last one's name */
    char stalled_source[HR_LEAF_SOURCE_MAX];
    uint64_t too_large;        /* leaves that took more than all that could be given, and the largest of them */
    uint64_t too_large_bytes;
    char too_large_source[HR_LEAF_SOURCE_MAX];
    const char *black;         /* HR_GUARD_MEMORY: what was about to happen, for "ended after 3 s because ..." */
    uint64_t oom_kills;        /* processes that the kernel shot for memory meanwhile */
    bool oom_ruled_out;        /* it shot none on the whole machine, and counts them */
    uint64_t continued_again;  /* leaves whose SIGCONT had been lost */
    bool sudo;                 /* a program started it behind the gate, where it cannot work */
    /* Compilers of a cache's server that runs outside the command (sccache): seen, and held by nobody. */
    char server[16];           /* its name; "": none */
    unsigned outside;          /* at once, at most */
    uint64_t outside_peak;     /* bytes */
    /* The sensors. */
    const char *strain;        /* what told of want of memory (strain.h) */
    unsigned worst_some, worst_full; /* per mille of a second that a task, or all, waited for memory */
    enum hr_level worst_level;
    uint64_t short_ns;         /* time that it was not green */
    uint64_t swapped;          /* bytes that the machine moved to swap meanwhile */
    uint64_t passed_blind;     /* leaves that the full table let through uncounted */
    unsigned at_once;          /* leaves at most */
    uint64_t tree_peak;        /* bytes of the whole tree */
    uint64_t ceiling;          /* what it was allowed, as of the last look */
    int64_t least_room;
    struct hr_guard_peak largest[HR_GUARD_LARGEST];
    uint64_t wall_ns, cpu_ns;  /* cpu: the watcher's own */
    uint64_t worst_gap_ns;     /* between two looks */
    uint64_t allocations;      /* made while it watched */
    uint64_t looks;
    uint64_t own_bytes;        /* anonymous memory of the watcher */
    uint64_t own_resident;     /* all of its resident memory, the pages of the program and its libraries too */
    uint64_t left_behind;      /* processes that the command left and that were ended */
    uint64_t lines_lost;
    const char *locked;
    bool history_aside;        /* it was malformed, and was renamed to .bad */
    char history_why[200];     /* why it could not be read or written; "" */
};

/* Runs it to its end.  Fails only before the command has been started. */
int hr_guard_run(const struct hr_root *root, const struct hr_guard_options *o, struct hr_guard_report *ret,
                 struct hr_error *err) HR_MUST_USE;

#endif
