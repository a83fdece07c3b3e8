"""`tools/evaluate staging`: awake or asleep and stages on nights like data/sleep_accel_raw, beside
peers fitted on the same nights as ours; and the whole chain on beats like data/slpdb_rr.

Everything but the second opinion is causal, and computed by the device's own code.
"""

import importlib.util
import json
import os
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np

from areas.staging import chain_scores, peers, scores
from areas.staging.scores import Verdict
from device.inference import model_card
from device.sleep import features, second_opinion
from device.sleep.onset import SETTINGS, Setting
from device.sleep.second_opinion import SecondOpinion
from device.sleep.stager import Stager
from device.values import STAGES, Epoch, Staging
from kit import aarch64
from kit.figures import Goal, Result
from kit.setup import ROOT
from training.stager import fit as stager_fit
from training.stager import second
from training.stager.data import Night, altered, load, load_beats

FOLDS = 8
RESAMPLES = 2000
PAIRED = ("kappa2", "kappa3", "kappa4", "brier", "spec_at_93")
CLAIMED = PAIRED[:4]  # those that the goal counts
GOALS = (
    Goal("spec_at_93", ">=", .65),
    Goal("kappa3", ">=", .52),
    Goal("kappa4", ">=", .48),
    Goal("onset_median_min", "<=", 9.0),
    Goal("onset_early", "<=", .10),
    Goal("onset_r", ">=", .7),
    Goal("brier_skill", ">=", .40),
    Goal("ece", "<=", .03),
    Goal("arousal_caught", ">=", .5),
    Goal("arousal_false_per_h", "<=", .4),
    Goal("kappa3_second", ">=", .54),
    Goal("kappa4_second", ">=", .49),
    Goal("ms_per_epoch", "<=", 1.0),
    Goal("paired_above", ">=", 2),
    Goal("paired_below", "<=", 0),
)
# what another sleeper's or another place's nights should give
ELSEWHERE = {"spec_at_93": .60, "kappa3": .42, "kappa4": .41, "onset_median_min": 10.0,
             "onset_early": .12, "brier_skill": .35, "ece": .05, "kappa3_second": .46,
             "kappa4_second": .42}


@dataclass(frozen=True, eq=False)
class Fitted:
    """Our two models, as their files would be."""
    stager: bytes
    second: bytes

    @classmethod
    def on(cls, nights: Sequence[Night], inputs: Sequence[np.ndarray],
           two_sided: Sequence[np.ndarray]) -> "Fitted":
        stages = [night.stage for night in nights]
        return cls(json.dumps(stager_fit.fit(inputs, stages)).encode(),
                   json.dumps(second.fit(two_sided, stages)).encode())

    @classmethod
    def shipped(cls) -> "Fitted":
        return cls(model_card.read("stager", features.INPUTS)[0],
                   model_card.read("second_opinion", second_opinion.INPUTS)[0])

    def judge(self, night: Night) -> list[Staging]:
        stager = Stager(self.stager, card("stager", features.INPUTS))
        return [stager.judge(epoch, night.epochs[0].start) for epoch in night.epochs]

    def opinion(self) -> SecondOpinion:
        return SecondOpinion(self.second, card("second_opinion", second_opinion.INPUTS))


def card(name: str, inputs: Sequence[str]) -> model_card.Card:
    return model_card.Card(name, "", tuple(inputs), tuple(STAGES), {})


def evaluate(data: Path, train: Path | None, options: Namespace) -> Result:
    counted = {"instructions_per_epoch": aarch64.alone("stager")} if options.instructions else {}
    figures: dict[str, float] = {}
    more: dict[str, object] = {}
    theirs: dict[str, Mapping[str, float]] = {}
    said, goals = [], list(GOALS)
    recordings = [] if options.no_chain else load_beats(data)
    try:
        nights = load(data)
    except FileNotFoundError:
        if not recordings:
            raise
        nights = []
    if nights:
        figures, theirs, more, told, goals = of_nights(nights, train, options)
        said.append(f"{len(nights)} nights; {told}")
    if recordings:
        chained, details = chain_scores.of(recordings)
        figures |= chained
        more["chain"] = details
        goals += chain_scores.GOALS
        said.append(f"chain: {len(recordings)} recordings of people with sleep apnoea, shipped "
                    "model, never trained on them")
    figures |= {"ms_per_epoch": cost(), **counted}
    return Result("staging", f"{data}: {'; '.join(said)}", figures, theirs, tuple(goals), more)


