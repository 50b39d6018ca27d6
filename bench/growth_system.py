"""A cluster of pmmc that is measured while it grows, and is broken and repaired by the measurement."""

import json
import re
import resource
import shutil
import subprocess
import time

from compare_points import Point
from compare_systems import PATIENCE_S, Pmmc, Trouble, _page

LOOK_S = 0.005  # between two looks at something whose time is taken
FILL_CLIENTS = 256
LEAST_FILL_PER_SECOND = 500  # a bound, not a measurement
SOME_FAILED = (0, 2, 4, 5)  # exit codes of `pmmc bench` that come with figures


class GrowingPmmc(Pmmc):
    """`nodes` processes, each an acceptor, a leader and a replica."""

    def __init__(self, folder, build, nodes=3):
        super().__init__(folder, build)
        self.nodes = nodes

    def start(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a Redis client is a socket
        super().start()

    def _shipped_text(self):
        text = "[cluster]\nname = growth\nwindow = 128\ndata = data\n"
        for kind in ("acceptor", "leader", "replica"):
            text += f"[{kind}]\n" + "".join(f"{kind[0]}{i + 1} = 127.0.0.1:{7101 + i}\n"
                                            for i in range(self.nodes))
        return text

    # --- loads ----------------------------------------------------------------------------------

    def bench(self, seconds, warm_up, *words, clients=64, value_bytes=64, codes=(0,),
              patience_s=2 * PATIENCE_S):
        """Its JSON."""
        return self.run_load(Point(clients, value_bytes), seconds, warm_up, self.build / "pmmc", "bench", "--json",
                             "--config", self.config, *words, codes=codes, patience_s=patience_s)

    def fill(self, keys):
        """Puts the keys that a bench of so many has."""
        self.bench(0.1, 0, "--preload", "--keys", keys, clients=FILL_CLIENTS,
                   patience_s=2 * PATIENCE_S + keys / LEAST_FILL_PER_SECOND)

    # --- looks ----------------------------------------------------------------------------------

    def status(self):
        """Rows of `status --json` by id, and whether all is well."""
        done = subprocess.run([self.build / "pmmc", "status", "--json", "--config", self.config],
                              capture_output=True, text=True)
        try:
            return {r["id"]: r for r in json.loads(done.stdout)["roles"]}, done.returncode == 0
        except ValueError:
            raise Trouble(f"pmmc status: exit {done.returncode}: {done.stderr}") from None

    def disk_bytes(self):
        """By kind, the largest role's."""
        rows = self.status()[0].values()
        return {kind: max(int(r["disk_bytes"]) for r in rows if r["role"] == kind and "disk_bytes" in r)
                for kind in ("acceptor", "replica")}

    def requests(self):
        """How many requests were answered, by outcome."""
        counts = {}
        for port in self._section_ports("http"):
            page = _page(port, "/metrics")
            for outcome, count in re.findall(
                    r'^pmmc_request_duration_seconds_count{[^}]*outcome="(\w+)"[^}]*} (\S+)', page, re.M):
                counts[outcome] = counts.get(outcome, 0) + int(float(count))
        return counts

    @property
    def redis_ports(self):
        return self._section_ports("redis")

    def _section_ports(self, name):
        section = self.config.read_text().partition(f"[{name}]\n")[2].partition("[")[0]
        return [int(port) for port in re.findall(r":(\d+)$", section, re.M)]

    # --- breaking and repairing -----------------------------------------------------------------

    def kill9(self, number):
        """The processes are numbered from 0. One at a time: `start_again` brings it back."""
        child = self._children.pop(number)
        child.kill()
        child.wait()

    def start_again(self, number):
        """Returns when that was, by time.monotonic."""
        began = time.monotonic()
        self.start_process(number)
        self._children.insert(number, self._children.pop())
        return began

    def ready(self, number):
        log = self.folder / f"p{number}.log"
        return log.exists() and re.search("^ready ", log.read_text("utf-8", "replace"), re.M) is not None

    def format_replica(self, number):
        """Removes a replica's directory, and formats a new one. Its process must not run."""
        role = f"r{number + 1}"
        shutil.rmtree(self.folder / "data" / role)
        self._pmmc("init", "--id", role)

    def seconds_until(self, began, what, condition, patience_s=10 * PATIENCE_S):
        while not condition():
            if time.monotonic() > began + patience_s:
                raise Trouble(f"{what}: waited {patience_s:.0f} s in vain")
            if ended := [c.args for c in self._children if c.poll() is not None]:
                raise Trouble(f"{what}: ended: {ended[0]}")
            time.sleep(LOOK_S)
        return time.monotonic() - began
