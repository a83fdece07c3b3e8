"""The figures of `tools/evaluate staging`, from stages judged and stages scored by people."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from device.sleep.onset import Detector, Setting
from device.values import EPOCH
from training.stager.data import UNSCORED, Night

MINUTES = EPOCH / 60
SENSITIVITY = .93
WAKING = 10             # epochs: 5 min
IN_TIME = 6             # epochs: 3 min
ALLOWED = 2             # epochs after a short waking in which an alarm is still for it
THREE = np.array([0, 1, 1, 2])          # wake, non-REM, REM


@dataclass(frozen=True, eq=False)
class Verdict:
    """One night's judgement."""
    probabilities: np.ndarray           # (n, 4)
    stage: np.ndarray                   # (n,) place in STAGES
    fallen: np.ndarray | None = None    # (n,) P(has slept tonight), of who has a model of that
    onset: float | None = None          # min: said by a rule that has no probabilities


def pooled(nights: Sequence[Night], verdicts: Sequence[Verdict]
           ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scored epochs of all nights: truth (m,), stage said (m,), probabilities (m, 4)."""
    truth = np.concatenate([night.stage for night in nights])
    stage = np.concatenate([verdict.stage for verdict in verdicts])
    p = np.concatenate([verdict.probabilities for verdict in verdicts])
    scored = truth != UNSCORED
    return truth[scored], stage[scored], p[scored]


def figures(
    nights: Sequence[Night], verdicts: Sequence[Verdict], setting: Setting
) -> dict[str, float]:
    """Pooled over all epochs of all nights; `wake` is the positive answer of specificity, as the
    field has it."""
    truth, stage, p = pooled(nights, verdicts)
    wake, said = truth == 0, stage == 0
    out = {
        "sw_acc": (wake == said).mean(),
        "sens": rate(~said[~wake]),
        "spec": rate(said[wake]),
        "spec_at_93": spec_at(p[:, 0], wake),
        "kappa2": kappa(wake, said),
    }
    three, three_said = THREE[truth], THREE[stage]
    out |= {
        "acc3": (three == three_said).mean(),
        "kappa3": kappa(three, three_said),
        "acc4": (truth == stage).mean(),
        "kappa4": kappa(truth, stage),
    }
    out |= onsets(*onset_times(nights, verdicts, setting)) | arousals(
        arousal_counts(nights, verdicts, setting)
    )
    out |= {
        "wake_bias_points": 100 * (said.mean() - wake.mean()),
        "ece": calibration_error(1 - p[:, 0], ~wake),
        "brier_skill": brier_skill(p[:, 0], wake),
    }
    return {key: float(value) for key, value in out.items()}


def kappas(nights: Sequence[Night], verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """In three classes and in four."""
    truth, stage, _ = pooled(nights, verdicts)
    return kappa(THREE[truth], THREE[stage]), kappa(truth, stage)


def reliability(nights: Sequence[Night], verdicts: Sequence[Verdict]) -> dict[str, list]:
    """Of each class, by fifths of the scale: share of epochs, mean probability, share that were."""
    truth, _, p = pooled(nights, verdicts)
    out = {}
    for place, name in enumerate(("wake", "light", "deep", "rem")):
        fifth = np.minimum((p[:, place] * 5).astype(int), 4)
        out[name] = [[float((fifth == f).mean()), float(p[fifth == f, place].mean()),
                      float((truth[fifth == f] == place).mean())] for f in np.unique(fifth)]
    return out


def rate(hits: np.ndarray) -> float:
    return hits.mean() if len(hits) else np.nan


def kappa(truth: np.ndarray, said: np.ndarray) -> float:
    """Cohen's kappa; 0 where there is nothing but one class on both sides."""
    classes = np.unique(np.concatenate([truth, said]))
    agree = (truth == said).mean()
    chance = sum((truth == c).mean() * (said == c).mean() for c in classes)
    return float((agree - chance) / (1 - chance)) if chance < 1 else 0.0


def spec_at(p_wake: np.ndarray, wake: np.ndarray, sensitivity: float = SENSITIVITY) -> float:
    """Share of wake found where `sensitivity` of sleep is left alone; a tie is shared out: a
    constant gets .07."""
    if not wake.any() or wake.all():
        return np.nan
    threshold = np.quantile(p_wake[~wake], sensitivity, method="higher")
    above, level = (p_wake[~wake] > threshold).mean(), (p_wake[~wake] == threshold).mean()
    part = (1 - sensitivity - above) / level if level else 0.0
    return (p_wake[wake] > threshold).mean() + part * (p_wake[wake] == threshold).mean()


def calibration_error(p: np.ndarray, event: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error over equal bins of p."""
    place = np.minimum((p * bins).astype(int), bins - 1)
    return sum(
        (place == b).mean() * abs(p[place == b].mean() - event[place == b].mean())
        for b in np.unique(place)
    )


def brier_skill(p: np.ndarray, event: np.ndarray) -> float:
    """1 − Brier score over that of always saying the base rate."""
    worst = ((event - event.mean()) ** 2).mean()
    return 1 - ((p - event) ** 2).mean() / worst if worst else np.nan


def detected(verdict: Verdict, setting: Setting) -> tuple[np.ndarray, np.ndarray]:
    """(n,) asleep and (n,) aroused, by the device's own detector."""
    detector = Detector(setting)
    fallen = [None] * len(verdict.stage) if verdict.fallen is None else verdict.fallen
    pairs = [detector.step(float(1 - p), f) for p, f in zip(verdict.probabilities[:, 0], fallen,
                                                            strict=True)]
    return np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])


