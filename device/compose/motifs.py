"""Themes: a phrase's notes and chords as they can be sung again, the ways of singing them, and a
bound on hooks."""

from collections import deque
from dataclasses import dataclass, replace
from itertools import pairwise

from device.compose.theory import CHORDS, DEGREES
from device.compose.tokens import SLOTS

# a pattern of so many notes may be heard so often within 10 min
HOOK_NOTES, HOOK_SPAN, HOOK_BOUND = 5, 600.0, 3

# (slot after the phrase's first, scale steps from the reference tonic, slots that it sounds)
Line = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Theme:
    ticks: int
    notes: Line
    scale: str                                  # that the steps are of
    chords: tuple[tuple[int, int], ...] = ()    # (tick, index into CHORDS)

    def plain(self) -> list:
        """JSON-able."""
        return [self.ticks, [list(note) for note in self.notes], self.scale,
                [list(chord) for chord in self.chords]]

    @classmethod
    def of(cls, plain: object) -> "Theme | None":
        """What `plain` wrote; None for anything else."""
        if not isinstance(plain, list) or len(plain) != 4:
            return None
        try:
            length, line, mode, harmony = plain
            theme = cls(int(length), tuple((int(a), int(b), int(c)) for a, b, c in line), mode,
                        tuple((int(a), int(b)) for a, b in harmony))
        except (TypeError, ValueError, OverflowError):
            return None
        sane = all(0 <= slot < 16 * SLOTS and abs(step) < 40 and 0 < slots <= 64
                   for slot, step, slots in theme.notes)
        known = all(0 <= chord < len(CHORDS) for _, chord in theme.chords)
        whole = sane and known and theme.scale in tuple(DEGREES) and 0 < theme.ticks <= 16
        return theme if whole and theme.notes else None

    def chord_at(self, tick: int) -> int | None:
        return next((chord for begins, chord in self.chords if begins == tick), None)

    def sung_as(self, way: str, scale: str, shift: int = 0) -> "Theme":
        """The theme in a scale, in one of the WAYS; `shift` in scale steps, of a sequence."""
        notes = tuple((slot, restep(step, self.scale, scale), slots)
                      for slot, step, slots in self.notes)
        theme = replace(self, notes=notes, scale=scale)
        return WAYS[way](theme, shift)


def literal(theme: Theme, shift: int) -> Theme:
    return theme


def new_ending(theme: Theme, shift: int) -> Theme:
    """Its first half; the rest is open."""
    half = (theme.ticks + 1) // 2
    return replace(theme, notes=tuple(note for note in theme.notes if note[0] < half * SLOTS),
                   chords=tuple(chord for chord in theme.chords if chord[0] < half))


def sequenced(theme: Theme, shift: int) -> Theme:
    """Higher or lower by `shift` steps; the harmony finds its own way."""
    moved = tuple((slot, step + shift, slots) for slot, step, slots in theme.notes)
    return replace(theme, notes=moved, chords=())


def ornamented(theme: Theme, shift: int) -> Theme:
    """A neighbour, or what lies between, is put into the long notes on its way."""
    out: list[tuple[int, int, int]] = []
    ends = [*(slot for slot, *_ in theme.notes[1:]), theme.ticks * SLOTS]
    targets = [*(step for _, step, _ in theme.notes[1:]), None]
    for (slot, step, slots), end, target in zip(theme.notes, ends, targets, strict=True):
        room = end - slot
        if room >= 4 and target is not None and len(out) % 3 != 2:
            way = (target > step) - (target < step) or 1
            out += [(slot, step, room - 2), (end - 2, step + way, 2)]
        else:
            out.append((slot, step, slots))
    return replace(theme, notes=tuple(out))


def augmented(theme: Theme, shift: int) -> Theme:
    """Its first half, twice as slow."""
    half = new_ending(theme, shift)
    slow = tuple((2 * slot, step, 2 * slots) for slot, step, slots in half.notes)
    return replace(theme, notes=slow, chords=())


WAYS = {"literal": literal, "new ending": new_ending, "sequenced": sequenced,
        "ornamented": ornamented, "augmented": augmented}


def to_step(pitch: int, tonic: int, scale: str) -> int:
    """Scale steps above MIDI 0's tonic; a pitch outside counts as the step below."""
    degrees = DEGREES[scale]
    octave, inside = divmod(pitch - tonic, 12)
    return octave * len(degrees) + max(i for i, degree in enumerate(degrees) if degree <= inside)


def to_pitch(step: int, tonic: int, scale: str) -> int:
    degrees = DEGREES[scale]
    octave, inside = divmod(step, len(degrees))
    return octave * 12 + degrees[inside] + tonic


def restep(step: int, old: str, new: str) -> int:
    """The same step in a scale of as many notes; else the nearest by pitch, from below."""
    if len(DEGREES[old]) == len(DEGREES[new]):
        return step
    return to_step(to_pitch(step, 0, old), 0, new)


class Hooks:
    """How often a pattern of the melody came lately."""

    def __init__(self) -> None:
        self.patterns: dict[tuple, deque] = {}
        self.line: list[tuple[int, int]] = []               # (pitch, slots since the note before)
        self.last_slot = 0

    def sung(self, tick: int, slot: int, pitch: int, elapsed: float) -> None:
        """A melody note came."""
        absolute = tick * SLOTS + slot
        self.line = [*self.line[-(HOOK_NOTES - 1):], (pitch, min(absolute - self.last_slot, 16))]
        self.last_slot = absolute
        if len(self.line) == HOOK_NOTES:
            times = self.patterns.setdefault(self.pattern(self.line), deque(maxlen=HOOK_BOUND + 1))
            times.append(elapsed)

    def forget(self, elapsed: float) -> None:
        """What is too long ago to count."""
        since = elapsed - HOOK_SPAN
        self.patterns = {key: times for key, times in self.patterns.items() if times[-1] > since}

    @staticmethod
    def pattern(line: list[tuple[int, int]]) -> tuple:
        return tuple((b[0] - a[0], b[1]) for a, b in pairwise(line))

    def forbidden(self, tick: int, slot: int, pitches: list[int], elapsed: float) -> set[int]:
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
        patterns = [[key, list(times)] for key, times in self.patterns.items()]
        return {**vars(self), "patterns": patterns}

    def restore(self, state: dict) -> None:
        vars(self).update(state)
        self.line = [tuple(note) for note in state["line"]]
        self.patterns = {tuple(map(tuple, key)): deque(times, maxlen=HOOK_BOUND + 1)
                         for key, times in state["patterns"]}
