"""What thumbs write, spelled out: "rain pls n thx", "waaay 2 loud". Pure."""

import re
from types import MappingProxyType

from device.words.regex import regex
from device.words.spelling import SINGLE

LONG = MappingProxyType(
    {
        "pls": "please", "plz": "please", "pleas": "please", "thx": "thanks", "thnx": "thanks",
        "tks": "thanks", "tysm": "thanks", "ty": "thanks", "u": "you", "ur": "your", "r": "are",
        "n": "and", "bc": "because", "cuz": "because", "coz": "because", "tho": "though",
        "gimme": "give me", "lemme": "let me", "wanna": "want to", "gonna": "going to",
        "smth": "something", "sth": "something", "tonite": "tonight", "2nite": "tonight",
        "tn": "tonight", "rn": "now", "dnt": "don't", "dont": "don't", "cant": "can't",
        "wont": "won't", "didnt": "didn't", "doesnt": "doesn't", "isnt": "isn't",
        "wasnt": "wasn't", "thats": "that's", "im": "i'm", "ive": "i've", "w/o": "without",
        "w/": "with", "vol": "volume", "b4": "before", "2day": "today", "ngl": "", "tbh": "",
        "lol": "", "lmao": "", "omg": "", "fr": "", "bruh": "", "imo": "", "haha": "",
    }
)
SHORT = regex(
    r"(?<![\w'/])(?:" + "|".join(sorted(map(re.escape, LONG), key=len, reverse=True))
    + r")(?![\w'])[ ]?"
)
TOO = regex(r"\b2 (?=(?:much|many|few|loud|quiet|soft|fast|slow|bright|dark|high|low|busy)\b)")
DRAWN = regex(r"\b[a-z]*?([a-z])\1{2,}[a-z]*\b")
RUN = regex(r"([a-z])\1{2,}")


def spelled_out(line: str) -> str:
    """A clean line without abbreviations, and without letters that are drawn out."""
    line = DRAWN.sub(lambda word: undrawn(word[0]), TOO.sub("too ", line))
    return SHORT.sub(lambda short: whole(short[0]), line).strip()


def whole(short: str) -> str:
    """With the space behind it, if anything is left."""
    said = LONG[short.strip()]
    return said + short[len(short.rstrip()):] if said else ""


def undrawn(word: str) -> str:
    """ "tooo" → "too", "waaay" → "way"."""
    twice = RUN.sub(r"\1\1", word)
    return twice if twice in SINGLE else RUN.sub(r"\1", word)
