"""What hands and hub set survives a disk that takes nothing more, is read-only, torn or cut off."""

import contextlib
import errno
import json
import random
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from device import safekeeping
from device.diary import Diary, lent
from device.errors import DiaryError
from device.memory import BELL, SETTINGS, Memory
from device.safekeeping import SLOT, SLOTS, Place
from device.session.settings import Once, Owner, Settings
from device.session.state import Bell, State
from device.stored import plain
from tests.faults.conftest import disk, shim

__all__ = ["disk", "shim"]
SET = Settings(muted=True, alarm=390, cap=0.5, volume=0.4, configured=Owner().knobs)
RUNG = Bell(rung=(739_000, 390), seen=1.8e9, when=1.8e9)


@pytest.fixture
def diary(tmp_path):
    diary = Diary(tmp_path / "diary.sqlite")
    yield diary
    diary.close()


@pytest.fixture
def card(tmp_path):
    """A file system of its own, of 256 KiB, and how it can be mounted anew."""
    folder = tmp_path / "card"
    folder.mkdir()

    def mounted(how: str) -> None:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", how, "card", folder],
                              capture_output=True, check=False)
        if done.returncode:
            pytest.skip("no disk can be mounted here: run as root")
    mounted("size=256k")
    yield folder, mounted
    subprocess.run(["umount", "-l", folder], check=False)


def begun(diary, places) -> tuple[Memory, State]:
    mine = Memory(diary, Owner(), places)
    return mine, mine.load(0.0)[0]


def again(diary, *places) -> Settings:
    """As a new process finds it."""
    return Memory(diary, Owner(), places).load(0.0)[0].settings


def compared(settings: Settings) -> tuple:
    return settings.muted, settings.alarm, settings.cap


def keep(mine: Memory, state: State, settings: Settings = SET, bell: Bell = RUNG) -> None:
    mine.keep(replace(state, settings=settings, bell=bell))
    mine.flush()


# ---- disks that refuse ---------------------------------------------------------------------------

def test_what_the_disk_refused_is_known_after_a_restart(diary, tmp_path, monkeypatch):
    place = tmp_path / "run" / "set.slots"
    place.parent.mkdir()
    mine, before = begun(diary, [place])
    monkeypatch.setattr(diary, "remember", lambda *_: None)         # a full disk
    keep(mine, before)
    assert diary.recall(SETTINGS) is None
    assert compared(again(diary, place)) == (True, 390, 0.5)
    assert Memory(diary, Owner(), [place]).load(0.0)[0].bell == RUNG
    assert compared(again(diary)) == (False, None, 1.0)


def test_a_place_that_refuses_harms_nobody(diary, tmp_path):
    nowhere = [tmp_path / "missing" / "a", tmp_path / "missing" / "b"]
    mine, before = begun(diary, nowhere)
    keep(mine, before)
    assert again(diary, *nowhere).muted


def fill(folder) -> None:
    with contextlib.suppress(OSError), open(folder / "full", "wb", buffering=0) as file:
        while True:
            file.write(bytes(1024))


@pytest.mark.parametrize("cut", [False, True], ids=["restart", "power cut"])
def test_a_mute_and_an_alarm_set_on_a_full_card_are_there_after(card, tmp_path, cut):
    folder, _ = card
    diary = Diary(folder / "diary.sqlite")
    run = tmp_path / "run"
    run.mkdir()
    places = [run / "set.slots", folder / "set.slots"]
    mine, before = begun(diary, places)
    keep(mine, before, Settings(alarm=1))           # once, while there was room
    fill(folder)
    with pytest.raises(OSError, match=f"Errno {errno.ENOSPC}"):
        (folder / "more").write_bytes(bytes(9999))
    mine.keep(replace(before, settings=replace(SET, once=Once(739_001, 400)), bell=RUNG))
    mine.places.flush()
    if cut:
        shutil.rmtree(run)
        run.mkdir()
    found = Memory(diary, Owner(), places).load(0.0)[0]
    assert compared(found.settings) == (True, 390, 0.5) and found.bell == RUNG
    assert found.settings.once == Once(739_001, 400)


