"""Motif memory: short melodies are kept, and come back on purpose and varied; and a bound on hooks.
"""

from collections import deque
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from device.compose.theory import DEGREES
from device.compose.tokens import SLOTS

LENGTH = 4                  # ticks of a motif
NOTES = (3, 9)              # onsets it must have
KEPT = 12                   # motifs remembered
RETURN = 0.04  # chance per tick that one begins to return, when none does: 5–15 % of ticks
VARIATIONS = ("higher", "lower", "stretched", "mirrored", "new ending")
# a pattern of so many notes may be heard so often within 10 min
HOOK_NOTES, HOOK_SPAN, HOOK_BOUND = 5, 600.0, 3

# (slot after the motif's first, scale steps from its first note)
Line = tuple[tuple[int, int], ...]


def to_step(pitch: int, tonic: int, scale: str) -> int:
    """Scale steps above MIDI 0's tonic; a pitch outside counts as the step below."""
    degrees = DEGREES[scale]
    octave, inside = divmod(pitch - tonic, 12)
    return octave * len(degrees) + max(i for i, degree in enumerate(degrees) if degree <= inside)


def to_pitch(step: int, tonic: int, scale: str) -> int:
    degrees = DEGREES[scale]
    octave, inside = divmod(step, len(degrees))
    return octave * 12 + degrees[inside] + tonic


