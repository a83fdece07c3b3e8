"""The whole palette as a page: players, spectrograms, and the figures of textures beside those of
recordings."""

import html
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from areas.sound.measures import calm
from areas.sound.scenery import kind
from areas.sound.texture import RECORDED, statistics

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
img, audio { display: block; width: 100% }
td, th { text-align: right; padding: 0 .8rem; font-variant-numeric: tabular-nums }
td:first-child { text-align: left }
.out { color: #b00020 }
"""


def page(folder: Path, names: Sequence[str], sound: Callable[[str], np.ndarray],
         write: Callable[[str, np.ndarray], Path]) -> Path:
    """`sound` renders a name, `write` leaves its WAV and its picture beside each other in `folder`
    and says where the WAV is."""
    parts = []
    for name in names:
        samples = sound(name)
        wav = write(name, samples)
        parts.append(f"<h2>{html.escape(name)}</h2><audio controls src='{wav.name}'></audio>"
                     f"<img src='{wav.with_suffix('.png').name}' alt='its spectrogram'>"
                     f"<p>{html.escape(told(samples))}</p>{table(name, samples)}")
    index = folder / "index.html"
    index.write_text(f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Palette</title>"
                     f"<style>{STYLE}</style><h1>Palette</h1>{''.join(parts)}</html>",
                     encoding="utf-8")
    return index


def told(samples: np.ndarray) -> str:
    """How calm it is, in a line."""
    return ", ".join(f"{key} {value:.4g}" for key, value in calm(samples).items())


def table(name: str, samples: np.ndarray) -> str:
    """HTML; "" for what there are no recordings of."""
    recorded = RECORDED.get(kind(name))
    if recorded is None:
        return ""
    rows = []
    for key, value in statistics(samples).items():
        low, high = recorded[key]
        mark = "" if low <= value <= high else " class='out'"
        rows.append(f"<tr><td>{key}<td{mark}>{value:.3g}<td>{low:.3g} … {high:.3g}")
    return ("<details><summary>figures beside recordings</summary><table><tr><th><th>here"
            f"<th>recordings{''.join(rows)}</table></details>")
