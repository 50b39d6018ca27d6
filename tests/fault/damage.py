"""Ways to damage a file, and the way back."""

import dataclasses
import pathlib
from typing import Callable


@dataclasses.dataclass(frozen=True)
class Damage:
    """`apply` makes what is on the disk (None: no file) of what was there."""

    name: str
    apply: Callable[[bytes], bytes | None]


def flipped(at, bit):
    def flip(good):
        return good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1:]

    return Damage(f"bit {bit} of byte {at} flipped", flip)


def damages_of(good, rng, flips):
    """All that is tried with a file of this content. `rng` chooses the places of the bits."""
    yield Damage("deleted", lambda _: None)
    yield Damage("grown by garbage", lambda good, tail=rng.randbytes(37): good + tail)
    if not good:
        return
    yield Damage("emptied", lambda _: b"")
    used = len(good.rstrip(b"\0")) or 1  # zeros at the end may be room for what is to come
    yield Damage("cut in half", lambda good: good[:used // 2])
    yield Damage("cut by a byte", lambda good: good[:-1])
    yield Damage("zeros", lambda good: bytes(len(good)))
    places = {0, used - 1, len(good) - 1, *(rng.randrange(used) for _ in range(flips))}
    for at in sorted(places):
        yield flipped(at, rng.randrange(8))


class DamagedFile:
    """In a `with`: the file is damaged; afterwards it is as it was."""

    def __init__(self, file: pathlib.Path, damage: Damage):
        self._file = file
        self._damage = damage
        self._good = file.read_bytes()

    def __enter__(self):
        bad = self._damage.apply(self._good)
        if bad is None:
            self._file.unlink()
        else:
            self._file.write_bytes(bad)
        return self

    def __exit__(self, *_):
        self._file.write_bytes(self._good)


def files_in(directory):
    """All regular files below, by name."""
    return sorted(p for p in directory.rglob("*") if p.is_file())
