"""What a piece measures like, the same for composers and for people's music. Pieces are lists of
`Note`s in seconds.

Onsets are distinct to 30 ms; the melody is the skyline; chords are the pads where a piece has pads,
and the triads that fit each two seconds where it has none.
"""

import math
from collections.abc import Sequence

import numpy as np

from device.compose.theory import CHORD_CLASSES, DEGREES, estimate_key, harsh
from device.compose.transcription import Grid, harmonize, skyline, sounding
from device.compose.voice_balance import VOICE_LIGHT
from device.values import Note, Phrase

ONSET = 0.03                    # s: nearer onsets are one
REPEAT_ONSETS = 6               # a window with fewer is too empty to be told from another
CALM_GOALS = {"pulse_error": ("<=", 0.05), "onsets": ("<=", 0.8), "onsets_low": (">=", 0.1),
              "asleep_ratio": ("<", 1.0), "entropy": ("<=", 3.0), "entropy_low": (">=", 2.2),
              "consistency": (">=", 0.95), "harsh": ("<=", 0.05), "range": ("<=", 24.0),
              "pitch": ("<=", 64.0), "pitch_low": (">=", 50.0),
              "small_steps": (">=", 0.70), "chord_s": ("<=", 40.0), "chord_s_low": (">=", 8.0),
              "common_tones": (">=", 0.90)}


def laid_out(phrases: Sequence[Phrase]) -> list[Note]:
    """One after the other: starts in seconds of the whole."""
    notes, now = [], 0.0
    for phrase in phrases:
        notes += [note._replace(start=now + note.start) for note in phrase.notes]
        now += phrase.length
    return sorted(notes)


def onsets(notes: Sequence[Note]) -> np.ndarray:
    """Distinct onset times, s."""
    starts = np.sort([note.start for note in notes])
    return starts[np.concatenate([[True], np.diff(starts) > ONSET])] if len(starts) else starts


def onset_rate(notes: Sequence[Note], seconds: float) -> float:
    return len(onsets(notes)) / seconds


def mean_pitch(notes: Sequence[Note]) -> float:
    return float(np.mean([note.pitch for note in notes])) if notes else math.nan


def brightness(notes: Sequence[Note]) -> float:
    """0..1, from the score alone: half from how hard notes are struck, half from the voices that
    play them."""
    return (
        float(np.mean([note.velocity / 2 + VOICE_LIGHT[note.voice] / 2 for note in notes]))
        if notes
        else math.nan
    )


def pulse(notes: Sequence[Note]) -> float:
    """Pulses a minute, 40..80, whose grid the onsets keep best: the length of their mean phase
    vector."""
    times = onsets(notes)
    if len(times) < 8:
        return math.nan
    rates = np.arange(39.7, 80.31, 0.04)
    keep = np.abs(np.exp(2j * np.pi * rates[:, None] / 60 * times[None]).sum(1))
    return float(rates[keep.argmax()])


def pitch_classes(notes: Sequence[Note], cap: float = 16.0) -> np.ndarray:
    """(12,) seconds that each sounds, no note counting more than `cap`."""
    return np.bincount([note.pitch % 12 for note in notes],
                       [min(note.duration, cap) for note in notes], 12)


def mode(notes: Sequence[Note]) -> str:
    return estimate_key(pitch_classes(notes))[1]


def entropy(notes: Sequence[Note], span: float = 600.0) -> float:
    """Bits, of the pitch classes struck in 10 min; the mean over such spans."""
    values = []
    last = max((note.start for note in notes), default=0.0)
    for start in np.arange(0, max(last - span / 2, 1), span):
        counts = np.bincount([n.pitch % 12 for n in notes if start <= n.start < start + span],
                             minlength=12)
        if counts.sum() >= 12:
            p = counts[counts > 0] / counts.sum()
            values.append(-(p * np.log2(p)).sum())
    return float(np.mean(values)) if values else math.nan


def consistency(notes: Sequence[Note]) -> float:
    """Largest share of notes in one diatonic scale."""
    counts = np.bincount([note.pitch % 12 for note in notes], minlength=12)
    scale = np.isin(np.arange(12), DEGREES["ionian"])
    return float(
        max(counts[np.roll(scale, tonic)].sum() for tonic in range(12)) / max(counts.sum(), 1)
    )


