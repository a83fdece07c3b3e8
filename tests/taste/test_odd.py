"""Odd files: what is said of them is true, none costs the others, and nothing keeps anybody
waiting."""

import os

import mido
import numpy as np
import pytest

from areas.taste import renderings
from device.assembly import own_music
from device.errors import Refused
from device.taste import files, judging
from device.taste.spectrum import RATE

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("soxr")

MINOR = (57, 60, 64, 69, 64, 60, 62, 65, 69, 65, 64, 60, 59, 62, 64, 57)
TIME = np.arange(30 * RATE) / RATE


def gaussian(fall: float, seconds: int = 30) -> np.ndarray:
    """Noise whose power falls by that power of the frequency."""
    lines = np.fft.rfft(np.random.default_rng(3).standard_normal(seconds * RATE))
    hertz = np.fft.rfftfreq(seconds * RATE, 1 / RATE)
    noise = np.fft.irfft(lines * np.maximum(hertz, 20) ** (-fall / 2))
    return 0.1 * noise / noise.std()


def tune(pitches=MINOR * 2, seconds: float = 0.7) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    return 0.15 * np.concatenate([
        sum(np.sin(2 * np.pi * k * 440 * 2 ** ((pitch - 69) / 12) * time) / k for k in range(1, 6))
        * np.exp(-2 * time) for pitch in pitches])


def clicks() -> np.ndarray:
    sound = np.zeros(30 * RATE)
    for second in range(30):
        sound[second * RATE:second * RATE + 60] = np.random.default_rng(second).standard_normal(60)
    return 0.3 * sound


def gliding() -> np.ndarray:
    """A voice's harmonics over a pitch that never rests, in syllables."""
    steps = np.random.default_rng(1).standard_normal(151).cumsum()
    pitch = 120 * 2 ** (np.interp(TIME, np.arange(151) / 5, steps - steps.mean()) / 8)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    syllables = 0.1 + np.clip(np.sin(2 * np.pi * 3.7 * TIME), 0, 1)
    return 0.1 * syllables * sum(np.sin(k * phase) / k for k in range(1, 12))


def heard(tmp_path, sound, name="odd.wav", rate=RATE):
    soundfile.write(tmp_path / name, sound, rate, subtype="FLOAT")
    return own_music.hear(tmp_path / name)


def said(piece) -> str:
    return judging.words([piece], judging.taste([piece], "", 0.0))


@pytest.mark.parametrize(("sound", "texture", "word"), [
    (lambda: gaussian(0.0), "pink", "1 of 1 is steady noise"),
    (lambda: gaussian(1.0), "pink", "1 of 1 is steady noise"),
    (lambda: gaussian(0.7) * np.linspace(0.05, 1, 30 * RATE), "pink", "1 of 1 is steady noise"),
    (lambda: gaussian(2.0), "brown", "deep steady noise"),
    (lambda: 0.1 * renderings.rain(2, 30 * RATE), "rain", "1 of 1 is rain"),
    (lambda: 0.1 * renderings.rain(4, 30 * RATE), "rain", "1 of 1 is rain"),
    (lambda: 0.1 * renderings.rain(33, 30 * RATE), "rain", "1 of 1 is rain"),
    (lambda: 0.05 * renderings.sea(1, 60 * RATE), "ocean", "1 of 1 is sea"),
    (clicks, None, "noise that comes and goes"),
])
def test_noise_is_called_what_it_is(tmp_path, sound, texture, word):
    piece, _ = heard(tmp_path, sound())
    assert not piece.music and word in said(piece) and judging.line(piece).startswith("odd.wav: ")
    found = dict(judging.taste([piece], "", 0.0).textures)
    assert found == ({texture: 1.0} if texture else {})


@pytest.mark.parametrize("sound", [
    lambda: 0.3 * np.sin(2 * np.pi * 440 * TIME),
    lambda: 0.1 * sum(np.sin(2 * np.pi * 110 * k * TIME) / k for k in range(1, 9)),
])
def test_of_a_tone_that_only_stands_neither_pulse_nor_key_nor_instrument_is_claimed(
        tmp_path, sound):
    piece, _ = heard(tmp_path, sound())
    taste = judging.taste([piece], "", 0.0)
    assert taste.pulse is None and taste.minor is None and taste.style == ""
    words = said(piece)
    assert "without a clear pulse" in words and "in no clear key" in words
    assert not {"minor", "major", "voices", "strings", "quick"} & set(words.split())


def test_what_glides_like_speech_is_told_apart_and_counts_for_nothing(tmp_path):
    speech, _ = heard(tmp_path, gliding())
    music, _ = heard(tmp_path, tune())
    assert "speech, or sounds of no scale" in said(speech)
    assert judging.taste([music, speech], "", 0.0) == judging.taste([music], "", 0.0)
    assert "1 of 2 is speech" in judging.words([music, speech], judging.taste([music], "", 0.0))
    assert judging.taste([speech], "", 0.0).heard == 0


