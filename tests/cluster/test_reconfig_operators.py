"""More than one command at once, and commands that are killed: the log decides which change is made, and
a change is made once."""

import subprocess

from pmmc_cluster import DONE, PRECONDITION, main, wait_until
from pmmc_machines import ReconfigurationTest

ROUNDS = 5


class Operators(ReconfigurationTest):
    def at_once(self, cluster, *changes):
        """Gives all commands at the same time, from different machines. Returns their Results."""
        running = [self.enterContext(cluster.background(*words)) for words in changes]
        return [command.wait() for command in running]

    def test_two_that_ask_for_different_majorities(self):
        """{a1 a4 a5} and {a2 a6 a7} would decide without each other."""
        cluster = self.running_cluster()
        cluster.run("put", "k", "v")
        a = {f"a{i}": cluster[f"a{i}"] for i in (1, 2, 3)}
        new = cluster.newcomers(4, "acceptor")
        one = (new[:2], [a["a2"], a["a3"]])
        two = (new[2:], [a["a1"], a["a3"]])
        results = self.at_once(cluster, cluster.change(*one), cluster.change(*two))
        self.assertEqual(sorted(r.code for r in results), [DONE, PRECONDITION],
                         "\n".join(map(str, results)))
        won = 0 if results[0].code == DONE else 1
        self.assert_error(results[1 - won], PRECONDITION, "conflict|there is no acceptor|refused")
        cluster.take_over(*(one, two)[won])
        self.assertEqual(cluster.version(), 2)
        cluster.assert_members()
        for machine in (one, two)[won][1] + (one, two)[1 - won][0]:
            machine.kill9()
        cluster.run("put", "k", "w")
        cluster.await_healthy()
        cluster.await_equal_replicas()

    def test_two_that_ask_for_the_same(self):
        """Both are done, and there is one new version."""
        cluster = self.running_cluster()
        a4, a1 = cluster.newcomer("acceptor").join(), cluster["a1"]
        results = self.at_once(cluster, *2 * [cluster.change([a4], [a1])])
        codes = [r.code for r in results]
        self.assertIn(DONE, codes)
        self.assertLessEqual(set(codes), {DONE, PRECONDITION})
        self.assertEqual(cluster.version(), 2)
        self.assertEqual(cluster.pmmc(*cluster.change([a4], [a1])).code, DONE)
        self.assertEqual(cluster.version(), 2)

    def test_one_that_is_killed_and_repeated(self):
        cluster = self.running_cluster(window=16)
        for number in range(ROUNDS):
            before = cluster.version()
            victim = cluster[cluster.ids("acceptor")[0]]
            words = cluster.change([cluster.newcomer("acceptor").join()], [victim])
            with cluster.background(*words) as command:
                self.wait_for_part_of(command)
            # Leaving `with` has killed it. It may be decided or not, and even be under way.
            self.assert_done(cluster.pmmc(*words))
            self.assertEqual(cluster.version(), before + 1, f"round {number}")
            self.assert_done(cluster.pmmc(*words))
            self.assertEqual(cluster.version(), before + 1, f"round {number}, once more")
            cluster.take_over([cluster.processes[-1]], [victim])
            victim.kill9()
            cluster.run("put", "k", str(number))
        cluster.assert_members()
        cluster.await_healthy()

    def wait_for_part_of(self, command):
        """The command takes around 0.1 s where the machine is quick."""
        try:
            command.wait(self.random.uniform(0.0, 0.3))
        except subprocess.TimeoutExpired:
            pass

    def test_two_inside_one_window(self):
        """The second is decided before the first is in force."""
        cluster = self.running_cluster(window=1_000)
        new = cluster.newcomers(2, "acceptor")
        old = [cluster["a1"], cluster["a2"]]
        first = self.enterContext(cluster.background(*cluster.change(new[:1], old[:1])))
        wait_until("the first is decided", lambda: cluster.version() == 2)
        self.assert_done(cluster.pmmc(*cluster.change(new[1:], old[1:])))
        self.assert_done(first.wait())
        cluster.take_over(new, old)
        self.assertEqual(cluster.version(), 3)
        cluster.assert_members()
        self.switch_off(old)
        cluster.run("put", "k", "v")
        cluster.await_healthy()


if __name__ == "__main__":
    main()
