"""Processes that stand still for a while (SIGSTOP) and go on with what they knew (SIGCONT)."""

from pmmc_cluster import DONE, ClusterTest, main, wait_until
from pmmc_engine import elects_leaders
from pmmc_load import Load


class Paused(ClusterTest):
    @elects_leaders
    def test_the_active_leader(self):
        """Another leader takes over. The first one, awake again, neither decides nor doubles anything."""
        cluster = self.running_cluster()
        load = Load(cluster, "load")
        try:
            for _ in range(2):
                load.await_progress()
                old = cluster.await_leader()
                cluster[old].stop()
                cluster.run("put", "leader", f"not {old}", timeout_s=30)
                new = cluster.await_leader()
                self.assertNotEqual(new, old)
                load.await_progress()
                cluster[old].cont()
                self.assertEqual(cluster.get("leader"), f"not {old}".encode())
                load.await_progress(200)
                wait_until(f"{old} is passive", lambda: cluster.status()[0][old].get("state")
                           in ("passive", "follower") or cluster.active_leader() == old)
            load.finish()
        finally:
            load.kill()
        load.check()
        cluster.await_equal_replicas()

    def test_a_replica_never_answers_from_the_past(self):
        """A client that knows only the replica that slept, before and after."""
        cluster = self.running_cluster()
        for role in cluster.ids("replica"):
            with self.subTest(role):
                only = cluster.client_config(f"only-{role}.conf", only=[role])
                others = cluster.client_config(f"not-{role}.conf",
                                               only=[r for r in cluster.ids("replica") if r != role])
                cluster.run("put", "k", "old", config=only)
                cluster[role].stop()
                cluster.run("put", "k", f"new {role}", config=others, timeout_s=30)
                cluster.run("incr", "n", config=others, timeout_s=30)
                cluster[role].cont()
                self.assertEqual(cluster.get("k", config=only), f"new {role}".encode())
        cluster.await_equal_replicas()

    def test_reads_under_way_while_everything_is_paused_and_writes_pass_by(self):
        """A reader sits at a replica that is paused again and again; what it reads never goes back."""
        cluster = self.running_cluster()
        only = cluster.client_config("only-r1.conf", only=["r1"])
        others = cluster.client_config("not-r1.conf", only=["r2", "r3"])
        count = 2_000
        reads = cluster.directory / "reads"
        reads.write_text("get n\n" * count)
        writer = Load(cluster, "n", config=others)
        try:
            writer.await_progress()
            for _ in range(4):
                with cluster.background("exec", reads, "--timeout", "30", config=only) as reading:
                    cluster["r1"].stop()
                    cluster.run("incr", "n", config=others, timeout_s=30)
                    least = int(cluster.get("n", config=others))
                    cluster["r1"].cont()
                    result = reading.wait()
                    self.assertEqual(result.code, DONE, str(result)[-2000:])
                    values = [int(v) for v in result.out.split() if v != b"absent"]
                    self.assertEqual(values, sorted(values))
                self.assertGreaterEqual(int(cluster.get("n", config=only)), least)
            writer.finish()
        finally:
            writer.kill()
        writer.check()

    def test_an_acceptor(self):
        """Not noticed, as long as it is one of three."""
        cluster = self.running_cluster()
        load = Load(cluster, "load")
        try:
            for role in cluster.ids("acceptor"):
                cluster[role].stop()
                load.await_progress(200)
                cluster[role].cont()
            load.finish()
        finally:
            load.kill()
        load.check()
        cluster.await_healthy()

    def test_everything(self):
        """A whole cluster that slept goes on as if nothing had been."""
        cluster = self.running_cluster()
        load = Load(cluster, "load", timeout_s=60)
        try:
            load.await_progress()
            for process in cluster.processes:
                process.stop()
            for process in reversed(cluster.processes):
                process.cont()
            load.await_progress()
            load.finish()
        finally:
            load.kill()
        load.check()
        cluster.await_equal_replicas()


if __name__ == "__main__":
    main()
