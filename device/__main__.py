"""`nocturne`: command line → config → real or simulated parts → Night.run()."""

import argparse
import contextlib
import json
import logging
import os
import queue
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Before numpy: its BLAS would start a thread per core for the smallest product.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from device.arguments import FAILED, Parser, ended, made, path, present, room, text, whole, writable
from device.config import Config, document, sound_flags
from device.errors import DiaryError, ModelMismatch
from device.process_memory import do_without_openssl_hashes, give_memory_back, unmap_code
from device.sentences import languages, speak

if TYPE_CHECKING:
    from device.home.settings import Settings
    from device.report.weeks import Learned

CONFIG = Path("/etc/nocturne.toml")
SOCKET = Path("/run/nocturne/sound.socket")
STATE = Path("/var/lib/nocturne")
Z80 = 1.2816            # SD on either side of a mean that hold 80 %
GOOD = 60.0             # s that a night has run with a config that is good
HUB = {"hub": (), "pair": ("--pair",), "unpair": ("--unpair",), "rotate": ("--rotate",)}
SPARE = SOCKET.with_name("spare")          # nights that the disk refused; see assembly/board.py


def main(argv: list[str] | None = None) -> int:
    words = sys.argv[1:] if argv is None else argv
    if words[:1] and words[0] in HUB:
        asked = {"-h", "--help"} & set(words[1:])
        return hub([*(() if asked else HUB[words[0]]), *words[1:]])
    options = arguments().parse_args(words)
    give_memory_back()
    return ended("nocturne", lambda: done(options))


def hub(words: list[str]) -> int:
    try:
        from device.home.hub.main import main as run
    except ModuleNotFoundError as trouble:
        print(f"nocturne: {trouble.name} is missing: pip install 'nocturne[hub]', of several hubs "
              "'nocturne[ward]'", file=sys.stderr)
        return FAILED
    return run(words)


def done(options: argparse.Namespace) -> int:
    """What was asked for; an exit code. Raises NocturneError, OSError."""
    if options.command == "run":
        return run_board(options)
    if options.command == "sound":
        return run_sound(options)
    config = Config.load(options.config) if options.config else Config()
    speak(getattr(options, "language", "") or config.night.language)
    return COMMANDS[options.command](config, options)


def zone(given: str) -> ZoneInfo:
    """A type for argparse."""
    try:
        return ZoneInfo(text(given))
    except (ValueError, OSError, ZoneInfoNotFoundError) as trouble:
        raise argparse.ArgumentTypeError(f"{given!r}: there is no such zone") from trouble


