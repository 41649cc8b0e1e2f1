/* The gate: every program that a build starts stands here for a moment, and a leaf (leaf.h) until it is let through.
 *
 * G1: only leaves are held.  A parent that starts programs by vfork or posix_spawn (ninja, Python, gcc) sleeps until its
 *     child's exec returns; a held shell would hold all of ninja.
 * G2: what is read of the caller's memory counts only if the caller still waits afterwards.
 * G3: whatever fails, the caller is let through: the gate may be blind, never a trap. */
#ifndef HR_GATE_H
#define HR_GATE_H

#include "leaf.h"

enum { HR_GATE_PATH_MAX = 512, HR_GATE_ARGS_MAX = 32768, HR_GATE_ARGC_MAX = 1024 };

struct hr_gate {
    int fd;    /* the kernel's listener, or the door of preloaded programs */
    bool door; /* the latter: only leaves come, after their exec; not all of them do */
    uint64_t seen, leaves, unread; /* programs, leaves among them, those whose memory could not be read */
    bool sudo; /* one of hr_gate_forbids's words has been started */
    char path[HR_GATE_PATH_MAX];   /* of the last one */
    char args[HR_GATE_ARGS_MAX];   /* of the last leaf */
};

enum hr_gate_came {
    HR_GATE_NOBODY, /* it went away before it was seen */
    HR_GATE_PASSED, /* no leaf: it has been let through */
    HR_GATE_LEAF,   /* held: hr_gate_let(gate, id) lets it go */
};
struct hr_gate_leaf {
    uint64_t id;
    int pid;
    struct hr_leaf_key key;
};
/* Once poll() says that somebody stands there.  Allocates nothing. */
enum hr_gate_came hr_gate_take(struct hr_gate *g, struct hr_gate_leaf *ret);
/* Lets one go on; one that has gone is no trouble.  Once for each leaf that was taken. */
void hr_gate_let(const struct hr_gate *g, uint64_t id);

/* May the gate be used here?  0, or the errno of the kernel's refusal: the whole way is tried, with a child whose path is read
 * from its memory and which is then let through.  EPROTO: it was granted and did not work. */
int hr_gate_selftest(void);
/* "another filter of this kind is in force already (a sandbox, or another guard)" */
const char *hr_gate_why(int en);
/* A word of the command that needs more rights than a program behind the gate can get ("sudo"), or NULL. */
const char *hr_gate_forbids(const char *const *argv);

#endif
