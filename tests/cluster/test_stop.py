"""SIGTERM and SIGINT stop each process cleanly, idle and under load."""

import os
import re
import signal

from pmmc_cluster import DONE, PATIENCE_S, ClusterTest, main, wait_until
from pmmc_engine import only_pmmc
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

    def test_while_it_starts(self):
        """What it is told before there is anything to stop waits for that, and is then obeyed."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            cluster = self.new_cluster("colocated", size=1)
            cluster.init()
            process = cluster["r1"]
            config = process.config.read_bytes()
            process.config.unlink()
            os.mkfifo(process.config)
            process.launch()
            with open(process.config, "wb") as pipe:  # opens when the process has begun to read
                process.child.send_signal(number)
                pipe.write(config)
            if number == signal.SIGHUP:
                process.config.unlink()
                process.config.write_bytes(config)
                process.await_ready()
                number = signal.SIGTERM
                process.child.send_signal(number)
            self.assertEqual(process.child.wait(PATIENCE_S), DONE, process.log_tail())
            self.assertIn(f"stops on {number.name}", process.log_text())

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

    @only_pmmc
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

    @only_pmmc
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
