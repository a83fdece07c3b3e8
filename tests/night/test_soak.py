"""The soak itself must be able to fail."""

from collections import Counter

import pytest

from desk.soaking import Told, soak, startles
from device.values import Scene, Volume


def at(level: float, glide: float) -> Scene:
    return Scene({"rain": 1.0}, 1.0, 0.5, level, glide)


def test_a_jump_that_nobody_asked_for_is_a_startle():
    jump = [Told(0.0, at(-80, 8), True), Told(10.0, at(-6, 30), True)]
    assert startles(jump, [])
    assert not startles(jump, [(9.5, True)])
    assert startles(jump, [(9.5, False)])       # asked for from afar, while somebody sleeps
    assert not startles([told._replace(slept=False) for told in jump], [(9.5, False)])
    assert not startles([Told(0.0, at(-80, 8), True), Told(20.0, at(-80, 1), True)], [])
    assert not startles([Told(0.0, at(-80, 8), True), Told(10.0, at(-6, 120), True)], [])
    # Half way up, the rest is no shorter a way for being asked for again.
    assert startles([Told(0.0, at(-6, 120), True), Told(10.0, at(-6, 30), True)], [])


def test_a_knob_that_jumps_while_somebody_sleeps_is_a_startle():
    up = [Told(0.0, Volume(0.2), True), Told(9.0, Volume(1.0), True)]
    assert startles(up, [(9.0, False)])
    assert not startles([told._replace(slept=False) for told in up], [])


@pytest.mark.parametrize("nights", [2, pytest.param(200, marks=pytest.mark.full)])
def test_short_nights_with_random_faults_lose_and_startle_nothing(tmp_path, nights):
    troubles = [
        trouble
        for seed in range(nights)
        for trouble in soak(tmp_path / "night", seed, 8.0, Counter())
    ]
    assert not troubles
