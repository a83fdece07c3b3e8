"""Notes made up from frames: what the reader of wishes is trained on.

A frame names what is wished of each thing (`frames_*.txt`); around it come openers, asides, other
rooms' devices, a second wish, and then what hands do to text: typos by the keyboard's distance,
capitals, lost marks, emoji, full-width marks, Cantonese words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.words.lexicon import BOOKS, phrases
from device.words.phrases import Word

LABELS = ("none", "require", "forbid", "raise", "lower", "only")
LETTERS = {"r": 1, "f": 2, "u": 3, "d": 4, "o": 5, "n": 0, "+": 1, "-": 2, "0": 0, "1": 1}
MARK = re.compile(r"\{([^{}]+)\}|<([^<>:]+):(.)>")
KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
TEXTURES = ("rain", "ocean", "wind", "stream", "fire", "pink", "brown")
VOICES = ("piano", "bell", "pad", "drone")
EMOJI = ("😴", "🙏", "🌧️", "🌊", "🔥", "🎹", "🔔", "😊", "😩", "💤", "❤️", "😅", "🤦")
CANTONESE = (
    ("不要", "唔要"),
    ("不想", "唔想"),
    ("别", "唔好"),
    ("不喜欢", "唔钟意"),
    ("没有", "没"),
    ("一点", "少少"),
    ("小声", "细声"),
    ("吵", "嘈"),
    ("这么", "咁"),
    ("那么", "咁"),
    ("昨晚", "琴晚"),
    ("今晚", "今晚黑"),
    ("很", "好"),
    ("喜欢", "钟意"),
    ("给我", "给我"),
    ("不用", "唔使"),
)


KEPT = 0.4  # share of names that stay as they were written
JOINTS = {
    "english": (
        (", ", 8), (". ", 4), (" ", 2), (" and ", 3), (", but ", 1), ("! ", 1), (" - ", 1),
        ("... ", 1), ("; ", 1), (", and ", 1), (" so ", 1), ("\n", 1), (" because ", 0.5),
        (", then ", 0.5), (" and then ", 0.5),
    ),
    "chinese": (
        ("，", 8), ("。", 3), (" ", 2), ("", 1), ("！", 1), ("，但是", 0.6), ("，还有", 0.6),
        ("……", 0.6), ("，所以", 0.6),
    ),
}


@dataclass(frozen=True, slots=True)
class Note:
    """A text, and the label of every stretch of it that has one: (start, end, place in LABELS)."""

    text: str
    marks: tuple[tuple[int, int, int], ...] = ()


Parts = list[tuple[str, int]]  # pieces of a text, each with its label


class Frames:
    """One language's lists of frames, and the lexicon's words to put into them."""

    def __init__(self, tongue: str, chance: np.random.Generator, without: Sequence[str] = ()):
        """without: lists that are left out, for the ablations."""
        self.tongue, self.chance = tongue, chance
        self.lists: dict[str, list[str]] = {}
        path = Path(__file__).with_name(f"frames_{tongue}.txt")
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("["):
                name = line.strip("[]")
                self.lists[name] = []
            elif line and not line.startswith("#"):
                self.lists[name].append(line)
        for name in without:
            self.lists[name] = self.lists[name][:1]
        book = BOOKS[tongue]
        self.things = {name: spread(text) for name, text in book["things"].items()}
        self.fields = {name: spread(text) for name, text in book["fields"].items()}
        self.qualities = {
            kind: {key: spread(text) for key, text in book[kind].items()}
            for kind in ("qualities", "compared")
            if kind in book
        }

    def one(self, items: Sequence[str]) -> str:
        return items[self.chance.integers(len(items))]

    def thing(self, among: str) -> str:
        """A name of a thing; the first ones of the lexicon are the usual ones."""
        odds = self.chance.random()
        names = {"X": TEXTURES, "V": VOICES, "M": ("music",)}.get(among) or (
            TEXTURES if odds < 0.6 else VOICES if odds < 0.88 else ("music",)
        )
        said = self.things[self.one(names)]
        return said[min(int(self.chance.exponential(2.5)), len(said) - 1)]

    def quality(self, kind: str, fields: Sequence[str] = (), sign: str = "") -> str:
        book = self.qualities.get(kind) or self.qualities["qualities"]
        keys = [
            key
            for key in book
            if (not fields or key.partition("_")[2] in fields) and key.startswith(sign)
        ]
        said = book[self.one(keys)]
        return said[min(int(self.chance.exponential(3.0)), len(said) - 1)]

    def filled(self, name: str) -> Parts:
        """What stands for `{name}`."""
        kind, _, letter = name.partition(":")
        label = LETTERS.get(letter, 0)
        if kind in ("T", "X", "V", "M"):
            return [(self.thing(kind), label)]
        if kind in ("Q", "C"):
            return [(self.quality("qualities" if kind == "Q" else "compared"), label)]
        if kind == "Q2":  # what a sound as a whole can be
            return [(self.quality("qualities", ("level", "brightness", "register")), label)]
        if kind == "Q3":  # what colours a thing
            return [(self.quality("qualities", ("brightness", "pulse")), label)]
        if kind == "F":
            return [
                (self.one(self.fields[self.one(("level", "level", "level", *self.fields))]), label)
            ]
        if kind in ("loud", "soft", "louder", "softer") and kind not in self.lists:
            which = "more" if kind.startswith("loud") else "less"
            return [
                (
                    self.quality(
                        "compared" if kind.endswith("er") else "qualities", ("level",), which
                    ),
                    0,
                )
            ]
        return self.expanded(self.one(self.lists[kind]))

    def expanded(self, frame: str) -> Parts:
        out: Parts = []
        end = 0
        for found in MARK.finditer(frame):
            out.append((frame[end : found.start()], 0))
            if found[1]:
                out += self.filled(found[1])
            else:
                out.append((found[2], LETTERS[found[3]]))
            end = found.end()
        return [*out, (frame[end:], 0)]

    def note(self, distractions: Sequence[str] = ()) -> Note:
        """One to three clauses, what stands around them, and what hands do to it."""
        p, english = self.chance.random, self.tongue == "english"
        said: list[Parts] = []
        if p() < 0.3:
            said.append(self.expanded(self.one(self.lists["opener"])))
        if p() < 0.3:
            said.append(self.aside(distractions))
        kinds = (
            ["none"] if p() < 0.2 else ["wish"] + ["wish"] * (p() < 0.3) + ["wish"] * (p() < 0.06)
        )
        if p() < 0.08:
            kinds = ["order", *kinds] if p() < 0.7 else [*kinds, "order"]
        said += [self.expanded(self.one(self.lists[kind])) for kind in kinds]
        if p() < 0.22:
            said.append(self.aside(distractions))
        if p() < 0.25:
            said.append(self.expanded(self.one(self.lists["closer"])))
        parts = self.linked(said)
        if p() < 0.5:
            parts.append(
                (
                    self.one(("!", "!!", "?", "..", "~"))
                    if p() < 0.4
                    else "."
                    if english
                    else "。",
                    0,
                )
            )
        if p() < 0.06:
            parts.append((" " + self.one(EMOJI), 0))
        return joined(self.handled(parts))

    def linked(self, said: Sequence[Parts]) -> Parts:
        """Clauses one after the other, as hands link them."""
        joints = JOINTS[self.tongue]
        odds = np.array([weight for _, weight in joints])
        parts: Parts = []
        for i, each in enumerate(said):
            joint = joints[self.chance.choice(len(joints), p=odds / odds.sum())][0] if i else ""
            parts += [(joint, 0), *each]
        return parts

    def retold(self, words: Sequence[tuple[str, int, Word]], distractions: Sequence[str]) -> Note:
        """Somebody's own note with other names in it, and something around it: its words, each with
        its label."""
        p, names = self.chance.random, {}
        said = [[(self.like(text, word, names), label) for text, label, word in words]]
        if p() < 0.2:
            said.insert(0, self.expanded(self.one(self.lists["opener"])))
        if p() < 0.15:
            said.insert(0, self.aside(distractions))
        if p() < 0.15:
            said.append(self.aside(distractions))
        if p() < 0.15:
            said.append(self.expanded(self.one(self.lists["closer"])))
        return joined(self.handled(self.linked(said)))

    def like(self, text: str, word: Word, names: dict[str, str]) -> str:
        """A word of its kind in its place; `names` holds which thing stands for which."""
        kept = self.chance.random() < KEPT
        among = next((some for some in (TEXTURES, VOICES, ("music",)) if word.value in some), ())
        if word.kind == "thing" and among:
            if word.value not in names:
                free = [name for name in among if name not in names.values()]
                names[word.value] = word.value if kept else self.one(free or among)
            if names[word.value] == word.value and kept:
                return text
            said = self.things[names[word.value]]
        elif word.kind in self.qualities and not kept:
            field, sign = word.value
            said = self.qualities[word.kind][f"{'more' if sign > 0 else 'less'}_{field}"]
        else:
            return text
        end = text[len(text.rstrip()) :]
        return said[min(int(self.chance.exponential(3.0)), len(said) - 1)] + end

    def aside(self, distractions: Sequence[str]) -> Parts:
        if distractions and self.chance.random() < 0.4:
            return [(self.one(distractions).rstrip("."), 0)]
        return self.expanded(self.one(self.lists["aside"]))

    def handled(self, parts: Parts) -> Parts:
        p = self.chance.random
        if self.tongue == "english":
            rate = 0.02 if p() < 0.35 else 0.0
            parts = [
                (self.mistyped(text, rate * (0.2 if label else 1)), label) for text, label in parts
            ]
            if p() < 0.12:  # no marks at all
                parts = [(re.sub(r"[.,!?;]", "", text), label) for text, label in parts]
            if p() < 0.2:
                parts = [(text.replace("'", ""), label) for text, label in parts]
        elif p() < 0.2:
            for old, new in CANTONESE:
                parts = [
                    (text.replace(old, new) if not label else text, label) for text, label in parts
                ]
        elif p() < 0.15:
            parts = [(re.sub(r"[，。！？]", " ", text), label) for text, label in parts]
        return parts

    def mistyped(self, text: str, rate: float) -> str:
        out = list(text)
        for i in np.flatnonzero(self.chance.random(len(out)) < rate):
            if out[i].isalpha() and out[i].isascii():
                kind = self.chance.integers(4)
                after = out[i + 1] if i + 1 < len(out) else ""
                if kind == 0 and after.isalpha():
                    out[i], out[i + 1] = after, out[i]
                elif kind == 1:
                    out[i] = ""
                elif kind == 2:
                    out[i] *= 2
                else:
                    out[i] = self.one(near(out[i].lower()))
        return "".join(out)


def spread(text: str) -> list[str]:
    return list(phrases(" ".join(text.split())))


def near(letter: str) -> str:
    """The letters beside one on the keyboard."""
    for row in KEYS:
        if letter in row:
            place = row.index(letter)
            return row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
    return letter


def joined(parts: Parts) -> Note:
    text, marks = "", []
    for piece, label in parts:
        piece = piece.lower()
        if label:
            marks.append((len(text), len(text) + len(piece), label))
        text += piece
    return Note(text, tuple(marks))


def made(
    many: Mapping[str, int],
    seed: int,
    distractions: Sequence[str] = (),
    without: Sequence[str] = (),
) -> list[Note]:
    """`many` notes of each language."""
    chance = np.random.default_rng(seed)
    out = []
    for tongue, count in many.items():
        frames = Frames(tongue, chance, without)
        out += [frames.note(distractions if tongue == "english" else ()) for _ in range(count)]
    return out
