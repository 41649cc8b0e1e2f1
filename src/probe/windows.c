#include "windows.h"

#include "clock.h"
#include "parse.h"
#include "root_value.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* PowerShell alone needs about a second to start. */
enum { CMD_WAIT_MS = 1500, POWERSHELL_WAIT_MS = 5000 };

static void all_unknown(struct hr_windows *w, const char *why)
{
    w->version = w->profile = hr_word_unknown("%s", why);
    w->memory = w->available = w->cpus = hr_figure_unknown("%s", why);
    w->numbers = hr_version_of(HR_STR(""));
}

/* Calls into Windows can hang for ever (microsoft/WSL#7883) and fail with ENOEXEC where interop is off. */
static bool ask(const struct hr_root *root, const char *const argv[], const char *cwd, int wait_ms, struct hr_buf *out,
                char why[HR_WHY_MAX])
{
    struct hr_ran ran;
    const char *name = strrchr(argv[0], '/') + 1;
    if (hr_root_run(root, argv, cwd, hr_now() + (uint64_t)wait_ms * 1000000u, out, &ran, NULL) < 0)
        snprintf(why, HR_WHY_MAX, "%s could not be started", name);
    else if (ran.end == HR_END_TIMEOUT)
        snprintf(why, HR_WHY_MAX, "%s gave no answer within %d ms", name, wait_ms);
    else if (ran.end == HR_END_REFUSED && ran.number == ENOEXEC)
        snprintf(why, HR_WHY_MAX, "interop is off: Windows programs do not start here");
    else if (ran.end == HR_END_REFUSED)
        snprintf(why, HR_WHY_MAX, "%s is not there", name);
    else if (ran.end != HR_END_EXIT || ran.number != 0)
        snprintf(why, HR_WHY_MAX, "%s failed", name);
    else
        return true;
    return false;
}

/* The next line of an answer, without its CR. */
static struct hr_str next_line(struct hr_str *rest)
{
    struct hr_str line = { "", 0 };
    while (line.n == 0 && hr_str_cut(rest, '\n', &line))
        line = hr_str_trim(line);
    return line;
}

/* "Microsoft Windows [Version 10.0.26200.6899]", in the host's language */
static struct hr_word version_in(struct hr_str line)
{
    struct hr_str before, rest = line, inside;
    if (hr_str_cut(&rest, '[', &before) && rest.p != NULL && hr_str_cut(&rest, ']', &inside))
        while (inside.n != 0 && (inside.p[0] < '0' || inside.p[0] > '9'))
            inside = (struct hr_str) { inside.p + 1, inside.n - 1 };
    else
        return hr_word_unknown("cmd.exe told no version");
    return inside.n != 0 ? hr_word_clean(inside) : hr_word_unknown("cmd.exe told no version");
}

static struct hr_figure number(struct hr_str line, uint64_t unit)
{
    uint64_t v;
    if (hr_parse_u64(line, &v, NULL) < 0 || v == 0 || v > UINT64_MAX / unit)
        return hr_figure_unknown("powershell.exe told no number");
    return hr_figure_of(v * unit);
}

static void ask_cmd(const struct hr_root *root, const char *drive, struct hr_windows *w)
{
    char path[HR_WORD_MAX + 64], why[HR_WHY_MAX];
    struct hr_buf out = HR_BUF_INIT(65536);
    snprintf(path, sizeof path, "%sWindows/System32/cmd.exe", drive);
    const char *const argv[] = { path, "/d", "/c", "ver & echo %USERPROFILE%", NULL };
    if (ask(root, argv, drive, CMD_WAIT_MS, &out, why)) {
        struct hr_str rest = hr_buf_str(&out);
        w->version = version_in(next_line(&rest));
        w->numbers = hr_version_of(hr_str(w->version.known ? w->version.v : ""));
        struct hr_str profile = next_line(&rest);
        w->profile =
            profile.n > 3 && profile.p[1] == ':' ? hr_word_clean(profile) : hr_word_unknown("cmd.exe told no profile");
    } else {
        w->version = w->profile = hr_word_unknown("%s", why);
    }
    hr_buf_fini(&out);
}

static void ask_powershell(const struct hr_root *root, const char *drive, struct hr_windows *w)
{
    char path[HR_WORD_MAX + 64], why[HR_WHY_MAX];
    struct hr_buf out = HR_BUF_INIT(65536);
    snprintf(path, sizeof path, "%sWindows/System32/WindowsPowerShell/v1.0/powershell.exe", drive);
    static const char question[] =
        "$c=Get-CimInstance Win32_ComputerSystem; $c.TotalPhysicalMemory; $c.NumberOfLogicalProcessors; "
        "(Get-CimInstance Win32_OperatingSystem).FreePhysicalMemory";
    const char *const argv[] = { path, "-NoProfile", "-NonInteractive", "-Command", question, NULL };
    if (ask(root, argv, drive, POWERSHELL_WAIT_MS, &out, why)) {
        struct hr_str rest = hr_buf_str(&out);
        w->memory = number(next_line(&rest), 1);
        w->cpus = number(next_line(&rest), 1);
        w->available = number(next_line(&rest), 1024);
    } else {
        w->memory = w->available = w->cpus = hr_figure_unknown("%s", why);
    }
    hr_buf_fini(&out);
}

void hr_windows_read(const struct hr_root *root, const struct hr_vm *vm, const struct hr_mounts *mounts,
                     struct hr_windows *ret)
{
    char drive[HR_WORD_MAX + 8];
    memset(ret, 0, sizeof *ret);
    struct hr_word automount = hr_mounts_automount(mounts);
    if (!hr_vm_is_wsl(vm)) {
        all_unknown(ret, "this is not WSL");
        return;
    }
    if (!vm->interop.known || !vm->interop.v || !automount.known) {
        all_unknown(ret, automount.known ? "interop is off: Windows programs do not start here" : automount.why);
        return;
    }
    snprintf(drive, sizeof drive, "%sc/", automount.v);
    ask_cmd(root, drive, ret);
    if (ret->version.known)
        ask_powershell(root, drive, ret);
    else
        ret->memory = ret->available = ret->cpus = hr_figure_unknown("%s", ret->version.why);
}
