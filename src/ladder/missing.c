#include "missing.h"

#include "file.h"
#include "mem.h"

#include <stdio.h>
#include <string.h>

/* What a tool looks for where it is started, and the options that send it elsewhere: letters of short ones, beginnings of long ones. */
static const struct tool {
    const char *name, *file[3], *what;
    const char *letters, *longs[5];
    const char *verbs; /* " build check ": only these need the file; NULL: all do */
    bool upward;       /* a folder above will do */
    const char *cmake; /* how CMake makes one; NULL: it does not */
    const char *elsewhere;
} tools[] = {
    { "make", { "GNUmakefile", "makefile", "Makefile" }, "a Makefile", "CfEhv", { "--d", "--f", "--m", "--e" }, NULL, false, "cmake -B build", "make -C FOLDER" },
    { "gmake", { "GNUmakefile", "makefile", "Makefile" }, "a Makefile", "CfEhv", { "--d", "--f", "--m", "--e" }, NULL, false, "cmake -B build", "gmake -C FOLDER" },
    { "ninja", { "build.ninja" }, "a build.ninja", "Cfht", { NULL }, NULL, false, "cmake -G Ninja -B build", "ninja -C FOLDER" },
    { "cargo", { "Cargo.toml" }, "a Cargo.toml", "C", { "--manifest-path" }, " build b check c test t run r bench rustc clippy ", true, NULL,
      "cargo --manifest-path FOLDER/Cargo.toml" },
};

static bool has(const char *folder, const char *name)
{
    HR_CLEANUP(hr_freep) char *path = hr_join(folder, name);
    return path == NULL || hr_path_kind(path) != HR_KIND_NONE; /* short of memory nothing is certain */
}

static bool has_one(const char *folder, const struct tool *t)
{
    for (size_t i = 0; i < HR_COUNT(t->file) && t->file[i] != NULL; i++)
        if (has(folder, t->file[i]))
            return true;
    return false;
}

static bool above_has_one(const char *folder, const struct tool *t)
{
    HR_CLEANUP(hr_freep) char *at = hr_strdup(folder);
    while (at != NULL && !has_one(at, t)) {
        char *slash = strrchr(at, '/');
        if (slash == NULL || at[1] == 0)
            return false;
        slash[slash == at ? 1 : 0] = 0;
    }
    return true;
}

static bool leads_elsewhere(const struct tool *t, const char *const *argv)
{
    for (size_t i = 1; argv[i] != NULL; i++) {
        if (argv[i][0] != '-')
            continue;
        if (argv[i][1] != '-' && strpbrk(argv[i], t->letters) != NULL)
            return true;
        for (size_t k = 0; k < HR_COUNT(t->longs) && t->longs[k] != NULL; k++)
            if (strncmp(argv[i], t->longs[k], strlen(t->longs[k])) == 0)
                return true;
    }
    return false;
}

/* cargo's first word, with "+nightly" before it. */
static bool verb_needs_it(const struct tool *t, const char *const *argv)
{
    char word[64];
    const char *verb = argv[1] != NULL && argv[1][0] == '+' ? argv[2] : argv[1];
    if (t->verbs == NULL)
        return true;
    snprintf(word, sizeof word, " %.40s ", verb == NULL ? "" : verb);
    return verb != NULL && verb[0] != 0 && strstr(t->verbs, word) != NULL;
}

static bool of_tool(const struct tool *t, const char *const *argv, const char *cwd, char ret[HR_MISSING_MAX])
{
    if (leads_elsewhere(t, argv) || !verb_needs_it(t, argv) || (t->upward ? above_has_one(cwd, t) : has_one(cwd, t)))
        return false;
    int n = snprintf(ret, HR_MISSING_MAX, "%s needs %s, and %.256s%s has none: ", t->name, t->what, cwd, t->upward ? " with the folders above it" : "");
    char *to = ret + n;
    size_t room = (size_t)(HR_MISSING_MAX - n);
    HR_CLEANUP(hr_freep) char *build = hr_join(cwd, "build");
    if (t->cmake != NULL && build != NULL && has_one(build, t))
        snprintf(to, room, "there is one in build: %s -C build", t->name);
    else if (t->cmake != NULL && has(cwd, "CMakeLists.txt"))
        snprintf(to, room, "%s makes one in build, for %s -C build", t->cmake, t->name);
    else
        snprintf(to, room, "go to the folder of the project first, or name it (%s)", t->elsewhere);
    return true;
}

