"""Peers on the windows that the device is scored on, in the same run: HeartPy, NeuroKit2,
MSPTDfast, a naive tracker, and GK-FSM's published estimates where they are.

`GROUP.hr_…` counts all windows for all: one without an answer is missed in `hr_within5`.
`GROUP.on_ours.hr_…` are the windows that the device shows, for all: so a method that answers
everywhere isn't judged on what the device leaves out. `on_gkfsm` are those with a published
estimate. `rest` is two people's; its beats are held against their ECG.
"""

import time
import warnings
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import numpy as np

from areas.vitals import peers, scores
from areas.vitals.data import Recording, load, play
from areas.vitals.evaluate import GROUPS, keyed, window_table
from kit.figures import Goal, Result

MOST = 20               # windows of each recording: peers are slow
Rates = Callable[[Recording, np.ndarray], np.ndarray]


def by_window(rate: peers.Window) -> Rates:
    return lambda recording, places: peers.windows(recording, places, rate)


PEERS: dict[str, tuple[Rates, peers.Beats | None]] = {
    "heartpy": (by_window(peers.heartpy_rate), peers.heartpy_beats),
    "neurokit2": (by_window(peers.neurokit_rate), peers.neurokit_beats),
    "msptdfast": (by_window(peers.msptdfast_rate), peers.msptdfast_beats),
    "naive": (lambda recording, places: peers.tracked(recording)[places], None),
}


def bench(data: Path | None, options: Namespace) -> Result:
    if data is None:
        raise SystemExit("vitals needs --data DIR")
    recordings = [
        r for r in map(load, sorted(data.glob("*.npz"))) if r is not None and r.group != "other"
    ]
    heard = [play(recording) for recording in recordings]
    seconds = sum(r.seconds for r in recordings)
    tables = [thin(window_table(r, h)) for r, h in zip(recordings, heard, strict=True)]
    ours = np.concatenate(tables)
    figures = compared(ours, ours[:, 1], ours[:, 2])
    rest = [(r, h) for r, h in zip(recordings, heard, strict=True)
            if r.group == "rest" and r.beats_s is not None]
    figures |= keyed("rest", scores.pool([scores.body_scores(r, h) for r, h in rest]))
    figures["cpu_s_per_hour"] = 3600 * sum(h.cpu for h in heard) / seconds
    others = {"gkfsm": compared(ours, ours[:, 3])}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, (rates, beats) in PEERS.items():
            begin = time.process_time()
            said = [rates(r, table[:, 5].astype(int))
                    for r, table in zip(recordings, tables, strict=True)]
            cpu = time.process_time() - begin
            asked = len(ours) if beats else sum(len(r.start_s) for r in recordings)
            others[name] = compared(ours, np.concatenate(said))
            others[name]["cpu_s_per_hour"] = cpu * 3600 / (8 * asked)
            if beats:
                others[name] |= keyed("rest", scores.pool(
                    [scores.beat_scores(r, peers.beats(r, beats)) for r, _ in rest]))
    best = max(peer.get("rest.beats_f1", 0.0) for peer in others.values())
    return Result(
        "vitals",
        f"up to {MOST} windows of 8 s from each of {len(recordings)} recordings of {data}; "
        f"rest: {len(rest)} people",
        figures, others,
        (Goal("cpu_s_per_hour", "<=", others["heartpy"]["cpu_s_per_hour"] / 4),
         Goal("rest.beats_f1", ">", best)),
    )


def thin(table: np.ndarray) -> np.ndarray:
    """Every k-th window, with its place in a sixth column."""
    table = np.column_stack((table, np.arange(len(table))))
    return table[:: max(len(table) // MOST, 1)]


def compared(ours: np.ndarray, said: np.ndarray,
             quality: np.ndarray | None = None) -> dict[str, float]:
    """Figures of `said` (windows,) by group: on all windows of the device's table, on those that it
    shows, and on those with a published estimate."""
    quality = np.ones(len(said)) if quality is None else quality
    figures = {}
    for number, name in enumerate(GROUPS):
        here = ours[:, 4] == number
        for key, part in ((name, here), (f"{name}.on_ours", here & np.isfinite(ours[:, 1])),
                          (f"{name}.on_gkfsm", here & np.isfinite(ours[:, 3]))):
            if part.any() and np.isfinite(said[part]).any():
                figures |= keyed(key, scores.heart_scores(ours[part, 0], said[part], quality[part]))
    return figures