@pytest.mark.parametrize("how", ["read-only", "full"])
def test_a_start_on_a_card_that_takes_nothing_knows_what_was_set(card, tmp_path, monkeypatch, how):
    from device.assembly import board
    folder, mounted = card
    path = folder / "diary.sqlite"
    diary = Diary(path)
    mine, before = begun(diary, [tmp_path / "gone", folder / "set.slots"])
    keep(mine, before, bell=Bell())
    diary.remember("known:sleeper", {"mornings": [1]})
    diary.close()
    assert not path.with_name("diary.sqlite-shm").exists()
    if how == "full":
        fill(folder)
    else:
        mounted("remount,ro")
    with pytest.raises(DiaryError):
        board.opened(str(path))
    monkeypatch.setattr(board, "SPARE", tmp_path / "spare")
    spare = board.spare(path)
    try:
        assert compared(again(spare, tmp_path / "none", folder / "set.slots")) == (True, 390, 0.5)
        assert compared(again(spare)) == (True, 390, 0.5), "lent by the diary itself"
        assert spare.recall("known:sleeper") == {"mornings": [1]}
        mine, here = begun(spare, [tmp_path / "set.slots", folder / "set.slots"])
        keep(mine, here, replace(SET, muted=False), Bell())
        assert not again(board.spare(path), tmp_path / "set.slots", folder / "set.slots").muted
    finally:
        spare.close()
        mounted("remount,rw")


def test_a_diary_that_is_none_lends_nothing(tmp_path):
    assert lent(tmp_path / "missing.sqlite") == {}
    (tmp_path / "torn.sqlite").write_bytes(b"rubbish" * 999)
    assert lent(tmp_path / "torn.sqlite") == {}


WRITER = """
import os, sys
from pathlib import Path
from device.safekeeping import Place
folder = Path(sys.argv[1])
place = Place(folder / "set.slots")
acknowledged = os.open(folder / "acknowledged", os.O_WRONLY | os.O_CREAT)
for number in range(60):
    if place.write({"turn": number, "alarm": number}):
        os.write(acknowledged, b".")
"""


def test_a_power_cut_loses_nothing_that_was_said_to_be_kept(disk, tmp_path):
    subprocess.run([sys.executable, "-c", WRITER, disk.folder], env=disk.environment, check=True)
    looked = 0
    for number, files in enumerate(disk.cuts(random.Random(1), 150)):
        acknowledged = len(files.get("acknowledged", b""))
        path = tmp_path / f"after-{number}"
        path.write_bytes(files.get("set.slots", b""))
        found = Place(path).read()
        assert (found["alarm"] if found else -1) in (acknowledged - 1, acknowledged)
        looked += acknowledged > 0
    assert looked > 100


# ---- torn copies ---------------------------------------------------------------------------------

def torn(whole: bytes, bits=range(8)):
    """Truncated at each length, each bit of each byte flipped."""
    yield from (whole[:n] for n in range(len(whole)))
    for n in range(len(whole)):
        for bit in bits:
            yield whole[:n] + bytes([whole[n] ^ 1 << bit]) + whole[n + 1:]


def test_each_torn_byte_of_a_place_starts_with_what_was_set(diary, tmp_path):
    place = tmp_path / "set.slots"
    mine, before = begun(diary, [place])
    keep(mine, before)
    content = place.read_bytes()
    assert len(content) == SLOTS * SLOT
    for n in (n for n in range(len(content)) if content[n:n + 1] != b" "):
        place.write_bytes(content[:n] + bytes([content[n] ^ 1 << n % 8]) + content[n + 1:])
        assert compared(again(diary, place)) == compared(SET)
    for n in range(0, len(content), 97):
        place.write_bytes(content[:n])
        assert compared(again(diary, place)) == compared(SET)


