from dataclasses import replace
from itertools import product

import pytest

from device.session import fade
from device.session.modes import Event, Mode, step
from device.session.settings import Owner
from device.session.things import (
    Choose,
    ForgetStages,
    Happened,
    LearnTaste,
    NightOver,
    Note,
    Report,
    Review,
    Row,
    Send,
    Shape,
    Share,
)
from device.session.tonight import Said, Tonight, Unsaid
from device.session.turns import on_event
from device.values import SILENCE, Asleep, Volume, Wish
from tests.session.around import NOW, at, outcome, played, staging, state


def turn(before, event, by_hand=False):
    """(state, what is done before the mode is noted, and after it)."""
    after, things = on_event(before, event, at(2.0), by_hand)
    mode, then = before.tonight.mode, after.tonight.mode
    assert then is step(mode, event) and after.tonight.since == NOW + 2
    noted = things.index(Note("mode", f"{mode} → {then}: {event}"))
    assert things[-1] == Shape(by_hand)
    return after, things[:noted], things[noted + 1:-1]


@pytest.mark.parametrize(("mode", "event"), list(product(Mode, Event)))
def test_an_event_that_the_table_leaves_out_changes_nothing(mode, event):
    if step(mode, event) is mode:
        assert on_event(state(mode, depth=0.5), event, at()) == (state(mode, depth=0.5), [])


def test_a_turn_is_noted_and_heard_and_who_waits_is_answered_at_once():
    after, before, behind = turn(state(depth=0.3), Event.LIKELY)
    assert after == state(Mode.DRIFTING, depth=0.3, since=NOW + 2) and before == behind == []
    turn(state(), Event.PRESS, by_hand=True)


# ---- lights out ----------------------------------------------------------------------------------

OLD = Tonight(
    number=5, lights_out=1.0, depth=0.7, blind=4, empty=9, stagings=(staging(),),
    hearts=((60.0, 40.0),), played=played(), passed_over=played(2), refused=(3,), liked=2,
    turned_down=1, fell_asleep=True, snoozed=True, said=Said((Wish("raise", "rain"),)),
    unsaid=Unsaid(), outcome=outcome(), rested=1, timer=20.0, timer_ends=9000.0, bedtime=False,
)
KEPT = {"said": OLD.said, "unsaid": OLD.unsaid, "timer": 20.0, "timer_ends": 9000.0}


@pytest.mark.parametrize("event", [Event.PRESS, Event.START, Event.ALARM])
def test_a_new_night_keeps_of_the_old_what_was_said_and_a_timer(event):
    idle = replace(state(Mode.IDLE), tonight=OLD, nights=7, owner=Owner("ada", seed=11))
    idle = idle.with_settings(volume=0.6, muted=True).with_status(sent=0.1)
    after, things, behind = turn(idle, event)
    alarm = event is Event.ALARM
    assert after.tonight == Tonight(
        number=8, mode=Mode.WAKING if alarm else Mode.SETTLING, since=NOW + 2,
        lights_out=NOW + 2, bedtime=not alarm, **KEPT,
    )
    assert (after.nights, after.status.sent) == (8, 0.6)
    assert things == [
        Send(Volume(0.6, True)),
        Row("nights", {"id": 8, "began": at(2.0).wall, "lights_out": NOW + 2, "seed": 11,
                       "sleeper": "ada", "software": "0.1.0"}),
        ForgetStages(),
        Choose("alarm" if alarm else "bedtime"),
        *([Happened("waking", {"event_type": "alarm"})] if alarm else []),
    ]
    assert behind == []


@pytest.mark.parametrize(("before", "event", "kind"), [
    (Mode.ASLEEP, Event.ALARM, "alarm"), (Mode.WAKING, Event.PRESS, "snooze"),
    (Mode.ASLEEP, Event.UP, "out_of_bed"), (Mode.WAKING, Event.UP, "out_of_bed"),
    (Mode.WAKING, Event.STOP, None), (Mode.SETTLING, Event.PRESS, None),
])
def test_a_home_hears_of_the_alarm_a_snooze_and_getting_up(before, event, kind):
    things = on_event(state(before, played=played()), event, at())[1]
    happened = [thing.payload["event_type"] for thing in things if isinstance(thing, Happened)]
    assert happened == ([kind] if kind else [])


def test_a_night_that_begins_at_an_unknown_time_has_no_date():
    _, things = on_event(state(Mode.IDLE), Event.PRESS, at(local=None), by_hand=True)
    (row,) = (thing for thing in things if isinstance(thing, Row))
    assert row.fields["began"] is None


# ---- what a mode asks for ------------------------------------------------------------------------

def test_an_arousal_is_answered_by_what_has_proved_best_and_another_choice_follows():
    asleep = state(Mode.ASLEEP, depth=1.0, fell_asleep=True, came_at=-13.5, played=played())
    masking, things, _ = turn(asleep, Event.AROUSED)
    assert things == [Choose("arousal")]
    assert masking.tonight.depth == pytest.approx(0.45) and masking.tonight.dearer == 0.5
    for event in (Event.CALM, Event.PRESS, Event.ALARM, Event.UP):
        assert turn(masking, event)[1][0] == Choose("night")


def test_silence_that_was_chosen_on_an_arousal_is_followed_by_no_sound():
    masking = state(Mode.MASKING, played=played(9, SILENCE))
    after, things, _ = turn(masking, Event.CALM)
    assert after.tonight.mode is Mode.ASLEEP and things == [Choose("night")]
    again = after.with_tonight(played=played())
    assert fade.scene(Mode.ASLEEP, again.tonight.recipe, again.tonight.depth,
                      again.owner.rules).level == fade.SILENT


def test_an_answer_without_sleep_after_it_was_in_vain_but_an_alarm_says_nothing_of_it():
    masking = state(Mode.MASKING, depth=0.5)
    for event, vain in ((Event.CALM, 1), (Event.PRESS, 1), (Event.ALARM, 0), (Event.UP, 0)):
        late = replace(masking, tonight=replace(masking.tonight, since=NOW - 600))
        after = turn(late, event)[0].tonight
        assert (after.unanswered, after.masked) == (vain, (False,) * vain)


@pytest.mark.parametrize(("mode", "event"), [
    (Mode.ASLEEP, Event.PRESS), (Mode.ASLEEP, Event.START), (Mode.PAUSED, Event.PRESS),
])
def test_sound_that_was_asked_for_starts_at_the_settling_level(mode, event):
    after, things, _ = turn(state(mode, depth=1.0, fell_asleep=True), event)
    assert after.tonight.depth == 0.0 and things == []


def test_a_fade_that_is_under_way_is_not_broken_off_by_a_judgement():
    for mode, event in ((Mode.DRIFTING, Event.UNLIKELY), (Mode.FAULT, Event.SEEING),
                        (Mode.DRIFTING, Event.PRESS), (Mode.ASLEEP, Event.HUSH)):
        after, things, _ = turn(state(mode, depth=0.6), event)
        assert after.tonight.depth == 0.6 and things == []


def test_the_morning_begins_with_the_nights_sums():
    for mode in (Mode.SETTLING, Mode.ASLEEP, Mode.WAKING):
        after, things, deeds = turn(state(mode, asleep=True), Event.UP)
        assert deeds == [Send(Asleep(False)), Review()] and not after.tonight.asleep


def test_and_ends_with_its_lesson():
    after, things, lesson = turn(state(Mode.MORNING, outcome=outcome()), Event.OVER)
    assert after.tonight.outcome is None and things == []
    assert lesson[1:] == [LearnTaste(0), Share(), NightOver(), Report()]
    assert lesson[0].detail.id == "learned.named"
