"""Clusters in which every process has an HTTP port, and what tests ask there."""

import contextlib
import re
import socket
import urllib.error
import urllib.request

from pmmc_cluster import REPOSITORY, Cluster, ClusterTest, wait_until
from pmmc_machines import ChangingCluster

ANSWER_S = 10.0  # a page that takes longer does not come; a bound, not a measurement
MOST_GROWTH_BYTES = 32 << 20
PAGES = ("/", "/health", "/ready", "/version", "/status", "/metrics")


class HttpPages:
    """What a cluster can do in which every process has an HTTP port."""

    http = {}  # port by process

    def _give_ports(self, config, processes):
        ports = {p.name: self.ports.take() for p in processes}
        lines = [f"{p.roles[-1]} = 127.0.0.1:{ports[p.name]}\n" for p in processes]
        config.write_text(config.read_text("ascii") + "[http]\n" + "".join(lines), "ascii")
        self.http = {**self.http, **ports}

    def fetch(self, role, path, method="GET"):
        """(status, headers, body as text) of a page of the process that hosts the role."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.http[self[role].name]}{path}", method=method)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code, answer.headers, answer.read().decode()

    def metrics(self, role):
        """Samples by name, each a list of (labels, value), and the types by name."""
        samples, types = {}, {}
        for line in self.fetch(role, "/metrics")[2].splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split()
                types[name] = kind
            elif not line.startswith("#"):
                name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
                samples.setdefault(name, []).append(
                    (dict(re.findall(r'(\w+)="([^"]*)"', labels or "")), float(value)))
        return samples, types

    def connect(self, role):
        return socket.create_connection(("127.0.0.1", self.http[self[role].name]), timeout=ANSWER_S)

    def health(self, role):
        status, _, text = self.fetch(role, "/health")
        return status, text

    def await_health(self, role, status):
        """Waits until /health has this status, and returns its text."""
        return wait_until(f"/health of {role} is {status}", lambda: next(
            (text for code, text in [self.health(role)] if code == status), None))


class HttpCluster(HttpPages, Cluster):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self._give_ports(self.config, self.processes)


class ChangingHttpCluster(HttpPages, ChangingCluster):
    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        for machine in self.processes:
            self._give_ports(machine.config, [machine])

    def newcomer(self, *kinds):
        machine = super().newcomer(*kinds)
        self._give_ports(machine.config, [machine])
        return machine


def value(samples, name, **labels):
    """The value of the one sample with these labels."""
    found = [v for its, v in samples.get(name, []) if labels.items() <= its.items()]
    if len(found) != 1:
        raise AssertionError(f"{name} {labels}: {len(found)} samples of {samples.get(name)}")
    return found[0]


def answer_to(connection, data=b""):
    """All that comes until the other side closes."""
    with contextlib.suppress(OSError):
        connection.sendall(data)
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65_536):
            received += chunk
    return received


def documented_metrics(without=()):
    """name → type, of the tables in docs/METRICS.md, but for those below some headings."""
    text = (REPOSITORY / "docs" / "METRICS.md").read_text("utf-8")
    parts = [part for part in text.split("\n## ") if part.split("\n", 1)[0] not in without]
    return dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", "\n".join(parts), re.MULTILINE))


class HttpTest(ClusterTest):
    def http_cluster(self, *args, **options):
        cluster = HttpCluster(*args, **options)
        self._made.append(cluster)
        self.addCleanup(cluster.stop)
        cluster.launch()
        cluster.await_healthy()
        return cluster


class SharedHttpTest(HttpTest):
    """Tests that leave the cluster as they found it share one."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = HttpCluster("colocated", redis=True)
        cls.addClassCleanup(cls.cluster.remove)
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.launch()
        cls.cluster.await_healthy()
