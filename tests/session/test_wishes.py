from dataclasses import replace

import pytest

from device.programmes import PROGRAMMES
from device.session import wishes
from device.session.modes import NIGHT, SOUNDING, Mode
from device.session.things import Choose, Reshape, Row, Save, Shape
from device.session.tonight import Said, Unsaid
from device.values import SILENCE, TEXTURES, VOICES, Understood, Wish
from tests.session.around import NOW, RAIN, TIDE, at, choice, outcome, played, state

MORE_RAIN, NO_BELLS, PIANO = Wish("raise", "rain"), Wish("forbid", "bell"), Wish("require", "piano")
QUIET, SLOW = Wish("require", "silence"), Wish("lower", "pulse")


def heard(*wished, language="en", **fields):
    return Understood(language=language, wishes=wished, **fields)


def note(before, *wished, **fields):
    """What a note does; the line that answers it is known at once."""
    after, things = wishes.on_note(before, heard(*wished, **fields), "as you say", at())
    assert after.status.answer == "as you say"
    return after.with_status(answer=""), things


def said(kind, value):
    return Row("feedback", {"night": 5, "time": NOW, "kind": kind, "value": value})


# ---- what stands ---------------------------------------------------------------------------------

def test_tonights_wishes_replace_those_for_ever_of_the_same_name():
    less_rain = Wish("lower", "rain")
    asked = state(said=Said((less_rain,))).with_sleeper(always=(MORE_RAIN, NO_BELLS))
    assert wishes.standing(asked) == (NO_BELLS, less_rain)


def test_of_too_many_wishes_the_oldest_give_way():
    many = tuple(Wish("raise", f"{n}") for n in range(24))
    assert wishes.merged(many, ()) == many
    assert wishes.merged(many, (MORE_RAIN,)) == (*many[1:], MORE_RAIN)


@pytest.mark.parametrize("name", [*TEXTURES, *VOICES, "music"])
def test_asking_for_a_sound_makes_silence_no_answer(name):
    for verb, asked in (("require", True), ("raise", True), ("lower", False), ("forbid", False)):
        assert wishes.sounding(state(said=Said((Wish(verb, name), SLOW)))) is asked


def test_asking_for_silence_or_a_pace_is_not_asking_for_a_sound():
    for wish in (QUIET, Wish("raise", "pulse"), Wish("raise", "level")):
        assert not wishes.sounding(state(said=Said((wish,))))
    assert not wishes.sounding(state())


def test_what_was_asked_for_as_a_whole_last_counts():
    def named(*wished, **more):
        return wishes.named(state(said=Said(wished, **more)).with_sleeper(last=TIDE))
    tide = Wish("require", "slow tide")
    assert named() is named(MORE_RAIN) is None
    assert named(QUIET) == named(tide, QUIET, SLOW) == SILENCE
    assert named(QUIET, tide, MORE_RAIN) == PROGRAMMES["slow tide"]
    assert named(MORE_RAIN, like_last=True) == TIDE
    assert named(QUIET, like_last=True) == SILENCE
    assert named(Wish("forbid", "silence"), Wish("lower", "slow tide")) is None


# ---- a note --------------------------------------------------------------------------------------

@pytest.mark.parametrize("mode", sorted(SOUNDING))
def test_before_sleep_a_wish_is_answered_by_another_choice(mode):
    before = state(mode, played=played(3, RAIN, 1))
    after, things = note(before, NO_BELLS)
    assert after == state(
        mode, played=replace(played(3, RAIN, 1), receipts=({"candidate": 1},)),
        said=Said((NO_BELLS,)), unsaid=Unsaid(),
    )
    assert things == [Choose("bedtime"), Shape()]


@pytest.mark.parametrize("slept", [{"fell_asleep": True}, {"depth": 1.0}])
def test_after_sleep_onset_nothing_new_is_chosen(slept):
    for mode in (Mode.SETTLING, Mode.MASKING):
        before = state(mode, played=played(), **slept)
        assert note(before, NO_BELLS) == (
            before.with_tonight(said=Said((NO_BELLS,)), unsaid=Unsaid()),
            [Reshape(), Shape(), Save()],
        )


@pytest.mark.parametrize("mode", sorted(NIGHT - SOUNDING))
def test_while_nothing_sounds_what_will_sound_is_shaped(mode):
    assert note(state(mode, played=played()), NO_BELLS)[1] == [Reshape(), Shape(), Save()]


def test_before_lights_out_a_wish_waits():
    for idle in (state(Mode.IDLE), state(Mode.IDLE, played=played()), state()):
        after, things = note(idle, NO_BELLS)
        assert after == idle.with_tonight(said=Said((NO_BELLS,)), unsaid=Unsaid())
        assert things == [Save()]


def test_a_second_note_adds_to_the_first():
    first, _ = note(state(), MORE_RAIN, mood="tense", valence=-0.5, arousal=0.7)
    assert first.tonight.said == Said((MORE_RAIN,), False, -0.5, 0.7, "tense", "en")
    second, _ = note(first, NO_BELLS, language="zh", like_last=True)
    assert second.tonight.said == Said((MORE_RAIN, NO_BELLS), True, -0.5, 0.7, "tense", "zh")
    third, _ = note(second, mood="weary", valence=0.0, arousal=-0.1)
    assert third.tonight.said == Said((MORE_RAIN, NO_BELLS), True, 0.0, -0.1, "weary", "en")
    assert third.tonight.unsaid == Unsaid(second.tonight.said)


