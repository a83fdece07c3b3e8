"""What a note takes back or puts off as it goes on: a word that a later one replaces, a wish for
another night or for when somebody sleeps. What is left of the line is what counts now. Pure.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from device.words.phrases import Word, spoken
from device.words.regex import regex
from device.words.scope import ANCHORS, DENIALS
from device.words.text import HAN, tokens

# Where a clause ends, and where a second thought begins without a mark: "quieter no wait louder".
ENDS = regex(
    r"[.,!?;:…，。！？；、]+ ?|-- ?| - | (?=(?:but|yet|though|then|and then)\b)|(?=但|不过|可是|"
    r"然后)|"
    r" (?=(?:no,? (?:wait|sorry|actually|i mean)|wait,? no|i meant?|scratch that|or rather|"
    r"actually)\b)"
)
# What begins a second thought, with or without a word that only wins time.
WELL = (
    r"(?:(?:but|and|so|or|yet|though|then|um+|uh+|er+|hm+|oh|ok|okay|ah|well|yeah)\b|"
    r"但是?|不过|可是|哎呀?|嗯+|啊|哦|唉)"
)
AGAIN = (
    r"(?:(?:no(?=[,. ]*$| wait| sorry| actually| i mean| scratch)|nope(?=[,. ]*$)|wait|hang on|"
    r"sorry|oops|whoops|actually|scratch that|i meant?|i said|(?:on )?second thoughts?|never ?mind|"
    r"(?:i )?changed my mind|or rather|rather|you know what|fine|go on)\b|"
    r"不对|唔是|不是|说错了?|错了|算了(?![吧啦。！!]*$)|还是|都是(?=要|放|留|想|听)|想想(?:还是)?|"
    r"转念一想|改主意了?|等等|"
    r"(?:现在)?又想|是(?=调|要|想|再))"
)
SECOND = regex(rf"(?:\s*(?:{WELL}|{AGAIN})[,.… ]*)*")
# Strong enough to take back a thing that was named.
STRONG = regex(
    r"\b(?:actually|sorry|wait|oops|whoops|scratch|second thoughts?|never ?mind|mind|you know what|"
    r"i meant?|i said|fine|go on|okay|ok)\b|算了|还是|都是|想想|一想|改主意|又想|不对|错了"
)
KEPT = regex(
    r"(?:(?:please|just|you can|let's|go ahead and|do|i do|let me) )*(?:(?:keep|leave|have|put|"
    r"want|"
    r"bring|play|take) (?:it|them|that|those)(?: on| in| back| there| playing| anyway)*|"
    r"go (?:for it|ahead)|do it|(?:it|that|they|those)(?:'s|'re| is| are)? (?:fine|ok|okay|good|"
    r"alright|all right|can stay)|i(?:'ll| will) (?:have|take|keep) (?:it|them)|yes)"
    r"(?: please| after all| then| though)*|"
    r"(?:就|给我|想|再)*(?:要|放|留着|留下|留|开着|开|保留|听|来)(?:回|返|着|上)?(?:它|佢)?(?:吧|"
    r"啦|好了|了|啊)*"
)
DROPPED = regex(
    r"(?:(?:please|just|better|i'd) )*(?:(?:forget|skip|drop|lose|leave|cut|stop|without|"
    r"don't want) "
    r"(?:it|them|that)(?: off| out)?|rather not|don't|not)(?: please| after all| then)*|"
    r"(?:不要|不听|不放|不用|别放|别要|免|唔要|唔使|算)(?:了|啦|吧|它)*"
)
# Of what was named just before.
NOT_NOW = regex(
    r"(?:maybe |just |perhaps )*not (?:tonight|now|today|right now|yet|this time)(?: please|"
    r" though)*|"
    r"(?:但|可)?今(?:天|晚|天晚上)(?:先|就|还是)*(?:不用|不要|不|唔要|唔使|免|算)(?:了|啦|吧)*"
)
ITS = regex(r"\b(?:it|them|that|those|they)\b|[一-鿿]")
BARE = regex(
    r"(?:(?:turn|put|make|bring) it |all the way |a (?:little|bit) |a notch )*(up|down|higher|"
    r"lower)"
    r"(?: a (?:little|bit|notch))?(?: please)?"
)
LEVEL = regex(
    rf"^(?:{BARE.pattern})[ .,!?…]*$|\b(?:turn|volume|sound|music)\b.*\b(?:up|"
    rf"down)\b|"
    r"\b(?:up|down)\b.*\b(?:volume|sound|music)\b|调[大小高低]"
)
ORDER = frozenset(("compared", "quality", "degree", "filler", "want", "verb", "is", "end", "i"))
# At the end it takes back what was said before it, in the same note.
TAKEN_BACK = regex(
    r"\b(?:never ?mind|scratch that|changed my mind|(?:wait|sorry|actually|oh),? no)[,.! ]*$"
)
# Words of a comparison that holds while a quality only bounds it: "louder, but still quiet".
WHILE = regex(r"\b(?:still|yet|keep|stay|remain)\b|还是|还要|仍|也要|依然|都要")

DAYS = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
LATER = regex(
    rf"(?<!until )(?<!till )\b(?:(?:maybe|from|starting|starting from) )?(?:tomorrow|"
    rf"the day after|(?:on|next) {DAYS}|"
    r"next (?:week|weekend|month)|(?:some other|(?:for|maybe|perhaps) another) (?:night|time))"
    r"(?: night| evening| on)?\b|"
    r"(?:从|到)?(?:明[天晚夜日]|后天|听[晚日]|下周|下星期|改天|周[一二三四五六日末]|"
    r"星期[一二三四五六日天])"
    r"(?:晚上|晚|夜里|起|开始)*"
)
WE = r"(?:i|we)(?:'?m|'?ve|'re| am| are| have)?"
SLEEP = (
    r"(?:asleep|sleeping|(?:fall|fallen|falling) asleep|(?:drift|drifted|nod|nodded|doze|dozed|"
    r"drop|"
    r"dropped) off|dozing|passed out|gone to sleep)"
)
ASLEEP = regex(
    rf"\b(?:if|when|once|as soon as|after)(?: that)? (?:{WE}(?: \w+)?? {SLEEP}|"
    r"it(?:'s| is| gets| starts| stops)? (?:late|dark|midnight|morning|rains|raining|to rain))\b|"
    r"(?:等|如果|要是|假如|一旦|当)(?:到)?我?(?:睡着|入睡|睡熟)(?:了|之后|以后|后|的时候|时|的话)*|"
    r"我?(?:睡着|入睡|睡熟)(?:了)?(?:之后|以后|后|就)"
)
UNTIL = regex(rf"\b(?:until|till) {WE}(?: \w+)?? {SLEEP}\b|直?到我?(?:睡着|入睡|睡熟)")


class Left(NamedTuple):
    line: str
    later: bool  # whether something was put off: it is said that this can't be done


def left(line: str) -> Left:
    """A clean line without what it takes back or puts off."""
    line, later = now(line)
    return Left(amended(line), later)


def clauses(line: str) -> Iterator[str]:
    """Each with the mark that ends it."""
    start = 0
    for end in ENDS.finditer(line):
        if end.end() > start:
            yield line[start : end.end()]
            start = end.end()
    if line[start:]:
        yield line[start:]


# ---- second thoughts -----------------------------------------------------------------------------


def amended(line: str) -> str:
    """With the last word on each thing alone, where it is clear what a second thought replaces."""
    kept: list[str] = []
    held = ""
    for clause in clauses(line):
        mark = SECOND.match(clause)
        said = clause[mark.end() :] if mark else clause
        if not words(said):
            held += clause
            continue
        mended = replaced(kept, said, held + (mark[0] if mark else ""))
        if not (kept and tempered(kept[-1], clause)):
            kept = [*kept, held + clause] if mended is None else mended
        held = ""
    if kept and TAKEN_BACK.search(held) and wishing(kept[-1]):
        return "".join(kept[:-1])
    return "".join([*kept, held])


def wishing(clause: str) -> bool:
    return any(word.kind in ANCHORS for word in words(clause))


def replaced(kept: Sequence[str], said: str, mark: str) -> list[str] | None:
    """The clauses so far, with what is now `said` in the place of what it corrects; None if it
    corrects nothing, or not clearly."""
    order = said.strip(" .,!?。，！？…")
    if kept and NOT_NOW.fullmatch(order) and (place := spoken_of(kept)) is not None:
        denied = any(word.kind in DENIALS for word in words(kept[place]))
        return None if denied else [*kept[:place], plainly(things(kept[place]), False)]
    if not kept or not re.search(r"\w", re.sub(WELL, "", mark)):
        return None
    if bare := BARE.fullmatch(order):
        way = "up" if bare[1] in ("up", "higher") else "down"
        if cut := without(kept, "level"):
            return [*cut, f"turn it {way}"]
    now_said = words(order)
    fields = {word.value[0] for word in now_said if word.kind in ("compared", "quality")}
    if len(fields) == 1 and {word.kind for word in now_said} <= ORDER:
        cut = without(kept, *fields)
        return [*cut, said] if cut else None
    if not STRONG.search(mark):
        return None
    place = next((i for i in reversed(range(len(kept))) if things(kept[i])), None)
    if place is None:
        return None
    named = things(kept[place])
    if KEPT.fullmatch(order) or DROPPED.fullmatch(order):
        return [*kept[:place], plainly(named, bool(KEPT.fullmatch(order))), *kept[place + 1 :]]
    if {word.value for word in named} <= {word.value for word in things(said)}:
        return [*kept[:place], *kept[place + 1 :], said]
    return None


def spoken_of(kept: Sequence[str]) -> int | None:
    """The place of the clause with the things that the next is about: the last, or, where that only
    says why they aren't wanted, the one before: "he loves wind but I can't stand it, not now"."""
    for place in range(len(kept) - 1, max(len(kept) - 3, -1), -1):
        if things(kept[place]):
            return place
        if not (ITS.search(kept[place]) and any(w.kind in DENIALS for w in words(kept[place]))):
            return None
    return None


