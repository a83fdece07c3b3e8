"""Erasing from outside the night: what the broker retained of a bed, while the bed's own client is
stopped."""

import random

from device.clock import Clock
from device.home.connection import Link
from device.home.fields import FIELDS, plane
from device.home.settings import Settings, topic


def retained(settings: Settings, clock: Clock, seconds: float = 5.0) -> str:
    """Empty every retained state; "" once the broker has confirmed it, else what is wrong in words.
    """
    link = Link(
        settings,
        clock,
        (topic(settings.bed, "cmd", "#"),),
        hear=lambda message: None,
        joined=lambda: None,
        lost=lambda: None,
        chance=random.Random(),
    )
    until = clock.now() + seconds
    while not link.turn(0.1) and clock.now() < until:
        continue
    if not link.connected:
        return link.trouble or "no answer"
    for name in FIELDS:
        link.publish(topic(settings.bed, plane(name), name), b"", retain=True)
    while link.unconfirmed and clock.now() < until:
        link.turn(0.1)
    trouble = link.trouble or "no answer" if link.unconfirmed or not link.connected else ""
    link.leave()
    return trouble
