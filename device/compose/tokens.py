"""The language of the composers: a tick of music (two pulses, four slots) as a short sentence of tokens.

    tick  := (HOLD | chord dwell) bass dynamics (rhythm pitch)* END

Everything is relative to the tonic, so that one sentence means the same in every key: chords and bass by pitch class,
melody pitches in semitones from a reference tonic. A rhythm token is a slot and a duration.
"""

from dataclasses import dataclass

import numpy as np

from device.compose.theory import CHORDS

SLOTS = 4                               # per tick: half pulses
DURATIONS = (1, 2, 4, 8, 16)            # slots
DWELLS = (1, 2, 4, 8, 16, 32)           # ticks until the chord changes: nearest power of two
BASSES = ("none", "root", "third", "fifth", "other")
DYNAMICS = ("softer", "even", "louder")
REACH = 24                              # semitones a melody pitch may lie from the reference tonic

BOS, HOLD = 0, 1
CHORD = 2
DWELL = CHORD + len(CHORDS)
BASS = DWELL + len(DWELLS)
DYNAMIC = BASS + len(BASSES)
END = DYNAMIC + len(DYNAMICS)
RHYTHM = END + 1
PITCH = RHYTHM + SLOTS * len(DURATIONS)
VOCABULARY = PITCH + 2 * REACH + 1

HARMONY_TOKENS = slice(HOLD, DWELL)
DWELL_TOKENS = slice(DWELL, BASS)
BASS_TOKENS = slice(BASS, DYNAMIC)
DYNAMIC_TOKENS = slice(DYNAMIC, END)
NOTE_TOKENS = slice(END, PITCH)
PITCH_TOKENS = slice(PITCH, VOCABULARY)


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick, spelled out. `chord` None holds the one before."""
    chord: int | None                           # index into CHORDS, tonic-relative
    dwell: int = 0                              # index into DWELLS; of a new chord
    bass: int = 0                               # index into BASSES
    dynamic: int = 1                            # index into DYNAMICS
    notes: tuple[tuple[int, int, int], ...] = ()  # (slot, index into DURATIONS, semitones from the reference tonic)

    def tokens(self) -> list[int]:
        """Notes in order of slot, each slot from the top down."""
        out = [HOLD] if self.chord is None else [CHORD + self.chord, DWELL + self.dwell]
        out += [BASS + self.bass, DYNAMIC + self.dynamic]
        for slot, duration, pitch in self.notes:
            out += [RHYTHM + slot * len(DURATIONS) + duration, PITCH + REACH + pitch]
        return [*out, END]


def following(token: int) -> slice:
    """The tokens that may follow one."""
    if token in (BOS, END):
        return HARMONY_TOKENS
    if CHORD <= token < DWELL:
        return DWELL_TOKENS
    if token == HOLD or DWELL <= token < BASS:
        return BASS_TOKENS
    if BASS <= token < DYNAMIC:
        return DYNAMIC_TOKENS
    if RHYTHM <= token < PITCH:
        return PITCH_TOKENS
    return NOTE_TOKENS


def follow_mask() -> np.ndarray:
    """(VOCABULARY, VOCABULARY) bool: what may follow each token."""
    mask = np.zeros((VOCABULARY, VOCABULARY), bool)
    for token in range(VOCABULARY):
        mask[token, following(token)] = True
    return mask


# ---- what the composer is asked for, as numbers: the same fields train the model and run it --------------------------

CONDITIONS = (
    "ionian", "dorian", "phrygian", "lydian", "mixolydian", "aeolian", "pentatonic",
    "density",          # melody onsets per tick, log2(0.25 + n)
    "register",         # mean melody pitch from the reference tonic, octaves
    "harmony",          # chord changes per tick, log2(1/32 + n) / 4
    "tension",          # 0..1
    "brightness",       # −1..1: dynamics and how often the line rises above its mean
    "phrase_sin", "phrase_cos",     # place in a phrase of eight ticks
    "known",            # 1: the fields above are given; 0: they are all 0
)
STYLE_SIZE = 8


def conditions(scale: str, density: float, register: float, harmony: float, tension: float, brightness: float,
               tick: int) -> np.ndarray:
    """(len(CONDITIONS),) float32; density and harmony per tick, register in semitones from the reference tonic."""
    values = [float(name == scale) for name in CONDITIONS[:7]]
    angle = 2 * np.pi * (tick % 8) / 8
    values += [np.log2(0.25 + density), register / 12, np.log2(1 / 32 + harmony) / 4, tension, brightness,
               np.sin(angle), np.cos(angle), 1.0]
    return np.array(values, np.float32)
