"""Other languages: each sentence, name and word of the page is there, with the same fills."""

import ast
import re
import string
from pathlib import Path

import pytest

from device import programmes, sentences, values
from device.home.commands import READERS
from device.home.discovery import payload
from device.home.entities import ENTITIES
from device.home.settings import DeviceFacts
from device.recommend.candidates import CANDIDATES, FACTORS
from device.sentences import (
    KINDS,
    called,
    catalogue,
    in_each_language,
    label,
    languages,
    say,
    speak,
)
from device.session.modes import Event

DEVICE = Path(sentences.__file__).parent
PAGE = DEVICE / "home" / "page"
OTHERS = [code for code in languages() if code != "en"]


@pytest.fixture
def chinese():
    speak("zh")
    yield
    speak("en")


def fills(text):
    return {(name, form) for _, name, form, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("code", OTHERS)
def test_each_sentence_has_its_translation_with_the_same_fills(code):
    words = catalogue(code)
    for kind, rows in KINDS.items():
        for sentence in rows:
            name = sentence.id.partition(".")[2]
            assert name in words.get(kind, {}), sentence.id
            assert fills(words[kind][name]) == fills(sentence.text), sentence.id


@pytest.mark.parametrize("code", OTHERS)
def test_nothing_is_translated_that_nobody_says(code):
    known = {kind: {row.id.partition(".")[2] for row in rows} for kind, rows in KINDS.items()}
    known |= {"language": {"name"}, "browser": page_words(), "called": {*things(), " "},
              "entity": {name for name, row in ENTITIES.items() if row.name}}
    for kind, rows in catalogue(code).items():
        assert set(rows) <= known[kind], (kind, set(rows) - known[kind])


@pytest.mark.parametrize("code", OTHERS)
def test_each_name_in_home_assistant_and_each_word_of_the_page_is_translated(code):
    words = catalogue(code)
    assert {name for name, row in ENTITIES.items() if row.name} <= set(words["entity"])
    assert page_words() <= set(words["browser"]), page_words() - set(words["browser"])
    for english, said in words["browser"].items():
        assert fills(english) == fills(said), english


# What the device notes of a command beside those that Home Assistant has a name for, their values,
# and of what one thought of a sound.
NOTED = {"greet", "nap", "none", "None", "True", "False", "skip", "like", "note", "rested",
         "undone"}


def sounds() -> set[str]:
    """What may be played, each by the words of its name, a programme as a whole."""
    whole = {*programmes.NAMES, "a favourite", "silence"}
    grid = {each.recipe.name for each in CANDIDATES} - whole
    return whole | {word for name in grid for word in name.split(" ")}


def noted_kinds() -> set[str]:
    """What `Note(kind, …)`, `note(kind, …)` and the diary's own "feedback" stand under."""
    kinds = {"feedback"}
    for file in DEVICE.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
                name = getattr(call.func, "id", getattr(call.func, "attr", ""))
                if name in ("Note", "note") and isinstance(call.args[0].value, str):
                    kinds.add(call.args[0].value)
    return kinds


def things() -> set[str]:
    """What the device has a name for, in English."""
    levels = {level for each in CANDIDATES for level in each.levels.values()} - {"yes", "no"}
    named = {name for name, row in ENTITIES.items() if row.name}
    return {*sounds(), *levels, *values.TEXTURES, *values.SCALES, *FACTORS, "fallback",
            "bedtime", "night", "arousal", "alarm", *noted_kinds(), *values.Mode, *Event,
            *values.Press, *(set(READERS) - named), *NOTED}


@pytest.mark.parametrize("code", OTHERS)
def test_each_thing_has_a_name_in_each_language(code):
    assert things() <= set(catalogue(code)["called"]), things() - set(catalogue(code)["called"])


def test_a_sound_is_called_by_its_words_or_as_a_whole_and_a_stranger_by_its_own_name(chinese):
    assert called("deep night") == "深夜"
    assert called("slow dark rain") == "缓慢低沉雨声"
    assert called("my own tune") == "my own tune"
    speak("en")
    assert called("slow dark rain") == "slow dark rain"


def test_an_earlier_night_in_another_language_is_read_as_well():
    assert in_each_language("sensors.well") == {"all answer again", "全部恢复回应"}


def page_words() -> set[str]:
    """What the page says in English: its text, what its elements are called, and what its script
    passes to `t`."""
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    body = html[html.index("<body"):]
    said = {text.strip() for text in re.split(r"<[^>]*>", body)}
    said |= set(re.findall(r'(?:aria-label|placeholder|alt)="([^"]*)"', body))
    script = (PAGE / "page.js").read_text(encoding="utf-8")
    said |= set(re.findall(r'\bt\("((?:[^"\\]|\\.)*)"', script))
    said |= set(re.findall(r'\?\? "([^"]*)"', script))
    for table in ("SESSIONS", "CARE", "WAKINGS"):
        said |= set(re.findall(r': "([^"]*)"', re.search(rf"const {table} = ({{.*?}})", script)[1]))
    said |= set(re.findall(r'"(\w+day)"', script))
    return {text for text in said if re.search(r"\w\w", text)} - {"Nocturne"}


def test_what_the_device_says_and_is_called_is_in_its_owners_language(chinese):
    assert say("answer", {"turned on": True}).startswith("隐私已开启")
    told = say("alarm", {"heard": True}, name=called("slow tide"))
    assert told == "慢潮，用来叫醒您：您听过的里面最有希望的"
    whole = payload("bed1", DeviceFacts())["cmps"]
    assert whole["volume"]["name"] == "音量" and "睡眠中" in whole["session"]["options"]
    assert label("state.deep").id == "state.deep"


def test_a_language_that_lacks_a_sentence_says_it_in_english(monkeypatch):
    monkeypatch.setattr(sentences.Spoken, "words", {"alarm": {"safe": "{name}!"}})
    assert say("alarm", {"heard": False}, name="x") == "x!"
    assert say("alarm", {"heard": True}, name="x").startswith("x, to wake you")
