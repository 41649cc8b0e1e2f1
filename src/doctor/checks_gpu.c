/* The graphics cards and their driver: are they there, and what keeps them from running as fast as they can. */
#include "gpu_checks.h"

#include "arch.h"
#include "gpu_words.h"
#include "human.h"
#include "root_value.h"

#include <inttypes.h>
#include <string.h>

/* --- WSL --- */

static void larger_than_ram(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_gpus *g = hr_gpus_or(facts, f);
    const struct hr_ram *ram = hr_facts_memory(facts);
    if (g == NULL)
        return;
    if (!hr_on_wsl2(facts)) {
        hr_find(f, HR_NOT_HERE, "this is not WSL2");
        return;
    }
    uint64_t most = 0;
    for (size_t i = 0; i < g->n; i++)
        most = g->gpu[i].memory.known ? HR_MAX(most, g->gpu[i].memory.v) : most;
    if (most == 0 || !ram->total.known) {
        hr_find(f, HR_UNKNOWN, "%s", most == 0 ? g->gpu[0].memory.why : ram->total.why);
    } else if (most > ram->total.v) {
        hr_find(f, HR_NOTE, "a GPU has %s of VRAM, and WSL only %s of memory", hr_human_bytes(most).text,
                hr_human_bytes(ram->total.v).text);
        hr_fix(f, "# give WSL more: headrace wslconfig suggest --for training");
    } else {
        hr_find(f, HR_GOOD, "WSL has more memory (%s) than a GPU has VRAM (%s)", hr_human_bytes(ram->total.v).text,
                hr_human_bytes(most).text);
    }
}

static void process_memory(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_gpus *g = hr_gpus_or(facts, f);
    size_t known = 0, unknown = 0;
    const char *why = "";
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->n; i++)
        for (size_t k = 0; k < g->gpu[i].process_n; k++) {
            bool yes = g->gpu[i].process[k].vram.known;
            known += yes;
            unknown += !yes;
            why = yes ? why : g->gpu[i].process[k].vram.why;
        }
    if (unknown != 0) {
        hr_find(f, HR_NOTE, "the VRAM of single processes cannot be had%s: only the sum is known",
                hr_on_wsl2(facts) ? " under Windows' driver model (WDDM)" : "");
        hr_seen(f, "%zu process%s: %s", unknown, unknown == 1 ? "" : "es", why);
    } else if (known != 0) {
        hr_find(f, HR_GOOD, "the driver tells the VRAM of each process");
    } else if (!g->gpu[0].processes.known) {
        hr_find(f, HR_UNKNOWN, "%s", g->gpu[0].processes.why);
    } else {
        hr_find(f, HR_GOOD, "no process is listed on a GPU now");
    }
}

/* --- VRAM --- */

static void tell_holders(struct hr_facts *facts, const struct hr_gpu *gpu, struct hr_finding *f)
{
    for (size_t k = 0; k < gpu->process_n && k < 8; k++) {
        struct hr_buf path = HR_BUF_INIT(64);
        hr_buf_printf(&path, "proc/%u/comm", gpu->process[k].pid);
        struct hr_word name = hr_root_word(hr_facts_root(facts), path.data);
        hr_seen(f, "process %u (%s): %s", gpu->process[k].pid, name.known ? name.v : "not of this system",
                gpu->process[k].vram.known ? hr_human_bytes(gpu->process[k].vram.v).text : "–");
        hr_buf_fini(&path);
    }
}

