"""Processes that die, or whose calls fail, at a chosen call: the settings of fail_point.cpp."""

import dataclasses
import os
import pathlib

LIBRARY = pathlib.Path(os.environ.get("PMMC_FAIL_POINT", "libfail_point.so")).resolve()


@dataclasses.dataclass(frozen=True)
class FailPoint:
    call: str  # create, write, sync, rename, send
    at: int
    when: str  # before, after, half, error, skip
    errno: int = 0

    def __str__(self):
        return f"{self.when} {self.call} {self.at}" + (f" (errno {self.errno})" if self.errno else "")

    def environment(self, told):
        """What arms it in a process. The file `told` is made when it happens."""
        return {"LD_PRELOAD": str(LIBRARY), "PMMC_FAIL_CALL": self.call, "PMMC_FAIL_AT": str(self.at),
                "PMMC_FAIL_WHEN": self.when, "PMMC_FAIL_ERRNO": str(self.errno),
                "PMMC_FAIL_TOLD": str(told)}


# A process under load does some ten syncs a second, more writes and sends, and few renames and new
# files: the least and the largest call at which it is made to fail.
RANGES = {"create": (1, 30), "write": (1, 400), "sync": (1, 120), "rename": (1, 6), "send": (1, 600)}


def all_kinds():
    """(call, when) of every way to die."""
    return [(call, when) for call in RANGES for when in ("before", "after", "half")
            if when != "half" or call in ("write", "send")]


def fatal(rng, call, when):
    """A point to die at; small numbers are as likely as large ones."""
    least, most = RANGES[call]
    return FailPoint(call, int(least * (most / least) ** rng.random()), when)
