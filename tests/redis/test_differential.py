"""The same random commands to pmmc and to Debian's redis-server: the replies must be the same.

PMMC_COMMANDS=N compares N commands (the default is a short run).
"""

import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))

from pmmc_cluster import SEED, ClusterTest, main, spawn  # noqa: E402
from random_commands import Generator, agree  # noqa: E402
from resp import Connection, RedisServer  # noqa: E402

COMMANDS = int(os.environ.get("PMMC_COMMANDS") or 20_000)
CONNECTIONS = 4  # per server; each to another replica, and one of them RESP3


class Pair:
    """A connection to each server, which are sent the same."""

    def __init__(self, test, ours, theirs, resp3):
        self.test = test
        self.ours = Connection(ours)
        self.theirs = Connection(theirs)
        self.compared = 0
        if resp3:
            for c in (self.ours, self.theirs):
                test.assertEqual(c("HELLO", 3)["proto"], 3)

    def close(self):
        self.ours.close()
        self.theirs.close()

    def run(self, commands):
        """Sends them as one pipeline, and compares reply by reply."""
        self.ours.send(*commands)
        theirs = self.theirs.pipeline(commands)
        queued = []
        for i, command in enumerate(commands):
            ours = self.ours.read()
            name = str(command[0]).lower()
            good = self._agree_exec(queued, ours, theirs[i]) if name == "exec" else agree(
                command, ours, theirs[i])
            if not good:
                self.test.fail(f"seed {SEED}: {command} was answered\n  {ours!r} by pmmc,\n"
                               f"  {theirs[i]!r} by Redis,\nafter {commands[max(0, i - 4):i]}")
            if theirs[i] == "QUEUED":
                queued.append(command)
            elif name in ("exec", "discard"):
                queued = []
            self.compared += 1

    @staticmethod
    def _agree_exec(queued, ours, theirs):
        if not isinstance(ours, list) or not isinstance(theirs, list):
            return type(ours) is type(theirs) and ours == theirs
        return len(ours) == len(theirs) == len(queued) and all(
            agree(*x) for x in zip(queued, ours, theirs))


class Differential(ClusterTest):
    def setUp(self):
        self.cluster = self.running_cluster("colocated", redis=True)
        self.server = self.enterContext(RedisServer(self.cluster.ports.take(), spawn)) if hasattr(
            self, "enterContext") else self._enter(RedisServer(self.cluster.ports.take(), spawn))
        replicas = list(self.cluster.redis)
        self.pairs = [Pair(self, self.cluster.redis_port(replicas[i % len(replicas)]),
                           self.server.port, i == 1) for i in range(CONNECTIONS)]
        for pair in self.pairs:
            self.addCleanup(pair.close)

    def _enter(self, server):
        self.addCleanup(server.__exit__)
        return server

    def test_random_commands(self):
        generator = Generator(self.random)
        began = time.monotonic()
        while sum(p.compared for p in self.pairs) < COMMANDS:
            pair = self.random.choice(self.pairs)
            kind = self.random.random()
            if kind < 0.15:
                pair.run(generator.transaction())
            elif kind < 0.25:
                self._watch(generator, pair)
            else:
                pair.run([generator.command() for _ in range(self.random.randint(1, 400))])
        self._compare_scans(self.pairs[0])
        compared = sum(p.compared for p in self.pairs)
        print(f"\n{compared} replies were the same (seed {SEED}, "
              f"{time.monotonic() - began:.0f} s)", file=sys.stderr)
        self.cluster.await_equal_replicas()

    def _watch(self, generator, pair):
        """Another connection may change what one watches."""
        other = self.random.choice(self.pairs)
        pair.run([["watch", *generator.keys_some()], generator.command()])
        other.run([generator.command() for _ in range(self.random.randint(0, 3))]
                  or [["ping"]])
        pair.run(generator.transaction())

    def _compare_scans(self, pair):
        for pattern in ("*", "k*", "*1"):
            found = []
            for connection in (pair.ours, pair.theirs):
                cursor, keys = b"0", []
                while True:
                    cursor, page = connection("SCAN", cursor, "MATCH", pattern, "COUNT", 5)
                    keys += page
                    if cursor == b"0":
                        break
                found.append(sorted(set(keys)))
            self.assertEqual(found[0], found[1])

    def test_expired_keys_are_gone(self):
        pair = self.pairs[0]
        pair.run([["set", "short", "1", "px", "40"], ["set", "other", "1"], ["expire", "other", "100"]])
        time.sleep(0.1)  # until it must be gone at both
        pair.run([["get", "short"], ["exists", "short"], ["ttl", "short"], ["dbsize"],
                  ["setnx", "short", "2"], ["persist", "short"], ["getdel", "short"]])
        for reader in self.pairs[1:]:
            reader.run([["mget", "short", "other"], ["keys", "*"]])
        pair.run([["set", "w", "1", "px", "40"], ["watch", "w"]])
        time.sleep(0.1)
        pair.run([["multi"], ["get", "w"], ["exec"]])


if __name__ == "__main__":
    main()
