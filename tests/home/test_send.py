"""A command by a program at home: obeyed, refused or unheard, and whoever sent it knows which."""

import threading
from dataclasses import replace

import pytest

from device.clock import SystemClock
from device.errors import NocturneError, Refused
from device.home import send
from device.home.mqtt import Home
from device.home.payloads import FORGET
from device.home.settings import Settings
from tests.home.around import soon


def user(broker, name, password=None):
    return Settings(host="127.0.0.1", port=broker.port, username=name, password=password or name)


@pytest.fixture
def bed(supplied, inbox):
    made = Home(replace(user(supplied, "bed1"), bed="bed1"), inbox, SystemClock())
    made.start()
    assert soon(lambda: made.connected), made.trouble
    yield made
    made.stop()


def test_whoever_may_command_hears_what_the_bed_says(supplied, bed, inbox):
    for why in ("", "a newer one is here"):
        found = []

        def ask(found=found):
            try:
                send.command(send.reachable(user(supplied, "nurse"), "bed1"), "taste", FORGET)
            except Refused as trouble:
                found.append(str(trouble))
        asking = threading.Thread(target=ask)
        asking.start()
        command = inbox.get(timeout=10)
        bed.tell({"heard": ("stop", "of-another", "no")})
        bed.tell({"heard": (command.kind, command.id, why)})
        asking.join(10)
        assert not asking.is_alive() and found == ([f"bed1 refuses it: {why}"] if why else [])


@pytest.mark.parametrize(("name", "password", "says"), [
    ("bed1", "bed1", "doesn't let bed1 command bed1"), ("nurse", "wrong", "refuses nurse")])
def test_who_may_not_is_told_so_by_the_broker(supplied, name, password, says):
    with pytest.raises(Refused, match=says):
        send.command(send.reachable(user(supplied, name, password), "bed1"), "taste", FORGET)


def test_where_nothing_listens_or_the_wire_is_open_it_is_said():
    with pytest.raises(Refused, match="can't be reached"):
        send.command(send.reachable(Settings(host="127.0.0.1", port=1), "bed1"), "taste", FORGET)
    for settings, says in ((Settings(), "empty"), (Settings(host="hub.example"), "TLS")):
        with pytest.raises(Refused, match=says):
            send.reachable(settings, "bed1")
    for name in ("", "a/b", "+", "hub", "x" * 33):
        with pytest.raises(NocturneError, match="home.bed"):
            send.reachable(Settings(host="127.0.0.1"), name)


def test_too_much_for_a_command_is_not_sent():
    with pytest.raises(Refused, match="drive"):
        send.command(Settings(host="127.0.0.1"), "taste", {"sleeper": "x" * 2000})
