"""The system calls of a process that write, sync and send, from a trace.

The order of the lines is what can be relied on. strace notes the end of a call before the thread goes on, and
the begin of one before the kernel does it: so a call whose end stands before the begin of another was over.
"""

import dataclasses
import os
import re
import shutil
import subprocess

CALLS = ("write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg", "sendmmsg", "fdatasync",
         "fsync", "sync_file_range", "msync", "sendfile", "splice")
LONGEST = 4 << 20  # bytes of a call's data that are noted


def why_impossible():
    """Why system calls cannot be traced here, or nothing."""
    if not shutil.which("strace"):
        return "there is no strace: scripts/setup --test installs it"
    tried = subprocess.run([*tracer("/dev/null"), "true"], capture_output=True, text=True)
    return "" if tried.returncode == 0 else f"tracing is not permitted: {tried.stderr.strip()}"


def tracer(file):
    """The words that run a program under a trace. The program keeps its process id: the tracer is a
    grandchild of it (-D), ends with it, and only stops it at these calls (--seccomp-bpf)."""
    return ["strace", "-D", "-f", "--seccomp-bpf", "-yy", "-xx", "-s", str(LONGEST), "-o", str(file),
            "-e", "trace=" + ",".join(CALLS)]


def has_ended(file, pid):
    """Whether the trace is complete: everything of the process was noted, up to its end."""
    return re.search(rf"^{pid} +\+\+\+ (exited with|killed by) .*\n", _tail(file), re.M) is not None


def _tail(file):
    with open(file, "rb") as f:
        f.seek(max(0, os.path.getsize(file) - (1 << 14)))
        return f.read().decode("ascii", "replace")


# --- calls --------------------------------------------------------------------------------------


@dataclasses.dataclass
class Call:
    name: str
    begun: int  # number of a line
    ended: int
    file: str  # a path, or "TCP:[…]"
    data: bytes
    result: int


_LINE = re.compile(r"(\d+) +(?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))$")
_RESULT = re.compile(r"\) += (-?\d+)")
_FILE = re.compile(r"\d+<((?:[^<>]|->|<->)*)>")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')


def calls(file):
    """All calls that came to their end, in the order of their ends."""
    under_way = {}
    with open(file, encoding="ascii") as lines:
        for number, line in enumerate(lines):
            match = _LINE.match(line.rstrip("\n"))
            if not match:
                continue  # a signal, or the end of a thread
            thread, name, text, resumed, rest = match.groups()
            begun = number
            if resumed:
                name, begun, text = under_way.pop(thread)
                text += rest
            elif text.endswith("<unfinished ...>"):
                under_way[thread] = name, begun, text.removesuffix("<unfinished ...>")
                continue
            yield _call(name, begun, number, text)


def _call(name, begun, ended, text):
    result = _RESULT.search(text)
    if result is None:
        if text.rstrip().endswith("= ?"):  # killed in it
            return Call(name, begun, ended, "", b"", -1)
        raise AssertionError(f"line {ended + 1}: no call: {text[-200:]!r}")
    strings = _STRING.findall(text[:result.start()])
    if any(cut for _, cut in strings):
        raise AssertionError(f"line {ended + 1}: a call has more data than are noted")
    file = _FILE.match(text)
    return Call(name, begun, ended, _unescape(file.group(1)) if file else "",
                b"".join(_bytes(s) for s, _ in strings), int(result.group(1)))


def _bytes(escaped):
    return bytes.fromhex(escaped.replace("\\x", ""))


def _unescape(name):
    return _bytes(name).decode() if name.startswith("\\x") else name
