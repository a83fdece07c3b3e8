"""What the reader sees of each word of a note: its kind in the lexicon, the word itself if it is a
common one, and its vector. One file, used to train and to run."""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from device.values import TEXTURES, VOICES
from device.words.lexicon import CHINESE, ENGLISH, SIGNS
from device.words.phrases import Word, placed
from device.words.script import simplified
from device.words.spelling import mended
from device.words.text import WORD

MOST = 160  # words of a note that are read; a note has 400 characters
ANCHORS = ("thing", "field", "quality", "compared")
FLAGS = ("last", "always", "never", "undo", "good", "poor")
# Of a thing, or of everything: the reader tells from the words around.
MUTE = frozenset(("mute", "shut up", "静音"))
OTHER_THINGS = ("music", "silence", "sound")


def kind(word: Word) -> str:
    """A word's kind as the reader tells them apart: of things also which sort, of qualities which
    way, and whether it is loudness, which may be said of a thing."""
    if word.kind == "thing":
        name = word.value
        sort = (
            "texture"
            if name in TEXTURES
            else "voice"
            if name in VOICES
            else name
            if name in OTHER_THINGS
            else "programme"
        )
        return f"thing {sort}"
    if word.kind in ("quality", "compared"):
        field, sign = word.value
        loudness = field if field in ("level", "register") else "other"
        return f"{word.kind} {loudness} {'up' if sign > 0 else 'down'}"
    if word.kind == "degree":
        return f"degree {word.value}"
    return word.kind


SMALL = sorted(
    {kind(Word(*item, "")) for book in (ENGLISH, CHINESE) for item in book.values()}
    | {
        f"{which} {field} {way}"
        for which in ("quality", "compared")
        for field in ("level", "register", "other")
        for way in ("up", "down")
    }
)
KINDS = ("nothing", "word", "end", "mark", "han", *SMALL)
INPUTS = KINDS  # the card lists them; a reader of other kinds is refused
assert SIGNS["more"] == 1


class Unit(NamedTuple):
    """One word or phrase of a note."""

    word: Word
    kind: int  # place in KINDS
    text: str
    start: int  # character of the line

    @property
    def judged(self) -> bool:
        """Whether the reader has a verdict to give on it."""
        return self.word.kind in ANCHORS or self.word.kind in FLAGS


def units(line: str, known: Callable[[str], bool]) -> list[Unit]:
    """The words of a clean line, slips of the finger put right."""
    found = list(WORD.finditer(simplified(line)))
    tokens = mended([each[0] for each in found], known)
    out = []
    for word, place, start in placed(tokens):
        if word.text in MUTE:
            word = Word("thing", "silence", word.text)
        name = kind(word)
        if name == "word" and not word.text.isascii():
            name = "han"
        if name == "filler" and not word.text[0].isalnum():
            name = "mark"
        out.append(Unit(word, PLACES.get(name, 1), word.text, found[place].start() + start))
        if len(out) == MOST:
            break
    return out


PLACES = {name: place for place, name in enumerate(KINDS)}


def said(units: Sequence[Unit]) -> list[str]:
    """The texts by which the reader knows the words."""
    return [re.sub(r"\d+", "7", unit.text) for unit in units]
