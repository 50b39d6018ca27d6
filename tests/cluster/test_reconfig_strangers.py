"""Processes that only look like members: of an earlier cluster, at an address spelled otherwise, or
with a copy of a member's disk."""

import re
import select
import shutil
import socket
import threading

from pmmc_cluster import PATIENCE_S, PRECONDITION, main, wait_until
from pmmc_engine import PMMC_KINDS
from pmmc_machines import Machine, ReconfigurationTest


class FoundedAgain(ReconfigurationTest):
    """All founders are formatted again, with the same name and the same addresses. One process that
    was added to the earlier cluster was forgotten, disk and all."""

    def found_again(self, *kinds):
        cluster = self.running_cluster("colocated")
        founders = list(cluster.processes)
        first = dict(cluster.roles)
        forgotten = cluster.newcomer(*kinds).join()
        cluster.reconfig([forgotten])
        cluster.run("put", "k", "old")
        forgotten.kill9()
        cluster.roles = first
        cluster.take_over()
        for machine in founders:
            machine.kill9()
            shutil.rmtree(machine.directory / "data")
        for machine in founders:  # nobody is left who knows the old disks
            machine.init()
        for machine in founders:
            machine.start()
        cluster.await_healthy()
        cluster.run("put", "k", "new")
        return cluster, founders, forgotten

    def assert_unharmed(self, cluster, founders, forgotten):
        forgotten.launch()
        met = [re.compile(rf"process at {re.escape(m.address)}") for m in founders]
        wait_until("it has met all, or has ended", lambda: not forgotten.running or
                   all(m.search(forgotten.log_text()) for m in met))
        for number in range(20):
            cluster.run("put", "n", str(number))
        for machine in founders:
            self.assertTrue(machine.running, machine.log_tail())
        self.assertEqual(cluster.get("k"), b"new")
        self.assertEqual(cluster.version(), 1)

    def test_a_forgotten_machine_changes_nothing(self):
        self.assert_unharmed(*self.found_again(*PMMC_KINDS))

    def test_a_forgotten_replica_changes_nothing(self):
        self.assert_unharmed(*self.found_again("replica"))

    def test_a_forgotten_machine_joins_when_it_is_formatted_again(self):
        cluster, _, forgotten = self.found_again(*PMMC_KINDS)
        forgotten.start()
        result = cluster.pmmc(*cluster.change([forgotten]))
        self.assert_error(result, PRECONDITION,
                          "it belongs to the cluster with identity [0-9a-f]{16}, and this is ")
        self.assertEqual(cluster.version(), 1)
        forgotten.kill9()
        shutil.rmtree(forgotten.directory / "data")
        forgotten.join()
        cluster.reconfig([forgotten])
        cluster.await_equal_replicas()
        self.assertEqual(cluster.get("k"), b"new")


class OtherSpelling(ReconfigurationTest):
    def test_is_refused(self):
        """Members are told apart by the text of their addresses, so this one would be a guest to
        everybody whom it dials, and no majority could be made with it."""
        cluster = self.running_cluster()
        a4 = cluster.newcomer("acceptor").join()
        result = cluster.pmmc("reconfig", "--add", f"acceptor:a4=localhost:{a4.port}",
                              "--remove", "acceptor:a1")
        self.assert_error(result, PRECONDITION, f"acceptor a4 .*{re.escape(a4.address)}")
        self.assertEqual(cluster.version(), 1)


