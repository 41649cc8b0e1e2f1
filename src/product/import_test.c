#include "import_test.h"

#include "clock.h"
#include "mem.h"
#include "parse.h"
#include "process.h"

#include <stdio.h>
#include <string.h>

enum { RUNS_MOST = 8, ANSWER_MOST = 1 << 20 };

/* What a module prints is no answer: standard output is another one while it is loaded.  An extension of PyTorch finds PyTorch's libraries
 * only once PyTorch is there. */
static const char code[] = "import os, sys\n"
                           "out = os.fdopen(os.dup(1), 'w')\n"
                           "os.dup2(2, 1)\n"
                           "import importlib, importlib.machinery, importlib.util, time\n"
                           "def line(*f):\n"
                           "    out.write('\\t'.join(' '.join(str(x).split())[:250] for x in f) + '\\n')\n"
                           "    out.flush()\n"
                           "def load(name, file):\n"
                           "    if not file:\n"
                           "        return importlib.import_module(name)\n"
                           "    spec = importlib.util.spec_from_file_location(name, file)\n"
                           "    m = importlib.util.module_from_spec(spec)\n"
                           "    spec.loader.exec_module(m)\n"
                           "    return m\n"
                           "if sys.argv[1]:\n"
                           "    sys.path.insert(0, sys.argv[1])\n"
                           "for i in range(2, len(sys.argv), 4):\n"
                           "    number, name, file, ask = sys.argv[i:i + 4]\n"
                           "    line('begin', number)\n"
                           "    mine = tuple(s for s in importlib.machinery.EXTENSION_SUFFIXES if 'cpython' in s)\n"
                           "    if '.cpython-' in file and mine and not file.endswith(mine):\n"
                           "        line('other', number, 0, 'it was built for another Python than ' + sys.version.split()[0])\n"
                           "        continue\n"
                           "    t = time.monotonic()\n"
                           "    try:\n"
                           "        try:\n"
                           "            m = load(name, file)\n"
                           "        except ImportError as e:\n"
                           "            if 'torch' not in str(e) and 'c10' not in str(e):\n"
                           "                raise\n"
                           "            import torch\n"
                           "            m = load(name, file)\n"
                           "        try:\n"
                           "            yes = bool(eval(ask)) if ask else '-'\n"
                           "        except Exception:\n"
                           "            yes = '-'\n"
                           "        line('works', number, int((time.monotonic() - t) * 1e9), yes)\n"
                           "    except BaseException as e:\n"
                           "        none = 'does not define module export' in str(e)\n"
                           "        none = none or isinstance(e, ModuleNotFoundError) and e.name == name\n"
                           "        line('none' if none else 'fails', number, int((time.monotonic() - t) * 1e9),\n"
                           "             type(e).__name__ + ': ' + str(e))\n"
                           "out.flush()\n"
                           "os._exit(0)\n";

const char *hr_import_state_name(enum hr_import_state s)
{
    static const char *const name[] = { "not tried", "works", "fails", "crashes", "hangs", "no module" };
    return name[s];
}

/* --- the answer --- */

static bool number(struct hr_str *rest, uint64_t *ret)
{
    struct hr_str field;
    return hr_str_cut(rest, '\t', &field) && hr_parse_u64(field, ret, NULL) == 0;
}

static void one(struct hr_import *m, struct hr_str word, uint64_t ns, struct hr_str last)
{
    m->ns = ns;
    if (hr_str_is(word, "works")) {
        m->state = HR_IMPORT_WORKS;
        if (hr_str_is(last, "True") || hr_str_is(last, "False"))
            m->yes = hr_truth_of(hr_str_is(last, "True"));
        return;
    }
    if (hr_str_is(word, "other")) {
        snprintf(m->say, sizeof m->say, "%.*s", HR_STR_ARG(last));
        return;
    }
    bool none = hr_str_is(word, "none");
    /* A module that is not there although its package lists it is a failure; a plain library is none. */
    m->state = none && (m->guessed || !hr_str_starts(last, "ModuleNotFoundError")) ? HR_IMPORT_NONE : HR_IMPORT_FAILS;
    snprintf(m->say, sizeof m->say, "%.*s", HR_STR_ARG(last));
}

