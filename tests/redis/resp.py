"""A Redis client that shows replies exactly as they are on the wire, and Debian's redis-server."""

import pathlib
import shutil
import socket
import subprocess
import tempfile
import time


class Error(str):
    """An error reply."""


class Status(str):
    """A simple string."""


class Connection:
    """Sends words (bytes, str or int), reads replies."""

    def __init__(self, port, timeout_s=30):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._in = self.socket.makefile("rb", buffering=1 << 16)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._in.close()
        self.socket.close()

    def send_raw(self, data):
        self.socket.sendall(data)

    def send(self, *commands):
        """Sends commands, each a list of words, in one piece."""
        self.send_raw(b"".join(encode(c) for c in commands))

    def __call__(self, *words):
        self.send(words)
        return self.read()

    def pipeline(self, commands):
        self.send(*commands)
        return [self.read() for _ in commands]

    def read(self):
        line = self._in.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError(f"the connection ends after {line!r}")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return Status(rest.decode())
        if kind == b"-":
            return Error(rest.decode("utf-8", "replace"))
        if kind == b":":
            return int(rest)
        if kind == b"_":
            return None
        if kind == b"$":
            return None if rest == b"-1" else self._bulk(int(rest))
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        if kind == b"%":
            return {_key(self.read()): self.read() for _ in range(int(rest))}
        raise ConnectionError(f"not a reply: {line!r}")

    def _bulk(self, size):
        data = self._in.read(size + 2)
        if len(data) != size + 2 or data[-2:] != b"\r\n":
            raise ConnectionError("a bulk string is cut short")
        return data[:-2]


def _key(value):
    return value.decode() if isinstance(value, bytes) else value


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


class RedisServer:
    """Debian's redis-server, on a port of its own, without files. Use it in a `with`."""

    def __init__(self, port, spawn):
        program = shutil.which("redis-server")
        if program is None:
            raise AssertionError("there is no redis-server: run scripts/setup --test")
        self.port = port
        self._directory = tempfile.mkdtemp(prefix="pmmc-redis-")
        self._child = spawn([program, "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                             "--appendonly", "no", "--databases", "1", "--dir", self._directory],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                Connection(port).close()
                return
            except OSError:
                if time.monotonic() > deadline or self._child.poll() is not None:
                    raise AssertionError("redis-server does not start") from None
                time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.kill()
        self._child.wait()
        shutil.rmtree(pathlib.Path(self._directory), ignore_errors=True)
