import queue

import pytest

from device.clock import SystemClock
from device.home.mqtt import Home
from device.home.settings import DeviceFacts, Settings
from tests.home.around import Listener, soon
from tools import mosquitto


@pytest.fixture
def broker(tmp_path):
    if mosquitto.find() is None:
        pytest.skip("mosquitto is not installed: nothing of MQTT is tested (apt-get install mosquitto)")
    broker = mosquitto.Mosquitto(tmp_path / "broker").start()
    yield broker
    broker.stop()


@pytest.fixture
def listen(broker):
    made = []

    def make(*args, **kwargs):
        made.append(Listener(broker.port, *args, **kwargs))
        return made[-1]
    yield make
    for listener in made:
        listener.close()


@pytest.fixture
def inbox():
    return queue.SimpleQueue()


@pytest.fixture
def home(broker, inbox, tmp_path):
    """A connected device."""
    made = Home(Settings(host="127.0.0.1", port=broker.port, bed="bed1"), inbox, SystemClock(),
                DeviceFacts(programmes=("auto", "rain")), outbox=tmp_path / "outbox.sqlite")
    made.start()
    assert soon(lambda: made.connected), made.trouble
    yield made
    made.stop()
