import json
import random
from bisect import bisect_left
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import pytest

from device import stored
from device.session import alarms, controls, schedule, spoken, telling, turns
from device.session.modes import Event, Mode
from device.session.settings import DAILY, OFF, Owner, Settings, zone_of
from device.session.state import At, Bell, State
from device.session.things import Go, Note, Save
from device.session.tonight import Tonight
from device.values import Light, Stage, Understood
from tests.session.around import BEAT, staging

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
    state, things = schedule.on_tick(state, schedule.moment(time, time, True, state))
    return state, Go(Event.ALARM) in things


def told(state: State, time: str, zone=UTC) -> At:
    """The moment of a word or a command."""
    return schedule.moment(wall(time, zone), wall(time, zone), True, state)


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
    ("07:00", True), ("07:59:59", True), ("09:00", True), ("09:00:01", False), ("11:00", False),
])
def test_a_clock_that_jumps_over_the_alarm_rings_it_within_two_hours(to, rings):
    state, _ = looked(armed(), wall("2026-03-02T06:00"))
    assert looked(state, wall(f"2026-03-02T{to}"))[1] is rings


def test_one_that_rings_late_says_why():
    state, _ = looked(armed(), wall("2026-03-02T06:00"))
    state, things = schedule.on_tick(
        state, schedule.moment(1.0, wall("2026-03-02T07:02"), True, state))
    assert things == [Note("alarm", "the alarm of 07:00 rings 2 minutes late: there was no power "
                                    "then, or the clock was set only now"), Go(Event.ALARM), Save()]
    assert looked(state, wall("2026-03-03T07:00"))[0].bell.why == ""


@pytest.mark.parametrize("how", ["the power was gone", "the clock was set", "time isn't known"])
def test_a_late_alarm_tells_the_hub_why_and_the_light_that_something_failed(how):
    state, _ = looked(armed(), wall("2026-03-02T06:00"))
    then = schedule.moment(9000.0, wall("2026-03-02T07:30"), True, state)
    if how == "the power was gone":
        state = replace(armed(), bell=kept_through_a_cut(state.bell))
    if how == "time isn't known":
        state = state.with_tonight(mode=Mode.ASLEEP, lights_out=0.0)
        state, _ = schedule.on_tick(state, At(0.0, 0.0))
        then = At(3600.0, 0.0)
    state, things = schedule.on_tick(state, then)
    note, = (thing for thing in things if isinstance(thing, Note))
    state = state.with_tonight(mode=Mode.WAKING).with_status(beat=BEAT)
    assert telling.reason(state) == note.detail and "07:00" in note.detail
    assert controls.light(state, then.now, ()) is Light.TROUBLE
    assert controls.light(replace(state, bell=Bell()), then.now, ()) is Light.OFF


def test_an_alarm_that_nothing_can_play_is_told_to_the_hub_and_by_two_blinks():
    state, rings = looked(armed(), wall("2026-03-02T06:59"))
    state, rings = looked(state, wall("2026-03-02T07:00"))
    state = state.with_tonight(mode=Mode.WAKING).with_status(beat=None)
    assert rings and telling.unheard(state.status)
    assert controls.light(state, 1e4, ()) is Light.TROUBLE


@pytest.mark.parametrize("time", [
    "2096-10-03T00:00", "2099-12-31T07:00", "2106-02-07T06:28", "9999-12-31T23:59",
])
def test_a_clock_that_is_lifetimes_ahead_is_no_time(time):
    assert schedule.moment(0.0, wall(time), True, armed()).local is None


@pytest.mark.parametrize("wall", [1e11, 253402300800.0, 4e12, float("inf"), float("nan")])
def test_a_clock_beyond_all_calendars_is_no_time_and_no_end(wall):
    assert schedule.moment(0.0, wall, True, armed()).local is None
    assert schedule.on_tick(armed(), schedule.moment(0.0, wall, True, armed()))[1] == []


