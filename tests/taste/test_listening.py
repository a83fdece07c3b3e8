"""What is heard of sound that is known: tones by formula, loudness by another's meter."""

from dataclasses import replace

import numpy as np
import pytest

from device.errors import Refused
from device.taste import features, judging, loudness
from device.taste.notes import notes
from device.taste.spectrum import RATE, hertz, spectrum

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")

C_MAJOR = (60, 62, 64, 65, 67, 69, 71, 72)


def tone(midi: float, seconds: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    waves = sum(np.sin(2 * np.pi * k * hertz(midi) * time) / k for k in range(1, 5))
    return (0.1 * waves * np.exp(-3 * time)).astype(np.float32)


def scale(pitches=C_MAJOR, seconds: float = 0.6, times: int = 4) -> np.ndarray:
    return np.concatenate([tone(pitch, seconds) for pitch in pitches * times])


def hiss(like: np.ndarray, decibels: float, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(len(like))
    return (noise * like.std() / noise.std() * 10 ** (decibels / 20)).astype(np.float32)


def test_a_scales_pitches_are_heard_in_its_classes_with_rain_too():
    for sound in (scale(), scale() + hiss(scale(), -6.0)):
        heard = features.chroma(spectrum(sound))
        assert set(np.argsort(heard)[-7:]) == {0, 2, 4, 5, 7, 9, 11}


def test_a_lower_tuning_is_told():
    assert spectrum(scale(tuple(p - 0.3 for p in C_MAJOR))).tuning == pytest.approx(-0.3, abs=0.05)


def test_more_noise_is_more_noise_and_does_not_brighten_the_tones():
    dry, wet = scale(), scale() + hiss(scale(), -3.0)
    shares = [features.noise_share(spectrum(sound)) for sound in (dry, wet, hiss(dry, 0.0))]
    assert shares[0] < shares[1] < shares[2] and shares[2] > 0.5
    dark, same = (features.brightness(spectrum(sound))[0] for sound in (dry, wet))
    assert same == pytest.approx(dark, rel=0.25)


@pytest.mark.parametrize("decibels", [0.0, -20.0])
def test_loudness_agrees_with_pyloudnorm(decibels):
    meter = pytest.importorskip("pyloudnorm").Meter(RATE)
    sound = (scale() + hiss(scale(), -12.0)) * 10 ** (decibels / 20)
    assert loudness.measured(sound)[0] == pytest.approx(
        meter.integrated_loudness(sound.astype(float)), abs=0.3)


def test_a_louder_half_widens_the_range():
    quiet = scale()
    _, narrow = loudness.measured(np.tile(quiet, 2))
    _, wide = loudness.measured(np.concatenate([quiet, 10 * quiet]))
    assert wide > narrow + 10


def test_files_that_cannot_be_heard_say_why(tmp_path):
    from device.taste import files
    cases = {"empty.wav": b"", "photo.mp3": b"\xff\xd8\xff\xe0" + bytes(500),
             "text.flac": b"hello " * 200, "song.m4p": b"\0\0\0\x20ftypM4P " + bytes(500)}
    words = {"empty.wav": "empty", "photo.mp3": "picture", "text.flac": "can be read",
             "song.m4p": "protected"}
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(Refused, match=words[name]):
            files.read(tmp_path / name)


@pytest.mark.parametrize("ending", ["wav", "flac", "ogg", "mp3"])
def test_every_format_is_heard_at_one_rate(tmp_path, ending):
    from device.taste import files
    path = tmp_path / f"scale.{ending}"
    soundfile.write(path, np.column_stack([scale()] * 2), RATE)
    piece = files.read(path)
    assert len(piece.sound) == pytest.approx(len(scale()), abs=RATE / 10) and not piece.remark
    assert piece.sound.std() == pytest.approx(scale().std(), rel=0.1)


def test_a_file_that_breaks_off_says_how_much_was_heard(tmp_path):
    from device.taste import files
    path = tmp_path / "scale.wav"
    soundfile.write(path, scale(), RATE)
    path.write_bytes(path.read_bytes()[:-len(scale())])
    assert "breaks off" in files.read(path).remark


@pytest.fixture(scope="module")
def measured():
    from device.taste.listening import Listener
    return Listener().listen(scale(), "scale")


@pytest.fixture(scope="module")
def weights():
    from device.taste.listening import Listener
    return Listener().weights


def test_the_register_rises_with_the_pitch_in_rain_too(weights):
    low, high = (tuple(pitch + by for pitch in C_MAJOR) for by in (-12, 0))
    for level in (-40.0, -6.0):
        heard = [notes(spectrum(scale(each) + hiss(scale(each), level)).bins, weights).register
                 for each in (low, high)]
        assert heard[1] > heard[0] + 3


def test_quicker_strokes_are_denser(weights):
    slow, quick = (notes(spectrum(scale(seconds=each, times=3)).bins, weights).density
                   for each in (1.0, 0.4))
    assert quick > 1.4 * slow


def test_steady_noise_is_taken_from_under_the_music():
    sound = scale()
    dry, wet = (features.brightness(spectrum(each))[0]
                for each in (sound, sound + hiss(sound, -6.0)))
    power = np.abs(np.fft.rfft(sound)) ** 2
    lines = np.fft.rfftfreq(len(sound), 1 / RATE)
    assert dry == pytest.approx(float(lines @ power / power.sum()), rel=0.05)
    assert wet == pytest.approx(dry, rel=0.15)


def test_a_piece_in_c_major_is_in_c_major(measured):
    assert (measured.key.tonic, measured.key.minor) == (0, False)


def test_one_odd_file_moves_little(measured):
    same = [measured] * 7
    odd = replace(measured, register=90.0, centroid=6000.0, density=30.0)
    plain, mixed = (judging.taste(pieces, "", 0.0) for pieces in (same, [*same, odd]))
    assert mixed.register == pytest.approx(plain.register, abs=0.5)
    assert mixed.brightness == pytest.approx(plain.brightness, abs=0.02)
    assert mixed.sure > 0.5


def test_files_that_disagree_are_less_sure(measured):
    each = [replace(measured, register=40.0 + 8 * n, centroid=200.0 * 2 ** n) for n in range(4)]
    assert judging.taste(each, "", 0.0).sure < judging.taste([measured] * 4, "", 0.0).sure


def test_rain_is_counted_apart(measured):
    rain = replace(measured, family="noise", texture="rain", noise=0.9)
    taste = judging.taste([measured, measured, measured, rain], "", 0.0)
    assert taste.music == 0.75 and taste.textures == {"rain": 0.25}
    assert "1 of 4 is rain" in judging.words([measured] * 3 + [rain], taste)
