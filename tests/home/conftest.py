import contextlib
import queue
import shutil
import subprocess
from pathlib import Path

import pytest

import device.home.hub
from device.clock import SystemClock
from device.home.mqtt import Home
from device.home.settings import DeviceFacts, Settings
from kit import mosquitto
from tests.home.around import USERS, Listener, soon

SUPPLIED = Path(device.home.hub.__file__).parent
PEOPLE = """
user grandma
topic read nocturne/bed1/avail
topic read nocturne/bed1/state/#

user nurse
topic read nocturne/bed1/avail
topic read nocturne/bed1/state/#
topic write nocturne/bed1/cmd/#
"""


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


@pytest.fixture
def supplied(tmp_path):
    with supplied_with(tmp_path, PEOPLE, USERS) as broker:
        yield broker


@contextlib.contextmanager
def supplied_with(tmp_path, people, users):
    """A broker with the supplied files and `people`, for `users`, whose passwords are their names.
    """
    if mosquitto.find() is None or shutil.which("mosquitto_passwd") is None:
        pytest.skip("mosquitto is not installed: its ACL is not tested")
    for user in users:
        create = [] if (tmp_path / "passwd").exists() else ["-c"]
        subprocess.run(
            ["mosquitto_passwd", "-b", *create, tmp_path / "passwd", user, user], check=True
        )
    (tmp_path / "acl").write_text((SUPPLIED / "acl").read_text() + people)
    text = (SUPPLIED / "mosquitto.conf").read_text()
    text = text.replace("/etc/mosquitto/nocturne.passwd", str(tmp_path / "passwd"))
    text = text.replace("/etc/mosquitto/nocturne.acl", str(tmp_path / "acl"))
    text = text.replace("set_tcp_nodelay true\n", "").replace(
        "listener 1883 127.0.0.1\nprotocol mqtt\n", "")
    text = text.replace("listener 9001", f"listener {mosquitto.free_port()}")
    broker = mosquitto.Mosquitto(
        tmp_path / "broker", f"persistence_location {tmp_path}/broker/\n{text}", anyone=False
    )
    broker.start()
    yield broker
    broker.stop()
