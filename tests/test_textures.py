"""The rows of the textures, as every room may rely on them."""

from zlib import crc32

import numpy as np
import pytest

from device import textures
from device.recommend.candidates import NAMES
from device.sound.grain_pools import spectrum
from device.sound.textures import MOTIONS
from device.textures import ROWS, Layer, Texture, key

F = np.geomspace(20.0, 16_000.0, 400)       # Hz


def test_no_two_textures_share_the_seed_of_their_noise():
    assert len({key(name) for name in ROWS}) == len(ROWS)


def test_a_texture_without_a_number_is_seeded_by_its_name_alone(monkeypatch):
    monkeypatch.setattr(textures, "ROWS", {**ROWS, "aspen": Texture((Layer(tilt=0.5),))})
    assert key("aspen") == crc32(b"aspen")
    assert key("brown") == 0


@pytest.mark.parametrize("name", ROWS)
def test_every_row_moves_in_a_way_that_the_sound_knows(name):
    assert ROWS[name].motion in MOTIONS


@pytest.mark.parametrize("name", ROWS)
def test_a_texture_is_brighter_at_its_brightest(name):
    def centroid(place):
        amplitude = np.sum([spectrum(layer, F, place) for layer in ROWS[name].noise], axis=0)
        return np.sum(F * amplitude) / np.sum(amplitude)
    assert centroid(1.0) > 1.1 * centroid(0.0)


@pytest.mark.parametrize("name", ROWS)
def test_its_levels_decide_whether_it_is_in_the_vetted_set(name):
    assert (f"{name} alone" in NAMES) == bool(ROWS[name].alone)
    assert (f"slow dark {name}" in NAMES) == bool(ROWS[name].beside)


def test_pink_falls_by_3_db_an_octave():
    pink = spectrum(Layer(tilt=0.5), np.array([100.0, 200.0, 400.0]), 0.0)
    np.testing.assert_allclose(20 * np.log10(pink[1:] / pink[:-1]), -3.01, atol=0.01)
