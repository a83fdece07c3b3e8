"""A small grammar: from tokens to wishes. Clause by clause, each thing or quality with the little
words around it.

A learned tagger on the same words does worse on notes that neither had seen; `tools/evaluate words`
compares them.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from device.values import TEXTURES, Wish
from device.words.phrases import Word, clauses, spoken
from device.words.scope import ANCHORS, DENIALS, Anchor, anchored, rule, says, shape
from device.words.text import HAN

FLAGS = {
    "last": "last",
    "always": "always",
    "never": "always",
    "undo": "undo",
    "good": "good",
    "poor": "poor",
}
AGAINST = {
    "raise": ("lower", "forbid"),
    "lower": ("raise",),
    "require": ("forbid",),
    "forbid": ("require", "raise"),
}
# the verb of a thing that was named, while an unknown word may have turned the wish round
DOUBT = "doubt"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the grammar made of a line; `known` is how many of its `words` the lexicon has, small
    ones like "no", which other languages share, by half."""
    wishes: tuple[Wish, ...] = ()
    unsure: tuple[str, ...] = ()  # things that were named, but what is wished of them isn't clear
    flags: frozenset[str] = frozenset()     # "last", "always", "undo", "good", "poor"
    rest: tuple[str, ...] = ()  # tokens of clauses that speak neither of sound nor of the night
    known: float = 0.0
    words: int = 0
    strange: int = 0    # of them, that the lexicon doesn't have


def read(tokens: Sequence[str]) -> Reading:
    """Everything that was wished; of two wishes that contradict each other the later counts."""
    wishes: dict[tuple[str, str], Wish] = {}
    flags: set[str] = set()
    unsure: list[str] = []
    rest: list[str] = []
    words = list(spoken(tokens))
    denied = False
    before: list[Word] = []
    for clause in clauses(words):
        flags |= set(flagged(clause))
        if refuses(clause):
            said = [silenced(word.value) for word in before if word.kind == "thing"]
        elif kinds(clause) == {"want"} and any(word.kind == "asked" for word in before):
            # "Rain? Yes please"
            said = [Wish("require", word.value) for word in before if word.kind == "thing"]
        elif kinds(clause) == {"only"} and {word.value for word in before} & {*TEXTURES}:
            said = [Wish("forbid", "music", 1.0)]               # "rain, nothing else"
        else:
            said = list(wished(clause, denied and any(word.kind == "or" for word in clause)))
        for wish in said:
            if wish.verb == DOUBT:
                unsure.append(wish.name)
                continue
            against = [
                (verb, wish.name) for verb in AGAINST[wish.verb] if (verb, wish.name) in wishes
            ]
            if (
                against
                and wish.verb in ("raise", "lower")
                and any(w.kind in DENIALS for w in clause)
            ):
                # "slower, but not too slow"
                wishes[against[0]] = wishes[against[0]]._replace(degree=0.5)
                continue
            if wish.verb in ("require", "raise") and wish.name != "silence":
                wishes.pop(("require", "silence"), None)
            for each in against:
                del wishes[each]
            wishes[wish.verb, wish.name] = wish
        if not kinds(clause) & {*ANCHORS, *FLAGS} and not refuses(clause):
            rest += " ".join(word.text for word in clause).split()
        denied = bool(said) and said[-1].verb == "forbid"
        before = clause if kinds(clause) & {*ANCHORS} else before
    meant = [word for word in words if word.kind not in ("end", "filler", "at")]
    known = sum(
        1.0 if word.kind in (*ANCHORS, *FLAGS) else 0.5 for word in meant if word.kind != "word"
    )
    clear = {name for _, name in wishes}
    return Reading(
        tuple(wishes.values()),
        tuple(name for name in dict.fromkeys(unsure) if name not in clear),
        frozenset(flags),
        tuple(rest),
        known,
        len(meant),
        sum(word.kind == "word" for word in meant),
    )


def refuses(clause: Sequence[Word]) -> bool:
    """A clause that does nothing but deny: "Bells? No thanks.", "the wind scares me, leave it off".
    """
    meant = kinds(clause) - {"want", "too", "rather", "asked"}
    return bool(meant) and meant <= set(DENIALS)


def kinds(clause: Sequence[Word]) -> set[str]:
    return {word.kind for word in clause} - {"filler"}


