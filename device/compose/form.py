"""The plan above the ticks: phrases make sections (A A′ B A″ …), sections the night.

A phrase is new, or it answers one of its section, or brings back a theme of long ago, of one's own
or one that was liked; then the plan wishes notes and chords. Inside a new phrase, ticks take up the
rhythm of the ones before. The opinion fills in what isn't wished; so every composer has the plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from device.compose.manners import Manner
from device.compose.motifs import HOOK_SPAN, Line, Theme
from device.compose.tokens import SLOTS

FORMS = ("AABA", "AABB", "ABAB", "ABACA", "AABCA")
PHRASE = 8                  # ticks
SHORTEST, LONGEST = 6, 12
STRAYS = (*(0,) * 18, -2, 2)  # ticks that a new phrase is longer
KEPT = 12                   # themes remembered of the night
CADENCE = 2                 # ticks in which a phrase ends, on one note
LIKED = 4                   # themes remembered of all nights
THEME = (3, 40)             # notes of a phrase that can be remembered
OPENS = 0.45                # chance that a section opens with a theme of long ago
OWN = 0.7                   # and then with one's own, if there is one
CELLS = (1, 2, 2)           # ticks of a rhythm that is taken up
TWIN = 0.4                  # chance that a new phrase goes in the rhythm of its section's first
WITHER = 1.6                # × or ÷: of the density, beyond which a theme is let go
TWIN_WITHERS = 1.3          # and a rhythm with more or fewer notes than are wanted
FAR = 4                     # semitones a contrasting phrase lies higher or lower
PRIMES = ("", "′", "″", "‴")
LISTS = ("own", "liked", "due")


@dataclass(frozen=True, slots=True)
class Wish:
    """A note of the plan."""
    step: int | None        # scale steps from the reference tonic; None: any
    slots: int              # that it sounds


class Form:
    """The plan's place and its memory; all of it JSON-able."""

    def __init__(self) -> None:
        self.letters = ""
        self.place = 0                          # of the phrase in the section
        self.tick = 0                           # of the phrase
        self.length = 0                         # ticks of the phrase
        self.sections = 0
        self.way = ""                           # how the phrase returns; "": it is new
        self.label = ""                         # of the phrase, for the diary
        self.name = ""                          # of the theme that returns
        self.cell = 2
        self.lift = 0                           # semitones that the phrase lies higher
        self.density = 0.0                      # onsets per tick when the phrase began
        self.begun = 0                          # ticks written before the phrase
        self.source = 0                         # and before the one that it answers
        self.theme: Theme | None = None         # what is wished
        self.twin: Theme | None = None          # whose rhythm a new phrase takes up
        self.now: list[list[int]] = []          # notes of this phrase, as in Theme
        self.harmony: list[list[int]] = []      # (tick, chord) of this phrase
        self.themes: dict[str, Theme] = {}      # letter → what it first was, of this section
        self.starts: dict[str, int] = {}        # and when
        self.voicings: dict[str, list[int]] = {}        # chord → part in the bass, pads
        self.kept: list[tuple[float, Theme]] = []       # when it was last heard, s
        self.own: list[Theme] = []
        self.liked: list[Theme] = []
        self.due: list[Theme] = []              # to come back at the next section
        self.contrast = False
        self.returned: dict[str, int] = {}      # how often which theme was brought back
        self.fate = "ornamented"                # how they come when not as they were
        self.script: list[list[int]] = []       # a melody to be sung as it stands
        # wished of this tick of a new phrase; None: nothing is
        self.cells: Sequence[tuple[int, int | None, int]] | None = None
        self.free = 0                           # tick of the phrase from which nothing is wished

    # ---- from outside ----------------------------------------------------------------------------

    def give(self, theme: Theme) -> None:
        """A motif of one's own: the next section opens with it."""
        self.own.insert(0, theme)
        self.due.append(theme)

    def like(self) -> None:
        """What sounds is remembered, and comes back soon."""
        theme = self.sounding()
        if theme:
            self.liked = [theme, *(other for other in self.liked if other != theme)][:LIKED]
            self.due = [theme]

    def skip(self) -> None:
        """What sounds isn't wanted: the next phrase is another, and it won't come back."""
        theme = self.sounding()
        self.contrast = True
        self.kept = [(heard, other) for heard, other in self.kept if other != theme]
        self.liked = [other for other in self.liked if other != theme]
        self.due = []

    def come_back(self) -> None:
        """After a while of less, what there was before is taken up again."""
        theme = self.themes.get("A") or (self.kept[-1][1] if self.kept else None)
        if theme:
            self.due = [theme]
            self.letters = ""

    def sounding(self) -> Theme | None:
        return self.themes.get("A") or next(iter(self.themes.values()), None) or self.theme

    def recall(self, liked: Sequence[Theme]) -> None:
        """A new night: it begins anew, but for what was liked."""
        own, script = self.own, self.script
        vars(self).update(vars(Form()))
        self.own, self.liked, self.script = own, list(liked)[:LIKED], script
        self.due = [*own[:1], *self.liked[:1]]

    # ---- a tick ----------------------------------------------------------------------------------

    def begin(self, ticks: int, length: int, density: float, scale: str, manner: Manner,
              elapsed: float, rng: np.random.Generator) -> None:
        """Before a tick: the plan goes on. `ticks` were written; phrases last `length` of them;
        `density` of the melody in onsets per tick."""
        if self.tick >= self.length:
            self.close(elapsed, scale)
            self.open(ticks, length, density, scale, manner, elapsed, rng)
        elif self.theme and apart(density, self.density) > WITHER:
            self.theme = None                   # it was made for more notes, or for fewer
        if self.twin and apart(density, len(self.twin.notes) / self.twin.ticks) > TWIN_WITHERS:
            self.twin = None
        if self.way or self.ending or rng.random() >= manner.cell:
            return
        if self.twin:
            self.cells = [(slot, None, slots) for slot, _, slots in self.twin.notes
                          if self.tick * SLOTS <= slot < (self.tick + 1) * SLOTS]
        elif self.tick >= self.cell:
            self.take_up(manner, rng)

    def close(self, elapsed: float, scale: str) -> None:
        """The phrase that ends is remembered, if it was new and can be sung again."""
        if self.way or not self.letters or not THEME[0] <= len(self.now) <= THEME[1]:
            return
        theme = Theme(self.length, tuple((a, b, c) for a, b, c in self.now), scale,
                      tuple((a, b) for a, b in self.harmony))
        self.themes[self.letters[self.place]] = theme
        if not self.place:
            self.kept = [*self.kept, (elapsed, theme)][-KEPT:]

    def open(self, ticks: int, length: int, density: float, scale: str, manner: Manner,
             elapsed: float, rng: np.random.Generator) -> None:
        """The next phrase."""
        self.place += 1
        self.theme, self.twin, self.way, self.lift = None, None, "", 0
        self.now, self.harmony, self.tick, self.begun = [], [], 0, ticks
        self.density, self.length = density, max(length + int(rng.choice(STRAYS)), SHORTEST)
        self.cell = int(CELLS[int(rng.integers(len(CELLS)))])
        if self.place >= len(self.letters):
            self.new_section(scale, elapsed, rng)
        letter = self.letters[self.place]
        seen = self.letters[:self.place].count(letter)
        self.label = f"{self.sections} {letter}{PRIMES[min(seen, 3)]}"
        if self.contrast:
            self.contrast, self.theme, self.way = False, None, ""
            self.label = f"{self.sections} contrast"
            self.lift = FAR if rng.random() < 0.5 else -FAR
            self.themes, self.starts = {}, {letter: ticks}
        elif self.way:                          # the section opens with a theme of long ago
            self.starts[letter] = ticks
            self.label += f", {self.name}"
        elif letter in self.themes:
            self.answer(letter, seen, scale, manner, rng)
        else:
            self.starts[letter] = ticks
            self.lift = int(rng.integers(-1, 3)) if letter != "A" else 0
            if rng.random() < TWIN:
                self.twin = self.themes.get("A")
        if self.theme:
            self.length = self.theme.ticks
            self.free = (self.length + 1) // 2 if self.way == "new ending" else self.length

    def new_section(self, scale: str, elapsed: float, rng: np.random.Generator) -> None:
        """A new section, and what its first phrase brings back, if anything."""
        self.letters = FORMS[int(rng.integers(len(FORMS)))]
        self.place, self.themes, self.starts, self.voicings = 0, {}, {}, {}
        self.sections += 1
        old = [place for place, (heard, _) in enumerate(self.kept) if heard < elapsed - HOOK_SPAN]
        if self.due:
            self.bring(self.due.pop(0), scale, rng)
        elif rng.random() < OPENS and (self.own or self.liked or old):
            given = self.own + self.liked
            if given and (not old or rng.random() < OWN):
                self.bring(given[int(rng.integers(len(given)))], scale, rng)
            elif old:
                place = old[int(rng.integers(len(old)))]
                _, theme = self.kept.pop(place)
                self.kept.append((elapsed, theme))
                self.bring(theme, scale, rng)

    def bring(self, theme: Theme, scale: str, rng: np.random.Generator) -> None:
        """A theme returns: as it was every other time."""
        which = (f"own {self.own.index(theme) + 1}" if theme in self.own
                 else "liked" if theme in self.liked else "motif")
        self.returned[which] = times = self.returned.get(which, 0) + 1
        self.way = "literal" if times % 2 else self.fate
        self.theme = theme.sung_as(self.way, scale, int(rng.choice((-2, -1, 1, 2))))
        self.themes["A"] = theme
        self.source = -1
        self.name = f"{which} returns, {self.way}"

    def answer(self, letter: str, seen: int, scale: str, manner: Manner,
               rng: np.random.Generator) -> None:
        """The phrase answers the first of its letter: mostly with another ending at first, and the
        section closes with it as it was."""
        if rng.random() < manner.ornament:
            way = "ornamented"
        elif self.place == len(self.letters) - 1 or seen > 1:
            way = "literal"
        else:
            way = str(rng.choice(("new ending", "literal", "sequenced"), p=(0.5, 0.25, 0.25)))
        self.way = way
        self.theme = self.themes[letter].sung_as(way, scale, int(rng.choice((-1, 1))))
        self.source = self.starts[letter]
        self.label += f" answers, {way}"

    def take_up(self, manner: Manner, rng: np.random.Generator) -> None:
        """This tick of a new phrase takes up the rhythm of the one a cell before; now and then its
        steps, higher or lower."""
        first, here = (self.tick - self.cell) * SLOTS, self.cell * SLOTS
        shift = int(rng.choice((-1, -1, 1))) if rng.random() < manner.sequence else None
        self.cells = [(slot + here, None if shift is None else step + shift, slots)
                      for slot, step, slots in self.now if first <= slot < first + SLOTS]

    # ---- what is asked of the plan ---------------------------------------------------------------

    @property
    def closes(self) -> bool:
        """Whether the section ends with this phrase."""
        return self.place >= len(self.letters) - 1

    @property
    def ending(self) -> str:
        """Whether a "phrase" or a "section" is ending in this tick; else ""."""
        if self.tick < self.length - CADENCE:
            return ""
        return "section" if self.closes else "phrase"

    @property
    def rests(self) -> bool:
        """Whether the phrase has had its last note."""
        first = (self.length - CADENCE) * SLOTS
        return bool(self.ending and self.now and self.now[-1][0] >= first)

    @property
    def share(self) -> float:
        """How much of the phrase is over, 0..1."""
        return self.tick / max(self.length, 1)

    @property
    def lag(self) -> int:
        """Ticks back to what this tick answers; 0: to nothing."""
        if not self.way:
            return self.cell if self.tick >= self.cell else 0
        return self.begun - self.source if self.source >= 0 else 0

    def wishes(self) -> dict[int, Wish] | None:
        """Of this tick: slot → note, {} for a rest; None: nothing is wished."""
        return self.at(self.tick)

    def at(self, tick: int) -> dict[int, Wish] | None:
        notes: Sequence | None = self.script or self.cells
        if self.theme:
            notes = self.theme.notes if tick < self.free else None
        if notes is None:
            return {} if self.rests else None
        first = tick * SLOTS
        return {slot - first: Wish(step, slots) for slot, step, slots in notes
                if first <= slot < first + SLOTS}

    def ahead(self, ticks: int) -> list[int]:
        """Steps that are wished in the ticks to come."""
        return [wish.step for tick in range(self.tick, self.tick + ticks)
                for wish in (self.at(tick) or {}).values() if wish.step is not None]

    def chord(self) -> tuple[int | None, int]:
        """The chord that is wished here, and ticks until the next that is wished or the phrase
        ends."""
        ends = self.length - self.tick
        if self.theme is None:
            return None, ends
        later = [tick - self.tick for tick, _ in self.theme.chords if tick > self.tick]
        return self.theme.chord_at(self.tick), min([*later, ends])

    def sung(self, slot: int, step: int, slots: int) -> None:
        """A melody note came, at a slot of this tick."""
        self.now.append([self.tick * SLOTS + slot, step, slots])

    def harmonized(self, chord: int) -> None:
        self.harmony.append([self.tick, chord])

    def end(self) -> None:
        """After a tick."""
        self.cells = None
        self.tick += 1
        if self.script and self.tick * SLOTS > self.script[-1][0]:
            self.script = []

    def follow(self, line: Line) -> None:
        """Sing this melody next, as it stands."""
        self.script = [list(note) for note in line]
        self.tick, self.length, self.letters = 0, 1 + line[-1][0] // SLOTS if line else 0, ""
        self.way, self.theme, self.source, self.label = "literal", None, -1, "as written"

    # ---- to be kept ------------------------------------------------------------------------------

    def snapshot(self) -> dict:
        return {
            **vars(self),
            "theme": self.theme and self.theme.plain(),
            "twin": self.twin and self.twin.plain(),
            "themes": {letter: theme.plain() for letter, theme in self.themes.items()},
            "kept": [[heard, theme.plain()] for heard, theme in self.kept],
            **{name: [theme.plain() for theme in getattr(self, name)] for name in LISTS},
        }

    def restore(self, state: dict) -> None:
        vars(self).update(state)
        self.theme = state["theme"] and Theme.of(state["theme"])
        self.twin = state["twin"] and Theme.of(state["twin"])
        self.themes = {letter: known(plain) for letter, plain in state["themes"].items()}
        self.kept = [(heard, known(plain)) for heard, plain in state["kept"]]
        for name in LISTS:
            setattr(self, name, [known(plain) for plain in state[name]])


def apart(one: float, other: float) -> float:
    """By how much two densities in onsets per tick differ, as a factor; few are nearly none."""
    ratio = (one + 0.2) / (other + 0.2)
    return max(ratio, 1 / ratio)


def known(plain: object) -> Theme:
    """Raises TypeError for what isn't a theme."""
    theme = Theme.of(plain)
    if theme is None:
        raise TypeError("not a theme")
    return theme


def phrase_ticks(length: float, breath: float | None) -> int:
    """Of a phrase whose ticks last `length` s: as near to PHRASE as whole breaths allow."""
    if not breath or not 4 <= breath <= 40:
        return PHRASE
    one = 60 / breath / length
    breaths = max(round(PHRASE / one), 1)
    return min(max(round(breaths * one), SHORTEST), LONGEST)
