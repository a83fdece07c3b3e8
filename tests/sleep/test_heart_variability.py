"""The heart's variability survives a restart, and nothing but its own snapshot."""

import copy
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.sleep.heart_variability import HeartVariability

TORN = (None, True, -1.0, 10**400, 1e308, float("nan"), float("inf"), "1", [], [None], {}, "x" * 40)


def a_night(epochs: int) -> HeartVariability:
    heart = HeartVariability()
    for epoch in range(epochs):
        heart.add(60 + epoch % 7 if epoch % 5 else None)
    return heart


def test_a_restart_in_mid_night_changes_nothing():
    heart, again = a_night(90), HeartVariability()
    again.restore(json.loads(json.dumps(heart.snapshot())))
    assert [again.add(61.0) for _ in range(40)] == [heart.add(61.0) for _ in range(40)]


@given(st.sampled_from(("rates", "sizes", "mean", "n")), st.integers(0, 27), st.sampled_from(TORN),
       st.booleans())
def test_a_torn_snapshot_is_refused_whole_or_does_no_harm(name, place, value, inside):
    snapshot = copy.deepcopy(a_night(60).snapshot())
    if inside and isinstance(snapshot[name], list):
        snapshot[name][place % len(snapshot[name])] = value
    else:
        snapshot[name] = value
    heart = a_night(40)
    before = heart.snapshot()
    try:
        heart.restore(snapshot)
    except (KeyError, TypeError, ValueError):
        assert heart.snapshot() == before
    shares = [heart.add(60.0 + epoch % 3) for epoch in range(60)]
    assert math.isfinite(shares[-1]) and shares[-1] >= 0


@pytest.mark.parametrize("name", ["rates", "sizes", "mean", "n"])
def test_a_snapshot_that_lacks_a_part_is_refused(name):
    snapshot = a_night(60).snapshot()
    del snapshot[name]
    with pytest.raises(KeyError):
        a_night(1).restore(snapshot)
