/* Compilers that work for the command and are none of its processes: a cache's server (sccache, distccd, iceccd) that was there before runs
 * them below itself, so that nobody can hold them.  They are counted, so that the report does not say less than was taken. */
#ifndef HR_OUTSIDE_H
#define HR_OUTSIDE_H

#include "attr.h"

enum { HR_OUTSIDE_SERVERS = 8 };
struct hr_outside {
    int server[HR_OUTSIDE_SERVERS]; /* their pids */
    size_t n;
    char name[16];      /* of the one that has run compilers, otherwise of the first found */
    uint64_t looked;    /* for servers, in ns of hr_now */
    unsigned now, most; /* compilers at once */
    uint64_t bytes, peak;
};
/* Looks for servers every few seconds, and where there is one, at its compilers.  `top`: processes below it are the command's own. */
void hr_outside_look(struct hr_outside *o, int top, uint64_t now);
/* Is this the name of such a server? */
bool hr_outside_is_server(const char *comm);
/* Does a server of this name run on this machine? */
bool hr_outside_runs(const char *comm);

#endif
