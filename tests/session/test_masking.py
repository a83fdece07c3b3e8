"""Whether an arousal is answered, how softly, until when, and what that teaches."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device import stored
from device.session import fade, learning, masking, restart, turns, watching
from device.session.modes import Event, Mode
from device.session.settings import Owner, Rules
from device.session.sleeper import Sleeper
from device.session.state import At
from device.session.things import Choose, Go
from device.session.tonight import Tonight
from device.values import EPOCH, SILENCE, Staging
from tests.session.around import NOW, RAIN, at, epoch, outcome, owned, played, staging, state

ASLEEP, AWAKE, UNKNOWN = staging(0.97, asleep=True), staging(0.1), staging(None)
UNSURE = staging(0.5)


def night(*stagings: Staging, minutes: float = 30.0, **fields) -> Tonight:
    """Silent for `minutes`."""
    return Tonight(mode=Mode.ASLEEP, since=NOW - 60 * minutes, stagings=stagings,
                   fell_asleep=True, depth=1.0, **fields)


def answers(tonight: Tonight, sleeper: Sleeper | None = None, **rules) -> bool:
    return masking.worth_it(tonight, sleeper or Sleeper(), Rules(**rules), NOW)


def answered(p: float, epochs: int, **more) -> bool:
    """Whether `epochs` of P(asleep) `p` after settled sleep are answered."""
    return answers(night(*[ASLEEP] * 20, *[staging(p)] * epochs), **more)


# ---- whether -------------------------------------------------------------------------------------

def test_lying_awake_is_answered_and_sleep_is_not():
    assert answered(0.1, 2) and answered(0.4, 4)
    assert not answered(0.97, 4) and not answered(0.8, 4)
    assert not answers(night()) and not answers(night(*[ASLEEP] * 3, UNKNOWN))


def test_a_stir_of_half_a_minute_is_not_answered_unless_it_is_sure():
    assert not answered(0.3, 1)
    assert answered(0.3, 3)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0, 1), st.floats(0, 1))
def test_less_belief_in_sleep_now_never_speaks_against_an_answer(before, one, other):
    low, high = sorted((one, other))
    past = [staging(p) for p in before]
    assert masking.evidence([*past, staging(low)]) >= masking.evidence([*past, staging(high)])


def test_evidence_is_in_log_odds_of_wake():
    awake = math.log(0.8 / 0.2)
    assert masking.evidence([staging(0.2)] * 4) == pytest.approx(awake)
    assert masking.evidence([staging(0.2)]) == pytest.approx(awake)
    assert masking.evidence([UNKNOWN]) == masking.evidence([]) == -math.inf
    assert masking.evidence([staging(0.0)]) == pytest.approx(math.log(999))


def test_who_stirs_a_lot_must_stir_more():
    light, deep = staging(0.8), staging(0.99)
    stir = [staging(0.4)] * 4
    assert masking.evidence([*[light] * 8, *stir]) < masking.evidence([*[deep] * 8, *stir])
    assert masking.evidence([*[AWAKE] * 8, *[deep] * 8, *stir]) == masking.evidence(
        [*[deep] * 8, *stir])               # of six minutes, no more


def test_what_is_unknown_in_between_says_nothing():
    assert masking.evidence([AWAKE, UNKNOWN, AWAKE]) == pytest.approx(
        masking.evidence([AWAKE, AWAKE]))


def test_off_and_no_minutes_and_what_plays_on_softly_answer_nothing():
    for rules in ({"masking": 0.0}, {"answer": "off"}, {"keep_playing": True}):
        assert not answered(0.0, 4, **rules)
    assert answered(0.0, 4, masking=0.1)


def test_the_owner_says_how_readily():
    chances = np.linspace(0, 1, 200)
    counts = [sum(answered(p, 4, answer=answer) for p in chances)
              for answer in ("off", "rare", "usual", "generous")]
    assert counts[0] == 0 < counts[1] < counts[2] < counts[3] < 200


def test_each_answer_of_a_night_makes_the_next_one_dearer():
    first = night(*[ASLEEP] * 8, *[staging(0.55)] * 4)
    assert answers(first)
    second = masking.begun(first, Rules())
    assert not answers(second)
    assert masking.bar(second, Sleeper(), Rules()) > masking.bar(first, Sleeper(), Rules())


def test_between_two_answers_there_is_silence():
    assert not answers(night(*[AWAKE] * 4, minutes=4.9, dearer=0.5))
    assert answers(night(*[AWAKE] * 4, minutes=5.0, dearer=0.5))
    assert answers(night(*[AWAKE] * 4, minutes=0.0))        # the first one needn't wait


def test_after_three_answers_in_vain_the_night_stays_silent():
    awake = [AWAKE] * 4
    assert answers(night(*awake, unanswered=2)) and not answers(night(*awake, unanswered=3))
    assert not answers(night(*awake, unanswered=3), answer="generous")


# ---- what it has been worth ----------------------------------------------------------------------

def test_a_sleeper_whom_masking_never_helped_gets_silence():
    awake = night(*[AWAKE] * 4)
    assert answers(awake, Sleeper(masked=(False,) * 5))
    assert not answers(awake, Sleeper(masked=(False,) * 6))
    assert answers(awake, Sleeper(masked=(False,) * 5 + (True,)))
    assert not answers(awake, Sleeper(masked=(True,) + (False,) * 12))      # that was long ago
    assert answers(awake, Sleeper(masked=(False,) * 6), answer="generous")


@given(st.lists(st.booleans(), max_size=40))
def test_what_was_learned_moves_the_bar_within_bounds(masked):
    moved = masking.bar(Tonight(), Sleeper(masked=tuple(masked)), Rules()) - masking.bar(
        Tonight(), Sleeper(), Rules())
    assert -0.57 < moved < 1.39
    helped = masking.bar(Tonight(), Sleeper(masked=(*masked[-11:], True)), Rules())
    vain = masking.bar(Tonight(), Sleeper(masked=(*masked[-11:], False)), Rules())
    assert helped < vain


def ended(found: float | None = None, event: Event = Event.CALM, after: float = 600) -> Tonight:
    """`found`: s from the answer's beginning on to sleep."""
    answer = Tonight(mode=Mode.MASKING, since=NOW, found=None if found is None else NOW + found)
    return masking.ended(answer, answer, event, NOW + after)


