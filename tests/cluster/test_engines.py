"""Real processes of the engines raft and simple: what people and programs ask of a cluster, and what
happens when servers die, lose their disks and change."""

import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "redis"))

from pmmc_cluster import (BAD_USAGE, DONE, NOT_EXECUTED, PRECONDITION, UNHEALTHY, ClusterTest, main,  # noqa: E402
                          run_program, wait_until)
from pmmc_http import HttpCluster, documented_metrics, value  # noqa: E402
from pmmc_load import Load  # noqa: E402
from pmmc_machines import ReconfigurationTest  # noqa: E402
from resp import Connection, Error  # noqa: E402


def loads_of(cluster, count=2, **options):
    return [Load(cluster, name, **options) for name in ("x", "y")[:count]]


class WhileWriting:
    """For a test case."""

    def while_writing(self, cluster, disturb, **options):
        """Runs `disturb` while clients write; every write must be done, and once."""
        loads = loads_of(cluster, **options)
        try:
            self.progress(loads)
            disturb(loads)
            self.progress(loads)
            for load in loads:
                load.finish()
        finally:
            for load in loads:
                load.kill()
        for load in loads:
            load.check()
        cluster.await_equal_replicas()
        cluster.await_healthy()
        cluster.assert_all_run()

    def progress(self, loads):
        for load in loads:
            load.await_progress()


