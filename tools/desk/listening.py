"""What `tools/listen` renders: a WAV each, a picture of its spectrogram and loudness beside it."""

import argparse
from pathlib import Path

import numpy as np

from areas.sound import scenery
from areas.sound.measures import mean_squares, short_term, spectra
from areas.sound.render import MONITOR, note, programme, to_scene
from desk import composing, palette
from device.programmes import PROGRAMMES
from device.sound.loudness import a_sections
from device.sound.settings import RATE, Settings, amplitude
from device.sound.wav import WavWriter
from device.values import VOICES
from kit.options import made

EVERYTHING = (*VOICES, *scenery.NAMES, *PROGRAMMES)
NAMES = (*EVERYTHING, "all", "palette", "music")
ALOFT = 14.0                # dB above the pillow's level: the tallest crackle is below full scale


def render(name: str, seconds: float, seed: int, pitch: int) -> np.ndarray:
    if name in VOICES:
        return note(name, pitch, 16.0)      # after 4 s of silence
    if name in scenery.NAMES:       # with more gain before the limiter crackles would touch it
        scene = to_scene(scenery.recipe(name))
        samples = scenery.scenery(scene, seconds, seed, scenery.WIDE)
        return samples * np.float32(amplitude(ALOFT))
    return programme(name, seconds, seed)


def composed(options: argparse.Namespace) -> int:
    """What was asked for in words, each piece with its piano roll; a blind kit has neither picture
    nor figures."""
    for part in composing.pieces(options, options.seconds / 60, options.seed):
        folder = options.ab or options.out
        base = folder / (
            part.name
            if options.ab
            else f"{part.name}-{part.recipe.name or 'music'}".replace(" ", "-")
        )
        wav = WavWriter(made(base.with_suffix(".wav")), options.seed)
        samples = composing.sounded(part)
        wav.write(samples)
        wav.close()
        if not options.ab:
            draw(part.recipe.name or "music", samples, base.with_suffix(".png"))
            composing.piano_roll(part.phrases, base.with_name(base.name + "-roll.png"))
            composing.self_similarity(part.phrases, base.with_name(base.name + "-form.png"))
        print(f"{base}.wav")
    return 0


def leave(name: str, samples: np.ndarray, options: argparse.Namespace) -> Path:
    """A WAV and its picture; the WAV's path."""
    path = options.out / f"{name.replace(' ', '-')}.wav"
    wav = WavWriter(path, options.seed)
    wav.write(samples)
    wav.close()
    draw(name, samples, path.with_suffix(".png"))
    return path


def draw(name: str, samples: np.ndarray, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    frequencies, magnitudes = spectra(samples)
    seconds = np.arange(len(magnitudes)) * 2048 / RATE
    figure, (above, below) = pyplot.subplots(2, 1, figsize=(11, 7), sharex=True,
                                             height_ratios=[3, 1], layout="constrained")
    above.pcolormesh(seconds, frequencies[1:], 20 * np.log10(magnitudes[:, 1:].T + 1e-6), vmin=-60,
                     vmax=40, cmap="magma", shading="nearest", rasterized=True)
    above.set(yscale="log", ylim=(30, 16_000), ylabel="Hz", title=name)
    level = (
        10 * np.log10(mean_squares(samples, a_sections()).mean(axis=0) + 1e-12)
        + Settings().calibration
        - (ALOFT if name in scenery.NAMES else MONITOR)
    )
    below.plot(np.arange(len(level)) / 10, level, lw=0.8, label="dBA at the pillow, 100 ms")
    short = short_term(samples)
    if len(short):
        below.plot(
            1.5 + np.arange(len(short)) / 10,
            short - np.median(short) + np.median(level),
            lw=1.5,
            label="short-term loudness (LU, shifted)",
        )
    below.set(xlabel="s", ylabel="dBA", ylim=(0, 60))
    below.legend(loc="lower right", fontsize=8)
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def listen(options: argparse.Namespace) -> int:
    """Renders options.what, one of NAMES. Raises NocturneError or OSError."""
    if options.what == "music":
        return composed(options)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.what == "palette":
        print(palette.page(
            options.out, EVERYTHING,
            lambda name: render(name, options.seconds, options.seed, options.pitch),
            lambda name, samples: leave(name, samples, options),
        ))
        return 0
    for name in EVERYTHING if options.what == "all" else [options.what]:
        samples = render(name, options.seconds, options.seed, options.pitch)
        path = leave(name, samples, options)
        print(f"{path} and .png: {palette.told(samples)}")
    return 0
