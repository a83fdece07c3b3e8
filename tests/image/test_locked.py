"""The encrypted data partition: by cryptsetup itself, on files; opening one needs the kernel's
device mapper, which the emulated board has."""

import subprocess
from pathlib import Path

import pytest

from image import recipe
from tests.image.drive import SBIN, need

KEY, OTHER = bytes(range(1, 33)), bytes(range(2, 34))


@pytest.fixture
def cryptsetup(monkeypatch):
    need("cryptsetup", "cryptsetup-bin")
    monkeypatch.setenv("PATH", SBIN)


def test_what_is_made_opens_with_its_boards_key_alone(board, partition, cryptsetup):
    data, otp = board
    assert data.found(partition) is data.State.NEW
    key = otp.key(KEY)
    data.lock(partition, key)
    assert data.found(partition) is data.State.LOCKED
    assert data.fits(partition, key) and not data.fits(partition, otp.key(OTHER))
    said = subprocess.run(["cryptsetup", "luksDump", partition], capture_output=True, text=True)
    facts = dict(line.split(":", 1) for line in said.stdout.splitlines() if ":" in line)
    assert facts["Version"].strip() == "2" and facts["Label"].strip() == "nocturne-data"
    assert "pbkdf2" in said.stdout and "argon" not in said.stdout
    whole = partition.read_bytes()
    assert KEY not in whole and key not in whole


def test_a_reset_that_is_cut_short_leaves_no_key(board, partition, cryptsetup):
    data, otp = board
    data.lock(partition, otp.key(KEY))
    data.wipe(partition, data.HEADER)
    assert data.found(partition) is data.State.NEW and not data.fits(partition, otp.key(KEY))
    assert not any(partition.read_bytes()[data.SECTOR:data.HEADER])


def test_an_older_system_takes_an_encrypted_partition_for_made(board, partition, cryptsetup):
    """It makes anew what has another label, and would lose the nights."""
    data, otp = board
    data.lock(partition, otp.key(KEY))
    older = subprocess.run(["blkid", "-p", "-o", "value", "-s", "LABEL", partition],
                           capture_output=True, text=True).stdout.strip()
    assert older == data.LABEL


def test_one_of_an_older_system_is_used_as_it_is(board, partition, monkeypatch):
    data, _ = board
    need("mkfs.ext4", "e2fsprogs")
    monkeypatch.setenv("PATH", SBIN)
    data.mkfs(partition)
    assert data.found(partition) is data.State.PLAIN
    assert data.decided(data.State.PLAIN, False, False) == (data.Action.USE, "")
    action, told = data.decided(data.State.PLAIN, False, True)
    assert action is data.Action.USE and "reset" in told


def test_a_first_start_that_was_cut_is_begun_anew(board, partition, monkeypatch):
    """mkfs.ext4 writes its tables first and what names it last."""
    data, _ = board
    monkeypatch.setenv("PATH", SBIN)
    spoil(partition, 4096, 4096)
    assert data.found(partition) is data.State.NEW


def test_a_locked_partition_that_no_key_was_given_to_is_made_anew(board, partition, cryptsetup):
    data, otp = board
    data.lock(partition, otp.key(KEY))
    assert not data.unfinished(partition)
    subprocess.run(["cryptsetup", "luksErase", "--batch-mode", partition], check=True)
    assert data.found(partition) is data.State.LOCKED and data.unfinished(partition)


def spoil(partition, start: int, size: int) -> None:
    with open(partition, "r+b") as file:
        file.seek(start)
        file.write(b"\xa5" * size)


def test_only_a_first_start_and_a_reset_make_anything(board):
    data, _ = board
    makes = {(state, erase): data.decided(state, erase, wanted)[0]
             for state in data.State for erase in (False, True) for wanted in (True,)}
    new = {data.Action.MAKE, data.Action.MAKE_LOCKED}
    assert {state for (state, erase), action in makes.items() if action in new and not erase} == {
        data.State.NEW}
    assert all(action is data.Action.MAKE_LOCKED for (_, erase), action in makes.items() if erase)
    assert data.decided(data.State.NEW, False, False) == (data.Action.MAKE, "")
    assert data.decided(data.State.LOCKED, True, False)[0] is data.Action.MAKE_LOCKED