def test_sleep_that_came_at_once_says_nothing_of_masking():
    assert ended(179).masked == () and ended(179).unanswered == 0
    assert ended(180).masked == (True,)
    assert ended().masked == (False,) and ended().unanswered == 1


def test_sleep_is_found_anew_in_every_mode():
    slept = state(Mode.ASLEEP, depth=1.0, fell_asleep=True, found=NOW - 600, played=played())
    answer, _ = turns.on_event(slept, Event.AROUSED, At(NOW, NOW))
    assert answer.tonight.found is None
    vain, _ = turns.on_event(answer, Event.CALM, At(NOW + 600, NOW + 600))
    assert vain.tonight.masked == (False,)


def test_when_sleep_came_back_outlives_a_restart():
    _, tonight = masked([AWAKE] * 7 + [ASLEEP])
    assert tonight.found == NOW + 8 * EPOCH
    loaded, _ = stored.load(Tonight, stored.plain(tonight))
    assert loaded.found == tonight.found
    assert restart.moved(loaded, 1000.0).found == tonight.found + 1000


def test_who_presses_it_away_was_not_helped_and_who_is_woken_teaches_nothing():
    for hand in (Event.PRESS, Event.STOP):
        assert ended(event=hand, after=180).masked == (False,)
        assert ended(event=hand, after=179).masked == ()        # it had no time to help
    for event in (Event.ALARM, Event.UP):
        assert ended(event=event).masked == () and ended(event=event).unanswered == 0


def test_the_morning_remembers_the_last_twelve_answers():
    here = state(Mode.MORNING, outcome=outcome(), masked=(True, False)).with_sleeper(
        masked=(False,) * 11)
    then, _ = learning.lesson(here, at())
    assert then.sleeper.masked == (False,) * 10 + (True, False)
    private, guest = here.with_settings(privacy=True), replace(here, owner=Owner(sleeper="guest"))
    for nobody in (private, guest):
        assert learning.lesson(nobody, at())[0].sleeper.masked == (False,) * 11


