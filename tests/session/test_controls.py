from dataclasses import replace

import pytest

from device.session import controls
from device.session.controls import like, on_press, skip
from device.session.modes import NIGHT, SOUNDING, Event, Mode
from device.session.settings import Rules
from device.session.state import State
from device.session.things import (
    Choose,
    Go,
    Happened,
    Note,
    Restart,
    Row,
    Save,
    Send,
    Shape,
    Tell,
)
from device.values import SILENCE, Asleep, Light, Press, Recipe, Volume
from tests.session.around import BEAT, NOW, RAIN, TIDE, at, owned, played, state


def press(before, kind=Press.SHORT, seconds=0.0):
    """What a press does, without what every press does."""
    after, things = on_press(before, kind, at(seconds))
    clicks = {Press.SHORT: "single", Press.SECOND: "double", Press.THIRD: "triple",
              Press.HOLD: "hold"}[kind]
    assert things[:3] == [Send(Asleep(False)), Note("press", kind),
                          Happened("button", {"event_type": clicks})]
    assert things[-2:] == [Save(), Tell()]
    assert after.status.thanked == NOW + seconds
    assert after.tonight.touched == NOW + seconds and not after.tonight.asleep
    after = after.with_tonight(touched=before.tonight.touched, asleep=before.tonight.asleep)
    return after.with_status(thanked=before.status.thanked), things[3:-2]


def said(kind, value, number=5):
    return Row("feedback", {"night": number, "time": NOW, "kind": kind, "value": value})


PRESS, HUSH = Go(Event.PRESS, by_hand=True), Go(Event.HUSH, by_hand=True)
OVER, START = Go(Event.OVER), Go(Event.START, by_hand=True)
UP = Go(Event.UP, by_hand=True)


# ---- a short press -------------------------------------------------------------------------------

@pytest.mark.parametrize("mode", sorted(set(Mode) - {Mode.MORNING, Mode.WAKING}))
def test_a_short_press_is_for_the_table_of_modes(mode):
    assert press(state(mode)) == (state(mode), [OVER, PRESS])


def test_where_the_sound_goes_on_for_who_sleeps_a_press_hushes():
    plays = Rules(keep_playing=True)
    assert press(owned(state(Mode.ASLEEP), plays))[1] == [OVER, HUSH]
    assert press(owned(state(Mode.SETTLING), plays))[1] == [OVER, PRESS]


@pytest.mark.parametrize("kind", sorted(set(Press) - {Press.LONG}))
@pytest.mark.parametrize("mode", Mode)
def test_muted_any_press_unmutes_and_does_nothing_else(mode, kind):
    muted = state(mode).with_settings(muted=True).with_status(sent=0.4)
    after, things = press(owned(muted, lock=True), kind)
    assert after == owned(muted.with_settings(muted=False), lock=True)
    assert things == [Send(Volume(0.4, False))]


@pytest.mark.parametrize("mode", Mode)
def test_holding_mutes_in_every_mode_and_behind_a_lock(mode):
    plain = owned(state(mode).with_status(sent=0.4), lock=True)
    after, things = press(plain, Press.HOLD)
    assert after == plain.with_settings(muted=True)
    assert things == [Send(Volume(0.4, True))]


@pytest.mark.parametrize("kind", sorted(set(Press) - {Press.HOLD, Press.LONG}))
@pytest.mark.parametrize("mode", Mode)
def test_a_locked_button_only_mutes(mode, kind):
    locked = owned(state(mode, played=played(), snoozed=True), lock=True)
    assert press(locked, kind) == (locked, [])


# ---- the morning ---------------------------------------------------------------------------------

def test_in_the_morning_a_press_says_a_good_night_and_a_second_one_a_poor_one():
    good, things = press(state(Mode.MORNING))
    assert good == state(Mode.MORNING, rested=+1) and things == [said("rested", +1)]
    poor, things = press(good, Press.SECOND)
    assert poor == state(Mode.MORNING, rested=-1) and things == [said("rested", -1)]


