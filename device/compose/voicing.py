"""From tokens to sounding pitches: a bass, and pads over it led by small steps, wide where they are
low."""

from functools import cache
from itertools import combinations, product

from device.compose.theory import CHORD_CLASSES, CHORDS, QUALITIES, roughness

PADS = (-8, 15)             # semitones from the centre: where pads may lie
DRONE = (-16, 0)            # and the bass, which lies under them all or is left out
MELODY = (-5, 17)
LOWEST = 33                 # MIDI: nothing below; a small speaker has nothing there
LOW = 48                    # MIDI, C3: intervals over what is lower are at least
OPEN = 5                    # semitones: two tones within a third beat there (Plomp & Levelt 1965)
MIDDLE = -1.0               # semitones from the centre: a chord's mean pitch
ROUGH, FAR, WIDE = 30.0, 3.0, 0.1   # what a chord costs, in semitones of motion


def lead(chord: int, part: int, tonic: int, centre: float,
         before: list[int]) -> tuple[int | None, list[int]]:
    """A chord near `centre`, the smoothest to hear that moves little from `before`: the MIDI pitch
    of its bass, the root (part 1), third (2) or fifth (3), or None where there is no room for one,
    and three of its pads, ascending."""
    low, high = max(round(centre) + PADS[0], LOWEST), round(centre) + PADS[1]
    places = [octaves(step + tonic, low, high) for step in CHORD_CLASSES[chord]]
    basses = octaves(bass_class(chord, part) + tonic, max(round(centre) + DRONE[0], LOWEST),
                     round(centre) + DRONE[1])
    pads = [sorted(pitches) for pitches in product(*places)]
    voicings: list[tuple[int | None, list[int]]] = [
        (bass, upper) for upper in pads for bass in basses if opens(bass, upper)
    ]
    voicings = voicings or [(None, upper) for upper in pads]
    return min(voicings, key=lambda voiced: cost(voiced[0], voiced[1], before, centre))


def bass_class(chord: int, part: int) -> int:
    root, quality = CHORDS[chord]
    return root + QUALITIES[quality][max(part - 1, 0) % 3]


def octaves(pitch: int, low: int, high: int) -> range:
    """MIDI pitches of that pitch's class from `low` to `high`; the one above `low` if none is."""
    first = low + (pitch - low) % 12
    return range(first, max(first, high) + 1, 12)


def opens(bass: int, pads: list[int]) -> bool:
    """Whether the bass is under the pads with room between."""
    return bass + (OPEN if bass < LOW else 3) <= pads[0]


def cost(bass: int | None, pads: list[int], before: list[int], centre: float) -> float:
    """In semitones moved: the motion, roughness, distance from the chord's place, width."""
    pitches = pads if bass is None else [bass, *pads]
    motion = sum(abs(a - b) for a, b in zip(pads, before, strict=False))
    misplaced = abs(sum(pitches) / len(pitches) - (centre + MIDDLE))
    harshness = sum(rough(a, b) for a, b in combinations(pitches, 2)) + sum(map(own, pitches))
    return motion + ROUGH * harshness + FAR * misplaced + WIDE * (pitches[-1] - pitches[0])


@cache
def rough(low: int, high: int) -> float:
    """Of two pitches, ascending; close ones below `LOW` count as they can't be played otherwise."""
    crowded = low < LOW and high - low < OPEN
    return roughness(low, high) + 10.0 * crowded


@cache
def own(pitch: int) -> float:
    """Of a low pitch's partials among themselves, each pair counted twice."""
    return roughness(pitch, pitch) / 2


def common_tones(a: int, b: int, shift: int = 0) -> int:
    """Pitch classes that chord `b`, `shift` semitones up, shares with chord `a`."""
    return len(CHORD_CLASSES[a] & {(step + shift) % 12 for step in CHORD_CLASSES[b]})
