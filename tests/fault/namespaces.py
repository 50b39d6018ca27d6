"""Machines as network namespaces: each has an address of its own on one bridge, where rules drop
what some of them send to others. The test itself moves into the namespace of the bridge, so that
its clients reach every machine, and nothing is changed in the namespace it came from."""

import ctypes
import os
import re
import shutil
import subprocess
import sys

_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x4000_0000


def _run(*words, stdin=None):
    subprocess.run(words, input=stdin, check=True, text=True, capture_output=True)


def _enter(path):
    """Moves this thread into a network namespace; processes that it starts begin there."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(fd, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")
    finally:
        os.close(fd)


def why_impossible():
    """Why namespaces cannot be used here; empty if they can."""
    if os.geteuid() != 0:
        return "only root can make network namespaces"
    for program in ("ip", "nft"):
        if not shutil.which(program):
            return f"there is no program {program} (packages iproute2, nftables)"
    try:
        with Machines(2) as machines:
            machines.block([(0, 1)])
            if _reaches(machines, 0, 1) or not _reaches(machines, 1, 1):
                return "rules of nftables at a bridge do not drop what they should"
            machines.block([])
            if not _reaches(machines, 0, 1):
                return "machines do not reach each other over the bridge"
    except (OSError, subprocess.CalledProcessError) as error:
        return f"namespaces, veth, bridges or nftables do not work here: {error} " + \
            (getattr(error, "stderr", "") or "")
    return ""


def _reaches(machines, a, b):
    """Whether a packet gets from machine a to b: a connection is refused, not left without answer."""
    words = [*machines.wrapper(a), sys.executable, "-c", "import socket, sys\ntry:\n"
             f"  socket.create_connection(('{machines.address(b)}', 9), 1)\n"
             "except ConnectionRefusedError:\n  sys.exit(0)\nexcept OSError:\n  sys.exit(1)"]
    return subprocess.run(words, check=False).returncode == 0


class Machines:
    """`count` namespaces at 10.77.0.1, 10.77.0.2, …; this thread is in that of the bridge until
    close()."""

    def __init__(self, count):
        self.count = count
        self._home = f"/proc/self/task/{os.getpid()}/ns/net"
        self._home_fd = os.open(self._home, os.O_RDONLY | os.O_CLOEXEC)
        self._prefix = f"pmmc{os.getpid()}-"
        self._made = []
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def name(self, machine):
        return f"{self._prefix}{machine}"

    def address(self, machine):
        return f"10.77.0.{machine + 1}"

    def wrapper(self, machine):
        """Words that run a program on the machine."""
        return ["ip", "netns", "exec", self.name(machine)]

    def _add(self, name):
        _run("ip", "netns", "add", name)
        self._made.append(name)
        _run("ip", "-n", name, "link", "set", "lo", "up")

    def _make(self):
        self._remove_left_over()
        hub = self.name("hub")
        self._add(hub)
        _run("ip", "-n", hub, "link", "add", "bridge", "type", "bridge")
        _run("ip", "-n", hub, "addr", "add", "10.77.0.100/24", "dev", "bridge")
        _run("ip", "-n", hub, "link", "set", "bridge", "up")
        for m in range(self.count):
            node = self.name(m)
            self._add(node)
            _run("ip", "-n", hub, "link", "add", f"to{m}", "type", "veth", "peer", "name", "eth0",
                 "netns", node)
            _run("ip", "-n", hub, "link", "set", f"to{m}", "master", "bridge", "up")
            _run("ip", "-n", node, "addr", "add", f"{self.address(m)}/24", "dev", "eth0")
            _run("ip", "-n", node, "link", "set", "eth0", "up")
        _enter(f"/run/netns/{hub}")

    @staticmethod
    def _remove_left_over():
        """What tests left that were killed."""
        for name in os.listdir("/run/netns") if os.path.isdir("/run/netns") else []:
            if match := re.fullmatch(r"pmmc(\d+)-\w+", name):
                if not os.path.exists(f"/proc/{match[1]}"):
                    subprocess.run(["ip", "netns", "del", name], check=False)

    def block(self, pairs):
        """From now on nothing gets from a to b, for each (a, b), and everything else does. All rules
        change at once, at the bridge."""
        rules = "\n".join(f"ip saddr {self.address(a)} ip daddr {self.address(b)} drop"
                          for a, b in pairs)
        _run("nft", "-f", "-", stdin=(
            "table bridge cut {}\ndelete table bridge cut\ntable bridge cut {\nchain forward {\n"
            f"type filter hook forward priority 0; policy accept;\n{rules}\n}}\n}}\n"))

    def close(self):
        if self._home_fd is None:
            return
        if _libc.setns(self._home_fd, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.close(self._home_fd)
        self._home_fd = None
        for name in self._made:
            subprocess.run(["ip", "netns", "del", name], check=False)
