"""`pmmc import` and `pmmc export`."""

import gzip
import pathlib
import re
import sys

from pmmc_cluster import BAD_USAGE, DONE, ClusterTest, SharedClusterTest, main, spawn, BINARY
from pmmc_cluster import wait_until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "redis"))
from resp import Connection  # noqa: E402


def escaped(data):
    """Bytes as `export` writes them, if none of them is above 0x7f."""
    special = {9: b"\\t", 10: b"\\n", 92: b"\\\\"}
    return b"".join(special.get(b) or (b"%c" % b if 32 <= b < 127 else b"\\x%02X" % b) for b in data)


class Import(SharedClusterTest):
    def import_text(self, name, data, *flags, code=DONE):
        file = self.cluster.directory / name
        file.write_bytes(data)
        return self.cluster.run("import", file, *flags, code=code)

    def test_tab_separated(self):
        result = self.import_text("a.tsv", b"t1\tone\nt2\ttwo words\nt\\t3\ta\\nb\\\\c\\x00\xff\n")
        self.assertEqual(result.text, "imported 3 records\n")
        self.assertEqual(self.cluster.get("t2"), b"two words")
        self.assertEqual(self.cluster.get("t\t3"), b"a\nb\\c\x00\xff")

    def test_comma_separated(self):
        self.import_text("a.csv", b'c1,"one, two"\nc2,"say ""hi"""\nc3,"two\nlines"\n')
        self.assertEqual([self.cluster.get(k) for k in ("c1", "c2", "c3")],
                         [b"one, two", b'say "hi"', b"two\nlines"])

    def test_plain_lines(self):
        self.import_text("words", b"alpha\n\nbeta gamma\r\ndelta")
        self.assertEqual([self.cluster.get(k) for k in ("alpha", "beta gamma", "delta")],
                         [b"1", b"3", b"4"])

    def test_key_column(self):
        self.import_text("b.tsv", b"x\tk1\ty\nz\tk2\tw\n", "--key-column", "2")
        self.assertEqual(self.cluster.get("k1"), b"x\ty")
        self.import_text("b.csv", b'"a,b",k3,c\n', "--key-column", "2")
        self.assertEqual(self.cluster.get("k3"), b'"a,b",c')

    def test_the_last_of_equal_keys_stays(self):
        data = b"".join(b"same\t%d\n" % i for i in range(5_000))
        self.assertEqual(self.import_text("c.tsv", data, "--json").json,
                         {"imported": "5000", "malformed": "0"})
        self.assertEqual(self.cluster.get("same"), b"4999")

    def test_malformed_records_are_named_and_the_rest_is_in(self):
        result = self.import_text("d.tsv", b"d1\t1\n\tno key\nd2\t\\q\nd3\t1\t2\nd4\t4\n",
                                  code=BAD_USAGE)
        for line in (2, 3, 4):
            self.assertRegex(result.err, rf"d\.tsv:{line}: ")
        self.assertEqual((self.cluster.get("d1"), self.cluster.get("d4")), (b"1", b"4"))

    def test_limits(self):
        result = self.import_text("e.tsv", b"e1\t" + b"v" * (1 << 20) + b"\n" + b"e2\t" +
                                  b"v" * ((1 << 20) + 1) + b"\n" + b"k" * 1025 + b"\tv\n",
                                  code=BAD_USAGE)
        self.assertEqual(result.err.count("e.tsv:"), 2)
        self.assertEqual(len(self.cluster.get("e1")), 1 << 20)

    def test_the_form_is_told_unless_it_was_asked_for(self):
        for name, data, form in (("f1.csv", b"f1,1\n", "CSV"), ("f2", b"f2\t2\n", "TSV"),
                                 ("f3", b"f3,3\n", "plain lines: .*--format csv")):
            self.assertRegex(self.import_text(name, data).err, rf"{name} is taken as {form}")
        result = self.import_text("f4", b"f4,4\n", "--format", "csv")
        self.assertNotIn("taken as", result.err)
        self.assertEqual([self.cluster.get(k) for k in ("f1", "f2", "f3,3", "f4")],
                         [b"1", b"2", b"1", b"4"])

    def test_stdin(self):
        result = self.cluster.run("import", "-", "--format", "csv", stdin=b"s1,1\ns2,2\n")
        self.assertEqual(result.text, "imported 2 records\n")
        result = self.cluster.run("import", "-", stdin=b"s3\t\\q\ns4\t4\n", code=BAD_USAGE)
        self.assertRegex(result.err, "stdin is taken as TSV")
        self.assertRegex(result.err, "stdin:1: ")
        self.assertEqual([self.cluster.get(k) for k in ("s1", "s2", "s4")], [b"1", b"2", b"4"])

    def test_what_is_no_text_is_refused(self):
        before = self.cluster.run("export").out
        for name, data in (("g.gz", gzip.compress(b"g\t1\n")), ("g.tsv", b"g\t1\n\0\n"),
                           ("g.csv", "g,1\n".encode("utf-16"))):
            with self.subTest(name):
                self.assertRegex(self.import_text(name, data, code=BAD_USAGE).err,
                                 f"{name} .*Nothing was imported")
        self.assertEqual(self.cluster.run("export").out, before)

    def test_wrong_usage(self):
        for words in (["import", "--format", "xml", self.cluster.config], ["import"], ["import", "/nonexistent"], ["import", "/"], ["export", "x"],
                      ["import", "--key-column", "0", self.cluster.config],
                      ["import", "--key-column", "x", self.cluster.config]):
            with self.subTest(words=words):
                self.assert_error(self.cluster.pmmc(*words), BAD_USAGE, "pmmc: ")


