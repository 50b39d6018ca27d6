"""Tables and plots of bench/growth."""

import statistics

from compare_report import number, table
from growth_measures import log_ratio, memory_per_key, overload_share

KEPT_SHARE = 0.8  # of the peak's throughput, at ten times the clients
LOADS = [("10 × peak", "peak"), ("10 × peak, Redis ports", "peak, Redis ports")]


def _rate(bench, what="operations"):
    b = bench[what]
    return [f"{b['per_second']:,.0f}", number(b["p50_ms"], "{:.2f}"), number(b["p99_ms"], "{:.2f}")]


def _bench_table(rows, key, title, extra=(), extra_titles=()):
    lines = [[f"{r[key]:,}", *_rate(r["bench"]), *(f(r) for f in extra)] for r in rows if "bench" in r]
    return table([title, "puts/s", "p50 ms", "p99 ms", *extra_titles], lines)


def _mb(size):
    return number(None if size is None else size / 1e6, "{:,.1f}")


def _clients(rows):
    return _bench_table(rows, "clients", "clients")


def _value_size(rows):
    return _bench_table(rows, "value_bytes", "bytes of a value",
                        [lambda r: f"{r['bench']['operations']['per_second'] * r['value_bytes'] / 1e6:,.1f}"], ["MB/s"])


def _nodes(rows):
    return _bench_table(rows, "nodes", "nodes")


def _median(values):
    return number(statistics.median(values), "{:.2f}")


def _store_size(rows):
    lines = [[f"{r['keys']:,}", *_rate(r["put"], "put"), *_rate(r["get"], "get"), _mb(r["resident_bytes"]),
              _median([t["ready_seconds"] for t in r["restart"]]),
              _median([t["healthy_seconds"] for t in r["restart"]]), _median(r["catch_up_seconds"])]
             for r in rows if "put" in r]
    return table(["keys", "puts/s", "p50 ms", "p99 ms", "gets/s", "p50 ms", "p99 ms", "memory MB",
                  "restart: ready s", "healthy s", "catch-up s"], lines) + \
        f"\nMemory per key: {number(memory_per_key(rows), '{:,.0f}')} bytes.\n"


def _log_length(rows):
    text = _bench_table(rows, "part", "part", [
        lambda r: f"{r['slot_out']:,}", lambda r: _mb(r["disk_bytes"]["acceptor"]),
        lambda r: _mb(r["disk_bytes"]["replica"])], ["slots", "acceptor's disk MB", "replica's disk MB"])
    return text + f"\nThe last quarter has {number(log_ratio(rows), '{:.2f}')} × the first quarter's puts/s.\n"


def _overload(rows):
    lines = []
    for r in (r for r in rows if "bench" in r):
        ended = {k: int(n) for k, n in r["bench"]["measured"].items() if k not in ("done", "absent")}
        refused = {k: n for k, n in r["answered_by_outcome"].items() if k != "ok" and n > 0}
        lines.append([r["load"], f"{r['clients']:,}", f"{r['value_bytes']:,}", *_rate(r["bench"]),
                      _mb(r["resident_bytes"]), _counts(ended), _counts(refused),
                      "yes" if r["healthy_after"] else "no"])
    text = table(["load", "clients", "bytes of a value", "puts/s", "p50 ms", "p99 ms", "memory MB",
                  "told to the clients", "answers of the replicas but ok", "healthy after"], lines)
    for load, peak in LOADS:
        share = overload_share(rows, load, peak)
        if share is not None:
            text += f"\n{load}: {share:.0%} of the peak's puts/s (aim: above {KEPT_SHARE:.0%}).\n"
    for r in rows:
        for why, count in r.get("bench", {}).get("troubles", {}).items():
            text += f"\n{r['load']}: {count} × {why}\n"
    return text


def _counts(counts):
    return ", ".join(f"{name} {n:,}" for name, n in counts.items() if n > 0) or "–"


SECTIONS = {
    "clients": ("Clients", "Puts of 64 bytes, 3 nodes.", _clients),
    "value-size": ("Size of the values", "Puts, 64 clients, 3 nodes.", _value_size),
    "nodes": ("Nodes", "Puts of 64 bytes, 64 clients; each node an acceptor, a leader and a replica.", _nodes),
    "store-size": ("Size of the store", "Values of 64 bytes, 64 clients, 3 nodes. Memory: the largest process at rest. "
                   "Restart: after `kill -9` of a process, without a load. Catch-up: a replica that begins with an "
                   "empty directory. Medians.", _store_size),
    "log-length": ("Length of the log", "Puts of 64 bytes to the same 10,000 keys, 64 clients, part by part.",
                   _log_length),
    "overload": ("Overload", "Puts, 3 nodes.", _overload),
}


