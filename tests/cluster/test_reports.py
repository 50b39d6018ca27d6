"""status, config, fingerprint, inspect, version: the shapes that scripts rely on."""

from pmmc_cluster import BAD_USAGE, DONE, SharedClusterTest, main, run_program


class Reports(SharedClusterTest):
    def test_status_json(self):
        self.cluster.run("put", "s", "1")
        result = self.cluster.run("status", "--json")
        self.assertEqual(list(result.json), ["roles", "configuration", "survives", "engine"])
        self.assertEqual([r["id"] for r in result.json["roles"]], list(self.cluster.roles))
        for row in result.json["roles"]:
            self.check_status_row(row)
        self.assertEqual(result.json["configuration"],
                         {"version": "1", "first_slot": "1", "acceptors": ["a1", "a2", "a3"],
                          "leaders": ["l1", "l2"], "replicas": ["r1", "r2", "r3"]})
        self.assertEqual(result.json["survives"], 1)
        self.assertEqual(result.json["engine"], "pmmc")

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


if __name__ == "__main__":
    main()
