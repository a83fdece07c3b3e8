"""The desk's side of `tools/night`: progress in the terminal, keys for the button, the folder it
leaves."""

import argparse
import contextlib
import dataclasses
import math
import os
import select
import sys
import termios
import threading
import time
import tty
from functools import partial
from itertools import count
from pathlib import Path

# Before numpy: its BLAS would start a thread per core for the smallest product.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from device.assembly.fit import fit
from device.config import Config
from device.errors import DiaryError, NocturneError, Refused
from device.session.modes import Mode
from device.values import EPOCH, Edge, Stop
from kit.interrupt import stopping
from kit.memory import peak
from kit.options import STOPPED

AUDIBLE = 20.0          # dBA
SHOWN = 20.0            # simulated minutes between lines, if nothing happens
BLIND = "nothing tells whether you sleep: a timer programme plays (tools/doctor says why)"
LEFT = ("night.wav", "diary.sqlite", "report.html", "report.png")
HOLDS = {" ": 0.05, "m": 1.0}       # s that a key holds the button
IN_A_ROW, PAUSE = 0.4, 0.15         # s between two keys, and then between two presses
KEYS = ("keys: space presses the button (twice: not this one, three times: I like this), "
        "m holds it (mute), q ends")


def sleep(options: argparse.Namespace) -> int:
    """A night from its options to its report. Raises NocturneError, before anything is written."""
    from desk import written
    from device.assembly import own_taste
    from device.assembly.desk import Desk, night
    from device.compose import lullaby
    from device.parts import Hooks
    from device.report import report
    from device.sim.recording import Recording
    config = at_hub(Config.load(options.config) if options.config else Config(), options)
    fit(config)
    if options.motif:
        lullaby.motif(options.motif)
    if options.taste and (why := own_taste.unusable(options.taste, config.night.sleeper)):
        raise Refused(why)
    lacking = Recording.load(options.recording).lacking if options.recording else ""
    config = dataclasses.replace(
        config,
        night=dataclasses.replace(config.night,
                                  keep_playing=options.keep_playing or config.night.keep_playing,
                                  motif=str(options.motif or config.night.motif),
                                  taste=str(options.taste or config.night.taste)),
        # A file is listened to at a desk: 40 dBA at the pillow lies at −25 dBFS, A-weighted.
        sound=dataclasses.replace(config.sound, monitor=config.sound.monitor or 20.0),
    )
    out = claimed(options.out) if options.out else numbered(Path("out") / f"night-{options.seed}")
    minutes = (
        options.audio_minutes
        if options.audio_minutes is not None
        else 1e4
        if options.speed == 1
        else 10.0
    )
    desk = Desk(out, options.hours, options.seed, options.speed, minutes, options.recording,
                options.build, through_portaudio=options.through_portaudio, say=options.say)
    if options.hub:
        desk = dataclasses.replace(desk, wall=time.time())
    progress = Progress(options.hours)
    began = time.monotonic()
    with night(config, desk, Hooks(watch=progress, alive=progress.look)) as (mine, _):
        progress.night = mine
        start = mine.clock.now()
        body = (f"recording {options.recording.name}" if options.recording
                else f"simulated body, {options.build}")
        print(f"A night of {options.hours:g} h, seed {options.seed}, {body}; leaves {out}/")
        if lacking:
            print(lacking)
        sys.stdout.flush()
        stop = partial(mine.parts.inbox.put, Stop())
        with keys(mine), stopping(stop) as stopped:
            mine.run(until=start + 3600 * options.hours)
        slept = mine.clock.now() - start
        memory = [
            peak(),
            *(
                peak(str(mine.parts.world.sound.pid))
                for _ in range(hasattr(mine.parts.world.sound, "pid"))
            ),
        ]
    try:
        report.write(out / "diary.sqlite", out / "report.html", out / "report.png")
    except DiaryError:              # no night began, so there is no morning to tell of
        print("Nobody pressed the button: there is no night to tell of.")
        return STOPPED if stopped.is_set() else 1
    if options.export_midi:
        played = written.export(out / "diary.sqlite", options.export_midi)
        print(options.export_midi if played else
              "No music was played (what was said, or chosen, left none), so "
              f"{options.export_midi} isn't written")
    elif options.motif and not written.phrases(out / "diary.sqlite"):
        print("No music was played, so nothing was made of your tune.")
    levels = getattr(mine.parts.world.sound, "levels", [])
    progress.done(slept, time.monotonic() - began, out, levels, memory)
    return STOPPED if stopped.is_set() else 0


def at_hub(config: Config, options: argparse.Namespace) -> Config:
    """With the broker and the bed of the command line. Raises ConfigError."""
    if not options.hub:
        return config
    host, _, port = options.hub.partition(":")
    words = f'[home]\nhost = "{host}"\n' + (f"port = {port}\n" if port else "") + (
        f'bed = "{options.bed}"\n' if options.bed else "")
    asked = Config.parse(words).home
    # A made-up sleeper has no secrets: in the clear, where no authority is named.
    told = {"host": asked.host, "plain": config.home.plain or not config.home.ca,
            **({"port": asked.port} if port else {}),
            **({"bed": asked.bed} if options.bed else {})}
    return dataclasses.replace(config, home=dataclasses.replace(config.home, **told))


def claimed(out: Path) -> Path:
    """The folder, in which no night lies yet. Its diary is made at once, so that of two runs one
    is refused. Raises NocturneError."""
    if there := [name for name in LEFT if (out / name).exists()]:
        raise NocturneError(f"{out}: a night lies there already ({', '.join(there)}); give another "
                            "--out, or move it away")
    out.mkdir(parents=True, exist_ok=True)
    try:
        (out / "diary.sqlite").touch(exist_ok=False)
    except FileExistsError as trouble:
        raise NocturneError(f"{out}: another night has just begun there") from trouble
    return out


