"""A night again through the real decisions: stagings → modes, masking and fade → level at the
pillow. Whenever the night has something chosen, it is the default programme: silence, chosen by
the recommender or by hand, would be heard less and answer less.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from device.config import Config
from device.programmes import DEFAULT
from device.session import fade, masking, things, turns, watching
from device.session.modes import Event, Mode
from device.session.settings import Owner, Rules
from device.session.sleeper import Sleeper
from device.session.state import At, Decision, State
from device.session.tonight import Played
from device.values import EPOCH, Choice, Epoch, Reason, Recipe, Scene, Staging

SECONDS = round(EPOCH)
SETTLE = Config().sound.settle      # dBA at the pillow at 0 dB
NOTHING = -np.inf                   # dBA, of silence


@dataclass(frozen=True, eq=False)
class Heard:
    """What a night sounded like, from lights out on."""
    level: np.ndarray               # (30 n,) dBA at the pillow, of each second
    maskings: tuple[float, ...]     # s: when an answer began to sound
    sleeper: Sleeper = Sleeper()    # as he is known afterwards


@dataclass
class Replay:
    """The night's loop without its chips, sound and hub."""
    rules: Rules = field(default_factory=Rules)
    sleeper: Sleeper = field(default_factory=Sleeper)
    recipe: Recipe = DEFAULT

    def __post_init__(self) -> None:
        self.state = State(owner=Owner(rules=self.rules), sleeper=self.sleeper)
        self.now = 0.0                          # s
        self.wanted: Scene | None = None
        self.course: fade.Course | None = None
        self.maskings: list[float] = []

    def heard(self, epochs: Sequence[Epoch], stagings: Sequence[Staging]) -> Heard:
        """Lights out is the first epoch's start."""
        began, levels = epochs[0].start if epochs else 0.0, []
        self.now = began
        self.do(things.Go(Event.PRESS, by_hand=True))
        for epoch, staging in zip(epochs, stagings, strict=True):
            levels.append(sounding(self.course, epoch.start))
            self.now = epoch.start + EPOCH
            self.take(watching.on_epoch(self.state, epoch, staging, self.at))
        level = np.concatenate(levels) if levels else np.zeros(0)
        sleeper = replace(self.sleeper, masked=(*self.sleeper.masked, *self.state.tonight.masked))
        return Heard(level, tuple(time - began for time in self.maskings), sleeper)

    @property
    def at(self) -> At:
        return At(self.now, self.now)

    def take(self, decision: Decision) -> None:
        self.state, deeds = decision
        for deed in deeds:
            self.do(deed)

    def do(self, thing: things.Do) -> None:
        match thing:
            case things.Go(event, by_hand):
                before = self.state.tonight.mode
                self.take(turns.on_event(self.state, event, self.at, by_hand))
                tonight = self.state.tonight
                if before is not tonight.mode is Mode.MASKING and not fade.silent(tonight.recipe):
                    self.maskings.append(self.now)
            case things.Choose():
                choice = Choice(self.recipe, Reason("", ()), 0, 1.0, 0, {})
                self.state = self.state.with_tonight(played=Played(choice, self.recipe))
            case things.Shape(by_hand):
                self.shape(by_hand)

    def shape(self, by_hand: bool) -> None:
        tonight = self.state.tonight
        wanted = masking.scene(tonight, self.rules, None)
        if wanted != self.wanted:
            self.wanted = wanted
            self.course = fade.course(self.course, wanted, self.now, by_hand)


def sounding(course: fade.Course | None, start: float) -> np.ndarray:
    """(30,) dBA at the end of each second of the epoch that begins at `start`."""
    if course is None or course.at(start) <= fade.SILENT >= course.scene.level:
        return np.full(SECONDS, NOTHING)
    levels = np.array([course.at(start + second) for second in range(1, SECONDS + 1)])
    return np.where(levels <= fade.SILENT, NOTHING, SETTLE + levels)
