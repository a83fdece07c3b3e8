"""Long runs: hours of a programme through PortAudio and ALSA's file plug-in, and hours of abuse."""

import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np

from areas.sound.measures import clicks, gaps, true_peak, weighted
from areas.sound.render import MONITOR, to_scene
from device.compose import load
from device.programmes import PROGRAMMES
from device.sound.client import SoundLink
from device.sound.engine import Engine
from device.sound.loudness import a_sections
from device.sound.safety import Safety
from device.sound.settings import RATE, Settings
from device.values import SCALES, TEXTURES, VOICES, Note, Phrase, Recipe, Scene
from kit.setup import ROOT

PIECE = 60 * RATE           # frames looked at together
PROGRAMME_LENGTH = 1200.0   # s: then the next one, by a scene that cross-fades for a minute


class Listener(threading.Thread):
    """Reads what reaches the DAC from a pipe and counts."""

    def __init__(self, pipe: Path):
        super().__init__(daemon=True)
        self.clicks = self.gaps = self.frames = 0
        self.sum = np.zeros(2)
        self.levels: list[float] = []       # dBA of each second, the monitor gain taken off
        self._pipe = pipe

    def run(self) -> None:
        with self._pipe.open("rb", buffering=0) as pipe:
            held, begun, last = b"", False, np.zeros((2, 0), np.float32)
            while data := pipe.read(1 << 20):
                held += data
                if len(held) < 4 * PIECE:
                    continue
                samples = (
                    np.frombuffer(held[: 4 * PIECE], "<i2").reshape(-1, 2).T.astype(np.float32)
                    / 32768
                )
                held = held[4 * PIECE:]
                if not begun:       # PortAudio's own silence, and the fade-in
                    samples, begun = samples[:, 10 * RATE:], True
                self._look(np.concatenate([last, samples], axis=1))
                last = samples[:, -2:]

    def _look(self, samples: np.ndarray) -> None:
        self.clicks += clicks(samples)
        self.gaps += gaps(samples)
        self.frames += samples.shape[1]
        self.sum += samples.sum(axis=1, dtype=float)
        loud = weighted(samples, a_sections())[:, : samples.shape[1] // RATE * RATE].reshape(
            2, -1, RATE
        )
        power = (loud.astype(float) ** 2).mean(axis=(0, 2))
        self.levels += (10.0 * np.log10(power + 1e-20) + Settings().calibration - MONITOR).tolist()


