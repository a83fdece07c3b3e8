from dataclasses import replace
from datetime import UTC

import pytest

from device.programmes import NAMES
from device.session import controls, schedule
from device.session.alarms import Due
from device.session.commands import leaving, obeyed, on_command, private_answer
from device.session.modes import NIGHT, SOUNDING, Event, Mode
from device.session.settings import DAILY, Once, Rules, Settings
from device.session.state import Bell
from device.session.things import (
    Adopt,
    Answer,
    Choose,
    Go,
    Install,
    Note,
    Publish,
    Read,
    Save,
    Send,
    Shape,
    Tell,
    Withdraw,
)
from device.session.tonight import Said, Unsaid
from device.values import Command, Stop, Volume, Wish
from tests.session.around import NOW, RAIN, at, owned, played, state


def obey(before, kind, value=None):
    """What a command does, without what every command does."""
    after, things = on_command(before, Command(kind, value), at())
    assert things[0] == Note("command", f"{kind} {value}")
    assert things[-2:] == [Tell(), Publish({"heard": (kind, "", refusal(things))})]
    return after, things[1:-2]


def refusal(things):
    return next((thing.detail for thing in things
                 if isinstance(thing, Note) and thing.kind == "refused"), "")


# ---- sound ---------------------------------------------------------------------------------------

def test_sound_from_afar_is_answered_at_once_unless_that_would_startle_who_sleeps():
    assert obey(state(), "sound", True) == (state(), [Go(Event.START, by_hand=True), Save()])
    for asleep in (state(Mode.ASLEEP, fell_asleep=True), state(Mode.ASLEEP, depth=1.0)):
        assert obey(asleep, "sound", True) == (asleep, [Go(Event.START, by_hand=False), Save()])


def test_a_stop_from_afar_is_always_answered_at_once():
    asleep = state(Mode.MASKING, fell_asleep=True)
    assert obey(asleep, "sound", False) == (asleep, [Go(Event.STOP, by_hand=True), Save()])
    assert obey(asleep, "stop") == (asleep, [Go(Event.STOP, by_hand=True), Save()])


def test_a_sound_that_goes_on_through_sleep_is_stopped_from_afar_and_by_the_timer():
    goes_on = owned(state(Mode.ASLEEP, fell_asleep=True), Rules(keep_playing=True))
    for command in (("sound", False), ("stop",)):
        assert obey(goes_on, *command)[1] == [Go(Event.HUSH, by_hand=True), Save()]
    timed = goes_on.with_tonight(timer=1.0, timer_ends=NOW)
    assert Go(Event.HUSH) in schedule.on_tick(timed, at())[1]


def test_a_stop_from_afar_ends_a_snooze():
    after, _ = obey(state(Mode.PAUSED, snoozed=True), "sound", False)
    assert not after.tonight.snoozed


@pytest.mark.parametrize("mode", Mode)
def test_turning_down_what_sounds_is_a_word_about_it(mode):
    after, things = obey(state(mode).with_settings(volume=0.8), "volume", 0.5)
    assert after.tonight == state(mode, turned_down=int(mode in SOUNDING)).tonight
    due = controls.ALARM if mode is Mode.WAKING else 0.5        # no knob from afar silences it
    assert after.settings.volume == 0.5 and things == [Send(Volume(due))]


def test_turning_up_is_no_word_and_rounding_neither():
    loud = state(turned_down=1).with_settings(volume=0.5)
    for volume in (0.9, 0.5, 0.49, 0.481):
        assert obey(loud, "volume", volume)[0].tonight.turned_down == 1
    assert obey(loud, "volume", 0.479)[0].tonight.turned_down == 2


def test_nobody_turns_it_above_the_cap():
    capped = state().with_settings(cap=0.6, volume=0.3)
    after, things = obey(capped, "volume", 0.9)
    assert after.settings == Settings(cap=0.6, volume=0.6) and things == [Send(Volume(0.6))]
    after, things = obey(capped, "volume", 0)
    assert after.settings == Settings(cap=0.6, volume=0) and things == [Send(Volume(0))]


def test_a_lower_cap_turns_it_down_and_a_higher_one_leaves_it():
    before = state().with_settings(cap=0.8, volume=0.7)
    after, things = obey(before, "volume_cap", 0.4)
    assert after.settings == Settings(cap=0.4, volume=0.4) and things == [Send(Volume(0.4))]
    assert after.tonight.turned_down == 1
    after, things = obey(before, "volume_cap", 1)
    assert after.settings == Settings(cap=1, volume=0.7) and things == [Send(Volume(0.7))]
    assert after.tonight.turned_down == 0