def of_nights(nights: Sequence[Night], train: Path | None, options: Namespace):
    taught = set(model_card.read("stager", features.INPUTS)[1].facts["training"]["nights"])
    seen = [night.name for night in nights if night.name in taught]
    schooled, where = ([], "") if seen and train is None else school(train, taught)
    own = bool(schooled) and {night.name for night in schooled} != taught
    everyone = list(range(len(nights)))
    if seen and train is None or not schooled and not seen:
        parts = [everyone[k::min(FOLDS, len(nights))] for k in range(min(FOLDS, len(nights)))]
        split = [([n for n in everyone if n not in part] or everyone, part) for part in parts]
        told = (f"model and peers cross-validated by subject ({len(parts)} folds)" if seen else
                "shipped model as it is; its training nights were not found, so peers are "
                "cross-validated inside --data and not comparable")
    else:
        split = [([], everyone)]
        told = (f"model and peers fitted on {where}" if own else
                f"shipped model as it is; peers fitted on its training nights ({where})")
    as_shipped = not seen and not own
    all_nights = [*nights, *schooled]
    inputs = [stager_fit.inputs_of(night) for night in all_nights]
    two_sided = [second.inputs_of(night) for night in all_nights]
    verdicts: dict[str, list] = {}
    wanted = {**peers.FITS, **(peers.COMPARED if options.compare else {})}
    if importlib.util.find_spec("torch") is None:
        wanted.pop("gru", None)
    for learn, test in split:
        school_of = learn or list(range(len(nights), len(all_nights)))
        chosen = [[those[n] for n in school_of] for those in (all_nights, inputs, two_sided)]
        ours = Fitted.shipped() if as_shipped else Fitted.on(*chosen)
        fits = {name: fit(chosen[1], [night.stage for night in chosen[0]])
                for name, fit in wanted.items()}
        opinion = ours.opinion()
        for n in test:
            live = ours.judge(nights[n])
            morning = opinion.judge(nights[n].epochs, live)
            put(verdicts, "nocturne", n, len(nights), verdict(live))
            put(verdicts, "second", n, len(nights), verdict(morning))
            for name, other in sensors(nights, n).items():
                put(verdicts, name, n, len(nights), verdict(ours.judge(other)))
            for name, predict in fits.items():
                put(verdicts, name, n, len(nights), predict(inputs[n], nights[n]))
    return report(nights, verdicts, list(wanted), told, as_shipped)


def school(train: Path | None, taught: set[str]) -> tuple[list[Night], str]:
    """The nights that --train, or else the places where training keeps them, hold; and where."""
    if train is not None:
        return load(train), f"--train {train}"
    for place in (os.environ.get("NOCTURNE_DATA"), ROOT / ".cache" / "nights",
                  ROOT.parent / "shared" / "data"):
        try:
            nights = load(Path(place)) if place else []
        except FileNotFoundError:
            continue
        found = [night for night in nights if night.name in taught]
        if {night.name for night in found} == taught:
            return found, f"found in {place}"
    return [], ""


def sensors(nights: Sequence[Night], n: int) -> dict[str, Night]:
    """The night as other sensors, or another bed, would have it."""
    night, beside = nights[n], nights[(n + 1) % len(nights)]
    return {"counts × .5": altered(night, .5), "counts × 2": altered(night, 2.0),
            "no movement": altered(night, None),
            "heart quality halved": altered(night, quality=.5),
            "partner's movement added": altered(night, partner=beside)}


