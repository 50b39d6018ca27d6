"""Clusters whose members change. Every process is on a machine of its own, as it were: with its own
config file and its own disk, so that what it knows of the others it was told by them."""

import shutil

from pmmc_cluster import DONE, Cluster, ClusterTest, Process
from pmmc_engine import KINDS


class Machine(Process):
    """A process that has a config file and data directories of its own. `kinds`: kind → id.
    `folder`: of another machine, whose disk this one has."""

    def __init__(self, cluster, address, kinds, folder=None):
        super().__init__(cluster, address, list(kinds.values()))
        self.kinds = kinds
        self.directory = folder or cluster.directory / self.name
        self.directory.mkdir(exist_ok=folder is not None)
        self.config = self.directory / "cluster.conf"
        self.write_config()

    def write_config(self):
        """What an operator knows now: the members, and the roles of this machine."""
        own = {role: (kind, self.address) for kind, role in self.kinds.items()}
        self.config.write_text(self.cluster.config_text(roles={**self.cluster.roles, **own},
                                                        data=self.directory / "data"), "ascii")

    def data(self, role):
        return self.directory / "data" / role

    def init(self):
        ids = [word for role in self.roles for word in ("--id", role)]
        return self.cluster.run("init", *ids, config=self.config)

    def join(self):
        """Formatted and started, but no member yet."""
        self.init()
        self.start()
        return self

    def lose_disk(self, spare):
        """It is dead, and whoever repairs it gives it a disk that was never used: a directory that
        Cluster.spare_disk() made."""
        self.kill9()
        shutil.rmtree(self.directory / "data")
        shutil.copytree(spare, self.data(self.roles[0]))

    def added(self):
        """The words of `reconfig` that add its roles."""
        return [w for k, i in self.kinds.items() for w in ("--add", f"{k}:{i}={self.address}")]

    def removed(self):
        return [w for k, i in self.kinds.items() for w in ("--remove", f"{k}:{i}")]


class ChangingCluster(Cluster):
    """`roles` are the members as the test believes them to be. reconfig() keeps them up to date, and
    the config file of clients as well; what is given to pmmc() does not. Machines keep theirs."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.processes = [Machine(self, p.address, {self.roles[i][0]: i for i in p.roles})
                          for p in self.processes]
        self.kinds = KINDS[self.engine]
        self._numbers = {kind: len(self.ids(kind)) for kind in self.kinds}

    def init(self):
        for machine in self.processes:
            machine.init()

    def data(self, role):
        return self[role].data(self.own_id(role))

    def newcomer(self, *kinds):
        """A machine with roles of these kinds (all if none is named) that have new ids. Nothing is
        formatted or started."""
        named = {}
        for kind in (kinds if self.engine == "pmmc" else ()) or self.kinds:
            self._numbers[kind] += 1
            named[kind] = f"{kind[0]}{self._numbers[kind]}"
        for kind in ("replica", "server"):
            if self.redis and kind in named:
                self.redis[named[kind]] = self.new_address()
        machine = Machine(self, self.new_address(), named)
        self.processes.append(machine)
        return machine

    def newcomers(self, count, *kinds):
        return [self.newcomer(*kinds).join() for _ in range(count)]

    def change(self, add=(), remove=()):
        """The words of the command that adds and removes all roles of machines."""
        return ["reconfig", *(w for m in add for w in m.added()),
                *(w for m in remove for w in m.removed())]

    def reconfig(self, add=(), remove=(), **options):
        """Does it, and demands that it is done and that every removed machine may be switched off.
        Returns what `reconfig --json` prints."""
        result = self.run(*self.change(add, remove), "--json", **options).json
        self.take_over(add, remove)
        for row in result["removed"]:
            if not row["process_can_be_switched_off"]:
                raise AssertionError(f"{row} is removed, but is not said to be of no use")
        return result

    def take_over(self, add=(), remove=()):
        """After a command that did not go through reconfig()."""
        for machine in remove:
            for role in machine.roles:
                del self.roles[role]
        for machine in add:
            self.roles.update({i: (k, machine.address) for k, i in machine.kinds.items()})
        self.config.write_text(self.config_text(), "ascii")

    def configurations(self, **options):
        return self.run("config", "--json", **options).json["configurations"]

    def latest(self, **options):
        return self.configurations(**options)[-1]

    def version(self, **options):
        return int(self.latest(**options)["version"])

    def assert_members(self, **options):
        """The cluster's latest configuration is what the test believes."""
        latest = self.latest(**options)
        for kind in self.kinds:
            if sorted(latest[kind + "s"]) != sorted(self.ids(kind)):
                raise AssertionError(f"{latest} has other {kind}s than {self.ids(kind)}")

    def machines_of_members(self):
        return [m for m in self.processes if any(role in self.roles for role in m.roles)]


class ReconfigurationTest(ClusterTest):
    def new_cluster(self, *args, **options):
        cluster = ChangingCluster(*args, **options)
        self._made.append(cluster)
        self.addCleanup(cluster.stop)
        return cluster

    def switch_off(self, machines):
        for machine in machines:
            machine.kill9()

    def assert_done(self, result):
        self.assertEqual(result.code, DONE, str(result))
