"""What somebody on the network can read of a bed: everything that goes over a wire is recorded."""

import queue
import socket
import threading

import pytest

from device.clock import SystemClock
from device.home.hub.main import addresses
from device.home.hub.main import main as hub
from device.home.mqtt import Home
from device.home.settings import DeviceFacts, Settings
from tests.home.around import soon
from tests.home.test_address import secured

__all__ = ["secured"]
SECRETS = (b"geheim", b"bedside-one", b"slow tide", b"nocturne/")


class Wire:
    """Hands on what comes in at `address` to a port of this machine, and keeps all of it."""

    def __init__(self, address: str, port: int):
        self.port, self.heard, self.calls = port, bytearray(), 0
        self.server = socket.create_server((address, 0))
        self.at = self.server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            self.calls += 1
            far = socket.create_connection(("127.0.0.1", self.port))
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._hand_on, args=(one, other), daemon=True).start()

    def _hand_on(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while data := one.recv(4096):
                self.heard += data
                other.sendall(data)
        except OSError:
            pass

    def close(self) -> None:
        self.server.close()


def bed_at(host: str, port: int, folder, **more) -> Home:
    bed = Home(Settings(host=host, port=port, bed="bedside-one", password="geheim", **more),
               queue.SimpleQueue(), SystemClock(), DeviceFacts(), outbox=folder / "outbox.sqlite")
    bed.start()
    bed.tell({"session": "idle", "volume": 0.5, "programme": "slow tide", "reason": "slow tide"})
    return bed


@pytest.fixture
def elsewhere():
    """An address of this machine that isn't the loopback."""
    found = [each for each in addresses() if not each.startswith("127.")]
    if not found:
        pytest.skip("this machine has no network")
    return found[0]


def test_without_tls_nothing_goes_to_another_machine_but_on_request(broker, elsewhere, tmp_path):
    wire = Wire(elsewhere, broker.port)
    bed = bed_at(elsewhere, wire.at, tmp_path)
    assert soon(lambda: "nothing is told without TLS" in bed.trouble), bed.trouble
    assert not soon(lambda: wire.calls, 2.0)
    bed.stop()
    on_request = bed_at(elsewhere, wire.at, tmp_path, plain=True)
    assert soon(lambda: all(secret in wire.heard for secret in SECRETS))
    on_request.stop()
    wire.close()


def test_with_tls_neither_password_nor_state_can_be_read(secured, tmp_path):
    port, ca = secured
    wire = Wire("127.0.0.1", port)
    bed = bed_at("127.0.0.1", wire.at, tmp_path, ca=ca)
    assert soon(lambda: bed.connected), bed.trouble
    assert soon(lambda: len(wire.heard) > 20_000)
    bed.stop()
    wire.close()
    assert not any(secret in wire.heard for secret in SECRETS)


def test_the_hub_tells_a_broker_elsewhere_nothing_in_the_clear(tmp_path, capsys):
    assert hub(["--broker", "192.0.2.1", "--data", str(tmp_path / "hub"), "--page", "0"]) == 1
    assert "--ca, or on purpose --plain" in capsys.readouterr().err
