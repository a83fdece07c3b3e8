"""What a hub shows of itself to Prometheus, and to whoever asks whether it is well.

    /metrics    counts of messages, time to their acknowledgement, who is elected; of beds, only
                where the hub's owner asked for it and the bed shares its state for care
    /healthz    200 while the hub looks after its messages, else 503
    /readyz     200 while it also has its broker and its store, else 503
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import paho.mqtt.client as paho
from prometheus_client.core import (
    CollectorRegistry,
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric

from device.home.hub.server import Broker, Server
from device.home.hub.tally import CLASSES
from device.home.hub.web import Few
from device.home.payloads import CARE
from device.home.settings import BED, ROOT

STUCK = 30.0            # s without a turn: the hub hangs
MOST_BEDS = 10_000      # of which series are made; a broker gone wild fills no memory
PATIENCE = 5.0          # s that a connection may say nothing
AGAIN = 1.0             # s until the store is asked again whether it can be written to
DIAGNOSTICS = ("quality", "rssi", "radio_restarts", "temperature", "outbox", "dropped")


class Metrics:
    """A web server in a thread for as long as it is entered."""

    def __init__(self, server: Server, port: int, address: str = "127.0.0.1",
                 of_beds: bool = False):
        self._server = server
        self._beds = Beds(server.broker) if of_beds else None
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._asking = threading.Lock()
        self._alive, self._asked = False, -float("inf")
        self._web = Few((address, port), self._handler())
        self.port = self._web.server_address[1]

    def __enter__(self) -> "Metrics":
        threading.Thread(target=self._web.serve_forever, name="metrics", daemon=True).start()
        if self._beds is not None:
            self._beds.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._web.shutdown()
        self._web.server_close()
        if self._beds is not None:
            self._beds.stop()

    def collect(self) -> Iterator[Metric]:
        """For prometheus_client."""
        tally = self._server.tally
        messages = CounterMetricFamily("nocturne_hub_messages", "Messages by what became of them.",
                                       labels=["kind"])
        for kind, n in tally.kinds.items():
            messages.add_metric([kind], n)
        messages.add_metric(["failed"], tally.failed)
        yield messages
        yield self._histogram()
        yield GaugeMetricFamily("nocturne_hub_broker_connected", "Whether the broker is there.",
                                float(tally.connected))
        yield GaugeMetricFamily("nocturne_hub_elected", "Whether this hub makes the priors.",
                                float(tally.elected))
        yield GaugeMetricFamily("nocturne_hub_prior_version",
                                "Of the newest prior, as the elected hub knows it.", tally.version)
        if self._beds is not None:
            yield from self._beds.collect()

    def healthy(self) -> bool:
        return time.monotonic() - self._server.tally.turned < STUCK

    def ready(self) -> bool:
        return self.healthy() and self._server.tally.connected and self._store()

    def _store(self) -> bool:
        """However many ask, and however often: the connections to the store are for the beds."""
        with self._asking:
            if time.monotonic() - self._asked > AGAIN:
                self._alive = self._server.store.alive()
                self._asked = time.monotonic()
            return self._alive

    def _histogram(self) -> Metric:
        tally, so_far, buckets = self._server.tally, 0, []
        for end, n in zip(CLASSES, tally.acknowledged, strict=True):
            so_far += n
            buckets.append(("+Inf" if end == float("inf") else str(end), so_far))
        return HistogramMetricFamily(
            "nocturne_hub_acknowledgement_seconds",
            "From a message's coming to its acknowledgement, the store's commit between.",
            buckets=buckets, sum_value=tally.seconds)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        metrics = self

        class Handler(BaseHTTPRequestHandler):
            timeout = PATIENCE

            def do_GET(self) -> None:
                match self.path.partition("?")[0]:
                    case "/metrics":
                        self._say(200, generate_latest(metrics._registry), CONTENT_TYPE_LATEST)
                    case "/healthz":
                        self._well(metrics.healthy())
                    case "/readyz":
                        self._well(metrics.ready())
                    case _:
                        self._say(404, b"not here\n")

            def _well(self, good: bool) -> None:
                self._say(200 if good else 503, b"ok\n" if good else b"not well\n")

            def _say(self, code: int, body: bytes, kind: str = "text/plain") -> None:
                self.send_response(code)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Once every few seconds, for ever: nobody reads that."""
        return Handler


class Beds:
    """What beds say of themselves, as the broker retains it. A bed in privacy mode, or without
    consent to care, says "unknown" there and has no series."""

    def __init__(self, broker: Broker):
        self._broker = broker
        self._lock = threading.Lock()
        self._here: dict[str, bool] = {}
        self._care: dict[str, str] = {}
        self._measured: dict[str, dict[str, float]] = {}
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5,
                                   client_id=f"nocturne-metrics-{os.urandom(4).hex()}")
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        if broker.username:
            self._client.username_pw_set(broker.username, broker.password)
        if broker.ca:
            self._client.tls_set(ca_certs=broker.ca)

    def start(self) -> None:
        self._client.connect_async(self._broker.host, self._broker.port, 30)
        self._client.loop_start()

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            care = {bed: state for bed, state in self._care.items() if state != "unknown"}
            here = {bed: self._here.get(bed, False) for bed in care}
            measured = {bed: dict(self._measured.get(bed, {})) for bed in care}
        present = GaugeMetricFamily("nocturne_bed_up", "Whether the bed is connected.",
                                    labels=["bed"])
        state = GaugeMetricFamily("nocturne_bed_care", "1 for the state that the bed is in.",
                                  labels=["bed", "state"])
        for bed, said in care.items():
            present.add_metric([bed], float(here[bed]))
            for each in CARE:
                state.add_metric([bed, each], float(each == said))
        yield present
        yield state
        for name in DIAGNOSTICS:
            family = GaugeMetricFamily(f"nocturne_bed_{name}", f"{name} of the bed's diagnostics.",
                                       labels=["bed"])
            for bed, values in measured.items():
                if name in values:
                    family.add_metric([bed], values[name])
            yield family

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        client.subscribe([(f"{ROOT}/+/{what}", 0)
                          for what in ("avail", "state/care", "state/diagnostics")])

    def _on_message(self, client: paho.Client, _: object, message: Any) -> None:
        bed, what = message.topic.split("/")[1], message.topic.split("/", 2)[2]
        text = message.payload[:4096].decode("utf-8", "replace")
        tables: dict[str, dict[str, Any]] = {
            "avail": self._here, "state/care": self._care, "state/diagnostics": self._measured}
        kept = tables[what]
        with self._lock:
            if not BED.fullmatch(bed) or bed not in kept and len(kept) >= MOST_BEDS:
                return
            if not text:                # the broker keeps it no more
                kept.pop(bed, None)
            elif what == "avail":
                kept[bed] = text == "online"
            elif what == "state/care":
                kept[bed] = text if text in CARE else "unknown"
            else:
                kept[bed] = numbers(text)


def numbers(text: str) -> dict[str, float]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    return {name: float(said[name]) for name in DIAGNOSTICS
            if isinstance(said.get(name), int | float) and abs(said[name]) < 1e9}
