"""Builds the night from its parts: what a board and a desk share, and the board's own."""

import contextlib
import os
import queue
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import tzinfo
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from device import __version__, compose, parts, stored
from device.assembly import own_taste
from device.clock import Clock, SystemClock
from device.compose.repeat_filter import Repeats
from device.config import Config
from device.diary import Diary
from device.errors import DiaryError, ModelMismatch
from device.hardware import health
from device.hardware.button import Presses
from device.home.mqtt import Home, Priors
from device.home.privacy import LIFETIME, Feedback, Ledger
from device.home.settings import DeviceFacts, Settings
from device.inference import model_card
from device.memory import LEARNER, POPULATION, TASTE, key_of, load
from device.night import Night
from device.parts import NONE, Body, Hooks, Mind, Parts, World
from device.programmes import AUTO, NAMES
from device.recommend import Recommender, SafeDefault, Weights
from device.recommend.n_of_1 import effect
from device.report import nights
from device.sentences import speak, spoken
from device.session import fade, own_music, schedule, updates
from device.session.settings import DAYS, GUEST, Knobs, Owner, Rules, zone_of
from device.session.state import Population
from device.sleep import features, hypnogram, second_opinion
from device.sleep.empty_bed import FILE, EmptyBed
from device.sleep.epochs import Epochs
from device.sleep.second_opinion import SecondOpinion
from device.sleep.stager import Stager
from device.sleep.vitals import VitalSigns
from device.values import EPOCH, TICK, Epoch, Staging, Sums
from device.words import Words

SPENT = "spent"         # in the diary's memory: ε, for a ledger that is removed
SHELF = "reports"       # folder beside the diary; a board puts it onto the drive called NOCTURNE
DRAWING = 120.0         # s that the report may take


@dataclass(frozen=True, slots=True)
class Around:
    """What a board and a desk have each their own of."""
    clock: Clock
    inbox: queue.SimpleQueue
    diary: Diary
    sensors: parts.Sensors
    sound: parts.Sound
    panel: parts.Panel
    home: parts.Home
    feedback: parts.Feedback | None = None


class Blind:
    """The stager's fallback: judges nothing, so that the timer programme takes over."""
    changes = np.eye(4)

    def judge(self, epoch: Epoch, lights_out: float | None) -> Staging:
        return Staging(epoch.index, epoch.start + EPOCH, None, None, None)

    def reset(self) -> None:
        pass

    def snapshot(self) -> dict[str, object]:
        return {}

    def restore(self, snapshot: Mapping) -> None:
        pass


class Late:
    """The second opinion's fallback: the live judgements, with the two minutes after each."""

    def __init__(self, changes: np.ndarray):
        """`changes` (4, 4): from stage to stage within an epoch."""
        self.changes = changes

    def review(self, epochs: Sequence[Epoch], stagings: Sequence[Staging]) -> Sums:
        return hypnogram.sums(hypnogram.second_opinion(stagings, self.changes))


def brain(
    config: Config, around: Around, *, seed: int, models: Path = model_card.MODELS,
    tick: float = TICK, hooks: Hooks = NONE,
) -> Night:
    """A Night whose models are loaded, or replaced by their named fallbacks; the diary says which.
    """
    clock, diary = around.clock, around.diary
    words = Words(models, config.night.keep_notes)  # first: what checking takes is free again later
    stager, no_stager = load_stager(config, models)
    opinion, no_opinion = load_opinion(stager, models)
    recommender, no_learner = load_recommender(config, diary, models)
    # Only a real clock can tell that the network is too slow for this machine.
    composer, slow = compose.load(
        seed, config.night.composer, models, clock if isinstance(clock, SystemClock) else None
    )
    empty, no_empty = stored.load_file(EmptyBed, diary.path.with_name(FILE))
    sleeper = config.night.sleeper
    composer.learn_taste(
        diary.recall(key_of(TASTE, sleeper)), np.random.default_rng(seed)
    )
    composer.repeats = Repeats.load(diary.path.with_name("repeats"))
    parts = Parts(
        clock, around.inbox,
        Body(around.sensors, VitalSigns(empty.few()), Epochs(clock.now()), stager, opinion),
        Mind(recommender, composer, words),
        World(around.sound, around.panel, Presses(), around.home, around.feedback),
        diary,
        replace(hooks, effect=effect if config.night.trial else None, install=updates.install,
                versions=partial(updates.versions, __version__)),
    )
    mine = owner(config, seed, tick, len(recommender.nights))
    night = Night(parts, replace(mine, judges=not no_stager))
    taste, no_taste = own_taste.load(Path(config.night.taste))
    if taste is not None:
        night.take(own_music.found(night.state, taste))
    if warning := schedule.warning(night.state, night.at):
        night.note("fallback", warning)
    no_lullaby = lullaby(composer, Path(config.night.motif))
    troubles = (no_stager, no_opinion, *no_learner, slow, words.trouble, diary.trouble, no_lullaby,
                no_taste, *(f"what the empty bed does: {trouble}" for trouble in no_empty))
    for trouble in troubles:
        if trouble:
            night.lack(trouble)
    for remark in getattr(around.sensors, "notes", ()):
        night.note("fallback", remark)
    return night


