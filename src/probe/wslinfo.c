#include "wslinfo.h"

#include "clock.h"
#include "root_value.h"

enum { WAIT_MS = 1500 };

static struct hr_word ask(const struct hr_root *root, const char *what)
{
    const char *const argv[] = { "wslinfo", what, NULL };
    struct hr_buf out = HR_BUF_INIT(4096);
    struct hr_ran ran;
    struct hr_word w = hr_word_unknown("wslinfo could not be started");
    if (hr_root_run(root, argv, NULL, hr_now() + (uint64_t)WAIT_MS * 1000000u, &out, &ran, NULL) == 0) {
        struct hr_str text = hr_str_trim(hr_buf_str(&out)), line = { "", 0 };
        hr_str_cut(&text, '\n', &line);
        line = hr_str_trim(line);
        if (ran.end == HR_END_TIMEOUT)
            w = hr_word_unknown("wslinfo gave no answer within %d ms", WAIT_MS);
        else if (ran.end == HR_END_REFUSED)
            w = hr_word_unknown("there is no wslinfo (WSL older than 2.2.3, or a container)");
        else if (ran.end != HR_END_EXIT || ran.number != 0 || line.n == 0)
            w = hr_word_unknown("wslinfo %s failed", what);
        else
            w = hr_word_clean(line);
    }
    hr_buf_fini(&out);
    return w;
}

void hr_wslinfo_read(const struct hr_root *root, const struct hr_vm *vm, struct hr_wslinfo *ret)
{
    if (!hr_vm_is_wsl(vm) || !vm->distribution.known || !vm->distribution.v) {
        ret->version = ret->networking =
            hr_word_unknown(hr_vm_is_wsl(vm) ? "a container inside WSL cannot ask" : "this is not WSL");
    } else {
        ret->version = ask(root, "--wsl-version");
        ret->networking = ret->version.known ? ask(root, "--networking-mode") : ret->version;
    }
    ret->numbers = hr_version_of(hr_str(ret->version.known ? ret->version.v : ""));
}
