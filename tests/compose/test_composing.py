"""What `tools/listen` asks of the composers."""

import json

import pytest

from desk import composing
from device.compose import midi
from device.errors import ConfigError
from kit.options import Parser, add_music


def options(*words):
    parser = Parser()
    add_music(parser)
    return parser.parse_args(words)


def test_a_recipe_is_read_from_words_and_typos_are_named():
    recipe = composing.recipe_of("felt piano, density=0.2, scale=lydian, pulse=60")
    assert recipe.pulse == 60
    assert (recipe.name, recipe.density, recipe.scale) == ("felt piano", 0.2, "lydian")
    for words in ("felt pianno", "densty=0.3", "density=much"):
        with pytest.raises(ConfigError, match=words.split("=")[0][:6]):
            composing.recipe_of(words)


def test_what_is_heard_can_be_exported_and_a_motif_taken_from_it(tmp_path):
    first = next(
        composing.pieces(options("--composer", "rules", "--export-midi", str(tmp_path / "a.mid")),
                         1.0, 1)
    )
    assert len(midi.read(tmp_path / "a.mid").notes) == sum(
        len(phrase.notes) for phrase in first.phrases
    )
    again = next(
        composing.pieces(options("--composer", "rules", "--motif", str(tmp_path / "a.mid")), 1.0, 1)
    )
    assert again.phrases != first.phrases


def test_a_blind_kit_hides_its_key(tmp_path):
    parts = list(composing.pieces(options("--ab", str(tmp_path / "kit")), 0.2, 4))
    key = json.loads((tmp_path / "kit-key.json").read_text())
    assert [part.name for part in parts] == list(key) and len(
        {entry["composer"] for entry in key.values()}
    ) == 3
    assert "rnn" not in (tmp_path / "kit" / "answers.txt").read_text()


def test_a_piano_roll_is_a_png(tmp_path):
    part = next(composing.pieces(options("--composer", "rules"), 0.5, 1))
    composing.piano_roll(part.phrases, tmp_path / "roll.png")
    assert (tmp_path / "roll.png").read_bytes().startswith(b"\x89PNG")
