"""What a night was worth, in minutes of onset latency, each sum by hand."""

import math
from dataclasses import replace

import pytest

from device.recommend.reward import Weights, reward
from device.values import Outcome

NIGHT = Outcome(sol=20.0, wakings=2, signal_quality=0.9)


def worth(expected: float = 20.0, weights: Weights | None = None, **outcome) -> float | None:
    return reward(replace(NIGHT, **outcome), expected, weights or Weights())


def test_a_night_as_expected_is_worth_nothing():
    assert worth() == 0.0


@pytest.mark.parametrize(("sol", "minutes"), [(12.0, 8.0), (35.0, -15.0), (20.0, 0.0)])
def test_each_minute_sooner_than_expected_is_worth_one(sol, minutes):
    assert worth(sol=sol) == minutes


@pytest.mark.parametrize(("expected", "sol", "minutes"), [
    (20.0, 65.0, -45.0), (20.0, 66.0, -45.0), (20.0, 400.0, -45.0), (100.0, 55.0, 45.0),
    (170.0, 0.0, 45.0),
])
def test_an_outlying_night_teaches_no_more_than_three_quarters_of_an_hour(expected, sol, minutes):
    assert worth(expected, sol=sol) == minutes


@pytest.mark.parametrize(("wakings", "minutes"), [(0, 3.0), (2, 0.0), (10, -12.0), (40, -12.0)])
def test_a_waking_fewer_than_typical_is_worth_a_minute_and_a_half_and_ten_are_the_most(
    wakings, minutes
):
    assert worth(wakings=wakings) == minutes


@pytest.mark.parametrize(("liked", "minutes"), [
    (1, 6.0), (2, 12.0), (3, 12.0), (-1, -6.0), (-2, -12.0), (-9, -12.0)])
def test_a_like_counts_for_and_a_skip_against_and_no_more_than_two_of_either(liked, minutes):
    assert worth(liked=liked) == minutes


@pytest.mark.parametrize(("turned_down", "minutes"), [(1, -4.0), (2, -8.0), (7, -8.0)])
def test_turning_it_down_counts_against_twice_at_most(turned_down, minutes):
    assert worth(turned_down=turned_down) == minutes


def test_the_mornings_word_counts_both_ways():
    assert worth(rested=1) == 2.0 and worth(rested=-1) == -2.0


def test_all_of_it_adds_up_by_the_owners_weights():
    weights = Weights(sol=2.0, wakings=10.0, liked=100.0, turned_down=1000.0, rested=10_000.0)
    assert worth(30.0, weights, wakings=1, liked=1, turned_down=1, rested=1) == 9130.0


@pytest.mark.parametrize("quality", [0.0, 0.49, math.nan])
def test_a_night_of_which_less_than_half_was_judged_teaches_nothing(quality):
    assert worth(signal_quality=quality, liked=2) is None


def test_of_half_a_night_something_is_learned():
    assert worth(signal_quality=0.5) == 0.0


@pytest.mark.parametrize("sol", [None, math.nan, math.inf])
def test_who_was_not_seen_to_sleep_was_not_seen_to_wake_and_the_rest_counts(sol):
    assert worth(sol=sol, wakings=0) is None
    assert worth(sol=sol, wakings=0, rested=1) == 2.0
    assert worth(sol=sol, wakings=None, turned_down=1) == -4.0
    assert worth(sol=sol, wakings=None, rested=-1) == -2.0
    assert worth(sol=sol, wakings=None, liked=1) == 6.0


def test_a_night_that_told_nothing_teaches_nothing():
    assert worth(sol=None, wakings=None) is None