static void vram_held(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_gpus *g = hr_gpus_or(facts, f);
    enum { NOTE_PERCENT = 25, WARN_PERCENT = 90 };
    uint64_t worst = 0;
    size_t at = 0, known = 0;
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->n; i++) {
        const struct hr_gpu *gpu = &g->gpu[i];
        if (!gpu->memory.known || !gpu->used.known || gpu->memory.v == 0)
            continue;
        uint64_t percent = gpu->used.v / (gpu->memory.v / 100 + 1);
        at = known == 0 || percent > worst ? i : at;
        worst = HR_MAX(worst, percent);
        known++;
    }
    if (known == 0) {
        hr_find(f, HR_UNKNOWN, "%s", g->gpu[0].memory.why);
        return;
    }
    struct hr_word name = hr_gpu_label(g, at);
    struct hr_human used = hr_human_bytes(g->gpu[at].used.v), total = hr_human_bytes(g->gpu[at].memory.v);
    if (worst < NOTE_PERCENT) {
        hr_find(f, HR_GOOD, "%s of %s are in use on %s", used.text, total.text, name.v);
        return;
    }
    bool spills = hr_on_wsl2(facts) && worst >= WARN_PERCENT;
    hr_find(f, worst >= WARN_PERCENT ? HR_WARN : HR_NOTE, "%s of %s are in use on %s before you start%s", used.text,
            total.text, name.v,
            spills ? "; what does not fit is moved to system memory without an error, and is slow" : "");
    tell_holders(facts, &g->gpu[at], f);
    if (hr_on_wsl2(facts))
        hr_seen(f, "the figure is that of the whole machine: Windows' desktop and programs are in it");
    hr_fix(f, "nvidia-smi");
    hr_fix(f, "# end what is left of earlier runs: kill <pid>");
}

/* --- speed --- */

static void throttled(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_gpus *g = hr_gpus_or(facts, f);
    char say[HR_WORD_MAX];
    bool any = false, heat = false;
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->n; i++) {
        const struct hr_gpu *gpu = &g->gpu[i];
        if (!gpu->throttle.known) {
            hr_seen(f, "GPU %zu: %s", i, gpu->throttle.why);
            continue;
        }
        if (!hr_gpu_throttle_text(gpu->throttle.v, true, say)) {
            any |= i == 0;
            continue;
        }
        struct hr_word name = hr_gpu_label(g, i);
        bool hot = (gpu->throttle.v & ~UINT64_C(0x4)) != 0 &&
                   hr_gpu_throttle_text(gpu->throttle.v & ~UINT64_C(0x4), true, say);
        hr_gpu_throttle_text(gpu->throttle.v, true, say);
        if (!heat)
            hr_find(f, hot ? HR_WARN : HR_NOTE, "the clocks of %s are held down: %s", name.v, say);
        hr_seen(f, "GPU %zu: %s; SM clock %s of %s MHz, %s °C", i, say, hr_figure_text(&gpu->sm_mhz).text,
                hr_figure_text(&gpu->sm_mhz_max).text, hr_figure_text(&gpu->celsius).text);
        heat |= hot;
        any = true;
    }
    if (!any)
        hr_find(f, HR_UNKNOWN, "%s", g->gpu[0].throttle.why);
    else if (f->say.len == 0)
        hr_find(f, HR_GOOD, "nothing holds the clocks down now");
    else if (heat)
        hr_fix(f, "# look at fans, dust and the air in the case; a lower power limit is often faster: sudo nvidia-smi "
                  "-pl <watts>");
}

static void pcie(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_gpus *g = hr_gpus_or(facts, f);
    enum { LOADED_PERCENT = 50 };
    size_t known = 0;
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->n; i++) {
        const struct hr_gpu *p = &g->gpu[i];
        if (!p->pcie_width.known || !p->pcie_width_max.known || !p->pcie_gen.known || !p->pcie_gen_max.known)
            continue;
        known++;
        struct hr_word name = hr_gpu_label(g, i);
        bool loaded = p->busy.known && p->busy.v >= LOADED_PERCENT;
        hr_seen(f, "GPU %zu: generation %" PRIu64 " of %" PRIu64 ", %" PRIu64 " of %" PRIu64 " lanes, %s", i,
                p->pcie_gen.v, p->pcie_gen_max.v, p->pcie_width.v, p->pcie_width_max.v,
                loaded ? "under load" : "not under load");
        if (p->pcie_width.v < p->pcie_width_max.v)
            hr_find(f, p->pcie_width.v * 4 <= p->pcie_width_max.v ? HR_WARN : HR_NOTE,
                    "%s runs on %" PRIu64 " of its %" PRIu64 " PCIe lanes", name.v, p->pcie_width.v,
                    p->pcie_width_max.v);
        else if (p->pcie_gen.v < p->pcie_gen_max.v && loaded)
            hr_find(f, HR_WARN, "the PCIe link of %s stays at generation %" PRIu64 " of %" PRIu64 " under load", name.v,
                    p->pcie_gen.v, p->pcie_gen_max.v);
    }
    if (known == 0)
        hr_find(f, HR_UNKNOWN, "%s", g->gpu[0].pcie_width.why);
    else if (f->say.len == 0)
        hr_find(f, HR_GOOD, "the PCIe link has all its lanes");
    else
        hr_fix(f, "# use the slot next to the processor; look for a riser, a second card or an SSD that shares the "
                  "lanes, and the "
                  "firmware's PCIe setting");
}

