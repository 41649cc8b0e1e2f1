#include "interpreter.h"

#include "dist_record.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_MOST = 4096, HEAD = 512 };

/* --- along PATH --- */

static bool take(char out[HR_PLACE_MAX], struct hr_str path)
{
    if (path.n == 0 || path.n >= HR_PLACE_MAX)
        return false;
    memcpy(out, path.p, path.n);
    out[path.n] = 0;
    if (hr_path_kind(out) == HR_KIND_FILE)
        return true;
    out[0] = 0;
    return false;
}

static bool along_path(const struct hr_root *root, struct hr_str name, char out[HR_PLACE_MAX])
{
    struct hr_buf path = HR_BUF_INIT(1 << 20);
    bool found = memchr(name.p, '/', name.n) != NULL && take(out, name);
    if (!found && memchr(name.p, '/', name.n) == NULL && hr_root_env(root, "PATH", &path)) {
        struct hr_str rest = hr_buf_str(&path), dir;
        while (!found && hr_str_cut(&rest, ':', &dir)) {
            char one[HR_PLACE_MAX];
            int n = snprintf(one, sizeof one, "%.*s/%.*s", HR_STR_ARG(dir), HR_STR_ARG(name));
            found = dir.n != 0 && n > 0 && n < HR_PLACE_MAX && take(out, (struct hr_str) { one, (size_t)n });
        }
    }
    hr_buf_fini(&path);
    return found;
}

bool hr_interpreter_usual(const struct hr_root *root, char program[HR_PLACE_MAX])
{
    return along_path(root, HR_STR("python3"), program) || along_path(root, HR_STR("python"), program);
}

/* --- words --- */

/* pip is a script whose first line names its interpreter; a launcher in binary form lies beside it. */
static bool of_pip(const struct hr_root *root, struct hr_str word, char out[HR_PLACE_MAX])
{
    char script[HR_PLACE_MAX], head[HEAD + 1] = "", named[HEAD];
    int fd;
    if (!along_path(root, word, script) || hr_open(script, O_RDONLY, 0, &fd, NULL) < 0)
        return false;
    int64_t n = hr_read_some(fd, head, HEAD, script, NULL);
    hr_close(fd);
    if (n > 0 && hr_shebang((struct hr_str) { head, (size_t)n }, named, sizeof named) && hr_is_python(hr_str(named)))
        return along_path(root, hr_str(named), out);
    char *slash = strrchr(script, '/');
    if (slash == NULL)
        return false;
    snprintf(slash, sizeof script - (size_t)(slash - script), "/python");
    return take(out, hr_str(script));
}

/* uv installs into VIRTUAL_ENV, else into .venv here. */
static bool of_uv(const struct hr_root *root, char out[HR_PLACE_MAX])
{
    struct hr_buf env = HR_BUF_INIT(HR_PLACE_MAX - 32);
    char one[HR_PLACE_MAX];
    bool has = hr_root_env(root, "VIRTUAL_ENV", &env) && env.len != 0;
    snprintf(one, sizeof one, "%s/bin/python", has ? env.data : ".venv");
    hr_buf_fini(&env);
    return take(out, hr_str(one));
}

static struct hr_str base(struct hr_str path)
{
    for (size_t i = path.n; i-- > 0;)
        if (path.p[i] == '/')
            return (struct hr_str) { path.p + i + 1, path.n - i - 1 };
    return path;
}

struct words {
    const struct hr_root *root;
    struct hr_interpreter *to;
    bool module, target; /* the word before was -m, --target */
};

static void word(struct words *w, struct hr_str s)
{
    struct hr_interpreter *to = w->to;
    while (s.n != 0 && (s.p[0] == '\'' || s.p[0] == '"' || s.p[0] == '('))
        s = (struct hr_str) { s.p + 1, s.n - 1 };
    while (s.n != 0 && (s.p[s.n - 1] == '\'' || s.p[s.n - 1] == '"' || s.p[s.n - 1] == ')'))
        s.n--;
    bool module = w->module, target = w->target;
    w->module = hr_str_is(s, "-m");
    w->target = to->pip && (hr_str_is(s, "--target") || hr_str_is(s, "-t"));
    if (to->pip && hr_str_starts(s, "--target=")) {
        s = (struct hr_str) { s.p + 9, s.n - 9 };
        target = true;
    }
    if (target && s.n < sizeof to->target) {
        memcpy(to->target, s.p, s.n);
        to->target[s.n] = 0;
    } else if (module) {
        to->pip |= hr_is_pip(s) || hr_str_is(s, "build");
    } else if (s.n != 0 && s.p[0] == '-') {
        return;
    } else if (to->program[0] == 0 && hr_is_python(s)) {
        (void)!along_path(w->root, s, to->program);
    } else if (to->program[0] == 0 && hr_is_pip(s) && of_pip(w->root, s, to->program)) {
        to->pip = true;
    } else if (to->program[0] == 0 && hr_str_is(base(s), "uv") && of_uv(w->root, to->program)) {
        to->pip = true;
    }
}

void hr_interpreter_of(const struct hr_root *root, const char *const *argv, struct hr_interpreter *ret)
{
    struct words w = { root, ret, false, false };
    size_t n = 0;
    memset(ret, 0, sizeof *ret);
    for (size_t i = 0; argv[i] != NULL && n < WORDS_MOST; i++) {
        const char *p = argv[i];
        while (n < WORDS_MOST) {
            p += strspn(p, " \t\n;&|");
            size_t len = strcspn(p, " \t\n;&|");
            if (len == 0)
                break;
            word(&w, (struct hr_str) { p, len });
            p += len;
            n++;
        }
    }
}

/* --- its folders --- */

int hr_interpreter_sites(const char *program, uint64_t deadline, struct hr_sites *ret, struct hr_error *err)
{
    static const char code[] = "import site, sys, sysconfig\n"
                               "p = sysconfig.get_paths()\n"
                               "s = [p['purelib'], p['platlib']] + [x for x in sys.path if x.endswith('-packages')]\n"
                               "if site.ENABLE_USER_SITE:\n"
                               "    s.append(site.getusersitepackages())\n"
                               "print('\\n'.join(dict.fromkeys(s)))\n";
    const char *argv[] = { program, "-B", "-c", code, NULL };
    struct hr_buf out = HR_BUF_INIT(65536);
    struct hr_ran ran;
    struct hr_sites s = { .n = 0 };
    int r = hr_run(argv, "/", deadline, &out, &ran, err);
    if (r == 0 && (ran.end != HR_END_EXIT || ran.number != 0))
        r = hr_fail(err, HR_E_IO, "'%s' does not tell where it installs", program);
    struct hr_str rest = hr_buf_str(&out), line;
    while (r == 0 && out.len != 0 && s.n < HR_SITES_MAX && hr_str_cut(&rest, '\n', &line))
        if (line.n != 0 && line.n < HR_PLACE_MAX && line.p[0] == '/') {
            memcpy(s.path[s.n], line.p, line.n);
            s.path[s.n++][line.n] = 0;
        }
    hr_buf_fini(&out);
    if (r == 0)
        *ret = s;
    return r;
}
