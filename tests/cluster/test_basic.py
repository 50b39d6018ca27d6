"""Every key-value command, its output and its exit code, as docs/OPERATIONS.md has them."""

import json

from pmmc_cluster import (ABSENT, BAD_USAGE, DONE, PRECONDITION, ClusterTest, SharedClusterTest, main)

MAX_KEY = 1024
MAX_VALUE = 1 << 20


class KeyValueCommands(SharedClusterTest):
    def test_put_and_get(self):
        self.assert_prints(b"ok\n", "put", "greeting", "hello")
        self.assert_prints(b"hello\n", "get", "greeting")
        self.assert_prints(b"ok\n", "put", "greeting", "hello again")
        self.assert_prints(b"hello again\n", "get", "greeting")

    def test_absent_key(self):
        result = self.assert_prints(b"", "get", "nowhere", code=ABSENT)
        self.assertIn('key "nowhere" is absent', result.err)
        self.assert_prints(b"", "del", "nowhere", code=ABSENT)

    def test_append_prints_the_length(self):
        self.assert_prints(b"2\n", "append", "log", "ab")
        self.assert_prints(b"5\n", "append", "log", "cde")
        self.assert_prints(b"5\n", "append", "log", "")
        self.assert_prints(b"abcde\n", "get", "log")

    def test_del(self):
        self.cluster.run("put", "short-lived", "x")
        self.assert_prints(b"ok\n", "del", "short-lived")
        self.assert_prints(b"", "get", "short-lived", code=ABSENT)

    def test_cas(self):
        result = self.assert_prints(b"", "cas", "lock", "free", "mine", code=PRECONDITION)
        self.assertIn("absent", result.err)
        self.cluster.run("put", "lock", "free")
        self.assert_prints(b"ok\n", "cas", "lock", "free", "mine")
        result = self.assert_prints(b"", "cas", "lock", "free", "yours", code=PRECONDITION)
        self.assertIn('"mine"', result.err)
        self.assert_prints(b"mine\n", "get", "lock")

    def test_incr(self):
        self.assert_prints(b"1\n", "incr", "n")
        self.assert_prints(b"11\n", "incr", "n", "10")
        self.assert_prints(b"-4\n", "incr", "n", "-15")
        self.assert_prints(b"-4\n", "get", "n")

    def test_incr_of_what_is_no_number(self):
        self.cluster.run("put", "word", "seven")
        self.assert_prints(b"", "incr", "word", code=PRECONDITION)
        self.assert_prints(b"seven\n", "get", "word")
        self.assert_error(self.cluster.pmmc("incr", "n2", "seven"), BAD_USAGE, "seven")

    def test_incr_does_not_overflow(self):
        self.cluster.run("put", "most", str((1 << 63) - 1))
        self.assert_error(self.cluster.pmmc("incr", "most"), PRECONDITION, "64 bits")
        self.assert_prints(b"9223372036854775807\n", "get", "most")
        self.assert_prints(b"-1\n", "incr", "most", str(-(1 << 63)))

    def test_json(self):
        def shape(*words, code=DONE):
            return self.cluster.run(*words, "--json", code=code).json

        self.assertEqual(shape("put", "j", "1"), {"result": "ok"})
        self.assertEqual(shape("get", "j"), {"result": "ok", "value": "1"})
        self.assertEqual(shape("incr", "j"), {"result": "ok", "value": "2"})
        self.assertEqual(shape("append", "j", "0"), {"result": "ok", "value": "2"})
        self.assertEqual(shape("get", "no-j", code=ABSENT)["result"], "absent")
        mismatch = shape("cas", "j", "x", "y", code=PRECONDITION)
        self.assertEqual((mismatch["result"], mismatch["value"]), ("mismatch", "20"))

    def test_json_of_bytes_that_are_no_text(self):
        """JSON is text: bytes that are not UTF-8 are given as base64, never changed."""
        lines = [json.loads(line) for line in self.exec_lines(
            b"put jb a\xff\x00\nget jb\ncas jb x y\nput jb gr\xc3\xb6\xc3\x9fer\nget jb\n", "--json")]
        self.assertEqual(lines[1], {"line": "2", "result": "ok", "value_base64": "Yf8A"})
        self.assertEqual((lines[2]["result"], lines[2]["value_base64"]), ("mismatch", "Yf8A"))
        self.assertEqual(lines[4]["value"], "größer")
        self.exec_lines(b"put jb a\xff\x00\n")
        self.assertEqual(self.cluster.run("get", "jb", "--json").json,
                         {"result": "ok", "value_base64": "Yf8A"})
        mismatch = self.cluster.run("cas", "jb", "x", "y", "--json", code=PRECONDITION).json
        self.assertEqual((mismatch["value_base64"], "value" in mismatch), ("Yf8A", False))

    def test_json_where_it_has_no_meaning(self):
        for words in (["export"], ["init"], ["start", "--id", "r1"], ["up"]):
            self.assert_error(self.cluster.pmmc(*words, "--json"), BAD_USAGE,
                              f"--json has no meaning for {words[0]}")


