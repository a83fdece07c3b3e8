"""Rain, ocean, wind, stream and fire: after physics that others wrote down, and like recordings."""

import numpy as np
import pytest
from scipy import signal

from areas.sound import texture as measures
from areas.sound.measures import clicks
from areas.sound.render import to_scene
from areas.sound.scenery import GOALS, NAMES, asleep, kind, loudness, mean_level, recipe, scenery
from device.sound.engine import Engine
from device.sound.impacts import bubble, impact
from device.sound.settings import CONTROL, RATE, Settings
from device.sound.textures import Texture
from device.textures import SURFACES, Bubbles, Impacts
from device.values import Scene

NATURAL = [name for name in NAMES if kind(name) in measures.RECORDED]


def made(name: str, seconds: float = 20.0, seed: int = 1, **controls: float) -> np.ndarray:
    surface = name.partition("_")[2]
    return Texture(kind(name), seed, surface).next(int(seconds * RATE), 0.35, **controls)


def test_a_bubble_of_3_mm_rings_at_minnaerts_pitch():
    wave = bubble(Bubbles(1.0, 1.0, (3.0, 3.0)), 0.5, np.random.default_rng(1))
    spectrum = np.abs(np.fft.rfft(wave, 1 << 16))
    # 3 γ p / ρ = 4π² f² r²: 1 atm, water, air; it rises by some hundredths while it dies away
    minnaert = np.sqrt(3 * 1.4 * 101_325 / 998.0) / (2 * np.pi * 3e-3)
    assert np.argmax(spectrum) * RATE / (1 << 16) == pytest.approx(minnaert, rel=0.05)


def test_a_large_drop_is_louder_and_duller_than_a_small_one():
    rain = Impacts(1.0, 1.0, size=2.0, soft=4.0, spray=0.0)
    small, large = (impact(rain, place, np.random.default_rng(1)) for place in (0.1, 0.9))

    def centroid(wave):
        power = np.abs(np.fft.rfft(wave, 8192)) ** 2
        return np.sum(power * np.arange(len(power))) / np.sum(power)

    assert np.sum(large**2) > 10 * np.sum(small**2) and centroid(large) < centroid(small)


@pytest.mark.parametrize("name", ["rain", "ocean", "fire"])
def test_blocks_of_any_size_give_the_same_samples(name):
    whole = Texture(name, 3).next(24 * CONTROL, 0.35, 0.5, 0.7)
    texture = Texture(name, 3)
    parts = [texture.next(count * CONTROL, 0.35, 0.5, 0.7) for count in (1, 3, 4, 16)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


@pytest.mark.parametrize("name", NATURAL)
def test_a_texture_has_the_spectrum_of_its_kind(name):
    f, p = signal.welch(made(name, 40.0).mean(axis=0).astype(float), RATE, nperseg=8192)
    got = {"slope_db_oct": measures.slope(f, p), "above_2k": measures.above(f, p, 2000.0)}
    for key, low, high in GOALS[kind(name)]:
        if key in got:
            assert low <= got[key] <= high


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("away", [0.0, 0.5, 1.0])
def test_near_or_far_a_texture_is_as_loud_as_was_asked(name, away):
    asked = Scene(recipe(name).textures, 0.0, 0.35, 0.0, 2.0, distance=away,
                  intensity=1.0 - 0.75 * away, surface=recipe(name).surface)
    assert mean_level(scenery(asked, 60.0)) == pytest.approx(40.0, abs=1.0)


@pytest.mark.parametrize("name", NATURAL)
def test_nothing_swells_beside_somebody_who_may_be_asleep(name):
    assert np.ptp(loudness(scenery(asleep(name), 60.0))) <= 4.0


@pytest.mark.parametrize("name", NATURAL)
def test_what_is_far_is_darker_and_has_fewer_events(name):
    near, far = (made(name, distance=away, intensity=1.0 - away) for away in (0.0, 1.0))
    (f, close), (_, distant) = (signal.welch(x.mean(axis=0), RATE, nperseg=8192)
                                for x in (near, far))
    assert measures.slope(f, distant) < measures.slope(f, close) - 2.0


def test_less_intensity_is_fewer_drops_not_a_softer_rain():
    full, few = (made("rain", intensity=share) for share in (1.0, 0.1))
    peaks = [measures.crackles(x) for x in (full, few)]
    assert peaks[1] < 0.3 * peaks[0]


@pytest.mark.parametrize("name", ["pink", "brown"])
def test_plain_noise_does_not_recede(name):
    np.testing.assert_array_equal(made(name, 2.0), made(name, 2.0, distance=1.0, intensity=0.0))


def test_waves_come_irregularly_every_six_to_fourteen_seconds():
    period, variation = measures.waves(made("ocean", 300.0))
    assert 6.0 <= period <= 14.0 and variation >= 0.2


def test_fire_crackles_a_few_times_a_second():
    assert 2.5 <= measures.crackles(made("fire", 40.0)) <= 8.0


@pytest.mark.parametrize("name", NAMES)
def test_no_drop_is_a_click(name):
    assert clicks(made(name, 40.0) * 10 ** (-25 / 20)) == 0


def test_rain_that_comes_to_fall_on_something_else_crosses_over():
    engine = Engine(Settings(monitor=20.0))
    levels = []
    for surface in SURFACES:
        engine.scene(Scene({"rain": 1.0}, 0.0, 0.35, 0.0, 4.0, surface=surface))
        blocks = [engine.render() for _ in range(int(10 * RATE / engine.block))]
        assert clicks(np.concatenate([block.samples for block in blocks], axis=1)) == 0
        levels += [10 * np.log10(np.mean(block.power)) + 85.0 for block in blocks]
    assert min(levels[60:]) > 30.0 and len(engine._textures) == 1


@pytest.mark.full
@pytest.mark.parametrize("name", NATURAL)
def test_a_texture_is_like_recordings_of_it(name):
    samples = scenery(to_scene(recipe(name)), 60.0, seed=4)
    assert measures.likeness(kind(name), measures.statistics(samples)) >= 0.8


def test_white_noise_is_flat_and_its_envelope_is_rayleighs():
    noise = np.random.default_rng(1).standard_normal((1, 10 * RATE))
    f, p = signal.welch(noise[0], RATE, nperseg=8192)
    assert measures.slope(f, p) == pytest.approx(0.0, abs=0.2)
    # of a band narrower than half of the envelope's rate: kurtosis (32 − 3π²) / (4 − π)²
    assert measures.moment(measures.envelope(noise[0], 1000.0, 1080.0), 4) == pytest.approx(
        (32 - 3 * np.pi**2) / (4 - np.pi) ** 2, abs=0.4)
