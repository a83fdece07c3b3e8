"""What wishes may do to a recipe: bounded by the vetted set, whatever is wished."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.programmes import PROGRAMMES
from device.recommend.candidates import CANDIDATES
from device.sound.engine import RANGES as PITCHES
from device.values import SILENCE, TEXTURES, VOICES, Note, Phrase, Wish
from device.words.bounds import LOUDEST, RANGES, narrowing, played, within

RECIPES = [candidate.recipe for candidate in CANDIDATES if candidate.recipe != SILENCE]
WISHES = st.lists(
    st.builds(
        Wish,
        st.sampled_from(["raise", "lower", "forbid", "require"]),
        st.sampled_from([*RANGES, *TEXTURES, *VOICES, "silence", *PROGRAMMES, "nonsense"]),
        st.sampled_from([0.5, 1.0, 2.0]),
    ),
    max_size=20,
)


@given(st.sampled_from(RECIPES), WISHES, st.sampled_from(["", "tense", "weary"]))
def test_no_wish_leads_out_of_the_vetted_range_or_above_the_settling_level(recipe, wishes, mood):
    after = within(recipe, wishes, mood)
    assert after.level <= 0.0
    for field, (low, high) in RANGES.items():
        before = getattr(recipe, field)
        value = getattr(after, field)
        assert (
            min(low, before) <= value <= max(high, before)
            or field in ("music", "density")
            and value == 0
        )
    assert all(name in TEXTURES and 0 < level <= LOUDEST for name, level in after.textures.items())


def test_the_range_is_what_the_recommender_was_vetted_for():
    music = [recipe for recipe in RECIPES if recipe.music]
    for field in ("pulse", "register", "brightness", "tension"):
        values = [getattr(recipe, field) for recipe in music]
        assert RANGES[field] == (min(values), max(values)), field


def test_what_was_forbidden_is_not_heard():
    after = within(PROGRAMMES["rain on a roof"], [Wish("forbid", "rain"), Wish("forbid", "music")])
    assert "rain" not in after.textures and after.music == 0


def test_a_degree_is_a_size_of_step():
    recipe = PROGRAMMES["felt piano"]
    steps = [recipe.brightness - within(recipe, [Wish("lower", "brightness", degree)]).brightness
             for degree in (0.5, 1.0)]
    assert steps[0] == pytest.approx(steps[1] / 2)


def test_a_voice_that_nobody_wants_is_played_by_another():
    phrase = Phrase(4.0, (Note(0, 60, 1, 0.5, "bell"), Note(0, 48, 4, 0.3, "pad")))
    no = {voice: Wish("forbid", voice) for voice in ("bell", "piano", "pad")}
    assert [note.voice for note in played(phrase, [no["bell"]]).notes] == ["piano", "pad"]
    assert [note.voice for note in played(phrase, [*no.values()]).notes] == []


def test_the_melody_goes_to_the_voice_that_was_asked_for_and_in_its_range():
    phrase = Phrase(
        4.0, (Note(0, 60, 1, 0.5, "bell"), Note(1, 45, 1, 0.5, "piano"), Note(0, 48, 4, 0.3, "pad"))
    )
    assert [note.voice for note in played(phrase, [Wish("require", "piano")]).notes] == [
        "piano",
        "piano",
        "pad",
    ]
    bells = played(phrase, [Wish("require", "bell")]).notes
    assert [(note.voice, note.pitch) for note in bells] == [("bell", 60), ("bell", 57), ("pad", 48)]
    both = played(phrase, [Wish("require", "bell"), Wish("require", "piano")])
    assert [note.voice for note in both.notes] == ["bell", "piano", "pad"]
    assert all(PITCHES[note.voice][0] <= note.pitch <= PITCHES[note.voice][1] for note in bells)


def test_a_voice_that_shall_be_more_is_played_harder_and_one_that_shall_be_less_softer():
    phrase = Phrase(4.0, (Note(0, 60, 1, 0.5, "piano"), Note(0, 48, 4, 0.9, "pad")))
    for degree in (0.5, 1.0, 2.0):
        piano, pad = played(
            phrase, [Wish("lower", "piano", degree), Wish("raise", "pad", degree)]
        ).notes
        assert 0 < piano.velocity < 0.5 and 0.9 < pad.velocity <= 1.0


def test_the_recommender_hears_only_names_it_knows():
    wishes = (
        Wish("forbid", "bell"),
        Wish("require", "piano"),
        Wish("lower", "level"),
        Wish("forbid", "rain"),
    )
    assert narrowing(wishes) == {"require": ["music"], "forbid": ["rain"]}


def test_silence_is_no_place_to_add_anything_loud():
    assert within(replace(SILENCE), [Wish("raise", "level", 2.0)]).level <= 0
