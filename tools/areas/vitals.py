"""Vital signs against references: heart rate, beats, breathing, honesty and cost. Goals from issue 3."""

import argparse
from pathlib import Path

import numpy as np

from tools.areas import vitals_scores as scores
from tools.areas.vitals_files import Heard, Recording, load, play, quiet_windows
from tools.areas.vitals_nothing import nothings
from tools.figures import Goal, Result

SETTLED = 5.0           # s after which absent input must have no number
GOALS = (
    Goal("rest.hr_mae_bpm", "<=", 0.5), Goal("rest.hr_within5", ">=", 0.97),
    Goal("rest.hr_at80_mae_bpm", "<=", 0.7), Goal("quiet.hr_at80_mae_bpm", "<=", 0.7),
    Goal("bami.hr_wrong10", "<=", 0.03), Goal("bami.hr_availability", ">=", 0.5),
    Goal("spc.hr_wrong10", "<=", 0.03), Goal("spc.hr_availability", ">=", 0.5),
    Goal("no_signal_answered", "<=", 0.01),
    Goal("cpu_s_per_hour", "<=", 1.0), Goal("delay_s", "<=", 2.0),
)


def evaluate(data: Path, train: Path | None, options: argparse.Namespace) -> Result:
    """Score every recording of the folder that has a reference; `train` is ignored, for nothing here is fitted."""
    recordings = [r for r in map(load, sorted(data.glob("*.npz"))) if r is not None and r.group != "other"]
    heard = [play(recording) for recording in recordings]
    windows = [window_table(r, h) for r, h in zip(recordings, heard, strict=True)]
    figures: dict[str, float] = {}
    peer: dict[str, float] = {}
    more: dict[str, object] = {"files": [], "risk_coverage": {}}
    for name in ("rest", "quiet", "bami", "spc"):
        rows = [table[table[:, 4] == code(name)] for table in windows]
        for recording, row in zip(recordings, rows, strict=True):
            if len(row):
                more["files"].append({"file": recording.name, "group": name, "windows": len(row),
                                      **scores.heart_scores(*row.T[:3])})
        pooled = np.concatenate(rows) if rows else np.empty((0, 5))
        if len(pooled):
            figures |= keyed(name, scores.heart_scores(*pooled.T[:3]))
            more["risk_coverage"][name] = scores.risk_coverage(*pooled.T[:3])
            published = pooled[np.isfinite(pooled[:, 3])]
            if len(published):
                peer |= keyed(name, scores.heart_scores(published[:, 0], published[:, 3], np.ones(len(published))))
    figures["no_signal_answered"], more["no_signal"] = no_signal()
    if heard:
        figures["cpu_s_per_hour"] = 3600 * sum(h.cpu for h in heard) / sum(r.seconds for r in recordings)
        figures["delay_s"] = max(float((h.told - [v.time for v in h.vitals]).max()) for h in heard)
    goals = GOALS
    if "quiet.hr_mae_bpm" in peer:
        goals += (Goal("quiet.hr_mae_bpm", "<", peer["quiet.hr_mae_bpm"]),
                  Goal("quiet.hr_within5", ">", peer["quiet.hr_within5"]))
    return Result("vitals", f"{len(recordings)} recordings of {data}; nothing is fitted to them", figures,
                  {"gkfsm": peer} if peer else {}, goals, more)


def code(group: str) -> int:
    return ("rest", "quiet", "bami", "spc").index(group)


def keyed(group: str, figures: dict[str, float]) -> dict[str, float]:
    return {f"{group}.{key}": value for key, value in figures.items()}


def window_table(recording: Recording, heard: Heard) -> np.ndarray:
    """(windows, 5): true, said at the window's end, quality, published estimate, group; NaN where there is none."""
    said = {vitals.time: vitals.heart_rate for vitals in heard.vitals}
    ends = np.floor(recording.start_s + recording.win_s + 1e-6)
    at_end = [said.get(float(end)) or (np.nan, np.nan) for end in ends]
    published = np.full(len(ends), np.nan) if recording.paper_bpm is None else recording.paper_bpm
    groups = np.where(quiet_windows(recording), code("quiet"), code(recording.group))
    return np.column_stack((recording.bpm, np.array(at_end).reshape(-1, 2), published, groups))


def no_signal() -> tuple[float, list[dict[str, object]]]:
    """Share of seconds with a number, from 5 s after the start, and the same of each signal."""
    rows = []
    for recording in nothings():
        vitals = [v for v in play(recording).vitals if v.time > SETTLED]
        answered = [v for v in vitals if v.heart_rate or v.breathing or v.rmssd or v.beats]
        rows.append({"signal": recording.name, "seconds": len(vitals), "answered": len(answered) / len(vitals)})
    total = sum(row["seconds"] for row in rows)
    return sum(row["answered"] * row["seconds"] for row in rows) / total, rows