def owner(config: Config, seed: int, tick: float, nights: int) -> Owner:
    """What the config says of the night. `nights`: that taught something."""
    wanted = config.night
    rules = Rules(
        wanted.fade, wanted.timer, wanted.masking, wanted.keep_playing, wanted.trial,
        answer=wanted.answer, noise=wanted.noise,
    )
    monday, tuesday, wednesday, thursday, friday, saturday, sunday = (
        schedule.weekday_of(getattr(config.alarm, day)) for day in DAYS)
    week = monday, tuesday, wednesday, thursday, friday, saturday, sunday
    knobs = Knobs(
        config.sound.volume, wanted.programme if wanted.programme in NAMES else AUTO,
        schedule.minute_of(config.alarm.time),
        (schedule.minute_of(config.quiet.start), schedule.minute_of(config.quiet.end)), week,
    )
    return Owner(
        sleeper=wanted.sleeper, rules=fade.withdrawn(rules, nights) if wanted.withdraw else rules,
        knobs=knobs, ceiling=config.home.cap / 100, lock=config.panel.lock,
        smart=config.alarm.smart, elapsed=config.alarm.elapsed, retention=config.diary.retention,
        calibrated=bool(config.sound.calibration) and not config.sound.monitor,
        keep_notes=wanted.keep_notes, software=__version__, seed=seed, tick=tick,
        zone=time_zone(config.clock.zone),
    )


def time_zone(name: str, machine: Path = Path("/etc/localtime")) -> tzinfo | None:
    """The zone of that name, or of `machine`, or None where neither says one."""
    if name:
        return ZoneInfo(name)
    try:
        _, found, key = str(machine.resolve(strict=True)).partition("zoneinfo/")
        if found:
            return ZoneInfo(key)
        with machine.open("rb") as file:
            return ZoneInfo.from_file(file, key=str(machine))
    except (OSError, ValueError, ZoneInfoNotFoundError):
        return None


def load_stager(config: Config, models: Path) -> tuple[Stager | Blind, str]:
    """And why it is the fallback, or ""."""
    try:
        card = model_card.read("stager", features.INPUTS, models)
        return Stager(*card, config.night.onset), ""
    except ModelMismatch as trouble:
        return Blind(), f"no stager, so a timer programme: {trouble}"


def load_opinion(stager: Stager | Blind, models: Path) -> tuple[SecondOpinion | Late, str]:
    """And why it is the fallback, or ""."""
    try:
        card = model_card.read("second_opinion", second_opinion.INPUTS, models)
        return SecondOpinion(*card), ""
    except ModelMismatch as trouble:
        return Late(stager.changes), f"the morning is judged as the night was: {trouble}"


