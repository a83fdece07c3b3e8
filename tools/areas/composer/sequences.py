"""Ten measures of what comes after what, and how far a composer lies from people by them. The same
code for all: a piece is heard as ticks (`device.compose.transcription`), of which the first MOST
count; the melody is its skyline, the chord of a tick the triad that fits it.

"Over shuffled" is the figure of a piece minus the mean of it over SHUFFLES in which what is said to
be shuffled comes in any order: what is left is owed to the order.
"""

import zlib
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from device.compose.midi import Piece
from device.compose.theory import CHORD_CLASSES
from device.compose.tokens import SLOTS
from device.compose.transcription import Heard, hear
from device.values import Phrase

MOST = 160              # ticks of a piece: five minutes of ours and a little more
FEWEST = 24             # ticks
SHUFFLES = 20
SPAN = 4                # ticks of a window that may recur
ALIKE = 0.8             # cosine
PATTERN = 4             # notes of a motif that may recur
LAG = 8                 # ticks
STEPS = (-5, -3, 0, 1, 3, 5)    # semitones: where a class of steps begins
MEASURES = ("rhythm_memory", "step_mi1", "step_mi4", "motif_lift", "recurrence", "zip_ratio",
            "density_ac8", "strong_tones", "resolved", "ends_stable")


@dataclass(frozen=True)
class Line:
    """A piece's ticks in tokens, but for force, bass and dwells; its melody's notes as (slot of the
    piece, semitones from the reference, slots until the next), and whether each is of the chord
    that sounds."""
    ticks: tuple[bytes, ...]
    slots: np.ndarray
    pitches: np.ndarray
    gaps: np.ndarray
    stable: np.ndarray

    @classmethod
    def of(cls, heard: Heard) -> "Line":
        ticks, chord = heard.ticks[:MOST], None
        slots, pitches, stable = [], [], []
        for place, tick in enumerate(ticks):
            chord = tick.chord if tick.chord is not None else chord
            classes = CHORD_CLASSES[chord] if chord is not None else frozenset()
            for slot, _, pitch in tick.notes:
                slots.append(place * SLOTS + slot)
                pitches.append(pitch)
                stable.append(pitch % 12 in classes)
        gaps = np.diff([*slots, len(ticks) * SLOTS])
        spelled = (replace(tick, dynamic=1, dwell=0, bass=0).tokens() for tick in ticks)
        return cls(tuple(map(bytes, spelled)), np.array(slots, int),
                   np.array(pitches, int), gaps, np.array(stable, bool))

    @property
    def onsets(self) -> np.ndarray:
        """(ticks, SLOTS) bool."""
        out = np.zeros(len(self.ticks) * SLOTS, bool)
        out[self.slots] = True
        return out.reshape(-1, SLOTS)


def composed(phrases: Sequence[Phrase]) -> Heard:
    """Ours as people's: each tick two quarters long, whatever it lasts. The melody is the skyline
    of what is struck: long pads lie above it as often as below."""
    struck, everything = [], []
    for place, phrase in enumerate(phrases):
        held = {note.pitch for note in phrase.notes if note.voice == "pad"}
        for note in phrase.notes:
            row = (2 * (place + note.start / phrase.length), 2 * note.duration / phrase.length,
                   note.pitch, note.velocity)
            everything.append(row)
            doubles = note.voice == "bell" and not note.start and note.pitch in held
            if note.voice in ("piano", "bell") and not doubles:
                struck.append(row)
    whole = hear(Piece(tuple(sorted(everything)), 60.0), 2.0)
    if not struck:
        return replace(whole, ticks=tuple(replace(tick, notes=()) for tick in whole.ticks))
    sung = hear(Piece(tuple(sorted(struck)), 60.0), 2.0)
    up = sung.reference - whole.reference
    lines = [tuple((slot, length, pitch + up) for slot, length, pitch in tick.notes)
             for tick in sung.ticks]
    lines += [()] * (len(whole.ticks) - len(lines))
    return replace(whole, ticks=tuple(replace(tick, notes=line)
                                      for tick, line in zip(whole.ticks, lines, strict=False)))


def measured(line: Line, seed: int = 1) -> dict[str, float]:
    """The ten of one piece, each as its function says."""
    rng = np.random.default_rng(seed)
    return {
        "rhythm_memory": rhythm_memory(line, rng),
        "step_mi1": step_information(line, 1, rng),
        "step_mi4": step_information(line, 4, rng),
        "motif_lift": motif_lift(line, rng),
        "recurrence": recurrence(line),
        "zip_ratio": zip_ratio(line, rng),
        "density_ac8": autocorrelation(line.onsets.sum(1), LAG),
        "strong_tones": strong_tones(line),
        "resolved": resolved(line),
        "ends_stable": ends_stable(line),
    }


