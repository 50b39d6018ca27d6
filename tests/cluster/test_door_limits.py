"""What strangers and clients may take of a process: descriptors and memory, at all of its ports."""

import contextlib
import itertools
import re
import resource
import socket
import time

from pmmc_cluster import PATIENCE_S, main, wait_until
from pmmc_door import CLIENTS_BYTES, SLACK_BYTES, DoorTest, connect, in_the_name_of
from test_doors import (BASP, DIRECT, HEARTBEAT, Recorder, basp, frames, recorded, recorded_put,
                        run_through)

FILES = 256  # that the process may open; half of them are for its own files
OWN_FILES = 100
CONNECTIONS = 300
STRANGERS_BYTES = 64 << 20  # CONNECTIONS of them: 64 KiB each, and what a connection costs
ANNOUNCED = 30 << 20  # a message of a client


class DoorLimits(DoorTest):

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
                    ("127.0.0.1", process.port), timeout=PATIENCE_S, source_address=("127.0.0.2", 0)))
                s.settimeout(PATIENCE_S)
                self.assertTrue(s.recv(1))
            self.assertIn("newer ones take its place", process.log_text())
            patient.setblocking(False)
            with self.assertRaises(BlockingIOError):
                self.fail(f"it was closed after {greeting} and {patient.recv(65_536)}")

    def test_a_connection_that_says_no_hello_is_closed(self):
        cluster, process = self.one_process()
        welcomed, _ = self.client_that_announces(cluster, process)
        with welcomed(1) as client, connect(process.port) as s:
            s.settimeout(0.5)
            ended, deadline = False, time.monotonic() + PATIENCE_S
            while not ended and time.monotonic() < deadline:
                client.sendall(basp(HEARTBEAT))
                with contextlib.suppress(TimeoutError):
                    ended = not s.recv(65_536)  # its greeting; then the end
            self.assertTrue(ended)
            self.assertIn("has not said hello in time", process.log_text())
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):  # heartbeats, and no end
                while True:
                    self.assertTrue(client.recv(65_536), "one that has said hello was closed, too")

    def test_who_takes_a_second_to_say_the_first_word_is_waited_for(self):
        cluster, process = self.one_process()
        with Recorder(process.port, slow_s=1.2) as recorder:
            run_through(recorder, cluster, process, "put", "k", "v", timeout_s=20)
            self.assertEqual(recorder.accepted, 1)

    def test_who_asks_for_the_status_is_a_client(self):
        """As `pmmc reconfig` does while it waits: a stranger would be cut off after 64 messages."""
        cluster, process = self.one_process()
        said = frames(recorded(cluster, process, "status"))
        request = next(f for f in said if b"pmmc::status_request" in f)
        with connect(process.port) as s:
            s.sendall(in_the_name_of(1, said[0], said[0]))
            for _ in range(100):
                s.sendall(in_the_name_of(1, request, said[0]))
                self.hear(s, b"pmmc::process_status")

    def test_what_follows_a_large_message_at_once_is_read(self):
        cluster, process = self.one_process()
        asked = frames(recorded(cluster, process, "status"))
        request = next(f for f in asked if b"pmmc::status_request" in f)
        said = frames(recorded(cluster, process, "put", "large", "v" * 100_000, timeout_s=10))
        hello = next(f for f in said if b"pmmc::hello" in f)
        large = max(said, key=len)
        self.assertGreater(len(large), 64 << 10)  # it comes in pieces
        with connect(process.port) as s:
            s.sendall(in_the_name_of(1, said[0] + hello, said[0]))
            self.hear(s, b"pmmc::welcome")
            s.sendall(in_the_name_of(1, large, said[0]) * 3 + in_the_name_of(1, request, asked[0]))
            self.hear(s, b"pmmc::process_status")

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

        numbers = itertools.count()

        def be_refused():
            """As a process that was not refused before."""
            with connect(process.port) as s:
                s.sendall(in_the_name_of(next(numbers), said[0] + hello.replace(name, b"?" * len(name)), said[0]))
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
        wait_until("it has no file to write", lambda: self.is_idle(process))
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

    def client_that_announces(self, cluster, process):
        """Returns what opens the n-th connection of a client, welcomed, and what announces a message
        of ANNOUNCED bytes on it."""
        said = frames(recorded_put(cluster, process))
        handshake = said[0]
        hello = next(f for f in said if b"pmmc::hello" in f)
        request = next(f for f in said if b"pmmc::mail" in f)
        announced = request[:4] + ANNOUNCED.to_bytes(4, "big") + request[8:BASP.size]
        self.assertEqual(announced[0], DIRECT)

        def welcomed(n):
            s = connect(process.port)
            s.sendall(in_the_name_of(n, handshake + hello, handshake))
            self.hear(s, b"pmmc::welcome")
            return s

        return welcomed, announced

    def test_clients_unfinished_messages_are_bounded(self):
        """They said hello, announce 30 MiB each and send a part of it."""
        cluster, process = self.one_process()
        welcomed, announced = self.client_that_announces(cluster, process)
        before = process.rss_bytes()
        most = before
        with contextlib.ExitStack() as stack:
            for n in range(CONNECTIONS):
                s = stack.enter_context(welcomed(n))
                with contextlib.suppress(OSError):
                    s.sendall(announced + b"x" * (2 << 20))
                most = max(most, process.rss_bytes())
            self.assertLess(most - before, CLIENTS_BYTES + SLACK_BYTES)
            self.assert_serves(cluster)
        self.assertNotIn("drops an unexpected message", process.log_text())

    def test_messages_that_came_or_broke_off_are_not_counted_any_more(self):
        cluster, process = self.one_process()
        welcomed, announced = self.client_that_announces(cluster, process)
        for missing in (0, 1):
            for n in range(CLIENTS_BYTES // ANNOUNCED + 2):  # in all, more than may be unfinished
                with welcomed(n) as s, contextlib.suppress(ConnectionError):
                    s.sendall(announced + b"x" * (ANNOUNCED - missing))
                    s.shutdown(socket.SHUT_WR)
                    while s.recv(65_536):
                        pass  # until it has taken all
            cluster.run("put", "large", "v" * 100_000, timeout_s=20)  # comes in pieces, too
            self.assertEqual(len(cluster.get("large")), 100_000)
        self.assertNotIn("take too much memory", process.log_text())
        self.assert_serves(cluster)


if __name__ == "__main__":
    main()
