"""The soak itself must be able to fail."""

import wave
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest

from areas.sound.rises import RATE
from desk.soaking import Told, heard_startles, soak, startles
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


@pytest.mark.parametrize(("slept", "startled"), [
    ([(0.0, True)], True), ([(0.0, True), (9.0, False)], False), ([], False)])
def test_what_is_heard_to_jump_is_a_startle_while_somebody_may_sleep(tmp_path, slept, startled):
    noise = np.random.default_rng(1).normal(size=(20 * RATE, 1)) * 0.001
    noise[10 * RATE:] *= 10 ** (8 / 20)
    with wave.open(str(tmp_path / "night.wav"), "wb") as file:
        file.setparams((2, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.repeat(noise, 2, axis=1) * 32767).astype("<i2").tobytes())
    watched = SimpleNamespace(slept=slept, told=[])
    assert bool(heard_startles(tmp_path / "night.wav", watched)) is startled


@pytest.mark.parametrize("nights", [2, pytest.param(200, marks=pytest.mark.full)])
def test_short_nights_with_random_faults_lose_and_startle_nothing(tmp_path, nights):
    troubles = [
        trouble
        for seed in range(nights)
        for trouble in soak(tmp_path / "night", seed, 8.0, Counter())
    ]
    assert not troubles
