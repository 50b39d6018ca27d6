"""What is measured while something grows. A measure gives rows: dicts with what was varied, and with the
result of `pmmc bench` or with the figures taken; or with the trouble that there was."""

import contextlib
import os
import pathlib
import shutil
import statistics
import tempfile

from compare_systems import Trouble
from growth_system import SOME_FAILED, GrowingPmmc

LARGE = 64 << 10  # bytes of a value
WAITING_BYTES = 64 << 20  # of requests, that a replica keeps waiting; more are refused


class Plan:
    """How long, how many, and where."""

    def __init__(self, arguments):
        self.seconds = arguments.seconds
        self.warm_up = arguments.warm_up
        self.build = arguments.build
        self.data = arguments.data
        quick = arguments.quick
        self.clients = [1, 16, 64, 256] if quick else [1, 4, 16, 64, 256, 1000]
        self.value_bytes = [16, 4096] if quick else [16, 256, 4096, LARGE]
        self.nodes = [3, 5] if quick else [3, 5, 7]
        self.keys = [1_000, 10_000] if quick else [1_000, 10_000, 100_000, 1_000_000]
        self.log_parts = 4 if quick else 20
        self.restarts = 1 if quick else 3
        self.peak_clients = None  # of the measure of clients, if that was taken

    @contextlib.contextmanager
    def cluster(self, nodes=3):
        self.data.mkdir(parents=True, exist_ok=True)
        folder = pathlib.Path(tempfile.mkdtemp(prefix="growth-", dir=self.data))
        try:
            with GrowingPmmc(folder, self.build, nodes) as running:
                yield running
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _row(varied, figures):
    """`figures` is called. Trouble is kept, and the rest goes on."""
    row = {**varied, "load_average_before": os.getloadavg()[0]}
    try:
        row.update(figures())
    except Trouble as e:
        row["trouble"] = str(e)
    return row


def clients(plan):
    def figures():
        with plan.cluster() as c:
            return {"bench": c.bench(plan.seconds, plan.warm_up, clients=n)}
    for n in plan.clients:
        yield _row({"clients": n}, figures)


def value_size(plan):
    def figures():
        with plan.cluster() as c:
            return {"bench": c.bench(plan.seconds, plan.warm_up, value_bytes=n)}
    for n in plan.value_bytes:
        yield _row({"value_bytes": n}, figures)


def nodes(plan):
    def figures():
        with plan.cluster(nodes=n) as c:
            return {"bench": c.bench(plan.seconds, plan.warm_up)}
    for n in plan.nodes:
        yield _row({"nodes": n}, figures)


def log_length(plan):
    """One cluster, the same keys over and over, part by part of a long run."""
    with plan.cluster() as c:
        def figures():
            bench = c.bench(plan.seconds, plan.warm_up if part == 1 else 0)
            slots = max(int(r["slot_out"]) for r in c.status()[0].values() if r["role"] == "replica")
            return {"bench": bench, "slot_out": slots, "disk_bytes": c.disk_bytes()}
        for part in range(1, plan.log_parts + 1):
            yield _row({"part": part}, figures)


# --- the size of the store ----------------------------------------------------------------------


def store_size(plan):
    """Puts, gets, memory, restart and catch-up, for each number of keys in a cluster of its own."""
    def figures():
        with plan.cluster() as c:
            c.fill(keys)
            words = ("--keys", keys)
            put = c.bench(plan.seconds, plan.warm_up, *words)
            get = c.bench(plan.seconds, plan.warm_up, "--gets", 100, *words)
            return {"put": put, "get": get, "resident_bytes": _largest(put, "resident_bytes_at_rest"),
                    "restart": [_restart(c) for _ in range(plan.restarts)],
                    "catch_up_seconds": [_catch_up(c) for _ in range(plan.restarts)]}
    for keys in plan.keys:
        yield _row({"keys": keys}, figures)


