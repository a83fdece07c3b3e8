"""What a listener would call music theory: scales, chords, keys, dissonance. Pitch classes are
0..11, C = 0."""

import math

import numpy as np

DEGREES = {
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "pentatonic": (0, 2, 4, 7, 9),
}
QUALITIES = {"maj": (0, 4, 7), "min": (0, 3, 7), "dim": (0, 3, 6), "sus": (0, 5, 7)}
CHORDS = tuple((root, quality) for root in range(12) for quality in QUALITIES)
CHORD_CLASSES = tuple(
    frozenset((root + step) % 12 for step in QUALITIES[quality]) for root, quality in CHORDS
)
HERTZ = 440.0 * 2.0 ** (-69 / 12)   # MIDI pitch 0
HARSH = (1, 6, 11)      # semitones mod 12: minor second, tritone, major seventh (and their octaves)

# Krumhansl & Kessler 1982, probe-tone ratings of the major and minor key.
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


def profile(scale: str) -> np.ndarray:
    """(12,) key profile of a mode: the ratings of the key with its third; each altered degree swaps
    with its neighbour.

    Major and minor are as published; the swaps carry them to the other modes, for which no ratings
    were published.
    """
    degrees = set(DEGREES[scale])
    base = np.array(MINOR if 3 in degrees else MAJOR)
    home = set(DEGREES["aeolian" if 3 in degrees else "ionian"])
    gone, come = sorted(home - degrees), sorted(degrees - home)
    for old, new in zip(gone, come, strict=False):
        base[[old, new]] = base[[new, old]]
    if scale == "pentatonic":
        base[gone] = base[[1, 3, 6, 8, 10]].mean()
    if 3 in degrees:
        # the raised seventh is in none of the minor modes
        base[11] = min(base[11], base[[4, 6]].mean())
    return base


PROFILES = {scale: profile(scale) for scale in DEGREES}


def estimate_key(weights: np.ndarray) -> tuple[int, str]:
    """Tonic (0..11) and scale whose profile correlates best with `weights` (12,), the time each
    pitch class sounds."""
    if not np.ptp(weights) > 0:
        return 0, "ionian"
    _, tonic, scale = max((float(np.corrcoef(np.roll(table, tonic), weights)[0, 1]), tonic, scale)
                          for scale, table in PROFILES.items() for tonic in range(12))
    return tonic, scale


def harsh(a: int, b: int) -> bool:
    return (a - b) % 12 in HARSH


def roughness(a: int, b: int) -> float:
    """Of two MIDI pitches: what Sethares' dissonance curves (1993) give for each pair of a partial
    of one and a partial of the other; seven harmonics, each 0.88 as strong as the one before."""
    total = 0.0
    for m in range(1, 8):
        for n in range(1, 8):
            low, high = sorted((m * 2.0 ** (a / 12), n * 2.0 ** (b / 12)))
            apart = (high - low) * 0.24 / (0.0207 * low + 18.96 / HERTZ)
            quieter = 0.88 ** (max(m, n) - 1)
            total += quieter * 5.0 * (math.exp(-3.51 * apart) - math.exp(-5.75 * apart))
    return total
