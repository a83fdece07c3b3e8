"""Why: exact contributions of each factor to the expected minutes, and the facts that one plain
sentence is said by (`sentences.toml`)."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np

from device.recommend.candidates import CANDIDATES, FACTORS, NAMES, QUIET, changes
from device.recommend.features import recipe_features
from device.recommend.own_music import shared
from device.sentences import Said, called, joined, say
from device.values import Contribution

# "factor:level" → [nights on which sleep came sooner than expected, nights on which it was seen]
Tally = Mapping[str, Sequence[int]]
NEVER = (0, 0)
EARLY = 7               # nights: so long one's own music is a reason

FIELDS = {
    "pulse": ("pulse", "density"),
    "tone": ("brightness", "register", "tension", "scale", "style"),
    "texture": ("textures",),
    "music": ("music", "level"),
}
# From low to high; a texture has no order.
STEPS = {"pulse": ("slow", "gentle", "easy"), "tone": ("dark", "mellow"), "music": ("no", "yes")}
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


def sentence(inputs: Mapping[str, Any], place: int) -> Said:
    """Why `place` was chosen: from a receipt's inputs alone, so that it can be said again."""
    return SENTENCES[inputs["moment"]](inputs, place)


def bedtime(inputs: Mapping[str, Any], place: int) -> Said:
    name, best, tally = NAMES[place], NAMES.index(inputs["best"]), inputs["tally"]
    heard, moved = inputs.get("heard", ()), changes(place, best)
    good, nights = tally.get(f"all:{name}", NEVER)
    level, level_good, level_nights = lived_level(place, moved, tally)
    own = shared(inputs.get("own", {}), CANDIDATES[place])
    facts = {
        "coin": inputs["trial"],
        "silent": place == QUIET,
        "turned away": inputs.get("turned_away", False),
        "ruled out": inputs.get("ruled_out", False),
        "best": place == best,
        "stranger": not heard,
        "heard": name in heard,
        "best heard": NAMES[best] in heard,
        "best worked": tally.get(f"all:{NAMES[best]}", NEVER)[0] > 0,
        "slept": nights > 0,
        "moved": bool(moved),
        "one step": len(moved) == 1,
        "level known": level_nights > 0,
        "teaches": inputs.get("teaches", False),
        "like own": bool(own),
        "early": inputs.get("nights", 0) < EARLY,
    }
    return say("bedtime", facts, name=called(name), own=joined([called(each) for each in own]),
               good=good, nights=nights,
               moves=joined([move(factor, place, best) for factor in moved]),
               level=level, level_good=level_good, level_nights=level_nights)


def night(inputs: Mapping[str, Any], place: int) -> Said:
    name = NAMES[place]
    facts = {"playing": name == inputs.get("playing"), "heard": name in inputs.get("heard", ()),
             "silent": place == QUIET}
    return say("night", facts, name=called(name))


def arousal(inputs: Mapping[str, Any], place: int) -> Said:
    name, tally = NAMES[place], inputs["tally"]
    good, nights = tally.get(f"all:{name}", NEVER)
    sound_good, sound_nights = tally.get("sound:yes", NEVER)
    others = [other for other in inputs["allowed"] if other != name]
    facts = {
        "silent": place == QUIET,
        "playing": name == inputs.get("playing"),
        "heard": name in inputs.get("heard", ()),
        "slept": nights > 0,
        "both slept": nights > 0 and sound_nights > 0,
        "as good": good * sound_nights >= sound_good * nights,
        "alone": not others,
    }
    return say("arousal", facts, name=called(name), good=good, nights=nights,
               sound_good=sound_good, sound_nights=sound_nights,
               other=joined([called(each) for each in others]))


def alarm(inputs: Mapping[str, Any], place: int) -> Said:
    return say("alarm", {"heard": NAMES[place] in inputs["heard"]}, name=called(NAMES[place]))


SENTENCES = {"bedtime": bedtime, "night": night, "arousal": arousal, "alarm": alarm}


def move(factor: str, place: int, best: int) -> Said:
    """In a word, how `place` differs from `best`."""
    now, before = CANDIDATES[place].levels[factor], CANDIDATES[best].levels[factor]
    steps = STEPS.get(factor, ())
    up = factor in STEPS and steps.index(now) > steps.index(before)
    return say("move", {**{each: each == factor for each in FACTORS}, "up": up},
               now=called(now), before=called(before))


def lived_level(place: int, moved: Sequence[str], tally: Tally) -> tuple[str, int, int]:
    """The first level it moves to that is known by sleep: what it is called, nights on which sleep
    came sooner than expected, and nights."""
    for factor in moved:
        level = CANDIDATES[place].levels[factor]
        good, nights = tally.get(f"{factor}:{level}", NEVER)
        if nights:
            facts = {**{each: each == factor for each in FACTORS}, "yes": level == "yes"}
            return say("level", facts, level=called(level)), good, nights
    return "", 0, 0


def count(tally: MutableMapping[str, list[int]], place: int, sooner: float) -> None:
    """Add a night to the counts behind the sentences. `sooner`: min that sleep came sooner than
    expected."""
    candidate = CANDIDATES[place]
    heard = [f"{factor}:{level}" for factor, level in candidate.levels.items()]
    sound = f"sound:{'no' if place == QUIET else 'yes'}"
    for key in (f"all:{candidate.recipe.name}", sound, *heard):
        row = tally.setdefault(key, [0, 0])
        row[0] += sooner > 0
        row[1] += 1
