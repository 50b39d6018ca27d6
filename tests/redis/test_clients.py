"""Clients that people have, from packages, against a cluster of three processes: redis-cli,
redis-benchmark, Python's redis, node-redis and ioredis. None is left out silently."""

import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))

from pmmc_cluster import ClusterTest, clean_environment, main, spawn, wait_until  # noqa: E402
from resp import Connection, Error  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent


def program(name):
    found = shutil.which(name)
    if found is None:
        raise AssertionError(f"there is no {name}: run scripts/setup --test")
    return found


class Clients(ClusterTest):
    @classmethod
    def setUpClass(cls):
        cls._shared = None

    def setUp(self):
        if type(self)._shared is None:
            from pmmc_cluster import Cluster
            cluster = Cluster("colocated", redis=True)
            type(self).addClassCleanup(cluster.remove)
            type(self).addClassCleanup(cluster.stop)
            cluster.launch()
            cluster.await_healthy()
            type(self)._shared = cluster
        self.cluster = type(self)._shared
        self.ports = [self.cluster.redis_port(r) for r in self.cluster.redis]

    def run_program(self, *words, stdin=b"", patience_s=120, env=None):
        child = spawn([str(w) for w in words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                      stderr=subprocess.STDOUT, env={**clean_environment(), **(env or {})})
        try:
            out, _ = child.communicate(stdin, timeout=patience_s)
        except subprocess.TimeoutExpired:
            child.kill()
            out, _ = child.communicate()
            self.fail(f"{words} hung; it printed {out[-2000:]}")
        self.assertEqual(child.returncode, 0, f"{words}: {out[-3000:].decode('utf-8', 'replace')}")
        return out.decode("utf-8", "replace")

    def test_redis_cli(self):
        def cli(*words, **options):
            return self.run_program(program("redis-cli"), "-p", self.ports[0], *words,
                                    **options).strip()

        self.assertEqual(cli("set", "cli", "1"), "OK")
        self.assertEqual(cli("-3", "incr", "cli"), "2")
        self.assertEqual(cli("-p", self.ports[2], "get", "cli"), "2")
        self.assertIn("unknown command 'lpush'", cli("lpush", "x", "y"))
        self.assertEqual(cli(stdin=b"multi\nset cli 5\nincr cli\nexec\n").split(),
                         ["OK", "QUEUED", "QUEUED", "OK", "6"])
        self.assertIn("redis_version", cli("info"))
        self.assertIn("errors: 0", cli("--pipe", stdin=b"".join(b"SET pipe:%d %d\r\n" % (i, i)
                                                                for i in range(5_000))))
        self.assertEqual(len(cli("--scan", "--pattern", "pipe:*").split()), 5_000)

    def test_redis_benchmark(self):
        for flags in (["-c", "20"], ["-c", "20", "-P", "16"], ["-c", "200", "-3"]):
            out = self.run_program(program("redis-benchmark"), "-p", self.ports[0], "-n", "2000", "-q",
                                   "-t", "set,get,incr,mset", *flags)
            for name in ("SET", "GET", "INCR", "MSET (10 keys)"):
                self.assertRegex(out.replace("\r", "\n"), rf"(?m)^{name.replace('(', '.')[:4]}.*requests per second")
            self.assertNotIn("Error", out)

    def test_python(self):
        try:
            import redis
        except ImportError:
            self.fail("there is no redis for Python: run scripts/setup --test")
        first = redis.Redis(port=self.ports[0], decode_responses=True)
        last = redis.Redis(port=self.ports[-1], decode_responses=True)
        self.assertTrue(first.set("py", "1", ex=100))
        self.assertIsNone(first.set("py", "2", nx=True))
        self.assertEqual(last.get("py"), "1")
        self.assertEqual(last.incrby("py", 4), 5)
        self.assertGreater(first.ttl("py"), 90)
        with first.pipeline(transaction=False) as pipe:
            for _ in range(300):
                pipe.incr("py:counter")
            self.assertEqual(pipe.execute(), list(range(1, 301)))
        self._increment_optimistically(first, last)
        first.mset({f"py:scan:{i}": i for i in range(300)})
        self.assertEqual(len(set(last.scan_iter("py:scan:*", count=20))), 300)
        with self.assertRaisesRegex(redis.ResponseError, "unknown command"):
            first.lpush("list", "x")
        self.assertTrue(first.ping())
        self.assertEqual(first.wait(2, 2_000) >= 2, True)
        self.assertEqual(first.client_list()[0]["db"], "0")

    def _increment_optimistically(self, first, last):
        """redis-py's transaction(): WATCH, and again if somebody else was faster."""
        attempts = []

        def step(pipe):
            value = int(pipe.get("py:counter"))
            if not attempts:
                last.incr("py:counter")
            attempts.append(value)
            pipe.multi()
            pipe.set("py:counter", value + 1)

        first.transaction(step, "py:counter")
        self.assertEqual(attempts, [300, 301])
        self.assertEqual(last.get("py:counter"), "302")

    def example(self, language):
        """An example of docs/CLIENTS.md, with this cluster's ports."""
        text = (HERE.parents[1] / "docs" / "CLIENTS.md").read_text("utf-8")
        code = text.partition(f"```{language}\n")[2].partition("```")[0]
        self.assertIn("7401, 7402, 7403", code)
        return code.replace("7401, 7402, 7403", ", ".join(map(str, self.ports)))

    def test_examples_of_exactly_once(self):
        """Those of docs/CLIENTS.md, as they are printed there."""
        with Connection(self.ports[0]) as c:
            c("SET", "account", 0)
        python = self.cluster.directory / "example.py"
        python.write_text(self.example("python"), "utf-8")
        self.assertEqual(self.run_program(sys.executable, python).split(), ["100"])
        modules = self.install_node_modules()
        node = modules / "example.mjs"
        node.write_text(self.example("js"), "utf-8")
        self.assertEqual(self.run_program(program("node"), node).split(), ["200"])

    def test_a_request_that_is_sent_again_is_executed_once(self):
        with Connection(self.ports[0]) as first, Connection(self.ports[1]) as second:
            self.assertEqual(first("PMMC", "SESSION", "again"), [b"new", 0])
            self.assertEqual(first("PMMC", "REQ", 1, "INCR", "again"), 1)
            self.assertEqual(second("PMMC", "SESSION", "again"), [b"resumed", 1])
            self.assertEqual(second("PMMC", "REQ", 1, "INCR", "again"), 1)
            self.assertEqual(second("PMMC", "REQ", 2, "INCR", "again"), 2)

    def install_node_modules(self):
        """npm's packages, in the build folder. Returns that folder."""
        modules = pathlib.Path(os.environ.get("PMMC_BUILD", "/tmp")) / "redis-clients"
        modules.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, modules / name)
        if not (modules / "node_modules" / ".package-lock.json").exists():
            # npm ci of a lock that names no addresses
            self.run_program(program("npm"), "ci", "--no-audit", "--no-fund", "--prefix", modules,
                             patience_s=240)
        return modules

    def test_node(self):
        modules = self.install_node_modules()
        out = self.run_program(program("node"), HERE / "clients.mjs", *self.ports,
                               env={"PMMC_NODE_MODULES": str(modules)})
        self.assertIn("ok", out)

    def test_wait_counts_acceptors(self):
        with Connection(self.ports[0]) as c:
            c("SET", "waited", "1")
            self.assertEqual(c("WAIT", 3, 10_000), 3)
            began = time.monotonic()
            self.assertEqual(c("WAIT", 9, 300), 3)
            self.assertGreaterEqual(time.monotonic() - began, 0.25)

    def test_pmmc_own_commands_see_the_same_keys(self):
        with Connection(self.ports[1]) as c:
            self.cluster.run("put", "shared", "1")
            self.assertEqual(c("GET", "shared"), b"1")
            c("SET", "shared", "2", "PX", 60)
            wait_until("it is gone for pmmc, too", lambda: self.cluster.get("shared") is None)
            self.assertIsInstance(c("SET", "", "x"), Error)


if __name__ == "__main__":
    main()
