"""What is not pmmc talks to pmmc, and pmmc to what is not pmmc."""

import contextlib
import re
import shutil
import socket
import struct
import threading

from pmmc_cluster import (NOT_EXECUTED, ClusterTest, SharedClusterTest, main, wait_until)

TIMEOUT_S = 2
SLACK_S = 4.0
MOST_GROWTH_BYTES = 256 << 20  # of a process that was promised a message of 4 GiB

COMMANDS = (["put", "k", "v"], ["get", "k"], ["fingerprint"], ["config"], ["export"])

HTTP = b"GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: curl/8.0\r\n\r\n"

# CAF's BASP header: operation, two bytes of padding, flags, payload length, operation data, source
# and destination actor. Integers are big-endian. Operations: 0 server handshake, 1 client handshake,
# 2 direct message, 3 routed message, 6 heartbeat.
BASP = struct.Struct(">BBBBIQQQ")


def basp(operation, payload_bytes=0, data=0):
    return BASP.pack(operation, 0, 0, 0, payload_bytes, data, 0, 0)


def exchange(port, data, answer_bytes=0):
    """Sends all that the other side takes, and reads a first answer, if one is wanted."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
        answer = s.recv(65_536) if answer_bytes else b""
        with contextlib.suppress(OSError):
            s.sendall(data)
        return answer


class SentToProcesses(SharedClusterTest):
    """Every process goes on, and so does the cluster."""

    def send_to_all(self, make_data):
        for process in self.cluster.processes:
            for data in make_data():
                exchange(process.port, data)
        self.assert_well()

    def assert_well(self):
        self.cluster.assert_all_run()
        self.cluster.run("put", self.id(), "1")
        self.assertEqual(self.cluster.get(self.id()), b"1")
        self.cluster.await_healthy()

    def test_nothing(self):
        self.send_to_all(lambda: [b""] * 20)

    def test_random_bytes(self):
        self.send_to_all(lambda: [self.random.randbytes(self.random.randrange(1, 5_000))
                                  for _ in range(30)])

    def test_http(self):
        self.send_to_all(lambda: [HTTP])

    def test_half_a_handshake(self):
        self.send_to_all(lambda: [basp(1, 100)[:n] for n in (1, 4, 8, 31)] + [basp(1, 100) + b"x" * 50])

    def test_every_operation_with_random_content(self):
        self.send_to_all(lambda: [basp(op, 64, self.random.randrange(1 << 32)) +
                                  self.random.randbytes(64) for op in range(16)])

    def test_a_damaged_handshake(self):
        """One byte of what a process says at first is changed, and sent back to every process."""
        greeting = exchange(self.cluster["a1"].port, b"", answer_bytes=1)
        def damaged():
            for _ in range(20):
                data = bytearray(b"\1" + greeting[1:])
                data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
                yield bytes(data)
        self.send_to_all(damaged)

    def test_a_huge_length(self):
        """No memory is set aside for a message that was only announced."""
        for process in self.cluster.processes:
            for operation in (0, 1, 2):
                before = process.rss_bytes()
                with socket.create_connection(("127.0.0.1", process.port), timeout=5) as s:
                    s.recv(65_536)
                    s.sendall(basp(operation, 0xFFFF_FFFF) + b"x" * 1000)
                    self.cluster.run("put", "k", "v")  # a time in which it has read that
                    self.assertTrue(process.running)
                    self.assertLess(process.rss_bytes() - before, MOST_GROWTH_BYTES)
        self.assert_well()

    def test_many_connections_that_say_nothing(self):
        process = self.cluster["r1"]
        with contextlib.ExitStack() as stack:
            for _ in range(300):
                stack.enter_context(socket.create_connection(("127.0.0.1", process.port), timeout=5))
            self.assert_well()
        self.assert_well()

    def test_a_process_of_another_cluster(self):
        """Somebody's config file names our ports under another cluster's name."""
        other = self.cluster.directory / "other.conf"
        other.write_text(self.cluster.config_text().replace(self.cluster.name, "somebody-else", 1))
        result = self.cluster.pmmc("put", "k", "stray", config=other, timeout_s=TIMEOUT_S)
        self.assert_error(result, NOT_EXECUTED, "somebody-else", self.cluster.name)
        self.assert_well()
        self.assertNotEqual(self.cluster.get("k"), b"stray")


class Server:
    """Something that listens and is not pmmc. `greeting` is sent to whoever connects."""

    def __init__(self, greeting=None, closes=False):
        self._greeting = greeting
        self._closes = closes
        self._clients = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                if self._greeting:
                    client.sendall(self._greeting)
                if self._closes:
                    client.close()
                else:
                    self._clients.append(client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        for client in self._clients:
            client.close()


class ClientsAtAWrongPort(ClusterTest):
    """Commands end within their time, with exit code 4 and words that name the address."""

    def setUp(self):
        self.cluster = self.new_cluster()

    def assert_unavailable(self, port, pattern="r1"):
        address = f"127.0.0.1:{port}"
        config = self.cluster.client_config("wrong.conf", only=["r1"], changes={"r1": address})
        with contextlib.ExitStack() as stack:
            commands = [stack.enter_context(self.cluster.background(
                *words, "--timeout", str(TIMEOUT_S), config=config)) for words in COMMANDS]
            for command in commands:
                result = command.wait(20)
                self.assert_error(result, NOT_EXECUTED, address, pattern)
                self.assertLess(result.seconds, TIMEOUT_S + SLACK_S, str(result))

    def test_nobody_listens(self):
        self.assert_unavailable(self.cluster["r1"].port)

    def test_a_server_that_says_nothing(self):
        with Server() as server:
            self.assert_unavailable(server.port)

    def test_a_server_that_hangs_up(self):
        with Server(closes=True) as server:
            self.assert_unavailable(server.port)

    def test_a_server_that_speaks_http(self):
        with Server(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" + b"x" * 500) as server:
            self.assert_unavailable(server.port)

    def test_a_server_that_sends_random_bytes(self):
        for _ in range(3):
            with Server(self.random.randbytes(2_000)) as server:
                self.assert_unavailable(server.port)

    def test_a_server_that_announces_a_huge_message(self):
        with Server(basp(0, 0xFFFF_FFFF, 4) + b"x" * 1_000) as server:
            self.assert_unavailable(server.port)

    def greeting(self):
        """What a process says to whoever connects: CAF's handshake with our protocol's name."""
        self.cluster.init()
        self.cluster["r1"].start()
        greeting = exchange(self.cluster["r1"].port, b"", answer_bytes=1)
        self.assertIn(b"pmmc/10", greeting)
        return greeting

    def test_a_process_that_was_frozen_after_its_handshake(self):
        with Server(self.greeting()) as server:
            self.assert_unavailable(server.port)

    def test_another_version_of_the_protocol(self):
        with Server(self.greeting().replace(b"pmmc/10", b"pmmc/09")) as server:
            self.assert_unavailable(server.port, "another version of pmmc's protocol")

    def test_processes_do_not_join_another_version(self):
        """A process that dials one of another version says so, and goes on dialling."""
        with Server(self.greeting().replace(b"pmmc/10", b"pmmc/09")) as server:
            config = self.cluster.client_config("newer.conf", changes={
                "r3": f"127.0.0.1:{server.port}"})
            self.cluster.config = config
            self.cluster.kill9_all()
            shutil.rmtree(self.cluster.directory / "data")  # a cluster of its own, with that address
            self.cluster.init()
            process = self.cluster["a1"]
            process.start()
            wait_until("the log names the other version", lambda:
                       re.search(rf":{server.port} .*another version", process.log_text()))
            self.assertTrue(process.running)


if __name__ == "__main__":
    main()
