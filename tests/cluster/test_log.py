"""What processes write to their logs, and how."""

import datetime
import json
import re

from pmmc_cluster import BAD_USAGE, ClusterTest, main, wait_until

TEXT_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d (\w+) \[[^]]+\] .+")
MISSING = re.compile(r"the process at (\S+) cannot be reached: nothing listens there")
WARNS_AFTER = datetime.timedelta(seconds=1.5)  # 20 beats of 100 ms, and some room
SHORTLY = datetime.timedelta(seconds=1)  # between the first line of a log and a dial that succeeds
JSON_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d")


def moment_of(line):
    return datetime.datetime.fromisoformat(line[:29])


class Log(ClusterTest):
    def launch_all(self, cluster, *flags):
        cluster.init()
        for process in cluster.processes:
            process.launch(*flags)
        for process in cluster.processes:
            process.await_ready()
        cluster.await_healthy()

    def test_a_start_is_not_full_of_complaints(self):
        """Processes that start together miss each other for a moment: no line says so. Of one that takes
        seconds to start, on a machine with too much to do, others may say that it is not there."""
        cluster = self.new_cluster()
        self.launch_all(cluster)
        begun = {f"127.0.0.1:{p.port}": moment_of(p.log_text().splitlines()[0])
                 for p in cluster.processes}
        for process in cluster.processes:
            for line in process.log_text().splitlines():
                self.assertRegex(line, TEXT_LINE)
                if TEXT_LINE.fullmatch(line)[1] == "warning":
                    missing = MISSING.search(line)
                    self.assertTrue(missing, line)
                    self.assertGreater(begun[missing[1]], moment_of(line) - SHORTLY, line)
                    own = begun[f"127.0.0.1:{process.port}"]
                    self.assertGreater(moment_of(line), own + WARNS_AFTER, line)

    def test_json(self):
        cluster = self.new_cluster("colocated")
        self.launch_all(cluster, "--log-format", "json")
        for process in cluster.processes:
            lines = [json.loads(line) for line in process.log_text().splitlines()]
            self.assertTrue(lines)
            for line in lines:
                self.assertEqual(set(line), {"time", "level", "roles", "message"})
                self.assertRegex(line["time"], JSON_TIME)
                self.assertEqual(line["roles"], " ".join(process.roles))

    def test_levels(self):
        cluster = self.new_cluster("colocated")
        cluster.init()
        a, b, c = cluster.processes
        a.environment = {"PMMC_LOG_LEVEL": "warning"}
        a.launch()
        b.launch("--log-level", "debug")
        wait_until("a peer that was never there is a debug line at once",
                   lambda: re.search(r" debug .*cannot be reached", b.log_text()))
        wait_until("and a warning when that lasts",
                   lambda: re.search(rf" warning .*{c.address} cannot be reached", a.log_text()))
        c.launch()
        for process in cluster.processes:
            process.await_ready()
        cluster.await_healthy()
        self.assertNotIn(" info ", a.log_text())

    def test_a_dead_peer_and_a_lost_quorum_are_warnings(self):
        cluster = self.new_cluster("colocated")
        self.launch_all(cluster)
        a, b, c = cluster.processes
        b.kill9()
        wait_until("the peer's end is told", lambda: re.search(
            rf" warning .*the process at {b.address} has", a.log_text()))
        c.kill9()
        wait_until("the quorum's end is told", lambda: re.search(
            r" warning .*no quorum: 1 of 3 acceptors can be reached, 2 are needed", a.log_text()))
        b.start()
        wait_until("and that it is there again", lambda: re.search(
            r" warning .*a quorum again: 2 of 3", a.log_text()))

    def test_words_that_it_does_not_know(self):
        cluster = self.new_cluster()
        cluster.init()
        for option, word in (("--log-level", "loud"), ("--log-format", "xml")):
            for command in (["start", "--id", "a1"], ["up"]):
                self.assert_error(cluster.pmmc(*command, option, word), BAD_USAGE,
                                  f"{option} takes .*not \"{word}\"")


if __name__ == "__main__":
    main()
