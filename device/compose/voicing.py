"""From tokens to sounding pitches: pads led by small steps, a bass under them, velocities and
voices."""

from itertools import product

from device.compose.theory import CHORD_CLASSES, CHORDS, QUALITIES

PADS = (-9, 3)              # semitones from the centre: where pads may lie
DRONE = (-13, -2)           # and the bass; twelve, so that each pitch class has one place
MELODY = (-5, 17)
LOWEST = 33                 # MIDI: nothing below; a small speaker has nothing there


def lead(chord: int, tonic: int, centre: float, before: list[int]) -> list[int]:
    """Three MIDI pitches of a chord near `centre`, moving as little as possible from `before`
    (ascending)."""
    low, high = round(centre) + PADS[0], round(centre) + PADS[1]
    places = [
        [pitch for pitch in range(max(low, LOWEST), high + 1) if pitch % 12 == (step + tonic) % 12]
        or [max(low, LOWEST) + (step + tonic - max(low, LOWEST)) % 12]
        for step in CHORD_CLASSES[chord]
    ]
    return min(
        (sorted(pitches) for pitches in product(*places)),
        key=lambda pitches: cost(pitches, before, centre),
    )


def cost(pitches: list[int], before: list[int], centre: float) -> float:
    motion = sum(abs(a - b) for a, b in zip(pitches, before, strict=False)) if before else 0
    crowding = sum(2 for low, high in zip(pitches, pitches[1:], strict=False) if high - low < 3)
    return (
        motion
        + crowding
        + 1.5 * abs(sum(pitches) / 3 - (centre - 3))
        + 0.2 * (pitches[-1] - pitches[0])
    )


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
