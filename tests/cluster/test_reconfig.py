"""`pmmc reconfig`: what it refuses, what it says, and that an idle cluster activates a configuration."""

import re
import socket

from pmmc_cluster import BAD_USAGE, DONE, NOT_EXECUTED, PRECONDITION, main
from pmmc_machines import ChangingCluster, Machine, ReconfigurationTest


class OneCluster(ReconfigurationTest):
    """One cluster, that no test changes."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = ChangingCluster()
        cls.addClassCleanup(cls.cluster.remove)
        cls.addClassCleanup(cls.cluster.stop)
        cls.cluster.launch()
        cls.cluster.await_healthy()
        cls.a4 = cls.cluster.newcomer("acceptor").join()
        cls.r4 = cls.cluster.newcomer("replica").join()


class Refused(OneCluster):
    def refused(self, *words, code=PRECONDITION, because):
        """Both as it is and as a dry run. Nothing has changed afterwards."""
        for flags in ([], ["--dry-run"]):
            result = self.cluster.pmmc("reconfig", *words, *flags)
            self.assert_error(result, code, because)
            self.assertEqual(result.out, b"")
        self.assertEqual(self.cluster.version(), 1)

    def test_words_that_make_no_sense(self):
        for words, because in (
                ([], "what is to change"),
                (["--add", "acceptor:a4"], r"\"acceptor:a4\" is not ROLE:ID=HOST:PORT"),
                (["--add", "king:a4=127.0.0.1:1"], "is not ROLE:ID=HOST:PORT"),
                (["--add", "acceptor:a4=127.0.0.1"], "is not ROLE:ID=HOST:PORT"),
                (["--add", "acceptor:=127.0.0.1:1"], "is not ROLE:ID=HOST:PORT"),
                (["--add", "acceptor:a4=0.0.0.0:1"], "is not ROLE:ID=HOST:PORT"),
                (["--remove", "a1"], r"\"a1\" is not ROLE:ID"),
                (["--remove", "acceptor:a1=127.0.0.1:1"], "is not ROLE:ID"),
                (["--remove", "acceptor:a1", "--remove", "acceptor:a1"], "a1 is removed twice"),
                ([*self.a4.added(), *self.a4.added()], "a4 is added twice"),
                (["--replace", "acceptor:a1"], "unrecognised option"),
                (["acceptor:a1"], "usage: pmmc reconfig"),
        ):
            with self.subTest(words):
                self.refused(*words, code=BAD_USAGE, because=because)

    def test_an_unknown_id(self):
        self.refused("--remove", "acceptor:a9", because="there is no acceptor a9 in version 1")

    def test_an_id_of_another_kind(self):
        self.refused("--remove", "leader:a1", because="there is no leader a1")

    def test_an_id_that_is_there_already(self):
        address = self.cluster["a1"].address
        self.refused("--add", f"acceptor:a1={address}", because=f"a1 is there already, at {address}")

    def test_the_last_of_a_kind(self):
        for kind in ("acceptor", "leader", "replica"):
            with self.subTest(kind):
                words = [w for i in self.cluster.ids(kind) for w in ("--remove", f"{kind}:{i}")]
                self.refused(*words, because=f"no {kind} would be left")

    def test_two_of_a_kind_at_one_address(self):
        self.refused("--add", f"acceptor:a4={self.cluster['a1'].address}",
                     because="acceptor a4 at .* cannot be added: .* does not host it")

    def never_init(self, *words, because):
        """Advice to format what has promised something would be advice to lose it."""
        self.refused(*words, because=because)
        self.assertNotIn("pmmc init", self.cluster.pmmc("reconfig", *words).err)

    def test_a_member_at_another_address(self):
        address, there = self.cluster["a1"].address, self.cluster.new_address()
        self.never_init("--add", f"acceptor:a1={there}",
                        because=f"acceptor a1 is a member already, at {address}. To move it, stop it, start "
                                f"it at {there} with its own data directory.*`pmmc reconfig --remove "
                                f"acceptor:a1 --add acceptor:a1={there}`")
        self.never_init("--add", f"acceptor:a1={there}", "--remove", "acceptor:a1",
                        because=f"acceptor a1 at {there} cannot be added: nothing listens there. It has to "
                                "run there first: .* with its own data directory")

    def test_an_id_of_a_member_of_another_kind(self):
        for address in (self.cluster["l1"].address, self.cluster.new_address()):
            self.never_init("--add", f"acceptor:l1={address}",
                            because="acceptor l1 cannot be added: l1 is of another kind, the leader at "
                                    f"{self.cluster['l1'].address}; take an id that was never used")

    def test_a_newcomer_that_does_not_run(self):
        nobody = self.cluster.new_address()
        self.refused("--add", f"acceptor:a8={nobody}",
                     because=f"acceptor a8 at {nobody} cannot be added: .*nothing listens there"
                             ".*pmmc start --id a8")

    def test_a_newcomer_that_is_another_program(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.refused("--add", f"acceptor:a8=127.0.0.1:{port}",
                         because=f"acceptor a8 at 127.0.0.1:{port} cannot be added: ")

    def test_a_newcomer_of_another_kind(self):
        self.refused("--add", f"acceptor:r4={self.r4.address}",
                     because=f"acceptor r4 at {self.r4.address} cannot be added: it is of another kind")

    def test_a_newcomer_of_a_cluster_with_another_name(self):
        other = self.running_cluster(size=1, leaders=1, replicas=1)
        self.refused("--add", f"acceptor:a1={other['a1'].address}", "--remove", "acceptor:a1",
                     because=f"cannot be added: it belongs to cluster \"{re.escape(other.name)}\"")

    def test_a_newcomer_of_a_cluster_with_other_first_members(self):
        stranger = self.cluster.newcomer("acceptor")
        nobody = {f"{kind[0]}1": (kind, self.cluster.new_address())
                  for kind in ("acceptor", "leader", "replica")}
        stranger.config.write_text(self.cluster.config_text(
            roles={**nobody, stranger.roles[0]: ("acceptor", stranger.address)},
            data=stranger.directory / "data"), "ascii")
        stranger.join()
        try:
            self.refused(*stranger.added(), because="its list of first members is .*, and in the process "
                         "at .* it is .*remove its data directory")
        finally:
            stranger.kill9()
            self.cluster.processes.remove(stranger)

    def test_too_few_acceptors_can_be_reached(self):
        for gone in ("a2", "a3"):
            self.cluster[gone].kill9()
        try:
            self.refused(*self.a4.added(), "--remove", "acceptor:a1",
                         because="only 1 of the 3 acceptors of the new configuration can be reached, "
                                 "and 2 are needed:\n  a2 at .*: .*\n  a3 at ")
        finally:
            self.cluster.start_all()
            self.cluster.await_healthy()

    def without(self, *ids):
        """Some die, and are back at the end of the test."""
        def back():
            self.cluster.start_all()
            self.cluster.await_healthy()
        self.addCleanup(back)
        for gone in ids:
            self.cluster[gone].kill9()

    def test_no_leader_can_be_reached(self):
        """Nobody could ever propose again, another configuration neither."""
        self.without("l2")
        self.refused("--remove", "leader:l1",
                     because="no leader of the new configuration can be reached, and 1 is needed:\n"
                             f"  l2 at {self.cluster['l2'].address}: .*\n.*pmmc start --id ID")
        self.cluster.run("put", "k", "v")

    def test_too_few_replicas_can_be_reached(self):
        self.without("r3")
        self.refused("--remove", "replica:r1", "replica:r2",
                     because="no replica of the new configuration can be reached, and 1 is needed:\n"
                             f"  r3 at {self.cluster['r3'].address}: ")
        self.refused("--remove", "replica:r1",
                     because="only 1 of the 2 replicas of the new configuration can be reached, and 2 "
                             "are needed:\n  r3 at ")
        self.cluster.run("put", "k", "v")

    def test_what_is_down_may_go_and_what_is_left_may_be_down_in_part(self):
        self.without("l2", "r3", "a3")
        for words, down in ((["--remove", "leader:l2"], "a3 r3"),
                            (["--remove", "replica:r3"], "a3 l2"),
                            ([*self.r4.added(), "--remove", "replica:r1"], "a3 l2 r3")):
            with self.subTest(words):
                said = self.cluster.run("reconfig", *words, "--dry-run").text
                self.assertRegex(said, f"failures? of each kind; down now: {down}\n")
                self.assertEqual(self.cluster.run("reconfig", *words, "--dry-run", "--json").json["down"],
                                 down.split())

    def test_nobody_can_be_asked(self):
        lonely = self.new_cluster(size=1, leaders=1, replicas=1)
        result = lonely.pmmc("reconfig", "--remove", "acceptor:a1")
        self.assert_error(result, NOT_EXECUTED, "no process of the cluster could be asked",
                          lonely["a1"].address)


class DryRun(OneCluster):
    def test_says_what_would_be_proposed(self):
        result = self.cluster.run("reconfig", *self.a4.added(), "--remove", "acceptor:a1", "--dry-run")
        self.assertRegex(result.text,
                         r"would propose version 2 in place of version 1: acceptors a2 a3 a4 \(quorum "
                         r"2\), leaders l1 l2, replicas r1 r2 r3; survives 1 failure of each kind\n"
                         r"it would govern the slots from \d+ on at the earliest \(slot \d+ \+ WINDOW")
        self.assertEqual(self.cluster.version(), 1)

    def test_as_json(self):
        said = self.cluster.run("reconfig", *self.a4.added(), "--remove", "acceptor:a1", "--dry-run",
                                "--json").json
        slot_out = max(int(r["slot_out"]) for r in self.cluster.fingerprints().values() if r["up"])
        self.assertEqual((said["version"], said["replaces"], said["quorum"], said["survives"]),
                         ("2", "1", 2, 1))
        self.assertEqual(int(said["earliest_first_slot"]), slot_out + 128)

    def test_an_even_number_is_allowed_with_a_warning(self):
        result = self.cluster.run("reconfig", *self.a4.added(), "--dry-run")
        self.assertRegex(result.err, "warning: 4 acceptors have a quorum of 3 and survive 1 failure, "
                                     "as 3 would")
        self.assertIn("acceptors a1 a2 a3 a4 (quorum 3)", result.text)


class Idle(ReconfigurationTest):
    def test_activates_without_a_request(self):
        cluster = self.running_cluster("colocated")
        for _ in range(3):
            victim = cluster.machines_of_members()[0]
            said = cluster.reconfig([cluster.newcomer().join()], [victim])
            victim.kill9()
            now = cluster.configurations()
            self.assertEqual([(c["version"], c["state"]) for c in now],
                             [(said["version"], "in force")])
            self.assertEqual(now[0]["first_slot"], said["first_slot"])
            cluster.await_healthy()
        cluster.assert_members()
        cluster.run("put", "k", "v")
        cluster.await_equal_replicas()

    def test_says_who_can_be_switched_off(self):
        cluster = self.running_cluster()
        a4, old = cluster.newcomer("acceptor").join(), cluster["a1"]
        result = cluster.run(*cluster.change([a4], [old]))
        self.assertRegex(result.text,
                         r"\Aversion 2 is active from slot \d+: acceptors a2 a3 a4 \(quorum 2\), leaders "
                         r"l1 l2, replicas r1 r2 r3; survives 1 failure of each kind\n"
                         rf"can be switched off: a1 at {old.address}\n\Z")
        self.assertIn("version 2 is decided and governs the slots from", result.err)

    def test_a_role_whose_process_goes_on(self):
        cluster = self.running_cluster("colocated")
        result = cluster.run("reconfig", "--remove", "leader:l1")
        self.assertIn(f"l1 has no part any more; other roles stay at {cluster['l1'].address}\n", result.text)
        del cluster.roles["l1"]
        cluster.assert_members()
        cluster.await_healthy()

    def test_an_even_number_of_acceptors_works(self):
        cluster = self.running_cluster()
        a4 = cluster.newcomer("acceptor").join()
        self.assertIn("4 acceptors have a quorum of 3", cluster.run(*cluster.change([a4])).err)
        cluster.take_over([a4])
        cluster["a1"].kill9()
        cluster.run("put", "k", "v")
        cluster["a2"].kill9()
        self.assertNotEqual(cluster.pmmc("put", "k", "w", timeout_s=2).code, DONE)
        cluster["a1"].start()
        cluster.run("put", "k", "x")


if __name__ == "__main__":
    main()