def test_the_mute_by_hand_stays_whatever_is_asked():
    muted = state().with_settings(muted=True)
    for kind, value in (("volume", 0.7), ("volume_cap", 0.7), ("sound", True)):
        after, things = obey(muted, kind, value)
        assert after.settings.muted and Send(Volume(0.7, False)) not in things
    assert obey(muted, "muted", False)[0] == muted


# ---- what is set ---------------------------------------------------------------------------------

def test_a_timer_runs_from_now_on_and_nought_is_none():
    running, things = obey(state(), "timer", 20)
    assert running == state(timer=20, timer_ends=NOW + 1200) and things == [Save()]
    assert obey(running, "timer", 0) == (state(timer=0), [Save()])


@pytest.mark.parametrize("mode", Mode)
def test_a_programme_is_played_at_once_by_night_and_kept_for_later_by_day(mode):
    after, things = obey(state(mode), "programme", "slow tide")
    assert after == state(mode).with_settings(programme="slow tide")
    assert things == ([Choose("night"), Shape()] if mode in NIGHT else [])


def test_before_sleep_another_programme_is_an_evening_s_choice_and_the_last_one_gives_way():
    evening = state(played=played(3, RAIN, 2))
    after, things = obey(evening, "programme", "slow tide")
    assert things == [Choose("bedtime"), Shape()] and after.tonight.receipts == ({"candidate": 2},)
    for later in ({"fell_asleep": True}, {"bedtime": False}):
        before = state(played=played(3, RAIN, 2), **later)
        after, things = obey(before, "programme", "slow tide")
        assert things == [Choose("night"), Shape()]
        assert after.tonight.played == before.tonight.played


def test_every_programme_can_be_asked_for_and_no_other():
    for name in NAMES:
        assert obey(state(), "programme", name)[0].settings.programme == name
    assert obey(state().with_settings(programme="slow tide"), "programme", "slow tide")[1] == []
    assert obey(state(), "programme", "thrash metal") == (state(), [])


def test_an_alarm_that_is_set_has_not_rung_yet():
    rung = replace(state().with_settings(alarm=400), bell=Bell((9, 400)))
    after, things = obey(rung, "alarm", 420)
    assert replace(after, bell=Bell()) == state().with_settings(alarm=420) and things == []
    assert not schedule.has_rung(after.bell, Due(0.0, 9, 420))
    after, things = obey(rung, "alarm", None)
    assert replace(after, bell=Bell()) == state().with_settings(alarm=None) and things == []


def test_quiet_hours_are_set_end_by_end():
    dark = state().with_settings(quiet=(1320, 420))
    assert obey(dark, "quiet_from", 1200) == (state().with_settings(quiet=(1200, 420)), [])
    assert obey(dark, "quiet_to", 400) == (state().with_settings(quiet=(1320, 400)), [])
    assert obey(dark, "quiet_from") == (state().with_settings(quiet=(None, 420)), [])
    assert obey(dark, "quiet_to") == (state().with_settings(quiet=(1320, None)), [])


def test_a_night_light_is_set_by_its_name():
    assert obey(state(), "light", 0.4) == (state().with_settings(light=0.4), [])


def test_who_looks_for_the_device_and_who_wants_it_updated():
    assert obey(state(), "identify") == (state().with_status(thanked=NOW + 8), [])
    assert obey(state(), "firmware") == (state(), [Install()])


def test_the_switch_of_sharing():
    assert obey(state(), "sharing", True) == (state().with_settings(sharing=True), [Adopt()])
    shares = state().with_settings(sharing=True)
    assert obey(shares, "sharing", False) == (state(), [Withdraw(), Adopt()])


@pytest.mark.parametrize(("kind", "value"), [
    ("dance", True), ("sound", "yes"), ("volume", "loud"), ("volume_cap", None), ("timer", "soon"),
    ("privacy", "on"), ("sharing", 1), ("alarm", "early"), ("quiet_from", "x"), ("quiet_to", "x"),
    ("programme", None), ("cap", 0.1), ("configured", None),
])
def test_what_nobody_can_mean_changes_nothing(kind, value):
    after, things = obey(state(), kind, value)
    assert after == state() and [thing.kind for thing in things] == ["refused"]


