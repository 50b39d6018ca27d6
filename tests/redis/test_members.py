"""What the Redis port tells of the cluster's members, and how they are changed over it."""

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cluster"))

from pmmc_cluster import main, wait_until  # noqa: E402
from pmmc_machines import ReconfigurationTest  # noqa: E402
from resp import Connection, Error  # noqa: E402


def connections(process, port):
    """How many it has with who listens at the port."""
    inodes = set()
    for fd in pathlib.Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            inodes.add(os.readlink(fd).removeprefix("socket:[").removesuffix("]"))
        except FileNotFoundError:
            continue  # closed meanwhile
    rows = [row.split() for row in pathlib.Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]]
    return sum(row[9] in inodes and row[2].endswith(f":{port:04X}") for row in rows)


class RedisMembersTest(ReconfigurationTest):
    def setUp(self):
        self.cluster = self.running_cluster("colocated", redis=True)

    def connect(self, replica):
        connection = Connection(self.cluster.redis_port(replica))
        self.addCleanup(connection.close)
        return connection

    def reconfig(self, connection, *words):
        """Demands that it is done."""
        reply = connection("PMMC", "RECONFIG", *words)
        self.assertIsInstance(reply, bytes, reply)
        return json.loads(reply)

    def assert_refused(self, reply, pattern):
        self.assertIsInstance(reply, Error)
        self.assertRegex(reply, pattern)

    def as_words(self, machine, verb):
        """The words of PMMC RECONFIG that add or remove all its roles."""
        return [verb, *(f"{kind}:{role}" + (f"={machine.address}" if verb == "ADD" else "")
                        for kind, role in machine.kinds.items())]


class Told(RedisMembersTest):
    def test_the_whole_cluster_from_any_port(self):
        cluster = self.cluster
        everybody = sorted(cluster.roles)
        for replica in cluster.ids("replica"):
            c = self.connect(replica)
            status = wait_until(f"{replica} is connected with all", lambda c=c: next(
                (s for s in [json.loads(c("PMMC", "STATUS"))] if all(r["up"] for r in s["roles"])),
                None))
            self.assertEqual(sorted(r["id"] for r in status["roles"]), everybody)
            self.assertEqual(status["configuration"]["version"], "1")
            config = json.loads(c("PMMC", "CONFIG"))
            self.assertEqual(config, cluster.run("config", "--json").json)
        cluster.await_equal_replicas()
        rows = json.loads(c("PMMC", "FINGERPRINT"))["replicas"]
        self.assertEqual(rows, cluster.run("fingerprint", "--json").json["replicas"])
        self.assertEqual(len({(r["slot_out"], r["fingerprint"]) for r in rows}), 1)

    def test_who_is_down_is_named(self):
        c = self.connect("r1")
        self.cluster["r3"].kill9()
        wait_until("r3 is shown as down", lambda: ["a3", "l3", "r3"] == [
            r["id"] for r in json.loads(c("PMMC", "STATUS"))["roles"] if not r["up"]])
        rows = {r["id"]: r for r in json.loads(c("PMMC", "FINGERPRINT"))["replicas"]}
        self.assertEqual([r["up"] for r in rows.values()], [True, True, False])
        self.assertNotEqual(rows["r3"]["why"], "")

    def test_a_fingerprint_is_never_older_than_the_question(self):
        c = self.connect("r1")
        slots = []
        for i in range(20):
            c("SET", "k", i)
            rows = json.loads(c("PMMC", "FINGERPRINT"))["replicas"]
            slots.append(int(next(r["slot_out"] for r in rows if r["id"] == "r1")))
        self.assertEqual(slots, sorted(set(slots)))


