"""`nocturne erase`: everything is tried, and what is left is said."""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from device.diary import erase
from device.errors import NocturneError
from device.home.privacy import Ledger

# What nights leave beside their diary; a half-written file is named after the whole one.
BESIDE = ("report.html*", "report.png*", "outbox.sqlite*", "outbox.torn*", "last-good.toml*",
          "ledger.torn*", "set.json*", "set.slots*", "last-good.part")
FAILING = (OSError, sqlite3.Error, NocturneError)


def erased(diary: Path, others: Sequence[Path] = ()) -> list[str]:
    """Forget all that nights left in `diary` and beside it, and in the folders `others`, where they
    may have been kept while the disk refused. What is left, in words."""
    left: list[str] = []
    folders = [diary.parent, *(folder for folder in others if folder != diary.parent)]
    diaries = [diary, *(folder / diary.name for folder in folders[1:])]
    for path in diaries:
        if there(path, left):
            attempt(left, path, partial(forget_nights, path))
    for folder in folders:
        for path in (*found(folder, (*BESIDE, f"{diary.name}.corrupt-*"), left),
                     *found(folder / "reports", ("*",), left)):
            attempt(left, path, path.unlink)
        repeats, ledger = folder / "repeats", folder / "ledger.sqlite"
        if there(repeats, left):
            attempt(left, repeats, partial(shutil.rmtree, repeats))
        if there(ledger, left):
            attempt(left, ledger, partial(forget_answers, ledger))
    return left


def attempt(left: list[str], path: Path, deed: Callable[[], object]) -> None:
    try:
        deed()
    except FileNotFoundError:
        pass
    except FAILING as trouble:
        left.append(f"{path} ({trouble})")


def there(path: Path, left: list[str]) -> bool:
    try:
        return path.exists()
    except OSError as trouble:
        left.append(f"{path} ({trouble})")
        return False


def found(folder: Path, names: Sequence[str], left: list[str]) -> list[Path]:
    # Not by Path.glob: from Python 3.13 on it finds nothing in a folder that can't be read, and is
    # silent.
    try:
        listed = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as trouble:
        left.append(f"{folder} ({trouble})")
        return []
    return [path for path in listed if any(path.match(name) for name in names)]


def forget_nights(path: Path) -> None:
    """One that isn't a diary any more goes as a file. Raises DiaryError for one that is in use, or
    OSError."""
    try:
        erase(path)
    except NocturneError as trouble:
        if isinstance(trouble.__cause__, sqlite3.OperationalError) and "locked" in str(trouble):
            raise
        path.unlink()
        for beside in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + beside).unlink(missing_ok=True)


def forget_answers(path: Path) -> None:
    """What was told goes, what was spent stays; where that can't be read any more, all of it counts
    as spent. Raises OSError, sqlite3.Error."""
    try:
        with contextlib.closing(Ledger(path)) as ledger:
            ledger.forget()
    except sqlite3.OperationalError:
        raise                           # in use, or on a disk that refuses
    except sqlite3.DatabaseError:
        path.unlink()
        for beside in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + beside).unlink(missing_ok=True)
        with contextlib.closing(Ledger(path)) as ledger:
            ledger.spend_all()
