"""`nocturne taste`: one's own music → taste.json, and what of the device is nearest to it. Joins
what hears sound, what reads notes, and the vetted set."""

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path

import numpy as np

from device.compose import lullaby, midi, style
from device.compose.tokens import STYLE_SIZE
from device.errors import NocturneError, Refused
from device.inference import model_card
from device.programmes import ROWS
from device.recommend import own_music
from device.taste import files, judging
from device.taste.listening import Listener, Measured, key
from device.taste.tempo import Tempo
from device.values import STYLES, Recipe, Taste

PROCESSES = 2
NEEDED = "nocturne taste needs two packages more: pip install 'nocturne[taste]'"
TOGETHER = 0.05             # s: onsets that are one
FEWEST = 8                  # notes of a MIDI file
CLOSE = 0.5                 # of own_music.NEAR: what is so near is a reason
ADDED = 2.0                 # nats for music where there is none in a piece
Heard = tuple[Measured | None, str]     # a piece, and what is to be said of its file


def hear(path: Path) -> Heard:
    """One file; whatever is wrong with it is told."""
    try:
        piece, told = heard(path)
        return (piece and replace(piece, name=printable(piece.name))), printable(told)
    except NocturneError as trouble:
        return None, printable(str(trouble))
    # A file of somebody's making may bring anything, which must not cost the others.
    except Exception as trouble:
        return None, printable(
            f"{path.name}: can't be measured ({type(trouble).__name__}: {trouble})")


def heard(path: Path) -> Heard:
    """Raises Refused, ModelMismatch, and whatever else a file brings."""
    files.check(path)
    if path.suffix.lower() in files.MIDI:
        return of_notes(path), ""
    piece = files.read(path)
    return Listener().listen(piece.sound, path.name), piece.remark


def printable(text: str) -> str:
    """A file's name may be no UTF-8, or move a terminal's cursor."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode()
                   for each in text)


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
                found.append(by_itself(path))
    return found


def by_itself(path: Path) -> Heard:
    """In a process that only this file can bring down."""
    try:
        with ProcessPoolExecutor(1) as pool:
            return pool.submit(hear, path).result()
    except BrokenProcessPool:
        return None, printable(f"{path.name}: brings down what should decode it")


def of_notes(path: Path) -> Measured:
    """A MIDI file, by its notes; how it would sound isn't known. Raises Refused, ModelMismatch."""
    piece = midi.read(path)
    beat = 60 / piece.qpm
    starts = np.array([start for start, *_ in piece.notes]) * beat
    pitches = np.array([pitch for _, _, pitch, _ in piece.notes])
    lengths = np.array([long for _, long, _, _ in piece.notes])
    seconds = piece.quarters * beat - float(starts.min())
    if seconds < files.SHORTEST or len(pitches) < FEWEST:
        raise Refused(f"{path.name}: has too few notes ({len(pitches)} in {seconds:.0f} s; "
                      f"{FEWEST} in {files.SHORTEST:.0f} s are needed)")
    classes = np.bincount(pitches % 12, np.minimum(lengths, 16.0), 12)
    point = tuple(float(each) for each in style.encode(lullaby.listen(path)))
    return Measured(
        path.name, seconds, 0.0, "", Tempo(piece.qpm, float(piece.timed), None, 0.0),
        key(classes / classes.sum(), Listener().weights["key"]), math.nan, math.nan, math.nan,
        math.nan, apart(starts) / seconds, float(pitches.mean()), 0.0, "", 0.0, point)


def apart(starts: np.ndarray) -> int:
    """How many onsets an ear tells apart of those at `starts`, s."""
    count, last = 0, -math.inf
    for start in np.sort(starts):
        if start - last > TOGETHER:
            count, last = count + 1, float(start)
    return count


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
    if not taste.heard or not (taste.music or taste.textures):
        raise Refused(f"{piece.name}: {judging.ALONE[judging.kind(piece)]}: like nothing here")
    recipe = max(ROWS, key=lambda each: nearness(taste, each))
    why = [*(shared(piece, taste, recipe) if piece.music and recipe.music else ()),
           *(f"{name} in both" for name in taste.textures if recipe.textures.get(name, 0.0) > 0)]
    manner = f"; the nearest style is {taste.style}" if taste.style else ""
    return f"nearest is {recipe.name}: {', '.join(why) or 'the others are farther'}{manner}"


def nearness(taste: Taste, recipe: Recipe) -> float:
    """To a piece. Noise alone is nearest to what has it, and better without music."""
    if not taste.music:
        return own_music.score(replace(taste, minor=None), replace(recipe, music=0.0)
                               ) - ADDED * recipe.music
    return own_music.score(taste, recipe) if recipe.music else -math.inf


def shared(piece: Measured, taste: Taste, recipe: Recipe) -> Iterator[str]:
    """What a piece and a programme have in common, in the piece's own measure."""
    def close(name: str) -> bool:
        mine = getattr(taste, name)
        return mine is not None and (
            abs(getattr(recipe, name) - mine) <= CLOSE * own_music.NEAR[name])
    if close("pulse"):
        octave = "" if judging.fold(piece.tempo.bpm) == piece.tempo.bpm else ", octaves apart"
        yield f"a pulse of {recipe.pulse:.0f}/min against its {piece.tempo.bpm:.0f}/min{octave}"
    if close("density") and judging.BY_DAY[0] <= piece.density <= judging.BY_DAY[1]:
        yield (f"{recipe.density:.2f} onsets/s, for the night what its {piece.density:.1f} are for "
               "the day")
    if close("register") and abs(recipe.register - piece.register) <= own_music.NEAR["register"]:
        yield f"a mean pitch of {recipe.register:.0f} against its {piece.register:.0f}"
    if close("brightness"):
        yield f"a brightness of {recipe.brightness:.2f} against its {taste.brightness:.2f}"
    if taste.minor is not None and (taste.minor >= 0.5) == (recipe.scale in own_music.MINOR):
        yield "a minor mode in both" if taste.minor >= 0.5 else "a major mode in both"