def verdict(stagings: Sequence[Staging]) -> Verdict:
    """What was unknown counts as half awake, shown as light sleep."""
    p = np.array([s.probabilities or (.5, .35, .05, .1) for s in stagings])
    stage = np.array([STAGES.index(s.stage) if s.stage else 1 for s in stagings])
    slept = [s.p_slept for s in stagings]
    return Verdict(p, stage, slept)


def put(verdicts: dict[str, list], name: str, n: int, of: int, one: Verdict) -> None:
    verdicts.setdefault(name, [None] * of)[n] = one


def report(nights: Sequence[Night], verdicts: Mapping[str, list], wanted: Sequence[str],
           told: str, as_shipped: bool):
    def all_of(name: str, setting: Setting = SETTINGS["cautious"]) -> dict[str, float]:
        return scores.figures(nights, verdicts[name], setting)

    ours = verdicts["nocturne"]
    figures = all_of("nocturne")
    figures["kappa3_second"], figures["kappa4_second"] = scores.kappas(nights, verdicts["second"])
    paired = {peer: scores.paired(nights, ours, verdicts[peer], PAIRED, RESAMPLES)
              for peer in wanted}
    best = max(wanted, key=lambda peer: sum(
        np.nanmean(scores.subjects(nights, verdicts[peer])[key]) for key in CLAIMED[:3]))
    claimed = [paired[best][key]["interval"] for key in CLAIMED]
    figures["paired_above"] = sum(low > 0 for low, _ in claimed)
    figures["paired_below"] = sum(high < 0 for _, high in claimed)
    figures["wake_bias_points_abs"] = abs(figures["wake_bias_points"])
    compared = {peer: all_of(peer) for peer in wanted}
    more = {
        "best_peer": best,
        "paired": paired,
        "paired_second_over_live": scores.paired(nights, verdicts["second"], ours, PAIRED,
                                                 RESAMPLES),
        "second": all_of("second"),
        "by_subject": {name: scores.by_subject(nights, verdicts[name], RESAMPLES)
                       for name in ("nocturne", "second", *wanted)},
        "intervals": {name: scores.detector_intervals(nights, ours, setting, RESAMPLES)
                      for name, setting in SETTINGS.items()},
        "quick": {key: value for key, value in all_of("nocturne", SETTINGS["quick"]).items()
                  if key.startswith(("onset", "arousal"))},
        "onsets_min": [[night.name, *pair] for night, pair in zip(nights, np.transpose(
            scores.onset_times(nights, ours, SETTINGS["cautious"])).tolist(), strict=False)],
        "reliability": scores.reliability(nights, ours),
        "reliability_second": scores.reliability(nights, verdicts["second"]),
        "sensitivity": {name: {key: value for key, value in all_of(name).items() if key in SHOWN}
                        for name in ("nocturne", *sensors(nights, 0))},
        "events": scores.events(nights),
        "compared": {"nocturne": figures, **compared},
    }
    goals = [Goal(goal.key, goal.op, ELSEWHERE.get(goal.key, goal.goal)) if as_shipped else goal
             for goal in GOALS]
    blank = {"kappa3_second": np.nan, "kappa4_second": np.nan}
    return figures, {peer: {**compared[peer], **blank} for peer in wanted}, more, told, goals


SHOWN = ("spec_at_93", "kappa2", "kappa3", "kappa4", "brier_skill", "ece", "wake_bias_points",
         "onset_median_min", "onset_early", "arousal_caught", "arousal_false_per_h")


def cost(epochs: int = 1000) -> float:
    """ms of CPU per epoch for the stager as the board runs it, features included: best of three."""
    rng = np.random.default_rng(0)
    night = [Epoch(i, 30.0 * i, float(rng.exponential(3)), .01, float(rng.normal(60, 3)), 2.0, 40.0,
                   14.0, 1.0, 1.0, True) for i in range(epochs)]
    times = []
    for _ in range(3):
        stager, begin = Stager.load(), process_time()
        for epoch in night:
            stager.judge(epoch, 0.0)
        times.append((process_time() - begin) / epochs * 1000)
    return min(times)