def test_music_in_as_much_rain_as_music_is_still_music(tmp_path):
    dry = tune()
    rain = renderings.rain(7, len(dry))
    piece, _ = heard(tmp_path, dry + rain * dry.std() / rain.std())
    assert piece.music


def test_rain_under_music_is_told_from_hiss(tmp_path):
    dry = tune()
    for noise, texture, word in ((renderings.rain(2, len(dry)), "rain", "rain or crackling under"),
                                 (gaussian(1.0)[:len(dry)], "", "hiss or another steady noise")):
        noise = np.resize(noise, len(dry))
        piece, _ = heard(tmp_path, dry + 0.7 * noise * dry.std() / noise.std())
        assert piece.music and piece.texture == texture and word in said(piece)
        assert word in judging.line(piece)
        assert dict(judging.taste([piece], "", 0.0).textures) == ({texture: 1} if texture else {})


def test_a_minor_tune_is_said_to_be_in_minor(tmp_path):
    piece, _ = heard(tmp_path, tune())
    assert "in minor" in said(piece) and "no clear key" not in said(piece)


def test_silence_around_it_makes_no_piece_calmer(tmp_path):
    plain, _ = heard(tmp_path, tune())
    padded, _ = heard(tmp_path, np.concatenate([np.zeros(60 * RATE), tune(), np.zeros(9 * RATE)]))
    assert padded.density == pytest.approx(plain.density, rel=0.05)
    _, told = heard(tmp_path, np.concatenate([tune(MINOR[:5]), np.zeros(60 * RATE)]))
    assert "sounds for only" in told


@pytest.mark.parametrize(("sound", "word"), [
    (lambda: np.column_stack([tune(), -tune()]), "its channels cancel each other"),
    (lambda: np.full(20 * RATE, 0.5), "silent"),
    (lambda: np.where(np.arange(len(tune())) == 5, np.inf, tune()), "not numbers"),
])
def test_what_cannot_be_heard_is_refused_for_what_it_is(tmp_path, sound, word):
    piece, told = heard(tmp_path, sound())
    assert piece is None and word in told


def test_a_header_of_ten_hours_and_an_id3_tag_of_200_megabytes_are_found_out(tmp_path):
    heard(tmp_path, tune())
    content = bytearray((tmp_path / "odd.wav").read_bytes())
    content[4:8] = (2**31).to_bytes(4, "little")
    place = content.index(b"data") + 4
    content[place:place + 4] = (36000 * RATE * 4).to_bytes(4, "little")
    (tmp_path / "liar.wav").write_bytes(content)
    piece, told = own_music.hear(tmp_path / "liar.wav")
    assert piece.seconds < 30 and "breaks off" in told
    soundfile.write(tmp_path / "tune.mp3", tune(), RATE)
    tag = b"ID3\x04\0\0\x5f\x2f\x08\0"
    (tmp_path / "tag.mp3").write_bytes(tag + (tmp_path / "tune.mp3").read_bytes())
    piece, told = own_music.hear(tmp_path / "tag.mp3")
    assert piece is None and "tag.mp3" in told


# ---- names, links, pipes -------------------------------------------------------------------------

def test_a_folder_that_leads_back_into_itself_is_read_once(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"x")
    (tmp_path / "again").symlink_to(tmp_path)
    assert files.found([tmp_path]) == [tmp_path / "a.wav"]


@pytest.mark.parametrize("name", ["pipe.wav", "pipe.mid"])
def test_nobody_waits_for_a_pipe(tmp_path, name):
    os.mkfifo(tmp_path / name)
    assert own_music.hear(tmp_path / name) == (None, f"{name}: is no file")


def test_a_link_to_what_never_ends_is_no_file(tmp_path):
    for name in ("zero.wav", "zero.mid"):
        (tmp_path / name).symlink_to("/dev/zero")
        assert own_music.hear(tmp_path / name) == (None, f"{name}: is no file")


@pytest.mark.parametrize("name", [b"caf\xe9.wav", b"two\nlines.wav", b"\x1b[31mred.wav"])
def test_a_name_that_cannot_be_printed_is_heard_and_told_all_the_same(tmp_path, name):
    soundfile.write(tmp_path / "a.wav", tune(), RATE)
    (tmp_path / "a.wav").rename(tmp_path / os.fsdecode(name))
    piece, _ = own_music.hear(files.found([tmp_path])[0])
    assert judging.line(piece).isprintable()
    (tmp_path / os.fsdecode(name)).write_bytes(b"torn")
    _, told = own_music.hear(files.found([tmp_path])[0])
    assert told.isprintable() and "can be read" in told


