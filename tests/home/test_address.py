"""The hub's address: by name, by number, found by itself; and two devices that are called alike."""

import queue
import socket
import struct
import threading

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.clock import SystemClock, VirtualClock
from device.home import connection, find
from device.home.hub.pairing import certify
from device.home.hub.server import Broker, Server
from device.home.hub.store import Store
from device.home.mqtt import Home
from device.home.settings import DeviceFacts, Settings
from device.values import Lack
from kit import mosquitto
from tests.home.around import Listener, soon

# ---- two of the same id --------------------------------------------------------------------------

def test_two_devices_with_one_id_keep_apart_and_each_names_the_double(broker, tmp_path):
    twins, told = [], []
    for n in range(2):
        inbox = queue.SimpleQueue()
        twin = Home(Settings(host="127.0.0.1", port=broker.port, bed="bed1"), inbox, SystemClock(),
                    DeviceFacts(), outbox=tmp_path / f"{n}.sqlite")
        twin.start()
        assert soon(lambda twin=twin: twin.connected)
        twins.append(twin)
        told.append(inbox)
    assert soon(lambda: not all(inbox.empty() for inbox in told), 25.0)
    first = next(n for n, inbox in enumerate(told) if not inbox.empty())
    lack = told[first].get(timeout=5)
    assert lack == Lack(twins[first].trouble) and "says that it is bed1 too" in lack.trouble
    before = sum(twin.connections for twin in twins)
    assert not soon(lambda: twins[first].connected, 10.0)       # it would throw the other out
    assert sum(twin.connections for twin in twins) <= before + 1 and before < 12
    for twin in twins:
        twin.stop()


def test_a_broker_that_restarts_again_and_again_is_not_told_as_a_double(broker, tmp_path):
    """Older ones end a connection for both without a word."""
    inbox = queue.SimpleQueue()
    bed = Home(Settings(host="127.0.0.1", port=broker.port, bed="bed1"), inbox, SystemClock(),
               DeviceFacts(), outbox=tmp_path / "bed.sqlite")
    bed.start()
    for _ in range(3):
        assert soon(lambda: bed.connected)
        broker.stop(kill=True)
        assert soon(lambda: not bed.connected)
        broker.start()
    lack = inbox.get(timeout=5)
    assert lack.trouble.startswith("the hub ended our last connections without a word")
    bed.stop()


@pytest.mark.parametrize("moments, asked", [
    # The one that is thrown out stays away for 60 s, then the other, then each for twice as long.
    ((0.0, 0.5, 60.5, 120.5, 240.5, 360.5), True),
    ((0.0, 600.0, 1200.0, 1800.0, 2400.0, 3000.0), False),
])
def test_the_hub_asks_about_a_bed_that_comes_in_again_and_again(tmp_path, moments, asked):
    said, clock = [], VirtualClock()
    hub = Server(Store(tmp_path / "hub.sqlite"), bytes(32), Broker("127.0.0.1", 1),
                 say=said.append, now=clock.now)
    coming = paho.MQTTMessage(topic=b"nocturne/bed1/avail")
    coming.payload = b"online"
    for moment in moments:
        clock.sleep(moment - clock.now())
        hub.meet(coming)
    assert bool(said) == asked


def test_the_hub_hears_from_the_broker_who_comes_in(broker, tmp_path):
    said = []
    hub = Server(Store(tmp_path / "hub.sqlite"), bytes(32), Broker("127.0.0.1", broker.port),
                 say=said.append)
    threading.Thread(target=hub.serve, daemon=True).start()
    assert soon(hub.client.is_connected)
    bed = Listener(broker.port)
    for _ in range(6):
        bed.send("nocturne/bed1/avail", b"online", retain=True)
    assert soon(lambda: said) and "bed1 came in" in said[0] and "nocturne hub --pair" in said[0]
    bed.close()
    hub.stop()


# ---- names and numbers ---------------------------------------------------------------------------

@pytest.fixture
def secured(tmp_path):
    """A broker by TLS whose certificate is for hub.local and 127.0.0.1; its port and authority."""
    if mosquitto.find() is None:
        pytest.skip("mosquitto is not installed")
    etc = tmp_path / "etc"
    etc.mkdir()
    certify(etc, tmp_path, ["hub.local", "127.0.0.1"])
    (etc / "nocturne-hub.key").chmod(0o644)
    port = mosquitto.free_port()
    broker = mosquitto.Mosquitto(tmp_path / "run", f"""
listener {port}
allow_anonymous true
certfile {etc}/nocturne-hub.crt
keyfile {etc}/nocturne-hub.key
""").start()
    yield port, str(etc / "nocturne-ca.crt")
    broker.stop()