# Of a clause's shape, "|" and that of up to three words before and the word itself: what the clause
# says as a whole. The first that fits says.
LACKS = r"(?=.*\bthing )(?=.*\bpoor )(?=.*\b(?:no|nope|never|lacking) )[^|]*\|"
FLAGGED = (
    rule("", rf"{LACKS}.*\bpoor $", "I couldn't sleep without the fire"),
    rule("poor", r".*\|.*\b(?:no|nope|never) .*good $", "not a great night"),
    rule("good", r".*\|.*\b(?:no|nope|never) .*poor $", "I never slept badly"),
    rule("", r".*\|.*\b(?:no|nope|drop|lacking|never|hate|too) .*last $", "not like last night"),
    rule("", r".*\|.*\b(?:no|nope) (?:the )*(?:always|never) $", "not always"),
    rule("", r".*\bthing .*\|.*\bundo $", "forget that rain"),
    rule("last", r".*\blast $", "like last night"),
    rule("always", r".*\b(?:always|never) $", "every night"),
    rule("undo", r".*\bundo $", "forget that"),
    rule("good", r".*\bgood $", "I slept well"),
    rule("poor", r".*\bpoor $", "I slept badly"),
)


def flagged(clause: Sequence[Word]) -> Iterator[str]:
    """What a clause says as a whole."""
    return (verdict for shape in flag_shapes(clause) if (verdict := says(FLAGGED, shape)))


def flag_shapes(clause: Sequence[Word]) -> Iterator[str]:
    """What FLAGGED is asked, for each word that may flag."""
    for place, word in enumerate(clause):
        if word.kind in FLAGS:
            before = [each for each in clause[max(place - 3, 0) : place] if each.kind != "filler"]
            yield f"{shape(clause)}|{shape(before)}{word.kind} "


def conditional(clause: Sequence[Word]) -> bool:
    """"I couldn't sleep without the fire", "没有雨我睡不着": no bad night, but what sleep needs."""
    kinds = [word.kind for word in clause]
    return (
        "poor" in kinds
        and "thing" in kinds
        and any(kind in ("no", "never", "lacking") for kind in kinds)
    )


# ---- anchors → wishes ----------------------------------------------------------------------------

def wished(clause: Sequence[Word], denied: bool) -> Iterator[Wish]:
    """The wishes of one clause; `denied`: it goes on with a list that began with "no"."""
    anchors = swapped(anchored(clause))
    about_me = "i" in kinds(clause) and "want" not in kinds(clause)
    # "slept badly because of the bells"
    blame = Word("hate" if "poor" in kinds(clause) else "love", None, "")
    place = 0
    while place < len(anchors):
        anchor = anchors[place]
        after = anchors[place + 1] if place + 1 < len(anchors) else None
        if (
            place
            and anchor.joined
            and anchor.word.kind == anchors[place - 1].word.kind in ("thing", "quality")
        ):
            anchor.before = [*anchors[place - 1].before, *anchor.before]
        anchor.before = [blame if word.kind == "cause" else word for word in anchor.before]
        if conditional(clause):
            anchor.before = [*anchor.before, Word("never", None, ""), Word("lacking", None, "")]
        if denied and not anchor.has("want", "more", "less"):
            anchor.before = [Word("no", None, "no"), *anchor.before]
        if anchor.word.kind in ("thing", "field") and after and described(anchor, after):
            yield from sure([anchor, after], judged(anchor, after))
            place += 2
        elif anchor.word.kind in ("quality", "compared") and after and qualifies(anchor, after):
            yield from sure([anchor, after], qualified(anchor, after))
            place += 2
        else:
            one = {"thing": named, "field": turned}.get(anchor.word.kind)
            yield from sure([anchor], one(anchor) if one else coloured(anchor, about_me))
            place += 1


def sure(anchors: Sequence[Anchor], wishes: Iterator[Wish]) -> Iterator[Wish]:
    """The wishes that stand whatever the unknown words around them mean; a thing whose wish doesn't
    is in doubt."""
    whole = Anchor(anchors[0].word, anchors[0].before, anchors[-1].after)
    thing = next((each.word.value for each in anchors if each.word.kind == "thing"), None)
    signs = [each.word.value[1] for each in anchors if each.word.kind in ("quality", "compared")]
    for wish in wishes:
        denied = (
            whole.doubled
            or wish.verb == "forbid"
            or wish.verb == "lower"
            and signs != [-1]
            or wish.verb == "raise"
            and signs == [-1]
            or wish.name == "silence" != anchors[0].word.value
        )
        if not whole.doubtful(denied):
            yield wish
        elif thing:
            yield Wish(DOUBT, thing)


