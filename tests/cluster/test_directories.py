"""Data directories: whose they are, and what happens when something is wrong with one."""

import contextlib
import pathlib
import re
import resource
import shutil

from pmmc_cluster import (BAD_USAGE, DONE, INTERNAL, PATIENCE_S, ClusterTest, SharedClusterTest, main,
                          run_program, wait_until)

ADVICE = r"(?i)restore|put .*back|must stay down|leave this|pmmc init|move the directory"


class Formatting(ClusterTest):
    def setUp(self):
        self.cluster = self.new_cluster()

    def refused(self, *ids, patterns):
        flags = [word for role in ids for word in ("--id", role)]
        result = self.cluster.pmmc("start", *flags, patience_s=PATIENCE_S)
        self.assert_error(result, BAD_USAGE, *patterns)
        self.assertEqual(result.out, b"")
        return result

    def test_start_before_init(self):
        for role in ("a1", "l1", "r1"):
            with self.subTest(role):
                self.refused(role, patterns=[str(self.cluster.data(role)), f"pmmc init --id {role}"])
        self.assertFalse(self.cluster.data("a1").exists())

    def test_start_in_an_empty_directory(self):
        self.cluster.data("a1").mkdir(parents=True)
        result = self.refused("a1", patterns=["is empty", "mounted", "never format it again"])
        self.assertIn("WARNING", result.err)

    def test_init_twice(self):
        self.cluster.init()
        format_file = (self.cluster.data("a1") / "FORMAT").read_bytes()
        self.assert_error(self.cluster.pmmc("init"), BAD_USAGE, "not empty", "nothing was formatted")
        self.assert_error(self.cluster.pmmc("init", "--id", "a1"), BAD_USAGE, "promises")
        self.assertEqual((self.cluster.data("a1") / "FORMAT").read_bytes(), format_file)

    def test_init_refuses_as_a_whole(self):
        self.cluster.run("init", "--id", "a2")
        self.assertEqual(self.cluster.pmmc("init").code, BAD_USAGE)
        self.assertFalse(self.cluster.data("a1").exists())

    def test_what_cannot_be_looked_at_is_passed_over(self):
        """As the lost+found of a file system's root, for whoever is not root."""
        data = self.cluster.directory / "data"
        data.mkdir()
        (data / "loop").symlink_to("loop")
        result = self.cluster.run("init", "--id", "a2")
        self.assertIn("loop", result.err)

    def test_init_of_named_roles(self):
        self.cluster.run("init", "--id", "a1", "--id", "r2")
        made = sorted(p.name for p in (self.cluster.directory / "data").iterdir())
        self.assertEqual(made, ["a1", "r2"])
        self.assert_error(self.cluster.pmmc("init", "--id", "a9"), BAD_USAGE, "a9")

    def test_a_crash_in_the_middle_of_init_leaves_nothing_that_counts(self):
        half = self.cluster.directory / "data" / ".a1.formatting"
        half.mkdir(parents=True)
        (half / "FORMAT").write_text("pmmc-data 1\n")
        self.refused("a1", patterns=["pmmc init"])
        self.cluster.init()
        self.assertFalse(half.exists())

    def test_directory_of_another_cluster(self):
        other = self.new_cluster()
        other.init()
        self.cluster.init()
        shutil.rmtree(self.cluster.data("a1"))
        shutil.copytree(other.data("a1"), self.cluster.data("a1"))
        self.refused("a1", patterns=[other.name, self.cluster.name, "data"])

    def test_directory_of_another_role(self):
        self.cluster.init()
        shutil.rmtree(self.cluster.data("a1"))
        shutil.copytree(self.cluster.data("a2"), self.cluster.data("a1"))
        self.refused("a1", patterns=["a2", "a1"])
        shutil.rmtree(self.cluster.data("r1"))
        shutil.copytree(self.cluster.data("l1"), self.cluster.data("r1"))
        self.refused("r1", patterns=["leader", "replica"])

    def test_roles_of_two_processes(self):
        self.cluster.init()
        self.refused("a1", "l1", patterns=["one process"])

    def test_a_limit_of_a_files_size_is_told(self):
        """`ulimit -f`, LimitFSIZE of systemd: not the end by a signal, without a word."""
        cluster = self.running_cluster("colocated", size=1)
        process = cluster["a1"]
        limits = resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
        self.assertEqual(limits[0], resource.RLIM_INFINITY)
        for n in range(40):
            if cluster.pmmc("put", f"k{n}", "v" * 100_000, timeout_s=2).code != DONE:
                break
        wait_until("it stops", lambda: not process.running)
        self.assertEqual(process.child.returncode, INTERNAL, process.log_tail())
        self.assertRegex(process.log_text().splitlines()[-1], r"stops: .*File too large")
        process.kill9()
        process.start()
        self.assertEqual(len(cluster.get("k0")), 100_000)

    def test_one_id_started_twice(self):
        self.cluster.init()
        for role in ("a1", "l1", "r1"):
            with self.subTest(role):
                self.cluster[role].start()
                self.refused(role, patterns=["already running", str(self.cluster[role].pid)])
                self.assertTrue(self.cluster[role].running)

    def test_the_port_is_taken(self):
        self.cluster.init()
        for role in ("a1", "l1", "r1"):
            taken = self.cluster.client_config("taken.conf", changes={
                role: self.cluster["r3"].address, "r3": self.cluster[role].address})
            if not self.cluster["r3"].running:
                self.cluster["r3"].start()
            with self.subTest(role):
                result = self.cluster.pmmc("start", "--id", role, config=taken,
                                           patience_s=PATIENCE_S)
                self.assert_error(result, BAD_USAGE, self.cluster["r3"].address, "another program")


