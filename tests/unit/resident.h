/* What this process holds now, counted page by page: the counters behind statm and status lag behind it by up to 128 pages for every
 * CPU that the process has run on. */
#ifndef HR_TEST_RESIDENT_H
#define HR_TEST_RESIDENT_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes behind a key of one of the files of /proc/self; 0: not told. */
static inline uint64_t kept_in(const char *path, const char *key)
{
    char line[256];
    uint64_t kib = 0;
    FILE *f = fopen(path, "r");
    while (f != NULL && kib == 0 && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            kib = strtoull(line + strlen(key), NULL, 10);
    if (f != NULL)
        fclose(f);
    return kib << 10;
}

/* Anonymous memory: what a leak would be, and what a budget is held against. */
static inline uint64_t anonymous_now(void)
{
    uint64_t exact = kept_in("/proc/self/smaps_rollup", "Anonymous:");
    return exact != 0 ? exact : kept_in("/proc/self/status", "RssAnon:");
}

#endif
