from dataclasses import replace

import pytest

from device.programmes import PROGRAMMES
from device.session import choosing
from device.session.settings import Rules
from device.session.state import State
from device.session.things import Row, Save
from device.session.tonight import Played, Said
from device.values import SILENCE, Context, Reason, Wish
from tests.session.around import (
    NOW,
    RAIN,
    TIDE,
    at,
    choice,
    epoch,
    owned,
    played,
    silence,
    staging,
    state,
)

KNOWN = {"sols": (10.0, 20.0, 30.0), "wakings": (1, 2), "baseline": {"heart_rate": 50.0,
                                                                    "rmssd": 80.0}}


# ---- what may be known ---------------------------------------------------------------------------

def test_of_a_stranger_nothing_is_known_but_the_hour():
    assert choosing.context(State(), at()) == Context(hour=22.5)
    assert choosing.context(State(), at(local=None)) == Context()


def test_all_that_may_be_known_is_told():
    newest = staging(probabilities=(0.4, 0.3, 0.2, 0.1))
    before = state(stagings=(staging(probabilities=(1.0, 0, 0, 0)), newest),
                   said=Said(valence=-0.5, arousal=0.25))
    before = before.with_sleeper(**KNOWN).with_status(epoch=epoch())
    assert choosing.context(before, at(60)) == Context(
        probabilities=(0.4, 0.3, 0.2, 0.1), heart_rate=1.2, rmssd=0.5, movement=0.02,
        breathing=14.0, since_lights_out=61.0, hour=22 + 31 / 60, last_sol=20.0,
        last_wakings=1.5, valence=-0.5, arousal=0.25,
    )


@pytest.mark.parametrize(("usual", "value"), [
    ({}, 60.0), ({"heart_rate": 0.0}, 60.0), ({"heart_rate": 50.0}, None),
    ({"heart_rate": 50.0}, 0.0), ({"rmssd": 50.0}, 60.0),
])
def test_a_ratio_to_nothing_and_of_nothing_is_missing(usual, value):
    assert choosing.ratio(State().with_sleeper(baseline=usual), "heart_rate", value) is None


# ---- silence that would be no answer -------------------------------------------------------------

def test_the_first_night_is_never_silent():
    assert choosing.must_sound(State(), "bedtime", silence())
    assert not choosing.must_sound(State(), "bedtime", choice())


def test_who_is_known_may_be_given_silence_unless_some_sound_was_asked_for():
    known = state().with_sleeper(**KNOWN)
    assert not choosing.must_sound(known, "bedtime", silence())
    for wish, asked in ((Wish("raise", "rain"), True), (Wish("forbid", "rain"), False)):
        spoken = state(said=Said((wish,))).with_sleeper(**KNOWN)
        assert choosing.must_sound(spoken, "bedtime", silence()) is asked


@pytest.mark.parametrize("moment", ["night", "arousal"])
def test_later_in_the_night_silence_is_an_answer(moment):
    assert not choosing.must_sound(State(), moment, silence())


def test_a_coin_may_decide_for_silence():
    trial = owned(State(), Rules(trial=True))
    assert not choosing.must_sound(trial, "bedtime", silence())
    spoken = trial.with_tonight(said=Said((Wish("require", "rain"),)))
    assert choosing.must_sound(spoken, "bedtime", silence())


# ---- by name -------------------------------------------------------------------------------------

def test_words_go_before_a_programme_and_a_programme_before_the_recommender():
    assert choosing.named(state(), "bedtime") is None
    tide = state().with_settings(programme="slow tide")
    assert choosing.named(tide, "bedtime") == choosing.named(tide, "night") == PROGRAMMES[
        "slow tide"]
    quiet = tide.with_tonight(said=Said((Wish("require", "silence"),)))
    assert choosing.named(quiet, "bedtime") == SILENCE


def test_an_arousal_is_answered_by_what_has_proved_best():
    tide = state(said=Said((Wish("require", "felt piano"),))).with_settings(programme="slow tide")
    assert choosing.named(tide, "arousal") is None


def test_who_asked_for_silence_gets_no_sound_at_an_arousal():
    quiet = state(said=Said((Wish("require", "silence"),))).with_settings(programme="slow tide")
    assert choosing.named(quiet, "arousal") == SILENCE


def test_the_favourite_is_the_one_liked_last_and_each_refusal_goes_one_back():
    wants = state().with_settings(programme="favourite")
    assert choosing.named(wants, "bedtime") is None
    wants = wants.with_sleeper(favourites=(TIDE, RAIN))
    for refused, expected in (((), TIDE), ((4,), RAIN), ((4, 5), TIDE)):
        assert choosing.named(wants.with_tonight(refused=refused), "night") == expected


# ---- what becomes of a choice --------------------------------------------------------------------

