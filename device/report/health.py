"""A night as data points of IEEE 1752.1 (sleep) and Open mHealth (heart rate)."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from device.report import told
from device.report.told import Night, Row
from device.report.wall import Wall
from device.values import EPOCH

OURS = uuid.UUID("5f5c1b1e-6f0e-5e0b-9d39-6e6f63747572")        # of every point's own name
STATES = {"wake": "Awake", "light": "Light_sleep", "deep": "Deep_sleep", "rem": "REM_sleep",
          None: "Unknown_sleep"}
RATES = {"heart_rate_mean_per_min": "average", "heart_rate_lowest_per_min": "minimum"}


def points(night: Row, epochs: Sequence[Row], wall: Wall) -> Iterator[Mapping[str, Any]]:
    """Header and body each; none of a night of which nothing may be told, or without a time."""
    mine = Night.of(night)
    if wall.began is None or not mine.told or not epochs:
        return
    last = (epochs[-1]["time"] - night["lights_out"]) / 3600
    created = datetime.fromtimestamp(wall.began + 3600 * last, UTC).isoformat()

    def point(namespace: str, name: str, version: str, body: Mapping[str, Any],
              which: str = "") -> Mapping[str, Any]:
        own = uuid.uuid5(OURS, f"{wall.began} {night['sleeper']} {name} {which}")
        return {"header": {"uuid": str(own),
                           "schema_id": {"namespace": namespace, "name": name, "version": version},
                           "source_creation_date_time": created, "modality": "sensed"},
                "body": body}
    in_bed = frame(wall, 0.0, last)
    yield point("ieee", "sleep-episode", "1.0", episode(mine, wall))
    yield point("ieee", "total-sleep-time", "1.0", {
        "total_sleep_time": minutes(mine.sums["tst"]), "effective_time_frame": in_bed,
        "is_main_sleep": not mine.nap})
    yield point("ieee", "sleep-stage-summary", "1.0",
                stages(mine, night, epochs, wall) | {"effective_time_frame": in_bed,
                                                     "is_main_sleep": not mine.nap})
    for which, value in told.body_numbers(epochs).items():
        if which in RATES and value != "":
            yield point("omh", "heart-rate", "2.0", {
                "heart_rate": {"value": value, "unit": "beats/min"},
                "effective_time_frame": in_bed, "descriptive_statistic": RATES[which],
                "temporal_relationship_to_sleep": "during sleep"}, which)


def episode(night: Night, wall: Wall) -> dict[str, Any]:
    """From falling asleep to the last waking."""
    sums = night.sums
    onset, period = sums["sol"] / 60, sums["spt"] / 60
    body = {
        "total_sleep_time": minutes(sums["tst"]),
        "wake_after_sleep_onset": minutes(sums["waso"]),
        "light_sleep_duration": minutes(sums["light"]),
        "deep_sleep_duration": minutes(sums["deep"]),
        "rem_sleep_duration": minutes(sums["rem"]),
        "latency_to_arising": minutes(sums["final_wake"]),
        "number_of_awakenings": sums["wakings"],
        "is_main_sleep": not night.nap,
        "effective_time_frame": frame(wall, onset, onset + period),
    }
    if night.onset:
        body["latency_to_sleep_onset"] = minutes(sums["sol"])
    if sums.get("efficiency") is not None:
        body["sleep_efficiency_percentage"] = percent(100 * sums["efficiency"])
    return body


def stages(night: Night, row: Row, epochs: Sequence[Row], wall: Wall) -> dict[str, Any]:
    sums, lights_out = night.sums, row["lights_out"]
    episodes = []
    for stage, run in groupby(epochs, lambda each: each["stage"]):
        rows = list(run)
        begin, end = rows[0]["time"] - EPOCH - lights_out, rows[-1]["time"] - lights_out
        episodes.append({"sleep_stage_state": STATES[stage],
                         "sleep_stage_time_frame": frame(wall, begin / 3600, end / 3600)})
    return {
        "sleep_stage_summary": {
            "total_sleep_time": minutes(sums["tst"]),
            "rem_sleep_duration": minutes(sums["rem"]),
            "light_sleep_duration": minutes(sums["light"]),
            "deep_sleep_duration": minutes(sums["deep"]),
            "awake_duration": minutes(sums["waso"]),
            "number_of_awakenings": sums["wakings"],
        },
        "sleep_stage_episodes": episodes,
    }


def frame(wall: Wall, begin: float, end: float) -> dict[str, Any]:
    """Hours since lights out as an interval of wall time."""
    first, last = wall.at(begin), wall.at(end)
    assert first is not None and last is not None
    return {"time_interval": {"start_date_time": first.isoformat(timespec="seconds"),
                              "end_date_time": last.isoformat(timespec="seconds")}}


def minutes(value: float) -> dict[str, Any]:
    return {"value": round(value, 2), "unit": "min"}


def percent(value: float) -> dict[str, Any]:
    return {"value": round(value, 2), "unit": "%"}
