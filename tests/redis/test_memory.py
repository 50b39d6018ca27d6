"""A Redis port keeps its bounds in bytes, and serves the others meanwhile: many connections that want
large replies, or store large values, at once."""

import pathlib
import selectors
import socket
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))

from pmmc_cluster import ClusterTest, main  # noqa: E402
from resp import Connection, encode  # noqa: E402

MIB = 1 << 20
PATIENCE_S = 120  # of a busy machine; nothing here is about speed


class Bystander(threading.Thread):
    """Sends small requests, one after the other, until it is stopped."""

    def __init__(self, port, peak):
        super().__init__()
        self._c = Connection(port, timeout_s=PATIENCE_S)
        self._peak = peak
        self._stopped = threading.Event()
        self.seconds = []
        self.wrong = []

    def run(self):
        while not self._stopped.is_set():
            began = time.monotonic()
            reply = self._c("INCR", "bystander")
            self.seconds.append(time.monotonic() - began)
            if reply != len(self.seconds):
                self.wrong.append(reply)
            if (read := self._c("GET", "bystander")) != str(reply).encode():
                self.wrong.append(read)
            self._peak()
            self._stopped.wait(0.02)

    def stop(self):
        self._stopped.set()
        self.join()
        self._c.close()

    def __str__(self):
        return (f"{len(self.seconds)} INCRs of a bystander: p50 {1000 * statistics.median(self.seconds):.0f} ms, "
                f"longest {1000 * max(self.seconds):.0f} ms")


class Memory(ClusterTest):
    def setUp(self):
        self.cluster = self.running_cluster("colocated", redis=True)
        self.port = self.cluster.redis_port("r1")
        self.peak = 0

    def look(self):
        self.peak = max(self.peak, self.cluster["r1"].rss_bytes())

    def connect(self):
        c = Connection(self.port, timeout_s=PATIENCE_S)
        self.addCleanup(c.close)
        return c

    def sockets(self, count):
        made = [socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) for _ in range(count)]
        self.addCleanup(lambda: [s.close() for s in made])
        return made

    def converse(self, sockets, request, size):
        """Each sends the request and reads until it has `size` bytes. Returns what each has read."""
        waiting = selectors.DefaultSelector()
        got = [0] * len(sockets)
        buffer = bytearray(MIB)
        for number, s in enumerate(sockets):
            s.setblocking(False)
            waiting.register(s, selectors.EVENT_READ | selectors.EVENT_WRITE, [number, memoryview(request)])
        left = len(sockets)
        deadline = time.monotonic() + PATIENCE_S
        while left and time.monotonic() < deadline:
            for key, events in waiting.select(1):
                number, unsent = key.data
                if events & selectors.EVENT_WRITE:
                    key.data[1] = unsent[key.fileobj.send(unsent):]
                    if not key.data[1]:
                        waiting.modify(key.fileobj, selectors.EVENT_READ, key.data)
                if events & selectors.EVENT_READ:
                    count = key.fileobj.recv_into(buffer)
                    got[number] += count
                    if count == 0 or got[number] >= size:
                        waiting.unregister(key.fileobj)
                        left -= 1
            self.look()
        return got

    def beside_a_bystander(self, work):
        bystander = Bystander(self.port, self.look)
        bystander.start()
        began = time.monotonic()
        try:
            return work()
        finally:
            took = time.monotonic() - began
            bystander.stop()
            print(f"\n{took:.1f} s, {self.peak / MIB:.0f} MiB at the most; {bystander}", file=sys.stderr)
            self.assertEqual(bystander.wrong, [])

    def large_request(self):
        """A request, and the bytes of its reply."""
        c = self.connect()
        value = b"x" * MIB
        for n in range(14):
            self.assertEqual(c("SET", f"big:{n}", value), "OK")
        request = encode(["MGET"] + [f"big:{n}" for n in range(14)])
        return request, len(b"*14\r\n") + 14 * (len(b"$1048576\r\n") + MIB + 2)

    def test_who_does_not_read_makes_room_for_who_does(self):
        request, size = self.large_request()
        for s in self.sockets(10):  # their replies take all the room for large ones
            s.sendall(request)
        got = self.beside_a_bystander(lambda: self.converse(self.sockets(5), request, size))
        self.assertEqual(got, [size] * 5)

    def test_three_hundred_large_replies_at_once(self):
        request, size = self.large_request()
        before = self.cluster["r1"].rss_bytes()
        got = self.beside_a_bystander(lambda: self.converse(self.sockets(300), request, size))
        self.assertEqual({n for n in got if n != size}, set())  # nobody who reads is cut off
        self.assertLess(self.peak - before, 300 * MIB)

    def test_two_hundred_large_values_at_once(self):
        rounds = 2
        one = encode(["SET", "large", b"x" * (MIB - 100)])
        before = self.cluster["r1"].rss_bytes()
        got = self.beside_a_bystander(
            lambda: [self.converse(s, one, len(b"+OK\r\n")) for s in [self.sockets(200)] for _ in range(rounds)])
        for each in got:
            self.assertEqual(each, [len(b"+OK\r\n")] * 200)
        print(f"grown by {(self.peak - before) / MIB:.0f} MiB", file=sys.stderr)
        # 200 MiB of input, what the log holds until it is collected, and what is on its way
        self.assertLess(self.peak - before, 700 * MIB)


if __name__ == "__main__":
    main()
