from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from device.session import schedule, turns
from device.session.modes import Event, Mode
from device.session.settings import Owner, Settings
from device.session.state import At, Bell, State
from device.session.things import Go
from device.session.tonight import Tonight
from device.values import Stage
from tests.session.around import staging

SEVEN = 7 * 60
BERLIN = ZoneInfo("Europe/Berlin")
LIGHT, DEEP = (staging(stage=Stage.LIGHT),), (staging(stage=Stage.DEEP),)


def wall(text: str, zone=UTC) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def armed(minute: int | None = SEVEN, zone=UTC, **owner) -> State:
    return State(owner=Owner(zone=zone, **owner), settings=Settings(alarm=minute))


def looked(state: State, time: float, stagings=()) -> tuple[State, bool]:
    """A tick at `time` s since 1970, and whether it rings."""
    state = state.with_tonight(stagings=stagings)
    state, things = schedule.on_tick(state, At(0.0, time))
    assert things in ([], [Go(Event.ALARM)])
    return state, bool(things)


def ringing(state: State, first: str, last: str, step: float = 30.0, zone=UTC):
    """The state at last, and when it rang."""
    time, end, rung = wall(first, zone), wall(last, zone), []
    while time <= end:
        state, rings = looked(state, time)
        rung += [time] if rings else []
        time += step
    return state, rung


# ---- the alarm -----------------------------------------------------------------------------------

def test_the_alarm_rings_once_a_day_within_an_epoch():
    _, rung = ringing(armed(), "2026-03-01T22:00", "2026-03-03T12:00")
    assert rung == [wall("2026-03-02T07:00"), wall("2026-03-03T07:00")]


def test_between_two_looks_it_rings_at_the_second():
    _, rung = ringing(armed(), "2026-03-01T22:00:11", "2026-03-02T12:00")
    assert rung == [wall("2026-03-02T07:00:11")]


def test_it_does_not_ring_for_a_time_that_had_passed_before_it_was_set():
    assert ringing(armed(), "2026-03-01T07:10", "2026-03-01T23:00")[1] == []
    assert not looked(armed(), wall("2026-03-01T07:00"))[1]


def test_no_alarm_never_rings_and_never_looks():
    state, rung = ringing(armed(None), "2026-03-01T22:00", "2026-03-02T12:00")
    assert rung == [] and state == armed(None)


def test_an_alarm_at_midnight_rings_too():
    assert ringing(armed(0), "2026-03-01T22:00", "2026-03-02T12:00")[1] == [
        wall("2026-03-02T00:00")]


@pytest.mark.parametrize(("day", "before"), [("2026-03-29", "28"), ("2026-10-25", "24")])
def test_it_rings_by_the_clock_on_the_wall_when_summer_time_begins_or_ends(day, before):
    evening = f"{day[:8]}{before}T23:00"
    _, rung = ringing(armed(zone=BERLIN), evening, f"{day}T09:00", zone=BERLIN)
    assert [datetime.fromtimestamp(time, BERLIN).hour for time in rung] == [7]


def test_an_alarm_in_the_hour_that_summer_time_leaves_out_rings_right_after_it():
    _, rung = ringing(armed(2 * 60 + 30, BERLIN), "2026-03-28T23:00", "2026-03-29T09:00",
                      zone=BERLIN)
    assert rung == [wall("2026-03-29T03:00", BERLIN)]


def test_a_clock_set_back_does_not_ring_twice():
    state, rung = ringing(armed(), "2026-03-02T06:59", "2026-03-02T07:05")
    assert rung
    assert ringing(state, "2026-03-02T06:50", "2026-03-02T07:05")[1] == []


@pytest.mark.parametrize(("to", "rings"), [
    ("07:00", True), ("07:59:59", True), ("08:00", False), ("11:00", False),
])
def test_a_clock_that_jumps_over_the_alarm_rings_it_within_an_hour(to, rings):
    state, _ = looked(armed(), wall("2026-03-02T06:00"))
    assert looked(state, wall(f"2026-03-02T{to}"))[1] is rings


