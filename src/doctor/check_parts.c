#include "check_parts.h"

#include "human.h"
#include "root_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool hr_check_known(struct hr_finding *f, bool known, const char *why)
{
    if (!known)
        hr_find(f, HR_UNKNOWN, "%s", why);
    return known;
}

static bool wsl(struct hr_facts *facts, struct hr_finding *f, bool two)
{
    const struct hr_vm *vm = hr_facts_vm(facts);
    if (vm->kind == HR_VM_WSL2 || (vm->kind == HR_VM_WSL1 && !two))
        return true;
    if (vm->kind == HR_VM_UNKNOWN)
        hr_find(f, HR_UNKNOWN, "whether this is WSL cannot be told: %s", vm->why);
    else
        hr_find(f, HR_NOT_HERE, "this is not %s", two ? "WSL2" : "WSL");
    return false;
}

bool hr_check_wsl2(struct hr_facts *facts, struct hr_finding *f)
{
    return wsl(facts, f, true);
}

bool hr_check_wsl(struct hr_facts *facts, struct hr_finding *f)
{
    return wsl(facts, f, false);
}

/* The process's effective user is root. */
static bool is_root(struct hr_facts *facts)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    struct hr_str uids, real, effective;
    bool yes = hr_root_read(hr_facts_root(facts), "proc/self/status", &b, NULL) == 0 &&
               hr_text_line(hr_buf_str(&b), ':', "Uid", &uids) && hr_str_cut(&uids, '\t', &real) &&
               hr_str_cut(&uids, '\t', &effective) && hr_str_is(effective, "0");
    hr_buf_fini(&b);
    return yes;
}

void hr_check_sysctl(struct hr_facts *facts, struct hr_finding *f, const char *key, uint64_t value, uint64_t old)
{
    char path[128], line[128];
    const struct hr_vm *vm = hr_facts_vm(facts);
    snprintf(path, sizeof path, "/etc/sysctl.d/60-headrace-%s.conf", key);
    for (char *p = path + strlen("/etc/sysctl.d/60-headrace-"); *p != 0; p++)
        if (*p == '.' && strcmp(p, ".conf") != 0)
            *p = '-';
    if (hr_facts_container(facts)->kind != HR_CONTAINER_NONE)
        hr_fix(f, "# on the machine that runs this container:");
    hr_fix(f, "sudo sysctl -w %s=%" PRIu64 "   # now", key, value);
    hr_fix(f, "echo '%s = %" PRIu64 "' | sudo tee %s   # and after a restart", key, value, path);
    hr_undo(f, "sudo rm %s; sudo sysctl -w %s=%" PRIu64, path, key, old);
    if (hr_facts_container(facts)->kind != HR_CONTAINER_NONE)
        return;
    int n = snprintf(line, sizeof line, "%s = %" PRIu64 "\n", key, value);
    if (n > 0 && vm->systemd.known && vm->systemd.v && is_root(facts))
        hr_mend_file(f, path, (struct hr_str) { line, (size_t)n }, "sets %s = %" PRIu64 " at the next start", key,
                     value);
}

void hr_check_wslconfig(struct hr_finding *f, const char *section, const char *line)
{
    hr_fix(f, "# in %%USERPROFILE%%\\.wslconfig of Windows, in section [%s]:", section);
    hr_fix(f, "%s", line);
    hr_fix(f, "# then in PowerShell, which ends everything that runs in WSL:");
    hr_fix(f, "wsl --shutdown");
    hr_undo(f, "# take the line out of .wslconfig again, then: wsl --shutdown");
}

void hr_check_boot_option(struct hr_facts *facts, struct hr_finding *f, const char *word)
{
    char line[160];
    if (hr_facts_vm(facts)->kind == HR_VM_WSL2) {
        snprintf(line, sizeof line, "kernelCommandLine=%s   # add it to what the line has already", word);
        hr_check_wslconfig(f, "wsl2", line);
        return;
    }
    hr_fix(f, "# add %s to GRUB_CMDLINE_LINUX in /etc/default/grub, then:", word);
    hr_fix(f, "sudo update-grub && sudo reboot");
    hr_undo(f, "# take %s out of /etc/default/grub, then: sudo update-grub && sudo reboot", word);
}

bool hr_check_log_known(struct hr_facts *facts, struct hr_finding *f)
{
    bool yes = hr_facts_kernel_log(facts)->known.known;
    if (!yes)
        hr_find(f, HR_NOT_HERE, "the kernel's log could not be read (machine-kernel-log)");
    return yes;
}

bool hr_check_log(struct hr_facts *facts, struct hr_finding *f, enum hr_log_kind kind)
{
    const struct hr_log_hit *h = &hr_facts_kernel_log(facts)->hit[kind];
    if (h->count == 0)
        return false;
    char many[48] = "";
    if (h->count > 1)
        snprintf(many, sizeof many, " (the last of %" PRIu64 " such lines)", h->count);
    if (h->last != 0)
        hr_seen(f, "kernel log, %s after the start%s: %s", hr_human_duration(h->last).text, many, h->line);
    else
        hr_seen(f, "kernel log%s: %s", many, h->line);
    return true;
}

uint64_t hr_check_cpus(struct hr_facts *facts)
{
    const struct hr_cpu *c = hr_facts_cpu(facts);
    uint64_t n = c->allowed.known ? c->allowed.v : c->online.known ? c->online.v : 0;
    if (n != 0 && c->quota.known && c->quota.v < (double)n)
        n = c->quota.v < 1 ? 1 : (uint64_t)c->quota.v;
    return n;
}

struct hr_word hr_check_env(struct hr_facts *facts, const char *name)
{
    struct hr_buf b = HR_BUF_INIT(65536);
    bool set = hr_root_env(hr_facts_root(facts), name, &b) && b.len != 0;
    struct hr_word w = set ? hr_word_clean(hr_buf_str(&b)) : hr_word_unknown("%.60s is not set", name);
    hr_buf_fini(&b);
    return w;
}

struct hr_word hr_check_file(struct hr_facts *facts, const char *path)
{
    return hr_root_word(hr_facts_root(facts), path);
}
