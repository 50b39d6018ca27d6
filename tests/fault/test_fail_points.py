"""kill -9 at fail points: before, after and in the middle of a call that creates, writes, syncs,
renames or sends, one process after the other, while clients work. What they saw is linearizable,
and all replicas are equal in the end."""

import signal

from fault_paths import EFFORT
from fail_points import LIBRARY, FailPoint, all_kinds, fatal
from pmmc_cluster import DONE, PATIENCE_S, ClusterTest, main, wait_until
from pmmc_load import Load, RecordedClient, check_histories

ROUNDS = 20 * EFFORT
KEYS = ["x", "y", "counter"]
SOON_S = 4.0  # to get to the fail point; not all do: then it is any moment


class FailPoints(ClusterTest):
    def setUp(self):
        self.assertTrue(LIBRARY.exists(), f"there is no {LIBRARY}; name it with PMMC_FAIL_POINT")

    def choose(self):
        """The fail points of the rounds: each kind about as often as the others."""
        kinds = []
        while len(kinds) < ROUNDS:
            kinds += self.random.sample(all_kinds(), len(all_kinds()))
        return [fatal(self.random, *kind) for kind in kinds[:ROUNDS]]

    def die_at(self, process, point, soon_s=SOON_S):
        """Starts the process again such that it dies at the point. Returns whether it did."""
        told = process.cluster.directory / "told"
        told.unlink(missing_ok=True)
        process.kill9()
        process.environment = point.environment(told)
        process.launch()
        process.environment = {}
        try:
            wait_until("it dies", lambda: not process.running, soon_s)
        except AssertionError:
            process.kill9()  # as good a moment as any
            return False
        self.assertTrue(told.exists(), f"{point}: {process.name} ended by itself with "
                                       f"{process.child.returncode}\n{process.log_tail()}")
        self.assertEqual(process.child.returncode, -signal.SIGKILL)
        process.kill9()
        return True

    def test_one_process_after_the_other(self):
        cluster = self.running_cluster("colocated")
        clients = [RecordedClient(cluster, f"c{i}", KEYS, self.random.random()) for i in range(3)]
        load = Load(cluster, "load", per_second=150)
        for client in [*clients, load]:
            self.addCleanup(client.kill)
        reached = {kind: 0 for kind in all_kinds()}

        def play(number, point, soon_s=SOON_S):
            victim = self.random.choice(cluster.processes)
            died = self.die_at(victim, point, soon_s)
            reached[point.call, point.when] += died
            print(f"round {number}: {victim.name} {point}{'' if died else ': not reached'}", flush=True)
            victim.start()
            for client in [*clients, load]:
                client.await_progress(5)

        for number, point in enumerate(self.choose()):
            play(number, point)
        # On a slow machine none of a kind may have been reached: then the first such call will do.
        for call, when in all_kinds():
            if call not in ("rename", "create") and reached[call, when] == 0:
                play("more", FailPoint(call, 1, when), PATIENCE_S)
        for client in clients:
            client.finish()
        load.finish()
        load.check()
        result = check_histories([c.history for c in clients])
        self.assertEqual(result.code, DONE, str(result))
        print(result.text.strip(), flush=True)
        cluster.await_equal_replicas()
        cluster.await_healthy()
        for kind in all_kinds():
            if kind[0] not in ("rename", "create"):
                self.assertGreater(reached[kind], 0, f"no process died {kind[1]} a {kind[0]}")


if __name__ == "__main__":
    main()