def test_a_clock_that_is_synchronised_every_other_minute_rings_once_in_time():
    state, rang = armed().with_tonight(mode=Mode.ASLEEP, lights_out=0.0), []
    for minute in range(700):
        time = wall("2026-03-01T23:00") + 60 * minute
        known = schedule.moment(60.0 * minute, time, minute % 2 == 0, state)
        state, things = schedule.on_tick(state, known)
        rang += [minute] if Go(Event.ALARM) in things else []
    assert rang == [480]


def test_another_time_is_another_alarm_and_looks_anew():
    state, rung = ringing(armed(), "2026-03-02T06:59", "2026-03-02T07:00")
    assert rung
    state = schedule.set_alarm(state, SEVEN + 5, told(state, "2026-03-02T07:00:30"))
    assert state.settings.alarm == SEVEN + 5
    assert ringing(state, "2026-03-02T07:01", "2026-03-02T08:00")[1] == [wall("2026-03-02T07:05")]
    assert schedule.set_alarm(state, None, At(0.0, 0.0)).settings.alarm is None


def kept_through_a_cut(bell: Bell) -> Bell:
    kept, unread = stored.load(Bell, json.loads(json.dumps(stored.plain(bell))))
    assert not unread
    return kept


@pytest.mark.parametrize(("gone", "back", "rings"), [
    ("06:25", "07:01", ["07:01"]), ("05:50", "07:02", ["07:02"]), ("06:59:59", "09:00", ["09:00"]),
    ("06:25", "09:01", []), ("06:25", "06:40", ["07:00"]), ("07:00:30", "07:30", []),
])
def test_an_alarm_that_came_while_there_was_no_power_rings_as_it_comes_back(gone, back, rings):
    state, _ = ringing(armed(), "2026-03-01T22:00", "2026-03-02T06:20")
    state, _ = ringing(state, "2026-03-02T06:20", f"2026-03-02T{gone}", step=1.0)
    state = replace(armed(), bell=kept_through_a_cut(state.bell))
    _, rung = ringing(state, f"2026-03-02T{back}", "2026-03-02T12:00")
    assert rung == [wall(f"2026-03-02T{time}") for time in rings]


def test_a_device_that_was_unplugged_for_days_rings_nothing_of_before():
    state, _ = looked(armed(), wall("2026-03-02T06:00"))
    assert not looked(state, wall("2026-03-04T07:30"))[1]


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


# ---- single days ---------------------------------------------------------------------------------

def test_a_weekday_may_have_its_own_time_or_none():
    evening = told(armed(), "2026-03-01T22:00")
    state = schedule.set_weekday(armed(), 0, 6 * 60, evening)       # 2026-03-02 is a Monday
    state = schedule.set_weekday(state, 1, OFF, evening)
    _, rung = ringing(state, "2026-03-01T22:00", "2026-03-04T12:00")
    assert rung == [wall("2026-03-02T06:00"), wall("2026-03-04T07:00")]
    state = schedule.set_weekday(state, 1, DAILY, told(state, "2026-03-02T22:00"))
    _, rung = ringing(state, "2026-03-02T22:00", "2026-03-03T12:00")
    assert rung == [wall("2026-03-03T07:00")]


@pytest.mark.parametrize(("set_at", "minute", "rings"), [
    ("22:00", 5 * 60, ["2026-03-02T05:00", "2026-03-03T07:00"]),
    ("22:00", 22 * 60 + 30, ["2026-03-01T22:30", "2026-03-02T07:00", "2026-03-03T07:00"]),
    ("22:00", OFF, ["2026-03-03T07:00"]),
    ("22:00", DAILY, ["2026-03-02T07:00", "2026-03-03T07:00"]),
])
def test_once_is_the_next_one_alone(set_at, minute, rings):
    time = wall(f"2026-03-01T{set_at}")
    state = schedule.set_once(armed(), minute, schedule.moment(0.0, time, True, armed()))
    assert schedule.once_told(state, schedule.moment(0.0, time, True, state)) == minute
    state, rung = ringing(state, f"2026-03-01T{set_at}", "2026-03-03T12:00")
    assert rung == [wall(each) for each in rings]
    assert schedule.once_told(state, schedule.moment(0.0, rung[-1], True, state)) == DAILY


