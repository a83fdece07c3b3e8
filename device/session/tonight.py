"""A night as one value: made anew at lights out, saved and loaded whole."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from device.session.modes import Mode
from device.session.settings import EVERY_DAY, Moment, Once, Week
from device.stored import DERIVED
from device.values import (
    LANGUAGES,
    SILENCE,
    Between,
    Choice,
    Count,
    Epoch,
    Feeling,
    Minute,
    OneOf,
    Outcome,
    Recipe,
    Rested,
    Share,
    Staging,
    Wish,
)

Seconds = Annotated[float, Between(-1e9, 1e9)]      # monotonic: no machine runs for thirty years
Level = Annotated[float, Between(-80, 0)]
MIDDLE = -15.0              # dB: half way down


@dataclass(frozen=True, slots=True)
class Said:
    """What was said in words, for tonight."""
    tonight: tuple[Wish, ...] = ()
    like_last: bool = False
    valence: Feeling | None = None
    arousal: Feeling | None = None
    mood: str = ""                      # "tense", "weary" or neither
    language: Annotated[str, OneOf(LANGUAGES)] = "en"
    choices: tuple[str, ...] = ()       # short notes, of which a tap says one
    pending: tuple[Wish, ...] = ()      # said for every night, and not confirmed yet


@dataclass(frozen=True, slots=True)
class Clock:
    """The alarms and the timer as they were."""
    alarm: Minute | None = None
    week: Week = EVERY_DAY
    once: Once | None = None
    nap: Moment | None = None
    timer: float = 0.0                  # min
    timer_ends: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Unsaid:
    """What stood before the last note that changed anything."""
    said: Said = Said()
    always: tuple[Wish, ...] = ()
    outcome: Outcome | None = None
    rested: Rested | None = None
    morning: bool = False               # the note was about the night: outcome and rested count
    clock: Clock | None = None          # the note set the alarm or the timer


@dataclass(frozen=True, slots=True)
class Played:
    """A choice, what was made of it, and the receipts of the night as they were with it."""
    choice: Choice
    recipe: Recipe
    receipts: tuple[Mapping[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Tonight:
    """A night, whole: made anew at lights out. All times are monotonic s.

    `stagings`, `epochs` and `hearts` are in the diary's epochs and are read from there again; the
    choices are saved beside it when they change, for they are large.
    """
    number: int = 0                             # the diary's
    mode: Mode = Mode.IDLE
    since: Seconds = 0.0                        # in this mode
    lights_out: Seconds | None = None
    bedtime: bool = True                        # it began by going to bed, not by its alarm
    timeless: bool = False                      # nobody knew the time then
    depth: Share = 0.0                          # of the fade: 0 settling level, 1 silence
    blind: int = 0                              # epochs in a row without a judgement
    empty: int = 0                              # epochs in a row with nobody there
    stagings: tuple[Staging, ...] = field(default=(), metadata=DERIVED)
    epochs: tuple[Epoch, ...] = field(default=(), metadata=DERIVED)     # of the stagings
    hearts: tuple[tuple[float, float | None], ...] = field(default=(), metadata=DERIVED)
    played: Played | None = field(default=None, metadata=DERIVED)       # now
    # what the last second press turned away
    passed_over: Played | None = field(default=None, metadata=DERIVED)
    sound: str = ""                             # the name of what played last, or "silence"
    refused: tuple[int, ...] = ()               # candidates turned away tonight
    liked: Count = 0                            # likes minus skips
    turned_down: Count = 0                      # times the volume was lowered
    fell_asleep: bool = False                   # sleep was believed at least once
    believed: bool = False                      # sleep, at the newest epoch
    asleep: bool = False                        # somebody may be, until a hand says otherwise
    touched: Seconds | None = None              # by a hand, last
    found: Seconds | None = None                # sleep, first in this mode
    came_at: Level = MIDDLE                   # dB re the settling level, as sleep came
    dearer: Annotated[float, Between(0, 50)] = 0.0  # log odds that tonight's maskings ask for more
    unanswered: Count = 0                       # maskings without sleep after them
    masked: tuple[bool, ...] = ()               # whether masking helped, where that can be said
    snoozed: bool = False                       # the alarm was put off by a press
    rang: Seconds | None = None                 # when the alarm did, while the time wasn't known
    said: Said = Said()
    unsaid: Unsaid | None = None                # what "undo" goes back to
    outcome: Outcome | None = None              # from the morning on
    rested: Rested | None = None                # the morning's answer
    timer: float = 0.0                          # min, as asked from afar; 0 is off
    timer_ends: Seconds | None = None

    @property
    def choice(self) -> Choice | None:
        return self.played.choice if self.played else None

    @property
    def recipe(self) -> Recipe:
        return self.played.recipe if self.played else SILENCE

    @property
    def receipts(self) -> tuple[Mapping[str, object], ...]:
        """Of tonight's bedtime choices that were heard."""
        return self.played.receipts if self.played else ()

    @property
    def p_asleep(self) -> float | None:
        return self.stagings[-1].p_asleep if self.stagings else None

    @property
    def slept(self) -> bool:
        """Somebody has fallen asleep tonight, or the timer says so where nothing can tell."""
        return self.fell_asleep or self.depth >= 1.0

    @property
    def startled(self) -> bool:
        """Whether what rises quickly might startle somebody."""
        return self.slept or self.asleep

    def untouched(self, now: float) -> float:
        """s since a hand was here, or else since lights out."""
        return now - max(self.lights_out or -math.inf, self.touched or -math.inf)

    def minutes(self, now: float) -> float:
        """Since lights out."""
        return 0.0 if self.lights_out is None else (now - self.lights_out) / 60
