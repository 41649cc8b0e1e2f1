/* The virtual GPU of WSL2 (/dev/dxg), as far as the kernel and its log tell. */
#include "checks_wsl.h"

#include "check_parts.h"

#include <inttypes.h>
#include <string.h>

static bool has_gpu(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_vm *vm = hr_facts_vm(facts);
    if (!hr_check_wsl2(facts, f))
        return false;
    if (vm->dxg.known && vm->dxg.v)
        return true;
    hr_find(f, HR_NOT_HERE, "no virtual GPU is here (/dev/dxg)");
    return false;
}

/* The fault came with 6.18.26 and was last seen in 6.18.35; 6.18.40.1 carries its fix. */
void hr_check_wsl_dxg_bug(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_vm *vm = hr_facts_vm(facts);
    if (!has_gpu(facts, f))
        return;
    bool seen = hr_check_log(facts, f, HR_LOG_DXG_SPAN);
    bool range = vm->kernel.n != 0 && hr_version_against(vm->kernel, "6.18.26") >= 0 &&
                 hr_version_against(vm->kernel, "6.18.36") < 0;
    if (!range && !seen) {
        hr_find(f, HR_GOOD, "kernel %s is none of those whose GPU driver ends long runs", hr_word_text(&vm->release));
        return;
    }
    hr_seen(f, "/proc/sys/kernel/osrelease: %s", hr_word_text(&vm->release));
    hr_find(f, HR_WARN, "%s, and long CUDA runs were seen to end silently with it",
            seen ? "the kernel has warned of its GPU driver (field-spanning write)"
                 : "this kernel's GPU driver has a known fault");
    hr_fix(f, "wsl --update   # in PowerShell: kernel 6.18.40.1 or later (WSL 2.9.12), or stay with a WSL whose kernel "
              "is 6.6");
    hr_fix(f, "wsl --shutdown");
    hr_fix(f, "# until then: save checkpoints often");
}

void hr_check_wsl_residency(struct hr_facts *facts, struct hr_finding *f)
{
    if (!has_gpu(facts, f) || !hr_check_log_known(facts, f))
        return;
    if (!hr_check_log(facts, f, HR_LOG_DXG_RESIDENT)) {
        hr_find(f, HR_GOOD, "the GPU has always found room in its memory");
        return;
    }
    hr_find(f, HR_WARN, "Windows could not make GPU memory resident: the card was fuller than nvidia-smi shows");
    hr_fix(f, "# leave about a fifth of the card free: gpu_memory_utilization=0.80, a smaller batch, or close programs "
              "in Windows");
}

void hr_check_wsl_dxg_panic(struct hr_facts *facts, struct hr_finding *f)
{
    if (!has_gpu(facts, f) || !hr_check_log_known(facts, f))
        return;
    if (!hr_check_log(facts, f, HR_LOG_DXG_OOPS)) {
        hr_find(f, HR_GOOD, "the GPU driver's kernel part has not failed");
        return;
    }
    hr_find(f, HR_BAD, "the GPU driver's kernel part has failed when a program ended");
    hr_fix(f, "wsl --update; wsl --shutdown   # in PowerShell");
}

void hr_check_wsl_dxg_noise(struct hr_facts *facts, struct hr_finding *f)
{
    if (!has_gpu(facts, f) || !hr_check_log_known(facts, f))
        return;
    const struct hr_log_hit *h = &hr_facts_kernel_log(facts)->hit[HR_LOG_DXG_NOISE];
    if (h->count == 0)
        hr_find(f, HR_GOOD, "the kernel's log has none of dxgkrnl's harmless messages");
    else
        hr_find(f, HR_GOOD,
                "%" PRIu64 " messages \"dxgk: … Ioctl failed\" of the start are harmless: CUDA works with them",
                h->count);
}

void hr_check_wsl_polling(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_procs *p = hr_facts_procs(facts);
    if (!hr_check_wsl2(facts, f) || !hr_check_known(f, p->known.known, p->known.why))
        return;
    if (p->pollers == 0) {
        hr_find(f, HR_GOOD, "nothing runs nvidia-smi in a loop");
        return;
    }
    for (uint64_t i = 0; i < HR_MIN(p->pollers, (uint64_t)HR_PROCS_SHOWN); i++)
        hr_seen(f, "pid %" PRIu64 ": %s", p->poller[i].pid, p->poller[i].command);
    hr_find(f, HR_WARN, "%" PRIu64 " process%s nvidia-smi again and again: each run leaks memory of the Windows kernel",
            p->pollers, p->pollers == 1 ? " runs" : "es run");
    hr_fix(f, "kill %" PRIu64 "   # a monitor that keeps one handle open does not leak", p->poller[0].pid);
}
