"""`pmmc bench`: its figures are there, and are those of what the cluster did."""

import os

from pmmc_cluster import BAD_USAGE, NOT_EXECUTED, main, run_program, wait_until
from test_http import HttpTest

KEYS = 200
CLIENTS = 6
SESSIONS = 3
SHORT = ("--json", "--clients", CLIENTS, "--keys", KEYS, "--warm-up", 0, "--duration", 1)


class Bench(HttpTest):
    def bench(self, cluster, *words, **options):
        return cluster.run("bench", *map(str, (*SHORT, *words)), **options).json

    def requests(self, cluster):
        """Requests in all slots that were proposed so far."""
        return sum(value for p in cluster.processes
                   for _, value in cluster.metrics(p.roles[0])[0].get("pmmc_batch_requests_sum", []))

    def assert_figures(self, result, kind):
        """One kind of operations was measured, and everything about it and the servers is there."""
        self.assertGreater(int(result[kind]["count"]), 0)
        self.assertEqual(result["operations"], result[kind])
        self.assertEqual(result["measured"]["done"], result[kind]["count"])
        self.assertEqual(result["troubles"], {})
        self.assertAlmostEqual(result[kind]["per_second"] * result["seconds"], int(result[kind]["count"]), 3)
        latencies = [result[kind][name] for name in ("p50_ms", "p99_ms", "p999_ms", "max_ms")]
        self.assertEqual(latencies, sorted(latencies))
        self.assertGreater(latencies[0], 0)
        servers = result["servers"]
        self.assertGreaterEqual(servers["cpu_seconds_per_1000_operations"], 0)
        self.assertEqual({p["pid"] for p in servers["processes"]}, {p.pid for p in self.cluster.processes})
        for process in servers["processes"]:
            self.assertGreater(int(process["resident_bytes_at_rest"]), 1 << 20)
            self.assertGreater(int(process["resident_bytes"]), 1 << 20)

    def test_puts_are_counted_as_the_cluster_counts_them(self):
        self.cluster = self.http_cluster("colocated")
        self.cluster.run("put", "k", "v")  # with it the cluster's identity is decided
        self.cluster.await_equal_replicas()
        # /metrics answers with a report that is up to a moment old: wait for the one that has it all.
        wait_until("a session, a put, its end and the identity are counted",
                   lambda: self.requests(self.cluster) >= 4)
        before = self.requests(self.cluster)
        result = self.bench(self.cluster, "--sessions", SESSIONS)
        self.assert_figures(result, "put")
        # Each session was opened and ended by a request, too.
        expected = before + int(result["whole_run"]["put"]["done"]) + 2 * SESSIONS
        wait_until("all that was done is counted", lambda: self.requests(self.cluster) >= expected)
        self.assertEqual(self.requests(self.cluster), expected)
        servers = result["servers"]
        self.assertEqual(servers["unavailable"], {})
        self.assertGreater(servers["slots_per_second"], 0)
        self.assertGreaterEqual(servers["commands_per_slot"], 1)
        self.assertGreater(servers["syncs_per_second"], 0)
        self.assertGreaterEqual(servers["records_per_sync"], 1)
        self.assertGreater(servers["syncs_per_command"], 0)
        # A slot takes an accept and its answer, at least.
        self.assertGreaterEqual(servers["messages_per_command"] * servers["commands_per_slot"], 2)

    def test_gets_of_preloaded_keys_find_them_all(self):
        self.cluster = self.http_cluster("colocated")
        result = self.bench(self.cluster, "--gets", 100, "--preload")
        self.assert_figures(result, "get")
        self.assertEqual(int(result["whole_run"]["put"]["done"]), KEYS)
        self.assertEqual(result["measured"]["absent"], "0")
        self.assertEqual(len(self.cluster.run("export").out.splitlines()), KEYS)

    def test_over_redis_ports(self):
        self.cluster = self.http_cluster("colocated", redis=True)
        before = self.requests(self.cluster)
        result = self.bench(self.cluster, "--redis")
        self.assert_figures(result, "put")
        self.assertGreaterEqual(self.requests(self.cluster), before + 1)
        self.assertEqual(len(self.cluster.run("export").out.splitlines()[0].split(b"\t")[0]), 16)

    def test_a_figure_that_cannot_be_had_is_said_to_be_missing(self):
        self.cluster = self.http_cluster("colocated")
        config = self.cluster.client_config("no-http.conf")
        servers = self.bench(self.cluster, config=config)["servers"]
        self.assertIsNone(servers["syncs_per_second"])
        self.assertIn("has no HTTP port", servers["unavailable"]["syncs_per_second"])
        self.assertGreater(servers["slots_per_second"], 0)

    def test_nobody_answers(self):
        result = self.new_cluster("colocated").run("bench", timeout_s=1, code=NOT_EXECUTED)
        self.assertIn("no operation went well", result.err)
        self.assertIn("nothing listens", result.err)

    def test_what_makes_no_sense_is_refused(self):
        for words in (["--clients", "0"], ["--gets", "101"], ["--duration", "0"], ["--wait", "1"],
                      ["--redis=nowhere"], ["word"]):
            result = run_program("bench", *words, env={"PMMC_CONFIG": os.devnull})
            self.assertEqual(result.code, BAD_USAGE, str(result))


if __name__ == "__main__":
    main()