def information(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Mutual information, bits, of pairs as they were counted."""
    both, one, two = Counter(zip(first, second, strict=True)), Counter(first), Counter(second)
    total = len(first)
    return sum(many / total * np.log2(many * total / (one[a] * two[b]))
               for (a, b), many in both.items())


def over_shuffled(values: Sequence, figure: Callable[[list], float],
                  rng: np.random.Generator) -> float:
    orders = [rng.permutation(len(values)) for _ in range(SHUFFLES)]
    return figure(list(values)) - float(np.mean([figure([values[i] for i in order])
                                                 for order in orders]))


def rhythm_memory(line: Line, rng: np.random.Generator) -> float:
    """Bits that a tick's onsets (which of its slots) tell of the next tick's, over shuffled ticks.
    """
    patterns = [tuple(row) for row in line.onsets.tolist()]
    return over_shuffled(patterns, lambda rows: information(rows[:-1], rows[1:]), rng)


def step_information(line: Line, lag: int, rng: np.random.Generator) -> float:
    """Bits that a melodic step (its class by STEPS) tells of the one `lag` later, over shuffled
    steps."""
    steps = np.digitize(np.diff(line.pitches), STEPS).tolist()
    if len(steps) < lag + 8:
        return np.nan
    return over_shuffled(steps, lambda row: information(row[:-lag], row[lag:]), rng)


def motif_lift(line: Line, rng: np.random.Generator) -> float:
    """Share of the melody's PATTERN-note patterns (steps in semitones, and onsets' distances) that
    come twice or more, over shuffled (step, distance) pairs."""
    moves = list(zip(np.diff(line.pitches).tolist(), line.gaps[:-1].tolist(), strict=True))

    def share(row: list) -> float:
        size = PATTERN - 1
        patterns = Counter(tuple(row[i:i + size]) for i in range(len(row) - size + 1))
        total = sum(patterns.values())
        return sum(many for many in patterns.values() if many > 1) / max(total, 1)
    return over_shuffled(moves, share, rng)


def windows(line: Line) -> np.ndarray:
    """(ticks − SPAN + 1, slots × semitones) of the melody's onsets in SPAN ticks each."""
    low = line.pitches.min() if len(line.pitches) else 0
    roll = np.zeros((len(line.ticks) * SLOTS, np.ptp(line.pitches) + 1 if len(line.pitches) else 1))
    roll[line.slots, line.pitches - low] = 1
    many = len(line.ticks) - SPAN + 1
    return np.stack([roll[i * SLOTS:(i + SPAN) * SLOTS].ravel() for i in range(many)])


def similarity(line: Line) -> np.ndarray:
    """(windows, windows) cosines; of windows with fewer than three onsets 0."""
    rows = windows(line)
    rows = rows * (rows.sum(1, keepdims=True) >= 3)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return rows @ rows.T


def recurrence(line: Line) -> float:
    """Share of the windows with three onsets or more that one before, not overlapping, resembles by
    a cosine over ALIKE."""
    alike = similarity(line)
    full = np.diag(alike) > 0.5
    before = np.tril(alike, -SPAN).max(1)
    return float((before[full] > ALIKE).mean()) if full.any() else np.nan


def zip_ratio(line: Line, rng: np.random.Generator) -> float:
    """Size of the ticks' tokens compressed (zlib, 9) over that of the same ticks shuffled."""
    def size(ticks: Sequence[bytes]) -> int:
        return len(zlib.compress(b"".join(ticks), 9))
    shuffled = [size([line.ticks[i] for i in rng.permutation(len(line.ticks))])
                for _ in range(SHUFFLES)]
    return size(line.ticks) / float(np.mean(shuffled))


def autocorrelation(values: np.ndarray, lag: int) -> float:
    centred = values - values.mean()
    power = float(centred @ centred)
    return float(centred[:-lag] @ centred[lag:]) / power if power else 0.0


def strong_tones(line: Line) -> float:
    """Share of the melody notes on the two pulses of a tick that are of its chord."""
    strong = line.slots % 2 == 0
    return float(line.stable[strong].mean()) if strong.any() else np.nan


def resolved(line: Line) -> float:
    """Share of the melody notes foreign to their chord that go on by a step of one or two
    semitones."""
    steps = np.abs(np.diff(line.pitches))
    foreign = ~line.stable[:-1]
    return float(((steps >= 1) & (steps <= 2))[foreign].mean()) if foreign.any() else np.nan


def ends(line: Line) -> np.ndarray:
    """Which notes end a phrase: the next begins a tick later or more, and no sooner than twice the
    usual distance."""
    return line.gaps >= max(2 * np.median(line.gaps), SLOTS) if len(line.gaps) else line.stable


def ends_stable(line: Line) -> float:
    """Share of the phrases' last notes that are the root, third or fifth of their chord."""
    last = ends(line)
    return float(line.stable[last].mean()) if last.any() else np.nan


# ---- how far from people -------------------------------------------------------------------------

def table(pieces: Sequence[Heard]) -> np.ndarray:
    """(pieces, len(MEASURES)) of those that are long enough."""
    lines = [Line.of(heard) for heard in pieces if len(heard.ticks) >= FEWEST]
    return np.array([[measured(line)[name] for name in MEASURES] for line in lines
                     if len(line.slots) > 8]).reshape(-1, len(MEASURES))


def scores(ours: np.ndarray, people: np.ndarray) -> np.ndarray:
    """(len(MEASURES),) z: how far our pieces' mean lies from people's, in deviations over their
    pieces."""
    return (np.nanmean(ours, 0) - np.nanmean(people, 0)) / np.nanstd(people, 0)


def distance(ours: np.ndarray, people: np.ndarray) -> float:
    """Mean |z| of the ten."""
    return float(np.abs(scores(ours, people)).mean())


def farther(ours: np.ndarray, peers: np.ndarray, people: np.ndarray, draws: int = 400,
            seed: int = 5) -> tuple[float, float]:
    """95 % of how much farther a peer is than we are, over drawn pieces of all three."""
    rng = np.random.default_rng(seed)

    def drawn(rows: np.ndarray) -> np.ndarray:
        return rows[rng.integers(len(rows), size=len(rows))]
    found = []
    for _ in range(draws):
        theirs = drawn(people)
        found.append(distance(drawn(peers), theirs) - distance(drawn(ours), theirs))
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)
