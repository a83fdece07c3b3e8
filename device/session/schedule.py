"""Times of day: the alarm, the timer and the quiet hours. What looks at the wall clock."""

from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from device.sentences import Said, say
from device.session.modes import Event
from device.session.state import At, Bell, Decision, State
from device.session.things import Do, Go
from device.session.watching import light

EARLIEST = 1_735_689_600        # s since 1970, 2025-01-01: a clock before that was never set
MINUTES = 24 * 60
ELAPSED = 0                     # stands for the day when there is none
DAY = 60 * MINUTES              # s
NAPS = (9, 19)                  # h: what begins between them is a nap
JUMP = 3600.0                   # s: a clock that jumps over the alarm by more doesn't ring it


def minute_of(text: str) -> int | None:
    """Minutes after midnight of "22:30"; None for ""."""
    return int(text[:2]) * 60 + int(text[3:]) if text else None


def by_day(local: datetime | None) -> bool:
    """Whether what begins now is a nap; where the time isn't known it is a night."""
    return local is not None and NAPS[0] <= local.hour < NAPS[1]


def local_time(wall: float, zone: tzinfo | None) -> datetime | None:
    """None when the clock was never set."""
    return datetime.fromtimestamp(wall, zone) if wall >= EARLIEST else None


def clock_face(wall: float, zone: tzinfo | None) -> datetime:
    """As the clock on the wall shows it: an hour that summer time leaves out is a jump over the
    alarm like any other."""
    return datetime.fromtimestamp(wall, zone).replace(tzinfo=None)


def minute_in(minutes: int, at: At) -> int | None:
    """Minutes after midnight, so many from now; None where the time isn't known."""
    if at.local is None:
        return None
    then = at.local + timedelta(minutes=minutes, seconds=59)    # never sooner than was said
    return then.hour * 60 + then.minute


# ---- what time asks for --------------------------------------------------------------------------

def on_tick(state: State, at: At) -> Decision:
    bell, rings = alarm(state, at)
    if bell is not state.bell:
        state = replace(state, bell=bell)
    things: list[Do] = [Go(Event.ALARM)] if rings else []
    if timer_is_over(state, at):
        state = set_timer(state, 0.0, at)
        things.append(Go(Event.STOP))
    return state, things


def alarm(state: State, at: At) -> tuple[Bell, bool]:
    """Whether it is time to wake; once a day, however the clock is moved.

    In light sleep any time in the smart window will do; its end is the deadline.
    """
    minute, bell = state.settings.alarm, state.bell
    if minute is None:
        return bell, False
    now = clock_face(at.wall, state.owner.zone)
    seen, bell = bell.seen, replace(bell, seen=now)
    if at.wall < EARLIEST:
        return elapsed_alarm(bell, minute, state.tonight.minutes(at.now), state.owner.elapsed)
    since = (3600 * now.hour + 60 * now.minute + now.second - 60 * minute) % DAY        # s
    past = day_of(now - timedelta(seconds=since)), minute
    coming = day_of(now + timedelta(seconds=DAY - since)), minute
    passed = seen is not None and since < min((now - seen).total_seconds(), JUMP)
    if passed and bell.rung != past:
        return replace(bell, rung=past), True
    smart = DAY - since <= 60 * state.owner.smart
    if smart and bell.rung != coming and light(state.tonight.stagings):
        return replace(bell, rung=coming), True
    return bell, False


def elapsed_alarm(bell: Bell, minute: int, minutes: float, hours: float) -> tuple[Bell, bool]:
    """While the time isn't known: `hours` after lights out, `minutes` ago."""
    mark = ELAPSED, minute
    late = minutes >= 60 * hours
    return replace(bell, rung=mark if late else None), late and bell.rung != mark


def day_of(moment: datetime) -> int:
    return moment.toordinal()


def missed(state: State, wall: float) -> State:
    """Nobody looked at the clock since `wall`: an alarm that came meanwhile rings now."""
    seen = clock_face(wall, state.owner.zone)
    return replace(state, bell=replace(state.bell, seen=seen))


def warning(state: State, at: At) -> Said:
    """What is to be said beforehand where an alarm is set, but the time isn't known; or ""."""
    facts = {"alarm": state.settings.alarm is not None, "timeless": at.local is None}
    return say("warning", facts, hours=state.owner.elapsed)


def quiet(state: State, at: At) -> bool:
    """Whether the light should be dark."""
    start, end = state.settings.quiet
    if at.local is None or start is None or end is None:
        return False
    minute = at.local.hour * 60 + at.local.minute
    return (minute - start) % MINUTES < (end - start) % MINUTES


# ---- what is set ---------------------------------------------------------------------------------

def set_alarm(state: State, minute: int | None) -> State:
    return replace(state.with_settings(alarm=minute), bell=Bell())


def set_timer(state: State, minutes: float, at: At) -> State:
    """Sound for `minutes` from now on; 0 is no timer."""
    return state.with_tonight(timer=minutes, timer_ends=at.now + 60 * minutes if minutes else None)


def timer_is_over(state: State, at: At) -> bool:
    ends = state.tonight.timer_ends
    return ends is not None and at.now >= ends
