import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.errors import Refused
from device.home.commands import KINDS, Seen, answered, parse
from device.values import Command

NOW = 1_767_218_400.0


def bed(kind):
    return f"nocturne/bed1/cmd/{kind}"


@pytest.mark.parametrize(
    "kind, payload, value",
    [
        ("sound", b"ON", True),
        ("sound", b"off", False),
        ("volume", b"45", 0.45),
        ("volume", b"0", 0.0),
        ("programme", b"rain on leaves", "rain on leaves"),
        ("timer", b"30", 30.0),
        ("stop", b"PRESS", None),
        ("volume_cap", b"70.5", 0.705),
        ("quiet_from", b"22:30", 1350),
        ("quiet_to", b"07:00:00", 420),
        ("alarm", b"06:45", 405),
        ("alarm", b"off", None),
        ("alarm", b"7:05", 425),
        ("alarm_sunday", b"off", -1),
        ("alarm_sunday", b"daily", -2),
        ("alarm_once", b"06:45", 405),
        ("zone", b"Europe/Berlin", "Europe/Berlin"),
        ("privacy", b"ON", True),
        ("sharing", b"OFF", False),
        ("light", b"20", 0.2),
        ("identify", b"", None),
        ("message", "gute Nacht\n★".encode(), "gute Nacht ★"),
    ],
)
def test_a_bare_value_is_understood(kind, payload, value):
    assert parse(bed(kind), payload, False, NOW) == Command(kind, value)


def test_where_it_was_asked_is_told_unless_nobody_knows_that_zone():
    for said, zone in (("Europe/Berlin", "Europe/Berlin"), ("Mars/Base", ""), (7, ""), (None, "")):
        payload = json.dumps({"value": "07:00", "zone": said}).encode()
        assert parse(bed("alarm"), payload, False, NOW) == Command("alarm", 420, zone=zone)


def test_an_envelope_carries_id_and_expiry():
    payload = json.dumps({"value": 45.0, "id": "1767218400.1-77", "expires": NOW + 30}).encode()
    assert parse(bed("volume"), payload, False, NOW) == Command("volume", 0.45, "1767218400.1-77")
    with pytest.raises(Refused, match="until 70 s ago, by this device's clock"):
        parse(bed("volume"), payload, False, NOW + 100)


@pytest.mark.parametrize(("kind", "asked", "value"), [
    ("stop", "", None), ("sound", "OFF", False), ("light", 0, 0.0), ("privacy", "ON", True),
    ("sharing", "OFF", False),
])
def test_stop_and_off_are_obeyed_whatever_the_clocks_say(kind, asked, value):
    for late in (120, 86_400, 1e9):
        payload = json.dumps({"value": asked, "id": "a", "expires": NOW - late}).encode()
        assert parse(bed(kind), payload, False, NOW) == Command(kind, value, "a")


@pytest.mark.parametrize(("kind", "asked"), [("sound", "ON"), ("light", 20), ("volume", 0)])
def test_what_might_startle_is_not_obeyed_late(kind, asked):
    payload = json.dumps({"value": asked, "expires": NOW - 120}).encode()
    with pytest.raises(Refused, match="clocks is wrong"):
        parse(bed(kind), payload, False, NOW)


def test_a_refusal_knows_whom_it_answers_where_that_can_be_read():
    assert answered(b'{"value": 5, "id": "a1"}') == "a1"
    assert answered(b'{"value": 5, "id": "a b"}') == answered(b"{") == answered(b"45") == ""


def test_without_a_clock_a_live_command_counts_whatever_its_expiry():
    assert parse(bed("sound"), b'{"value": "ON", "expires": 1}', False, None).value is True


