#include "past.h"

#include "file.h"
#include "mem.h"
#include "parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEAD "headrace build-course 1"
enum { MS_MAX = INT32_MAX };

/* --- the identity --- */

/* Is argv[i] an option for the number of jobs?  How many words it takes: 0, 1 or 2. */
static size_t jobs_words(const char *const *argv)
{
    static const char *const name[] = { "-j", "--jobs", "--parallel" };
    for (size_t i = 0; i < HR_COUNT(name); i++) {
        size_t n = strlen(name[i]);
        if (strncmp(argv[0], name[i], n) != 0)
            continue;
        const char *rest = argv[0] + n;
        if (*rest == '=' || (i == 0 && *rest >= '0' && *rest <= '9'))
            return 1;
        if (*rest == 0)
            return argv[1] != NULL && argv[1][0] >= '0' && argv[1][0] <= '9' ? 2 : 1;
    }
    return 0;
}

static uint64_t mix(uint64_t h, const char *s)
{
    for (; *s != 0; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
    return (h ^ 0xFF) * UINT64_C(1099511628211);
}
#define BASIS UINT64_C(14695981039346656037)

static const char *value_of(const char *const *envp, const char *name)
{
    size_t n = strlen(name);
    for (; *envp != NULL; envp++)
        if (strncmp(*envp, name, n) == 0 && (*envp)[n] == '=')
            return *envp + n + 1;
    return "";
}

void hr_past_identity(const char *cwd, const char *const *argv, const char *const *envp, const char *project,
                      char ret[HR_PAST_IDENTITY_MAX])
{
    static const char *const flags[] = { "CFLAGS",     "CXXFLAGS",         "CPPFLAGS",   "LDFLAGS",         "RUSTFLAGS",
                                         "CUDAFLAGS",  "NVCC_APPEND_FLAGS", "CMAKE_ARGS", "CMAKE_BUILD_TYPE", "DEBUG",
                                         "USE_CUDA",   "FORCE_CUDA",       "CC",         "CXX",             "SKBUILD_CMAKE_ARGS" };
    struct hr_buf b = HR_BUF_INIT(HR_PAST_IDENTITY_MAX - 1);
    uint64_t h = BASIS;
    for (size_t i = 0; i < HR_COUNT(flags); i++)
        h = mix(h, value_of(envp, flags[i]));
    hr_buf_printf(&b, "%s|%.60s|%.60s|%016" PRIx64, project == NULL ? "-" : project, value_of(envp, "TORCH_CUDA_ARCH_LIST"),
                  value_of(envp, "CUDAARCHS"), h);
    hr_buf_printf(&b, "|%.500s|", cwd);
    uint64_t words = BASIS;
    for (size_t i = 0; argv[i] != NULL;) {
        size_t skip = jobs_words(argv + i);
        if (skip == 0) {
            words = mix(words, argv[i]);
            hr_buf_printf(&b, "%.300s ", argv[i]); /* what does not fit is in the hash below */
            b.failed = false;
        }
        i += skip == 0 ? 1 : skip;
    }
    if (b.len > HR_PAST_IDENTITY_MAX - 32)
        b.len = HR_PAST_IDENTITY_MAX - 32;
    for (size_t i = 0; i < b.len; i++)
        ret[i] = (unsigned char)b.data[i] < ' ' || (unsigned char)b.data[i] == 127 ? '_' : b.data[i];
    snprintf(ret + b.len, HR_PAST_IDENTITY_MAX - b.len, "|%016" PRIx64, words);
    hr_buf_fini(&b);
}

/* --- the file --- */

int hr_past_init(struct hr_build_past *p, struct hr_error *err)
{
    memset(p, 0, sizeof *p);
    return hr_course_init(&p->course, err);
}

void hr_past_fini(struct hr_build_past *p)
{
    hr_course_fini(&p->course);
}

static bool word(struct hr_str s, char *to, size_t n)
{
    if (s.n == 0 || s.n >= n)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127)
            return false;
    memcpy(to, s.p, s.n);
    to[s.n] = 0;
    return true;
}

static bool sum_line(struct hr_build_past *p, struct hr_str rest)
{
    uint64_t v[9];
    struct hr_str f;
    static const uint64_t most[9] = { UINT64_C(1) << 48, MS_MAX, 65536, 65536, UINT32_MAX, UINT32_MAX, 1 << 20, UINT64_C(1) << 48,
                                      UINT64_C(1) << 48 };
    if (!hr_str_cut(&rest, '\t', &f) || !hr_str_is(f, "sum"))
        return false;
    for (size_t i = 0, k = 0; i < 10; i++) {
        if (!hr_str_cut(&rest, '\t', &f))
            return false;
        if (i == 4) { /* the base has a sign */
            if (hr_parse_i64(f, &p->base, NULL) < 0 || p->base < -(INT64_C(1) << 48) || p->base > INT64_C(1) << 48)
                return false;
        } else if (hr_parse_u64(f, &v[k], NULL) < 0 || v[k] > most[k]) {
            return false;
        } else {
            k++;
        }
    }
    if (v[0] == 0 || v[2] == 0 || !hr_str_cut(&rest, '\t', &f) || !word(f, p->largest_tool, sizeof p->largest_tool) ||
        !word(rest, p->largest_source, sizeof p->largest_source))
        return false;
    p->peak = v[0];
    p->wall_ms = v[1];
    p->cpus = (unsigned)v[2];
    p->at_once = (unsigned)v[3];
    p->course.lost = v[4];
    p->times = (uint32_t)v[5];
    p->day = (uint32_t)v[6];
    p->foreseen = v[7];
    p->largest = v[8];
    return true;
}