class WithoutStandardDescriptors(ClusterTest):
    """A service manager may close stdin, stdout and stderr: no data file may take their numbers."""

    def test_no_data_file_gets_the_log(self):
        for closed in (">&- 2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed):
                cluster = self.new_cluster()
                cluster.init()
                for process in cluster.processes:
                    process.wrapper = ["sh", "-c", f'exec "$@" {closed}', "sh"]
                    process.launch()
                cluster.run("put", "k", closed)
                for process in cluster.processes:
                    opened = [pathlib.Path(f"/proc/{process.pid}/fd/{fd}").resolve() for fd in (1, 2)]
                    self.assertEqual(opened, 2 * [pathlib.Path("/dev/null")], process.name)
                    process.kill9()
                    process.wrapper = []
                cluster.start_all()
                self.assertEqual(cluster.get("k"), closed.encode())


class Damage(SharedClusterTest):
    """What is in a role's directory is damaged while the role is down."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        records = cls.cluster.directory / "in.tsv"
        records.write_bytes(b"".join(b"k%d\t%01000d\n" % (i % 500, i) for i in range(8_000)))
        cls.cluster.run("import", records)  # enough for a snapshot
        cls.cluster.await_equal_replicas()

    @contextlib.contextmanager
    def stopped(self, role):
        """Ends the role with kill -9 after writes, and starts it with the directory as it was."""
        self.cluster.run("put", "last", "one")
        self.cluster[role].kill9()
        self.copy = self.cluster.directory / f"copy-of-{role}"
        shutil.copytree(self.cluster.data(role), self.copy)
        try:
            yield
        finally:
            self.put_back(role)
            shutil.rmtree(self.copy)
            self.cluster[role].start()
            self.cluster.await_healthy()

    def put_back(self, role):
        shutil.rmtree(self.cluster.data(role))
        shutil.copytree(self.copy, self.cluster.data(role))

    def assert_refused(self, role, file):
        """With words that say which file and what to do; `inspect` sees it too, and nothing is
        changed by either."""
        before = self.contents(role)
        inspected = run_program("inspect", self.cluster.data(role))
        self.assertNotEqual(inspected.code, DONE, str(inspected))
        result = self.cluster.pmmc("start", "--id", role, patience_s=PATIENCE_S)
        self.assert_error(result, BAD_USAGE, re.escape(str(self.cluster.data(role))), ADVICE)
        self.assertEqual(result.out, b"")
        self.assertEqual(self.contents(role), before, f"{file}: start changed the directory")

    def contents(self, role):
        """But for what a kill in the midst of a write left behind: a start takes it away."""
        return {str(p): p.read_bytes() for p in self.cluster.data(role).rglob("*")
                if p.is_file() and p.name != "LOCK" and p.suffix != ".tmp"}

    def damage(self, file, way):
        """One way to damage a file. Returns the words for a report."""
        good = file.read_bytes()
        used = len(good.rstrip(b"\0"))  # the zeros behind it are room for what is to come
        at = self.random.randrange(used)
        if way == "deleted":
            file.unlink()
        elif way == "flipped":
            file.write_bytes(good[:at] + bytes([good[at] ^ 0x40]) + good[at + 1:])
            return f"flipped at {at} of {len(good)}"
        else:
            file.write_bytes(good[:used // 2] if way == "cut" else b"")
        return way

    def assert_damages_refused(self, role, name, ways=("deleted", "emptied", "cut", "flipped")):
        """Damages the newest file of the name in each way, one after the other."""
        for way in ways:
            file = sorted(p for p in self.cluster.data(role).rglob(name) if p.stat().st_size)[-1]
            what = f"{role}/{file.relative_to(self.cluster.data(role))} {self.damage(file, way)}"
            with self.subTest(what):
                self.assert_refused(role, file)
            self.put_back(role)

    def test_acceptor(self):
        with self.stopped("a2"):
            self.assert_damages_refused("a2", "FORMAT")

    def test_acknowledged(self):
        """One good slot of its two is enough, so a flipped bit does no harm; see docs/STORAGE.md."""
        with self.stopped("a2"):
            self.assert_damages_refused("a2", "acknowledged", ways=("deleted", "emptied", "cut"))

    def test_acceptor_log(self):
        """The log holds what was acknowledged last: neither its end nor its middle may be lost."""
        with self.stopped("a3"):
            self.assert_damages_refused("a3", "*.log")

    def test_leader(self):
        with self.stopped("l1"):
            for name in ("FORMAT", "state"):
                self.assert_damages_refused("l1", name)

    def test_replica(self):
        with self.stopped("r1"):
            for name in ("FORMAT", "state", "NEWEST", "snapshot-*"):
                self.assert_damages_refused("r1", name)
        self.cluster.await_equal_replicas()

    def test_the_cluster_goes_on_without_the_damaged_acceptor(self):
        with self.stopped("a1"):
            (self.cluster.data("a1") / "acknowledged").unlink()
            self.assertEqual(self.cluster.pmmc("start", "--id", "a1").code, BAD_USAGE)
            self.cluster.run("put", "k", "v")
            self.assertEqual(self.cluster.get("last"), b"one")


class FormattedAgain(ClusterTest):
    def test_an_acceptor_that_lost_its_promises_is_not_counted(self):
        cluster = self.new_cluster()
        spare = cluster.spare_disk("a1")
        cluster.launch()
        cluster.await_healthy()
        cluster.run("put", "k", "1")
        cluster.await_met("a1", by=("l1", "l2", "r1", "r2", "r3"))
        cluster["a1"].kill9()
        shutil.rmtree(cluster.data("a1"))
        shutil.copytree(spare, cluster.data("a1"))
        cluster["a1"].launch()
        wait_until("a1 has stopped itself", lambda: not cluster["a1"].running)
        self.assertIn("it was formatted again", cluster["a1"].log_text())
        self.assertIn("does not count acceptor a1", "".join(
            cluster[role].log_text() for role in ("l1", "l2", "r1", "r2", "r3")))
        cluster.run("put", "k", "2")
        cluster["a2"].kill9()  # a1 and a3 would be a quorum if a1 voted
        result = cluster.pmmc("put", "k", "3", timeout_s=2)
        self.assertIn(result.code, (4, 5), str(result))
        self.assertEqual(cluster.pmmc("get", "k", timeout_s=2).code, 4)
        cluster["a2"].start()
        cluster.run("put", "k", "4", timeout_s=PATIENCE_S)
        self.assertEqual(cluster.get("k"), b"4")

    def test_who_is_known_by_a_disk_is_not_formatted_again(self):
        """Neither while the others run, who say so, nor while only their directories are there."""
        cluster = self.running_cluster()
        cluster.run("put", "k", "1")
        for role in ("a2", "l2"):
            cluster.await_met(role, by=["r1"])
            disk = run_program("inspect", "--json", cluster.data(role)).json["format_id"]
            cluster[role].kill9()
            shutil.rmtree(cluster.data(role))
            self.assert_error(cluster.pmmc("init", "--id", role), BAD_USAGE,
                              f"{role} was formatted before: .* at 127.0.0.1:.* knows it by disk {disk}",
                              "Nothing was formatted", "another id")
        up = cluster.pmmc("up")
        self.assert_error(up, BAD_USAGE, "a2 was formatted before")
        cluster.kill9_all()
        self.assert_error(cluster.pmmc("init", "--id", "a2"), BAD_USAGE,
                          f"a2 was formatted before: the data directory {cluster.directory}/.* knows it by disk")
        self.assertFalse(cluster.data("a2").exists())

    def test_a_replica_may_be_formatted_again(self):
        cluster = self.running_cluster()
        cluster.run("put", "k", "1")
        cluster["r1"].kill9()
        shutil.rmtree(cluster.data("r1"))
        cluster.run("init", "--id", "r1")
        cluster["r1"].start()
        cluster.run("put", "k", "2")
        cluster.await_equal_replicas()


if __name__ == "__main__":
    main()
