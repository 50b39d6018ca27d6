"""Clusters of real `pmmc` processes for tests, and the base class of those tests.

A test file is run by hand as
    PMMC_BINARY=build/pmmc python3 tests/cluster/test_kill.py -v [Class.test_name]
PMMC_SEED=N repeats the choices of a run that printed that seed; PMMC_ENGINE: see pmmc_engine.py.
"""

import json
import os
import pathlib
import random
import shutil
import sys
import tempfile
import unittest

from pmmc_engine import ENGINE, KINDS, server_for
from pmmc_ports import PortBlock
# Tests have all of these from here.
from pmmc_process import Process
from pmmc_program import (ABSENT, BAD_USAGE, BINARY, DONE, INTERNAL, NOT_EXECUTED, PATIENCE_S,
                          PRECONDITION, REPOSITORY, UNHEALTHY, UNKNOWN, Background, CoProcess,
                          clean_environment, run_program, spawn, wait_until)

SEED = int(os.environ.get("PMMC_SEED") or random.SystemRandom().randrange(1 << 32))


class Cluster:
    """A cluster in a directory of its own, on ports of its own.

    `layout`: "separate" (every role its own process) or "colocated" (`size` processes with one role
    of each kind). `redis`: with a Redis port for every replica. `engine`: raft and simple have `size`
    servers, each its own process, whatever the layout. Nothing is formatted or started by the
    constructor.
    """

    def __init__(self, layout="separate", size=3, leaders=2, replicas=3, window=None, redis=False,
                 engine=ENGINE):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="pmmc-test-"))
        self.config = self.directory / "cluster.conf"
        self.ports = PortBlock()
        self.engine = engine
        self.roles = {}  # id → (kind, address)
        if engine != "pmmc":
            self._add("server", "s", size)
        elif layout == "separate":
            self._add("acceptor", "a", size)
            self._add("leader", "l", leaders)
            self._add("replica", "r", replicas)
        else:
            addresses = [self.new_address() for _ in range(size)]
            for kind in ("acceptor", "leader", "replica"):
                self._add(kind, kind[0], size, addresses)
        self.redis = {r: self.new_address() for r in self.ids("replica")} if redis else {}
        self.name = self.directory.name.replace(".", "-")[-31:].lstrip("-")
        self.window = window
        self.config.write_text(self.config_text(), "ascii")
        by_address = {}
        for role, (_, address) in self.roles.items():
            by_address.setdefault(address, []).append(role)
        self.processes = [Process(self, a, ids) for a, ids in by_address.items()]

    def new_address(self):
        """One that no process of this cluster has."""
        return f"127.0.0.1:{self.ports.take()}"

    def _add(self, kind, letter, count, addresses=None):
        for i in range(count):
            self.roles[f"{letter}{i + 1}"] = (kind, addresses[i] if addresses else self.new_address())

    def config_text(self, changes=None, only=None, window=None, roles=None,
                    data=None):
        """The config file. `changes`: other addresses by id. `only`: leave out replicas but these.
        `roles`: instead of the members. `data`: another directory."""
        text = f"[cluster]\nname = {self.name}\ndata = {data or self.directory / 'data'}\n"
        if self.engine != "pmmc":
            text += f"engine = {self.engine}\n"
        window = window or self.window
        if window is not None:
            text += f"window = {window}\n"
        if only is not None and self.engine != "pmmc":
            only = [server_for(role) for role in only]
        for kind in KINDS[self.engine]:
            text += f"[{kind}]\n"
            for role, (its_kind, address) in (roles or self.roles).items():
                if its_kind == kind and (kind not in ("replica", "server") or only is None
                                         or role in only):
                    text += f"{role} = {(changes or {}).get(role, address)}\n"
        if self.redis:
            text += "[redis]\n" + "".join(f"{r} = {a}\n" for r, a in self.redis.items()
                                          if r in (roles or self.roles)
                                          and (only is None or r in only))
        return text

    def client_config(self, name, **options):
        """Another config file for clients of this cluster. See config_text."""
        path = self.directory / name
        path.write_text(self.config_text(**options), "ascii")
        return path

    # --- processes ------------------------------------------------------------------------------

    def own_id(self, role):
        """The role itself, or the server that stands for it."""
        return role if self.engine == "pmmc" else server_for(role)

    def __getitem__(self, role):
        """The process that hosts a role."""
        return next(p for p in self.processes if self.own_id(role) in p.roles)

    def redis_port(self, replica):
        """The port number of a replica's Redis port."""
        return int(self.redis[self.own_id(replica)].rpartition(":")[2])

    def ids(self, kind):
        """Of servers, that stand for all kinds, all."""
        return [role for role, (its_kind, _) in self.roles.items() if its_kind in (kind, "server")]

    def data(self, role):
        """The role's data directory."""
        return self.directory / "data" / self.own_id(role)

    def init(self):
        return self.run("init")

    def spare_disk(self, role):
        """A data directory that was formatted for the role while nobody knew it: the one that it comes
        back with when it has lost its own, which `init` refuses to format then."""
        spare = self.directory / "spare.conf"
        spare.write_text(self.config_text(data=self.directory / "spare"), "ascii")
        self.run("init", "--id", self.own_id(role), config=spare)
        return self.directory / "spare" / self.own_id(role)

    def launch(self):
        """Formats, starts all processes and waits for their ready lines."""
        self.init()
        self.start_all()
        return self

    def start_all(self):
        """Starts what does not run, all at once."""
        started = [p for p in self.processes if not p.running]
        for p in started:
            p.launch()
        for p in started:
            p.await_ready()

    def kill9_all(self):
        """kill -9 for all at once."""
        for p in self.processes:
            if p.running:
                p.child.kill()
        for p in self.processes:
            p.kill9()

    def assert_all_run(self):
        for p in self.processes:
            if not p.running:
                raise AssertionError(f"{p.name} ended with {p.child and p.child.poll()}\n{p.log_tail()}")

    # --- commands -------------------------------------------------------------------------------

    def pmmc(self, *words, config=None, timeout_s=None, **options):
        """Runs a client command. Returns its Result whatever it is."""
        flags = ["--config", config or self.config]
        if timeout_s is not None:
            flags += ["--timeout", str(timeout_s)]
        return run_program(*words[:1], *flags, *words[1:], **options)

    def run(self, *words, code=DONE, **options):
        """Runs a client command, which must end with `code`."""
        result = self.pmmc(*words, **options)
        if result.code != code:
            raise AssertionError(f"expected exit {code}: {result}")
        return result

    def co_process(self, *words):
        """A client command that is talked to. Use it in a `with`."""
        return CoProcess([BINARY, *words[:1], "--config", self.config, *words[1:]])

    def background(self, *words, config=None):
        """A client command that runs meanwhile. Use it in a `with`."""
        fd, stderr = tempfile.mkstemp(".err", f"{words[0]}-", self.directory)  # two may run at once
        os.close(fd)
        return Background([BINARY, *words[:1], "--config", config or self.config, *words[1:]],
                          pathlib.Path(stderr))

    def get(self, key, **options):
        """The value of a key, or None."""
        result = self.pmmc("get", "--", key, **options)
        if result.code == ABSENT:
            return None
        if result.code != DONE:
            raise AssertionError(str(result))
        return result.out[:-1]

    def get_all(self, keys):
        """The values of many keys by one `exec`; None for absent ones. Keys need no quoting."""
        lines = "".join(f"get {key}\n" for key in keys)
        results = [json.loads(line) for line in
                   self.run("exec", "--json", stdin=lines.encode()).text.splitlines()]
        return [r["value"] if r["result"] == "ok" else None for r in results]

    def status(self):
        """(roles by id, exit code) of `status --json`."""
        result = self.pmmc("status", "--json")
        return {row["id"]: row for row in result.json["roles"]}, result.code

    def active_leader(self):
        """The id of the active leader that has the highest ballot or term, or None. Where nobody leads,
        any server that runs is as good."""
        if self.engine == "simple":
            return next((r["id"] for r in self.status()[0].values() if r["up"]), None)
        rows = [r for r in self.status()[0].values() if r.get("state") in ("active", "leader")]
        rows.sort(key=lambda r: (int(r["term"]), "") if "term" in r
                  else (int(r["ballot"]["seqnum"]), r["ballot"]["leader"]))
        return rows[-1]["id"] if rows else None

    def await_leader(self):
        return wait_until("some leader is active", self.active_leader)

    def await_healthy(self):
        """Waits until `status` has nothing to complain about."""
        wait_until("status is healthy", lambda: self.status()[1] == DONE)

    def await_met(self, role, by):
        """Waits until these have it in their files by which disk they know the role."""
        for other in by:
            wait_until(f"{other} has met {role}", lambda other=other: role in run_program(
                "inspect", "--json", self.data(other)).json["known_disks"])

    def fingerprints(self):
        """Rows of `fingerprint --json` by id. Two replicas at one slot_out must be equal."""
        result = self.run("fingerprint", "--json")
        rows = {r["id"]: r for r in result.json["replicas"]}
        seen = {}
        for row in rows.values():
            if row["up"]:
                expected = seen.setdefault(row["slot_out"], row["fingerprint"])
                if expected != row["fingerprint"]:
                    raise AssertionError(f"replicas differ at equal slot_out:\n{result.text}")
        return rows

    def await_equal_replicas(self):
        """Waits until all replicas are up and have performed the same slots; their states must be
        the same then (S1). Returns that slot_out."""

        def same_slot():
            rows = self.fingerprints().values()
            slots = {r["slot_out"] if r["up"] else None for r in rows}
            return slots.pop() if len(slots) == 1 and None not in slots else None

        return int(wait_until("all replicas at one slot_out", same_slot))

    # --- the end --------------------------------------------------------------------------------

    def stop(self):
        """Ends everything that was started, whatever state it is in."""
        for p in self.processes:
            if p.child is not None and p.child.poll() is None:
                p.child.kill()
        for p in self.processes:
            p.kill9()
        self.ports.release()

    def report(self):
        """What is needed to see why a test failed."""
        for p in self.processes:
            print(p.log_tail(), file=sys.stderr)
        print(f"kept for inspection: {self.directory}", file=sys.stderr)

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)


