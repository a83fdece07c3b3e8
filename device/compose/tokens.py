"""The language of the composers: a tick of music (two pulses, four slots) as a short sentence of
tokens.

    tick  := (chord dwell bass)? (rhythm pitch)* end

A tick without a chord holds the one before; the end tells how loud the tick was. Everything is
relative to the tonic, so that one sentence means the same in every key: chords and bass by pitch
class, melody pitches in semitones from a reference tonic. A rhythm token is a slot and a duration.
"""

from dataclasses import dataclass

import numpy as np

from device.compose.theory import CHORDS
from device.values import STYLES as CHOSEN_STYLES

SLOTS = 4                               # per tick: half pulses
DURATIONS = (1, 2, 4, 8, 16)            # slots
DWELLS = (1, 2, 4, 8, 16, 32)           # ticks until the chord changes: nearest power of two
BASSES = ("none", "root", "third", "fifth", "other")
DYNAMICS = ("softer", "even", "louder")
REACH = 24                              # semitones a melody pitch may lie from the reference tonic

BOS = 0
DWELL = 1
BASS = DWELL + len(DWELLS)
CHORD = BASS + len(BASSES)
END = CHORD + len(CHORDS)               # one for each of DYNAMICS
RHYTHM = END + len(DYNAMICS)
PITCH = RHYTHM + SLOTS * len(DURATIONS)
VOCABULARY = PITCH + 2 * REACH + 1

DWELL_TOKENS = slice(DWELL, BASS)
BASS_TOKENS = slice(BASS, CHORD)
OPENING_TOKENS = slice(CHORD, PITCH)
NOTE_TOKENS = slice(END, PITCH)
PITCH_TOKENS = slice(PITCH, VOCABULARY)


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick, spelled out. `chord` None holds the one before."""
    chord: int | None                           # index into CHORDS, tonic-relative
    dwell: int = 0                              # index into DWELLS; of a new chord
    bass: int = 0                               # index into BASSES; under a new chord
    dynamic: int = 1                            # index into DYNAMICS
    # (slot, index into DURATIONS, semitones from the reference tonic)
    notes: tuple[tuple[int, int, int], ...] = ()

    def tokens(self) -> list[int]:
        """Notes in order of slot, each slot from the top down."""
        out = []
        if self.chord is not None:
            out = [CHORD + self.chord, DWELL + self.dwell, BASS + self.bass]
        for slot, duration, pitch in self.notes:
            out += [RHYTHM + slot * len(DURATIONS) + duration, PITCH + REACH + pitch]
        return [*out, END + self.dynamic]


def following(token: int) -> slice:
    """The tokens that may follow one."""
    if token == BOS or END <= token < RHYTHM:
        return OPENING_TOKENS
    if CHORD <= token < END:
        return DWELL_TOKENS
    if DWELL <= token < BASS:
        return BASS_TOKENS
    if RHYTHM <= token < PITCH:
        return PITCH_TOKENS
    return NOTE_TOKENS


def follow_mask() -> np.ndarray:
    """(VOCABULARY, VOCABULARY) bool: what may follow each token."""
    mask = np.zeros((VOCABULARY, VOCABULARY), bool)
    for token in range(VOCABULARY):
        mask[token, following(token)] = True
    return mask


# ---- what the composer is asked for, as numbers: the same fields train the model and run it ------

CONDITIONS = (
    "ionian", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "pentatonic",
    "density",          # melody onsets per tick, log2(0.25 + n)
    "register",         # mean melody pitch from the reference tonic, octaves
    "harmony",          # chord changes per tick, log2(1/32 + n) / 4
    "tension",          # 0..1
    "brightness",       # −1..1: dynamics and how often the line rises above its mean
    "phrase_sin", "phrase_cos",     # place in the phrase
    "known",            # 1: the fields above are given; 0: they are all 0
)
STYLE_SIZE = 8
# that the music was sorted by; the last is never chosen unasked
STYLES = (*CHOSEN_STYLES, "lullaby")


def conditions(scale: str, density: float, register: float, harmony: float, tension: float,
               brightness: float, place: float) -> np.ndarray:
    """(len(CONDITIONS),) float32; density and harmony per tick, register in semitones from the
    reference tonic, place 0..1 of the tick in its phrase."""
    values = [float(name == scale) for name in CONDITIONS[:7]]
    angle = 2 * np.pi * place
    values += [np.log2(0.25 + density), register / 12, np.log2(1 / 32 + harmony) / 4,
               tension, brightness, np.sin(angle), np.cos(angle), 1.0]
    return np.array(values, np.float32)
