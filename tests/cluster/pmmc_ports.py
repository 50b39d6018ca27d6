"""Free TCP ports for one cluster, such that two test runs never get the same ones."""

import fcntl
import os
import pathlib
import socket
import tempfile

BLOCK_PORTS = 32
FIRST_PORT = 12_000
LAST_PORT = 32_000  # below the range from which connections take their own ports


class PortBlock:
    """A block of ports that belongs to this object until `release`.

    A role's port must stay free while its process is down, so ports that the system would hand out to
    any connection (bind to port 0) will not do: another connection could take them meanwhile, and a
    connection to such a port can even end up connected with itself. Blocks lie below that range, and
    a locked file says whose a block is. The lock goes with the process, however that ends.
    """

    def __init__(self):
        folder = pathlib.Path(tempfile.gettempdir()) / f"pmmc-test-ports-{os.getuid()}"
        folder.mkdir(exist_ok=True)
        bases = range(FIRST_PORT, LAST_PORT, BLOCK_PORTS)
        start = os.getpid() % len(bases)
        for base in [*bases[start:], *bases[:start]]:
            if self._take(folder / str(base), base):
                return
        raise RuntimeError("no free block of ports")

    def _take(self, lock_file, base):
        self._lock = open(lock_file, "w", encoding="ascii")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            return False
        self._free = list(range(base, base + BLOCK_PORTS))
        if all(map(is_free, self._free)):
            return True
        self.release()
        return False

    def take(self):
        """A port that nobody has, and that this block does not give out again."""
        return self._free.pop(0)

    def release(self):
        self._lock.close()


def is_free(port):
    """Whether a server could listen at the port now."""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
            s.listen()
        except OSError:
            return False
    return True
