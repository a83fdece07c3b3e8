from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from device.sentences import say
from device.session import telling
from device.session.modes import NIGHT, SOUNDING, Mode
from device.session.settings import DAILY, OFF, Rules, Settings
from device.session.state import At, Population, State
from device.session.tonight import Played
from device.session.tonight import Said as Words
from device.values import SILENCE, Prior, Reason, Wish
from tests.session.around import BEAT, at, epoch, owned, played, silence, staging, state

FIRMWARE = ("0.1.0", "0.2.0")
WELL = {"beat": BEAT}


def told(here: State, moment: At | None = None) -> dict[str, object]:
    return telling.facts(here, FIRMWARE, moment or at())


def test_every_setting_is_told_by_its_name_and_what_it_is_compared_with_is_not():
    week = OFF, DAILY, 400, DAILY, DAILY, DAILY, DAILY
    mine = Settings(0.3, "no music", 420, (1320, 400), 0.8, 0.1, True, True, True, week=week,
                    zone="Asia/Tokyo")
    facts = told(State(settings=mine))
    for item in fields(Settings):
        if item.name not in ("cap", "quiet", "configured", "week", "once", "nap"):
            assert facts[item.name] == getattr(mine, item.name)
    assert (facts["volume_cap"], facts["quiet_from"], facts["quiet_to"]) == (0.8, 1320, 400)
    assert (facts["alarm_monday"], facts["alarm_tuesday"]) == (OFF, DAILY)
    assert facts["alarm_once"] == DAILY
    assert not {"cap", "quiet", "configured", "week", "once"} & set(facts)


def test_how_things_stand_is_told():
    here = state(Mode.SETTLING, played=played(), timer=20.0).with_status(
        epoch=epoch(heart_quality=0.4, motion_quality=0.7, present=False), answer="no bells",
        **WELL)
    facts = told(here)
    expected = {
        "session": "winding_down", "sound": True, "timer": 20.0, "occupancy": False,
        "firmware": FIRMWARE, "reason": "it has proved best", "quality": 0.7,
        "clock_synced": True, "problem": False, "say": None, "understood": "no bells",
        "error": None, "learning": "nothing is learned from others",
    }
    assert {name: facts[name] for name in expected} == expected


def test_the_better_of_both_qualities_is_told():
    better = state().with_status(epoch=epoch(heart_quality=0.9, motion_quality=0.7))
    assert told(better)["quality"] == 0.9


def test_what_is_not_known_is_none():
    facts = told(State(), At(0.0, 0.0))
    unknown = ("occupancy", "reason", "quality")
    assert {facts[name] for name in unknown} == {None} and facts["care"] == "unknown"
    assert facts["clock_synced"] is False


@pytest.mark.parametrize("mode", Mode)
def test_sound_is_told_where_it_sounds_and_silence_is_none(mode):
    here = state(mode, played=played())
    assert told(here)["sound"] is (mode in SOUNDING or mode is Mode.WAKING)
    soft = owned(here, Rules(keep_playing=True))
    assert told(soft)["sound"] is (mode in {*SOUNDING, Mode.WAKING, Mode.ASLEEP})
    silent = here.with_tonight(played=Played(silence(), SILENCE))
    assert told(silent)["sound"] is (mode is Mode.WAKING)


@pytest.mark.parametrize("mode", Mode)
def test_by_day_there_is_no_reason_for_a_sound_that_does_not_play(mode):
    expected = "it has proved best" if mode in NIGHT else None
    assert told(state(mode, played=played()))["reason"] == expected


def test_what_is_wrong_is_one_sentence_and_a_problem():
    here = owned(state(), zone=UTC).with_settings(alarm=420).with_status(
        trouble=("no heart",), lacks=("no stager",), disk="the disk is full", **WELL)
    facts = told(here, At(0.0, 0.0))
    assert facts["error"] == (
        "no heart; no stager; the time isn't known: the alarm will ring 8 h after lights out; "
        "the disk is full")
    assert facts["problem"] is True


def test_each_trouble_alone_is_a_problem_and_so_is_a_sound_process_that_is_gone():
    for trouble in ({"trouble": ("a",)}, {"lacks": ("a",)}, {"disk": "a"}, {"beat": None}):
        assert told(state().with_status(**{**WELL, **trouble}))["problem"] is True
    for beat, words in ((None, "its process"), (replace(BEAT, device=""), "card"), (BEAT, "")):
        facts = told(state().with_status(beat=beat))
        assert words in (facts["error"] or "") and facts["problem"] is bool(words)


def test_what_is_learned_from_others_is_told():
    prior = Prior(3, "quiet_v1", (0.3, 0.7), (0.02, 0.02), 240)
    facts = told(replace(state(), population=Population(3, prior, True)))
    assert facts["learning"] == (
        "240 anonymous reports of other beds (version 3) are taken into account")


