"""A data partition that a card has damaged: by mke2fs, debugfs and e2fsck themselves, on files."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.image.drive import KEYS, PLAIN, SBIN, SECRET, WIFI, joins_with, need

NIGHT = b"a night that must not be lost\n"


@pytest.fixture
def ext4(board, partition, monkeypatch, tmp_path):
    """The program, and a partition that it made, with a night in it."""
    need("debugfs", "e2fsprogs")
    monkeypatch.setenv("PATH", SBIN)
    data, _ = board
    data.mkfs(partition)
    (tmp_path / "night").write_bytes(NIGHT)
    debugfs(partition, f"write {tmp_path / 'night'} night", "-w")
    return data, partition


def debugfs(partition, request: str, *more: str) -> bytes:
    return subprocess.run(["debugfs", *more, "-R", request, partition], capture_output=True,
                          check=True).stdout


def copies(partition) -> list[int]:
    """Where superblocks stand, in bytes, as dumpe2fs tells."""
    said = subprocess.run(["dumpe2fs", partition], capture_output=True, text=True).stdout
    size = int(re.search(r"Block size: +(\d+)", said)[1])
    blocks = map(int, re.findall(r"(?:Primary|Backup) superblock at (\d+)", said))
    return [max(block * size, 1024) for block in blocks]


def spoil(partition, at: int, garbage: bytes) -> None:
    with open(partition, "r+b") as file:
        file.seek(at)
        file.write(garbage)


@pytest.mark.parametrize("garbage", [bytes(1024), b"\xff" * 1024, b"\xff" * (128 << 10),
                                     bytes(4 << 20)], ids=["zeros", "ones", "128 KiB", "4 MiB"])
def test_a_file_system_without_its_beginning_is_mended_from_a_copy(ext4, garbage):
    data, partition = ext4
    spoil(partition, 1024 if len(garbage) == 1024 else 0, garbage)
    assert data.found(partition) is data.State.PLAIN and data.TOLD.read_text() == f"{data.MENDED}\n"
    subprocess.run(["e2fsck", "-f", "-n", partition], check=True, capture_output=True)
    if len(garbage) == 1024:
        assert debugfs(partition, "cat night") == NIGHT


def test_what_the_kernel_found_faulty_is_mended_before_it_is_mounted(ext4):
    data, partition = ext4
    debugfs(partition, "clri night", "-w")
    debugfs(partition, "ssv state 2", "-w")
    assert data.found(partition) is data.State.PLAIN
    assert re.search(rb"Filesystem state: +clean\n", debugfs(partition, "stats"))
    subprocess.run(["e2fsck", "-f", "-n", partition], check=True, capture_output=True)


def test_a_whole_one_is_left_as_it_is(ext4):
    data, partition = ext4
    before = partition.read_bytes()
    assert data.found(partition) is data.State.PLAIN and partition.read_bytes() == before
    assert not data.TOLD.exists()


def test_one_whose_making_was_cut_short_is_new(ext4):
    """mke2fs writes the superblocks last, and what they describe beside them."""
    data, partition = ext4
    for at in copies(partition):
        spoil(partition, at // data.FIRST * data.FIRST, bytes(data.FIRST))
    assert data.found(partition) is data.State.NEW and not data.TOLD.exists()


@pytest.mark.parametrize("reached", [1, 4 << 20, 16 << 20])
def test_an_erasure_that_was_cut_short_is_gone_on_with(ext4, monkeypatch, reached):
    data, partition = ext4
    assert not data.half_erased(partition)
    written, pwrite = [0], data.os.pwrite

    def until_the_power_goes(file, words, at):
        if written[0] >= reached:
            raise KeyboardInterrupt
        written[0] += pwrite(file, words, at)

    monkeypatch.setattr(data.os, "pwrite", until_the_power_goes)
    with pytest.raises(KeyboardInterrupt):
        data.wipe(partition, partition.stat().st_size)
    monkeypatch.undo()
    assert data.half_erased(partition)
    data.wipe(partition, partition.stat().st_size)
    assert not any(partition.read_bytes()) and not data.half_erased(partition)


def test_the_start_after_it_erases_the_rest_the_button_held_or_not(ext4, monkeypatch):
    data, partition = ext4
    data.wipe(partition, 4 << 20)
    spoil(partition, 0, data.ERASED)
    forgotten = []
    for name, instead in (("held", lambda: False), ("blocks", lambda device: device.stat().st_size),
                          ("forget", lambda *_: forgotten.append(True)),
                          ("make", lambda device, _: data.mkfs(device))):
        monkeypatch.setattr(data, name, instead)
    monkeypatch.setattr(data, "MOUNTED", partition.with_name("mounted"))
    assert data.ready(partition) == partition
    assert forgotten and NIGHT not in partition.read_bytes()


def test_anothers_file_system_is_not_told_as_mended(ext4):
    data, partition = ext4
    subprocess.run(["tune2fs", "-L", "another", partition], check=True, capture_output=True)
    with pytest.raises(OSError):
        data.found(partition)
    assert not data.TOLD.exists()


def test_one_that_cannot_be_read_is_not_made_anew(board, partition, tmp_path, monkeypatch):
    data, _ = board
    monkeypatch.setenv("PATH", SBIN)
    spoil(partition, 0, 4096 * b"\xa5")
    before = partition.read_bytes()
    for place in (partition, tmp_path, tmp_path / "none"):
        with pytest.raises(OSError):
            data.found(place)
    assert partition.read_bytes() == before


@pytest.fixture
def mounts(board, monkeypatch, tmp_path):
    """The program, and the mounts that it asked for, by their place; those of ext4 fail."""
    data, _ = board
    asked: dict[str, list[str]] = {}

    def mount(words, **_):
        asked[str(words[-1])] = [str(word) for word in words]
        return subprocess.CompletedProcess(words, int("ext4" in words))

    monkeypatch.setattr(data.subprocess, "run", mount)
    monkeypatch.setattr(data.pwd, "getpwnam", lambda _: data.pwd.getpwuid(0))
    for name in ("DATA", "SPARE", "MOUNTED"):
        monkeypatch.setattr(data, name, tmp_path / name)
    return data, asked


def lost(*_):
    raise OSError(5, "Input/output error")


@pytest.mark.parametrize("ready", [lost, lambda _: Path("/dev/none")], ids=["unread", "unmounted"])
def test_memory_stands_in_for_data_that_cannot_be_had_and_nights_go_nowhere(
        mounts, monkeypatch, ready, tmp_path):
    data, asked = mounts
    monkeypatch.setattr(data, "ready", ready)
    monkeypatch.setattr(data, "mend", lambda _: True)
    assert data.main() == 0 and data.SPARE.exists()
    assert asked[str(data.DATA)][2] == asked[str(data.DATA / "nocturne")][2] == "tmpfs"
    assert asked[str(data.DATA / "nocturne")][4].startswith("ro,")
    assert "kept in memory" in (tmp_path / "TROUBLE.txt").read_text()


def test_what_is_locked_is_told_as_that(mounts, monkeypatch):
    data, _ = mounts
    monkeypatch.setattr(data, "ready", lambda _: data.tell("the data on this card is encrypted"))
    assert data.main() == 0 and data.SPARE.exists()
    assert data.TOLD.read_text() == "the data on this card is encrypted\n"


def test_what_was_mended_and_still_cannot_be_mounted_is_told_so(mounts, monkeypatch):
    data, _ = mounts
    data.tell(data.MENDED)
    data.MOUNTED.touch()
    monkeypatch.setattr(data, "ready", lambda _: data.MOUNTED)
    monkeypatch.setattr(data, "mend", lambda _: False)
    assert data.main() == 0 and "kept in memory" in data.TOLD.read_text()


@pytest.mark.parametrize("fails", [0, 1])
def test_what_can_be_mounted_once_it_is_mended_needs_no_memory(mounts, monkeypatch, fails):
    data, _ = mounts
    tries = []
    monkeypatch.setattr(data, "ready", lambda _: Path("/dev/none"))
    monkeypatch.setattr(data, "mend", lambda _: True)
    monkeypatch.setattr(data.subprocess, "run", lambda words: tries.append(words) or (
        subprocess.CompletedProcess(words, int(len(tries) <= fails))))
    assert data.main() == 0 and len(tries) == 1 + fails and not data.SPARE.exists()
    assert data.TOLD.exists() is bool(fails)
    assert "nodev,noexec,nosuid" in tries[0][4]


def test_while_memory_stands_in_all_holds_and_no_password_leaves_the_drive(
        settings, monkeypatch, tmp_path):
    boot, kept = tmp_path / "boot", tmp_path / "data/config"
    monkeypatch.setattr(settings, "BOOT", boot)
    monkeypatch.setattr(settings, "DATA", tmp_path / "data")
    monkeypatch.setattr(settings, "SPARE", tmp_path)
    monkeypatch.setattr(settings, "COPY", tmp_path / "copy")
    monkeypatch.setattr(settings, "set_host", lambda *_: [])
    loaded = []
    monkeypatch.setattr(settings.subprocess, "run", lambda *_, input, **__: loaded.append(input))
    files = {"nocturne.toml": PLAIN, "wifi.txt": WIFI, "authorized_keys": f"{KEYS[0]}\n",
             "wifi.bak.txt": f"password = {SECRET}\n", "user-data": "hostname: bett\n"}
    boot.mkdir()
    (tmp_path / "data").mkdir()
    for name, text in files.items():
        (boot / name).write_text(text)
    for _ in range(2):
        assert settings.main() == 0 and "tcp dport 22" in loaded[-1]
        assert {name: (boot / name).read_text() for name in files} == files
        assert SECRET in (kept / "nocturne.toml").read_text()
        assert joins_with(SECRET, (kept / "wpa_supplicant-wlan0.conf").read_text())
    assert len(loaded) == 2
