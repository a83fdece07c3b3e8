"""What a ward is watched by: each query is understood by Prometheus' own tool and asks for what a
hub really tells."""

import json
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho
import pytest

import device.home.hub
from device.home.hub.election import Election
from device.home.hub.metrics import Beds, Metrics
from device.home.hub.server import Broker, Server
from device.home.hub.store import Store
from device.home.hub.web import MOST
from kit.mosquitto import free_port
from tests.home.around import soon
from tests.home.test_hub import KEY

WARD = Path(device.home.hub.__file__).parent / "ward"


@pytest.fixture
def promtool():
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed (Debian: prometheus): no query is checked")

    def check(*words):
        ran = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
    return check


def queries():
    board = json.loads((WARD / "grafana.json").read_text())
    return [target["expr"] for panel in board["panels"] for target in panel["targets"]]


def test_every_query_of_the_dashboard_is_one(promtool, tmp_path):
    rules = [{"record": f"q:{n}", "expr": expr} for n, expr in enumerate(queries())]
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "q", "rules": rules}]}))
    promtool("check", "rules", tmp_path / "rules.yml")


def test_the_alerts_and_the_config_of_prometheus_are_good(promtool):
    promtool("check", "rules", WARD / "alerts.yml")
    promtool("check", "config", WARD / "prometheus.yml")


def test_every_query_asks_for_what_a_hub_tells(tmp_path):
    hub = Server(Store(tmp_path / "hub.sqlite"), KEY, Broker("127.0.0.1", 1))
    metrics = Metrics(hub, 0, of_beds=True)
    told = {sample.name for family in metrics.collect() for sample in family.samples}
    told |= {family.name for family in metrics.collect()}
    asked = set(re.findall(r"nocturne_\w+", " ".join(queries())
                           + (WARD / "alerts.yml").read_text()))
    assert asked <= told and asked


def test_only_a_bed_that_tells_how_it_is_has_series(broker, listen):
    beds = Beds(Broker("127.0.0.1", broker.port))
    beds.start()
    try:
        bed = listen("nocturne/x")
        for name, care in (("bed1", b"restless"), ("bed2", b"unknown"), ("bed3", b"\xff")):
            bed.send(f"nocturne/{name}/avail", b"online", retain=True)
            bed.send(f"nocturne/{name}/state/care", care, retain=True)
        bed.send("nocturne/bed1/state/diagnostics", b'{"quality": 0.5, "rssi": null, "outbox": 3}')

        def series():
            return {(family.name, *sample.labels.values()): sample.value
                    for family in beds.collect() for sample in family.samples}
        assert soon(lambda: ("nocturne_bed_outbox", "bed1") in series())
        assert {key[1] for key in series()} == {"bed1"}
        assert series()[("nocturne_bed_care", "bed1", "restless")] == 1.0
        assert series()[("nocturne_bed_up", "bed1")] == 1.0
        assert ("nocturne_bed_rssi", "bed1") not in series()
    finally:
        beds.stop()


def filled(topic, payload):
    message = paho.MQTTMessage(topic=topic.encode())
    message.payload = payload
    return message


def test_a_broker_gone_wild_fills_neither_memory_nor_labels(monkeypatch):
    monkeypatch.setattr("device.home.hub.metrics.MOST_BEDS", 20)
    beds = Beds(Broker("nowhere", 1))
    for what, payload in (("avail", b"online"), ("state/care", b"settled"),
                          ("state/diagnostics", b'{"outbox": 1}')):
        for n in range(100):
            beds._on_message(beds._client, None, filled(f"nocturne/bed{n}/{what}", payload))
            beds._on_message(beds._client, None,
                             filled(f'nocturne/b"}} 1\nnocturne_hub_elected {n}/{what}', payload))
        assert len(beds._here) <= 20 and len(beds._care) <= 20 and len(beds._measured) <= 20
    assert {sample.labels["bed"] for family in beds.collect() for sample in family.samples} == {
        f"bed{n}" for n in range(20)}


def test_a_bed_that_the_broker_keeps_no_more_has_no_series():
    beds = Beds(Broker("nowhere", 1))
    for payload in (b"settled", b""):
        beds._on_message(beds._client, None, filled("nocturne/bed1/state/care", payload))
    assert not beds._care and not any(family.samples for family in beds.collect())


def test_who_asks_for_health_in_floods_takes_no_connection_from_the_beds(tmp_path, monkeypatch):
    hub = Server(Store(tmp_path / "hub.sqlite"), KEY, Broker("nowhere", 1))
    hub.tally.connected, asked = True, []
    monkeypatch.setattr(hub.store, "alive", lambda: asked.append(1) or True)
    with Metrics(hub, 0) as metrics:
        hub.tally.turned = time.monotonic()
        idle = [socket.create_connection(("127.0.0.1", metrics.port)) for _ in range(MOST)]
        assert soon(lambda: sum(each.name.startswith("Thread-") for each in threading.enumerate())
                    >= MOST)
        with socket.create_connection(("127.0.0.1", metrics.port)) as more:
            more.settimeout(5)
            assert more.recv(1) == b"", "one too many is let go at once"
        for each in idle:
            each.close()
        assert soon(metrics.ready)
        began = time.monotonic()
        while time.monotonic() - began < 0.2:
            assert metrics.ready()
    assert len(asked) == 1


def test_a_hub_without_a_broker_is_well_though_not_ready_and_leads_nobody(tmp_path, monkeypatch):
    store = Store(tmp_path / "hub.sqlite")
    hub = Server(store, KEY, Broker("127.0.0.1", free_port()), say=lambda text: None)
    hub.lead()
    assert hub.tally.elected
    monkeypatch.setattr("device.home.hub.server.time.sleep", lambda seconds: hub.stop())
    hub.serve()
    assert not hub.tally.elected and hub.tally.turned > 0
    other = Election(store.engine)
    assert other.won()
    other.resign()
