"""The night's music: a lullaby of one's own, and what becomes of likes."""

import json

from device.compose import midi
from device.config import Config, Night
from device.values import Note

TUNE = [Note(1.0 * i, pitch, 0.9, 0.6, "piano") for i, pitch in enumerate((67, 64, 60, 62, 64, 60))]


def night_of(motif) -> Config:
    return Config(night=Night(motif=str(motif)))


def test_a_lullaby_of_ones_own_is_developed(sleep, tmp_path):
    midi.write(tmp_path / "seed.mid", TUNE)
    slept = sleep(hours=0.25, config=night_of(tmp_path / "seed.mid"))
    assert slept.night.composer.motifs.own == 1
    assert not any("lullaby" in detail for detail in slept.details("fallback"))
    plain = sleep(hours=0.25, name="plain")
    assert [json.loads(row["notes"]) for row in plain.rows["phrases"]] != [
        json.loads(row["notes"]) for row in slept.rows["phrases"]]


def test_a_torn_lullaby_is_refused_with_its_reason_and_the_night_goes_on(sleep, tmp_path):
    (tmp_path / "seed.mid").write_bytes(b"MThd\0\0\0\6\0\1")
    slept = sleep(hours=0.1, config=night_of(tmp_path / "seed.mid"))
    assert any("no lullaby of one's own: seed.mid: torn" in detail for detail in slept.details("fallback"))
    assert slept.rows["phrases"]
