import contextlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import freqz, sosfilt

from areas.sound.long import any_phrase, any_recipe, any_scene, hostile
from areas.sound.measures import IEC_61672, a_error, mean_squares, true_peak
from areas.sound.render import to_scene
from device.errors import Refused
from device.sound.dispatch import Console
from device.sound.engine import Engine
from device.sound.fader import Fader
from device.sound.filters import BlockFilter, butterworth_highpass, response
from device.sound.loudness import a_gain, a_sections
from device.sound.safety import QUICKEST_RISE, Safety
from device.sound.settings import CONTROL, HARD_LIMIT, RATE, Settings, amplitude
from device.values import Panic, Volume
from device.wire import decode, encode
from tests.sound.music import scene


def dba(samples: np.ndarray, what: Settings, step: int = CONTROL) -> np.ndarray:
    """At the pillow, per `step` frames, by the measuring tools' own filter runs."""
    power = mean_squares(samples / amplitude(what.monitor), a_sections(), step).mean(axis=0)
    return 10 * np.log10(power + 1e-20) + what.calibration


def test_a_weighting_keeps_to_the_published_table_within_class_1():
    error, fits = a_error()
    assert fits and error < 0.1
    # nominal frequencies: a little beside the exact
    table = np.array([[f, row[0]] for f, row in IEC_61672.items()])
    np.testing.assert_allclose(20 * np.log10(a_gain(table[:, 0])), table[:, 1], atol=0.2)


def test_block_filters_do_what_scipy_does():
    sections = [butterworth_highpass(70.0, RATE), *a_sections()]
    sos = [[b0, b1, b2, 1.0, a1, a2] for b0, b1, b2, a1, a2 in sections]
    noise = np.random.default_rng(1).standard_normal((2, 4 * 4096)).astype(np.float32)
    run = BlockFilter(sections, 4096, taps=(1, 4))
    both = [run(noise[:, i:i + 4096]) for i in range(0, noise.shape[1], 4096)]
    for output, last in ((0, 1), (1, 4)):
        ours = np.concatenate([block[output] for block in both], axis=1)
        np.testing.assert_allclose(ours, sosfilt(sos[:last], noise.astype(float)), atol=2e-4)
    b0, b1, b2, a1, a2 = sections[0]
    frequencies, theirs = freqz([b0, b1, b2], [1, a1, a2], [20.0, 70.0, 1000.0], fs=RATE)
    np.testing.assert_allclose(response(sections[:1], frequencies, RATE), theirs, rtol=1e-6)
    assert abs(theirs[1]) == pytest.approx(math.sqrt(0.5), rel=1e-3)


@settings(max_examples=6, deadline=None)
@given(
    st.integers(0, 2**32),
    st.sampled_from([0.0, 25.0, 40.0]),
    st.sampled_from([60.0, 85.0, 110.0]),
    st.booleans(),
)
def test_whatever_comes_in_nothing_leaves_the_limits(seed, monitor, calibration, waking):
    random = np.random.default_rng(seed)
    what = Settings(monitor=monitor, calibration=calibration, ceiling=60.0)
    safety = Safety(what)
    out = np.concatenate(
        [safety(hostile(random, what.block), 0.0, waking) for _ in range(30)], axis=1
    )
    assert np.isfinite(out).all()
    assert np.abs(out).max() <= min(what.clamp * amplitude(monitor), amplitude(-6.0)) * 1.0001
    assert true_peak(out) <= -1.0
    assert dba(out, what).max() <= HARD_LIMIT
    assert dba(out, what, 6000).max() <= (60.0 if waking else 45.0) + 0.5      # 125 ms, as LAF
    assert np.abs(out[:, RATE:].mean(axis=1)).max() < 0.02


def wild_lines(random: np.random.Generator) -> list[bytes]:
    """Recipes, scenes, phrases, presses, and one of them with a byte changed."""
    said = [
        to_scene(any_recipe(random)),
        any_scene(random),
        any_phrase(random),
        Volume(float(random.random())),
    ]
    if random.random() < 0.1:
        said.append(Panic())
    lines = [encode(said[i]).rstrip(b"\n") for i in random.permutation(len(said))]
    torn = bytearray(lines[int(random.integers(len(lines)))])
    torn[int(random.integers(len(torn)))] = int(random.integers(256))
    return [*lines, bytes(torn)]


@settings(max_examples=2, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_is_said_stays_under_the_cap_and_rises_no_quicker_than_it_may(seed):
    random = np.random.default_rng(seed)
    what = Settings(monitor=20.0, ceiling=60.0)
    console, parts = Console(what), []
    for block in range(120):
        if block % 10 == 0:
            for line in wild_lines(random):
                with contextlib.suppress(Refused):
                    console.take(decode(line), 0.0)
        console.restore()
        parts.append(console.fader(console.engine.render().samples))
    sound = np.concatenate(parts, axis=1)
    assert np.isfinite(sound).all() and true_peak(sound) <= -1.0
    levels = dba(sound, what, RATE // 2)
    assert levels.max() <= 60.0
    # from silence on
    caps = np.minimum(10.0 + QUICKEST_RISE * 0.5 * np.arange(2, len(levels) + 2), 60.0)
    assert np.all(levels <= caps + 0.5)


def test_a_steady_tone_far_too_loud_is_held_at_the_cap():
    what = Settings()
    safety = Safety(what)
    t = np.arange(what.block * 60) / RATE
    tone = np.tile(np.sin(2 * np.pi * 1000.0 * t) * 0.5, (2, 1)).astype(np.float32)
    out = np.concatenate(
        [safety(tone[:, i : i + what.block], 0.0) for i in range(0, tone.shape[1], what.block)],
        axis=1,
    )
    assert dba(out, what)[-20:] == pytest.approx(45.0, abs=0.3)


def test_a_voice_that_fails_falls_silent_and_comes_back_slowly(monkeypatch):
    engine = Engine(Settings(monitor=20.0))
    engine.scene(scene(rain=1.0, music=0.0))
    before = [engine.render().samples for _ in range(60)]
    texture = engine._textures["rain", "leaves"]
    monkeypatch.setattr(
        texture, "next", lambda frames, *controls: np.full((1, frames), np.nan, np.float32)
    )
    after = [engine.render().samples for _ in range(80)]
    assert engine.faults == 1
    levels = dba(np.concatenate(before + after, axis=1), Settings(monitor=20.0), RATE // 2)
    failed = 60 * 4096 // (RATE // 2)
    assert levels[failed - 1] > 38 and levels[failed + 1] < 15 and levels[-1] > 38
    assert np.all(np.diff(levels[failed + 1:]) < 20)


def test_mute_takes_less_than_a_tenth_of_a_second_and_the_way_back_two():
    fader, ones = Fader(), np.ones((2, 480), np.float32)
    up = np.concatenate([fader(ones) for _ in range(300)], axis=1)[0]
    assert 1.9 < np.argmax(up >= 1.0) / RATE < 2.1
    fader.set(Volume(1.0, muted=True))
    down = np.concatenate([fader(ones) for _ in range(10)], axis=1)[0]
    assert 0.05 <= np.argmax(down == 0.0) / RATE <= 0.1
    assert np.abs(np.diff(np.concatenate([up, down]))).max() < 4e-4
    fader.set(Volume(0.5))
    half = np.concatenate([fader(ones) for _ in range(200)], axis=1)[0]
    assert half[-1] == pytest.approx(0.1)
