"""One composer for every opinion: it asks what comes next, holds the answer to the recipe, and spells out a Phrase.

The opinion (the RNN, the rules or the Markov chain) gives logits over tokens. Steering adds what the recipe asks and
takes away what music theory forbids; then a token is drawn. So all three can be asked for the same things.
"""

import math
from typing import Protocol

import numpy as np

from device.compose import tokens as tk
from device.compose import voicing
from device.compose.aim import Aim, approach, destination
from device.compose.steering import Steering
from device.compose.theory import CHORD_CLASSES, CHORDS, DEGREES
from device.values import Note, Phrase, Recipe

TEMPERATURE = 0.95
TOP_P = 0.95
SLOWEST_CHORDS, FASTEST_CHORDS = 36.0, 9.0      # s: chords change every 8–40 s
KEY_WALK = (1200.0, 2400.0)                     # s: the tonic walks by a fifth every 20–40 min


class Opinion(Protocol):
    def condition(self, values: np.ndarray, style: np.ndarray) -> None:
        """What is asked for: `values` by tokens.CONDITIONS, `style` (STYLE_SIZE,)."""

    def push(self, token: int) -> None:
        """This token came."""

    def logits(self) -> np.ndarray:
        """(VOCABULARY,) of the next."""

    def snapshot(self) -> dict: ...

    def restore(self, state: dict) -> None: ...


