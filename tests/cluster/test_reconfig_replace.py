"""Members are replaced while clients write. Nothing is lost or doubled, and what `reconfig` says can be
switched off is switched off, with kill -9."""

from pmmc_cluster import main
from pmmc_load import Load
from pmmc_machines import ReconfigurationTest


class Replace(ReconfigurationTest):
    def while_writing(self, cluster, change):
        """Runs `change` while two clients write; every write must be done, and once."""
        loads = [Load(cluster, name, per_second=100) for name in ("x", "y")]
        try:
            for load in loads:
                load.await_progress()
            change(loads)
            for load in loads:
                load.await_progress()
                load.finish()
        finally:
            for load in loads:
                load.kill()
        longest = max(load.longest_wait_s() for load in loads)
        print(f"\n{self.id()}: the longest wait of a write was {longest:.2f} s")
        for load in loads:
            load.check()
        cluster.await_equal_replicas()
        cluster.await_healthy()
        cluster.assert_members()

    def next_to_go(self, cluster, old):
        """One that does not lead, as long as there is one."""
        active = cluster.await_leader()
        return next((m for m in old if active not in m.roles), old[0])

    def replace_one_after_the_other(self, size):
        cluster = self.running_cluster("colocated", size)
        old = list(cluster.processes)

        def change(loads):
            while old:
                victim = self.next_to_go(cluster, old)
                old.remove(victim)
                cluster.reconfig([cluster.newcomer().join()], [victim])
                victim.kill9()
                for load in loads:
                    load.await_progress()

        self.while_writing(cluster, change)
        self.assertEqual(cluster.version(), 1 + size)

    def test_each_of_three(self):
        self.replace_one_after_the_other(3)

    def test_each_of_five(self):
        self.replace_one_after_the_other(5)

    def test_all_at_once_and_then_again(self):
        """Of the first members that a newcomer's disk names, none is there any more."""
        cluster = self.running_cluster("colocated")

        def change(loads):
            for _ in range(2):
                old = cluster.machines_of_members()
                cluster.reconfig(cluster.newcomers(3), old)
                self.switch_off(old)

        self.while_writing(cluster, change)

    def test_three_acceptors_by_three_others(self):
        """The other roles stay."""
        cluster = self.running_cluster("separate")
        old = [cluster[a] for a in cluster.ids("acceptor")]

        def change(loads):
            cluster.reconfig(cluster.newcomers(3, "acceptor"), old)
            self.switch_off(old)

        self.while_writing(cluster, change)

    def test_grow_and_shrink(self):
        cluster = self.running_cluster("colocated")
        old = list(cluster.processes)

        def change(loads):
            self.assertEqual(cluster.reconfig(cluster.newcomers(2))["quorum"], 3)
            self.assertEqual(cluster.reconfig([], old[:2])["quorum"], 2)
            self.switch_off(old[:2])

        self.while_writing(cluster, change)

    def back(self, switched_off):
        cluster = self.running_cluster("colocated")
        old = list(cluster.processes)

        def change(loads):
            new = cluster.newcomers(3)
            cluster.reconfig(new, old)
            if switched_off:
                self.switch_off(old)
            for load in loads:
                load.await_progress()
            for machine in old:
                if switched_off:
                    machine.start("--rejoin")
            cluster.reconfig(old, new)
            self.switch_off(new)

        self.while_writing(cluster, change)
        self.assertEqual(cluster.version(), 3)

    def test_back_to_the_first_members_that_still_run(self):
        self.back(switched_off=False)

    def test_back_to_the_first_members_that_were_switched_off(self):
        self.back(switched_off=True)


if __name__ == "__main__":
    main()