class OfOneEngine(WhileWriting):
    """What both have in common."""

    engine = None

    def cluster_of(self, **options):
        return self.running_cluster(engine=self.engine, **options)

    def test_operations_status_and_export(self):
        cluster = self.cluster_of()
        lines = b"put a 1\nincr a 41\nget a\nappend b x\ndel b\nget b\ncas a 42 43\n"
        self.assertEqual(cluster.run("exec", stdin=lines).out.split(),
                         [b"ok", b"42", b"42", b"1", b"ok", b"absent", b"ok"])
        self.assertEqual(cluster.run("export").out, b"a\t43\n")
        cluster.await_equal_replicas()
        rows, code = cluster.status()
        self.assertEqual(code, DONE)
        self.assertEqual(sorted(rows), ["s1", "s2", "s3"])
        for row in rows.values():
            self.assertEqual((row["role"], row["up"], row["lag"]), ("server", True, "0"))
            self.assertEqual(row["state_machine"], "kv/2")
        status = cluster.run("status", "--json").json
        self.assertEqual((status["survives"], status["engine"]), (1, self.engine))
        self.assertEqual(status["configuration"]["servers"], ["s1", "s2", "s3"])
        self.assertIn(f"3 servers (quorum 2), engine {self.engine}", cluster.run("status").text)
        self.assertEqual(len({r["fingerprint"] for r in cluster.fingerprints().values()}), 1)
        self.assertEqual(cluster.run("config", "--json").json["engine"], self.engine)

    def test_redis_and_http(self):
        cluster = HttpCluster(engine=self.engine, redis=True)
        self._made.append(cluster)
        self.addCleanup(cluster.stop)
        cluster.launch()
        cluster.await_healthy()
        for role in cluster.ids("server"):
            with Connection(cluster.redis_port(role)) as c:
                self.assertEqual(c("INCR", "n"), int(role[1:]))
                self.assertEqual(c("WAIT", 3, 10_000), 3)
                self.assertEqual(c("GET", "n"), role[1:].encode())
                self.assertEqual(c("MULTI"), "OK")
                self.assertEqual([c("SET", f"k{role}", "v"), c("GET", "n")], ["QUEUED", "QUEUED"])
                self.assertEqual(c("EXEC"), ["OK", role[1:].encode()])
                self.assertIn(f'"engine":"{self.engine}"', c("PMMC", "STATUS").decode())
        names = set()
        for role in cluster.ids("server"):
            cluster.await_health(role, 200)
            wait_until("it is ready", lambda r=role: cluster.fetch(r, "/ready")[0] == 200)
            samples, types = cluster.metrics(role)
            names.update(types)
            self.assertEqual(value(samples, "pmmc_engine_info", engine=self.engine), 1)
            self.assertEqual(value(samples, "pmmc_acceptors_heard", id=role), 3)
            self.assertGreater(value(samples, "pmmc_server_records_total", id=role), 0)
        of_others = set(documented_metrics()) - set(documented_metrics(without=("Acceptor", "Leader")))
        self.assertEqual((names ^ set(documented_metrics())) - {"pmmc_log_time_ahead_seconds"},
                         of_others - {"pmmc_sync_duration_seconds"} | {"pmmc_ballot_seqnum"})

    def test_inspect(self):
        cluster = self.cluster_of()
        cluster.run("exec", stdin=b"incr n\n" * 100)
        cluster.await_equal_replicas()  # else there may be nothing yet to take a snapshot of
        for process in cluster.processes:
            self.assertEqual(process.term()[0], DONE, process.log_tail())
        for role in cluster.ids("server"):
            report = run_program("inspect", cluster.data(role), "--json")
            self.assertEqual(report.code, DONE, str(report))
            self.assertEqual((report.json["good"], report.json["engine"], report.json["role"]),
                             (True, self.engine, "server"))
            self.assertEqual([s["good"] for s in report.json["snapshots"]], [True])
        cluster.start_all()
        cluster.await_healthy()
        self.assertEqual(cluster.get("n"), b"100")

    def test_who_leads_dies_again_and_again(self):
        cluster = self.cluster_of()

        def disturb(loads):
            for _ in range(3):
                victim = cluster[cluster.await_leader()]
                victim.kill9()
                self.progress(loads)
                victim.start()
                self.progress(loads)
                cluster.await_healthy()

        self.while_writing(cluster, disturb)

    def test_all_die_at_once(self):
        cluster = self.cluster_of()

        def disturb(loads):
            for _ in range(3):
                cluster.kill9_all()
                cluster.start_all()
                self.progress(loads)

        self.while_writing(cluster, disturb, timeout_s=60)

    def test_a_minority_decides_nothing(self):
        cluster = self.cluster_of()
        cluster.run("put", "k", "1")
        for role in ("s1", "s2"):
            cluster[role].kill9()
        self.assertIn(cluster.pmmc("put", "k", "2", timeout_s=2).code, (4, 5))
        self.assertEqual(cluster.pmmc("get", "k", timeout_s=2).code, NOT_EXECUTED)
        self.assert_error(cluster.pmmc("status"), UNHEALTHY, "no quorum: 1 of 3 servers up")
        cluster["s1"].start()
        self.assertIn(cluster.get("k", timeout_s=30), (b"1", b"2"))
        cluster["s2"].start()
        cluster.await_healthy()

    def test_a_server_far_behind_fetches_a_snapshot(self):
        cluster = self.cluster_of()
        cluster["s3"].kill9()
        value = b"v" * 100_000
        cluster.run("exec", stdin=b"".join(b"put k%d %s\n" % (i % 10, value) for i in range(400)))
        for role in ("s1", "s2"):  # each leaves a snapshot, and forgets what is in it
            cluster[role].term()
        cluster.start_all()
        cluster.await_healthy()
        self.assertEqual(cluster.get("k9"), value)
        cluster.await_equal_replicas()

    def test_a_lost_disk_is_not_counted(self):
        cluster = self.new_cluster(engine=self.engine)
        spare = cluster.spare_disk("s3")
        cluster.launch()
        cluster.await_healthy()
        cluster.run("put", "k", "1")
        cluster.await_met("s3", by=("s1", "s2"))
        victim = cluster["s3"]
        victim.kill9()
        shutil.rmtree(cluster.data("s3"))
        result = cluster.pmmc("init", "--id", "s3")
        self.assert_error(result, BAD_USAGE, "server s3 was formatted before", "which votes it gave")
        shutil.copytree(spare, cluster.data("s3"))
        victim.launch()
        wait_until("it has stopped itself", lambda: not victim.running)
        self.assertEqual(victim.child.returncode, BAD_USAGE, victim.log_tail())
        victim.kill9()
        cluster.run("put", "k", "2")
        self.assertEqual(cluster.get("k"), b"2")
        self.assert_error(cluster.pmmc("status"), UNHEALTHY, "server s3 is not counted")

    def test_a_directory_of_another_engine_is_refused(self):
        cluster = self.new_cluster(engine=self.engine)
        cluster.init()
        other = {"raft": "simple", "simple": "raft"}[self.engine]
        text = cluster.config.read_text("ascii")
        cluster.config.write_text(text.replace(f"engine = {self.engine}", f"engine = {other}"), "ascii")
        self.assert_error(cluster.pmmc("start", "--id", "s1"), BAD_USAGE,
                          f"made by the engine {self.engine}", other)
        cluster.config.write_text(text, "ascii")
        cluster.start_all()
        cluster.await_healthy()


class OfRaft(OfOneEngine, ClusterTest):
    engine = "raft"

    def test_terms_and_offices(self):
        cluster = self.cluster_of()
        rows, _ = cluster.status()
        leader = cluster.active_leader()
        self.assertEqual(sorted(r["state"] for r in rows.values()), ["follower", "follower", "leader"])
        self.assertEqual({r["leader"] for r in rows.values()}, {leader})
        self.assertEqual(len({r["term"] for r in rows.values()}), 1)
        cluster[leader].kill9()
        cluster.run("put", "k", "v", timeout_s=30)
        after, _ = cluster.status()
        new = cluster.active_leader()
        self.assertNotEqual(new, leader)
        self.assertGreater(int(after[new]["term"]), int(rows[leader]["term"]))


