"""How many rows a night makes in Home Assistant's database: one for each change of an entity."""

import json
import queue

import pytest

from device.assembly.desk import Desk, night
from device.clock import VirtualClock
from device.config import Config
from device.home.entities import ENTITIES
from device.home.mqtt import Home, NoLink
from device.home.settings import DeviceFacts, Settings
from device.parts import Hooks
from device.session import telling

pytestmark = pytest.mark.full
HOURS = 8.0


class Counting(NoLink):
    """A hub that only counts."""
    connected, unconfirmed = True, 0

    def __init__(self):
        self.shown, self.rows = {}, 0

    def turn(self, timeout):
        return True

    def publish(self, where, payload, retain=False, identity=""):
        field = where.rsplit("/", 1)[1]
        if f"/{field}" not in where or "/event/" in where or where.startswith("homeassistant"):
            return
        for name, value in entities(field, payload):
            self.rows += self.shown.get(name, None) != value
            self.shown[name] = value


def entities(field, payload):
    """What Home Assistant shows of one message: (entity, state)."""
    if field in ENTITIES and ENTITIES[field].platform:
        yield field, payload
    inside = [name for name, row in ENTITIES.items() if row.inside == field and row.platform]
    whole = json.loads(payload) if inside else {}
    yield from ((name, whole.get(name)) for name in inside)


def rows(facts, detail):
    """Of a night's facts: (s, what was told)."""
    clock, link = VirtualClock(), Counting()
    home = Home(Settings(host="hub", bed="bed1", detail=detail), queue.SimpleQueue(), clock,
                DeviceFacts(detail=detail), health=lambda: {
                    "temperature": 40 + clock.now() % 7, "rssi": -60 - int(clock.now() / 300) % 5})
    home.link = link
    home._joined()
    home.turn(0.0)
    before = link.rows
    for when, told in facts:
        clock.sleep(when - clock.now())
        home.tell(told)
        home.turn(0.0)
    return link.rows - before


@pytest.mark.parametrize("build", ["mattress", "clip"])
def test_a_night_makes_few_rows_and_not_many_more_with_what_was_measured(tmp_path, build):
    told = []

    def watch(mine, epoch, staging):
        told.append((mine.clock.now(), telling.facts(mine.state, ("0.1.0", None), mine.at)))
    desk = Desk(tmp_path, hours=HOURS, audio_minutes=0.0, build=build)
    with night(Config(), desk, Hooks(watch=watch)) as (mine, _):
        mine.run(until=mine.clock.now() + 3600 * HOURS)
    plain, detailed = rows(told, detail=False), rows(told, detail=True)
    print(f"{build}: {plain} rows in {HOURS:g} h; {detailed} with what was measured")
    assert 10 < plain <= 200
    assert plain < detailed <= 600
