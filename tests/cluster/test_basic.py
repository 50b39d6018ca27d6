"""Every key-value command, its output and its exit code, as docs/OPERATIONS.md has them."""

import gzip
import json
import os
import pty
import subprocess
import termios
import time

from pmmc_cluster import (ABSENT, BAD_USAGE, BINARY, DONE, PRECONDITION, ClusterTest,
                          SharedClusterTest, clean_environment, main, run_program)

MAX_KEY = 1024
MAX_VALUE = 1 << 20


class OneCluster(SharedClusterTest):
    def assert_prints(self, expected, *words, code=DONE):
        result = self.cluster.run(*words, code=code)
        self.assertEqual(result.out, expected, str(result))
        return result

    def exec_lines(self, text, *flags, code=DONE):
        data = text if isinstance(text, bytes) else text.encode()
        return self.cluster.run("exec", *flags, stdin=data, code=code).out.splitlines()


class KeyValueCommands(OneCluster):
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


class Bytes(OneCluster):
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


class KeysAndValues(OneCluster):
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


class Exec(OneCluster):
    def test_results_in_input_order(self):
        lines = self.exec_lines("put e 1\nget e\nappend e 2\nget e\nincr e\nget missing\n"
                                "cas e 13 x\ncas e 13 y\ndel e\ndel e\n")
        self.assertEqual(lines, [b"ok", b"1", b"2", b"12", b"13", b"absent", b"ok", b"mismatch x",
                                 b"ok", b"absent"])

    def test_quoting(self):
        lines = self.exec_lines("""put q 'single "quotes" $x'\nget q\nput q "double \\"q\\" #"\n"""
                                """get q\nput q a\\ b\\\\\nget q\nput q ''\nget q\n"""
                                """put "key with blanks" v\nget key\\ with' 'blanks\n""")
        self.assertEqual(lines, [b"ok", b'single "quotes" $x', b"ok", b'double "q" #', b"ok",
                                 b"a b\\\\", b"ok", b"", b"ok", b"v"])

    def test_comments_and_empty_lines_have_no_result(self):
        self.assertEqual(self.exec_lines("# a comment\n\n   \nput c 1\n  # one more\nget c"),
                         [b"ok", b"1"])

    def test_malformed_lines_are_named_and_the_rest_runs(self):
        lines = self.exec_lines("put m 1\nfrobnicate m\nput m\nput m 'open\nget m\n", code=BAD_USAGE)
        self.assertEqual((lines[0], lines[4]), (b"ok", b"1"))
        for number in (2, 3, 4):
            self.assertRegex(lines[number - 1], b"malformed: line %d: " % number)

    def test_a_line_with_too_many_words_says_what_may_be_wrong(self):
        lines = self.exec_lines("put m2 x # c\nput m2 a b\nput m2 '# c'\nget m2\n", code=BAD_USAGE)
        self.assertEqual(lines[0], b"malformed: line 1: usage: put KEY VALUE; a word with blanks in it "
                                   b"stands in quotes; a comment stands on a line of its own")
        self.assertTrue(lines[1].endswith(b"stands in quotes"), lines[1])
        self.assertEqual(lines[2:], [b"ok", b"# c"])

    def test_what_is_no_text_is_refused_before_anything_is_executed(self):
        packed = self.cluster.directory / "operations.gz"
        packed.write_bytes(gzip.compress(b"put packed 1\n" * 100))
        self.assert_error(self.cluster.run("exec", packed, code=BAD_USAGE), BAD_USAGE,
                          "compressed with gzip.*Nothing was executed")
        result = self.cluster.run("exec", stdin=b"\x7fELF\x02\x00\nput packed 2\n", code=BAD_USAGE)
        self.assert_error(result, BAD_USAGE, "byte 6 is zero. Nothing was executed")
        self.assertEqual(result.out, b"")
        self.assert_error(self.cluster.run("exec", stdin="put packed 3\n".encode("utf-16"), code=BAD_USAGE),
                          BAD_USAGE, "UTF-16")
        self.cluster.run("get", "packed", code=ABSENT)

    def test_many_in_flight_and_reads_see_earlier_writes(self):
        count = 1_000
        text = "".join(f"put many{i % 50} {i}\nget many{i % 50}\n" for i in range(count))
        expected = [line for i in range(count) for line in (b"ok", b"%d" % i)]
        self.assertEqual(self.exec_lines(text), expected)

    def test_appends_take_effect_in_order(self):
        count = 3_000
        text = "".join(f"append order {i},\n" for i in range(count)) + "get order\n"
        expected = "".join(f"{i}," for i in range(count)).encode()
        self.assertEqual(self.exec_lines(text)[-1], expected)

    def test_json(self):
        rows = [json.loads(line) for line in
                self.exec_lines("put ej 1\n\nget ej\nget no-ej\nbad\n", "--json", code=BAD_USAGE)]
        self.assertEqual(rows[0], {"line": "1", "result": "ok"})
        self.assertEqual(rows[1], {"line": "3", "result": "ok", "value": "1"})
        self.assertEqual((rows[2]["line"], rows[2]["result"]), ("4", "absent"))
        self.assertEqual((rows[3]["line"], rows[3]["result"]), ("5", "malformed"))

    def test_binary_values_print_on_one_line(self):
        self.assertEqual(self.exec_lines(b"put eb 'a\tb\x00c\xff'\nget eb\n"),
                         [b"ok", b"a\\tb\\x00c\\xFF"])
        self.assertEqual(self.cluster.get("eb"), b"a\tb\x00c\xff")

    def test_an_operation_that_is_too_large_holds_up_nothing(self):
        """Each value is within its limit, the `cas` of two is not."""
        value = b"v" * 600_000
        cas = b"cas large " + value + b" " + value + b"\n"
        result = self.cluster.run("exec", stdin=b"put sz 1\n" + cas + cas + b"incr sz\nget sz\n",
                                  code=BAD_USAGE)
        lines = result.out.splitlines()
        self.assertEqual([lines[0], *lines[3:]], [b"ok", b"2", b"2"], str(result))
        for number in (2, 3):
            self.assertRegex(lines[number - 1].decode(),
                             rf"^refused: line {number}: refused, not executed: the operation has "
                             r"\d+ bytes, and one may have 1052672$")
        self.assertLess(result.seconds, 5, "it waited for a timeout")

    def test_progress_is_not_shown_between_what_is_typed(self):
        """With stdin and stderr a terminal."""
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        mode = termios.tcgetattr(theirs)
        mode[3] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, mode)
        with subprocess.Popen([BINARY, "exec", "--config", self.cluster.config], stdin=theirs,
                              stdout=subprocess.PIPE, stderr=theirs,
                              env=clean_environment()) as child:
            os.close(theirs)
            count = 0
            due = time.monotonic() + 0.3  # the progress line is, after 0.1 s
            while time.monotonic() < due:
                os.write(ours, b"put typed 1\n")
                self.assertEqual(child.stdout.readline(), b"ok\n")
                count += 1
            os.write(ours, b"\x04")
            child.wait(20)
            shown = os.read(ours, 65536).decode()
        self.assertRegex(shown, rf"^{count} operations, {count} ok; [^\n]*a second\r\n$")

    def test_from_a_file_with_a_summary(self):
        file = self.cluster.directory / "operations"
        file.write_text("put f 1\nget f\nget no-f\n")
        result = self.cluster.run("exec", file)
        self.assertEqual(result.out, b"ok\n1\nabsent\n")
        self.assertRegex(result.err, "3 operations.*1 absent.*2 ok")

    def test_a_line_is_answered_before_the_next_is_there(self):
        """`exec` serves as a co-process: nobody has to send a line to get the answer of the last."""
        with self.cluster.co_process("exec") as child:
            child.send("put co 1\n")
            self.assertEqual(child.line(), "ok")
            child.send("get co\n")
            self.assertEqual(child.line(), "1")

    def test_answers_far_longer_than_one_message_may_be(self):
        value = b"x" * 1_000_000
        lines = self.exec_lines(b"put big " + value + b"\n" + b"get big\n" * 60, "--timeout", "60")
        self.assertEqual(lines, [b"ok"] + [value] * 60)