def test_a_folder_that_is_closed_is_told(tmp_path, monkeypatch):
    (tmp_path / "closed").mkdir()
    scan = os.scandir

    def refusing(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)
    monkeypatch.setattr(os, "scandir", refusing)
    closed, = files.found([tmp_path])
    assert own_music.hear(closed) == (None, "closed: is a folder that can't be read")


def test_whatever_one_file_brings_costs_no_other(tmp_path, monkeypatch):
    def broken(path):
        raise KeyError("nothing that anybody thought of")
    monkeypatch.setattr(files, "read", broken)
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    piece, told = own_music.hear(tmp_path / "a.wav")
    assert piece is None and "can't be measured" in told


# ---- notes ---------------------------------------------------------------------------------------

def score(path, pitches, ticks=480, tempo=None, channel=0, rest=0):
    """A MIDI file with 480 ticks a quarter."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    if tempo is not None:
        track.append(mido.MetaMessage("set_tempo", tempo=tempo))
    for pitch in pitches:
        track.append(mido.Message("note_on", note=pitch, channel=channel, velocity=60, time=rest))
        track.append(mido.Message("note_off", note=pitch, channel=channel, time=ticks))
    file.tracks.append(track)
    file.save(path)
    return own_music.hear(path)


@pytest.mark.parametrize(("pitches", "how", "word"), [
    ((), {}, "no notes"), ((36, 38) * 40, {"channel": 9}, "no notes"), ((60,), {}, "too few notes"),
    ((60, 67), {"ticks": 48000}, "too few notes"), (MINOR, {"ticks": 100}, "too few notes"),
    (MINOR, {"rest": 2**26}, "quarters"),
])
def test_a_score_of_which_nothing_can_be_told_is_refused_for_what_it_is(
        tmp_path, pitches, how, word):
    piece, told = score(tmp_path / "odd.mid", pitches, **how)
    assert piece is None and word in told


@pytest.mark.parametrize("tempo", [None, 0])
def test_of_a_score_without_a_tempo_no_pulse_is_claimed(tmp_path, tempo):
    piece, _ = score(tmp_path / "odd.mid", MINOR * 2, tempo=tempo)
    assert judging.taste([piece], "", 0.0).pulse is None
    assert "without a clear pulse" in said(piece) and "in minor" in said(piece)
    piece, _ = score(tmp_path / "slow.mid", MINOR * 2, tempo=1_200_000)
    assert judging.taste([piece], "", 0.0).pulse == 50.0 and "slow" in said(piece)


def test_a_score_of_every_pitch_is_in_no_key(tmp_path):
    piece, _ = score(tmp_path / "odd.mid", tuple(range(48, 72)) * 2, tempo=500_000)
    assert "in no clear key" in said(piece) and judging.taste([piece], "", 0.0).minor is None


def test_a_trill_is_no_calm(tmp_path):
    piece, _ = score(tmp_path / "odd.mid", (60, 62) * 300, ticks=30, tempo=500_000)
    assert piece.density > 10


# ---- likeness ------------------------------------------------------------------------------------

def test_what_is_alike_is_said_in_the_pieces_own_measure(tmp_path):
    piece, _ = score(tmp_path / "odd.mid", MINOR * 3, tempo=540_000)
    answer = own_music.like((piece, ""))
    assert f"its {piece.density:.1f} are for the day" in answer
    fast, _ = score(tmp_path / "fast.mid", MINOR * 3, tempo=555_556)
    assert fast.tempo.bpm == pytest.approx(108, abs=0.1)
    for told in (own_music.like((fast, "")), answer):
        assert "/min" not in told or "octaves apart" in told
    still, _ = heard(tmp_path, 0.3 * np.sin(2 * np.pi * 440 * TIME))
    assert "onsets/s" not in own_music.like((still, ""))


@pytest.mark.parametrize(("sound", "programme"), [
    (lambda: 0.05 * renderings.sea(1, 60 * RATE), "slow tide: ocean in both"),
    (lambda: 0.1 * renderings.rain(2, 30 * RATE), "no music: rain in both"),
    (lambda: gaussian(2.0), "no music: brown in both"),
])
def test_the_sea_is_like_the_programme_that_has_it(tmp_path, sound, programme):
    assert own_music.like(heard(tmp_path, sound())) == f"nearest is {programme}"


@pytest.mark.parametrize("sound", [clicks, gliding])
def test_what_is_like_nothing_is_said_to_be(tmp_path, sound):
    with pytest.raises(Refused, match="like nothing here"):
        own_music.like(heard(tmp_path, sound()))
