"""Whatever scenes, knobs, restarts and cards do: while somebody may be asleep, what leaves the
sound process rises by half a decibel a second at most, less its own swing."""

import functools
from dataclasses import replace

import numpy as np
import pytest

from areas.sound.measures import clicks
from device.sound.client import SoundLink
from device.sound.dispatch import Console
from device.sound.settings import NOMINAL, Settings
from device.values import Asleep, Panic, Scene, Volume
from tests.sound.music import scene
from tests.sound.rises import AUDIBLE, RATE, SPAN, STEP, levels, rises

RISE = 0.5                  # dB/s
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
    return replace(scene(level, glide, music=0.0, **textures), **FAR)


@functools.cache
def own(texture: str) -> float:
    """dB/s: what it does by itself, held constant for as long as it takes."""
    console, parts = Console(Settings()), []
    console.take(far(**{texture: 1.0}), 0.0)
    for _ in range(round(60 * RATE / 4096)):
        parts.append(console.fader(console.engine.render().samples))
    return rises(levels(np.concatenate(parts, axis=1), NOMINAL)[80:]).max() / SPAN


def asleep(bedroom: Bedroom, level: float, texture: str = "pink") -> Bedroom:
    """Somebody fell asleep to it."""
    bedroom.say(far(level, **{texture: 1.0}))
    bedroom.play(12.0)
    bedroom.say(Asleep(True))
    bedroom.play(4.0)
    return bedroom


def test_this_test_hears_what_scipy_makes_of_the_a_curve():
    tone = np.sin(2 * np.pi * 1000.0 * np.arange(3 * RATE) / RATE) * 0.01 * np.sqrt(2)
    assert levels(tone[None], 85.0)[-1] == pytest.approx(45.0, abs=0.02)


def test_without_a_word_nothing_is_held(tmp_path):
    bedroom = Bedroom(tmp_path)
    bedroom.say(Volume(0.4), far(pink=1.0))
    bedroom.play(8.0)
    bedroom.say(Volume(1.0))
    bedroom.play(6.0)
    assert bedroom.levels[-1] == pytest.approx(40.0, abs=0.7) and bedroom.steepest(8.0) > 2.0


def test_a_knob_turned_from_afar_rises_slowly_and_gets_there(tmp_path):
    bedroom = Bedroom(tmp_path)
    bedroom.say(Volume(0.4))
    since = asleep(bedroom, 0.0).seconds
    bedroom.say(Volume(1.0))
    bedroom.play(10.0)
    halfway = bedroom.levels[-1]
    bedroom.play(64.0)
    assert bedroom.steepest(since - 3) <= RISE + own("pink")
    assert halfway < 30.0 and bedroom.levels[-1] == pytest.approx(40.0, abs=0.7)


def test_off_and_on_again_from_afar_rises_slowly(tmp_path):
    bedroom = asleep(Bedroom(tmp_path), 0.0)
    since = bedroom.seconds
    bedroom.say(far(-80.0, 8.0, pink=1.0))
    bedroom.play(9.0)
    bedroom.say(far(0.0, 4.0, pink=1.0))
    bedroom.play(64.0)
    assert bedroom.steepest(since) <= RISE + own("pink")
    assert bedroom.levels[-1] == pytest.approx(40.0, abs=0.7)


@pytest.mark.parametrize("way", ["sound", "night"])
def test_a_restart_wakes_nobody(tmp_path, way):
    bedroom = asleep(Bedroom(tmp_path), 0.0)
    since = bedroom.seconds
    if way == "sound":
        bedroom.restart()
    bedroom.say(Volume(1.0), far(0.0, 4.0, pink=1.0))        # what a night sends that knows nothing
    bedroom.play(66.0)
    assert bedroom.steepest(since) <= RISE + own("pink")
    assert bedroom.levels[-1] == pytest.approx(40.0, abs=0.7)