/* --- modes --- */

static void persistence(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_gpus *g = hr_gpus_or(facts, f);
    size_t off = 0;
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->n; i++)
        off += g->gpu[i].persistence.known && !g->gpu[i].persistence.v;
    if (hr_on_wsl2(facts)) {
        hr_find(f, HR_NOT_HERE, "Windows keeps the driver loaded");
    } else if (!g->gpu[0].persistence.known) {
        hr_find(f, HR_UNKNOWN, "%s", g->gpu[0].persistence.why);
    } else if (off != 0) {
        hr_find(f, HR_NOTE, "persistence mode is off: the driver starts anew with the first program on a GPU");
        hr_fix(f, "sudo systemctl enable --now nvidia-persistenced");
        hr_undo(f, "sudo systemctl disable --now nvidia-persistenced");
    } else {
        hr_find(f, HR_GOOD, "the driver stays loaded (persistence mode)");
    }
}

static void ecc(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_gpus *g = hr_gpus_or(facts, f);
    uint64_t worst = 0, corrected = 0;
    size_t known = 0;
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->n; i++) {
        const struct hr_gpu *p = &g->gpu[i];
        known += p->ecc_uncorrected.known;
        corrected += p->ecc_corrected.known ? p->ecc_corrected.v : 0;
        if (p->ecc_uncorrected.known && p->ecc_uncorrected.v > worst) {
            struct hr_word name = hr_gpu_label(g, i);
            worst = p->ecc_uncorrected.v;
            hr_find(f, HR_WARN, "the memory of %s has had %" PRIu64 " errors that could not be corrected", name.v,
                    worst);
        }
    }
    if (known == 0) {
        hr_find(f, HR_NOT_HERE, "no error counts: %s", g->gpu[0].ecc_uncorrected.why);
    } else if (worst == 0) {
        hr_find(f, HR_GOOD, "no error of the GPU's memory that could not be corrected");
    } else {
        hr_fix(f, "nvidia-smi -q -d ECC,ROW_REMAPPER,PAGE_RETIREMENT");
        hr_fix(f, "# a card that keeps counting is a case for the vendor");
    }
    if (corrected != 0)
        hr_seen(f, "corrected: %" PRIu64, corrected);
}

static void compute_mode(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_gpus *g = hr_gpus_or(facts, f);
    uint64_t mode = 0;
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->n; i++)
        mode = g->gpu[i].compute_mode.known && g->gpu[i].compute_mode.v > mode ? g->gpu[i].compute_mode.v : mode;
    if (!g->gpu[0].compute_mode.known) {
        hr_find(f, HR_UNKNOWN, "%s", g->gpu[0].compute_mode.why);
    } else if (mode == 0) {
        hr_find(f, HR_GOOD, "any number of programs may compute on a GPU");
    } else {
        hr_find(f, mode == 2 ? HR_BAD : HR_NOTE, "%s",
                mode == 2 ? "a GPU forbids computing (compute mode \"prohibited\")"
                          : "a GPU takes one process at a time (compute mode \"exclusive\")");
        hr_fix(f, "sudo nvidia-smi -c DEFAULT");
        hr_undo(f, "sudo nvidia-smi -c %s", mode == 2 ? "PROHIBITED" : "EXCLUSIVE_PROCESS");
    }
}

static void mig(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_gpus *g = hr_gpus_or(facts, f);
    size_t on = 0, known = 0;
    if (g == NULL)
        return;
    for (size_t i = 0; i < g->n; i++) {
        known += g->gpu[i].mig.known;
        on += g->gpu[i].mig.known && g->gpu[i].mig.v;
    }
    if (known == 0) {
        hr_find(f, HR_NOT_HERE, "no GPU here can be cut into instances");
    } else if (on == 0) {
        hr_find(f, HR_GOOD, "no GPU is cut into instances");
    } else {
        hr_find(f, HR_NOTE, "%zu GPU%s cut into instances (MIG): a program sees one instance, and no peers", on,
                on == 1 ? " is" : "s are");
        hr_fix(f, "nvidia-smi -L");
        hr_fix(f, "export CUDA_VISIBLE_DEVICES=<the MIG-... name of an instance>");
        hr_undo(f, "unset CUDA_VISIBLE_DEVICES");
    }
}

