"""Lets the tests of this folder use the helpers of tests/cluster. Import it first."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cluster"))

# How much is tried: 1 for a short run, more for a long one (scripts/soak).
EFFORT = int(os.environ.get("PMMC_EFFORT", "1"))

# For ctest: what a test needs is not there, so it is skipped.
SKIPPED = 77
