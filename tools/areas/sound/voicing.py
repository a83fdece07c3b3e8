"""How chords lie: whether the drone is under the pads, what is crowded in the depths, and how rough
it is."""

from itertools import combinations

import numpy as np

from device.compose import load
from device.programmes import PROGRAMMES

C3 = 48                     # MIDI
THIRD = 4                   # semitones: closer is crowded where it is low
# Sethares 1993, "Local consonance and the relationship between timbre and scale"
PARTIALS = 0.88 ** np.arange(7)
SEEDS, TICKS = (1, 2, 3), 120

Chord = tuple[list[int], list[int]]     # drone (one or none) and pads, MIDI


def measure() -> dict[str, float]:
    """Over the programmes that have music, as the network composes them."""
    chords = list(composed())
    whole = [sorted([*drone, *pads]) for drone, pads in chords]
    return {
        "voicing.drone_over_pads": float(
            np.mean([bool(drone) and drone[0] >= min(pads) for drone, pads in chords])
        ),
        "voicing.close_below_c3": float(np.mean([crowded(chord) for chord in whole])),
        "voicing.roughness": float(np.mean([roughness(chord) for chord in whole])),
    }


def composed() -> list[Chord]:
    found = []
    for recipe in PROGRAMMES.values():
        for seed in SEEDS if recipe.music else ():
            composer, _ = load(seed)
            for _ in range(TICKS):
                notes = composer.compose(recipe, None).notes
                pads = [note.pitch for note in notes if note.voice == "pad"]
                drone = [note.pitch for note in notes if note.voice == "drone"]
                if pads:
                    found.append((drone, pads))
    return found


def crowded(chord: list[int]) -> bool:
    """Whether two different pitches lie within a third, the lower of them below C3."""
    return any(
        low < C3 and 0 < high - low <= THIRD for low, high in combinations(sorted(chord), 2)
    )


def roughness(chord: list[int]) -> float:
    """Sethares' dissonance of all pairs of partials (seven harmonics, each 0.88 of the one before;
    a pair weighs as its weaker), divided by the pairs of notes."""
    hertz = 440.0 * 2.0 ** ((np.array(chord) - 69) / 12)
    frequencies = np.outer(hertz, np.arange(1, 8)).ravel()
    levels = np.tile(PARTIALS, len(chord))
    first, second = np.triu_indices(len(levels), 1)
    low = np.minimum(frequencies[first], frequencies[second])
    apart = np.abs(frequencies[first] - frequencies[second]) * 0.24 / (0.0207 * low + 18.96)
    pairs = 5.0 * (np.exp(-3.51 * apart) - np.exp(-5.75 * apart))
    whole = np.sum(np.minimum(levels[first], levels[second]) * pairs)
    return float(whole / (len(chord) * (len(chord) - 1) / 2))
