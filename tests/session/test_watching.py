import math

import pytest

from device.session import fade, watching
from device.session.modes import Event, Mode
from device.session.settings import Rules
from device.session.things import Go, KeepEpoch, Save, Send, Shape, Tell
from device.values import SILENCE, Asleep, Stage
from tests.session.around import NOW, at, epoch, owned, played, staging, state

NOBODY = staging(None)
MIDDLE = staging(0.5)


def events(mode: Mode, judged=MIDDLE, minutes: float = 1.0, rules: Rules | None = None, **tonight):
    """What an epoch means, `minutes` into a mode."""
    now = at()
    here = owned(state(mode, since=now.now - 60 * minutes, **tonight), rules)
    return watching.events_of(here, judged, now)


# ---- what the epoch means ------------------------------------------------------------------------

@pytest.mark.parametrize("mode", Mode)
def test_an_unclear_epoch_means_nothing(mode):
    expected = [Event.SEEING] if mode is Mode.FAULT else []
    assert events(mode) == expected


@pytest.mark.parametrize(("p", "expected"), [
    (0.29, [Event.UNLIKELY]), (0.3, []), (0.59, []), (0.6, [Event.LIKELY]), (None, []),
])
def test_sleep_is_likely_from_six_tenths_and_unlikely_below_three(p, expected):
    assert events(Mode.SETTLING, staging(p)) == expected


def test_believed_sleep_is_likely_whatever_this_epoch_says():
    assert events(Mode.DRIFTING, staging(0.1, asleep=True)) == [Event.LIKELY]
    assert events(Mode.DRIFTING, staging(None, asleep=True)) == []


def test_the_fade_has_gone_only_at_silence_and_with_sleep_believed_or_nothing_to_be_seen():
    asleep, guess = staging(0.9, asleep=True), staging(0.9)
    assert Event.GONE in events(Mode.DRIFTING, asleep, depth=1.0)
    assert Event.GONE not in events(Mode.DRIFTING, asleep, depth=0.99)
    assert Event.GONE not in events(Mode.DRIFTING, guess, depth=1.0)
    assert events(Mode.FAULT, NOBODY, depth=1.0) == [Event.GONE]
    assert events(Mode.FAULT, NOBODY, depth=0.9) == []


def test_a_sensor_that_is_off_for_five_minutes_leaves_the_timer_programme():
    assert events(Mode.SETTLING, NOBODY, blind=9) == []
    assert events(Mode.SETTLING, NOBODY, blind=10) == [Event.BLIND]


AWAKE = staging(0.1)


def restless(mode: Mode, judged=AWAKE, **more):
    """What an epoch means, after two minutes of such."""
    return events(mode, judged, stagings=(judged,) * 4, **more)


def test_an_arousal_is_masked_out_of_silence_only():
    for mode in Mode:
        assert (Event.AROUSED in restless(mode)) is (mode is Mode.ASLEEP)


def test_masking_set_to_no_minutes_masks_nothing():
    for rules in (Rules(masking=0.0), Rules(answer="off"), Rules(keep_playing=True)):
        assert Event.AROUSED not in restless(Mode.ASLEEP, rules=rules)
    assert Event.AROUSED in restless(Mode.ASLEEP, rules=Rules(masking=0.5))


def test_masking_is_over_once_it_is_silent_and_sleep_is_believed_or_time_is_up():
    asleep = staging(0.9, asleep=True, time=at().now)
    awake = staging(0.5, time=at().now)
    assert Event.CALM in events(Mode.MASKING, asleep, depth=1.0)
    assert Event.CALM not in events(Mode.MASKING, asleep, depth=0.9)
    assert Event.CALM not in events(Mode.MASKING, awake, 5.9, depth=1.0)
    assert Event.CALM in events(Mode.MASKING, awake, 6.0, depth=1.0)
    assert Event.CALM in events(Mode.MASKING, awake, 2.0, Rules(masking=2.0), depth=1.0)
    assert Event.CALM not in events(Mode.ASLEEP, asleep, 60.0, depth=1.0)


@pytest.mark.parametrize("mode", sorted(set(Mode) - {Mode.IDLE, Mode.WAKING}))
def test_half_an_hour_of_an_empty_bed_is_the_morning(mode):
    assert Event.UP not in events(mode, empty=59)
    assert Event.UP in events(mode, empty=60)


def test_in_idle_nobody_gets_up():
    assert events(Mode.IDLE, empty=1000) == []


def test_an_alarm_is_answered_by_five_minutes_out_of_bed():
    assert events(Mode.WAKING, minutes=5.0, empty=9) == []
    assert events(Mode.WAKING, minutes=5.0, empty=10) == [Event.UP]


