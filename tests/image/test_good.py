"""When a system that is tried may stay, and when the button at power-on means a reset."""

import contextlib
import sys
import types
from pathlib import Path

import pytest

from image.board import data

FACTS = {
    "Id": "nocturne.service",
    "ActiveState": "active",
    "ActiveEnterTimestampMonotonic": "20000000",
}


@pytest.fixture
def good(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(data.__file__).parent))
    import good as module
    yield module
    sys.modules.pop("good"), sys.modules.pop("tryboot", None)


@pytest.mark.parametrize("change, now, word", [
    ({}, 130.0, None),
    ({}, 60.0, "40 s ago"),  # it restarted on the way
    ({"ActiveState": "activating"}, 130.0, "activating"),
    ({"ActiveState": "failed", "ActiveEnterTimestampMonotonic": "0"}, 130.0, "failed"),
])
def test_a_process_is_steady_if_it_has_run_without_a_restart(good, change, now, word):
    found = good.unsteady({**FACTS, **change}, now)
    assert found is None if word is None else word in found


def test_the_running_slot_is_read_from_the_command_line(good):
    assert good.slot("quiet rauc.slot=B panic=10") == "B"


@pytest.mark.parametrize("tried", [True, False])
def test_an_update_that_was_never_tried_is_fetched_again_and_told(
    good, monkeypatch, tmp_path, capsys, tried
):
    backend = good.Backend(tmp_path, tmp_path)
    (tmp_path / "config.txt").write_text("os_prefix=a/\n")
    (tmp_path / "pending").write_text("B")
    (tmp_path / "fetched").write_text('"one"')
    if tried:
        backend.begin("B")
    monkeypatch.setattr(good, "Backend", lambda: backend)
    monkeypatch.setattr(good, "BOOT", tmp_path)
    monkeypatch.setattr(good, "SEEN", tmp_path / "fetched")
    monkeypatch.setattr(good, "writable", contextlib.nullcontext)
    monkeypatch.setattr(good, "slot", lambda line: "A")
    monkeypatch.setattr(good, "unsteady", lambda facts, now: None)
    monkeypatch.setattr(good, "show", lambda unit: {})
    monkeypatch.setattr(good.subprocess, "run", lambda words: types.SimpleNamespace(returncode=0))
    for _ in range(2):                              # at this start, and at the next
        assert good.main() == 0
    assert (tmp_path / "fetched").exists() == tried and backend.bad("B").exists() == tried
    told = capsys.readouterr().err.splitlines()
    assert told == ["slot B was tried and didn't start; it is marked bad"] if tried else (
        told[0].startswith("slot B waited: an update was installed"))
    notice = tmp_path / "TROUBLE.txt"
    assert notice.exists() != tried
    assert tried or notice.read_bytes().count(b"copy it here once more\r\n") == 1


class Pins:
    """lgpio with a button that is let go after so many looks."""
    SET_PULL_UP, error = 32, OSError

    def __init__(self, looks: float):
        self.looks, self.blinks = looks, []

    def gpiochip_open(self, number):
        return 1

    def gpiochip_close(self, chip):
        pass

    def gpio_claim_input(self, chip, pin, flags):
        self.button = pin

    def gpio_claim_output(self, chip, pin, level):
        self.led = pin

    def gpio_read(self, chip, pin):
        assert pin == self.button
        self.looks -= 1
        return int(self.looks < 0)

    def gpio_write(self, chip, pin, level):
        assert pin == self.led
        self.blinks.append(level)


@pytest.mark.parametrize("looks, reset",
                         [(0, False), (20, False), (49, False), (50, True), (1000, True)])
def test_only_a_button_held_for_five_seconds_erases(monkeypatch, looks, reset):
    pins, slept = Pins(looks), []
    monkeypatch.setitem(sys.modules, "lgpio", pins)
    assert data.held(sleep=slept.append) is reset
    if reset:
        assert sum(slept) == pytest.approx(5.0, abs=0.1) and set(pins.blinks) == {0, 1}


def test_without_pins_nothing_is_erased(monkeypatch):
    monkeypatch.setitem(sys.modules, "lgpio", types.ModuleType("lgpio"))      # has nothing in it
    assert data.held(sleep=lambda _: None) is False


def test_a_reset_leaves_the_boot_partition_as_on_a_new_card(tmp_path):
    boot, defaults = tmp_path / "boot", tmp_path / "defaults"
    boot.mkdir()
    defaults.mkdir()
    (defaults / "nocturne.toml").write_text("# as new\n")
    (boot / "nocturne.toml").write_text('[night]\nsleeper = "Ada"\n')
    (boot / "authorized_keys").write_text("ssh-ed25519 AAAA ada@home\n")
    (boot / "config.txt").write_text("os_prefix=a/\n")
    data.forget(boot, defaults)
    assert {path.name: path.read_text() for path in boot.iterdir()} == {
        "nocturne.toml": "# as new\n",
        "config.txt": "os_prefix=a/\n",
    }


def test_a_word_that_is_replaced_is_overwritten_where_it_lay(tmp_path):
    path = tmp_path / "wifi.txt"
    path.write_text("password = geheim\n")
    inode = path.stat().st_ino
    data.blank(path)
    assert path.read_bytes() == bytes(18) and path.stat().st_ino == inode
