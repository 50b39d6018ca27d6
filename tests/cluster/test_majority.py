"""Acceptors die: a minority is not missed, without a majority nothing is promised."""

from pmmc_cluster import (DONE, NOT_EXECUTED, PATIENCE_S, UNHEALTHY, UNKNOWN, ClusterTest, main)

TIMEOUT_S = 4  # a replica knows after three seconds that a read gets no quorum
SLACK_S = 4.0  # for connecting and for a busy machine


class Majority(ClusterTest):
    def without(self, cluster, dead):
        for role in dead:
            cluster[role].kill9()

    def assert_works(self, cluster, value):
        cluster.run("put", "k", value, timeout_s=PATIENCE_S)
        self.assertEqual(cluster.get("k", timeout_s=PATIENCE_S), value.encode())

    def assert_unavailable(self, cluster):
        """Every command ends in time, with the documented code and a text that explains."""
        get = cluster.pmmc("get", "k", timeout_s=TIMEOUT_S)
        self.assert_error(get, NOT_EXECUTED, "unavailable, not executed", "pmmc status",
                          "acceptor|majority|quorum")
        for _ in range(3):  # on a busy machine the replica may not have noticed in this time
            put = cluster.pmmc("put", "k", "lost or not", timeout_s=TIMEOUT_S)
            if "did not answer" not in put.err:
                break
        self.assertIn(put.code, (NOT_EXECUTED, UNKNOWN), str(put))
        self.assertRegex(put.err, "not executed|outcome unknown")
        self.assertRegex(put.err, "acceptor|majority|quorum|leader")
        for result in (get, put):
            self.assertLess(result.seconds, TIMEOUT_S + SLACK_S, str(result))
        status = cluster.pmmc("status")
        self.assert_error(status, UNHEALTHY, "no quorum: 1 of 3", "pmmc start --id")
        return put

    def test_a_minority(self):
        cluster = self.running_cluster()
        for role in cluster.ids("acceptor"):
            self.without(cluster, [role])
            self.assert_works(cluster, f"without {role}")
            self.assert_error(cluster.pmmc("status"), UNHEALTHY, f"down: {role}")
            cluster[role].start()
            cluster.await_healthy()

    def test_a_majority(self):
        cluster = self.running_cluster()
        self.assert_works(cluster, "before")
        self.without(cluster, ["a1", "a2"])
        put = self.assert_unavailable(cluster)
        cluster["a1"].start()
        value = cluster.get("k", timeout_s=PATIENCE_S)
        allowed = (b"before",) if put.code == NOT_EXECUTED else (b"before", b"lost or not")
        self.assertIn(value, allowed)
        self.assert_works(cluster, "after")
        cluster["a2"].start()
        cluster.await_healthy()
        cluster.await_equal_replicas()

    def test_a_majority_of_stopped_ones(self):
        """Acceptors that hold their connections and say nothing are no better than dead ones."""
        cluster = self.running_cluster()
        self.assert_works(cluster, "before")
        for role in ("a1", "a2"):
            cluster[role].stop()
        self.assert_unavailable(cluster)
        for role in ("a1", "a2"):
            cluster[role].cont()
        self.assert_works(cluster, "after")
        cluster.await_healthy()

    def test_writes_that_wait_for_the_majority_are_done_once(self):
        cluster = self.running_cluster()
        cluster.run("put", "n", "0")
        self.without(cluster, ["a1", "a2"])
        with cluster.background("incr", "n", "--timeout", "60") as waiting:
            self.assertEqual(cluster.pmmc("get", "n", timeout_s=TIMEOUT_S).code, NOT_EXECUTED)
            cluster["a1"].start()
            result = waiting.wait()
        self.assertEqual((result.code, result.out), (DONE, b"1\n"), str(result))
        self.assertEqual(cluster.get("n"), b"1")

    def test_all_replicas_dead(self):
        cluster = self.running_cluster()
        self.assert_works(cluster, "before")
        self.without(cluster, cluster.ids("replica"))
        for words in (["put", "k", "v"], ["get", "k"]):
            result = cluster.pmmc(*words, timeout_s=TIMEOUT_S)
            self.assert_error(result, NOT_EXECUTED, cluster["r1"].address, cluster["r3"].address)
            self.assertLess(result.seconds, TIMEOUT_S + SLACK_S, str(result))
        for command in ("fingerprint", "config", "export"):
            self.assert_error(cluster.pmmc(command, timeout_s=TIMEOUT_S), NOT_EXECUTED,
                              cluster["r1"].address)
        self.assert_error(cluster.pmmc("status"), UNHEALTHY, "down: r1 r2 r3")
        cluster["r2"].start()
        self.assertEqual(cluster.get("k", timeout_s=PATIENCE_S), b"before")

    def test_all_leaders_dead(self):
        cluster = self.running_cluster()
        self.assert_works(cluster, "before")
        self.without(cluster, cluster.ids("leader"))
        result = cluster.pmmc("put", "k", "v", timeout_s=TIMEOUT_S)
        self.assertIn(result.code, (NOT_EXECUTED, UNKNOWN), str(result))
        self.assertRegex(result.err, "leader|replica")
        self.assert_error(cluster.pmmc("status"), UNHEALTHY, "no leader is active")
        cluster["l1"].start()
        self.assert_works(cluster, "after")


if __name__ == "__main__":
    main()
