"""Music → ticks: what the composers' language says of any piece. Used to train, to measure, and to
take up a motif."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from device.compose.midi import Piece
from device.compose.theory import CHORD_CLASSES, CHORDS, QUALITIES, estimate_key
from device.compose.tokens import DURATIONS, DWELLS, REACH, SLOTS, Tick, conditions

TEMPLATES = np.array([[float(step in classes) for step in range(12)] for classes in CHORD_CLASSES])
LOYALTY = 0.12  # of the tick's weight: a chord is held unless another fits better by this much
BLOCK = 16              # ticks: conditions are taken over blocks of this many
PHRASES = (8, 6, 4, 12)     # ticks that a phrase may last: four bars in two, three, and so on


@dataclass(frozen=True, slots=True)
class Heard:
    ticks: tuple[Tick, ...]
    tonic: int              # pitch class
    scale: str
    reference: int  # MIDI pitch of the reference tonic: the one nearest to the melody's mean


def quarters_per_tick(qpm: float) -> float:
    """Two pulses, the pulse being the piece's own beat halved or doubled into 40..80 /min."""
    pulse, quarters = qpm, 1.0
    while pulse > 80:
        pulse, quarters = pulse / 2, quarters * 2
    while pulse < 40:
        pulse, quarters = pulse * 2, quarters / 2
    return 2 * quarters


@dataclass(frozen=True, slots=True)
class Grid:
    """Notes on the grid of slots: arrays (n,), a place a note."""
    starts: np.ndarray          # slots
    ends: np.ndarray            # slots
    pitches: np.ndarray         # MIDI
    velocities: np.ndarray      # 0..1

    @classmethod
    def of(cls, piece: Piece, quarters: float) -> "Grid":
        """With ticks of so many quarters: starts fall on slots, and nothing is shorter than half a
        slot."""
        slot = quarters / SLOTS
        starts = [round(start / slot) for start, *_ in piece.notes]
        ends = [max((start + duration) / slot, first + 0.5)
                for first, (start, duration, *_) in zip(starts, piece.notes, strict=True)]
        pitches = [pitch for _, _, pitch, _ in piece.notes]
        velocities = [velocity for *_, velocity in piece.notes]
        return cls(np.array(starts), np.array(ends), np.array(pitches), np.array(velocities))

    @property
    def ticks(self) -> int:
        return int(np.ceil(self.ends.max() / SLOTS))


def hear(piece: Piece, quarters: float) -> Heard:
    """Spell a piece out in ticks of so many quarters: skyline as melody, the chord that fits each
    tick, its bass."""
    grid = Grid.of(piece, quarters)
    lengths = np.minimum(grid.ends - grid.starts, 4 * SLOTS)
    tonic, scale = estimate_key(np.bincount(grid.pitches % 12, lengths, 12))
    weights, lowest = sounding(grid)
    chords = harmonize(np.roll(weights, -tonic, 1), (lowest - tonic) % 12)
    melody = skyline(grid)
    reference = int(round((grid.pitches[melody].mean() - tonic) / 12) * 12 + tonic)
    return Heard(spell(grid, melody, chords, reference, tonic), tonic, scale, reference)


