"""Waiting for what another process or thread does."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def soon(condition: Callable[[], T], seconds: float = 10.0) -> T:
    """Wait until `condition()` is true; what it said last."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return answer
