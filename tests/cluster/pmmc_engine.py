"""What decides the log in the tests: PMMC_ENGINE=pmmc (the default), raft or simple.

Tests are written in the words of PMMC. A cluster of another engine has servers s1, s2, … in the place of
its processes, one where a colocated cluster has a process: whoever asks for a1, l1 or r1 gets s1, and all
of them where the acceptors or the replicas are asked for. What is about PMMC's own roles is marked
`only_pmmc`, and what changes members `changes_members`.
"""

import os
import unittest

ENGINE = os.environ.get("PMMC_ENGINE") or "pmmc"
PMMC_KINDS = ("acceptor", "leader", "replica")
KINDS = {"pmmc": PMMC_KINDS, "raft": ("server",), "simple": ("server",)}

only_pmmc = unittest.skipIf(ENGINE != "pmmc", "it is about the roles of PMMC")
changes_members = unittest.skipIf(ENGINE == "simple", "the members of a cluster of simple are fixed")
elects_leaders = unittest.skipIf(ENGINE == "simple", "nobody leads")


def server_for(role):
    """The server that stands for one of PMMC's roles: s2 for a2."""
    return "s" + role[1:] if role[0] in "alr" and role[1:].isdigit() else role
