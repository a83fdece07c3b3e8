"""Texts → what the reader learns: the words' features, and a label for each that has one."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.words.features import Unit, said, units
from device.words.mood import Mood, word_hash
from device.words.phrases import Word
from device.words.script import simplified
from device.words.text import HAN, clean, tokens
from training.words.notes import LABELS, Frames, Note

FLAG_SLOTS = {
    "last": "like:last night",
    "always": "keep:always",
    "never": "keep:always",
    "undo": "undo",
    "good": "rested:good",
    "poor": "rested:poor",
}
SLOT = re.compile(r"like:last night|\w+:\w+|undo")
COMMON = 6  # times that a word must be seen to have a place of its own
IGNORED = -1


@dataclass(frozen=True, eq=False)
class Example:
    kinds: np.ndarray  # (n,) places in KINDS
    words: tuple[str, ...]  # (n,)
    vectors: np.ndarray  # (n, size), −1..1
    labels: np.ndarray  # (n,) places in LABELS, IGNORED where there is none
    weight: float = 1.0


class Reader:
    """Gives each word its vector; every word is looked up once."""

    def __init__(self, mood: Mood):
        self.mood = mood
        self._seen: dict[str, np.ndarray] = {}
        self._size = mood.vectors(["rain"])[0].shape[1]

    def known(self, word: str) -> bool:
        return self.mood.knows(word)

    def vector(self, text: str) -> np.ndarray:
        if text not in self._seen:
            words = [word for word in tokens(text) if word.isascii()]
            some, known = (
                self.mood.vectors(words) if words else (np.zeros((1, self._size)), [False])
            )
            self._seen[text] = some[known].mean(0) if np.any(known) else np.zeros(self._size)
        return self._seen[text]

    def example(self, found: Sequence[Unit], labels: Sequence[int], weight: float = 1.0) -> Example:
        return Example(
            np.array([unit.kind for unit in found], np.int64),
            tuple(said(found)),
            np.stack([self.vector(unit.text) for unit in found]).astype(np.float32),
            np.array(
                [
                    label if unit.judged else IGNORED
                    for unit, label in zip(found, labels, strict=True)
                ],
                np.int64,
            ),
            weight,
        )

    def framed(self, notes: Iterable[Note]) -> list[Example]:
        out = []
        for note in notes:
            found = (
                units(clean(note.text), self.known)
                if clean(note.text) == note.text.strip()
                else units(note.text, self.known)
            )
            labels = [
                towards(
                    unit,
                    next(
                        (label for start, end, label in note.marks if start <= unit.start < end), 0
                    ),
                )
                for unit in found
            ]
            if any(unit.judged for unit in found):
                out.append(self.example(found, labels))
        return out

    def silent(self, texts: Iterable[str], weight: float = 1.0) -> list[Example]:
        """Texts that wish nothing."""
        every = (units(clean(text), self.known) for text in texts)
        return [
            self.example(found, [0] * len(found), weight)
            for found in every
            if any(unit.judged for unit in found)
        ]

    def retold(
        self, rows: Sequence[dict], many: int, seed: int, distractions: Sequence[str] = ()
    ) -> list[Example]:
        """`many` notes after these, with other names and other things around."""
        chance = np.random.default_rng(seed)
        frames = {tongue: Frames(tongue, chance) for tongue in ("english", "chinese")}
        told = [
            ("chinese" if row["language"] == "zh" else "english", self.parted(row))
            for row in rows if row["language"] != "other"
        ]
        out = []
        for place in chance.integers(len(told), size=many):
            tongue, words = told[place]
            out.append(frames[tongue].retold(words, distractions if tongue == "english" else ()))
        return self.framed(out)

    def parted(self, row: dict) -> list[tuple[str, int, Word]]:
        """A note's words as they are written, each with its label."""
        line = simplified(clean(row["text"]))
        found = units(line, self.known)
        labels = [
            label if unit.judged else 0
            for unit, label in zip(found, labelled(found, row["wishes"]), strict=True)
        ]
        ends = [*(unit.start for unit in found[1:]), len(line)]
        return [
            (line[unit.start : end], label, unit.word)
            for unit, label, end in zip(found, labels, ends, strict=True)
        ]

    def annotated(self, rows: Iterable[dict], weight: float = 1.0) -> list[Example]:
        """Notes with their slots: each slot is looked for among the words that could mean it."""
        out = []
        for row in rows:
            found = units(clean(row["text"]), self.known)
            if row["language"] != "other" and any(unit.judged for unit in found):
                out.append(self.example(found, labelled(found, row["wishes"]), weight))
        return out


