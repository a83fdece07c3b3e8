"""`tools/evaluate staging`: awake or asleep and stages on nights like data/sleep_accel, beside
peers in the same folds.

Strictly causal on these rows: activity from rows at least ten epochs old, the heart from rows at
least fifteen old.
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import process_time

import numpy as np

from areas.staging import peers as stager_peers
from areas.staging import scores
from device.inference import model_card
from device.sleep import features
from device.sleep.blend import Blend
from device.sleep.hypnogram import smoothed
from device.sleep.onset import SETTINGS
from device.sleep.stager import Stager
from device.values import Epoch
from kit.figures import Goal, Result
from training.stager import fit as stager_fit
from training.stager.data import Night, load, recovered

FOLDS = 8
RESAMPLES = 2000
PAIRED = ("kappa2", "kappa3", "kappa4", "brier", "spec_at_93")
CLAIMED = PAIRED[:4]      # those that the goal counts
ALTERED = {
    "heart × .75": (0.75, 1),
    "heart × 1.35": (1.35, 1),
    "activity × .5": (1, 0.5),
    "activity × 2": (1, 2),
}
GOALS = (
    Goal("spec_at_93", ">=", 0.58),
    Goal("kappa3", ">=", 0.30),
    Goal("kappa4", ">=", 0.35),
    Goal("onset_median_min", "<=", 9.0),
    Goal("onset_early", "<=", 0.15),
    Goal("brier_skill", ">=", 0.30),
    Goal("ece", "<=", 0.05),
    Goal("wake_bias_points_abs", "<=", 5.0),
    Goal("ms_per_epoch", "<=", 1.0),
    Goal("paired_above", ">=", 2),
    Goal("paired_below", "<=", 0),
)


def add_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--compare", action="store_true",
        help="also a recurrent network, a hidden Markov model and others (staging; minutes)")


def evaluate(data: Path, train: Path | None, options: Namespace) -> Result:
    nights = load(data)
    schooled = load(train) if train else []
    model, card = model_card.read("stager", features.INPUTS)
    ways = {
        way: [stager_fit.inputs_of(night, way) for night in nights] for way in ("rows", "board")
    }
    altered = {
        name: [
            stager_fit.board_inputs(replace(night, heart=heart * night.heart),
                                    counts * recovered(night))
            for night in nights
        ]
        for name, (heart, counts) in ALTERED.items()
    }
    peers = {"lagged": [stager_peers.rows(night) for night in nights], "own": ways["rows"]}
    split, said = folds(nights, schooled, set(card.facts["training"].get("nights", ())))
    shipped = stager_numbers(model)
    verdicts: dict[str, list] = {}
    late = [None] * len(nights)
    for learn, test in split:
        for way in ways:
            if learn is None:       # nights that the shipped model never saw
                mine = shipped[way]
            else:
                mine = stager_fit.fit(*gathered(ways[way], nights, learn, schooled,
                                                partial(stager_fit.inputs_of, way=way)))
            for n in test:
                put(verdicts, way, n, len(nights), scores.Verdict.of(mine, ways[way][n]))
                for name in ALTERED if way == "board" else ():
                    put(verdicts, name, n, len(nights), scores.Verdict.of(mine, altered[name][n]))
        changes = stager_fit.changes(stages_of(nights, learn or test, schooled))
        for n in test:
            p = smoothed(verdicts["rows"][n].probabilities, changes)
            late[n] = scores.Verdict(p, verdicts["rows"][n].decide(p))
    wanted = [*stager_peers.FITS, *(stager_peers.COMPARED if options.compare else ())]
    for name in wanted:
        fit, kind = {**stager_peers.FITS, **stager_peers.COMPARED}[name]
        for learn, test in peer_split(split, nights, schooled):
            predict = fit(
                *gathered(peers[kind], nights, learn, schooled, stager_peers.INPUTS[kind])
            )
            for n in test:
                put(verdicts, name, n, len(nights), predict(peers[kind][n], nights[n]))
    return told(nights, verdicts, late, wanted, said, data)


def told(nights: Sequence[Night], verdicts: Mapping[str, list], late: list, peers: Sequence[str],
         said: str, data: Path) -> Result:
    def all_of(name: str, setting: str = "cautious") -> dict[str, float]:
        return scores.figures(nights, verdicts[name], SETTINGS[setting])

    figures = all_of("rows")
    figures["kappa3_delayed"] = scores.kappa3(nights, late)
    figures["ms_per_epoch"] = cost()
    paired = {
        peer: scores.paired(nights, verdicts["rows"], verdicts[peer], PAIRED, RESAMPLES)
        for peer in peers
    }
    intervals = [paired["lightgbm"][key]["interval"] for key in CLAIMED]
    figures["paired_above"] = sum(low > 0 for low, _ in intervals)
    figures["paired_below"] = sum(high < 0 for _, high in intervals)
    figures["wake_bias_points_abs"] = abs(figures["wake_bias_points"])
    more = {
        "strictly_causal": "activity 10, heart 15 epochs late; the heart column is scaled by its "
        "whole night",
        "paired": paired,
        "by_subject": {
            "nocturne": scores.by_subject(nights, verdicts["rows"], RESAMPLES),
            **{peer: scores.by_subject(nights, verdicts[peer], RESAMPLES) for peer in peers},
        },
        "constant_time_at_equal_early": scores.constant_time_at(nights, figures["onset_early"]),
        "intervals": {
            way: {
                name: scores.detector_intervals(nights, verdicts[way], setting, RESAMPLES)
                for name, setting in SETTINGS.items()
            }
            for way in ("rows", "board")
        },
        "quick": {
            key: value
            for key, value in all_of("rows", "quick").items()
            if key.startswith(("onset", "arousal"))
        },
        "events": scores.events(nights),
        "board": {
            "what": "the board's own inputs: the counts under the rows, recovered, without delay, "
            "and the heart ten epochs late, which leaves 142 s of the heart filter in the future",
            "figures": all_of("board"),
            "quick": all_of("board", "quick"),
            "altered": {name: all_of(name) for name in ALTERED},
            "constant_time_at_equal_early": scores.constant_time_at(
                nights, all_of("board")["onset_early"]
            ),
            "by_subject": scores.by_subject(nights, verdicts["board"], RESAMPLES),
        },
        "compared": {"nocturne": figures, **{name: all_of(name) for name in peers}},
    }
    return Result(
        "staging",
        f"{data}: {len(nights)} nights; {said}",
        figures,
        {
            peer: {**all_of(peer), "kappa3_delayed": np.nan, "ms_per_epoch": np.nan}
            for peer in peers
        },
        GOALS,
        more,
    )


def folds(nights: Sequence[Night], schooled: Sequence[Night], seen: set[str]
          ) -> tuple[list[tuple[list[int] | None, list[int]]], str]:
    """(nights to learn from, nights to judge) and the words for it; None: the shipped model as it
    is."""
    everyone = list(range(len(nights)))
    if schooled:
        return [([], everyone)], "model and peers fitted on --train"
    if not any(night.name in seen for night in nights):
        return [
            (None, everyone)
        ], "shipped model as it is; peers cross-validated by subject inside --data"
    parts = [everyone[k::min(FOLDS, len(nights))] for k in range(min(FOLDS, len(nights)))]
    return (
        [([n for n in everyone if n not in part] or everyone, part) for part in parts],
        f"model and peers cross-validated by subject ({len(parts)} folds): the shipped model has "
        "seen these nights",
    )


def peer_split(split, nights: Sequence[Night], schooled: Sequence[Night]):
    """Peers have no shipped model: where ours is used as it is, they are cross-validated inside the
    data."""
    if split[0][0] is not None:
        return split
    everyone = list(range(len(nights)))
    parts = [everyone[k::min(FOLDS, len(nights))] for k in range(min(FOLDS, len(nights)))]
    return [([n for n in everyone if n not in part] or everyone, part) for part in parts]


def gathered(
    inputs: Sequence[np.ndarray],
    nights: Sequence[Night],
    learn: Sequence[int],
    schooled: Sequence[Night],
    inputs_of,
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    if schooled:
        return [inputs_of(night) for night in schooled], [night.stage for night in schooled]
    return [inputs[n] for n in learn], [nights[n].stage for n in learn]


def stages_of(nights: Sequence[Night], chosen: Sequence[int],
              schooled: Sequence[Night]) -> list[np.ndarray]:
    return [night.stage for night in schooled] or [nights[n].stage for n in chosen]


def stager_numbers(model: bytes) -> dict[str, Blend]:
    numbers = json.loads(model)
    return {way: Blend.of(numbers[way], len(features.INPUTS)) for way in ("rows", "board")}


def put(verdicts: dict[str, list], name: str, n: int, of: int, verdict) -> None:
    verdicts.setdefault(name, [None] * of)[n] = verdict


def cost(epochs: int = 1000) -> float:
    """ms of CPU per epoch for the stager as the board runs it, features included: best of three."""
    rng = np.random.default_rng(0)
    night = [
        Epoch(i, 30.0 * i, float(rng.exponential(3)), 0.01, float(rng.normal(60, 3)), 2.0, 40.0,
              14.0, 1.0, 1.0, True)
        for i in range(epochs)
    ]
    times = []
    for _ in range(3):
        stager, begin = Stager.load(), process_time()
        for epoch in night:
            stager.judge(epoch, 0.0)
        times.append((process_time() - begin) / epochs * 1000)
    return min(times)
