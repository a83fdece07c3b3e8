"""Times of day: the alarm, the timer and the quiet hours, owned here; words, hub and page only set
them. What looks at the wall clock."""

from dataclasses import replace
from datetime import datetime

from device.sentences import Said, say
from device.session import alarms, greeting
from device.session.alarms import LATE, MINUTES, Due
from device.session.modes import NIGHT, Event
from device.session.settings import DAILY, OFF, zone_of
from device.session.state import At, Bell, Decision, State
from device.session.things import Do, Go, Note, Save
from device.session.tonight import Clock
from device.session.watching import light, stopping
from device.values import Minute

EARLIEST = 1_735_689_600        # s since 1970, 2025-01-01: a clock before that was never set
LATEST = 4_000_000_000          # 2096: as far as settings.Moment goes; a clock beyond it is broken
ELAPSED = 0                     # stands for the day when there is none
DAY = 86400.0                   # s
NAPS = (9, 19)                  # h: what begins between them is a nap
PROMPT = 1.0                    # min: one that rings no later needs no explanation
LOOKED = 10.0                   # s that a look at the clock counts: no new state each tick
SEEN = 600.0                    # s between two times that the bell is kept
AWAY = DAY                      # s without power after which nobody waits for an alarm any more


def minute_of(text: str) -> int | None:
    """Minutes after midnight of "22:30" or "7:00"; None for ""."""
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes) if text else None


def weekday_of(text: str) -> int:
    """The same of a weekday's own alarm, which may be "off"; DAILY for ""."""
    if text == "off":
        return OFF
    minute = minute_of(text)
    return DAILY if minute is None else minute


def by_day(local: datetime | None) -> bool:
    """Whether what begins now is a nap; where the time isn't known it is a night."""
    return local is not None and NAPS[0] <= local.hour < NAPS[1]


def moment(now: float, wall: float, synced: bool, state: State) -> At:
    """`now`: monotonic s; `wall`: s since 1970, which is the time only where it is `synced`."""
    zone = zone_of(state.owner, state.settings)
    known = synced and EARLIEST <= wall < LATEST
    local = datetime.fromtimestamp(wall, zone) if known and zone is not None else None
    return At(now, wall, local, zoneless=known and zone is None)


def moment_in(minutes: int, at: At) -> float:
    """s since 1970: the whole minute so many from now, and never sooner than was said."""
    return (at.wall + 60 * minutes + 59) // 60 * 60


def minute_in(minutes: int, at: At) -> int | None:
    """The same after midnight; None where the time isn't known."""
    if at.local is None:
        return None
    then = datetime.fromtimestamp(moment_in(minutes, at), at.local.tzinfo)
    return then.hour * 60 + then.minute


# ---- what time asks for --------------------------------------------------------------------------

def on_tick(state: State, at: At) -> Decision:
    things: list[Do] = []
    if at.local is not None:
        settings = alarms.current(state.settings, at.local)
        state = state if settings is state.settings else replace(state, settings=settings)
    bell, rings = alarm(state, at)
    if bell is not state.bell:
        state = replace(state, bell=bell)
    if rings:
        things += [Note("alarm", bell.why)] if bell.why else []
        things += [Go(Event.ALARM), Save()]         # a restart right after it rings nothing twice
    if rings and at.local is None:
        state = state.with_tonight(rang=at.now)
    if greeting.over(state, at):
        state, more = greeting.ended(state)
        things += more
    if timer_is_over(state, at):
        state = set_timer(state, 0.0, at)
        things.append(Go(stopping(state)))
    return state, things


def alarm(state: State, at: At) -> tuple[Bell, bool]:
    """Whether it is time to wake; once for each time that is set, however the clock is moved.

    In light sleep any time in the smart window will do; its end is the deadline. One that was due
    while the device had no power or no time rings as soon as it can, within LATE.
    """
    if not alarms.is_set(state.settings):
        return state.bell, False
    if at.local is None:
        return without_time(state, at)
    bell = seen_again(state, at)
    past, coming = alarms.about(state.settings, at.local)
    missed = past is not None and passed(since(state.bell, at), past, at.wall)
    if past is not None and missed and not has_rung(bell, past):
        return rung(bell, past, late(past, at.wall)), True
    smart = coming is not None and coming.moment - at.wall <= 60 * state.owner.smart
    light_now = smart and light(state.tonight.stagings)
    if coming is not None and light_now and not has_rung(bell, coming):
        return rung(bell, coming), True
    return bell, False


