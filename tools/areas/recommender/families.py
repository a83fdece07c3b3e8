"""Families of sleepers by other models of taste and effect than the one that trained the prior:
`tools/evaluate recommender --families FILE`.

FILE is Python; each public class in it that has `effect` and `liking` is a family, named after the
class in lower case, and an object of it is one sleeper:

    class Contrary:
        def __init__(self, generator):          # numpy's; all that differs between sleepers
            self.gain = generator.normal(4, 1)

        def effect(self, recipe, night):        # minutes of onset latency saved over silence
            return self.gain * recipe.brightness

        def liking(self, recipe, night):        # −1 (a skip) to 1 (a like); beyond is clipped
            return 0.0

`recipe` is a `device.values.Recipe` (that of silence is called "silence"), `night` a `Night`. Both
methods must answer the same whenever they are asked the same, for nights 0 to 89; what wanders is
drawn at birth. `usual_sol`, min of onset latency in silence, may be an attribute; else it is as
among the prior's own sleepers. The night's noise, wakings and mornings are theirs too: only
taste and effect differ.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Protocol

import numpy as np

from desk.sleepers import Evening, morning, usual_sol
from device.recommend.candidates import CANDIDATES
from device.values import Outcome, Recipe

LAST = 89           # the last night that is asked about


@dataclass(frozen=True, slots=True)
class Night:
    """What a sleeper may answer by; 0 is an evening like any other."""
    number: int             # since the device came: 0, 1, …
    fast_heart: float       # −1..1; 1 is 20 % above one's own
    restless: float         # −1..1
    aroused: float          # −1..1


class Person(Protocol):
    """One sleeper of a family; see above."""

    def effect(self, recipe: Recipe, night: Night) -> float: ...
    def liking(self, recipe: Recipe, night: Night) -> float: ...


Family = Callable[[np.random.Generator], Person]


class Torn(ValueError):
    """A plug-in that can't be used, in one line."""


@cache
def read(path: Path) -> dict[str, Family]:
    """Name → family, in the file's order. Raises Torn."""
    spec = spec_from_file_location(f"families_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise Torn(f"{path}: there is no such Python file")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as trouble:
        raise Torn(f"{path}: {said(trouble)}") from trouble
    found = {name.lower(): value for name, value in vars(module).items()
             if isinstance(value, type) and value.__module__ == module.__name__
             and not name.startswith("_") and hasattr(value, "effect") and hasattr(value, "liking")}
    if not found:
        raise Torn(f"{path}: no class in it has both effect and liking")
    return found


def said(trouble: BaseException) -> str:
    words = " ".join(str(trouble).split())
    return f"{type(trouble).__name__}: {words}" if words else type(trouble).__name__


@dataclass
class Stranger:
    """A person of a family, with the nights of everybody."""
    person: Person
    usual_sol: float
    where: str              # its family and file, for the trouble's line

    @classmethod
    def born(cls, path: Path, name: str, generator: np.random.Generator) -> "Stranger":
        """Raises Torn."""
        where = f"{path}: {name}"
        try:
            person = read(path)[name](generator)
            usual = float(getattr(person, "usual_sol", usual_sol(generator)))
        except Torn:
            raise
        except Exception as trouble:
            raise Torn(f"{where}: {said(trouble)}") from trouble
        if not 0 < usual < 180:
            raise Torn(f"{where}: usual_sol is {usual}, not minutes between 0 and 180")
        return cls(person, usual, where)

    def saves(self, night: Night, recipe: Recipe) -> float:
        """Minutes. Raises Torn."""
        return self._answer("effect", recipe, night)

    def outcome(self, night: Night, evening: Evening, recipe: Recipe,
                generator: np.random.Generator) -> Outcome:
        """One night's parts, with the noise of nights. Raises Torn."""
        liking = max(-1.0, min(1.0, self._answer("liking", recipe, night)))
        return morning(self.usual_sol, evening, self.saves(night, recipe), liking, generator)

    def _answer(self, what: str, recipe: Recipe, night: Night) -> float:
        where = f"{self.where}.{what}, night {night.number}, {recipe.name!r}"
        try:
            answer = float(getattr(self.person, what)(recipe, night))
        except Exception as trouble:
            raise Torn(f"{where}: {said(trouble)}") from trouble
        if not math.isfinite(answer):
            raise Torn(f"{where}: answers {answer}, not a number")
        return answer


def rehearse(path: Path, name: str) -> None:
    """One sleeper's first and last night, to find what is torn before the long run. Raises Torn."""
    generator = np.random.default_rng(0)
    stranger = Stranger.born(path, name, generator)
    for number in (0, LAST):
        for each in CANDIDATES:
            stranger.outcome(Night(number, 0.5, -0.5, 0.5), Evening.falls(stranger, generator),
                             each.recipe, generator)