class Motifs:
    """What was sung, what is being sung again, and how often a pattern came lately."""

    def __init__(self) -> None:
        self.kept: list[Line] = []
        self.own = 0  # how many of `kept` were given, not found
        # (tick, slot, pitch) of the last ticks' melody
        self.recent: list[tuple[int, int, int]] = []
        self.wishes: dict[int, dict[int, int]] = {}         # tick → slot → pitch
        # tick → (slot, scale steps from the reference tonic)
        self.script: dict[str, list[tuple[int, int]]] = {}
        self.returning = ""
        self.patterns: dict[tuple, deque] = {}
        self.line: list[tuple[int, int]] = []               # (pitch, slots since the note before)
        self.last_slot = 0

    def give(self, line: Line) -> None:
        """A motif from outside: the night develops it before any other."""
        self.kept.insert(0, line)
        self.own += 1

    def follow(self, line: Line, tick: int) -> None:
        """Sing this line from `tick` on, as it stands: steps count from the tonic nearest the
        melody's middle."""
        self.script = {}
        for slot, step in line:
            at, inside = divmod(slot, SLOTS)
            self.script.setdefault(str(tick + at), []).append((inside, step))

    def ahead(self, tick: int, ticks: int, reference: int, tonic: int, scale: str) -> list[int]:
        """Pitches that the script or a returning motif will want in the ticks to come."""
        home = to_step(reference, tonic, scale)
        scripted = [to_pitch(home + step, tonic, scale) for at in range(tick, tick + ticks)
                    for _, step in self.script.get(str(at), ())]
        for at, wish in self.wishes.items():
            if at < tick + ticks:
                scripted += wish.values()
        return scripted

    def begin(self, tick: int, tonic: int, scale: str, reference: int,
              fits: Callable[[], list[int]], rng: np.random.Generator) -> dict[int, int]:
        """The motif's wishes for this tick: slot → MIDI pitch. Now and then a motif begins to
        return, on pitches that the present chord bears (`fits()`)."""
        if self.script:
            self.returning = "as written"
            home = to_step(reference, tonic, scale)
            now = self.script.pop(str(tick), ())
            return {slot: to_pitch(home + step, tonic, scale) for slot, step in now}
        self.wishes = {at: wish for at, wish in self.wishes.items() if at >= tick}
        if not self.wishes:
            self.returning = ""
            if self.kept and rng.random() < RETURN:
                self.recall(tick, tonic, scale, fits(), rng)
        return self.wishes.get(tick, {})

    def recall(self, tick: int, tonic: int, scale: str, fits: list[int],
               rng: np.random.Generator) -> None:
        """Begin to return a motif: varied, where most of it lies on pitches that fit."""
        given = self.own and rng.random() < 0.6
        place = int(rng.integers(self.own if given else len(self.kept)))
        variation = VARIATIONS[int(rng.integers(len(VARIATIONS)))]
        line = vary(self.kept[place], variation)
        middle = to_step(round(sum(fits) / len(fits)) if fits else 60, tonic, scale)
        middle += {"higher": 1, "lower": -1}.get(variation, 0)

        def suits(start: int) -> tuple[int, int]:
            on_chord = sum(to_pitch(start + step, tonic, scale) in fits for _, step in line)
            return on_chord, -abs(start - middle)
        first = max(range(middle - 5, middle + 6), key=suits)
        for slot, step in line:
            at, inside = divmod(slot, SLOTS)
            self.wishes.setdefault(tick + at, {})[inside] = to_pitch(first + step, tonic, scale)
        self.returning = f"motif {place + 1} returns, {variation}"

    def sung(self, tick: int, slot: int, pitch: int, elapsed: float) -> None:
        """A melody note came."""
        absolute = tick * SLOTS + slot
        self.line = [*self.line[-(HOOK_NOTES - 1):], (pitch, min(absolute - self.last_slot, 16))]
        self.last_slot = absolute
        if len(self.line) == HOOK_NOTES:
            times = self.patterns.setdefault(self.pattern(self.line), deque(maxlen=HOOK_BOUND + 1))
            times.append(elapsed)
        if not self.returning:
            self.recent.append((tick, slot, pitch))

    def end(self, tick: int, tonic: int, scale: str, elapsed: float) -> None:
        """After a tick: keep what the last ticks sang, if it is a motif; forget old patterns."""
        self.recent = [note for note in self.recent if note[0] > tick - LENGTH]
        if tick % 16 == 15 and NOTES[0] <= len(self.recent) <= NOTES[1]:
            line = [(at * SLOTS + slot, to_step(pitch, tonic, scale))
                    for at, slot, pitch in self.recent]
            first, base = line[0]
            self.kept.append(tuple((slot - first, step - base) for slot, step in line))
            if len(self.kept) > KEPT:
                del self.kept[self.own]
        if tick % 64 == 0:
            since = elapsed - HOOK_SPAN
            self.patterns = {key: times for key, times in self.patterns.items()
                             if times[-1] > since}

    @staticmethod
    def pattern(line: list[tuple[int, int]]) -> tuple:
        return tuple((b[0] - a[0], b[1]) for a, b in pairwise(line))

    def hooks(self, tick: int, slot: int, pitches: list[int], elapsed: float) -> set[int]:
        """Those pitches that would make a pattern heard once too often."""
        if len(self.line) < HOOK_NOTES - 1:
            return set()
        tail = self.line[-(HOOK_NOTES - 1):]
        start, last = self.pattern(tail), tail[-1][0]
        gap = min(tick * SLOTS + slot - self.last_slot, 16)
        found = set()
        for pitch in pitches:
            times = self.patterns.get((*start, (pitch - last, gap)), ())
            if len(times) >= HOOK_BOUND and times[-HOOK_BOUND] > elapsed - HOOK_SPAN:
                found.add(pitch)
        return found

    def snapshot(self) -> dict:
        return {
            **vars(self),
            "wishes": [[at, list(wish.items())] for at, wish in self.wishes.items()],
            "patterns": [[key, list(times)] for key, times in self.patterns.items()],
        }

    def restore(self, state: dict) -> None:
        vars(self).update(state)
        self.kept = [tuple(map(tuple, line)) for line in state["kept"]]
        self.recent = [tuple(note) for note in state["recent"]]
        self.line = [tuple(note) for note in state["line"]]
        self.wishes = {at: dict(map(tuple, wish)) for at, wish in state["wishes"]}
        self.patterns = {tuple(map(tuple, key)): deque(times, maxlen=HOOK_BOUND + 1)
                         for key, times in state["patterns"]}


def vary(line: Line, variation: str) -> Line:
    if variation == "stretched":
        return tuple((2 * slot, step) for slot, step in line)
    if variation == "mirrored":
        return tuple((slot, -step) for slot, step in line)
    if variation == "new ending":
        return line[:-1]
    return line
