"""30 s epochs from vitals once a second."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.sleep.epochs import Epochs
from device.values import EPOCH, Measured, Vitals


def vitals(time, **fields):
    return Vitals(time, **fields)


def feed(epochs, seconds):
    return [epoch for v in seconds for epoch in epochs.add(v)]


def test_an_epoch_comes_with_its_last_second():
    epochs = Epochs(100.0)
    assert feed(epochs, [vitals(100.0 + s) for s in range(1, 30)]) == []
    (epoch,) = epochs.add(vitals(130.0))
    assert (epoch.index, epoch.start) == (0, 100.0)


def test_seconds_that_wobble_around_the_grid_make_the_same_epochs():
    rng = np.random.default_rng(0)
    times = np.arange(1, 601) + rng.uniform(-.4, .4, 600)
    done = feed(Epochs(0.0), [vitals(float(t), activity=1.0) for t in times])
    assert [e.index for e in done] == list(range(20))
    assert {round(e.activity) for e in done} == {30}


def test_a_gap_of_minutes_is_empty_epochs_not_silence():
    done = feed(Epochs(0.0),
                [vitals(float(s), movement=0.1) for s in [*range(1, 41), *range(200, 241)]])
    assert [e.index for e in done] == list(range(8))
    assert [e.motion_quality > 0.4 for e in done] == [
        True,
        False,
        False,
        False,
        False,
        False,
        False,
        True,
    ]
    assert done[3].movement is None and done[3].heart_rate is None and done[3].present is None


def test_missing_motion_is_missing_not_still():
    (epoch,) = feed(Epochs(0.0),
                    [vitals(float(s), activity=0.0 if s < 10 else None) for s in range(1, 31)])
    assert epoch.activity is None


def test_activity_of_a_half_seen_epoch_is_scaled_to_thirty_seconds():
    (epoch,) = feed(Epochs(0.0),
                    [vitals(float(s), activity=2.0 if s <= 20 else None) for s in range(1, 31)])
    assert epoch.activity == pytest.approx(60)


def test_heart_rate_is_the_quality_weighted_mean_and_untrusted_seconds_do_not_count():
    rates = [(60.0, .6)] * 10 + [(70.0, .9)] * 10 + [(150.0, .2)] * 10
    (epoch,) = feed(Epochs(0.0),
                    [vitals(s + 1.0, heart_rate=Measured(*r)) for s, r in enumerate(rates)])
    values, weights = np.array([60.0] * 10 + [70.0] * 10), np.array([.6] * 10 + [.9] * 10)
    mean = np.average(values, weights=weights)
    assert epoch.heart_rate == pytest.approx(mean)
    assert epoch.heart_sd == pytest.approx(
        np.sqrt(np.average((values - mean) ** 2, weights=weights))
    )
    assert epoch.heart_quality == pytest.approx(2 / 3)


@given(st.lists(st.floats(-1e3, 1e5), min_size=1, max_size=40))
def test_whatever_the_times_the_grid_holds(times):
    done = feed(Epochs(0.0), [vitals(t, heart_rate=Measured(float("nan"), 1.0)) for t in times])
    assert [e.index for e in done] == list(range(len(done)))
    assert all(e.start == e.index * EPOCH and e.heart_rate is None for e in done)
