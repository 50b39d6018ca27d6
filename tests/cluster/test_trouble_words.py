"""What operators are told when something is wrong, and what to do next."""

import re
import socket

from pmmc_cluster import (BAD_USAGE, NOT_EXECUTED, UNHEALTHY, ClusterTest, main,
                          run_program, wait_until)


class NobodyAnswers(ClusterTest):
    def test_status_makes_up_no_configuration(self):
        cluster = self.new_cluster()
        fresh = cluster.client_config("fresh.conf", data=cluster.directory / "nothing")
        result = cluster.pmmc("status", config=fresh)
        self.assert_error(result, UNHEALTHY, "nobody could be asked: .*pmmc start --id ID")
        self.assertIn("configuration unknown: nobody could be asked; the rows are those of the config file",
                      result.text)
        self.assertNotIn("configuration 1", result.text)
        said = cluster.pmmc("status", "--json", config=fresh).json
        self.assertEqual((said["configuration"]["version"], said["configuration_source"],
                          said["survives"]), ("0", "config file", 0))

    def test_status_with_what_directories_remember(self):
        cluster = self.running_cluster()
        self.assertNotIn("configuration_source", cluster.run("status", "--json").json)
        cluster.run("put", "k", "v")  # the first request decides the cluster's identity
        wait_until("it is remembered", lambda: (cluster.data("r1") / "members").exists())
        cluster.kill9_all()
        self.assertIn("those of configuration 1, the last that the data directories here remember",
                      cluster.pmmc("status").text)
        said = cluster.pmmc("status", "--json").json
        self.assertEqual((said["configuration"]["version"], said["configuration_source"]),
                         ("1", "data directory"))

    def test_what_to_do_next(self):
        cluster = self.new_cluster()
        for words in (["fingerprint"], ["config"], ["reconfig", "--remove", "leader:l1"]):
            with self.subTest(words):
                self.assert_error(cluster.pmmc(*words), NOT_EXECUTED,
                                  "nothing listens there(.|\n)*What next: start them with `pmmc start --id ID`")


class AnotherCluster(ClusterTest):
    def test_its_config_file_is_named(self):
        cluster = self.running_cluster()
        other = cluster.directory / "other.conf"
        other.write_text(re.sub("(?m)^name *=.*$", "name = other", cluster.config.read_text()))
        self.assertIn("name = other", other.read_text())
        wrong = "wrong config file for these addresses"
        self.assert_error(cluster.pmmc("status", config=other), UNHEALTHY, wrong)
        for words in (["fingerprint"], ["config"], ["reconfig", "--remove", "leader:l1"]):
            self.assert_error(cluster.pmmc(*words, config=other), NOT_EXECUTED, wrong)
        self.assert_error(cluster.pmmc("get", "k", config=other, timeout_s=1), NOT_EXECUTED,
                          f"belongs to cluster .*, not to \"other\" as in {other}: is that the right config "
                          "file")

    def test_one_runs_already_at_these_addresses(self):
        cluster = self.running_cluster()
        again = cluster.client_config("again.conf", data=cluster.directory / "again")
        for words in (["up"], ["init"], ["init", "--id", "a1"]):
            with self.subTest(words):
                result = cluster.pmmc(*words, config=again)
                self.assert_error(result, BAD_USAGE, f"a cluster \"{cluster.name}\" runs at these addresses "
                                  f"already.*\n  a1 at {cluster['a1'].address}(.|\n)*other ports")
                self.assertNotIn("promised", result.err)
        self.assertFalse((cluster.directory / "again").exists())


class NoQuorum(ClusterTest):
    def test_a_replica_that_answers_is_not_said_to_be_silent(self):
        cluster = self.running_cluster("colocated")
        cluster.run("put", "k", "v")
        for machine in cluster.processes[1:]:
            machine.kill9()
        for _ in range(4):
            result = cluster.pmmc("get", "k", timeout_s=3)
            self.assert_error(result, NOT_EXECUTED, "r1 .*no quorum: acceptors that answered replica r1: 1 of 3")


class CannotListen(ClusterTest):
    def start(self, cluster, role):
        result = cluster.pmmc("start", "--id", role)
        self.assertNotIn("without a snapshot", result.err)
        self.assertNotIn("system_error", result.err)
        return result

    def test_at_a_port_that_is_taken(self):
        cluster = self.new_cluster("colocated")
        cluster.init()
        with socket.create_server(("127.0.0.1", cluster.processes[0].port)):
            self.assert_error(self.start(cluster, cluster.processes[0].roles[0]), BAD_USAGE,
                              "cannot listen at 127.0.0.1:.*: Address already in use; is another program")

    def test_at_a_name_that_does_not_resolve(self):
        cluster = self.new_cluster()
        for role in ("r3", "a3"):
            text = cluster.config.read_text()
            cluster.config.write_text(text.replace(cluster[role].address, f"nohost.invalid:{7000}"))
            cluster.run("init", "--id", role)
            self.assert_error(self.start(cluster, role), BAD_USAGE,
                              "cannot listen at nohost.invalid:7000: the name \"nohost.invalid\" does not resolve")
            self.assertIn("down: the name \"nohost.invalid\" does not resolve", cluster.pmmc("status").text)
            cluster.config.write_text(text)


class Inspect(ClusterTest):
    def test_of_a_file(self):
        cluster = self.new_cluster()
        self.assert_error(run_program("inspect", cluster.config), BAD_USAGE, "it is a file, and no directory")


if __name__ == "__main__":
    main()
