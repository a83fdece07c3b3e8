"""The night on a real board: real bus, real pins, the system's clock."""

import contextlib
import logging
import queue
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

from device import parts
from device.clock import SystemClock
from device.config import Config
from device.diary import Diary
from device.errors import DiaryError, SensorError
from device.hardware.bus import open_bus
from device.hardware.panel import Panel
from device.hardware.sensors import Sensors
from device.night import Night
from device.sound.link import SoundLink


class NoPanel:
    """Without usable pins the night is driven from the hub."""

    def show(self, brightness: float) -> None:
        pass

    def close(self) -> None:
        pass


@contextlib.contextmanager
def night(config: Config, socket: Path, inbox: queue.SimpleQueue, **hooks) -> Iterator[Night]:
    """Raises ConfigError or DiaryError; whatever else is missing gets a fallback and a mark in the diary."""
    clock = SystemClock()
    troubles = []
    with contextlib.ExitStack() as stack:
        diary = Diary(config.diary.path)
        stack.callback(diary.close)
        try:
            sensors = Sensors.find(open_bus(config.sensors.bus), clock,
                                   {"ppg": config.sensors.ppg, "motion": config.sensors.motion})
        except SensorError as trouble:
            troubles.append(f"no sensors, so a timer programme: {trouble}")
            sensors = Sensors([], clock)
        try:
            panel = Panel(clock, inbox.put, config.panel.button, config.panel.led)
        except SensorError as trouble:
            troubles.append(f"no button and no light: {trouble}")
            panel = NoPanel()
        stack.callback(panel.close)
        sound = SoundLink(socket)
        stack.callback(sound.close)
        home, feedback = stack.enter_context(parts.at_home(config, inbox, clock, diary, sensors.mattress))
        mine = parts.brain(config, clock, inbox, sensors=sensors, sound=sound, panel=panel, home=home, diary=diary,
                           seed=secrets.randbits(31), woken=publish, feedback=feedback, **hooks)
        for trouble in troubles:
            mine.note("fallback", trouble)
        yield mine


def publish(mine: Night) -> None:
    """On a thread of its own, for the chips' FIFOs don't wait."""
    def draw() -> None:
        try:
            parts.publish(mine)
        except (DiaryError, OSError) as trouble:
            logging.getLogger("nocturne").error("no morning report: %s", trouble)
    threading.Thread(target=draw, name="report").start()
