"""Holding the music to what was asked: masks from music theory, and small controllers that close
the loop.

Everything here is a bias: the tokens that may come next, each with a lean in nats. The state is a
few running sums, all JSON-able. Small Python loops, not arrays: a numpy call costs more than a loop
over 14 pitches.
"""

import math

from device.compose import tokens as tk
from device.compose.target import Aim
from device.compose.theory import CHORD_CLASSES, CHORDS, DEGREES, HARSH, PROFILES, harsh
from device.compose.voice_balance import Mixture
from device.compose.voicing import MELODY

MEMORY = 110.0          # notes: how far back the pitch-class balance reaches
LEAP = 16               # semitones: no larger step in the melody
WIDTH = 6.0             # semitones: how far the melody strays from its middle
STEP_COST = 0.05       # nats per semitone beyond a major third
BALANCE = 2.0           # how strongly the pitch classes are drawn to the key profile


def clean(pitch: int) -> int:
    """A bit for each pitch class that isn't harsh against this one."""
    return sum(1 << step for step in range(12) if (step - pitch) % 12 not in HARSH)


def wanted(scale: str) -> list[float]:
    """(12,) how much the key profile wants each pitch class, tonic-relative; 0 off the scale."""
    profile, degrees = PROFILES[scale].tolist(), DEGREES[scale]
    return [profile[step] if step in degrees else 0.0 for step in range(12)]


CLEAN = [clean(pitch) for pitch in range(12)]
WANTED = {scale: wanted(scale) for scale in DEGREES}
CHORD_PULL = 7.0        # how strongly that bears on the choice of chords
MOTIF_PULL = 5.0        # nats per semitone from a motif's pitch
# how strongly onsets owed call for a note: weak, so that there are phrases and rests
ACCOUNT_PULL = 1.5
OVERDRAFT = -1.0        # onsets that a phrase may be ahead
PLACE_PULL = 0.7        # evens out the two pulses of a tick, without which no pulse is heard
REPEATS = 0.12          # share of repeated notes in calm melodies
REPEAT_PULL = 30.0      # nats per share in excess
DEBT = -3.0             # onsets: what a motif may overdraw
LENGTHS = (-1.0, -0.3, 0.3, 0.5, 0.3)       # lean over DURATIONS: legato

Bias = dict[int, float]         # token → lean; what isn't in it is forbidden


