"""The night's music: a lullaby of one's own, and what becomes of likes."""

import json
import wave

import numpy as np

from areas.sound.measures import short_term
from desk import written
from device.compose import midi
from device.compose.taste import Taste
from device.config import Config, Night, Sound
from device.diary import reading
from device.sound.settings import RATE, Settings
from device.values import Note

TUNE = [Note(1.0 * i, pitch, 0.9, 0.6, "piano") for i, pitch in enumerate((67, 64, 60, 62, 64, 60))]


def night_of(motif) -> Config:
    return Config(night=Night(motif=str(motif)))


def test_a_lullaby_of_ones_own_is_developed(sleep, tmp_path):
    midi.write(tmp_path / "seed.mid", TUNE)
    slept = sleep(hours=0.25, config=night_of(tmp_path / "seed.mid"))
    assert len(slept.night.parts.mind.composer.form.own) == 1
    assert not any("lullaby" in detail for detail in slept.details("fallback"))
    plain = sleep(hours=0.25, name="plain")
    assert [json.loads(row["notes"]) for row in plain.rows["phrases"]] != [
        json.loads(row["notes"]) for row in slept.rows["phrases"]]


def test_a_torn_lullaby_is_refused_with_its_reason_and_the_night_goes_on(sleep, tmp_path):
    (tmp_path / "seed.mid").write_bytes(b"MThd\0\0\0\6\0\1")
    slept = sleep(hours=0.1, config=night_of(tmp_path / "seed.mid"))
    assert any(
        "no lullaby of one's own: seed.mid: torn" in detail for detail in slept.details("fallback")
    )
    assert slept.rows["phrases"]


def test_likes_move_the_composers_taste_until_it_is_reset(sleep):
    tastes = []

    def like(mine):
        tastes.append(mine.parts.mind.composer.taste)
        mine.state = mine.state.with_tonight(liked=1)
    slept = sleep(hours=0.1, acts=[(200, like)])
    with reading(slept.path) as rows:
        kept = json.loads(
            rows.execute("SELECT value FROM memory WHERE key = 'taste:sleeper'").fetchone()["value"]
        )
    assert Taste.recall(kept) == Taste().learn(tastes[0], 1) != Taste()
    assert slept.night.parts.mind.composer.taste != tastes[0]


def test_a_night_rendered_again_from_its_midi_and_diary_sounds_the_same(sleep, tmp_path):
    # A slow fade: the medians of two stretches of it are compared.
    config = Config(night=Night(fade=60.0), sound=Sound(monitor=20.0))
    slept = sleep(hours=0.12, config=config, audio_minutes=5)
    written.export(slept.path, tmp_path / "night.mid")
    played, again = (
        written.phrases(slept.path),
        written.imported(tmp_path / "night.mid", slept.path),
    )
    for phrase, mine in zip(played, again, strict=True):
        wanted = {(note.voice, note.pitch, round(note.start, 2)): note for note in phrase.notes}
        got = {(note.voice, note.pitch, round(note.start + 1e-4, 2)): note for note in mine.notes}
        assert len(wanted) == len(got)
        for note, other in zip(sorted(wanted.values()), sorted(got.values()), strict=True):
            assert (
                abs(note.start - other.start) < 0.003
                and abs(note.velocity - other.velocity) < 0.005
            )
    scenes = written.scenes(slept.path)
    sounds = [
        np.concatenate(
            list(written.sounded(phrases, scenes, 120.0, Settings(monitor=20.0))), axis=1
        )
        for phrases in (played, again)
    ]
    loudness = [short_term(sound)[300:] for sound in sounds]
    apart = np.abs(loudness[0] - loudness[1])[loudness[0] > -40]  # LU, once the fade-in is over
    assert np.median(apart) < 0.1 and np.percentile(apart, 95) < 0.5
    with wave.open(str(slept.path.with_name("night.wav"))) as file:
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2).T / 2**15
    assert abs(np.median(short_term(heard[:, -90 * RATE:])) - np.median(loudness[1])) < 1.5
