"""Words and options of the command line, without a cluster: what a command does not take is refused."""

import re
import unittest

from pmmc_cluster import BAD_USAGE, DONE, main, run_program

OPTION = re.compile(r"^  (?:-\w \[ )?--([a-z-]+)", re.M)


def commands():
    listed = run_program("--help").text.partition("Commands:\n")[2].partition("\n\n")[0]
    return re.findall(r"(?m)^  (\w+)", listed)


class Options(unittest.TestCase):
    def refused(self, text, *words, **options):
        result = run_program(*words, **options)
        self.assertEqual(result.code, BAD_USAGE, result)
        self.assertIn(text, result.err)
        self.assertEqual(result.out, b"")
        return result

    def test_every_option_that_a_command_does_not_take_is_refused(self):
        helps = {c: run_program(c, "--help").text for c in commands()}
        takes = {c: set(OPTION.findall(text)) for c, text in helps.items()}
        everything = set().union(*takes.values())
        self.assertLess({"dry-run", "id", "history", "jobs", "seed", "clients", "hex", "set"}, everything)
        with_value = {option for option in everything
                      if re.search(rf"--{option}(?: \])? arg", "".join(helps.values()))}
        for command, own in takes.items():
            self.assertLess({"config", "help"}, own, command)
            for option in sorted(everything - own):
                with self.subTest(command=command, option=option):
                    self.refused(f"pmmc: --{option} has no meaning for {command}\n", command,
                                 f"--{option}", *(["1"] if option in with_value else []))

    def test_where_the_command_stands_between_options(self):
        self.refused("--dry-run has no meaning for del", "--config", "x", "del", "k", "--dry-run")
        self.refused("--dry-run has no meaning for del", "--dry-run", "del", "k")
        self.refused("--id has no meaning for status", "--id", "a1", "-cx", "status")
        self.refused("--id has no meaning without a command", "--id", "a1")
        self.refused("--version has no meaning for get", "get", "k", "--version")

    def test_no_abbreviations(self):
        self.refused("unrecognised option '--dry'", "reconfig", "--dry")
        self.refused("unrecognised option '--words'", "get", "--words", "k")

    def test_of_a_kind_of_check(self):
        self.refused("--jobs goes with --exhaustive", "check", "--history", "/dev/null", "--jobs", "2")
        self.refused("--states goes with --exhaustive", "check", "--history", "/dev/null", "--states", "2")


class Help(unittest.TestCase):
    def test_of_a_command(self):
        for command in commands():
            text = run_program(command, "--help").text
            self.assertTrue(text.startswith(f"Usage: pmmc {command}"), text)
            self.assertRegex(text, rf"\nExample:\n  pmmc {command}\b")
        self.assertEqual(OPTION.findall(run_program("get", "--help").text),
                         ["json", "timeout", "config", "help"])
        self.assertEqual(run_program("help", "get").out, run_program("get", "--help").out)
        self.assertIn("import FILE|- ", run_program("import", "--help").text)

    def test_version(self):
        self.assertEqual(run_program("--version").out, run_program("version").out)
        self.assertEqual(run_program("--version", "--json").out, run_program("version", "--json").out)

    def test_an_unknown_command_in_one_line(self):
        for words in (["inti"], ["inti", "--help"], ["help", "inti"]):
            result = run_program(*words)
            self.assertEqual(result.code, BAD_USAGE, result)
            self.assertEqual(result.err, 'pmmc: unknown command "inti"; did you mean init? '
                                         "`pmmc --help` lists all\n")
        result = run_program("foo", "--help")
        self.assertEqual((result.code, result.err),
                         (BAD_USAGE, 'pmmc: unknown command "foo"; `pmmc --help` lists all\n'))

    def test_too_few_words_tell_the_usage_of_that_command(self):
        for words, usage in ((["get"], "get KEY"), (["put", "k"], "put KEY VALUE"), (["cas", "k"], "cas KEY EXPECTED NEW"),
                             (["import"], "import FILE|- [--format"), (["inspect"], "inspect DIR"),
                             (["sim", "x"], "sim --seed N"), (["check", "x"], "check --history FILE")):
            result = run_program(*words)
            self.assertEqual(result.code, BAD_USAGE, result)
            self.assertTrue(re.match(rf"pmmc: usage: (pmmc )?{re.escape(usage)}", result.err), result.err)
            self.assertNotIn("append", result.err)


class Environment(unittest.TestCase):
    def refused(self, text, *words, **env):
        result = run_program(*words, env=env)
        self.assertEqual(result.code, BAD_USAGE, result)
        self.assertIn(text, result.err)

    def test_what_is_wrong_there_is_named(self):
        self.refused("PMMC_CONFIG is empty", "get", "a", PMMC_CONFIG="")
        self.refused("PMMC_TIMEOUT=abc", "get", "a", PMMC_TIMEOUT="abc")
        self.refused("PMMC_TIMEOUT", "get", "a", PMMC_TIMEOUT="0")

    def test_where_it_has_no_meaning_it_does_no_harm(self):
        self.assertEqual(run_program("version", env={"PMMC_TIMEOUT": "abc", "PMMC_CONFIG": ""}).code, DONE)


if __name__ == "__main__":
    main()
