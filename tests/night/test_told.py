"""A night that is told to a real broker, and obeys it; and one whose broker isn't there."""

import json

import pytest

from device.config import Config, Home
from tests.home.around import Listener, soon
from tools import mosquitto


@pytest.fixture
def broker(tmp_path):
    if mosquitto.find() is None:
        pytest.skip("mosquitto is not installed: no night is told to a broker (apt-get install mosquitto)")
    broker = mosquitto.Mosquitto(tmp_path / "broker").start()
    yield broker
    broker.stop()


def config(port: int) -> Config:
    return Config(home=Home(host="127.0.0.1", port=port, bed="bed1"))


def test_a_night_is_told_and_a_command_is_obeyed(sleep, broker):
    hub = Listener(broker.port)

    def ask(mine):
        assert soon(lambda: mine.home.connected), mine.home.trouble
        hub.send("nocturne/bed1/cmd/volume", "40")
        assert soon(lambda: not mine.inbox.empty())
    slept = sleep(hours=0.1, config=config(broker.port), acts=[(120, ask)])
    assert soon(lambda: hub.last("nocturne/bed1/state/volume") == b"40")
    assert slept.night.bedside.volume == 0.4
    assert b"winding_down" in hub.on("nocturne/bed1/state/session")
    discovery = json.loads(next(m.payload for m in hub.messages if m.topic.startswith("homeassistant/device/")))
    assert {"dev", "o", "cmps"} <= set(discovery)
    assert soon(lambda: any(m.topic.startswith("nocturne/bed1/event/night") for m in hub.messages))
    hub.close()


def test_with_no_broker_everything_else_works(sleep):
    slept = sleep(hours=0.1, config=config(mosquitto.free_port()))
    assert "settling" in slept.modes and slept.rows["phrases"]
    assert not slept.night.home.connected and slept.night.home.trouble