class RoundTrip(ClusterTest):
    def records(self, count):
        """Keys and values of every byte below 0x80, and of the others in sequences that are not
        UTF-8, so that each is escaped in a known way."""
        for number in range(count):
            key = b"%d" % number + self.random.randbytes(self.random.randrange(40))
            yield key, self.random.randbytes(self.random.choice((0, 1, 10, 1000)))

    def test_any_bytes_come_back_the_same(self):
        cluster = self.running_cluster()
        expected = dict(self.records(3_000))
        file = cluster.directory / "in.tsv"
        file.write_bytes(b"".join(hexed(k) + b"\t" + hexed(v) + b"\n" for k, v in expected.items()))
        cluster.run("import", file)
        exported = cluster.run("export").out
        self.assertEqual({unescaped(k): unescaped(v) for k, v in pairs(exported)}, expected)
        self.assertEqual([unescaped(k) for k, _ in pairs(exported)], sorted(expected))
        other = self.running_cluster()
        file.write_bytes(exported)
        other.run("import", file)
        self.assertEqual(other.run("export").out, exported)

    def test_how_ascii_is_escaped(self):
        cluster = self.running_cluster()
        data = bytes(range(1, 128))
        cluster.run("put", "k\t\n\\", data)
        self.assertEqual(cluster.run("export").out, escaped(b"k\t\n\\") + b"\t" + escaped(data) + b"\n")

    def test_an_import_that_was_killed_can_be_run_again(self):
        cluster = self.running_cluster()
        file = cluster.directory / "big.tsv"
        file.write_bytes(b"".join(b"key%d\tvalue%d\n" % (i, i) for i in range(20_000)))
        child = spawn([BINARY, "import", "--config", cluster.config, file])
        try:
            wait_until("some records are in", lambda: cluster.get("key100") is not None)
        finally:
            child.kill()
            child.wait()
        cluster.run("import", file)
        self.assertEqual(cluster.run("export").out,
                         b"".join(sorted(file.read_bytes().splitlines(True))))

    def test_deadlines_come_back(self):
        cluster = self.running_cluster("colocated", redis=True)
        later = 4_102_444_800_000  # in 2100
        rows = [b"a\t1\n", b"b\t2\t%d\n" % later, b"c\\t\t3\n"]
        rows += [b"k%04d\t%d%s\n" % (i, i, b"\t%d" % (later + i) if i % 3 == 0 else b"") for i in range(2_500)]
        file = cluster.directory / "in.tsv"
        file.write_bytes(b"".join(rows) + b"past\tv\t1000000000000\n")
        self.assertIn("with a deadline", cluster.run("import", file).err)
        client = Connection(cluster.redis_port("r2"), timeout_s=30)
        self.addCleanup(client.close)
        self.assertEqual(client("PEXPIRETIME", "b"), later)
        self.assertEqual(client("PEXPIRETIME", "a"), -1)
        client("SET", "z", "a write moves the time")
        self.assertEqual(client("EXISTS", "past"), 0)
        self.assertEqual(cluster.run("export").out, b"".join(rows) + b"z\ta write moves the time\n")
        file.write_bytes(rows[1])
        cluster.run("import", "--no-deadlines", file)
        self.assertEqual(client("GET", "b"), b"2\t%d" % later)
        self.assertEqual(client("PEXPIRETIME", "b"), -1)

    def test_a_table_whose_third_column_is_no_deadline(self):
        """Long numbers in a third column, which as times are in the past: nothing is lost in silence."""
        cluster = self.running_cluster("colocated")
        file = cluster.directory / "people.tsv"
        file.write_bytes(b"ann\tBern\t491701234567\nbob\tRome\t393331234567\n")
        result = cluster.run("import", file, code=BAD_USAGE)
        self.assertIn("nothing would be kept. Nothing was imported", result.err)
        self.assertIn("--no-deadlines", result.err)
        self.assertEqual(cluster.run("export").out, b"")
        cluster.run("import", "--no-deadlines", file)
        self.assertEqual(cluster.get("ann"), b"Bern\t491701234567")
        file.write_bytes(file.read_bytes() + b"cid\tParis\n")
        result = cluster.run("import", "--json", file)
        self.assertEqual(result.json, {"imported": "3", "malformed": "0", "deadlines": "2", "passed": "2"})
        self.assertIn("warning: 2 of these deadlines have passed", result.err)

    def test_an_empty_store(self):
        cluster = self.running_cluster("colocated")
        self.assertEqual(cluster.run("export").out, b"")


def hexed(data):
    return b"".join(b"\\x%02X" % b for b in data)


def pairs(exported):
    return [line.split(b"\t") for line in exported.splitlines()]


def unescaped(text):
    names = {b"t": b"\t", b"n": b"\n", b"\\": b"\\"}
    return re.sub(rb"\\(?:x([0-9A-F]{2})|([tn\\]))",
                  lambda m: bytes([int(m[1], 16)]) if m[1] else names[m[2]], text)


if __name__ == "__main__":
    main()
