"""What clients see while processes die is linearizable, as `pmmc check` judges it."""

import json

from pmmc_cluster import BAD_USAGE, DONE, PRECONDITION, ClusterTest, main, run_program
from pmmc_load import RecordedClient, check_histories

KEYS = ["x", "y", "counter"]


class Histories(ClusterTest):
    def clients(self, cluster, count=6):
        clients = [RecordedClient(cluster, f"c{i}", KEYS, self.random.random()) for i in range(count)]
        for client in clients:
            self.addCleanup(client.kill)
        return clients

    def assert_linearizable(self, clients):
        result = check_histories([c.history for c in clients])
        self.assertEqual(result.code, DONE, str(result))
        self.assertRegex(result.text, r"^linearizable: \d{3,} operations")

    def assert_forgery_is_noticed(self, clients):
        """The same history with one value read that nobody wrote."""
        lines = [line for c in clients for line in c.history.read_text("utf-8").splitlines()]
        at = max(i for i, line in enumerate(lines)
                 if '"get"' in line and '"result":"ok"' in line and '"key":"x"' in line)
        operation = json.loads(lines[at])
        operation["value"] += "!"
        lines[at] = json.dumps(operation)
        forged = clients[0].history.with_name("forged.jsonl")
        forged.write_text("\n".join(lines) + "\n", "utf-8")
        result = run_program("check", "--history", forged)
        self.assertEqual(result.code, PRECONDITION, str(result))
        self.assertIn("key x: no order of its operations explains", result.text)
        self.assertLess(len(result.text.splitlines()), 60, str(result))

    def test_keys_that_were_there_before(self):
        cluster = self.running_cluster("colocated")
        cluster.run("put", "old", "1")
        history = cluster.directory / "history.jsonl"
        cluster.run("exec", "--history", history, stdin=b"get old\n")
        result = run_program("check", "--history", history)
        self.assertEqual(result.code, PRECONDITION, str(result))
        self.assertIn("Every key is taken as absent at the beginning", result.text)
        begun = cluster.directory / "begun.jsonl"
        cluster.run("exec", "--history", begun, stdin=b"put old 2\nget old\ndel old\nget old\n")
        self.assertEqual(run_program("check", "--history", begun).code, DONE)

    def test_only_a_history_is_appended_to(self):
        cluster = self.running_cluster("colocated")
        other = cluster.directory / "letter.txt"
        other.write_text("Dear friend,\n")
        result = cluster.run("exec", "--history", other, stdin=b"put h 1\n", code=BAD_USAGE)
        self.assertIn("is no history", result.err)
        self.assertEqual(other.read_text(), "Dear friend,\n")
        self.assertIsNone(cluster.get("h"))
        history = cluster.directory / "history.jsonl"
        history.touch()
        for _ in range(2):
            cluster.run("exec", "--history", history, stdin=b"put h 1\n")
        self.assertEqual(run_program("check", "--history", history).code, DONE)

    def test_the_active_leader_is_killed(self):
        cluster = self.running_cluster()
        clients = self.clients(cluster)
        for _ in range(3):
            leader = cluster[cluster.await_leader()]
            for client in clients:
                client.await_progress()
            leader.kill9()
            for client in clients:
                client.await_progress()
            leader.start()
        for client in clients:
            client.finish()
        self.assert_linearizable(clients)
        self.assert_forgery_is_noticed(clients)

    def test_every_replica_and_two_clients_are_killed(self):
        cluster = self.running_cluster()
        clients = self.clients(cluster)
        for number, role in enumerate(cluster.ids("replica")):
            for client in clients[:4]:
                client.await_progress()
            cluster[role].kill9()
            if number < 2:
                clients[4 + number].await_progress()  # or it has not begun its history yet
                clients[4 + number].kill()
            for client in clients[:4]:
                client.await_progress()
            cluster[role].start()
        for client in clients[:4]:
            client.finish()
        self.assert_linearizable(clients)  # what the dead ones had under way may or may not count


class Files(ClusterTest):
    def test_mistakes_in_a_file(self):
        file = self.new_cluster().directory / "bad.jsonl"
        file.write_text('{"client":"a","operation":"put","key":"k","arguments":["v"],"result":"ok",'
                        '"call":"5","return":"4"}\nnonsense\n', "utf-8")
        self.assert_error(run_program("check", "--history", file), BAD_USAGE,
                          r'bad\.jsonl:1: "return" is before "call"; ', r"bad\.jsonl:2: .*JSON")
        self.assert_error(run_program("check", "--history", file.with_name("none")), BAD_USAGE,
                          "cannot read .*none")
        self.assert_error(run_program("check"), BAD_USAGE, "--history FILE says")

    def test_json(self):
        file = self.new_cluster().directory / "stale.jsonl"
        file.write_text('{"client":"a","operation":"put","key":"k","arguments":["v"],"result":"ok",'
                        '"call":"1","return":"2"}\n'
                        '{"client":"b","operation":"get","key":"k","result":"absent",'
                        '"call":"3","return":"4"}\n', "utf-8")
        result = run_program("check", "--json", "--history", file)
        self.assertEqual(result.code, PRECONDITION, str(result))
        self.assertEqual(result.json["verdict"], "not linearizable")
        self.assertEqual(result.json["not_linearizable"], ["k"])
        self.assertEqual([o["client"] for o in result.json["violations"][0]["operations"]], ["a", "b"])


if __name__ == "__main__":
    main()
