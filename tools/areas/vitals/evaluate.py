"""Vital signs against references: heart rate, beats, breathing, honesty and cost. Goals from issue
3.

Groups: `rest` has PPG and an ECG; `quiet` are the windows of bami and spc whose SD of |a| is below
0.05 g; `bami` and `spc` their other windows; `night` and `night_bcg` are semi-synthetic (see
vitals_nights). A window of 8 s is scored with what the device said at its end; `hr_within5` counts
a window without a number as missed.
"""

import argparse
import os
from collections import defaultdict
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")       # as on the board; threads that wait would count as cost

import numpy as np  # noqa: E402

from areas.vitals import cost, scores  # noqa: E402
from areas.vitals.data import Heard, Recording, load, play, quiet_windows  # noqa: E402
from areas.vitals.nights import nights  # noqa: E402
from areas.vitals.nothing import nothings  # noqa: E402
from kit.figures import Goal, Result  # noqa: E402

SETTLED = 5.0           # s after which absent input must have no number
GROUPS = ("rest", "quiet", "bami", "spc", "night", "night_bcg")
GOALS = (
    Goal("rest.hr_mae_bpm", "<=", 0.5),
    Goal("rest.hr_within5", ">=", 0.97),
    Goal("rest.hr_at80_mae_bpm", "<=", 0.7),
    Goal("quiet.hr_at80_mae_bpm", "<=", 0.7),
    Goal("bami.hr_wrong10", "<=", 0.03),
    Goal("bami.hr_availability", ">=", 0.5),
    Goal("spc.hr_wrong10", "<=", 0.03),
    Goal("spc.hr_availability", ">=", 0.5),
    Goal("rest.beats_se", ">=", 0.985),
    Goal("rest.beats_ppv", ">=", 0.99),
    Goal("rest.ibi_mae_ms", "<=", 6.0),
    Goal("night.hr_mae_bpm", "<=", 0.5),
    Goal("night.rmssd_err", "<=", 0.10),
    Goal("night_bcg.hr_mae_bpm", "<=", 0.5),
    Goal("night_bcg.rmssd_err", "<=", 0.10),
    Goal("rest.breathing_mae_brpm", "<=", 2.0),
    Goal("rest.breathing_availability", ">=", 0.8),
    Goal("night_bcg.breathing_mae_brpm", "<=", 2.0),
    Goal("night_bcg.breathing_availability", ">=", 0.8),
    Goal("no_signal_answered", "<=", 0.01),
    Goal("cpu_s_per_hour", "<=", 1.0),
    Goal("delay_s", "<=", 2.0),
    Goal("rss_growth_mb", "<=", 2.0),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--night-minutes", type=float, default=10.0,
        help="of each person's night that drive `night` and `night_bcg` (default %(default)g)")
    parser.add_argument("--all-nights", action="store_true",
                        help="every night, whole: hours of work")


def evaluate(data: Path, train: Path | None, options: argparse.Namespace) -> Result:
    """Score every recording of the folder that has a reference; `train` is ignored, for nothing
    here is fitted."""
    recordings = recordings_of(data, options)
    heard = [play(recording) for recording in recordings]
    figures, more = score(recordings, heard)
    peer = published(recordings, heard, more)
    figures["no_signal_answered"], more["no_signal"] = no_signal()
    if heard:
        figures["cpu_s_per_hour"] = (
            3600 * sum(h.cpu for h in heard) / sum(r.seconds for r in recordings)
        )
        figures["delay_s"] = max(delay(h) for h in heard)
    figures["rss_growth_mb"] = cost.rss_growth_mb()
    goals = GOALS
    if "quiet.hr_mae_bpm" in peer:
        goals += (Goal("quiet.hr_mae_bpm", "<", peer["quiet.hr_mae_bpm"]),
                  Goal("quiet.hr_within5", ">", peer["quiet.hr_within5"]))
    kinds = f"{len(recordings)} recordings of {data}, night and night_bcg among them semi-synthetic"
    return Result("vitals", f"{kinds}; nothing is fitted", figures, {"gkfsm": peer} if peer else {},
                  goals, more)