# ---- how softly, and until when ------------------------------------------------------------------

def level(tonight: Tonight, rules: Rules | None = None) -> float:
    return masking.scene(tonight, rules or Rules(), None).level


@given(st.floats(0, 0.99), st.floats(-20, 0), st.floats(-20, 0), st.booleans())
def test_an_answer_is_never_louder_than_sleep_came_nor_than_28_dba(depth, then, now, meanwhile):
    """Nor where what plays was made louder since, or during the answer."""
    before, after = (played(recipe=replace(RAIN, level=level)) for level in (then, now))
    drifting = Tonight(mode=Mode.DRIFTING, depth=depth, played=before)
    came_at = fade.level(before.recipe, depth, Rules())
    asleep = replace(drifting, came_at=came_at, played=before if meanwhile else after)
    answer = replace(masking.begun(asleep, Rules()), mode=Mode.MASKING, played=after)
    assert level(answer) <= min(level(drifting), -12.0) + 1e-9 or level(answer) == fade.SILENT
    assert level(answer) == fade.SILENT or meanwhile or level(answer) == pytest.approx(
        min(came_at, now - 12.0))


def test_who_fell_asleep_in_silence_is_answered_by_none():
    night_long = night(*[ASLEEP] * 20, *[AWAKE] * 4)
    assert answers(night_long)
    for quiet in (fade.SILENT, fade.FADED):
        assert not answers(replace(night_long, came_at=quiet))
    assert answers(replace(night_long, came_at=fade.FADED), noise=6.0)
    assert not answers(replace(night_long, came_at=fade.SILENT), noise=9.0)


def test_while_somebody_may_be_asleep_what_is_asked_for_from_afar_plays_far_away():
    here = Tonight(mode=Mode.SETTLING, asleep=True, played=played(recipe=RAIN))
    far = masking.scene(here, Rules(), None)
    assert (far.distance, far.intensity) == (1.0, 1.0 - fade.FEWER)
    near = masking.scene(replace(here, asleep=False), Rules(), None)
    assert near.distance == 0.0
    dawn = masking.scene(replace(here, mode=Mode.WAKING), Rules(), None)
    assert dawn.distance == 0.0


def test_a_noisy_room_is_answered_louder():
    here = Tonight(mode=Mode.MASKING, came_at=-15.0, played=played(recipe=RAIN))
    levels = [level(masking.begun(here, rules), rules) for rules in (Rules(), Rules(noise=6.0))]
    assert levels == [-15.0, pytest.approx(-9.0)]


def masked(stagings, rules: Rules | None = None, came_at: float = -15.0):
    """The levels of an answer, epoch by epoch, and the night that it leaves: through the real
    decisions."""
    rules = rules or Rules()
    here = owned(state(Mode.ASLEEP, depth=1.0, fell_asleep=True, came_at=came_at,
                       played=played()), rules)
    here, _ = turns.on_event(here, Event.AROUSED, At(NOW, NOW))
    levels = []
    for n, one in enumerate(stagings, 1):
        now = At(NOW + EPOCH * n, NOW + EPOCH * n)
        here, things = watching.on_epoch(here, epoch(index=n), replace(one, time=now.now), now)
        for thing in things:
            if isinstance(thing, Go):
                here, _ = turns.on_event(here, thing.event, now)
        tonight = here.tonight
        levels.append(level(tonight, rules))
    return levels, here.tonight


@given(st.integers(0, 9), st.floats(-18, 0), st.floats(0, 9), st.floats(0.1, 10))
def test_three_minutes_after_sleep_is_believed_again_it_is_silent_whatever_was_planned(
    awake, came_at, noise, minutes
):
    rules = Rules(noise=noise, masking=minutes)
    levels, tonight = masked([*[AWAKE] * awake, *[ASLEEP] * 8], rules, came_at)
    assert levels[awake + 5:] == [fade.SILENT] * 3      # the sixth epoch's glide ends in silence
    assert tonight.mode is Mode.ASLEEP


