"""Holding the music to what was asked: masks from music theory, and small controllers that close the loop.

Everything here is a bias over tokens: −inf forbids, a number leans. The state is a few running sums.
"""

import numpy as np

from device.compose import tokens as tk
from device.compose.aim import Aim
from device.compose.theory import CHORD_CLASSES, CHORDS, DEGREES, PROFILES, chords_in, harsh
from device.compose.voicing import MELODY

OFFSETS = np.arange(-tk.REACH, tk.REACH + 1)
MEMORY = 120.0          # notes: how far back the pitch-class balance reaches
LEAP = 9                # semitones: no larger step in the melody
STEP_COST = 0.25        # nats per semitone beyond a major third
BALANCE = 1.2           # how strongly the pitch classes are drawn to the key profile
REGISTER_GAIN = 0.04    # of the error in mean pitch, per note


class Steering:
    def __init__(self):
        self.account = 0.5              # onsets owed
        self.heard = np.zeros(12)       # tonic-relative: how much each pitch class sounded lately
        self.sounding: list[list[int]] = []     # (MIDI pitch, slots left)
        self.offset = 0.0               # semitones: correction of the centre, from the error in register
        self.mean_pitch: float | None = None
        self.last_pitch: int | None = None
        self.reference = 60
        self.slot = 0                   # next free slot of this tick
        self.spent = -1                 # the slot paid for last

    def begin(self, aim: Aim, scale: str, tonic: int) -> None:
        """A new tick."""
        self.aim, self.scale, self.tonic = aim, scale, tonic
        self.centre = aim.register + self.offset
        middle = self.centre + sum(MELODY) / 2
        nearest = round((middle - tonic) / 12) * 12 + tonic
        if abs(self.reference - middle) > 8 or self.reference % 12 != tonic:
            self.reference = nearest
        self.asked_register = middle - self.reference
        self.account = min(self.account + aim.density * aim.length, 2.5)
        self.slot, self.spent = 0, -1

    def rest(self, slots: int) -> None:
        """Time goes by."""
        self.sounding = [[pitch, left - slots] for pitch, left in self.sounding if left > slots]

    def walk(self, step: int) -> None:
        self.heard = np.roll(self.heard, -step)

    def spend(self, slot: int) -> None:
        if slot != self.spent:
            self.account -= 1
            self.spent = slot

    def sound(self, pitch: int, slot: int, slots: int) -> None:
        """A note of `slots` from `slot` of this tick."""
        self.sounding.append([pitch, slot + slots])
        self.heard *= 1 - 1 / MEMORY
        self.heard[(pitch - self.tonic) % 12] += 0.5 + min(slots, 16) / 16
        self.mean_pitch = pitch if self.mean_pitch is None else self.mean_pitch + (pitch - self.mean_pitch) / 40
        self.offset += REGISTER_GAIN * (self.aim.register - self.mean_pitch)
        self.offset = min(max(self.offset, -8.0), 8.0)

    def melody_note(self, pitch: int, slot: int, slots: int) -> None:
        self.spend(slot)
        self.sound(pitch, slot, slots)
        self.last_pitch = pitch
        self.slot = slot + 1

    # ---- biases ----------------------------------------------------------------------------------------------------

    def anything(self, which: slice) -> np.ndarray:
        bias = np.full(tk.VOCABULARY, -np.inf)
        bias[which] = 0.0
        return bias

    def balance(self) -> np.ndarray:
        """(12,) lean toward pitch classes that the key profile wants and the last minutes lacked; tonic-relative."""
        want = np.where(np.isin(np.arange(12), DEGREES[self.scale]), PROFILES[self.scale], 0)
        want = want / want.sum()
        have = (self.heard + 4 * want) / (self.heard.sum() + 4)
        with np.errstate(divide="ignore", invalid="ignore"):
            lean = BALANCE * np.log(np.where(want > 0, want, 1) / np.where(want > 0, np.maximum(have, 1e-3), 1))
        return np.clip(lean, -2, 2)

    def chord_mask(self, before: int) -> np.ndarray:
        bias = np.full(tk.VOCABULARY, -np.inf)
        allowed = chords_in(self.scale)
        allowed &= np.array([quality != "dim" or self.aim.tension > 0.8 for _, quality in CHORDS])
        if before >= 0:
            shared = np.array([len(classes & CHORD_CLASSES[before]) for classes in CHORD_CLASSES])
            allowed[before] = False
            if (allowed & (shared > 0)).any():
                allowed &= shared > 0
        lean = self.balance()
        pull = np.array([sum(lean[step] for step in classes) / 3 for classes in CHORD_CLASSES])
        home = np.array([1.0 if root == 0 and quality != "sus" else 0.0 for root, quality in CHORDS])
        bias[tk.CHORD:tk.DWELL] = np.where(allowed, 2 * pull + home, -np.inf)
        return bias

    def bass_mask(self, fresh: bool) -> np.ndarray:
        """A new chord has a bass; a held one seldom a new stroke."""
        bias = np.full(tk.VOCABULARY, -np.inf)
        if fresh:
            bias[tk.BASS + 1:tk.BASS + 4] = (1.5, -1.0, -0.5)
        else:
            bias[tk.BASS] = 0.0
        return bias

    def rhythm_mask(self, chord_left: int) -> np.ndarray:
        bias = np.full(tk.VOCABULARY, -np.inf)
        bias[tk.END] = -3.0 * (self.account - 0.5)
        if self.account > 1.5 and self.slot <= 2:
            bias[tk.END] = -np.inf
        if self.account > 0 or self.slot < 0:
            for slot in range(self.slot, tk.SLOTS):
                if slot == 0 and self.spent < 0 and self.account < 0.3:
                    continue
                if not self.playable(slot).any():
                    continue
                odd = -2.0 if slot % 2 and self.aim.density * self.aim.length < 1.6 else 0.0
                start = tk.RHYTHM + slot * len(tk.DURATIONS)
                bias[start:start + len(tk.DURATIONS)] = odd + np.array((-1.0, -0.3, 0.3, 0.5, 0.3))
        if not np.isfinite(bias).any():
            bias[tk.END] = 0.0
        if np.isinf(bias[tk.END]) and not np.isfinite(bias[tk.RHYTHM:tk.PITCH]).any():
            bias[tk.END] = 0.0
        return bias

    def playable(self, slot: int) -> np.ndarray:
        """(2·REACH+1,) bool: pitches in scale, in register, near enough, and not harsh against what sounds then."""
        pitches = self.reference + OFFSETS
        low, high = round(self.centre) + MELODY[0], round(self.centre) + MELODY[1]
        good = np.isin((pitches - self.tonic) % 12, DEGREES[self.scale]) & (pitches >= low) & (pitches <= high)
        for pitch, left in self.sounding:
            if left > slot and pitch != self.last_pitch:
                good &= np.array([not harsh(int(p), pitch) for p in pitches])
        if self.last_pitch is not None:
            near = good & (np.abs(pitches - self.last_pitch) <= LEAP)
            good = near if near.any() else good
        return good

    def pitch_mask(self, slot: int, chord: frozenset) -> np.ndarray:
        bias = np.full(tk.VOCABULARY, -np.inf)
        pitches = self.reference + OFFSETS
        middle = self.centre + sum(MELODY) / 2
        lean = self.balance()[(pitches - self.tonic) % 12] - ((pitches - middle) / 7.0) ** 2 / 2
        if self.last_pitch is not None:
            lean = lean - STEP_COST * np.maximum(np.abs(pitches - self.last_pitch) - 4, 0)
        bias[tk.PITCH:] = np.where(self.playable(slot), lean, -np.inf)
        return bias
