"""`nocturne taste`: one's own music → taste.json, and what of the device is nearest to it. Joins
what hears sound, what reads notes, and the vetted set."""

import math
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np

from device.compose import lullaby, midi, style, theory
from device.compose.tokens import STYLE_SIZE
from device.errors import NocturneError, Refused
from device.inference import model_card
from device.programmes import ROWS
from device.recommend import own_music
from device.taste import files, judging
from device.taste.listening import Key, Listener, Measured
from device.taste.tempo import Tempo
from device.values import STYLES, Taste

PROCESSES = 2
NEEDED = "nocturne taste needs two packages more: pip install 'nocturne[taste]'"
TOGETHER = 0.05             # s: onsets that are one
CLOSE = 0.5                 # of own_music.NEAR: what is so near is a reason
MEASURES = {"pulse": "{:.0f}/min", "density": "{:.2f} onsets/s",
            "register": "a mean pitch of {:.0f}", "brightness": "a brightness of {:.2f}"}
Heard = tuple[Measured | None, str]     # a piece, and what is to be said of its file


def hear(path: Path) -> Heard:
    """One file; whatever is wrong with it is told."""
    try:
        if path.suffix.lower() in files.MIDI:
            return of_notes(path), ""
        piece = files.read(path)
        return Listener().listen(piece.sound, path.name), piece.remark
    except NocturneError as trouble:
        return None, str(trouble)
    except (MemoryError, ArithmeticError, ValueError) as trouble:
        return None, f"{path.name}: can't be measured ({type(trouble).__name__}: {trouble})"


def hear_all(paths: Sequence[Path], processes: int = PROCESSES) -> list[Heard]:
    """Raises Refused if nothing can be heard at all here."""
    try:
        import soundfile  # noqa: F401
        import soxr  # noqa: F401
    except ImportError as missing:
        raise Refused(f"{NEEDED} ({missing})") from missing
    Listener()              # ModelMismatch is for here, not for each file
    if len(paths) < 2:
        return [hear(path) for path in paths]
    with ProcessPoolExecutor(processes) as pool:
        waiting = [pool.submit(hear, path) for path in paths]
        found: list[Heard] = []
        for path, heard in zip(paths, waiting, strict=True):
            try:
                found.append(heard.result())
            except BrokenProcessPool:
                found.append(apart(path))
    return found


def apart(path: Path) -> Heard:
    """In a process that only this file can bring down."""
    try:
        with ProcessPoolExecutor(1) as pool:
            return pool.submit(hear, path).result()
    except BrokenProcessPool:
        return None, f"{path.name}: brings down what should decode it"


def of_notes(path: Path) -> Measured:
    """A MIDI file, by its notes; how it would sound isn't known. Raises Refused, ModelMismatch."""
    piece = midi.read(path)
    beat = 60 / piece.qpm
    starts = np.array([start for start, *_ in piece.notes]) * beat
    pitches = np.array([pitch for _, _, pitch, _ in piece.notes])
    lengths = np.array([long for _, long, _, _ in piece.notes])
    seconds = max(piece.quarters * beat, 1.0)
    tonic, scale = theory.estimate_key(np.bincount(pitches % 12, np.minimum(lengths, 16.0), 12))
    minor = 3 in theory.DEGREES[scale]
    point = tuple(float(each) for each in style.encode(lullaby.listen(path)))
    onsets = 1 + int((np.diff(np.sort(starts)) > TOGETHER).sum())
    return Measured(
        path.name, seconds, 0.0, "", Tempo(piece.qpm, 1.0, None, 0.0), Key(tonic, minor, 0.8),
        math.nan, math.nan, math.nan, math.nan, onsets / seconds, float(pitches.mean()), 0.0, "",
        0.0, point)


def styles(folder: Path = model_card.MODELS) -> dict[str, np.ndarray]:
    """The named styles' points in the composer's space. Raises ModelMismatch."""
    _, card = model_card.read("composer", None, folder)
    return {name: np.array(card.facts["styles"][name]) for name in STYLES
            if name in card.facts.get("styles", {})}


def nearest_style(point: Sequence[float]) -> str:
    known = styles()
    if len(point) != STYLE_SIZE or not known:
        return ""
    return min(known, key=lambda name: float(np.linalg.norm(known[name] - np.array(point))))


def taste_of(heard: Sequence[Heard], sleeper: str, made: float) -> Taste:
    pieces = [piece for piece, _ in heard if piece is not None]
    return judging.taste(pieces, sleeper, made, nearest_style)


def told(heard: Sequence[Heard], taste: Taste) -> str:
    pieces = [piece for piece, _ in heard if piece is not None]
    return judging.words(pieces, taste)


def like(heard: Heard) -> str:
    """Which programme and style are nearest to a piece, and why. Raises Refused."""
    piece, trouble = heard
    if piece is None:
        raise Refused(trouble)
    taste = taste_of([heard], "", 0.0)
    scores = {recipe.name: own_music.score(taste, recipe) for recipe in ROWS
              if bool(recipe.music) == piece.music}
    best = max(scores, key=lambda name: scores[name])
    recipe = next(each for each in ROWS if each.name == best)
    why = [MEASURES[name].format(getattr(recipe, name)) + " against "
           + MEASURES[name].format(getattr(taste, name)).rsplit(" of ", 1)[-1]
           for name, near in own_music.NEAR.items()
           if recipe.music and getattr(taste, name) is not None
           and abs(getattr(recipe, name) - getattr(taste, name)) <= CLOSE * near]
    why += [f"{name} in both" for name in taste.textures if recipe.textures.get(name, 0.0) > 0]
    if recipe.music and taste.minor is not None and (
            (taste.minor >= 0.5) == (recipe.scale in own_music.MINOR)):
        why.append("a minor mode in both" if taste.minor >= 0.5 else "a major mode in both")
    manner = f"; the nearest style is {taste.style}" if taste.style else ""
    reason = ", ".join(why) or "nothing of it is near, the others are farther"
    return f"nearest is {best}: {reason}{manner}"
