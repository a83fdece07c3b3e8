"""`nocturne`: command line → config → real or simulated parts → Night.run()."""

import argparse
import json
import logging
import os
import queue
import signal
import sys
from collections.abc import Callable
from pathlib import Path

# Before numpy: its BLAS would start a thread per core for the smallest product.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from device.config import Config, document, sound_flags
from device.errors import NocturneError
from device.process_memory import do_without_openssl_hashes, give_memory_back, unmap_code

CONFIG = Path("/etc/nocturne.toml")
SOCKET = Path("/run/nocturne/sound.socket")
STATE = Path("/var/lib/nocturne")
GOOD = 60.0             # s that a night has run with a config that is good
SPARE = SOCKET.with_name("spare")          # nights that the disk refused; see assembly/board.py


def main(argv: list[str] | None = None) -> int:
    parser = arguments()
    options, rest = parser.parse_known_args(argv)
    if rest and options.command != "hub":
        parser.error(f"unknown arguments: {' '.join(rest)}")
    give_memory_back()
    try:
        if options.command == "hub":
            from device.home.hub.main import main as hub
            return hub(rest) or 0
        if options.command == "run":
            return run_board(options)
        if options.command == "sound":
            return run_sound(options)
        config = Config.load(options.config) if options.config else Config()
        return COMMANDS[options.command](config, options)
    except NocturneError as trouble:
        print(f"nocturne: {trouble}", file=sys.stderr)
        return 1


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nocturne", description="The firmware of a bedside sleep device.")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help)
        sub.add_argument("--config", type=Path, default=CONFIG if CONFIG.exists() else None,
                         help="TOML file")
        return sub
    run = command("run", "run the night on this board (what nocturne.service does)")
    run.add_argument("--socket", type=Path, default=SOCKET)
    command("sound", "run the sound process (what nocturne-sound.service does)").add_argument(
        "--socket", type=Path, default=SOCKET)
    command("config", "print the config with every key explained, or check the one given")
    report = command("report", "write the report of a night")
    report.add_argument("--diary", type=Path)
    report.add_argument("--night", type=int, help="its number; the last by default")
    report.add_argument("--out", type=Path, default=Path("report.html"))
    export = command("export", "print the diary as JSON, or leave a folder of CSV files")
    export.add_argument("--diary", type=Path)
    export.add_argument("--csv", type=Path, metavar="DIR", help="one file a table")
    learner = command("learner", "print what was learned of a sleeper, or forget it")
    learner.add_argument("--diary", type=Path)
    learner.add_argument("--reset", action="store_true", help="forget it; the nights stay")
    taste = command("taste", "measure one's own music, for the first nights")
    taste.add_argument("music", nargs="*", type=Path, metavar="FOLDER|FILE",
                       help="WAV, FLAC, Ogg, MP3 or MIDI; features are taken, never tunes "
                            "(familiar songs with words keep people awake)")
    taste.add_argument("--out", type=Path, default=Path("taste.json"),
                       help="put it onto the NOCTURNE drive, or give it to --send (taste.json)")
    taste.add_argument("--like", type=Path, metavar="FILE",
                       help="say which programme and style are nearest to a piece, and why")
    taste.add_argument("--sleeper", help="whose music it is (the config's)")
    taste.add_argument("--send", metavar="BED", help="send it to a bed by home.host's broker")
    taste.add_argument("--forget", action="store_true",
                       help="forget it, here or, with --send, at the bed")
    taste.add_argument("--diary", type=Path)
    erase = command("erase",
                    "erase every night and all that was learned; stop nocturne.service first")
    erase.add_argument("--diary", type=Path)
    erase.add_argument("--yes", action="store_true", help="don't ask")
    say = command("say", "tell the night something in words, such as \"warm rain, no bells\"")
    say.add_argument("text", nargs="+")
    say.add_argument("--socket", type=Path, default=SOCKET)
    commands.add_parser("hub", help="run the home hub", add_help=False)
    return parser