def numbered(out: Path) -> Path:
    """That folder, or the first of its name and a number that is free."""
    for number in count(1):
        place = out if number == 1 else out.with_name(f"{out.name}-{number}")
        with contextlib.suppress(NocturneError):
            return claimed(place)
    raise AssertionError


class Progress:
    """What the device is thinking, a line at a time; on a terminal a bar below."""

    def __init__(self, hours: float):
        self.hours, self.live = hours, sys.stdout.isatty()
        self.mode, self.choice, self.shown = None, None, float("-inf")
        self.began = time.monotonic()
        self.night, self.muted = None, False        # the Night, once it is built

    def look(self) -> None:
        """At each tick: what a hand just did is seen at once."""
        if self.night is None:
            return
        state, mode = self.night.state, self.night.mode
        if state.tonight.choice is not None and state.tonight.choice is not self.choice:
            self.choice = state.tonight.choice
            name = state.tonight.recipe.name or "a recipe"
            self.line(f"{'':9}chosen: {name} – {self.choice.reason.sentence}")
        if self.mode is not None and mode is not self.mode:
            why = f"  {BLIND}" if mode is Mode.FAULT else ""
            self.line(f"{clock(self.night)}  {mode:9}{why}")
        if state.settings.muted is not self.muted:
            self.muted = state.settings.muted
            self.line(f"{clock(self.night)}  {'muted' if self.muted else 'no longer muted'}")
        self.mode = mode

    def __call__(self, night, epoch, staging) -> None:
        now = epoch.start / 60
        if night.mode is not self.mode or now - self.shown >= SHOWN:
            self.mode, self.shown = night.mode, now
            self.line(self.thought(night, epoch, staging))
        if self.live:
            done = min((epoch.index + 1) * EPOCH / 3600 / self.hours, 1.0)
            bar = "█" * int(30 * done) + "░" * (30 - int(30 * done))
            print(
                f"\r  {bar} {100 * done:3.0f} %  {time.monotonic() - self.began:4.0f} s ",
                end="",
                flush=True,
            )

    def thought(self, night, epoch, staging) -> str:
        heart = f"{epoch.heart_rate:3.0f} /min" if epoch.heart_rate else "no pulse"
        asleep = "unknown" if staging.p_asleep is None else f"{staging.p_asleep:.2f}"
        level = night.state.status.beat.level if night.state.status.beat else 0.0
        sound = f"{level:2.0f} dBA" if level > 0 else "silent"
        return (
            f"{clock(night)}  {night.mode:9} {staging.stage or '?':6} P(asleep) {asleep:7}  "
            f"{heart}  {sound:7}{night.state.tonight.recipe.name}"
        )

    def line(self, text: str) -> None:
        print(("\r\x1b[K" if self.live else "") + text, flush=True)

    def done(self, slept: float, seconds: float, out: Path, levels: list[float],
             memory: list[float]) -> None:
        """Sums, and what the figures of models/FIGURES.md are read from."""
        from device.report import report
        self.line(f"Good morning. {report.last_night(out / 'diary.sqlite')}")
        files = ", ".join(name for name in LEFT if (out / name).exists())
        hours, speed = slept / 3600, slept / seconds
        print(f"{hours:.3g} h in {seconds:.0f} s ({speed:.0f} × real time). In {out}/: {files}")
        peaks = zip(("night", "sound"), memory, strict=False)
        print("Peak memory: " + ", ".join(f"{who} {megabytes:.0f} MB" for who, megabytes in peaks))
        if levels:
            audible = sum(level >= AUDIBLE for level in levels) / len(levels)
            print(
                f"Sound: {len(levels) / 60:.0f} min rendered, {100 * audible:.0f} % of the seconds "
                f"at or above {AUDIBLE:g} dBA"
            )


def clock(night) -> str:
    """The time of day, or since power on where no zone is known."""
    local = night.at.local
    return f"{local:%H:%M}" if local is not None else f"{night.clock.now() / 3600:4.1f} h"


class Finger:
    """What the keys do to the button, in the night's own time, however fast that goes: keys typed
    in a row are presses in a row."""

    def __init__(self, night):
        self.inbox, self.clock = night.parts.inbox, night.clock
        self.typed, self.lifted = -math.inf, -math.inf      # s: of the desk, and of the night

    def press(self, seconds: float) -> None:
        typed = time.monotonic()
        again = typed - self.typed < IN_A_ROW
        down = self.lifted + PAUSE if again else self.clock.now()
        self.typed, self.lifted = typed, down + seconds
        self.inbox.put(Edge(True, down))
        self.inbox.put(Edge(False, self.lifted))


@contextlib.contextmanager
def keys(night):
    """Keys of the terminal stand for the finger, while there is a terminal."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    over, finger = threading.Event(), Finger(night)

    def read() -> None:
        while not over.is_set():
            if not select.select([sys.stdin], [], [], 0.1)[0]:
                continue
            key = sys.stdin.read(1)
            if key in HOLDS:
                finger.press(HOLDS[key])
            elif key == "q":
                night.parts.inbox.put(Stop())
    reader = threading.Thread(target=read, daemon=True)
    tty.setcbreak(sys.stdin)        # it drops what was typed before, so the keys are told after it
    print(KEYS, flush=True)
    reader.start()
    try:
        yield
    finally:
        over.set()
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