class Bytes(SharedClusterTest):
    """`apply` and `query`: the store's own operations, as bytes; their form is kv/transaction.hpp's."""

    # No time, not whole, nothing watched, no session; one call: set, without flags or number, of two words.
    PUT = b"\x08\x00\x00\x00\x00\x01\x02\x00\x00\x02\x01k\x03v\xff\x00"

    def test_the_operation_from_an_argument_stdin_or_a_file(self):
        file = self.cluster.directory / "op"
        file.write_bytes(self.PUT)
        by_file = self.cluster.run("apply", "--file", file)
        by_stdin = self.cluster.run("apply", "-", stdin=self.PUT)
        self.assertEqual(by_file.out, by_stdin.out)
        self.assertEqual(self.cluster.run("get", "k").out, b"v\xff\x00\n")
        for strange in ("x", "put a 1"):  # malformed, says the store; docs/OPERATIONS.md
            self.assertEqual(self.cluster.run("apply", strange).out, b"\x05\x00\n")
            self.assertEqual(self.cluster.run("query", strange).out, b"\x05\x00\n")
        self.assert_error(self.cluster.pmmc("apply", "--file", file, "op"), BAD_USAGE, "usage")
        self.assert_error(self.cluster.pmmc("apply", "--file", "no-such-file"), BAD_USAGE,
                          "cannot read no-such-file")
        self.assert_error(self.cluster.pmmc("apply", "--file", self.cluster.directory), BAD_USAGE,
                          "cannot read")

    def test_the_answer(self):
        raw = self.cluster.run("apply", "-", stdin=self.PUT).out.removesuffix(b"\n")
        self.assertEqual(self.cluster.run("apply", "-", "--hex", stdin=self.PUT).out,
                         raw.hex().encode() + b"\n")
        as_json = self.cluster.run("apply", "-", "--json", stdin=self.PUT).json
        self.assertEqual(as_json, {"result": "ok", "value": raw.decode()})
        as_json = self.cluster.run("apply", "-", "--json", "--hex", stdin=self.PUT).json
        self.assertEqual(as_json, {"result": "ok", "value_hex": raw.hex()})

    def test_too_large(self):
        result = self.cluster.run("apply", "-", "--json", stdin=b"x" * (2 << 20), code=BAD_USAGE)
        self.assertEqual(result.json["result"], "refused")
        self.assertIn("one may have 1052672", result.err)


class KeysAndValues(SharedClusterTest):
    def test_empty_value(self):
        self.assert_prints(b"ok\n", "put", "empty", "")
        self.assert_prints(b"\n", "get", "empty")
        self.assert_prints(b"ok\n", "cas", "empty", "", "full")

    def test_words_that_begin_with_a_dash(self):
        self.assert_prints(b"ok\n", "put", "--", "-key", "--value")
        self.assert_prints(b"--value\n", "get", "--", "-key")
        self.assert_prints(b"ok\n", "put", "number", "-5")
        self.assert_prints(b"-5\n", "get", "number")
        self.assert_error(self.cluster.pmmc("put", "number", "-x"), BAD_USAGE, "-x")

    def test_any_bytes(self):
        key, value = bytes(range(1, 256)), bytes(range(255, 0, -1))
        self.assert_prints(b"ok\n", "put", "--", key, value)
        self.assert_prints(value + b"\n", "get", "--", key)
        self.cluster.run("put", "ü", "ß→𝄞")
        self.assert_prints("ß→𝄞\n".encode(), "get", "ü")

    def test_a_mebibyte_is_accepted_and_more_is_not(self):
        largest = b"v" * MAX_VALUE
        self.assertEqual(self.exec_lines(b"put large " + largest), [b"ok"])
        self.assertEqual(self.cluster.get("large"), largest)
        lines = self.exec_lines(b"put large " + largest + b"x\nappend large x\nget small\n",
                                code=BAD_USAGE)
        self.assertIn(b"1048576", lines[0])
        self.assertIn(b"too large", lines[1])
        self.assertEqual(lines[2], b"absent")
        self.assertEqual(len(self.cluster.get("large")), MAX_VALUE)

    def test_limits_of_a_key(self):
        self.assert_prints(b"ok\n", "put", "k" * MAX_KEY, "v")
        self.assert_error(self.cluster.pmmc("put", "k" * (MAX_KEY + 1), "v"), BAD_USAGE, "1024")
        self.assert_error(self.cluster.pmmc("get", ""), BAD_USAGE, "1 to 1024")

    def test_wrong_usage(self):
        for words in (["put", "k"], ["put", "k", "v", "w"], ["get"], ["cas", "k", "v"], ["nonsense"],
                      ["exec", "no-such-file"], ["exec", "."], ["get", "k", "--timeout", "0"], ["get", "k", "--what"],
                      ["get", "k", "--timeout", "soon"], ["start", "--id", "x9"], ["start"]):
            with self.subTest(words=words):
                self.assert_error(self.cluster.pmmc(*words), BAD_USAGE, "pmmc: ")


class Colocated(ClusterTest):
    def test_three_processes_with_all_roles(self):
        cluster = self.running_cluster("colocated")
        self.assertEqual(len(cluster.processes), 3)
        cluster.run("put", "k", "v")
        self.assertEqual(cluster.get("k"), b"v")
        self.assertEqual(cluster.run("status", "--json").json["survives"], 1)

    def test_five_processes_survive_two(self):
        cluster = self.running_cluster("colocated", size=5)
        self.assertEqual(cluster.run("status", "--json").json["survives"], 2)
        for role in ("a1", "a4"):
            cluster[role].kill9()
        cluster.run("put", "k", "v")
        self.assertEqual(cluster.get("k"), b"v")


if __name__ == "__main__":
    main()
