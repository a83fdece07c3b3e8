"""Vital signs against references: heart rate, beats, breathing, honesty and cost.

Groups: `rest` has PPG and an ECG (two people); `quiet` are the windows of bami and spc whose SD of
|a| is below 0.05 g, `quiet_gkfsm` those of them that have a published estimate; `bami` and `spc`
their other windows; `night` and `night_bcg` are semi-synthetic (see nights.py). A window of 8 s is
scored with what the device said at its end; `hr_within5` and `hr_within5_all` count a window
without a number as missed, `hr_within5_shown` leaves it out. `bodies` and `empty` are synthetic
(see bodies.py and beds.py); an uneven rhythm's rate is held against the beats of half a minute. Of
an empty bed's eight hours ten minutes of each are played, one after the other (--empty-stride 1:
all).
"""

import argparse
import os
from collections import defaultdict
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")       # as on the board; threads that wait would count as cost

import numpy as np  # noqa: E402

from areas.vitals import beds, bodies, cost, scores  # noqa: E402
from areas.vitals.data import Heard, Recording, load, play, quiet_windows  # noqa: E402
from areas.vitals.nights import nights  # noqa: E402
from areas.vitals.nothing import nothings  # noqa: E402
from kit.figures import Goal, Result  # noqa: E402

SETTLED = 5.0           # s after which absent input must have no number
GROUPS = ("rest", "quiet", "bami", "spc", "night", "night_bcg")
GOALS = (
    Goal("rest.hr_mae_bpm", "<=", 0.3),
    Goal("rest.hr_within5", ">=", 0.975),
    Goal("rest.hr_at80_mae_bpm", "<=", 0.2),
    Goal("quiet_gkfsm.hr_within5", ">=", 0.9),
    Goal("quiet_gkfsm.hr_mae_bpm", "<=", 2.0),
    Goal("spc.hr_within5_all", ">=", 0.8),
    Goal("spc.hr_within5_shown", ">=", 0.97),
    Goal("spc.hr_availability", ">=", 0.8),
    Goal("bami.hr_wrong10", "<=", 0.004),
    Goal("bami.half_rate", "<=", 0.001),
    Goal("bami.hr_availability", ">=", 0.87),
    Goal("rest.beats_se", ">=", 0.965),
    Goal("rest.beats_ppv", ">=", 0.99),
    Goal("rest.ibi_mae_ms", "<=", 6.0),
    Goal("night.hr_mae_bpm", "<=", 0.5),
    Goal("night.rmssd_err", "<=", 0.08),
    Goal("night_bcg.hr_mae_bpm", "<=", 0.5),
    Goal("night_bcg.rmssd_err", "<=", 0.08),
    Goal("rest.breathing_mae_brpm", "<=", 2.0),
    Goal("rest.breathing_availability", ">=", 0.7),
    Goal("night_bcg.breathing_mae_brpm", "<=", 2.0),
    Goal("night_bcg.breathing_availability", ">=", 0.8),
    Goal("rest.rmssd_sure", ">=", 0.5),
    Goal("rest.rmssd_within20", ">=", 1.0),
    Goal("bodies.told", ">=", 0.8),
    Goal("bodies.told_uneven", ">=", 0.4),
    Goal("bodies.right", ">=", 0.98),
    Goal("bodies.present", ">=", 1.0),
    Goal("others.uneven", "<=", 0.0),
    Goal("empty.told", "<=", 0.005),
    Goal("empty.asleep", "<=", 0.0),
    Goal("no_signal_answered", "<=", 0.01),
    Goal("cpu_s_per_hour", "<=", 0.6),
    Goal("delay_s", "<=", 2.0),
    Goal("rss_growth_mb", "<=", 2.0),
)


def evaluate(data: Path, train: Path | None, options: argparse.Namespace) -> Result:
    """Score every recording of the folder that has a reference; `train` is ignored, for nothing
    here is fitted."""
    recordings = recordings_of(data, options)
    heard = [play(recording) for recording in recordings]
    figures, more = score(recordings, heard)
    peer = published(recordings, heard, more)
    figures |= keyed("quiet_gkfsm", {name.removeprefix("quiet."): value for name, value in
                                     more.get("nocturne_on_gkfsm_windows", {}).items()
                                     if name.startswith("quiet.")})
    figures["quality.ece"], more["reliability"] = reliability(recordings, heard)
    draws = getattr(options, "draws", bodies.DRAWS)
    if draws:
        differing, more["bodies"] = bodies.figures(draws)
        empty, more["empty"] = beds.figures(-(-draws // 2), getattr(options, "empty_hours", 8.0),
                                            getattr(options, "empty_stride", 6))
        other, more["others"] = bodies.other_figures(draws)
        figures |= keyed("bodies", differing) | keyed("empty", empty) | keyed("others", other)
    figures["no_signal_answered"], more["no_signal"] = no_signal()
    if heard:
        figures["cpu_s_per_hour"] = (
            3600 * sum(h.cpu for h in heard) / sum(r.seconds for r in recordings)
        )
        figures["delay_s"] = max(delay(h) for h in heard)
    figures["rss_growth_mb"] = cost.rss_growth_mb()
    people = sum(r.group == "rest" for r in recordings)
    kinds = (f"{len(recordings)} recordings of {data}, night and night_bcg among them "
             f"semi-synthetic, rest of {people} people")
    return Result("vitals", f"{kinds}; nothing is fitted", figures, {"gkfsm": peer} if peer else {},
                  GOALS, more)


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


def reliability(recordings: list[Recording],
                heard: list[Heard]) -> tuple[float, list[dict[str, object]]]:
    """Expected calibration error of the shown windows within 5 /min, and its table by source and
    motion."""
    table = np.concatenate([window_table(r, h) for r, h in zip(recordings, heard, strict=True)])
    table = table[np.isfinite(table[:, 0]) & np.isfinite(table[:, 1])]
    rows: list[dict[str, object]] = []
    error = 0.0
    for group, name in enumerate(GROUPS):
        for tenth in range(5, 10):
            of = table[:, 4] == group
            of &= (table[:, 2] >= tenth / 10) & ((table[:, 2] < (tenth + 1) / 10) | (tenth == 9))
            if of.any():
                said = float(table[of, 2].mean())
                right = float(np.mean(np.abs(table[of, 1] - table[of, 0]) <= scores.WITHIN))
                rows.append({"group": name, "quality": said, "within5": right,
                             "windows": int(of.sum())})
                error += of.mean() * abs(said - right)
    return float(error), rows


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