def rung(bell: Bell, due: Due, why: str = "") -> Bell:
    return replace(bell, rung=due.key, when=due.moment, why=why)


def has_rung(bell: Bell, due: Due) -> bool:
    """Told by its moment, too: the same time in another zone is another alarm."""
    return bell.rung == due.key and bell.when in (None, due.moment)


def since(bell: Bell, at: At) -> float | None:
    """s since 1970, of a time that is known now: since when somebody waits for the alarm."""
    if bell.seen is not None or bell.blind is None:
        return bell.seen
    return at.wall - (at.now - bell.blind)


def passed(seen: float | None, due: Due, wall: float) -> bool:
    """Whether it came after `seen`, and not too long ago."""
    if seen is None or wall - seen > AWAY:
        return False
    return seen < due.moment and wall - due.moment <= LATE


def seen_again(state: State, at: At) -> Bell:
    """The bell as it sees a time that is known."""
    bell, rang = state.bell, state.tonight.rang
    if bell.seen is not None and at.wall < bell.seen - DAY / 2:
        bell = replace(bell, rung=None, when=None)      # set back to another day
    if bell.when is not None and at.wall < bell.when - LATE:
        bell = replace(bell, rung=None, when=None)      # it rang by a clock that was wrong
    if bell.rung is not None and bell.rung[0] == ELAPSED and rang is not None:
        # What rang by elapsed time was the alarm of that night.
        then, zone = at.wall - (at.now - rang), at.local.tzinfo if at.local else None
        meant = alarms.between(state.settings, then - DAY / 4, then + DAY / 4, zone)
        bell = rung(bell, meant, bell.why) if meant else replace(bell, rung=None, when=None)
    if bell.seen is not None and bell.blind is None and 0 <= at.wall - bell.seen < LOOKED:
        return bell
    return replace(bell, seen=at.wall, blind=None)


def without_time(state: State, at: At) -> tuple[Bell, bool]:
    """While the time isn't known: by what has elapsed, at least, since it was; in a night that
    began without it, `elapsed` hours after lights out. Never by what the clock says, and never
    where no night is running: nobody knows how long the power was gone."""
    bell, tonight = state.bell, state.tonight
    blind = at.now if bell.blind is None else bell.blind
    bell = bell if bell.blind is not None else replace(bell, blind=blind)
    zone = zone_of(state.owner, state.settings)
    if began_with_time(state) and bell.seen is not None and zone is not None:
        so_far = bell.seen + at.now - blind
        due, _ = alarms.about(state.settings, datetime.fromtimestamp(so_far, zone))
        if due is None or has_rung(bell, due) or not passed(bell.seen, due, so_far):
            return bell, False
        return rung(bell, due, late(due, None)), True
    overdue = tonight.mode in NIGHT and tonight.minutes(at.now) >= 60 * state.owner.elapsed
    if not overdue or tonight.rang is not None:
        return bell, False
    return replace(bell, rung=(ELAPSED, 0), when=None, why=""), True


def began_with_time(state: State) -> bool:
    """Whether a night is running that began when the time was known."""
    return state.tonight.mode in NIGHT and not state.tonight.timeless


def late(due: Due, wall: float | None) -> Said:
    """Why it doesn't ring in time; "" where it does. `wall` None: the time isn't known."""
    minutes = (wall - due.moment) / 60 if wall is not None else 0.0
    facts = {"timeless": wall is None, "late": minutes > PROMPT}
    return say("late", facts, clock=face(due.minute), minutes=minutes)


