#include "projects.h"

#include "str.h"

#include <ctype.h>
#include <string.h>

enum { WORD_MAX = 64 };

/* Names and versions are spelled freely: flash_attn, flash-attn, Flash.Attn. */
static bool same(struct hr_str part, const char *word)
{
    size_t n = strlen(word);
    if (part.n != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = part.p[i] == '_' || part.p[i] == '.' ? '-' : (char)tolower((unsigned char)part.p[i]);
        if (c != word[i])
            return false;
    }
    return true;
}

static const struct hr_project *named(struct hr_str part)
{
    size_t n;
    const struct hr_project *p = hr_projects(&n);
    if (part.n > WORD_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < HR_PROJECT_WORDS && p[i].words[k] != NULL; k++)
            if (same(part, p[i].words[k]))
                return &p[i];
    return NULL;
}

/* "flash_attn-2.8.3", "flash_attn-2.8.3-cp312-linux", "llama.cpp": the whole, then what stands before a version. */
static const struct hr_project *in_part(struct hr_str part)
{
    static const char *const ends[] = { ".git", ".tar.gz", ".zip", ".whl" };
    for (size_t i = 0; i < HR_COUNT(ends); i++)
        if (hr_str_ends(part, ends[i]))
            part.n -= strlen(ends[i]);
    const struct hr_project *p = named(part);
    for (size_t i = 1; p == NULL && i + 1 < part.n; i++)
        if ((part.p[i] == '-' || part.p[i] == '_') && (isdigit((unsigned char)part.p[i + 1]) || strncmp(part.p + i + 1, "main", 4) == 0 ||
                                                       strncmp(part.p + i + 1, "master", 6) == 0))
            p = named((struct hr_str) { part.p, i });
    return p;
}

static const struct hr_project *in_word(const char *s)
{
    static const char cut[] = "/ \t\n=<>!~@#[](){},;:&|'\"?";
    const struct hr_project *p = NULL;
    while (p == NULL && *s != 0) {
        s += strspn(s, cut);
        size_t n = strcspn(s, cut);
        p = in_part((struct hr_str) { s, n });
        s += n;
    }
    return p;
}

const struct hr_project *hr_project_of(const char *const *argv, const char *cwd)
{
    const struct hr_project *p = NULL;
    for (size_t i = 0; p == NULL && argv[i] != NULL; i++)
        p = in_word(argv[i]);
    if (p != NULL || cwd == NULL)
        return p;
    /* The nearest folders: …/llama.cpp/build. */
    size_t n = strlen(cwd);
    for (unsigned up = 0; p == NULL && up < 3 && n > 1; up++) {
        size_t at = n;
        while (at > 0 && cwd[at - 1] != '/')
            at--;
        p = in_part((struct hr_str) { cwd + at, n - at });
        n = at > 0 ? at - 1 : 0;
    }
    return p;
}