class Composer:
    """An endless piece, tick by tick."""

    def __init__(self, opinion: Opinion, seed: int):
        self.opinion = opinion
        self.rng = np.random.default_rng(seed)
        self.aim: Aim | None = None
        self.scale = ""
        self.tonic = int(self.rng.integers(12))
        self.tick = 0
        self.elapsed = 0.0
        self.chord = -1
        self.chord_left = 0                     # ticks
        self.pads: list[int] = []
        self.walk_at = self.rng.uniform(*KEY_WALK)
        self.bells = 0.0                        # error diffusion: which melody notes are bells
        self.steering = Steering()
        opinion.push(tk.BOS)

    def compose(self, recipe: Recipe, p_asleep: float | None) -> Phrase:
        """The next tick: two pulses. A recipe that changed is approached over about a minute."""
        self.aim = approach(self.aim, destination(recipe, p_asleep))
        aim, length = self.aim, self.aim.length
        notes: list[Note] = []
        if aim.density < 0.01 or aim.music < 0.01:
            self.steering.rest(tk.SLOTS)
            self.chord_left = 0
        else:
            notes = self.write(recipe, aim)
        self.tick += 1
        self.elapsed += length
        return Phrase(length, tuple(notes))

    # ---- one tick ----------------------------------------------------------------------------------------------------

    def write(self, recipe: Recipe, aim: Aim) -> list[Note]:
        if self.chord_left <= 0:
            self.turn(recipe, aim)
        steering = self.steering
        steering.begin(aim, self.scale, self.tonic)
        self.opinion.condition(self.asked(aim), np.zeros(tk.STYLE_SIZE, np.float32))
        slot = aim.length / tk.SLOTS
        notes: list[Note] = []
        if self.chord_left <= 0:
            self.chord = self.draw(self.chord_mask()) - tk.CHORD
            dwell = self.draw(self.dwell_mask(aim)) - tk.DWELL
            self.chord_left = self.ticks(tk.DWELLS[dwell], aim)
            notes += self.strike_pads(aim)
        else:
            self.take(tk.HOLD)
        fresh = bool(notes)
        part = self.draw(steering.bass_mask(fresh)) - tk.BASS
        if part:
            pitch = voicing.bass_pitch(self.chord, part, self.tonic, steering.centre)
            slots = min(self.chord_left, max(2, round(14.0 / aim.length))) * tk.SLOTS
            notes.append(Note(0.0, pitch, slots * slot, 0.3 + 0.25 * aim.brightness, "drone"))
            steering.sound(pitch, 0, slots)
            fresh = True
        if fresh:
            steering.spend(0)
        dynamic = self.draw(steering.anything(tk.DYNAMIC_TOKENS)) - tk.DYNAMIC - 1
        notes += self.melody(aim, dynamic, slot)
        steering.rest(tk.SLOTS)
        self.chord_left -= 1
        return notes

    def turn(self, recipe: Recipe, aim: Aim) -> None:
        """At a chord's end: take up a new scale, and now and then walk to a neighbouring key."""
        if recipe.scale in DEGREES:
            self.scale = recipe.scale
        self.scale = self.scale or "dorian"
        if self.elapsed >= self.walk_at and self.chord >= 0:
            step = int(self.rng.choice((5, 7)))
            self.tonic = (self.tonic + step) % 12
            root, quality = CHORDS[self.chord]
            self.chord = CHORDS.index(((root - step) % 12, quality))
            self.walk_at = self.elapsed + self.rng.uniform(*KEY_WALK)
            self.steering.walk(step)

    def asked(self, aim: Aim) -> np.ndarray:
        slow = 1 / self.ticks(8, aim)
        return tk.conditions(self.scale, aim.density * aim.length, self.steering.asked_register, slow, aim.tension,
                             2 * aim.brightness - 1, self.tick)

    def melody(self, aim: Aim, dynamic: int, slot: float) -> list[Note]:
        steering, notes = self.steering, []
        while True:
            choice = self.draw(steering.rhythm_mask(self.chord_left))
            if choice == tk.END:
                return notes
            place, duration = divmod(choice - tk.RHYTHM, len(tk.DURATIONS))
            token = self.draw(steering.pitch_mask(place, CHORD_CLASSES[self.chord]))
            pitch = steering.reference + token - tk.PITCH - tk.REACH
            slots = min(tk.DURATIONS[duration], self.chord_left * tk.SLOTS - place)
            velocity = min(max(0.22 + 0.5 * aim.brightness + 0.05 * dynamic, 0.1), 0.9)
            notes = [cut(note, place * slot) for note in notes]
            notes.append(Note(place * slot, pitch, slots * slot, velocity, self.voice(aim)))
            steering.melody_note(pitch, place, slots)

    def voice(self, aim: Aim) -> str:
        self.bells += 0.8 * aim.brightness
        if self.bells >= 1:
            self.bells -= 1
            return "bell"
        return "piano"

    def strike_pads(self, aim: Aim) -> list[Note]:
        self.pads = voicing.lead(self.chord, self.tonic, self.steering.centre, self.pads)
        slots = self.chord_left * tk.SLOTS
        for pitch in self.pads:
            self.steering.sound(pitch, 0, slots)
        return [Note(0.0, pitch, self.chord_left * aim.length, 0.25 + 0.35 * aim.brightness, "pad")
                for pitch in self.pads]

    # ---- chords --------------------------------------------------------------------------------------------------

    def chord_mask(self) -> np.ndarray:
        return self.steering.chord_mask(self.chord)

    def dwell_mask(self, aim: Aim) -> np.ndarray:
        """Bias over dwells: only those that put chord changes 8–40 s apart."""
        bias = np.full(tk.VOCABULARY, -np.inf)
        for index, dwell in enumerate(tk.DWELLS):
            seconds = dwell * aim.length
            if seconds > FASTEST_CHORDS / 1.5 and seconds < SLOWEST_CHORDS * 1.2:
                bias[tk.DWELL + index] = 0.0
        return bias

    def ticks(self, dwell: int, aim: Aim) -> int:
        """A dwell in whole ticks, held between the fastest and slowest changes."""
        low, high = math.ceil(FASTEST_CHORDS / aim.length), math.floor(SLOWEST_CHORDS / aim.length)
        return min(max(dwell, low), high)

    # ---- drawing ---------------------------------------------------------------------------------------------------

    def draw(self, bias: np.ndarray) -> int:
        """A token by the opinion's logits plus `bias` (−inf forbids), tempered, from the top of the distribution."""
        logits = self.opinion.logits() + bias
        weights = np.exp((logits - logits.max()) / TEMPERATURE)
        order = np.argsort(-weights, kind="stable")
        total = np.cumsum(weights[order]) / weights.sum()
        kept = order[:int(np.searchsorted(total, TOP_P)) + 1]
        token = int(self.rng.choice(kept, p=weights[kept] / weights[kept].sum()))
        self.take(token)
        return token

    def take(self, token: int) -> None:
        self.opinion.push(token)


def cut(note: Note, start: float) -> Note:
    """A melody note ends where the next begins."""
    return note._replace(duration=min(note.duration, max(start - note.start, 0.05))) if note.start < start else note
