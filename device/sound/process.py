"""The sound process: takes scenes and phrases over a socket, renders, plays, and tells twice a
second that it lives.

    python -m device.sound --socket PATH                      plays
    python -m device.sound --socket PATH --lockstep --out F   renders to a file on the night's own,
    virtual clock
"""

import argparse
import contextlib
import ctypes
import gc
import math
import os
import sys
from collections import deque
from pathlib import Path

from device.clock import Clock, SystemClock
from device.errors import NocturneError, SoundError
from device.notifier import notifier
from device.process_memory import give_memory_back, unmap_code
from device.sound.dispatch import Console, dose_of, level_of
from device.sound.grain_pools import make_pool
from device.sound.lockstep import Lockstep
from device.sound.player import Player, open_stream, raise_priority
from device.sound.server import Server
from device.sound.settings import (
    BLOCK,
    CONTROL,
    HIGHEST_CEILING,
    NOMINAL,
    RATE,
    UNMEASURED,
    Settings,
    decibels,
)
from device.values import SPEAKERS, Heartbeat, Panic, Scene
from device.wire import Message

RING = 1.5  # s rendered ahead; of pure silence nothing, so that a start is soon heard
JUMP = 0.2                  # s: frames were thrown away or ran dry, and time is told anew
BEAT = 0.5                  # s between heartbeats
RETRY = 2.0                 # s between tries to find a device
STUCK = 4.0  # s that a device may take nothing: PortAudio can wait for ever on one that is gone
FORSAKEN = 180.0            # s without a word from the night until the sound goes
LAST_FADE = 120.0           # s that going takes
FIRST = ("rain", "ocean")   # made before anybody asks: they are in most recipes
SETTLED = 10.0              # s until then: at first the rest of the board starts
EX_TEMPFAIL = 75            # the device is gone: systemd starts us anew


