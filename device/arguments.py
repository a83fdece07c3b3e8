"""What a person types after a command's name: checked before anything is done.

Needs nothing but the standard library, so that a command can explain itself before its packages are
there. Every command ends with one of four codes, and a mistake is answered in one line.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from device.errors import NocturneError

DONE, FAILED, MISTAKE, STOPPED = 0, 1, 2, 130
CODES = ("Exit code: 0 done, 1 it couldn't be done or what was looked for was found, 2 a mistake "
         "in what was typed (nothing was done), 130 stopped by Ctrl-C.")
LARGEST = 2**63 - 1     # what SQLite and numpy's generators hold
SPAN = 1e9              # of a number that nobody bounds more closely
Number = TypeVar("Number", int, float)


class Parser(argparse.ArgumentParser):
    """With the exit codes below the options, and no guessing of an option from its first letters.
    """

    def __init__(self, *words: Any, **more: Any):
        more.setdefault("epilog", CODES)
        more.setdefault("allow_abbrev", False)
        super().__init__(*words, **more)

    def error(self, message: str) -> NoReturn:
        self.exit(MISTAKE, f"{self.prog}: {message} (--help has the options)\n")


def number(low: float = -SPAN, high: float = SPAN) -> Callable[[str], float]:
    """A type for argparse: a finite number from `low` to `high`."""
    def read(text: str) -> float:
        return within(float(text), low, high)
    read.__name__ = "number"
    return read


def whole(low: int = 0, high: int = LARGEST) -> Callable[[str], int]:
    """A type for argparse: a whole number from `low` to `high`."""
    def read(text: str) -> int:
        return within(int(text), low, high)
    read.__name__ = "whole number"
    return read


def within(value: Number, low: float, high: float) -> Number:
    if not low <= value <= high:
        upper = f"from {low:g} to {high:g}" if high < SPAN else f"{low:g} or more"
        raise argparse.ArgumentTypeError(f"{value:.15g}: must be {upper}")
    return value


def text(given: str) -> str:
    """A type for argparse: words that can be printed and stored, so no bytes that aren't UTF-8."""
    try:
        given.encode()
    except UnicodeEncodeError as trouble:
        raise argparse.ArgumentTypeError(f"{ascii(given)}: isn't UTF-8") from trouble
    return given


def web_address(given: str) -> str:
    """A type for argparse: of a folder on the web that anybody may read."""
    try:
        parts = urlsplit(text(given))
        good = (parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
                and parts.username is None)
    except ValueError:              # of what is no port, no IPv6 address
        good = False
    if not good or not given.isprintable() or set(given) & set(' ?#\\"<>'):
        raise argparse.ArgumentTypeError(f"{ascii(given)}: no https://HOST/FOLDER")
    return given


def path(given: str) -> Path:
    """A type for argparse: a path by a name that can be printed."""
    if not text(given):
        raise argparse.ArgumentTypeError("an empty name")
    return Path(given)


def present(given: str) -> Path:
    """A type for argparse: a file that is there and can be read."""
    file = path(given)
    with told(file):
        if file.is_dir():
            raise argparse.ArgumentTypeError(f"{file}: is a folder, not a file")
        if not file.exists():
            raise argparse.ArgumentTypeError(f"{file}: there is no such file")
    if not os.access(file, os.R_OK):
        raise argparse.ArgumentTypeError(f"{file}: can't be read")
    return file


def folder(given: str) -> Path:
    """A type for argparse: a folder that is there."""
    place = path(given)
    with told(place):
        if not place.is_dir():
            raise argparse.ArgumentTypeError(f"{place}: there is no such folder")
    return place


def writable(given: str) -> Path:
    """A type for argparse: a file that is to be written. Folders above it may be missing."""
    file = path(given)
    with told(file):
        if file.is_dir():
            raise argparse.ArgumentTypeError(f"{file}: is a folder, not a file")
    room(str(file.parent))
    return file


def room(given: str) -> Path:
    """A type for argparse: a folder that is there, or can be made."""
    place = path(given)
    with told(place):
        above = next(each for each in (place, *place.absolute().parents) if each.exists())
        if not above.is_dir():
            raise argparse.ArgumentTypeError(f"{place}: can't be a folder ({above} is a file)")
    if not os.access(above, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f"{place}: can't be written ({above} is not yours)")
    return place


@contextmanager
def told(file: Path) -> Iterator[None]:
    """A name that the system itself refuses, such as one that is too long."""
    try:
        yield
    except OSError as trouble:
        raise argparse.ArgumentTypeError(f"{str(file)[:60]}: {trouble.strerror}") from trouble


def made(file: Path) -> Path:
    """A file's path, with the folders above it made. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    return file


def ended(name: str, main: Callable[[], int | None]) -> int:
    """What `main` answers as an exit code; its trouble, in a line, is 1, and Ctrl-C 130."""
    try:
        return main() or DONE
    except BrokenPipeError:             # whoever read it has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except EOFError:
        say(name, "nobody answered")
        return FAILED
    except (NocturneError, OSError) as trouble:
        say(name, worded(trouble))
        return FAILED
    except KeyboardInterrupt:
        say(name, "stopped")
        return STOPPED


def worded(trouble: Exception) -> str:
    if isinstance(trouble, OSError) and trouble.strerror:
        where = f"{trouble.filename}: " if trouble.filename is not None else ""
        return f"{where}{trouble.strerror}"
    return str(trouble) or type(trouble).__name__


def say(name: str, words: str) -> None:
    print(f"{name}: {words}", file=sys.stderr, flush=True)


