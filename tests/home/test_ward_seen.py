"""What a ward is watched by: each query is understood by Prometheus' own tool and asks for what a
hub really tells."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import device.home.hub
from device.home.hub.metrics import Beds, Metrics
from device.home.hub.server import Broker, Server
from device.home.hub.store import Store
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
