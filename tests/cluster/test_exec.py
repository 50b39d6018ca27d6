"""`exec`: many operations, their results in the order of the input."""

import gzip
import json

from pmmc_cluster import ABSENT, BAD_USAGE, SharedClusterTest, main


class Exec(SharedClusterTest):
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


if __name__ == "__main__":
    main()
