#include "dpkg.h"

#include <stdio.h>
#include <string.h>

enum { STATUS_MAX = 64 << 20 };

/* Which packages are told, and which of them are a driver.  Names: NVIDIA's own repository, Ubuntu and Debian. */
static const struct {
    const char *begins;
    bool driver;
} wanted[] = {
    { "nvidia-driver", true },
    { "libnvidia-compute", true },
    { "libnvidia-ml", true },
    { "cuda-drivers", true },
    { "libcuda1", true },
    { "nvidia-dkms", true },
    { "nvidia-kernel", true },
    { "libnvidia-gl", true },
    { "nvidia-headless", true },
    { "nvidia-utils", true },
    { "nvidia-open", true },
    { "nvidia-smi", true },
    { "cuda-keyring", false },
    { "cuda-", false },
    { "libcublas", false },
    { "libcudart", false },
    { "libcudnn", false },
    { "libcufft", false },
    { "libcufile", false },
    { "libcuinj", false },
    { "libcupti", false },
    { "libcurand", false },
    { "libcusolver", false },
    { "libcusparse", false },
    { "libcutensor", false },
    { "libnccl", false },
    { "libnpp", false },
    { "libnvfatbin", false },
    { "libnvjitlink", false },
    { "libnvjpeg", false },
    { "libnvptxcompiler", false },
    { "libnvrtc", false },
    { "libnvtoolsext", false },
    { "libnvvm", false },
    { "nsight-", false },
    { "gds-tools-", false },
    { "nvidia-cuda-", false },
    { "nvidia-container-toolkit", false },
};

static void copy(char *to, size_t room, struct hr_str s)
{
    snprintf(to, room, "%.*s", HR_STR_ARG(s));
}

static void add(struct hr_dpkg *d, struct hr_str name, struct hr_str version, struct hr_str state)
{
    for (size_t i = 0; i < HR_COUNT(wanted); i++) {
        if (!hr_str_starts(name, wanted[i].begins))
            continue;
        d->cut |= d->n == HR_DPKG_MAX;
        if (d->n == HR_DPKG_MAX)
            return;
        struct hr_dpkg_package *p = &d->package[d->n++];
        copy(p->name, sizeof p->name, name);
        copy(p->version, sizeof p->version, version);
        copy(p->state, sizeof p->state, state);
        p->driver = wanted[i].driver;
        return;
    }
}

/* "install ok installed": the third word is what it is now. */
static struct hr_str state_of(struct hr_str status)
{
    struct hr_str word = { NULL, 0 }, rest = status;
    while (rest.p != NULL && hr_str_cut(&rest, ' ', &word))
        ;
    return word;
}

void hr_dpkg_parse(struct hr_str text, struct hr_dpkg *ret)
{
    struct hr_str rest = text, line, name = { NULL, 0 }, version = { NULL, 0 }, state = { NULL, 0 };
    memset(ret, 0, sizeof *ret);
    ret->known = true;
    while (text.n != 0 && hr_str_cut(&rest, '\n', &line)) {
        struct hr_str value = line, key;
        if (line.n == 0) {
            add(ret, name, version, state);
            name = version = state = (struct hr_str) { NULL, 0 };
        } else if (line.p[0] != ' ' && hr_str_cut(&value, ':', &key)) {
            value = hr_str_trim(value);
            if (hr_str_is(key, "Package"))
                name = value;
            else if (hr_str_is(key, "Version"))
                version = value;
            else if (hr_str_is(key, "Status"))
                state = state_of(value);
        }
    }
    add(ret, name, version, state);
}

void hr_dpkg_read(const struct hr_root *root, struct hr_dpkg *ret)
{
    struct hr_buf b = HR_BUF_INIT(STATUS_MAX);
    struct hr_error err = HR_ERROR_INIT;
    int r = hr_root_read(root, "var/lib/dpkg/status", &b, &err);
    if (r == 0) {
        hr_dpkg_parse(hr_buf_str(&b), ret);
    } else {
        memset(ret, 0, sizeof *ret);
        ret->absent = r == HR_E_NOT_FOUND;
        snprintf(ret->why, sizeof ret->why, "%s", err.text);
    }
    hr_buf_fini(&b);
}

const struct hr_dpkg_package *hr_dpkg_installed(const struct hr_dpkg *d, const char *name)
{
    size_t n = strlen(name);
    bool prefix = n != 0 && name[n - 1] == '*';
    for (size_t i = 0; i < d->n; i++)
        if (strcmp(d->package[i].state, "installed") == 0 &&
            (prefix ? strncmp(d->package[i].name, name, n - 1) == 0 : strcmp(d->package[i].name, name) == 0))
            return &d->package[i];
    return NULL;
}
