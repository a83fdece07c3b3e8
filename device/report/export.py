"""The diary for other programs: everything as JSON, tables as CSV, a night's hypnogram as EDF+, and
nights as health data points."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Any, TextIO

from device.diary import everything
from device.errors import DiaryError
from device.report import edf, health, told
from device.report.told import Night, Row
from device.report.wall import Wall
from device.values import EPOCH

# What an epoch's row holds in the diary, and its name with the unit.
COLUMNS = {
    "mode": "mode", "stage": "stage", "p_asleep": "p_asleep", "p_wake": "p_wake",
    "p_light": "p_light", "p_deep": "p_deep", "p_rem": "p_rem",
    "heart_rate": "heart_rate_per_min", "rmssd": "rmssd_ms", "breathing": "breathing_per_min",
    "movement": "movement_m_per_s2", "activity": "activity_counts",
    "heart_quality": "heart_quality", "motion_quality": "motion_quality", "present": "present",
    "target": "sound_target_db", "level": "sound_level_dba",
}
MINUTES = ("tib", "tst", "sol", "spt", "waso", "final_wake", "unknown", "light", "deep", "rem")
ESTIMATED = ("tst", "sol", "waso", "light", "deep", "rem")
OWN = ("nights", "epochs")      # tables with files of another form than the diary's


def write_json(diary: Path, file: TextIO) -> None:
    """One object, table → rows. Raises DiaryError."""
    json.dump(everything(diary), file, indent=1)
    print(file=file)


def write_csv(diary: Path, folder: Path, zone: tzinfo | None = None) -> None:
    """A file a table, its columns in the first row: a row a night and a row an epoch, with units in
    the names and times with their offset from UTC; the other tables as the diary has them. Raises
    DiaryError, OSError."""
    tables = everything(diary)
    folder.mkdir(parents=True, exist_ok=True)
    nights = {row["id"]: row for row in tables["nights"]}
    epochs = {number: [row for row in tables["epochs"] if row["night"] == number]
              for number in nights}
    write_rows(folder / "nights.csv",
               (night_row(row, epochs[number], zone) for number, row in nights.items()))
    write_rows(folder / "epochs.csv", (epoch_row(nights[number], row, zone)
                                       for number in nights for row in epochs[number]))
    for table, rows in tables.items():
        if table not in OWN:
            write_rows(folder / f"{table}.csv", rows)


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """All of them have the keys of the first."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = None
        for row in rows:
            if writer is None:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
            writer.writerow(row)


def night_row(row: Row, epochs: Sequence[Row], zone: tzinfo | None) -> dict[str, Any]:
    night, wall = Night.of(row), Wall.of(row, zone)
    sums = night.sums
    last = (epochs[-1]["time"] - row["lights_out"]) / 3600 if epochs else 0.0
    told_of: dict[str, Any] = {
        "night": row["id"], "sleeper": row["sleeper"], "software": row["software"],
        "lights_out": moment(wall, 0.0), "end": moment(wall, last),
        "nap": night.nap, "judged_share": round(night.judged, 4) if sums else "",
        **{f"{name}_min": sums.get(name, "") for name in MINUTES},
        "efficiency_percent": "" if sums.get("efficiency") is None else 100 * sums["efficiency"],
        "wakings": sums.get("wakings", ""), "long_wakings": sums.get("long_wakings", ""),
    }
    for name in ESTIMATED:
        known = night.estimate(name)
        told_of[f"{name}_low_min"] = known.low if known else ""
        told_of[f"{name}_high_min"] = known.high if known else ""
    return told_of | told.body_numbers(epochs)


def epoch_row(night: Row, row: Row, zone: tzinfo | None) -> dict[str, Any]:
    begin = row["time"] - EPOCH - night["lights_out"]
    return {"night": row["night"], "epoch": row["number"],
            "start": moment(Wall.of(night, zone), begin / 3600),
            "start_after_lights_out_s": round(begin, 3),
            **{name: row[key] for key, name in COLUMNS.items()}}


def moment(wall: Wall, hour: float) -> str:
    """ISO 8601, to the second; "" where nobody knew the time."""
    local = wall.at(hour)
    return local.isoformat(timespec="seconds") if local else ""


def one_night(diary: Path, number: int | None) -> tuple[Row, Sequence[Row]]:
    """A night and its epochs, by default the last. Raises DiaryError."""
    tables = everything(diary)
    found = [row for row in tables["nights"] if number in (None, row["id"])]
    if not found:
        which = f" {number}" if number else ""
        raise DiaryError(f"{diary}: no night{which} in it; `nocturne nights` lists them")
    night = found[-1]
    return night, [row for row in tables["epochs"] if row["night"] == night["id"]]


def write_edf(diary: Path, file: Path, number: int | None, zone: tzinfo | None = None) -> None:
    """A night's hypnogram as EDF+ annotations. Raises DiaryError, OSError."""
    night, epochs = one_night(diary, number)
    file.write_bytes(edf.hypnogram(night, epochs, Wall.of(night, zone)))


def write_health(diary: Path, file: Path, number: int | None, zone: tzinfo | None = None) -> int:
    """Data points by IEEE 1752.1 and Open mHealth, of a night or of all; of how many nights. Those
    of which nothing may be told, or whose time nobody knew, are left out. Raises DiaryError,
    OSError."""
    tables = everything(diary)
    if number is not None:
        one_night(diary, number)
    points, count = [], 0
    for row in tables["nights"]:
        if number in (None, row["id"]):
            epochs = [each for each in tables["epochs"] if each["night"] == row["id"]]
            found = list(health.points(row, epochs, Wall.of(row, zone)))
            points += found
            count += bool(found)
    file.write_text(json.dumps(points, indent=1) + "\n", encoding="utf-8")
    return count