def test_a_single_one_far_from_the_days_own_rings_beside_it():
    night = "2026-03-02T01:00"
    for minute, rings in ((22 * 60, ["07:00", "22:00"]), (9 * 60, ["09:00"])):
        state = schedule.set_once(armed(), minute, told(armed(), night))
        _, rung = ringing(state, night, "2026-03-02T23:00")
        assert rung == [wall(f"2026-03-02T{time}") for time in rings]


def test_a_single_day_that_is_over_is_forgotten_and_the_next_word_is_of_every_day():
    state = schedule.set_once(armed(None), 14 * 60, told(armed(), "2026-03-02T13:00"))
    after, rung = ringing(state, "2026-03-02T13:00", "2026-03-02T14:30")
    assert rung == [wall("2026-03-02T14:00")]
    said = spoken.placed(after, Understood("en", alarm=SEVEN), told(after, "2026-03-02T14:31"))
    assert said.changes == {"alarm": SEVEN}
    after, rung = ringing(after, "2026-03-02T14:31", "2026-03-03T00:01")
    assert rung == [] and after.settings.once is None and not alarms.is_set(after.settings)


def test_a_single_one_before_midnight_still_rings_late_after_it():
    state = schedule.set_once(armed(None), 23 * 60 + 50, told(armed(), "2026-03-02T22:00"))
    state, _ = ringing(state, "2026-03-02T22:00", "2026-03-02T23:40")
    assert looked(state, wall("2026-03-03T00:30"))[1]


def test_an_early_single_one_keeps_the_days_own_away_all_that_day():
    state = schedule.set_once(armed(), 4 * 60, told(armed(), "2026-03-01T22:00"))
    _, rung = ringing(state, "2026-03-01T22:00", "2026-03-02T23:00")
    assert rung == [wall("2026-03-02T04:00")]


# ---- naps ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("now", ["2026-03-02T00:30", "2026-03-01T23:50"])
def test_a_nap_in_the_night_leaves_the_mornings_alarm(now):
    state, _ = looked(armed(), wall(now))
    state = schedule.set_nap(state, 20, told(state, now))
    after, rung = ringing(state, now, "2026-03-03T12:00")
    assert rung == [wall(now) + 1200, wall("2026-03-02T07:00"), wall("2026-03-03T07:00")]
    assert after.settings.nap is None


@pytest.mark.parametrize(("clock", "fold", "nap"), [
    ("01:50", 0, 60), ("02:10", 0, 60), ("02:50", 0, 20), ("02:30", 0, 90), ("02:30", 1, 90)])
def test_a_nap_through_the_hour_that_comes_twice_is_as_long_as_was_said(clock, fold, nap):
    start = datetime.fromisoformat(f"2026-10-25T{clock}").replace(tzinfo=BERLIN, fold=fold)
    time, state = start.timestamp(), armed(None, BERLIN)
    state = schedule.set_nap(state, nap, schedule.moment(time, time, True, state))
    rung = []
    for n in range(0, 2 * 86400, 30):
        state, rings = looked(state, time + n)
        rung += [n] if rings else []
    assert rung == [60 * nap]


def test_a_nap_isnt_cut_short_by_light_sleep():
    state, _ = looked(armed(None, smart=30), wall("2026-03-02T14:00"))
    state = schedule.set_nap(state, 20, told(state, "2026-03-02T14:00"))
    for n, due in ((600, False), (1190, False), (1200, True)):
        state, rings = looked(state, wall("2026-03-02T14:00") + n, LIGHT)
        assert rings is due


# ---- what changes meanwhile ----------------------------------------------------------------------

def test_what_rang_by_a_wrong_zone_rings_again_by_the_right_one():
    state = armed(zone=None).with_settings(zone="Europe/Berlin")
    state, rung = ringing(state, "2026-03-02T05:00", "2026-03-02T06:30")
    assert rung == [wall("2026-03-02T06:00")]
    state = state.with_settings(zone="America/New_York")
    _, rung = ringing(state, "2026-03-02T06:30", "2026-03-02T20:00")
    assert rung == [wall("2026-03-02T12:00")]


