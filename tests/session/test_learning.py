from dataclasses import asdict, replace
from datetime import timedelta

import pytest

from device.session import learning
from device.session.modes import NIGHT, Mode
from device.session.settings import Owner
from device.session.sleeper import Sleeper
from device.session.state import At
from device.session.things import (
    Happened,
    Learn,
    LearnTaste,
    NightOver,
    Note,
    Publish,
    Report,
    Row,
    Save,
    Share,
)
from device.session.tonight import Said, Unsaid
from device.values import SILENCE, Outcome, Sums
from tests.session.around import EVENING, NOW, RAIN, TIDE, at, outcome, owned, played, staging
from tests.session.around import state as night

UTC = EVENING.tzinfo
SUMS = Sums(tib=480, tst=400, sol=14.0, spt=440, waso=40, final_wake=10, efficiency=0.83,
            wakings=9, long_wakings=2, unknown=5, light=200, deep=100, rem=100)
ENDS = at(8 * 3600.0)           # a morning after the night below


def state(mode=Mode.MORNING, **tonight):
    """A night of eight hours, of an owner in Greenwich."""
    return owned(night(mode, **{"lights_out": NOW, **tonight}), zone=UTC)


def clock(hour, minute=0):
    """The moment of lights out, at another time of that day."""
    local = EVENING.replace(hour=hour, minute=minute)
    return At(NOW, local.timestamp(), local)


# ---- naps ----------------------------------------------------------------------------------------

@pytest.mark.parametrize(("hour", "minute", "nap"), [
    (8, 59, False), (9, 0, True), (13, 0, True), (18, 59, True), (19, 0, False), (2, 0, False),
])
def test_lights_out_by_day_is_a_nap(hour, minute, nap):
    assert learning.nap(state(), clock(hour, minute)) is nap
    late = clock(hour, minute)
    # what counts is when it began
    later = At(NOW + 7200, late.wall + 7200, late.local + timedelta(hours=2))
    assert learning.nap(state(), later) is nap


def test_an_alarm_alone_is_no_night_and_without_a_clock_any_night_is_one():
    assert learning.nap(state(bedtime=False), clock(23))
    assert not learning.nap(state(), at(local=None))


# ---- as it is morning ----------------------------------------------------------------------------

def test_the_nights_sums_are_kept_and_told():
    stagings = (staging(0.9), staging(0.1), staging(0.8), staging(None))
    before = state(stagings=stagings, liked=-2, turned_down=1)
    before = replace(before, owner=Owner("ada", seed=11, zone=UTC))
    after, things = learning.morning(before, SUMS, ENDS)
    expected = Outcome(14.0, 2, -2, 1, None, 0.75)
    assert after.tonight == replace(before.tonight, outcome=expected)
    told = {"sol": 14.0, "tst": 400, "waso": 40, "wakings": 2}
    began = EVENING.timestamp()
    assert things == [
        Row("nights", {
            "id": 5, "began": began, "lights_out": NOW, "seed": 11, "sleeper": "ada",
            "software": "0.1.0", "ended": ENDS.now, "sums": asdict(SUMS),
            "outcome": asdict(expected),
        }),
        Save(), Report(), Happened("night", told),
        Publish({"summary": {**told, "lights_out": began, "out_of_bed": ENDS.wall}}),
    ]
    assert after.sleeper.sols == (14.0,)


def settled(before=None, judged=0.9, moment=ENDS, sums=SUMS, **changes):
    hearts = ((50.0, 30.0), (70.0, None), (54.0, 0.0), (58.0, 50.0), (90.0, 40.0))
    before = before or state(hearts=hearts)
    return learning.update_baseline(before, sums, judged, moment).sleeper


def test_a_night_that_could_be_judged_is_the_sleepers_usual_one_at_first():
    assert settled() == Sleeper(
        sols=(14.0,), wakings=(2,), baseline={"heart_rate": 58.0, "rmssd": 40.0})


def test_then_it_moves_what_is_usual_by_a_fifth():
    known = state(hearts=((60.0, 30.0),)).with_sleeper(
        baseline={"heart_rate": 50.0, "rmssd": 40.0}, sols=tuple(range(7)), wakings=(0,) * 7)
    then = settled(known)
    assert then.baseline == {"heart_rate": pytest.approx(52.0), "rmssd": pytest.approx(38.0)}
    assert then.sols == (1, 2, 3, 4, 5, 6, 14.0) and then.wakings == (0,) * 6 + (2,)
    assert known.sleeper.baseline == {"heart_rate": 50.0, "rmssd": 40.0}


