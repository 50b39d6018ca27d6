"""What all processes of a cluster must agree on: who differs is refused, and decides nothing. And the
disks of the founders, which the log gets to know."""

import re
import shutil

from pmmc_cluster import (BAD_USAGE, BINARY, DONE, PATIENCE_S, UNHEALTHY, main, run_program,
                          wait_until)
from pmmc_machines import ReconfigurationTest

BANK = BINARY.with_name("pmmc_bank")
DIVERGING = BINARY.parent / "tests" / "pmmc_diverging"


class FactsTest(ReconfigurationTest):
    def assert_it_ends(self, process, *words):
        code = process.child.wait(PATIENCE_S)
        process.kill9()
        self.assertEqual(code, BAD_USAGE, process.log_tail())
        for word in words:
            self.assertIn(word, process.log_text())


class DifferentFounders(FactsTest):
    def test_one_with_another_window(self):
        """128, 16, 128: each founded a cluster, as far as it knows."""
        cluster = self.new_cluster("colocated")
        odd = cluster.processes[1]
        text = odd.config.read_text()
        odd.config.write_text(text.replace("[cluster]\n", "[cluster]\nwindow = 16\n"))
        cluster.init()
        for machine in cluster.processes:
            machine.launch()
        self.assert_it_ends(odd, "does not agree with a majority of its cluster",
                            "its window is 16, and there it is 128")
        others = [m for m in cluster.processes if m is not odd]
        refused = "".join(m.log_text() for m in others)
        self.assertIn("its window is 16, and here it is 128", refused)
        for machine in cluster.processes:  # it is told once, and nobody to remove what is good
            said = [line for line in machine.log_text().splitlines() if "refused a process" in line
                    and "its window" in line]
            self.assertLessEqual(len(said), len(cluster.processes) - 1, said)
            for line in said:
                self.assertIn("Whichever of the two differs from most processes of the cluster", line)
                self.assertNotIn("remove its data directory", line)
        for number in range(5):
            cluster.run("put", "k", str(number), timeout_s=PATIENCE_S)
        for machine in others:
            self.assertTrue(machine.running, machine.log_tail())
        shutil.rmtree(odd.directory / "data")
        odd.config.write_text(text)
        odd.init()  # nobody has met it, so it may be formatted again
        odd.start()
        cluster.await_healthy()
        cluster.await_equal_replicas()

    def test_two_that_dial_each_other_both_hear_why(self):
        """The connection over which one was refused does not stand in the way of the other's."""
        cluster = self.new_cluster("colocated")
        first, second, _ = cluster.processes
        second.config.write_text(second.config.read_text().replace(
            "[cluster]\n", "[cluster]\nwindow = 16\n"))
        cluster.init()
        for machine in (first, second):
            machine.launch()
        for machine, other in ((first, second), (second, first)):
            wait_until("each has dialled the other, and is answered", lambda: (
                f"this process and the one at 127.0.0.1:{other.port} refuse each other"
                in machine.log_text()))

    def test_each_with_another_window(self):
        cluster = self.new_cluster("colocated")
        for machine, window in zip(cluster.processes, (128, 16, 64)):
            machine.config.write_text(machine.config.read_text().replace(
                "[cluster]\n", f"[cluster]\nwindow = {window}\n"))
        cluster.init()
        for machine in cluster.processes:
            machine.launch()
        wait_until("one has met both others, and ended",
                   lambda: not all(m.running for m in cluster.processes))
        self.assertNotEqual(cluster.pmmc("put", "k", "v", timeout_s=1).code, 0)


    def test_in_one_process(self):
        cluster = self.new_cluster("colocated", size=1)
        machine = cluster.processes[0]
        apart = cluster.client_config("apart.conf", window=16, data=cluster.directory / "apart")
        leader = machine.kinds["leader"]
        cluster.run("init", "--id", leader, config=apart)
        cluster.init()
        shutil.rmtree(machine.data(leader))
        shutil.copytree(cluster.directory / "apart" / leader, machine.data(leader))
        self.assert_error(cluster.pmmc("start", "--id", leader, config=machine.config), BAD_USAGE,
                          "cannot live in one process", "its window is 16, and in .* it is 128")


