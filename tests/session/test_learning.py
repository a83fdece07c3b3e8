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
    Publish,
    Report,
    Row,
    Save,
    Share,
)
from device.session.tonight import Said, Unsaid
from device.values import SILENCE, Outcome, Staging, Sums, Worth
from tests.session.around import (
    EVENING,
    NOW,
    RAIN,
    TIDE,
    at,
    estimates,
    outcome,
    owned,
    played,
    staging,
)
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
            "software": "0.1.0", "ended": ENDS.now,
            "sums": {**asdict(SUMS), "judged": 0.75, "onset": True, "awake": (), "nap": False,
                     "calibrated": False},
            "outcome": asdict(expected),
        }),
        Save(), Report(), Happened("night", told),
        Publish({"summary": {**told, "lights_out": began, "out_of_bed": ENDS.wall}}),
    ]
    assert after.sleeper.sols == (14.0,)


@pytest.mark.parametrize("known", [False, True])
def test_a_night_at_an_unknown_time_is_dated_by_nothing_but_the_time_itself(known):
    moment = ENDS if known else replace(ENDS, wall=1.7e9, local=None)
    _, things = learning.morning(state(stagings=(staging(0.9),), timeless=True), SUMS, moment)
    (row,) = (thing for thing in things if isinstance(thing, Row))
    (summary,) = (thing.fields["summary"] for thing in things if isinstance(thing, Publish))
    began = EVENING.timestamp() if known else None
    assert row.fields["began"] == summary["lights_out"] == began
    assert summary["out_of_bed"] == (ENDS.wall if known else None)


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


def test_some_minutes_in_bed_say_nothing_of_how_sleep_came():
    short = replace(SUMS, tib=19.5, sol=0.0)
    assert settled(sums=short) == Sleeper()
    after, things = learning.morning(state(stagings=(staging(0.9),) * 39), short, ENDS)
    assert after.tonight.outcome.sol is None
    assert {"sol": None, "tst": None, "waso": None, "wakings": None} in [
        thing.payload for thing in things if isinstance(thing, Happened)]
    enough = replace(short, tib=20.0)
    assert settled(sums=enough).sols == (0.0,)
    after, _ = learning.morning(state(stagings=(staging(0.9),) * 40), enough, ENDS)
    assert after.tonight.outcome.sol == 0.0


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
        assert things[1:] == [LearnTaste(2), *LAST] and "taught nothing" in things[0].detail
        assert after.sleeper.mornings == (-1,)


def test_nor_does_a_night_that_was_asked_for_by_name():
    asked = lived(played=replace(played(3, TIDE), receipts=()))
    why, *rest = learning.lesson(asked, ENDS)[1]
    assert rest == [LearnTaste(2), *LAST] and why.detail.id == "learned.named"


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


# ---- what was learned, in words ------------------------------------------------------------------

QUIET = {"candidate": "silence", "sooner": 4.0, "outcome": {"sol": 21.0}}
UNSEEN = {**QUIET, "sooner": None, "outcome": {"sol": None}}
PLAYED = ({"candidate": "slow tide"},)


def learned(worth, *before, receipts=PLAYED, guest=False, **fields):
    here = replace(state(), owner=Owner("guest" if guest else "ada"))
    notes = learning.learned(here, Learn(receipts, outcome(**fields)), worth, before)
    assert {note.kind for note in notes} <= {"learned"}
    return [str(note.detail) for note in notes]


def test_sleep_that_came_sooner_or_later_than_expected_is_said_so():
    assert learned(Worth(9.0, 3.2)) == ["asleep 3 min sooner than expected"]
    assert learned(Worth(9.0, -3.2)) == ["asleep 3 min later than expected"]


def test_only_against_nights_of_silence_with_sleep_it_is_said_what_sound_was_worth():
    quieter = {**QUIET, "outcome": {"sol": 25.0}}
    assert learned(Worth(9.0, 3.2), QUIET, quieter, UNSEEN) == [
        "worth +11 minutes of falling asleep against your 2 nights without sound so far"]
    assert learned(Worth(9.0, 3.2), UNSEEN) == ["asleep 3 min sooner than expected"]
    silent = ({"candidate": "silence"},)
    assert learned(Worth(9.0, 3.2), QUIET, receipts=silent) == [
        "asleep 3 min sooner than expected"]