def test_a_message_is_shown_and_kept_in_the_diary():
    after, things = on_command(state(), Command("message", "the doctor comes at ten"), at())
    assert after.status.message == "the doctor comes at ten" in after.status.answer
    assert things == [Note("message", "the doctor comes at ten"), Tell(),
                      Publish({"heard": ("message", "", "")})]


def test_a_command_is_answered_by_its_id_once_it_was_obeyed_or_with_why_it_was_not():
    def heard(kind, value, moment):
        things = on_command(state(), Command(kind, value, "a1"), moment)[1]
        return [thing.fields["heard"] for thing in things if isinstance(thing, Publish)]
    assert heard("volume", 0.4, at()) == [("volume", "a1", "")]
    (kind, identity, why), = heard("alarm", 400, at(local=None))
    assert (kind, identity) == ("alarm", "a1") and "time zone" in why
    (_, _, why), = heard("choose", "no bells", at())
    assert "nothing was changed" in why
    assert heard("greet", "speaker", at()) == []


def test_a_restart_leaves_the_night_to_the_process_that_follows():
    assert leaving(Command("restart")) == Stop(finish=False)
    assert leaving(Command("stop")) is None


# ---- privacy and words ---------------------------------------------------------------------------

def test_with_privacy_what_was_said_for_tonight_goes():
    wishes = (Wish("raise", "rain"),)
    spoken = state(said=Said(wishes, mood="tense"), unsaid=Unsaid()).with_sleeper(always=wishes)
    after, things = obey(spoken, "privacy", True)
    assert after == state().with_settings(privacy=True).with_status(
        answer=private_answer(turned_on=True)).with_sleeper(always=wishes)
    assert things == [Save()]
    assert after.status.answer.endswith("What was said for tonight is forgotten.")
    off, _ = obey(after, "privacy", False)
    assert off == after.with_settings(privacy=False).with_status(answer="")
    assert obey(spoken, "privacy", False) == (spoken, [Save()])


def test_a_note_is_read_and_not_kept_and_its_answer_finds_who_waits():
    reply = print
    for text in ("no bells", None):
        after, things = on_command(state(), Command("say", text, reply=reply), at())
        assert after == state() and things == [Read(text, reply), Tell()]


def test_in_privacy_nobody_reads_a_note():
    private = state().with_settings(privacy=True)
    after, things = on_command(private, Command("say", "no bells", reply=print), at())
    answer = private_answer(turned_on=False)
    assert after == private.with_status(answer=answer)
    assert things == [Answer(answer, print), Tell()] and answer.endswith("Nothing was changed.")


# ---- times of day --------------------------------------------------------------------------------

def test_without_a_time_zone_a_time_of_day_is_refused_in_words():
    for kind in ("alarm", "alarm_once", "alarm_sunday", "quiet_from"):
        then, things = obeyed(state(), Command(kind, 400), at(local=None))
        assert then.settings == state().settings and "time zone" in then.status.answer
        assert [thing.kind for thing in things] == ["refused"]
    assert obeyed(state(), Command("alarm", None), at(local=None))[1] == []


def test_the_zone_comes_with_what_is_asked_unless_the_owner_names_one():
    unknown = at(local=None)
    then, _ = on_command(state(), Command("alarm", 400, zone="Asia/Tokyo"), unknown)
    assert (then.settings.zone, then.settings.alarm) == ("Asia/Tokyo", 400)
    then, _ = on_command(then, Command("volume", 0.5, zone="America/New_York"), unknown)
    assert then.settings.zone == "Asia/Tokyo"           # somebody's page moves no alarm
    assert on_command(then, Command("zone", "UTC"), unknown)[0].settings.zone == "UTC"


def test_a_single_day_at_an_unknown_time_is_refused_in_words():
    here = owned(state(), zone=UTC)
    then, things = obeyed(here, Command("alarm_once", 400), at(local=None))
    assert then.settings == here.settings and "nothing was changed" in then.status.answer
    assert [thing.kind for thing in things] == ["refused"]


def test_single_days_and_the_next_alarm_alone_are_set():
    then, _ = obeyed(state(), Command("alarm_tuesday", 400), at())
    assert then.settings.week[1] == 400
    then, _ = obeyed(then, Command("alarm_once", 500), at())      # at() is a Sunday's evening
    assert then.settings.once == Once(at().local.toordinal() + 1, 500)
    then, _ = obeyed(then, Command("alarm_once", DAILY), at())
    assert then.settings.once is None
