"""kill -9 and restart of one role after the other, while clients write.

Whatever one process does, clients see nothing of it: every write is acknowledged, is there afterwards,
and is there once.
"""

from pmmc_cluster import ClusterTest, main
from pmmc_engine import elects_leaders, only_pmmc
from pmmc_load import Load


class OneProcessDies(ClusterTest):
    def while_writing(self, cluster, disturb):
        """Runs `disturb` while two clients write, and then demands that nothing shows of it."""
        loads = [Load(cluster, name) for name in ("x", "y")]
        try:
            for load in loads:
                load.await_progress()
            disturb(loads)
            for load in loads:
                load.await_progress()
                load.finish()
        finally:
            for load in loads:
                load.kill()
        for load in loads:
            load.check()
        cluster.await_equal_replicas()
        cluster.await_healthy()
        cluster.assert_all_run()

    def kill_and_restart(self, process, loads):
        """Writes go on while the process is away, and after it has come back."""
        process.kill9()
        for load in loads:
            load.await_progress()
        process.start()
        for load in loads:
            load.await_progress()

    def test_each_acceptor(self):
        cluster = self.running_cluster()

        def disturb(loads):
            for role in cluster.ids("acceptor"):
                self.kill_and_restart(cluster[role], loads)

        self.while_writing(cluster, disturb)

    @only_pmmc  # the same as test_each_acceptor, where all is in one
    def test_each_replica(self):
        cluster = self.running_cluster()

        def disturb(loads):
            for role in cluster.ids("replica"):
                self.kill_and_restart(cluster[role], loads)

        self.while_writing(cluster, disturb)

    @elects_leaders
    def test_the_active_leader(self):
        cluster = self.running_cluster()

        def disturb(loads):
            for _ in range(3):
                self.kill_and_restart(cluster[cluster.await_leader()], loads)

        self.while_writing(cluster, disturb)

    @only_pmmc
    def test_the_passive_leader(self):
        cluster = self.running_cluster()

        def disturb(loads):
            active = cluster.await_leader()
            passive = next(l for l in cluster.ids("leader") if l != active)
            self.kill_and_restart(cluster[passive], loads)

        self.while_writing(cluster, disturb)

    @only_pmmc
    def test_each_process_of_a_colocated_cluster(self):
        cluster = self.running_cluster("colocated")

        def disturb(loads):
            for process in cluster.processes:
                self.kill_and_restart(process, loads)

        self.while_writing(cluster, disturb)

    @only_pmmc
    def test_one_of_each_kind_at_once(self):
        cluster = self.running_cluster()

        def disturb(loads):
            for _ in range(3):
                victims = [cluster[self.random.choice(cluster.ids(kind))]
                           for kind in ("acceptor", "leader", "replica")]
                for victim in victims:
                    victim.kill9()
                for load in loads:
                    load.await_progress()
                for victim in victims:
                    victim.start()
                cluster.await_healthy()

        self.while_writing(cluster, disturb)


class UnderImport(ClusterTest):
    def test_an_import_ends_well_whatever_dies(self):
        cluster = self.running_cluster()
        file = cluster.directory / "records.tsv"
        file.write_bytes(b"".join(b"key%06d\tvalue%d\n" % (i, i) for i in range(200_000)))
        died = []
        with cluster.background("import", file, "--timeout", "30") as importing:
            for role in ("r1", cluster.await_leader(), "a1", "r2", "r3"):
                if not importing.running:
                    break
                cluster[role].restart()
                died.append(role)
            result = importing.wait()
            self.assertEqual(result.code, 0, str(result))
        self.assertTrue(died, "the import was over before anything died")
        self.assertEqual(cluster.run("export").out, file.read_bytes())
        cluster.await_equal_replicas()


if __name__ == "__main__":
    main()
