"""`pmmc up`: a whole cluster in the foreground of one terminal."""

import os
import pathlib
import pty
import re
import signal
import subprocess

from pmmc_cluster import (BAD_USAGE, BINARY, DONE, INTERNAL, PATIENCE_S, ClusterTest, clean_environment, main,
                          spawn, wait_until)


def children_of(pid):
    """Process ids, by /proc."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text("ascii", "replace")
            except OSError:
                continue  # it has just ended
            if int(stat.rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.name))
    return found


def name_of(pid):
    """What `ps` shows."""
    return pathlib.Path(f"/proc/{pid}/comm").read_text("ascii").rstrip()


def is_alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] != "Z"


class Up(ClusterTest):
    def start_up(self, cluster):
        """Returns the child when it has printed `ready`, which means that it has a leader."""
        self.log = cluster.directory / "up.log"
        with open(self.log, "wb") as log:
            child = spawn([BINARY, "up", "--config", cluster.config], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=log, env=clean_environment())
        self.addCleanup(self.end, child)
        wait_until("up ends or the cluster has a leader",
                   lambda: child.poll() is not None or cluster.active_leader())
        self.lines = []
        for line in child.stdout:
            self.lines.append(line.decode().rstrip())
            if line == b"ready\n":
                break
        self.assertIn("ready", self.lines, self.log.read_text())
        return child

    def end(self, child):
        children = children_of(child.pid)
        if child.poll() is None:
            child.kill()
        child.wait()
        child.stdout.close()
        for pid in filter(is_alive, children):
            os.kill(pid, signal.SIGKILL)

    def stop_up(self, child, number):
        children = children_of(child.pid)
        child.send_signal(number)
        self.assertEqual(child.wait(PATIENCE_S), DONE, self.log.read_text()[-3000:])
        wait_until("every child has ended", lambda: not any(map(is_alive, children)), 5)
        return children

    def test_format_run_and_stop(self):
        cluster = self.new_cluster()
        child = self.start_up(cluster)
        self.assertEqual(sum(line.startswith("formatted ") for line in self.lines), 8)
        children = children_of(child.pid)
        self.assertEqual([name_of(pid) for pid in children], ["pmmc"] * 8)
        cluster.run("put", "k", "v")
        self.stop_up(child, signal.SIGINT)
        for role in cluster.roles:
            self.assertRegex(self.log.read_text(), rf"(?m)^{role} +\| .*stops on SIGTERM")

    def test_again_with_the_same_data(self):
        cluster = self.new_cluster("colocated")
        child = self.start_up(cluster)
        cluster.run("put", "k", "v")
        self.assertEqual(len(children_of(child.pid)), 3)
        self.stop_up(child, signal.SIGTERM)
        child = self.start_up(cluster)
        self.assertEqual(self.lines, ["ready"])
        self.assertEqual(cluster.get("k"), b"v")
        self.stop_up(child, signal.SIGINT)

    def test_ctrl_c_in_a_terminal_reaches_all_at_once(self):
        """A terminal sends SIGINT to the children, too."""
        cluster = self.new_cluster()
        child = self.start_up(cluster)
        for pid in children_of(child.pid):
            os.kill(pid, signal.SIGINT)
        self.stop_up(child, signal.SIGINT)

    def test_hangup_is_passed_on(self):
        cluster = self.new_cluster("colocated")
        child = self.start_up(cluster)
        child.send_signal(signal.SIGHUP)
        wait_until("every child has taken it", lambda: len(re.findall(
            "SIGHUP: the log goes to stderr", self.log.read_text())) == 3)
        cluster.run("put", "k", "v")
        self.stop_up(child, signal.SIGINT)

    def test_the_terminal_goes_away(self):
        """What runs in a terminal ends with it, children first."""
        cluster = self.new_cluster("colocated")
        ours, theirs = pty.openpty()
        self.log = cluster.directory / "up.log"
        with open(self.log, "wb") as log:
            child = spawn(["setsid", "--ctty", BINARY, "up", "--config", cluster.config],
                          stdin=theirs, stdout=subprocess.PIPE, stderr=log, env=clean_environment())
        self.addCleanup(self.end, child)
        os.close(theirs)
        wait_until("the cluster has a leader", cluster.active_leader)
        children = children_of(child.pid)
        self.assertEqual(len(children), 3)
        os.close(ours)
        wait_until("every process has ended", lambda: not any(map(is_alive, [child.pid, *children])), 10)

    def test_children_do_not_outlive_it(self):
        cluster = self.new_cluster()
        child = self.start_up(cluster)
        children = children_of(child.pid)
        child.kill()
        child.wait()
        wait_until("every child has ended", lambda: not any(map(is_alive, children)), 10)

    def test_a_child_that_dies_is_reported_and_the_others_go_on(self):
        cluster = self.new_cluster()
        child = self.start_up(cluster)
        victim = int(cluster.run("inspect", cluster.data("r1"), "--json").json["running_as"])
        os.kill(victim, signal.SIGKILL)
        wait_until("the end is reported", lambda: "killed by signal 9; start it again with `pmmc start --id r1`"
                   in self.log.read_text())
        cluster.run("put", "k", "v")
        self.stop_up(child, signal.SIGINT)

    def test_it_ends_with_the_last_of_its_children(self):
        cluster = self.new_cluster()
        child = self.start_up(cluster)
        for pid in children_of(child.pid):
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(child.wait(PATIENCE_S), INTERNAL, self.log.read_text()[-3000:])
        self.assertIn("pmmc: all processes have ended (see above)", self.log.read_text())

    def test_children_that_are_all_stopped_are_no_failure(self):
        cluster = self.new_cluster()
        child = self.start_up(cluster)
        for pid in children_of(child.pid):
            os.kill(pid, signal.SIGTERM)
        self.assertEqual(child.wait(PATIENCE_S), DONE, self.log.read_text()[-3000:])

    def test_a_port_that_is_taken(self):
        """Nothing is left running."""
        cluster = self.new_cluster()
        other = self.new_cluster()
        other.init()
        other["l1"].start()
        cluster.config.write_text(cluster.config_text(changes={"l1": other["l1"].address}))
        result = cluster.pmmc("up", patience_s=PATIENCE_S)
        self.assertNotEqual(result.code, DONE)
        self.assertRegex(result.err, "l1 .*another program")
        self.assertNotIn("start it again", result.err, "what it has stopped itself")

    def test_an_address_of_another_machine(self):
        """192.0.2.1 is one of those for documentation, RFC 5737: it is never this machine's."""
        cluster = self.new_cluster()
        cluster.config.write_text(cluster.config_text(changes={"r2": "192.0.2.1:7302"}))
        self.assert_error(cluster.pmmc("up"), BAD_USAGE,
                          "r2: its address 192.0.2.1:7302 is not one of this machine; "
                          "nothing was formatted")
        self.assertFalse(any(cluster.data(role).exists() for role in cluster.roles))

    def test_damaged_data(self):
        cluster = self.new_cluster()
        cluster.init()
        (cluster.data("a1") / "acknowledged").write_bytes(b"")
        result = cluster.pmmc("up", patience_s=PATIENCE_S)
        self.assertNotEqual(result.code, DONE)
        self.assertRegex(result.err, "a1 .*acknowledged")
        self.assertNotIn("start it again", result.err, "what it has stopped itself")

    def test_wrong_usage(self):
        self.assert_error(self.new_cluster().pmmc("up", "now"), BAD_USAGE, "usage: pmmc up")


if __name__ == "__main__":
    main()
