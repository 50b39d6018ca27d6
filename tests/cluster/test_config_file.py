"""Mistakes in the config file: each is named with FILE:LINE, all at once, and nothing is done."""

import pathlib
import re
import shutil
import tempfile
import unittest

from pmmc_cluster import BAD_USAGE, DONE, REPOSITORY, UNHEALTHY, ClusterTest, main, run_program
from pmmc_ports import PortBlock

GOOD = """\
[cluster]
name = c
window = 64
data = data
[acceptor]
a1 = 127.0.0.1:7101
a2 = 127.0.0.1:7102
a3 = 127.0.0.1:7103
[leader]
l1 = 127.0.0.1:7201
l2 = 127.0.0.1:7202
[replica]
r1 = 127.0.0.1:7301
r2 = 127.0.0.1:7302
"""

# Name → (what is replaced, by what, line that must be named, words that must be there).
MISTAKES = {
    "unknown key": ("window = 64", "windw = 64", 3, "windw.*window"),
    "unknown section": ("[leader]", "[leaders]", 9, "leaders.*leader"),
    "duplicate id": ("a2 =", "a1 =", 7, "a1.*line 6"),
    "one id for two roles": ("l1 =", "a1 =", 10, "a1.*acceptor.*line 6"),
    "no port": ("127.0.0.1:7102", "127.0.0.1", 7, "HOST:PORT"),
    "port zero": ("127.0.0.1:7102", "127.0.0.1:0", 7, "port"),
    "port too large": ("127.0.0.1:7102", "127.0.0.1:70000", 7, "65535"),
    "long host": ("127.0.0.1:7102", "h" * 252 + ":7102", 7, "is longer than 255 bytes"),
    "no host": ("127.0.0.1:7102", ":7102", 7, "HOST:PORT"),
    "wildcard address": ("127.0.0.1:7102", "0.0.0.0:7102", 7, "0.0.0.0"),
    "port of two acceptors": ("127.0.0.1:7102", "127.0.0.1:7101", 7, "a1.*line 6"),
    "same port, other name": ("127.0.0.1:7201", "localhost:7101", 10, "7101"),
    "bad id": ("a2 =", "a 2 =", 7, "a 2"),
    "bad window": ("window = 64", "window = many", 3, "many"),
    "window zero": ("window = 64", "window = 0", 3, "window"),
    "no name": ("name = c", "", 1, "no name"),
    "bad name": ("name = c", "name = a/b", 2, "a/b"),
    "empty data": ("data = data", "data =", 4, "data"),
    "unknown engine": ("window = 64", "engine = paxos", 3, "paxos.*pmmc, raft or simple"),
    "servers, but no engine": ("[leader]", "[server]", 9, "server.*engine = raft or engine = simple"),
    "engine of servers": ("window = 64", "engine = raft", 5, "acceptor.*raft.*line 3.*servers"),
    "no value": ("a2 = 127.0.0.1:7102", "a2", 7, "key = value"),
    "above the first section": ("[cluster]", "x = 1", 1, "x"),
    "twice": ("data = data", "name = d", 4, "name.*line 2"),
}


def with_free_ports(test, text):
    """Somebody may have a cluster at the ports of the files that are shipped."""
    ports = PortBlock()
    test.addCleanup(ports.release)
    own = {}
    return re.sub(r"(?<=127\.0\.0\.1:)\d+", lambda m: own.setdefault(m[0], str(ports.take())), text)


class Mistakes(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pmmc-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = self.folder / "c.conf"

    def load(self, text):
        """A command that reads the file and then has nothing to do but to say what it found."""
        self.file.write_text(text)
        return run_program("status", "--config", self.file)

    def test_each(self):
        for name, (old, new, line, words) in MISTAKES.items():
            with self.subTest(name):
                self.assertIn(old, GOOD)
                result = self.load(GOOD.replace(old, new, 1))
                self.assertEqual(result.code, BAD_USAGE, str(result))
                self.assertRegex(result.err, rf"{self.file}:{line}: .*{words}")

    def test_missing_roles(self):
        for kind in ("acceptor", "leader", "replica"):
            with self.subTest(kind):
                lines = [l for l in GOOD.splitlines(True) if not l.startswith(kind[0])]
                result = self.load("".join(lines))
                self.assertEqual(result.code, BAD_USAGE, str(result))
                self.assertRegex(result.err, rf"{self.file}:\d+: there are no {kind}s")

    def test_all_at_once_in_the_order_of_the_file(self):
        text = GOOD
        for old, new in (("window = 64", "window = x"), ("a2 =", "a1 ="), ("127.0.0.1:7202", "7202"),
                         ("[replica]", "[replica]\nr0 = here")):
            text = text.replace(old, new, 1)
        result = self.load(text)
        self.assertEqual(result.code, BAD_USAGE)
        lines = [int(l.split(f"{self.file}:")[1].split(":")[0]) for l in result.err.splitlines()]
        self.assertEqual(lines, [3, 7, 11, 13])

    def test_nothing_is_done(self):
        self.file.write_text(GOOD.replace("a2 =", "a1 ="))
        for command in ("init", "up"):
            self.assertEqual(run_program(command, "--config", self.file).code, BAD_USAGE)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["c.conf"])

    def test_warnings_do_not_stop(self):
        self.file.write_text(with_free_ports(self, GOOD.replace("a3 = 127.0.0.1:7103\n", "")))
        result = run_program("init", "--config", self.file)
        self.assertEqual(result.code, DONE, str(result))
        self.assertRegex(result.err, rf"warning: {self.file}:5: 2 acceptors .*survive 0")

    def test_only_who_founds_a_cluster_is_warned(self):
        """A newcomer's file names members and newcomers, which are no cluster together."""
        result = self.load(with_free_ports(self, GOOD.replace("a3 = 127.0.0.1:7103\n", "")))
        self.assertEqual(result.code, UNHEALTHY, str(result))
        self.assertNotIn("warning", result.err)

    def test_missing_file(self):
        result = run_program("status", "--config", self.folder / "none.conf")
        self.assertEqual(result.code, BAD_USAGE)
        self.assertIn("none.conf", result.err)

    def test_a_directory_or_binary_file(self):
        self.assertEqual(run_program("status", "--config", self.folder).code, BAD_USAGE)
        self.file.write_bytes(bytes(range(256)) * 20)
        self.assertEqual(run_program("status", "--config", self.file).code, BAD_USAGE)