def test_another_time_is_another_alarm_and_looks_anew():
    state, rung = ringing(armed(), "2026-03-02T06:59", "2026-03-02T07:00")
    assert rung
    state = schedule.set_alarm(state, SEVEN + 5)
    assert state.settings.alarm == SEVEN + 5 and state.bell == Bell()
    assert ringing(state, "2026-03-02T07:01", "2026-03-02T08:00")[1] == [wall("2026-03-02T07:05")]
    assert schedule.set_alarm(state, None).settings.alarm is None


def test_an_alarm_that_came_while_nobody_looked_rings_now():
    state = schedule.missed(armed(zone=BERLIN), wall("2026-03-02T06:50", BERLIN))
    assert state.bell.seen == datetime(2026, 3, 2, 6, 50)
    assert looked(state, wall("2026-03-02T07:10", BERLIN))[1]
    assert not looked(armed(zone=BERLIN), wall("2026-03-02T07:10", BERLIN))[1]


def test_a_missed_look_forgets_nothing_that_has_rung():
    state = replace(armed(), bell=Bell((5, SEVEN)))
    assert schedule.missed(state, wall("2026-03-02T06:50")).bell.rung == (5, SEVEN)


def test_the_smart_window_ends_light_sleep_early_and_the_deadline_holds():
    state, rings = looked(armed(smart=20), wall("2026-03-02T06:39"), LIGHT)
    assert not rings
    assert not looked(state, wall("2026-03-02T06:45"), DEEP)[1]
    assert not looked(state, wall("2026-03-02T06:45"))[1]
    assert looked(state, wall("2026-03-02T06:40"), LIGHT)[1]
    state, rings = looked(state, wall("2026-03-02T06:45:30"), LIGHT)
    assert rings
    state, rings = looked(state, wall("2026-03-02T06:46"), LIGHT)
    assert not rings
    assert not looked(state, wall("2026-03-02T07:00"), LIGHT)[1]
    state, rings = looked(armed(smart=20), wall("2026-03-02T06:59:30"), DEEP)
    assert not rings
    assert looked(state, wall("2026-03-02T07:00"), DEEP)[1]


def test_without_a_smart_window_light_sleep_is_left_alone():
    assert not looked(armed(), wall("2026-03-02T06:59:59"), LIGHT)[1]


def test_one_rung_early_before_midnight_rings_again_only_the_next_day():
    state, rings = looked(armed(5, smart=20), wall("2026-03-01T23:50"), LIGHT)
    assert rings
    state, rung = ringing(state, "2026-03-01T23:51", "2026-03-03T12:00")
    assert rung == [wall("2026-03-03T00:05")]


# ---- where the time isn't known ------------------------------------------------------------------

def lying(minutes: float, state: State) -> tuple[State, bool]:
    """A tick `minutes` after lights out, of a clock that was never set."""
    state = state.with_tonight(lights_out=0.0)
    state, things = schedule.on_tick(state, At(60 * minutes, 60 * minutes))
    return state, things == [Go(Event.ALARM)]


def test_without_a_clock_the_alarm_rings_by_elapsed_time_once_a_night():
    rang = []
    state = armed(elapsed=8.0)
    for minutes in (479.5, 480.0, 480.5, 1.0, 481.0):       # the fourth is the next night's
        state, rings = lying(minutes, state)
        rang.append(rings)
    assert rang == [False, True, False, False, True]


def test_what_has_rung_by_elapsed_time_is_another_alarm_at_another_minute():
    state, rings = lying(480.0, armed())
    assert rings and state.bell.rung == (schedule.ELAPSED, SEVEN)
    assert lying(481.0, schedule.set_alarm(state, SEVEN + 1))[1]


def test_that_it_will_ring_by_elapsed_time_is_said_before():
    unknown, known = At(0.0, 0.0), At(0.0, wall("2026-03-02T06:39"), datetime(2026, 3, 2, 6, 39))
    assert schedule.warning(armed(elapsed=7.5), unknown) == (
        "the time isn't known: the alarm will ring 7.5 h after lights out")
    assert schedule.warning(armed(), known) == "" and schedule.warning(armed(None), unknown) == ""


