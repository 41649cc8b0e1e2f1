/* The timeline: one line of JSON for each thing that happens, with how short memory is then. */
#include "warden.h"

#include "clock.h"

#include <inttypes.h>
#include <stdio.h>

#define MS UINT64_C(1000000)

/* A name for a JSON string: what would need an escape becomes '_'. */
static const char *plain(const char *s, char to[HR_LEAF_SOURCE_MAX])
{
    size_t i = 0;
    for (; s[i] != 0 && i < HR_LEAF_SOURCE_MAX - 1; i++)
        to[i] = (unsigned char)s[i] < 0x20 || (unsigned char)s[i] > 0x7E || s[i] == '"' || s[i] == '\\' ? '_' : s[i];
    to[i] = 0;
    return to;
}

void hr_warden_tell(struct hr_warden *w, const char *event, const struct hr_leaf *leaf, const struct hr_job *job)
{
    char line[1024], name[HR_LEAF_SOURCE_MAX];
    int n = snprintf(line, sizeof line, "{\"ms\":%" PRIu64 ",\"event\":\"%s\"", (hr_now() - w->start) / MS, event);
    if (leaf != NULL)
        n += snprintf(line + n, sizeof line - (size_t)n, ",\"pid\":%d,\"tool\":\"%s\",\"source\":\"%s\",\"arch\":\"%s\"", leaf->pid,
                      leaf->key.tool->name, plain(leaf->key.source, name), leaf->key.arch);
    if (job != NULL)
        n += snprintf(line + n, sizeof line - (size_t)n,
                      ",\"predicted\":%" PRIu64 ",\"peak\":%" PRIu64 ",\"resident\":%" PRIu64, job->predicted, job->peak,
                      job->resident);
    n += snprintf(line + n, sizeof line - (size_t)n, ",\"tree\":%" PRIu64 ",\"room\":%" PRId64 ",\"level\":\"%s\"}\n",
                  w->leaves.resident + w->others, w->space.room, hr_level_name(w->level));
    hr_scribe_line(&w->scribe, line, (size_t)n);
}
