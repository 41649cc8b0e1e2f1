/* Training data, checkpoints and projects at the paths that the user named; without one, the current folder, of which only
 * what costs nothing is asked. */
#include "check.h"

#include "machine.h"

static const char windows_why[] =
    "Every file opened, listed or read on a Windows drive travels through a file server on the Windows side. Training "
    "that reads many files waits for it, and so does every import from an environment that lies there.";

static void windows_drive(struct hr_facts *facts, struct hr_finding *f)
{
    bool named;
    const char *path = hr_facts_path(facts, &named);
    struct hr_fs fs;
    hr_fs_of(hr_facts_root(facts), path, &fs);
    if (fs.type[0] == 0 || hr_str_is(hr_str(fs.type), "–"))
        hr_find(f, HR_UNKNOWN, "the file system that holds '%s' cannot be told", path);
    else if (fs.foreign)
        hr_find(f, HR_WARN, "'%s' lies on %s: a Windows drive or a network", path, fs.type);
    else
        hr_find(f, HR_GOOD, "'%s' lies on %s", path, fs.type);
}

const struct hr_check hr_checks_data[] = {
    { "data-windows-drive", "file system under the data", windows_why, "microsoft/WSL issue 4197; docs: file systems", false, windows_drive },
    { NULL, NULL, NULL, NULL, false, NULL },
};
