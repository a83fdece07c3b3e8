"""Chords as they sound: a bass under wide pads, no beats in the depths."""

import json

import numpy as np
import pytest

from areas.sound.voicing import THIRD, crowded, roughness
from device.compose import RulesComposer
from device.programmes import PROGRAMMES
from device.values import Recipe


@pytest.fixture(scope="module")
def chords():
    """(bass, pads) of the programmes' first minutes."""
    found = []
    for seed, recipe in enumerate(PROGRAMMES.values()):
        composer = RulesComposer(seed)
        for _ in range(80):
            notes = composer.compose(recipe, None).notes
            pads = sorted(note.pitch for note in notes if note.voice == "pad")
            if pads:
                found.append(([note.pitch for note in notes if note.voice == "drone"], pads))
    return found


def test_there_is_one_bass_under_the_pads_or_none(chords):
    assert all(len(bass) <= 1 and [*bass, *pads] == sorted([*bass, *pads]) for bass, pads in chords)


def test_nothing_is_crowded_below_c3(chords):
    assert not any(crowded([*bass, *pads]) for bass, pads in chords)
    assert crowded([40, 40 + THIRD]) and not crowded([48, 52]) and not crowded([40, 47])


def test_chords_are_nearly_as_smooth_as_chorales(chords, music):
    pieces = json.loads((music / "jsb" / "jsb-chorales-quarter.json").read_text())["test"]
    chorales = [frame for piece in pieces for frame in piece if len(frame) == 4][::20]
    ours, bach = (
        np.mean([roughness(chord) for chord in heard])
        for heard in ([[*bass, *pads] for bass, pads in chords], chorales)
    )
    assert ours <= 1.7 and ours < 2 * bach


def test_dissonance_is_least_where_sethares_found_it_least():
    curve = {step: roughness([60, 60 + step]) for step in range(1, 13)}
    assert max(curve, key=curve.get) == 1
    # simple ratios lie in valleys: fourth, fifth, octave (Sethares 1993, fig. 3)
    assert all(curve[step] < min(curve[step - 1], curve.get(step + 1, 9)) for step in (5, 7, 12))


@pytest.mark.parametrize("register", [48, 57, 66])
def test_the_mean_of_all_notes_is_the_register_asked_for(register):
    composer = RulesComposer(3)
    recipe = Recipe(register=register, density=0.3, scale="dorian")
    pitches = [note.pitch for _ in range(300) for note in composer.compose(recipe, None).notes]
    assert np.mean(pitches) == pytest.approx(register, abs=2.0)


def test_pads_are_led_by_small_steps(chords):
    steps = [
        abs(a - b)
        for (_, before), (_, now) in zip(chords, chords[1:], strict=False)
        for a, b in zip(before, now, strict=True)
    ]
    assert np.median(steps) <= 2
