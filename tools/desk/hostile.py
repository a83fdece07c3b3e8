"""Hostile sequences at the sound process: commands, presses, restarts of either process, cards that
go, wild models. What leaves it is measured by code that shares nothing with it."""

import functools
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from areas.sound.rises import AUDIBLE, RATE, SPAN, STEP, levels, rises
from device.sound.dispatch import Console
from device.sound.settings import NOMINAL, Settings
from device.values import Asleep, Panic, Scene, Volume

RISE = 0.5                  # dB/s that is promised
PERIOD = 1024               # frames
FAR = {"distance": 1.0, "intensity": 0.25}
STEADY = ("rain", "pink", "brown", "stream")


class Bedroom:
    """A sound process without its socket and its card, and all that left it."""

    def __init__(self, folder, **settings):
        self.settings = Settings(**settings)
        self.kept = folder / "sound.asleep"
        self.console = Console(self.settings, self.kept)
        self.parts: list[np.ndarray] = []

    def say(self, *messages) -> None:
        for message in messages:
            self.console.take(message, 0.0)
        self.console.restore()

    def play(self, seconds: float) -> None:
        for _ in range(round(seconds * RATE / self.settings.block)):
            block = self.console.engine.render()
            for k in range(len(block.power)):
                chunk = block.samples[:, k * PERIOD:(k + 1) * PERIOD]
                self.parts.append(self.console.leave(
                    chunk, float(block.power[k]), float(block.meant[k]), block.waking)[0])

    def restart(self) -> None:
        self.console = Console(self.settings, self.kept)

    @property
    def seconds(self) -> float:
        return sum(part.shape[1] for part in self.parts) / RATE

    @property
    def sound(self) -> np.ndarray:
        return np.concatenate(self.parts, axis=1)

    @property
    def levels(self) -> np.ndarray:
        return levels(self.sound, NOMINAL)

    def steepest(self, since: float = 0.0) -> float:
        """dB/s over two seconds."""
        return rises(self.levels[round(since / STEP):]).max() / SPAN


def far(level: float = 0.0, glide: float = 2.0, **textures: float) -> Scene:
    return replace(Scene(textures, 0.0, 0.35, level, glide), **FAR)


@functools.cache
def own(texture: str) -> float:
    """dB/s: what it does by itself, held constant for as long as it takes."""
    console, parts = Console(Settings()), []
    console.take(far(**{texture: 1.0}), 0.0)
    for _ in range(round(60 * RATE / 4096)):
        parts.append(console.fader(console.engine.render().samples))
    return rises(levels(np.concatenate(parts, axis=1), NOMINAL)[80:]).max() / SPAN


def hostile(random: np.random.Generator, bedroom: Bedroom) -> list[tuple[float, float]]:
    """What a night may come to: commands, presses, restarts, cards, wild models. Answers when a
    hand was there, (from, to) in s."""
    hands = []
    textures = {str(name): float(random.random()) for name in random.choice(STEADY, 2)}
    bedroom.say(Volume(float(random.uniform(0.75, 1))))
    bedroom.say(far(float(random.uniform(-6, 0)), **textures))
    bedroom.play(float(random.uniform(3, 8)))
    bedroom.say(Asleep(True))
    begun = bedroom.seconds
    while bedroom.seconds < begun + 24.0:
        match random.integers(7):
            case 0 | 1:
                bedroom.say(Volume(float(random.random())))
            case 2 | 3:
                texture = str(random.choice(STEADY))
                bedroom.say(far(float(random.choice([-80, random.uniform(-40, 0)])),
                                float(random.choice([0.0, 4.0, 30.0])), **{texture: 1.0}))
            case 4:
                bedroom.restart()
                bedroom.say(Volume(1.0), far(0.0, 0.0, pink=1.0))
            case 5:
                bedroom.say(Panic(), far(0.0, 0.0, rain=1.0))
            case 6 if random.random() < 0.3:
                from_ = bedroom.seconds
                bedroom.say(Asleep(False), far(0.0, 4.0, pink=1.0))
                bedroom.play(float(random.uniform(1, 6)))
                bedroom.say(Asleep(True))
                hands.append((from_, bedroom.seconds))
        bedroom.play(float(random.exponential(2.0)))
    return [(0.0, begun), *hands]


def startled(seed: int) -> tuple[float, float] | None:
    """dB/s: the steepest rise of one sequence that no hand asked for, and what it may be: the
    promise, and what its textures waver by themselves. None: nothing of it could be heard."""
    with tempfile.TemporaryDirectory() as folder:
        random, bedroom = np.random.default_rng(seed), Bedroom(Path(folder))
        hands = hostile(random, bedroom)
    found = rises(bedroom.levels) / SPAN
    starts = STEP * np.arange(len(found))       # a span ends 1 s + SPAN after it begins
    excused = np.zeros(len(found), bool)
    for from_, to in hands:
        excused |= (starts + SPAN + 1 > from_) & (starts < to)
    if excused.all() or bedroom.levels.max() <= AUDIBLE:
        return None
    return float(found[~excused].max()), RISE + max(own(texture) for texture in STEADY)
