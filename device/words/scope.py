"""How far small words reach: which belong to a thing or quality, and what stands over it that
nobody here knows."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from device.words.phrases import Word
from device.words.text import HAN

ANCHORS = ("thing", "field", "quality", "compared")
DENIALS = ("no", "drop", "lacking", "never", "hate")
LINKS = ("of", "the", "a", "an", "的")
ARTICLES = frozenset(("the", "a", "an", "my", "this", "these", "those", "of"))


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
        """Whether one denial undoes another: "don't stop the rain", "I'd hate to lose it", "no
        reason to stop it", "不能没有雨"; "no, no", "no, stop" and "I hate it, please stop"
        don't."""
        if any(w.kind == "lacking" for w in self.before) and any(
            w.kind == "no" for w in self.after
        ):
            return True                         # "without rain I can't sleep"
        said = [*self.before, *self.after]
        for place, word in enumerate(said):
            later = [w.kind for w in said[place + 1:]]
            under = next((i for i, kind in enumerate(later) if kind in ("lacking", "drop")), None)
            if under is None or word.kind not in ("no", "never", "hate", "drop"):
                continue
            if word.kind == "drop":
                return later[under] == "lacking"
            if word.text in ("no", "nope"):
                return later[0] == "word" or later[under] == "lacking" and under > 0
            return word.kind != "hate" or place < len(self.before) and "want" not in later[:under]
        return False

    def doubtful(self, denied: bool) -> bool:
        """Whether an unknown word may turn the meaning round: "quit the bells", "the bells scare
        me", and of what is `denied` "don't forget the bells", "the bells don't scare me"."""
        before = (
            self.before
            if self.word.kind == "thing"
            else [word for word in self.before if word.kind != "verb"]
        )
        last = max((i for i, word in enumerate(before) if word.kind in DENIALS), default=-1)
        if denied and last >= 0:
            return governed(before[last + 1:])
        if denied:
            last = max((i for i, word in enumerate(self.after) if word.kind in DENIALS), default=-1)
            return last >= 0 and self.after[last].kind == "no" and judged(self.after[last + 1:])
        steered = any(word.kind in ("more", "less", "want", *DENIALS) for word in self.after)
        return (
            governed([word for word in before if word.kind != "verb"] if steered else before)
            or judged(self.after)
            or self.has("asked")
            and not self.has("want")
        )


def governed(before: Sequence[Word]) -> bool:
    """Whether a word that nobody here knows stands over what follows; one right before it only
    describes it, as in "summer rain", and one before "and" stands beside it. "Turn" or "leave"
    alone says nothing either."""
    describes = True
    for place in range(len(before) - 1, -1, -1):
        word, following = before[place], before[place + 1:place + 2]
        beside = any(each.kind in ("and", "or") for each in following)
        stands = word.kind == "word" and not (describes or beside)
        if stands or word.kind in ("verb", "sub"):
            return True
        describes = describes and (word.kind in ("word", "degree") or word.text == "的")
    return False


def judged(after: Sequence[Word]) -> bool:
    """Whether an unknown word follows as if it were the verb, and not after a preposition or
    article."""
    for word in after:
        if (
            word.kind in ("at", "and", "or", "than", "want", "only", "love", "mind", *DENIALS)
            or word.text in ARTICLES
        ):
            return False
        if word.kind == "word":
            return not word.text.endswith("ing")
    return False


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
