"""What processes hold in memory, MB, as the kernel tells it. `process` is its number, or "self"."""

from collections.abc import Iterable
from pathlib import Path


def resident(process: str = "self") -> float:
    return status(process, "VmRSS")


def peak(process: str = "self") -> float:
    """At most so far. Not getrusage: a child's begins with its parent's, from before exec."""
    return status(process, "VmHWM")


def status(process: str, field: str) -> float:
    return int(Path(f"/proc/{process}/status").read_text().split(f"{field}:")[1].split()[0]) / 1024


def shared_once(processes: Iterable[str]) -> float:
    """What processes hold together: a file's pages that several have mapped are in the memory once.
    """
    held: dict[tuple, int] = {}
    for process in processes:
        for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
            words = line.split()
            if not words[0].endswith(":"):
                place, _, offset, _, inode = words[:5]
                page = (inode, offset) if inode != "0" else (process, place)
            elif words[0] == "Rss:":
                held[page] = max(held.get(page, 0), int(words[1]))
    return sum(held.values()) / 1024
