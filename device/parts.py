"""The sockets of the night: what each part must answer to. The parts arrive built (assembly/)."""

import queue
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from device.clock import Clock
from device.diary import Diary
from device.sentences import Said
from device.values import (
    Asleep,
    Choice,
    Context,
    Edge,
    Epoch,
    Heartbeat,
    Light,
    Outcome,
    Phrase,
    Press,
    Prior,
    Readings,
    Recipe,
    Scene,
    Staging,
    Standing,
    Sums,
    Taste,
    Understood,
    Vitals,
    Volume,
    Wish,
    Worth,
)


class Sensors(Protocol):
    def drain(self, now: float) -> Readings: ...


class Signs(Protocol):
    def add(self, readings: Readings) -> Sequence[Vitals]: ...


class Epochs(Protocol):
    def add(self, vitals: Vitals) -> Sequence[Epoch]: ...
    def restart(self, start: float, index: int) -> None: ...


class Stager(Protocol):
    def judge(self, epoch: Epoch, lights_out: float | None) -> Staging: ...
    def reset(self) -> None: ...
    def snapshot(self) -> Mapping[str, object]: ...
    def restore(self, snapshot: Mapping) -> None: ...


class Opinion(Protocol):
    """The night, judged once more as a whole."""
    def review(self, epochs: Sequence[Epoch], stagings: Sequence[Staging]) -> Sums: ...


class Recommender(Protocol):
    @property
    def nights(self) -> Sequence[Mapping]: ...
    def choose(
        self, context: Context, *, moment: str, seed: int, wishes: Mapping | None,
        refused: Sequence[int], trial: bool, playing: str, teaches: bool,
    ) -> Choice: ...
    def learn(self, receipts: Sequence[Mapping], outcome: Outcome) -> Worth | None: ...
    def lean(self, taste: Taste | None) -> None: ...
    def adopt(self, prior: Prior | None) -> float: ...
    def leans_to_silence(self) -> bool: ...
    def state(self) -> Mapping | None: ...


class Repeats(Protocol):
    """What was played, so that it doesn't return."""
    def save(self, folder: Path) -> None:
        """Raises OSError."""


class Composer(Protocol):
    @property
    def repeats(self) -> Repeats: ...
    def compose(self, recipe: Recipe, p_asleep: float | None, breath: float | None = None,
                liked: int = 0) -> Phrase:
        """`breath` /min, if phrases are to last whole breaths; likes minus skips of the night."""
    def learn_taste(self, kept: Any, rng: np.random.Generator, liked: int = 0) -> Mapping: ...


class Sound(Protocol):
    @property
    def state(self) -> str: ...
    def send(self, message: Scene | Phrase | Volume | Asleep) -> bool: ...
    def heartbeat(self) -> Heartbeat | None: ...


class Panel(Protocol):
    def show(self, light: Light | float, now: float, quiet: bool) -> None: ...


class Pressed(Protocol):
    @property
    def press(self) -> Press: ...


class Button(Protocol):
    """Edges in, presses out."""
    @property
    def due(self) -> float | None:
        """When it wants to be polled, s."""

    def edge(self, edge: Edge) -> Sequence[Pressed]: ...
    def poll(self, now: float) -> Sequence[Pressed]: ...


class Home(Protocol):
    def tell(self, state: Mapping[str, object]) -> None: ...
    def event(self, name: str, payload: Mapping[str, object]) -> str: ...


class Words(Protocol):
    def understand(self, text: object) -> Understood: ...
    def answered(self, heard: Understood | None, standing: Standing = ...) -> str: ...
    def confirmed(
        self, text: str, pending: Sequence[Wish], choices: Sequence[str]
    ) -> tuple[bool, str] | None: ...
    def listed(self, wishes: Sequence[Wish], language: str) -> str: ...
    def narrowing(self, wishes: Sequence[Wish]) -> Mapping[str, Sequence[str]]: ...
    def within(self, recipe: Recipe, wishes: Sequence[Wish], mood: str) -> Recipe: ...
    def played(self, phrase: Phrase, wishes: Sequence[Wish]) -> Phrase: ...
    def rest(self) -> None: ...


class Feedback(Protocol):
    def share(self, question: str, value: int, wall: float) -> object: ...
    def withdraw(self) -> None: ...
    def resume(self) -> None: ...


# ---- as they are handed over ---------------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Body:
    """Chips → Readings → Vitals → Epoch → Staging."""
    sensors: Sensors
    signs: Signs
    epochs: Epochs
    stager: Stager
    opinion: Opinion


@dataclass(frozen=True, slots=True)
class Mind:
    """Who chooses, who composes, who understands."""
    recommender: Recommender
    composer: Composer
    words: Words


@dataclass(frozen=True, slots=True)
class World:
    """What is heard, touched, seen and told. `feedback` None: nothing can be shared."""
    sound: Sound
    panel: Panel
    button: Button
    home: Home
    feedback: Feedback | None = None


class Effect(Protocol):
    @property
    def sentence(self) -> Said: ...


def nothing(*_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who looks on: at each epoch, at each tick, and when it is morning."""
    watch: Callable[[Any, Epoch, Staging], object] = nothing        # is handed the Night
    alive: Callable[[], object] = nothing
    woken: Callable[[Any], object] = nothing                        # so is this
    effect: Callable[[Sequence[Mapping]], Effect] | None = None    # what a trial of one says so far
    install: Callable[[], object] = nothing                     # the update that waits
    versions: Callable[[], tuple[str, str | None]] = lambda: ("", None)


NONE = Hooks()


@dataclass(frozen=True, slots=True)
class Parts:
    clock: Clock
    inbox: queue.SimpleQueue
    body: Body
    mind: Mind
    world: World
    diary: Diary
    hooks: Hooks = NONE

    def having(self, **others: object) -> "Parts":
        """With other parts in some sockets, by the sockets' names."""
        whole: dict[str, Any] = {}
        for name in ("body", "mind", "world"):
            group = getattr(self, name)
            mine = {key: part for key, part in others.items() if hasattr(group, key)}
            whole[name] = replace(group, **mine) if mine else group
        return replace(self, **whole)
