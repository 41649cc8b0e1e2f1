"""tools/jobs: how many jobs run side by side on machines and in containers of several sizes."""
import os
import pathlib
import subprocess

import pytest

JOBS = pathlib.Path(__file__).resolve().parents[2] / "tools" / "jobs"
CPUS = len(os.sched_getaffinity(0))
FREE = "MemTotal: 99999999999 kB\nMemAvailable: 99999999999 kB\n"


def jobs(root, **files):
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("cpu_max", "cpu.max").replace("memory_max", "memory.max")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    done = subprocess.run([JOBS, root], capture_output=True, text=True, check=True, env=dict(os.environ, OMP_NUM_THREADS="1"))
    assert done.stderr == ""
    return int(done.stdout)


@pytest.mark.parametrize("files, want", [
    ({}, CPUS),  # nothing is told: the CPUs alone
    ({"proc__meminfo": FREE}, CPUS),
    ({"proc__meminfo": FREE, "sys__fs__cgroup__cpu_max": "max 100000\n"}, CPUS),
    ({"proc__meminfo": FREE, "sys__fs__cgroup__cpu_max": "150000 100000\n"}, min(CPUS, 2)),  # one and a half CPUs
    ({"proc__meminfo": FREE, "sys__fs__cgroup__cpu_max": "50000 100000\n"}, 1),
    ({"proc__meminfo": FREE, "sys__fs__cgroup__cpu_max": "nonsense\n"}, CPUS),
    ({"proc__meminfo": "MemAvailable: 1500000 kB\n"}, 1),
    ({"proc__meminfo": "MemAvailable: 300 kB\n"}, 1),  # there is always one
    ({"proc__meminfo": FREE, "sys__fs__cgroup__memory_max": "1900000000\n"}, 1),
    ({"proc__meminfo": FREE, "sys__fs__cgroup__memory_max": "max\n"}, CPUS),
    ({"proc__meminfo": FREE, "sys__fs__cgroup__memory_max": "9223372036854771712\n"}, CPUS),
])
def test_jobs(tmp_path, files, want):
    assert jobs(tmp_path, **files) == want