def row(moment, sentence, recipe=TIDE):
    return Row("decisions", {
        "night": 5, "time": NOW, "moment": moment, "recipe": recipe.plain(),
        "sentence": sentence, "contributions": [("rain", 1.5)], "seed": 7, "propensity": 0.25,
        "candidate": 6, "receipt": {"candidate": 6},
    })


def test_a_choice_at_bedtime_is_kept_with_its_receipt():
    first, things = choosing.chosen(state(), choice(6), TIDE, "bedtime", at(), by_name=False)
    assert first == state(played=Played(choice(6), TIDE, ({"candidate": 6},)), sound="slow tide")
    assert things == [row("bedtime", "it has proved best"), Save()]
    again, _ = choosing.chosen(state(played=played(3)), choice(6), TIDE, "bedtime", at(),
                               by_name=False)
    assert again.tonight.receipts == ({"candidate": 3}, {"candidate": 6})


@pytest.mark.parametrize("moment", ["night", "arousal"])
def test_what_is_chosen_later_teaches_nothing(moment):
    after, things = choosing.chosen(state(played=played(3)), choice(6), TIDE, moment, at(),
                                    by_name=False)
    assert after == state(played=Played(choice(6), TIDE, ({"candidate": 3},)), sound="slow tide")
    assert things == [row(moment, "it has proved best"), Save()]


def test_what_was_asked_for_by_name_teaches_nothing_and_says_so():
    before = state(played=played(3))
    after, things = choosing.chosen(before, choice(6), TIDE, "bedtime", at(), by_name=True)
    assert after == state(played=Played(choice(6), TIDE, ()), sound="slow tide")
    assert things == [row("bedtime", "it has proved best"), Save()]


@pytest.mark.parametrize(("programme", "said", "sentence"), [
    ("slow tide", Said(), "slow tide: it was asked for by name"),
    ("favourite", Said(), "slow tide: a favourite was asked for"),
    ("favourite", Said((Wish("require", "slow tide"),)), "slow tide: it was asked for by name"),
    ("favourite", Said(like_last=True), "slow tide: last night's sound was asked for"),
])
def test_the_reason_for_what_somebody_named_is_that_they_did(programme, said, sentence):
    before = state(said=said).with_settings(programme=programme).with_sleeper(last=TIDE)
    assert choosing.asked_for(choice(6), before, TIDE).reason == Reason(sentence, ())


def test_an_arousal_answered_by_silence_leaves_the_night_its_sound():
    evening, _ = choosing.chosen(state(), choice(3), RAIN, "bedtime", at(), by_name=False)
    assert evening.tonight.sound == "rain on a roof"
    for moment, name in (("arousal", "rain on a roof"), ("bedtime", "silence")):
        after, _ = choosing.chosen(evening, silence(), SILENCE, moment, at(), by_name=False)
        assert after.tonight.sound == name
    after, _ = choosing.chosen(evening, choice(6), TIDE, "arousal", at(), by_name=False)
    assert after.tonight.sound == "slow tide"


def test_tonight_can_teach_where_somebody_is_known_and_something_judges():
    body = {"epoch": epoch(heart_quality=0.0, motion_quality=0.1)}
    here = owned(state(lights_out=NOW)).with_status(**body)
    assert choosing.teaches(here, at())
    deaf = here.with_status(epoch=epoch(heart_quality=0.0, motion_quality=0.0))
    private = here.with_settings(privacy=True)
    for other in (owned(here, sleeper="guest"), owned(here, judges=False), private, deaf,
                  here.with_status(epoch=None), here.with_tonight(bedtime=False)):
        assert not choosing.teaches(other, at())


def test_the_reason_names_what_was_said():
    def sentence(listed="", mood=""):
        spoken = choosing.explained(choice(6), state(said=Said(mood=mood)), RAIN, listed)
        assert replace(spoken, reason=choice(6).reason) == choice(6)
        assert spoken.reason.contributions == choice(6).reason.contributions
        return spoken.reason.sentence
    assert sentence() == "it has proved best"
    assert sentence("no bells") == "it has proved best; as you said: no bells"
    assert sentence(mood="tense") == "it has proved best; you sounded tense"
    assert sentence("no bells", "weary") == (
        "it has proved best; as you said: no bells; you sounded weary")


def test_silence_follows_no_wish_but_the_one_for_silence():
    for name, follows in (("bell", False), ("silence", True)):
        spoken = state(said=Said((Wish("require", name),)))
        reason = choosing.explained(silence(), spoken, SILENCE, name).reason
        assert reason.sentence.endswith(f"as you said: {name}") is follows


def test_another_recipe_of_the_same_choice():
    assert choosing.reshaped(state(), TIDE) == state()
    after = choosing.reshaped(state(played=played(3, RAIN, 1)), TIDE)
    assert after == state(played=replace(played(3, RAIN, 1), recipe=TIDE))
