"""What somebody at a terminal is shown while a command takes its time."""

import json
import os
import pty
import subprocess
import termios
import time

from pmmc_cluster import BINARY, ClusterTest, SharedClusterTest, clean_environment, main


class Progress(SharedClusterTest):
    def test_progress_is_not_shown_between_what_is_typed(self):
        """With stdin and stderr a terminal."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        mode = termios.tcgetattr(theirs)
        mode[3] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, mode)
        with subprocess.Popen([BINARY, "exec", "--config", self.cluster.config], stdin=theirs,
                              stdout=subprocess.PIPE, stderr=theirs,
                              env=clean_environment()) as child:
            os.close(theirs)
            count = 0
            due = time.monotonic() + 0.3  # the progress line is, after 0.1 s
            while time.monotonic() < due:
                os.write(ours, b"put typed 1\n")
                self.assertEqual(child.stdout.readline(), b"ok\n")
                count += 1
            os.write(ours, b"\x04")
            child.wait(20)
            shown = os.read(ours, 65536).decode()
        self.assertRegex(shown, rf"^{count} operations, {count} ok; [^\n]*a second\r\n$")


class NoCluster(ClusterTest):
    def test_who_waits_at_a_terminal_is_told(self):
        cluster = self.new_cluster("colocated")
        cluster.init()
        words = [BINARY, "get", "k", "--json", "--timeout", "2", "--config", cluster.config]
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=theirs, env=clean_environment()) as child:
            os.close(theirs)
            self.assertEqual(json.loads(child.stdout.read())["result"], "not executed")
            child.wait(20)
            shown = os.read(ours, 65536).decode()
        self.assertEqual(shown.count("still trying: no answer for a second"), 1, shown)
        self.assertIn("given up after 2 s", shown)
        self.assertNotIn("still trying", cluster.pmmc("get", "k", timeout_s=2).err)


if __name__ == "__main__":
    main()