def test_what_was_liked_is_said_apart_from_sleep():
    assert learned(Worth(9.0, 3.2), liked=1)[1:] == ["that it was liked counts beside that"]
    down = "that it was skipped or turned down counts beside that"
    assert learned(Worth(9.0, 3.2), liked=-1)[1:] == [down]
    assert learned(Worth(9.0, 3.2), turned_down=1)[1:] == [down]
    assert learned(None, liked=1, signal_quality=0.1) == [
        "tonight taught nothing: too little could be judged"]


def test_why_a_night_taught_nothing_is_the_true_reason():
    assert learned(None, guest=True) == ["tonight taught nothing: nothing is learned of a guest"]
    safe = ({"candidate": "slow tide", "network": None},)
    assert learned(None, receipts=safe) == [
        "tonight taught nothing: the recommender's model can't be used"]
    assert learned(None) == ["tonight taught nothing"]
    skipped = (*PLAYED, {"candidate": "felt piano"})
    assert learned(None, receipts=skipped) == ["tonight taught only what was skipped"]
    assert learned(None, receipts=skipped, signal_quality=0.1) == [
        "too little could be judged, so tonight taught only what was skipped"]
    assert learned(Worth(2.0, None), sol=None) == [
        "falling asleep wasn't seen, so tonight taught only what was said or done about it"]


# ---- what may be said in the morning -------------------------------------------------------------

def night_of(*believed):
    """Epochs by what the night believed: (P(asleep), number of epochs)."""
    chances = [p for p, number in believed for _ in range(number)]
    return tuple(Staging(n, NOW, p, None, None) for n, p in enumerate(chances, 100))


def test_a_long_waking_that_the_night_believed_in_is_kept_with_its_time():
    slept = night_of((0.1, 20), (0.9, 100), (0.2, 12), (0.9, 50))
    assert learning.long_wakings(slept) == ((120 * 30.0, 6.0),)
    assert learning.long_wakings(night_of((0.9, 100), (0.2, 9), (0.9, 50))) == ()
    broken = night_of((0.9, 100), (0.2, 6), (0.8, 2), (None, 0), (0.2, 6), (None, 2), (0.1, 4),
                      (0.9, 9))
    assert learning.long_wakings(broken) == ((100 * 30.0, 10.0),)
    two = night_of((0.9, 50), (0.2, 10), (0.9, 3), (0.2, 10), (0.9, 5))
    assert learning.long_wakings(two) == ((50 * 30.0, 5.0), (63 * 30.0, 5.0))


def test_before_sleep_and_after_it_nobody_wakes():
    assert learning.long_wakings(night_of((0.1, 60), (0.9, 60), (0.1, 60))) == ()
    assert learning.long_wakings(night_of((None, 60))) == learning.long_wakings(()) == ()


def test_falling_asleep_was_watched_where_half_of_what_came_before_it_was_judged():
    for unknown, watched in ((14, True), (15, False)):
        before = state(stagings=night_of((None, unknown), (0.1, 28 - unknown), (0.9, 60)))
        seen = learning.seen_of(before, SUMS, 0.9, ENDS)
        assert seen.onset is watched
        assert learning.told_of(SUMS, seen)["sol"] == (14.0 if watched else None)


def test_the_hub_is_told_nothing_of_a_sleep_that_could_not_be_judged():
    seen = learning.seen_of(state(stagings=night_of((None, 60))), SUMS, 0.4, ENDS)
    assert set(learning.told_of(SUMS, seen).values()) == {None}
    awake = replace(SUMS, sol=None, tst=0.0, waso=0.0, long_wakings=0)
    assert set(learning.told_of(awake, replace(seen, judged=1.0)).values()) == {None}


def test_no_wakings_are_told_only_where_they_are_unlikely():
    seen = learning.seen_of(state(stagings=night_of((0.9, 60))), SUMS, 1.0, ENDS)
    calm = replace(SUMS, long_wakings=0)
    assert learning.told_of(calm, seen)["wakings"] is None
    for chance, told in ((0.1, 0), (0.11, None)):
        sums = replace(calm, estimates=estimates(long_waking=chance))
        assert learning.told_of(sums, seen)["wakings"] == told
    believed = replace(seen, awake=((600.0, 12.0),))
    assert learning.told_of(calm, believed)["wakings"] == 1


def test_the_hub_is_told_the_middle_of_what_may_have_been():
    seen = learning.seen_of(state(stagings=night_of((0.9, 60))), SUMS, 1.0, ENDS)
    told = learning.told_of(replace(SUMS, estimates=estimates(waso=31.0)), seen)
    assert told["waso"] == 31.0
