"""Disks that fill up under load (a real file system) and that report I/O errors (fail points): the
process stops and says why, the cluster goes on without it, and when the trouble is over and it is
started again, everything is there."""

import errno

from fault_paths import EFFORT
from fail_points import LIBRARY, FailPoint
from pmmc_cluster import BAD_USAGE, DONE, INTERNAL, PATIENCE_S, main, wait_until
from pmmc_load import Load, RecordedClient, check_histories
from pmmc_machines import ChangingCluster, ReconfigurationTest
from small_disk import SmallDisk, why_impossible

KEYS = ["x", "y", "counter"]
DISK_MIB = 48
LEFT_BYTES = 3 << 20  # when the disk begins to be full
RECORDS = b"".join(b"k%d\t%01500d\n" % (i % 900, i) for i in range(9_000))


class FailingDisks(ReconfigurationTest):
    """`self.cluster`: a machine for each role, with a disk of its own."""

    def setUp(self):
        self.cluster = self.new_cluster()

    def start_load(self):
        self.clients = [RecordedClient(self.cluster, f"c{i}", KEYS, self.random.random())
                        for i in range(2)]
        self.load = Load(self.cluster, "load", per_second=100)
        for client in [*self.clients, self.load]:
            self.addCleanup(client.kill)

    def await_progress(self):
        for client in [*self.clients, self.load]:
            client.await_progress(10)

    def finish(self):
        """Nothing that was acknowledged is lost, and all replicas are equal."""
        for client in [*self.clients, self.load]:
            client.finish()
        self.load.check()
        result = check_histories([c.history for c in self.clients])
        self.assertEqual(result.code, DONE, str(result))
        self.cluster.await_healthy()
        self.cluster.await_equal_replicas()

    def assert_stopped(self, process, words, was_ready):
        """By itself, and its last line says why and what to do."""
        wait_until(f"{process.name} stops", lambda: not process.running, 60)
        was_ready = was_ready or process.child.stdout.readline() != b""
        code = process.child.returncode
        process.kill9()  # nothing is left of it but the pipe
        self.assertEqual(code, INTERNAL if was_ready else BAD_USAGE, process.log_tail())
        last = process.log_text().splitlines()[-1]
        if was_ready:
            self.assertRegex(last, rf"{process.name}('s snapshots)? stops: ")
        self.assertRegex(last, words)
        self.assertRegex(last, "start the role again")

    # --- full disks ------------------------------------------------------------------------------

    def with_small_disk(self, role):
        """The machine's data directory lies on a small disk."""
        machine = self.cluster[role]
        disk = SmallDisk(machine.directory / "data", DISK_MIB)
        self.addCleanup(disk.unmount)
        self.addCleanup(machine.kill9)
        return disk

    def fill_and_make_room(self, role):
        if why := why_impossible():
            self.skipTest(why)
        disk = self.with_small_disk(role)
        cluster = self.cluster.launch()
        cluster.await_healthy()
        self.start_load()
        self.await_progress()
        disk.fill(but_bytes=LEFT_BYTES)
        records = cluster.directory / "in.tsv"
        records.write_bytes(RECORDS)
        cluster.run("import", records, "--timeout", "60", patience_s=120.0)
        self.assert_stopped(cluster[role], "No space left on device.*make room on this file system",
                            was_ready=True)
        self.await_progress()
        self.assert_no_room_no_start(cluster[role])
        disk.fill_up()
        self.assert_never_ready(cluster[role])
        disk.make_room()
        cluster[role].start()
        cluster.run("import", records, "--timeout", "60", patience_s=120.0)
        self.await_progress()
        self.finish()
        exported = dict(line.split(b"\t") for line in cluster.run("export").out.splitlines())
        for line in RECORDS.splitlines()[-900:]:
            key, value = line.split(b"\t")
            self.assertEqual(exported[key], value)

    def assert_no_room_no_start(self, process):
        """On the full disk it ends again, now or soon, and says the same; or it still finds room."""
        process.launch()
        try:
            wait_until("it stops again", lambda: not process.running, 3)
        except AssertionError:
            process.kill9()
            return
        self.assertIn("No space left on device", process.log_text().splitlines()[-1])
        process.kill9()

    def assert_never_ready(self, process):
        """With no room at all it does not say that it can serve."""
        process.launch()
        self.assertEqual(process.child.wait(PATIENCE_S), BAD_USAGE, process.log_tail())
        self.assertEqual(process.child.stdout.read(), b"")
        self.assertRegex(process.log_text().splitlines()[-1],
                         "No space left on device.*make room on this file system")
        process.kill9()

    def test_a_leaders_disk_is_full_from_the_start(self):
        if why := why_impossible():
            self.skipTest(why)
        disk = self.with_small_disk("l1")
        self.cluster.init()
        disk.fill_up()
        self.assert_never_ready(self.cluster["l1"])
        disk.make_room()
        self.cluster["l1"].start()

    def test_an_acceptors_disk_is_full(self):
        self.fill_and_make_room("a1")

    def test_a_replicas_disk_is_full(self):
        self.fill_and_make_room("r2")

    # --- I/O errors ------------------------------------------------------------------------------

    def one_fails(self, role, point, words):
        process = self.cluster[role]
        told = self.cluster.directory / "told"
        told.unlink(missing_ok=True)
        process.kill9()
        process.environment = point.environment(told)
        process.launch()
        process.environment = {}
        with self.subTest(f"{role}: {point}"):
            self.assert_stopped(process, words, was_ready=False)
        self.assertTrue(told.exists(), f"{role} stopped before {point}\n{process.log_tail()}")
        process.kill9()
        process.start()
        self.await_progress()

    def test_io_errors(self):
        """Of an acceptor: some while the process starts, others under load."""
        self.assertTrue(LIBRARY.exists(), f"there is no {LIBRARY}; name it with PMMC_FAIL_POINT")
        cluster = self.cluster.launch()
        cluster.await_healthy()
        self.start_load()
        self.await_progress()
        for _ in range(EFFORT):
            for call in ("sync", "write"):
                for number, words in ((errno.EIO, "Input/output error"),
                                      (errno.ENOSPC, "No space left on device")):
                    for most in (10, 60):
                        at = self.random.randrange(1, most)
                        self.one_fails("a2", FailPoint(call, at, "error", number), words)
        self.finish()


if __name__ == "__main__":
    main()
