"""Figures of notes and of home utterances: what was understood beside what was annotated.

An answer is `Answer(slots, asked)`: slots without their degree, and whether something was asked
back. Asking back counts as a miss in F1, and as no silent one.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from training.words.home import SOUND, VOLUME, Utterance

AGAINST = {
    "raise": ("lower", "forbid"),
    "require": ("lower", "forbid"),
    "lower": ("raise", "require"),
    "forbid": ("raise", "require"),
}
UP = frozenset(("raise:level", "raise:music", "require:music"))
DOWN = frozenset(("lower:level", "lower:music", "forbid:music", "require:silence"))
NOWHERE = float("nan")


class Answer(NamedTuple):
    slots: frozenset[str]
    asked: bool = False


def wishes(rows: Sequence[Mapping], answers: Sequence[Answer]) -> dict[str, float]:
    """Micro F1 over slots; `inversions` and `negation_errors` count every wish whose direction is
    the opposite of the annotation's, in all notes and in those that are marked as denials;
    `invented`, `silent_misses`, `asked_back` and `always_false` are shares of notes."""
    hit = told = wanted = inversions = errors = cases = 0
    invented = silent = asked = always = many = 0
    for row, answer in zip(rows, answers, strict=True):
        if row.get("language") == "other":
            continue
        gold = {":".join(slot.split(":")[:2]) for slot in row.get("wishes", ())}
        wrong = len(opposites(gold) & answer.slots)
        many += 1
        hit += len(gold & answer.slots)
        told += len(answer.slots)
        wanted += len(gold)
        inversions += wrong
        cases += bool(row.get("negated"))
        errors += bool(wrong)
        invented += bool(answer.slots - gold)
        silent += bool(gold - answer.slots) and not answer.asked
        asked += answer.asked
        always += "keep:always" in answer.slots - gold
    return {
        "slot_f1": 2 * hit / (told + wanted) if told + wanted else NOWHERE,
        "negation_errors": errors,
        "negation_cases": cases,
        "inversions": inversions,
        "invented": invented / many if many else NOWHERE,
        "silent_misses": silent / many if many else NOWHERE,
        "asked_back": asked / many if many else NOWHERE,
        "always_false": always,
    }


def opposites(gold: Collection[str]) -> set[str]:
    """What would be the opposite of a slot, and isn't one itself ("waves, but softer ones")."""
    pairs = (slot.split(":") for slot in gold if slot.split(":")[0] in AGAINST)
    return {f"{verb}:{name}" for said, name in pairs for verb in AGAINST[said]} - {*gold}


def home(said: Sequence[Utterance], answer: Callable[[str], Answer]) -> dict[str, float]:
    """`distraction_wishes`: the share with any wish though it speaks neither of volume nor of
    music; `volume_right` and `volume_inverted` of those that were to be louder or quieter."""
    distractions = [answer(each.text) for each in said if each.intent not in SOUND]
    turned = [
        (each.way, answer(each.text).slots) for each in said if each.way and each.intent in VOLUME
    ]
    if not distractions or not turned:
        return {}
    right = [
        bool(slots & (UP if way > 0 else DOWN)) and not slots & (DOWN if way > 0 else UP)
        for way, slots in turned
    ]
    wrong = [bool(slots & (DOWN if way > 0 else UP)) for way, slots in turned]
    return {
        "distraction_wishes": sum(bool(each.slots) for each in distractions) / len(distractions),
        "volume_right": sum(right) / len(right),
        "volume_inverted": sum(wrong),
    }


def unknown(rows: Sequence[Mapping], refused: Sequence[bool]) -> dict[str, float]:
    """Shares of other languages and gibberish, and of notes, to which "I don't know" is said."""
    strange, known = [], []
    for row, answer in zip(rows, refused, strict=True):
        (strange if row.get("language") == "other" else known).append(answer)
    return {"unknown_recall": share(strange), "known_refused": share(known)}


def share(answers: Sequence[bool]) -> float:
    return sum(answers) / len(answers) if answers else NOWHERE
