"""SIGTERM and SIGINT stop each process cleanly, idle and under load."""

import re
import signal

from pmmc_cluster import DONE, ClusterTest, main, wait_until
from pmmc_load import Load

MOST_S = 5.0


class Stop(ClusterTest):
    def assert_stops(self, process, number=signal.SIGTERM):
        code, seconds = process.term(number)
        self.assertEqual(code, DONE, process.log_tail())
        self.assertLess(seconds, MOST_S, process.name)
        self.assertRegex(process.log_text(), "stops on SIG(TERM|INT)")

    def test_idle(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            cluster = self.running_cluster()
            for process in cluster.processes:
                self.assert_stops(process, number)

    def test_hangup_is_no_stop(self):
        """SIGHUP: it says what it did, and serves on."""
        cluster = self.running_cluster()
        cluster.config.write_text(cluster.config.read_text() + "\nnonsense\n")
        for process in cluster.processes:
            process.child.send_signal(signal.SIGHUP)
        for process in cluster.processes:
            wait_until(f"{process.name} has taken it", lambda p=process: re.search(
                "SIGHUP: a mistake in the config file: .*(\n.*)*SIGHUP: the log goes to stderr.*has mistakes",
                p.log_text()))
        cluster.config.write_text(cluster.config_text())
        for process in cluster.processes:
            process.child.send_signal(signal.SIGHUP)
        for process in cluster.processes:
            wait_until(f"{process.name} has taken it again", lambda p=process: re.search(
                "SIGHUP: the log goes to stderr.*was read again, and is good", p.log_text()))
        cluster.assert_all_run()
        cluster.run("put", "k", "v")
        for process in cluster.processes:
            self.assert_stops(process)

    def test_before_it_has_met_anybody(self):
        cluster = self.new_cluster()
        cluster.init()
        for process in cluster.processes:
            process.start()
            self.assert_stops(process)

    def test_under_load(self):
        cluster = self.running_cluster()
        load = Load(cluster, "load", per_second=2_000)
        try:
            for process in cluster.processes:
                load.await_progress(100)
                self.assert_stops(process)
                process.start()
            load.finish()
        finally:
            load.kill()
        load.check()

    def test_colocated_under_load(self):
        cluster = self.running_cluster("colocated")
        load = Load(cluster, "load", per_second=2_000)
        try:
            for process in cluster.processes:
                load.await_progress(100)
                self.assert_stops(process)
                process.start()
            load.finish()
        finally:
            load.kill()
        load.check()

    def test_without_the_others(self):
        """The last process stops as well as the first, and so does one whose peers stand still."""
        cluster = self.running_cluster()
        for role in ("a2", "l1", "r1"):
            cluster[role].stop()
        for role in ("a1", "l2", "r2"):
            self.assert_stops(cluster[role])

    def test_a_client_on_ctrl_c(self):
        """An `exec` with writes under way ends at once."""
        cluster = self.running_cluster()
        load = Load(cluster, "load")
        try:
            load.await_progress()
            load.child.send_signal(signal.SIGINT)
            self.assertNotEqual(load.child.wait(MOST_S), DONE)
        finally:
            load.kill()
        load.check()


if __name__ == "__main__":
    main()