def face(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def worth_keeping(kept: Bell, bell: Bell) -> bool:
    """Whether a cut now would lose more of it than a few minutes."""
    rang = (kept.rung, kept.when, kept.why) == (bell.rung, bell.when, bell.why)
    if not rang or kept.seen is None or bell.seen is None:
        return kept != bell
    return abs(bell.seen - kept.seen) >= SEEN


def warning(state: State, at: At) -> Said:
    """What is to be said beforehand where an alarm is set, but the time isn't known; or ""."""
    if at.local is not None or not alarms.is_set(state.settings):
        return Said("")                     # asked at every tick
    facts = {
        "alarm": True,
        "timeless": True,
        "zoneless": zone_of(state.owner, state.settings) is None,
        "known before": began_with_time(state) and state.bell.seen is not None,
    }
    return say("warning", facts, hours=state.owner.elapsed)


def quiet(state: State, at: At) -> bool:
    """Whether the light should be dark."""
    start, end = state.settings.quiet
    if at.local is None or start is None or end is None:
        return False
    minute = at.local.hour * 60 + at.local.minute
    return (minute - start) % MINUTES < (end - start) % MINUTES


# ---- what is set ---------------------------------------------------------------------------------

def unsettable(state: State, at: At, *, single: bool = False) -> Said:
    """Why no time of day can be set, or "". `single`: that of one day alone."""
    zone = at.local is not None or zone_of(state.owner, state.settings) is not None
    return say("unsettable", {"zoneless": not zone, "timeless": single and at.local is None})


def rearmed(before: State, at: At, **settings: object) -> State:
    """With other alarms. What they had been due for before doesn't ring; what has rung stays so,
    and what is due at this very moment by both rings all the same."""
    state, bell = before.with_settings(**settings), before.bell
    if at.local is None:
        return replace(state, bell=replace(bell, seen=None, blind=None))
    was, _ = alarms.about(before.settings, at.local)
    due, _ = alarms.about(state.settings, at.local)
    if due is not None and due == was and bell.seen is not None:
        return state
    return replace(state, bell=replace(bell, seen=at.wall, blind=None))


def set_alarm(state: State, minute: Minute | None, at: At) -> State:
    """Of every day."""
    return rearmed(state, at, alarm=minute)


def set_alarms(state: State, clock: Clock, at: At) -> State:
    """All of them, as they were."""
    return rearmed(state, at, alarm=clock.alarm, week=clock.week, once=clock.once, nap=clock.nap)


def set_weekday(state: State, weekday: int, minute: int, at: At) -> State:
    """Of one day of the week, 0 is Monday; `minute` may be DAILY or OFF."""
    week = list(state.settings.week)
    week[weekday] = minute
    return rearmed(state, at, week=tuple(week))


def set_once(state: State, minute: int, at: At) -> State:
    """The next one alone: at another minute, or OFF, or DAILY again, without a nap. Without a time
    there is no next one, so that nothing changes."""
    if at.local is None:
        return state
    before = replace(state.settings, once=None)
    one = alarms.once(None if minute == OFF else minute, before, at.local)
    if minute in (OFF, DAILY):
        return rearmed(state, at, once=None if minute == DAILY else one, nap=None)
    return rearmed(state, at, once=one)


def set_nap(state: State, minutes: int, at: At) -> State:
    """One beside those of the days, so many minutes from now; nothing changes without a time."""
    return state if at.local is None else rearmed(state, at, nap=moment_in(minutes, at))


def once_told(state: State, at: At) -> int:
    """What `set_once` was given, while it is to come, or else a nap's minute."""
    one, nap = state.settings.once, state.settings.nap
    if one is not None and (at.local is None or one.day >= at.local.toordinal()):
        return OFF if one.minute is None else one.minute
    if nap is not None and at.local is not None and nap > at.wall:
        return alarms.nap(state.settings, at.local.tzinfo)[0].minute
    return DAILY


def set_timer(state: State, minutes: float, at: At) -> State:
    """Sound for `minutes` from now on, or from lights out where no night is running; 0 is no timer.
    """
    runs = minutes and state.tonight.mode in NIGHT
    return state.with_tonight(timer=minutes, timer_ends=at.now + 60 * minutes if runs else None)


def timer_is_over(state: State, at: At) -> bool:
    ends = state.tonight.timer_ends
    return ends is not None and at.now >= ends
