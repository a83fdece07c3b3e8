"""Ctrl-C asks what runs to come to its end; pressed again it ends it at once."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def stopping(act: Callable[[], object] = lambda: None) -> Iterator[threading.Event]:
    """The event is set, and `act` called, at the first SIGINT; the next is a KeyboardInterrupt."""
    asked = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def stop(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        asked.set()
        act()
    signal.signal(signal.SIGINT, stop)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