class Twin(ReconfigurationTest):
    def test_a_role_does_not_move_while_it_runs_at_its_old_address(self):
        """Its directory was copied to the new machine, and somebody has started the old one again.
        Two leaders would use the same ballots, two acceptors vote as one."""
        cluster = self.running_cluster("colocated")
        old = cluster.processes[2]
        old.term()
        copy = cluster.directory / "copy"
        shutil.copytree(old.directory, copy)
        there = Machine(cluster, cluster.new_address(), old.kinds, folder=copy)
        cluster.processes.append(there)
        old.start()
        there.start()
        result = cluster.pmmc("reconfig", *old.removed(), *there.added())
        self.assert_error(result, PRECONDITION, f"a3 .*{re.escape(old.address)}")
        self.assertEqual(cluster.version(), 1)

    def test_nor_is_it_added_again_elsewhere(self):
        """The same, when it was removed and waits at its old address to be switched off."""
        cluster = self.running_cluster()
        a1 = cluster["a1"]
        a1.term()
        copy = cluster.directory / "copy"
        shutil.copytree(a1.directory, copy)
        a1.start()
        cluster.reconfig([cluster.newcomer("acceptor").join()], [a1])
        there = Machine(cluster, cluster.new_address(), a1.kinds, folder=copy)
        cluster.processes.append(there)
        there.start("--rejoin")
        result = cluster.pmmc("reconfig", *there.added())
        self.assert_error(result, PRECONDITION, f"a1 .*{re.escape(a1.address)}")
        self.assertEqual(cluster.version(), 2)
        a1.term()
        there.term()  # and what it holds is old: a1 has had another life
        shutil.rmtree(copy / "data")
        shutil.copytree(a1.directory / "data", copy / "data")
        there.start("--rejoin")
        cluster.reconfig([there])
        cluster.await_healthy()

    def test_copies_of_all_members_end_none_of_them(self):
        """They are started at other addresses, as for a test of a backup, while the members do not
        answer; what the copies remember of the members is from before."""
        cluster = self.running_cluster("colocated")
        members = list(cluster.processes)
        for machine in members:
            machine.stop()
        copies = []
        for machine in members:
            folder = cluster.directory / f"copy-{machine.name}"
            shutil.copytree(machine.directory, folder)
            copies.append(Machine(cluster, cluster.new_address(), machine.kinds, folder=folder))
        for machine in members:
            machine.cont()
        for number in range(50):  # the members' directories hold more than the copies know of
            cluster.run("put", "k", str(number), timeout_s=PATIENCE_S)
        for machine in members:
            machine.stop()
        cluster.processes += copies
        for machine in copies:
            machine.start()
        for machine in members:
            machine.cont()
        for machine in copies:
            wait_until(f"{machine.address} is told that it has a copy", lambda: re.search(
                "it has the directory of .*: a copy|one of the two is a copy", machine.log_text()))
        cluster.run("put", "k", "after", timeout_s=PATIENCE_S)
        for machine in members:
            self.assertTrue(machine.running, machine.log_tail())
        for machine in copies:
            machine.kill9()
            cluster.processes.remove(machine)
        cluster.await_healthy()
        self.assertEqual(cluster.get("k"), b"after")

    def test_a_copy_that_was_let_in_while_the_member_was_down_goes(self):
        cluster = self.running_cluster("colocated")
        first, second, _ = cluster.processes
        second.kill9()
        folder = cluster.directory / "copy"
        shutil.copytree(second.directory, folder)
        copy = Machine(cluster, cluster.new_address(), second.kinds, folder=folder)
        cluster.processes.append(copy)
        copy.start()
        wait_until("the copy is let in", lambda: (
            f"connected with the process at {copy.address}" in first.log_text()))
        second.start()
        wait_until("and put out", lambda: "one of the two is a copy" in copy.log_text())
        self.assertTrue(second.running, second.log_tail())
        copy.kill9()
        cluster.processes.remove(copy)
        cluster.await_healthy()


class Forwarder(threading.Thread):
    """Whoever connects to `port` is connected to `to`, until end()."""

    def __init__(self, port, to):
        super().__init__(daemon=True)
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", port))
        self._ends, self._end = socket.socketpair()
        self.start()

    def run(self):
        peers = {}
        while True:
            ready, _, _ = select.select([self._listener, self._ends, *peers], [], [])
            if self._ends in ready:
                break
            for one in ready:
                if one is self._listener:
                    here = one.accept()[0]
                    there = socket.create_connection(("127.0.0.1", self._to))
                    peers.update({here: there, there: here})
                elif one in peers and not self._pass_on(one, peers[one]):
                    for end in (peers[one], one):
                        del peers[end]
                        end.close()
        for end in (self._listener, *peers):
            end.close()

    @staticmethod
    def _pass_on(one, other):
        try:
            data = one.recv(1 << 16)
            other.sendall(data)
        except OSError:
            return False
        return bool(data)

    def end(self):
        self._end.send(b"e")
        self.join()
        self._ends.close()
        self._end.close()


class WrongWay(ReconfigurationTest):
    def test_an_address_that_leads_to_who_dials_it(self):
        """A wrong name, a forwarder, an address taken over: a process met itself there, and took its
        own roles for copies of themselves."""
        cluster = self.running_cluster("colocated")
        first, second, third = cluster.processes
        third.kill9()
        for machine in (first, second):
            forwarder = Forwarder(third.port, machine.port)
            wait_until("the dial is known to lead back", lambda: (
                f"{third.address} is this process itself" in machine.log_text()))
            other = second if machine is first else first
            wait_until("and by the other one to lead elsewhere", lambda: (
                f"{third.address} is the process at {machine.address}" in other.log_text()))
            cluster.run("put", "k", machine.name, timeout_s=PATIENCE_S)
            forwarder.end()
        third.start()
        cluster.await_healthy()
        self.assertTrue(first.running and second.running)
        self.assertEqual(cluster.get("k"), second.name.encode())


if __name__ == "__main__":
    main()
