"""Wishes narrow the vetted set for a night; they never widen it."""

from collections.abc import Mapping, Sequence

from device.recommend.candidates import CANDIDATES, NAMES, QUIET
from device.values import TEXTURES, Recipe

FIELDS = ("pulse", "density", "register", "brightness", "tension", "music")


def within(allowed: Sequence[int], wishes: Mapping | None, best: int) -> list[int]:
    """Those of `allowed` that honour `wishes`; silence always does. A wish that leaves no sound is
    dropped, in order.

    `forbid` and `require` name textures, "music" or programmes; `raise` and `lower` name fields,
    against `best`.
    """
    left = list(allowed)
    for verb in ("forbid", "require", "lower", "raise"):
        for name in (wishes or {}).get(verb, ()):
            kept = [place for place in left if place == QUIET or honours(place, verb, name, best)]
            if any(place != QUIET for place in kept) or verb == "forbid":
                left = kept
    return left or [QUIET]


def honours(place: int, verb: str, name: str, best: int) -> bool:
    recipe, usual = CANDIDATES[place].recipe, CANDIDATES[best].recipe
    if verb in ("forbid", "require"):
        has = NAMES[place] == name or amount(recipe, name) > 0
        return has == (verb == "require")
    if name not in FIELDS and name not in TEXTURES:
        return True
    if name in FIELDS[:-1] and not recipe.music:
        return verb == "lower"
    now, before = amount(recipe, name), amount(usual, name)
    return now > before if verb == "raise" else now < before


def amount(recipe: Recipe, name: str) -> float:
    return getattr(recipe, name) if name in FIELDS else recipe.textures.get(name, 0.0)
