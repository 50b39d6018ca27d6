"""`pmmc sim` and `pmmc check`: what they would not act on is a mistake, and so is too little memory."""

import resource
import subprocess
import unittest

from pmmc_cluster import BAD_USAGE, BINARY, DONE, INTERNAL, main, run_program

MEMORY_BYTES = 160 << 20  # the program starts with it, and a search soon needs more


def little_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


class Words(unittest.TestCase):
    def refused(self, text, *words):
        result = run_program(*words)
        self.assertEqual(result.code, BAD_USAGE, result)
        self.assertIn(text, result.err)

    def test_sim(self):
        self.refused("--runs -1: it takes a whole number", "sim", "--runs=-1")
        self.refused("--seed -1: it takes a whole number", "sim", "--seed=-1")
        self.refused("--runs takes 1 or more, --jobs 1 to 64", "sim", "--runs", "0")
        self.refused("--runs takes 1 or more, --jobs 1 to 64", "sim", "--runs", "1", "--jobs", "65")
        self.refused("usage: pmmc sim", "sim", "--seed", "1", "foo")
        self.refused("--replay is for one run", "sim", "--runs", "1", "--replay")
        self.refused("--replay prints no JSON", "sim", "--seed", "1", "--json", "--replay")

    def test_sim_of_one_seed_as_json(self):
        told = run_program("sim", "--seed", "54", "--json").json
        self.assertEqual((told["seed"], told["broken"]), ("54", ""))
        text = run_program("sim", "--seed", "54").text
        self.assertIn(f"{told['events']} events", text)
        self.assertIn(f"trace hash {told['trace_hash']}", text)

    def test_faults_of_a_run(self):
        self.refused("--keep 999: run 54 has", "sim", "--seed", "54", "--keep", "999")
        self.refused("--keep names a fault twice", "sim", "--seed", "54", "--keep", "1,1")
        result = run_program("sim", "--seed", "54", "--keep", "none")
        self.assertEqual(result.code, DONE, result)
        self.assertTrue(result.text.endswith("nothing is broken\n"), result.text)

    def test_check(self):
        self.refused("--states -1: it takes a whole number", "check", "--exhaustive", "duel", "--states=-1")
        self.refused("one of them", "check", "--exhaustive", "duel", "--history", "/dev/null")

    def test_a_search_without_memory_says_so(self):
        done = subprocess.run([BINARY, "check", "--exhaustive", "large", "--jobs", "2"], timeout=60,
                              capture_output=True, text=True, check=False, preexec_fn=little_memory)
        self.assertEqual(done.returncode, INTERNAL, done)
        self.assertIn("bad_alloc", done.stderr)


if __name__ == "__main__":
    main()
