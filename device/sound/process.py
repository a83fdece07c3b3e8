"""The sound process: takes scenes and phrases over a socket, renders, plays, and tells twice a second that it lives.

    python -m device.sound --socket PATH                      plays
    python -m device.sound --socket PATH --lockstep --out F   renders to a file on the night's own, virtual clock
"""

import argparse
import contextlib
import ctypes
import gc
import math
import sys
from collections import deque
from pathlib import Path

import numpy as np
import sdnotify

from device.clock import Clock, SystemClock
from device.errors import NocturneError, SoundError
from device.sound.engine import Block, Engine
from device.sound.fader import Fader
from device.sound.player import Player, open_stream, raise_priority
from device.sound.server import Server
from device.sound.settings import BLOCK, HIGHEST_CEILING, NOMINAL, RATE, UNMEASURED, Settings, decibels
from device.sound.wav import WavWriter, to_int16
from device.values import Advance, Heartbeat, Panic, Phrase, Scene, Volume
from device.wire import Message

RING = 1.5                  # s rendered ahead
BEAT = 0.5                  # s between heartbeats
RETRY = 5.0                 # s between tries to find a device
FORSAKEN = 180.0            # s without a word from the night until the sound goes
LAST_FADE = 120.0           # s that going takes
EX_TEMPFAIL = 75            # the device is gone: systemd starts us anew


