"""The whole diary for other programs: JSON, or a folder of CSV files."""

import csv
import json
from pathlib import Path
from typing import TextIO

from device.diary import everything


def write_json(diary: Path, file: TextIO) -> None:
    """One object, table → rows. Raises DiaryError."""
    json.dump(everything(diary), file, indent=1)
    print(file=file)


def write_csv(diary: Path, folder: Path) -> None:
    """A file a table, its columns in the first row. Raises DiaryError."""
    tables = everything(diary)
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in tables.items():
        with open(folder / f"{table}.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]) if rows else [])
            writer.writeheader()
            writer.writerows(rows)
