"""Writing a card: what is refused, and that what is written is what is read."""

import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parent.parent.parent / "image" / "flash"


def loaded():
    loader = importlib.machinery.SourceFileLoader("flash", str(PATH))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("flash", loader))
    loader.exec_module(module)
    return module


flash = loaded()
CARD = {
    "path": "/dev/sdx",
    "type": "disk",
    "size": 32_000_000_000,
    "rm": True,
    "ro": False,
    "hotplug": True,
    "tran": "usb",
    "model": "Reader",
    "mountpoints": [None],
    "children": [{"path": "/dev/sdx1", "type": "part", "mountpoints": [None]}],
}


def test_an_ordinary_card_is_taken():
    assert flash.refusal(CARD, False, {"/dev/sda", "/dev/sda1"}) is None


@pytest.mark.parametrize(
    "change, any_disk, word",
    [
        ({"path": "/dev/sda"}, True, "runs from it"),
        (
            {"children": [{"path": "/dev/sda1", "type": "part", "mountpoints": [None]}]},
            True,
            "runs from it",
        ),
        ({"type": "part"}, True, "whole disk"),
        ({"ro": True}, True, "write-protected"),
        ({"size": 2_000_000_000_000}, True, "GB"),
        ({"mountpoints": ["/media/card"]}, True, "umount /media/card"),
        ({"rm": False, "hotplug": False, "tran": "nvme"}, False, "removable"),
    ],
)
def test_what_may_be_no_card_is_refused_with_a_reason(change, any_disk, word):
    assert word in flash.refusal({**CARD, **change}, any_disk, {"/dev/sda", "/dev/sda1"})


def test_the_disk_this_system_runs_from_is_known():
    for tool in ("findmnt", "lsblk"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is missing: apt-get install util-linux")
    root = subprocess.run(["findmnt", "-no", "SOURCE", "/"], capture_output=True,
                          text=True).stdout.strip()
    if not root.startswith("/dev/"):
        pytest.skip("this system runs from no disk")
    assert root.split("[")[0] in flash.protected()


def test_what_was_written_is_what_is_read_back_and_a_lying_card_is_caught(tmp_path):
    image = os.urandom(3 * flash.CHUNK + 17)
    path = tmp_path / "image.img"
    path.write_bytes(image)
    card = os.open(tmp_path / "card", os.O_RDWR | os.O_CREAT)
    written, digest = flash.write(flash.chunks(path), card, lambda *_: None)
    assert written == len(image) and (tmp_path / "card").read_bytes() == image
    assert flash.verify(card, written, lambda *_: None) == digest
    os.pwrite(card, b"\xff\x00\xff", flash.CHUNK)
    assert flash.verify(card, written, lambda *_: None) != digest
    os.close(card)