def swapped(anchors: list[Anchor]) -> list[Anchor]:
    """"Swap the piano for bells", "from waves to rain", "把海浪换成雨": the first thing goes, the
    second comes."""
    for first, second in itertools.pairwise(anchors):
        if first.word.kind == second.word.kind == "thing":
            if any(word.kind == "swap" for word in first.before) or any(
                word.kind == "into" for word in second.before
            ):
                first.before = [
                    *(w for w in first.before if w.kind != "swap"),
                    Word("drop", None, ""),
                ]
                second.before = [Word("want", None, "")]
            elif first.has("rather") and any(
                word.kind == "than" or word.text == "to" for word in second.before
            ):
                second.before = [Word("drop", None, "")]
    return anchors


def described(thing: Anchor, quality: Anchor) -> bool:
    """"The waves were too loud", "rain louder", "雨声大一点"."""
    between = quality.before
    return (
        quality.word.kind in ("quality", "compared")
        and not quality.has("want", "and", "or")
        and not any(word.kind in ("word", "at") for word in between)
        and (
            not thing.has(*DENIALS)
            or quality.has("too")
            or any(word.kind in ("is", "was") for word in between)
        )
    )


def qualifies(quality: Anchor, noun: Anchor) -> bool:
    """"Softer rain", "slower tempo": the noun comes at once."""
    return (noun.word.kind in ("thing", "field")
            and all(word.kind in ("filler", "degree") for word in (*quality.after, *noun.before)))


def judged(thing: Anchor, quality: Anchor) -> Iterator[Wish]:
    quality = replace(quality, before=[*thing.before, *quality.before])
    field_, sign = quality.word.value
    way = direction(quality, sign, predicate=True)
    if way:
        yield Wish("raise" if way > 0 else "lower", subject(thing.word, field_), quality.degree)


def subject(thing: Word, field_: str) -> str:
    """What a quality is said of: loudness belongs to the thing, everything else to the music as a
    whole."""
    if thing.kind == "field":
        return (
            thing.value if field_ in ("level", "register") and thing.value != "density" else field_
        )
    if thing.value in TEXTURES and field_ == "register":
        return thing.value                  # "lower rain": noise has no pitch
    return thing.value if field_ == "level" and thing.value not in ("sound", "silence") else field_


def qualified(quality: Anchor, noun: Anchor) -> Iterator[Wish]:
    field_, sign = quality.word.value
    both = replace(quality, after=[*quality.after, *noun.after])
    way = (
        direction(both, sign) if both.word.kind == "quality" else 0 if both.has(*DENIALS) else sign
    )
    if (noun.word.kind == "field" or noun.word.value in ("sound", "music") and field_ != "level"
            or quality.word.kind == "compared" and subject(noun.word, field_) == noun.word.value):
        if way:
            yield Wish("raise" if way > 0 else "lower", subject(noun.word, field_), both.degree)
    elif (
        quality.word.value == ("tension", -1)
        and noun.word.value in TEXTURES
        and not both.has(*DENIALS, "less")
    ):
        # gentle rain
        yield from named(replace(noun, before=[*quality.before, Word("degree", 0.5, "")]))
    elif (
        field_ != "level"
        and both.has(*DENIALS)
        and not both.has("too")
        and quality.word.kind == "quality"
    ):
        yield silenced(noun.word.value)                         # "no deep hum"
    elif field_ != "level":
        if way:
            yield Wish("raise" if way > 0 else "lower", field_, both.degree)
        if quality.word.kind == "quality" and not both.has(*DENIALS, "too", "less", "more"):
            yield from named(replace(noun, before=quality.before))
    elif quality.word.kind == "compared" or both.has(*DENIALS, "too", "less", "more"):
        if way:
            yield Wish("raise" if way > 0 else "lower", subject(noun.word, field_), both.degree)
    elif noun.word.value != "sound":
        loudness = Word("degree", 2.0 if sign > 0 else 0.5, "")
        yield from named(replace(noun, before=[*quality.before, loudness]))


