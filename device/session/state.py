"""All that the night's decisions rest on, as one frozen value."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from device.session.settings import Owner, Settings
from device.session.sleeper import Sleeper
from device.session.things import Do
from device.session.tonight import Tonight
from device.stored import DERIVED
from device.values import Epoch, Greeting, Heartbeat, Prior


@dataclass(frozen=True, slots=True)
class At:
    """The moment of a decision."""
    now: float                          # s, monotonic
    wall: float                         # s since 1970, as far as this machine knows
    local: datetime | None = None  # None: the clock wasn't set in this boot, or no zone is known
    zoneless: bool = False              # the clock is set, but in which zone this is isn't known

    @property
    def synced(self) -> bool:
        return self.local is not None or self.zoneless

    @property
    def known(self) -> float | None:
        """s since 1970, or None: nobody knows."""
        return self.wall if self.synced else None


# ---- what is known across nights -----------------------------------------------------------------

@dataclass(frozen=True, slots=True)
class Population:
    """What came from other beds."""
    version: int = 0                # of the newest prior heard; it outlives a reset
    prior: Prior | None = None
    used: bool | None = None        # by the gate's last word


@dataclass(frozen=True, slots=True)
class Bell:
    """What the alarm has seen of the clock."""
    rung: tuple[int, int] | None = None         # day and minute that have rung already
    seen: float | None = None                   # s since 1970: the last time that was known
    # s, monotonic of this boot: from when on it isn't known
    blind: float | None = field(default=None, metadata=DERIVED)
    why: str = ""                               # the last ring wasn't in time; "" is: it was
    when: float | None = None                   # s since 1970: when what has rung was due


@dataclass(frozen=True, slots=True)
class Status:
    """How the device is at this moment; nothing of it outlives the process."""
    epoch: Epoch | None = None
    beat: Heartbeat | None = None               # the sound process's last word; None: it is gone
    trouble: tuple[str, ...] = ()               # which chips fail, in words
    lacks: tuple[str, ...] = ()                 # what is replaced by a fallback, in words
    disk: str = ""                              # what is wrong with the diary
    thanked: float = float("-inf")              # s: the light answers a press from here on
    sent: float = 1.0                           # volume as the sound process was told: on its way
    answer: str = ""                            # to the last note
    message: str = ""                           # from afar, shown on the page
    greeting: Greeting | None = None            # what works is being told
    asked: float = float("-inf")                # s: the button asked for that

    @property
    def plays(self) -> bool:
        """Whether there is a sound process, and a card for it."""
        return self.beat is not None and bool(self.beat.device)


@dataclass(frozen=True, slots=True)
class State:
    """Everything. Parts take it and answer another one."""
    owner: Owner = Owner()
    settings: Settings = Settings()
    sleeper: Sleeper = Sleeper()
    population: Population = Population()
    tonight: Tonight = Tonight()
    bell: Bell = Bell()
    status: Status = Status()
    nights: int = 0                             # numbers of nights given so far

    # Any: what changes is named by its field, which `replace` checks when it runs.
    def with_settings(self, **changes: Any) -> "State":
        return replace(self, settings=replace(self.settings, **changes))

    def with_sleeper(self, **changes: Any) -> "State":
        return replace(self, sleeper=replace(self.sleeper, **changes))

    def with_tonight(self, **changes: Any) -> "State":
        return replace(self, tonight=replace(self.tonight, **changes))

    def with_status(self, **changes: Any) -> "State":
        return replace(self, status=replace(self.status, **changes))


Decision = tuple[State, list[Do]]