class Realtime:
    """Plays in the time of the world."""

    def __init__(self, settings: Settings, server: Server, device: str, clock: Clock):
        self._settings, self._server, self._device, self._clock = settings, server, device, clock
        self._console = Console(settings, server.path.with_suffix(".asleep"))
        self._ledger = server.path.with_suffix(".dose")
        self._console.engine.dose.recall(self._ledger)
        self._player: Player | None = None
        self._trouble = ""
        self._moved = (0, 0.0)                  # frames played, and when that last grew
        self._origin: float | None = None       # monotonic time of frame 0 at the speaker
        self._heard = self._said = clock.now()
        self._energy = deque([(clock.now(), 0.0)], maxlen=3)
        self._notify = notifier()

    def run(self) -> int:
        """Until the device dies. Returns the exit status."""
        self._notify("READY=1")
        tried, ahead = -math.inf, self._clock.now() + SETTLED
        unmade = [*FIRST]
        while True:
            now = self._clock.now()
            if self._player is None and now - tried >= RETRY:
                tried = now
                self._find_device()
            for message in self._server.poll(0.0 if self._player else 0.2):
                self._heard = now
                self._take(message)
            if now - self._heard > FORSAKEN:
                self._heard = math.inf
                self._console.engine.scene(Scene({}, 0.0, 0.3, -80.0, LAST_FADE))
            if self._player is not None:
                if trouble := self._player.trouble or self._stuck(self._player, now):
                    say(f"the sound device is gone ({trouble}); starting anew")
                    return EX_TEMPFAIL
                self._fill(self._player, now)
            if unmade and now >= ahead and self._console.engine.resting:
                make_pool(unmade.pop(0), self._settings.seed, lowest=self._settings.lowest)
            if now - self._said >= BEAT:
                self._said = now
                self._server.tell(self._heartbeat(now))
                self._notify("WATCHDOG=1")

    def _find_device(self) -> None:
        try:
            stream = open_stream(self._device)
        except SoundError as trouble:
            if str(trouble) != self._trouble:
                self._trouble = str(trouble)
                say(f"{trouble}; trying again every {RETRY:.0f} s")
            return
        self._player = Player(stream, self._console, self._settings.seed)
        self._player.start(lambda: raise_priority(60))
        self._moved = (0, self._clock.now())

    def _stuck(self, player: Player, now: float) -> str:
        if player.frames != self._moved[0]:
            self._moved = (player.frames, now)
        return f"it took nothing for {STUCK:.0f} s" if now - self._moved[1] > STUCK else ""

    def _fill(self, player: Player, now: float) -> None:
        engine = self._console.engine
        if engine.heard(player.energy, now):
            engine.dose.keep(self._ledger)
        if not player.flushing:
            self._console.restore()
        if engine.resting or player.buffered >= RING * RATE:
            self._server.wait(0.01)
        else:
            block = engine.render()
            # What comes after nothing need not begin with the control period that the safety stage
            # looks ahead.
            start = CONTROL if not player.buffered and not block.samples[:, :CONTROL].any() else 0
            if start < engine.block:
                player.put(block.later(start))
        origin = now + player.latency - (engine.frame - player.buffered) / RATE
        if self._origin is None or engine.resting or abs(origin - self._origin) > JUMP:
            self._origin = origin
        self._origin += 0.02 * (origin - self._origin)

    def _take(self, message: Message) -> None:
        if isinstance(message, Panic) and self._player is not None:
            self._player.flush()
        self._console.take(message, self._origin)

    def _heartbeat(self, now: float) -> Heartbeat:
        player = self._player
        if player is None:
            return Heartbeat(now, 0, -100.0, -200.0, 0.0, 0, self._server.refused, "")
        self._energy.append((now, player.energy))
        (before, then), (_, energy) = self._energy[0], self._energy[-1]
        mean = (energy - then) / max(now - before, 1e-3)
        peak, player.peak = player.peak, 0.0
        return Heartbeat(now, player.frames, level_of(mean, self._settings), decibels(peak),
                         dose_of(energy, self._settings), player.underruns, self._server.refused,
                         self._device or "default")


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nocturne-sound", description=__doc__.splitlines()[0])
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to listen on")
    parser.add_argument(
        "--device", default="", help="part of the sound device's name; empty: the default device"
    )
    defaults = Settings()
    parser.add_argument(
        "--calibration", type=float, default=0.0, help="dBA at 0 dBFS RMS; 0: nobody has measured"
    )
    for name, text in (
        ("settle", "dBA of level 0"),
        ("cap", "dBA, LAmax"),
        ("ceiling", "dBA, LAmax of the alarm"),
        ("leq", "dBA, LAeq of eight hours"),
        ("monitor", "dB added for a desk or a file"),
        ("highpass", "Hz; 0: the speaker's own"),
    ):
        parser.add_argument(f"--{name}", type=float, default=getattr(defaults, name), help=text)
    parser.add_argument("--speaker", choices=SPEAKERS, default=defaults.speaker)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--block", type=int, default=BLOCK, help="frames rendered at a time")
    parser.add_argument("--lockstep", action="store_true", help="render on the night's clock")
    parser.add_argument("--out", type=Path, help="with --lockstep: the WAV to write")
    parser.add_argument(
        "--through-portaudio",
        action="store_true",
        help="with --lockstep: also play what is rendered",
    )
    return parser.parse_args(argv)


def told(options: argparse.Namespace) -> Settings:
    """Raises ValueError. Nothing measured: the nominal sensitivity, and the alarm too stays under
    its cap."""
    most = HIGHEST_CEILING if options.calibration else UNMEASURED
    return Settings(
        calibration=options.calibration or NOMINAL,
        settle=options.settle,
        cap=min(options.cap, most),
        ceiling=min(options.ceiling, most),
        leq=options.leq,
        monitor=options.monitor,
        highpass=options.highpass,
        speaker=options.speaker,
        seed=options.seed,
        block=options.block,
    )


def lock_memory() -> bool:
    """Pages stay once they were touched (MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT: untouched stacks
    cost nothing)."""
    return ctypes.CDLL(None, use_errno=True).mlockall(1 | 2 | 4) == 0


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    give_memory_back()
    try:
        settings = told(options)
        with contextlib.closing(Server(options.socket)) as server:
            if options.lockstep:
                stream = open_stream(options.device) if options.through_portaudio else None
                return Lockstep(settings, server, options.out, stream).run()
            process = Realtime(settings, server, options.device, SystemClock())
            unmap_code()
            lock_memory()
            raise_priority(50)
            gc.collect()
            gc.freeze()
            status = process.run()
        os._exit(status)        # PortAudio's own farewell would wait for a device that is stuck
    except (NocturneError, ValueError) as trouble:
        say(str(trouble))
        return 1
    except KeyboardInterrupt:
        return 0


def say(text: str) -> None:
    print(f"sound: {text}", file=sys.stderr, flush=True)


