"""How it sounds, as far as that can be measured; targets from the literature on calm and sleep
music."""

import numpy as np
import pytest

from areas.sound.evaluate import CALM, fine_period, looped, texture_period
from areas.sound.measures import calm, clicks, gaps, integrated, periodicity, true_peak
from areas.sound.render import music, programme
from areas.sound.room import rt60
from areas.sound.voice import attack
from device.programmes import PROGRAMMES
from device.sound.settings import RATE
from device.sound.textures import MOTIONS, SECONDS
from device.values import SCALES, STYLES, TEXTURES


def test_loudness_agrees_with_pyloudnorm():
    pyloudnorm = pytest.importorskip(
        "pyloudnorm", reason="pyloudnorm isn't installed (extra bench)"
    )
    random = np.random.default_rng(1)
    sound = (random.standard_normal((2, 20 * RATE)) * np.linspace(0.001, 0.2, 20 * RATE)).astype(
        np.float32
    )
    theirs = pyloudnorm.Meter(RATE).integrated_loudness(sound.T.astype(float))
    assert integrated(sound) == pytest.approx(theirs, abs=0.1)


def test_the_room_rings_between_four_and_eight_seconds():
    assert 4.0 <= rt60() <= 8.0


@pytest.mark.parametrize(
    ("voice", "least"), [("pad", 150.0), ("swell", 150.0), ("bell", 20.0), ("piano", 20.0)]
)
def test_notes_begin_softly(voice, least):
    assert attack(voice) >= least


def test_a_loop_would_be_found():
    random = np.random.default_rng(1)
    loop = np.tile(random.random(160), 60) + 0.3 * random.random(160 * 60)
    assert periodicity(loop, 40.0) > 0.5
    assert periodicity(random.random(160 * 60), 40.0) < 0.1
    assert fine_period(looped("brown")) > 0.5 and clicks(looped("brown")) > 10
    assert fine_period(looped("rain")) > 0.5


def test_waves_come_without_a_period():
    motion = MOTIONS["waves"](np.random.default_rng(5))
    heights = np.exp([next(motion)[0] for _ in range(int(8 * 3600 / SECONDS))])
    assert periodicity(heights, 1.0 / SECONDS, 2.0) <= 0.1


def test_programmes_are_recipes_within_bounds():
    for name, recipe in PROGRAMMES.items():
        assert recipe.name == name and recipe.scale in SCALES and recipe.style in STYLES
        assert (
            40 <= recipe.pulse <= 80 and 0 <= recipe.density <= 0.8 and 45 <= recipe.register <= 67
        )
        assert set(recipe.textures) <= set(TEXTURES) and recipe.level <= 0


@pytest.mark.full
@pytest.mark.parametrize("name", PROGRAMMES)
def test_every_programme_is_calm(name):
    sound = programme(name, 180.0)
    assert clicks(sound) == 0 and gaps(sound) == 0
    assert true_peak(sound) <= CALM["true_peak_dbtp"]
    if PROGRAMMES[name].music:      # a texture is judged by what it is
        measured = calm(music(name, 180.0))
        assert {key: measured[key] for key, most in CALM.items() if measured[key] > most} == {}


@pytest.mark.full
@pytest.mark.parametrize("name", TEXTURES)
def test_no_texture_has_a_period(name):
    assert texture_period(name) <= 0.1


@pytest.mark.full
def test_hours_of_abuse_stay_under_the_true_peak():
    from areas.sound.long import abuse

    assert abuse(8.0)["true_peak_dbtp"] <= -1.0


@pytest.mark.full
def test_hours_through_portaudio_have_no_click_and_no_gap():
    from areas.sound.long import night

    figures = night(8.0)
    assert figures["clicks"] == 0 and figures["gaps"] == 0 and figures["audible_share"] >= 0.8
    assert figures["dc_dbfs"] <= -80.0 and figures["lamax_dba"] <= 45.0