/* An argument of pip that is no value of the option before it. */
static bool stands_alone(const char *before)
{
    static const char *const plain[] = { "-e", "--editable", "-v", "-vv", "-vvv", "-q", "-U", "--upgrade", "--user", "--no-deps",
                                         "--no-build-isolation", "--no-cache-dir", "--force-reinstall", "--break-system-packages" };
    if (before[0] != '-')
        return true;
    for (size_t i = 0; i < HR_COUNT(plain); i++)
        if (strcmp(before, plain[i]) == 0)
            return true;
    return false;
}

/* pip install DIRECTORY, whatever the Python. */
static bool of_pip(const char *const *argv, const char *cwd, char ret[HR_MISSING_MAX])
{
    size_t i = 0;
    while (argv[i] != NULL && strcmp(argv[i], "install") != 0 && strcmp(argv[i], "wheel") != 0)
        i++;
    for (; argv[i] != NULL; i++) {
        const char *s = argv[i];
        if (i == 0 || !stands_alone(argv[i - 1]))
            continue;
        if (s[0] != '/' && strcmp(s, ".") != 0 && strncmp(s, ".[", 2) != 0 && strncmp(s, "./", 2) != 0 && strncmp(s, "../", 3) != 0)
            continue;
        HR_CLEANUP(hr_freep) char *folder = s[0] == '/' ? hr_strdup(s) : strcmp(s, ".") == 0 ? hr_strdup(cwd) : hr_join(cwd, s);
        if (folder != NULL && strchr(s, '[') != NULL) /* ".[dev]" */
            *strrchr(folder, '[') = 0;
        if (folder == NULL || hr_path_kind(folder) != HR_KIND_DIR || has(folder, "pyproject.toml") || has(folder, "setup.py"))
            continue;
        if (strncmp(s, ".[", 2) == 0 || strcmp(s, ".") == 0)
            snprintf(ret, HR_MISSING_MAX, "pip needs a pyproject.toml or a setup.py, and %.256s has neither: "
                     "go to the folder of the project first, or name it (pip install FOLDER)", cwd);
        else
            snprintf(ret, HR_MISSING_MAX, "pip needs a pyproject.toml or a setup.py, and %.256s has neither: name the folder of the project", folder);
        return true;
    }
    return false;
}

bool hr_missing(const char *const *argv, const char *cwd, char ret[HR_MISSING_MAX])
{
    ret[0] = 0;
    while (argv[0] != NULL && (strcmp(hr_base_name(argv[0]), "env") == 0 || strcmp(hr_base_name(argv[0]), "nice") == 0 ||
                               (argv[0][0] != '-' && strchr(argv[0], '=') != NULL)))
        argv++;
    if (argv[0] == NULL || cwd[0] != '/')
        return false;
    const char *name = hr_base_name(argv[0]);
    for (size_t i = 0; i < HR_COUNT(tools); i++)
        if (strcmp(name, tools[i].name) == 0)
            return of_tool(&tools[i], argv, cwd, ret);
    bool python = strncmp(name, "python", 6) == 0 && argv[1] != NULL && strcmp(argv[1], "-m") == 0 && argv[2] != NULL && strcmp(argv[2], "pip") == 0;
    bool uv = strcmp(name, "uv") == 0 && argv[1] != NULL && strcmp(argv[1], "pip") == 0;
    return (python || uv || strncmp(name, "pip", 3) == 0) && of_pip(argv, cwd, ret);
}
