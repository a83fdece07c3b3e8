"""From tokens to sounding pitches: pads led by small steps, a bass under them, velocities and
voices."""

from itertools import pairwise, product

from device.compose.theory import CHORD_CLASSES, CHORDS, QUALITIES

PADS = (-9, 3)              # semitones from the centre: where pads may lie
DRONE = (-13, -2)           # and the bass; twelve, so that each pitch class has one place
MELODY = (-5, 17)
LOWEST = 33                 # MIDI: nothing below; a small speaker has nothing there


def lead(chord: int, tonic: int, centre: float, before: list[int]) -> list[int]:
    """Three MIDI pitches of a chord near `centre`, moving as little as possible from `before`
    (ascending)."""
    low, high = max(round(centre) + PADS[0], LOWEST), round(centre) + PADS[1]
    places = [octaves(step + tonic, low, high) for step in CHORD_CLASSES[chord]]
    voicings = [sorted(pitches) for pitches in product(*places)]
    return min(voicings, key=lambda pitches: cost(pitches, before, centre))


def octaves(pitch: int, low: int, high: int) -> range:
    """MIDI pitches of that pitch's class from `low` to `high`; the one above `low` if none is."""
    first = low + (pitch - low) % 12
    return range(first, max(first, high) + 1, 12)


def cost(pitches: list[int], before: list[int], centre: float) -> float:
    """Of three ascending pitches: semitones moved, crowding, distance from their place, width."""
    motion = sum(abs(a - b) for a, b in zip(pitches, before, strict=False))
    crowding = sum(2 for low, high in pairwise(pitches) if high - low < 3)
    misplaced = abs(sum(pitches) / 3 - (centre - 3))
    return motion + crowding + 1.5 * misplaced + 0.2 * (pitches[-1] - pitches[0])


def bass_pitch(chord: int, part: int, tonic: int, centre: float) -> int:
    """MIDI pitch of the chord's root (part 1), third (2) or fifth (3), in the octave under the
    centre."""
    root, quality = CHORDS[chord]
    wanted = (root + QUALITIES[quality][max(part - 1, 0) % 3] + tonic) % 12
    low = max(round(centre) + DRONE[0], LOWEST)
    return low + (wanted - low) % 12


def common_tones(a: int, b: int, shift: int = 0) -> int:
    """Pitch classes that chord `b`, `shift` semitones up, shares with chord `a`."""
    return len(CHORD_CLASSES[a] & {(step + shift) % 12 for step in CHORD_CLASSES[b]})
