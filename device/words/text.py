"""From whatever came in to a short, clean line and its tokens: nothing else of a note is ever
looked at."""

import unicodedata

from device.words.regex import regex

LONGEST = 400           # characters that are read; a note is a line or two
SEEN = 4 * LONGEST      # characters that are looked at to find them
WORD = regex(r"[a-z0-9]+(?:['’][a-z]+)*|[一-鿿㐀-䶿]+|[^\W_]+|[^\w\s]")
HAN = regex(r"[一-鿿㐀-䶿]+")


def clean(text: object) -> str:
    """One line without control characters, marks of direction or anything that can't be seen; lower
    case, NFKC."""
    if not isinstance(text, str):
        return ""
    line = "".join(c if unicodedata.category(c)[0] != "C" else " " if c in "\t\r\n" else ""
                   for c in unicodedata.normalize("NFKC", text[:SEEN]))
    return " ".join(line.split())[:LONGEST].lower().replace("’", "'")


def tokens(line: str) -> list[str]:
    """Words, runs of Han characters, and punctuation marks, in order."""
    return WORD.findall(line)
