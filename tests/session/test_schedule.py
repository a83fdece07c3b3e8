from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from device.session.schedule import Almanac


def at(text: str, zone=UTC) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def ringing(almanac: Almanac, first: str, last: str, step: float = 30.0, zone=UTC) -> list[float]:
    wall, end, rung = at(first, zone), at(last, zone), []
    while wall <= end:
        if almanac.due(wall):
            rung.append(wall)
        wall += step
    return rung


def test_the_alarm_rings_once_a_day_within_an_epoch():
    rung = ringing(Almanac("07:00", zone=UTC), "2026-03-01T22:00", "2026-03-03T12:00")
    assert [
        wall - at(day)
        for wall, day in zip(rung, ("2026-03-02T07:00", "2026-03-03T07:00"), strict=True)
    ] == [0, 0]


def test_it_does_not_ring_for_a_time_that_had_passed_before_it_was_set():
    assert not ringing(Almanac("07:00", zone=UTC), "2026-03-01T07:10", "2026-03-01T23:00")


def test_it_rings_by_the_clock_on_the_wall_when_summer_time_begins():
    berlin = ZoneInfo("Europe/Berlin")
    rung = ringing(
        Almanac("07:00", zone=berlin), "2026-03-28T23:00", "2026-03-29T09:00", zone=berlin
    )
    assert [datetime.fromtimestamp(wall, berlin).hour for wall in rung] == [7]


def test_a_clock_set_back_does_not_ring_twice():
    almanac = Almanac("07:00", zone=UTC)
    assert ringing(almanac, "2026-03-02T06:59", "2026-03-02T07:05")
    assert not ringing(almanac, "2026-03-02T06:50", "2026-03-02T07:05")


def test_a_clock_that_was_never_set_rings_nothing():
    assert Almanac("07:00", zone=UTC).local(0.0) is None
    assert not Almanac("00:00", zone=UTC).due(0.0)


@pytest.mark.parametrize(
    ("now", "dark"),
    [("22:29", False), ("22:30", True), ("03:00", True), ("06:59", True), ("07:00", False)],
)
def test_quiet_hours_go_over_midnight(now, dark):
    assert Almanac(quiet=("22:30", "07:00"), zone=UTC).quiet(at(f"2026-03-02T{now}")) is dark


def test_the_timer_runs_out_once():
    almanac = Almanac()
    almanac.set_timer(100.0, 10)
    assert not almanac.timed_out(699.0)
    assert almanac.timed_out(700.0)
    assert not almanac.timed_out(701.0)


def test_the_smart_window_ends_light_sleep_early_and_the_deadline_holds():
    almanac = Almanac("07:00", smart=20, zone=UTC)
    assert not almanac.due(at("2026-03-02T06:39"), light=True)
    assert not almanac.due(at("2026-03-02T06:45"), light=False)
    assert almanac.due(at("2026-03-02T06:45:30"), light=True)
    assert not almanac.due(at("2026-03-02T07:00"), light=True)
    deep = Almanac("07:00", smart=20, zone=UTC)
    assert not deep.due(at("2026-03-02T06:59:30"))
    assert deep.due(at("2026-03-02T07:00"))


def test_without_a_clock_the_alarm_rings_by_elapsed_time_and_says_so_before():
    almanac = Almanac("07:00", elapsed=8.0)
    assert "8 h after lights out" in almanac.warning(0.0) and not almanac.warning(
        at("2026-03-02T06:39")
    )
    assert not almanac.due(30.0, minutes=479.5)
    assert almanac.due(60.0, minutes=480.0)
    assert not almanac.due(90.0, minutes=480.5)
    assert not almanac.due(50_000.0, minutes=1.0)       # the next night
    assert almanac.due(90_000.0, minutes=481.0)