class ShippedFiles(unittest.TestCase):
    """The files under config/ run as they are, but for the ports."""

    def test_init_formats_every_role(self):
        for shipped in sorted((REPOSITORY / "config").glob("*.conf")):
            with self.subTest(shipped.name), tempfile.TemporaryDirectory() as folder:
                copy = pathlib.Path(folder, shipped.name)
                copy.write_text(with_free_ports(self, shipped.read_text()))
                result = run_program("init", "--config", copy)
                self.assertEqual((result.code, result.err), (DONE, ""), str(result))
                data = pathlib.Path(folder, "var", shipped.stem)
                ids = {l.split("=")[0].strip() for l in copy.read_text().splitlines()
                       if l[:1] in "alrs" and "=" in l and l[1:2].isdigit()}
                self.assertEqual({p.name for p in data.iterdir()}, ids)

    def test_there_are_no_others(self):
        self.assertEqual({p.name for p in (REPOSITORY / "config").glob("*.conf")},
                         {"separate3.conf", "colocated3.conf", "colocated5.conf", "raft3.conf", "simple3.conf"})


SERVERS = """\
[cluster]
name = c
engine = raft
data = data
[server]
s1 = 127.0.0.1:7101
s2 = 127.0.0.1:7102
s3 = 127.0.0.1:7103
"""


class Engines(unittest.TestCase):
    """A cluster, and each of its directories, keeps the engine with which it was formatted."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pmmc-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = self.folder / "c.conf"
        self.run_with(SERVERS, "init", expected=DONE)

    def run_with(self, text, *words, expected=BAD_USAGE):
        self.file.write_text(text)
        result = run_program(*words, "--config", self.file)
        self.assertEqual(result.code, expected, str(result))
        return result.err

    def test_another_engine_of_servers(self):
        text = SERVERS.replace("raft", "simple")
        self.assertRegex(self.run_with(text, "start", "--id", "s1"),
                         r"data/s1 is not one for this program: it was made by the engine raft, and "
                         rf"{self.file} says simple\. .*Use the config file that names that one")
        shutil.rmtree(self.folder / "data" / "s3")
        self.assertRegex(self.run_with(text, "init", "--id", "s3"),
                         "nothing was formatted: there is a cluster already.*by the engine raft")
        self.assertFalse((self.folder / "data" / "s3").exists())

    def test_the_servers_of_simple_stay(self):
        text = SERVERS.replace("raft", "simple").replace("name = c", "name = d").replace("data\n", "data2\n", 1)
        self.run_with(text, "init", expected=DONE)
        more = text.replace("7103\n", "7103\ns4 = 127.0.0.1:7104\n")
        self.assertRegex(self.run_with(more, "init", "--id", "s4"),
                         "s4 is none of the servers with which the cluster was founded.*fixed set of servers")
        self.assertFalse((self.folder / "data2" / "s4").exists())

    def test_pmmc(self):
        self.assertRegex(self.run_with(GOOD.replace("a1 =", "s1 ="), "start", "--id", "s1"),
                         "made by the engine raft, for server s1, and not for acceptor s1")
        self.assertRegex(self.run_with(GOOD, "up"), "nothing was formatted: there is a cluster already")
        self.assertEqual(sorted(p.name for p in (self.folder / "data").iterdir()), ["s1", "s2", "s3"])


class FileAndState(ClusterTest):
    def test_another_window_in_the_file_is_reported_and_does_not_count(self):
        cluster = self.new_cluster(window=64)
        cluster.init()
        cluster.config.write_text(cluster.config_text(window=32))
        cluster.start_all()
        cluster.await_healthy()
        self.assertRegex(cluster["l1"].log_text(), "window = 32.*created with 64")
        cluster.run("put", "k", "v")


if __name__ == "__main__":
    main()
