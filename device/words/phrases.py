"""Tokens → words of a kind, by the longest phrases of the lexicon → clauses."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from device.words.lexicon import CHINESE, ENGLISH
from device.words.text import HAN

ENDS = frozenset(".,:;!?()。\n")
LONGEST_PHRASE = max(len(phrase.split()) for phrase in ENGLISH)
LONGEST_HAN = max(map(len, CHINESE))


class Word(NamedTuple):
    kind: str
    value: Any                  # what the lexicon says of it: of another type for each kind
    text: str


def spoken(tokens: Sequence[str]) -> Iterator[Word]:
    """The longest phrases of the lexicon, and whatever lies between them."""
    return (word for word, _, _ in placed(tokens))


def placed(tokens: Sequence[str]) -> Iterator[tuple[Word, int, int]]:
    """The same, each with the place of its first token, and of its first character in that."""
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if HAN.fullmatch(token):
            yield from ((word, place, start) for word, start in han(token))
            place += 1
            continue
        for length in range(min(LONGEST_PHRASE, len(tokens) - place), 0, -1):
            phrase = " ".join(tokens[place:place + length])
            if phrase in ENGLISH:
                yield Word(*ENGLISH[phrase], phrase), place, 0
                place += length
                break
        else:
            # the comma of lists
            yield (Word(*CHINESE[token], token) if token in CHINESE else other(token)), place, 0
            place += 1


def han(run: str) -> Iterator[tuple[Word, int]]:
    place = 0
    while place < len(run):
        for length in range(min(LONGEST_HAN, len(run) - place), 0, -1):
            phrase = run[place:place + length]
            if phrase in CHINESE:
                yield Word(*CHINESE[phrase], phrase), place
                place += length
                break
        else:
            yield other(run[place]), place
            place += 1


def other(token: str) -> Word:
    return Word("end" if token in ENDS else "word" if token.isalnum() else "filler", None, token)


def clauses(words: Sequence[Word]) -> Iterator[list[Word]]:
    """What lies between marks; what is asked and then answered, "Bells? No!", ends with a word
    "asked"."""
    clause: list[Word] = []
    for place, word in enumerate(words):
        if word.kind in ("end", "but"):
            answered = word.text in ("?", ":") and any(
                later.kind != "end" for later in words[place:]
            )
            yield [*clause, Word("asked", None, "")] if answered else clause
            clause = []
        else:
            clause.append(word)
    yield clause