def _largest(bench, name):
    """Of all processes; nothing if it is not known of any."""
    return max((int(p[name]) for p in bench["servers"]["processes"] if p[name] is not None), default=None)


LAST = 2  # the process that is broken


def _restart(c):
    c.kill9(LAST)
    began = c.start_again(LAST)
    return {"ready_seconds": c.seconds_until(began, "ready", lambda: c.ready(LAST)),
            "healthy_seconds": c.seconds_until(began, "healthy", lambda: c.status()[1])}


def _catch_up(c):
    """Without a load: from the start of the process to the slot of the others."""
    c.kill9(LAST)
    c.format_replica(LAST)

    def has_all():
        slots = {role: int(row["slot_out"]) for role, row in c.status()[0].items()
                 if row["role"] == "replica" and "slot_out" in row}
        mine = slots.pop(f"r{LAST + 1}", 0)
        return bool(slots) and mine >= max(slots.values())

    began = c.start_again(LAST)
    return c.seconds_until(began, "catch-up", has_all)


# --- overload -----------------------------------------------------------------------------------


def overload(plan):
    """The clients of the peak, and ten times as many, over both protocols. Then more bytes at one replica
    than it keeps waiting, so that it refuses: over the Redis port clients are told, the native client tries
    again."""
    peak = plan.peak_clients or 256
    many = 10 * peak
    large = 2 * WAITING_BYTES // LARGE
    for name, n, words, size in (
            ("peak", peak, (), 64), ("10 × peak", many, (), 64),
            ("peak, Redis ports", peak, ("--redis",), 64), ("10 × peak, Redis ports", many, ("--redis",), 64),
            ("too many bytes", large, ("--replica", "r1", "--sessions", 64, "--timeout", 60), LARGE),
            ("too many bytes, Redis port", large, ("--redis", "ONE", "--timeout", 60), LARGE)):
        yield _row({"load": name, "clients": n, "value_bytes": size},
                   lambda: _overloaded(plan, n, words, size))


def _overloaded(plan, n, words, size):
    with plan.cluster() as c:
        if words[:2] == ("--redis", "ONE"):
            words = (f"--redis=127.0.0.1:{c.redis_ports[0]}", *words[2:],
                     *(word for pid in c.pids for word in ("--server-pid", pid)))
        before = c.requests()
        bench = c.bench(plan.seconds, plan.warm_up, *words, clients=n, value_bytes=size, codes=SOME_FAILED)
        after = c.requests()
        answered = {outcome: count - before.get(outcome, 0) for outcome, count in after.items()}
        return {"bench": bench, "answered_by_outcome": answered,
                "resident_bytes": _largest(bench, "resident_bytes"), "healthy_after": c.status()[1]}


MEASURES = {"clients": clients, "value-size": value_size, "nodes": nodes, "store-size": store_size,
            "log-length": log_length, "overload": overload}


def peak_clients(rows):
    """The number of clients at which most was done, if it was measured."""
    good = [r for r in rows if "bench" in r]
    return max(good, key=lambda r: r["bench"]["operations"]["per_second"])["clients"] if good else None


def memory_per_key(rows):
    """Bytes, between the smallest and the largest store; nothing if it is not known."""
    good = [r for r in rows if r.get("resident_bytes")]
    if len(good) < 2:
        return None
    few, many = good[0], good[-1]
    return (many["resident_bytes"] - few["resident_bytes"]) / (many["keys"] - few["keys"])


def log_ratio(rows):
    """Throughput of the last quarter of a long run, as a share of the first quarter's; nothing if that had none."""
    rates = [r["bench"]["operations"]["per_second"] for r in rows if "bench" in r]
    part = len(rates) // 4
    first = statistics.mean(rates[:part]) if part else 0
    return statistics.mean(rates[-part:]) / first if first else None


def overload_share(rows, load, peak):
    rates = {r["load"]: r["bench"]["operations"]["per_second"] for r in rows if "bench" in r}
    return rates[load] / rates[peak] if load in rates and rates.get(peak) else None