def harshness(notes: Sequence[Note]) -> float:
    """Share of the time two notes sound together that they are a minor second, tritone or major
    seventh apart."""
    active: list[Note] = []
    bad = total = 0.0
    for note in sorted(notes):
        active = [other for other in active if other.start + other.duration > note.start + 0.02]
        for other in active:
            if other.pitch != note.pitch:
                shared = min(other.start + other.duration, note.start + note.duration) - note.start
                total += shared
                bad += shared * harsh(note.pitch, other.pitch)
        active.append(note)
    return bad / total if total else math.nan


def pitch_range(notes: Sequence[Note]) -> float:
    low, high = np.percentile([note.pitch for note in notes], (5, 95))
    return float(high - low)


def melody(notes: Sequence[Note]) -> list[Note]:
    notes = sorted(notes)
    return [notes[i] for i in skyline(on_grid(notes, 4.0))]


def on_grid(notes: Sequence[Note], rate: float) -> Grid:
    """With `rate` slots a second."""
    starts = np.array([note.start for note in notes]) * rate
    ends = starts + np.array([note.duration for note in notes]) * rate
    return Grid(starts, ends, np.array([note.pitch for note in notes]),
                np.array([note.velocity for note in notes]))


def small_steps(notes: Sequence[Note]) -> float:
    """Share of the skyline's moves that are no larger than a major third; a repeated note is a
    move, too."""
    pitches = np.array([note.pitch for note in melody(notes)])
    return float((np.abs(np.diff(pitches)) <= 4).mean()) if len(pitches) > 1 else math.nan


def chords(notes: Sequence[Note]) -> list[tuple[float, frozenset]]:
    """(start s, pitch classes) of each chord."""
    pads: dict[float, set] = {}
    for note in notes:
        if note.voice == "pad":
            pads.setdefault(round(note.start, 2), set()).add(note.pitch % 12)
    if pads:
        return [(start, frozenset(classes)) for start, classes in sorted(pads.items())]
    weights, lowest = sounding(on_grid(notes, 2.0))  # four slots, two seconds, to a window
    fitting = enumerate(harmonize(weights, lowest % 12))
    return [(2.0 * i, CHORD_CLASSES[chord]) for i, chord in fitting if chord is not None]


def chord_measures(notes: Sequence[Note]) -> tuple[float, float]:
    """Median seconds between changes of chord, and the share of changes with a common tone."""
    found = chords(notes)
    if len(found) < 3:
        return math.nan, math.nan
    gaps = np.diff([start for start, _ in found])
    shared = [bool(a & b) for (_, a), (_, b) in zip(found, found[1:], strict=False)]
    return float(np.median(gaps)), float(np.mean(shared))


def calm(notes: Sequence[Note], seconds: float) -> dict[str, float]:
    """Measures 2–8 of `facts/music.md`; each that has two bounds is given under two names."""
    rate, bits, pitch = onset_rate(notes, seconds), entropy(notes), mean_pitch(notes)
    change, shared = chord_measures(notes)
    return {
        "onsets": rate,
        "onsets_low": rate,
        "entropy": bits,
        "entropy_low": bits,
        "consistency": consistency(notes),
        "harsh": harshness(notes),
        "range": pitch_range(notes),
        "pitch": pitch,
        "pitch_low": pitch,
        "small_steps": small_steps(notes),
        "chord_s": change,
        "chord_s_low": change,
        "common_tones": shared,
    }


# ---- repeats -------------------------------------------------------------------------------------

def spelled(phrases: Sequence[Phrase]) -> list[tuple]:
    """Each tick's onsets as (eighth of the tick, pitch)."""
    return [
        tuple(sorted((round(note.start / phrase.length * 8), note.pitch) for note in phrase.notes))
        for phrase in phrases
    ]


def full_windows(ticks: Sequence[tuple], size: int) -> list[tuple]:
    counts = np.concatenate([[0], np.cumsum([len({slot for slot, _ in tick}) for tick in ticks])])
    return [tuple(ticks[i:i + size]) for i in range(len(ticks) - size + 1)
            if counts[i + size] - counts[i] >= REPEAT_ONSETS]


def distinct16(ticks: Sequence[tuple]) -> float:
    """Share of 16-tick windows with at least 6 onsets that are the only one of their kind."""
    windows = full_windows(ticks, 16)
    return len(set(windows)) / len(windows) if windows else math.nan


