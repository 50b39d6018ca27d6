"""What a process keeps for clients that do not read what they asked for, or do so slowly."""

import contextlib
import socket
from pathlib import Path

from pmmc_cluster import PATIENCE_S, main, wait_until
from pmmc_door import CLIENTS_BYTES, SLACK_BYTES, DoorTest, Living, connect


class DoorReplies(DoorTest):

    def end_of(self, s):
        """Of the other end of a connection to a process: whether that has it still, and how many bytes
        its kernel could not send."""
        ports = s.getpeername()[1], s.getsockname()[1]
        for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
            _, local, remote, _, queues, *_, inode = line.split()[:10]
            if tuple(int(end.rpartition(":")[2], 16) for end in (local, remote)) == ports:
                return inode != "0", int(queues.partition(":")[0], 16)
        return False, 0

    def await_unread(self, process, s):
        """Until it has been answered, and has not read that."""
        wait_until("its replies wait", lambda: self.is_idle(process) and self.end_of(s)[0]
                   and self.end_of(s)[1] > 0)

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

    def clients_that_read(self, read_bytes, asked=CLIENTS_BYTES * 3 // 4 >> 20, clients=8):
        """Each of them asks for so many MiB, reads so much of it and stays. Returns how many could, and
        the process."""
        cluster, process = self.one_process()
        reader, request, beat = self.readers_of_a_large_value(cluster, process)
        before = most = process.rss_bytes()
        could = 0
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
                    could += left == 0
                most = max(most, process.rss_bytes())
            wait_until("it rests", lambda: self.is_idle(process))
            most = max(most, process.rss_bytes())
            self.assert_serves(cluster)
        # A buffer has room for up to twice what is in it, and the one that is closed may have come
        # in whole. Without a bound: what all have asked for, and more.
        self.assertLess(most - before, 2 * (CLIENTS_BYTES + (asked << 20)) + SLACK_BYTES)
        return could, process

    def assert_one_is_closed(self, process):
        wait_until("one is closed", lambda: "do not read" in process.log_text())

    def test_who_reads_a_little_and_stops_is_counted(self):
        """All that waits goes on into a second buffer when the first has gone out."""
        _, process = self.clients_that_read(24 << 20)
        self.assert_one_is_closed(process)

    def test_who_reads_nearly_all_and_stops_is_counted(self):
        """What is left of it is little; the buffer that it is in is not."""
        _, process = self.clients_that_read(CLIENTS_BYTES * 3 // 4 - (5 << 20))
        self.assert_one_is_closed(process)

    def test_who_reads_all_takes_no_room_any_more(self):
        for read_bytes, clients in ((CLIENTS_BYTES * 3 // 4, 8), (24 << 20, 40)):
            could, process = self.clients_that_read(read_bytes, read_bytes >> 20, clients)
            self.assertGreater(could, clients // 2)  # others may have been silent for too long
            self.assertNotIn("do not read", process.log_text())

    def let_go(self, ends):
        """Six clients, one after the other, do not read what they asked for; ends(s), or that it says
        nothing any more, is why each is let go."""
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
                    self.await_unread(process, s)
                    if ends:
                        ends(s)
                wait_until("it is closed", lambda s=s: not self.end_of(s)[0])
            # What one asks for is in memory twice, and the allocator keeps some.
            self.assertLess(process.rss_bytes() - before, 3 * CLIENTS_BYTES + SLACK_BYTES)
            self.assert_serves(cluster)

    def test_who_falls_silent_is_let_go_with_what_it_has_not_read(self):
        self.let_go(ends=None)

    def test_who_ends_its_side_is_let_go_with_what_it_has_not_read(self):
        """It hears, answers probes and reads nothing: the network alone would wait for it for ever."""
        self.let_go(ends=lambda s: s.shutdown(socket.SHUT_WR))

    def test_who_ends_its_side_of_a_redis_port_is_let_go(self):
        cluster, process = self.one_process()
        for gets in (1, 200):  # of 200, more than the network takes waits
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                s.settimeout(PATIENCE_S)
                s.connect(("127.0.0.1", cluster.redis_port("r1")))
                s.sendall(b"SET large " + b"x" * 50_000 + b"\r\n" + b"GET large\r\n" * gets)
                self.assertEqual(s.recv(5), b"+OK\r\n")
                self.await_unread(process, s)
                s.shutdown(socket.SHUT_WR)
                wait_until("it is closed", lambda s=s: not self.end_of(s)[0])
        self.assert_serves(cluster)


if __name__ == "__main__":
    main()
