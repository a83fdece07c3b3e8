"""Many nights together, against the definitions and other people's software."""

import random
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from device.report import weeks, weeks_page
from device.report.weeks import Belief, Learned, Slept
from device.values import Estimate
from tests.report.around import BEGAN, keep

UTC, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
DAY = 86_400.0


def night(number: int, bed: float = 23.0, up: float = 31.0, zone=UTC, first: float = BEGAN, **more):
    """In bed, and asleep all the while, between two hours of UTC after the midnight before."""
    midnight = first - first % DAY + number * DAY
    start, end = midnight + 3600 * bed, midnight + 3600 * up
    return Slept(number, start, end, zone, ((start, end),), (), more)


def by_definition(asleep: np.ndarray) -> float:
    """Phillips 2017, of (days, minutes) asleep or not."""
    same = [(before == after).mean() for before, after in pairwise(asleep)]
    return -100 + 200 * float(np.mean(same))


def test_the_same_night_every_night_is_of_the_greatest_regularity():
    assert weeks.regularity([night(n) for n in range(14)]) == 100.0


def test_regularity_is_the_published_index_of_minutes():
    chance = random.Random(3)
    times = [(22 + chance.randrange(0, 240) / 60, 30 + chance.randrange(0, 180) / 60)
             for _ in range(20)]
    asleep = np.zeros((20, 1440), bool)
    for day, (bed, up) in enumerate(times):
        asleep[day, round(60 * (bed - 12)):round(60 * (up - 12))] = True       # from noon on
    found = weeks.regularity([night(n, *both) for n, both in enumerate(times)])
    assert found == pytest.approx(by_definition(asleep), abs=0.5)
    assert 50 < found < 95


def test_who_sleeps_by_turns_at_night_and_by_day_is_as_irregular_as_it_gets():
    turns = [night(n, 24.0, 36.0) if n % 2 else night(n, 12.0, 24.0) for n in range(14)]
    assert weeks.regularity(turns) == pytest.approx(-100.0)


def test_less_than_a_week_and_days_between_say_nothing():
    assert weeks.regularity([night(n) for n in range(6)]) is None
    assert weeks.regularity([night(2 * n) for n in range(30)]) is None


def test_what_nobody_could_judge_is_left_out_and_no_waking():
    whole = [night(n) for n in range(10)]
    dim = [Slept(each.number, each.start, each.end, UTC, ((each.start, each.start + 3600),),
                 ((each.start + 3600, each.end),), {}) for each in whole[:5]]
    assert weeks.regularity([*dim, *whole[5:]]) == 100.0


def test_summer_time_makes_nobody_irregular_who_sleeps_by_the_sun():
    march = 1_774_220_400.0     # 2026-03-22 23:00 UTC; the leap is in the night to the 29th
    spring = [night(n, 22.0, 30.0, zone=BERLIN, first=march) for n in range(14)]
    assert weeks.regularity(spring) == 100.0
    assert {each.bed.hour for each in spring} == {23, 0}, "though the clock shows another hour"


def test_usual_times_go_round_midnight():
    beds = [night(n, 23.5 + n % 2).bed for n in range(10)]     # 23:30 and 0:30 by turns
    hour, spread = weeks.usual(beds)
    assert hour % 24 == pytest.approx(0.0, abs=1e-9) or hour == pytest.approx(24.0)
    assert spread == pytest.approx(np.std([0.0, 1.0] * 5, ddof=1))
    assert weeks_page.clock((hour, spread)) == "00:00"


def test_a_trend_and_its_interval_are_a_regression_s():
    stats = pytest.importorskip("scipy.stats")
    chance = np.random.default_rng(4)
    days = np.arange(30.0)
    values = 400 + 1.5 * days + chance.normal(0, 25, 30)
    found = weeks.trend([(day, Estimate(value, value, value))
                         for day, value in zip(days, values, strict=True)])
    fit = stats.linregress(days, values)
    reach = stats.t(28).ppf(0.95) * fit.stderr
    assert found.week == pytest.approx(7 * fit.slope)
    assert (found.low, found.high) == pytest.approx(
        (7 * (fit.slope - reach), 7 * (fit.slope + reach)), rel=2e-3)


@pytest.mark.parametrize("free", [4, 8, 20, 100])
def test_student_s_quantile_is_within_a_hundredth(free):
    stats = pytest.importorskip("scipy.stats")
    assert weeks.student(0.9, free) == pytest.approx(stats.t(free).ppf(0.95), rel=0.01)


def test_one_s_normal_is_what_eight_nights_of_ten_are():
    values = list(np.random.default_rng(5).normal(420, 30, 41))
    found = weeks.normal([(n, Estimate(value, value, value)) for n, value in enumerate(values)])
    assert found == pytest.approx(tuple(np.quantile(values, (0.1, 0.9))))
    assert weeks.normal([(0, Estimate(1, 1, 1))] * 4) is None


@pytest.fixture(scope="module")
def six_weeks(tmp_path_factory):
    path = tmp_path_factory.mktemp("weeks") / "diary.sqlite"
    keep(path, 42)
    return path


def test_the_page_tells_regularity_trends_trial_and_what_was_learned(six_weeks, tmp_path):
    beliefs = [Belief("slow dark rain", 3.0, 1.0, 5.0, 8), Belief("silence", 0.0, 0.0, 0.0, 4),
               Belief("deep night", -1.0, -6.0, 4.0, 0)]
    weeks_page.write(six_weeks, tmp_path / "w.html", 8, Learned(beliefs, "It helps."), BERLIN)
    page = (tmp_path / "w.html").read_text()
    for words in ("42 nights, 22 June to 2 August 2026", "Sleep Regularity Index", "It helps.",
                  "slow dark rain (8)", "until asleep (SOL)", "asleep (TST)"):
        assert words in page, words
    assert page.count("<circle") == 4 * 42 + len(beliefs)


def test_only_the_weeks_that_were_asked_for_are_told(six_weeks, tmp_path):
    assert len(list(weeks_page.nights_of(six_weeks, 2, UTC))) == 14
    assert len(list(weeks_page.nights_of(six_weeks, 8, UTC))) == 42


def test_a_diary_of_few_nights_says_so(tmp_path):
    keep(tmp_path / "diary.sqlite", 2)
    weeks_page.write(tmp_path / "diary.sqlite", tmp_path / "w.html", 8, Learned(), UTC)
    page = (tmp_path / "w.html").read_text()
    assert "Too few nights" in page and "too few nights for a trend" in page
    assert "Nothing yet." in page and "There is none" in page
