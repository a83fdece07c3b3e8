"""A slip of the finger in a word that the device has: "rian", "bels", "louderr"."""

from collections.abc import Callable, Sequence

from device.words.lexicon import ENGLISH

SHORTEST = 4  # letters: of shorter words too many are one letter apart
FREE = 6  # letters from which another letter may stand in for the right one
KINDS = frozenset(
    (
        "thing",
        "field",
        "quality",
        "compared",
        "no",
        "hate",
        "lacking",
        "drop",
        "more",
        "less",
        "want",
        "love",
        "always",
        "never",
        "undo",
        "last",
    )
)
WORDS = tuple(
    word
    for word, (kind, _) in ENGLISH.items()
    if kind in KINDS and len(word) >= SHORTEST and word.isalpha() and word.isascii()
)
STARTS = {
    start: tuple(word for word in WORDS if word[0] == start)
    for start in {word[0] for word in WORDS}
}
SINGLE = frozenset(part for phrase in ENGLISH for part in phrase.split())


def slipped(said: str, meant: str) -> bool:
    """Whether one slip makes `said` of `meant`: two letters changed places, one is missing, one is
    too many, or, in long words, one is another."""
    if abs(len(said) - len(meant)) > 1 or said == meant:
        return False
    if len(said) == len(meant):
        wrong = [i for i in range(len(said)) if said[i] != meant[i]]
        if len(wrong) == 1:
            return len(meant) >= FREE
        return (
            len(wrong) == 2
            and wrong[1] == wrong[0] + 1
            and said[wrong[0]] == meant[wrong[1]]
            and said[wrong[1]] == meant[wrong[0]]
        )
    short, long = sorted((said, meant), key=len)
    return any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


def mended(tokens: Sequence[str], known: Callable[[str], bool]) -> list[str]:
    """`tokens` with such slips put right; what is `known` as a word is none."""
    return [meant(token, known) for token in tokens]


def meant(token: str, known: Callable[[str], bool]) -> str:
    if (
        len(token) < SHORTEST - 1
        or len(token) > 16
        or not (token.isalpha() and token.isascii())
        or token in SINGLE
        or known(token)
    ):
        return token
    near = [word for word in STARTS.get(token[0], ()) if slipped(token, word)]
    if not near or len(token) < SHORTEST and len(near) > 1:
        return token
    meanings = {ENGLISH[word] for word in near}
    return near[0] if len(meanings) == 1 else token