class Steering:
    def __init__(self) -> None:
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
        # what `playable` found, until something changes
        self.known: dict[tuple[int, int], list[int]] = {}

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
        self.sounding = [[pitch, left - slots, melody]
                         for pitch, left, melody in self.sounding if left > slots]

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
        seconds = slots * self.aim.length / tk.SLOTS
        self.heard[(pitch - self.tonic) % 12] += 0.25 + min(seconds, 16) / 8
        self.mixture.heard(not melody, pitch - self.centre)

    def melody_note(self, pitch: int, slot: int, slots: int) -> None:
        self.spend(slot)
        self.places = [0.95 * many + (place == slot) for place, many in enumerate(self.places)]
        self.repeated += 0.05 * ((pitch == self.last_pitch) - self.repeated)
        self.sound(pitch, slot, slots, melody=True)
        self.last_pitch = pitch
        self.known.clear()
        self.slot = slot + 1

    # ---- what may sound --------------------------------------------------------------------------

    def playable(self, slot: int, leap: int = LEAP) -> list[int]:
        """MIDI pitches in scale, in register, near enough, and not harsh against what sounds at
        that slot."""
        if (slot, leap) in self.known:
            return self.known[slot, leap]
        classes = 0
        for degree in DEGREES[self.scale]:
            classes |= 1 << (degree + self.tonic) % 12
        for pitch, left, melody in self.sounding:
            if left > slot and not melody:
                classes = classes & CLEAN[pitch % 12] or classes
        centre = round(self.centre)
        low = max(centre + MELODY[0], self.reference - tk.REACH)
        high = min(centre + MELODY[1], self.reference + tk.REACH)
        good = [pitch for pitch in range(low, high + 1) if classes >> pitch % 12 & 1]
        if self.last_pitch is not None:
            good = [pitch for pitch in good if abs(pitch - self.last_pitch) <= leap] or good
        self.known[slot, leap] = good
        return good

    def balance(self) -> list[float]:
        """(12,) lean toward pitch classes that the key profile wants and the last minutes lacked;
        tonic-relative."""
        want = WANTED[self.scale]
        scale, have = sum(want), sum(self.heard)
        leans = [0.0] * 12
        for step, (share, heard) in enumerate(zip(want, self.heard, strict=True)):
            if share:
                lack = share / scale * (have + 4) / (heard + 4 * share / scale)
                leans[step] = max(min(BALANCE * math.log(lack), 3.0), -3.0)
        return leans

    # ---- biases ----------------------------------------------------------------------------------

    def chord_bias(self, before: frozenset | None, ahead: list[int]) -> Bias:
        """Chords of the scale that share a note with `before` (tonic-relative pitch classes) and
        add another; `ahead` are pitches of the melody to come, if it is known."""
        degrees = frozenset(DEGREES[self.scale])
        dark = self.aim.tension > 0.8
        allowed = [index for index, (_, quality) in enumerate(CHORDS)
                   if CHORD_CLASSES[index] <= degrees and (dark or quality != "dim")]
        if before:
            allowed = [index for index in allowed if len(CHORD_CLASSES[index] & before) < 3]
            allowed = [index for index in allowed if CHORD_CLASSES[index] & before] or allowed
        return {tk.CHORD + index: self.chord_lean(index, ahead) for index in allowed}

    def chord_lean(self, index: int, ahead: list[int]) -> float:
        (root, quality), classes = CHORDS[index], CHORD_CLASSES[index]
        balance = CHORD_PULL * sum(self.lean[step] for step in classes) / 3
        home = root == 0 and quality in ("maj", "min")
        steps = [(pitch - self.tonic) % 12 for pitch in ahead]
        borne = sum(bears(classes, step) for step in steps)
        return balance + (2.0 - self.aim.tension) * home + borne

    def rhythm_bias(self, wish: dict[int, int]) -> Bias:
        """Where the next melody note may begin, or END; `wish` is a motif's slots of this tick and
        their pitches."""
        many = self.aim.density * self.aim.length
        slots = list(range(self.slot, tk.SLOTS))
        wished = [slot for slot in slots if slot in wish]
        if wished:
            slots = wished[:1]
        elif wish or self.account <= OVERDRAFT:
            slots = []
        bias = {}
        for slot in slots:
            if slot == 0 and self.spent < 0 and self.account <= OVERDRAFT and not wished:
                continue
            start = tk.RHYTHM + slot * len(tk.DURATIONS)
            odd = -2.0 if slot % 2 and many < 1.6 else 0.0
            odd -= PLACE_PULL * math.log((1 + self.places[slot]) / (1 + self.places[slot ^ 2]))
            for duration, length in enumerate(LENGTHS):
                bias[start + duration] = odd + length
        if not bias or (not wished and self.account <= 2.5):
            bias |= dict.fromkeys(range(tk.END, tk.RHYTHM), -ACCOUNT_PULL * (self.account - 0.5))
        return bias

    def pitch_bias(self, slot: int, wish: int | None, forbidden: set[int]) -> Bias:
        """Leans to the middle, to the key's balance and to small steps; `wish` is a motif's pitch.
        """
        base = tk.PITCH + tk.REACH - self.reference
        if wish is not None:  # a motif is recognized by its pitches: little else counts
            playable = self.playable(slot, leap=24)
            return {base + pitch: -MOTIF_PULL * abs(pitch - wish) for pitch in playable}
        playable = self.playable(slot)
        bias = {}
        for pitch in [p for p in playable if p not in forbidden] or playable:
            lean = self.lean[(pitch - self.tonic) % 12] - ((pitch - self.middle) / WIDTH) ** 2 / 2
            if pitch == self.last_pitch:
                lean -= REPEAT_PULL * (self.repeated - REPEATS)
            if self.last_pitch is not None:
                lean -= STEP_COST * max(abs(pitch - self.last_pitch) - 4, 0)
            bias[base + pitch] = lean
        return bias

    def snapshot(self) -> dict:
        state = {**vars(self), "mixture": self.mixture.snapshot()}
        del state["known"]
        state.pop("aim", None)
        return state

    def restore(self, state: dict, aim: Aim | None) -> None:
        vars(self).update(state)
        self.mixture = Mixture(**state["mixture"])
        if aim is not None:
            self.aim = aim


def bears(classes: frozenset[int], step: int) -> float:
    """How well a chord bears a melody's pitch class; both tonic-relative."""
    return (step in classes) - 1.5 * any(harsh(step, other) for other in classes)
