"""How a measure of one's own music comes in, and who has it."""

import json
from dataclasses import replace

import pytest

from device import stored
from device.diary import Diary
from device.memory import Memory, forget_learned, forget_taste
from device.session import commands, own_music, turns
from device.session.modes import Mode
from device.session.settings import GUEST, Owner
from device.session.state import State
from device.session.things import Adopt, Choose, Note
from device.values import Command, Taste
from tests.session.around import at, played

OWNER = Owner(sleeper="ada")
TASTE = Taste(sleeper="ada", made=1000.0, heard=3, sure=0.5, pulse=50.0)


def refused(state, taste=TASTE, when=None):
    """Why it isn't taken in when it is sent."""
    after, things = own_music.sent(state, json.dumps(stored.plain(taste)), when or at())
    assert after is state
    return things[0].detail


def test_the_newer_one_counts_wherever_it_comes_from():
    state, things = own_music.found(State(owner=OWNER), TASTE)
    assert state.sleeper.taste == TASTE and things == [Adopt()]
    older = replace(TASTE, made=999.0, pulse=70.0)
    assert own_music.found(state, older) == (state, [])
    assert "newer" in refused(state, older)
    newer = replace(TASTE, made=1001.0, pulse=70.0)
    after, _ = own_music.sent(state, json.dumps(stored.plain(newer)), at())
    assert after.sleeper.taste == newer


def test_what_comes_in_mid_night_counts_from_the_next_one_on():
    text = json.dumps(stored.plain(TASTE))
    asleep = State(owner=OWNER).with_tonight(mode=Mode.ASLEEP)
    after, things = own_music.sent(asleep, text, at())
    assert after.sleeper.taste == TASTE and things == []
    _, things = turns.lights_out(after.with_tonight(mode=Mode.IDLE), at())
    assert things[-2:] == [Adopt(), Choose("bedtime")]


def test_what_is_sent_again_is_obeyed_and_changes_nothing():
    state = State(owner=OWNER).with_sleeper(taste=TASTE)
    assert own_music.sent(state, json.dumps(stored.plain(TASTE)), at()) == (state, [])


def test_another_sleepers_and_a_guests_are_refused_without_a_name():
    other = refused(State(owner=Owner(sleeper="bo")))
    assert "another sleeper's" in other and "ada" not in other and "bo" not in other
    assert "guest" in refused(State(owner=Owner(sleeper=GUEST)), replace(TASTE, sleeper=GUEST))
    assert "privacy" in refused(State(owner=OWNER).with_settings(privacy=True))


def test_of_the_drive_only_what_a_hand_can_mend_is_said():
    state, things = own_music.found(State(owner=Owner(sleeper="bo")), TASTE)
    assert state.sleeper.taste is None and "--sleeper" in things[0].detail
    for state in (State(owner=Owner(sleeper=GUEST)), State(owner=OWNER).with_settings(privacy=True),
                  State(owner=OWNER).with_sleeper(forgot=TASTE.made)):
        assert own_music.found(state, TASTE) == (state, [])


def test_one_from_the_future_would_outlast_all_others_and_is_refused():
    state = State(owner=OWNER)
    ahead = replace(TASTE, made=at().wall + 2 * own_music.DAY)
    assert "clock" in refused(state, ahead)
    after, _ = own_music.sent(state, json.dumps(stored.plain(ahead)), at(local=None))
    assert after.sleeper.taste == ahead, "without a clock nobody knows"


@pytest.mark.parametrize("change", [
    {"version": 2}, {"version": True}, {"made": -1.0}, {"made": float("nan")}, {"made": 1e300},
    {"sure": float("inf")}, {"heard": 2**70}, {"style": "/etc/passwd"}, {"textures": {"\ud800": 1}},
    {"textures": {"rain": 2.0}}, {"textures": []}, {"pulse": "56"}, {"register": {}}])
def test_half_a_taste_is_none(change):
    taste, why = own_music.read({**stored.plain(TASTE), **change})
    assert taste is None and next(iter(change)) in why
    why.encode()                # for the diary


def test_one_that_is_sent_is_kept_and_noted_without_what_is_in_it():
    text = json.dumps(stored.plain(TASTE))
    state, things = commands.on_command(State(owner=OWNER), Command("taste", text), at())
    assert state.sleeper.taste == TASTE
    assert Note("command", "taste") in things and "50" not in repr(things)


def test_one_out_of_bounds_is_refused_in_words():
    text = json.dumps({**stored.plain(TASTE), "pulse": 300.0})
    state, things = own_music.sent(State(owner=OWNER), text, at())
    assert state.sleeper.taste is None and "pulse" in things[0].detail


def test_an_empty_one_forgets_and_what_was_measured_before_is_not_taken_up_again():
    state = State(owner=OWNER).with_sleeper(taste=TASTE)
    for when in (at(), at(local=None)):
        after, things = own_music.sent(state, "", when)
        assert after.sleeper.taste is None and things == [Adopt()]
        assert own_music.found(after, TASTE) == (after, [])
        assert "forgotten" in refused(after, when=when)
    after, _ = own_music.sent(state, "", at())
    later = replace(TASTE, made=at().wall + 1.0)
    assert own_music.found(after, later)[0].sleeper.taste == later


def test_forgetting_takes_it_out_of_tonights_receipts_that_teach_as_before():
    receipt = {"own": {"tone": ["dark"]}, "gram": 1, "pull": 2, "candidate": "x"}
    mine = replace(played(), receipts=(receipt,))
    state = State(owner=OWNER).with_sleeper(taste=TASTE).with_tonight(played=mine)
    after, _ = own_music.sent(state, "", at())
    assert after.tonight.receipts == ({"candidate": "x"},)


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
    forget_taste(diary, "ada", 2000.0)
    diary.flush()
    forgotten = Memory(diary, OWNER, None).load(0.0)[0].sleeper
    assert forgotten.taste is None and forgotten.forgot == 2000.0
    diary.close()
