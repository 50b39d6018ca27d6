"""What an acceptor does to its disk and tells others, read from a trace of its system calls: the records that
it writes to its log, the syncs of that log, and the messages that leave. And whether what it tells was
on its disk before.
"""

import dataclasses
import re
import struct
from pathlib import Path

from syscalls import calls

KINDS_HPP = Path(__file__).resolve().parents[2] / "src" / "wire" / "kinds.hpp"
KINDS = re.findall(r'"([\w:]+)"', re.search(r"kind_names\{(.*?)\}", KINDS_HPP.read_text("utf-8"), re.S)[1])

NO_BALLOT = (0, b"")
# What an acceptor's process says besides, and that depends on no record of its own.
OTHER_MESSAGES = {"heartbeat", "hello", "welcome", "pong", "read_probe_reply", "members_news",
                  "process_status", "disk_refused"}


class Reader:
    def __init__(self, data):
        self._data = data
        self._at = 0

    def take(self, size):
        if self._at + size > len(self._data):
            raise AssertionError(f"{size} bytes wanted, {len(self._data) - self._at} are left")
        self._at += size
        return self._data[self._at - size:self._at]

    def u8(self):
        return self.take(1)[0]

    def u64(self):
        return int.from_bytes(self.take(8), "big")

    def u32(self):
        return int.from_bytes(self.take(4), "big")

    def varint(self):
        """LEB128: as CAF writes sizes, and src/wire all numbers."""
        value, shift = 0, 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def string(self):
        return self.take(self.varint())

    def rest(self):
        return self.take(len(self._data) - self._at)

    @property
    def done(self):
        return self._at == len(self._data)


# --- what is written ------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Promise:
    version: int
    ballot: tuple  # (seqnum, leader), which compare as the protocol's do


@dataclasses.dataclass(frozen=True)
class Vote:
    version: int
    slot: int
    ballot: tuple
    value: bytes = dataclasses.field(default=None, compare=False)


def _logged_records(write):
    """Of one record of the log; docs/STORAGE.md has its bytes."""
    reader = Reader(write)
    reader.take(4)  # the kind, sealed with the segment's seed
    size = reader.u32()
    if len(write) != (32 + size + 7) // 8 * 8:
        raise AssertionError(f"no record: {len(write)} bytes, {write[:8]!r}")
    reader.take(3 * 8)  # writes, digest, checksum
    entries = Reader(reader.take(size))
    while not entries.done:
        key = Reader(entries.take(entries.u8()))
        value = Reader(entries.take(entries.u32()))
        kind = key.u8()
        if kind == ord("b"):
            yield Promise(key.u64(), _stored_ballot(value))
        elif kind == ord("p"):
            yield Vote(key.u64(), key.u64(), _stored_ballot(value), value.rest())


def _stored_ballot(reader):
    return reader.u64(), reader.take(reader.u8())


# --- what is sent -----------------------------------------------------------------------------------


@dataclasses.dataclass
class P1b:
    version: int
    asked: tuple
    ballot: tuple
    accepted: list


@dataclasses.dataclass
class P2b:
    version: int
    asked: tuple
    ballot: tuple
    slot: int
    watermark: int

    @property
    def accepts(self):
        return self.ballot == self.asked and self.slot >= self.watermark


class Connection:
    """What one process tells another, in CAF's protocol BASP: headers of 32 bytes, each with its payload."""

    HEADER = struct.Struct(">B2xBIQQQ")
    DIRECT, ROUTED = 2, 3

    def __init__(self):
        self._data = b""  # not read yet
        self._read = 0  # bytes before these
        self._begun = []  # (offset of its first byte, line) of each call that sent some of them

    def send(self, data, begun):
        """Returns (name, message, line at which the first of its bytes was sent) for each message that is
        complete with these bytes. The message is a P1b or P2b, or nothing."""
        self._begun.append((self._read + len(self._data), begun))
        self._data += data
        found = []
        while len(self._data) >= self.HEADER.size:
            operation, _, size, *_ = self.HEADER.unpack_from(self._data)
            end = self.HEADER.size + size
            if len(self._data) < end:
                break
            if operation == self.ROUTED:
                raise AssertionError("a message goes over a third process")
            if operation == self.DIRECT:
                found.append((*_message(self._data[self.HEADER.size:end]), self._line()))
            self._data = self._data[end:]
            self._read += end
        return found

    def _line(self):
        while len(self._begun) > 1 and self._begun[1][0] <= self._read:
            self._begun.pop(0)
        return self._begun[0][1]


