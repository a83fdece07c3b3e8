"""How a process of the device holds its memory."""

import contextlib
import ctypes


def give_memory_back() -> None:
    """Have glibc return what making a table or reading a model took: large blocks are mapped one by one
    (M_MMAP_THRESHOLD, which else grows with the largest block that was ever freed)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(-3, 256 * 1024)
