"""Holding the music to what was asked: masks from music theory, and small controllers that close the loop.

Everything here is a bias over tokens: −inf forbids, a number leans. The state is a few running sums, all JSON-able.
Small Python loops, not arrays: a tick is a dozen of these, and a numpy call costs more than a loop over 14 pitches.
"""

import math

import numpy as np

from device.compose import tokens as tk
from device.compose.aim import Aim
from device.compose.mixture import Mixture
from device.compose.theory import CHORD_CLASSES, CHORDS, DEGREES, HARSH, PROFILES, chords_in, harsh
from device.compose.voicing import MELODY

NEVER = -math.inf
MEMORY = 110.0          # notes: how far back the pitch-class balance reaches
LEAP = 9                # semitones: no larger step in the melody
STEP_COST = 0.05       # nats per semitone beyond a major third
BALANCE = 2.0           # how strongly the pitch classes are drawn to the key profile
CLEAN = [sum(1 << step for step in range(12) if (step - pitch) % 12 not in HARSH) for pitch in range(12)]
WANTED = {scale: [float(PROFILES[scale][step]) if step in degrees else 0.0 for step in range(12)]
          for scale, degrees in DEGREES.items()}
MAJORITY = [float(root == 0 and quality in ("maj", "min")) for root, quality in CHORDS]
CHORD_PULL = 7.0        # how strongly that bears on the choice of chords
MOTIF_PULL = 5.0        # nats per semitone from a motif's pitch
ACCOUNT_PULL = 1.5      # how strongly onsets owed call for a note: weak, so that there are phrases and rests
OVERDRAFT = -1.0        # onsets that a phrase may be ahead
PLACE_PULL = 0.7        # evens out the two pulses of a tick, without which no pulse is heard
REPEATS = 0.12          # share of repeated notes in calm melodies
REPEAT_PULL = 30.0      # nats per share in excess
DEBT = -3.0             # onsets: what a motif may overdraw
LENGTHS = (-1.0, -0.3, 0.3, 0.5, 0.3)       # lean over DURATIONS: legato


