"""How long the cluster is without a leader. Prints the time; demands no more than that it ends."""

import statistics
import time

from pmmc_cluster import ClusterTest, main

MOST_S = 20.0
ROUNDS = 3


class Failover(ClusterTest):
    def measure(self, disturb):
        cluster = self.running_cluster()
        times = []
        for number in range(ROUNDS):
            victim = cluster[cluster.await_leader()]
            cluster.run("put", "k", "before")
            disturb(victim)
            began = time.monotonic()
            cluster.run("put", "k", str(number), timeout_s=MOST_S)
            times.append(time.monotonic() - began)
            self.assertEqual(cluster.get("k"), str(number).encode())
            self.repair(victim)
            cluster.await_healthy()
        print(f"\n{self.id()}: the next put was done after "
              f"{', '.join(f'{t:.2f}' for t in times)} s (median {statistics.median(times):.2f} s)")
        self.assertLess(max(times), MOST_S)

    def repair(self, process):
        if process.running:
            process.cont()
        else:
            process.start()

    def test_kill_9(self):
        self.measure(lambda leader: leader.kill9())

    def test_sigterm(self):
        self.measure(lambda leader: leader.term())

    def test_sigstop(self):
        self.measure(lambda leader: leader.stop())


if __name__ == "__main__":
    main()