class Refused(RedisMembersTest):
    """In the words of `pmmc reconfig`. Nothing is changed."""

    def test_refusals(self):
        c = self.connect("r1")
        a1 = self.cluster["a1"].address
        nobody = self.cluster.new_address()
        for words, because in (
                ([], "^ERR what is to change.* PMMC RECONFIG ADD ROLE:ID=HOST:PORT.*DRYRUN"),
                (["DRYRUN"], "^ERR what is to change"),
                (["acceptor:a1"], "^ERR \"acceptor:a1\" is out of place"),
                (["ADD"], "^ERR ADD and REMOVE name a role each"),
                (["REMOVE", "ADD", f"acceptor:a4={nobody}"], "^ERR ADD and REMOVE name a role each"),
                (["DRYRUN", "acceptor:a1"], "out of place"),
                (["ADD", "acceptor:a4"], "^ERR \"acceptor:a4\" is not ROLE:ID=HOST:PORT"),
                (["remove", "a1"], "^ERR \"a1\" is not ROLE:ID"),
                (["REMOVE", "acceptor:a1", "REMOVE", "acceptor:a1"], "^ERR a1 is removed twice"),
                (["REMOVE", "acceptor:a9"], "^ERR refused: there is no acceptor a9 in version 1"),
                (["REMOVE", "replica:r1", "replica:r2", "replica:r3"],
                 "^ERR refused: no replica would be left"),
                (["ADD", f"acceptor:a1={a1}"], f"^ERR a1 is there already, at {a1}"),
                (["ADD", f"acceptor:a4={nobody}"],
                 f"^ERR acceptor a4 at {nobody} cannot be added: nothing listens there.*"
                 "pmmc start --id a4"),
        ):
            for more in ([], ["DRYRUN"]):
                with self.subTest(words + more):
                    self.assert_refused(c("PMMC", "RECONFIG", *words, *more), because)
        self.assertEqual(self.cluster.version(), 1)

    def test_fewer_acceptors_than_a_majority(self):
        c = self.connect("r1")
        self.cluster["a3"].kill9()
        self.assert_refused(c("PMMC", "RECONFIG", "REMOVE", "acceptor:a1"),
                            "^ERR only 1 of the 2 acceptors .* can be reached, and 2 are needed")

    def test_a_newcomer_that_promised_something_elsewhere(self):
        """What makes it unsafe is found over this port as well."""
        cluster = self.cluster
        other = self.running_cluster("colocated")
        stranger = other["a1"]
        self.assert_refused(
            self.connect("r1")("PMMC", "RECONFIG", "ADD", f"acceptor:a1={stranger.address}",
                               "REMOVE", "acceptor:a1"),
            "^ERR acceptor a1 at .* cannot be added: it belongs to cluster")
        self.assertEqual(cluster.version(), 1)
        # It was dialled to be asked, and for nothing else.
        self.assertEqual(connections(cluster["r1"], stranger.port), 1)
        wait_until("it is left again", lambda: connections(cluster["r1"], stranger.port) == 0)

    def test_not_in_a_transaction(self):
        c = self.connect("r1")
        c("MULTI")
        self.assert_refused(c("PMMC", "RECONFIG", "REMOVE", "acceptor:a1"),
                            "not allowed inside a transaction")