def towards(unit: Unit, label: int) -> int:
    """Of a quality it is learned whether it is wished as it is said: "volume down", lowered, is."""
    if unit.word.kind in ("quality", "compared") and LABELS[label] in ("raise", "lower"):
        return 1 if (LABELS[label] == "raise") == (unit.word.value[1] > 0) else 2
    return label


def labelled(found: Sequence[Unit], slots: Sequence[str]) -> list[int]:
    """The label of each word by the slots of its note."""
    gold: dict[str, set[str]] = {}
    for slot in slots:
        verb, _, rest = slot.partition(":")
        gold.setdefault(rest.split(":")[0], set()).add(verb)
    music = "forbid" in gold.get("music", ()) and not any(
        unit.word.value == "music" for unit in found
    )
    things = {unit.word.value for unit in found if unit.word.kind in ("thing", "field")}
    return [label(unit, gold, music, things) for unit in found]


def label(unit: Unit, gold: dict[str, set[str]], music: bool, things: set) -> int:
    kind, value = unit.word.kind, unit.word.value
    if kind in FLAG_SLOTS:
        verb, _, name = FLAG_SLOTS[kind].partition(":")
        opposite = {"rested:good": "poor", "rested:poor": "good"}.get(FLAG_SLOTS[kind])
        wanted = gold.get(name, ())
        if verb in wanted:
            return 1
        return 2 if opposite and verb in gold.get(opposite, ()) else 0
    if kind in ("quality", "compared"):
        field, sign = value
        for verb in gold.get(field, ()):
            if verb in ("raise", "lower") and not (field in things and field != "level"):
                return 1 if (verb == "raise") == (sign > 0) else 2
        return 0
    if value == "sound":
        return (
            2
            if "require" in gold.get("silence", ())
            else next((LABELS.index(verb) for verb in gold.get("level", ())), 0)
        )
    verbs = gold.get(value, ())
    if "require" in verbs and music:
        return LABELS.index("only")
    return next((LABELS.index(verb) for verb in verbs if verb in LABELS), 0)


def counted(examples: Iterable[Example], rows: Iterable[str] = ()) -> tuple[str, ...]:
    """The words that have a place of their own, in the order of their hashes."""
    seen = Counter(word for each in examples for word in each.words)
    common = {word for word, count in seen.items() if count >= COMMON}
    by_hash = {word_hash(word): word for word in sorted(common)}
    return tuple(by_hash[h] for h in sorted(by_hash))


def registers() -> list[dict]:
    """The notes of registers.txt; `group` is the register."""
    out, group = [], ""
    for line in Path(__file__).with_name("registers.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            group = line.strip("[]")
        elif line and not line.startswith("#"):
            text, _, slots = line.rpartition("|")
            wishes = SLOT.findall(slots)
            tongue = "zh" if HAN.search(text) else "en"
            out.append(
                {"text": text.strip(), "language": tongue, "wishes": wishes, "group": group})
    return out


def learned(voter: int, voters: int) -> tuple[list[dict], list[dict]]:
    """(what a voter learns, what it leaves out) of the registers."""
    rows = registers()
    groups = list(dict.fromkeys(row["group"] for row in rows))
    out = {group for place, group in enumerate(groups) if place % voters == voter}
    return (
        [row for row in rows if row["group"] not in out],
        [row for row in rows if row["group"] in out],
    )


def notes(folder: Path) -> list[dict]:
    return [
        json.loads(line) | {"file": path.stem}
        for path in sorted(folder.rglob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
        if line.strip()
    ]
