"""Trials of a composer on the virtual clock: obedience, steps, calm, a whole night, likeness to
people's music."""

import math
import time
from collections.abc import Callable, Sequence

import numpy as np

from areas.composer import measures as measure
from device.compose import Composer
from device.values import SCALES, STYLES, Note, Phrase, Recipe

Make = Callable[[int], Composer]        # seed → composer
ASKED = {
    "density": (0.05, 0.8),
    "register": (45.0, 67.0),
    "pulse": (40.0, 80.0),
    "brightness": (0.0, 1.0),
}
BEFORE = Recipe(scale="dorian", pulse=46, density=0.2, register=51, brightness=0.15, tension=0.2)
AFTER = Recipe(scale="dorian", pulse=70, density=0.6, register=61, brightness=0.75, tension=0.2)
SETTLE, STEP_SPAN, BIN = 240.0, 300.0, 5.0      # s
SMOOTH, STEADY = 6, 12                          # bins: half a minute, a minute
STEP_SEEDS = 6  # pieces that a step is averaged over, for each seed asked for
EXCERPT = 90.0                                  # s: what the overlap area compares


def play(composer: Composer, recipe: Recipe, seconds: float,
         p_asleep: float | None = None) -> list[Phrase]:
    phrases, now = [], 0.0
    while now < seconds:
        phrases.append(composer.compose(recipe, p_asleep))
        now += phrases[-1].length
    return phrases


def span(phrases: Sequence[Phrase]) -> float:
    return sum(phrase.length for phrase in phrases)


def hypercube(count: int, seed: int) -> list[Recipe]:
    """Latin hypercube of recipes; scales and styles take turns."""
    rng = np.random.default_rng(seed)
    columns = {name: low + (high - low) * (rng.permutation(count) + rng.random(count)) / count
               for name, (low, high) in {**ASKED, "tension": (0.0, 1.0)}.items()}
    return [
        Recipe(scale=SCALES[i % len(SCALES)], style=STYLES[i % len(STYLES)],
               **{name: float(column[i]) for name, column in columns.items()})
        for i in range(count)
    ]


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    from scipy.stats import spearmanr
    return float(spearmanr(a, b, nan_policy="omit").statistic)


def obedience(make: Make, recipes: Sequence[Recipe], minutes: float) -> dict[str, float]:
    """Spearman's rho of asked and measured, and how often the key profile finds the mode asked for.
    """
    got: dict[str, list[float]] = {name: [] for name in ASKED}
    modes = []
    for seed, recipe in enumerate(recipes):
        phrases = play(make(seed), recipe, minutes * 60)
        notes = measure.laid_out(phrases)
        got["density"].append(measure.onset_rate(notes, span(phrases)))
        got["register"].append(measure.mean_pitch(notes))
        got["pulse"].append(measure.pulse(notes))
        got["brightness"].append(measure.brightness(notes))
        modes.append(measure.mode(notes) == recipe.scale)
    rho = {f"rho_{name}": spearman([getattr(recipe, name) for recipe in recipes], values)
           for name, values in got.items()}
    return {**rho, "mode_acc": float(np.mean(modes))}


def step_response(make: Make, seeds: int) -> dict[str, float]:
    """A change of recipe up and down, averaged over pieces: the slowest of four quantities to nine
    tenths (half-minute means), the largest excess over the change (minute means: single notes
    aren't overshoot)."""
    slowest = excess = 0.0
    for old, new in ((BEFORE, AFTER), (AFTER, BEFORE)):
        bins = {name: [] for name in ASKED}
        for seed in range(STEP_SEEDS * seeds):
            composer = make(1000 + seed)
            play(composer, old, SETTLE / 2)
            phrases = play(composer, old, SETTLE)
            change = span(phrases)
            phrases += play(composer, new, STEP_SPAN)
            for name, values in trajectory(phrases, change).items():
                bins[name].append(values)
        for curve in bins.values():
            reached, over = answer(np.nanmean(curve, 0))
            slowest, excess = max(slowest, reached), max(excess, over)
    return {"step_response_s": slowest, "step_overshoot": excess}


def trajectory(phrases: Sequence[Phrase], change: float) -> dict[str, np.ndarray]:
    """(bins,) of each quantity, from SETTLE − 30 s before the change to STEP_SPAN after."""
    edges = change + np.arange(-180, STEP_SPAN + BIN / 2, BIN)
    notes = measure.laid_out(phrases)
    starts = np.array([note.start for note in notes])
    place = np.digitize(starts, edges) - 1
    ticks = np.concatenate([[0], np.cumsum([phrase.length for phrase in phrases])])
    rate = np.interp(edges[:-1] + BIN / 2, (ticks[:-1] + ticks[1:]) / 2,
                     [120 / phrase.length for phrase in phrases])
    struck = np.histogram(measure.onsets(notes), edges)[0] / BIN
    out = {"pulse": rate, "density": struck}
    for name, value in (("register", [note.pitch for note in notes]),
                        ("brightness", [measure.brightness([note]) for note in notes])):
        sums = np.bincount(place[(place >= 0) & (place < len(edges) - 1)],
                           np.array(value)[(place >= 0) & (place < len(edges) - 1)], len(edges) - 1)
        counts = np.histogram(starts, edges)[0]
        out[name] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return out


