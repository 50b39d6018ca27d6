"""Reconfigurations while processes die: the leader at any moment, and majorities around the boundary.

A small WINDOW makes boundaries quick. PMMC_ROUNDS=N makes a longer run of it.
"""

import os
import time

from pmmc_cluster import DONE, main, wait_until
from pmmc_load import Load
from pmmc_machines import ReconfigurationTest

ROUNDS = int(os.environ.get("PMMC_ROUNDS", "4"))


class Crashes(ReconfigurationTest):
    def while_writing(self, cluster, disturb):
        load = Load(cluster, "x", per_second=100)
        try:
            load.await_progress()
            disturb(load)
            load.await_progress()
            load.finish()
        finally:
            load.kill()
        load.check()
        cluster.await_equal_replicas()
        cluster.assert_members()

    def finish(self, cluster, command, words):
        """The command's end, or that of the same command given again. One version more in any case."""
        if command.wait().code != DONE:
            wait_until("the command goes through", lambda: cluster.pmmc(*words).code == DONE)

    def replace_while(self, cluster, load, disturb):
        """Replaces the first acceptor, and does `disturb` while that is under way."""
        before = cluster.version()
        old = cluster[cluster.ids("acceptor")[0]]
        new = cluster.newcomer("acceptor").join()
        words = cluster.change([new], [old])
        with cluster.background(*words) as command:
            disturb()
            self.finish(cluster, command, words)
        cluster.take_over([new], [old])
        self.assertEqual(cluster.version(), before + 1)
        old.kill9()
        load.await_progress()

    def test_the_leader_dies(self):
        cluster = self.running_cluster(window=4)

        def kill_leader():
            self.pause(0.4)
            cluster[cluster.active_leader() or "l1"].restart()

        def disturb(load):
            for _ in range(ROUNDS):
                self.replace_while(cluster, load, kill_leader)
                cluster.await_healthy()

        self.while_writing(cluster, disturb)

    def pause(self, most_s):
        """A random moment: what is under way is not to be seen from outside."""
        time.sleep(self.random.uniform(0, most_s))

    def start_again(self, victim):
        """One of the old members may be told at its start that it was removed meanwhile, and end."""
        try:
            victim.start()
        except AssertionError:
            if "removed from the cluster in version" not in victim.log_text():
                raise

    def restart_majority(self, window, of_new):
        cluster = self.running_cluster(window=window)

        def restart():
            self.pause(0.4)
            members = [cluster[a] for a in cluster.ids("acceptor")]
            newest = next(m for m in reversed(cluster.processes) if "acceptor" in m.kinds)
            victims = [newest, members[1]] if of_new else members[:2]
            for victim in victims:
                victim.kill9()
            for victim in victims:
                self.start_again(victim)

        def disturb(load):
            for _ in range(ROUNDS):
                self.replace_while(cluster, load, restart)

        self.while_writing(cluster, disturb)

    def test_the_old_majority_is_restarted(self):
        self.restart_majority(4, of_new=False)

    def test_the_new_majority_is_restarted(self):
        self.restart_majority(4, of_new=True)

    def test_the_old_majority_with_the_least_window(self):
        self.restart_majority(1, of_new=False)

    def test_everything_is_killed_in_the_middle(self):
        cluster = self.running_cluster("colocated", window=4)

        def disturb(load):
            for _ in range(2):
                before = cluster.version()
                old, new = cluster.machines_of_members()[0], cluster.newcomer().join()
                words = cluster.change([new], [old])
                with cluster.background(*words) as command:
                    self.pause(0.5)
                    all_of_them = [m for m in cluster.processes if m.running]
                    for machine in all_of_them:
                        machine.kill9()
                    for machine in all_of_them:
                        machine.launch()
                    for machine in all_of_them:
                        if machine is not old:  # it may be told that it was removed, and end
                            machine.await_ready()
                    self.finish(cluster, command, words)
                cluster.take_over([new], [old])
                self.assertEqual(cluster.version(), before + 1)
                old.kill9()
                load.await_progress()

        self.while_writing(cluster, disturb)


if __name__ == "__main__":
    main()
