"""Every file of every kind of data directory, damaged in every way: what is damaged is refused in
words, or nothing is lost. Never a crash, never silently other data.

The prepared directories are those of processes that were killed with kill -9 under load, so logs
have tails that were never synced.
"""

import json
import re
import shutil
import struct

from fault_paths import EFFORT
from damage import DamagedFile, damages_of, files_in
from pmmc_cluster import (BAD_USAGE, DONE, INTERNAL, SEED, SharedClusterTest, main, run_program,
                          wait_until)
from pmmc_load import RecordedClient, check_histories

STARTS_PER_ROLE = 6 * EFFORT
ROUNDS = EFFORT
FLIPS = 4 * EFFORT  # bits in a file
RECORDS = 9_000
KEYS = ["x", "y", "counter"]
VICTIMS = ("a1", "l1", "r1")
ADVICE = r"(?i)restore|put .*back|must stay down|leave this|pmmc init|move the directory|remove this one"
# Files that decide nothing, so `inspect` and `start` go on whatever is in them (docs/STORAGE.md). `start` does
# without `members` as well, but `inspect` tells that they are damaged.
HARMLESS = re.compile(r"(^|/)(LOCK|.*\.tmp|.*\.spare)$")


def acknowledged_writes(directory):
    """How far the acceptor had come when it last answered, by the file's format: what comes later in
    its log was never acknowledged, and may be lost."""
    file = (directory / "acknowledged").read_bytes()
    return max(struct.unpack(">8sQ", file[at:at + 16])[1] for at in (0, 4096))