def recordings_of(data: Path, options: argparse.Namespace) -> list[Recording]:
    files = [
        r for r in map(load, sorted(data.glob("*.npz"))) if r is not None and r.group != "other"
    ]
    minutes = (
        0.0 if getattr(options, "all_nights", False) else getattr(options, "night_minutes", 10.0)
    )
    return files + list(nights(data, minutes))


def score(recordings: list[Recording],
          heard: list[Heard]) -> tuple[dict[str, float], dict[str, object]]:
    """Pooled figures by group, and per file with the risk–coverage curves."""
    figures: dict[str, float] = {}
    curves, rows = {}, []
    windows, pooled = defaultdict(list), defaultdict(list)
    for recording, said in zip(recordings, heard, strict=True):
        table = window_table(recording, said)
        body = scores.body_scores(recording, said)
        pooled[recording.group].append(body)
        for name in GROUPS:
            part = table[table[:, 4] == GROUPS.index(name)]
            if len(part):
                windows[name].append(part)
                rows.append({"file": recording.name, "group": name, "windows": len(part),
                             **scores.heart_scores(*part.T[:3]),
                             **(scores.pool([body]) if name == recording.group else {}),
                             "cpu_s_per_hour": 3600 * said.cpu / recording.seconds})
    for name in GROUPS:
        if windows[name]:
            table = np.concatenate(windows[name])
            figures |= keyed(name, scores.heart_scores(*table.T[:3]))
            curves[name] = scores.risk_coverage(*table.T[:3])
        figures |= keyed(name, scores.pool(pooled[name]))
    return figures, {"files": rows, "risk_coverage": curves}


def published(recordings: list[Recording], heard: list[Heard],
              more: dict[str, object]) -> dict[str, float]:
    """The published estimates' figures; ours on exactly those windows go to `more`."""
    tables = [
        window_table(r, h)
        for r, h in zip(recordings, heard, strict=True)
        if r.paper_bpm is not None
    ]
    if not tables:
        return {}
    table, peer, same = np.concatenate(tables), {}, {}
    for name in GROUPS:
        part = table[(table[:, 4] == GROUPS.index(name)) & np.isfinite(table[:, 3])]
        if len(part):
            peer |= keyed(name, scores.heart_scores(part[:, 0], part[:, 3], np.ones(len(part))))
            same |= keyed(name, scores.heart_scores(*part.T[:3]))
    more["nocturne_on_gkfsm_windows"] = same
    return peer


def keyed(group: str, figures: dict[str, float]) -> dict[str, float]:
    return {f"{group}.{key}": value for key, value in figures.items()}


def window_table(recording: Recording, heard: Heard) -> np.ndarray:
    """(windows, 5): true, said at the window's end, quality, published estimate, group; NaN where
    there is none."""
    said = {vitals.time: vitals.heart_rate for vitals in heard.vitals}
    ends = np.floor(recording.start_s + recording.win_s + 1e-6)
    at_end = [said.get(float(end)) or (np.nan, np.nan) for end in ends]
    known = np.full(len(ends), np.nan) if recording.paper_bpm is None else recording.paper_bpm
    group = np.full(len(ends), GROUPS.index(recording.group))
    if recording.group in ("bami", "spc"):
        group[quiet_windows(recording)] = GROUPS.index("quiet")
    return np.column_stack((recording.bpm, np.array(at_end, float).reshape(-1, 2), known, group))


def delay(heard: Heard) -> float:
    """s: from what happened to its being told, the latest beat or second."""
    seconds = float((heard.told - [v.time for v in heard.vitals]).max())
    beats = [
        now - beat for now, v in zip(heard.told, heard.vitals, strict=True) for beat in v.beats
    ]
    return max(seconds, *beats) if beats else seconds


def no_signal() -> tuple[float, list[dict[str, object]]]:
    """Share of seconds with a number, from 5 s after the start, and the same of each signal."""
    rows = []
    for recording in nothings():
        vitals = [v for v in play(recording).vitals if v.time > SETTLED]
        answered = [v for v in vitals if v.heart_rate or v.breathing or v.rmssd or v.beats]
        rows.append(
            {
                "signal": recording.name,
                "seconds": len(vitals),
                "answered": len(answered) / len(vitals),
            }
        )
    total = sum(row["seconds"] for row in rows)
    return sum(row["answered"] * row["seconds"] for row in rows) / total, rows
