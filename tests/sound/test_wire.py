import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.errors import Refused
from device.values import (
    SURFACES,
    TEXTURES,
    VOICES,
    Advance,
    Heartbeat,
    Note,
    Panic,
    Phrase,
    Scene,
    Volume,
)
from device.wire import LONGEST_LINE, decode, encode

unit = st.floats(0, 1)
notes = st.builds(
    Note, st.floats(0, 600), st.integers(0, 127), st.floats(0, 600), unit, st.sampled_from(VOICES)
)
messages = st.one_of(
    st.builds(
        Scene,
        st.dictionaries(st.sampled_from(TEXTURES), unit),
        unit,
        unit,
        st.floats(-80, 0),
        st.floats(0, 3600),
        st.booleans(),
        distance=unit,
        intensity=unit,
        surface=st.sampled_from(SURFACES),
    ),
    st.builds(
        Phrase,
        st.floats(0, 600),
        st.lists(notes, max_size=40).map(tuple),
        st.none() | st.floats(0, 1e9),
        st.text(max_size=40),
    ),
    st.builds(Volume, unit, st.booleans()),
    st.just(Panic()),
    st.builds(Advance, st.floats(0, 1e9), st.booleans()),
    st.builds(
        Heartbeat,
        st.floats(0, 1e9),
        st.integers(0, 2**40),
        st.floats(-100, 70),
        st.floats(-200, 0),
        st.floats(0, 1e9),
        st.integers(0, 9),
        st.integers(0, 9),
        st.text(max_size=200),
    ),
)


@given(messages)
def test_what_is_said_is_what_is_heard(message):
    assert decode(encode(message).rstrip(b"\n")) == message


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_nothing_else_happens(line):
    with pytest.raises(Refused):
        decode(line)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=300)
@given(messages, st.data())
def test_a_message_with_one_field_replaced_is_refused_or_still_in_bounds(message, data):
    fields = json.loads(encode(message))
    key = data.draw(st.sampled_from(sorted(fields)))
    fields[key] = data.draw(json_values)
    try:
        heard = decode(json.dumps(fields).encode())
    except Refused:
        return
    encode(heard)
    if isinstance(heard, Scene):
        assert all(0 <= gain <= 1 for gain in heard.textures.values())
        assert 0 <= heard.music <= 1 and -80 <= heard.level <= 20 and 0 <= heard.glide <= 3600
    if isinstance(heard, Phrase):
        assert all(0 <= note.velocity <= 1 and 0 <= note.pitch <= 127 for note in heard.notes)


@pytest.mark.parametrize(
    "line",
    [
        b'{"v":2,"kind":"panic"}',
        b'{"v":true,"kind":"panic"}',
        b'{"v":1,"kind":"explode"}',
        b'{"v":1,"kind":"panic","x":1}',
        b'{"v":1,"kind":"volume","volume":NaN,"muted":false}',
        b'{"v":1,"kind":"volume","volume":1e999,"muted":false}',
        b'{"v":1,"kind":"volume","volume":1.5,"muted":false}',
        b'{"v":1,"kind":"volume","volume":true,"muted":false}',
        b'{"v":1,"kind":"volume","volume":0.5}',
        b'{"v":1,"kind":"volume","volume":0.5,"volume":0.6,"muted":false}',
        b'{"v":1,"kind":"scene","textures":{"siren":1},"music":0,"brightness":0,"level":0,"glide":5,"waking":false}',
        b'{"v":1,"kind":"scene","textures":{},"music":0,"brightness":0,"level":3,"glide":5,"waking":false}',
        b"[" * 5000,
        b'{"v":1,"kind":"panic"' + b" " * LONGEST_LINE + b"}",
    ],
)
def test_these_are_refused(line):
    with pytest.raises(Refused):
        decode(line)


def test_our_own_mistakes_are_refused_before_they_leave():
    with pytest.raises(Refused):
        encode(Volume(math.nan))
    with pytest.raises(Refused):
        encode(
            Phrase(1.0, tuple(Note(0.0, 60, 1.0, 0.123456789012345, "piano") for _ in range(5000)))
        )


@pytest.mark.parametrize("odd", [{"surface": "lava"}, {"surface": ["leaves"]}, {"distance": 1.5},
                                 {"intensity": -0.1}])
def test_a_scene_on_no_known_surface_or_beyond_the_horizon_is_refused(odd):
    fields = json.loads(encode(Scene({"rain": 0.5}, 0.0, 0.4, 0.0, 1.0)))
    with pytest.raises(Refused, match=next(iter(odd))):
        decode(json.dumps(fields | odd).encode())
