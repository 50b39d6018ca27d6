"""A Redis port in trouble: many connections, slow readers, length bombs, cut connections, no quorum,
replicas that go."""

import pathlib
import random
import selectors
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))

from pmmc_cluster import ClusterTest, main, wait_until  # noqa: E402
from resp import Connection, Error, encode  # noqa: E402

IDLE, BUSY = 10_000, 1_000
MIB = 1 << 20


class Trouble(ClusterTest):
    def setUp(self):
        self.cluster = self.running_cluster("colocated", redis=True)
        self.port = self.cluster.redis_port("r1")

    def connect(self, port=None):
        c = Connection(port or self.port, timeout_s=60)
        self.addCleanup(c.close)
        return c

    def _sockets(self, count):
        made = []
        self.addCleanup(lambda: [s.close() for s in made])
        for _ in range(count):
            made.append(socket.create_connection(("127.0.0.1", self.port), timeout=60))
        return made

    def test_many_idle_and_many_busy_connections(self):
        before = self.cluster["r1"].rss_bytes()
        self._sockets(IDLE)
        busy = self._sockets(BUSY)
        rounds = 5
        waiting = selectors.DefaultSelector()
        for number, s in enumerate(busy):
            s.setblocking(False)
            waiting.register(s, selectors.EVENT_READ, [number, 0, b""])
            s.send(encode(["INCR", f"busy:{number % 10}"]))
        left = BUSY
        deadline = time.monotonic() + 120
        while left and time.monotonic() < deadline:
            for event, _ in waiting.select(1):
                state = event.data
                state[2] += event.fileobj.recv(1 << 16)
                if not state[2].endswith(b"\r\n"):
                    continue
                self.assertRegex(state[2], rb"^:\d+\r\n$")
                state[1] += 1
                state[2] = b""
                if state[1] < rounds:
                    event.fileobj.send(encode(["INCR", f"busy:{state[0] % 10}"]))
                else:
                    left -= 1
        self.assertEqual(left, 0)
        total = sum(int(v) for v in self.connect()("MGET", *(f"busy:{i}" for i in range(10))))
        self.assertEqual(total, BUSY * rounds)
        grown = self.cluster["r1"].rss_bytes() - before
        print(f"\n{IDLE} idle and {BUSY} busy connections: {grown / MIB:.0f} MiB", file=sys.stderr)
        self.assertLess(grown, 400 * MIB)

    def test_slow_readers_cost_bounded_memory_and_nobody_elses_service(self):
        other = self.connect()
        other("SET", "big", "x" * MIB)
        before = self.cluster["r1"].rss_bytes()
        for s in self._sockets(50):
            try:  # two thousand replies of a mebibyte each are asked for, and none is read
                s.settimeout(0.2)
                s.sendall(encode(["GET", "big"]) * 2_000)
            except TimeoutError:
                pass  # it is not read any more
        for i in range(50):
            self.assertEqual(other("INCR", "service"), i + 1)
        grown = self.cluster["r1"].rss_bytes() - before
        self.assertLess(grown, 700 * MIB)

    def test_large_replies_wait_for_each_other_and_others_do_not(self):
        other = self.connect()
        other("SET", "big", "x" * MIB)
        before = self.cluster["r1"].rss_bytes()
        for s in self._sockets(30):  # 450 MiB of replies to 4,500 bytes, and none is read
            s.sendall(encode(["MGET"] + ["big"] * 15))
        for i in range(20):  # a reply that is late by 5 s would be an error
            self.assertEqual(other("INCR", "service"), i + 1)
            self.assertEqual(other("GET", "service"), str(i + 1).encode())
        grown = self.cluster["r1"].rss_bytes() - before
        self.assertLess(grown, 700 * MIB)

    def test_half_requests_cost_bounded_memory(self):
        other = self.connect()
        before = self.cluster["r1"].rss_bytes()
        half = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048576\r\n" + b"x" * 900_000
        closed = 0
        for s in self._sockets(600):
            try:
                s.sendall(half)
            except OSError:
                closed += 1
        self.assertEqual(other("SET", "service", "1"), "OK")
        grown = self.cluster["r1"].rss_bytes() - before
        self.assertLess(grown, 700 * MIB)  # of 600 connections × 0.9 MB, sent by peers that stay

    def test_length_bombs(self):
        other = self.connect()
        before = self.cluster["r1"].rss_bytes()
        for bomb in (b"*1048576\r\n$536870912\r\n", b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nx",
                     b"*2000000000\r\n", b"$" * 70_000, b"*1\r\n$999999999999\r\n"):
            for s in self._sockets(100):
                s.sendall(bomb)
        self.assertEqual(other("SET", "service", "1"), "OK")
        self.assertLess(self.cluster["r1"].rss_bytes() - before, 100 * MIB)
        c = self.connect()
        c.send_raw(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n" + b"x" * 3_000_000 + b"\r\nPING\r\n")
        self.assertRegex(c.read(), "at most 1 MiB")
        self.assertEqual(c.read(), "PONG")

    def test_what_is_refused_for_its_size_holds_up_nobody(self):
        other = self.connect()
        c = self.connect()
        served = 0

        def check():
            nonlocal served
            for one in (c, other):  # a number of the port's session that was spent would time them out
                served += 1
                self.assertEqual(one("INCR", "served"), served)

        self.assertEqual(str(c("PMMC", "SESSION", "s" * 1_500_000)), "ERR a session's name must have 1 to 64 bytes")
        check()
        self.assertEqual(c("WATCH", *(f"{i:04}" + "w" * 1_000 for i in range(1_000))), "OK")
        self.assertEqual(c("MULTI"), "OK")
        self.assertEqual(c("SET", "k", "v" * 900_000), "QUEUED")
        self.assertRegex(c("EXEC"), "^ERR not executed: .*1052672")
        check()
        self.assertRegex(c("SET", "k", "v" * (MIB + 8192)), "^ERR not executed: .*1 MiB")
        check()
        self.assertIsNone(c("GET", "k"))

    def test_connections_cut_in_the_middle(self):
        other = self.connect()
        other("SET", "big", "x" * MIB)
        chance = random.Random(1)
        for _ in range(200):
            s = self._sockets(1)[0]
            request = encode(["GET", "big"]) * 3 + encode(["INCR", "cut"])
            s.sendall(request[:chance.randrange(1, len(request))] if chance.random() < 0.5 else request)
            if chance.random() < 0.3 and self._readable(s):
                s.recv(chance.randrange(1, 50_000))
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            s.close()
        self.assertEqual(other("PING"), "PONG")
        self.assertIsInstance(other("INCR", "service"), int)
        wait_until("the cut connections are gone",
                   lambda: len(other("CLIENT", "LIST").splitlines()) == 1)

    @staticmethod
    def _readable(s):
        with selectors.DefaultSelector() as waiting:
            waiting.register(s, selectors.EVENT_READ)
            return bool(waiting.select(0.05))

    def test_garbage(self):
        chance = random.Random(2)
        for _ in range(100):
            s = self._sockets(1)[0]
            try:
                s.sendall(bytes(chance.randrange(256) for _ in range(chance.randrange(1, 3_000))))
            except OSError:
                pass
            s.close()
        self.assertEqual(self.connect()("PING"), "PONG")

    def test_no_quorum_is_told_with_the_reason(self):
        c = self.connect()
        self.assertEqual(c("SET", "a", "1"), "OK")
        for r in ("r2", "r3"):
            self.cluster[r].kill9()
        for command in (["GET", "a"], ["SET", "a", "2"]):
            reply = c(*command)
            self.assertIsInstance(reply, Error)
            self.assertRegex(reply, r"^CLUSTERDOWN .*1 of 3.*(a2|a3)")
        for r in ("r2", "r3"):
            self.cluster[r].start()
        wait_until("it works again", lambda: c("SET", "a", "3") == "OK")

    def test_a_process_dies_and_a_client_goes_on_elsewhere_exactly_once(self):
        ports = [self.cluster.redis_port(r) for r in ("r1", "r2", "r3")]
        at = [0]
        c = [self.connect(ports[0])]

        def once(number):
            """As docs/CLIENTS.md has it: again, with the same number, until there is an answer."""
            for _ in range(60):
                try:
                    self.assertIsInstance(c[0]("PMMC", "SESSION", "s"), list)
                    reply = c[0]("PMMC", "REQ", number, "INCR", "n")
                    if isinstance(reply, int):
                        return reply
                except (OSError, AssertionError):
                    pass
                time.sleep(0.1)
                at[0] = (at[0] + 1) % 3
                try:
                    c[0] = self.connect(ports[at[0]])
                except OSError:
                    pass
            raise AssertionError("no answer")

        killer = threading.Timer(0.5, lambda: self.cluster["r1"].child.kill())
        killer.start()
        number = 0
        end = time.monotonic() + 3
        while time.monotonic() < end:
            number += 1
            self.assertEqual(once(number), number)
        killer.join()
        self.cluster["r1"].kill9()
        self.assertEqual(self.connect(ports[1])("GET", "n"), str(number).encode())


if __name__ == "__main__":
    main()