@pytest.mark.parametrize(
    "kind, payload",
    [
        ("volume", b"101"),
        ("volume", b"-1"),
        ("volume", b"nan"),
        ("volume", b"inf"),
        ("volume", b"1e1"),
        ("volume", b"1_0"),
        ("volume", b"[5]"),
        ("volume", b'{"value": NaN}'),
        ("volume", b'{"value": true}'),
        ("volume", b'{"value": 1e400}'),
        ("timer", b"721"),
        ("volume", b'{"value": 5, "id": "a b"}'),
        ("volume", b'{"value": 5, "expires": "soon"}'),
        ("volume", b'{"value": 5, "louder": 1}'),
        ("alarm", b"24:00"),
        ("alarm", b"7:0"),
        ("alarm", b"daily"),
        ("zone", b"Europe/Atlantis"),
        ("zone", b"../../etc/passwd"),
        ("quiet_from", b"now"),
        ("programme", b"../../etc"),
        ("programme", b""),
        ("message", b"   "),
        ("message", b"x" * 281),
        ("sound", b"\xff"),
        ("sound", b"TOGGLE"),
        ("sound", b"[" * 1000),
        ("sound", b"{" * 1000),
        ("sound", b"O" * 2000),
        ("unmute", b"ON"),
        ("muted", b"OFF"),
        ("", b"ON"),
    ],
)
def test_anything_else_is_refused_in_words(kind, payload):
    with pytest.raises(Refused) as refusal:
        parse(bed(kind), payload, False, NOW)
    assert 0 < len(str(refusal.value)) < 1400


def test_a_retained_command_is_refused():
    with pytest.raises(Refused, match="retained"):
        parse(bed("sound"), b"ON", True, NOW)


def test_a_programme_must_be_one_of_ours():
    assert parse(bed("programme"), b"rain", False, NOW, ("auto", "rain")).value == "rain"
    with pytest.raises(Refused, match="none called"):
        parse(bed("programme"), b"metal", False, NOW, ("auto", "rain"))


def test_the_owners_ceiling_cannot_be_raised_from_afar():
    assert parse(bed("volume_cap"), b"80", False, NOW, ceiling=0.8).value == 0.8
    with pytest.raises(Refused, match="above the owner's 80 %"):
        parse(bed("volume_cap"), b"81", False, NOW, ceiling=0.8)


@pytest.mark.parametrize("payload", [b"x" * 10_000_000, b"", b'{"value": 5}', "雨".encode() * 300])
def test_a_note_that_is_too_long_or_no_text_is_answered_not_refused(payload):
    assert parse(bed("say"), payload, False, NOW).value is None


def bounded(command):
    value = command.value
    match command.kind:
        case "sound" | "privacy" | "sharing":
            return isinstance(value, bool)
        case "volume" | "volume_cap" | "light":
            return 0 <= value <= 1
        case "timer":
            return 0 <= value <= 720
        case "quiet_from" | "quiet_to" | "alarm":
            return value is None or 0 <= value < 1440
        case "alarm_once" | "alarm_monday" | "alarm_tuesday" | "alarm_wednesday":
            return -2 <= value < 1440
        case "alarm_thursday" | "alarm_friday" | "alarm_saturday" | "alarm_sunday":
            return -2 <= value < 1440
        case "zone":
            return 0 < len(value) <= 64
        case "programme":
            return 0 < len(value) <= 40
        case "say" if value is None:        # what can't be read is answered
            return True
        case "message" | "say" | "choose":
            return 0 < len(value) <= 280 and value.isprintable()
        case "stop" | "identify" | "restart":
            return value is None
    return False


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.lists(st.integers()),
)
envelopes = st.builds(
    lambda value, identity: json.dumps({"value": value, "id": identity}).encode(),
    values,
    st.text(max_size=70),
)


@given(
    st.sampled_from([*KINDS, "x"]),
    st.one_of(st.binary(max_size=100), st.text(max_size=50).map(str.encode), envelopes),
    st.booleans(),
)
def test_whatever_comes_is_either_bounded_or_refused(kind, payload, retained):
    try:
        command = parse(bed(kind), payload, retained, NOW)
    except Refused:
        return
    assert bounded(command) and not retained


def test_the_same_id_counts_once_and_only_so_many_are_remembered():
    seen = Seen(most=3)
    assert [seen.again(i) for i in ("a", "a", "", "", "b", "c", "d", "a")] == [
        0,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
    ]


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"value": null}', b'{"value": ""}', b"null",
                                     b'{"id": "a"}', b'{"value": []}', b'{"value": {"a": [[1]]}}'])
def test_nothing_that_may_be_sent_by_mistake_forgets_ones_own_music(payload):
    with pytest.raises(Refused, match="nocturne taste"):
        parse("nocturne/bed1/cmd/taste", payload, False, 0.0)
    assert parse("nocturne/bed1/cmd/taste", b"forget", False, 0.0).value == ""