int hr_past_parse(struct hr_build_past *p, struct hr_str text, struct hr_error *err)
{
    struct hr_str line, f;
    size_t number = 3;
    p->course.n = 0;
    if (!hr_str_cut(&text, '\n', &line) || !hr_str_is(line, HEAD))
        return hr_fail(err, HR_E_FORMAT, "line 1 is not \"%s\"", HEAD);
    if (!hr_str_cut(&text, '\n', &line) || !hr_str_cut(&line, '\t', &f) || !hr_str_is(f, "identity") ||
        !word(line, p->identity, sizeof p->identity))
        return hr_fail(err, HR_E_FORMAT, "line 2 is no identity of a build");
    if (!hr_str_cut(&text, '\n', &line) || text.p == NULL || !sum_line(p, line))
        return hr_fail(err, HR_E_FORMAT, "line 3 is no sum of a build");
    while (hr_str_cut(&text, '\n', &line)) {
        number++;
        if (text.p == NULL && line.n == 0)
            return 0;
        if (text.p == NULL || !hr_course_read_line(&p->course, line))
            return hr_fail(err, HR_E_FORMAT, "line %zu is no line of a course", number);
    }
    return 0;
}

bool hr_past_write(const struct hr_build_past *p, struct hr_buf *out)
{
    hr_buf_printf(out, HEAD "\nidentity\t%s\nsum\t%" PRIu64 "\t%" PRIu64 "\t%u\t%u\t%" PRId64 "\t%" PRIu64 "\t%" PRIu32, p->identity,
                  p->peak, p->wall_ms, p->cpus, p->at_once, p->base, p->course.lost, p->times);
    hr_buf_printf(out, "\t%" PRIu32 "\t%" PRIu64 "\t%" PRIu64 "\t%s\t%s\n", p->day, p->foreseen, p->largest,
                  p->largest_tool[0] == 0 ? "-" : p->largest_tool, p->largest_source[0] == 0 ? "-" : p->largest_source);
    return hr_course_write(&p->course, out);
}

static char *path_of(const char *folder, const char *identity)
{
    char name[32];
    snprintf(name, sizeof name, "%016" PRIx64, mix(BASIS, identity));
    return hr_join(folder, name);
}

int hr_past_load(struct hr_build_past *p, const char *folder, const char *identity, bool *ret_found, bool *ret_aside,
                 struct hr_error *err)
{
    struct hr_buf b = HR_BUF_INIT(HR_PAST_BYTES_MAX), bad = HR_BUF_INIT(8192);
    struct hr_error why = HR_ERROR_INIT;
    HR_CLEANUP(hr_freep) char *path = path_of(folder, identity);
    *ret_found = *ret_aside = false;
    if (path == NULL)
        return hr_fail_nomem(err, strlen(folder) + 32, "a path");
    int r = hr_slurp(path, &b, &why);
    if (r == 0)
        r = hr_past_parse(p, hr_buf_str(&b), &why);
    hr_buf_fini(&b);
    if (r == 0) {
        *ret_found = strcmp(p->identity, identity) == 0; /* else: two of one hash */
        return 0;
    }
    p->course.n = 0;
    if (r == HR_E_NOT_FOUND)
        return 0;
    if (r != HR_E_FORMAT && r != HR_E_LIMIT)
        return hr_fail(err, r, "%s", why.text);
    hr_buf_printf(&bad, "%s.bad", path);
    r = bad.failed ? HR_E_NOMEM : hr_rename(path, bad.data, false, err);
    *ret_aside = r == 0;
    hr_buf_fini(&bad);
    return r;
}

static void prune(const char *folder)
{
    struct hr_names names;
    if (hr_list(folder, &names, NULL) < 0)
        return;
    for (size_t left = names.n; left >= HR_PAST_FILES_MAX; left--) {
        uint64_t oldest = UINT64_MAX, size, changed;
        HR_CLEANUP(hr_freep) char *which = NULL;
        for (size_t i = 0; i < names.n; i++) {
            char *one = hr_join(folder, names.name[i]);
            if (one != NULL && hr_file_stamp(one, &size, &changed, NULL) == 0 && changed < oldest) {
                oldest = changed;
                hr_free(which);
                which = one;
            } else {
                hr_free(one);
            }
        }
        if (which == NULL || hr_unlink(which, NULL) < 0)
            break;
    }
    hr_names_fini(&names);
}

int hr_past_save(const struct hr_build_past *p, const char *folder, struct hr_error *err)
{
    struct hr_buf b = HR_BUF_INIT(HR_PAST_BYTES_MAX);
    HR_CLEANUP(hr_freep) char *path = path_of(folder, p->identity);
    int r = path == NULL ? hr_fail_nomem(err, strlen(folder) + 32, "a path") : hr_mkdir(folder, true, err);
    if (r == 0 && !hr_past_write(p, &b))
        r = hr_fail_nomem(err, b.len, "the course of the build");
    if (r == 0) {
        prune(folder);
        r = hr_replace(path, b.data, b.len, err);
    }
    hr_buf_fini(&b);
    return r;
}