def test_what_a_fallback_stands_for_is_missing_and_so_is_the_time():
    here = state().with_settings(alarm=420).with_status(lacks=("no stager",))
    assert telling.missing(here, at()) == ["no stager"]
    assert len(telling.missing(here, At(0.0, 0.0, None))) == 2
    assert telling.missing(state(), At(0.0, 0.0, datetime(2026, 3, 1))) == []


# ---- what a caregiver hears ----------------------------------------------------------------------

def care(*judged: float | None, mode: Mode = Mode.ASLEEP, **tonight):
    return telling.care(state(mode, stagings=tuple(map(staging, judged)), **tonight))


def test_a_caregiver_hears_nothing_before_and_after_a_night():
    assert care(0.9, mode=Mode.IDLE) == care(0.9, mode=Mode.MORNING) == care() == "unknown"


def test_who_sleeps_is_settled_and_who_lay_awake_twenty_minutes_of_the_last_hour_is_restless():
    assert care(*[0.9] * 60) == "settled"
    assert care(*[0.9] * 80, *[0.4] * 40) == "restless"
    assert care(*[0.9] * 81, *[0.4] * 39) == "settled"
    assert care(*[0.9] * 80, *[0.5] * 40) == "settled"
    assert care(*[0.4] * 40, *[0.9] * 120) == "settled"
    assert care(*[0.4] * 40, *[0.9] * 80) == "restless"


def test_nobody_is_settled_of_whom_nothing_was_judged_for_ten_minutes():
    assert care(*[0.9] * 80, *[None] * 19) == "settled"
    assert care(*[0.9] * 80, *[None] * 20) == care(*[None] * 300) == "needs_checking"
    assert care(*[None] * 19) == "unknown"


def test_nobody_is_restless_within_the_first_half_hour():
    assert care(*[0.1] * 59) == "settled" and care(*[0.1] * 60) == "restless"


def test_somebody_should_look_where_nothing_is_seen_or_nobody_is_there():
    assert care(0.9, mode=Mode.FAULT) == "needs_checking"
    assert care(0.9, empty=61) == "needs_checking" and care(0.9, empty=60) == "settled"


# ---- what the night is at ------------------------------------------------------------------------

def session(*judged: float | None, mode: Mode = Mode.ASLEEP, fell_asleep: bool = True):
    return telling.session(
        state(mode, stagings=tuple(map(staging, judged)), fell_asleep=fell_asleep))


def test_somebody_sleeps_who_fell_asleep_and_of_whom_the_last_ten_minutes_say_so():
    assert session(*[0.1] * 40, *[0.9] * 11, *[0.1] * 9) == "sleeping"
    assert session(*[0.9] * 40, *[0.9] * 9, *[0.1] * 11) == "awake"
    assert session(*[0.9] * 40, fell_asleep=False) == "awake"
    assert session(*[0.9] * 40, mode=Mode.PAUSED) == "sleeping"
    assert session(*[0.1] * 40, mode=Mode.MASKING) == "awake"


def test_nobody_sleeps_of_whom_nothing_was_judged_for_ten_minutes():
    assert session(*[0.9] * 40, *[None] * 19) == "sleeping"
    assert session(*[0.9] * 40, *[None] * 20) == session() == "unknown"


def test_what_does_not_hang_on_the_body_is_told_whatever_it_does():
    modes = {Mode.IDLE: "idle", Mode.SETTLING: "winding_down", Mode.DRIFTING: "winding_down",
             Mode.WAKING: "waking", Mode.MORNING: "waking", Mode.FAULT: "unknown"}
    for mode, told in modes.items():
        assert session(mode=mode) == session(*[0.9] * 30, mode=mode) == told


def test_what_was_said_in_words_is_quoted_only_while_it_stands():
    spoken = say("spoken", {"wishes": True, "emptied": False, "tense": False, "weary": False},
                 reason="it has proved best", wishes="no bells", name="rain on a roof")
    choice = replace(played().choice, reason=Reason(spoken, ()))
    before = state(Mode.SETTLING, played=replace(played(), choice=choice))
    wished = before.with_tonight(said=Words((Wish("forbid", "bell"),)))
    assert "no bells" in told(wished)["reason"]
    assert told(before)["reason"] == "it has proved best"
    assert told(wished.with_settings(privacy=True))["reason"] == "it has proved best"


def test_a_mute_by_hand_says_that_the_alarm_will_be_silent():
    armed = state().with_settings(alarm=390)
    silent = "muted by hand: the alarm will be silent, too"
    assert silent in (told(armed.with_settings(muted=True))["error"] or "")
    assert silent not in (told(armed)["error"] or "")
    assert silent not in (told(state().with_settings(muted=True))["error"] or "")