class Steering:
    def __init__(self):
        self.account = 0.5              # onsets owed
        self.heard = [0.0] * 12         # tonic-relative: how much each pitch class sounded lately
        self.sounding: list[list[int]] = []     # [MIDI pitch, slots left, 1 if melody]
        self.mixture = Mixture()
        self.last_pitch: int | None = None
        self.repeated = REPEATS         # share of melody notes that repeat the one before, lately
        self.places = [0.0] * tk.SLOTS  # how many melody notes began in each slot, lately
        self.reference = 60
        self.slot = 0                   # next free slot of this tick
        self.spent = -1                 # the slot paid for last
        self.known: dict[tuple[int, int], list[int]] = {}       # what `playable` found, until something changes

    def begin(self, aim: Aim, scale: str, tonic: int) -> None:
        """A new tick."""
        self.aim, self.scale, self.tonic = aim, scale, tonic
        self.centre = aim.register - self.mixture.lift(aim.density)
        self.middle = self.centre + sum(MELODY) / 2
        if abs(self.reference - self.middle) > 8 or self.reference % 12 != tonic:
            self.reference = round((self.middle - tonic) / 12) * 12 + tonic
        self.owe(aim.density * aim.length)
        self.slot, self.spent = 0, -1
        self.known.clear()
        self.lean = self.balance()

    def owe(self, onsets: float) -> None:
        self.account = min(self.account + onsets, 3.5)

    def rest(self, slots: int) -> None:
        """Time goes by."""
        self.sounding = [[pitch, left - slots, melody] for pitch, left, melody in self.sounding if left > slots]

    def walk(self, step: int) -> None:
        """The tonic moves up by `step` semitones."""
        self.heard = self.heard[step:] + self.heard[:step]

    def spend(self, slot: int) -> None:
        if slot != self.spent:
            self.account = max(self.account - 1, DEBT)
            self.spent = slot

    def sound(self, pitch: int, slot: int, slots: int, melody: bool = False) -> None:
        """A note of `slots` from `slot` of this tick; a melody note ends the one before it."""
        if melody:
            self.sounding = [note for note in self.sounding if not note[2]]
        self.sounding.append([pitch, slot + slots, int(melody)])
        self.known.clear()
        self.heard = [amount * (1 - 1 / MEMORY) for amount in self.heard]
        self.heard[(pitch - self.tonic) % 12] += 0.25 + min(slots * self.aim.length / tk.SLOTS, 16) / 8
        self.mixture.heard(not melody, pitch - self.centre)

    def melody_note(self, pitch: int, slot: int, slots: int) -> None:
        self.spend(slot)
        self.places = [0.95 * many + (place == slot) for place, many in enumerate(self.places)]
        self.repeated += 0.05 * ((pitch == self.last_pitch) - self.repeated)
        self.sound(pitch, slot, slots, melody=True)
        self.last_pitch = pitch
        self.known.clear()
        self.slot = slot + 1

    # ---- what may sound ----------------------------------------------------------------------------------------------

    def playable(self, slot: int, leap: int = LEAP) -> list[int]:
        """MIDI pitches in scale, in register, near enough, and not harsh against what sounds at that slot."""
        if (slot, leap) in self.known:
            return self.known[slot, leap]
        classes = 0
        for degree in DEGREES[self.scale]:
            classes |= 1 << (degree + self.tonic) % 12
        for pitch, left, melody in self.sounding:
            if left > slot and not melody:
                classes &= CLEAN[pitch % 12]
        centre = round(self.centre)
        good = [pitch for pitch in range(max(centre + MELODY[0], self.reference - tk.REACH),
                                         min(centre + MELODY[1], self.reference + tk.REACH) + 1)
                if classes >> pitch % 12 & 1]
        if self.last_pitch is not None:
            good = [pitch for pitch in good if abs(pitch - self.last_pitch) <= leap] or good
        self.known[slot, leap] = good
        return good

    def balance(self) -> list[float]:
        """(12,) lean toward pitch classes that the key profile wants and the last minutes lacked; tonic-relative."""
        want = WANTED[self.scale]
        scale, have = sum(want), sum(self.heard)
        return [max(min(BALANCE * math.log(w / scale * (have + 4) / (self.heard[i] + 4 * w / scale)), 3.0), -3.0)
                if w else 0.0 for i, w in enumerate(want)]

    # ---- biases ------------------------------------------------------------------------------------------------------

    def anything(self, which: slice) -> np.ndarray:
        bias = np.full(tk.VOCABULARY, NEVER)
        bias[which] = 0.0
        return bias

    def chord_bias(self, before: frozenset | None, ahead: list[int]) -> np.ndarray:
        """Chords of the scale that share a note with `before` (tonic-relative pitch classes) and add another; `ahead`
        are pitches of the melody to come, if it is known."""
        bias = np.full(tk.VOCABULARY, NEVER)
        allowed = chords_in(self.scale)
        allowed &= np.array([quality != "dim" or self.aim.tension > 0.8 for _, quality in CHORDS])
        if before:
            shared = np.array([len(classes & before) for classes in CHORD_CLASSES])
            near = allowed & (shared > 0) & (shared < 3)
            allowed = near if near.any() else allowed & (shared < 3)
        pull = np.array([sum(self.lean[step] for step in classes) / 3 for classes in CHORD_CLASSES])
        home = np.array(MAJORITY) * (2.0 - self.aim.tension)
        fit = np.zeros(len(CHORDS))
        for pitch in ahead:
            step = (pitch - self.tonic) % 12
            fit += [(step in classes) - 1.5 * any(harsh(step, other) for other in classes) for classes in CHORD_CLASSES]
        bias[tk.CHORD:tk.DWELL] = np.where(allowed, CHORD_PULL * pull + home + fit, NEVER)
        return bias

    def bass_bias(self, fresh: bool) -> np.ndarray:
        """A new chord has a bass; a held one none."""
        bias = np.full(tk.VOCABULARY, NEVER)
        if fresh:
            bias[tk.BASS + 1:tk.BASS + 4] = (1.5, -1.0, -0.5)
        else:
            bias[tk.BASS] = 0.0
        return bias

    def rhythm_bias(self, wish: dict[int, int]) -> np.ndarray:
        """Where the next melody note may begin, or END; `wish` is a motif's slots of this tick and their pitches."""
        bias = np.full(tk.VOCABULARY, NEVER)
        bias[tk.END] = -ACCOUNT_PULL * (self.account - 0.5)
        many = self.aim.density * self.aim.length
        open_slots = [slot for slot in range(self.slot, tk.SLOTS) if self.playable(slot)]
        wished = [slot for slot in open_slots if slot in wish]
        if wished:
            open_slots, bias[tk.END] = wished[:1], NEVER
        elif wish or self.account <= OVERDRAFT:
            open_slots = []
        for slot in open_slots:
            if slot == 0 and self.spent < 0 and self.account <= OVERDRAFT and not wished:
                continue
            start = tk.RHYTHM + slot * len(tk.DURATIONS)
            odd = -2.0 if slot % 2 and many < 1.6 else 0.0
            odd -= PLACE_PULL * math.log((1 + self.places[slot]) / (1 + self.places[slot ^ 2]))
            bias[start:start + len(tk.DURATIONS)] = [odd + length for length in LENGTHS]
        notes = np.isfinite(bias[tk.RHYTHM:tk.PITCH]).any()
        if not notes:
            bias[tk.END] = 0.0
        elif self.account > 2.5:
            bias[tk.END] = NEVER
        return bias

    def pitch_bias(self, slot: int, wish: int | None, forbidden: set[int]) -> np.ndarray:
        """Leans to the middle, to the key's balance and to small steps; `wish` is a motif's pitch."""
        bias = np.full(tk.VOCABULARY, NEVER)
        if wish is not None:                    # a motif is recognized by its pitches: little else counts
            for pitch in self.playable(slot, leap=24):
                bias[tk.PITCH + tk.REACH + pitch - self.reference] = -MOTIF_PULL * abs(pitch - wish)
            return bias
        playable = self.playable(slot)
        for pitch in [p for p in playable if p not in forbidden] or playable:
            lean = self.lean[(pitch - self.tonic) % 12] - ((pitch - self.middle) / 7.0) ** 2 / 2
            if pitch == self.last_pitch:
                lean -= REPEAT_PULL * (self.repeated - REPEATS)
            if self.last_pitch is not None:
                lean -= STEP_COST * max(abs(pitch - self.last_pitch) - 4, 0)
            bias[tk.PITCH + tk.REACH + pitch - self.reference] = lean
        return bias

    def snapshot(self) -> dict:
        return {**{key: value for key, value in vars(self).items() if key not in ("aim", "known")},
                "mixture": self.mixture.snapshot()}

    def restore(self, state: dict, aim: Aim | None) -> None:
        vars(self).update(state)
        self.mixture = Mixture(**state["mixture"])
        self.aim = aim
