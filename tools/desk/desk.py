"""The desk's side of `tools/night`: options, progress in the terminal, keys for the button, the
folder it leaves."""

import argparse
import contextlib
import dataclasses
import os
import select
import shutil
import sys
import termios
import threading
import time
import tty
from pathlib import Path

# Before numpy: its BLAS would start a thread per core for the smallest product.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from device.config import Config
from device.errors import NocturneError
from device.values import EPOCH
from kit.memory import peak
from kit.options import bounded

AUDIBLE = 20.0          # dBA
SHOWN = 20.0            # simulated minutes between lines, if nothing happens
LEFT = ("night.wav", "diary.sqlite", "report.html", "report.png")
KEYS = ("keys: space presses the button (twice: not this one, three times: I like this), "
        "m holds it (mute), q ends")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tools/night", description=__doc__)
    parser.add_argument("--hours", type=float, default=8.0, help="of the night (8)")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same night (1)")
    parser.add_argument("--speed", type=float,
                        help="times real time; 1 is audible; default: as fast as it goes")
    parser.add_argument("--recording", type=Path, metavar="FILE",
                        help="an .npz whose PPG and acceleration play")
    parser.add_argument(
        "--audio-minutes",
        type=float,
        metavar="M",
        help="of audible sound rendered into night.wav; 0 is a silent night (10, or all at "
        "--speed 1)",
    )
    parser.add_argument("--out", type=Path, help="folder to leave (out/night-SEED)")
    parser.add_argument("--keep-playing", action="store_true", help="go on softly while asleep")
    parser.add_argument(
        "--build", choices=("clip", "mattress", "none"), default="mattress",
        help="sensors: ADXL355 under the mattress, MAX30102 + LIS3DH clip, or none (mattress)")
    parser.add_argument("--config", type=Path, help="a nocturne.toml")
    parser.add_argument("--say", default="", metavar="TEXT",
                        help='what is said at bedtime: "warm rain, no bells"')
    parser.add_argument("--motif", type=Path, metavar="FILE",
                        help="a MIDI file whose opening the music develops")
    parser.add_argument("--taste", type=Path, metavar="FILE",
                        help="a taste.json of `nocturne taste`, from which the first nights begin")
    parser.add_argument("--export-midi", type=Path, metavar="FILE",
                        help="write the night's composition as MIDI")
    parser.add_argument("--through-portaudio", action="store_true",
                        help="play into PortAudio's default device too")
    options = parser.parse_args(argv)
    bounded(parser, options, hours=(0.05, 24), speed=(0.1, 1e4), audio_minutes=(0, 1e4))
    try:
        return sleep(options)
    except NocturneError as trouble:
        print(f"tools/night: {trouble}", file=sys.stderr)
        return 1


def sleep(options: argparse.Namespace) -> int:
    from desk import written
    from device.assembly.desk import Desk, night
    from device.compose import lullaby
    from device.parts import Hooks
    from device.report import report
    config = Config.load(options.config) if options.config else Config()
    if options.motif:
        lullaby.motif(options.motif)               # refused here and now, not noted in the diary
    config = dataclasses.replace(
        config,
        night=dataclasses.replace(config.night,
                                  keep_playing=options.keep_playing or config.night.keep_playing,
                                  motif=str(options.motif or config.night.motif),
                                  taste=str(options.taste or config.night.taste)),
        # A file is listened to at a desk: 40 dBA at the pillow lies at −25 dBFS, A-weighted.
        sound=dataclasses.replace(config.sound, monitor=config.sound.monitor or 20.0),
    )
    out = options.out or Path("out") / f"night-{options.seed}"
    keep_clear(out)
    minutes = (
        options.audio_minutes
        if options.audio_minutes is not None
        else 1e4
        if options.speed == 1
        else 10.0
    )
    desk = Desk(out, options.hours, options.seed, options.speed, minutes, options.recording,
                options.build, through_portaudio=options.through_portaudio, say=options.say)
    progress = Progress(options.hours)
    began = time.monotonic()
    with night(config, desk, Hooks(watch=progress)) as (mine, pins):
        end = mine.clock.now() + 3600 * options.hours
        print(
            f"A night of {options.hours:g} h, seed {options.seed}, "
            + (
                f"recording {options.recording.name}"
                if options.recording
                else f"simulated body, {options.build}"
            )
            + f"; leaves {out}/",
            flush=True,
        )
        with keys(mine, pins, config.panel.button):
            mine.run(until=end)
        memory = [
            peak(),
            *(
                peak(str(mine.parts.world.sound.pid))
                for _ in range(hasattr(mine.parts.world.sound, "pid"))
            ),
        ]
    report.write(out / "diary.sqlite", out / "report.html", out / "report.png")
    if options.export_midi:
        written.export(out / "diary.sqlite", options.export_midi)
    progress.done(
        time.monotonic() - began, out, getattr(mine.parts.world.sound, "levels", []), memory
    )
    return 0


