"""The device's own words, from english.toml and chinese.toml: phrase → item `(kind, value)`.

Kinds: `thing` (a name), `quality` (field, ±1), `compared` (the same as a comparative), `field` (a
noun for one), `degree` (0.5 or 2), and the small words, of which the grammar reads the kind alone.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from device.programmes import PROGRAMMES
from device.sheets import sheet

Item = tuple[str, object]
DEGREES = {"little": 0.5, "much": 2.0}
# (valence, arousal) −1..1, after Russell's circumplex (1980): the mood model's fallback, and all
# there is for Chinese.
FEELINGS = {"tense": (-0.6, 0.7), "angry": (-0.6, 0.6), "sad": (-0.7, -0.3), "weary": (-0.3, -0.4),
            "aching": (-0.5, 0.2), "calm": (0.6, -0.5), "glad": (0.7, 0.4)}


def phrases(text: str) -> Iterator[str]:
    return (phrase.strip() for phrase in text.split(","))


def items(book: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, Item]]:
    """Every phrase but the feelings; of two meanings of one phrase the later section's holds."""
    for kind in ("qualities", "compared", "degrees", "small", "things", "fields"):
        for key, text in book.get(kind, {}).items():
            way, _, field = key.partition("_")
            item = {
                "things": ("thing", key),
                "fields": ("field", key),
                "small": (key, None),
                "degrees": ("degree", DEGREES.get(key)),
                "qualities": ("quality", (field, SIGNS.get(way))),
                "compared": ("compared", (field, SIGNS.get(way))),
            }[kind]
            yield from ((phrase, item) for phrase in phrases(text))


SIGNS = {"more": +1, "less": -1}
BOOKS = {name: sheet(Path(__file__).with_name(f"{name}.toml")) for name in ("english", "chinese")}
# The programme "no music" is what "no music" asks for anyway.
ENGLISH = MappingProxyType(dict(items(BOOKS["english"]))
                           | {name: ("thing", name) for name in PROGRAMMES if name != "no music"})
CHINESE = MappingProxyType(dict(items(BOOKS["chinese"])))
FELT = MappingProxyType(
    {
        phrase: FEELINGS[name]
        for book in BOOKS.values()
        for name, text in book["feelings"].items()
        for phrase in phrases(text)
    }
)
