"""kill -9 for every process at once, again and again, while clients write.

PMMC_RESTARTS sets how often (5 if it is not set).
"""

import os

from pmmc_cluster import DONE, NOT_EXECUTED, UNKNOWN, ClusterTest, main
from pmmc_engine import only_pmmc
from pmmc_load import Load

RESTARTS = int(os.environ.get("PMMC_RESTARTS", "5"))


class EverythingDies(ClusterTest):
    def test_nothing_acknowledged_is_lost(self):
        """Clients with patience see nothing of it, and neither does the store."""
        cluster = self.running_cluster()
        patient = Load(cluster, "patient", timeout_s=60)
        hasty = []
        try:
            for number in range(RESTARTS):
                hasty.append(Load(cluster, f"hasty{number}", timeout_s=1))
                for load in (patient, hasty[-1]):
                    load.await_progress()
                cluster.kill9_all()
                cluster.start_all()
                patient.await_progress()
            self.assertIn([h.stop() for h in hasty][-1], (DONE, NOT_EXECUTED, UNKNOWN))
            patient.finish()
        finally:
            for load in (patient, *hasty):
                load.kill()
        for load in (patient, *hasty):
            load.check()
        cluster.await_equal_replicas()
        cluster.await_healthy()

    @only_pmmc
    def test_colocated(self):
        cluster = self.running_cluster("colocated")
        load = Load(cluster, "load", timeout_s=60)
        try:
            for _ in range(RESTARTS):
                load.await_progress()
                cluster.kill9_all()
                cluster.start_all()
            load.await_progress()
            load.finish()
        finally:
            load.kill()
        load.check()
        cluster.await_equal_replicas()

    def test_one_after_the_other(self):
        """A rolling restart with SIGTERM: no client notices."""
        cluster = self.running_cluster()
        load = Load(cluster, "load")
        try:
            for process in cluster.processes:
                load.await_progress()
                self.assertEqual(process.term()[0], DONE)
                process.start()
            load.await_progress()
            load.finish()
        finally:
            load.kill()
        load.check()
        cluster.await_equal_replicas()


if __name__ == "__main__":
    main()
