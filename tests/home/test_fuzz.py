"""Mutated messages through a real broker: nothing crashes, nothing out of bounds gets through."""

import random
import time

import pytest

from device.home.commands import KINDS
from tests.home.around import soon
from tests.home.test_commands import bounded

SEEDS = [
    b"ON",
    b"OFF",
    b"45",
    b"100",
    b"0",
    b"06:30",
    b"off",
    b"rain",
    b"PRESS",
    b"Good night",
    b"-1",
    b"1e9",
    b"NaN",
    b'{"value": 45, "id": "abc", "expires": 99999999999}',
    b'{"value": "ON"}',
    b'{"value": {"value": 1}}',
    b'{"value": [1, 2, 3], "id": 5}',
    b'{"value": null}',
    b"{}",
    b"[]",
    b"\x00",
    b"\xff\xfe",
    "★".encode(),
]
NASTY = [
    b"",
    b"\x00",
    b"\xff",
    b"{",
    b"}",
    b'"',
    b"\\u0000",
    b"9" * 400,
    b"e308",
    b"NaN",
    b"-Infinity",
    b"[" * 300,
    b"'",
    b";",
]


def mutated(chance):
    payload = bytearray(chance.choice(SEEDS))
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(payload) + 1)
        match chance.randrange(5):
            case 0 if payload:
                payload[at % len(payload)] = chance.randrange(256)
            case 1:
                payload[at:at] = chance.choice(NASTY)
            case 2:
                del payload[at:at + chance.randrange(1, 9)]
            case 3:
                payload += payload[:at]
            case 4:
                payload[at:at] = chance.choice(SEEDS)
    return bytes(payload)


def topic(chance):
    kind = chance.choice(
        [*KINDS, *KINDS, *KINDS, "", "unmute", "x/y", "volume/", "🛏", "sound ", "a" * 300]
    )
    return f"nocturne/bed1/cmd/{kind}"


def fuzz(home, listen, inbox, messages):
    chance, sender, delivered = random.Random(messages), listen("nothing"), 0
    while delivered < messages:
        for _ in range(500):
            sender.client.publish(
                topic(chance), mutated(chance), qos=1, retain=chance.random() < 0.02
            )
        if chance.random() < 0.3:
            where = chance.choice(["nocturne/prior", "nocturne/bed1/ack/🛏", "homeassistant/status"])
            sender.client.publish(where, mutated(chance), qos=1)
        sender.client.publish(
            "nocturne/bed1/cmd/identify", b'{"value": "", "id": "end-%d"}' % delivered, qos=1
        )
        end = f"end-{delivered}"
        delivered += 500
        deadline = time.monotonic() + 60
        while (command := inbox.get(timeout=max(deadline - time.monotonic(), 0.1))).id != end:
            assert bounded(command), command
    assert home.connected and home.faults == 0 and home.connections == 1
    assert home.refused > messages / 10
    assert soon(lambda: inbox.empty())


def test_two_thousand_mutated_messages_do_no_harm(home, listen, inbox):
    fuzz(home, listen, inbox, 2_000)


@pytest.mark.full
def test_a_hundred_thousand_mutated_messages_do_no_harm(home, listen, inbox):
    fuzz(home, listen, inbox, 100_000)
