"""Why: exact contributions of each factor to the expected minutes, and one plain sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from math import factorial

import numpy as np

from device.recommend.candidates import CANDIDATES, FACTORS, QUIET, changes
from device.recommend.features import recipe_features
from device.values import Contribution, Reason

Tally = Mapping[str, Sequence[int]]     # "factor:level" → [nights sooner than expected, nights]

FIELDS = {
    "pulse": ("pulse", "density"),
    "tone": ("brightness", "register", "tension", "scale", "style"),
    "texture": ("textures",),
    "music": ("music", "level"),
}
STEPS = {"pulse": ("slow", "gentle", "easy"), "tone": ("dark", "mellow")}
WORDS = {"pulse": ("slower", "faster"), "tone": ("darker", "brighter")}
SUBSETS = tuple(subset for size in range(len(FACTORS) + 1)
                for subset in combinations(FACTORS, size))


def shapley_shares() -> np.ndarray:
    """(factors, subsets): what each subset's value counts towards each factor."""
    n, shares = len(FACTORS), np.zeros((len(FACTORS), len(SUBSETS)))
    for column, subset in enumerate(SUBSETS):
        for row, factor in enumerate(FACTORS):
            others = len(subset) - (factor in subset)
            weight = factorial(others) * factorial(n - others - 1) / factorial(n)
            shares[row, column] = weight if factor in subset else -weight
    return shares


SHARES = shapley_shares()


@cache
def blends(chosen: int, reference: int) -> np.ndarray:
    """(16, len(RECIPE)): `reference` with each subset of factors taken from `chosen`, in the order
    of SUBSETS."""
    one, other = CANDIDATES[chosen].recipe, CANDIDATES[reference].recipe
    rows = []
    for subset in SUBSETS:
        names = [name for factor in subset for name in FIELDS[factor]]
        blend = replace(other, **{name: getattr(one, name) for name in names})
        rows.append(recipe_features(blend))
    return np.array(rows)


def contributions(values: np.ndarray) -> tuple[Contribution, ...]:
    """Shapley values of the factors (Shapley 1953) from the expected minutes of `blends`, (16,).

    They sum to expected(chosen) − expected(reference), exactly.
    """
    parts = [Contribution(factor, float(share @ values))
             for factor, share in zip(FACTORS, SHARES, strict=True)]
    return tuple(sorted(parts, key=lambda part: -abs(part.amount)))


def reason(chosen: int, best: int, moment: str, parts: tuple[Contribution, ...],
           tally: Tally) -> Reason:
    return Reason(sentence(chosen, best, moment, tally), parts)


def sentence(chosen: int, best: int, moment: str, tally: Tally) -> str:
    good, nights = tally.get(f"all:{CANDIDATES[chosen].recipe.name}", (0, 0))
    evidence = f"you fell asleep sooner than expected with it on {good} of {nights} nights"
    name = CANDIDATES[chosen].recipe.name
    if moment == "trial":
        return f"{name}: tonight a coin chose it, to find out whether sound helps you at all"
    if moment == "arousal":
        if chosen == QUIET:
            return "silence: it has served you at least as well as sound"
        return f"{name}: {evidence if nights else 'the surest choice so far; nothing new at night'}"
    if moment == "night":
        return f"{name} goes on: nothing new after sleep onset"
    if chosen == best:
        return f"{name}: {evidence if nights else 'a safe start; your own nights will change it'}"
    if chosen == QUIET:
        why = evidence if nights else "to learn whether sound helps you at all"
        return f"silence tonight: {why}"
    moved = changes(chosen, best)
    words = " and ".join([word(factor, chosen, best) for factor in moved] or [name])
    if nights:
        return f"{words} tonight: {evidence}"
    for factor in moved:
        good, nights = tally.get(f"{factor}:{CANDIDATES[chosen].levels[factor]}", (0, 0))
        if nights:
            return (f"{words} tonight: sounds like that went with falling asleep sooner than "
                    f"expected on {good} of {nights} nights")
    if not any(row[1] for row in tally.values()):
        return (f"{name}, {words}: a guess from what helps most sleepers; "
                "your own nights will change it")
    return (f"{words} tonight: one step from what has worked, "
            "to learn whether it suits you better")


def word(factor: str, chosen: int, best: int) -> str:
    now, before = CANDIDATES[chosen].levels[factor], CANDIDATES[best].levels[factor]
    if factor == "texture":
        return f"{now} instead of {before}"
    if factor == "music":
        return "with music" if now == "yes" else "without music"
    return WORDS[factor][STEPS[factor].index(now) > STEPS[factor].index(before)]


def count(tally: dict[str, list[int]], place: int, minutes: float) -> None:
    """Add a night to the counts behind the sentences."""
    candidate = CANDIDATES[place]
    heard = [f"{factor}:{level}" for factor, level in candidate.levels.items()]
    for key in (f"all:{candidate.recipe.name}", *heard):
        row = tally.setdefault(key, [0, 0])
        row[0] += minutes > 0
        row[1] += 1
