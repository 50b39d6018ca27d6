"""Disk and memory follow the size of the state, not the number of writes."""

import shutil

from pmmc_cluster import ClusterTest, main, wait_until

KEYS = 1_000
FEW = 60_000
MANY = 200_000
ALLOWED_FACTOR = 2.0
CHUNK = 10_000


class Growth(ClusterTest):
    def import_puts(self, cluster, first, last):
        file = cluster.directory / "puts.tsv"
        file.write_bytes(b"".join(b"key%d\t%0100d\n" % (i % KEYS, i) for i in range(first, last)))
        cluster.run("import", file)
        cluster.await_equal_replicas()

    def sizes(self, cluster):
        """The largest acceptor's disk, the largest replica's disk and memory, in bytes."""
        rows = cluster.status()[0]
        disk = {kind: max(int(rows[role]["disk_bytes"]) for role in cluster.ids(kind))
                for kind in ("acceptor", "replica")}
        rss = max(cluster[role].rss_bytes() for role in cluster.ids("replica"))
        return {"acceptor disk": disk["acceptor"], "replica disk": disk["replica"],
                "replica memory": rss}

    def largest_sizes(self, cluster, first, last):
        """While these puts come: logs grow until the next snapshot and flush, so one look tells little."""
        largest = {}
        for begin in range(first, last, CHUNK):
            self.import_puts(cluster, begin, begin + CHUNK)
            for what, size in self.sizes(cluster).items():
                largest[what] = max(size, largest.get(what, 0))
        return largest

    def snapshot_slots(self, cluster):
        rows = cluster.status()[0]
        return [int(rows[role]["snapshot_slot"]) for role in cluster.ids("replica")]

    def test_the_log_does_not_grow_without_end(self):
        cluster = self.running_cluster()
        few = self.largest_sizes(cluster, 0, FEW)
        wait_until("every replica has a snapshot", lambda: min(self.snapshot_slots(cluster)) > 0)
        many = self.largest_sizes(cluster, FEW, MANY)
        print(f"\n{self.id()}: {few} after {FEW} puts, {many} after {MANY}")
        for what in few:
            with self.subTest(what):
                self.assertLess(many[what], ALLOWED_FACTOR * few[what])
        self.check_restart(cluster)
        self.check_empty_replica(cluster)

    def check_restart(self, cluster):
        """A restart begins with the snapshot and needs few slots more."""
        fingerprint = cluster.fingerprints()["r1"]
        cluster.kill9_all()
        cluster.start_all()
        cluster.await_healthy()
        self.assertGreater(min(self.snapshot_slots(cluster)), 0)
        cluster.await_equal_replicas()
        self.assertEqual(cluster.get_all(["key0", f"key{KEYS - 1}"]),
                         [f"{MANY - KEYS:0100}", f"{MANY - 1:0100}"])
        self.assertGreaterEqual(int(cluster.fingerprints()["r1"]["slot_out"]),
                                int(fingerprint["slot_out"]))

    def check_empty_replica(self, cluster):
        """What it needs is in no acceptor any more: it fetches a snapshot."""
        watermark_is_past = min(self.snapshot_slots(cluster)) > 0
        self.assertTrue(watermark_is_past)
        cluster["r2"].kill9()
        shutil.rmtree(cluster.data("r2"))
        cluster.run("init", "--id", "r2")
        cluster["r2"].start()
        cluster.await_equal_replicas()
        self.assertIn("takes over the state at slot", cluster["r2"].log_text())
        cluster.run("put", "after", "1")
        cluster.await_equal_replicas()

    def test_a_replica_that_was_away_for_long_catches_up(self):
        cluster = self.running_cluster()
        cluster.run("put", "k", "v")
        cluster["r3"].kill9()
        file = cluster.directory / "puts.tsv"
        file.write_bytes(b"".join(b"key%d\t%0500d\n" % (i % KEYS, i) for i in range(MANY // 2)))
        cluster.run("import", file)
        cluster["r3"].start()
        cluster.await_equal_replicas()


if __name__ == "__main__":
    main()
