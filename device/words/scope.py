"""How far small words reach: which belong to a thing or quality, and what stands over it that
nobody here knows.

Words are told by their kinds in the lexicon, a word each and a space: `shape`. What a shape means
is a table of pattern, verdict and example.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from device.words.phrases import Word
from device.words.regex import regex
from device.words.text import HAN

ANCHORS = ("thing", "field", "quality", "compared")
DENIALS = ("no", "drop", "lacking", "never", "hate")
LINKS = ("of", "the", "a", "an", "的")
ARTICLES = frozenset(("the", "a", "an", "my", "this", "these", "those", "of"))


class Rule(NamedTuple):
    pattern: re.Pattern[str]    # of a shape, from its beginning
    verdict: str
    example: str                # a note in which it holds


def rule(verdict: str, pattern: str, example: str) -> Rule:
    for name, some in MANY.items():
        pattern = pattern.replace(name, some)
    return Rule(regex(pattern), verdict, example)


# Stretches of a shape. @ stands for the anchor itself.
MANY = {
    "UNDENIED ": r"(?:(?!(?:no|nope|never|hate|drop) )\S+ )*",
    "UNTIL ": r"(?:(?!(?:lacking|drop) )\S+ )*",
    "UNWANTED ": r"(?:(?!(?:lacking|drop|want) )\S+ )*",
    "UNDER ": r"(?:lacking|drop) ",
    "STRANGE ": r"(?:word|doing) ",
    "SMALL ": r"(?:(?!(?:at|and|or|than|want|only|love|mind|no|nope|drop|lacking|never|hate|the|"
              r"doing|word) )\S+ )*",
}
# Of the words before and after an anchor: does one denial undo another? The first that fits says.
DOUBLED = (
    rule("doubled", r".*\blacking .*@ .*\b(?:no|nope) ", "without rain I can't sleep"),
    rule("doubled", r"UNDENIED drop UNTIL lacking ", "stop leaving me without rain"),
    rule("", r"UNDENIED drop ", "I hate it, drop the rain"),
    rule("doubled", r"UNDENIED nope (?:@ )?STRANGE .*\bUNDER ", "no reason to stop the rain"),
    rule("doubled", r"UNDENIED nope (?:@ )?(?!@ |UNDER )\S+ UNTIL lacking ",
         "no night without rain"),
    rule("", r"UNDENIED nope ", "no stop the rain"),
    rule("doubled", r"UNDENIED (?:no|never) UNTIL UNDER ", "don't stop the rain"),
    rule("doubled", r"UNDENIED hate UNWANTED UNDER (?=.*@)|UNDENIED hate (?=.*@)UNWANTED UNDER ",
         "I'd hate to lose the rain"),
)
# Of the words before it: does one that nobody here knows stand over it? One right before only
# describes it, one before "and" stands beside it.
GOVERNED = (
    rule("governed", r".*\b(?:verb|sub) ", "turn the bells"),
    rule("governed", r".*\bSTRANGE (?!(?:and|or) |(?:(?:word|doing|degree|de) )*$)",
         "gribble the bells"),
    rule("", r"", "summer rain"),
)
# Of the words after it: does an unknown one follow as if it were the verb?
JUDGED = (
    rule("judged", r"SMALL word ", "the bells gribble me"),
    rule("", r"", "the bells in the garden"),
)


def shape(words: Sequence[Word]) -> str:
    return "".join(f"{told(word)} " for word in words)


def told(word: Word) -> str:
    """A word's kind; some are told apart that the lexicon has under one."""
    if word.text == "的":
        return "de"
    if word.text in ARTICLES:
        return "the"
    if word.kind == "word" and word.text.endswith("ing"):
        return "doing"
    return "nope" if word.text in ("no", "nope") else word.kind


def says(table: Sequence[Rule], shape: str) -> str:
    """The verdict of the first rule that fits, or ""."""
    return next((rule.verdict for rule in table if rule.pattern.match(shape)), "")