def longest_repeat(ticks: Sequence[tuple], most: int = 256) -> int:
    """Ticks of the longest stretch with at least 6 onsets that comes twice; `most` stands for more.
    """
    longest, size, missed = 0, 2, 0
    # a stretch that long without six onsets would be 24 empty ticks more
    while size <= most and missed < 24:
        windows = full_windows(ticks, size)
        missed = 0 if len(set(windows)) < len(windows) else missed + 1
        longest = size if missed == 0 else longest
        size += 1
    return longest


def hook_score(notes: Sequence[Note], span: float = 600.0) -> int:
    """How often the commonest five-note pattern of intervals and gaps (to 50 ms) comes within 10
    min."""
    line = [note for note in notes if note.voice in ("piano", "bell")]
    heard: dict[tuple, list[float]] = {}
    most = 0
    for i in range(4, len(line)):
        part = line[i - 4:i + 1]
        key = tuple((b.pitch - a.pitch, round((b.start - a.start) / 0.05))
                    for a, b in zip(part, part[1:], strict=False))
        times = [time for time in heard.get(key, []) if time > part[-1].start - span] + [
            part[-1].start
        ]
        heard[key] = times
        most = max(most, len(times))
    return most


def drift(notes: Sequence[Note], seconds: float, parts: int = 8) -> float:
    """How far an eighth of the night strays from the whole (0: not): the share of onsets or pitch /
    12."""
    rate, pitch, span = onset_rate(notes, seconds), mean_pitch(notes), seconds / parts
    worst = 0.0
    for part in range(parts):
        some = [note for note in notes if part * span <= note.start < (part + 1) * span]
        if len(some) < 8:
            return 1.0
        worst = max(worst, abs(onset_rate(some, span) / rate - 1),
                    abs(mean_pitch(some) - pitch) / 12)
    return worst


# ---- likeness to people's music ------------------------------------------------------------------

def features(notes: Sequence[Note], seconds: float) -> dict[str, float]:
    """What the overlap area compares, of an excerpt. Free of key, tempo and loudness, which the
    recipe sets."""
    line = melody(notes)
    pitches = np.array([note.pitch for note in line])
    gaps = np.diff([note.start for note in line])
    steps = np.diff(pitches)
    classes = pitch_classes(notes)
    tonic, _ = estimate_key(classes)
    share = np.roll(classes, -tonic) / max(classes.sum(), 1e-9)
    turns = np.sign(steps[steps != 0])
    counts = np.bincount([note.pitch % 12 for note in line], minlength=12)
    p = counts[counts > 0] / max(counts.sum(), 1)
    return {
        "classes used": float((counts > 0).sum()),
        "melody entropy": float(-(p * np.log2(p)).sum()),
        "mean step": float(np.abs(steps).mean()),
        "repeated notes": float((steps == 0).mean()),
        "stepwise": float((np.abs(steps) <= 2).mean()),
        "leaps": float((np.abs(steps) >= 7).mean()),
        "turns": float((turns[1:] != turns[:-1]).mean()) if len(turns) > 1 else 0.0,
        "melody range": float(np.ptp(pitches)),
        "gap variety": float(np.std(gaps) / max(gaps.mean(), 1e-9)),
        "tonic share": float(share[0]),
        "third share": float(share[3] + share[4]),
        "fifth share": float(share[7]),
        "other share": float(share[[1, 6, 8, 10, 11]].sum()),
    }


def overlap_area(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Area under the smaller of two kernel densities (Yang & Lerch 2020), 0..1."""
    low, high = min(ours.min(), theirs.min()), max(ours.max(), theirs.max())
    if high - low < 1e-9:
        return 1.0
    grid = np.linspace(low - 0.3 * (high - low), high + 0.3 * (high - low), 200)
    width = max(np.std(np.concatenate([ours, theirs])) * min(len(ours), len(theirs)) ** -0.2,
                1e-3 * (high - low))
    densities = [
        np.exp(-(((grid[:, None] - values[None]) / width) ** 2) / 2).mean(1)
        for values in (ours, theirs)
    ]
    a, b = (density / density.sum() for density in densities)
    return float(np.minimum(a, b).sum())
