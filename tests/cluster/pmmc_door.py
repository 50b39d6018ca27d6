"""The doors of a process: connections that say what a test wants, and what it takes of the process."""

import contextlib
import os
import socket
import threading
import time
from pathlib import Path

from pmmc_cluster import PATIENCE_S, ClusterTest
from test_doors import BASP, frames, recorded

CLIENTS_BYTES = 256 << 20  # max_client_input_bytes, max_client_output_bytes
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


class DoorTest(ClusterTest):

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
        """It waits for something else than the machine, and has done little for a while."""
        before = self.cpu_s(process)
        for _ in range(4):
            if any(state in "RD" for state in self.thread_states(process)):
                return False
            time.sleep(0.05)
        return self.cpu_s(process) - before < 0.05

    def thread_states(self, process):
        for task in Path(f"/proc/{process.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError):
                yield (task / "stat").read_text("ascii").rpartition(")")[2].split()[0]

    def cpu_s(self, process):
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def open_files(self, process):
        return len(os.listdir(f"/proc/{process.pid}/fd"))

    def hear(self, s, word):
        """Reads until the word has come."""
        said = b""
        while word not in said:
            part = s.recv(65_536)
            self.assertTrue(part, f"it was closed before {word.decode()} came")
            said += part

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
