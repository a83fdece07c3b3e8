"""The rule-based opinion: what a textbook would write next, as log weights over tokens. The
fallback of the product."""

import numpy as np

from device.compose import tokens as tk
from device.compose.theory import CHORD_CLASSES, CHORDS

ROOT_MOTION = {
    0: 0.2,
    1: 0.3,
    2: 0.6,
    3: 1.0,
    4: 1.0,
    5: 1.6,
    6: 0.1,
    7: 1.3,
    8: 1.2,
    9: 1.2,
    10: 0.6,
    11: 0.3,
}
STABILITY = {
    0: 2.5,
    7: 1.3,
    5: 1.3,
    9: 1.1,
    2: 0.8,
    4: 0.7,
    3: 1.1,
    8: 1.0,
    10: 0.9,
    11: 0.3,
    1: 0.5,
    6: 0.2,
}
# semitones of a melodic step → weight
STEPS = {0: 0.25, 1: 1.0, 2: 1.6, 3: 0.9, 4: 0.7, 5: 0.4, 7: 0.25}


class Rules:
    """Chords by root motion and common tones, melody by step around chord tones."""

    styles: dict = {}

    def __init__(self):
        self.chord = CHORDS.index((0, "maj"))
        self.pitch = 0
        self.last = tk.BOS

    def condition(self, values: np.ndarray, style: np.ndarray) -> None:
        """The rules listen to the steering alone."""

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
            weights[tk.RHYTHM : tk.PITCH] = np.outer(
                (1.0, 0.15, 0.8, 0.15), (0.1, 0.5, 1.0, 0.8, 0.2)
            ).ravel()
        else:
            weights[follow] = self.melody()
        return np.log(weights)

    def harmony(self) -> np.ndarray:
        """(48,) weights of the next chord."""
        root, _ = CHORDS[self.chord]
        now = CHORD_CLASSES[self.chord]
        return (
            np.array(
                [
                    ROOT_MOTION[(new - root) % 12]
                    * STABILITY[new]
                    * (0.2 + len(now & classes))
                    * (0.5 if quality == "sus" else 1.0)
                    * (index != self.chord)
                    for index, ((new, quality), classes) in enumerate(
                        zip(CHORDS, CHORD_CLASSES, strict=True)
                    )
                ]
            )
            + 1e-4
        )

    def melody(self) -> np.ndarray:
        pitches = np.arange(-tk.REACH, tk.REACH + 1)
        steps = np.array([STEPS.get(abs(int(pitch) - self.pitch), 0.05) for pitch in pitches])
        member = np.array(
            [2.0 if int(pitch) % 12 in CHORD_CLASSES[self.chord] else 0.7 for pitch in pitches]
        )
        return steps * member

    def snapshot(self) -> dict:
        return {"chord": self.chord, "pitch": self.pitch, "last": self.last}

    def restore(self, state: dict) -> None:
        self.chord, self.pitch, self.last = state["chord"], state["pitch"], state["last"]
