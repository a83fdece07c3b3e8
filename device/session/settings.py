"""What the owner and the hub set."""

from dataclasses import dataclass, fields, replace
from datetime import tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from device.programmes import AUTO, NAMES
from device.values import Between, Minute, OneOf, Share

GUEST = "guest"         # a sleeper of whom nothing is learned
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAILY, OFF = -2, -1     # of a weekday's alarm: as on every day; none
Programme = Annotated[str, OneOf(NAMES)]
Weekday = Annotated[int, Between(DAILY, 24 * 60 - 1)]   # DAILY, OFF or minutes after midnight
Week = tuple[Weekday, Weekday, Weekday, Weekday, Weekday, Weekday, Weekday]     # Monday first
EVERY_DAY: Week = (DAILY,) * 7
Moment = Annotated[float, Between(0, 4e9)]      # s since 1970


@dataclass(frozen=True, slots=True)
class Rules:
    """What the owner may set of a night; see config.Night."""
    fade: float = 10.0          # min
    timer: float = 45.0         # min
    masking: float = 6.0        # min at most; 0 is never
    keep_playing: bool = False
    trial: bool = False         # a coin decides at bedtime between silence and what has proved best
    softer: float = 0.0         # dB below the recipe's own level
    answer: str = "usual"       # how readily an arousal is masked
    noise: float = 0.0          # dB that masking may be louder


@dataclass(frozen=True, slots=True)
class Once:
    """Of one day, in place of what its weekday has, or beside it."""
    day: Annotated[int, Between(1, 3_652_059)] = 1      # date.toordinal
    minute: Minute | None = None                        # None: it doesn't ring on that day
    beside: bool = False                                # the weekday's own rings, too


@dataclass(frozen=True, slots=True)
class Knobs:
    """What both the config and the hub may set."""
    volume: Share = 1.0
    programme: Programme = AUTO
    alarm: Minute | None = None                                     # of every day; None is off
    quiet: tuple[Minute | None, Minute | None] = (None, None)       # from and to
    week: Week = EVERY_DAY                                          # alarms of single weekdays


@dataclass(frozen=True, slots=True)
class Owner:
    """What the config says; fixed while the process lives."""
    sleeper: str = "sleeper"
    rules: Rules = Rules()
    knobs: Knobs = Knobs()
    ceiling: float = 1.0            # of volume: nobody sets the cap above it from afar
    lock: bool = False              # the button mutes and unmutes, and nothing else
    smart: float = 0.0              # min before the alarm in which light sleep may be ended
    elapsed: float = 8.0            # h after lights out at which it rings while no time is known
    zone: tzinfo | None = None      # None: it isn't known; then what the hub told counts
    retention: int = 400            # nights kept
    keep_notes: bool = False        # the text of notes goes to the diary
    judges: bool = True             # there is a model that tells sleep from waking
    calibrated: bool = False        # somebody measured how loud the speaker is
    software: str = "0.1.0"
    seed: int = 0
    tick: float = 0.25              # s

    @property
    def guest(self) -> bool:
        return self.sleeper == GUEST


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set now, by the config, the hub and the button. Outlives a restart."""
    volume: Share = 1.0
    programme: Programme = AUTO
    alarm: Minute | None = None
    quiet: tuple[Minute | None, Minute | None] = (None, None)
    cap: Share = 1.0                # of volume; the hardware's caps lie below it
    light: Share = 0.0              # a night light
    privacy: bool = False           # nothing is recorded or queued
    sharing: bool = False           # off until somebody says yes
    muted: bool = False             # only the button unmutes
    configured: Knobs | None = None     # by what config the knobs were set
    week: Week = EVERY_DAY
    once: Once | None = None
    nap: Moment | None = None       # an alarm beside those of the days: so many minutes from then
    zone: str = ""                  # of the tz database, as the hub knows it; "" isn't told

    @property
    def knobs(self) -> Knobs:
        return Knobs(self.volume, self.programme, self.alarm, self.quiet, self.week)


def zone_of(owner: Owner, settings: Settings) -> tzinfo | None:
    """The owner's time zone, or the one that the hub told; None: it isn't known."""
    if owner.zone is not None or not settings.zone:
        return owner.zone
    try:
        return ZoneInfo(settings.zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return None


def settings_from(kept: Settings, owner: Owner) -> Settings:
    """What was set from afar stands until its own line of the config changes; the owner's ceiling
    always does."""
    kept = configured(kept, owner.knobs)
    cap = min(kept.cap, owner.ceiling)
    return replace(kept, cap=cap, volume=min(kept.volume, cap))


def configured(kept: Settings, own: Knobs) -> Settings:
    """With what another config says otherwise than the one before."""
    was = kept.configured
    changed = {item.name: getattr(own, item.name) for item in fields(own)
               if was is None or getattr(own, item.name) != getattr(was, item.name)}
    if was is not None and "week" in changed:
        monday, tuesday, wednesday, thursday, friday, saturday, sunday = (
            new if new != old else mine
            for mine, new, old in zip(kept.week, own.week, was.week, strict=True))
        changed["week"] = (monday, tuesday, wednesday, thursday, friday, saturday, sunday)
    if not changed.keys().isdisjoint({"alarm", "week"}):
        changed["once"] = None
    return replace(kept, **changed, configured=own)
