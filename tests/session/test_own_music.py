"""How a measure of one's own music comes in, and who has it."""

import json
from dataclasses import replace

from device import stored
from device.diary import Diary
from device.memory import Memory, forget_learned, forget_taste
from device.session import commands, own_music
from device.session.settings import GUEST, Owner
from device.session.state import State
from device.session.things import Adopt, Note
from device.values import Command, Taste
from tests.session.around import at

OWNER = Owner(sleeper="ada")
TASTE = Taste(sleeper="ada", made=1000.0, heard=3, sure=0.5, pulse=50.0)


def test_the_newer_one_counts():
    state, things = own_music.heard(State(owner=OWNER), TASTE)
    assert state.sleeper.taste == TASTE and things == [Adopt()]
    again, things = own_music.heard(state, replace(TASTE, made=999.0, pulse=70.0))
    assert again is state and things == []


def test_another_sleepers_and_a_guests_are_not_taken():
    for owner in (Owner(sleeper="bo"), Owner(sleeper=GUEST)):
        state = State(owner=owner)
        assert own_music.heard(state, replace(TASTE, sleeper="ada")) == (state, [])


def test_one_that_is_sent_is_kept_and_noted_without_what_is_in_it():
    text = json.dumps(stored.plain(TASTE))
    state, things = commands.on_command(State(owner=OWNER), Command("taste", text), at())
    assert state.sleeper.taste == TASTE
    assert Note("command", "taste") in things and "50" not in repr(things)


def test_one_out_of_bounds_is_refused_in_words():
    text = json.dumps({**stored.plain(TASTE), "pulse": 300.0})
    state, things = own_music.sent(State(owner=OWNER), text)
    assert state.sleeper.taste is None and "pulse" in things[0].detail


def test_an_empty_one_forgets():
    state = State(owner=OWNER).with_sleeper(taste=TASTE)
    assert own_music.sent(state, "")[0].sleeper.taste is None


def test_it_outlives_a_restart_and_a_reset_of_what_nights_taught_but_not_being_forgotten(tmp_path):
    diary = Diary(tmp_path / "diary.sqlite")
    memory = Memory(diary, OWNER, None)
    before, _ = memory.load(0.0)
    memory.keep(before.with_sleeper(taste=TASTE))
    diary.flush()
    forget_learned(diary, "ada")
    diary.flush()
    assert Memory(diary, OWNER, None).load(0.0)[0].sleeper.taste == TASTE
    assert Memory(diary, Owner(sleeper="bo"), None).load(0.0)[0].sleeper.taste is None
    forget_taste(diary, "ada")
    diary.flush()
    assert Memory(diary, OWNER, None).load(0.0)[0].sleeper.taste is None
    diary.close()
