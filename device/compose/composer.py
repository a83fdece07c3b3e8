"""One composer for every opinion: it asks what comes next, holds the answer to the recipe, and
spells out a Phrase.

The opinion (the RNN, the rules or the Markov chain) gives logits over tokens. Steering says which
of them music theory allows and leans them to what the recipe asks; then a token is drawn. So all
three can be asked for the same things.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import astuple
from itertools import accumulate
from typing import Protocol

import numpy as np

from device.compose import tokens as tk
from device.compose import voicing
from device.compose.arc import Arc
from device.compose.constraints import Bias, Steering
from device.compose.form import LIKED, Form, Wish, phrase_ticks
from device.compose.manners import MANNERS, PLAIN, Manner, between
from device.compose.motifs import Hooks, Line, Theme, to_pitch, to_step
from device.compose.repeat_filter import Repeats
from device.compose.target import Aim, approach, destination
from device.compose.taste import Taste
from device.compose.theory import CHORD_CLASSES, DEGREES
from device.compose.voice_balance import BELL_CHORDS, BELL_MELODY, touch
from device.values import Note, Phrase, Recipe

TEMPERATURE = 1.0
TOP_P = 0.97
SLOWEST_CHORDS, FASTEST_CHORDS = 36.0, 9.0      # s: chords change every 8–40 s
KEY_WALK = (1200.0, 2400.0)                     # s: the tonic walks by a fifth every 20–40 min
MORPH = 24.0                                    # s that a change of style takes
LONG = 8                                        # slots: a note that rests on its chord
FULLER = 1.3                                    # × of density: the music comes back
AHEAD = 4                                       # ticks of a known melody that a chord is chosen for
BASS_LASTS = 14.0                               # s
# a root, a third or a fifth under each chord
BASS_BIAS = {tk.BASS + 1: 1.5, tk.BASS + 2: -1.0, tk.BASS + 3: -0.5}


class Opinion(Protocol):
    styles: Mapping[str, np.ndarray]            # named points of the style latent

    def condition(self, values: np.ndarray, style: np.ndarray) -> None:
        """What is asked for: `values` by tokens.CONDITIONS, `style` (STYLE_SIZE,)."""

    def answer(self, lag: int) -> None:
        """The tick to come answers the one so many before it; 0: none."""

    def push(self, token: int) -> None:
        """This token came."""

    def logits(self) -> np.ndarray:
        """(VOCABULARY,) of the next."""

    def snapshot(self) -> dict: ...

    def restore(self, state: dict) -> None: ...


class Composer:
    """An endless piece, tick by tick. `repeats` may be the filter of many nights; its file is the
    caller's affair."""

    name = ""

    def __init__(self, opinion: Opinion, seed: int, repeats: Repeats | None = None):
        self.opinion = opinion
        self.rng = np.random.default_rng(seed)
        self.repeats = repeats or Repeats()
        self.steering = Steering()
        self.form = Form()
        self.arc = Arc()
        self.hooks = Hooks()
        self.manners: Mapping[str, Manner] = MANNERS
        self.manner = PLAIN
        self.before_this: tuple[str, float] = ("", 0.0)     # the last recipe's name and density
        self.liked = 0                          # likes minus skips of the night
        self.taste = Taste()
        self.leans = self.taste.leans()
        self.aim: Aim | None = None
        self.style: np.ndarray | None = None
        self.scale = ""
        self.tonic = int(self.rng.integers(12))
        self.tick = 0
        self.written = 0                        # ticks that weren't silent
        self.elapsed = 0.0                      # s
        self.chord: int | None = None           # index into CHORDS, tonic-relative
        self.chord_left = 0                     # ticks
        self.before: list[int] = []             # the chord sounding until now, MIDI pitch classes
        self.pads: list[int] = []
        self.walk_at = float(self.rng.uniform(*KEY_WALK))
        self.light = 0.4  # 0..1 to play in, for the brightness asked of so many notes
        self.bells = 0.0                        # error diffusion: which notes are bells
        opinion.push(tk.BOS)

    def compose(self, recipe: Recipe, p_asleep: float | None, breath: float | None = None,
                liked: int = 0) -> Phrase:
        """The next tick: two pulses. A recipe that changed is approached over about a minute;
        phrases last whole breaths (/min), if they are known; `liked` are the night's likes minus
        skips: what is liked comes back, what is skipped gives way to something else."""
        self.react(recipe, liked)
        self.aim = approach(self.aim, destination(recipe, p_asleep))
        aim = self.arc.bent(self.aim)
        notes: list[Note] = []
        section = ""
        if aim.density < 0.01 or aim.music < 0.01:
            self.steering.rest(tk.SLOTS)
            self.chord_left = 0
        else:
            notes = self.write(recipe, aim, breath)
            section = self.form.label
        self.repeats.add(*self.spelled(notes, aim))
        self.tick += 1
        self.elapsed += aim.length
        self.arc.go(aim.length, p_asleep)
        return Phrase(aim.length, tuple(notes), section=section)

    def react(self, recipe: Recipe, liked: int) -> None:
        """To a press, and to fuller music after a while of less (a masking, a dawn)."""
        if liked > self.liked:
            self.form.like()
        elif liked < self.liked:
            self.form.skip()
        name, density = self.before_this
        if recipe.name == name and recipe.density > FULLER * density > 0:
            self.form.come_back()
        self.liked, self.before_this = liked, (recipe.name, recipe.density)

    def give_motif(self, theme: Theme) -> None:
        """A theme from outside (see `lullaby.motif`): the night develops it."""
        self.form.give(theme)

    def follow(self, line: Line) -> None:
        """Sing this melody next (see `lullaby.melody`), in our own key, scale and style: a piece
        re-dressed."""
        self.form.follow(line)

    def learn_taste(self, kept: dict | None, rng: np.random.Generator, liked: int = 0) -> dict:
        """Set out a small step from the taste that is `kept`, once tonight's likes or skips have
        moved it, with the themes that were liked; what to keep now."""
        taste = Taste.recall(kept).learn(self.taste, liked)
        self.taste = taste.vary(rng)
        self.leans = self.taste.leans()
        themes = themes_of(kept)
        if liked > 0:
            themes = self.form.liked or themes
        elif liked < 0:
            themes = [theme for theme in themes if theme in self.form.liked]
        self.form.recall(themes)
        self.arc, self.liked = Arc(), 0
        return {**taste.state(), "themes": [theme.plain() for theme in themes]}

    # ---- one tick --------------------------------------------------------------------------------

    def write(self, recipe: Recipe, aim: Aim, breath: float | None) -> list[Note]:
        self.manner = between(self.manner, self.manners.get(recipe.style, PLAIN),
                              min(aim.length / MORPH, 1) if self.tick else 1)
        fresh = self.chord_left <= 0
        if fresh:
            self.turn(recipe)
        steering, form = self.steering, self.form
        steering.begin(aim, self.scale, self.tonic, self.manner)
        form.fate = self.arc.fate()
        form.begin(self.written, phrase_ticks(aim.length, breath), aim.density * aim.length,
                   self.scale, self.manner, self.elapsed, self.rng)
        bright = min(max(aim.brightness + self.taste.light, 0.0), 1.0)
        self.light = steering.mixture.light(self.light, bright, aim.density)
        self.opinion.condition(self.asked(aim), self.styled(recipe, aim))
        self.opinion.answer(form.lag)
        notes = self.chord_notes(aim) if fresh else []
        steering.chord = CHORD_CLASSES[self.chord] if self.chord is not None else frozenset()
        notes += self.melody(aim, form.wishes())
        notes = self.vary_repeats(notes, aim)
        steering.rest(tk.SLOTS)
        form.end()
        if self.tick % 64 == 0:
            self.hooks.forget(self.elapsed)
        self.chord_left -= 1
        self.written += 1
        return notes

    def home(self) -> int:
        """The reference tonic in scale steps."""
        return to_step(self.steering.reference, self.tonic, self.scale)

    def pitch_of(self, step: int) -> int:
        return to_pitch(self.home() + step, self.tonic, self.scale)

    def turn(self, recipe: Recipe) -> None:
        """At a chord's end: take up a new scale, and now and then walk to a neighbouring key."""
        self.scale = recipe.scale if recipe.scale in DEGREES else self.scale or "dorian"
        self.before = []
        if self.chord is not None:
            self.before = [(step + self.tonic) % 12 for step in CHORD_CLASSES[self.chord]]
        if self.elapsed >= self.walk_at:
            step = self.arc.walk(self.rng)
            self.tonic = (self.tonic + step) % 12
            self.walk_at = self.elapsed + float(self.rng.uniform(*KEY_WALK))
            self.steering.walk(step)

    def asked(self, aim: Aim) -> np.ndarray:
        """What the RNN was told in training, for this tick."""
        return tk.conditions(
            self.scale, density=aim.density * aim.length,
            register=self.steering.middle - self.steering.reference,
            harmony=1 / self.ticks(8, aim), tension=aim.tension,
            brightness=aim.brightness - 0.5, place=self.form.share)

    def styled(self, recipe: Recipe, aim: Aim) -> np.ndarray:
        """The style latent, on its way to the recipe's: styles morph, too."""
        point = self.opinion.styles.get(recipe.style)
        if point is not None:
            goal = point + np.array(self.taste.style, np.float32)
            now = goal if self.style is None else self.style
        else:
            goal = now = np.zeros(tk.STYLE_SIZE, np.float32) if self.style is None else self.style
        self.style = now + (goal - now) * min(aim.length / MORPH, 1)
        return self.style

    def chord_notes(self, aim: Aim) -> list[Note]:
        """A new chord, how long it stays, its pads and its bass."""
        steering, form = self.steering, self.form
        ahead = [self.pitch_of(step) for step in form.ahead(AHEAD)]
        before = frozenset((step - self.tonic) % 12 for step in self.before)
        wish, until = form.chord()
        last = "section" if form.closes and until <= self.ticks(0, aim) + 1 else ""
        self.chord = chord = self.draw(steering.chord_bias(before, ahead, wish, last)) - tk.CHORD
        form.harmonized(chord)
        dwell = self.draw(self.dwell_bias(aim)) - tk.DWELL
        stays = tk.DWELLS[dwell] * self.rng.uniform(0.75, 1.33) * self.arc.dwell()
        self.chord_left = self.aligned(self.ticks(stays, aim), until, aim)
        self.pads, bass = self.voiced(chord, chord == wish)
        for pitch in self.pads:
            steering.sound(pitch, 0, self.chord_left * tk.SLOTS)
        seconds, light = self.chord_left * aim.length, self.light
        steering.spend(0)
        notes = [Note(0.0, pitch, seconds, touch("pad", light), "pad") for pitch in self.pads]
        if self.bell(BELL_CHORDS * light):      # doubles the top of the chord
            steering.mixture.heard(True, self.pads[-1] - steering.centre)
            notes.append(Note(0.0, self.pads[-1], min(seconds, 6.0), touch("bell", light), "bell"))
        if bass is not None:
            notes.append(self.bass_note(bass, aim))
        steering.mixture.chord(seconds, len(notes))
        return notes

    def dwell_bias(self, aim: Aim) -> Bias:
        """Only dwells that put chord changes some 8–40 s apart."""
        return {tk.DWELL + index: 0.0 for index, dwell in enumerate(tk.DWELLS)
                if FASTEST_CHORDS / 1.5 < dwell * aim.length < SLOWEST_CHORDS * 1.2}

    def ticks(self, dwell: float, aim: Aim) -> int:
        """A dwell in whole ticks, held between the fastest and slowest changes."""
        low, high = math.ceil(FASTEST_CHORDS / aim.length), math.floor(SLOWEST_CHORDS / aim.length)
        return min(max(round(dwell), low), high)

    def voiced(self, chord: int, again: bool) -> tuple[list[int], int | None]:
        """The chord's pads and bass: led from the chord before, or `again` as it was voiced in this
        section."""
        reference, kept = self.steering.reference, self.form.voicings.get(str(chord))
        before, bias = self.pads, BASS_BIAS
        if again and kept:
            bias = {tk.BASS + kept[0]: 0.0}
            before = [reference + above for above in kept[1:]]
        part = self.draw(bias) - tk.BASS
        bass, pads = voicing.lead(chord, part, self.tonic, self.steering.centre, before)
        self.form.voicings[str(chord)] = [part, *(pitch - reference for pitch in pads)]
        return pads, bass

    def aligned(self, stays: int, until: int, aim: Aim) -> int:
        """A dwell that ends with the phrase, or leaves room for another chord before it does."""
        least, most = self.ticks(0, aim), self.ticks(1000, aim)
        if until <= most and (stays >= until or until - stays < least):
            return max(until, least)
        return stays

    def bass_note(self, pitch: int, aim: Aim) -> Note:
        slots = min(self.chord_left, max(2, round(BASS_LASTS / aim.length))) * tk.SLOTS
        self.steering.sound(pitch, 0, slots)
        return Note(0.0, pitch, slots * aim.length / tk.SLOTS, touch("drone", self.light), "drone")

    def melody(self, aim: Aim, wishes: Mapping[int, Wish] | None) -> list[Note]:
        steering, form = self.steering, self.form
        notes: list[Note] = []
        while (choice := self.draw(steering.rhythm_bias(wishes, form.ending))) >= tk.RHYTHM:
            slot, duration = divmod(choice - tk.RHYTHM, len(tk.DURATIONS))
            wish = (wishes or {}).get(slot)
            wanted = None if wish is None or wish.step is None else self.pitch_of(wish.step)
            tried = steering.playable(slot) + ([wanted] if wanted is not None else [])
            hooks = self.hooks.forbidden(self.tick, slot, tried, self.elapsed)
            ends = bool(form.ending) or tk.DURATIONS[duration] >= LONG
            token = self.draw(steering.pitch_bias(slot, wanted, hooks, form.lift, ends,
                                                  tk.DURATIONS[duration]))
            pitch = steering.reference + token - tk.PITCH - tk.REACH
            slots = min(tk.DURATIONS[duration], self.chord_left * tk.SLOTS - slot)
            notes = [ended(note, slot * aim.length / tk.SLOTS) for note in notes]
            notes.append(self.melody_note(aim, pitch, slot, slots))
            form.sung(slot, to_step(pitch, self.tonic, self.scale) - self.home(),
                      tk.DURATIONS[duration])
        louder = 0.04 * (choice - tk.END - 1)
        return [note._replace(velocity=max(note.velocity + louder, 0.1)) for note in notes]

    def melody_note(self, aim: Aim, pitch: int, slot: int, slots: int) -> Note:
        self.steering.melody_note(pitch, slot, slots)
        self.hooks.sung(self.tick, slot, pitch, self.elapsed)
        voice = "bell" if self.bell(BELL_MELODY * self.light) else "piano"
        length = aim.length / tk.SLOTS
        return Note(slot * length, pitch, slots * length, touch(voice, self.light), voice)

    def bell(self, share: float) -> bool:
        """Whether this note is a bell, so that in the long run `share` of them are."""
        self.bells += share
        rings = self.bells >= 1
        self.bells -= rings
        return rings

    # ---- what was heard before -------------------------------------------------------------------

    def vary_repeats(self, notes: list[Note], aim: Aim) -> list[Note]:
        """Another melody note where the filter has heard these sixteen ticks before."""
        slot = aim.length / tk.SLOTS
        tried = 0
        while self.repeats.returns(*self.spelled(notes, aim)) and tried < 8:
            tried += 1
            melody = [note for note in notes if note.voice in ("bell", "piano")]
            last = melody[-1] if melody else None
            place = round(last.start / slot) if last else 2
            choices = [pitch for pitch in self.steering.playable(place)
                       if last is None or pitch != last.pitch]
            if not choices:
                break
            pitch = int(self.rng.choice(choices))
            length = last.duration if last else 2 * slot
            notes = [note for note in notes if note is not last]
            notes.append(Note(place * slot, pitch, length, touch("piano", self.light), "piano"))
            self.steering.melody_note(pitch, place, max(1, round(length / slot)))
        return notes

    def spelled(self, notes: list[Note], aim: Aim) -> tuple[bytes, int]:
        """A tick's onsets relative to the tonic, for the repeat filter, and how many there are."""
        onsets = sorted((round(note.start / aim.length * tk.SLOTS), note.pitch - self.tonic)
                        for note in notes)
        return repr(onsets).encode(), len({slot for slot, _ in onsets})

    def draw(self, bias: Bias) -> int:
        """One of the tokens in `bias`, by the opinion's logits and their leans, from the top of the
        distribution."""
        token = next(iter(bias))
        if len(bias) > 1:
            logits, leans = self.opinion.logits().tolist(), self.leans
            asked = {token: logits[token] + lean + leans[token] for token, lean in bias.items()}
            token = drawn(asked, self.rng.random())
        self.opinion.push(token)
        return token

    # ---- carrying on after a restart -------------------------------------------------------------

    PLAIN = ("scale", "tonic", "tick", "elapsed", "chord", "chord_left", "before", "pads",
             "walk_at", "bells", "light", "written", "liked", "before_this")

    def snapshot(self) -> dict:
        """All but the repeat filter, JSON-able: a restored composer goes on with the very next
        tick."""
        return {
            "plain": {name: getattr(self, name) for name in self.PLAIN},
            "rng": self.rng.bit_generator.state,
            "opinion": self.opinion.snapshot(),
            "steering": self.steering.snapshot(),
            "form": self.form.snapshot(),
            "hooks": self.hooks.snapshot(),
            "depth": self.arc.depth,
            "manner": list(astuple(self.manner)),
            "style": None if self.style is None else [float(x) for x in self.style],
            "aim": None if self.aim is None else list(astuple(self.aim)),
        }

    def restore(self, state: dict) -> None:
        """Raises KeyError or TypeError on anything but a snapshot of the same composer."""
        for name in self.PLAIN:
            setattr(self, name, state["plain"][name])
        self.rng.bit_generator.state = state["rng"]
        self.opinion.restore(state["opinion"])
        self.aim = None if state["aim"] is None else Aim(*state["aim"])
        self.style = None if state["style"] is None else np.array(state["style"], np.float32)
        self.steering.restore(state["steering"], self.aim)
        self.form.restore(state["form"])
        self.hooks.restore(state["hooks"])
        self.arc.depth = state["depth"]
        slots, durations, *rest = state["manner"]
        self.manner = Manner(tuple(slots), tuple(durations), *rest)


def themes_of(kept: object) -> list[Theme]:
    """What `learn_taste` kept of them; what can't be read is left out."""
    plain = kept.get("themes") if isinstance(kept, Mapping) else None
    themes = [Theme.of(each) for each in plain] if isinstance(plain, list) else []
    return [theme for theme in themes if theme][:LIKED]


def drawn(logits: dict[int, float], chance: float) -> int:
    """The token that `chance` 0..1 picks from the tempered top of the distribution."""
    top = max(logits.values())
    weighed = ((math.exp((logit - top) / TEMPERATURE), -token) for token, logit in logits.items())
    ranked = sorted(weighed, reverse=True)
    sums = list(accumulate(weight for weight, _ in ranked))
    kept = bisect_left(sums, TOP_P * sums[-1])
    return -ranked[min(bisect_right(sums, chance * sums[kept]), kept)][1]


def ended(note: Note, start: float) -> Note:
    """A melody note ends where the next begins."""
    if note.start >= start:
        return note
    return note._replace(duration=min(note.duration, start - note.start))