@dataclass(slots=True)
class Anchor:
    """A thing or quality, and the words that belong to it."""
    word: Word
    before: list[Word] = field(default_factory=list)
    after: list[Word] = field(default_factory=list)
    joined: bool = False  # nothing but "and" or "or" lies between it and the anchor before

    def has(self, *kinds: str) -> bool:
        return any(word.kind in kinds for word in (*self.before, *self.after))

    @property
    def degree(self) -> float:
        said = [word.value for word in (*self.before, *self.after) if word.kind == "degree"]
        return said[-1] if said else 1.0

    @property
    def doubled(self) -> bool:
        """Whether one denial undoes another: "don't stop the rain"."""
        return says(DOUBLED, f"{shape(self.before)}@ {shape(self.after)}") == "doubled"

    def doubtful(self, denied: bool) -> bool:
        """Whether an unknown word may turn the meaning round: "quit the bells", "the bells scare
        me", and of what is `denied` "don't forget the bells", "the bells don't scare me"."""
        thing = self.word.kind == "thing"
        before = [word for word in self.before if thing or word.kind != "verb"]
        if denied:
            under, denials = after_denial(before)
            if denials:
                return bool(says(GOVERNED, shape(under)))
            under, denials = after_denial(self.after)
            return denials[-1:] == ["no"] and bool(says(JUDGED, shape(under)))
        if any(word.kind in ("more", "less", "want", *DENIALS) for word in self.after):
            before = [word for word in before if word.kind != "verb"]
        asked = self.has("asked") and not self.has("want")
        return bool(says(GOVERNED, shape(before)) or says(JUDGED, shape(self.after)) or asked)


def after_denial(words: Sequence[Word]) -> tuple[list[Word], list[str]]:
    """(what stands after the last denial, the kinds of all denials)"""
    places = [i for i, word in enumerate(words) if word.kind in DENIALS]
    return list(words[places[-1] + 1 :]) if places else [], [words[i].kind for i in places]


# ---- clauses → anchors ---------------------------------------------------------------------------

def anchored(clause: Sequence[Word]) -> list[Anchor]:
    """Each anchor with its words: those before an "and" belong to what came before, the rest to
    what follows."""
    anchors: list[Anchor] = []
    between: list[Word] = []
    for word in whole(clause):
        if word.kind not in ANCHORS:
            between.append(word)
            continue
        anchor = Anchor(word)
        split = next((i for i, w in enumerate(between) if w.kind in ("and", "or")), None)
        if anchors and split is not None:
            reach = denying(between[:split])
            anchors[-1].after += between[:reach]
            between, split = between[reach:], split - reach
            plain = all(w.kind in ("and", "or", "filler", "degree") for w in between)
            anchor.before, anchor.joined = between, plain
        elif anchors and follows(anchors[-1], between, word):
            anchors[-1].after += between
        else:
            anchor.before, anchor.joined = between, not between         # "no fire crackling"
        anchors.append(anchor)
        between = []
    if anchors:  # but "and now I'm scared" is another matter
        me = (
            i
            for i, w in enumerate(between)
            if w.kind == "i" and any(each.kind == "and" for each in between[:i])
        )
        between = between[:next(me, None)]
        anchors[-1].after += between[:denying(between)]
    for anchor in anchors:          # "rain when I can't sleep" denies no rain
        anchor.after = list(itertools.takewhile(lambda word: word.kind != "sub", anchor.after))
    return anchors


def denying(between: Sequence[Word]) -> int:
    """Where in words after a thing a denial begins that is another's: "rain without thunder or
    wind"."""
    return next(
        (
            i
            for i, word in enumerate(between)
            if word.kind == "lacking"
            and HAN.match(word.text) is None
            and any(each.kind == "word" for each in between[i:])
        ),
        len(between),
    )


def whole(clause: Sequence[Word]) -> list[Word]:
    """"The sound of rain", "rain noise", "雨的声音": the thing alone."""
    out: list[Word] = []
    for word in clause:
        if word.kind == "thing":
            link: list[Word] = []
            while out and out[-1].text in LINKS:
                link.insert(0, out.pop())
            linked = bool(out) and out[-1].kind == "thing"
            if linked and word.value == "sound" and all(each.text == "的" for each in link):
                continue
            if linked and out[-1].value == "sound" and link and link[0].text == "of":
                out.pop()
            else:
                out += link
        out.append(word)
    return out


def follows(before: Anchor, between: Sequence[Word], word: Word) -> bool:
    """Whether what lies between two things speaks of the first: "rain 多一点 wind 少一点"."""
    return (
        before.word.kind == word.kind == "thing"
        and bool(between)
        and between[-1].kind == "degree"
        and between[0].kind in ("more", "less")
    )