def without(kept: Sequence[str], field: str) -> list[str]:
    """The clauses without the last words on a field, or none if there are none."""
    for place in reversed(range(len(kept))):
        said = [
            word
            for word in words(kept[place])
            if word.kind in ("compared", "quality") and word.value[0] == field
        ]
        if said:
            rest = kept[place]
            for word in said:
                rest = rest.replace(word.text, "")
            return [*kept[:place], rest, *kept[place + 1 :]]
        if field == "level" and LEVEL.search(kept[place]):
            return [*kept[:place], "", *kept[place + 1 :]]
    return []


def plainly(named: Sequence[Word], wanted: bool) -> str:
    texts = [word.text for word in named]
    if HAN.search(texts[0]):
        return ("要" if wanted else "不要") + "和".join(texts) + "，"
    listed = (" and " if wanted else " or ").join(texts)
    return f"{'with' if wanted else 'no'} {listed} please, "


def tempered(before: str, clause: str) -> bool:
    """Whether a quality only bounds the comparison before it."""
    compared, bounds = words(before), words(clause)
    kinds = {word.kind for word in bounds}
    if "degree" in kinds or not any(w.kind in ("than", "compared", "degree") for w in compared):
        return False
    ways = {word.value for word in compared if word.kind in ("compared", "quality")}
    qualities = {word.value for word in bounds if word.kind == "quality"}
    if kinds & {*DENIALS, "too"}:       # "慢一点，但别太慢"
        return {"no", "too"} <= kinds and bool(qualities & ways) and bool(HAN.search(clause))
    against = any((field, -way) in ways for field, way in qualities)
    return against and bool(WHILE.search(clause))


