"""How a process of the device holds its memory."""

import contextlib
import ctypes
import sys
from pathlib import Path

MADV_DONTNEED = 4


def give_memory_back() -> None:
    """Have glibc return what making a table or reading a model took: large blocks are mapped one by
    one (M_MMAP_THRESHOLD, which else grows with the largest block that was ever freed)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(-3, 256 * 1024)


def do_without_openssl_hashes() -> None:
    """Have hashlib use its own C, for OpenSSL is 3.5 MB. Only what is imported afterwards does
    without."""
    # None makes importing it fail, as documented; typeshed knows only modules.
    sys.modules["_hashlib"] = None  # type: ignore[assignment]


def unmap_code() -> None:
    """Let go of the pages of code, of which starting has used more than what comes after it: 10 MB
    of ONNX Runtime only register operators and read models. What is used again comes back at once,
    out of the page cache; what isn't stands in nobody's way when a small board looks for memory.
    Only code, never written: of anything else changes would go."""
    with contextlib.suppress(OSError, AttributeError, ValueError):
        advise = ctypes.CDLL(None).madvise
        advise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
        for line in Path("/proc/self/maps").read_text().splitlines():
            place, rights, _, _, inode, *_ = line.split()
            if rights == "r-xp" and inode != "0":
                start, end = (int(edge, 16) for edge in place.split("-"))
                advise(start, end - start, MADV_DONTNEED)