class Changed(RedisMembersTest):
    def test_replaced_while_clients_go_on(self):
        cluster, c, other = self.cluster, self.connect("r1"), self.connect("r2")
        new, old = cluster.newcomer().join(), cluster["r3"]
        words = [*self.as_words(new, "ADD"), *self.as_words(old, "REMOVE")]
        plan = self.reconfig(c, *words, "DRYRUN")
        self.assertEqual((plan["version"], plan["replaces"], plan["quorum"]), ("2", "1", 2))
        self.assertEqual(cluster.version(), 1)
        result = self.reconfig(c, *words)
        self.assertEqual(result["version"], "2")
        self.assertEqual([(r["id"], r["process_can_be_switched_off"]) for r in result["removed"]],
                         [("a3", True), ("l3", True), ("r3", True)])
        in_force = json.loads(c("PMMC", "CONFIG"))["configurations"]
        self.assertEqual([(f["version"], f["state"], f["replicas"]) for f in in_force],
                         [("2", "in force", ["r1", "r2", "r4"])])
        cluster.take_over([new], [old])
        cluster.assert_members()
        # Given again, it is found done; by another port as well.
        self.assertEqual(self.reconfig(other, *words), result)
        old.kill9()
        c("SET", "k", "v")
        self.assertEqual(self.connect("r4")("GET", "k"), b"v")
        cluster.await_equal_replicas()

    def test_an_even_number_is_warned_of(self):
        new = self.cluster.newcomer("acceptor").join()
        plan = self.reconfig(self.connect("r1"), "ADD", f"acceptor:a4={new.address}", "DRYRUN")
        self.assertIn("4 acceptors have a quorum of 3", plan["warning"])

    def test_one_at_a_time(self):
        """A second one in the same process is refused; elsewhere the log refuses one of them."""
        cluster, c = self.cluster, self.connect("r1")
        new = cluster.newcomer("replica").join()
        new.stop()  # it is waited for
        c.send(["PMMC", "RECONFIG", "ADD", f"replica:r4={new.address}"])
        second = self.connect("r1")
        busy = wait_until("the first has begun", lambda: next((
            r for r in [second("PMMC", "RECONFIG", "REMOVE", "leader:l9")]
            if r.startswith("BUSY")), None))
        self.assertIn("not executed", busy)
        self.assertEqual(second("PING"), "PONG")
        new.cont()
        c.read()


class Removed(RedisMembersTest):
    def test_its_port_says_so_at_once(self):
        """Not after the 5 seconds that a request may take, and until it is added again."""
        cluster = self.cluster
        c, gone = self.connect("r3"), cluster["r3"]
        self.assertEqual(c("SET", "k", "v"), "OK")
        self.reconfig(self.connect("r1"), *self.as_words(gone, "REMOVE"))
        because = ("^CLUSTERDOWN not executed: replica r3 was removed from the cluster in "
                   "configuration 2; use the port of another replica$")
        wait_until("it knows", lambda: isinstance(c("GET", "k"), Error))
        for words in (["GET", "k"], ["SET", "k", "w"], ["MGET", "k", "l"], ["WAIT", 1, 0],
                      ["PMMC", "SESSION", "s"]):
            self.assert_refused(c(*words), because)
        c("MULTI")
        c("INCR", "n")
        self.assert_refused(c("EXEC"), because)
        self.assert_refused(
            c("PMMC", "RECONFIG", "REMOVE", "leader:l2"), because)
        self.assertEqual(c("PING"), "PONG")
        told = json.loads(c("PMMC", "CONFIG"))["configurations"][-1]
        self.assertEqual(told["version"], "2")
        self.assertEqual(self.connect("r1")("GET", "k"), b"v")
        # Back again.
        self.reconfig(self.connect("r1"), *self.as_words(gone, "ADD"))
        wait_until("it serves", lambda: c("GET", "k") == b"v")


class NotYetAdded(RedisMembersTest):
    def test_a_newcomers_port_says_so_at_once(self):
        """Writes, too, and until it is added."""
        new = self.cluster.newcomer().join()
        c = self.connect("r4")
        because = ("^CLUSTERDOWN not executed: replica r4 is not a member of the cluster yet; "
                   "use the port of another replica$")
        for words in (["SET", "k", "v"], ["GET", "k"], ["WAIT", 1, 0], ["PMMC", "SESSION", "s"]):
            self.assert_refused(c(*words), because)
        self.assertEqual(c("PING"), "PONG")
        self.assertIn(f"Redis protocol at {self.cluster.redis['r4']}", new.log_text())
        self.assertIsNone(self.connect("r1")("GET", "k"))
        self.reconfig(self.connect("r1"), *self.as_words(new, "ADD"))
        self.cluster.take_over([new])
        wait_until("it serves", lambda: c("SET", "k", "v") == "OK")
        self.assertEqual(c("GET", "k"), b"v")


if __name__ == "__main__":
    main()
