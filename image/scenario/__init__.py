"""What the emulated Pi must do: a table of checks, each with the figure it reached. `image/boot`
runs it.

One board lives through them in this order: first start, a press, an unplugged sensor, processes
that are killed or hang, a power cut in mid-night, a damaged card, refused updates, a real one that
is tried and kept, one that is tried in vain, a systemd that freezes, Wi-Fi and a radio that hangs,
a reset by the button, encryption, and what Raspberry Pi Imager wrote.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from image.emulate import make_bench
from image.host import CACHE, OUT, Trouble, say
from image.scenario import accidents, encrypted, imager, night, start, updates, wifi
from image.scenario.board import Board

TOOLS = ("qemu-system-aarch64", "mcopy", "fdtput", "mksquashfs", "rauc", "openssl", "mmdebstrap")
START = (start.ready,)
SHORT = (
    start.ready,
    start.data,
    start.locked,
    start.secrets,
    start.egress,
    start.ports,
    start.bus,
    start.watchdog,
    night.press,
    night.hub,
    night.memory,
    accidents.unplug,
    accidents.kill_sound,
    accidents.kill_night,
)
WIFI = (wifi.joins, wifi.gone, wifi.unaddressed, wifi.hangs, wifi.told, night.memory)
UPDATE = (start.ready, night.press, updates.brought, updates.kept, night.goes_on,
          night.memory)
ENCRYPTED = (encrypted.empty, encrypted.made, encrypted.elsewhere, encrypted.again)
ALL = (
    *SHORT,
    accidents.hang_sound,
    accidents.hang_night,
    accidents.power_cut,
    accidents.damaged,
    updates.refusals,
    updates.fetched,
    updates.real_update,
    updates.cut_update,
    updates.tried,
    updates.kept,
    updates.in_vain,
    accidents.frozen,
    *WIFI,
    accidents.reset,
    *ENCRYPTED,
    imager.customised,
)


@dataclass(frozen=True)
class Row:
    what: str
    passed: bool
    figure: str
    seconds: float


def run_all(
    folder: Path,
    image: Path = OUT / "nocturne.img",
    checks: tuple[Callable[[Board], str], ...] = ALL,
    counted: bool = True,
    other: Path | None = None,
) -> list[Row]:
    """Every check, told as it ends; `counted` as in `emulate.Pi`, `other` as in `Board`."""
    folder.mkdir(parents=True, exist_ok=True)
    bench = folder / "bench.img"
    make_bench(bench, CACHE / "root")
    version = (CACHE / "root/usr/lib/nocturne/version").read_text().strip()
    board = Board(
        folder,
        image,
        bench,
        CACHE / "root.squashfs",
        CACHE / "keys/update.key",
        OUT / "update.crt",
        version,
        counted,
        other,
    )
    rows = []
    for row in checked(board, checks):
        say(line(row, 0))
        rows.append(row)
    return rows


def checked(board: Board, checks: tuple[Callable[[Board], str], ...]) -> Iterator[Row]:
    """A row as each check ends. A board that doesn't start ends the run."""
    try:
        for check in checks:
            began = time.monotonic()
            try:
                figure, passed = check(board), True
            # A pipe to a board that went off: unnamed it would end the run as if all were well.
            except (Trouble, OSError) as trouble:
                figure, passed = str(trouble).replace("\n", " ")[:200], False
            what = " ".join(check.__doc__.split()).split(". ")[0].rstrip(".")
            yield Row(what, passed, figure, time.monotonic() - began)
            if not passed and not board.pi.runs:
                break
    finally:
        if board.pi.process is not None:
            board.pi.power_cut()


def line(row: Row, width: int) -> str:
    verdict = "ok  " if row.passed else "FAIL"
    return f"{verdict}  {row.what.ljust(width)}  {row.seconds:5.0f} s  {row.figure}"


def table(rows: list[Row]) -> str:
    return "\n".join(line(row, max(len(row.what) for row in rows)) for row in rows)
