"""English, Chinese, or "I don't know": by script, by letter n-grams, and by the device's own words.
"""

import unicodedata
import zlib
from functools import lru_cache

import numpy as np

from device.words.text import HAN

BUCKETS = 8192          # of hashed n-grams of one to four letters
OWN = 0.6  # share of own words that speaks for a language by itself, where letters can't be asked
SURE = 1.2              # logit of English that a line without any own word needs
TRUST = 4.2  # by how much less with nothing but own words: in "più piano" one of the two is chance
COMMON = frozenset(
    "的一是了我不在人有他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后"
    "小么心多天而能好都然没日于起还发成事只作当想看文无开手用主行方又如前所本见经头面公同三已老从动两长把"
    "样给很听声音今晚睡觉累放点些太别雨风海琴吗呢吧谢请再更昨這來個國說們為時會著過學對後麼沒還發開經頭見"
    "動長樣給聽聲點謝請夜早安静眠梦慢快高低暗亮柔让")


@lru_cache(4096)
def bucket(gram: str) -> int:
    return zlib.crc32(gram.encode()) % BUCKETS


def ngrams(line: str) -> list[int]:
    """Buckets of every run of one to four letters, word by word; ends of words count as a letter.
    """
    out = []
    for word in line.split():
        letters = "".join(c for c in word if c.isalpha() or c == "'")
        if letters:
            edged = f" {letters} "
            out += [bucket(edged[i:i + n]) for n in (1, 2, 3, 4) for i in range(len(edged) - n + 1)]
    return out


def scripts(line: str) -> tuple[int, int, int]:
    """Letters of Latin script, Han characters, and letters of any other script."""
    han = sum(map(len, HAN.findall(line)))
    letters = [unicodedata.name(c, "") for c in line if c.isalpha() and not HAN.match(c)]
    latin = sum(name.startswith("LATIN") for name in letters)
    return latin, han, len(letters) - latin


def language(line: str, share: float, weights: np.ndarray | None, scale: float) -> str:
    """"en", "zh" or "": `share` of a line's words are in the lexicon; `weights` (BUCKETS,) times
    `scale` give logits, or None: then only own words count."""
    latin, han, strange = scripts(line)
    if not latin + han or strange > 0.2 * (latin + han + strange):
        return ""
    if han >= latin / 4:
        common = sum(c in COMMON for run in HAN.findall(line) for c in run) / han if han else 0.0
        return "zh" if common >= 0.3 or share >= OWN else ""
    if weights is None:
        return "en" if share >= OWN else ""
    places = ngrams(line) or [0]
    logit = scale * float(weights[places].sum()) / len(places)
    return "en" if logit > SURE - TRUST * share else ""