def test_a_wish_for_ever_is_not_tonights_alone():
    before = state(played=played()).with_sleeper(always=(MORE_RAIN,))
    after, things = note(before, NO_BELLS, always=True)
    assert after.sleeper.always == (MORE_RAIN, NO_BELLS) and after.tonight.said == Said()
    assert after.tonight.unsaid == Unsaid(always=(MORE_RAIN,)) and things[0] == Choose("bedtime")


@pytest.mark.parametrize("fields", [{"like_last": True}, {"mood": "weary"}])
def test_a_mood_and_last_night_change_the_sound_like_wishes(fields):
    after, things = note(state(played=played()), **fields)
    assert things == [Choose("bedtime"), Shape()] and after.tonight.unsaid == Unsaid()


def test_a_note_that_asks_for_nothing_changes_no_sound():
    before = state(played=played(), unsaid=Unsaid(Said(mood="tense")))
    after, things = note(before, valence=0.5, arousal=0.0)
    assert after == before.with_tonight(said=Said(valence=0.5, arousal=0.0)) and things == [Save()]
    assert note(before, language="") == (before, [])


# ---- undo ----------------------------------------------------------------------------------------

def test_undo_goes_back_to_before_the_last_note_that_changed_anything():
    before = state(played=played(), said=Said((MORE_RAIN,))).with_sleeper(always=(PIANO,))
    after, _ = note(before, NO_BELLS, always=True, mood="tense")
    after, things = note(after, undo=True)
    assert after == before.with_tonight(played=replace(played(), receipts=()))
    assert things == [Choose("bedtime"), Shape()]


def test_undo_with_nothing_before_forgets_what_was_said_for_tonight():
    before = state(played=played(), said=Said((MORE_RAIN,))).with_sleeper(always=(PIANO,))
    after, things = note(before, undo=True)
    assert after.tonight.said == Said() and after.sleeper.always == (PIANO,)
    assert things == [Choose("bedtime"), Shape()]


def test_in_the_morning_undo_takes_back_what_a_note_said_of_the_night():
    before = state(Mode.MORNING, outcome=outcome(liked=1), rested=+1, said=Said((MORE_RAIN,)))
    before = before.with_sleeper(always=(PIANO,))
    spoken, _ = note(before, NO_BELLS, rested=-1, always=True)
    after, things = note(spoken, undo=True)
    assert after == before and things == [said("undone", 0), Save()]


def test_in_the_morning_undo_of_an_evenings_note_leaves_the_night_as_it_was():
    evening, _ = note(state(), NO_BELLS)
    morning = evening.with_tonight(mode=Mode.MORNING, outcome=outcome(), rested=+1)
    after, things = note(morning, undo=True)
    assert after == state(Mode.MORNING, outcome=outcome(), rested=+1)
    assert things == [Save()]


# ---- the morning's note --------------------------------------------------------------------------

def test_the_mornings_note_says_how_the_night_was():
    before = state(Mode.MORNING, outcome=outcome())
    after, things = note(before, rested=-1)
    assert after == before.with_tonight(rested=-1, unsaid=Unsaid(outcome=outcome(), morning=True))
    assert things == [said("rested", -1), Save()]


@pytest.mark.parametrize(("wished", "liked", "counts"), [
    ((MORE_RAIN,), 1, 1), ((PIANO,), 1, 1), ((NO_BELLS,), -1, -1), ((SLOW,), -1, -1),
    ((MORE_RAIN, PIANO, Wish("raise", "music")), 3, 2),
    ((NO_BELLS, SLOW, Wish("forbid", "wind")), -3, -2),
])
def test_what_it_praises_and_blames_counts_for_at_most_two(wished, liked, counts):
    before = state(Mode.MORNING, outcome=outcome(liked=1))
    after, things = note(before, *wished)
    assert after.tonight.outcome == outcome(liked=1 + counts)
    assert things == [said("note", liked), Save()]
    assert after.tonight.said == Said()         # the night is over: nothing is wished of it


def test_praise_and_blame_may_cancel_out():
    before = state(Mode.MORNING, outcome=outcome())
    after, things = note(before, MORE_RAIN, NO_BELLS, rested=+1)
    assert after.tonight.outcome == outcome() and things == [said("rested", +1), Save()]


def test_of_a_night_that_could_not_be_judged_praise_is_kept_in_the_diary_alone():
    after, things = note(state(Mode.MORNING), MORE_RAIN)
    assert after.tonight.outcome is None and things == [said("note", 1), Save()]


def test_a_wish_for_ever_can_be_said_in_the_morning():
    after, _ = note(state(Mode.MORNING), NO_BELLS, always=True)
    assert after.sleeper.always == (NO_BELLS,)


# ---- how long it lasts ---------------------------------------------------------------------------

def test_a_choice_that_gives_way_leaves_the_receipts_of_the_others():
    before = state(played=played(3, RAIN, 1, 2))
    assert wishes.gave_way(before).tonight.receipts == ({"candidate": 1}, {"candidate": 2})
    by_name = replace(played(3, RAIN, 1), choice=choice(8))
    after = wishes.gave_way(state(played=by_name))
    assert after == state(played=by_name)


def test_with_the_night_goes_what_was_said_for_it():
    spoken = state(said=Said((MORE_RAIN,)), unsaid=Unsaid()).with_sleeper(always=(PIANO,))
    assert wishes.forgotten(spoken) == state().with_sleeper(always=(PIANO,))