def onset_of(night: Night) -> float:
    """min from lights out to the first epoch of any sleep."""
    return float((night.stage > 0).argmax() * MINUTES)


def onset_times(
    nights: Sequence[Night], verdicts: Sequence[Verdict], setting: Setting
) -> tuple[np.ndarray, np.ndarray]:
    """(m,) min when sleep onset was declared and (m,) when it was, of the nights with sleep."""
    said, true = [], []
    for night, verdict in zip(nights, verdicts, strict=True):
        if not (night.stage > 0).any():
            continue
        minutes = verdict.onset
        if minutes is None:
            asleep, _ = detected(verdict, setting)
            minutes = (asleep.argmax() if asleep.any() else len(asleep)) * MINUTES
        said.append(minutes)
        true.append(onset_of(night))
    return np.array(said, float), np.array(true, float)


def onsets(said: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """Size of the error, the share declared before any sleep, and the correlation with the truth
    (0 for what always says the same)."""
    if not len(true):
        return {key: np.nan for key in ("onset_median_min", "onset_p90_min", "onset_early",
                                        "onset_r")}
    errors = said - true
    vary = len(true) > 1 and said.std() > 0 and true.std() > 0
    return {
        "onset_median_min": np.median(np.abs(errors)),
        "onset_p90_min": np.percentile(np.abs(errors), 90),
        "onset_early": np.mean(errors < 0),
        "onset_r": np.corrcoef(said, true)[0, 1] if vary else 0.0,
    }


def constant_time(stages: Sequence[np.ndarray], early: float) -> float:
    """min: the soonest constant time that comes before any sleep on no more than `early` of these
    nights."""
    true = np.array([(stage > 0).argmax() * MINUTES for stage in stages if (stage > 0).any()])
    times = np.arange(0, true.max() + 1, MINUTES) if len(true) else np.array([0.0])
    return float(next(t for t in times if not len(true) or (t < true).mean() <= early))


def wakings(night: Night, least: int = 1) -> list[tuple[int, int]]:
    """(first, end) of runs of wake after sleep onset of at least `least` epochs."""
    wake = night.stage == 0
    edges = np.flatnonzero(np.diff(np.r_[0, wake.astype(int), 0]))
    onset = (~wake).argmax() if (~wake).any() else len(wake)
    return [
        (a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a > onset and b - a >= least
    ]


def arousal_counts(
    nights: Sequence[Night], verdicts: Sequence[Verdict], setting: Setting
) -> np.ndarray:
    """(n, 4) of each night: wakings ≥ 5 min with an alarm within 3 min of their start, such
    wakings, alarms outside any waking, hours of sleep."""
    rows = []
    for night, verdict in zip(nights, verdicts, strict=True):
        _, aroused = detected(verdict, setting)
        long = wakings(night, WAKING)
        excused = night.stage <= 0
        for first, end in wakings(night):
            excused[first:end + ALLOWED] = True
        rows.append((sum(aroused[first:first + IN_TIME + 1].any() for first, _ in long), len(long),
                     (aroused & ~excused).sum(), (night.stage > 0).sum() * EPOCH / 3600))
    return np.array(rows, float)


def arousals(counts: np.ndarray) -> dict[str, float]:
    """Of `arousal_counts`, pooled."""
    caught, wanted, false, hours = counts.sum(0)
    return {"arousal_caught": caught / wanted if wanted else np.nan,
            "arousal_false_per_h": false / hours if hours else np.nan}


def detector_intervals(
    nights: Sequence[Night], verdicts: Sequence[Verdict], setting: Setting, resamples: int
) -> dict[str, list[float]]:
    """95 % bootstrap intervals of onset and arousal figures: nights are drawn, with all that
    happened in them."""
    rng = np.random.default_rng(0)
    said, true = onset_times(nights, verdicts, setting)
    counts = arousal_counts(nights, verdicts, setting)
    drawn: list[dict[str, float]] = []
    for _ in range(resamples if len(true) else 0):
        slept = rng.integers(len(true), size=len(true))
        drawn.append(onsets(said[slept], true[slept])
                     | arousals(counts[rng.integers(len(counts), size=len(counts))]))
    return {
        key: [float(q) for q in np.nanpercentile([one[key] for one in drawn], [2.5, 97.5])]
        for key in (drawn[0] if drawn else ())
    }


def events(nights: Sequence[Night]) -> dict[str, float]:
    scored = np.concatenate([night.stage[night.stage != UNSCORED] for night in nights])
    return {"wakings_5min": sum(len(wakings(night, WAKING)) for night in nights),
            "wake_share": float(np.mean(scored == 0))}


def of_subject(night: Night, verdict: Verdict) -> dict[str, float]:
    """What makes sense for one night."""
    truth, stage, p = pooled([night], [verdict])
    wake, said = truth == 0, stage == 0
    return {
        "sw_acc": (wake == said).mean(),
        "sens": rate(~said[~wake]),
        "spec": rate(said[wake]),
        "spec_at_93": spec_at(p[:, 0], wake),
        "kappa2": kappa(wake, said),
        "acc3": (THREE[truth] == THREE[stage]).mean(),
        "kappa3": kappa(THREE[truth], THREE[stage]),
        "acc4": (truth == stage).mean(),
        "kappa4": kappa(truth, stage),
        "brier": ((p[:, 0] - wake) ** 2).mean(),
        "wake_bias_points": 100 * (said.mean() - wake.mean()),
    }


def subjects(nights: Sequence[Night], verdicts: Sequence[Verdict]) -> dict[str, np.ndarray]:
    each = [of_subject(night, verdict) for night, verdict in zip(nights, verdicts, strict=True)]
    return {key: np.array([one[key] for one in each], float) for key in each[0]}


def by_subject(
    nights: Sequence[Night], verdicts: Sequence[Verdict], resamples: int
) -> dict[str, dict]:
    """Median over subjects with a 95 % bootstrap interval."""
    return {
        key: {
            "median": float(np.nanmedian(values)),
            "interval": interval(values, np.nanmedian, resamples),
        }
        for key, values in subjects(nights, verdicts).items()
    }


def paired(
    nights: Sequence[Night],
    ours: Sequence[Verdict],
    theirs: Sequence[Verdict],
    keys: Sequence[str],
    resamples: int,
) -> dict[str, dict]:
    """Mean over subjects of how much better we are (a lower Brier score is), with a 95 % bootstrap
    interval."""
    a, b = subjects(nights, ours), subjects(nights, theirs)
    better = {key: (b[key] - a[key]) if key == "brier" else (a[key] - b[key]) for key in keys}
    return {
        key: {
            "difference": float(np.nanmean(values)),
            "interval": interval(values, np.nanmean, resamples),
        }
        for key, values in better.items()
    }


def interval(values: np.ndarray, statistic, resamples: int) -> list[float]:
    values = values[~np.isnan(values)]
    if not len(values):
        return [np.nan, np.nan]
    rng = np.random.default_rng(0)
    drawn = values[rng.integers(len(values), size=(resamples, len(values)))]
    return [float(q) for q in np.percentile(statistic(drawn, axis=1), [2.5, 97.5])]