def test_an_alarm_rings_five_minutes_even_where_the_bed_was_empty_before():
    assert events(Mode.WAKING, minutes=4.9, empty=300) == []
    assert events(Mode.WAKING, minutes=5.0, empty=300) == [Event.UP]


def test_an_alarm_that_nobody_answers_ends_after_an_hour_and_no_sooner():
    assert events(Mode.WAKING, minutes=30.0) == []
    assert events(Mode.WAKING, minutes=59.9) == []
    assert events(Mode.WAKING, minutes=60.0) == [Event.UP]


def test_a_snooze_lasts_nine_minutes():
    assert events(Mode.PAUSED, minutes=8.9, snoozed=True) == []
    assert events(Mode.PAUSED, minutes=9.0, snoozed=True) == [Event.SNOOZE_OVER]
    assert events(Mode.PAUSED, minutes=9.0, snoozed=False) == []
    assert events(Mode.ASLEEP, minutes=9.0, snoozed=True) == []


def test_a_snooze_is_answered_by_getting_up_but_a_pause_is_not():
    assert events(Mode.PAUSED, minutes=5.0, empty=10, snoozed=True) == [Event.UP]
    assert events(Mode.PAUSED, minutes=5.0, empty=9, snoozed=True) == []
    assert events(Mode.PAUSED, minutes=5.0, empty=10) == []


def test_a_morning_that_nobody_answers_is_over_after_an_hour():
    assert events(Mode.MORNING, minutes=59.9) == []
    assert events(Mode.MORNING, minutes=60.0) == [Event.OVER]
    assert events(Mode.SETTLING, minutes=60.0) == []


def test_the_most_urgent_goes_first():
    both = events(Mode.PAUSED, staging(0.2), minutes=10, empty=60, snoozed=True, blind=10)
    assert both == [Event.UP, Event.SNOOZE_OVER, Event.BLIND, Event.UNLIKELY]
    assert restless(Mode.ASLEEP, empty=60) == [Event.UP, Event.AROUSED, Event.UNLIKELY]
    fault = events(Mode.FAULT, staging(0.8, asleep=True), depth=1.0)
    assert fault == [Event.SEEING, Event.GONE, Event.LIKELY]


@pytest.mark.parametrize(("stage", "light"), [
    (Stage.WAKE, True), (Stage.LIGHT, True), (Stage.DEEP, False), (Stage.REM, False),
    (None, False),
])
def test_a_smart_alarm_may_end_light_sleep_by_the_newest_judgement(stage, light):
    deep = staging(stage=Stage.DEEP)
    assert watching.light((deep, staging(stage=stage))) is light
    assert watching.light((staging(stage=Stage.LIGHT), deep)) is False
    assert watching.light(()) is False


# ---- what is counted -----------------------------------------------------------------------------

def counted(mode: Mode = Mode.SETTLING, judged=MIDDLE, body=None, rules=None, **tonight):
    here = owned(state(mode, **tonight), rules)
    return watching.on_epoch(here, body or epoch(), judged, at())[0].tonight


def test_an_epoch_is_kept_with_the_night():
    old = staging(0.1)
    assert counted(stagings=(old,)).stagings == (old, MIDDLE)
    assert counted(Mode.MORNING).stagings == (MIDDLE,)
    assert counted(Mode.IDLE).stagings == ()


def test_epochs_without_a_judgement_are_counted_in_a_row_while_a_night_lasts():
    assert counted(judged=NOBODY, blind=3).blind == 4
    assert counted(judged=MIDDLE, blind=3).blind == 0
    for mode in (Mode.IDLE, Mode.MORNING):
        assert counted(mode, judged=NOBODY, blind=3).blind == 0


def test_epochs_with_nobody_there_are_counted_in_a_row_and_not_knowing_is_somebody():
    assert counted(body=epoch(present=False), empty=3).empty == 4
    assert counted(body=epoch(present=True), empty=3).empty == 0
    assert counted(body=epoch(present=None), empty=3).empty == 0


def test_that_somebody_fell_asleep_stands_for_the_night():
    assert counted(judged=staging(0.9, asleep=True)).fell_asleep
    assert counted(fell_asleep=True).fell_asleep and not counted().fell_asleep
    assert not counted(Mode.IDLE, judged=staging(0.9, asleep=True)).fell_asleep


def test_the_fade_follows():
    asleep, rules = staging(0.9, asleep=True), Rules()
    assert counted(Mode.DRIFTING, asleep, depth=0.4).depth == fade.deepen(
        0.4, Mode.DRIFTING, 0.9, True, 60.0, rules)
    assert counted(Mode.FAULT, NOBODY, depth=0.4).depth > 0.4          # the timer has run out
    long = Rules(timer=61.0)
    assert counted(Mode.FAULT, NOBODY, rules=long, depth=0.4).depth < 0.4


