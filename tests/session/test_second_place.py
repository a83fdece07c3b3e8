"""What hands and hub set survives a disk that takes nothing more."""

import json

import pytest

from device.diary import Diary
from device.memory import SETTINGS, Memory
from device.session.settings import Owner, Settings
from device.session.state import State
from device.stored import plain

SET = Settings(muted=True, alarm=390, cap=0.5, volume=0.4, configured=Owner().knobs)


@pytest.fixture
def diary(tmp_path):
    diary = Diary(tmp_path / "diary.sqlite")
    yield diary
    diary.close()


def again(diary, second) -> Settings:
    """As a new process finds it."""
    return Memory(diary, Owner(), second).load(0.0)[0].settings


def compared(settings: Settings) -> tuple:
    return settings.muted, settings.alarm, settings.cap


def test_what_the_disk_refused_is_known_after_a_restart(diary, tmp_path, monkeypatch):
    second = tmp_path / "set.json"
    mine = Memory(diary, Owner(), second)
    before, _ = mine.load(0.0)
    monkeypatch.setattr(diary, "remember", lambda *_: None)         # a full disk
    mine.keep(before.with_settings(muted=True, alarm=390, cap=0.5))
    assert not second.with_suffix(".part").exists()
    assert diary.recall(SETTINGS) is None
    assert compared(again(diary, second)) == (True, 390, 0.5)
    assert compared(again(diary, None)) == (False, None, 1.0)


def test_a_second_place_that_refuses_harms_nobody(diary, tmp_path):
    mine = Memory(diary, Owner(), tmp_path / "missing" / "set.json")
    mine.keep(State().with_settings(muted=True))
    diary.flush()
    assert again(diary, tmp_path / "missing" / "set.json").muted


def test_each_flipped_bit_of_every_byte_and_each_length_starts(diary, tmp_path):
    second = tmp_path / "set.json"
    diary.remember(SETTINGS, plain(SET))
    diary.flush()
    mine = Memory(diary, Owner(), second)
    mine.keep_second(plain(SET))
    whole = second.read_bytes()
    assert json.loads(whole.partition(b" ")[2]) == plain(SET)
    torn = [whole[:n] for n in range(len(whole))]
    torn += [whole[:n] + bytes([whole[n] ^ 1 << bit]) + whole[n + 1:]
             for n in range(len(whole)) for bit in range(0, 8, 3)]
    for content in torn:
        second.write_bytes(content)
        assert compared(again(diary, second)) == compared(SET)


def test_the_disks_own_copy_may_be_torn_at_every_byte_and_the_device_starts(diary):
    whole = json.dumps(plain(SET))
    for n in range(len(whole)):
        for bit in (0, 1, 4, 6):
            torn = whole[:n] + chr(ord(whole[n]) ^ 1 << bit) + whole[n + 1:]
            diary.recall = lambda key, default=None, torn=torn: read(torn)
            found = again(diary, None)
            assert type(found.muted) is bool and 0.0 <= found.volume <= found.cap <= 1.0
            assert found.alarm is None or 0 <= found.alarm < 1440


def read(torn: str):
    """As the diary answers: what is no JSON isn't there."""
    try:
        return json.loads(torn)
    except ValueError:
        return None
