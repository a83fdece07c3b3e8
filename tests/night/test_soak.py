"""The soak itself must be able to fail."""

from collections import Counter

import pytest

from device.values import Scene
from tools.soaking import soak, startles


def at(level: float, glide: float) -> Scene:
    return Scene({"rain": 1.0}, 1.0, 0.5, level, glide)


def test_a_jump_that_nobody_asked_for_is_a_startle():
    assert startles([(0.0, at(-80, 8)), (10.0, at(-6, 30))], [])
    assert not startles([(0.0, at(-80, 8)), (10.0, at(-6, 30))], [9.5])
    assert not startles([(0.0, at(-6, 8)), (10.0, at(-80, 1))], [])
    assert not startles([(0.0, at(-80, 8)), (10.0, at(-6, 120))], [])


@pytest.mark.parametrize("nights", [2, pytest.param(200, marks=pytest.mark.full)])
def test_short_nights_with_random_faults_lose_and_startle_nothing(tmp_path, nights):
    troubles = [trouble for seed in range(nights) for trouble in soak(tmp_path / "night", seed, 8.0, Counter())]
    assert not troubles
