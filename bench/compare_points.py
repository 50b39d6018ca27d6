"""What is measured, and what pmmc is to reach in comparison with the others."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Point:
    clients: int
    value_bytes: int = 64
    gets: bool = False

    @property
    def name(self):
        kind = "get" if self.gets else "put"
        size = "" if self.value_bytes == 64 else f"-{self.value_bytes}B"
        return f"{kind}{size}-{self.clients}"


POINTS = [Point(1), Point(16), Point(64), Point(256), Point(1000), Point(64, value_bytes=1024),
          Point(64, gets=True), Point(256, gets=True)]
QUICK_POINTS = [Point(1), Point(64), Point(256), Point(64, gets=True)]

# Of pmmc in three processes, by point: at least so many times a system's operations per second.
LEAST = {
    "put-1": {"etcd": 2, "redis": 1},
    "put-16": {"etcd": 4, "redis": 1.3},
    "put-64": {"etcd": 6, "redis": 1.7},
    "put-256": {"etcd": 7, "redis": 1.8},
    "put-1000": {"etcd": 5, "redis": 1.5},
    "put-1024B-64": {"etcd": 4, "redis": 1.3},
    "get-64": {"etcd": 8},
    "get-256": {"etcd": 8},
}
AIM = {
    "put-1": {"etcd": 3.6},
    "put-16": {"etcd": 6, "floor": 1},
    "put-64": {"etcd": 7, "floor": 0.9},
    "put-256": {"etcd": 9.5, "floor": 0.85},
    "put-1000": {"etcd": 7, "floor": 0.65},
    "put-1024B-64": {"etcd": 5.5, "floor": 0.7},
}
# Every role in a process of its own: this share of the above.
SEPARATE_SHARE = 2 / 3
# Latency: p99 below that of each of these, at each point; with the aim of this many times the floor's.
P99_BELOW = ["etcd", "zookeeper", "redis"]
P99_AIM = {"floor": 1.5}
# Server CPU per 1,000 operations, by point: at most this many times a system's.
CPU_MOST = {"put-256": {"etcd": 1 / 5}}
# Memory of a process at rest, MB.
MEMORY_MOST_MB = 50
MEMORY_AIM_MB = 25
