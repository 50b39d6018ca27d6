"""The HTTP port: every page, and what it says when something is wrong."""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import threading

from pmmc_cluster import DONE, REPOSITORY, main, wait_until
from pmmc_http import (ANSWER_S, MOST_GROWTH_BYTES, PAGES, ChangingHttpCluster, HttpCluster, HttpTest,
                       SharedHttpTest, answer_to, documented_metrics, value)

MOST_STOP_S = 5.0


class Pages(SharedHttpTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        lines = "".join(f"put k{i} v\n" for i in range(200))
        cls.cluster.run("exec", stdin=lines.encode())
        cls.cluster.run("get", "k1")

    def test_health_and_ready(self):
        for role in ("r1", "r2", "r3"):
            self.assertEqual(self.cluster.await_health(role, 200), "healthy\n")
            wait_until("it is ready", lambda: self.cluster.fetch(role, "/ready")[0] == 200)
            self.assertEqual(self.cluster.fetch(role, "/ready")[2], "ready\n")

    def test_version(self):
        status, headers, text = self.cluster.fetch("r1", "/version")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
        self.assertEqual(json.loads(text), self.cluster.pmmc("version", "--json").json)

    def test_status(self):
        """The cluster as `pmmc status --json` has it, seen from every process."""
        self.cluster.await_equal_replicas()
        for role in ("r1", "r2", "r3"):
            status, headers, text = self.cluster.fetch(role, "/status")
            self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
            page = json.loads(text)
            expected = self.cluster.pmmc("status", "--json").json
            self.assertEqual(page["cluster"].pop("unhealthy"), "")
            self.assertEqual(page["cluster"].keys(), expected.keys())
            for mine, theirs in zip(page["cluster"]["roles"], expected["roles"], strict=True):
                self.assertEqual(mine.keys(), theirs.keys())
                for key in ("id", "role", "address", "up", "why", "state", "ballot", "slot_out"):
                    self.assertEqual(mine.get(key), theirs.get(key))
            own = page["process"]
            self.assertEqual(own["address"], self.cluster[role].address)
            self.assertEqual([r["id"] for r in own["roles"]], self.cluster[role].roles)
            self.assertEqual((own["healthy"], own["ready"], own["why"]), (True, True, ""))

    def test_index_and_unknown_pages(self):
        self.assertEqual(self.cluster.fetch("r1", "/")[0], 200)
        for path in ("/nothing", "/metrics/", "//health", "/" + "x" * 4_000):
            status, _, text = self.cluster.fetch("r1", path)
            self.assertEqual(status, 404)
            self.assertIn("/metrics", text)

    def test_query_strings_are_ignored(self):
        self.assertEqual(self.cluster.fetch("r1", "/version?x=1")[0], 200)

    def test_head_and_other_methods(self):
        for path in PAGES:
            get, head = (self.cluster.fetch("r1", path, method) for method in ("GET", "HEAD"))
            self.assertEqual((head[0], head[2]), (get[0], ""))
            self.assertEqual(head[1]["Content-Type"], get[1]["Content-Type"])
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            status, headers, text = self.cluster.fetch("r1", "/health", method)
            self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"))
            self.assertIn("only GET and HEAD", text)

    def test_many_requests_on_one_connection(self):
        """Pipelined: the answers come in order."""
        with self.cluster.connect("r1") as s:
            paths = ["/version", "/health", "/nothing", "/metrics", "/status"]
            data = b"".join(f"GET {p} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for p in paths)
            answer = answer_to(s, data + b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            self.assertEqual(re.findall(rb"HTTP/1.1 (\d+)", answer),
                             [b"200", b"200", b"404", b"200", b"200", b"200"])

    def test_metrics_pass_promtool(self):
        if shutil.which("promtool") is None:
            self.fail("there is no promtool; scripts/setup --test installs it (Debian: prometheus)")
        for role in ("r1", "r2", "r3"):
            status, headers, text = self.cluster.fetch(role, "/metrics")
            self.assertEqual(status, 200)
            self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
            check = subprocess.run(["promtool", "check", "metrics"], input=text.encode(),
                                   capture_output=True, timeout=60, check=False)
            self.assertEqual((check.returncode, check.stdout, check.stderr), (0, b"", b""))

    def test_metrics_are_those_documented(self):
        def exported():
            return {name: kind for role in ("r1", "r2", "r3")
                    for name, kind in self.cluster.metrics(role)[1].items()}
        with socket.create_connection(("127.0.0.1", self.cluster.redis_port("r1")),
                                      ANSWER_S) as client:
            client.sendall(b"SET time 1\r\n")  # there was no log time before
            self.assertEqual(client.recv(100), b"+OK\r\n")
        wait_until("the ports have seen the log time",
                   lambda: "pmmc_log_time_ahead_seconds" in exported())
        self.assertEqual(exported(), documented_metrics(without=("Server",)))

    def test_the_dashboard_shows_metrics_that_exist_and_all_of_pmmc(self):
        text = (REPOSITORY / "docs" / "grafana-dashboard.json").read_text("utf-8")
        panels = json.loads(text)["panels"]
        used = set()
        for panel in panels:
            for target in panel.get("targets", []):
                used.update(re.findall(r"\b(?:pmmc|process)_\w+", target["expr"]))
        documented = documented_metrics()
        series = {n for n, t in documented.items() if t != "histogram"} | {
            n + end for n, t in documented.items() if t == "histogram"
            for end in ("_bucket", "_sum", "_count")}
        self.assertEqual(used - series, set())
        shown = used | {re.sub("_(bucket|sum|count)$", "", name) for name in used}
        self.assertEqual({n for n in documented if n.startswith("pmmc_")} - shown, set())

    def test_metrics_add_up(self):
        """What was done is what is counted."""
        before = {r: self.cluster.metrics(r)[0] for r in ("r1", "r2", "r3")}
        self.cluster.run("exec", stdin=b"".join(b"append log x\nget log\n" for _ in range(50)))
        self.cluster.await_equal_replicas()
        after = {r: self.cluster.metrics(r)[0] for r in ("r1", "r2", "r3")}

        def total(samples, name, **labels):
            return sum(v for s in samples.values() for its, v in s.get(name, [])
                       if labels.items() <= its.items())

        def growth(name, **labels):
            return total(after, name, **labels) - total(before, name, **labels)

        for operation in ("append", "get"):
            self.assertEqual(growth("pmmc_request_duration_seconds_count", operation=operation,
                                    outcome="ok"), 50)
        batches = growth("pmmc_batch_requests_count")
        self.assertGreaterEqual(growth("pmmc_batch_requests_sum"), 50)
        self.assertGreaterEqual(growth("pmmc_leader_decisions_total"), batches)
        self.assertGreaterEqual(growth("pmmc_sync_duration_seconds_count"), 2)
        for role, samples in after.items():
            slots = value(samples, "pmmc_slot_out") - value(before[role], "pmmc_slot_out")
            self.assertEqual(value(samples, "pmmc_decisions_total") -
                             value(before[role], "pmmc_decisions_total"), slots)
            self.assertEqual(value(samples, "pmmc_peers_up"), 2)
            self.assertEqual(value(samples, "pmmc_healthy"), 1)
            self.assertGreater(value(samples, "process_resident_memory_bytes"), 1 << 20)
            process = self.cluster[role]
            self.assertLess(abs(value(samples, "process_resident_memory_bytes") -
                                process.rss_bytes()), MOST_GROWTH_BYTES)
        self.assertEqual(total(after, "pmmc_leader_active"), 1)


class WithoutQuorum(HttpTest):
    def test_acceptors_die_and_come_back(self):
        cluster = self.http_cluster()
        self.assertEqual(cluster.await_health("r1", 200), "healthy\n")
        cluster["a1"].kill9()
        cluster["a2"].kill9()
        cluster.await_health("r1", 503)
        wait_until("it says which acceptors are not heard", lambda: re.search(
            r"unhealthy: replica r1: no quorum: 1 of 3 acceptors are heard \(needed: 2\), "
            r"not a1 at 127.0.0.1:\d+ a2 at 127.0.0.1:\d+", cluster.health("r1")[1]))
        status, _, ready = cluster.fetch("r1", "/ready")
        self.assertEqual(status, 503)
        self.assertIn("not ready: replica r1: no quorum", ready)
        self.assertEqual(value(cluster.metrics("r1")[0], "pmmc_healthy"), 0)
        page = json.loads(cluster.fetch("r1", "/status")[2])
        self.assertFalse(page["process"]["healthy"])
        self.assertIn("no quorum: 1 of 3", page["cluster"]["unhealthy"])
        page = wait_until("r1 sees that a1 and a2 are down, and nobody else", lambda: next(
            (p for p in [json.loads(cluster.fetch("r1", "/status")[2])]
             if [r["id"] for r in p["cluster"]["roles"] if not r["up"]] == ["a1", "a2"]), None))
        self.assertTrue(all(r["why"] for r in page["cluster"]["roles"] if not r["up"]))
        # The acceptor that is left has nothing to complain about itself, and sees the same.
        self.assertEqual(cluster.health("a3")[0], 200)
        page = wait_until("a3 sees that a1 and a2 are down, and nobody else", lambda: next(
            (p for p in [json.loads(cluster.fetch("a3", "/status")[2])]
             if [r["id"] for r in p["cluster"]["roles"] if not r["up"]] == ["a1", "a2"]), None))
        cluster.start_all()
        self.assertEqual(cluster.await_health("r1", 200), "healthy\n")
        wait_until("it is ready", lambda: cluster.fetch("r1", "/ready")[0] == 200)

    def test_no_leader(self):
        cluster = self.http_cluster()
        cluster["l1"].kill9()
        cluster["l2"].kill9()
        self.assertIn("no leader is active", cluster.await_health("r1", 503))

    def test_two_acceptors_show_each_other(self):
        """Acceptors have no connection with each other but for this page."""
        cluster = self.http_cluster()
        pages = {}

        def fetch(role):
            pages[role] = json.loads(cluster.fetch(role, "/status")[2])

        for _ in range(3):
            threads = [threading.Thread(target=fetch, args=(a,)) for a in ("a1", "a2", "a3")]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
        for role in ("a1", "a2", "a3"):
            wait_until(f"{role} sees all", lambda: all(
                r["up"] for r in json.loads(cluster.fetch(role, "/status")[2])["cluster"]["roles"]))
        cluster.run("put", "k", "v")


class Reconfigured(HttpTest):
    def test_a_process_joins_and_another_leaves(self):
        """What every process shows of the members is what the cluster has, not its config file."""
        cluster = ChangingHttpCluster("colocated")
        self._made.append(cluster)
        self.addCleanup(cluster.stop)
        cluster.launch()
        cluster.await_healthy()
        new, old = cluster.newcomer().join(), cluster["r3"]
        self.assertEqual(cluster.await_health("r4", 200), "healthy\n")
        status, _, text = cluster.fetch("r4", "/ready")
        self.assertEqual(status, 503)
        self.assertIn("replica r4 is no member", text)
        page = json.loads(cluster.fetch("r4", "/status")[2])
        self.assertEqual([(r["id"], r["up"]) for r in page["process"]["roles"]],
                         [("a4", True), ("l4", True), ("r4", True)])
        self.assertNotIn("r4", [r["id"] for r in page["cluster"]["roles"]])
        self.assertEqual(value(cluster.metrics("r1")[0], "pmmc_configuration_version"), 1)
        cluster.reconfig([new], [old])
        old.term()
        wait_until("r4 is ready", lambda: cluster.fetch("r4", "/ready")[0] == 200)
        members = ["a1", "a2", "a4", "l1", "l2", "l4", "r1", "r2", "r4"]
        for role in ("r1", "r2", "r4"):
            def sees_all(role=role):
                shown = json.loads(cluster.fetch(role, "/status")[2])["cluster"]
                return (shown["configuration"]["version"], shown["unhealthy"],
                        sorted(r["id"] for r in shown["roles"])) == ("2", "", members)
            wait_until(f"{role} shows the members", sees_all)
            samples = cluster.metrics(role)[0]
            self.assertEqual(value(samples, "pmmc_configuration_version"), 2)
            self.assertEqual(value(samples, "pmmc_pending_configurations"), 0)
            self.assertEqual({its["peer"]: up for its, up in samples["pmmc_peer_up"]},
                             {cluster[r].address: 1 for r in ("r1", "r2", "r4") if r != role})


class StartAndStop(HttpTest):
    def test_stops_with_open_connections(self):
        cluster = self.http_cluster("colocated")
        with contextlib.ExitStack() as stack:
            for process in cluster.processes:
                role = process.roles[-1]
                idle, half, served = (stack.enter_context(cluster.connect(role)) for _ in range(3))
                half.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
                served.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                served.recv(10)
                code, seconds = process.term()
                self.assertEqual(code, DONE, process.log_tail())
                self.assertLess(seconds, MOST_STOP_S)
                self.assertEqual(answer_to(idle), b"")
        for process in cluster.processes:  # the ports are free again at once
            process.start()
        cluster.await_health("r1", 200)

    def test_the_port_is_taken(self):
        cluster = HttpCluster("colocated")
        self._made.append(cluster)
        self.addCleanup(cluster.stop)
        cluster.init()
        process = cluster.processes[0]
        with socket.create_server(("127.0.0.1", cluster.http[process.name])):
            result = cluster.pmmc("start", "--id", process.roles[0])
            self.assert_error(result, 2, f"cannot listen at 127.0.0.1:{cluster.http[process.name]}",
                              "Address already in use", "ss -ltnp")
        process.start()

    def test_only_the_configured_address(self):
        """127.0.0.1 is served, 127.0.0.2 is not."""
        cluster = self.http_cluster("colocated")
        port = cluster.http[cluster["r1"].name]
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=ANSWER_S)


if __name__ == "__main__":
    main()
