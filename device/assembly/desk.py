"""A whole night on a desk: the real drivers over simulated chips on a simulated or recorded body.
"""

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from gpiozero.pins.mock import MockFactory

from device import parts
from device.assembly import build
from device.clock import Clock, PacedClock, SystemClock, VirtualClock
from device.config import Config, sound_flags
from device.diary import Diary
from device.errors import SoundError
from device.hardware.bus import Bus
from device.hardware.panel import Panel, desk_pins, press
from device.hardware.sensors import Sensors
from device.inference.model_card import MODELS
from device.night import Night
from device.parts import NONE, Hooks
from device.session.modes import Mode
from device.sim.bus import SimBus
from device.sim.chips import SimChip
from device.sim.chips_adxl355 import ADXL355
from device.sim.chips_lis3dh import LIS3DH
from device.sim.chips_max30102 import MAX30102
from device.sim.faults import FaultyBus, Plan
from device.sim.recording import Recording
from device.sim.sleeper import STANDARD_GRAVITY, Sleeper
from device.sim.speaker import NoSpeaker, Speaker
from device.sound.client import SoundLink
from device.values import TICK, Command

BEDTIME = 60.0          # s after power on: the finger on the button
TOUCH = 0.15            # s
STARTING = 20.0         # s that the sound process may take to open its socket


@dataclass(frozen=True, slots=True)
class Desk:
    """What `tools/night` asks for."""
    out: Path                           # folder for diary, sound and report
    hours: float = 8.0
    seed: int = 1
    speed: float | None = None          # times real time; None is as fast as it goes
    audio_minutes: float = 10.0         # of sound rendered into night.wav; 0 is a silent night
    recording: Path | None = None
    build: str = "clip"  # "clip": MAX30102 + LIS3DH; "mattress": ADXL355; "none": no sensor
    skew: float = 0.0                   # of the chips' clocks
    # the lock-step sound goes through PortAudio's default device too
    through_portaudio: bool = False
    faults: Plan | None = None          # what goes wrong with the bus
    models: Path = MODELS
    wall: float = 1_767_218_400.0       # s since 1970 at power on: 2025-12-31 22:00 UTC
    bedtime: bool = True                # a finger presses the button a minute after power on
    sleeper: dict | None = None         # options of `Sleeper`
    partner: int | None = None          # seed of a second body in the same bed
    say: str = ""                       # what the sleeper says before going to bed


class Source:
    """A method as a chip's source."""

    smooth = True       # a sleeper's signals hold nothing that a chip's own filters take away

    def __init__(self, values: Callable[[np.ndarray], np.ndarray]):
        self.values = values


@contextlib.contextmanager
def night(config: Config, desk: Desk, hooks: Hooks = NONE) -> Iterator[tuple[Night, MockFactory]]:
    """The night, built and ready to run, and the pins that stand for its button."""
    real_time = desk.speed == 1 and desk.audio_minutes > 0 and has_sound_card()
    clock = clock_of(desk, real_time)
    inbox: queue.SimpleQueue = queue.SimpleQueue()
    chips, tick = body(desk, clock)
    faults = (
        FaultyBus(desk.faults, chips, np.random.default_rng(desk.seed)) if desk.faults else None
    )
    bus = Bus(SimBus(chips, clock, faults))
    pins = desk_pins()
    desk.out.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        sound = stack.enter_context(speaker(config, desk, clock, real_time))
        diary = Diary(desk.out / "diary.sqlite")
        stack.callback(diary.close)
        sensors = Sensors.find(bus, clock)
        # A virtual clock runs far ahead of any broker's: messages keep the wall's time.
        home, feedback = stack.enter_context(
            build.at_home(config, inbox, SystemClock(), diary, sensors.mattress)
        )
        panel = Panel(clock, inbox.put, config.panel.button, config.panel.led, pins)
        stack.callback(panel.close)
        around = build.Around(clock, inbox, diary, sensors, sound, panel, home, feedback)
        if config.home.host:
            hooks = replace(hooks, woken=build.publish_report)
        mine = build.brain(
            config, around, seed=desk.seed, models=desk.models, tick=tick, hooks=hooks
        )
        if desk.say:
            note = Command("say", desk.say, reply=print)
            later(stack, clock, BEDTIME / 2, lambda: inbox.put(note))
        if desk.bedtime:
            def touch() -> None:
                if mine.mode is Mode.IDLE:
                    press(pins, True, config.panel.button)
            later(stack, clock, BEDTIME, touch)
            later(stack, clock, BEDTIME + TOUCH, lambda: press(pins, False, config.panel.button))
        yield mine, pins


