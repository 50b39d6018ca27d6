"""One process of a cluster of tests: started, stopped, killed, looked at."""

import pathlib
import select
import signal
import subprocess
import time

from pmmc_program import BINARY, PATIENCE_S, clean_environment, spawn, wait_until

LOG_TAIL_LINES = 25


class Process:
    """One process of a cluster: its roles, its log, and what is done to it."""

    def __init__(self, cluster, address, roles):
        self.cluster = cluster
        self.address = address
        self.port = int(address.rpartition(":")[2])
        self.roles = roles
        self.name = "+".join(roles)
        self.config = cluster.config
        self.log = cluster.directory / f"{self.name}.log"
        self.binary = BINARY  # what is started
        self.wrapper = []  # words of a program that runs it, such as `ip netns exec`
        self.environment = {}  # more of it
        self.child = None

    @property
    def running(self):
        return self.child is not None and self.child.poll() is None

    @property
    def pid(self):
        return self.child.pid

    def launch(self, *flags):
        """Starts without waiting."""
        assert not self.running, f"{self.name} runs already"
        with open(self.log, "ab") as log:
            self.child = spawn([*self.wrapper, self.binary, "start", "--config", self.config, "--id",
                                self.roles[0], *flags],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                               env={**clean_environment(), **self.environment})

    def await_ready(self):
        """Waits for the `ready` line. Fails if the process ends or is silent."""
        readable, _, _ = select.select([self.child.stdout], [], [], PATIENCE_S)
        line = self.child.stdout.readline().decode() if readable else "nothing"
        if not line.startswith("ready "):
            raise AssertionError(f"{self.name} printed {line!r}, not ready\n{self.log_tail()}")
        return line

    def start(self, *flags):
        self.launch(*flags)
        return self.await_ready()

    def kill9(self):
        """kill -9, and waits for the end."""
        if self.running:
            self.child.kill()
        self._reap()

    def term(self, number=signal.SIGTERM):
        """A clean stop. Returns the exit code and the seconds that it took."""
        began = time.monotonic()
        self.child.send_signal(number)
        try:
            code = self.child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not stop on signal {number}\n"
                                 f"{self.log_tail()}") from None
        self._reap()
        return code, time.monotonic() - began

    def stop(self):
        """SIGSTOP; waits until the process stands."""
        self.child.send_signal(signal.SIGSTOP)
        wait_until(f"{self.name} stands", lambda: self.status_field("State").startswith("T"))

    def cont(self):
        self.child.send_signal(signal.SIGCONT)

    def restart(self):
        """kill -9 and start."""
        self.kill9()
        self.start()

    def _reap(self):
        if self.child is not None:
            self.child.wait()
            self.child.stdout.close()

    def status_field(self, name):
        """A line of /proc/PID/status."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text("ascii").splitlines():
            if line.startswith(name + ":"):
                return line.partition(":")[2].strip()
        raise KeyError(name)

    def rss_bytes(self):
        return int(self.status_field("VmRSS").split()[0]) * 1024

    def log_text(self):
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def log_tail(self):
        lines = self.log_text().splitlines()[-LOG_TAIL_LINES:]
        return "\n".join(f"  {self.name} | {line}" for line in lines)