def _message(payload):
    reader = Reader(payload)
    if reader.take(3) != b"\0\0\0":
        raise AssertionError(f"a message begins with {payload[:8]!r}")
    name = reader.string().decode().removeprefix("@<>+")
    if name == "pmmc::mail":
        name = "pmmc::" + KINDS[reader.u8() - 1]
    if name not in ("pmmc::p1b", "pmmc::p2b"):
        return name, None
    reader.string()  # the acceptor; src/wire/fields.hpp has the order of fields
    version, asked, ballot = reader.varint(), _sent_ballot(reader), _sent_ballot(reader)
    if name == "pmmc::p1b":
        for _ in ("from_slot", "next_slot", "watermark"):
            reader.varint()
        accepted = []
        for _ in range(reader.varint()):
            its_ballot = _sent_ballot(reader)
            accepted.append(Vote(version, reader.varint(), its_ballot, reader.string()))
        message = P1b(version, asked, ballot, accepted)
    else:
        message = P2b(version, asked, ballot, reader.varint(), reader.varint())
    if not reader.done:
        raise AssertionError(f"more bytes than a {name} has")
    return name, message


def _sent_ballot(reader):
    return reader.varint(), reader.string()


# --- both together ------------------------------------------------------------------------------


class AcceptorTrace:
    """A process that hosts one acceptor and nothing else, from its start on."""

    def __init__(self, file):
        self.durable = {}  # record → (the same, line at which its first sync had ended)
        self.syncs = 0
        self.p1bs, self.p2bs = [], []  # (line at which it began to leave, message)
        self._names = set()
        self._written = {}  # by file
        self._connections = {}
        for call in calls(file):
            if call.file.startswith("TCP"):
                self._sent(call)
            elif re.search(r"/log/\d+\.log$", call.file):
                self._logged(call)

    def _logged(self, call):
        if call.name in ("fdatasync", "fsync"):
            if call.result == 0:
                self.syncs += 1
                self._synced(call)
        elif call.name not in ("pwrite64", "pwritev"):
            raise AssertionError(f"line {call.ended + 1}: {call.name} on a log")
        elif call.result == len(call.data):  # else nothing of it counts, and the process ends
            self._written.setdefault(call.file, []).extend((call.ended, r) for r in _logged_records(call.data))

    def _synced(self, sync):
        """What had been written when it began is durable now that it has ended."""
        left = []
        for ended, record in self._written.get(sync.file, []):
            if ended < sync.begun:
                self.durable.setdefault(record, (record, sync.ended))
            else:
                left.append((ended, record))
        self._written[sync.file] = left

    def _sent(self, call):
        if call.name not in ("sendto", "write"):
            raise AssertionError(f"line {call.ended + 1}: {call.name} on a socket")
        connection = self._connections.setdefault(call.file, Connection())
        for name, message, line in connection.send(call.data[:max(0, call.result)], call.begun):
            self._names.add(name)
            if message is not None:
                (self.p1bs if isinstance(message, P1b) else self.p2bs).append((line, message))

    def answers(self):
        return self.p1bs + self.p2bs

    def unsynced(self):
        """A text for each answer that left before all that it depends on was durable."""
        found = []
        for line, message in self.answers():
            missing = [r for r in _needs(message) if not self._is_durable(r, line)]
            if missing:
                found.append(f"line {line + 1}: {message} without {missing}")
        return found

    def _is_durable(self, record, line):
        found, since = self.durable.get(record, (None, line))
        if isinstance(record, Vote) and record.value is not None and found and found.value != record.value:
            return False
        return since < line

    def accepted(self, marker):
        """Whether a p2b told of a vote for a command that has these bytes."""
        votes = {(m.version, m.slot, m.ballot) for _, m in self.p2bs if m.accepts}
        return any(isinstance(r, Vote) and marker in r.value and (r.version, r.slot, r.ballot) in votes
                   for r, _ in self.durable.values())

    def strange_messages(self):
        ours = {name.removeprefix("pmmc::") for name in self._names if name.startswith("pmmc::")}
        return ours - OTHER_MESSAGES - {"p1b", "p2b"}


def _needs(message):
    """The records that a p1b or p2b depends on: the promise that it tells of, and the votes."""
    needs = []
    if message.ballot != NO_BALLOT:
        needs.append(Promise(message.version, message.ballot))
    if isinstance(message, P1b):
        return needs + message.accepted
    return needs + ([Vote(message.version, message.slot, message.ballot)] if message.accepts else [])