def clock_of(desk: Desk, real_time: bool) -> Clock:
    if real_time:
        return SystemClock()
    if desk.speed:
        return PacedClock(desk.speed, wall=desk.wall)
    return VirtualClock(wall=desk.wall)


def later(
    stack: contextlib.ExitStack, clock: Clock, when: float, act: Callable[[], object]
) -> None:
    """Have `act` happen at `when` s, on virtual time or on the wall's."""
    if isinstance(clock, VirtualClock):
        clock.at(when, act)
        return
    timer = threading.Timer(when, act)
    timer.daemon = True
    timer.start()
    stack.callback(timer.cancel)


def body(desk: Desk, clock: Clock) -> tuple[list, float]:
    """The chips and what feeds them; and the tick that their FIFOs need, s."""
    rng = np.random.default_rng(desk.seed)
    if desk.recording:
        recording = Recording.load(desk.recording)
        chips: list[SimChip] = []
        if recording.ppg:
            chips.append(MAX30102(clock, recording.ppg, skew=desk.skew))
        if recording.motion:
            chips.append(LIS3DH(clock, recording.motion, skew=desk.skew))
        return chips, min(TICK, recording.tick)
    sleeper = Sleeper(
        desk.seed,
        max(desk.hours - BEDTIME / 3600, 0.1),
        clock.now() + BEDTIME,
        **(desk.sleeper or {}),
    )
    if desk.build == "none":
        return [], TICK
    if desk.build == "mattress":
        source = sleeper.mattress
        if desk.partner is not None:
            other = Sleeper(desk.partner, desk.hours, clock.now() + BEDTIME)

            def source(t: np.ndarray) -> np.ndarray:
                return sleeper.mattress(t) + 0.5 * (
                    other.mattress(t) - [0.0, 0.0, STANDARD_GRAVITY]
                )

        return [ADXL355(clock, Source(source), skew=desk.skew, rng=rng)], TICK
    return [MAX30102(clock, Source(sleeper.ppg), skew=desk.skew, rng=rng),
            LIS3DH(clock, Source(sleeper.wrist), skew=desk.skew, rng=rng)], TICK


@contextlib.contextmanager
def speaker(config: Config, desk: Desk, clock: Clock, real_time: bool) -> Iterator[parts.Sound]:
    """A sound process of its own, as on the board; or none for a silent night."""
    if desk.audio_minutes <= 0:
        yield NoSpeaker(clock, config.sound.settle)
        return
    socket = desk.out / "sound.socket"
    for left in (socket, socket.with_suffix(".asleep")):
        left.unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "device.sound",
        "--socket",
        str(socket),
        "--seed",
        str(desk.seed),
        *sound_flags(config),
    ]
    if not real_time:
        command += ["--lockstep", "--out", str(desk.out / "night.wav")]
        command += ["--through-portaudio"] if desk.through_portaudio else []
    root = Path(__file__).resolve().parent.parent.parent
    paths = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        command,
        process_group=0,        # Ctrl-C is the night's to answer
        env={
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONPATH": paths,
        },
    )
    link = SoundLink(socket)
    try:
        await_socket(process, socket)
        if real_time:
            yield link
        else:
            yield Speaker(link, clock, desk.audio_minutes, process.pid)
    finally:
        link.close()
        try:
            process.wait(timeout=0.1 if real_time else 60)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait()
        socket.unlink(missing_ok=True)


def await_socket(process: subprocess.Popen, socket: Path) -> None:
    deadline = time.monotonic() + STARTING
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise SoundError(
                f"the sound process didn't start (exit {process.poll()}); its words stand above"
            )
        time.sleep(0.02)


def has_sound_card() -> bool:
    """Asked in a process of its own: PortAudio must not be loaded beside the night."""
    ask = "import sounddevice as s; s.check_output_settings()"
    return subprocess.run([sys.executable, "-c", ask], capture_output=True).returncode == 0