def markdown(whole):
    machine = whole["machine"]
    parts = [f"# Growth: {whole['date'][:10]}, commit {whole['versions']['commit']}\n",
             f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; a small append with fdatasync "
             f"takes {machine['fdatasync_of_an_append_seconds'] * 1e6:.0f} µs. {whole['seconds']:g} s a point after "
             f"{whole['warm_up_seconds']:g} s of warm-up. Load average before: "
             f"{machine['load_average_before'][0]:.2f}. {whole['note']}\n"]
    for name, rows in whole["measures"].items():
        title, about, text = SECTIONS[name]
        parts += [f"## {title}\n", about + "\n", text(rows)]
    troubles = [f"- {name}, {list(r.items())[0]}: {r['trouble']}" for name, rows in whole["measures"].items()
                for r in rows if "trouble" in r]
    if troubles:
        parts += ["## What went wrong\n", "\n".join(troubles) + "\n"]
    return "\n".join(parts)


# --- plots --------------------------------------------------------------------------------------


def _plot_bench(axes, rows, key, label, logarithmic=True):
    """Throughput in the upper plot, latency in the lower one."""
    good = [r for r in rows if "bench" in r]
    at = [r[key] for r in good]
    of = lambda what: [r["bench"]["operations"][what] for r in good]
    axes[0].plot(at, of("per_second"), "o-", label="puts/s")
    axes[1].plot(at, of("p50_ms"), "o-", label="p50")
    axes[1].plot(at, of("p99_ms"), "o-", label="p99")
    _dress(axes, label, "puts/s", "ms", logarithmic)


def _dress(axes, label, upper, lower, logarithmic):
    for axis, unit in zip(axes, (upper, lower)):
        if logarithmic:
            axis.set_xscale("log")
        axis.set_ylim(bottom=0)
        axis.set_xlabel(label)
        axis.set_ylabel(unit)
        axis.minorticks_off()
        axis.grid(alpha=0.3)
        axis.legend(fontsize="small")


def _plot_store(axes, rows):
    good = [r for r in rows if "put" in r]
    keys = [r["keys"] for r in good]
    for kind in ("put", "get"):
        axes[0].plot(keys, [r[kind][kind]["per_second"] for r in good], "o-", label=f"{kind}s/s")
        axes[1].plot(keys, [r[kind][kind]["p99_ms"] for r in good], "o-", label=f"p99 of {kind}s")
    _dress(axes, "keys", "operations/s", "ms", True)


def _plot_restart(axes, rows):
    good = [r for r in rows if "put" in r]
    keys = [r["keys"] for r in good]
    for name in ("ready_seconds", "healthy_seconds"):
        axes[0].plot(keys, [statistics.median(t[name] for t in r["restart"]) for r in good], "o-",
                     label="restart: " + name.removesuffix("_seconds"))
    axes[0].plot(keys, [statistics.median(r["catch_up_seconds"]) for r in good], "o-", label="catch-up")
    axes[1].plot(keys, [(r["resident_bytes"] or float("nan")) / 1e6 for r in good], "o-",
                 label="memory of a process")
    _dress(axes, "keys", "s", "MB", True)


def _plot_overload(axes, rows):
    good = [r for r in rows if "bench" in r and r["value_bytes"] == 64]
    names = [r["load"].replace(", ", "\n") for r in good]
    axes[0].bar(names, [r["bench"]["operations"]["per_second"] for r in good], label="puts/s")
    axes[1].bar(names, [r["bench"]["operations"]["p99_ms"] for r in good], label="p99")
    _dress(axes, "", "puts/s", "ms", False)


PLOTS = {
    "clients": [lambda axes, rows: _plot_bench(axes, rows, "clients", "clients")],
    "value-size": [lambda axes, rows: _plot_bench(axes, rows, "value_bytes", "bytes of a value")],
    "nodes": [lambda axes, rows: _plot_bench(axes, rows, "nodes", "nodes", logarithmic=False)],
    "store-size": [_plot_store, _plot_restart],
    "log-length": [lambda axes, rows: _plot_bench(axes, rows, "part", "part of a long run", logarithmic=False)],
    "overload": [_plot_overload],
}


def plot(whole, path):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.fonttype"] = "none"  # text as text: a third of the bytes
    from matplotlib import pyplot
    plots = [(name, draw) for name in whole["measures"] for draw in PLOTS[name]]
    figure, axes = pyplot.subplots(2, len(plots), figsize=(4.2 * len(plots), 7.5), squeeze=False)
    for column, (name, draw) in enumerate(plots):
        draw(axes[:, column], whole["measures"][name])
        axes[0, column].set_title(SECTIONS[name][0])
    figure.suptitle(f"{whole['date'][:10]}, commit {whole['versions']['commit']}, "
                    f"{whole['machine']['cores']} × {whole['machine']['cpu']}")
    figure.tight_layout()
    figure.savefig(path)
