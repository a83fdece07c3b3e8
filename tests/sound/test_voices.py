"""The instruments, the room and the speakers, beside what others measured."""

import numpy as np
import pytest
from scipy.signal import hilbert, resample_poly

from areas.sound import balance, room, voice
from areas.sound.render import note
from device.programmes import PROGRAMMES
from device.sound.engine import Engine
from device.sound.resample import Doubler
from device.sound.reverb import LONGEST, Reverb
from device.sound.settings import MUSIC_RATE, RATE, SPEAKERS, Settings
from device.values import Note, Phrase, Scene


def test_a_held_pad_neither_pulses_nor_swings():
    swing, repeats = voice.steadiness(voice.held(55))
    assert swing <= 3.0 and repeats < 0.5
    # the measure finds a loop
    loop = np.tile(1.0 + 0.2 * np.random.default_rng(1).standard_normal(27), 30)
    looped = np.repeat(loop, voice.LEVEL)[None].repeat(2, axis=0)
    assert voice.steadiness(looped)[1] > 0.6


@pytest.mark.parametrize("pitch", [48, 72])
def test_strings_are_as_stiff_as_a_grands(pitch):
    stretched = voice.stretch(note("piano", pitch), pitch)
    assert stretched - 1.0 == pytest.approx(voice.STRINGS[pitch] - 1.0, rel=0.2)


def test_a_hammer_is_heard_and_the_string_decays_twice():
    assert -15.0 <= np.mean([voice.noise(pitch) for pitch in (48, 60, 72)]) <= -9.0
    early, late = voice.decays(60)
    assert early > 1.5 * late > 0.0


def test_a_bell_is_loudest_when_it_is_struck():
    assert 20.0 <= voice.attack("bell") <= 60.0


def test_the_room_is_dense_within_a_tenth_of_a_second_and_smooth():
    figures = room.measure()
    assert figures["reverb.density_50ms"] >= 0.5 and figures["reverb.dense_by_ms"] <= 110.0
    assert figures["reverb.late_kurtosis"] <= 3.5 and figures["reverb.wobble_cents"] < 1.0
    noise = np.random.default_rng(1).standard_normal(MUSIC_RATE)
    assert np.median(room.echo_density(noise)[50:]) == pytest.approx(1.0, abs=0.05)
    assert room.late_kurtosis(noise) == pytest.approx(3.0, abs=0.1)
    sparse = noise * (np.random.default_rng(2).random(MUSIC_RATE) < 0.01)
    assert np.median(room.echo_density(sparse)[50:]) < 0.1 and room.late_kurtosis(sparse) > 10.0


def test_the_room_tells_how_loud_a_tone_becomes_in_it():
    for hertz in (220.0, 523.25):
        heard, at = Reverb(1), 0
        levels = []
        for _ in range(350):
            time = (at + np.arange(LONGEST)) / MUSIC_RATE
            tone = np.sin(2 * np.pi * hertz * time).astype(np.float32)[None]
            levels.append(float(((tone + heard(tone)) ** 2).mean()) * 2.0)
            at += LONGEST
        told = Reverb(1).gain(np.array([hertz]))[0][0]
        assert np.mean(levels[120:]) == pytest.approx(told, rel=0.1)


def test_music_is_brought_up_as_scipy_would():
    sound = np.random.default_rng(1).standard_normal(20 * LONGEST)
    sound = resample_poly(resample_poly(sound, 1, 2), 2, 1)[:20 * LONGEST]     # below 6 kHz
    doubler = Doubler(1)
    blocks = [doubler(sound[i:i + LONGEST].astype(np.float32)[None])
              for i in range(0, len(sound), LONGEST)]
    ours, theirs = np.concatenate(blocks, axis=1)[0], resample_poly(sound, 2, 1)
    late = ours[32:][1000:-1000] - theirs[:len(ours) - 32][1000:-1000]
    assert np.sqrt(np.mean(late**2)) < 2e-3 * theirs.std()


def chord(speaker: str) -> np.ndarray:
    engine = Engine(Settings(monitor=20.0, speaker=speaker))
    engine.scene(Scene({"rain": 0.5}, 1.0, 0.4, 0.0, 2.0))
    notes = tuple(Note(0.0, pitch, 10.0, 0.4, "pad") for pitch in (43, 55, 62))
    engine.phrase(Phrase(10.0, notes), 0)
    return np.concatenate([engine.render().samples for _ in range(8 * RATE // 4096)], axis=1)


def test_one_speaker_loses_nothing_when_its_amplifier_adds_the_channels_up():
    assert balance.mono_loss(chord("mono")[:, 2 * RATE:]) <= 0.5
    # the detector finds what a pair would lose
    assert balance.mono_loss(chord("pair")[:, 2 * RATE:]) > 1.0


def test_a_low_note_keeps_its_pitch_where_its_fundamental_cannot_be_played():
    """Licklider 1951: the ear's pitch is the envelope's period, however high the partials."""
    engine = Engine(Settings(monitor=20.0, speaker="mono"))
    engine.scene(Scene({}, 1.0, 0.4, 0.0, 2.0))
    engine.phrase(Phrase(20.0, (Note(0.0, 43, 20.0, 0.4, "drone"),)), 0)
    blocks = [engine.render().samples[0] for _ in range(14 * RATE // 4096)]
    sound = np.concatenate(blocks)[10 * RATE:13 * RATE]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    assert spectrum[hertz < 150].sum() < 0.01 * spectrum.sum()
    beats = np.abs(hilbert(sound)) ** 2
    beats -= beats.mean()
    lags = np.arange(RATE // 140, RATE // 70)
    best = lags[np.argmax([beats[:-lag] @ beats[lag:] for lag in lags])]
    assert RATE / best == pytest.approx(98.0, rel=0.02)


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_music_alone_is_as_loud_as_it_was_asked_for(speaker):
    settings = Settings(monitor=20.0, speaker=speaker)
    engine = Engine(settings)
    engine.scene(Scene({}, 0.7, 0.35, 0.0, 2.0))
    notes = tuple(Note(12.0 * i, pitch, 13.0, 0.4, "pad")
                  for i in range(10) for pitch in (46 + i % 3, 58 + i % 3, 62 + i % 5))
    engine.phrase(Phrase(120.0, notes), 0)
    power = [engine.render().power.mean() for _ in range(110 * RATE // 4096)]
    assert 10 * np.log10(np.mean(power[40 * RATE // 4096:])) + 85.0 == pytest.approx(40.0, abs=1.0)


@pytest.mark.full
def test_programmes_are_as_loud_as_each_other_through_one_small_driver():
    figures = balance.measure()
    assert figures["programme.spread_lu"] <= 2.0 and figures["programme.mono_loss_db"] <= 0.5
    assert figures["programme.music_error_db"] <= 1.0
    assert {name.split(".")[1] for name in figures} > set(PROGRAMMES)
