"""A disk that remembers in what order it was written, so that power can be cut at any moment of it.
"""

import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

OPENED, WRITTEN, CUT, SYNCED, REMOVED = range(5)
HEAD = struct.Struct("=4Q")
SECTOR = 512
WITNESS = "acknowledged"        # this file is never lost: it stands for what somebody was told


class Act(NamedTuple):
    what: int
    file: int
    at: int
    data: bytes


class File:
    """What is certainly on the disk, and what may or may not be yet."""

    def __init__(self):
        self.there = False
        self.safe = bytearray()
        self.pending: list[Act] = []

    def sync(self) -> None:
        for act in self.pending:
            self.there = apply(self.safe, act)
        self.pending.clear()

    def folder_synced(self) -> None:
        """That it was removed is certain now."""
        removed = [i for i, act in enumerate(self.pending) if act.what == REMOVED]
        if removed:
            self.there = apply(self.safe, self.pending[removed[-1]])
            del self.pending[:removed[-1] + 1]

    def after_a_cut(self, rng: random.Random | None) -> bytes | None:
        """Nothing that wasn't synced, or (with `rng`) any part of it, in sectors. None: there is no
        such file."""
        there, left = self.there, bytearray(self.safe)
        for act in self.pending:
            if rng is None or rng.random() < 0.5:
                continue
            if act.what == WRITTEN and rng.random() < 0.3:
                act = act._replace(
                    data=act.data[: rng.randrange(len(act.data) // SECTOR + 1) * SECTOR]
                )
            there = apply(left, act)
        return bytes(left) if there else None


class Disk:
    """`folder` below which a process writes; `environment` for that process."""

    def __init__(self, folder: Path, environment: dict[str, str]):
        self.folder, self.environment = folder, environment
        self.trouble = Path(environment["DISK_TROUBLE"])

    def acts(self) -> Iterator[Act]:
        log = Path(self.environment["DISK_LOG"]).read_bytes()
        at = 0
        while at < len(log):
            what, file, where, length = HEAD.unpack_from(log, at)
            at += HEAD.size
            data = log[at:at + length] if what in (OPENED, WRITTEN) else b""
            at += len(data)
            yield Act(what, file, where, data)

    def cuts(self, rng: random.Random, count: int) -> Iterator[dict[str, bytes]]:
        """What a power cut leaves, by file name, at `count` random moments; every other one loses
        all that it can."""
        acts = list(self.acts())
        moments = set(rng.sample(range(1, len(acts)), min(count, len(acts) - 1)))
        names, files = {}, {}
        for moment, act in enumerate(acts):
            if moment in moments:
                chance = rng if moment % 2 else None
                yield {Path(names[i]).name: left for i, file in files.items()
                       if (left := file.after_a_cut(chance)) is not None}
            if act.what == OPENED:
                names[act.file] = act.data.decode()
                files[act.file] = File()
            elif act.what == SYNCED and names[act.file] == str(self.folder):
                for file in files.values():
                    file.folder_synced()
            elif act.what == SYNCED:
                files[act.file].sync()
            else:
                files[act.file].pending.append(act)
                if names[act.file].endswith(WITNESS):
                    files[act.file].sync()


def apply(content: bytearray, act: Act) -> bool:
    """Do it; whether the file exists afterwards."""
    if act.what == REMOVED:
        content.clear()
        return False
    if act.what == CUT:
        del content[act.at:]
        content.extend(bytes(act.at - len(content)))
    else:
        content.extend(bytes(max(act.at - len(content), 0)))
        content[act.at:act.at + len(act.data)] = act.data
    return True
