"""The night on a real board: real bus, real pins, the system's clock."""

import contextlib
import logging
import os
import queue
import secrets
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from device.assembly import build
from device.clock import SystemClock
from device.config import Config
from device.diary import Diary, lent
from device.errors import DiaryError
from device.hardware import health
from device.hardware.bus import open_bus
from device.hardware.sensors import Sensors
from device.home.say_socket import NAME, Door
from device.inference import runtimes
from device.memory import CHOICES, TONIGHT
from device.night import Night
from device.parts import NONE, Hooks
from device.session import greeting
from device.sound.client import SoundLink
from device.values import Command, Lack, Light

if TYPE_CHECKING:
    from device.hardware.panel import Panel

# On a tmpfs, which outlives a restart of the unit but not of the machine.
SPARE = Path(os.environ.get("RUNTIME_DIRECTORY") or tempfile.gettempdir()) / "spare"
PATIENCE = 15.0         # s for the disk's first answer; slow cards take seconds for a sync
SETTLED = 25.0          # s after the start: Wi-Fi and hub have had time
SEARCH = 30.0           # s between two tries of pins that couldn't be used
DRAWING = threading.Lock()


class Pins:
    """The panel, or none: then the night is driven from the hub, and the pins are tried again now
    and then."""

    def __init__(self, config: Config, clock: SystemClock, inbox: queue.SimpleQueue):
        self.config, self.clock, self.inbox = config, clock, inbox
        self.panel: Panel | None = None
        self.trouble, self.due = "", 0.0
        self.look(clock.now())

    def look(self, now: float) -> None:
        self.due = now + SEARCH
        before, wanted = self.trouble, self.config.panel
        try:
            from device.hardware.panel import Panel
            self.panel = Panel(self.clock, self.inbox.put, wanted.button, wanted.led)
            self.trouble = ""
        # SensorError names the pins; a gpiozero that can't be imported raises what it likes.
        except Exception as trouble:
            self.trouble = f"no button and no light: {trouble}"
        if before and not self.trouble:
            self.inbox.put(Lack(before, over=True))

    def show(self, light: Light | float, now: float, quiet: bool) -> None:
        if self.panel is not None:
            self.panel.show(light, now, quiet)
        elif now >= self.due:
            self.look(now)

    def close(self) -> None:
        if self.panel is not None:
            self.panel.close()


class Greeter:
    """Looks around and has the night tell what works: at the first start, and when it is asked."""

    def __init__(self, config: Config, inbox: queue.SimpleQueue, clock: SystemClock,
                 sensors: Sensors, pins: Pins):
        self.config, self.inbox, self.clock = config, inbox, clock
        self.sensors, self.pins = sensors, pins
        self.due: float | None = clock.now() + SETTLED
        self.answered = float("-inf")

    def look(self, mine: Night) -> None:
        """At each tick."""
        first = self.due is not None and self.clock.now() >= self.due
        if first:
            self.due = None
        asked = mine.state.status.asked
        if first and mine.state.nights == 0 or asked > self.answered:
            self.answered = max(asked, self.answered)
            self.inbox.put(Command("greet", ", ".join(self.found(mine))))

    def found(self, mine: Night) -> list[str]:
        """As `session.greeting` takes it."""
        home, beat = mine.parts.world.home, mine.state.status.beat
        there = {
            "sensor": bool(self.sensors.feeds) and not mine.state.status.trouble,
            "speaker": beat is not None and bool(beat.device),
            "button": self.pins.panel is not None,
            "Wi-Fi": health.online(),
        }
        if self.config.home.host:
            there["hub"] = bool(getattr(home, "connected", False))
        return [name if works else greeting.MISSING + name for name, works in there.items()]


