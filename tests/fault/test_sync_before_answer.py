"""What an acceptor says in a p1b or p2b is on its disk before: its system calls are traced, and a completed
fdatasync of each record must precede the first byte of each answer that depends on it."""

import sys

from fault_paths import SKIPPED
from acceptor_trace import AcceptorTrace
from fail_points import LIBRARY, FailPoint
from pmmc_cluster import ClusterTest, main, wait_until
from pmmc_load import Load
from syscalls import has_ended, tracer, why_impossible

MARKERS = 20
LOADS = 3
PROGRESS = 60  # writes of each


class SyncBeforeAnswer(ClusterTest):
    def traced_cluster(self):
        cluster = self.new_cluster("separate")
        for role in cluster.ids("acceptor"):
            cluster[role].wrapper = tracer(self.file(cluster, role))
        return cluster

    @staticmethod
    def file(cluster, role):
        return cluster.directory / f"{role}.trace"

    def put_one_by_one(self, cluster):
        """One client, which sends the next when it has the answer. Returns the values."""
        markers = [f"marker-{self.random.getrandbits(64):016x}" for _ in range(MARKERS)]
        with cluster.co_process("exec") as client:
            for marker in markers:
                client.send(f"put k {marker}\n")
                self.assertEqual(client.line(), "ok")
        return [m.encode() for m in markers]

    def write_through_an_election(self, cluster):
        """Several clients, and the active leader dies. Returns its ballot."""
        loads = [Load(cluster, f"load{i}", per_second=200) for i in range(LOADS)]
        for load in loads:
            self.addCleanup(load.kill)
        for load in loads:
            load.await_progress(PROGRESS)
        leader = cluster.await_leader()
        told = cluster.status()[0][leader]["ballot"]
        cluster[leader].kill9()
        for load in loads:
            load.await_progress(PROGRESS)
        for load in loads:
            load.finish()
        return int(told["seqnum"]), told["leader"].encode()

    def end(self, cluster):
        """Ends the acceptors. Returns what their traces have."""
        acceptors = {role: cluster[role].pid for role in cluster.ids("acceptor")}
        for role in acceptors:
            cluster[role].kill9()
        for role, pid in acceptors.items():
            wait_until(f"the trace of {role} is complete", lambda: has_ended(self.file(cluster, role), pid))
        return {role: AcceptorTrace(self.file(cluster, role)) for role in acceptors}

    def test_every_answer_waits_for_its_sync(self):
        cluster = self.traced_cluster().launch()
        cluster.await_healthy()
        markers = self.put_one_by_one(cluster)
        old = self.write_through_an_election(cluster)
        traces = self.end(cluster)
        for role, trace in traces.items():
            votes = sum(len(m.accepted) for _, m in trace.p1bs)
            print(f"\n{role}: {len(trace.p2bs)} p2b, {len(trace.p1bs)} p1b with {votes} votes, "
                  f"{trace.syncs} syncs, {len(trace.durable)} different records")
            self.assertEqual(trace.unsynced(), [], role)
            self.assertEqual(trace.strange_messages(), set(), "does what they say depend on a sync?")
        self.assert_it_was_all_seen(traces, markers, old)

    def assert_it_was_all_seen(self, traces, markers, old):
        """The traces have every value, its acceptance, and promises to the next leader."""
        for marker in markers:
            told = [role for role, trace in traces.items() if trace.accepted(marker)]
            self.assertGreaterEqual(len(told), 2, f"who accepted {marker}")
        promised = {role: [m.ballot for _, m in trace.p1bs if m.asked == m.ballot]
                    for role, trace in traces.items()}
        later = [role for role in promised if any(b > old and b[1] != old[1] for b in promised[role])]
        self.assertGreaterEqual(len(later), 2, f"promised to a successor of {old}, of {promised}")

    def test_answers_without_a_sync_are_noticed(self):
        """Acceptors whose syncs are not done: this test would see it."""
        self.assertTrue(LIBRARY.exists(), f"there is no {LIBRARY}; name it with PMMC_FAIL_POINT")
        cluster = self.traced_cluster()
        for role in cluster.ids("acceptor"):
            cluster[role].environment = FailPoint("sync", 1, "skip").environment(cluster.directory / role)
        cluster.launch()
        cluster.await_healthy()
        markers = self.put_one_by_one(cluster)
        for role, trace in self.end(cluster).items():
            unsynced = trace.unsynced()
            print(f"\n{role}, without syncs: {len(unsynced)} answers too early, such as: {unsynced[0]}")
            self.assertEqual(len(unsynced), len(trace.answers()))
            self.assertEqual(trace.syncs, 0)
        self.assertGreaterEqual(len(trace.p2bs), len(markers))


if __name__ == "__main__":
    if reason := why_impossible():
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    main()