def test_what_rang_by_a_clock_that_was_ahead_rings_again_by_the_right_one():
    state, rung = ringing(armed(), "2026-03-02T06:30", "2026-03-02T07:30")
    assert rung
    _, rung = ringing(state, "2026-03-01T23:30", "2026-03-02T12:00")
    assert rung == [wall("2026-03-02T07:00")]


def test_an_alarm_that_ended_light_sleep_stays_rung_as_another_days_is_changed():
    state, rings = looked(armed(smart=30), wall("2026-03-02T06:31"), LIGHT)
    assert rings
    state = schedule.set_weekday(state, 6, 540, told(state, "2026-03-02T06:40"))
    for n in range(0, 3600, 30):
        state, rings = looked(state, wall("2026-03-02T06:40") + n, LIGHT)
        assert not rings


@pytest.mark.parametrize("edited", ["2026-03-02T06:59:59.9", "2026-03-02T07:00:00.1"])
def test_a_change_within_a_tick_of_another_alarm_doesnt_lose_it(edited):
    state, _ = ringing(armed(), "2026-03-02T06:50", "2026-03-02T06:59:59", step=1.0)
    state = schedule.set_weekday(state, 6, 540, told(state, edited))
    assert looked(state, wall("2026-03-02T07:00:00.15"))[1]


def test_one_that_is_set_in_the_last_tick_before_it_rings():
    state = schedule.set_alarm(armed(None), SEVEN, told(armed(), "2026-03-02T06:59:59.9"))
    assert looked(state, wall("2026-03-02T07:00:00.15"))[1]


def test_plugged_in_again_at_an_unknown_time_nothing_rings_before_lights_out():
    state, _ = ringing(armed(), "2026-03-02T06:00", "2026-03-02T06:55")
    state = replace(armed(), bell=kept_through_a_cut(state.bell))
    for minutes in range(0, 600):
        state, rings = blindly(float(minutes), state)
        assert not rings


def test_without_a_time_there_is_no_next_one():
    assert schedule.set_once(armed(), 300, At(0.0, 0.0)) == armed()


# ---- every minute, every change of the clocks ----------------------------------------------------

ZONES = (
    "Europe/Berlin", "Europe/London", "Europe/Lisbon", "Europe/Helsinki", "Europe/Chisinau",
    "America/New_York", "America/Los_Angeles", "America/St_Johns", "America/Havana",
    "America/Santiago", "America/Nuuk", "America/Scoresbysund", "America/Miquelon",
    "Atlantic/Azores", "Antarctica/Troll", "Africa/Cairo", "Africa/Casablanca", "Asia/Beirut",
    "Asia/Jerusalem", "Asia/Gaza", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney",
    "Australia/Lord_Howe", "Australia/Adelaide", "Pacific/Auckland", "Pacific/Chatham",
    "Pacific/Easter", "Pacific/Norfolk", "UTC",
)


def changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """Local days on which the offset changes, from the tz database, by the hour."""
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(366 * 24)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    return [hour.astimezone(zone) for hour, before, after
            in zip(hours[1:], offsets, offsets[1:], strict=False) if before != after]


