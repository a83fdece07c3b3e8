"""Holding the music to what was asked: masks from music theory, and small controllers that close
the loop.

Everything here is a bias: the tokens that may come next, each with a lean in nats. The state is a
few running sums, all JSON-able. Small Python loops, not arrays: a numpy call costs more than a loop
over 14 pitches.
"""

import math
from collections.abc import Mapping

from device.compose import tokens as tk
from device.compose.form import Wish
from device.compose.manners import PLAIN, Manner
from device.compose.target import Aim
from device.compose.theory import CHORD_CLASSES, CHORDS, DEGREES, HARSH, PROFILES, harsh
from device.compose.voice_balance import Mixture
from device.compose.voicing import MELODY

MEMORY = 110.0          # notes: how far back the pitch-class balance reaches
LEAP = 16               # semitones: no larger step in the melody
WIDTH = 9.0             # semitones: how far the melody strays from its middle
STEP_COST = 0.05        # nats per semitone beyond a major third
BALANCE = 2.0           # how strongly the pitch classes are drawn to the key profile
SUNG = 0.5              # share of that for the melody: with more of it, it hardly goes by step


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
REPEAT_PULL = 4.0       # nats per share in excess
DEBT = -5.0             # onsets: what a theme may overdraw
OWED = 2.0              # onsets, beyond which no rest is kept
THIN = -3.0             # below it, of each tick only the first wished note is sung
PASSING = 2             # slots: a note so short may grate as it passes
PASSES = 2.0            # nats toward such a note
RESOLVES = 1.2          # nats toward a step, from a note that isn't of the chord
CHORD_WISH = 12.0       # nats toward the plan's chord
BORNE = 2.0             # nats for each wished note that a chord bears
CLOSE = 4.0             # nats toward home, where a section ends
STABLE, STRONG = 3.0, 0.6       # nats toward the chord's notes, where a phrase ends; on a pulse
LONG_END = 0.8          # nats for each doubling of the note that ends a phrase
LENGTHS = (-1.0, -0.3, 0.3, 0.5, 0.3)       # lean over DURATIONS: legato, and a pulse to be heard

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
        self.manner = PLAIN
        self.chord: frozenset[int] = frozenset()        # that sounds, tonic-relative

    def begin(self, aim: Aim, scale: str, tonic: int, manner: Manner) -> None:
        """A new tick."""
        self.aim, self.scale, self.tonic, self.manner = aim, scale, tonic, manner
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

    def chord_bias(self, before: frozenset | None, ahead: list[int], wish: int | None = None,
                   ending: str = "") -> Bias:
        """Chords of the scale that share a note with `before` (tonic-relative pitch classes) and
        add another; `ahead` are pitches of the melody to come, `wish` is the plan's chord, if they
        are known; `ending` of what this chord is the last."""
        degrees = frozenset(DEGREES[self.scale])
        dark = self.aim.tension > 0.8
        allowed = [index for index, (_, quality) in enumerate(CHORDS)
                   if CHORD_CLASSES[index] <= degrees and (dark or quality != "dim")]
        if before:
            allowed = [index for index in allowed
                       if len(CHORD_CLASSES[index] & before) < 3 or index == wish]
            allowed = [index for index in allowed if CHORD_CLASSES[index] & before] or allowed
        bias = {tk.CHORD + index: self.chord_lean(index, ahead, ending) for index in allowed}
        if wish is not None and tk.CHORD + wish in bias:
            bias[tk.CHORD + wish] += CHORD_WISH
        return bias

    def chord_lean(self, index: int, ahead: list[int], ending: str = "") -> float:
        (root, quality), classes = CHORDS[index], CHORD_CLASSES[index]
        balance = CHORD_PULL * sum(self.lean[step] for step in classes) / 3
        home = root == 0 and quality in ("maj", "min")
        steps = [(pitch - self.tonic) % 12 for pitch in ahead]
        borne = BORNE * sum(bears(classes, step) for step in steps)
        closes = CLOSE * home * (ending == "section")
        return balance + (2.0 - self.aim.tension) * home + borne + closes

    def rhythm_bias(self, wish: Mapping[int, Wish] | None, ending: str = "") -> Bias:
        """Where the next melody note may begin, or END; `wish` is what the plan wishes of this
        tick ({}: a rest). A phrase that ends does so on one long note, and rests."""
        many = self.aim.density * self.aim.length
        slots = list(range(self.slot, tk.SLOTS))
        spare = THIN if wish and self.slot > min(wish) else DEBT + 1
        wished = [slot for slot in slots if wish and slot in wish and self.account > spare]
        rests = wish is not None and (bool(wish) or self.account < OWED)
        if wished:
            slots = wished[:1]
        elif rests or self.account <= OVERDRAFT or ending and self.slot:
            slots = []
        bias = {}
        for slot in slots:
            if slot == 0 and self.spent < 0 and self.account <= OVERDRAFT and not wished:
                continue
            start = tk.RHYTHM + slot * len(tk.DURATIONS)
            odd = -2.0 if slot % 2 and many < 1.6 else 0.0
            odd -= PLACE_PULL * math.log((1 + self.places[slot]) / (1 + self.places[slot ^ 2]))
            odd += self.manner.slots[slot]
            for duration, length in enumerate(LENGTHS):
                lean = length + self.manner.durations[duration]
                lean += LONG_END * (duration - 3) * bool(ending)
                bias[start + duration] = odd + lean
        if wished:
            fits = nearest((wish or {})[wished[0]].slots)
            bias = {token: lean for token, lean in bias.items()
                    if (token - tk.RHYTHM) % len(tk.DURATIONS) == fits}
        if not bias or (not wished and self.account <= OWED):
            bias |= dict.fromkeys(range(tk.END, tk.RHYTHM), -ACCOUNT_PULL * (self.account - 0.5))
        return bias

    def pitch_bias(self, slot: int, wish: int | None, forbidden: set[int], lift: int = 0,
                   ends: bool = False, slots: int = 4) -> Bias:
        """Leans to the middle (`lift` semitones higher), to the key's balance and to small steps;
        `wish` is the plan's pitch, `ends` whether a phrase does with this note of `slots`."""
        base = tk.PITCH + tk.REACH - self.reference
        if wish is not None:  # a theme is recognized by its pitches: little else counts
            playable = self.playable(slot, leap=24)
            if wish not in playable and slots <= PASSING and slot % 2 and self.inside(wish):
                playable = [*playable, wish]    # it passes by
            playable = [p for p in playable if p not in forbidden] or playable
            return {base + pitch: -MOTIF_PULL * abs(pitch - wish) for pitch in playable}
        playable = self.playable(slot)
        passing = self.passing(playable) if slots <= PASSING and not ends else []
        playable = [*playable, *passing]
        middle = self.middle + lift
        chord, last = self.chord, self.last_pitch
        foreign = last is not None and (last - self.tonic) % 12 not in chord
        bias = {}
        for pitch in [p for p in playable if p not in forbidden] or playable:
            step = (pitch - self.tonic) % 12
            lean = SUNG * self.lean[step] - ((pitch - middle) / WIDTH) ** 2 / 2
            lean += PASSES * (pitch in passing)
            if step in chord:
                lean += STABLE if ends else STRONG * (slot % 2 == 0)
            if pitch == last:
                lean -= REPEAT_PULL * (self.repeated - REPEATS)
            if last is not None:
                far = abs(pitch - last)
                lean -= STEP_COST * max(far - 4, 0) - self.manner.step * max(far - 2, 0)
                lean += RESOLVES * (foreign and 1 <= far <= 2)
            bias[base + pitch] = lean
        return bias

    def passing(self, playable: list[int]) -> list[int]:
        """Pitches a step of the scale from the last that grate against what sounds; none from one
        that isn't of the chord itself, which is to be resolved first."""
        last = self.last_pitch
        if last is None or (last - self.tonic) % 12 not in self.chord:
            return []
        degrees = DEGREES[self.scale]
        return [pitch for pitch in (last - 2, last - 1, last + 1, last + 2)
                if pitch not in playable and (pitch - self.tonic) % 12 in degrees
                and self.inside(pitch)]

    def inside(self, pitch: int) -> bool:
        return (round(self.centre) + MELODY[0] <= pitch <= round(self.centre) + MELODY[1]
                and abs(pitch - self.reference) <= tk.REACH)

    def snapshot(self) -> dict:
        state = {**vars(self), "mixture": self.mixture.snapshot()}
        for name in ("known", "aim", "manner", "chord"):        # known anew in each tick
            state.pop(name, None)
        return state

    def restore(self, state: dict, aim: Aim | None) -> None:
        vars(self).update(state)
        self.mixture = Mixture(**state["mixture"])
        if aim is not None:
            self.aim = aim


def nearest(slots: int) -> int:
    """Index of the duration nearest by ratio."""
    return min(range(len(tk.DURATIONS)),
               key=lambda index: abs(math.log2(tk.DURATIONS[index] / slots)))


def bears(classes: frozenset[int], step: int) -> float:
    """How well a chord bears a melody's pitch class; both tonic-relative."""
    return (step in classes) - 1.5 * any(harsh(step, other) for other in classes)
