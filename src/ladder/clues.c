#include "clues.h"

#include "file.h"
#include "mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { PIECE = 64 << 10, LINE_MAX_BYTES = 4096 };

struct words {
    const char *words, *means;
    bool last;   /* nothing follows them on the line */
    bool killed; /* see clues.h */
};

static const struct words clues[] = {
    { "Killed signal terminated program", "gcc: its compiler was killed", false, true },
    { "fatal error: Killed", "gcc: its compiler was killed", false, true },
    { "internal compiler error: Killed", "gcc: its compiler was killed", false, true },
    { "virtual memory exhausted", "gcc: no memory was left", false, false },
    { "died due to signal 9", "nvcc: one of its stages was killed", false, true },
    { "terminated with signal 9", "gcc: the linker was killed", false, true },
    { "ld: final link failed: memory exhausted", "the linker found no memory", false, false },
    { "ld: memory exhausted", "the linker found no memory", false, false },
    { "signal: 9, SIGKILL", "cargo: rustc was killed", false, true },
    { "unable to execute command: Killed", "clang: its compiler was killed", false, true },
    { "LLVM ERROR: out of memory", "clang or rustc found no memory", false, false },
    { "fatal error: out of memory", "the compiler found no memory", false, false },
    { "cc1plus: out of memory", "gcc: no memory was left", false, false },
    { "cc1: out of memory", "gcc: no memory was left", false, false },
    { "what():  std::bad_alloc", "a tool found no memory", false, false },
    { "terminate called after throwing an instance of 'std::bad_alloc'", "a tool found no memory", false, false },
    { "memory allocation of ", "rustc found no memory", false, false },
    { ": Cannot allocate memory", "the kernel refused memory", false, false },
    { "MemoryError", "Python found no memory", true, false },
    { "Error 137", "a job was killed", false, true },
    { "exit status 137", "a job was killed", false, true },
    { "exit code -9", "a job was killed", false, true },
    { "died with <Signals.SIGKILL: 9>.", "a job was killed", false, true },
    { " Killed", "a job was killed", true, true },
    { "\nKilled", "a job was killed", true, true }, /* the whole line */
    { " Killed          ", "a job was killed", false, true }, /* a shell names its command behind: "sh: line 1:  4242 Killed       cicc a.cu" */
};

static bool quoted(struct hr_str line)
{
    size_t i = 0;
    while (i < line.n && (line.p[i] == ' ' || (line.p[i] >= '0' && line.p[i] <= '9')))
        i++;
    return i > 0 && i < line.n && line.p[i] == '|';
}

static bool contains(struct hr_str line, const char *words, bool last)
{
    size_t n = strlen(words);
    if (words[0] == '\n')
        return hr_str_is(line, words + 1);
    if (last)
        return hr_str_ends(line, words);
    for (size_t i = 0; i + n <= line.n; i++)
        if (line.p[i] == words[0] && memcmp(line.p + i, words, n) == 0)
            return true;
    return false;
}

static const struct words *words_in(struct hr_str line)
{
    line = hr_str_trim(line);
    if (quoted(line))
        return NULL;
    for (size_t i = 0; i < HR_COUNT(clues); i++)
        if (contains(line, clues[i].words, clues[i].last))
            return &clues[i];
    return NULL;
}

const char *hr_clue_of(struct hr_str line)
{
    const struct words *w = words_in(line);
    return w == NULL ? NULL : w->means;
}

static bool take(struct hr_clue *ret, struct hr_str line)
{
    const struct words *w = words_in(line);
    if (w == NULL)
        return false;
    ret->means = w->means;
    ret->killed = w->killed;
    line = hr_str_trim(line);
    snprintf(ret->line, sizeof ret->line, "%.*s", HR_STR_ARG(line));
    return true;
}

void hr_clue_find(const char *path, struct hr_clue *ret)
{
    HR_FD fd = -1;
    HR_CLEANUP(hr_freep) char *text = hr_malloc(PIECE + LINE_MAX_BYTES);
    *ret = (struct hr_clue) { 0 };
    if (text == NULL || hr_open(path, O_RDONLY, 0, &fd, NULL) < 0)
        return;
    size_t have = 0;
    for (;;) {
        int64_t got = hr_read_some(fd, text + have, PIECE, path, NULL);
        have += got > 0 ? (size_t)got : 0;
        struct hr_str rest = { text, have }, line;
        while (rest.p != NULL && (memchr(rest.p, '\n', rest.n) != NULL || got <= 0 || rest.n >= LINE_MAX_BYTES)) {
            hr_str_cut(&rest, '\n', &line);
            if (take(ret, line))
                return;
        }
        if (got <= 0)
            return;
        have = rest.p == NULL ? 0 : rest.n;
        if (have != 0)
            memmove(text, rest.p, have);
    }
}
