"""Machines whose clocks are wrong (wrong_clock.cpp), for a while or for ever: no key expires too early by them,
and expiry goes on by the other clocks."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cluster"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "redis"))

from pmmc_cluster import DONE, ClusterTest, main, wait_until  # noqa: E402
from resp import Connection  # noqa: E402

LIBRARY = pathlib.Path(os.environ.get("PMMC_WRONG_CLOCK", "libwrong_clock.so")).resolve()
DAY_S = 86_400
AHEAD_MS = 400 * DAY_S * 1000


class WrongClocks(ClusterTest):
    def setUp(self):
        self.assertTrue(LIBRARY.exists(), f"there is no {LIBRARY}; name it with PMMC_WRONG_CLOCK")

    def prepare(self, **options):
        self.cluster = self.new_cluster(redis=True, **options)
        self.cluster.init()
        for p in self.cluster.processes:
            p.environment = {"LD_PRELOAD": str(LIBRARY),
                             "PMMC_CLOCK_OFFSET_FILE": str(self.offset_file(p))}

    def launch(self, **options):
        self.prepare(**options)
        self.cluster.start_all()
        self.cluster.await_healthy()

    def offset_file(self, process):
        return self.cluster.directory / f"{process.name}.clock"

    def set_clock(self, role, offset_ms):
        path = self.offset_file(self.cluster[role])
        fresh = path.with_suffix(".new")
        fresh.write_text(str(offset_ms))
        fresh.rename(path)

    def connect(self, replica):
        connection = Connection(self.cluster.redis_port(replica))
        self.addCleanup(connection.close)
        return connection

    def await_words(self, roles, words, times=1):
        for role in roles:
            wait_until(f"{role} says {words!r}",
                       lambda r=role: self.cluster[r].log_text().count(words) >= times)

    def assert_expiry_works(self, *connections):
        for i, c in enumerate(connections):
            self.assertEqual(c("SET", f"soon{i}", "1", "PX", "300"), "OK")
        for i, _ in enumerate(connections):
            for c in connections:
                wait_until("the key expires", lambda c=c, i=i: c("EXISTS", f"soon{i}") == 0)


class Minority(WrongClocks):
    def test_ahead_for_a_moment_with_and_without_clients_at_it(self):
        self.launch(layout="colocated")
        r1, r3 = self.connect("r1"), self.connect("r3")
        self.assertEqual(r1("SET", "kept", "1", "EX", DAY_S), "OK")
        self.set_clock("r3", AHEAD_MS)
        self.await_words(["r1", "r2", "r3"], "the clock of r3 (")
        rows, code = self.cluster.status()
        self.assertEqual(code, DONE)
        self.assertRegex(rows["r3"]["why"], "its clock is 400 days ahead")
        self.assertEqual(rows["r1"]["why"], "")
        self.assertEqual(r3("GET", "kept"), b"1")
        self.assertGreater(r3("TTL", "kept"), DAY_S - 60)
        self.assertEqual(r3("SET", "by r3", "1", "EX", DAY_S), "OK")
        self.assertLessEqual(r1("TTL", "by r3"), DAY_S + 20)
        self.assert_expiry_works(r1, r3)
        self.set_clock("r3", 0)
        self.await_words(["r1", "r2", "r3"], "is right again")
        self.assertEqual(r1("MGET", "kept", "by r3"), [b"1", b"1"])
        self.assertGreater(r1("TTL", "kept"), DAY_S - 90)
        self.assert_expiry_works(r1, r3)
        self.cluster.await_equal_replicas()

    def test_ahead_from_its_start_on(self):
        self.prepare(layout="colocated")
        self.set_clock("r3", AHEAD_MS)
        self.cluster.start_all()
        self.cluster.await_healthy()
        r3 = self.connect("r3")
        for i in range(3):
            self.assertEqual(r3("SET", f"k{i}", "1", "EX", DAY_S), "OK")
            r3.close()
            self.cluster["r3"].restart()
            r3 = self.connect("r3")
            self.assertEqual(r3("EXISTS", *(f"k{j}" for j in range(i + 1))), i + 1)
        self.assertGreater(self.connect("r1")("TTL", "k0"), DAY_S - 90)

    def test_behind(self):
        self.launch(layout="colocated")
        self.set_clock("r3", -AHEAD_MS)
        self.await_words(["r1", "r3"], "400 days behind")
        r1, r3 = self.connect("r1"), self.connect("r3")
        self.assert_expiry_works(r1, r3)
        self.assertEqual(r3("SET", "kept", "1", "EX", DAY_S), "OK")
        self.assertLessEqual(abs(r3("TTL", "kept") - DAY_S), 60)

    def test_the_only_replica_that_is_left(self):
        """What was agreed on goes on without the others: its clock may jump, keys expire all the same."""
        self.launch(layout="separate")
        r1 = self.connect("r1")
        self.assertEqual(r1("SET", "kept", "1", "EX", DAY_S), "OK")
        for other in ("r2", "r3"):
            self.cluster[other].kill9()
        self.assert_expiry_works(r1)
        self.set_clock("r1", AHEAD_MS)
        self.assert_expiry_works(r1)
        self.assertGreater(r1("TTL", "kept"), DAY_S - 90)
        # Started anew, it hears no majority: the log time stands, and no key goes.
        r1.close()
        self.cluster["r1"].restart()
        r1 = self.connect("r1")
        self.assertEqual(r1("SET", "soon", "1", "PX", "1"), "OK")
        self.assertEqual(r1("MGET", "kept", "soon"), [b"1", b"1"])
        self.assertRegex(r1("PMMC", "CLOCK", "SET", "NOW"), "^TRYAGAIN")


class Majority(WrongClocks):
    def test_the_administrator_mends_it(self):
        self.launch(layout="colocated")
        r1, r2 = self.connect("r1"), self.connect("r2")
        for wrong in ("r2", "r3"):
            self.set_clock(wrong, AHEAD_MS)
        self.await_words(["r1", "r2", "r3"], "the clock of r1 (")
        self.assertEqual(r2("SET", "at the wrong time", "1", "EX", DAY_S), "OK")
        for wrong in ("r2", "r3"):
            self.set_clock(wrong, 0)
        self.await_words(["r1", "r2", "r3"], "the log time is 400 days ahead")
        told = self.cluster.run("clock", "--json").json
        self.assertEqual([r["id"] for r in told["replicas"]], ["r1", "r2", "r3"])
        self.assertGreater(int(told["log_time_ms"]), int(told["clocks_ms"]) + AHEAD_MS // 2)
        self.assertRegex(self.cluster.run("clock").text, "log time .* 400 days ahead")
        self.assertIn(r1("TTL", "at the wrong time") // 3600, (23, 24))
        self.cluster.run("clock", "--set", "soon", code=2)
        set_back = self.cluster.run("clock", "--set", "now", "--json").json
        self.assertEqual(int(set_back["before_ms"]) // 10**9, int(told["log_time_ms"]) // 10**9)
        self.assertLess(int(set_back["after_ms"]), int(told["log_time_ms"]) - AHEAD_MS // 2)
        self.await_words(["r1", "r2", "r3"], "the log time is right again")
        self.assert_expiry_works(r1, r2)
        # A deadline is a moment, and stays it.
        self.assertGreater(r1("TTL", "at the wrong time"), 399 * DAY_S)
        before, after = r1("PMMC", "CLOCK", "SET", int(told["clocks_ms"]) - 5_000)
        self.assertGreater(before, after)
        self.cluster.await_equal_replicas()


if __name__ == "__main__":
    main()
