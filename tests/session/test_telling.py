from dataclasses import fields, replace
from datetime import datetime

import pytest

from device.session import telling
from device.session.modes import SOUNDING, Mode
from device.session.settings import Settings
from device.session.state import At, Population, State
from device.values import Prior
from tests.session.around import BEAT, at, epoch, played, staging, state

FIRMWARE = ("0.1.0", "0.2.0")
WELL = {"beat": BEAT}


def told(here: State, moment: At | None = None) -> dict[str, object]:
    return telling.facts(here, FIRMWARE, moment or at())


def test_every_setting_is_told_by_its_name_and_what_it_is_compared_with_is_not():
    mine = Settings(0.3, "no music", 420, (1320, 400), 0.8, 0.1, True, True, True)
    facts = told(State(settings=mine))
    for item in fields(Settings):
        if item.name not in ("cap", "quiet", "configured"):
            assert facts[item.name] == getattr(mine, item.name)
    assert (facts["volume_cap"], facts["quiet_from"], facts["quiet_to"]) == (0.8, 1320, 400)
    assert not {"cap", "quiet", "configured"} & set(facts)


def test_how_things_stand_is_told():
    here = state(Mode.SETTLING, played=played(), timer=20.0).with_status(
        epoch=epoch(heart_quality=0.4, motion_quality=0.7, present=False), answer="no bells",
        **WELL)
    facts = told(here)
    expected = {
        "session": Mode.SETTLING, "sound": True, "timer": 20.0, "occupancy": False,
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
    unknown = ("care", "occupancy", "reason", "quality", "error")
    assert {facts[name] for name in unknown} == {None}
    assert facts["clock_synced"] is False


@pytest.mark.parametrize("mode", Mode)
def test_sound_is_told_where_it_sounds(mode):
    assert told(state(mode))["sound"] is (mode in SOUNDING)


def test_what_is_wrong_is_one_sentence_and_a_problem():
    here = state().with_settings(alarm=420).with_status(
        trouble=("no heart",), lacks=("no stager",), disk="the disk is full", **WELL)
    facts = told(here, At(0.0, 0.0))
    assert facts["error"] == (
        "no heart; no stager; the time isn't known: the alarm will ring 8 h after lights out; "
        "the disk is full")
    assert facts["problem"] is True


def test_each_trouble_alone_is_a_problem_and_so_is_a_sound_process_that_is_gone():
    for trouble in ({"trouble": ("a",)}, {"lacks": ("a",)}, {"disk": "a"}, {"beat": None}):
        assert told(state().with_status(**{**WELL, **trouble}))["problem"] is True
    assert told(state())["error"] is None


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
    assert care(0.9, mode=Mode.IDLE) is care(0.9, mode=Mode.MORNING) is care() is None


def test_who_sleeps_is_settled_and_who_lay_awake_twenty_minutes_of_the_last_hour_is_restless():
    assert care(*[0.9] * 60) == "settled"
    assert care(*[0.9] * 80, *[0.4] * 40) == "restless"
    assert care(*[0.9] * 81, *[0.4] * 39) == "settled"
    assert care(*[0.9] * 80, *[0.5] * 40) == "settled"
    assert care(*[0.9] * 80, *[None] * 40) == "settled"
    assert care(*[0.4] * 40, *[0.9] * 120) == "settled"
    assert care(*[0.4] * 40, *[0.9] * 80) == "restless"


def test_nobody_is_restless_within_the_first_half_hour():
    assert care(*[0.1] * 59) == "settled" and care(*[0.1] * 60) == "restless"


def test_somebody_should_look_where_nothing_is_seen_or_nobody_is_there():
    assert care(0.9, mode=Mode.FAULT) == "needs_checking"
    assert care(0.9, empty=61) == "needs_checking" and care(0.9, empty=60) == "settled"
