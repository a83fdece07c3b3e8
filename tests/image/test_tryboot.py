"""The update's bootloader backend, on plain files: where the power is cut decides only between old
and new.

The Pi's boot ROM and firmware aren't here: `start` below reads the files as their documentation
says that they do.
"""

import builtins
import os
import random
from pathlib import Path

import pytest

from image.board import tryboot
from image.board.newer import refusal
from image.board.tryboot import Backend

FILES = {
    "kernel.img": b"kernel %d " * 3000,
    "initrd.img": b"initrd %d " * 1000,
    "cmdline.txt": b"quiet build=%d\n",
    "zero.dtb": b"tree %d " * 400,
}


class PowerCut(Exception):
    pass


class Power:
    """Counts what reaches the card, in pieces of a page; goes off before piece `until`."""

    def __init__(self, monkeypatch, until: int | None = None):
        self.pieces, self.until = 0, until
        real_open, real_pwrite, real_unlink = builtins.open, os.pwrite, Path.unlink
        power = self

        class Card:
            def __init__(self, path, mode):
                power.spend()                   # opening truncates
                self.file = real_open(path, mode)

            def write(self, data):
                for at in range(0, len(data), 4096):
                    power.spend()
                    self.file.write(data[at:at + 4096])

            def __enter__(self):
                return self

            def __exit__(self, *trouble):
                self.file.close()

            def flush(self):
                self.file.flush()

            def fileno(self):
                return self.file.fileno()

        def pwrite(file, data, at):
            power.spend()  # one sector: an SD card writes it whole or not at all
            return real_pwrite(file, data, at)

        def unlink(path, missing_ok=False):
            power.spend()
            real_unlink(path, missing_ok)

        monkeypatch.setattr(tryboot, "open", Card, raising=False)
        monkeypatch.setattr(tryboot.os, "pwrite", pwrite)
        monkeypatch.setattr(tryboot.Path, "unlink", unlink)

    def spend(self):
        if self.until is not None and self.pieces >= self.until:
            raise PowerCut
        self.pieces += 1


def brought(folder: Path, build: int) -> Path:
    """What the root of a build brings for the boot partition."""
    folder.mkdir()
    for name, data in FILES.items():
        (folder / name).write_bytes(data.replace(b"%d", str(build).encode()))
    return folder


def card(folder: Path) -> tuple[Backend, Path]:
    """As flashed: build 1 in both slots, A starts. And what build 2 brings."""
    boot, state = folder / "boot", folder / "state"
    boot.mkdir(parents=True)
    state.mkdir()
    (boot / "config.txt").write_bytes(tryboot.text("A"))
    (boot / "tryboot.txt").write_bytes(tryboot.text("B"))
    backend = Backend(boot, state)
    old = brought(folder / "one", 1)
    for slot in "AB":
        backend.fill(slot, old)
    return backend, brought(folder / "two", 2)


def start(boot: Path, tried: bool) -> tuple[str, int]:
    """What the firmware does: the slot and the build that it starts. Fails if that build isn't
    whole."""
    text = (boot / ("tryboot.txt" if tried else "config.txt")).read_bytes()
    assert len(text) == 512
    prefix = next(line for line in text.decode().splitlines() if line.startswith("os_prefix="))[
        10:
    ].rstrip()
    words = (boot / prefix / "cmdline.txt").read_text().split()
    build = int(next(word for word in words if word.startswith("build="))[6:])
    for name, data in FILES.items():
        if name != "cmdline.txt":
            assert (boot / prefix / name).read_bytes() == data.replace(b"%d", str(build).encode())
    return next(word for word in words if word.startswith("rauc.slot="))[10:], build


def test_a_new_system_is_tried_once_and_stays_only_if_it_says_that_it_is_good(tmp_path):
    backend, new = card(tmp_path)
    backend.propose("B", new)
    assert backend.primary() == "B" and backend.lasting() == "A"
    assert start(backend.boot, tried=True) == ("B", 2)
    assert start(backend.boot, tried=False) == ("A", 1)         # it didn't say so
    backend.judge("B", True)
    assert start(backend.boot, tried=False) == ("B", 2)
    assert start(backend.boot, tried=True) == ("A", 1)


@pytest.mark.parametrize("how", ["never up", "up and not good"])
def test_a_system_that_was_tried_in_vain_is_bad_and_not_tried_again(tmp_path, how):
    backend, new = card(tmp_path)
    backend.propose("B", new)
    if how == "never up":
        backend.begin("B")
    else:
        backend.judge("B", False)
    assert backend.give_up("A") == ("B", True)
    assert not backend.good("B") and backend.primary() == "A"
    assert backend.give_up("A") is None


def test_a_system_whose_trial_never_began_is_not_called_bad(tmp_path):
    """The power went between its installation and the restart; also after an older one's trial."""
    backend, new = card(tmp_path)
    for _ in range(2):
        backend.propose("B", new)
        assert backend.give_up("A") == ("B", False)
        assert backend.good("B") and backend.primary() == "A"
        assert backend.give_up("A") is None
        backend.propose("B", new)
        backend.begin("B")
        assert backend.give_up("A") == ("B", True)
        backend.judge("B", True)                    # by hand


@pytest.mark.parametrize("seed", range(50))
def test_a_cut_at_any_point_leaves_the_old_system_or_the_new_one(tmp_path, monkeypatch, seed):
    def update(backend, new):
        backend.propose("B", new)
        backend.judge("B", True)

    whole = card(tmp_path / "whole")
    with monkeypatch.context() as patched:
        power = Power(patched)
        update(*whole)
    backend, new = card(tmp_path / "cut")
    with monkeypatch.context() as patched:
        Power(patched, random.Random(seed).randrange(power.pieces))
        with pytest.raises(PowerCut):
            update(backend, new)
    slot, build = start(backend.boot, tried=False)
    assert (slot, build) in {("A", 1), ("B", 2)}
    # What is left is good enough to update again.
    if slot == "A":
        update(backend, new)
        assert start(backend.boot, tried=False) == ("B", 2)


def test_an_update_never_touches_the_slot_that_runs(tmp_path):
    backend, new = card(tmp_path)
    before = {path: path.read_bytes() for path in (backend.boot / "a").iterdir()}
    backend.propose("B", new)
    assert {path: path.read_bytes() for path in (backend.boot / "a").iterdir()} == before


@pytest.mark.parametrize(
    "version, refused",
    [
        ("0.1.0.99", True),
        ("0.0.9.500", True),
        ("0.1.0.100", False),
        ("0.1.0.101", False),
        ("0.10.0.1", False),
        ("1.0", False),
    ],
)
def test_an_older_bundle_is_refused(version, refused):
    assert (
        bool(refusal(f"[update]\ncompatible=nocturne-pi64\nversion={version}\n", "0.1.0.100\n"))
        is refused
    )


def test_a_bundle_without_a_version_is_refused():
    assert "version" in refusal("[update]\ncompatible=nocturne-pi64\n", "0.1.0.100")