def test_without_sleep_it_ends_after_its_minutes_and_was_in_vain():
    levels, tonight = masked([AWAKE] * 18, Rules(masking=4.0))
    assert levels[:7] == [-15.0] * 7 and levels[7] < -15.0
    assert levels[10:] == [fade.SILENT] * 8 and tonight.mode is Mode.ASLEEP
    assert tonight.unanswered == 1 and tonight.masked == (False,)


def test_it_follows_the_belief_down_and_back_but_is_heard_for_two_minutes():
    drowsy = staging(0.7)
    levels, _ = masked([drowsy] * 6 + [AWAKE])
    assert levels[:3] == [-15.0] * 3
    assert levels[3] == -20.0 and levels[4] == levels[5] == pytest.approx(-22.5)
    assert levels[6] == -15.0


def test_nothing_to_be_judged_holds_it_until_its_minutes_are_over():
    levels, tonight = masked([UNKNOWN] * 18)
    assert levels[:11] == [-15.0] * 11 and levels[-1] == fade.SILENT
    assert tonight.mode is Mode.ASLEEP


@given(st.lists(st.sampled_from([AWAKE, UNSURE, ASLEEP, UNKNOWN]), max_size=40), st.floats(0, 9))
def test_no_answer_falls_faster_than_two_decibels_in_ten_seconds_where_it_is_heard(stagings, noise):
    levels, _ = masked(stagings, Rules(noise=noise))
    course = fade.Course(-15.0 + noise, fade.scene_at(RAIN, -15.0 + noise, EPOCH), 0.0)
    heard = []
    for n, level in enumerate(levels):
        course = fade.course(course, fade.scene_at(RAIN, level, EPOCH), EPOCH * n)
        heard += [max(course.at(EPOCH * n + second), fade.AUDIBLE) for second in range(int(EPOCH))]
    drops = np.array(heard[:-10]) - np.array(heard[10:]) if len(heard) > 10 else np.zeros(1)
    assert drops.max(initial=0.0) <= 2.0 + 1e-6


def test_silence_chosen_on_an_arousal_stays_silence_to_the_morning():
    here = state(Mode.ASLEEP, depth=1.0, fell_asleep=True, played=played())
    here, things = turns.on_event(here, Event.AROUSED, At(NOW, NOW))
    assert things[0] == Choose("arousal")
    here = here.with_tonight(played=played(9, SILENCE))
    for n in range(1, 200):
        now = At(NOW + EPOCH * n, NOW + EPOCH * n)
        judged = replace(AWAKE if n < 10 else ASLEEP, time=now.now)
        here, things = watching.on_epoch(here, epoch(index=n), judged, now)
        for thing in things:
            if isinstance(thing, Go):
                here, more = turns.on_event(here, thing.event, now)
                if Choose("night") in more:
                    here = here.with_tonight(played=played())      # chosen anew: something sounds
        tonight = here.tonight
        assert fade.scene(tonight.mode, tonight.recipe, tonight.depth,
                          here.owner.rules).level == fade.SILENT
    assert here.tonight.mode is Mode.ASLEEP


def test_a_night_awake_is_tried_three_times_and_left_in_peace():
    here = state(Mode.ASLEEP, depth=1.0, fell_asleep=True, played=played())
    begun = 0
    for n in range(1, 500):
        now = At(NOW + EPOCH * n, NOW + EPOCH * n)
        here, things = watching.on_epoch(here, epoch(index=n), replace(AWAKE, time=now.now), now)
        for thing in things:
            if isinstance(thing, Go):
                before = here.tonight.mode
                here, _ = turns.on_event(here, thing.event, now)
                begun += before is not here.tonight.mode is Mode.MASKING
    assert begun == 3 and here.tonight.mode is Mode.ASLEEP and here.tonight.unanswered == 3


def test_an_answer_of_silence_teaches_nothing_of_masking():
    tonight = Tonight(mode=Mode.MASKING, since=NOW, stagings=(AWAKE,), played=played(9, SILENCE))
    after = masking.ended(tonight, tonight, Event.CALM, NOW + 600)
    assert after.masked == () and after.unanswered == 0
