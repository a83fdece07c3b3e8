"""What the reader and the grammar make of a note together: wishes that stand, and doubts that are
asked back. Pure.

The reader has the say; the grammar beside it, a table of small words, raises a doubt where it hears
the opposite, and a wish that both hear stands sooner.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from device.values import TEXTURES, VOICES, Doubt, Wish
from device.words.features import FLAGS, Unit
from device.words.grammar import Reading
from device.words.reader import LABELS

# How likely a verdict must be, by what the grammar makes of the same name; below ASK it is nothing.
# Chosen where single voters read registers that they hadn't learned (`tools/train words crossed`).
# "plain" is the same in a note all of whose words the grammar knows.
STANDS = MappingProxyType({
    "plain": 0.35, "same": 0.6, "silent": 0.8, "other": 0.96, "unsure": 0.96, "opposite": 0.97,
})
TURNED = 0.15  # of the opposite of a verdict: with more it doesn't stand, but in a plain note
SILENCE = 0.85  # of "sound" and the like, which most often are spoken of without a wish
ASK = 0.2
MISSED = 0.15  # of any wish at all, where the grammar hears one and the reader likely none
FLAG = 0.5
NEAR = 4  # words from "volume" to a "low" that is said of it
ECHO = 8  # words from a thing to a "louder" that is said of it
SHORT = 3  # words: "every night, please" confirms the last note
OTHERWISE = MappingProxyType({"good": "poor", "poor": "good"})
UP = frozenset(("raise", "require"))
DOWN = frozenset(("lower", "forbid"))
UPWARDS = frozenset(("require", "raise", "only"))
# Places of the labels of the other way, for a label downwards and for one upwards.
WAYS = (
    tuple(i for i, label in enumerate(LABELS) if label in UPWARDS),
    tuple(i for i, label in enumerate(LABELS) if label in DOWN),
)
THINGS = frozenset((*TEXTURES, *VOICES, "music", "silence"))


@dataclass(frozen=True, slots=True)
class Heard:
    """One verdict on one name."""

    verb: str
    name: str
    likely: float  # 0..1: of this verb
    any: float  # 0..1: of any wish about it at all
    turned: float = 0.0  # 0..1: of a wish the other way
    degree: float = 1.0
    place: int = 0  # of the word in the note
    named: bool = True  # the word itself names it; "no sound" doesn't name silence


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is made of a note; `confidence` 0..1 of each wish, 1 by the grammar alone."""

    wishes: tuple[Wish, ...] = ()
    confidence: tuple[float, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    unsure: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()  # "last", "always", "undo", "good", "poor"

    def saying(self, flags: frozenset[str]) -> "Verdict":
        """The same with what is said as a whole, too; what takes back is no wish, and alone."""
        more = flags - ({"undo"} if self.wishes or self.doubts else set())
        if not self.wishes:
            more -= {"always"}
        heard = self.flags - {OTHERWISE[flag] for flag in more & {*OTHERWISE}}
        return replace(self, flags=heard | more)

    def instead(self, *names: str, wish: Wish) -> "Verdict":
        """The same with `wish` in the place of all that is said of `names`."""
        stands = [
            (each, sure) for each, sure in zip(self.wishes, self.confidence, strict=True)
            if each.name not in names
        ]
        return replace(
            self,
            wishes=(*(each for each, _ in stands), wish),
            confidence=(*(sure for _, sure in stands), 1.0),
            doubts=tuple(each for each in self.doubts if each.name not in names),
            unsure=tuple(each for each in self.unsure if each not in names),
        )


def alone(grammar: Reading) -> Verdict:
    """The grammar's word, where there is no reader."""
    doubts = tuple(Doubt(name, "forbid", "raise") for name in grammar.unsure)
    sure = (1.0,) * len(grammar.wishes)
    return Verdict(grammar.wishes, sure, doubts, grammar.unsure, grammar.flags)


def read(
    units: Sequence[Unit], odds: np.ndarray, grammar: Reading, tone: str = ""
) -> Verdict:
    """(n,) words and (n, labels) what is likely of each, beside the grammar's reading; in what
    `tone` it is said."""
    stands, doubts = judged(list(heard(units, odds)), grammar, tone)
    stands = settled(stands, units)
    wishes = tuple(Wish(each.verb, each.name, each.degree) for each in stands)
    flags = flagged(units, odds)
    if wishes or doubts:
        flags -= {"undo"}  # "rain, scratch that, waves" takes back its own first word
    elif len(units) > SHORT:
        flags -= {"always"}  # that is of something else, "I'm always tired"
    return Verdict(
        wishes,
        tuple(each.likely for each in stands),
        tuple(doubts),
        tuple(each.name for each in doubts),
        flags,
    )


def flagged(units: Sequence[Unit], odds: np.ndarray) -> frozenset[str]:
    """What the note says as a whole; a good night that is denied is a poor one."""
    flags = set()
    for unit, row in zip(units, odds, strict=True):
        kind = "always" if unit.word.kind == "never" else unit.word.kind
        if unit.word.kind in FLAGS and row[1] >= FLAG:
            flags.add(kind)
        elif kind in OTHERWISE and row[2] >= FLAG:
            flags.add(OTHERWISE[kind])
    return frozenset(flags)


def heard(units: Sequence[Unit], odds: np.ndarray) -> Iterator[Heard]:
    """Each word with a verdict that is likelier than ASK; `odds` (n, labels)."""
    for place, unit in enumerate(units):
        if not unit.judged or unit.word.kind in FLAGS:
            continue
        best = int(odds[place, 1:].argmax()) + 1
        wanted = 1 - float(odds[place, 0])
        if wanted < MISSED:
            continue
        for verb, name in meant(unit, LABELS[best]):
            yield Heard(
                verb,
                name,
                float(odds[place, best]),
                wanted,
                float(odds[place, list(WAYS[LABELS[best] in UPWARDS])].sum()),
                degree(units, place),
                place,
                unit.word.value != "sound",
            )


def meant(unit: Unit, label: str) -> Iterator[tuple[str, str]]:
    """A word and a verdict on it → (verb, name) of the wish."""
    kind, value = unit.word.kind, unit.word.value
    if kind in ("quality", "compared"):
        field, sign = value
        if label in ("require", "forbid"):
            yield "raise" if (sign > 0) == (label == "require") else "lower", field
    elif kind == "field":
        if label in ("raise", "require"):
            yield "raise", value
        elif label in ("lower", "forbid"):
            yield "lower", value
    elif value == "sound":
        if label in ("forbid", "only"):
            yield "require", "silence"
        elif label in ("raise", "lower"):
            yield label, "level"
    elif value == "silence":
        if label in ("require", "raise", "only"):
            yield "require", value
    elif label == "only":
        yield "require", value
        if value in TEXTURES:
            yield "forbid", "music"
    elif value in THINGS or label in ("require", "raise"):
        yield label if value in THINGS else "require", value


def degree(units: Sequence[Unit], place: int) -> float:
    """The degree that is said nearest before a word in its clause, or right after it."""
    for unit in units[place + 1 : place + 3]:
        if unit.word.kind == "degree":
            return float(unit.word.value)
        if unit.word.kind not in ("filler", "more", "less", "is", "was"):
            break
    for unit in reversed(units[max(place - 5, 0) : place]):
        if unit.word.kind == "degree":
            return float(unit.word.value)
        if unit.word.kind in ("end", "but", "thing", "field", "compared", "and"):
            break
    return 1.0


def against(verb: str, other: str) -> bool:
    return verb in UP and other in DOWN or verb in DOWN and other in UP


def judged(
    found: Sequence[Heard], grammar: Reading, tone: str = ""
) -> tuple[list[Heard], list[Doubt]]:
    """(what stands, what is asked back), one verdict a name, beside the grammar's. Irony doubts
    what is asked for, second thoughts all of it."""
    by_name: dict[str, list[Heard]] = {}
    for each in found:
        by_name.setdefault(each.name, []).append(each)
    theirs = {wish.name: wish for wish in grammar.wishes}
    stands, doubts = [], []
    for name, said in by_name.items():
        other = theirs.get(name)
        one = chosen(said, other.verb if other else "")
        taken = not tone or tone == "ironic" and one.verb in DOWN
        if taken and sure(one, beside(one, other, grammar)):
            stands.append(one)
        elif one.likely >= ASK or other is not None and one.any >= MISSED:
            doubts.append(Doubt(name, one.verb, opposite(one.verb, name)))
    return sorted(stands, key=lambda each: each.place), doubts


def beside(one: Heard, other: Wish | None, grammar: Reading) -> str:
    """What the grammar makes of the same name, as STANDS has it."""
    if other is None:
        return "unsure" if one.name in grammar.unsure else "silent"
    if other.verb == one.verb:
        return "same" if grammar.strange else "plain"
    return "opposite" if against(one.verb, other.verb) else "other"


def sure(one: Heard, how: str) -> bool:
    """Whether a verdict stands."""
    if how == "plain":
        return one.likely >= STANDS[how]
    needed = max(STANDS[how], SILENCE if not one.named and how != "same" else 0.0)
    return one.likely >= needed and one.turned < TURNED


def chosen(said: Sequence[Heard], grammar: str) -> Heard:
    """Of several verdicts on one name: where they contradict each other ("slower, but not too
    slow") the one that the grammar has, too; else the last of those that are likely."""
    best = max(each.likely for each in said)
    likely = [each for each in said if each.likely >= best - 0.25]
    clash = any(against(each.verb, likely[-1].verb) for each in likely)
    same = [each for each in likely if each.verb == grammar]
    return same[-1] if clash and same else likely[-1]


def settled(stands: Sequence[Heard], units: Sequence[Unit]) -> list[Heard]:
    """Without what follows from another word: "keep the volume low" is of no deep notes, "just the
    rain, no bells" leaves the rest of the music, and in "I can't hear the rain, make it louder" it
    is the rain that shall be louder."""
    louder = [each.place for each in stands if each.name == "level"]
    voices = any(each.verb == "forbid" and each.name in VOICES for each in stands)
    said = {unit.word.value for unit in units if unit.word.kind == "thing"}
    return [
        each
        for each in stands
        if not (
            each.name == "register"
            and units[each.place].word.kind in ("quality", "compared")
            and any(0 < abs(each.place - place) <= NEAR for place in louder)
        )
        and not (each.name == "music" and each.verb == "forbid" and voices and "music" not in said)
        and not echoes(each, stands, units)
    ]


def echoes(level: Heard, stands: Sequence[Heard], units: Sequence[Unit]) -> bool:
    """Whether a word of loudness says once more what is wished of the thing named before it."""
    if level.name != "level" or units[level.place].word.kind not in ("quality", "compared"):
        return False
    before = [
        each for each in stands
        if each.name in THINGS and level.place - ECHO <= each.place < level.place
    ]
    return bool(before) and before[-1].verb == level.verb


def opposite(verb: str, name: str) -> str:
    """The second choice that is offered beside a verb."""
    if verb in DOWN:
        return "require" if verb == "forbid" and name in THINGS else "raise"
    return "forbid" if verb == "require" and name in THINGS else "lower"