def trusted(options: argparse.Namespace) -> tuple[Config, str]:
    """What makes sound doesn't stop for a torn config."""
    if options.config is None:
        return Config(), ""
    from device.assembly.fit import fit
    config, trouble = Config.trusted(options.config, last_good(), fit)
    if trouble:
        print(f"nocturne: {trouble}", file=sys.stderr)
    return config, trouble


def last_good() -> Path:
    return Path(os.environ.get("STATE_DIRECTORY", STATE)) / "last-good.toml"


def run_board(options: argparse.Namespace) -> int:
    do_without_openssl_hashes()
    from device.assembly import board
    from device.parts import Hooks
    from device.values import Stop
    to_the_journal()
    inbox: queue.SimpleQueue = queue.SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: inbox.put(Stop(finish=False)))
    config, trouble = trusted(options)
    notify = notifier()

    proved = not options.config or bool(trouble)

    def alive() -> None:
        nonlocal proved
        now = night.clock.now()
        if night.diary.writing(now):
            notify("WATCHDOG=1")
        if not proved and now - began >= GOOD:
            proved = True
            Config.keep(options.config, last_good())
    troubles = [trouble] if trouble else []
    with board.night(config, options.socket, inbox, troubles, Hooks(alive=alive)) as night:
        notify("READY=1")
        began = night.clock.now()
        unmap_code()
        night.run()
    return 0


def notifier() -> Callable[[str], object]:
    """sd_notify(3). Without its library systemd would end us for our silence: said to its socket
    by hand."""
    try:
        import sdnotify
        notify: Callable[[str], object] = sdnotify.SystemdNotifier().notify
        return notify
    except ImportError:
        import socket
        address = os.environ.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        speaker = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        return lambda words: speaker.sendto(words.encode(), address) if address else None


def to_the_journal() -> None:
    """What is grave goes to standard error with the priority that journald reads off its lines."""
    handler = logging.StreamHandler()
    handler.setFormatter(Priority("%(message)s"))
    log = logging.getLogger("nocturne")
    log.addHandler(handler)
    log.setLevel(logging.INFO)


class Priority(logging.Formatter):
    """`<4>` before a warning: sd-daemon(3)."""
    LEVELS = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6}

    def format(self, record: logging.LogRecord) -> str:
        line = " ".join(super().format(record).splitlines())
        return f"<{self.LEVELS.get(record.levelno, 6)}>{line}"


def run_sound(options: argparse.Namespace) -> int:
    # A process of its own image: what read the config would stay beside the sound, with 20 MB.
    config, _ = trusted(options)
    command = [sys.executable, "-m", "device.sound", "--socket", str(options.socket)]
    os.execv(sys.executable, [*command, *sound_flags(config)])


def show_config(config: Config, options: argparse.Namespace) -> int:
    from device.assembly.fit import fit
    fit(config)
    print(document(config), end="")
    return 0


def say_it(config: Config, options: argparse.Namespace) -> int:
    """Through the door of the night that runs here; without one, what it would have understood."""
    from device.home import say_socket
    text = " ".join(options.text)
    try:
        print(say_socket.say(options.socket.with_name(say_socket.NAME), text))
        return 0
    except OSError as trouble:
        from device.values import Counts, Standing
        from device.words import Words
        words = Words()
        print(words.answered(words.understand(text), Standing(Counts.NOWHERE)))
        print(f"nocturne: no night runs here, so nothing was changed ({trouble})", file=sys.stderr)
        return 1


def write_report(config: Config, options: argparse.Namespace) -> int:
    from device.report import report

    picture = options.out.with_suffix(".png")
    report.write(diary(config, options), options.out, picture, options.night)
    print(options.out)
    return 0


def export_diary(config: Config, options: argparse.Namespace) -> int:
    from device.report import export

    if options.csv is None:
        export.write_json(diary(config, options), sys.stdout)
    else:
        export.write_csv(diary(config, options), options.csv)
    return 0