static void mixed(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_gpus *g = hr_gpus_or(facts, f);
    unsigned cc[HR_GPUS_MAX];
    if (g == NULL)
        return;
    size_t n = hr_gpu_kinds(g, cc);
    if (g->n == 1) {
        hr_find(f, HR_NOT_HERE, "there is one GPU");
    } else if (n <= 1) {
        hr_find(f, HR_GOOD, "all GPUs have the same compute capability");
    } else {
        hr_find(f, HR_NOTE, "GPUs of %zu compute capabilities: what is built must hold code for each", n);
        struct hr_buf list = HR_BUF_INIT(256);
        for (size_t i = 0; i < n; i++)
            hr_buf_printf(&list, "%s%s", i != 0 ? ";" : "", hr_cc_text(cc[i]).text);
        hr_fix(f, "export TORCH_CUDA_ARCH_LIST=\"%s\"", list.data);
        hr_fix(f, "export CUDA_DEVICE_ORDER=PCI_BUS_ID");
        hr_undo(f, "unset TORCH_CUDA_ARCH_LIST CUDA_DEVICE_ORDER");
        hr_buf_fini(&list);
    }
}

/* "0,2" may name a GPU that is not there; from the first wrong one on all are hidden. */
static void visible(struct hr_facts *facts, struct hr_finding *f)
{
    const struct hr_gpus *g = hr_facts_gpus(facts);
    struct hr_word v = hr_env_word(facts, "CUDA_VISIBLE_DEVICES");
    if (!v.known) {
        hr_find(f, HR_GOOD, "CUDA_VISIBLE_DEVICES is not set: programs see every GPU");
        return;
    }
    hr_seen(f, "CUDA_VISIBLE_DEVICES=%s", v.v);
    struct hr_str rest = hr_str(v.v), one;
    bool wrong = v.v[0] == 0, plain = true;
    while (v.v[0] != 0 && hr_str_cut(&rest, ',', &one)) {
        struct hr_str n = hr_str_trim(one);
        uint64_t value = 0;
        plain &= n.n != 0;
        for (size_t i = 0; i < n.n && plain; i++) {
            plain = n.p[i] >= '0' && n.p[i] <= '9' && value < 100000;
            value = value * 10 + (uint64_t)(n.p[i] - '0');
        }
        wrong |= (n.n != 0 && n.p[0] == '-') || (plain && g->state == HR_GPUS_READ && value >= g->n);
    }
    if (wrong) {
        hr_find(f, HR_BAD,
                "CUDA_VISIBLE_DEVICES hides GPUs: from the first number that names none on, nothing is seen");
        hr_fix(f, "unset CUDA_VISIBLE_DEVICES");
        hr_undo(f, "export CUDA_VISIBLE_DEVICES='%s'", v.v);
    } else {
        hr_find(f, HR_NOTE, "programs started here see only the GPUs \"%s\"", v.v);
    }
}

static const char found_why[] = "Without a GPU that answers, training falls back to the processor, often without "
                                "saying so. The reason differs: no card, no "
                                "driver, the wrong library, a driver that waits for a restart.";
static const char mismatch_why[] =
    "After an update of the driver's packages the old kernel module stays loaded until a restart; until then "
    "every new CUDA program fails, while running ones go on.";
static const char linux_why[] =
    "On WSL2 the driver comes from Windows and is laid under /usr/lib/wsl/lib. A Linux driver installed inside "
    "brings its own libcuda and libnvidia-ml, which cannot talk to the card and hide the right ones.";
static const char library_why[] =
    "The loader takes the first libcuda.so.1 it finds. One of another driver fails with \"no CUDA-capable device\" or "
    "a version mismatch, although nvidia-smi may work.";
static const char cuda_why[] =
    "NVML may answer while CUDA does not start: another library, a stub, a missing service. Only starting it proves "
    "that a program can.";
static const char larger_why[] = "CUDA was reported not to start on WSL2 with a card of 96 GB in a machine of 64 GB. "
                                 "If it starts here, nothing is wrong.";
static const char process_why[] =
    "Under WDDM Windows manages VRAM and the driver does not know how much belongs to whom; tools that print a figure "
    "there print garbage.";
