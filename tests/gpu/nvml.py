"""On a real card: what headrace reads from NVML is what nvidia-smi prints, figure by figure, and the code that it finds in a
PyTorch is what that PyTorch says itself.  Writes a table; exits with 1 when a figure differs."""
import argparse
import json
import re
import subprocess
import sys
import time

# our key, nvidia-smi's name, factor from nvidia-smi's unit to ours, how much the two readings may differ (None: exactly equal)
FIGURES = [
    ("name", "name", None, None),
    ("uuid", "uuid", None, None),
    ("bus", "pci.bus_id", None, None),
    ("cc", "compute_cap", 10, 0),
    ("memory", "memory.total", 1 << 20, 1 << 20),
    ("used", "memory.used", 1 << 20, 256 << 20),
    ("free", "memory.free", 1 << 20, 256 << 20),
    ("celsius", "temperature.gpu", 1, 5),
    ("busy", "utilization.gpu", 1, 100),
    ("milliwatts", "power.draw", 1000, 60000),
    ("milliwatts_limit", "enforced.power.limit", 1000, 10),
    ("sm_mhz", "clocks.sm", 1, 2000),
    ("sm_mhz_max", "clocks.max.sm", 1, 0),
    ("memory_mhz", "clocks.mem", 1, 15000),
    ("memory_mhz_max", "clocks.max.mem", 1, 0),
    ("pcie_gen", "pcie.link.gen.current", 1, 4),
    ("pcie_gen_max", "pcie.link.gen.max", 1, 0),
    ("pcie_width", "pcie.link.width.current", 1, 0),
    ("pcie_width_max", "pcie.link.width.max", 1, 0),
    ("ecc", "ecc.mode.current", {"Enabled": True, "Disabled": False}, None),
    ("persistence", "persistence_mode", {"Enabled": True, "Disabled": False}, None),
    ("mig", "mig.mode.current", {"Enabled": True, "Disabled": False}, None),
    ("compute_mode", "compute_mode", {"Default": 0, "Prohibited": 2, "Exclusive_Process": 3}, None),
    ("ecc_uncorrected", "ecc.errors.uncorrected.aggregate.total", 1, 0),
]


def smi():
    query = ",".join(name for _, name, _, _ in FIGURES)
    out = subprocess.run(["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader,nounits"], capture_output=True,
                         text=True, check=True).stdout
    return [[v.strip() for v in line.split(",")] for line in out.strip().splitlines()]


def told(text, factor):
    """nvidia-smi's word as our value; None where it says that it has none."""
    if text.startswith("[") or text in ("N/A", ""):
        return None
    if isinstance(factor, dict):
        return factor.get(text, text)
    return text if factor is None else round(float(text) * factor)


def compare(ours, theirs):
    """Rows (figure, ours, nvidia-smi's, verdict); a value that one side lacks is no difference if it is told as lacking."""
    for (key, name, factor, slack), text in zip(FIGURES, theirs):
        a, b = ours[key], told(text, factor)
        if a is None or b is None:
            verdict = "neither" if a is None and b is None else "only nvidia-smi" if a is None else "only headrace"
            yield key, ours.get(f"{key}_unknown", a) if a is None else a, text, verdict
        else:
            same = a == b if slack is None else abs(a - b) <= slack
            yield key, a, text, "same" if same else "DIFFERS"


def torch_images(headrace):
    """What the doctor reads out of PyTorch's library against what PyTorch says; None where one of them says nothing."""
    try:
        import torch
    except ImportError:
        return None
    out = subprocess.run([headrace, "doctor", "--only", "python-torch-arch", "--json"], capture_output=True, text=True).stdout
    seen = " ".join(s for c in json.loads(out)["checks"] for s in c["seen"])
    m = re.search(r"has code for ([\d. af]*)", seen)
    says = {a for a in torch.cuda.get_arch_list() if a.startswith("sm_")} if torch.cuda.is_available() else set()
    if not m or not says:
        return None
    read = {"sm_" + a.replace(".", "") for a in m[1].split()}
    return read, says


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--reading", required=True, help="the program tests/tools/gpu_reading")
    p.add_argument("--headrace", required=True)
    p.add_argument("--report", required=True)
    a = p.parse_args()
    begun = time.perf_counter()
    ours = json.loads(subprocess.run([a.reading], capture_output=True, text=True, check=True).stdout)
    took = time.perf_counter() - begun
    driver = json.loads(subprocess.run([a.reading, "--cuda"], capture_output=True, text=True, check=True).stdout)
    theirs = smi()
    bad = int(ours["state"] != "read" or ours["count"] != len(theirs) or driver["state"] != "read")
    with open(a.report, "w") as f:
        f.write(f"# NVML read by headrace, against nvidia-smi\n\n`tests/gpu/run.sh`, {time.strftime('%Y-%m-%d')}; driver "
                f"{ours['driver']}, CUDA {ours['cuda']}, NVML {ours['nvml']} from {ours['library']}; the reading took "
                f"{took * 1000:.0f} ms. The CUDA driver: {driver['state']}, {driver['devices']} devices.\n")
        for gpu, row in zip(ours["gpu"], theirs):
            f.write(f"\n## {gpu['name']}\n\n| figure | headrace | nvidia-smi | |\n|---|---|---|---|\n")
            for key, x, y, verdict in compare(gpu, row):
                bad += verdict == "DIFFERS"
                f.write(f"| {key} | {x} | {y} | {verdict} |\n")
        images = torch_images(a.headrace)
        if images:
            read, says = images
            missing = sorted(says - read)
            bad += bool(missing)
            f.write(f"\nPyTorch says {' '.join(sorted(says))}; headrace reads {' '.join(sorted(read))} out of its library"
                    f"{'; MISSING: ' + ' '.join(missing) if missing else ''}.\n")
    print(open(a.report).read())
    print(f"nvml.py: {bad} figures differ")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