@pytest.mark.parametrize(("host", "words"), [
    ("127.0.0.1", ""), ("localhost", "certificate is for another name")])
def test_an_address_in_numbers_works_with_tls_and_another_name_is_told_as_one(
    secured, tmp_path, host, words
):
    port, ca = secured
    bed = Home(Settings(host=host, port=port, bed="bed1", ca=ca), queue.SimpleQueue(),
               SystemClock(), DeviceFacts(), outbox=tmp_path / "outbox.sqlite")
    bed.start()
    assert soon(lambda: words in bed.trouble if words else bed.connected), bed.trouble
    bed.stop()


# ---- looking for it ------------------------------------------------------------------------------

def answer_of(name: str, target: str, port: int, address: str) -> bytes:
    """As Avahi packs it: names point back to the first time they stand there."""
    packet = struct.pack(">6H", 0, 0x8400, 0, 1, 0, 2) + find.encoded(find.SERVICE)
    label = name.encode()
    instance = bytes([len(label)]) + label + b"\xc0\x0c"
    packet += struct.pack(">2HIH", find.PTR, 1, 4500, len(instance)) + instance
    at = len(packet) - len(instance)
    data = struct.pack(">3H", 0, 0, port) + find.encoded(target)
    packet += struct.pack(">H", 0xC000 | at) + struct.pack(">2HIH", find.SRV, 1, 120, len(data))
    packet += data + find.encoded(target)
    return packet + struct.pack(">2HIH", find.A, 1, 120, 4) + socket.inet_aton(address)


def test_the_hub_is_found_by_one_question():
    asked = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hub:
        hub.bind(("127.0.0.1", 0))

        def serve():
            question, who = hub.recvfrom(9000)
            asked.append(question)
            hub.sendto(b"rubbish", who)
            hub.sendto(answer_of("Nocturne on hub", "hub.local", 8883, "192.168.1.5"), who)
        threading.Thread(target=serve, daemon=True).start()
        found = find.hubs(SystemClock(), 1.0, *hub.getsockname())
    assert found == [find.Hub("hub.local", 8883, "192.168.1.5")]
    assert b"\x09_nocturne\x04_tcp\x05local\x00\x00\x0c\x80\x01" in asked[0]   # RFC 6762 5.4


def test_where_nobody_answers_there_is_none_and_that_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(connection.find, "hubs", lambda clock: [])
    bed = Home(Settings(host="auto", bed="bed1"), queue.SimpleQueue(), SystemClock(),
               DeviceFacts(), outbox=tmp_path / "outbox.sqlite")
    bed.turn(0.0)
    assert "no hub answers on this network" in bed.trouble
    bed.stop()


@given(st.binary(max_size=300))
def test_whatever_answers_no_packet_ends_the_search(packet):
    assert isinstance(find.hubs_in(packet), list)


# ---- what is no hub ------------------------------------------------------------------------------

@pytest.fixture
def wordless():
    """A port at which something answers, but not with TLS."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        def answer():
            while True:
                try:
                    caller, _ = server.accept()
                except OSError:
                    return
                with caller:
                    caller.recv(4096)
                    caller.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.parametrize("vouches, told", [
    ("nocturne-ca.crt", "speaks no TLS"), ("torn.crt", "torn.crt holds no certificate"),
    ("empty.crt", "empty.crt holds no certificate"), ("none.crt", "none.crt is missing"),
])
def test_what_speaks_no_tls_or_vouches_for_nothing_is_not_called_distrust(
        wordless, tmp_path, vouches, told):
    certify(tmp_path, tmp_path, ["127.0.0.1"])
    (tmp_path / "torn.crt").write_bytes((tmp_path / "nocturne-ca.crt").read_bytes()[:200])
    (tmp_path / "empty.crt").write_bytes(b"")
    home = Home(Settings(host="127.0.0.1", port=wordless, bed="bed1", ca=str(tmp_path / vouches)),
                queue.SimpleQueue(), SystemClock())
    home.start()
    try:
        assert soon(lambda: told in home.trouble), home.trouble
        assert "not trusted" not in home.trouble
    finally:
        home.stop()
