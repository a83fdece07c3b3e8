"""Builds the night from its parts: what a board and a desk share, and the board's own."""

import contextlib
import os
import queue
import sqlite3
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from device import compose
from device.clock import Clock, SystemClock
from device.compose.repeat_filter import Repeats
from device.config import Config
from device.diary import Diary
from device.errors import ModelMismatch, Refused
from device.hardware import health
from device.home.mqtt import Home
from device.home.privacy import Feedback, Ledger
from device.home.settings import DeviceFacts, Settings
from device.inference import model_card
from device.night import Night
from device.programmes import NAMES
from device.recommend import Recommender, SafeDefault, Weights
from device.recommend.n_of_1 import effect
from device.session import fade, population
from device.session.schedule import Almanac
from device.sleep import features
from device.sleep.epochs import Epochs
from device.sleep.stager import Stager
from device.sleep.vitals import VitalSigns
from device.values import EPOCH, Staging
from device.words import Words

DRAWING = 120.0         # s that the report may take


class Blind:
    """The stager's fallback: judges nothing, so that the timer programme takes over."""

    changes = np.eye(4)

    def snapshot(self) -> dict:
        return {}

    def restore(self, snapshot: dict) -> None:
        pass

    def judge(self, epoch, lights_out):
        return Staging(epoch.index, epoch.start + EPOCH, None, None, None)

    def reset(self) -> None:
        pass


def brain(config: Config, clock: Clock, inbox, *, sensors, sound, panel, home, diary, seed: int,
          models: Path = model_card.MODELS, **hooks) -> Night:
    """A Night whose models are loaded, or replaced by their named fallbacks; the diary says which."""
    troubles = []
    words = Words(models, config.night.keep_notes)      # first: what checking it takes is free again for the others
    try:
        stager = Stager(*model_card.read("stager", features.INPUTS, models), config.night.onset)
    except ModelMismatch as trouble:
        stager = Blind()
        troubles.append(f"no stager, so a timer programme: {trouble}")
    sleeper, guest = config.night.sleeper, config.night.sleeper == "guest"
    state = diary.recall(f"learner:{sleeper}")
    weights = Weights(**asdict(config.learning))
    try:
        try:
            recommender = Recommender.load(state, sleeper=sleeper, guest=guest, weights=weights, folder=models)
        except ValueError as trouble:
            troubles.append(f"what was learned of {sleeper} can't be used ({trouble}); beginning anew")
            recommender = Recommender.load(None, sleeper=sleeper, guest=guest, weights=weights, folder=models)
    except ModelMismatch as trouble:
        recommender = SafeDefault(state, sleeper=sleeper)
        troubles.append(f"no recommender, so the safe programme: {trouble}")
    # Only a real clock can tell that the network is too slow for this machine.
    composer, why = compose.load(seed, config.night.composer, models, clock if isinstance(clock, SystemClock) else None)
    composer.savour(diary.recall(f"taste:{sleeper}"), np.random.default_rng(seed))
    composer.repeats = Repeats.load(diary.path.with_name("repeats"))
    rules = fade.Rules(config.night.fade, config.night.timer, config.night.masking, config.night.keep_playing,
                         config.night.trial)
    if config.night.withdraw:
        rules = fade.withdrawn(rules, len(recommender.nights))
    almanac = Almanac(config.alarm.time, (config.quiet.start, config.quiet.end), config.alarm.smart,
                      config.alarm.elapsed)
    night = Night(clock, inbox, sensors=sensors, signs=VitalSigns(), epochs=Epochs(clock.now()), stager=stager,
                  recommender=recommender, composer=composer, sound=sound, panel=panel, home=home, diary=diary,
                  almanac=almanac, rules=rules, seed=seed, sleeper=sleeper, programme=config.night.programme,
                  volume=config.sound.volume, retention=config.diary.retention,
                  lock=config.panel.lock, cap=config.home.cap / 100, words=words,
                  effect=effect if config.night.trial else None, **hooks)
    if warning := almanac.warning(clock.wall()):
        night.note("fallback", warning)
    for trouble in filter(None, (*troubles, why, words.trouble, diary.trouble,
                                     lullaby(composer, Path(config.night.motif)))):
        night.remote.lack(trouble)
    for remark in getattr(sensors, "notes", ()):
        night.note("fallback", remark)
    return night


def lullaby(composer: compose.Composer, path: Path) -> str:
    """Have the night develop a tune of one's own, if there is a file; why it can't be, or ""."""
    try:
        if path.exists():
            from device.compose.lullaby import motif  # and with it mido, for the few who have one
            composer.give_motif(motif(path))
    except (Refused, OSError) as trouble:
        return f"no lullaby of one's own: {trouble}"
    return ""


def home_settings(config: Config) -> Settings:
    home = config.home
    return Settings(home.host, home.port, home.username, home.password, home.ca, home.bed, home.hub_key, home.care)


@contextlib.contextmanager
def at_home(config: Config, inbox: queue.SimpleQueue, clock: Clock, diary: Diary, occupancy: bool):
    """(Home, Feedback): connected in the background if there is a hub; outbox and ledger lie beside the diary."""
    def beside(name: str) -> Path | None:
        path = diary.path.with_name(name)
        return path if config.home.host or path.exists() else None
    facts = DeviceFacts(programmes=NAMES, cap=config.home.cap, occupancy=occupancy)
    home = Home(home_settings(config), inbox, clock, facts, beside("outbox.sqlite"), on_prior=inbox.put,
                newest_prior=(diary.recall(population.KEY) or {}).get("version", 0), health=health.read)
    try:
        feedback = Feedback(Ledger(beside("ledger.sqlite")), home)
    except sqlite3.Error:                       # what was spent isn't known, so nothing is shared
        feedback = None
    home.start()
    try:
        yield home, feedback
    finally:
        home.stop()


def publish(mine: Night) -> None:
    """The report beside the diary, its picture to the hub. By a process of its own: drawing takes a second and memory
    that the night needs. Raises OSError or subprocess.SubprocessError."""
    html = mine.diary.path.with_name("report.html")
    mine.diary.flush()
    paths = os.pathsep.join(filter(None, [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH")]))
    # No config: it may be torn, and the night goes on with the last good one.
    subprocess.run([sys.executable, "-m", "device", "report", "--config", os.devnull, "--diary", mine.diary.path,
                    "--out", html], check=True, timeout=DRAWING, env={**os.environ, "PYTHONPATH": paths},
                   stdout=subprocess.DEVNULL)
    mine.home.tell({"picture": html.with_suffix(".png").read_bytes()})