def night(hours: float, seed: int = 1) -> dict[str, float]:
    """Every programme in turn, as the sleeper stays asleep with keep-playing: settling, then 10 dB
    lower."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pipe, conf, socket = folder / "dac", folder / "asound.conf", folder / "sound.socket"
        os.mkfifo(pipe)
        conf.write_text(f'''
pcm.nowhere {{ type null }}
pcm.capture {{ type file slave.pcm "nowhere" file "{pipe}" format "raw" }}
pcm.!default {{ type plug slave {{ pcm "capture" format S16_LE rate {RATE} channels 2 }} }}
''')
        listener = Listener(pipe)
        listener.start()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "device.sound",
                "--socket",
                str(socket),
                "--lockstep",
                "--through-portaudio",
                "--monitor",
                str(MONITOR),
                "--seed",
                str(seed),
            ],
            cwd=ROOT,
            env={**os.environ, "ALSA_CONFIG_PATH": str(conf)},
        )
        link = SoundLink(socket)
        while not link.connected:
            if process.poll() is not None:
                raise RuntimeError("the sound process ended before it began")
            link.heartbeat()
            threading.Event().wait(0.05)
        play(link, hours * 3600.0, seed)
        link.close()
        if process.wait(60):
            raise RuntimeError("the sound process failed")
        listener.join(60)
    levels = np.array(listener.levels)
    return {"clicks": float(listener.clicks), "gaps": float(listener.gaps),
            "dc_dbfs": 20.0 * np.log10(np.abs(listener.sum / listener.frames).max() + 1e-10),
            "audible_share": float(np.mean(levels >= 20.0)), "lamax_dba": float(levels.max()),
            "rendered_hours": listener.frames / RATE / 3600.0}


def play(link: SoundLink, seconds: float, seed: int) -> None:
    recipes = list(PROGRAMMES.values())
    composer, _ = load(seed)
    recipe, now, composed = None, 0.0, 0.0
    link.advance(0.0)
    while now < seconds:
        following = recipes[int(now // PROGRAMME_LENGTH) % len(recipes)]
        if following is not recipe:
            scene = to_scene(following, 60.0 if recipe else 2.0)
            if now > 600.0:
                scene = replace(scene, level=-10.0)
            recipe = following
            link.send(scene)
        while composed < now + 5.0:
            phrase = composer.compose(recipe, None)
            link.send(Phrase(phrase.length, phrase.notes, composed))
            composed += phrase.length
        now += 1.0
        link.advance(now)


def abuse(hours: float, seed: int = 1) -> dict[str, float]:
    """Scenes and phrases at random and at their extremes, the loudest settings there are, and every
    minute a few seconds of hostile samples straight into the safety stage."""
    random = np.random.default_rng(seed)
    settings = Settings(calibration=70.0, cap=60.0, ceiling=60.0, settle=60.0, monitor=60.0,
                        seed=seed)
    engine, safety = Engine(settings), Safety(settings)
    largest, step = -200.0, settings.block
    for minute in range(max(int(hours * 60), 1)):
        parts = []
        for block in range(60 * RATE // step):
            if block % 117 == 0:
                engine.scene(any_scene(random))
                engine.phrase(any_phrase(random), engine.frame)
            if block % 200 == 0:
                engine.panic()
            parts.append(engine.render().samples)
        parts += [safety(hostile(random, step), 20.0, True) for _ in range(20)]
        samples = np.concatenate(parts, axis=1)
        assert np.isfinite(samples).all(), f"minute {minute}: a sample isn't a number"
        largest = max(largest, true_peak(samples))
    return {"true_peak_dbtp": largest}


def any_scene(random: np.random.Generator) -> Scene:
    chosen = random.choice(TEXTURES, int(random.integers(0, 5)), replace=False)
    waking = bool(random.random() < 0.3)
    return Scene(
        {str(name): float(random.choice([random.random(), 1.0])) for name in chosen},
        float(random.random()),
        float(random.random()),
        float(random.choice([random.uniform(-80, 0), 0.0, 20.0 if waking else 0.0])),
        float(random.choice([0.0, random.uniform(0, 60)])),
        waking,
        float(random.choice([0.0, 3.0, 20.0])),
    )


def any_phrase(random: np.random.Generator) -> Phrase:
    return Phrase(
        10.0,
        tuple(
            Note(
                float(random.uniform(0, 10)),
                int(random.integers(0, 128)),
                float(random.choice([0.0, 3.0, 600.0])),
                float(random.choice([random.random(), 1.0])),
                str(random.choice(VOICES)),
            )
            for _ in range(32)
        ),
    )


def any_recipe(random: np.random.Generator) -> Recipe:
    scene = any_scene(random)
    return Recipe(scale=str(random.choice(SCALES)), textures=scene.textures, music=scene.music,
                  brightness=scene.brightness, level=min(scene.level, 0.0),
                  density=float(random.uniform(0, 0.8)))


def hostile(random: np.random.Generator, frames: int) -> np.ndarray:
    """(2, frames) of something no voice would make."""
    kind = random.integers(7)
    if kind == 0:
        block = random.standard_normal((2, frames)) * 10.0 ** random.uniform(-3, 30)
    elif kind == 1:
        block = np.sign(random.standard_normal((2, frames)))
    elif kind == 2:
        block = np.tile([[1.0, 1.0, -1.0, -1.0]], (2, frames // 4)) * 3.0
    elif kind == 3:
        block = np.full((2, frames), random.choice([np.nan, np.inf, -np.inf, 1e38]))
    elif kind == 4:
        block = np.zeros((2, frames))
        block[:, random.integers(frames)] = random.choice([np.nan, 50.0, -np.inf])
    elif kind == 5:
        block = np.ones((2, frames)) * random.uniform(-5, 5)
    else:
        block = (
            np.sign(np.sin(np.arange(frames) * random.uniform(0.001, 3.0)))[None].repeat(2, axis=0)
            * 20.0
        )
    with np.errstate(over="ignore"):
        return block.astype(np.float32)
