"""Medians, ratios and the plot."""

import statistics

import compare_points as points


class Medians:
    """Medians over the rounds; nothing for what did not run or was not available."""

    def __init__(self, whole):
        self._runs = {}
        for run in whole["runs"]:
            if "result" in run:
                self._runs.setdefault((run["system"], run["point"]), []).append(run["result"])

    def of(self, system, point, *path):
        found = []
        for result in self._runs.get((system, point), []):
            for name in path:
                result = result.get(name) if result else None
            if result is not None:
                found.append(float(result))
        return statistics.median(found) if found else None

    def per_second(self, system, point):
        return self.of(system, point, "operations", "per_second")

    def rest_mb(self, system):
        """The median over all runs of the largest process at rest."""
        largest = []
        for (s, _), results in self._runs.items():
            for result in results if s == system else []:
                sizes = [int(p["resident_bytes_at_rest"]) for p in result["servers"]["processes"]
                         if p["resident_bytes_at_rest"] is not None]
                if sizes:
                    largest.append(max(sizes) / 1e6)
        return statistics.median(largest) if largest else None


def number(value, form="{:,.0f}"):
    return "–" if value is None else form.format(value)


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def results_table(whole, m):
    rows = []
    for system in whole["systems"]:
        cells = []
        for p in whole["points"]:
            rate = m.per_second(system, p)
            cells.append("–" if rate is None else
                         f"{rate:,.0f} · {m.of(system, p, 'operations', 'p50_ms'):.2f} · "
                         f"{m.of(system, p, 'operations', 'p99_ms'):.2f}")
        rows.append([system, *cells])
    return table(["operations/s · p50 ms · p99 ms", *whole["points"]], rows)


def servers_table(whole, m):
    rows = []
    for system in whole["systems"]:
        for p in whole["points"]:
            if m.per_second(system, p) is None:
                continue
            figure = lambda name, form: number(m.of(system, p, "servers", name), form)
            rows.append([system, p, figure("cpu_seconds_per_1000_operations", "{:.4f}"),
                         figure("slots_per_second", "{:,.0f}"), figure("commands_per_slot", "{:.1f}"),
                         figure("syncs_per_second", "{:,.0f}"), figure("records_per_sync", "{:.1f}"),
                         figure("syncs_per_command", "{:.2f}"), figure("messages_per_command", "{:.2f}")])
    return table(["system", "point", "server CPU s per 1,000", "slots/s", "commands a slot",
                  "syncs/s, all disks", "records a sync", "syncs a command", "messages a command"], rows)


def verdict(value, wanted, at_most=False):
    if value is None or wanted is None:
        return "not measured"
    return "met" if (value <= wanted if at_most else value >= wanted) else "missed"


def ratio_rows(m, system, share):
    for target, by_point in (("at least", points.LEAST), ("aim", points.AIM)):
        for p, factors in by_point.items():
            for other, factor in factors.items():
                ours, theirs = m.per_second(system, p), m.per_second(other, p)
                ratio = ours / theirs if ours and theirs else None
                yield [system, p, f"{target} {factor * share:.2f} × {other}",
                       number(ratio, "{:.2f} ×"), verdict(ratio, factor * share)]


def latency_rows(m, system):
    for p in points.LEAST:
        ours = m.of(system, p, "operations", "p99_ms")
        limits = [("p99 below " + o, m.of(o, p, "operations", "p99_ms"), 1) for o in points.P99_BELOW
                  if not (p.startswith("get") and o == "redis")]
        limits += [(f"aim: p99 at most {f} × {o}", m.of(o, p, "operations", "p99_ms"), f)
                   for o, f in points.P99_AIM.items() if p.startswith("put")]
        for text, theirs, factor in limits:
            wanted = None if theirs is None else theirs * factor
            yield [system, p, f"{text}: {number(theirs, '{:.2f} ms')}", number(ours, "{:.2f} ms"),
                   verdict(ours, wanted, at_most=True)]