@pytest.mark.parametrize("copied", [True, False], ids=["with a copy", "alone"])
def test_the_diarys_own_may_be_torn_at_every_byte_and_what_was_set_is_kept_or_announced(
        diary, tmp_path, copied):
    place = tmp_path / "set.slots"
    mine, before = begun(diary, [place])
    keep(mine, before)
    kept = json.dumps(diary.recall(SETTINGS)).encode()
    for content in torn(kept, (0, 1, 5)):
        diary.recall = reading(diary, content)
        state, troubles = Memory(diary, Owner(), [place] if copied else []).load(0.0)
        as_set = compared(state.settings) == compared(SET) and state.bell == RUNG
        assert as_set if copied else as_set or troubles, content
        assert type(state.settings.muted) is bool
        assert 0.0 <= state.settings.volume <= state.settings.cap <= 1.0


def reading(diary, content: bytes):
    """A `recall` that finds the settings so."""
    def recall(key, default=None):
        if key == SETTINGS:
            try:
                return json.loads(content)
            except ValueError:
                return content.decode("utf-8", "replace")
        return Diary.recall(diary, key, default)
    return recall


@pytest.mark.parametrize("wrong", [None, 7, "x", [], {}, 1e99, True])
def test_each_key_missing_or_mistyped_is_announced(diary, wrong):
    mine, before = begun(diary, [])
    keep(mine, before)
    for name in (SETTINGS, BELL):
        whole = diary.recall(name)
        for key in set(whole) - {"check"}:
            for other in ({k: v for k, v in whole.items() if k != key}, {**whole, key: wrong}):
                if other == whole and type(other[key]) is type(whole[key]):
                    continue
                diary.recall = (lambda found, other=other, name=name:
                                other if found == name else Diary.recall(diary, found))
                _, troubles = Memory(diary, Owner(), []).load(0.0)
                assert troubles, (name, key)
                del diary.recall


def test_what_older_firmware_wrote_after_us_counts(diary, tmp_path):
    """It knows neither checks nor places on the disk; what this boot wrote is newer still."""
    run, card = tmp_path / "run.slots", tmp_path / "card.slots"
    mine, before = begun(diary, [run, card])
    keep(mine, before)
    diary.remember(SETTINGS, plain(replace(SET, alarm=500)))
    diary.flush()
    assert again(diary, run, card).alarm == 390
    run.unlink()
    assert again(diary, run, card).alarm == 500


@pytest.mark.parametrize("part", [pytest.param(n, marks=[pytest.mark.full] if n else [])
                                  for n in range(16)])
def test_every_byte_of_the_diarys_file_may_flip_and_the_device_starts(tmp_path, part):
    path = tmp_path / "diary.sqlite"
    places = [tmp_path / "run.slots", tmp_path / "card.slots"]
    diary = Diary(path)
    mine, before = begun(diary, places)
    keep(mine, before)
    diary.close()
    content = path.read_bytes()
    for n in range(part, len(content), 16 if part else 257):
        for file in tmp_path.glob("diary.sqlite*"):
            file.unlink()
        path.write_bytes(content[:n] + bytes([content[n] ^ 1 << n % 8]) + content[n + 1:])
        try:
            diary = Diary(path)
        except DiaryError:
            continue                # a newer version, or none to be had: the night goes to memory
        state, _ = Memory(diary, Owner(), places).load(0.0)
        assert compared(state.settings) == compared(SET) and state.bell == RUNG, n
        diary.close()


def test_a_place_is_readable_by_its_owner_alone(tmp_path):
    assert Place(tmp_path / "a").write({"turn": 1}) and Place(tmp_path / "a").read()["turn"] == 1
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert not Place(tmp_path / "a").write({"long": "x" * SLOT})
    assert safekeeping.turn_of(Place(tmp_path / "a").read()) == 1
