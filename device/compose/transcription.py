"""Music → ticks: what the composers' language says of any piece. Used to train, to measure, and to
take up a motif."""

from dataclasses import dataclass

import numpy as np

from device.compose.midi import Piece
from device.compose.theory import CHORD_CLASSES, CHORDS, QUALITIES, estimate_key
from device.compose.tokens import DURATIONS, DWELLS, REACH, SLOTS, Tick, conditions

TEMPLATES = np.array([[float(step in classes) for step in range(12)] for classes in CHORD_CLASSES])
LOYALTY = 0.12  # of the tick's weight: a chord is held unless another fits better by this much
BLOCK = 16              # ticks: conditions are taken over blocks of this many


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


def hear(piece: Piece, quarters: float) -> Heard:
    """Spell a piece out in ticks of so many quarters: skyline as melody, the chord that fits each
    tick, its bass."""
    slot = quarters / SLOTS
    starts = np.array([round(start / slot) for start, *_ in piece.notes])
    ends = np.array([max((start + duration) / slot, first + 0.5)
                     for first, (start, duration, *_) in zip(starts, piece.notes, strict=True)])
    pitches = np.array([pitch for *_, pitch, _ in piece.notes])
    loud = np.array([velocity for *_, velocity in piece.notes])
    sums = np.bincount(pitches % 12, np.minimum(ends - starts, 4 * SLOTS), 12)
    tonic, scale = estimate_key(sums)
    count = int(np.ceil(ends.max() / SLOTS))
    weights, lowest = sounding(starts, ends, pitches, count)
    chords = harmonize(np.roll(weights, -tonic, 1), (lowest - tonic) % 12)
    melody = skyline(starts, ends, pitches)
    mean = pitches[melody].mean()
    reference = int(round((mean - tonic) / 12) * 12 + tonic)
    return Heard(
        spell(starts, ends, pitches, loud, melody, chords, reference, tonic),
        tonic,
        scale,
        reference,
    )


def sounding(starts, ends, pitches, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(ticks, 12) how long each pitch class sounds in each tick, and (ticks,) the lowest pitch."""
    weights, lowest = np.zeros((count, 12)), np.full(count, 128)
    for start, end, pitch in zip(starts, ends, pitches, strict=True):
        for tick in range(int(start // SLOTS), min(int(np.ceil(end / SLOTS)), count)):
            weights[tick, pitch % 12] += min(end, (tick + 1) * SLOTS) - max(start, tick * SLOTS)
            lowest[tick] = min(lowest[tick], pitch)
    return weights, lowest


def harmonize(weights: np.ndarray, bass: np.ndarray) -> list[int | None]:
    """The chord of each tick (None: as before), from tonic-relative weights (ticks, 12) and bass
    pitch classes."""
    roots = np.array([root for root, _ in CHORDS])
    common = np.array([quality in ("maj", "min") for _, quality in CHORDS])
    now, out = None, []
    for row, low in zip(weights, bass, strict=True):
        total = row.sum()
        if total <= 0 or np.count_nonzero(row) < (3 if now is None else 2):
            out.append(None)
            continue
        scores = (1.7 * (TEMPLATES @ row) - total) / total + 0.15 * (roots == low) + 0.05 * common
        best = int(scores.argmax())
        if best == now or now is not None and scores[now] > scores[best] - LOYALTY:
            out.append(None)
        else:
            now = best
            out.append(best)
    return out


def skyline(starts, ends, pitches) -> np.ndarray:
    """Indices of the melody: each slot's highest new note, unless a higher one still sounds for
    more than a slot."""
    kept, top_end, top = [], -1.0, -1
    order = sorted(range(len(starts)), key=lambda i: (starts[i], -pitches[i]))
    last = None
    for i in order:
        if starts[i] == last:
            continue
        last = starts[i]
        if (
            pitches[i] < top
            and top_end > starts[i] + 1
            or pitches[i] < top - 12
            and top_end > starts[i] - 2
        ):
            continue
        kept.append(i)
        top, top_end = pitches[i], ends[i]
    return np.array(kept)


def spell(starts, ends, pitches, loud, melody, chords, reference, tonic) -> tuple[Tick, ...]:
    changes = [tick for tick, chord in enumerate(chords) if chord is not None] + [len(chords)]
    dwell = {tick: int(np.abs(np.log2(DWELLS) - np.log2(after - tick)).argmin())
             for tick, after in zip(changes, changes[1:], strict=False)}
    lines = {int(i): None for i in melody}
    notes, basses = [[] for _ in chords], [None] * len(chords)
    sums = np.zeros((len(chords), 2))
    for i, (start, pitch) in enumerate(zip(starts, pitches, strict=True)):
        tick, place = divmod(int(start), SLOTS)
        if tick >= len(chords):
            continue
        sums[tick] += loud[i], 1
        if i in lines:
            duration = int(np.abs(np.log2(DURATIONS) - np.log2(max(ends[i] - start, 0.5))).argmin())
            notes[tick].append((place, duration, int(np.clip(pitch - reference, -REACH, REACH))))
        elif basses[tick] is None or pitch < basses[tick]:
            basses[tick] = pitch
    usual = sums[:, 0].sum() / max(sums[:, 1].sum(), 1)
    out, now = [], 0
    for tick, chord in enumerate(chords):
        now = now if chord is None else chord
        root, quality = CHORDS[now]
        bass = 0
        if basses[tick] is not None:
            above = (basses[tick] - tonic - root) % 12
            bass = QUALITIES[quality].index(above) + 1 if above in QUALITIES[quality] else 4
        force = sums[tick, 0] / sums[tick, 1] / usual - 1 if sums[tick, 1] else 0.0
        dynamic = 0 if force < -0.08 else 2 if force > 0.08 else 1
        line = tuple(sorted(notes[tick], key=lambda note: (note[0], -note[2])))
        out.append(Tick(chord, dwell.get(tick, 0), bass, dynamic, line))
    return tuple(out)


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


def condition_rows(heard: Heard) -> np.ndarray:
    """(ticks, len(CONDITIONS)): what one would have had to ask for to get this, block by block."""
    rows = []
    for first in range(0, len(heard.ticks), BLOCK):
        facts = described(heard, first, first + BLOCK)
        rows += [conditions(heard.scale, **facts, tick=tick)
                 for tick in range(first, min(first + BLOCK, len(heard.ticks)))]
    return np.array(rows, np.float32).reshape(-1, len(conditions("ionian", 0, 0, 0, 0, 0, 0)))
