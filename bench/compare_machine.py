"""On what something was measured: the machine and its disk, and the versions."""

import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]


def first_line(*words):
    """What a program says of itself, or that it does not."""
    try:
        out = subprocess.run(words, capture_output=True, text=True, timeout=20)
    except OSError as e:
        return f"unknown: {e}"
    return (out.stdout or out.stderr).strip().splitlines()[0]


def sync_seconds(folder):
    """The median time of a small append with fdatasync."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as f:
        for _ in range(300):
            os.write(f.fileno(), b"x" * 100)
            begun = time.perf_counter()
            os.fdatasync(f.fileno())
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


def machine(folder):
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+) kB", pathlib.Path("/proc/meminfo").read_text())
    return {"cpu": model.group(1) if model else "unknown",
            "cores": os.cpu_count(),
            "memory_bytes": int(memory.group(1)) * 1024 if memory else None,
            "kernel": re.match(r"[\d.]*\d", os.uname().release).group(),
            "fdatasync_of_an_append_seconds": sync_seconds(folder),
            "load_average_before": os.getloadavg()}


def version_of(package):
    out = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    return out.stdout or "not installed"


def versions(build, packages):
    """Of pmmc, and of these Debian packages."""
    commit = subprocess.run(["git", "-C", REPOSITORY, "describe", "--always", "--dirty"],
                            capture_output=True, text=True).stdout.strip()
    return {"commit": commit, "pmmc": first_line(build / "pmmc", "version"),
            **{p: version_of(p) for p in packages}}
