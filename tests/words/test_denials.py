"""No denial becomes its opposite: every form of denial with everything that the device can be told
of, and with verbs that nobody here knows."""

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from device.words.grammar import read
from device.words.lexicon import CHINESE, ENGLISH
from device.words.text import clean, tokens

MADE_OF = {"silence"}  # "no silence" and "less silence" ask for nothing that could be its opposite
THINGS = {
    tongue: {
        phrase: value
        for phrase, (kind, value) in book.items()
        if kind == "thing" and value not in MADE_OF
    }
    for tongue, book in (("en", ENGLISH), ("zh", CHINESE))
}
SAID_OF = {
    tongue: {
        phrase: (kind, *value)
        for phrase, (kind, value) in book.items()
        if kind in ("quality", "compared")
    }
    for tongue, book in (("en", ENGLISH), ("zh", CHINESE))
}
DENIED = {
    "en": (
        "no {}",
        "no {} please",
        "no, no {}",
        "not {}",
        "not the {} please",
        "without {}",
        "without any {}",
        "I don't want {}",
        "I do not want any {} tonight",
        "don't play the {}",
        "please don't play {}",
        "never {}",
        "never play the {} again",
        "no more {}",
        "none of the {}",
        "nobody wants {}",
        "I hate {}",
        "I hate the {}",
        "stop the {}",
        "please stop the {}",
        "leave out the {}",
        "skip the {} please",
        "anything but {}",
        "everything except the {}",
        "I'd rather not hear the {}",
        "{}? no thanks",
        "the {} has to go",
        "{} no",
        "less {}",
        "less {} please",
        "not so much {}",
        "too much {}",
        "the {} was too loud",
        "the {} annoys me, leave it off",
        "I don't like the {}",
        "I can't stand the {}",
        "say no to {}",
        "we need no {}",
        "neither {} nor anything like it",
        "quit the {}",
        "please get rid of the {}",
        "avoid {}",
        "like last night but no {}",
        "slower, and no {}",
        "I would not want {}",
        "there shouldn't be any {}",
    ),
    "zh": (
        "不要{}",
        "请不要{}",
        "别放{}",
        "不想听{}",
        "不要放{}",
        "没有{}就好",
        "去掉{}",
        "关掉{}",
        "把{}关掉",
        "{}不要",
        "{}不要了",
        "讨厌{}",
        "不喜欢{}",
        "我不喜欢{}",
        "少一点{}",
        "{}太吵了",
        "{}太多了",
        "除了{}都行",
        "再也不要{}",
        "以后别放{}",
        "不想再听到{}",
        "跟昨晚一样，但不要{}",
        "千万别放{}",
        "今晚不听{}",
        "{}就算了",
    ),
}
KEPT = {
    "en": (
        "don't stop the {}",
        "never turn off the {}",
        "I can't sleep without {}",
        "please don't forget the {}",
        "I wouldn't say no to {}",
        "don't leave out the {}",
        "not without {}",
        "why not some {}",
        "without {} I can't sleep",
        "{} when I can't sleep please",
        "play {} until I no longer hear the street",
    ),
    "zh": (
        "别停{}",
        "别关掉{}",
        "没有{}我睡不着",
        "不能没有{}",
        "不要去掉{}",
        "要不要来点{}",
        "别忘了放{}",
    ),
}
NOT_SO = {
    "en": (
        "not {}",
        "too {}",
        "not too {}",
        "less {}",
        "not so {}",
        "never {}",
        "don't make it {}",
        "it was too {}",
        "don't let it get {}",
        "nothing {}",
        "without being {}",
        "stop being so {}",
        "I don't want it {}",
        "it shouldn't be {}",
        "far too {} last night",
        "please, not that {}",
        "neither {} nor tiring",
    ),
    "zh": (
        "不要{}",
        "别{}",
        "别太{}",
        "不要太{}",
        "太{}了",
        "不要这么{}",
        "不要那么{}",
        "昨晚太{}了",
    ),
}
STRANGE = st.text(string.ascii_lowercase, min_size=3, max_size=9).filter(
    lambda word: (
        word not in ENGLISH and not word.endswith(("ing", "s")) and f"{word}s" not in ENGLISH
    )
)


def wished(text: str, name: str) -> set[str]:
    return {wish.verb for wish in read(tokens(clean(text))).wishes if wish.name == name}


def wanted(tongue: str, phrase: str, name: str) -> bool:
    """The phrase by itself means its thing, as most do; "anything at all" and the like don't."""
    return phrase.isascii() == (tongue == "en") and wished(phrase, name) == {"require"}


@pytest.mark.parametrize(
    "tongue, form", [(tongue, form) for tongue in DENIED for form in DENIED[tongue]]
)
def test_no_denied_thing_is_asked_for(tongue, form):
    wrong = [form.format(phrase) for phrase, name in THINGS[tongue].items()
             if wished(form.format(phrase), name) & {"require", "raise"}]
    assert not wrong


@pytest.mark.parametrize(
    "tongue, form", [(tongue, form) for tongue in DENIED for form in DENIED[tongue]]
)
def test_nearly_every_denied_thing_is_let_go(tongue, form):
    found = [
        bool(wished(form.format(phrase), name) & {"forbid", "lower"})
        for phrase, name in THINGS[tongue].items()
        if wanted(tongue, phrase, name)
    ]
    assert sum(found) >= 0.9 * len(found) > 10


@pytest.mark.parametrize(
    "tongue, form", [(tongue, form) for tongue in KEPT for form in KEPT[tongue]]
)
def test_a_denied_denial_takes_nothing_away(tongue, form):
    wrong = [form.format(phrase) for phrase, name in THINGS[tongue].items()
             if wished(form.format(phrase), name) & {"forbid", "lower"}]
    assert not wrong


@pytest.mark.parametrize(
    "tongue, form", [(tongue, form) for tongue in NOT_SO for form in NOT_SO[tongue]]
)
def test_no_denied_quality_is_asked_for(tongue, form):
    wrong = [form.format(phrase) for phrase, (kind, field, sign) in SAID_OF[tongue].items()
             if ("raise" if sign > 0 else "lower") in wished(form.format(phrase), field)
             and not (kind == "compared" and "too " in form)]
    assert not wrong


@given(
    st.sampled_from(sorted(THINGS["en"])),
    STRANGE,
    st.sampled_from(
        [
            "{1} the {0}",
            "please {1} the {0}",
            "I want you to {1} the {0}",
            "the {0} {1} me",
            "please {1} those {0}",
            "I {1} to have {0}",
            "the {0} must {1}",
        ]
    ),
)
def test_a_verb_that_nobody_knows_asks_for_nothing(phrase, verb, form):
    assert not wished(form.format(phrase, verb), THINGS["en"][phrase]) & {"require", "raise"}


@given(st.sampled_from(sorted(THINGS["en"])), STRANGE,
       st.sampled_from(["don't {1} the {0}", "never {1} the {0}", "the {0} don't {1} me"]))
def test_a_denied_verb_that_nobody_knows_takes_nothing_away(phrase, verb, form):
    assume(verb not in ("play", "want"))
    reading = read(tokens(clean(form.format(phrase, verb))))
    name = THINGS["en"][phrase]
    assert not {wish.verb for wish in reading.wishes if wish.name == name}
    assert name in reading.unsure or name == "sound"
