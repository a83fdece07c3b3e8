"""The whole chain with labels: scored beats → pulse or recoil → chips → vital signs → stager.

These people have sleep apnoea and lie awake a quarter of the time; nobody recorded movement. One
person's recordings are one subject.
"""

from collections.abc import Sequence

import numpy as np

from areas.staging import chain, scores
from device.assembly.desk import BEDTIME
from device.sleep.second_opinion import SecondOpinion
from device.sleep.stager import Stager
from device.values import EPOCH, STAGES
from kit.figures import Goal
from training.stager.data import UNSCORED, Beats

GOALS = (Goal("chain.wake_auc", ">=", .75), Goal("chain.kappa3", ">=", .25),
         Goal("chain.ece", "<=", .12))
BUILDS = {"": "clip", "bed_": "mattress"}
LEAST = 10              # scored epochs of wake and of sleep that a person's AUC needs
RESAMPLES = 2000


def of(recordings: Sequence[Beats]) -> tuple[dict[str, float], dict]:
    """Figures `chain.…` by pulse and `chain.bed_…` through the mattress, and each subject's."""
    figures: dict[str, float] = {}
    details: dict[str, object] = {"what": __doc__}
    for prefix, build in BUILDS.items():
        people: dict[str, list] = {}
        for recording in recordings:
            people.setdefault(recording.person, []).append(judged(recording, build))
        each = {name: of_person(rows) for name, rows in people.items()}
        truth, stage, p, second = joined([row for rows in people.values() for row in rows])
        areas = np.array([one["wake_auc"] for one in each.values()])
        figures |= {
            f"chain.{prefix}wake_auc": float(np.nanmean(areas)),
            f"chain.{prefix}wake_auc_pooled": auc(p[:, 0], truth == 0),
            f"chain.{prefix}kappa3": scores.kappa(scores.THREE[truth], scores.THREE[stage]),
            f"chain.{prefix}kappa3_second": scores.kappa(scores.THREE[truth],
                                                         scores.THREE[second]),
            f"chain.{prefix}ece": float(scores.calibration_error(1 - p[:, 0], truth != 0)),
            f"chain.{prefix}judged": float(np.mean([row[4] for rows in people.values()
                                                    for row in rows])),
        }
        details[build] = {"subjects": each,
                          "wake_auc_interval": scores.interval(areas, np.nanmean, RESAMPLES)}
    return figures, details


def judged(recording: Beats, build: str) -> tuple:
    """(truth, stage, p, second, share judged) of the scored epochs. The first epoch begins with the
    recording; what is unknown counts as half awake, shown as light sleep."""
    epochs = chain.of_beats(recording, build)
    stager = Stager.load()
    live = [stager.judge(epoch, BEDTIME) for epoch in epochs]
    morning = SecondOpinion.load().judge(epochs, live)
    place = np.array([round((epoch.start - BEDTIME) / EPOCH) for epoch in epochs])
    inside = (place >= 0) & (place < len(recording.stage))
    truth = np.where(inside, recording.stage[np.where(inside, place, 0)], UNSCORED)
    p = np.array([s.probabilities or (.5, .35, .05, .1) for s in live])
    stage, second = (np.array([STAGES.index(s.stage) if s.stage else 1 for s in said])
                     for said in (live, morning))
    known = float(np.mean([s.p_asleep is not None for s in live]))
    scored = truth != UNSCORED
    return truth[scored], stage[scored], p[scored], second[scored], known


def joined(rows: Sequence[tuple]) -> tuple[np.ndarray, ...]:
    return tuple(np.concatenate([row[k] for row in rows]) for k in range(4))


def of_person(rows: Sequence[tuple]) -> dict[str, float]:
    truth, stage, p, _ = joined(rows)
    wake = truth == 0
    return {"wake": float(wake.mean()), "said_wake": float(p[:, 0].mean()),
            "wake_auc": auc(p[:, 0], wake),
            "kappa2": scores.kappa(wake, stage == 0),
            "kappa3": scores.kappa(scores.THREE[truth], scores.THREE[stage])}


def auc(p: np.ndarray, event: np.ndarray) -> float:
    """Area under the ROC curve (Mann and Whitney); NaN with too few of either."""
    if min(event.sum(), (~event).sum()) < LEAST:
        return np.nan
    order = np.argsort(p, kind="stable")
    values, place, counts = np.unique(p[order], return_inverse=True, return_counts=True)
    rank = np.empty(len(p))
    rank[order] = (counts.cumsum() - (counts - 1) / 2)[place]
    positives = event.sum()
    return float((rank[event].sum() - positives * (positives + 1) / 2)
                 / (positives * (len(p) - positives)))