size_t hr_import_heard(struct hr_str text, struct hr_import *list, size_t first, size_t n)
{
    struct hr_str rest = text, line, word;
    size_t at = first;
    bool busy = false;
    while (text.n != 0 && hr_str_cut(&rest, '\n', &line)) {
        uint64_t k = 0, ns = 0;
        struct hr_str last = { "", 0 };
        if (!hr_str_cut(&line, '\t', &word) || line.p == NULL || !number(&line, &k) || k < first || k >= n)
            continue;
        if (hr_str_is(word, "begin")) {
            at = (size_t)k;
            busy = true;
        } else if (busy && k == at && number(&line, &ns) && line.p != NULL) {
            last = line;
            one(&list[k], word, ns, last);
            at = (size_t)k + 1;
            busy = false;
        }
    }
    return at;
}

/* --- asking --- */

struct row {
    char number[16];
};

static size_t ask(const char *python, const char *before, const char *cwd, uint64_t deadline_ns, struct hr_import *list, size_t first,
                  size_t n, struct hr_ran *ran, struct hr_error *err)
{
    HR_CLEANUP(hr_freep) const char **argv = hr_calloc(6 + 4 * n, sizeof *argv);
    HR_CLEANUP(hr_freep) struct row *row = hr_calloc(n, sizeof *row);
    struct hr_buf out = HR_BUF_INIT(ANSWER_MOST);
    size_t k = 0, at = SIZE_MAX;
    if (argv == NULL || row == NULL) {
        hr_fail_nomem(err, n * sizeof *argv, "the words of an import test");
        return at;
    }
    const char *head[] = { python, "-B", "-c", code, before != NULL ? before : "" };
    for (; k < HR_COUNT(head); k++)
        argv[k] = head[k];
    for (size_t i = first; i < n; i++) {
        snprintf(row[i].number, sizeof row[i].number, "%zu", i);
        argv[k++] = row[i].number;
        argv[k++] = list[i].module;
        argv[k++] = list[i].file;
        argv[k++] = list[i].ask != NULL ? list[i].ask : "";
    }
    if (hr_run(argv, cwd, hr_now() + deadline_ns, &out, ran, err) == 0)
        at = hr_import_heard(hr_buf_str(&out), list, first, n);
    hr_buf_fini(&out);
    return at;
}

int hr_import_try(const char *python, const char *before, const char *cwd, uint64_t deadline_ns, struct hr_import *list, size_t n,
                  struct hr_error *err)
{
    for (size_t i = 0; i < n; i++) {
        list[i].state = HR_IMPORT_UNTRIED;
        list[i].yes = hr_truth_unknown("it was not asked");
    }
    uint64_t begin = hr_now();
    for (size_t at = 0, runs = 0; at < n && runs < RUNS_MOST && hr_now() - begin < deadline_ns * 3 / 2; runs++) {
        struct hr_ran ran = { HR_END_EXIT, 0 };
        at = ask(python, before, cwd, deadline_ns, list, at, n, &ran, err);
        if (at == SIZE_MAX)
            return HR_E_IO;
        if (at >= n)
            break;
        struct hr_import *m = &list[at++];
        m->state = ran.end == HR_END_TIMEOUT ? HR_IMPORT_HANGS : ran.end == HR_END_SIGNAL ? HR_IMPORT_CRASHES : HR_IMPORT_FAILS;
        if (ran.end == HR_END_TIMEOUT)
            snprintf(m->say, sizeof m->say, "it was not loaded within %.0f s", (double)deadline_ns * 1e-9);
        else if (ran.end == HR_END_SIGNAL)
            snprintf(m->say, sizeof m->say, "the interpreter died of signal %d (%s)", ran.number, strsignal(ran.number));
        else if (ran.end == HR_END_REFUSED)
            snprintf(m->say, sizeof m->say, "the interpreter cannot be started: %s", strerror(ran.number));
        else
            snprintf(m->say, sizeof m->say, "the interpreter ended with status %d", ran.number);
    }
    return 0;
}