def rings_as_the_wall_shows_it(zone: ZoneInfo, change: datetime, minutes: range) -> None:
    """On each of three days it rings once, as the clock on the wall has first come to its time."""
    first = change.timestamp() - 48 * 3600.0
    moments = [first + n for n in range(0, 96 * 3600, 30)]
    shown = list(accumulate(
        (datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%d %H:%M") for moment in moments),
        max))
    days = [(change.replace(tzinfo=None) + timedelta(days=day)).strftime("%Y-%m-%d")
            for day in (-1, 0, 1)]
    for minute in minutes:
        clock = f"{minute // 60:02d}:{minute % 60:02d}"
        expected = [moments[bisect_left(shown, f"{day} {clock}")] for day in days]
        start, end = expected[0] - 6 * 3600, expected[-1] + 6 * 3600
        looks = sorted({*(start + 3600 * n for n in range(61)),
                        *(each + n for each in expected for n in (-30, 0, 30, 60))})
        rung, state = [], armed(minute, zone)
        for moment in looks:
            if moment <= end:
                state, rings = looked(state, moment)
                rung += [moment] if rings else []
        assert rung == expected, (zone, days[1], clock)


@pytest.mark.parametrize(("zone", "step"), [
    ("Europe/Berlin", 1), ("America/Nuuk", 7), ("Antarctica/Troll", 7), ("Pacific/Chatham", 7)])
def test_every_minute_of_the_day_rings_once_in_the_nights_when_the_clocks_change(zone, step):
    for change in changes(ZoneInfo(zone), 2026):
        rings_as_the_wall_shows_it(ZoneInfo(zone), change, range(change.month % step, 1440, step))


@pytest.mark.full
@pytest.mark.parametrize("zone", ZONES)
def test_so_it_does_in_thirty_zones_through_four_years(zone):
    for year in (2025, 2026, 2027, 2028):
        own = changes(ZoneInfo(zone), year) or [datetime(year, 6, 1, 2, tzinfo=ZoneInfo(zone))]
        for change in own:
            rings_as_the_wall_shows_it(ZoneInfo(zone), change, range(1440))


def test_power_cuts_and_steps_of_the_clock_cost_no_alarm_and_double_none():
    rng = random.Random(11)
    for _ in range(40):
        lived = Lived(rng)
        lived.live()
        lived.check()


@pytest.mark.full
def test_two_thousand_power_cuts_and_steps_of_the_clock_cost_no_alarm():
    rng = random.Random(12)
    for _ in range(2000):
        lived = Lived(rng)
        lived.live()
        lived.check()


class Lived:
    """A night with one power cut, after which the clock is known again sooner or later, or never;
    and a step of what it shows while nobody says that it is known."""

    def __init__(self, rng: random.Random):
        self.zone = ZoneInfo(rng.choice(ZONES))
        self.minute = rng.randrange(24 * 60)
        self.evening = wall("2026-10-24T18:00") + rng.uniform(0, 2e7)
        self.gone = rng.uniform(600, 14 * 3600)
        self.back = self.gone + rng.choice((rng.uniform(1, 600), rng.uniform(600, 3 * 3600)))
        self.set_after = rng.choice((0.0, rng.uniform(5, 300), rng.uniform(300, 3 * 3600), 1e9))
        self.wrong = rng.choice((0.0, rng.uniform(-86400, 86400)))
        self.rung: list[tuple[float, bool]] = []        # s since 1970 in truth, and whether known

    def live(self) -> None:
        state = armed(self.minute, self.zone)
        kept = state.bell
        for n in range(0, 20 * 3600, 20):
            if self.gone <= n < self.back:
                state = replace(armed(self.minute, self.zone), bell=kept)
                continue
            known = n < self.gone or n >= self.back + self.set_after
            shown = self.evening + n + (0.0 if known else self.wrong)
            at = schedule.moment(float(n if n < self.gone else n - self.back), shown, known, state)
            before, (state, things) = state, schedule.on_tick(state, at)
            if schedule.worth_keeping(kept, state.bell):
                kept = kept_through_a_cut(state.bell)
            if Go(Event.ALARM) in things:
                self.rung.append((self.evening + n, known))
                assert known or schedule.warning(before, at)

    def check(self) -> None:
        day = datetime.fromtimestamp(self.evening, self.zone)
        due = [each.moment for days in range(-1, 3)
               for each in alarms.due_on(Settings(alarm=self.minute),
                                         [day.toordinal() + days], self.zone)]
        due = [each for each in due if self.evening < each <= self.evening + 20 * 3600 - 7200]
        for each in due:
            n = each - self.evening
            off = self.gone - 20 < n < self.back
            blind = self.back <= n < self.back + self.set_after
            known_at = self.evening + self.back + self.set_after
            if not off and not blind:
                assert any(abs(rang - each) <= 60 for rang, _ in self.rung), self.__dict__
            elif known_at - each <= 7200 - 20:
                assert [rang for rang, _ in self.rung if -60 <= rang - each <= 7300]
        assert len(self.rung) <= len(due) + 1
        for (one, _), (other, _) in pairwise(self.rung):
            assert other - one > 4 * 3600, self.__dict__


# ---- where the time isn't known ------------------------------------------------------------------

def blindly(minutes: float, state: State) -> tuple[State, bool]:
    """A tick `minutes` after power on, of a clock that shows anything and isn't known."""
    at = schedule.moment(60 * minutes, wall("2026-03-02T06:59:59") + 60 * minutes, False, state)
    state, things = schedule.on_tick(state, at)
    return state, Go(Event.ALARM) in things


def lying(**owner) -> State:
    return armed(**owner).with_tonight(mode=Mode.ASLEEP, lights_out=0.0, timeless=True)


def test_without_a_clock_the_alarm_rings_by_elapsed_time_once_a_night():
    rang, state = [], lying(elapsed=8.0)
    for minutes in (0.0, 0.1, 479.5, 480.0, 480.5, 900.0):
        state, rings = blindly(minutes, state)
        rang.append(rings)
    assert rang == [False, False, False, True, False, False]


def test_what_rang_by_elapsed_time_does_not_ring_again_as_the_clock_becomes_known():
    state, rings = blindly(480.0, lying())
    assert rings and state.bell.rung == (schedule.ELAPSED, 0)
    time = wall("2026-03-02T06:30")
    for n in range(120):
        state, things = schedule.on_tick(
            state, schedule.moment(481 * 60.0 + 60 * n, time + 60 * n, True, state))
        assert things == []
    assert looked(state, wall("2026-03-03T07:00:30"))[1]


def test_after_a_cut_it_rings_by_what_has_elapsed_since_the_time_was_known():
    state, _ = looked(armed().with_tonight(mode=Mode.ASLEEP, lights_out=0.0),
                      wall("2026-03-02T03:00"))
    rang = []
    for minutes in range(0, 600):
        before, (state, rings) = state, blindly(float(minutes), state)
        rang += [minutes] if rings else []
    assert rang == [240]
    assert schedule.warning(before, At(0.0, 0.0)).startswith("the time isn't known since the power")


def test_that_it_will_ring_by_elapsed_time_is_said_before():
    unknown, known = At(0.0, 0.0), At(0.0, wall("2026-03-02T06:39"), datetime(2026, 3, 2, 6, 39))
    assert schedule.warning(armed(elapsed=7.5), unknown) == (
        "the time isn't known: the alarm will ring 7.5 h after lights out")
    assert schedule.warning(armed(), known) == "" and schedule.warning(armed(None), unknown) == ""
    assert "time zone" in schedule.warning(armed(zone=None), unknown)


@pytest.mark.parametrize(("wall", "synced", "zone", "known", "zoneless"), [
    (0.0, True, UTC, False, False), (schedule.EARLIEST - 1, True, UTC, False, False),
    (schedule.EARLIEST, True, UTC, True, False), (schedule.EARLIEST, False, UTC, False, False),
    (schedule.EARLIEST, True, None, False, True), (schedule.EARLIEST, False, None, False, False),
])
def test_a_clock_that_nobody_set_in_this_boot_is_no_time(wall, synced, zone, known, zoneless):
    at = schedule.moment(1.0, wall, synced, armed(zone=zone))
    assert (at.local is not None, at.zoneless, at.synced) == (known, zoneless, known or zoneless)


def test_the_zone_that_the_hub_told_counts_where_the_owner_names_none():
    told = armed(zone=None).with_settings(zone="Asia/Tokyo")
    assert schedule.moment(0.0, 1.8e9, True, told).local.utcoffset() == timedelta(hours=9)
    assert zone_of(Owner(zone=BERLIN), told.settings) is BERLIN
    assert zone_of(Owner(), Settings(zone="Nowhere/At_All")) is None


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
    at = schedule.moment(60.0, wall("2026-03-02T07:00"), True, state)
    _, things = schedule.on_tick(state, at)
    assert things == [Go(Event.ALARM), Save(), Go(Event.STOP)]


def test_minutes_of_a_time_of_day():
    assert schedule.minute_of("22:31") == 22 * 60 + 31 and schedule.minute_of("00:00") == 0
    assert schedule.minute_of("7:05") == 425 and schedule.minute_of("") is None
    assert [schedule.weekday_of(text) for text in ("", "off", "06:00")] == [DAILY, OFF, 360]