class OfSimple(OfOneEngine, ClusterTest):
    engine = "simple"

    def test_the_members_are_fixed(self):
        cluster = self.cluster_of()
        words = ("--add", f"server:s4={cluster.new_address()}")
        self.assert_error(cluster.pmmc("reconfig", *words), PRECONDITION, "refused: .*simple")
        self.assert_error(cluster.pmmc("reconfig", "--remove", "server:s1", "--dry-run"), PRECONDITION,
                          "refused: .*simple")
        self.assertEqual(cluster.run("config", "--json").json["configurations"][-1]["version"], "1")


class ServersOfRaft(WhileWriting, ReconfigurationTest):
    """`pmmc reconfig` where the servers are Raft's."""

    def cluster_of(self, **options):
        return self.running_cluster(engine="raft", **options)

    def test_each_is_replaced_under_load(self):
        cluster = self.cluster_of()
        old = list(cluster.processes)

        def disturb(loads):
            for victim in old:  # whoever leads among them, too
                cluster.reconfig([cluster.newcomer().join()], [victim])
                victim.kill9()
                self.progress(loads)
            cluster.processes = cluster.machines_of_members()

        self.while_writing(cluster, disturb)
        cluster.assert_members()
        self.assertEqual(cluster.version(), 4)

    def test_grown_and_shrunk(self):
        cluster = self.cluster_of(redis=True)
        cluster.run("put", "k", "v")
        more = cluster.newcomers(2)
        result = cluster.reconfig(more)
        self.assertEqual(result["survives"], 2)
        cluster.assert_members()
        cluster.await_healthy()
        for role in ("s1", "s5"):  # any two may fail now
            cluster[role].kill9()
        cluster.run("put", "k", "w", timeout_s=30)
        cluster.start_all()
        cluster.await_healthy()
        with Connection(cluster.redis_port("s4")) as c:
            self.assertEqual(c("GET", "k"), b"w")
        cluster.reconfig([], more)
        self.switch_off(more)
        cluster.assert_members()
        cluster.run("put", "k", "x")
        for machine in cluster.machines_of_members():
            with Connection(cluster.redis_port(machine.roles[0])) as c:
                self.assertEqual(c("GET", "k"), b"x")

    def test_dry_run_and_refusals(self):
        cluster = self.cluster_of()
        new = cluster.newcomer().join()
        plan = cluster.run("reconfig", *new.added(), "--remove", "server:s1", "--dry-run", "--json").json
        self.assertEqual((plan["version"], plan["replaces"], plan["quorum"]), ("2", "1", 2))
        self.assertEqual(cluster.version(), 1)
        nowhere = cluster.new_address()
        for words, pattern in (
                (["--add", f"server:s9={nowhere}"], f"server s9 at {nowhere} cannot be added"),
                (["--remove", "server:s9"], "there is no server s9"),
                (["--add", f"acceptor:a4={nowhere}"], "acceptor a4 .*cannot be added|engine"),
                (["--remove", "server:s1", "--remove", "server:s2", "--remove", "server:s3"], "refused")):
            with self.subTest(words=words):
                self.assert_error(cluster.pmmc("reconfig", *words), PRECONDITION, pattern)
        self.assertEqual(cluster.version(), 1)

    def test_over_a_redis_port_while_it_serves(self):
        """A newcomer catches up while the change waits; the port's other clients do not."""
        cluster = self.cluster_of(redis=True)
        cluster.run("exec", stdin=b"".join(b"put k%d %s\n" % (i, b"v" * 50_000) for i in range(200)))
        new = cluster.newcomer().join()
        # A port that asks it while it dials that port's process may get no answer in time.
        wait_until("the newcomer is connected with all three",
                   lambda: new.log_text().count("connected with the process at") >= 3)
        with Connection(cluster.redis_port("s2"), timeout_s=60) as change, \
                Connection(cluster.redis_port("s2")) as other:
            change.send(["PMMC", "RECONFIG", "ADD", new.added()[1], "REMOVE", "server:s1"])
            for i in range(20):
                self.assertEqual(other("SET", "other", i), "OK")
            reply = change.read()
            self.assertNotIsInstance(reply, Error)
            self.assertIn(b'"version":"2"', reply)
        cluster.take_over([new], [cluster["s1"]])
        cluster["s1"].kill9()
        cluster.await_healthy()
        self.assertEqual(cluster.get("other"), b"19")

    def test_a_lost_disk_is_replaced(self):
        cluster = self.cluster_of()
        cluster.run("put", "k", "v")
        victim = cluster["s3"]
        victim.kill9()
        shutil.rmtree(victim.directory / "data")
        cluster.reconfig([cluster.newcomer().join()], [victim])
        cluster.await_healthy()
        cluster["s1"].kill9()
        self.assertEqual(cluster.get("k", timeout_s=30), b"v")


if __name__ == "__main__":
    main()
