"""The palette as one page: each voice, texture and programme with a player, its spectrogram and its
figures."""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from areas.sound.measures import calm, mean_squares
from areas.sound.render import MONITOR
from device.sound.loudness import a_sections
from device.sound.settings import CONTROL, RATE, Settings
from device.sound.wav import WavWriter

STYLE = """body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em;
background: #14161c; color: #d8dae0 } img { max-width: 100% } audio { width: 100% }
td { padding: 0 1em 0 0; text-align: right } td:first-child { text-align: left }"""
Drawing = Callable[[str, np.ndarray, Path], None]


@dataclass(frozen=True)
class Row:
    """One sound of the page. `figures` are beside those in `beside`, by name, where there are."""
    kind: str
    name: str
    samples: np.ndarray                 # (2, n), at the monitor level
    figures: Mapping[str, float]
    beside: Mapping[str, str]


def row(kind: str, name: str, samples: np.ndarray) -> Row:
    """With what is measured of any sound; nothing of it touches the limiter."""
    figures = {"level_dba": level(samples), **calm(samples)}
    return Row(kind, name, samples, figures, {})


def level(samples: np.ndarray) -> float:
    """dBA at the pillow, the monitor gain taken off; silence left out."""
    power = mean_squares(samples, a_sections(), CONTROL).mean(axis=0)
    heard = power[power > power.max() * 1e-4]
    return float(10.0 * np.log10(heard.mean() + 1e-20)) + Settings().calibration - MONITOR


def write(rows: list[Row], folder: Path, seed: int, draw: Drawing) -> Path:
    """WAVs, pictures and `index.html` in `folder`; its path."""
    parts = []
    for each in rows:
        base = folder / f"{each.kind}-{each.name}".replace(" ", "-")
        wav = WavWriter(base.with_suffix(".wav"), seed)
        wav.write(each.samples)
        wav.close()
        draw(each.name, each.samples, base.with_suffix(".png"))
        table = "".join(
            f"<tr><td>{html.escape(key)}</td><td>{value:.4g}</td>"
            f"<td>{html.escape(each.beside.get(key, ''))}</td></tr>"
            for key, value in each.figures.items()
        )
        seconds = each.samples.shape[1] / RATE
        parts.append(
            f"<h2>{html.escape(each.name)}</h2><p>{each.kind}, {seconds:.0f} s</p>"
            f'<audio controls src="{base.name}.wav"></audio>'
            f'<img src="{base.name}.png" alt="spectrogram and level"><table>{table}</table>'
        )
    page = folder / "index.html"
    page.write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>The palette</title>'
        f"<style>{STYLE}</style><h1>The palette</h1>{''.join(parts)}</html>\n"
    )
    return page
