"""When the alarm is due: times of the local day as moments, through every change of the clocks."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from device.session.settings import DAILY, OFF, Once, Settings
from device.values import Minute

MINUTES = 24 * 60
WEEK = 7                # days
NEAR = range(-1, 2)     # days about today in which a due alarm of now can lie
LATE = 2 * 3600.0       # s: an alarm that couldn't ring in time still does
INSTEAD = 6 * 60        # min: a single alarm that lies nearer to the day's own takes its place


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
    some = any(minute is not None and minute >= 0 for minute in minutes)
    return some or settings.nap is not None


def minutes_on(settings: Settings, day: int) -> Iterator[Minute]:
    """Minutes after midnight at which it rings on a day (date.toordinal)."""
    one, own = settings.once, weekly(settings, day)
    single = one is not None and one.day == day
    if own is not None and (one is None or not single or one.beside):
        yield own
    if one is not None and single and one.minute is not None:
        yield one.minute


def weekly(settings: Settings, day: int) -> Minute | None:
    """What the day has by its weekday."""
    own = settings.week[date.fromordinal(day).weekday()]
    if own == DAILY:
        return settings.alarm
    return None if own == OFF else own


def due_on(settings: Settings, days: Sequence[int], zone: tzinfo | None) -> list[Due]:
    """Oldest first; without a nap."""
    return sorted(
        Due(moment_of(day, minute, zone), day, minute)
        for day in days for minute in minutes_on(settings, day)
    )


def nap(settings: Settings, zone: tzinfo | None) -> list[Due]:
    """The one that was counted from a moment, if there is one."""
    if settings.nap is None:
        return []
    local = datetime.fromtimestamp(settings.nap, zone)
    return [Due(settings.nap, local.toordinal(), local.hour * 60 + local.minute)]


def about(settings: Settings, local: datetime) -> tuple[Due | None, Due | None]:
    """The last that is due until `local`, and the next one that may end light sleep before it is,
    if they lie within a day: a nap is as long as it was said to be."""
    today, now = local.toordinal(), local.timestamp()
    due = due_on(settings, [today + day for day in NEAR], local.tzinfo)
    past = [each for each in (*due, *nap(settings, local.tzinfo)) if each.moment <= now]
    coming = [each for each in due if each.moment > now]
    return max(past, default=None), coming[0] if coming else None


def between(settings: Settings, since: float, until: float, zone: tzinfo | None) -> Due | None:
    """The first but a nap that is due after `since` and until `until`, s since 1970."""
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
    """A single alarm: at the next coming of its minute, in place of the day's own one if that is
    near; None passes over the next one that is due."""
    if minute is None:
        skipped = coming(settings, local)
        return Once(skipped.day, None) if skipped else None
    today = local.toordinal()
    later = moment_of(today, minute, local.tzinfo) > local.timestamp()
    return single(settings, today if later else today + 1, minute)


def single(settings: Settings, day: int, minute: Minute) -> Once:
    """That day's alone, and its own one beside it where that is far."""
    own = weekly(settings, day)
    return Once(day, minute, beside=own is not None and abs(own - minute) > INSTEAD)


def to_come(one: Once | None, local: datetime) -> bool:
    """Whether a single day's alarm, or its lack, is still ahead."""
    if one is None or one.minute is None:
        return one is not None and one.day >= local.toordinal()
    return moment_of(one.day, one.minute, local.tzinfo) > local.timestamp()


def current(settings: Settings, local: datetime) -> Settings:
    """Without what is over: a single day's alarm after that day, a nap after it, and both no sooner
    than they could still ring late."""
    one, over = settings.once, local.timestamp() - LATE
    if one is not None and one.day < local.toordinal() and (
            one.minute is None or moment_of(one.day, one.minute, local.tzinfo) < over):
        settings = replace(settings, once=None)
    if settings.nap is not None and settings.nap < over:
        settings = replace(settings, nap=None)
    return settings


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