class Reports(OneCluster):
    """status, config, fingerprint, inspect, version: the shapes that scripts rely on."""

    def test_status_json(self):
        self.cluster.run("put", "s", "1")
        result = self.cluster.run("status", "--json")
        self.assertEqual(list(result.json), ["roles", "configuration", "survives"])
        self.assertEqual([r["id"] for r in result.json["roles"]], list(self.cluster.roles))
        for row in result.json["roles"]:
            self.check_status_row(row)
        self.assertEqual(result.json["configuration"],
                         {"version": "1", "first_slot": "1", "acceptors": ["a1", "a2", "a3"],
                          "leaders": ["l1", "l2"], "replicas": ["r1", "r2", "r3"]})
        self.assertEqual(result.json["survives"], 1)

    def check_status_row(self, row):
        kind, address = self.cluster.roles[row["id"]]
        self.assertEqual((row["role"], row["address"], row["up"], row["why"]),
                         (kind, address, True, ""))
        self.assertRegex(row["disk_bytes"], r"^\d+$")
        if kind == "leader":
            self.assertIn(row["state"], ("active", "passive"))
        if row.get("state") == "active" or kind == "acceptor":
            self.assertRegex(row["ballot"]["seqnum"], r"^\d+$")
            self.assertIn(row["ballot"]["leader"], ("l1", "l2"))
        if kind == "replica":
            for number in ("slot_in", "slot_out", "lag", "snapshot_slot"):
                self.assertRegex(row[number], r"^\d+$")
            self.assertGreater(int(row["slot_out"]), 1)

    def test_status_for_people(self):
        text = self.cluster.run("status").text
        for role, (kind, address) in self.cluster.roles.items():
            self.assertRegex(text, rf"(?m)^{role} +{kind} +{address} +up ")
        self.assertEqual(text.count(" active "), 1)
        self.assertIn("configuration 1 from slot 1: 3 acceptors (quorum 2), 2 leaders, 3 replicas; "
                      "survives 1 failure of each kind", text)

    def test_fingerprint(self):
        self.cluster.run("put", "fp", "1")
        self.cluster.await_equal_replicas()
        rows = self.cluster.run("fingerprint", "--json").json["replicas"]
        self.assertEqual([r["id"] for r in rows], ["r1", "r2", "r3"])
        self.assertEqual(len({r["fingerprint"] for r in rows}), 1)
        self.assertRegex(rows[0]["fingerprint"], "^[0-9a-f]{16}$")
        self.assertRegex(self.cluster.run("fingerprint").text,
                         rf"(?m)^r1 +{rows[0]['slot_out']} +{rows[0]['fingerprint']} +kv/2$")
        self.assertEqual({r["state_machine"] for r in rows}, {"kv/2"})

    def test_the_fingerprint_tells_states_apart(self):
        self.cluster.run("put", "fp2", "1")
        self.cluster.await_equal_replicas()
        before = self.cluster.fingerprints()["r1"]["fingerprint"]
        self.cluster.run("put", "fp2", "2")
        self.cluster.await_equal_replicas()
        self.assertNotEqual(self.cluster.fingerprints()["r1"]["fingerprint"], before)

    def test_config(self):
        rows = self.cluster.run("config", "--json").json["configurations"]
        self.assertEqual(rows, [{"version": "1", "first_slot": "1", "acceptors": ["a1", "a2", "a3"],
                                 "leaders": ["l1", "l2"], "replicas": ["r1", "r2", "r3"],
                                 "state": "in force"}])
        text = self.cluster.run("config").text
        self.assertIn("version 1, in force from slot 1", text)
        self.assertIn(f"a1={self.cluster['a1'].address}", text)

    def test_inspect_while_it_runs(self):
        for role, (kind, _) in self.cluster.roles.items():
            report = run_program("inspect", "--json", self.cluster.data(role)).json
            self.assertEqual((report["cluster"], report["role"], report["id"], report["problems"]),
                             (self.cluster.name, kind, role, []))
            self.assertTrue(report["good"])
            self.assertEqual(report["running_as"], str(self.cluster[role].pid))
        text = run_program("inspect", self.cluster.data("a1"))
        self.assertEqual(text.code, DONE)
        self.assertIn("every checksum is right", text.text)

    def test_inspect_of_nothing(self):
        self.assert_error(run_program("inspect", "/nonexistent"), BAD_USAGE, "/nonexistent")

    def test_version_and_help(self):
        self.assertEqual(list(run_program("version", "--json").json),
                         ["version", "commit", "protocol"])
        self.assertRegex(run_program("version").text, r"^pmmc \S+, commit \S+, protocol pmmc/\d+\n$")
        self.assertIn("Usage: pmmc", run_program("--help").text)
        self.assertIn("Usage: pmmc put KEY VALUE", run_program("put", "--help").text)
        self.assert_error(run_program(), BAD_USAGE, "which command")
        self.assert_error(run_program("get", "k"), BAD_USAGE, "--config")

    def test_flag_beats_environment(self):
        env = {"PMMC_CONFIG": str(self.cluster.config), "PMMC_TIMEOUT": "5"}
        self.assertEqual(run_program("put", "env", "1", env=env).code, DONE)
        wrong = {"PMMC_CONFIG": "/nonexistent.conf"}
        self.assertEqual(self.cluster.run("get", "env", env=wrong).out, b"1\n")
        self.assert_error(run_program("get", "env", env=wrong), BAD_USAGE, "/nonexistent.conf")


class NoCluster(ClusterTest):
    def test_who_waits_at_a_terminal_is_told(self):
        cluster = self.new_cluster("colocated")
        cluster.init()
        words = [BINARY, "get", "k", "--json", "--timeout", "2", "--config", cluster.config]
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=theirs, env=clean_environment()) as child:
            os.close(theirs)
            self.assertEqual(json.loads(child.stdout.read())["result"], "not executed")
            child.wait(20)
            shown = os.read(ours, 65536).decode()
        self.assertEqual(shown.count("still trying: no answer for a second"), 1, shown)
        self.assertIn("given up after 2 s", shown)
        self.assertNotIn("still trying", cluster.pmmc("get", "k", timeout_s=2).err)


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
