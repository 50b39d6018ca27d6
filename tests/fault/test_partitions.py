"""Partitions between network namespaces: packets are dropped, so connections break late or not at
all. While some majority of machines can talk to each other, clients go on; after the cut everybody
catches up; what the clients saw is linearizable."""

import itertools
import sys
import time

from fault_paths import EFFORT, SKIPPED
from namespaces import Machines, why_impossible
from pmmc_cluster import DONE, Cluster, ClusterTest, main
from pmmc_load import RecordedClient, check_histories

KEYS = ["x", "y", "counter"]
CLIENTS = 3


class PartitionedCluster(Cluster):
    """Colocated roles on each of the machines. The clients are in nobody's way: they reach all."""

    def __init__(self, machines):
        self._machines = machines
        self._next = itertools.count()
        super().__init__("colocated", size=machines.count)
        for number, process in enumerate(self.processes):
            process.wrapper = machines.wrapper(number)

    def new_address(self):
        return f"{self._machines.address(next(self._next))}:7000"


def both_ways(pairs):
    return [*pairs, *((b, a) for a, b in pairs)]


class Partitions(ClusterTest):
    def setUp(self):
        self.addCleanup(lambda: self.machines.close())
        self.machines = Machines(5)
        self.cluster = PartitionedCluster(self.machines)
        self._made.append(self.cluster)
        self.addCleanup(self.cluster.stop)
        self.cluster.launch()
        self.cluster.await_healthy()
        self.all = list(range(self.machines.count))

    def leader(self):
        """The number of the machine of the active leader."""
        role = self.cluster.await_leader()
        return next(i for i, p in enumerate(self.cluster.processes) if role in p.roles)

    # --- the cuts: who cannot send to whom -------------------------------------------------------

    def leader_alone(self):
        leader = self.leader()
        return both_ways([(leader, m) for m in self.all if m != leader])

    def leader_is_not_heard(self):
        leader = self.leader()
        return [(leader, m) for m in self.all if m != leader]

    def leader_hears_nobody(self):
        leader = self.leader()
        return [(m, leader) for m in self.all if m != leader]

    def two_and_three(self):
        leader = self.leader()
        other = self.random.choice([m for m in self.all if m != leader])
        return both_ways([(a, b) for a in (leader, other) for b in self.all
                          if b not in (leader, other)])

    def bridge(self):
        """Two pairs, and one machine between them that everybody reaches."""
        order = self.random.sample(self.all, 5)
        return both_ways([(a, b) for a in order[:2] for b in order[3:]])

    def majority_ring(self):
        """Each reaches the two beside it: a majority, but everybody another one."""
        order = self.random.sample(self.all, 5)
        return both_ways([(order[i], order[(i + 2) % 5]) for i in range(5)])

    def random_one_way(self):
        pairs = [(a, b) for a in self.all for b in self.all if a != b]
        return self.random.sample(pairs, 4)

    ONE_WAY = (leader_is_not_heard, leader_hears_nobody, random_one_way)
    BOTH_WAYS = (leader_alone, two_and_three, bridge, majority_ring)

    def cuts(self):
        """A short run has one of those that go one way, and not all of the others."""
        if EFFORT == 1:
            return [self.random.choice(self.ONE_WAY), self.random.choice(self.BOTH_WAYS[:2]),
                    *self.BOTH_WAYS[2:]]
        return self.random.sample(self.ONE_WAY + self.BOTH_WAYS, 7) * (EFFORT - 1)

    def test_cut_and_heal(self):
        clients = [RecordedClient(self.cluster, f"c{i}", KEYS, self.random.random(), timeout_s=60)
                   for i in range(CLIENTS)]
        for client in clients:
            self.addCleanup(client.kill)
        for make_cut in self.cuts():
            for client in clients:
                client.await_progress(10)
            cut = make_cut(self)
            began = time.monotonic()
            self.machines.block(cut)
            for client in clients:
                client.await_progress(20)
            self.machines.block([])
            for client in clients:
                client.await_progress(10)
            print(f"{make_cut.__name__}, {time.monotonic() - began:.1f} s: {cut}", flush=True)
        for client in clients:
            client.finish()
        result = check_histories([c.history for c in clients])
        print(result.text.strip(), flush=True)
        self.assertEqual(result.code, DONE, str(result))
        self.cluster.await_healthy()
        self.cluster.await_equal_replicas()
        self.cluster.assert_all_run()

    def test_no_majority_no_answer(self):
        """Two and two and one: nothing is decided, nothing is read; healed, all of it is there."""
        self.cluster.run("put", "k", "before")
        groups = [[0, 1], [2, 3], [4]]
        cut = [(a, b) for a in self.all for b in self.all
               if not any(a in g and b in g for g in groups)]
        self.machines.block(cut)
        self.assertIn(self.cluster.pmmc("put", "k", "meanwhile", timeout_s=3).code, (4, 5))
        self.assertEqual(self.cluster.pmmc("get", "k", timeout_s=3).code, 4)
        self.machines.block([])
        self.cluster.await_healthy()
        self.assertIn(self.cluster.get("k"), (b"before", b"meanwhile"))
        self.cluster.run("put", "k", "after")
        self.cluster.await_equal_replicas()


if __name__ == "__main__":
    if reason := why_impossible():
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    main()
