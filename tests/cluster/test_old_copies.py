"""An old copy of a directory is put back, or a leader is formatted again among acceptors only: who
remembers refuses it, it stops, and nothing that was acknowledged is lost."""

import re
import shutil

from pmmc_cluster import BAD_USAGE, PATIENCE_S, ClusterTest, main, run_program, wait_until


class OldCopies(ClusterTest):
    def setUp(self):
        self.cluster = self.new_cluster()
        self.other_l1 = self.cluster.spare_disk("l1")
        self.cluster.launch()
        self.cluster.await_healthy()
        self.cluster.run("put", "k", "1")
        self.copy = self.cluster.directory / "copy"
        self.aside = self.cluster.directory / "aside"

    def put_copy_back(self, role):
        self.cluster.data(role).rename(self.aside)
        shutil.copytree(self.copy, self.cluster.data(role))

    def assert_stops(self, role, words):
        """It is told, and stops by itself."""
        process = self.cluster[role]
        process.launch()
        wait_until(f"{role} has stopped itself", lambda: not process.running)
        self.assertEqual(process.child.returncode, BAD_USAGE, process.log_tail())
        process.kill9()
        self.assertRegex(process.log_text().splitlines()[-1], rf"{role} stops: .*{words}.*another id")

    def put_right_one_back(self, role):
        shutil.rmtree(self.cluster.data(role))
        self.aside.rename(self.cluster.data(role))
        self.cluster[role].start()
        self.cluster.await_healthy()
        self.assertEqual(self.cluster.get("k"), b"2")
        self.cluster.run("put", "k", "3")

    def test_an_acceptor_from_before_its_last_life(self):
        cluster = self.cluster
        cluster["a1"].kill9()
        shutil.copytree(cluster.data("a1"), self.copy)
        cluster["a1"].start()
        cluster.await_healthy()
        cluster["a3"].kill9()  # so a1 votes, and without it there is no quorum
        cluster.run("put", "k", "2")
        cluster["a1"].kill9()
        self.put_copy_back("a1")
        for _ in range(2):  # it has a later life each time
            self.assert_stops("a1", "an old copy of its data directory was put back")
        told = [re.findall(r"does not count acceptor a1: .* \(its life is (\S+),",
                           cluster[role].log_text()) for role in cluster.roles]
        for lives in told:  # of each start once
            self.assertEqual(len(lives), len(set(lives)), told)
        self.assertEqual(len({life for lives in told for life in lives}), 2, told)
        result = cluster.pmmc("status")
        self.assert_error(result, 7, "acceptor a1 is not counted: an old copy")
        self.assertEqual(cluster.pmmc("get", "k", timeout_s=2).code, 4)
        cluster["a3"].start()
        self.put_right_one_back("a1")

    def test_an_acceptor_from_within_its_life(self):
        cluster = self.cluster
        cluster["a1"].stop()
        shutil.copytree(cluster.data("a1"), self.copy)
        cluster["a1"].cont()
        cluster.await_healthy()
        cluster["a3"].kill9()
        copied = int(run_program("inspect", "--json", self.copy).json["acceptor"]["writes"])
        wait_until("r1 is told of more than was copied", lambda: self.told_to("r1", "a1") > copied)
        cluster["a1"].kill9()
        self.put_copy_back("a1")
        self.assert_stops("a1", "has lost records")
        cluster["a3"].start()
        self.put_right_one_back("a1")

    def told_to(self, role, other):
        """After a while, and as far as it is durable: a clean stop makes it so."""
        for _ in range(5):
            self.cluster.run("put", "k", "2", timeout_s=PATIENCE_S)
        self.cluster[role].term()
        known = run_program("inspect", "--json", self.cluster.data(role)).json["known_records"]
        self.cluster[role].start()
        return int(known[other])

    def test_a_leader_formatted_again_among_acceptors(self):
        cluster = self.cluster
        cluster.run("put", "k", "2")
        for role in cluster.roles:
            if not role.startswith("a"):
                cluster[role].kill9()
        shutil.rmtree(cluster.data("l1"))
        self.other_l1.rename(cluster.data("l1"))
        self.assert_stops("l1", "it was formatted again")
        self.assertIn("does not count leader l1", "".join(  # the first may be the last
            cluster[acceptor].log_text() for acceptor in ("a1", "a2", "a3")))
        for role in cluster.roles:
            if role[0] in "lr" and role != "l1":
                cluster[role].start()
        self.assertEqual(cluster.get("k", timeout_s=PATIENCE_S), b"2")

    def test_a_replica_that_was_stopped_has_it_all_on_its_disk(self):
        cluster = self.cluster
        slot_out = cluster.await_equal_replicas()
        code, _ = cluster["r1"].term()
        self.assertEqual(code, 0)
        snapshots = run_program("inspect", "--json", cluster.data("r1")).json["snapshots"]
        self.assertGreaterEqual(int(snapshots[-1]["slot"]), slot_out)


if __name__ == "__main__":
    main()