def test_a_clock_that_was_never_set_is_no_time():
    assert schedule.local_time(0.0, UTC) is None
    assert schedule.local_time(schedule.EARLIEST - 1, UTC) is None
    assert schedule.local_time(schedule.EARLIEST, UTC) == datetime(2025, 1, 1, tzinfo=UTC)
    assert not looked(armed(0), 0.0)[1]
    state, _ = looked(armed(1), schedule.EARLIEST - 30.0)
    assert looked(state, schedule.EARLIEST + 60.0)[1]


# ---- naps, quiet hours, the timer ----------------------------------------------------------------

@pytest.mark.parametrize(("hour", "day"), [(8, False), (9, True), (18, True), (19, False)])
def test_what_begins_by_day_is_a_nap(hour, day):
    assert schedule.by_day(datetime(2026, 3, 2, hour, 59)) is day
    assert not schedule.by_day(None)


@pytest.mark.parametrize(
    ("now", "dark"),
    [("22:29", False), ("22:30", True), ("03:00", True), ("06:59", True), ("07:00", False)],
)
def test_quiet_hours_go_over_midnight(now, dark):
    local = datetime.fromisoformat(f"2026-03-02T{now}")
    state = State(settings=Settings(quiet=(22 * 60 + 30, SEVEN)))
    assert schedule.quiet(state, At(0.0, 0.0, local)) is dark


def test_quiet_hours_by_day_need_both_ends_and_a_clock():
    noon = At(0.0, 0.0, datetime(2026, 3, 2, 12, 30))
    assert schedule.quiet(State(settings=Settings(quiet=(12 * 60, 13 * 60))), noon)
    for ends in ((None, 13 * 60), (0, None), (None, None), (13 * 60, 12 * 60)):
        assert not schedule.quiet(State(settings=Settings(quiet=ends)), noon)
    assert not schedule.quiet(State(settings=Settings(quiet=(0, 1439))), At(0.0, 0.0))


def test_the_timer_runs_out_once():
    night = Tonight(mode=Mode.SETTLING)
    state = schedule.set_timer(State(tonight=night), 10.0, At(100.0, 0.0))
    assert state.tonight == replace(night, timer=10.0, timer_ends=700.0)
    assert schedule.on_tick(state, At(699.0, 0.0)) == (state, [])
    state, things = schedule.on_tick(state, At(700.0, 0.0))
    assert things == [Go(Event.STOP)] and state.tonight == night
    assert schedule.on_tick(state, At(701.0, 0.0)) == (state, [])


def test_a_timer_set_before_bedtime_runs_from_lights_out():
    for mode in (Mode.IDLE, Mode.MORNING):
        state = schedule.set_timer(State(tonight=Tonight(mode=mode)), 10.0, At(100.0, 0.0))
        assert schedule.on_tick(state, At(9000.0, 0.0)) == (state, [])
    state, _ = turns.on_event(
        schedule.set_timer(State(), 10.0, At(100.0, 0.0)), Event.START, At(9000.0, 0.0))
    assert (state.tonight.timer, state.tonight.timer_ends) == (10.0, 9600.0)


def test_a_timer_of_no_minutes_is_none():
    state = schedule.set_timer(State(tonight=Tonight(mode=Mode.PAUSED)), 10.0, At(100.0, 0.0))
    assert state.tonight.timer_ends == 700.0
    assert schedule.set_timer(state, 0.0, At(200.0, 0.0)).tonight.timer_ends is None


def test_alarm_and_timer_may_come_at_once():
    state, _ = looked(armed(), wall("2026-03-02T06:59"))
    state = schedule.set_timer(state.with_tonight(mode=Mode.DRIFTING), 1.0, At(0.0, 0.0))
    _, things = schedule.on_tick(state, At(60.0, wall("2026-03-02T07:00")))
    assert things == [Go(Event.ALARM), Go(Event.STOP)]


def test_minutes_of_a_time_of_day():
    assert schedule.minute_of("22:31") == 22 * 60 + 31 and schedule.minute_of("00:00") == 0
    assert schedule.minute_of("") is None