@contextlib.contextmanager
def night(config: Config, socket: Path, inbox: queue.SimpleQueue, troubles: Sequence[str] = (),
          hooks: Hooks = NONE) -> Iterator[Night]:
    """Whatever is missing gets a fallback, a mark in the diary and a word to the hub, like the
    `troubles` there were before. Raises ConfigError for a chip that isn't known, DiaryError when
    there is no place even for one night."""
    clock = SystemClock()
    troubles = [*troubles]
    with contextlib.ExitStack() as stack:
        try:
            diary, found = opened(config.diary.path)
            troubles += [found] if found else []
        except DiaryError as trouble:
            diary = spare(Path(config.diary.path))
            troubles.append(f"nights are kept in memory, in {SPARE}: {trouble}")
        stack.callback(diary.close)
        sensors = Sensors.waiting(partial(open_bus, config.sensors.bus), clock,
                                  {"ppg": config.sensors.ppg, "motion": config.sensors.motion})
        panel = Pins(config, clock, inbox)
        troubles += [panel.trouble] if panel.trouble else []
        stack.callback(panel.close)
        sound = SoundLink(socket)
        stack.callback(sound.close)
        home, feedback = stack.enter_context(
            build.at_home(config, inbox, clock, diary, sensors.mattress)
        )
        stack.enter_context(door(socket.with_name(NAME), inbox, troubles))
        if diary.path.parent == SPARE:
            feedback = None  # what was spent isn't known, so nothing is shared
        around = build.Around(clock, inbox, diary, sensors, sound, panel, home, feedback)
        greeter = Greeter(config, inbox, clock, sensors, panel)

        def alive() -> None:
            hooks.alive()
            greeter.look(mine)
            if sensors.mattress:
                home.can_tell(occupancy=True)
        works = diary.path.with_name(runtimes.NAME), socket.with_name("starting")
        runtimes.recall(*works)
        mine = build.brain(
            config, around, seed=secrets.randbits(31),
            hooks=replace(hooks, woken=publish_report, alive=alive),
        )
        runtimes.keep(*works)
        for lack in reversed(troubles):         # the hub shows the beginning: the worst goes first
            mine.lack(lack)
        yield mine


def opened(path: str) -> tuple[Diary, str]:
    """The diary, once the disk has taken a row, and what became of a damaged one. Raises
    DiaryError, also when it says nothing at all: a night that waited for it would be restarted for
    ever."""
    answers: queue.SimpleQueue = queue.SimpleQueue()

    def attempt() -> None:
        try:
            diary = Diary(path)
            found = diary.trouble       # the first row that is written ends it
            diary.remember("opened", True)
            diary.flush()
            answers.put((diary, found))
        except DiaryError as trouble:
            answers.put(trouble)
    threading.Thread(target=attempt, name="open", daemon=True).start()
    try:
        answer = answers.get(timeout=PATIENCE)
    except queue.Empty:
        raise DiaryError(f"diary {path}: the disk doesn't answer; check the card") from None
    if isinstance(answer, DiaryError):
        raise answer
    return answer


def spare(refused: Path) -> Diary:
    """A diary in memory, which knows what the one that can't be written remembers; but for a night,
    whose rows stay there. Raises DiaryError."""
    diary = Diary(SPARE / "diary.sqlite")
    if diary.recall("opened") is None:              # else an earlier process of this boot began it
        for key, value in {**lent(refused), "opened": True}.items():
            if key not in (TONIGHT, CHOICES):
                diary.remember(key, value)
        diary.flush()
    return diary


@contextlib.contextmanager
def door(path: Path, inbox: queue.SimpleQueue, troubles: list[str]) -> Iterator[None]:
    """Where `nocturne say` knocks; the night does without, if it must."""
    try:
        mine = Door(path, inbox)
    except OSError as trouble:
        troubles.append(f"`nocturne say` can't be heard: {trouble}")
        yield
        return
    with contextlib.closing(mine):
        yield


def publish_report(mine: Night) -> None:
    """On a thread of its own, for the chips' FIFOs don't wait."""
    def draw() -> None:
        try:
            with DRAWING:
                build.publish_report(mine)
        except (OSError, subprocess.SubprocessError) as trouble:
            logging.getLogger("nocturne").error("no morning report: %s", trouble)
    threading.Thread(target=draw, name="report").start()