class AnotherProgram(FactsTest):
    def test_another_state_machine(self):
        cluster = self.new_cluster("colocated")
        cluster.init()
        for machine in cluster.processes[:2]:
            machine.start()
        third = cluster.processes[2]
        start = ("start", "--config", third.config, "--id", third.roles[0])
        self.assert_error(run_program(*start, binary=BANK), BAD_USAGE,
                          "is not one for this program: its state machine is kv/2, and in this program "
                          "it is bank/1")
        shutil.rmtree(third.directory / "data")
        init = ("init", "--config", third.config,
                *(word for role in third.roles for word in ("--id", role)))
        self.assert_error(run_program(*init, binary=BANK), BAD_USAGE, "nothing was formatted",
                          "its state machine is kv/2, and in this program it is bank/1")
        cluster.kill9_all()  # nobody can be reached
        self.assertEqual(run_program(*init, binary=BANK).code, 0)
        for machine in cluster.processes[:2]:
            machine.start()
        third.binary = BANK
        third.launch()
        self.assert_it_ends(third, "its state machine is bank/1, and there it is kv/2")
        cluster.run("put", "k", "v", timeout_s=PATIENCE_S)
        rows = cluster.run("fingerprint", "--json").json["replicas"]
        self.assertEqual({r["state_machine"] for r in rows if r["up"]}, {"kv/2"})
        self.assertRegex(cluster.pmmc("status").text, r"(?m)^r1 .* kv/2$")
        self.assertRegex(cluster.run("clock").text, "^log time  none yet")

    def test_the_stores_commands(self):
        """They cannot read what another machine answers, and say which commands speak with it."""
        cluster = self.new_cluster("colocated")
        for machine in cluster.processes:
            machine.binary = BANK
            init = ("init", "--config", machine.config,
                    *(word for role in machine.roles for word in ("--id", role)))
            self.assertEqual(run_program(*init, binary=BANK).code, 0)
            machine.start()
        self.assertRegex(cluster.pmmc("status").text, r"(?m)^r1 .* bank/1$")
        for words in (("get", "k"), ("put", "k", "v"), ("export",), ("clock",)):
            self.assert_error(cluster.pmmc(*words), 1, "none of the key-value store's: if `pmmc status` "
                                                       "shows another MACHINE, `pmmc apply` and `pmmc query`")


class Diverged(ReconfigurationTest):
    def test_replicas_that_differ_are_noticed(self):
        """The state machine of the third process computes something else, under the same name."""
        cluster = self.new_cluster("colocated")

        def pmmc(*words, config=cluster.config):
            return run_program(words[0], "--config", config, *words[1:], binary=DIVERGING)

        for machine in cluster.processes:
            machine.binary = DIVERGING
            ids = [word for role in machine.roles for word in ("--id", role)]
            self.assertEqual(pmmc("init", *ids, config=machine.config).code, DONE)
        cluster.processes[2].environment = {"PMMC_TEST_DIVERGES": "!"}
        cluster.start_all()
        wait_until("all is well", lambda: pmmc("status").code == DONE)
        self.assertEqual(pmmc("fingerprint").code, DONE)
        self.assertEqual(pmmc("apply", "x").code, DONE)
        r3 = cluster.processes[2].kinds["replica"]
        wait_until("status says who differs", lambda: re.search(
            rf"different states at slot \d+: .*\b{r3} [0-9a-f]{{16}}", pmmc("status").err))
        for command in ("status", "fingerprint"):
            self.assert_error(pmmc(command), UNHEALTHY, "replicas have different states at slot")


class FoundersDisks(ReconfigurationTest):
    def test_the_log_gets_to_know_them(self):
        cluster = self.new_cluster()
        cluster.init()
        late = cluster["a3"]
        for machine in cluster.processes:
            if machine is not late:
                machine.start()
        cluster.run("put", "k", "v", timeout_s=PATIENCE_S)
        late.start()
        for role in ("a1", "a2", "a3", "l1", "l2"):
            disk = run_program("inspect", "--json", cluster.data(role)).json["format_id"]

            def is_known_at(other):
                cluster.run("put", "k", "w")
                return f" {role} {cluster[role].address} {disk}\n" in (
                    cluster.data(other) / "members").read_text()

            for other in ("a2", "l1", "r1", "r3"):
                wait_until(f"{other} knows the disk of {role}", lambda: is_known_at(other))


if __name__ == "__main__":
    main()