def show_learner(config: Config, options: argparse.Namespace) -> int:
    from device.diary import Diary
    from device.memory import LEARNER, forget_learned, key_of
    sleeper = config.night.sleeper
    kept = Diary(diary(config, options))
    try:
        if options.reset:
            forget_learned(kept, sleeper)
            return 0 if kept.flush() else 1
        json.dump(kept.recall(key_of(LEARNER, sleeper)), sys.stdout, indent=1)
        print()
        return 0
    finally:
        kept.close()


def own_taste(config: Config, options: argparse.Namespace) -> int:
    from device.assembly import own_taste as kept
    sleeper = options.sleeper or config.night.sleeper
    if options.forget:
        return forget_taste(config, options, sleeper)
    from device.assembly import own_music
    from device.clock import SystemClock
    from device.errors import Refused
    from device.taste import files, judging
    if options.like:
        print(own_music.like(own_music.hear_all([options.like])[0]))
        return 0
    paths = files.found(options.music)
    if not paths:
        raise Refused("taste: name a folder with WAV, FLAC, Ogg, MP3 or MIDI files, or a file")
    heard = own_music.hear_all(paths)
    for piece, remark in heard:
        if piece is not None:
            print(judging.line(piece))
        if remark:
            print(remark, file=sys.stderr)
    if not any(piece for piece, _ in heard):
        raise Refused("taste: none of it could be heard")
    taste = own_music.taste_of(heard, sleeper, SystemClock().wall())
    kept.save(taste, options.out)
    print(f"{own_music.told(heard, taste)}. {options.out}: put it onto the NOCTURNE drive, or send "
          "it with --send")
    return send_taste(config, options.send, kept.payload(taste)) if options.send else 0


def forget_taste(config: Config, options: argparse.Namespace, sleeper: str) -> int:
    from device import memory
    from device.assembly import own_taste as kept
    from device.diary import Diary
    if options.send:
        return send_taste(config, options.send, kept.payload(None))
    left = kept.forget(Path(config.night.taste))
    path = diary(config, options)
    if path.exists():
        nights = Diary(path)
        try:
            memory.forget_taste(nights, sleeper)
            if not nights.flush():
                return 1
        finally:
            nights.close()
    if left:
        print(f"nocturne: not forgotten: {left}", file=sys.stderr)
    return 1 if left else 0


def send_taste(config: Config, bed: str, payload: str) -> int:
    from device.assembly.build import home_settings
    from device.home.send import command
    command(home_settings(config), bed, "taste", payload)
    return 0


def erase_diary(config: Config, options: argparse.Namespace) -> int:
    from device.assembly import own_taste as own_taste_file
    from device.assembly.erasing import erased
    path = diary(config, options)
    if not options.yes and input(f"Erase every night in {path}? Type yes: ") != "yes":
        return 1
    memory = (SPARE, SPARE.parent)
    left = erased(path, (*memory, STATE) if options.diary is None else memory)
    if taste := own_taste_file.forget(Path(config.night.taste)):
        left.append(taste)
    for each in left:
        print(f"nocturne: not erased: {each}", file=sys.stderr)
    if left:
        print("nocturne: erase again when nocturne.service is stopped and the disk can be written",
              file=sys.stderr)
    else:
        print(f"{path}, its reports, what waited for the hub and the list of what was played: "
              "erased")
    there = erase_retained(config) if config.home.host else 0
    return 1 if left else there


def erase_retained(config: Config) -> int:
    from device.assembly.build import home_settings
    from device.clock import SystemClock
    from device.home.erase import retained
    if trouble := retained(home_settings(config), SystemClock()):
        print(f"{config.home.host} may still show the last state ({trouble}): "
              "erase again when it can be reached", file=sys.stderr)
        return 1
    print(f"What {config.home.host} showed of {config.home.bed}: erased. There, "
          f"`nocturne hub --erase {config.home.bed}` forgets its events")
    return 0


def diary(config: Config, options: argparse.Namespace) -> Path:
    return options.diary or Path(config.diary.path)


COMMANDS: dict[str, Callable[[Config, argparse.Namespace], int]] = {
    "config": show_config, "report": write_report, "export": export_diary, "erase": erase_diary,
    "learner": show_learner, "say": say_it, "taste": own_taste}


if __name__ == "__main__":
    sys.exit(main())