static const char vram_why[] =
    "VRAM that something else holds is missing for the model. Where Windows manages VRAM there is no clean out of "
    "memory: what does not fit moves to system memory and training becomes many times slower.";
static const char throttle_why[] =
    "A card that is too hot or short of power lowers its clocks; training goes on, slower, and nothing else says "
    "so.";
static const char pcie_why[] =
    "Batches reach the GPU through the PCIe link. The link may rest at a lower generation while idle, but the number "
    "of lanes does not change.";
static const char persistence_why[] =
    "Without a program on it a GPU is shut down by the driver; starting it again takes one to three seconds per "
    "GPU, and settings such as a power limit are lost.";
static const char ecc_why[] =
    "An error that ECC could not correct has changed data or ended a program. Some are repaired by remapping rows; "
    "a growing count means a failing card.";
static const char mode_why[] =
    "In an exclusive mode the second process on a GPU fails with \"all CUDA-capable devices are busy\": data "
    "loaders that touch CUDA, or a forgotten notebook, are enough.";
static const char mig_why[] =
    "With MIG a program can use one instance of a GPU only, and instances cannot be joined by NCCL's peer access.";
static const char mixed_why[] =
    "PyTorch builds extensions for the cards it sees and sorts their capabilities as text, so that PTX may land on the "
    "older card; CUDA's own order of GPUs is not that of nvidia-smi.";
static const char visible_why[] =
    "CUDA_VISIBLE_DEVICES decides which GPUs a program sees. A number that does not exist hides itself and all that "
    "follow, without an error.";

const struct hr_check hr_checks_gpu[] = {
    { "gpu-found", "graphics cards", found_why,
      "NVML API reference; Microsoft documentation, compare versions; microsoft/WSL issues 9254, 11755, 9099, 10289",
      false, hr_check_gpu_found },
    { "gpu-driver-mismatch", "driver libraries and kernel module", mismatch_why,
      "NVML API reference: NVML_ERROR_LIB_RM_VERSION_MISMATCH", false, hr_check_gpu_mismatch },
    { "gpu-linux-driver", "Linux driver inside WSL", linux_why, "NVIDIA CUDA on WSL User Guide", false,
      hr_check_gpu_linux_driver },
    { "gpu-driver-library", "which libcuda is loaded", library_why, "microsoft/WSL issues 9099, 9272, 6772, 8587",
      false, hr_check_gpu_library },
    { "gpu-cuda-start", "start of the CUDA driver", cuda_why, "CUDA driver API reference: CUresult", true,
      hr_check_gpu_cuda },
    { "gpu-visible", "CUDA_VISIBLE_DEVICES", visible_why, "CUDA C++ programming guide: environment variables", false,
      visible },
    { "gpu-vram", "VRAM in use", vram_why, "microsoft/WSL issues 11050, 41176", false, vram_held },
    { "gpu-process-vram", "VRAM of single processes", process_why,
      "NVML API reference: nvmlProcessInfo_t; nvitop issue 55, nvtop issue 432", false, process_memory },
    { "gpu-throttle", "clocks", throttle_why, "NVML API reference: nvmlClocksEventReasons", false, throttled },
    { "gpu-pcie", "PCIe link", pcie_why, "nvidia-smi --help-query-gpu: pcie.link.gen, pcie.link.width", false, pcie },
    { "gpu-persistence", "persistence mode", persistence_why, "NVIDIA Driver Persistence, overview", false,
      persistence },
    { "gpu-ecc", "errors of the GPU's memory", ecc_why, "NVML API reference: nvmlDeviceGetTotalEccErrors", false, ecc },
    { "gpu-compute-mode", "compute mode", mode_why, "NVML API reference: nvmlComputeMode_t", false, compute_mode },
    { "gpu-mig", "MIG instances", mig_why, "NVIDIA Multi-Instance GPU User Guide", false, mig },
    { "gpu-mixed", "GPUs of different kinds", mixed_why,
      "torch.utils.cpp_extension; CUDA C++ programming guide: environment variables", false, mixed },
    { "gpu-wsl-ram", "VRAM and the memory of WSL", larger_why, "microsoft/WSL issue 40678", false, larger_than_ram },
    { NULL, NULL, NULL, NULL, false, NULL },
};
