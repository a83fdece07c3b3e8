"""What can still be read of a damaged diary: by SQL as far as that gets, from either end of a
table; then page by page, as the SQLite file format has it (sqlite.org/fileformat2.html)."""

import contextlib
import sqlite3
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

FIRST = ("memory", "nights")        # what was learned, then what the rest belongs to
MOST = 100_000          # rows of other tables, newest first: some fifty nights
BROKEN = (sqlite3.Error, UnicodeError)     # what SQLite says of torn names is no UTF-8
DEEPEST = 10_000        # pages of one value: a ring of them must end
TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR = 0x0D, 0x0A, 0x02
SIZES = (0, 1, 2, 3, 4, 6, 8)       # bytes of the integer types 0 to 6
FIXED = {8: 0, 9: 1}

Row = tuple[Any, ...]


def salvage(damaged: Path, fresh: sqlite3.Connection, alive: Callable[[], object]) -> int:
    """Copy rows of `damaged` into `fresh`, a diary of the same schema, unless they are there; how
    many. `alive` is called now and then. Never raises sqlite3.Error for what is damaged."""
    shapes = shapes_of(fresh)
    saved = 0
    for table in sorted(shapes, key=lambda name: (*FIRST, name).index(name)):
        most = -1 if table in FIRST else MOST - saved
        if most == 0:
            break
        places = ", ".join("?" * len(shapes[table]))
        with fresh:
            for row in rows_of(damaged, table, shapes, most):
                alive()
                if torn(row):
                    continue
                with contextlib.suppress(OverflowError, sqlite3.IntegrityError,
                                         sqlite3.ProgrammingError):
                    done = fresh.execute(f"INSERT OR IGNORE INTO {table} VALUES ({places})", row)
                    saved += done.rowcount
    return saved


def torn(row: Row) -> bool:
    """Whether a text of it reaches into a page that isn't what it was."""
    return any(isinstance(each, str) and ("\0" in each or "\ufffd" in each) for each in row)


def shapes_of(diary: sqlite3.Connection) -> dict[str, list[tuple[str, str]]]:
    """Names and declared types of each table's columns."""
    tables = [row[0] for row in diary.execute("SELECT name FROM sqlite_master WHERE type='table'")]
    return {
        table: [(row[1], row[2]) for row in diary.execute(f"PRAGMA table_info({table})")]
        for table in tables
    }


def rows_of(
    damaged: Path, table: str, shapes: Mapping[str, Sequence[tuple[str, str]]], most: int
) -> Iterator[Row]:
    """Newest first where SQL can tell; `most` −1 is all."""
    try:
        yield from by_sql(damaged, table, shapes, most)
        return
    except BROKEN:
        pass
    # From the other end, up to where it is broken; then whatever else lies in the file.
    with contextlib.suppress(*BROKEN):
        yield from by_sql(damaged, table, shapes, most, "ASC")
    yield from by_pages(damaged.read_bytes(), table, shapes)


def by_sql(
    damaged: Path, table: str, shapes: Mapping[str, Sequence[tuple[str, str]]], most: int,
    order: str = "DESC",
) -> Iterator[Row]:
    """Raises one of BROKEN where it is broken."""
    keys = {"epochs": f"night {order}, number {order}", "memory": f"key {order}"}
    columns = ", ".join(name for name, _ in shapes[table])
    with contextlib.closing(sqlite3.connect(damaged)) as diary:
        diary.text_factory = lambda raw: raw.decode("utf-8", "replace")
        yield from diary.execute(
            f"SELECT {columns} FROM {table} ORDER BY {keys.get(table, f'rowid {order}')} LIMIT ?",
            (most,))


# ---- page by page --------------------------------------------------------------------------------

