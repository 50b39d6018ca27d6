"""Running the program: commands to their end, beside the test, and in a conversation with it."""

import ctypes
import dataclasses
import json
import os
import pathlib
import select
import signal
import subprocess
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("PMMC_BINARY", REPOSITORY / "build" / "pmmc")).resolve()

PATIENCE_S = 30.0  # for what should take a second; a bound for broken programs, not a measurement
POLL_S = 0.05

# Exit codes of the program.
DONE, INTERNAL, BAD_USAGE, ABSENT, NOT_EXECUTED, UNKNOWN, PRECONDITION, UNHEALTHY = range(8)

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def _die_with_parent():
    """In a child: SIGKILL when the test dies, however it dies."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(words, **options):
    """Popen for a process that must not outlive the test. Main thread only: it dies with its parent
    thread."""
    return subprocess.Popen(words, preexec_fn=_die_with_parent, **options)


def wait_until(what, condition, patience_s=PATIENCE_S):
    """Polls until `condition` gives something true, and returns that. Fails after `patience_s`."""
    deadline = time.monotonic() + patience_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience_s:.0f} s in vain: {what}")
        time.sleep(POLL_S)


@dataclasses.dataclass
class Result:
    """What a command did."""

    command: str
    code: int
    out: bytes
    err: str
    seconds: float

    @property
    def text(self):
        return self.out.decode("utf-8", "surrogateescape")

    @property
    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return (f"{self.command} → exit {self.code} after {self.seconds:.1f} s\n"
                f"stdout: {self.text[:2000]}\nstderr: {self.err[:2000]}")


def run_program(*words, stdin=b"", patience_s=60.0, env=None, binary=BINARY):
    """Runs the program to its end. A program that hangs fails the test."""
    began = time.monotonic()
    command = "pmmc " + " ".join(os.fsdecode(w)[:80] for w in words)
    child = spawn([binary, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                  stderr=subprocess.PIPE, env={**clean_environment(), **(env or {})})
    try:
        out, err = child.communicate(stdin, timeout=patience_s)
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        raise AssertionError(f"{command} hung for {patience_s:.0f} s\nstdout: {out[-1000:]}\n"
                             f"stderr: {err.decode(errors='replace')[-2000:]}") from None
    return Result(command, child.returncode, out, err.decode("utf-8", "replace"),
                  time.monotonic() - began)


def clean_environment():
    """The environment without what would configure the program."""
    return {k: v for k, v in os.environ.items() if not k.startswith("PMMC_")}


class CoProcess:
    """A command that is sent lines and prints lines."""

    def __init__(self, words):
        self._child = spawn(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, env=clean_environment())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.kill()
        self._child.communicate()

    def send(self, text):
        self._child.stdin.write(text.encode())
        self._child.stdin.flush()

    def line(self, patience_s=10.0):
        """The next line that it prints. Fails if none comes."""
        readable, _, _ = select.select([self._child.stdout], [], [], patience_s)
        if not readable:
            raise AssertionError(f"no line within {patience_s:.0f} s")
        return self._child.stdout.readline().decode().rstrip("\n")


class Background:
    """A command that runs while the test does something else."""

    def __init__(self, words, log):
        self._words = words
        self._log = log
        self._began = time.monotonic()
        with open(log, "wb") as err:
            self._child = spawn(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err,
                                env=clean_environment())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        self._child.stdout.close()

    @property
    def running(self):
        return self._child.poll() is None

    def wait(self, patience_s=120.0):
        """Its Result, when it has ended."""
        out, _ = self._child.communicate(timeout=patience_s)
        return Result(" ".join(map(str, self._words)), self._child.returncode, out,
                      self._log.read_text("utf-8", "replace"), time.monotonic() - self._began)
