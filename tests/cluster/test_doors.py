"""No byte from a stranger ends a process: its three ports are fuzzed, each in a process of its own.

PMMC_FUZZ_S=60 python3 tests/cluster/test_doors.py DoorsFuzzed     each port so long
"""

import contextlib
import os
import resource
import socket
import struct
import threading
import time

from pmmc_cluster import SEED, ClusterTest, main, wait_until

FUZZ_S = float(os.environ.get("PMMC_FUZZ_S") or 5)

# CAF's BASP header: operation, two bytes of padding, flags, payload length, operation data, source
# and destination actor. Integers are big-endian.
BASP = struct.Struct(">BBBBIQQQ")
SERVER_HANDSHAKE, CLIENT_HANDSHAKE, DIRECT, ROUTED, MONITOR, DOWN, HEARTBEAT = range(7)
OPERATIONS = range(9)
ANY = (0, 1, 2, 3, 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF)

REDIS = (b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n", b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", b"PING\r\n",
         b"*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nEXEC\r\n", b"*2\r\n$5\r\nWATCH\r\n$1\r\nk\r\n",
         b"*2\r\n$4\r\nSCAN\r\n$1\r\n0\r\n", b"*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$2\r\n10\r\n",
         b"*2\r\n$4\r\nPMMC\r\n$6\r\nSTATUS\r\n", b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n",
         b"*4\r\n$4\r\nPMMC\r\n$3\r\nREQ\r\n$1\r\n1\r\n$4\r\nINCR\r\n")
HTTP = tuple(b"%s %s HTTP/1.1\r\nHost: x\r\nConnection: %s\r\nContent-Length: %d\r\n\r\n" % x for x in (
    (b"GET", b"/metrics", b"close", 0), (b"HEAD", b"/status", b"keep-alive", 0),
    (b"POST", b"/ready", b"close", 5), (b"GET", b"/health?x=%00", b"upgrade", 0)))


def basp(operation, payload=b"", *, size=None, flags=0, data=0, source=0, target=0):
    return BASP.pack(operation, 0, 0, flags, len(payload) if size is None else size,
                     data, source, target) + payload


def send(port, data):
    """Sends what the other side takes, and waits until it has closed, or has nothing more to say.
    Without that, what was sent might be thrown away unread."""
    with contextlib.suppress(OSError):
        with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
            s.settimeout(0.5)
            with contextlib.suppress(OSError):
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
            while s.recv(65_536):
                pass


class Recorder:
    """Stands between one client and a port and keeps what the client says."""

    def __init__(self, port, slow_s=0):
        self._port = port
        self._slow_s = slow_s  # until a connection is taken up; the kernel has accepted it before
        self.accepted = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.said = b""
        self._sockets = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                self.accepted += 1
                time.sleep(self._slow_s)
                server = socket.create_connection(("127.0.0.1", self._port))
                self._sockets += [client, server]
                for a, b, keeps in ((client, server, True), (server, client, False)):
                    thread = threading.Thread(target=self._pump, args=(a, b, keeps))
                    thread.start()
                    self._threads.append(thread)

    def _pump(self, source, sink, keeps):
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if keeps:
                    self.said += data
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._threads[0].join()
        for s in self._sockets:
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for s in self._sockets:
            s.close()


def run_through(recorder, cluster, process, *words, **options):
    config = cluster.client_config("recorded.conf", data=cluster.directory / "elsewhere", changes={
        role: f"127.0.0.1:{recorder.port}" for role in process.roles})
    cluster.run(*words, config=config, **options)


def recorded(cluster, process, *words, **options):
    """What a command says to the only process of a cluster."""
    with Recorder(process.port) as recorder:
        run_through(recorder, cluster, process, *words, **options)
    return recorder.said


def recorded_put(cluster, process):
    return recorded(cluster, process, "put", "recorded", "x" * 50, timeout_s=10)


def frames(data):
    """The messages of a BASP stream."""
    result = []
    while len(data) >= BASP.size:
        size = BASP.size + BASP.unpack(data[:BASP.size])[4]
        result.append(data[:size])
        data = data[size:]
    return result


def mutated(random, data):
    """A few bytes changed, taken away, put in or doubled."""
    data = bytearray(data)
    for _ in range(random.randrange(1, 5)):
        at = random.randrange(len(data) + 1)
        match random.randrange(6):
            case 0 | 1 if data:
                data[at % len(data)] ^= 1 << random.randrange(8)
            case 2:
                del data[at:at + random.randrange(1, 9)]
            case 3:
                data[at:at] = random.randbytes(random.randrange(1, 9))
            case 4:
                data[at:at + 4] = random.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f", b"\x80\x80\x80\x80\x10"))
            case _:
                data[at:at] = data[at:at + random.randrange(1, 64)]
    return bytes(data)