def by_pages(
    file: bytes, table: str, shapes: Mapping[str, Sequence[tuple[str, str]]]
) -> Iterator[Row]:
    """Rows of a table on any page that isn't free, whoever pointed to it."""
    size = page_size(file)
    free = free_pages(file, size)
    for number in range(1, len(file) // size + 1):
        if number in free:
            continue
        page = file[(number - 1) * size:number * size]
        for row in cells(file, page, size, 100 if number == 1 else 0):
            if fits(row, shapes[table]):
                yield row


def page_size(file: bytes) -> int:
    """Of its header; of a file of ours where that is damaged."""
    said = int.from_bytes(file[16:18], "big")
    whole = file[:15] == b"SQLite format 3" and said >= 512 and said & (said - 1) == 0
    return said if whole else 1024


def free_pages(file: bytes, size: int) -> set[int]:
    """What was deleted stays so."""
    free: set[int] = set()
    trunk = int.from_bytes(file[32:36], "big") if file[:15] == b"SQLite format 3" else 0
    while trunk and trunk not in free and trunk * size <= len(file):
        free.add(trunk)
        page = file[(trunk - 1) * size:trunk * size]
        following, count = struct.unpack(">II", page[:8])
        leaves = page[8:8 + 4 * min(count, size // 4 - 2)]
        free.update(struct.unpack(f">{len(leaves) // 4}I", leaves))
        trunk = following
    return free


def cells(file: bytes, page: bytes, size: int, header: int) -> Iterator[Row]:
    """The records of a page; of a table's leaf the row's number stands in place of the first
    column, which such a table keeps there."""
    kind = page[header]
    if kind not in (TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR):
        return
    count = int.from_bytes(page[header + 3:header + 5], "big")
    start = header + (12 if kind == INDEX_INTERIOR else 8)
    for n in range(min(count, (size - start) // 2)):
        at = int.from_bytes(page[start + 2 * n:start + 2 * n + 2], "big")
        try:
            yield cell(file, page, size, at, kind)
        except (IndexError, ValueError, struct.error):
            continue


def cell(file: bytes, page: bytes, size: int, at: int, kind: int) -> Row:
    """Raises IndexError or ValueError where it is damaged."""
    at += 4 if kind == INDEX_INTERIOR else 0
    length, at = varint(page, at)
    number = None
    if kind == TABLE_LEAF:
        number, at = varint(page, at)
    most = size - 35 if kind == TABLE_LEAF else (size - 12) * 64 // 255 - 23
    least = (size - 12) * 32 // 255 - 23
    here = length
    if length > most:
        here = least + (length - least) % (size - 4)
        here = here if here <= most else least
    payload = page[at:at + here]
    if here < length:
        payload += overflow(file, size, page[at + here:at + here + 4], length - here)
    if len(payload) != length:
        raise ValueError("torn")
    row = record(payload)
    return (number, *row[1:]) if kind == TABLE_LEAF else row


def overflow(file: bytes, size: int, pointer: bytes, length: int) -> bytes:
    parts: list[bytes] = []
    number = int.from_bytes(pointer, "big")
    for _ in range(DEEPEST):
        if length <= 0:
            return b"".join(parts)
        if not 1 < number <= len(file) // size:
            raise ValueError("torn")
        page = file[(number - 1) * size:number * size]
        number = int.from_bytes(page[:4], "big")
        parts.append(page[4:4 + length])
        length -= size - 4
    raise ValueError("a ring")


def record(payload: bytes) -> Row:
    end, at = varint(payload, 0)
    kinds = []
    while at < end:
        kind, at = varint(payload, at)
        kinds.append(kind)
    values: list[Any] = []
    for kind in kinds:
        if kind in FIXED:
            values.append(FIXED[kind])
            continue
        length = SIZES[kind] if kind < 7 else 8 if kind == 7 else (kind - 12) // 2
        part = payload[at:at + length]
        if len(part) != length or kind in (10, 11):
            raise ValueError("torn")
        at += length
        values.append(value(kind, part))
    return tuple(values)


def value(kind: int, part: bytes) -> Any:
    if kind == 0:
        return None
    if kind < 7:
        return int.from_bytes(part, "big", signed=True)
    if kind == 7:
        return struct.unpack(">d", part)[0]
    return part.decode("utf-8") if kind % 2 else part


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes at `at`, and where the next thing begins."""
    number = 0
    for n in range(8):
        byte = data[at + n]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            return number, at + n + 1
    return number << 8 | data[at + 8], at + 9


def fits(row: Row, shape: Sequence[tuple[str, str]]) -> bool:
    """Whether a record may be a row of such a table: as many columns, of such types."""
    kinds = {"TEXT": str, "REAL": int | float, "INTEGER": int}
    return len(row) == len(shape) and any(each is not None for each in row) and all(
        each is None or isinstance(each, kinds[kind])
        for each, (_, kind) in zip(row, shape, strict=True)
    )
