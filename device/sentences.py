"""Every sentence that the device says: `sentences.toml`. Who speaks states the facts; the first
sentence of its kind whose condition they meet is said.

Other languages are a file each in `languages/`, by the same ids; what one lacks is said in English.

A condition is a list of facts that must hold, "not …" of those that mustn't; what each fact means
stands beside them. What isn't said about a state is what isn't known of it to be true.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from pathlib import Path
from types import MappingProxyType
from typing import Any

from device.sheets import sheet

SHEET = Path(__file__).with_name("sentences.toml")
LANGUAGES = Path(__file__).with_name("languages")
ENGLISH = "en"
CALLED = "called"       # kind of the names of things, by the English
NOT = "not "
NO_FACTS: Mapping[str, bool] = MappingProxyType({})


class Said(str):
    """A sentence in words. `id` and `fills` are what it is made of."""
    id: str
    fills: Mapping[str, object]

    def __new__(cls, text: str, id: str = "", fills: Mapping[str, object] = NO_FACTS) -> "Said":
        said = super().__new__(cls, text)
        said.id, said.fills = id, fills
        return said


@dataclass(frozen=True, slots=True)
class Sentence:
    id: str                     # "kind.name"
    text: str                   # the template, its fills in braces
    when: tuple[str, ...]

    def true(self, facts: Mapping[str, bool]) -> bool:
        """Raises KeyError for a fact that isn't stated."""
        return all(not facts[fact.removeprefix(NOT)] if fact.startswith(NOT) else facts[fact]
                   for fact in self.when)

    def filled(self, fills: Mapping[str, object]) -> Said:
        kind, _, name = self.id.partition(".")
        text = word(kind, name, self.text)
        return Said(text.format(**fills), self.id, MappingProxyType(dict(fills)))


def read(table: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Sentence, ...]]]:
    for kind, rows in table.items():
        yield kind, tuple(
            Sentence(f"{kind}.{name}", row["say"], tuple(row.get("when", ())))
            for name, row in rows.items() if name != "facts"
        )


_SHEET = sheet(SHEET)
KINDS: Mapping[str, tuple[Sentence, ...]] = MappingProxyType(dict(read(_SHEET)))
# kind → fact → what it means
FACTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {kind: MappingProxyType(rows.get("facts", {})) for kind, rows in _SHEET.items()}
)


def say(kind: str, facts: Mapping[str, bool] = NO_FACTS, /, **fills: object) -> Said:
    """The first of a kind that is true; an empty one where none is."""
    sentence = next((each for each in KINDS[kind] if each.true(facts)), None)
    return Said("") if sentence is None else sentence.filled(fills)


def label(id: str, **fills: object) -> Said:
    """One that is true whatever the state, by its id."""
    kind, _, _ = id.partition(".")
    return next(each for each in KINDS[kind] if each.id == id and not each.when).filled(fills)


# ---- languages -----------------------------------------------------------------------------------

class Spoken:
    """What this process speaks: one language from its start to its end."""
    code = ENGLISH
    words: Mapping[str, Mapping[str, str]] = MappingProxyType({})


def languages() -> tuple[str, ...]:
    """Codes of those there are."""
    return (ENGLISH, *sorted(file.stem for file in LANGUAGES.glob("*.toml")))


@cache
def catalogue(code: str) -> Mapping[str, Mapping[str, str]]:
    """kind → name → its text; English has none of its own. Raises OSError for one there isn't."""
    if code == ENGLISH:
        return {}
    return sheet(LANGUAGES / f"{code}.toml")


def speak(code: str) -> None:
    """From now on. Raises OSError for a language there isn't."""
    Spoken.code, Spoken.words = code, catalogue(code)


def spoken() -> str:
    """Its code."""
    return Spoken.code


def word(kind: str, name: str, english: str) -> str:
    """As it is called in the language that is spoken."""
    return Spoken.words.get(kind, {}).get(name, english)


def called(name: str, code: str = "") -> str:
    """A sound, or another thing of the device, by its English name, as a whole or word by word; in
    the language that is spoken, or in another."""
    names = (catalogue(code) if code else Spoken.words).get(CALLED, {})
    if name in names:
        return names[name]
    words = name.split(" ")
    return names.get(" ", " ").join(names[each] for each in words) if {*words} <= {*names} else name


def in_each_language(id: str) -> frozenset[str]:
    """A sentence's templates: a diary keeps what was said before another language was spoken."""
    kind, _, name = id.partition(".")
    english = next(each.text for each in KINDS[kind] if each.id == id)
    return frozenset(catalogue(code).get(kind, {}).get(name, english) for code in languages())


def joined(names: Sequence[str]) -> str:
    """"a and b and c"."""
    return reduce(lambda first, last: say("and", first=first, last=last), names) if names else ""
