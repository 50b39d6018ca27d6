"""What operators read on the way: how newcomers join, who is waited for, and what has moved."""

import re

from pmmc_cluster import BAD_USAGE, PRECONDITION, main, wait_until
from pmmc_machines import Machine, ReconfigurationTest


class Words(ReconfigurationTest):
    def test_of_init_and_the_log_about_newcomers(self):
        """One line for the process, with the command that adds all its roles."""
        cluster = self.running_cluster("colocated")
        new = cluster.newcomer()
        added = " ".join(word for word in new.added() if word != "--add")
        self.assertEqual(new.init().err,
                         f"pmmc: a4 l4 r4 are formatted to join the cluster \"{cluster.name}\". Start "
                         f"them (`pmmc start --id a4`), then add them with `pmmc reconfig --add {added}`\n")
        new.start()
        self.assertRegex(new.log_text(), r"info \[a4 l4 r4\] a4 l4 r4 are no members yet; add them with "
                                         "`pmmc reconfig`")
        self.assertNotIn("warning", new.log_text())
        cluster.run("reconfig", "--add", *added.split())
        alone = cluster.newcomer("acceptor")
        self.assertRegex(alone.init().err, r"\Apmmc: a5 is formatted to join .* Start it \(`pmmc start "
                                           r"--id a5`\), then add it with `pmmc reconfig --add "
                                           rf"acceptor:a5={alone.address}`\n\Z")
        alone.start()  # its disk knows version 1 only
        self.assertNotIn("warning", alone.log_text())

    def test_of_those_that_were_removed(self):
        cluster = self.running_cluster("colocated")
        old = cluster.processes[0]
        old.kill9()
        cluster.reconfig([cluster.newcomer().join()], [old])
        old.launch()
        wait_until("it ends by itself", lambda: not old.running)
        self.assertEqual(old.child.poll(), BAD_USAGE)
        self.assertIn("a1, l1, r1 were removed from the cluster in version 2", old.log_text())

    def test_of_replicas_without_which_it_would_wait_for_ever(self):
        cluster = self.running_cluster()
        cluster["r2"].kill9()
        cluster["r3"].kill9()
        result = cluster.pmmc("reconfig", "--remove", "leader:l2", timeout_s=2)
        self.assert_error(result, PRECONDITION, "only 1 of the 3 replicas of the new configuration can "
                                                "be reached, and 2 are needed:\n  r2 at .*\n  r3 at ")
        cluster["r2"].start()
        cluster.run("reconfig", "--remove", "leader:l2")

    def test_of_roles_that_have_moved(self):
        cluster = self.running_cluster("colocated")
        whole, part = cluster.processes[1:]
        moves = []
        for machine, kinds in ((whole, whole.kinds), (part, {"replica": "r3"})):
            machine.term()
            there = Machine(cluster, cluster.new_address(), kinds, folder=machine.directory)
            cluster.processes.append(there)
            there.start()
            words = [w for kind, role in kinds.items() for w in
                     ("--remove", f"{kind}:{role}", "--add", f"{kind}:{role}={there.address}")]
            said = cluster.run("reconfig", *words).text
            cluster.take_over([there])
            moves += [(role, machine.address, there.address, said) for role in kinds.values()]
            self.assertNotIn("switched off", said)
        for role, old, new, said in moves:
            self.assertRegex(said, rf"(?m)^{role} has moved from {re.escape(old)} to {re.escape(new)}; "
                             + (f"other roles stay at {re.escape(old)}$"
                                if old == part.address else f"nothing is needed at {re.escape(old)}$"))


if __name__ == "__main__":
    main()