def cost_rows(m, system):
    for p, factors in points.CPU_MOST.items():
        for other, factor in factors.items():
            name = ("servers", "cpu_seconds_per_1000_operations")
            ours, theirs = m.of(system, p, *name), m.of(other, p, *name)
            ratio = ours / theirs if ours is not None and theirs else None
            yield [system, p, f"CPU per 1,000 at most {factor:.2f} × {other}", number(ratio, "{:.2f} ×"),
                   verdict(ratio, factor, at_most=True)]
    rest = m.rest_mb(system)
    for target, most in (("at most", points.MEMORY_MOST_MB), ("aim", points.MEMORY_AIM_MB)):
        yield [system, "at rest", f"{target} {most} MB a process", number(rest, "{:.1f} MB"),
               verdict(rest, most, at_most=True)]


def target_table(whole, m):
    rows = []
    for system, share in (("pmmc", 1), ("pmmc-separate", points.SEPARATE_SHARE)):
        if system in whole["systems"]:
            rows += [*ratio_rows(m, system, share), *latency_rows(m, system), *cost_rows(m, system)]
    return table(["system", "point", "target", "measured", ""], [r for r in rows if r[-1] != "not measured"])


def markdown(whole):
    m = Medians(whole)
    machine = whole["machine"]
    troubles = [f"- round {r['round']}, {r['point']}, {r['system']}: {r['trouble']}"
                for r in whole["runs"] if "trouble" in r]
    parts = [
        f"# {whole['date'][:10]}, commit {whole['versions']['commit']}\n",
        f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; a small append with fdatasync takes "
        f"{machine['fdatasync_of_an_append_seconds'] * 1e6:.0f} µs. {whole['rounds']} round(s), "
        f"{whole['seconds']:g} s a point after {whole['warm_up_seconds']:g} s of warm-up; medians. Load average "
        f"before: {machine['load_average_before'][0]:.2f}. {whole['note']}\n",
        "\n".join(f"- **{name}**: {about}" for name, about in whole["systems"].items()) + "\n",
        "Versions: " + ", ".join(f"{k} {v}" for k, v in whole["versions"].items() if k != "commit") + "\n",
        "## Results\n", results_table(whole, m),
        "## Targets\n", target_table(whole, m),
        "## Servers\n", servers_table(whole, m),
        "Memory of the largest process at rest: " + ", ".join(
            f"{s} {number(m.rest_mb(s), '{:.1f} MB')}" for s in whole["systems"]) + "\n",
    ]
    if troubles:
        parts += ["## What went wrong\n", "\n".join(troubles) + "\n"]
    return "\n".join(parts)


def plot(whole, path):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams["svg.fonttype"] = "none"  # text as text: a third of the bytes
    from matplotlib import pyplot
    m = Medians(whole)
    names = whole["points"]
    figure, axes = pyplot.subplots(2, 1, figsize=(max(8, 1.6 * len(names)), 9))
    width = 0.8 / max(1, len(whole["systems"]))
    for i, system in enumerate(whole["systems"]):
        places = [n + (i - len(whole["systems"]) / 2 + 0.5) * width for n in range(len(names))]
        for axis, what in zip(axes, ("per_second", "p99_ms")):
            values = [m.of(system, p, "operations", what) or float("nan") for p in names]
            axis.bar(places, values, width, label=system)
    for axis, label in zip(axes, ("operations a second", "p99, ms")):
        axis.set_yscale("log")
        axis.set_ylabel(label)
        axis.set_xticks(range(len(names)), names)
        axis.grid(axis="y", alpha=0.3)
    axes[0].legend(ncols=4, fontsize="small")
    axes[0].set_title(f"{whole['date'][:10]}, commit {whole['versions']['commit']}, "
                      f"{whole['machine']['cores']} × {whole['machine']['cpu']}")
    figure.tight_layout()
    figure.savefig(path)
