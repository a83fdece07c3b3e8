"""The alarm as somebody says it: of which days, or why it can't be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from device.session import alarms
from device.session.settings import EVERY_DAY, OFF, Once, Settings, zone_of
from device.session.state import At, State
from device.values import Day, Minute, Understood

SMALL_HOURS = 4         # h: until then the day that is called tomorrow has begun already
ONE_NIGHT = 18 * 3600.0     # s: an alarm that is further off isn't tonight's
ALL = tuple(range(7))


@dataclass(frozen=True, slots=True)
class Placed:
    """What is to change of the settings, and on which days it counts; or why nothing changes."""
    changes: Mapping[str, object] = field(default_factory=dict)
    on: tuple[int, ...] = ()        # 0 is Monday
    weekly: bool = False            # on every such day, not the one to come alone
    unset: str = ""                 # "unclear", "taken", "past", "zoneless", "timeless" or ""


def placed(state: State, heard: Understood, at: At) -> Placed | None:
    """None: no alarm of a day is set or cancelled."""
    minute, (which, weekdays) = heard.alarm, heard.days
    if heard.nap is not None or minute is None and "alarm" not in heard.cancels:
        return None
    if which is Day.UNCLEAR:
        return Placed(unset="unclear")
    if minute is not None and at.local is None and zone_of(state.owner, state.settings) is None:
        return Placed(unset="zoneless")
    if minute is None and which in (Day.ANY, Day.DAILY):
        return Placed({"alarm": None, "week": EVERY_DAY, "once": None, "nap": None})
    if which is Day.DAILY:
        return Placed({"alarm": minute, "week": EVERY_DAY, "once": None}, ALL, True)
    if which is Day.WEEKLY:
        own = OFF if minute is None else minute
        week = tuple(own if day in weekdays else old for day, old in enumerate(state.settings.week))
        return Placed({"week": week}, weekdays, True)
    if which is Day.ANY and not own_days(state.settings, minute, at.local):
        return Placed({"alarm": minute}, ALL, True)
    if at.local is None:
        return Placed(unset="timeless")
    return alone(state.settings, minute, heard, at.local)


def own_days(settings: Settings, minute: Minute | None, local: datetime | None) -> bool:
    """Whether days have alarms of their own, so that one that is said is the next one alone."""
    if settings.week != EVERY_DAY or local is None:
        return settings.week != EVERY_DAY or settings.once is not None
    one, coming = settings.once, alarms.once(minute, settings, local)
    return alarms.to_come(one, local) and one is not None and coming is not None and (
        one.day == coming.day)


def alone(
    settings: Settings, minute: Minute | None, heard: Understood, local: datetime
) -> Placed:
    """A single day's. There is room for one, so that another's isn't lost unsaid."""
    naps = [each for each in alarms.nap(settings, local.tzinfo)
            if each.moment > local.timestamp()]
    coming = alarms.coming(settings, local)
    if minute is None and heard.days.which is Day.NEXT and naps and (
            coming is None or naps[0] < coming):
        return Placed({"nap": None}, (date.fromordinal(naps[0].day).weekday(),))
    day = day_of(settings, minute, heard, local)
    if day is None:
        return Placed(unset="past")
    before = settings.once
    if before is not None and alarms.to_come(before, local) and before.day != day:
        return Placed(unset="taken")
    one = Once(day, None) if minute is None else alarms.single(settings, day, minute)
    return Placed({"once": one}, (date.fromordinal(day).weekday(),))


def day_of(
    settings: Settings, minute: Minute | None, heard: Understood, local: datetime
) -> int | None:
    """Of the local calendar (date.toordinal); None: it is over, or there is none."""
    today, now = local.toordinal(), local.timestamp()
    which, weekdays = heard.days
    if minute is None:
        due = alarms.due_on(settings, [today], local.tzinfo)
    else:
        due = [alarms.Due(alarms.moment_of(today, minute, local.tzinfo), today, minute)]
    ahead = any(each.moment > now for each in due)      # today
    small = local.hour < SMALL_HOURS
    match which:
        case Day.TODAY:
            return today if ahead else None
        case Day.TOMORROW:
            return today if small and ahead else today + 1
        case Day.OVERMORROW:
            return today + 1 if small else today + 2
        case Day.WEEKDAY:
            away = (weekdays[0] - local.weekday()) % 7
            return today + (away or (0 if ahead else 7))
    if minute is not None:
        return today if ahead else today + 1
    coming = alarms.coming(settings, local)
    if which is Day.TONIGHT and (coming is None or coming.moment - now > ONE_NIGHT):
        return today if local.hour < 12 else today + 1
    return coming.day if coming is not None else None
