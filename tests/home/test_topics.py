"""Everything that bed, hub and feedback put on the broker is what topics.schema.json says, and
nothing is missing."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import device.home
from device.home import topics
from device.home.fields import FIELDS
from device.home.hub.server import Broker, Server
from device.home.hub.store import Store
from device.home.privacy import Feedback, Ledger
from tests.home.around import soon
from tests.home.test_home_assistant import STATE

jsonschema = pytest.importorskip(
    "jsonschema", reason="jsonschema is not installed: payloads are not checked"
)
WHOLE = json.loads((Path(device.home.__file__).parent / "topics.schema.json").read_text())


def described(topic):
    """(filter, its entry) of the most special filter that fits."""
    fits = [filter for filter in WHOLE["topics"] if paho.topic_matches_sub(filter, topic)]
    assert fits, f"{topic} is not described"
    filter = min(fits, key=lambda filter: filter.count("+"))
    return filter, WHOLE["topics"][filter]


def check(topic, payload):
    filter, entry = described(topic)
    if not filter.endswith("/picture"):
        value = json.loads(payload) if entry["json"] else payload.decode()
        jsonschema.validate(value, {"$defs": WHOLE["$defs"], **entry["schema"]})
    return filter


def test_the_description_is_what_the_rows_say():
    assert topics.document() == WHOLE, \
        "python -m device.home.topics > device/home/topics.schema.json"


def test_the_description_is_itself_valid():
    for entry in WHOLE["topics"].values():
        jsonschema.Draft202012Validator.check_schema({"$defs": WHOLE["$defs"], **entry["schema"]})


def test_whatever_is_said_is_as_described_and_retained_as_described(
    home, inbox, listen, broker, tmp_path
):
    home.settings = replace(home.settings, detail=True)
    store = Store(tmp_path / "hub.sqlite")
    hub = Server(store, bytes(32), Broker("127.0.0.1", broker.port), say=lambda text: None)
    thread = threading.Thread(target=hub.serve)
    thread.start()
    listener = listen("nocturne/#")
    for period in range(2):
        home.tell({**STATE, "sharing": True} if period else dict.fromkeys(
            [name for name in FIELDS if name not in ("diagnostics", "firmware")]))
        assert soon(lambda period=period: listener.on("nocturne/bed1/state/picture")[period:])
    home.event("night", {"sol": 15})
    home.event("button", {"event_type": "hold"})
    home.event("waking", {"event_type": "snooze"})
    Feedback(Ledger(), home).share("comfort_v1", 4, 1.7672184e9)
    listener.send(
        "nocturne/bed1/cmd/volume", b'{"value": 5, "id": "1.2-3", "expires": 99999999999}'
    )
    for answer in range(120):
        report = {
            "v": 1,
            "q": "quiet_v1",
            "k": 2,
            "y": answer % 2,
            "mech": "krr",
            "eps": 1.0,
            "epoch": 700,
        }
        envelope = Properties(PacketTypes.PUBLISH)
        envelope.UserProperty = ("id", f"r{answer}")
        listener.send(
            f"nocturne/b{answer}/feedback/quiet_v1", json.dumps(report), properties=envelope
        )
    home.tell({"heard": ("volume", "1.2-3", "")})
    assert soon(lambda: listener.on("nocturne/prior") and home.outbox.counts()["acknowledged"] == 2)
    assert soon(lambda: listener.on("nocturne/bed1/state/alive"), 15)
    hub.stop()
    thread.join()
    heard = set()
    for message in listener.messages:
        filter = check(message.topic, message.payload)
        heard.add(filter)
    later = listen("nocturne/#")
    assert soon(lambda: later.on("nocturne/prior"))
    planes = {m.topic.split("/")[-2] for m in later.messages
              if m.retain and m.topic.count("/") > 1 and not m.topic.endswith("avail")}
    assert planes == {"state", "detail", "hub"}
    assert not any(m.topic.endswith(("/heard", "/alive")) for m in later.messages if m.retain)
    assert heard == set(WHOLE["topics"])
