"""What strangers and clients may take of a process: descriptors and memory, at all of its ports."""

import contextlib
import os
import re
import resource
import socket
import time

from pmmc_cluster import PATIENCE_S, ClusterTest, main, wait_until
from test_doors import BASP, DIRECT, basp, frames, recorded_put

FILES = 256  # that the process may open; half of them are for its own files
OWN_FILES = 100
CONNECTIONS = 300
STRANGERS_BYTES = 64 << 20  # CONNECTIONS of them: 64 KiB each, and what a connection costs
CLIENTS_BYTES = 256 << 20  # max_client_input_bytes
SLACK_BYTES = 192 << 20  # copies, the kernel's pace, what the allocator keeps


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=5)


class DoorLimits(ClusterTest):

    def one_process(self, files=None):
        cluster = self.new_cluster("colocated", size=1, redis=True)
        cluster.init()
        process = cluster["r1"]
        if files:
            process.wrapper = ["prlimit", f"--nofile={files}:{files}"]
        process.start()
        cluster.run("put", "k", "v")
        return cluster, process

    def assert_serves(self, cluster):
        cluster.assert_all_run()
        cluster.run("put", "k", "w", timeout_s=20)
        self.assertEqual(cluster.get("k"), b"w")

    def open_files(self, process):
        return len(os.listdir(f"/proc/{process.pid}/fd"))

    def test_idle_connections_leave_descriptors_for_files(self):
        cluster, process = self.one_process(FILES)
        with contextlib.ExitStack() as stack:
            for port in (process.port, cluster.redis_port("r1")):
                for _ in range(2 * FILES):
                    stack.enter_context(connect(port))
                self.assert_serves(cluster)
                self.assertLess(self.open_files(process), FILES - OWN_FILES)
        self.assertIn("closes a connection", process.log_text())

    def test_idle_connections_of_one_host_leave_the_others_theirs(self):
        _, process = self.one_process(FILES)
        with contextlib.ExitStack() as stack:
            patient = stack.enter_context(connect(process.port))
            patient.settimeout(PATIENCE_S)
            greeting = patient.recv(65_536)
            for _ in range(FILES):
                s = stack.enter_context(socket.create_connection(
                    ("127.0.0.1", process.port), timeout=5, source_address=("127.0.0.2", 0)))
                s.settimeout(PATIENCE_S)
                self.assertTrue(s.recv(1))
            self.assertIn("newer ones take its place", process.log_text())
            patient.setblocking(False)
            with self.assertRaises(BlockingIOError):
                self.fail(f"it was closed after {greeting} and {patient.recv(65_536)}")

    def test_a_connection_that_says_no_hello_is_closed(self):
        _, process = self.one_process()
        with connect(process.port) as s:
            s.settimeout(PATIENCE_S)
            while s.recv(65_536):
                pass  # its greeting; then the end
        self.assertIn("has not said hello in time", process.log_text())

    def test_who_names_other_processes_actors_is_closed(self):
        """For each it would have a place in this process's tables, for ever."""
        cluster, process = self.one_process()
        said = frames(recorded_put(cluster, process))
        node = said[0][BASP.size:]
        hello = next(f for f in said if b"pmmc::hello" in f)
        before, _, after = hello.rpartition(node)
        with connect(process.port) as s:
            s.settimeout(PATIENCE_S)
            s.sendall(said[0] + before + node[:12] + b"another machine's ok" + after)
            while s.recv(65_536):
                pass
        self.assertIn("it names actors that are not its own", process.log_text())
        self.assert_serves(cluster)

    def test_refused_hellos_do_not_fill_the_log(self):
        cluster, process = self.one_process()
        said = frames(recorded_put(cluster, process))
        hello = next(f for f in said if b"pmmc::hello" in f)
        name = cluster.name.encode("ascii")
        self.assertIn(name, hello)

        def be_refused():
            with connect(process.port) as s:
                s.sendall(said[0] + hello.replace(name, b"?" * len(name)))
                answer = b""
                while b"it belongs to cluster" not in answer:
                    part = s.recv(65_536)
                    self.assertTrue(part, "it was not answered")
                    answer += part

        for _ in range(CONNECTIONS):
            be_refused()
        self.assertLess(process.log_text().count("refused a process"), CONNECTIONS / 4)

        def is_counted():
            be_refused()
            return re.search(r"refused a process at .* \(and [0-9]+ before it\)", process.log_text())
        wait_until("those that were not logged are counted", is_counted)

    def test_without_a_descriptor_it_does_not_spin(self):
        cluster, process = self.one_process()
        wait_until("the members are on its disks", lambda: all(
            (cluster.data(role) / "members").exists() for role in process.roles))
        limits = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (self.open_files(process), limits[1]))
        with contextlib.ExitStack() as stack:
            for _ in range(5):
                stack.enter_context(connect(process.port))
                stack.enter_context(connect(cluster.redis_port("r1")))
            wait_until("it rests", lambda: "accepts nobody for a moment" in process.log_text())
            before, began = self.cpu_s(process), time.monotonic()
            wait_until("two seconds", lambda: time.monotonic() - began > 2)
            self.assertLess(self.cpu_s(process) - before, 1.0)
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, limits)
        self.assert_serves(cluster)

    def cpu_s(self, process):
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_strangers_announce_and_take_nothing(self):
        cluster, process = self.one_process()
        before = process.rss_bytes()
        with contextlib.ExitStack() as stack:
            for _ in range(CONNECTIONS):
                s = stack.enter_context(connect(process.port))
                with contextlib.suppress(OSError):
                    s.sendall(basp(1, size=32 << 20) + b"x" * (256 << 10))
            self.assert_serves(cluster)
            self.assertLess(process.rss_bytes() - before, STRANGERS_BYTES)

    def test_clients_unfinished_messages_are_bounded(self):
        """They said hello, announce 30 MiB each and send a part of it."""
        cluster, process = self.one_process()
        said = frames(recorded_put(cluster, process))
        handshake = said[0]
        hello = next(f for f in said if b"pmmc::hello" in f)
        request = next(f for f in said if b"pmmc::client_requests" in f)
        node = handshake[BASP.size:]
        announced = request[:4] + (30 << 20).to_bytes(4, "big") + request[8:BASP.size]
        self.assertEqual(announced[0], DIRECT)
        before = process.rss_bytes()
        most = before
        with contextlib.ExitStack() as stack:
            for n in range(CONNECTIONS):
                s = stack.enter_context(connect(process.port))
                own = node[:12] + n.to_bytes(2, "big") + node[14:]
                s.sendall((handshake + hello).replace(node, own))
                said = b""
                while b"pmmc::welcome" not in said:
                    part = s.recv(65_536)
                    self.assertTrue(part, "it was not welcomed")
                    said += part
                with contextlib.suppress(OSError):
                    s.sendall(announced + b"x" * (2 << 20))
                most = max(most, process.rss_bytes())
            self.assertLess(most - before, CLIENTS_BYTES + SLACK_BYTES)
            self.assert_serves(cluster)
        self.assertNotIn("drops an unexpected message", process.log_text())


if __name__ == "__main__":
    main()
