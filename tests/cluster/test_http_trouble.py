"""The HTTP port: clients that mean no good."""

import contextlib
import pathlib
import socket
import threading

from pmmc_cluster import main, wait_until
from pmmc_http import ANSWER_S, MOST_GROWTH_BYTES, PAGES, SharedHttpTest, answer_to, value

CONNECTIONS = 64   # that a process serves at once
HEADER_BYTES = 8 << 10


class ClientsThatMeanNoGood(SharedHttpTest):
    def assert_well(self):
        self.cluster.assert_all_run()
        self.cluster.run("put", self.id(), "1")
        self.assertEqual(self.cluster.get(self.id()), b"1")
        self.cluster.await_health("r1", 200)

    def test_garbage(self):
        for data in (b"", b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 50,
                     b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                     *(self.random.randbytes(self.random.randrange(1, 20_000)) for _ in range(50))):
            with self.cluster.connect("r1") as s:
                with contextlib.suppress(OSError):
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                answer = answer_to(s)
                self.assertRegex(answer, rb"\A(HTTP/1.1 4\d\d |\Z)")
        self.assert_well()

    def test_a_request_with_a_body(self):
        with self.cluster.connect("r1") as s:
            answer = answer_to(s, b"GET / HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 9_000)
            self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer[:100])
        self.assert_well()

    def test_huge_headers(self):
        process = self.cluster["r1"]
        before = process.rss_bytes()
        for data in (b"GET /" + b"x" * (1 << 20), b"GET / HTTP/1.1\r\nA: " + b"x" * (1 << 20),
                     b"GET / HTTP/1.1\r\n" + b"A: x\r\n" * 200_000):
            with self.cluster.connect("r1") as s:
                s.settimeout(ANSWER_S)
                answer = answer_to(s, data)
                self.assertRegex(answer, rb"\A(HTTP/1.1 431 |\Z)")
        with self.cluster.connect("r1") as s:  # little enough for the answer to be read
            answer = answer_to(s, b"GET / HTTP/1.1\r\nA: " + b"x" * 2 * HEADER_BYTES)
            self.assertTrue(answer.startswith(b"HTTP/1.1 431 "), answer[:100])
            self.assertIn(b"longer than 8192 bytes", answer)
        self.assertLess(process.rss_bytes() - before, MOST_GROWTH_BYTES)
        self.assert_well()

    def test_slow_loris(self):
        """Hundreds of connections with half a request: pages still come, and the store works."""
        process = self.cluster["r1"]
        before = process.rss_bytes()
        with contextlib.ExitStack() as stack:
            slow = [stack.enter_context(self.cluster.connect("r1")) for _ in range(300)]
            for s in slow:
                with contextlib.suppress(OSError):
                    s.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
            for _ in range(3):
                for page in PAGES:
                    self.assertEqual(self.cluster.fetch("r1", page)[0], 200)
                for s in slow:
                    with contextlib.suppress(OSError):
                        s.sendall(b"x")
            open_fds = len(list(pathlib.Path(f"/proc/{process.pid}/fd").iterdir()))
            self.assertLess(open_fds, 300)
            self.assertLess(process.rss_bytes() - before, MOST_GROWTH_BYTES)
            self.assert_well()
            # A byte now and then does not keep a connection: its request must end.
            wait_until("half requests are closed", lambda: value(
                self.cluster.metrics("r1")[0], "process_open_fds") < open_fds - CONNECTIONS // 2)
        self.assert_well()

    def test_readers_that_do_not_read(self):
        process = self.cluster["r1"]
        before = process.rss_bytes()
        with contextlib.ExitStack() as stack:
            for _ in range(CONNECTIONS // 2):
                s = stack.enter_context(self.cluster.connect("r1"))
                s.setblocking(False)
                with contextlib.suppress(OSError):
                    while True:
                        s.send(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
            self.assert_well()
            self.assertLess(process.rss_bytes() - before, MOST_GROWTH_BYTES)
        self.assert_well()

    def test_scrapers_in_a_hurry(self):
        """Many clients that ask without a pause do not keep the roles from their work."""
        ends = threading.Event()
        pages = []

        def hammer():
            while not ends.is_set():
                with contextlib.suppress(OSError):
                    pages.append(self.cluster.fetch("r1", "/metrics")[0])

        threads = [threading.Thread(target=hammer) for _ in range(8)]
        for t in threads:
            t.start()
        try:
            wait_until("pages come", lambda: len(pages) > 100)
            self.cluster.run("exec", stdin=b"".join(b"put k%d v\n" % i for i in range(2_000)))
        finally:
            ends.set()
            for t in threads:
                t.join()
        self.assertEqual(set(pages), {200})
        self.assert_well()


if __name__ == "__main__":
    main()
