"""When the alarm is due: times of the local day as moments, through every change of the clocks."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from device.session.settings import DAILY, OFF, Once, Settings
from device.values import Minute

MINUTES = 24 * 60
WEEK = 7                # days
NEAR = range(-1, 2)     # days about today in which a due alarm of now can lie


class Due(NamedTuple):
    """One time that the alarm is due."""
    moment: float       # s since 1970
    day: int            # of the local calendar (date.toordinal)
    minute: int         # after its midnight

    @property
    def key(self) -> tuple[int, int]:
        return self.day, self.minute


def is_set(settings: Settings) -> bool:
    """Whether there is an alarm on any day."""
    minutes = (settings.alarm, *settings.week, settings.once.minute if settings.once else None)
    return any(minute is not None and minute >= 0 for minute in minutes)


def minute_on(settings: Settings, day: int) -> Minute | None:
    """Minutes after midnight at which it rings on a day (date.toordinal); None: it doesn't."""
    if settings.once is not None and settings.once.day == day:
        return settings.once.minute
    own = settings.week[date.fromordinal(day).weekday()]
    if own == DAILY:
        return settings.alarm
    return None if own == OFF else own


def due_on(settings: Settings, days: Sequence[int], zone: tzinfo | None) -> list[Due]:
    """Oldest first."""
    minutes = ((day, minute_on(settings, day)) for day in days)
    return sorted(
        Due(moment_of(day, minute, zone), day, minute)
        for day, minute in minutes if minute is not None
    )


def about(settings: Settings, local: datetime) -> tuple[Due | None, Due | None]:
    """The last that is due until `local`, and the next one, if they lie within a day."""
    today, now = local.toordinal(), local.timestamp()
    due = due_on(settings, [today + day for day in NEAR], local.tzinfo)
    past = [each for each in due if each.moment <= now]
    coming = [each for each in due if each.moment > now]
    return past[-1] if past else None, coming[0] if coming else None


def between(settings: Settings, since: float, until: float, zone: tzinfo | None) -> Due | None:
    """The first that is due after `since` and until `until`, s since 1970."""
    first = datetime.fromtimestamp(since, zone).toordinal()
    last = datetime.fromtimestamp(until, zone).toordinal()
    days = range(first - 1, min(last, first + WEEK) + 2)
    return next((each for each in due_on(settings, days, zone) if since < each.moment <= until),
                None)


def coming(settings: Settings, local: datetime) -> Due | None:
    """The next one; a week from now at the latest."""
    now = local.timestamp()
    return between(settings, now, now + (WEEK + 1) * 86400.0, local.tzinfo)


def once(minute: Minute | None, settings: Settings, local: datetime) -> Once | None:
    """A single alarm: at the next coming of its minute; None passes over the next one that is due.
    """
    if minute is None:
        skipped = coming(settings, local)
        return Once(skipped.day, None) if skipped else None
    today = local.toordinal()
    later = moment_of(today, minute, local.tzinfo) > local.timestamp()
    return Once(today if later else today + 1, minute)


@lru_cache(maxsize=64)
def moment_of(day: int, minute: int, zone: tzinfo | None) -> float:
    """The first moment (s since 1970) at which the clock on the wall of `zone` has come to `minute`
    of `day`: of an hour that comes twice the first; of one that summer time leaves out, the moment
    at which the clock leaps over it (RFC 5545 reads it by the old offset: later by the gap).
    `zone` None is the machine's own."""
    midnight = datetime.combine(date.fromordinal(day), time(), zone)
    face = midnight + timedelta(minutes=minute)         # on the wall: aware arithmetic is naive
    before, after = face.timestamp(), face.replace(fold=1).timestamp()
    if after >= before:
        return before
    # A gap: read with the offset from before it, the time lies behind it, and the other way round.
    first, last = int(after), int(before)
    offset = offset_at(first, zone)
    while last - first > 1:
        middle = (first + last) // 2
        if offset_at(middle, zone) == offset:
            first = middle
        else:
            last = middle
    return float(last)


def offset_at(moment: float, zone: tzinfo | None) -> timedelta | None:
    return datetime.fromtimestamp(moment, UTC).astimezone(zone).utcoffset()