class ClusterTest(unittest.TestCase):
    """Base of the tests: gives out clusters, ends them, and reports failures so that they can be
    repeated."""

    maxDiff = 2000

    def run(self, result=None):
        self._made = []
        self.random = random.Random(f"{SEED} {self.id()}")
        before = _count_bad(result)
        super().run(result)
        failed = _count_bad(result) > before
        if failed:
            script = pathlib.Path(sys.modules[type(self).__module__].__file__)
            print(f"\n{self.id()} failed. To repeat it:\n  PMMC_SEED={SEED} PMMC_BINARY={BINARY} "
                  f"python3 {script} {type(self).__name__}.{self._testMethodName}", file=sys.stderr)
        for cluster in self._made:
            if failed:
                cluster.report()
            else:
                cluster.remove()

    def new_cluster(self, *args, **options):
        """A cluster that exists until the test ends."""
        cluster = Cluster(*args, **options)
        self._made.append(cluster)
        self.addCleanup(cluster.stop)
        return cluster

    def running_cluster(self, *args, **options):
        """The same, formatted, started, and with a leader."""
        cluster = self.new_cluster(*args, **options).launch()
        cluster.await_healthy()
        return cluster

    def assert_error(self, result, code, *patterns):
        """A refusal that explains itself: this exit code, and every pattern on stderr."""
        self.assertEqual(result.code, code, str(result))
        for pattern in patterns:
            self.assertRegex(result.err, pattern)


class SharedClusterTest(ClusterTest):
    """Tests that leave the cluster as healthy as they found it share one, `cluster`. Each test has
    its own keys."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster()
        cls.addClassCleanup(cls.cluster.remove)
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.launch()
        cls.cluster.await_healthy()

    def assert_prints(self, expected, *words, code=DONE):
        """A client command prints just this and ends with `code`. Returns its Result."""
        result = self.cluster.run(*words, code=code)
        self.assertEqual(result.out, expected, str(result))
        return result

    def exec_lines(self, text, *flags, code=DONE):
        """What `exec` prints when it reads `text`, which is str or bytes: a line for each operation."""
        data = text if isinstance(text, bytes) else text.encode()
        return self.cluster.run("exec", *flags, stdin=data, code=code).out.splitlines()


def _count_bad(result):
    return 0 if result is None else len(result.failures) + len(result.errors)


def main():
    """What every test file ends with."""
    if not BINARY.exists():
        sys.exit(f"there is no program at {BINARY}; name it with PMMC_BINARY")
    unittest.main(verbosity=2)
