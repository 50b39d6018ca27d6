"""The systems that are compared: each starts three servers on loopback in a folder of its own, and knows
how a load is put on them. All are set so that a write is on the disks of a majority before it is answered,
as far as the system can do that; else they run as they come."""

import ctypes
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "cluster"))
from pmmc_ports import PortBlock  # noqa: E402

PATIENCE_S = 60.0  # for servers to serve; a bound, not a measurement
POLL_S = 0.1

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


class Trouble(Exception):
    """A run came to nothing; the text says why."""


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _answer(port, request):
    """What a server says to some bytes, or nothing if it cannot be reached."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as s:
            s.sendall(request)
            s.settimeout(2)
            return s.recv(1 << 16)
    except OSError:
        return b""


def _page(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, OSError):
        return ""


class System:
    """Servers that run between `with` and its end."""

    about = ""
    has_gets = True

    def __init__(self, folder, build):
        self.folder = folder
        self.build = build
        self._children = []

    def __enter__(self):
        self.ports = PortBlock()
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for child in self._children:
            child.kill()
        for child in self._children:
            child.wait()
        self.ports.release()

    @property
    def pids(self):
        return [c.pid for c in self._children]

    def spawn(self, name, *words, env=None):
        log = open(self.folder / f"{name}.log", "wb")
        with log:
            self._children.append(subprocess.Popen(
                list(map(str, words)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder,
                env={**os.environ, **(env or {})}, preexec_fn=_die_with_parent))

    def await_that(self, what, condition):
        deadline = time.monotonic() + PATIENCE_S
        while True:
            result = condition()
            if result:
                return result
            ended = [c.args[0] for c in self._children if c.poll() is not None]
            if ended or time.monotonic() > deadline:
                tails = "; ".join(f"{log.name}: {log.read_text(errors='replace')[-300:]}"
                                  for log in sorted(self.folder.glob("*.log")))
                raise Trouble(f"{what}: {'ended: ' + ended[0] if ended else 'waited in vain'}; {tails}")
            time.sleep(POLL_S)

    def run_load(self, point, seconds, warm_up, *words, codes=(0,), patience_s=2 * PATIENCE_S):
        """Runs a load, and gives its JSON. One with failed operations is trouble, as its figures are of
        something else than the others', unless `codes` has the exit code that tells so."""
        words = [*map(str, words), "--clients", str(point.clients), "--value-size", str(point.value_bytes),
                 "--duration", str(seconds), "--warm-up", str(warm_up)]
        if point.gets:
            words += ["--gets", "100", "--preload"]
        try:
            done = subprocess.run(words, capture_output=True, text=True, preexec_fn=_die_with_parent,
                                  timeout=warm_up + seconds + patience_s)
        except subprocess.TimeoutExpired as e:
            raise Trouble(f"{words[0]}: no end after {e.timeout:.0f} s") from None
        if done.returncode not in codes or not done.stdout:  # without an answer, nothing was measured
            raise Trouble(f"{words[0]}: exit {done.returncode}: {(done.stderr or done.stdout)[-500:]}")
        return json.loads(done.stdout)

    def server_pids(self):
        return [word for pid in self.pids for word in ("--server-pid", str(pid))]


