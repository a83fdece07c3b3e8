"""Turns of phrase that mean the opposite of what their words say one by one, orders to stop, and
what is put off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.values import Wish
from device.words import Words, amends, exact, plain, shorthand, whole
from device.words.script import simplified
from device.words.text import clean


@pytest.fixture(scope="module")
def words() -> Words:
    return Words()


def wished(words: Words, text: str) -> set[str]:
    return {f"{wish.verb} {wish.name}" for wish in words.understand(text).wishes}


@pytest.mark.parametrize(
    "text, kept",
    [
        ("nothing but the ocean please", "require ocean"),
        ("everything off apart from the fire", "require fire"),
        ("don't play anything besides the brook", "require stream"),
        ("除了风声，什么都别放", "require wind"),
        ("除咗雨聲乜都唔要", "require rain"),
        ("只留篝火，其他都关了", "require fire"),
        ("anything except piano", "forbid piano"),
        ("everything but the rain", "forbid rain"),
        ("除了钢琴什么都行", "forbid piano"),
    ],
)
def test_an_exception_is_what_is_kept_or_what_is_left_out(words, text, kept):
    assert wished(words, text) in ({kept}, {kept, "forbid music"})


@pytest.mark.parametrize(
    "text, meant",
    [
        ("turn it up a notch... no, down", "lower level"),
        ("make it louder, wait, i meant quieter", "lower level"),
        ("up a little, scratch that, down a little", "lower level"),
        ("turn down the volume, oops, up!", "raise level"),
        ("quieter no wait louder", "raise level"),
        ("faster. sorry, slower", "lower pulse"),
        ("声音大一点，不对，小一点", "lower level"),
        ("not the wind. ok fine, the wind", "require wind"),
        ("skip the bells... oh never mind, keep them", "require bell"),
        ("rain but actually no rain", "forbid rain"),
        ("piano would be nice, but not tonight", "forbid piano"),
        ("不要钢琴，算了还是要吧", "require piano"),
        ("想听钢琴，想想还是算了", "forbid piano"),
        ("唔要風聲，都係要返啦", "require wind"),
        ("she loves the bells, I can't stand them, not tonight", "forbid bell"),
        ("我老公好鍾意風聲，但我頂唔順，今晚唔要", "forbid wind"),
        ("我沒說不要篝火呀", "require fire"),
        ("ocean or nothing", "require ocean"),
        ("我唔係話唔鍾意雨", "require rain"),
        ("I said I hate the rain", "forbid rain"),
        ("rain pls n thx", "require rain"),
    ],
)
def test_the_last_word_on_a_thing_counts(words, text, meant):
    assert wished(words, text) == {meant}


@pytest.mark.parametrize(
    "text",
    ["no bells... no bells!", "no bells, no, no piano either", "no rain, no wind", "不是雨，是海"],
)
def test_a_denial_that_is_repeated_is_no_second_thought(text):
    assert amends.amended(text) == text


@pytest.mark.parametrize(
    "text, wishes",
    [
        ("louder than last night but still quiet", {"raise level"}),
        ("quieter than yesterday but not too quiet", {"lower level"}),
        ("i can barely hear it", {"raise level"}),
        ("几乎听不见", {"raise level"}),
        ("聽唔到把聲", {"raise level"}),
        ("i want to barely hear it", {"lower level"}),
        ("it should be so soft that i can barely hear it", {"lower level"}),
        ("比昨晚大声点，但还是要轻", {"raise level"}),
        ("not less rain", set()),
        ("please don't add less wind", set()),
        ("慢一点，但别太慢", {"lower pulse"}),
        ("大聲少少，但都要輕", {"raise level"}),
        ("i don't want it any louder", set()),
        ("不要更少的雨", set()),
        ("why not make it louder", {"raise level"}),
        ("i can't sleep make it quieter", {"lower level"}),
        ("speak as loud as you can", {"raise level"}),
        ("make it as quiet as possible", {"lower level"}),
        ("越小聲越好", {"lower level"}),
        ("雨聲小了點", {"raise rain"}),
        ("小声了一点就好了", {"lower level"}),
        ("volumee downn plsss", {"lower level"}),
        ("waaay 2 loud", {"lower level"}),
        ("外面颱風好大，根本聽不到你的聲音", {"raise level"}),
    ],
)
def test_how_loud_is_meant_by_the_whole_of_what_is_said(words, text, wishes):
    assert wished(words, text) == wishes


@pytest.mark.parametrize(
    "text, wishes",
    [
        ("if i fall asleep stop the rain", set()),
        ("when I'm asleep, turn the fire off", set()),
        ("keep the rain until i'm asleep, then no more", {"require rain"}),
        ("等我睡着了就把雨关掉", set()),
        ("tomorrow no rain", set()),
        ("聽晚唔要雨", set()),
        ("rain tomorrow, ocean tonight", {"require ocean"}),
    ],
)
def test_what_is_for_another_time_is_not_done_now_and_that_is_said(words, text, wishes):
    heard = words.understand(text)
    assert wished(words, text) == wishes and heard.beyond == ("later",)


@pytest.mark.parametrize(
    "text",
    [
        "Don't stop the rain when I fall asleep",
        "big day tomorrow, rain",
        "no bells next time",
        "play rain until i fall asleep",
    ],
)
def test_what_only_speaks_of_another_time_counts_now(words, text):
    heard = words.understand(text)
    assert not heard.beyond and (heard.wishes or heard.doubts)


@pytest.mark.parametrize(
    "text",
    [
        "stop",
        "Off!",
        "turn it off",
        "pause",
        "please stop it now",
        "that's enough",
        "停",
        "关掉",
        "别放了",
        "暂停一下",
        "熄咗佢",
    ],
)
def test_stop_is_understood(words, text):
    heard = words.understand(text)
    assert heard.stop and not heard.wishes and heard.language


@pytest.mark.parametrize(
    "text",
    [
        "don't stop",
        "stop the bells",
        "别停",
        "lights off",
        "the end",
        "stop in an hour",
        "i'm off to bed",
        "i just want it all to stop",
    ],
)
def test_what_says_more_than_stop_is_no_such_order(words, text):
    assert not words.understand(text).stop


@pytest.mark.parametrize(
    "text",
    [
        "i hate silence",
        "i can't stand the silence",
        "no silence please",
        "silence creeps me out",
        "太安静我睡不着",
        "我好憎靜晒",
        "unmute",
        "turn silent mode off",
        "turn the sound back on",
    ],
)
def test_who_cant_bear_silence_gets_none(words, text):
    heard = words.understand(text)
    assert Wish("forbid", "silence") in heard.wishes
    assert not any(doubt.name in ("silence", "level") for doubt in heard.doubts)


@pytest.mark.parametrize("text", ["silence please", "total silence", "not too quiet", "安静的钢琴"])
def test_silence_that_is_asked_for_is_not_refused(text):
    assert not exact.unbearable(clean(text))


@pytest.mark.parametrize("text, plain_text", [
    ("rain pls n thx", "rain please and thanks"),
    ("tooo fast, sooo loud", "too fast, so loud"),
    ("wake me at 2 am", "wake me at 2 am"),
    ("r2d2 hums w/o end", "r2d2 hums without end"),
    ("lol", ""),
])
def test_what_thumbs_write_is_spelled_out(text, plain_text):
    assert shorthand.spelled_out(text) == plain_text


def test_every_turn_changes_its_example():
    for turn in plain.TURNS:
        line = simplified(clean(turn.example))
        assert turn.pattern.sub(turn.plain, line) != line


@given(st.text(alphabet=" ,.!no除了都要不abcdefghinostuwy雨", max_size=120))
def test_putting_a_line_plainly_never_fails(text):
    left = amends.left(plain.put(clean(text)))
    assert isinstance(left.line, str)


@pytest.mark.parametrize(
    "text, flags",
    [
        ("eight hours straight", {"good"}),
        ("barely got any sleep", {"poor"}),
        ("a lovely sleep at first, but I kept tossing", {"poor"}),
        ("I hope for a good night's sleep", set()),
        ("it wasn't a great night", set()),
        ("what a good night out", set()),
        ("希望今晚睡得好", set()),
        ("same again please", {"last"}),
        ("the same rain as before", set()),
        ("forget what I said before", {"undo"}),
        ("forget the rain", set()),
        ("cancel the alarm", set()),
        ("no bells from tonight on", {"always"}),
        ("睡得不错", {"good"}),
    ],
)
def test_what_a_note_says_as_a_whole(text, flags):
    assert whole.said(clean(text)) == flags


def test_what_is_said_for_every_night_needs_a_wish(words):
    assert words.understand("from today on").always is False
    assert words.understand("rain from tonight on").always