class Console:
    """What both ways of running share: the engine, the last fader, and who moves them."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.engine = Engine(settings)
        self.fader = Fader()
        self._volume = Volume(1.0)
        self._cut = False       # a panic holds the fader down
        self._back = False      # a scene has come since

    def take(self, message: Message, origin: float | None) -> None:
        """`origin`: the time of frame 0, if it is known."""
        match message:
            case Scene():
                self._back = self._cut
                self.engine.scene(message)
            case Phrase():
                start = self.engine.frame
                if message.start is not None and origin is not None:
                    start = round((message.start - origin) * RATE)
                self.engine.phrase(message, start)
            case Volume():
                self._volume = message
                if not self._cut:
                    self.fader.set(message)
            case Panic():
                self._cut, self._back = True, False
                self.fader.cut()
                self.engine.panic()

    def restore(self) -> None:
        """The old sound is gone: a scene that came after a panic may be heard."""
        if self._back:
            self._cut = self._back = False
            self.fader.set(self._volume)


class Realtime:
    """Plays in the time of the world."""

    def __init__(self, settings: Settings, server: Server, device: str, clock: Clock):
        self._settings, self._server, self._device, self._clock = settings, server, device, clock
        self._console = Console(settings)
        self._ledger = server.path.with_suffix(".dose")
        self._console.engine.dose.recall(self._ledger)
        self._player: Player | None = None
        self._trouble = ""
        self._offset: float | None = None       # monotonic time of frame 0 at the speaker
        self._heard = self._said = clock.now()
        self._energy = deque([(clock.now(), 0.0)], maxlen=3)
        self._notify = sdnotify.SystemdNotifier()

    def run(self) -> int:
        """Until the device dies. Returns the exit status."""
        self._notify.notify("READY=1")
        tried = -math.inf
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
                if self._player.trouble:
                    say(f"the sound device is gone ({self._player.trouble}); starting anew")
                    return EX_TEMPFAIL
                self._fill(now)
            if now - self._said >= BEAT:
                self._said = now
                self._server.tell(self._heartbeat(now))
                self._notify.notify("WATCHDOG=1")

    def _find_device(self) -> None:
        try:
            stream = open_stream(self._device)
        except SoundError as trouble:
            if str(trouble) != self._trouble:
                self._trouble = str(trouble)
                say(f"{trouble}; trying again every {RETRY:.0f} s")
            return
        self._player = Player(stream, self._console.fader, RING, self._settings.seed)
        self._player.start(lambda: raise_priority(60))

    def _fill(self, now: float) -> None:
        player = self._player
        if self._console.engine.heard(player.energy, now):
            self._console.engine.dose.keep(self._ledger)
        if not player.flushing:
            self._console.restore()
        if player.hungry:
            player.put(self._console.engine.render())
        else:
            self._server.wait(0.01)
        sounding = now - (player.frames / RATE - player.latency)
        self._offset = sounding if self._offset is None else self._offset + 0.02 * (sounding - self._offset)

    def _take(self, message: Message) -> None:
        if isinstance(message, Panic) and self._player is not None:
            self._player.flush()
        self._console.take(message, self._offset)

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


class Lockstep:
    """Renders on the night's clock, as fast as it can: `Advance` says until when. The first one sets time's origin."""

    def __init__(self, settings: Settings, server: Server, out: Path | None, stream=None):
        self._settings, self._server, self._stream = settings, server, stream
        self._console = Console(settings)
        self._engine, self._fader = self._console.engine, self._console.fader
        self._random = np.random.default_rng([settings.seed, 0xD17E])
        self._file = Excerpts(out, settings.seed) if out else None
        self._origin: float | None = None
        self._energy = self._peak = 0.0
        self._last_second: deque[float] = deque([0.0], maxlen=max(RATE // settings.block, 1))

    def run(self) -> int:
        """Until the night hangs up."""
        try:
            while not self._server.deserted:
                for message in self._server.poll(1.0):
                    self._take(message)
        finally:
            if self._file:
                self._file.close()
            if self._stream is not None:
                self._stream.stop()
                self._stream.close()
        return 0

    def _take(self, message: Message) -> None:
        if isinstance(message, Advance):
            self._advance(message)
            return
        if isinstance(message, Panic):      # the fader needs a moment of the old sound
            self._fader.cut()
            self._out(self._engine.render())
        self._console.take(message, self._origin)
        self._console.restore()

    def _advance(self, message: Advance) -> None:
        if self._origin is None:
            self._origin = message.time - self._engine.frame / RATE
        block = self._settings.block
        due = math.ceil(round((message.time - self._origin) * RATE - self._engine.frame) / block)
        if message.heard:
            for _ in range(due):
                self._out(self._engine.render())
                self._engine.heard(self._energy, self._engine.frame / RATE)
        elif due > 0:
            if self._file:
                self._file.cut()
            self._engine.skip(due * block)
            mean = self._engine.expected_power * self._fader.gain ** 2
            self._energy += mean * due * block / RATE
            self._engine.heard(self._energy, self._engine.frame / RATE)
            self._last_second.extend([mean] * min(due, self._last_second.maxlen))
        level = level_of(sum(self._last_second) / len(self._last_second), self._settings)
        peak, self._peak = self._peak, 0.0
        device = "portaudio" if self._stream is not None else str(self._file.path.name) if self._file else "nothing"
        self._server.tell(Heartbeat(message.time, self._engine.frame, level, decibels(peak),
                                    dose_of(self._energy, self._settings), 0, self._server.refused, device))

    def _out(self, block: Block) -> None:
        gain = self._fader.gain
        samples = self._fader(block.samples)
        mean = float(block.power.mean()) * max(gain, self._fader.gain) ** 2
        self._energy += mean * samples.shape[1] / RATE
        self._last_second.append(mean)
        self._peak = max(self._peak, float(np.abs(samples).max()))
        if self._file:
            self._file.write(samples)
        if self._stream is not None:
            self._stream.write(np.ascontiguousarray(to_int16(samples, self._random)))


class Excerpts:
    """A WAV of the heard parts, one after the other; each begins and ends softly."""

    EDGE = RATE // 2        # frames

    def __init__(self, path: Path, seed: int):
        self.path = path
        self._wav = WavWriter(path, seed)
        self._held = np.zeros((2, 0), np.float32)       # the last half second, in case the excerpt ends with it
        self._fade_in = False

    def write(self, block: np.ndarray) -> None:
        if self._fade_in:
            self._fade_in = False
            block = block.copy()
            length = min(self.EDGE, block.shape[1])
            block[:, :length] *= np.linspace(0.0, 1.0, length, dtype=np.float32)
        whole = np.concatenate([self._held, block], axis=1)
        ready = max(whole.shape[1] - self.EDGE, 0)
        if ready:
            self._wav.write(whole[:, :ready])
        self._held = whole[:, ready:]

    def cut(self) -> None:
        """What follows is unheard."""
        self._wav.write(self._held * np.linspace(1.0, 0.0, self._held.shape[1], dtype=np.float32))
        self._held = self._held[:, :0]
        self._fade_in = True

    def close(self) -> None:
        self._wav.write(self._held)
        self._held = self._held[:, :0]
        self._wav.close()


def level_of(mean_square: float, settings: Settings) -> float:
    """dBA at the pillow."""
    return max(10.0 * math.log10(mean_square) + settings.calibration, -100.0) if mean_square > 1e-20 else -100.0


def dose_of(energy: float, settings: Settings) -> float:
    """Pressure-squared hours re 0 dBA."""
    return energy * 10.0 ** (settings.calibration / 10.0) / 3600.0


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nocturne-sound", description=__doc__.splitlines()[0])
    parser.add_argument("--socket", type=Path, required=True, help="Unix socket to listen on")
    parser.add_argument("--device", default="", help="part of the sound device's name; empty: the default device")
    defaults = Settings()
    parser.add_argument("--calibration", type=float, default=0.0, help="dBA at 0 dBFS RMS; 0: nobody has measured")
    for name, text in (("settle", "dBA of level 0"), ("cap", "dBA, LAmax"), ("ceiling", "dBA, LAmax of the alarm"),
                       ("leq", "dBA, LAeq of eight hours"), ("monitor", "dB added for a desk or a file"),
                       ("highpass", "Hz")):
        parser.add_argument(f"--{name}", type=float, default=getattr(defaults, name), help=text)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--block", type=int, default=BLOCK, help="frames rendered at a time")
    parser.add_argument("--lockstep", action="store_true", help="render on the night's clock")
    parser.add_argument("--out", type=Path, help="with --lockstep: the WAV to write")
    parser.add_argument("--through-portaudio", action="store_true", help="with --lockstep: also play what is rendered")
    return parser.parse_args(argv)


def told(options: argparse.Namespace) -> Settings:
    """Raises ValueError. Nothing measured: the nominal sensitivity, and the alarm too stays under its cap."""
    most = HIGHEST_CEILING if options.calibration else UNMEASURED
    return Settings(calibration=options.calibration or NOMINAL, settle=options.settle, cap=min(options.cap, most),
                    ceiling=min(options.ceiling, most), leq=options.leq, monitor=options.monitor,
                    highpass=options.highpass, seed=options.seed, block=options.block)


def give_memory_back() -> None:
    """Have glibc return what making a table took: large blocks are mapped one by one (M_MMAP_THRESHOLD)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(-3, 256 * 1024)


def lock_memory() -> bool:
    """Pages stay once they were touched (MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT: untouched stacks cost nothing)."""
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
            lock_memory()
            raise_priority(50)
            gc.collect()
            gc.freeze()
            return process.run()
    except (NocturneError, ValueError) as trouble:
        say(str(trouble))
        return 1
    except KeyboardInterrupt:
        return 0


def say(text: str) -> None:
    print(f"sound: {text}", file=sys.stderr, flush=True)