class DamagedDirectories(SharedClusterTest):
    @classmethod
    def setUpClass(cls):
        """A cluster with snapshots, collected slots, two ballots and several segments of logs; all is
        killed under load."""
        super().setUpClass()
        cluster = cls.cluster
        records = cluster.directory / "in.tsv"
        records.write_bytes(b"".join(b"k%d\t%0900d\n" % (i % 700, i) for i in range(RECORDS)))
        cluster.run("import", records)
        cluster.await_equal_replicas()
        cluster[cluster.await_leader()].restart()
        cluster.await_healthy()
        client = RecordedClient(cluster, "before", KEYS, SEED)
        cls.addClassCleanup(client.kill)
        client.await_progress(60)
        cluster.kill9_all()
        client.kill()
        cls.histories = [client.history]
        for unfinished in (cluster.directory / "data").rglob("*.tmp"):
            unfinished.unlink()  # of a save that the kill broke off: a start removes it, refused or not
        cls.good = cluster.directory / "good"
        shutil.copytree(cluster.directory / "data", cls.good)

    def setUp(self):
        self.addCleanup(self.all_as_before)

    def all_as_before(self):
        self.cluster.kill9_all()
        shutil.rmtree(self.cluster.directory / "data")
        shutil.copytree(self.good, self.cluster.directory / "data")

    def put_back(self, role):
        shutil.rmtree(self.cluster.data(role))
        shutil.copytree(self.good / role, self.cluster.data(role))

    def all_damages(self, role):
        """(file, damage), for files relative to the role's directory."""
        for file in files_in(self.good / role):
            for damage in damages_of(file.read_bytes(), self.random, FLIPS):
                yield file.relative_to(self.good / role), damage

    # --- what `inspect` says ---------------------------------------------------------------------

    def test_inspect_sees_every_damage_that_matters(self):
        refused = kept = 0
        for role in VICTIMS:
            directory = self.cluster.data(role)
            good = run_program("inspect", "--json", directory)
            self.assertEqual(good.code, DONE, str(good))
            for name, damage in self.all_damages(role):
                with DamagedFile(directory / name, damage):
                    result = run_program("inspect", "--json", directory)
                what = f"{role}/{name} {damage.name}: {result}"
                self.assertIn(result.code, (DONE, INTERNAL), what)
                if result.code == DONE:
                    self.assert_nothing_lost(role, result.json, good.json, what)
                    kept += 1
                else:
                    self.assertFalse(HARMLESS.search(str(name)), f"reported, but harmless: {what}")
                    self.assertIn(str(directory), json.dumps(result.json["problems"]), what)
                    refused += 1
        print(f"{refused} damages reported, {kept} harmless", flush=True)
        self.assertGreater(refused, 100)
        self.assertGreater(kept, 10)

    # --- what `start` does -----------------------------------------------------------------------

    def start_damaged(self, role, name, damage):
        """Starts the role with the damage, and nothing else in the cluster. Returns whether it was
        refused; then nothing was changed."""
        directory = self.cluster.data(role)
        bad = damage.apply((directory / name).read_bytes())
        (directory / name).unlink()
        if bad is not None:
            (directory / name).write_bytes(bad)
        before = self.contents(role)
        process = self.cluster[role]
        process.launch()
        what = f"{role}/{name} {damage.name}"
        line = process.child.stdout.readline()
        if line:
            self.assertTrue(line.startswith(b"ready "), f"{what}: {line}")
            return False
        code = process.child.wait(30)
        process.kill9()
        self.assertEqual(code, BAD_USAGE, f"{what}: ended with {code}\n{process.log_tail()}")
        self.assertRegex(process.log_text(), re.escape(str(directory)), what)
        self.assertRegex(process.log_text(), ADVICE, what)
        self.assertEqual(self.contents(role), before, f"{what}: start changed what it refused")
        return True

    def contents(self, role):
        return {str(p): p.read_bytes() for p in files_in(self.cluster.data(role))
                if p.name != "LOCK"}

    def test_start_refuses_or_recovers(self):
        outcomes = {True: 0, False: 0}
        for role in VICTIMS:
            choices = list(self.all_damages(role))
            good = run_program("inspect", "--json", self.good / role)
            for name, damage in self.random.sample(choices, min(STARTS_PER_ROLE, len(choices))):
                what = f"{role}/{name} {damage.name}"
                refused = self.start_damaged(role, name, damage)
                outcomes[refused] += 1
                if not refused:
                    self.cluster[role].kill9()
                    now = run_program("inspect", "--json", self.cluster.data(role))
                    self.assert_nothing_lost(role, now.json, good.json, what)
                self.put_back(role)
        print(f"{outcomes[True]} starts refused, {outcomes[False]} recovered", flush=True)
        self.assertGreater(outcomes[True], 0)

    def assert_nothing_lost(self, role, now, good, what):
        """What is not reported as damaged says what it said before, or later."""
        for key in ("cluster", "role", "id", "format_id", "window", "known_disks"):
            self.assertEqual(now[key], good[key], what)
        if role == "l1":
            self.assertGreaterEqual(int(now["free_seqnum"]), int(good["free_seqnum"]), what)
        elif role == "r1":
            self.assertEqual(now["snapshots"][-1], good["snapshots"][-1], what)
        elif now["acceptor"]["versions"] != good["acceptor"]["versions"]:
            least = acknowledged_writes(self.good / role)
            self.assertGreaterEqual(int(now["acceptor"]["writes"]), least, what)
            self.assertLess(least, int(good["acceptor"]["writes"]), what)

    def test_the_cluster_keeps_what_it_acknowledged(self):
        """One role of each kind is damaged. What starts nevertheless is then needed for a quorum: of
        the good acceptors one stays down. So whatever it has forgotten would be lost."""
        for number in range(ROUNDS):
            chosen = {role: self.random.choice(list(self.all_damages(role))) for role in VICTIMS}
            what = "; ".join(f"{r}/{n} {d.name}" for r, (n, d) in chosen.items())
            refused = {r for r, (n, d) in chosen.items() if self.start_damaged(r, n, d)}
            down = refused if "a1" in refused else refused | {"a3"}
            for process in self.cluster.processes:
                if process.name not in down and not process.running:
                    process.start()
            wait_until(f"some leader is active after {what}", self.cluster.active_leader)
            client = RecordedClient(self.cluster, f"after{number}", KEYS, self.random.random())
            self.addCleanup(client.kill)
            client.await_progress(30)
            client.finish()
            result = check_histories([*self.histories, client.history])
            self.assertEqual(result.code, DONE, f"{what}: {result}")
            self.assert_records_are_there(what)
            self.all_as_before()

    def assert_records_are_there(self, what):
        exported = dict(line.split(b"\t") for line in self.cluster.run("export").out.splitlines())
        for i in range(RECORDS - 700, RECORDS):  # the last value of each key
            self.assertEqual(exported[b"k%d" % (i % 700)], b"%0900d" % i, what)


if __name__ == "__main__":
    main()