class Pmmc(System):
    about = "config/colocated3.conf: three processes; native client, 8 sessions"
    shipped = "colocated3.conf"
    flags = ()

    def start(self):
        self.config = self.folder / "cluster.conf"
        self.config.write_text(self._own_ports(self._shipped_text()))
        self._pmmc("init")
        for number in range(len(self._processes)):
            self.start_process(number)
        self.await_that("a healthy cluster", lambda: self._status() == 0)

    def start_process(self, number):
        self.spawn(f"p{number}", self.build / "pmmc", "start", "--config", self.config, "--id",
                   self._processes[number][0])

    def _shipped_text(self):
        return (pathlib.Path(__file__).resolve().parents[1] / "config" / self.shipped).read_text()

    def _own_ports(self, text):
        """The file with other ports, and with HTTP ports and Redis ports for all that can have them."""
        import re
        addresses, roles = {}, {}
        lines = []
        section = ""
        for line in text.splitlines():
            line = line.partition("#")[0].rstrip()
            section = line if line.startswith("[") else section
            if section in ("[redis]", "[http]"):
                continue
            if line.startswith("data"):
                line = "data = data"
            match = re.fullmatch(r"(\w+) = (127\.0\.0\.1:\d+)", line)
            if match:
                name, address = match.groups()
                if address not in addresses:
                    addresses[address] = f"127.0.0.1:{self.ports.take()}"
                roles.setdefault(address, []).append((name, section))
                line = f"{name} = {addresses[address]}"
            if line:
                lines.append(line)
        lines.append("[http]")
        lines += [f"{r[-1][0]} = 127.0.0.1:{self.ports.take()}" for r in roles.values()]
        lines.append("[redis]")
        lines += [f"{name} = 127.0.0.1:{self.ports.take()}" for r in roles.values() for name, s in r
                  if s in ("[replica]", "[server]")]
        self._processes = [[name for name, _ in r] for r in roles.values()]
        return "\n".join(lines) + "\n"

    def _pmmc(self, *words):
        done = subprocess.run([self.build / "pmmc", words[0], "--config", self.config, *words[1:]],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise Trouble(f"pmmc {words[0]}: {done.stderr}")

    def _status(self):
        return subprocess.run([self.build / "pmmc", "status", "--config", self.config],
                              capture_output=True).returncode

    def load(self, point, seconds, warm_up):
        return self.run_load(point, seconds, warm_up, self.build / "pmmc", "bench", "--json", "--config",
                             self.config, *self.flags)


class PmmcSeparate(Pmmc):
    about = "config/separate3.conf: eight processes, one a role; native client, 8 sessions"
    shipped = "separate3.conf"


class PmmcRedis(Pmmc):
    about = "config/colocated3.conf, over the Redis ports of its replicas in turn, a socket a client"
    flags = ("--redis",)


class Raft(Pmmc):
    about = "config/raft3.conf: engine raft, three servers; native client, 8 sessions"
    shipped = "raft3.conf"


class RaftRedis(Raft):
    about = "config/raft3.conf, over the Redis ports of its servers in turn, a socket a client"
    flags = ("--redis",)


class Simple(Pmmc):
    about = "config/simple3.conf: engine simple, three servers; native client, 8 sessions"
    shipped = "simple3.conf"


class Etcd(System):
    about = "3 members as Debian has them; gRPC API, at the leader; up to 8 connections; gets are linearizable"

    def start(self):
        clients = [self.ports.take() for _ in range(3)]
        peers = [self.ports.take() for _ in range(3)]
        everybody = ",".join(f"n{i}=http://127.0.0.1:{port}" for i, port in enumerate(peers))
        for i in range(3):
            client, peer = f"http://127.0.0.1:{clients[i]}", f"http://127.0.0.1:{peers[i]}"
            self.spawn(f"n{i}", "etcd", "--name", f"n{i}", "--data-dir", self.folder / f"n{i}",
                       "--listen-client-urls", client, "--advertise-client-urls", client,
                       "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                       "--initial-cluster", everybody, "--initial-cluster-state", "new",
                       "--log-level", "error")
        self.await_that("healthy members",
                        lambda: all('"health":"true"' in _page(port, "/health") for port in clients))
        self._leader = self.await_that("a leader", lambda: next(
            (p for p in clients if "\netcd_server_is_leader 1\n" in _page(p, "/metrics")), None))

    def load(self, point, seconds, warm_up):
        return self.run_load(point, seconds, warm_up, self.build / "bench" / "bench_etcd_load",
                             f"127.0.0.1:{self._leader}", *self.server_pids())


class ZooKeeper(System):
    about = "3 servers as Debian has them; C client, at the leader; up to 8 connections; a get is sync and get"

    def start(self):
        clients, peers, elections = ([self.ports.take() for _ in range(3)] for _ in range(3))
        for i in range(3):
            home = self.folder / f"z{i}"
            home.mkdir()
            (home / "myid").write_text(f"{i + 1}\n")
            servers = "".join(f"server.{j + 1}=127.0.0.1:{peers[j]}:{elections[j]}\n" for j in range(3))
            (home / "zoo.cfg").write_text(
                f"tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir={home}\nclientPort={clients[i]}\n"
                "clientPortAddress=127.0.0.1\nmaxClientCnxns=0\nadmin.enableServer=false\n"
                f"4lw.commands.whitelist=srvr\n{servers}")
            (home / "log4j.properties").write_text(
                "log4j.rootLogger=WARN, out\nlog4j.appender.out=org.apache.log4j.ConsoleAppender\n"
                "log4j.appender.out.layout=org.apache.log4j.SimpleLayout\n")
            self.spawn(f"z{i}", "java", "-cp", f"{home}:/usr/share/java/zookeeper.jar",
                       "org.apache.zookeeper.server.quorum.QuorumPeerMain", home / "zoo.cfg")
        def leader():
            modes = [_answer(port, b"srvr") for port in clients]
            if not all(b"Mode: " in m for m in modes):
                return None
            return next((p for p, m in zip(clients, modes) if b"Mode: leader" in m), None)
        self._leader = self.await_that("a leader and two followers", leader)

    def load(self, point, seconds, warm_up):
        # The Java machine compiles what is used often, and is slow before.
        return self.run_load(point, seconds, warm_up + 3, self.build / "bench" / "bench_zookeeper_load",
                             f"127.0.0.1:{self._leader}", *self.server_pids())


class Redis(System):
    about = ("1 primary and 2 replicas, appendfsync always; a put is SET and WAIT 1; gets are the primary's "
             "(not linearizable after a failover); a socket a client")

    def start(self):
        ports = [self.ports.take() for _ in range(3)]
        for i, port in enumerate(ports):
            home = self.folder / f"s{i}"
            home.mkdir()
            role = [] if i == 0 else ["--replicaof", "127.0.0.1", ports[0]]
            self.spawn(f"s{i}", "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", home,
                       "--appendonly", "yes", "--appendfsync", "always", "--save", "",
                       "--maxclients", 4000, *role)
        self.await_that("two replicas that follow", lambda: _answer(
            ports[0], b"INFO replication\r\n").count(b"state=online") == 2)
        self._primary = ports[0]

    def load(self, point, seconds, warm_up):
        return self.run_load(point, seconds, warm_up, self.build / "pmmc", "bench", "--json",
                             f"--redis=127.0.0.1:{self._primary}", "--wait", 0 if point.gets else 1,
                             *self.server_pids())


class Floor(System):
    about = "bare epoll sockets, append and fdatasync, three nodes; what the machine can do; a socket a client"
    has_gets = False
    flags = ()

    def start(self):
        ports = [self.ports.take() for _ in range(3)]
        server = self.build / "bench" / "bench_floor_server"
        for i in (1, 2):
            self.spawn(f"f{i}", server, "--port", ports[i], "--log", self.folder / f"log{i}", *self.flags)
        for i in (1, 2):
            self.await_that("a follower that listens", lambda: self._listens(ports[i]))
        self.spawn("f0", server, "--port", ports[0], "--log", self.folder / "log0",
                   *(word for i in (1, 2) for word in ("--follower", ports[i])), *self.flags)
        self.await_that("a leader that listens", lambda: self._listens(ports[0]))
        self._leader = ports[0]

    @staticmethod
    def _listens(port):
        """Without a connection, which a follower would take for its leader."""
        wanted = f":{port:04X} 00000000:0000 0A"
        return wanted in pathlib.Path("/proc/net/tcp").read_text()

    def load(self, point, seconds, warm_up):
        return self.run_load(point, seconds, warm_up, self.build / "bench" / "bench_floor_load",
                             f"127.0.0.1:{self._leader}", *self.server_pids())


class FloorPreallocated(Floor):
    about = "the same with a log file that is preallocated and zeroed, and used over and over"
    flags = ("--preallocate-mib", "256")


SYSTEMS = {"pmmc": Pmmc, "pmmc-separate": PmmcSeparate, "pmmc-redis": PmmcRedis, "raft": Raft,
           "raft-redis": RaftRedis, "simple": Simple, "etcd": Etcd, "zookeeper": ZooKeeper,
           "redis": Redis, "floor": Floor, "floor-prealloc": FloorPreallocated}
