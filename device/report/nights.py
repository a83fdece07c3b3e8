"""The last nights in a few numbers each, for the hub: the same that the report tells."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from device.diary import reading
from device.report.told import AUDIBLE, Night, Row
from device.values import EPOCH, Stage

MOST = 14
ASLEEP = (Stage.LIGHT, Stage.DEEP, Stage.REM)
HEART = 0.5             # quality from which a heart rate is counted


def lately(path: Path, most: int = MOST) -> dict[str, object]:
    """`nights`: `{began: s since 1970, sol, tst, waso: min or None}` each, oldest first, naps left
    out; `night`: the last one's details, None where there is none; `pictured`: when it began.
    Raises OSError or sqlite3.Error."""
    with reading(path) as diary:
        rows = list(diary.execute(
            "SELECT * FROM nights WHERE sums IS NOT NULL ORDER BY id DESC LIMIT ?", (2 * most,)))
        told = [dict(row) for row in rows]
        last = list(map(dict, diary.execute(
            "SELECT * FROM epochs WHERE night = ? ORDER BY number", (told[0]["id"],)
        ))) if told else []
    bars = [bar(row) for row in told if not Night.of(row).nap][:most]
    return {
        "nights": tuple(reversed(bars)),
        "night": details(Night.of(told[0]), last) if told else None,
        "pictured": told[0]["began"] if told else None,
    }


def bar(row: Row) -> dict[str, float | None]:
    night = Night.of(row)
    known = estimated(night) if night.told else {}
    return {"began": row["began"], "sol": known.get("sol") if night.onset else None,
            "tst": known.get("tst"), "waso": known.get("waso")}


def estimated(night: Night) -> dict[str, float | None]:
    """Minutes, as they are told: the second opinion's where there is one."""
    sums: Mapping[str, Any] = night.sums
    guessed = sums.get("estimates") or {}
    names = ("sol", "tst", "waso", "light", "deep", "rem")
    return {name: (guessed.get(name) or {}).get("value", sums.get(name)) for name in names}


def details(night: Night, epochs: Sequence[Row]) -> dict[str, float | None]:
    """Minutes, /min, ms and %; None isn't known."""
    known = estimated(night) if night.told else {}
    efficiency = night.sums.get("efficiency") if night.told else None
    asleep = [each for each in epochs if each["stage"] in ASLEEP]
    rates = [each["heart_rate"] for each in asleep
             if each["heart_rate"] and each["heart_quality"] >= HEART]
    rmssds = [each["rmssd"] for each in asleep if each["rmssd"]]
    levels = [each["level"] for each in epochs]
    heard = sum(level is not None and level >= AUDIBLE for level in levels) * EPOCH / 60
    return {
        "long_wakings": night.sums.get("long_wakings") if night.told else None,
        "light_sleep": known.get("light"), "deep_sleep": known.get("deep"),
        "rem_sleep": known.get("rem"),
        "efficiency": None if efficiency is None else 100 * efficiency,
        "mean_heart_rate": mean(rates), "lowest_heart_rate": min(rates, default=None),
        "rmssd": mean(rmssds),
        "sound_minutes": heard if any(level is not None for level in levels) else None,
    }


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
