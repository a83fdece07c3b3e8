"""The rule-based opinion: what a textbook would write next, as log weights over tokens. The
fallback of the product."""

from collections.abc import Mapping

import numpy as np

from device.compose import tokens as tk
from device.compose.theory import CHORD_CLASSES, CHORDS

# weight of a step of the root, semitones up; and of a root, semitones above the tonic
ROOT_MOTION = (0.2, 0.3, 0.6, 1.0, 1.0, 1.6, 0.1, 1.3, 1.2, 1.2, 0.6, 0.3)
STABILITY = (2.5, 0.5, 0.8, 1.1, 0.7, 1.3, 0.2, 1.3, 1.0, 1.1, 0.9, 0.3)
# semitones of a melodic step → weight
RHYTHMS = np.outer((1.0, 0.15, 0.8, 0.15), (0.1, 0.5, 1.0, 0.8, 0.2)).ravel()   # slot, duration
STEPS = {0: 0.25, 1: 1.0, 2: 1.6, 3: 0.9, 4: 0.7, 5: 0.4, 7: 0.25}


class Rules:
    """Chords by root motion and common tones, melody by step around chord tones."""

    styles: Mapping[str, np.ndarray] = {}

    def __init__(self) -> None:
        self.chord = CHORDS.index((0, "maj"))
        self.pitch = 0
        self.last = tk.BOS

    def condition(self, values: np.ndarray, style: np.ndarray) -> None:
        """The rules listen to the steering alone."""

    def answer(self, lag: int) -> None:
        """What is answered reaches it by the steering's wishes alone."""

    def push(self, token: int) -> None:
        self.last = token
        if tk.CHORD <= token < tk.END:
            self.chord = token - tk.CHORD
        elif token >= tk.PITCH:
            self.pitch = token - tk.PITCH - tk.REACH

    def logits(self) -> np.ndarray:
        """(VOCABULARY,) log weights of the next token."""
        weights = np.full(tk.VOCABULARY, 1e-4)
        follow = tk.following(self.last)
        if follow == tk.DWELL_TOKENS:
            weights[follow] = (0.1, 0.3, 1.0, 1.0, 0.5, 0.1)
        elif follow == tk.BASS_TOKENS:
            weights[follow] = (0.05, 1.0, 0.15, 0.1, 0.01)
        elif follow != tk.PITCH_TOKENS:
            if follow == tk.OPENING_TOKENS:
                weights[tk.CHORD:tk.END] = self.harmony()
            weights[tk.END:tk.RHYTHM] = (0.8, 1.6, 0.6)
            weights[tk.RHYTHM:tk.PITCH] = RHYTHMS
        else:
            weights[follow] = self.melody()
        return np.log(weights)

    def harmony(self) -> np.ndarray:
        """(48,) weights of the next chord."""
        return np.array([self.chord_weight(index) for index in range(len(CHORDS))]) + 1e-4

    def chord_weight(self, index: int) -> float:
        if index == self.chord:
            return 0.0
        (root, _), (new, quality) = CHORDS[self.chord], CHORDS[index]
        common = len(CHORD_CLASSES[self.chord] & CHORD_CLASSES[index])
        suspended = 0.5 if quality == "sus" else 1.0
        return ROOT_MOTION[(new - root) % 12] * STABILITY[new] * (0.2 + common) * suspended

    def melody(self) -> np.ndarray:
        """(2 · REACH + 1,) weights of the next pitch."""
        pitches, classes = range(-tk.REACH, tk.REACH + 1), CHORD_CLASSES[self.chord]
        steps = np.array([STEPS.get(abs(pitch - self.pitch), 0.05) for pitch in pitches])
        return steps * np.array([2.0 if pitch % 12 in classes else 0.7 for pitch in pitches])

    def snapshot(self) -> dict:
        return {"chord": self.chord, "pitch": self.pitch, "last": self.last}

    def restore(self, state: dict) -> None:
        self.chord, self.pitch, self.last = state["chord"], state["pitch"], state["last"]
