"""What was said for tonight: it outlives a restart, but not the beginning of privacy."""

import pytest

from device.diary import Diary
from device.memory import TONIGHT, Memory
from device.session import restart
from device.session.modes import Mode
from device.session.settings import Owner
from device.session.state import State
from device.session.tonight import Said, Unsaid
from device.values import Wish
from tests.session.around import at, state

SAID = Said(
    (Wish("forbid", "bell"),), mood="weary", choices=("no rain", "more rain"),
    pending=(Wish("forbid", "bell"),),
)


@pytest.fixture
def diary(tmp_path):
    diary = Diary(tmp_path / "diary.sqlite")
    yield diary
    diary.close()


def again(diary) -> State:
    """As a new process finds it."""
    assert diary.flush()
    saved, *_ = Memory(diary, Owner()).tonight()
    return restart.said_before(State(), saved)[0]


def test_what_was_said_before_bedtime_outlives_a_restart(diary):
    spoken = state(Mode.IDLE, said=SAID, unsaid=Unsaid())
    Memory(diary, Owner()).save_tonight(spoken, {}, at())
    assert again(diary).tonight.said == SAID and again(diary).tonight.unsaid == Unsaid()


def test_what_was_said_for_a_night_that_is_over_does_not(diary):
    Memory(diary, Owner()).save_tonight(state(Mode.ASLEEP, said=SAID), {}, at())
    assert again(diary) == State()


def test_as_privacy_begins_what_was_said_goes_from_the_disk_and_the_night_stays(diary):
    memory = Memory(diary, Owner())
    night = state(Mode.ASLEEP, said=SAID, unsaid=Unsaid(), liked=2)
    memory.keep(night)
    memory.save_tonight(night, {"a": 1}, at())
    memory.keep(night.with_settings(privacy=True))
    assert diary.flush()
    saved, *_ = memory.tonight()
    assert (saved.tonight.said, saved.tonight.unsaid) == (Said(), None)
    assert (saved.tonight.liked, saved.tonight.mode, saved.stager) == (2, Mode.ASLEEP, {"a": 1})


def test_privacy_before_any_night_keeps_none(diary):
    Memory(diary, Owner()).keep(State().with_settings(privacy=True))
    assert diary.flush() and diary.recall(TONIGHT) is None