def sounding(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """(ticks, 12) how long each pitch class sounds in each tick, and (ticks,) the lowest pitch."""
    count = grid.ticks
    weights, lowest = np.zeros((count, 12)), np.full(count, 128)
    for start, end, pitch in zip(grid.starts, grid.ends, grid.pitches, strict=True):
        for tick in range(int(start // SLOTS), min(int(np.ceil(end / SLOTS)), count)):
            weights[tick, pitch % 12] += min(end, (tick + 1) * SLOTS) - max(start, tick * SLOTS)
            lowest[tick] = min(lowest[tick], pitch)
    return weights, lowest


def harmonize(weights: np.ndarray, bass: np.ndarray) -> list[int | None]:
    """The chord of each tick (None: as before), from tonic-relative weights (ticks, 12) and bass
    pitch classes."""
    roots = np.array([root for root, _ in CHORDS])
    common = np.array([quality in ("maj", "min") for _, quality in CHORDS])
    now: int | None = None
    out: list[int | None] = []
    for row, low in zip(weights, bass, strict=True):
        out.append(None)
        total = row.sum()
        if total <= 0 or np.count_nonzero(row) < (3 if now is None else 2):
            continue
        scores = (1.7 * (TEMPLATES @ row) - total) / total + 0.15 * (roots == low) + 0.05 * common
        best = int(scores.argmax())
        if now is None or (best != now and scores[now] <= scores[best] - LOYALTY):
            now = out[-1] = best
    return out


def skyline(grid: Grid) -> np.ndarray:
    """Indices of the melody: each slot's highest new note, unless a higher one still sounds for
    more than a slot."""
    starts, pitches = grid.starts, grid.pitches
    kept: list[int] = []
    top_end, top, last = -1.0, -1, None
    for i in sorted(range(len(starts)), key=lambda i: (starts[i], -pitches[i])):
        if starts[i] == last:
            continue
        last = starts[i]
        covered = pitches[i] < top and top_end > starts[i] + 1
        far_below = pitches[i] < top - 12 and top_end > starts[i] - 2
        if covered or far_below:
            continue
        kept.append(i)
        top, top_end = pitches[i], grid.ends[i]
    return np.array(kept)


def spell(grid: Grid, melody: np.ndarray, chords: list[int | None], reference: int,
          tonic: int) -> tuple[Tick, ...]:
    """The sentences: `melody` indexes the grid, `chords` are of each tick (None: as before)."""
    lines = melody_lines(grid, melody, len(chords), reference)
    basses, dynamics = bass_pitches(grid, melody), loudness(grid, len(chords))
    dwells = dwell_tokens(chords)
    ticks, now = [], 0
    for tick, chord in enumerate(chords):
        now = now if chord is None else chord
        bass = bass_token(basses.get(tick), now, tonic)
        ticks.append(Tick(chord, dwells.get(tick, 0), bass, dynamics[tick], lines[tick]))
    return tuple(ticks)


def melody_lines(grid: Grid, melody: np.ndarray, ticks: int,
                 reference: int) -> list[tuple[tuple[int, int, int], ...]]:
    """Of each tick (slot, index into DURATIONS, semitones from the reference), top down in a slot.
    """
    lines: list[list[tuple[int, int, int]]] = [[] for _ in range(ticks)]
    for i in melody.tolist():
        tick, slot = divmod(int(grid.starts[i]), SLOTS)
        duration = nearest(DURATIONS, max(grid.ends[i] - grid.starts[i], 0.5))
        pitch = int(np.clip(grid.pitches[i] - reference, -REACH, REACH))
        lines[tick].append((slot, duration, pitch))
    return [tuple(sorted(line, key=lambda note: (note[0], -note[2]))) for line in lines]


def bass_pitches(grid: Grid, melody: np.ndarray) -> dict[int, int]:
    """Tick → the lowest MIDI pitch that begins in it beside the melody."""
    basses: dict[int, int] = {}
    for i in np.setdiff1d(np.arange(len(grid.starts)), melody).tolist():
        tick, pitch = int(grid.starts[i]) // SLOTS, int(grid.pitches[i])
        basses[tick] = min(basses.get(tick, pitch), pitch)
    return basses


def loudness(grid: Grid, ticks: int) -> list[int]:
    """Index into DYNAMICS of each tick: its mean velocity beside the piece's; even without onsets.
    """
    places = grid.starts // SLOTS
    sums, counts = np.bincount(places, grid.velocities, ticks), np.bincount(places, None, ticks)
    usual = sums.sum() / max(int(counts.sum()), 1)
    out = []
    for velocity, count in zip(sums, counts, strict=True):
        force = velocity / count / usual - 1 if count else 0.0
        out.append(0 if force < -0.08 else 2 if force > 0.08 else 1)
    return out


def dwell_tokens(chords: list[int | None]) -> dict[int, int]:
    """Tick of each change of chord → index into DWELLS."""
    changes = [tick for tick, chord in enumerate(chords) if chord is not None]
    return {tick: nearest(DWELLS, after - tick)
            for tick, after in pairwise([*changes, len(chords)])}


def bass_token(pitch: int | None, chord: int, tonic: int) -> int:
    """Index into BASSES of a MIDI pitch under a chord."""
    if pitch is None:
        return 0
    root, quality = CHORDS[chord]
    above, tones = (pitch - tonic - root) % 12, QUALITIES[quality]
    return tones.index(above) + 1 if above in tones else 4


def nearest(lengths: tuple[int, ...], length: float) -> int:
    """Index of the length that is nearest by ratio."""
    return int(np.abs(np.log2(lengths) - np.log2(length)).argmin())


def described(heard: Heard, first: int, last: int) -> dict[str, float]:
    """Density, register, harmony, tension and brightness of ticks [first, last), as
    `tokens.conditions` takes them."""
    ticks = heard.ticks[first:last]
    pitches = [pitch for tick in ticks for *_, pitch in tick.notes]
    many = max(len(ticks), 1)
    outside = [pitch for pitch in pitches if pitch % 12 in (1, 3, 6, 8, 10)]
    mean = float(np.mean(pitches)) if pitches else 0.0
    high = [pitch > mean + 4 for pitch in pitches]
    return {"density": len(pitches) / many, "register": mean,
            "harmony": sum(tick.chord is not None for tick in ticks) / many,
            "tension": min(len(outside) / max(len(pitches), 1) * 2, 1.0),
            "brightness": float(np.mean([tick.dynamic - 1 for tick in ticks] or [0]) / 2
                                + (np.mean(high) if high else 0.25) * 2 - 0.5)}


def phrasing(ticks: Sequence[Tick]) -> tuple[int, int]:
    """(length, first) in ticks of the phrases: those whose last ticks hold their last notes
    longest beside what is usual (Temperley 2001: a phrase ends in a gap); (8, 0) of too few."""
    holds = np.zeros(len(ticks))
    for place, tick in enumerate(ticks):
        if tick.notes:
            slot, duration, _ = tick.notes[-1]
            holds[place] = min(DURATIONS[duration], 2 * SLOTS) / (2 * SLOTS)
        elif place:
            holds[place] = holds[place - 1]
    best, found = -np.inf, (PHRASES[0], 0)
    for length in PHRASES:
        for first in range(length):
            ends = holds[(first - 1) % length::length]
            if len(ends) >= 2:
                score = (ends.mean() - holds.mean()) * len(ends) ** 0.5
                if score > best + 1e-9:
                    best, found = score, (length, first)
    return found


def condition_rows(heard: Heard) -> np.ndarray:
    """(ticks, len(CONDITIONS)): what one would have had to ask for to get this, block by block; the
    phrases are those of the ticks before the block (for the first, its own)."""
    rows: list[np.ndarray] = []
    for first in range(0, len(heard.ticks), BLOCK):
        facts = described(heard, first, first + BLOCK)
        length, begin = phrasing(heard.ticks[:max(first, BLOCK)])
        rows += [conditions(heard.scale, **facts, place=(tick - begin) % length / length)
                 for tick in range(first, min(first + BLOCK, len(heard.ticks)))]
    return np.array(rows, np.float32).reshape(-1, len(conditions("ionian", 0, 0, 0, 0, 0, 0)))