def direction(anchor: Anchor, sign: int, predicate: bool = False) -> int:
    """+1 raise, −1 lower, 0 nothing: what is asked for by a quality in its surroundings."""
    denied = any(word.kind in DENIALS for word in anchor.before)
    if anchor.has("mind"):
        return 0
    if anchor.has("enough"):
        return sign if denied else 0
    less = any(word.kind == "less" for word in anchor.before) or any(
        word.kind == "less" and HAN.match(word.text) for word in anchor.after
    )
    compared = (
        anchor.word.kind == "compared"
        or any(word.kind == "degree" and HAN.match(word.text) for word in anchor.after)
        or anchor.has("more")
    )
    if compared:
        return 0 if denied or less else sign
    if less or anchor.has("too") or denied:         # but "slow it down" is no less slow
        return -sign
    if predicate and anchor.has("was"):
        return -sign if anchor.word.value == ("level", 1) and not anchor.has("love") else 0
    return sign


def coloured(anchor: Anchor, about_me: bool) -> Iterator[Wish]:
    """A quality by itself: "darker", "not so bright", "something slow"."""
    field_, sign = anchor.word.value
    plain = anchor.word.kind == "quality" and not anchor.has(
        "too", "less", "more", "enough", *DENIALS
    )
    strange = any(word.kind == "word" for word in anchor.before)
    # "the kids were noisy"
    elsewhere = strange and (anchor.has("was") or HAN.match(anchor.word.text))
    noun = anchor.after and anchor.after[0].kind == "word"
    # how somebody feels, not what they wish
    tense = field_ == "tension" and sign > 0 and not anchor.has("want")
    if plain and (about_me or elsewhere or noun or tense):
        return
    if about_me and anchor.word.kind == "quality" and not anchor.has("want", "love"):
        return
    if way := direction(anchor, sign, predicate=anchor.has("was")):
        yield Wish("raise" if way > 0 else "lower", field_, anchor.degree)


def turned(anchor: Anchor) -> Iterator[Wish]:
    """"Less volume", "turn the tempo down", "fewer notes"."""
    if anchor.has("less") and not anchor.has("no"):
        yield Wish("lower", anchor.word.value, anchor.degree)
    elif anchor.has("more") and not anchor.has(*DENIALS):
        yield Wish("raise", anchor.word.value, anchor.degree)


def named(anchor: Anchor) -> Iterator[Wish]:
    """A thing by name, required, forbidden, raised or lowered."""
    name, degree = anchor.word.value, anchor.degree
    denied = anchor.has(*DENIALS, "undo")
    # "the wind is getting on my nerves"
    predicated = any(word.kind in ("is", "was") for word in anchor.after)
    asked = any(
        word.kind == "want"
        for word in (anchor.before if predicated else (*anchor.before, *anchor.after))
    )
    # "anything but rain is fine"
    if anchor.has("mind") and not any(word.kind == "drop" for word in anchor.before):
        return
    if anchor.has("than") and not denied:
        return
    if anchor.has("scarce"):
        yield Wish("raise", "level" if name == "sound" else name, degree)
    elif anchor.doubled:
        yield Wish("require", name, 1.0)
    elif denied and anchor.has("enough"):
        yield Wish("raise", name, degree)
    elif denied and anchor.has("more", "less"):     # "don't add more rain" leaves it as it is
        too = any(word.text.startswith(("too ", "太")) for word in anchor.after)
        if too or anchor.has("less") and anchor.has("lacking"):
            yield Wish("lower", name, degree)
    elif denied:
        yield silenced(name)
    elif anchor.has("less"):
        yield Wish("lower", "level" if name == "sound" else name, degree)
    elif anchor.has("more"):
        yield Wish("require", name, 1.0) if name == "silence" else \
            Wish("raise", "level" if name == "sound" else name, degree)
    elif anchor.has("only"):
        yield Wish("require", name, degree)
        if name in TEXTURES:
            yield Wish("forbid", "music", 1.0)
    elif anchor.has("love"):
        yield Wish("raise", name, degree)
    elif name != "sound" and (asked or name != "music" and not anchor.has("is", "was", "i")):
        yield Wish("require", name, degree)


def silenced(name: str) -> Wish:
    return Wish("require", "silence", 1.0) if name == "sound" else Wish("forbid", name, 1.0)
