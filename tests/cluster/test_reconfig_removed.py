"""Removed processes, and processes and clients that know an old membership only."""

import json
import re

from pmmc_cluster import BAD_USAGE, PRECONDITION, main, wait_until
from pmmc_machines import ReconfigurationTest


class Removed(ReconfigurationTest):
    def setUp(self):
        """Version 2 has a machine in place of `gone`, which still runs."""
        self.cluster = self.running_cluster("colocated")
        self.old_config = self.cluster.client_config("old.conf")
        self.gone = self.cluster.processes[0]
        self.cluster.reconfig([self.cluster.newcomer().join()], [self.gone])

    def assert_ends(self, machine, *patterns):
        """Started, it ends by itself, with exit 2 and these words."""
        before = len(machine.log_text())
        machine.launch()
        code = wait_until("it ends by itself", lambda: machine.child.poll() is not None
                          and (machine.child.poll(),))[0]
        said = machine.log_text()[before:]
        self.assertEqual(code, BAD_USAGE, said)
        for pattern in patterns:
            self.assertRegex(said, pattern)

    def test_started_again_it_says_so_and_ends(self):
        self.gone.kill9()
        self.assert_ends(self.gone, "was removed from the cluster in version 2", "--rejoin")
        self.cluster.run("put", "k", "v")

    def test_without_what_it_remembers_it_learns_it_from_the_others(self):
        self.gone.kill9()
        for role in self.gone.roles:
            (self.gone.data(role) / "members").unlink()
        self.assert_ends(self.gone, "removed from the cluster in version 2", "says the process at")
        # It remembers it from now on, or asks again; in either case it does not stay.
        self.assert_ends(self.gone, "removed from the cluster in version 2")

    def test_added_again_it_is_not_to_be_formatted(self):
        self.gone.kill9()
        result = self.cluster.pmmc("reconfig", "--add", f"acceptor:a1={self.gone.address}")
        self.assert_error(result, PRECONDITION, f"acceptor a1 at {self.gone.address} cannot be added: nothing "
                          "listens there. It was a member, and has to run first, with its own data "
                          "directory: `pmmc start --id a1 --rejoin`")
        self.assertNotIn("pmmc init", result.err)
        self.assert_error(self.cluster.pmmc("reconfig", "--add", f"leader:a1={self.gone.address}"),
                          PRECONDITION, "a1 is of another kind, that of a former acceptor")

    def test_one_that_was_down_when_it_was_removed(self):
        self.gone.kill9()  # it might be the first that it meets, and only tell it of the members
        victim = self.cluster.processes[1]
        victim.kill9()
        self.cluster.reconfig([self.cluster.newcomer().join()], [victim])
        self.assert_ends(victim, "removed from the cluster in version 3")
        self.cluster.run("put", "k", "v")
        self.cluster.await_equal_replicas()

    def test_a_running_one_sends_its_clients_on(self):
        """The client's config file names nobody that can be reached but the removed process."""
        self.cluster.run("put", "k", "v")
        others = {p.address: self.cluster.new_address() for p in self.cluster.processes[1:]}
        text = self.old_config.read_text()
        for address, nobody in others.items():
            text = text.replace(address, nobody)
        only = self.cluster.directory / "only-removed.conf"
        only.write_text(text)
        self.cluster.run("put", "k", "w", config=only)
        self.assertEqual(self.cluster.get("k", config=only), b"w")
        row = {r["id"] for r in
               json.loads(self.cluster.pmmc("status", "--json", config=only).out)["roles"]}
        self.assertEqual(row, set(self.cluster.roles))

    def test_clients_with_an_old_config_file(self):
        self.gone.kill9()
        for i in range(5):
            self.cluster.run("put", "k", str(i), config=self.old_config)
        self.assertEqual(self.cluster.version(config=self.old_config), 2)
        self.cluster.assert_members(config=self.old_config)

    def test_members_with_an_old_config_file(self):
        """Those that stayed have the first config file, and one has lost what it remembers as well."""
        self.gone.kill9()
        self.cluster.run("put", "k", "v")
        stayed = self.cluster.processes[1:3]
        for machine in stayed:
            machine.kill9()
        for role in stayed[1].roles:
            (stayed[1].data(role) / "members").unlink()
        for machine in stayed:
            machine.start()
        self.cluster.run("put", "k", "w")
        self.cluster.await_healthy()
        self.cluster.await_equal_replicas()
        self.cluster.assert_members()
        for role in self.gone.roles:
            self.assertRegex(stayed[0].log_text(),
                             rf"config file has {role} at {re.escape(self.gone.address)}")

    def test_added_again_with_its_disk(self):
        self.gone.kill9()
        self.gone.start("--rejoin")
        self.cluster.reconfig([self.gone])
        self.cluster.run("put", "k", "v")
        self.cluster.await_healthy()
        self.gone.restart()
        self.cluster.await_equal_replicas()


if __name__ == "__main__":
    main()