def arguments() -> Parser:
    parser = Parser(prog="nocturne", description="The firmware of a bedside sleep device.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help)
        sub.add_argument("--config", type=present, default=CONFIG if CONFIG.exists() else None,
                         help="TOML file")
        return sub

    def of_diary(name: str, help: str) -> argparse.ArgumentParser:
        sub = command(name, help)
        sub.add_argument("--diary", type=present, help="another one than the config's")
        return sub
    run = command("run", "run the night on this board (what nocturne.service does)")
    run.add_argument("--socket", type=path, default=SOCKET)
    command("sound", "run the sound process (what nocturne-sound.service does)").add_argument(
        "--socket", type=path, default=SOCKET)
    command("config", "print the config with every key explained, or check the one given")
    report = of_diary("report", "write the report of a night, or of the last weeks")
    report.add_argument("--language", choices=languages(), help="instead of night.language")
    report.add_argument("--night", type=whole(1), help="its number; the last by default")
    report.add_argument("--weeks", type=whole(1, 520), metavar="N",
                        help="of the last N weeks together, instead of a night")
    report.add_argument("--zone", type=zone, help="of its times, such as Europe/Berlin (the "
                        "config's, or the machine's)")
    report.add_argument("--out", type=writable, help="(report.html, or weeks.html)")
    report.add_argument("--shelf", type=room, metavar="DIR",
                        help="also keep it there by its date, with those of the six nights before")
    of_diary("nights", "list the nights that are kept").add_argument("--zone", type=zone)
    export = of_diary("export", "print the diary as JSON, or write it as sleep people use it")
    ways = export.add_mutually_exclusive_group()
    ways.add_argument("--csv", type=room, metavar="DIR",
                      help="one file a table; nights.csv and epochs.csv have units and wall times")
    ways.add_argument("--edf", type=writable, metavar="FILE",
                      help="a night's hypnogram as EDF+ annotations")
    ways.add_argument("--health", type=writable, metavar="FILE",
                      help="data points of IEEE 1752.1 and Open mHealth")
    export.add_argument("--night", type=whole(1), help="with --edf (the last) or --health (all)")
    export.add_argument("--zone", type=zone, help="of its times (the config's, or the machine's)")
    learner = of_diary("learner", "print what was learned of a sleeper, or forget it")
    learner.add_argument("--reset", action="store_true",
                         help="forget it; the nights stay. Stop nocturne.service first")
    taste = command("taste", "measure one's own music: first nights begin nearer to it")
    what = taste.add_mutually_exclusive_group(required=True)
    what.add_argument("music", nargs="*", type=path, metavar="FOLDER|FILE", default=[],
                      help="WAV, FLAC, Ogg, MP3 or MIDI; features are taken, never tunes "
                           "(familiar songs with words keep people awake)")
    taste.add_argument("--out", type=writable, default=Path("taste.json"),
                       help="put it onto the NOCTURNE drive, or give it to --send (taste.json)")
    what.add_argument("--like", type=present, metavar="FILE",
                      help="say which programme and style are nearest to a piece, and why")
    taste.add_argument("--sleeper", type=text, help="whose music it is (the config's)")
    taste.add_argument("--send", type=text, metavar="BED",
                       help="send it to a bed by home.host's broker, and wait for its answer")
    what.add_argument("--forget", action="store_true",
                      help="forget it: with --send at the bed, else here, where nocturne.service "
                           "is to be stopped first")
    taste.add_argument("--diary", type=present)
    erase = of_diary("erase",
                     "erase every night and all that was learned; stop nocturne.service first")
    erase.add_argument("--yes", action="store_true", help="don't ask")
    say = command("say", "tell the night something in words, such as \"warm rain, no bells\"")
    say.add_argument("text", nargs="+", type=text)
    say.add_argument("--socket", type=path, default=SOCKET)
    commands.add_parser("hub", help="run the home hub; --setup, --doctor (`nocturne hub --help`)",
                        add_help=False)
    commands.add_parser("pair", help="pair a bed with the hub here", add_help=False)
    commands.add_parser("unpair", help="the bed comes in no more", add_help=False)
    commands.add_parser("rotate", help="a new password for a paired bed", add_help=False)
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
    from device.notifier import notifier
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
    path, where = diary(config, options), options.zone or time_zone(config)
    if options.weeks:
        from device.report import weeks_page
        out = options.out or Path("weeks.html")
        must_be_a_diary(path)
        weeks_page.write(path, made(out), options.weeks, learned(config, path), where)
    else:
        from device.report import report
        out = options.out or Path("report.html")
        report.write(path, made(out), out.with_suffix(".png"), options.night, where)
        if options.shelf:
            from device.report import shelf
            shelf.put(options.shelf, out.read_bytes(), report.named(path, options.night, where))
    print(out)
    return 0


def time_zone(config: Config) -> tzinfo | None:
    """The config's; None: the machine's own."""
    return ZoneInfo(config.clock.zone) if config.clock.zone else None


def learned(config: Config, path: Path) -> "Learned":
    """What the recommender believes of each of its candidates by now, and what a trial says."""
    from device.diary import recalled
    from device.memory import LEARNER, key_of
    from device.recommend import Recommender
    from device.recommend.candidates import NAMES
    from device.recommend.n_of_1 import effect
    from device.report.weeks import Belief, Learned
    sleeper = config.night.sleeper
    try:
        knows = Recommender.load(recalled(path, key_of(LEARNER, sleeper)), sleeper=sleeper)
    except ModelMismatch as trouble:
        return Learned(trial=str(trouble))
    mean, spread = knows.expect()
    heard = Counter(night["candidate"] for night in knows.nights if night["reward"] is not None)
    beliefs = [Belief(name, mean[place], mean[place] - Z80 * spread[place],
                      mean[place] + Z80 * spread[place], heard[name])
               for place, name in enumerate(NAMES)]
    tossed = any(night.get("trial") for night in knows.nights)
    return Learned(beliefs, str(effect(knows.nights).sentence) if tossed else "")


def export_diary(config: Config, options: argparse.Namespace) -> int:
    from device.report import export

    path, where = diary(config, options), options.zone or time_zone(config)
    must_be_a_diary(path)
    if options.csv:
        export.write_csv(path, options.csv, where)
    elif options.edf:
        export.write_edf(path, made(options.edf), options.night, where)
    elif options.health:
        count = export.write_health(path, made(options.health), options.night, where)
        print(f"{options.health}: {count} nights", file=sys.stderr)
    else:
        export.write_json(path, sys.stdout)
    return 0


def list_nights(config: Config, options: argparse.Namespace) -> int:
    from device.report import report
    path = diary(config, options)
    must_be_a_diary(path)
    for line in report.listed(path, options.zone or time_zone(config)):
        print(line)
    return 0


def show_learner(config: Config, options: argparse.Namespace) -> int:
    from device.diary import Diary
    from device.memory import LEARNER, forget_learned, key_of
    sleeper = config.night.sleeper
    path = diary(config, options)
    if options.reset:
        must_be_still(options)
    must_be_a_diary(path)
    kept = Diary(path)
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
    to = bed_of(config, options.send) if options.send else None
    if options.forget:
        return forget_at_bed(to) if to else forget_taste(config, options, sleeper)
    from device.assembly import own_music
    from device.clock import SystemClock
    from device.errors import Refused
    from device.home import send
    from device.stored import plain
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
    taste = own_music.taste_of(heard, sleeper, SystemClock().wall())
    if not taste.heard:
        raise Refused("taste: nothing of it is music, or a steady sound, that could be heard")
    kept.save(taste, options.out)
    print(f"{own_music.told(heard, taste)}. {options.out}: put it onto the NOCTURNE drive, or send "
          "it with --send")
    if to:
        send.command(to, "taste", plain(taste))
        print(f"{to.bed} has it")
    return 0


def bed_of(config: Config, bed: str) -> "Settings":
    """Raises NocturneError, before anything is measured."""
    from device.assembly.build import home_settings
    from device.home.send import reachable
    return reachable(home_settings(config), bed)


def forget_at_bed(to: "Settings") -> int:
    from device.home import send
    from device.home.payloads import FORGET
    send.command(to, "taste", FORGET)
    print(f"{to.bed} has forgotten it")
    return 0


def forget_taste(config: Config, options: argparse.Namespace, sleeper: str) -> int:
    from device import memory
    from device.assembly import own_taste as kept
    from device.clock import SystemClock
    from device.diary import Diary
    must_be_still(options)
    left = kept.forget(Path(config.night.taste))
    path = diary(config, options)
    if path.exists():
        must_be_a_diary(path)
        nights = Diary(path)
        try:
            memory.forget_taste(nights, sleeper, SystemClock().wall())
            if not nights.flush():
                raise DiaryError(nights.trouble)
        finally:
            nights.close()
    if left:
        print(f"nocturne: not forgotten: {left}", file=sys.stderr)
    return 1 if left else 0


def must_be_still(options: argparse.Namespace) -> None:
    """Raises Refused while a night runs here, which would bring back what it still knows."""
    from device.errors import Refused
    from device.home import say_socket
    if options.diary is None and say_socket.open_at(SOCKET.with_name(say_socket.NAME)):
        raise Refused("a night runs here, which would bring it back: stop nocturne.service first")


def erase_diary(config: Config, options: argparse.Namespace) -> int:
    from device.assembly import own_taste as own_taste_file
    from device.assembly.erasing import erased
    path = diary(config, options)
    if options.diary is not None and path.suffix != ".sqlite":
        must_be_a_diary(path)           # a torn one is erased, too, but nothing of another name
    if not options.yes and answer(f"Erase every night in {path}? Type yes: ") != "yes":
        print("nocturne: nothing was erased", file=sys.stderr)
        return 1
    memory = (SPARE, SPARE.parent)
    left = erased(path, (*memory, STATE) if options.diary is None else memory)
    if taste := own_taste_file.forget(Path(config.night.taste)):
        left.append(f"{taste}, or it is taken up again")
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


def answer(question: str) -> str:
    with contextlib.suppress(EOFError):
        return input(question)
    return ""


def must_be_a_diary(path: Path) -> None:
    """Raises DiaryError: what opens a diary would make one, or set aside what isn't one."""
    from device.diary import reading
    try:
        with reading(path) as rows:
            rows.execute("SELECT id FROM nights LIMIT 1").fetchone()
    except sqlite3.Error as trouble:
        raise DiaryError(f"{path}: isn't a diary that can be read ({trouble})") from trouble


def diary(config: Config, options: argparse.Namespace) -> Path:
    return options.diary or Path(config.diary.path)


COMMANDS: dict[str, Callable[[Config, argparse.Namespace], int]] = {
    "config": show_config, "report": write_report, "export": export_diary, "erase": erase_diary,
    "learner": show_learner, "nights": list_nights, "say": say_it, "taste": own_taste}


if __name__ == "__main__":
    sys.exit(main())