@pytest.mark.parametrize(("words", "wanted"), [
    ("data_encrypted=1\r\n", True), ("  data_encrypted = yes\n", True),
    ("#data_encrypted=1\n", False), ("data_encrypted=0\n", False),
    ("dtoverlay=nocturne-dac\n", False), ("", False)])
def test_encryption_is_off_but_for_its_own_line(board, tmp_path, words, wanted):
    data, _ = board
    (tmp_path / "settings.txt").write_text(words)
    assert data.asked(tmp_path / "settings.txt") is wanted
    assert not data.asked(tmp_path / "none.txt")
    assert not data.asked(Path(recipe.__file__).parent / "card/settings.txt")


def one_time_memory(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_an_empty_memory_or_one_with_something_else_gives_no_key(board, tmp_path):
    _, otp = board
    with pytest.raises(otp.NoKey, match="empty"):
        otp.key(bytes(32))
    serial = bytes.fromhex("0b12345678940000") + bytes(24)      # two rows, as makers number boards
    with pytest.raises(otp.NoKey, match="something else"):
        otp.key(serial)
    assert len(otp.key(KEY)) == 32 and otp.key(KEY) != KEY
    with pytest.raises(otp.NoKey, match="can't be read"):
        otp.rows(tmp_path / "none", sleep=lambda _: None)
    with pytest.raises(otp.NoKey, match="can't be read"):
        otp.rows(one_time_memory(tmp_path / "short", b"short"))


def test_a_key_is_written_once_and_only_into_an_empty_memory(board, tmp_path):
    _, otp = board
    device = one_time_memory(tmp_path / "otp", bytes(32))
    otp.write(device)
    first = device.read_bytes()
    assert len(first) == 32 and len(otp.key(first)) == 32
    with pytest.raises(otp.NoKey, match="nothing was written"):
        otp.write(device)
    assert device.read_bytes() == first
    other = one_time_memory(tmp_path / "other", bytes(32))
    otp.write(other)
    assert other.read_bytes() != first


def test_nothing_is_written_without_a_yes(board, tmp_path, monkeypatch):
    _, otp = board
    device = one_time_memory(tmp_path / "otp", bytes(32))
    monkeypatch.setattr(otp.rows, "__defaults__", (device, lambda _: None))
    monkeypatch.setattr(otp.write, "__defaults__", (device,))
    assert otp.main(["--write"], ask=lambda _: "y") == 1 and not any(device.read_bytes())
    assert otp.main([]) == 1
    assert otp.main(["--write"], ask=lambda _: "yes") == 0 and any(device.read_bytes())
    assert otp.main([]) == 0


def test_a_memory_that_cannot_be_written_and_nobody_to_ask_are_said_in_words(
        board, tmp_path, monkeypatch, capsys):
    _, otp = board
    def nobody(_):
        raise EOFError
    device = one_time_memory(tmp_path / "otp", bytes(32))
    monkeypatch.setattr(otp.rows, "__defaults__", (device, lambda _: None))
    assert otp.main(["--write"], ask=nobody) == 1 and not any(device.read_bytes())
    monkeypatch.setattr(otp.write, "__defaults__", (Path("/dev/full"),))
    monkeypatch.setattr(otp, "rows", lambda *_: bytes(32))
    assert otp.main(["--write"], ask=lambda _: "yes") == 1
    assert "couldn't be written (No space left" in capsys.readouterr().err


def test_the_trouble_is_told_at_once_and_again_by_the_settings(board, tmp_path):
    data, _ = board
    for trouble in ("the data on this card was damaged", "data_encrypted: it is empty"):
        data.tell(trouble)
    words = b"the data on this card was damaged\r\ndata_encrypted: it is empty\r\n"
    assert (tmp_path / "TROUBLE.txt").read_bytes() == words
    assert data.TOLD.read_bytes() == words.replace(b"\r", b"")
