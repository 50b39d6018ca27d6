"""What strangers and clients may take of a process: descriptors and memory, at all of its ports."""

import contextlib
import itertools
import os
import re
import resource
import socket
import threading
import time
from pathlib import Path

from pmmc_cluster import PATIENCE_S, ClusterTest, main, wait_until
from test_doors import (BASP, DIRECT, HEARTBEAT, Recorder, basp, frames, recorded, recorded_put,
                        run_through)

FILES = 256  # that the process may open; half of them are for its own files
OWN_FILES = 100
CONNECTIONS = 300
STRANGERS_BYTES = 64 << 20  # CONNECTIONS of them: 64 KiB each, and what a connection costs
CLIENTS_BYTES = 256 << 20  # max_client_input_bytes
ANNOUNCED = 30 << 20  # a message of a client
SLACK_BYTES = 192 << 20  # copies, the kernel's pace, what the allocator keeps


def in_the_name_of(n, said, handshake):
    """What a process said whose handshake is given, as another one."""
    node = handshake[BASP.size:]
    return said.replace(node, node[:12] + n.to_bytes(2, "big") + node[14:])


class Living:
    """Connections that say they live, as clients' nodes do: who is silent for 600 ms gets no replies any
    more, and is closed after 3 s. They may do so between two of their messages only."""

    def __init__(self, closes=True):
        self._closes = closes
        self._connections = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def add(self, connection, word):
        """Returns what is to be held while something is sent on it."""
        connection.settimeout(60)  # what a message is cut by is no heartbeat
        lock = threading.Lock()
        self._connections.append((connection, lock, word))
        return lock

    def _work(self):
        while not self._end.wait(0.1):
            for connection, lock, word in self._connections:
                if lock.acquire(blocking=False):
                    with contextlib.suppress(OSError):
                        sent = connection.send(word, socket.MSG_DONTWAIT)
                        connection.sendall(word[sent:])
                    lock.release()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        for connection, *_ in self._connections if self._closes else ():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._end.set()
        self._thread.join()


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


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
        """It may have much to do before: what it was asked for by those who read nothing."""
        cluster.assert_all_run()
        cluster.run("put", "k", "w", timeout_s=60)
        self.assertEqual(cluster.get("k", timeout_s=60), b"w")

    def is_idle(self, process):
        before = self.cpu_s(process)
        time.sleep(0.2)
        return self.cpu_s(process) - before < 0.05

    def open_files(self, process):
        return len(os.listdir(f"/proc/{process.pid}/fd"))

    def end_of(self, s):
        """Of the other end of a connection to a process: whether that has it still, and how many bytes
        its kernel could not send."""
        for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
            _, _, remote, _, queues, *_, inode = line.split()[:10]
            if int(remote.rpartition(":")[2], 16) == s.getsockname()[1]:
                return inode != "0", int(queues.partition(":")[0], 16)
        return False, 0

    def end_one_side(self, process, s):
        """When it has replies that it has not read. The process must let go of it then."""
        wait_until("its replies wait", lambda: self.end_of(s)[1] > 0 and self.is_idle(process))
        self.assertTrue(self.end_of(s)[0])
        s.shutdown(socket.SHUT_WR)
        wait_until("it is closed", lambda: not self.end_of(s)[0])

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

    def hear(self, s, word):
        """Reads until the word has come."""
        said = b""
        while word not in said:
            part = s.recv(65_536)
            self.assertTrue(part, f"it was closed before {word.decode()} came")
            said += part

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

    def readers_of_a_large_value(self, cluster, process):
        """Returns what opens the n-th connection of a client, welcomed, what asks on it for 1 MiB, and
        what its node has to say all the time."""
        cluster.run("exec", stdin=b"put large " + b"x" * (1 << 20) + b"\n", timeout_s=20)
        gets, beats = 1, []
        while not beats:  # its node says the first one after a tenth of a second
            said = frames(recorded(cluster, process, "exec", stdin=b"get large\n" * gets, timeout_s=60))
            beats = [f for f in said if b"pmmc::heartbeat" in f]
            gets *= 2
        hello = next(f for f in said if b"pmmc::hello" in f)
        request = next(f for f in said if b"pmmc::mail" in f)

        def reader(n):
            s = connect(process.port)
            s.sendall(in_the_name_of(n, said[0] + hello, said[0]))
            self.hear(s, b"pmmc::welcome")
            return s

        return (reader, lambda n: in_the_name_of(n, request, said[0]),
                lambda n: in_the_name_of(n, beats[0], said[0]))

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

    def test_replies_that_nobody_reads_are_bounded(self):
        cluster, process = self.one_process()
        reader, request, beat = self.readers_of_a_large_value(cluster, process)
        before = most = process.rss_bytes()
        at_once = 32
        with contextlib.ExitStack() as stack:
            living = stack.enter_context(Living())
            for n in range(4):  # each asks for more than all may leave unread
                s = stack.enter_context(reader(n))
                alone = living.add(s, beat(n))
                with contextlib.suppress(OSError):
                    for _ in range(0, 2 * CLIENTS_BYTES >> 20, at_once):
                        with alone:
                            s.sendall(request(n) * at_once)
                        wait_until("it waits to be read", lambda: self.is_idle(process))
                        most = max(most, process.rss_bytes())
            wait_until("one is closed", lambda: "do not read" in process.log_text())
            most = max(most, process.rss_bytes())
            # What waits, what the allocator keeps of the buffers before as one grows, and those of
            # the last that was closed until they are given back. Without a bound: 2 GiB and more.
            self.assertLess(most - before, 3 * CLIENTS_BYTES + SLACK_BYTES)
            self.assert_serves(cluster)

    def most_with_clients_that_read(self, read_bytes, asked=CLIENTS_BYTES * 3 // 4 >> 20, clients=12):
        """Of memory: each of them asks for so many MiB, reads so much of it and stays. Returns the
        process's log."""
        cluster, process = self.one_process()
        reader, request, beat = self.readers_of_a_large_value(cluster, process)
        before = most = process.rss_bytes()
        with contextlib.ExitStack() as stack:
            living = stack.enter_context(Living())
            for n in range(clients):
                s = stack.enter_context(reader(n))
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
                alone = living.add(s, beat(n))
                with contextlib.suppress(OSError):
                    with alone:
                        s.sendall(request(n) * asked)
                    wait_until("it waits to be read", lambda: self.is_idle(process))
                    left = read_bytes
                    while left > 0 and (part := s.recv(min(left, 1 << 16))):
                        left -= len(part)
                most = max(most, process.rss_bytes())
            wait_until("it rests", lambda: self.is_idle(process))
            most = max(most, process.rss_bytes())
            self.assert_serves(cluster)
        # A buffer has room for up to twice what is in it, and the one that is closed may have come
        # in whole. Without a bound: what all have asked for, and more.
        self.assertLess(most - before, 2 * (CLIENTS_BYTES + (asked << 20)) + SLACK_BYTES)
        return process.log_text()

    def test_who_reads_a_little_and_stops_is_counted(self):
        """CAF moves all that waits into a second buffer when the first has gone out."""
        self.assertIn("do not read", self.most_with_clients_that_read(24 << 20))

    def test_who_reads_nearly_all_and_stops_is_counted(self):
        """What is left of it is little; the buffer that it is in is not."""
        self.assertIn("do not read", self.most_with_clients_that_read(CLIENTS_BYTES * 3 // 4 - (5 << 20)))

    def test_who_reads_all_takes_no_room_any_more(self):
        self.assertNotIn("do not read", self.most_with_clients_that_read(CLIENTS_BYTES * 3 // 4))

    def test_who_reads_all_at_once_takes_no_room_any_more(self):
        self.assertNotIn("do not read", self.most_with_clients_that_read(24 << 20, 24, 60))

    def test_who_falls_silent_is_let_go_with_what_it_has_not_read(self):
        cluster, process = self.one_process()
        asked = CLIENTS_BYTES * 3 // 4 >> 20
        reader, request, beat = self.readers_of_a_large_value(cluster, process)
        before, files = process.rss_bytes(), self.open_files(process)
        with contextlib.ExitStack() as stack:
            for n in range(6):
                s = stack.enter_context(reader(n))
                s.sendall(request(n) * asked)
                with Living(closes=False) as living:
                    living.add(s, beat(n))
                    wait_until("its replies wait", lambda: process.rss_bytes() - before > asked << 20)
                wait_until("it is closed", lambda: self.open_files(process) == files)
            # What one asks for is in memory twice, and the allocator keeps some.
            self.assertLess(process.rss_bytes() - before, 3 * CLIENTS_BYTES + SLACK_BYTES)
            self.assert_serves(cluster)

    def test_who_ends_its_side_is_let_go_with_what_it_has_not_read(self):
        """It hears, answers probes and reads nothing: the network alone would wait for it for ever."""
        cluster, process = self.one_process()
        asked = CLIENTS_BYTES * 3 // 4 >> 20
        reader, request, beat = self.readers_of_a_large_value(cluster, process)
        before = process.rss_bytes()
        with contextlib.ExitStack() as stack:
            for n in range(6):
                s = stack.enter_context(reader(n))
                s.sendall(request(n) * asked)
                with Living(closes=False) as living:
                    living.add(s, beat(n))
                    self.end_one_side(process, s)
            self.assertLess(process.rss_bytes() - before, 3 * CLIENTS_BYTES + SLACK_BYTES)
            self.assert_serves(cluster)

    def test_who_ends_its_side_of_a_redis_port_is_let_go(self):
        cluster, process = self.one_process()
        for gets in (1, 200):  # of 200, more than the network takes waits
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                s.settimeout(PATIENCE_S)
                s.connect(("127.0.0.1", cluster.redis_port("r1")))
                s.sendall(b"SET large " + b"x" * 50_000 + b"\r\n" + b"GET large\r\n" * gets)
                self.assertEqual(s.recv(5), b"+OK\r\n")
                self.end_one_side(process, s)
        self.assert_serves(cluster)


if __name__ == "__main__":
    main()