def keep_clear(out: Path) -> None:
    """An old night in the folder makes way for the new one; anything else in it is left alone."""
    out.mkdir(parents=True, exist_ok=True)
    for name in (*LEFT, "diary.sqlite-wal", "diary.sqlite-shm"):
        (out / name).unlink(missing_ok=True)
    shutil.rmtree(out / "repeats", ignore_errors=True)


class Progress:
    """What the device is thinking, a line at a time; on a terminal a bar below."""

    def __init__(self, hours: float):
        self.hours, self.live = hours, sys.stdout.isatty()
        self.mode, self.choice, self.shown = None, None, float("-inf")
        self.began = time.monotonic()

    def __call__(self, night, epoch, staging) -> None:
        now = epoch.start / 60
        if night.state.tonight.choice is not None and night.state.tonight.choice is not self.choice:
            self.choice = night.state.tonight.choice
            self.line(
                f"{'':9}chosen: {night.state.tonight.recipe.name or 'a recipe'} – "
                f"{night.state.tonight.choice.reason.sentence}"
            )
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
        wall = night.at.local
        heart = f"{epoch.heart_rate:3.0f} /min" if epoch.heart_rate else "no pulse"
        asleep = "unknown" if staging.p_asleep is None else f"{staging.p_asleep:.2f}"
        level = night.state.status.beat.level if night.state.status.beat else 0.0
        sound = f"{level:2.0f} dBA" if level > 0 else "silent"
        return (
            f"{wall:%H:%M}  {night.mode:9} {staging.stage or '?':6} P(asleep) {asleep:7}  {heart}  "
            f"{sound:7}{night.state.tonight.recipe.name}"
        )

    def line(self, text: str) -> None:
        print(("\r\x1b[K" if self.live else "") + text, flush=True)

    def done(self, seconds: float, out: Path, levels: list[float], memory: list[float]) -> None:
        """Sums, and what the figures of the README are read from."""
        from device.report import report
        self.line(f"Good morning. {report.last_night(out / 'diary.sqlite')}")
        files = ", ".join(name for name in LEFT if (out / name).exists())
        speed = self.hours * 3600 / seconds
        print(f"{self.hours:g} h in {seconds:.0f} s ({speed:.0f} × real time). In {out}/: {files}")
        peaks = zip(("night", "sound"), memory, strict=False)
        print("Peak memory: " + ", ".join(f"{who} {megabytes:.0f} MB" for who, megabytes in peaks))
        if levels:
            audible = sum(level >= AUDIBLE for level in levels) / len(levels)
            print(
                f"Sound: {len(levels) / 60:.0f} min rendered, {100 * audible:.0f} % of the seconds "
                f"at or above {AUDIBLE:g} dBA"
            )


@contextlib.contextmanager
def keys(night, pins, button: int):
    """Keys of the terminal stand for the finger, while there is a terminal."""
    from device.hardware.panel import press
    from device.values import Stop
    if not sys.stdin.isatty():
        yield
        return
    print(KEYS)
    before = termios.tcgetattr(sys.stdin)
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            if not select.select([sys.stdin], [], [], 0.1)[0]:
                continue
            key = sys.stdin.read(1)
            if key in " m":
                press(pins, True, button)
                time.sleep(1.0 if key == "m" else 0.05)
                press(pins, False, button)
            elif key == "q":
                night.parts.inbox.put(Stop())
    reader = threading.Thread(target=read, daemon=True)
    tty.setcbreak(sys.stdin)
    reader.start()
    try:
        yield
    finally:
        over.set()
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