def test_a_night_without_a_heart_leaves_the_hearts_baseline():
    known = state().with_sleeper(baseline={"heart_rate": 50.0})
    assert settled(known) == Sleeper((14.0,), (2,), {"heart_rate": 50.0})


def test_what_could_hardly_be_judged_is_no_measure():
    assert settled(judged=0.5).sols and not settled(judged=0.49).sols
    assert settled(judged=0.05) == Sleeper()


def test_nor_is_a_night_without_sleep_or_in_privacy_or_a_nap():
    assert settled(sums=replace(SUMS, sol=None)) == Sleeper()
    assert settled(state().with_settings(privacy=True)) == Sleeper()
    assert settled(state(bedtime=False)) == Sleeper()
    assert settled(moment=clock(13)) == Sleeper()


def test_the_answer_of_the_morning():
    for rested in (+1, -1):
        row = Row("feedback", {"night": 5, "time": NOW, "kind": "rested", "value": rested})
        assert learning.answered(state(), rested, at()) == (state(rested=rested), [row])


# ---- once it is over -----------------------------------------------------------------------------

LAST = [Share(), NightOver(), Report()]
RECEIPTS = ({"candidate": 2}, {"candidate": 3})


def lived(**tonight):
    return state(**{"played": played(3, TIDE, 2), "rested": -1, "outcome": outcome(liked=2),
                    **tonight})


def test_what_the_night_was_worth_goes_to_the_learners_with_the_sleepers_word():
    before = lived(said=Said(mood="tense"), unsaid=Unsaid()).with_status(answer="no bells")
    before = before.with_sleeper(mornings=(1, 1))
    after, things = learning.lesson(before, ENDS)
    worth = outcome(liked=2, rested=-1)
    assert things == [Learn(RECEIPTS, worth), LearnTaste(2), *LAST]
    assert after == lived(outcome=None).with_sleeper(mornings=(1, 1, -1), last=TIDE)


def test_a_night_teaches_once():
    after, _ = learning.lesson(lived(), ENDS)
    assert learning.lesson(after, ENDS) == (after, [])


def test_in_privacy_nothing_is_learned():
    private = lived().with_settings(privacy=True)
    after, things = learning.lesson(private, ENDS)
    assert things == [LearnTaste(0), *LAST]
    assert after == lived(outcome=None).with_settings(privacy=True)


def test_of_a_guest_no_taste_is_learned():
    _, things = learning.lesson(replace(lived(), owner=Owner("guest", zone=UTC)), ENDS)
    assert things == [Learn(RECEIPTS, outcome(liked=2, rested=-1)), LearnTaste(0), *LAST]


def test_a_nap_teaches_the_recommender_nothing():
    for nap, moment in ((lived(bedtime=False), ENDS), (lived(), clock(13))):
        after, things = learning.lesson(nap, moment)
        assert things == [LearnTaste(2), *LAST]
        assert after.sleeper.mornings == (-1,)


def test_nor_does_a_night_that_was_asked_for_by_name():
    asked = lived(played=replace(played(3, TIDE), receipts=()))
    assert learning.lesson(asked, ENDS)[1] == [LearnTaste(2), *LAST]


def test_who_does_not_say_how_the_morning_is_is_not_guessed_at():
    before = lived(rested=None).with_sleeper(mornings=(1,))
    after, things = learning.lesson(before, ENDS)
    assert after.sleeper.mornings == (1,) and things[0] == Learn(RECEIPTS, outcome(liked=2))


def test_of_the_mornings_the_last_28_count():
    before = lived().with_sleeper(mornings=(1,) * 28)
    assert learning.lesson(before, ENDS)[0].sleeper.mornings == (1,) * 27 + (-1,)


def test_a_silent_night_is_not_what_last_night_played():
    silent = lived(played=played(3, SILENCE)).with_sleeper(last=RAIN)
    assert learning.lesson(silent, ENDS)[0].sleeper.last == RAIN


@pytest.mark.parametrize("mode", Mode)
def test_a_night_that_is_left_now_has_to_be_reviewed_if_anything_was_judged(mode):
    assert learning.unfinished(state(mode, stagings=(staging(),))) is (mode in NIGHT)
    assert not learning.unfinished(state(mode))


def test_what_was_learned_is_said_in_minutes():
    assert learning.learned(3.14) == Note(
        "learned", "worth +3.1 minutes against a night without sound")
    assert learning.learned(-2.0).detail == "worth -2.0 minutes against a night without sound"
    assert learning.learned(0.0).detail == "worth +0.0 minutes against a night without sound"
    assert learning.learned(None) == Note(
        "learned", "tonight taught nothing: too little could be judged")