def test_a_second_press_without_a_first_and_a_third_say_nothing_in_the_morning():
    assert press(state(Mode.MORNING), Press.SECOND) == (state(Mode.MORNING), [])
    for rested in (None, +1, -1):
        morning = state(Mode.MORNING, rested=rested, played=played())
        assert press(morning, Press.THIRD) == (morning, [])


def test_once_answered_the_next_press_starts_again():
    answered = state(Mode.MORNING, rested=-1)
    assert press(answered) == (answered, [OVER, PRESS])


# ---- the alarm -----------------------------------------------------------------------------------

def test_at_the_alarm_a_press_snoozes():
    after, things = press(state(Mode.WAKING))
    assert after == state(Mode.WAKING, snoozed=True) and things == [PRESS]


def test_a_press_while_it_is_snoozed_snoozes_anew():
    snoozed = state(Mode.PAUSED, snoozed=True, since=NOW - 500)
    after, things = press(snoozed, seconds=7.0)
    assert after == snoozed.with_tonight(since=NOW + 7) and things == []


@pytest.mark.parametrize("kind", [Press.SECOND, Press.THIRD])
@pytest.mark.parametrize("mode", [Mode.WAKING, Mode.PAUSED])
def test_at_the_alarm_a_second_press_means_up(mode, kind):
    snoozed = state(mode, snoozed=True, played=played())
    assert press(snoozed, kind) == (snoozed, [UP])


def test_a_pause_by_hand_is_no_snooze():
    assert press(state(Mode.PAUSED)) == (state(Mode.PAUSED), [OVER, PRESS])
    assert press(state(Mode.SETTLING, snoozed=True))[1] == [OVER, PRESS]


# ---- not this one; this one ----------------------------------------------------------------------

@pytest.mark.parametrize("mode", sorted(NIGHT - {Mode.WAKING}))
def test_a_second_press_turns_the_choice_away(mode):
    before = state(mode, played=played(3), refused=(1,), liked=2)
    after, things = press(before, Press.SECOND)
    assert after == state(mode, played=played(3), passed_over=played(3), refused=(1, 3), liked=1)
    assert things == [START, said("skip", -1), Choose("bedtime"), Shape(by_hand=True)]


@pytest.mark.parametrize("slept", [{"fell_asleep": True}, {"depth": 1.0}])
def test_after_sleep_onset_what_comes_instead_is_no_bedtime_choice(slept):
    _, things = skip(state(played=played(), **slept), at())
    assert things == [said("skip", -1), Choose("night"), Shape(by_hand=True)]


def test_a_fade_that_has_not_reached_silence_is_no_sleep():
    _, things = skip(state(played=played(), depth=0.99), at())
    assert Choose("bedtime") in things


def test_a_third_press_takes_the_second_back_receipt_and_all_and_likes_it():
    first = state(played=played(3, RAIN), refused=(1, 2), liked=2)
    skipped, _ = press(first, Press.SECOND)
    other = skipped.with_tonight(played=played(8, TIDE, 3))
    after, things = press(other, Press.THIRD)
    assert after.tonight == replace(first.tonight, liked=3, sound="rain on a roof")
    assert after.tonight.receipts == ({"candidate": 3},)
    assert after.sleeper.favourites == (RAIN,)
    assert things == [START, said("like", +1), Shape(by_hand=True)]


def test_a_third_press_with_nothing_to_take_back_likes_what_plays():
    after, things = like(state(played=played(8, TIDE), refused=(1, 2)), at())
    assert after.tonight == state(played=played(8, TIDE), refused=(1, 2), liked=1).tonight
    assert after.sleeper.favourites == (TIDE,)
    assert things == [said("like", +1), Shape(by_hand=True)]


@pytest.mark.parametrize("kind", [Press.SECOND, Press.THIRD])
def test_with_nothing_that_plays_and_outside_the_night_there_is_nothing_to_turn_away(kind):
    for nothing in (state(), state(Mode.IDLE, played=played()),
                    state(Mode.MORNING, rested=+1)):
        after, things = press(nothing, kind)
        assert things == ([] if nothing.tonight.mode is not Mode.MORNING or kind is Press.THIRD
                          else [said("rested", -1)])
        assert after.tonight.refused == () and after.tonight.liked == 0


