"""Both services as they run by a bed, under what systemd does, into a virtual DAC and beside a real
broker."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from areas.sound.live import Rig
from device.diary import reading
from device.sound.settings import RATE
from tests.faults.supervisor import Unit
from tests.home.around import Listener, soon

pytestmark = pytest.mark.full
BED = "nocturne/bedside"


class Device:
    def __init__(self, folder: Path, port: int, diary: Path | None = None,
                 python: list | None = None, surroundings: dict[str, str] | None = None):
        self.rig = Rig(folder)
        self.diary = diary or folder / "diary.sqlite"
        self.config = folder / "nocturne.toml"
        self.config.write_text(
            f'[home]\nhost = "127.0.0.1"\nport = {port}\n[diary]\npath = "{self.diary}"\n'
            '[sensors]\nppg = "none"\nmotion = "none"\n'
        )
        environment = {
            **(surroundings or {}),
            **self.rig.environment,
            "STATE_DIRECTORY": str(folder),
            "RUNTIME_DIRECTORY": str(folder),
        }
        command = [*(python or []), sys.executable, "-m", "device"]
        words = ["--config", self.config, "--socket", folder / "sound.socket"]
        self.units = {
            "nocturne-sound": Unit("nocturne-sound", [*command, "sound", *words], environment,
                                   folder),
            "nocturne": Unit("nocturne", [*command, "run", *words], environment, folder),
        }
        self.hub = Listener(port)

    @property
    def night(self) -> Unit:
        return self.units["nocturne"]

    @property
    def sound(self) -> Unit:
        return self.units["nocturne-sound"]

    def play(self) -> None:
        assert soon(lambda: self.hub.last(f"{BED}/avail") == b"online", 60), self.words()
        self.hub.send(f"{BED}/cmd/sound", "ON")
        assert soon(lambda: self.hub.last(f"{BED}/state/session") == b"winding_down", 20), (
            self.words()
        )
        assert soon(lambda: self.rig.raw.exists() and self.level(1.0) > 3.0, 30), self.words()
        time.sleep(8.0)                         # the fade-in is over

    def level(self, seconds: float, ago: float = 0.0) -> float:
        """RMS of what the DAC got lately, in LSB."""
        heard = self.rig.samples().astype(float)
        end = len(heard) - round(ago * RATE)
        return float(np.sqrt(np.mean(heard[max(end - round(seconds * RATE), 0):end] ** 2)))

    def words(self) -> str:
        return "".join(path.read_text() for path in self.diary.parent.glob("*.log"))

    def stop(self) -> None:
        for unit in self.units.values():
            unit.stop()
        self.hub.close()


@pytest.fixture
def device(tmp_path, broker):
    device = Device(tmp_path, broker.port)
    yield device
    device.stop()


def ramp(device: Device, since: int) -> np.ndarray:
    """RMS per half second of what the DAC got from frame `since` on, in LSB."""
    heard = device.rig.samples()[since:].astype(float)
    half = RATE // 2
    return np.sqrt((heard[:len(heard) // half * half].reshape(-1, half * 2) ** 2).mean(axis=1))


@pytest.mark.parametrize("blow", [signal.SIGSTOP, signal.SIGKILL])
def test_a_night_that_stalls_or_dies_is_back_within_20_s_and_the_sound_never_stops(device, blow):
    device.play()
    before, at = len(device.night.ready), len(device.rig.samples())
    struck = time.monotonic()
    device.night.send(blow)
    assert soon(lambda: len(device.night.ready) > before, 25), device.words()
    assert device.night.ready[-1] - struck <= 20.0
    time.sleep(3.0)
    levels = ramp(device, at)
    assert levels.min() > 0.4 * np.median(levels), levels
    assert levels.max() < 2.5 * np.median(levels), levels


def test_a_writer_that_hangs_in_the_disk_is_seen_and_the_night_back_within_20_s(
    tmp_path, broker, disk
):
    device = Device(tmp_path, broker.port, diary=disk.folder / "diary.sqlite",
                    surroundings=disk.environment)
    try:
        device.play()
        at, struck = len(device.rig.samples()), time.monotonic()
        disk.trouble.write_text("-1")
        device.hub.send(f"{BED}/cmd/volume", "90")          # which is to be kept
        assert soon(lambda: len(device.night.starts) > 1, 25), device.words()
        disk.trouble.unlink()
        assert soon(lambda: len(device.night.ready) > 1, 10), device.words()
        assert device.night.ready[-1] - struck <= 20.0
        assert ramp(device, at).min() > 0.4 * np.median(ramp(device, at))
    finally:
        device.stop()


def test_a_disk_that_never_answers_again_costs_one_restart_and_one_fade(tmp_path, broker, disk):
    device = Device(tmp_path, broker.port, diary=disk.folder / "diary.sqlite",
                    surroundings=disk.environment)
    try:
        device.play()
        device.hub.send(f"{BED}/cmd/volume", "80")
        time.sleep(2.0)
        at, struck = len(device.rig.samples()), time.monotonic()
        disk.trouble.write_text("-1")
        device.hub.send(f"{BED}/cmd/volume", "70")
        assert soon(lambda: len(device.night.ready) > 1, 60), device.words()
        time.sleep(25.0)                        # the watchdog would have struck again
        assert len(device.night.starts) == 2
        assert b"the disk doesn't answer" in device.hub.last(f"{BED}/state/error")
        heard = 20 * np.log10(ramp(device, at)[2 * round(device.night.ready[-1] - struck) - 4:])
        # the rain itself wavers
        assert heard[-1] < heard[0] - 10 and np.diff(heard[::2]).max() <= 2.0, heard
    finally:
        disk.trouble.unlink()
        device.stop()


@pytest.mark.parametrize("blow", [signal.SIGSTOP, signal.SIGKILL])
def test_a_sound_process_that_stalls_or_dies_is_back_within_20_s_with_a_ramp(device, blow):
    device.play()
    steady = device.level(2.0)
    before, struck = len(device.sound.ready), time.monotonic()
    device.sound.send(blow)
    assert soon(lambda: len(device.sound.ready) > before, 25), device.words()
    assert device.sound.ready[-1] - struck <= 20.0
    assert soon(lambda: device.rig.begun() > struck, 20), (
        "the virtual DAC of the new process begins a new file"
    )
    assert soon(lambda: device.level(1.0) > 0.3 * steady, 90), device.words()
    audible = np.maximum(20 * np.log10(np.maximum(ramp(device, 0), 1e-3) / steady), -20.0)  # 20 dBA
    # the rain itself wavers by a decibel or two
    assert np.diff(audible[::8]).max() <= 4 * 0.5 + 3.0, audible
    assert device.night.starts[-1] < struck        # the night didn't fall with it


def test_a_dac_that_goes_and_comes_back_is_found_again(device):
    device.play()
    before = len(device.sound.ready)
    dac = next(int(pid) for pid in children(device.sound.process.pid))
    os.kill(dac, signal.SIGKILL)
    assert soon(lambda: len(device.sound.ready) > before, 30), device.words()
    assert soon(lambda: device.level(1.0) > 1.0, 60), device.words()


def test_a_broker_that_dies_and_returns_changes_nothing_at_the_bed(device, broker):
    device.play()
    at = len(device.rig.samples())
    broker.stop()
    time.sleep(5.0)
    broker.start()
    device.hub.close()
    device.hub = Listener(broker.port)
    assert soon(lambda: device.hub.last(f"{BED}/state/session") == b"winding_down", 60), (
        device.words()
    )
    levels = ramp(device, at)
    assert levels.min() > 0.4 * np.median(levels)
    assert len(device.night.starts) == len(device.sound.starts) == 1


def test_a_torn_config_is_replaced_by_the_last_good_one_and_the_hub_is_told(device):
    device.play()
    device.config.write_text("[sond\nvolume")
    for unit in device.units.values():
        unit.send(signal.SIGKILL)
    assert soon(lambda: b"last good config" in (device.hub.last(f"{BED}/state/error") or b""),
                30), device.words()
    assert soon(lambda: device.level(1.0) > 1.0, 60)
    # once killed, once started: no loop
    assert len(device.night.starts) == len(device.sound.starts) == 2


def test_a_disk_that_cannot_be_written_from_the_start_still_gives_a_night_and_the_hub_is_told(
    tmp_path, broker
):
    (tmp_path / "a file").write_text("")
    device = Device(tmp_path, broker.port, diary=tmp_path / "a file" / "diary.sqlite")
    try:
        device.play()
        assert soon(lambda: b"kept in memory" in (device.hub.last(f"{BED}/state/error") or b""), 30)
        time.sleep(3.0)
        assert len(device.night.starts) == 1
        with reading(tmp_path / "spare" / "diary.sqlite") as diary:
            assert diary.execute("SELECT count(*) FROM nights").fetchone()[0] == 1
    finally:
        device.stop()


def children(pid: int) -> list[str]:
    """Process ids of everything below `pid`, the deepest first."""
    own = [
        child
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return [deeper for child in own for deeper in [*children(int(child)), child]]
