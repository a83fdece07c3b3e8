from dataclasses import replace

import numpy as np
import pytest

from areas.sound.measures import clicks
from device.sound.engine import Engine
from device.sound.settings import RATE, Settings
from device.values import TEXTURES, Note, Phrase
from tests.sound.music import scene, song


def play(engine: Engine, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """(2, n) samples and dBA per second."""
    blocks = [engine.render() for _ in range(int(seconds * RATE / engine.block))]
    power = np.concatenate([block.power for block in blocks])
    power = power[:len(power) // 47 * 47].reshape(-1, 47).mean(axis=1)
    return np.concatenate([block.samples for block in blocks], axis=1), 10 * np.log10(
        power + 1e-20
    ) + 85.0


def engine_with(what, seconds: float = 30.0, **settings) -> Engine:
    engine = Engine(Settings(**settings))
    engine.scene(what)
    engine.phrase(song(seconds), 0)
    return engine


def test_the_same_seed_gives_the_same_samples_and_another_gives_others():
    first, again, other = (
        play(engine_with(scene(rain=0.4), seed=seed), 6)[0] for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.001


def test_the_block_size_changes_nothing_that_can_be_heard():
    large, small = (
        play(engine_with(scene(rain=0.4, ocean=0.5), block=block), 12)[0] for block in (4096, 1024)
    )
    frames = min(large.shape[1], small.shape[1])
    difference = np.sqrt(np.mean((large[:, :frames] - small[:, :frames]) ** 2))
    assert difference < np.sqrt(np.mean(large**2)) * 1e-3


def test_gain_changes_fades_and_stops_never_click():
    engine = engine_with(scene(brown=0.5), 40, monitor=20.0)
    parts = [play(engine, 6)[0]]
    for change in (
        scene(-20, glide=0.0, rain=1.0),
        scene(0, glide=0.0, music=0.0, ocean=1.0),
        scene(-80, glide=0.0),
    ):
        engine.scene(change)
        parts.append(play(engine, 8)[0])
    sound = np.concatenate(parts, axis=1)
    assert clicks(sound) == 0
    broken = sound.copy()
    # the detector does find a step, where no rain hides it and the wave is tall
    broken[:, 190_000 + np.argmax(np.abs(sound[0, 190_000:210_000])):] *= 0.5
    assert clicks(broken) > 0


def test_a_stop_takes_five_seconds_and_ends_in_exact_silence():
    engine = engine_with(scene(rain=0.8))
    play(engine, 8)
    engine.scene(scene(-80, glide=0.0))
    _, levels = play(engine, 9)
    assert levels[2] > 20 and np.all(np.diff(levels[:6]) < 1.0)
    assert not play(engine, 1)[0].any()


@pytest.mark.parametrize("texture", TEXTURES)
def test_a_texture_alone_plays_at_the_settling_level(texture):
    _, levels = play(engine_with(scene(music=0.0, **{texture: 1.0})), 16)
    assert abs(10 * np.log10(np.mean(10 ** (levels[5:] / 10))) - 40.0) < 2.0
    assert np.mean(levels[4:] >= 20.0) == 1.0


def test_level_follows_the_scene():
    engine = engine_with(scene(music=0.0, pink=1.0))
    _, settled = play(engine, 8)
    engine.scene(scene(-12, glide=6.0, music=0.0, pink=1.0))
    _, lower = play(engine, 16)
    assert settled[-1] - lower[-1] == pytest.approx(12.0, abs=1.0)


def test_music_stays_under_the_cap_however_many_notes_there_are():
    engine = Engine(Settings())
    engine.scene(scene(0, music=1.0))
    notes = tuple(
        Note(3.0 + 0.01 * i, 40 + i % 40, 20.0, 1.0, ("pad", "bell", "piano", "drone")[i % 4])
        for i in range(200)
    )
    engine.phrase(Phrase(20.0, notes), 0)
    _, levels = play(engine, 15)
    assert levels.max() <= 45.0 and engine.dropped > 0


def test_time_that_passes_unheard_moves_the_glides_on():
    engine = engine_with(scene(music=0.0, rain=1.0))
    play(engine, 4)
    engine.scene(scene(-20, glide=60.0, music=0.0, rain=1.0))
    engine.skip(engine.block * 800)
    _, levels = play(engine, 4)
    assert levels[-1] == pytest.approx(20.0, abs=2.0)
    assert engine.frame == pytest.approx((8 * RATE) + 800 * engine.block, abs=2 * engine.block)


def test_swells_come_and_go_with_each_breath():
    engine = Engine(Settings())
    engine.scene(replace(scene(music=1.0), breath=10.0))
    _, levels = play(engine, 62)
    slow = np.abs(np.fft.rfft(levels[2:62] - levels[2:62].mean()))
    assert np.argmax(slow) == 10            # of the minute's cycles
    assert not any(np.isneginf(levels[3:]))
