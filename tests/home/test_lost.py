"""Never lost: broker, device and hub are killed at random, and every event is applied exactly once.
"""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
import tracemalloc

import pytest

from device.clock import SystemClock, VirtualClock
from device.home.mqtt import Home
from device.home.outbox import Courier
from device.home.settings import Settings
from tests.home.around import soon

DEVICE = """
import queue, sys, time
from pathlib import Path
from device.clock import SystemClock
from device.home.mqtt import Home
from device.home.settings import Settings
port, path, events = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
settings = Settings(host="127.0.0.1", port=port, bed="bed1")
home = Home(settings, queue.SimpleQueue(), SystemClock(), outbox=path)
home.start()
# The counter is written in the same transaction as the row, so that a life after death goes on with
# the next number.
while (made := home.outbox.counts())["added"] < events:
    if made["waiting"] < 100:
        home.event("count", {"n": made["added"]})
    else:
        time.sleep(0.01)
while True:
    time.sleep(1)
"""
HUB = "import sys; from device.home.hub import main; sys.exit(main(sys.argv[1:]))"


class Part:
    """A process that can be killed and started again."""

    def __init__(self, *command):
        self.command = [sys.executable, "-c", *map(str, command)]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)

    def stop(self, kill=True):
        self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        self.process.wait(10)


def applied(path):
    if not path.exists():
        return []
    db = sqlite3.connect(path)
    try:
        return [
            json.loads(payload)["data"]["n"]
            for (payload,) in db.execute("SELECT payload FROM events ORDER BY seq")
        ]
    except sqlite3.OperationalError:
        return []
    finally:
        db.close()


def events_survive(broker, tmp_path, events, kills, seconds):
    chance, hub_folder, outbox = random.Random(events), tmp_path / "hub", tmp_path / "outbox.sqlite"
    hub = Part(HUB, "--broker", f"127.0.0.1:{broker.port}", "--data", hub_folder, "--page", 0)
    device = Part(DEVICE, broker.port, outbox, events)
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.3, 2.5))
            victim = chance.choice([hub, device, broker])
            victim.stop(kill=True)
            time.sleep(chance.uniform(0.0, 0.5))
            victim.start()
        soon(lambda: len(applied(hub_folder / "hub.sqlite")) >= events, seconds)
        time.sleep(1.0)             # a duplicate would arrive now
        numbers = applied(hub_folder / "hub.sqlite")
        assert len(numbers) == len(set(numbers)) and set(numbers) == set(range(events))
        box = sqlite3.connect(outbox)
        assert soon(lambda: dict(box.execute("SELECT * FROM counters")) == {
            "added": events, "acknowledged": events, "dropped": 0}, 30)
    finally:
        device.stop()
        hub.stop(kill=False)


def test_every_event_is_applied_once_whoever_is_killed(broker, tmp_path):
    events_survive(broker, tmp_path, events=300, kills=4, seconds=60)


@pytest.mark.full
def test_three_thousand_events_and_twenty_kills(broker, tmp_path):
    events_survive(broker, tmp_path, events=3000, kills=20, seconds=300)


def test_after_a_day_without_a_broker_all_is_delivered_and_memory_stays_flat(
    broker, inbox, listen, tmp_path
):
    """24 h on the virtual clock, one event in ten minutes, real refusals by the loopback, then a
    real broker."""
    port, clock = broker.port, VirtualClock()
    broker.stop()
    home = Home(
        Settings(host="127.0.0.1", port=port, bed="bed1"),
        inbox,
        clock,
        outbox=tmp_path / "outbox.sqlite",
        chance=random.Random(1),
    )
    made, sizes = [], []
    tracemalloc.start()
    for minute in range(24 * 60):
        if minute % 10 == 0:
            made.append(home.event("count", {"n": minute}))
        home.tell({"volume": minute % 100 / 100, "session": "asleep"})
        for _ in range(6):
            home.turn(0.0)
            clock.sleep(10.0)
        if minute % 240 == 239:
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert not home.connected and "can't be reached" in home.trouble
    assert sizes[-1] - sizes[1] < 65_536, f"bytes held every four hours: {sizes}"
    broker.start()
    hub = listen("nocturne/bed1/event/count")

    def delivered():
        home.turn(0.01)
        clock.sleep(0.05)
        for message in hub.messages[len(heard):]:
            heard.append(message)
            hub.client.publish(
                f"nocturne/bed1/ack/{dict(message.properties.UserProperty)['id']}", b"", qos=1
            )
        return home.outbox.counts()["waiting"] == 0
    heard = []
    assert soon(delivered, 60)
    assert {dict(message.properties.UserProperty)["id"] for message in heard} == set(made) and len(
        made
    ) == 144
    home.stop()


def test_with_nobody_to_acknowledge_it_stays_bounded_and_says_so(broker, inbox, listen):
    home = Home(Settings(host="127.0.0.1", port=broker.port, bed="bed1"), inbox, SystemClock())
    home.start()
    listener = listen()
    for n in range(1100):
        home.outbox.add("event/count", b'{"n": %d}' % n)
    home.courier.look()
    home.tell({"sound": True})
    assert soon(lambda: listener.on("nocturne/bed1/event/count"))
    counts = home.outbox.counts()
    assert counts["waiting"] == 1000 and counts["dropped"] == 100
    home.courier = Courier(home.outbox, patience=0.05)

    def said():
        home.tell({"sound": True})
        return "nobody acknowledges" in home.trouble
    assert soon(said)
    home.stop()