def answer(curve: np.ndarray) -> tuple[float, float]:
    """Seconds after the change (bin 36) until nine tenths, and the excess, of a curve made to run
    from 0 to 1."""
    change = round(180 / BIN)
    start, end = curve[:change].mean(), curve[-round(120 / BIN):].mean()
    whole = (curve - start) / (end - start)
    smooth, steady = (np.convolve(whole, np.ones(size) / size, "valid")[change - size // 2:]
                      for size in (SMOOTH, STEADY))  # means whose middles come after the change
    reached = np.argmax(smooth >= 0.9) * BIN if (smooth >= 0.9).any() else math.inf
    return float(reached), float(max(steady.max() - 1, 0.0))


def calm_recipes(count: int, seed: int) -> list[Recipe]:
    """What a sleeper's recommender asks for: the middle of every range."""
    rng = np.random.default_rng(seed)
    return [
        Recipe(
            scale=SCALES[i % len(SCALES)],
            style=STYLES[i % len(STYLES)],
            pulse=rng.uniform(42, 72),
            density=rng.uniform(0.2, 0.6),
            register=rng.uniform(52, 62),
            brightness=rng.uniform(0.1, 0.6),
            tension=rng.uniform(0, 0.5),
        )
        for i in range(count)
    ]


def calm(make: Make, seeds: int,
         minutes: float = 10.0) -> tuple[dict[str, float], list[list[Note]], list[dict]]:
    """The calm measures, means over seeds; and the pieces, for the overlap area; and each seed's
    measures."""
    rows, pieces = [], []
    for seed, recipe in enumerate(calm_recipes(seeds, 7)):
        phrases = play(make(2000 + seed), recipe, minutes * 60)
        notes, seconds = measure.laid_out(phrases), span(phrases)
        asleep = play(make(2000 + seed), recipe, minutes * 30, 1.0)
        row = measure.calm(notes, seconds)
        row["pulse_error"] = abs(measure.pulse(notes) / recipe.pulse - 1)
        row["asleep_ratio"] = (
            measure.onset_rate(measure.laid_out(asleep), span(asleep)) / row["onsets"]
        )
        row["hooks"] = measure.hook_score(notes)
        row["returns"] = float(np.mean(["returns" in phrase.section for phrase in phrases]))
        rows.append(row)
        pieces.append(notes)
    return {name: float(np.nanmean([row[name] for row in rows])) for name in rows[0]}, pieces, rows


def night(make: Make, hours: float, seed: int = 77) -> dict[str, float]:
    """One recipe for a whole night: what returns, whether it drifts, and what a tick costs (the
    best of ten parts)."""
    composer, recipe = make(seed), Recipe(density=0.4)
    parts, costs = [], []
    for _ in range(10):
        began = time.process_time()
        parts.append(play(composer, recipe, hours * 360))
        costs.append((time.process_time() - began) / len(parts[-1]) * 1e3)
    phrases = [phrase for part in parts for phrase in part]
    ticks = measure.spelled(phrases)
    return {
        "distinct16": measure.distinct16(ticks),
        "longest_repeat": measure.longest_repeat(ticks),
        "drift": measure.drift(measure.laid_out(phrases), span(phrases)),
        "ms_per_tick": min(costs),
    }


def excerpts(notes: Sequence[Note]) -> list[dict[str, float]]:
    """Features of each EXCERPT of a piece that has at least 20 onsets."""
    out = []
    last = max((note.start for note in notes), default=0.0)
    for start in np.arange(0, max(last - EXCERPT / 2, 1), EXCERPT):
        part = [
            note._replace(start=note.start - start)
            for note in notes
            if start <= note.start < start + EXCERPT
        ]
        if len(measure.melody(part)) >= 12:
            out.append(measure.features(part, EXCERPT))
    return out


def matrix(rows: Sequence[dict[str, float]]) -> np.ndarray:
    return np.array([list(row.values()) for row in rows])


def overlap(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Mean overlap area over the features, (excerpts, features) each."""
    return float(
        np.mean([measure.overlap_area(ours[:, i], theirs[:, i]) for i in range(ours.shape[1])])
    )


def overlaps(pieces: dict[str, list[list[Note]]], people: np.ndarray, draws: int, seed: int = 5):
    """Overlap of each composer with people's excerpts, and bootstrap intervals of ours minus each
    peer, by piece."""
    rng = np.random.default_rng(seed)
    found = {
        name: [matrix(rows) for rows in map(excerpts, some) if rows]
        for name, some in pieces.items()
    }
    whole = {name: overlap(np.concatenate(some), people) for name, some in found.items()}
    drawn: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(draws):
        ref = people[rng.integers(len(people), size=len(people))]
        for name, some in found.items():
            drawn[name].append(
                overlap(np.concatenate([some[i] for i in rng.integers(len(some), size=len(some))]),
                        ref)
            )
    intervals = {
        name: [float(q) for q in np.percentile(np.array(drawn["rnn"]) - values, (2.5, 97.5))]
        for name, values in drawn.items()
        if name != "rnn"
    }
    return whole, intervals