def load_recommender(
    config: Config, diary: Diary, models: Path
) -> tuple[Recommender | SafeDefault, list[str]]:
    """And what of it can't be used."""
    sleeper = config.night.sleeper
    state = diary.recall(key_of(LEARNER, sleeper))
    weights = Weights(**asdict(config.learning))
    try:
        recommender = Recommender.load(
            state, sleeper=sleeper, guest=sleeper == GUEST, weights=weights, folder=models
        )
    except ModelMismatch as trouble:
        why = f"no recommender, so the safe programme: {trouble}"
        return SafeDefault(state, sleeper=sleeper), [why]
    unread = "; ".join(recommender.troubles)
    return recommender, [f"of what was learned of {sleeper}: {unread}"] if unread else []


def lullaby(composer: compose.Composer, path: Path) -> str:
    """Have the night develop a tune of one's own, if there is a file; why it can't be, or ""."""
    try:
        if path.exists():
            from device.compose.lullaby import motif  # and with it mido, for the few who have one
            composer.give_motif(motif(path))
    except Exception as trouble:        # Refused, or whatever a broken library raises
        return f"no lullaby of one's own: {trouble}"
    return ""


def home_settings(config: Config) -> Settings:
    home = config.home
    return Settings(
        home.host, home.port, home.username, home.password, home.ca, home.bed, home.hub_key,
        home.care, home.plain, home.detail,
    )


@contextlib.contextmanager
def at_home(
    config: Config, inbox: queue.SimpleQueue, clock: Clock, diary: Diary, occupancy: bool
) -> Iterator[tuple[Home, Feedback | None]]:
    """Connected in the background if there is a hub; outbox and ledger lie beside the diary."""
    def beside(name: str) -> Path | None:
        path = diary.path.with_name(name)
        return path if config.home.host or path.exists() else None
    speak(config.night.language)
    facts = DeviceFacts(
        config.home.name, config.home.area, config.home.page, health.serial(), __version__,
        programmes=NAMES, cap=config.home.cap, occupancy=occupancy, detail=config.home.detail,
    )
    heard, _ = load(Population, diary.recall(POPULATION), "what other beds told")
    home = Home(
        home_settings(config), inbox, clock, facts, beside("outbox.sqlite"),
        Priors(inbox.put, heard.version), health.read,
    )
    feedback: Feedback | None = None
    # What was spent isn't known where the ledger can't be read, so nothing is shared then.
    with contextlib.suppress(sqlite3.Error):
        spent = diary.recall(SPENT)
        before = float(spent) if isinstance(spent, int | float) else LIFETIME if spent else 0.0
        ledger = Ledger(beside("ledger.sqlite"), before=before, now=clock.now)
        feedback = Feedback(ledger, home, partial(diary.remember, SPENT))
    if config.home.host:
        home.tell(lately(diary.path))
    home.start()
    try:
        yield home, feedback
    finally:
        home.stop()


def publish_report(night: Night) -> None:
    """The report beside the diary, its picture to the hub. By a process of its own: drawing takes a
    second and memory that the night needs. Raises OSError or subprocess.SubprocessError."""
    html = night.diary.path.with_name("report.html")
    night.diary.flush()
    root = str(Path(__file__).parents[2])
    paths = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    # No config: it may be torn, and the night goes on with the last good one.
    command = [sys.executable, "-m", "device", "report", "--config", os.devnull,
               "--diary", str(night.diary.path), "--out", str(html), "--language", spoken()]
    if not night.state.settings.privacy:
        command += ["--shelf", str(html.with_name(SHELF))]
    zone = zone_of(night.state.owner, night.state.settings)
    if isinstance(zone, ZoneInfo) and zone.key and not zone.key.startswith("/"):
        command += ["--zone", zone.key]
    subprocess.run(command, check=True, timeout=DRAWING, stdout=subprocess.DEVNULL,
                   env={**os.environ, "PYTHONPATH": paths})
    night.parts.world.home.tell(lately(night.diary.path))


def lately(path: Path) -> dict[str, object]:
    """The last nights by the diary at `path`, and the last report's picture, for the hub."""
    picture = path.with_name("report.png")
    told: dict[str, object] = {"picture": None, "pictured": None, "nights": (), "night": None}
    with contextlib.suppress(OSError, sqlite3.Error, DiaryError):
        told |= nights.lately(path)
        told["picture"] = picture.read_bytes()
    return told if told["picture"] else told | {"pictured": None}