class DoorsFuzzed(ClusterTest):
    """The process that is fuzzed serves others meanwhile, and afterwards."""

    def setUp(self):
        self.cluster = self.new_cluster("colocated", size=1, redis=True)
        http = self.cluster.new_address()
        self.http_port = int(http.rpartition(":")[2])
        self.cluster.config.write_text(self.cluster.config_text() + f"[http]\nr1 = {http}\n", "ascii")
        self.cluster.launch()
        self.victim = self.cluster["r1"]

    def client_stream(self):
        stream = recorded_put(self.cluster, self.victim)
        self.assertIn(b"pmmc::hello", stream)
        self.assertIn(b"pmmc::mail", stream)
        return stream

    def assert_serves(self, what):
        if not self.victim.running:
            self.fail(f"the process ended with {self.victim.child.poll()} after {what}\n"
                      f"{self.victim.log_tail()}")
        config = self.cluster.client_config("victim.conf", only=["r1"])
        self.cluster.run("put", "k", what[:20], config=config, timeout_s=20)
        self.assertEqual(self.cluster.get("k", config=config).decode(), what[:20])

    def fuzz(self, port, make, what):
        """Sends what `make` makes until the time is over."""
        recent = []
        end = time.monotonic() + FUZZ_S / 3
        count = 0
        while time.monotonic() < end:
            data = make()
            recent = (recent + [data])[-3:]
            send(port, data)
            count += 1
            if not self.victim.running:
                break
        if not self.victim.running:
            self.fail(f"the process ended with {self.victim.child.poll()} by one of\n" +
                      "\n".join(d[:400].hex() for d in recent) + f"\n{self.victim.log_tail()}")
        self.assert_serves(what)
        print(f"{what}: {count} connections, PMMC_SEED={SEED}", flush=True)

    def test_every_header(self):
        """All operations with each field empty or not, with and without a payload, before and after
        a handshake."""
        hello = frames(self.client_stream())[0]
        node = hello[BASP.size:]
        for greeting in (b"", hello):
            for operation in OPERATIONS:
                for flags in (0, 1, 2, 3):
                    for bits in range(16):
                        for payload in (b"", b"\0", b"\0" * 40, node, node + node):
                            send(self.victim.port, greeting + basp(
                                operation, payload, flags=flags, data=3 * (bits & 1),
                                source=bits >> 1 & 1, target=bits >> 2 & 1,
                                size=0xFFFF if bits & 8 else None))
                if not self.victim.running:
                    break
            self.assert_serves(f"headers with {len(greeting)}")

    def test_every_cut_of_a_stream(self):
        stream = self.client_stream()
        for size in range(1, min(len(stream), 1_500)):
            send(self.victim.port, stream[:size])
        self.assert_serves("cuts")

    def test_caf_port(self):
        stream = self.client_stream()
        messages = frames(stream)

        def make():
            chosen = list(messages)
            at = self.random.randrange(len(chosen))
            header, payload = chosen[at][:BASP.size], chosen[at][BASP.size:]
            match self.random.randrange(4):
                case 0:
                    chosen[at] = mutated(self.random, chosen[at])
                case 1:  # with the length that it has
                    payload = mutated(self.random, payload)
                    chosen[at] = header[:4] + struct.pack(">I", len(payload)) + header[8:] + payload
                case 2:
                    values = list(BASP.unpack(header))
                    values[self.random.randrange(3, 8)] = self.random.choice(ANY)
                    values[3] &= 0xFF
                    values[4] &= 0xFFFF_FFFF
                    chosen[at] = BASP.pack(*values) + payload
                case _:
                    self.random.shuffle(chosen)
            return b"".join(chosen)

        self.fuzz(self.victim.port, make, "fuzzed CAF port")

    def test_redis_port(self):
        def make():
            chosen = [self.random.choice(REDIS) for _ in range(self.random.randrange(1, 6))]
            return mutated(self.random, b"".join(chosen))

        self.fuzz(self.cluster.redis_port("r1"), make, "fuzzed Redis port")

    def test_http_port(self):
        self.fuzz(self.http_port, lambda: mutated(self.random, self.random.choice(HTTP)), "fuzzed HTTP port")


if __name__ == "__main__":
    main()