def test_a_card_that_comes_back_does_not_burst_in(tmp_path):
    bedroom = asleep(Bedroom(tmp_path), -12.0)
    bedroom.say(far(-40.0, 30.0, pink=1.0), Volume(0.2))
    bedroom.restart()               # without a card nothing is rendered, but scenes come all along
    bedroom.say(far(-20.0, 30.0, pink=1.0), far(0.0, 5.0, rain=1.0), Volume(1.0))
    since = bedroom.seconds
    bedroom.play(66.0)
    assert bedroom.steepest(since) <= RISE + max(own("pink"), own("rain"))


def test_knob_scene_and_programme_together_rise_no_faster_than_one(tmp_path):
    bedroom = Bedroom(tmp_path)
    bedroom.say(Volume(0.6))
    since = asleep(bedroom, -10.0, "rain").seconds
    for step in range(30):
        bedroom.say(Volume(0.6 + 0.0125 * step), far(0.0, 30.0, rain=1.0))
        bedroom.play(0.5)
    bedroom.say(far(-2.0, 10.0, stream=1.0), Volume(1.0))
    bedroom.play(30.0)
    assert bedroom.steepest(since) <= RISE + max(own("rain"), own("stream"))


def test_a_hand_is_answered_at_once_and_the_alarm_keeps_its_pace(tmp_path):
    bedroom = asleep(Bedroom(tmp_path), -20.0)
    bedroom.say(Asleep(False), far(0.0, 4.0, pink=1.0))
    bedroom.play(6.0)
    assert bedroom.levels[-1] == pytest.approx(40.0, abs=0.7)
    dawn = Scene({"pink": 1.0}, 0.0, 0.35, 6.0, 180.0, waking=True)
    courses = []
    for maybe in (True, False):
        woken = Bedroom(tmp_path)
        woken.say(Asleep(maybe), dawn)
        woken.play(150.0)
        courses.append(woken.levels)
    assert np.abs(courses[0] - courses[1]).max() < 0.1 and courses[0][-1] > 40.0


def test_a_hand_after_much_was_held_back_hears_no_jump(tmp_path):
    bedroom = asleep(Bedroom(tmp_path), -30.0)
    bedroom.say(far(0.0, 2.0, pink=1.0))
    bedroom.play(8.0)
    bedroom.say(Asleep(False))
    bedroom.play(6.0)
    assert bedroom.levels[-1] == pytest.approx(40.0, abs=0.7)
    assert clicks(bedroom.sound.astype(np.float32)) == 0


def test_it_adds_no_clicks(tmp_path):
    bedroom = asleep(Bedroom(tmp_path), 0.0)
    for volume in (0.2, 1.0, 0.0, 0.9):
        bedroom.say(Volume(volume))
        bedroom.play(3.0)
    assert clicks(bedroom.sound.astype(np.float32)) == 0




def test_a_link_made_anew_says_again_that_somebody_may_be_asleep(sound_process, tmp_path):
    first = sound_process("--lockstep", "--out", tmp_path / "one.wav")
    first.link.send(Asleep(True))
    first.link.advance(1.0)
    assert (tmp_path / "sound.asleep").read_text() == "asleep"
    first.kill()
    (tmp_path / "sound.asleep").unlink()
    second = sound_process("--lockstep", "--out", tmp_path / "two.wav")
    first.link.heartbeat()
    first.link.advance(2.0)
    assert (tmp_path / "sound.asleep").read_text() == "asleep"
    assert isinstance(second.link, SoundLink)


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


@pytest.mark.parametrize(
    "seed", [*range(6), *(pytest.param(seed, marks=pytest.mark.full) for seed in range(6, 2000))]
)
def test_whatever_happens_nothing_startles(tmp_path, seed):
    random, bedroom = np.random.default_rng(seed), Bedroom(tmp_path)
    hands = hostile(random, bedroom)
    found = rises(bedroom.levels) / SPAN
    # a span ends 1 s + SPAN after it begins
    starts = STEP * np.arange(len(found))
    excused = np.zeros(len(found), bool)
    for from_, to in hands:
        excused |= (starts + SPAN + 1 > from_) & (starts < to)
    assert (~excused).any() and bedroom.levels.max() > AUDIBLE
    assert found[~excused].max() <= RISE + max(own(texture) for texture in STEADY)
