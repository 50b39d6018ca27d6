"""Roles at new addresses, and roles whose disk is lost."""

import shutil

from pmmc_cluster import PRECONDITION, main
from pmmc_machines import Machine, ReconfigurationTest


class Moved(ReconfigurationTest):
    def move(self, cluster, machine):
        """The same disk, at another address."""
        machine.term()
        cluster.processes.remove(machine)
        there = Machine(cluster, cluster.new_address(), machine.kinds, folder=machine.directory)
        cluster.processes.append(there)
        there.start()
        result = cluster.run("reconfig", *machine.removed(), *there.added(), "--json").json
        cluster.take_over([there])
        return result

    def test_each_acceptor(self):
        cluster = self.running_cluster()
        for number, role in enumerate(cluster.ids("acceptor")):
            result = self.move(cluster, cluster[role])
            self.assertEqual(result["version"], str(2 + number))
            cluster.run("put", "k", str(number))
        cluster.await_healthy()
        cluster.assert_members()
        cluster["a1"].restart()
        cluster["a2"].kill9()
        cluster.run("put", "k", "v")

    def test_a_machine_with_a_role_of_each_kind(self):
        cluster = self.running_cluster("colocated")
        cluster.run("put", "k", "v")
        for machine in list(cluster.processes):
            self.move(cluster, machine)
            cluster.await_healthy()
        self.assertEqual(cluster.get("k"), b"v")
        cluster.kill9_all()
        cluster.start_all()
        cluster.await_healthy()
        self.assertEqual(cluster.get("k"), b"v")
        cluster.await_equal_replicas()


class LostDisk(ReconfigurationTest):
    def cluster_without_disk_of_a1(self):
        cluster = self.new_cluster()
        spare = cluster.spare_disk("a1")
        cluster.launch()
        cluster.await_healthy()
        cluster.run("put", "k", "v")
        cluster["a1"].lose_disk(spare)
        return cluster, cluster["a1"]

    def test_of_an_acceptor(self):
        """Another one takes its place, and it never comes back under its id."""
        cluster, a1 = self.cluster_without_disk_of_a1()
        a4 = cluster.newcomer("acceptor").join()
        cluster.reconfig([a4], [a1])
        self.assertEqual(cluster.get("k"), b"v")
        a1.start("--rejoin")
        self.assert_error(cluster.pmmc("reconfig", *a1.added()), PRECONDITION,
                          "acceptor a1 was a member .*with another disk",
                          "take an id that was never used")
        self.assertEqual(cluster.version(), 2)
        cluster["a2"].kill9()
        cluster.run("put", "k", "w")

    def test_of_an_acceptor_that_moves(self):
        """No less lost for being removed and added in one command."""
        cluster, a1 = self.cluster_without_disk_of_a1()
        cluster.processes.remove(a1)
        there = Machine(cluster, cluster.new_address(), a1.kinds, folder=a1.directory)
        cluster.processes.append(there)
        there.start()
        result = cluster.pmmc("reconfig", *a1.removed(), *there.added())
        self.assert_error(result, PRECONDITION, "a1 was a member .*with another disk")
        self.assertEqual(cluster.version(), 1)

    def test_of_a_whole_machine(self):
        """A replica may come back under its id: it promised nothing to anybody."""
        cluster = self.running_cluster("colocated")
        cluster.run("put", "k", "v")
        dead = cluster.processes[0]
        dead.kill9()
        shutil.rmtree(dead.directory / "data")
        cluster.reconfig([cluster.newcomer().join()], [dead])
        cluster.await_healthy()
        cluster.await_equal_replicas()
        self.assertEqual(cluster.get("k"), b"v")


if __name__ == "__main__":
    main()
