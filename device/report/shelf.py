"""The last nights' reports in one folder, by their dates: for whoever has no hub."""

from pathlib import Path

from device.report.report import replace

NIGHTS = 7
LARGEST = 2 << 20       # bytes of a report: beyond it, it isn't kept here


def put(folder: Path, report: bytes, name: str) -> None:
    """The newest NIGHTS stay. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    if len(report) <= LARGEST:
        replace(folder / f"{name}.html", report)
    for old in sorted(folder.glob("*.html"))[:-NIGHTS]:
        old.unlink()
