"""What every composer promises, whatever its opinion."""

import numpy as np
import pytest

from device.compose import RulesComposer
from device.compose.theory import DEGREES
from device.values import SILENCE, VOICES, Recipe


def night(composer, recipe, ticks=200, p_asleep=None):
    return [composer.compose(recipe, p_asleep) for _ in range(ticks)]


def test_a_tick_is_two_pulses_and_holds_its_notes_starts():
    for phrase in night(RulesComposer(1), Recipe(pulse=50)):
        assert phrase.length == pytest.approx(2.4)
        for note in phrase.notes:
            assert 0 <= note.start < phrase.length and note.duration > 0
            assert 0 < note.velocity < 1 and note.voice in VOICES and 21 <= note.pitch <= 108


def test_the_same_seed_composes_the_same_and_another_does_not():
    first, again, other = (night(RulesComposer(seed), Recipe(), 50) for seed in (5, 5, 6))
    assert first == again
    assert first != other


def test_every_note_belongs_to_the_scale():
    for scale, degrees in DEGREES.items():
        composer = RulesComposer(2)
        for phrase in night(composer, Recipe(scale=scale), 120):
            assert {(note.pitch - composer.tonic) % 12 for note in phrase.notes} <= set(degrees), scale


def test_density_is_what_was_asked():
    for density in (0.1, 0.3, 0.6, 0.8):
        phrases = night(RulesComposer(4), Recipe(density=density), 300)
        onsets = sum(len({note.start for note in phrase.notes}) for phrase in phrases)
        assert onsets / sum(phrase.length for phrase in phrases) == pytest.approx(density, rel=0.1)


def test_sleep_makes_it_sparser_lower_and_softer():
    awake, asleep = (night(RulesComposer(4), Recipe(), 300, p) for p in (0.0, 1.0))
    def notes(phrases):
        return [note for phrase in phrases for note in phrase.notes]
    assert len(notes(asleep)) < 0.7 * len(notes(awake))
    assert np.mean([n.pitch for n in notes(asleep)]) < np.mean([n.pitch for n in notes(awake)]) - 3
    assert np.mean([n.velocity for n in notes(asleep)]) < np.mean([n.velocity for n in notes(awake)])


def test_silence_is_a_recipe_too():
    assert not any(phrase.notes for phrase in night(RulesComposer(1), SILENCE, 20))
