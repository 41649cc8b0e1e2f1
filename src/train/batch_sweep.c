#include "batch_sweep.h"

#include "mem.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* --- the command --- */

static size_t places_in(const char *s)
{
    size_t n = 0;
    for (const char *p = s; (p = strstr(p, "{}")) != NULL; p += 2)
        n++;
    return n;
}

static char *fill(char *to, const char *s, const char *value, size_t value_n)
{
    for (const char *p; (p = strstr(s, "{}")) != NULL; s = p + 2) {
        memcpy(to, s, (size_t)(p - s));
        to += p - s;
        memcpy(to, value, value_n);
        to += value_n;
    }
    size_t rest = strlen(s) + 1;
    memcpy(to, s, rest);
    return to + rest;
}

int hr_sweep_words(const char *const *argv, size_t n, const char *value, const char ***ret, size_t *ret_places, struct hr_error *err)
{
    size_t bytes = (n + 1) * sizeof(char *), places = 0, value_n = strlen(value);
    for (size_t i = 0; i < n; i++) {
        size_t here = places_in(argv[i]);
        places += here;
        bytes += strlen(argv[i]) + 1 + here * value_n;
    }
    const char **made = hr_malloc(bytes);
    if (made == NULL)
        return hr_fail_nomem(err, bytes, "a command");
    char *to = (char *)(made + n + 1);
    for (size_t i = 0; i < n; i++) {
        made[i] = to;
        to = fill(to, argv[i], value, value_n);
    }
    made[n] = NULL;
    *ret = made;
    *ret_places = places;
    return 0;
}

/* --- its end --- */

struct words {
    const char *text;
    bool sure; /* also when the program ended well: it caught the error and went on */
};
static const struct words memory_words[] = {
    { "CUDA out of memory", true },
    { "OutOfMemoryError", true },
    { "CUDA_ERROR_OUT_OF_MEMORY", true },
    { "cudaErrorMemoryAllocation", true },
    { "HIP out of memory", true },
    { "RESOURCE_EXHAUSTED: Out of memory", true },
    { "OOM when allocating tensor", true },
    { "DefaultCPUAllocator: can't allocate memory", true },
    { "CUBLAS_STATUS_ALLOC_FAILED", false },
    { "CUDNN_STATUS_ALLOC_FAILED", false },
    { "CUDA error: out of memory", false },
    { "ResourceExhaustedError", false },
    { "MemoryError", false },
    { "std::bad_alloc", false },
    { "Cannot allocate memory", false },
    { "out of memory", false },
};

static bool holds(struct hr_str s, const char *what)
{
    size_t n = strlen(what);
    for (const char *p = s.p, *end = s.p + s.n; (size_t)(end - p) >= n; p++) {
        p = memchr(p, what[0], (size_t)(end - p) - n + 1);
        if (p == NULL)
            return false;
        if (memcmp(p, what, n) == 0)
            return true;
    }
    return false;
}

const char *hr_sweep_words_of_memory(struct hr_str output, bool failed)
{
    for (size_t i = 0; i < HR_COUNT(memory_words); i++)
        if ((failed || memory_words[i].sure) && output.n != 0 && holds(output, memory_words[i].text))
            return memory_words[i].text;
    return NULL;
}

const char *hr_sweep_why_name(enum hr_sweep_why w)
{
    static const char *const name[] = { "fits", "failed", "out of memory", "over a mark", "killed", "interrupted", "not run" };
    return name[w];
}

enum hr_sweep_why hr_sweep_judge(const struct hr_train_report *r, struct hr_str output, const char **ret_words)
{
    bool well = r->verdict == HR_TRAIN_DONE && WIFEXITED(r->status) && WEXITSTATUS(r->status) == 0;
    *ret_words = NULL;
    if (r->verdict == HR_TRAIN_NOT_STARTED)
        return HR_SWEEP_FAILED;
    if (r->verdict == HR_TRAIN_ENDED)
        return HR_SWEEP_MARK;
    if (r->interrupted != 0 && !well)
        return HR_SWEEP_INTERRUPTED;
    *ret_words = hr_sweep_words_of_memory(output, !well);
    if (*ret_words != NULL)
        return HR_SWEEP_SAYS;
    if (well)
        return HR_SWEEP_FITS;
    bool by_9 = (WIFSIGNALED(r->status) && WTERMSIG(r->status) == SIGKILL) || (WIFEXITED(r->status) && WEXITSTATUS(r->status) == 128 + SIGKILL);
    return by_9 ? HR_SWEEP_KILLED : HR_SWEEP_FAILED;
}