def test_the_level_at_which_sleep_was_believed_is_kept():
    asleep = staging(0.9, asleep=True)
    for mode in (Mode.SETTLING, Mode.DRIFTING):
        assert counted(mode, asleep, depth=0.4, played=played()).came_at == -12.0
        softer = Rules(softer=3.0)
        assert counted(mode, asleep, depth=0.4, rules=softer, played=played()).came_at == -15.0
        assert counted(mode, asleep, depth=0.4, played=played(9, SILENCE)).came_at == fade.SILENT
        assert counted(mode, MIDDLE, depth=0.4, came_at=-9.0).came_at == -9.0
    assert counted(Mode.DRIFTING, asleep, depth=0.4, came_at=-9.0,
                   believed=True).came_at == -9.0        # it was believed before
    assert counted(Mode.MASKING, asleep, depth=0.4, came_at=-9.0).came_at == -9.0


def test_what_an_answer_has_made_dearer_is_forgotten_with_the_hours():
    assert counted(Mode.ASLEEP, dearer=1.0).dearer == pytest.approx(math.exp(-1 / 240))
    assert counted(Mode.ASLEEP, dearer=0.0005).dearer == 0.0


def test_an_epoch_is_acted_on_then_kept_then_told():
    body, judged = epoch(index=5), staging(0.8)
    then, things = watching.on_epoch(state(), body, judged, at())
    assert things == [Go(Event.LIKELY), Shape(), KeepEpoch(body, judged), Tell()]
    assert then.status.epoch is body


@pytest.mark.parametrize(("index", "mode", "saved"), [
    (8, Mode.SETTLING, True), (8, Mode.MORNING, True), (8, Mode.IDLE, False),
    (9, Mode.SETTLING, False), (10, Mode.SETTLING, False), (11, Mode.ASLEEP, False),
    (0, Mode.ASLEEP, True),
])
def test_a_restart_may_cost_two_minutes(index, mode, saved):
    _, things = watching.on_epoch(state(mode), epoch(index=index), MIDDLE, at())
    assert (Save() in things) is saved
    assert things[-1] == Tell() and (not saved or things[-2] == Save())


def test_what_an_epoch_counts_decides_at_once():
    here = state(Mode.SETTLING, blind=9, lights_out=NOW)
    _, things = watching.on_epoch(here, epoch(), NOBODY, at())
    assert things[0] == Go(Event.BLIND)


def test_somebody_may_be_asleep_once_it_is_believed_likely_or_long_unseen():
    def told(before, judged, seconds=0.0):
        after, things = watching.on_epoch(before, epoch(), judged, at(seconds))
        said = [thing for thing in things if isinstance(thing, Send)]
        assert said == [Send(Asleep(True))] * (after.tonight.asleep > before.tonight.asleep)
        return after.tonight.asleep
    settling = state(Mode.SETTLING, lights_out=NOW - 100.0)
    assert not told(settling, staging(0.2)) and told(settling, staging(0.9, asleep=True))
    assert told(state(Mode.SETTLING, lights_out=NOW - 100.0, depth=0.3), staging(0.3))
    touched = state(Mode.SETTLING, lights_out=NOW - 100.0, touched=NOW - 30.0)
    assert not told(touched, staging(0.9, asleep=True)), "a hand was there a moment ago"
    assert told(touched, staging(0.9, asleep=True), 60.0)
    paused = state(Mode.PAUSED, lights_out=NOW - 100.0)
    assert not told(paused, NOBODY) and told(paused, NOBODY, 60 * watching.UNSEEN)
    assert not told(paused, staging(0.1), 60 * watching.UNSEEN)
    assert told(state(Mode.PAUSED, lights_out=NOW, asleep=True), staging(0.1))
    assert not told(state(Mode.MORNING, lights_out=NOW - 100.0), staging(0.9, asleep=True))


def test_of_sleep_the_heart_goes_into_the_baseline():
    asleep, body = staging(0.51), epoch(heart_rate=55.0, rmssd=None)
    hearts = watching.on_kept(state(hearts=((60.0, 30.0),)), body, asleep).tonight.hearts
    assert hearts == ((60.0, 30.0), (55.0, None))
    for mode, judged, heart in (
        (Mode.IDLE, asleep, 55.0), (Mode.ASLEEP, staging(0.5), 55.0),
        (Mode.ASLEEP, NOBODY, 55.0), (Mode.ASLEEP, asleep, None),
    ):
        kept = watching.on_kept(state(mode), epoch(heart_rate=heart), judged)
        assert kept.tonight.hearts == ()