def test_the_newest_favourite_comes_first_once_and_the_oldest_gives_way():
    liked = [Recipe(name=name) for name in "abcde"]
    old = state().with_sleeper(favourites=tuple(liked))
    assert controls.favoured(old, TIDE).sleeper.favourites == (TIDE, *liked[:4])
    again = controls.favoured(old, liked[2]).sleeper.favourites
    assert [each.name for each in again] == list("cabde")
    alone = controls.favoured(state(), Recipe(pulse=50))
    assert alone.sleeper.favourites == (Recipe(pulse=50, name="a favourite"),)


def test_of_a_guest_and_in_privacy_nothing_is_favoured():
    for nobody in (owned(state(), sleeper="guest"), state().with_settings(privacy=True)):
        assert controls.favoured(nobody, TIDE) == nobody


# ---- how loud ------------------------------------------------------------------------------------

def test_whoever_is_awake_is_answered_at_once():
    for volume in (0.2, 0.9):
        after, things = controls.turn(state().with_settings(volume=0.5, muted=True), volume)
        assert (after.settings.volume, after.status.sent) == (volume, volume)
        assert things == [Send(Volume(volume, True))]


def test_who_sleeps_hears_it_sink_at_once_and_rise_slowly():
    asleep = state(Mode.ASLEEP, fell_asleep=True).with_settings(volume=0.5).with_status(sent=0.5)
    after, things = controls.turn(asleep, 0.9)
    assert (after.settings.volume, after.status.sent) == (0.9, 0.5)
    assert things == [Send(Volume(0.5))]
    after, things = controls.turn(asleep, 0.2)
    assert (after.settings.volume, after.status.sent) == (0.2, 0.2)
    assert things == [Send(Volume(0.2))]


def test_the_volume_rises_by_half_a_decibel_a_second_and_no_further_than_asked():
    rising = state().with_settings(volume=0.5, muted=True).with_status(sent=0.3)
    after, things = controls.raise_volume(rising, 4.0)
    assert after.status.sent == pytest.approx(0.35)         # of 40 dB: 2 dB
    assert after == rising.with_status(sent=after.status.sent)
    assert things == [Send(Volume(after.status.sent, True))]
    after, things = controls.raise_volume(rising, 1000.0)
    assert after.status.sent == 0.5 and things == [Send(Volume(0.5, True))]
    arrived = rising.with_status(sent=0.5)
    assert controls.raise_volume(arrived, 4.0) == (arrived, [])


def test_no_volume_and_no_cap_from_afar_silences_the_alarm():
    for asked in (controls.turn, lambda state, value: controls.turn(
            state.with_settings(cap=value), value)):
        quiet, _ = asked(state(Mode.WAKING, asleep=True).with_status(sent=0.3), 0.0)
        louder, _ = controls.raise_volume(quiet, 1000.0)
        assert louder.status.sent == controls.ALARM >= 0.75
        assert controls.raise_volume(quiet, 4.0)[0].status.sent == pytest.approx(0.35)
        after, things = controls.raise_volume(louder.with_tonight(mode=Mode.PAUSED), 0.25)
        assert after.status.sent == 0.0 and things == [Send(Volume(0.0, False))]
    for ceiling in (0.0, 0.5):          # home.cap of the config
        least = replace(louder, owner=replace(louder.owner, ceiling=ceiling)).with_status(sent=0.0)
        assert controls.raise_volume(least, 1000.0)[0].status.sent == controls.ALARM


# ---- what fails and comes back -------------------------------------------------------------------

def test_a_sound_process_that_goes_is_noted_once_with_its_reason():
    heard = state().with_status(beat=BEAT)
    gone, things = controls.on_heartbeat(heard, None, "is gone")
    assert gone == state() and things == [Note("sound", "process is gone"), Restart(), Tell()]
    assert controls.on_heartbeat(gone, None, "is gone") == (gone, [])


