"""A replica joins a store of many keys while clients write, by a snapshot: the log is collected long
since. PMMC_KEYS=1000000 is the full size."""

import os

from pmmc_cluster import main, wait_until
from pmmc_load import Load
from pmmc_machines import ReconfigurationTest

KEYS = int(os.environ.get("PMMC_KEYS", "300000"))
MORE_MEMORY_BYTES = 64 << 20  # of the newcomer, over what the others need for the same state


class Growth(ReconfigurationTest):
    def test_a_replica_joins(self):
        cluster = self.running_cluster()
        file = cluster.directory / "records.tsv"
        file.write_bytes(b"".join(b"key%07d\tvalue%0100d\n" % (i, i) for i in range(KEYS)))
        for _ in range(2):  # the log is then twice the state
            cluster.run("import", file, patience_s=600)
        wait_until("the beginning of the log is not kept any more", lambda: self.has_collected(cluster))
        load = Load(cluster, "x", per_second=100)
        try:
            load.await_progress()
            r4 = cluster.newcomer("replica").join()
            cluster.reconfig([r4], patience_s=600)
            load.await_progress()
            load.finish()
        finally:
            load.kill()
        cluster.await_equal_replicas()
        load.check()
        self.assertIn("takes over the state at slot", r4.log_text())
        most = {r: self.most_memory(cluster[r]) for r in cluster.ids("replica")}
        print(f"\n{self.id()}: {KEYS} keys, most memory in MiB "
              f"{ {r: b >> 20 for r, b in most.items()} }, longest wait of a write "
              f"{load.longest_wait_s():.2f} s")
        old = max(b for r, b in most.items() if r not in r4.roles)
        self.assertLess(most[r4.roles[0]], 2 * old + MORE_MEMORY_BYTES)

    def has_collected(self, cluster):
        """A third of the log is more than a replica keeps beside its snapshot."""
        rows, _ = cluster.status()
        return all(3 * int(rows[role]["snapshot_slot"]) > int(rows[role]["slot_out"])
                   for role in ("r1", "r2", "r3"))

    def most_memory(self, process):
        return int(process.status_field("VmHWM").split()[0]) * 1024


if __name__ == "__main__":
    main()
