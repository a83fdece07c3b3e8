"""Drawn hypnograms: every epoch keeps its probabilities, neighbours err alike, and the sums are
those of hypnogram.sums."""

import numpy as np
import pytest

from device.sleep import estimates as room
from device.sleep.estimates import Errors, below, draw, estimates, settled, totals
from device.sleep.hypnogram import sums
from device.values import Stage, Staging

SURE = {Stage.WAKE: (.97, .01, .01, .01), Stage.LIGHT: (.01, .97, .01, .01),
        Stage.DEEP: (.01, .01, .97, .01), Stage.REM: (.01, .01, .01, .97)}
LETTERS = {"W": Stage.WAKE, "L": Stage.LIGHT, "D": Stage.DEEP, "R": Stage.REM}


def judged(letters: str, chances=None) -> list[Staging]:
    known = [LETTERS.get(letter) for letter in letters]
    return [Staging(n, 30.0 * n, None, stage, None if stage is None else chances or SURE[stage])
            for n, stage in enumerate(known)]


def test_every_epoch_keeps_its_probabilities():
    chances = np.array([(.9, .06, .03, .01), (.2, .5, .1, .2), (.05, .05, .6, .3), (.5, .5, 0, 0)])
    drawn = draw(chances, 40_000, np.random.default_rng(0))
    shares = np.array([[np.mean(drawn[:, n] == k) for k in range(4)] for n in range(4)])
    np.testing.assert_allclose(shares, chances, atol=.01)


def test_neighbours_err_alike_and_a_whole_night_a_little():
    chance = np.full(400, .3)
    events = below(chance, Errors(night=.35, drift=.6), 3000, np.random.default_rng(1))
    together = [float(np.corrcoef(events[:, 100], events[:, 100 + gap])[0, 1])
                for gap in (1, 30, 250)]
    assert together[0] > .6 > together[1] > together[2] > .1
    alone = below(chance, Errors(night=0.0, drift=0.0), 3000, np.random.default_rng(1))
    assert abs(np.corrcoef(alone[:, 100], alone[:, 101])[0, 1]) < .1


def test_drawn_nights_are_summed_as_every_night_is():
    rng = np.random.default_rng(2)
    for _ in range(20):
        letters = "".join(rng.choice(list("WWLDR?"), 120))
        place = np.array([n for n, letter in enumerate(letters) if letter != "?"])
        drawn = rng.integers(0, 4, (1, len(place)))
        whole = ["?"] * len(letters)
        for n, stage in zip(place, drawn[0], strict=True):
            whole[n] = "WLDR"[stage]
        expected = sums(judged("".join(whole)))
        for name, values in totals(drawn, place, len(letters)).items():
            assert values[0] == pytest.approx(getattr(expected, name)), name


def test_a_doze_of_a_minute_is_not_yet_sleep():
    row = np.array([[0, 1, 1, 0, 0, 1, 2, 3, 0, 1]])
    assert settled(row).tolist() == [[0, 0, 0, 0, 0, 1, 2, 3, 0, 1]]
    assert not settled(np.array([[1, 1]])).any() and not settled(np.array([[1, 1, 0, 1]])).any()


def test_a_night_that_is_sure_has_narrow_intervals_about_its_sums():
    letters = "W" * 30 + "L" * 300 + "W" * 30 + "D" * 60 + "R" * 60 + "W" * 10
    true, said = sums(judged(letters)), estimates(judged(letters))
    for name in ("sol", "tst", "waso", "light", "deep", "rem"):
        one = getattr(said, name)
        assert one.low - 12 <= getattr(true, name) <= one.high + 12
        assert one.low <= one.value <= one.high
    assert said.slept > .95 and said.long_waking > .9


def test_a_night_that_could_be_anything_has_wide_ones():
    doubtful = estimates(judged("L" * 480, (.25, .55, .1, .1)))
    assert doubtful.tst.high - doubtful.tst.low > 120 and .2 < doubtful.long_waking < 1


def test_nothing_judged_is_no_estimate_and_awake_all_night_no_sleep():
    assert estimates([]) is None and estimates(judged("??")) is None
    awake = estimates(judged("W" * 100))
    assert awake.slept < .05 and awake.sol.high == 50 and awake.long_waking < .05


def test_unknown_epochs_are_neither_sleep_nor_wake():
    with_gap = judged("W" * 20 + "L" * 100 + "?" * 60 + "L" * 100)
    said = estimates(with_gap)
    assert said.tst.high <= 110 and said.waso.high <= 30      # 60 epochs are 30 min


def test_the_same_night_is_told_the_same_twice():
    assert estimates(judged("WLLDR" * 40)) == estimates(judged("WLLDR" * 40))


def test_shares_of_what_is_misjudged_leave_some_to_each_epoch():
    for errors in (room.AWAKE, room.IN_DEEP, room.IN_REM):
        assert errors.night > 0 and errors.drift > 0 and errors.night + errors.drift < 1