def test_a_sound_process_that_comes_back_is_told_anew_where_to_go():
    heard, things = controls.on_heartbeat(state(), BEAT, "")
    assert heard == state().with_status(beat=BEAT)
    assert things == [Note("sound", "plays on a speaker"), Restart(), Shape(), Tell()]
    later = replace(BEAT, time=NOW + 1)
    assert controls.on_heartbeat(heard, later, "") == (state().with_status(beat=later), [])
    _, things = controls.on_heartbeat(state(), replace(BEAT, device=""), "")
    assert things[0] == Note("sound", "plays on nothing")


def test_a_card_that_comes_or_goes_is_told_at_once():
    mute = state().with_status(beat=replace(BEAT, device=""))
    heard, things = controls.on_heartbeat(mute, BEAT, "")
    assert things == [Note("sound", "plays on a speaker"), Restart(), Shape(), Tell()]
    _, things = controls.on_heartbeat(heard, mute.status.beat, "")
    assert things[0] == Note("sound", "plays on nothing") and Tell() in things


def test_chips_that_fail_and_answer_again_are_noted():
    failing, things = controls.on_trouble(state(), ("ADXL355: silent", "MAX30102: reset"), "")
    assert failing == state().with_status(trouble=("ADXL355: silent", "MAX30102: reset"))
    assert things == [Note("sensors", "ADXL355: silent; MAX30102: reset")]
    assert controls.on_trouble(failing, failing.status.trouble, "") == (failing, [])
    assert controls.on_trouble(failing, (), "") == (
        state(), [Note("sensors", "all answer again")]
    )


def test_a_disk_that_fails_is_known_but_not_noted_where_it_would_be_written():
    full, things = controls.on_trouble(state(), (), "the disk is full")
    assert full == state().with_status(disk="the disk is full") and things == []


# ---- the light -----------------------------------------------------------------------------------

def shown(mode=Mode.SETTLING, missing=(), seconds=0.0, settings=None, played=None, **status):
    lit = state(mode, played=played).with_settings(**settings or {})
    lit = lit.with_status(**{"beat": BEAT, **status})
    return controls.light(lit, at(seconds).now, missing)


def test_the_light_breathes_while_sound_plays_and_is_dark_in_a_silent_night():
    for mode in Mode:
        expected = Light.BREATHING if mode in SOUNDING else Light.OFF
        assert shown(mode, played=played()) is (Light.STEADY if mode is Mode.IDLE else expected)
    assert shown(Mode.MASKING, played=played(9, SILENCE)) is Light.OFF


def test_what_is_missing_is_said_before_bedtime_only():
    assert shown(Mode.IDLE, ["the stager"]) is Light.TROUBLE
    assert shown(Mode.SETTLING, ["the stager"]) is Light.BREATHING
    assert shown(Mode.ASLEEP, ["the stager"]) is Light.OFF


@pytest.mark.parametrize("mode", [Mode.IDLE, Mode.SETTLING, Mode.ASLEEP])
def test_trouble_shows_whatever_it_is(mode):
    for trouble in ({"beat": None}, {"trouble": ("a chip",)}, {"disk": "full"}):
        assert shown(mode, **trouble) is Light.TROUBLE


def test_a_mute_hides_trouble_and_a_press_is_answered_above_all_for_two_seconds():
    muted = {"settings": {"muted": True}, "disk": "full", "thanked": NOW}
    assert shown(seconds=1.9, **muted) is Light.THANKS
    assert shown(seconds=2.0, **muted) is Light.MUTED


def test_a_device_that_has_just_been_switched_on_thanks_nobody():
    assert controls.light(State().with_status(beat=BEAT), 0.0, ()) is Light.STEADY


def test_a_night_light_shines_while_nothing_else_is_to_be_seen():
    for mode in (Mode.IDLE, Mode.ASLEEP, Mode.MORNING):
        assert shown(mode, ["the stager"], settings={"light": 0.3}) == 0.3
    assert shown(Mode.SETTLING, settings={"light": 0.3}) is Light.BREATHING


def test_who_looks_for_the_device_sees_it_for_ten_seconds():
    found = controls.identify(state().with_status(beat=BEAT), at())
    assert found == state().with_status(beat=BEAT, thanked=NOW + 8)
    assert controls.light(found, at(9.9).now, ()) is Light.THANKS
    assert controls.light(found, at(10.0).now, ()) is Light.BREATHING