# ---- another time --------------------------------------------------------------------------------


def now(line: str) -> tuple[str, bool]:
    """Without the clauses that wish for another night, or for when somebody sleeps; whether there
    were any."""
    kept: list[str] = []
    later, waits = False, ""
    for clause in clauses(line):
        said = LATER.sub(" ", clause)
        asleep = ASLEEP.search(said)
        kinds = {word.kind for word in words(ASLEEP.sub(" ", said))}
        wishes = bool(kinds & {*ANCHORS}) and "word" not in kinds
        less = bool(kinds & {*DENIALS, "less", "compared"}) and not (
            kinds & {"no", "never"} and "drop" in kinds  # "don't stop it when I'm asleep"
        )
        another = said != clause or waits == "another day"
        if wishes and another or less and (asleep or waits == "asleep"):
            later, waits = True, ""
            continue
        # "tomorrow, no rain", "until I'm asleep, then no more"
        bare = not kinds - {"filler", "end"}
        waits = (
            "asleep"
            if UNTIL.search(clause) or bare and asleep
            else "another day"
            if bare and another
            else ""
        )
        if not bare or waits != "asleep":
            kept.append(clause)
    return "".join(kept), later


def words(text: str) -> list[Word]:
    return list(spoken(tokens(text)))


def things(text: str) -> list[Word]:
    return [word for word in words(text) if word.kind == "thing" and word.value != "sound"]
