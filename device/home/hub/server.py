"""The hub's client at the broker: every event and answer is stored first and acknowledged then."""

import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device.clock import SystemClock
from device.errors import Refused
from device.home.commands import ID
from device.home.hub import population
from device.home.hub.store import Store
from device.home.population_prior import sign
from device.home.privacy import EPSILON
from device.home.settings import PRIOR, ROOT
from device.values import QUESTION

STATE = f"{ROOT}/hub/state"
BURST = 1000            # messages of one bed: the outbox of one that was away for months
RATE = 1.0              # /s
OFTEN, LATELY = 6, 60.0     # times, s: a bed comes in so often where two have one id


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the beds meet; without `ca` (a file) it is spoken to in the clear."""
    host: str
    port: int
    username: str = ""
    password: str = ""
    ca: str = ""


class Server:
    """`serve` runs until `stop`; `key` is the Ed25519 seed that signs the prior."""

    def __init__(
        self,
        store: Store,
        key: bytes,
        broker: Broker,
        group: str = "",
        say: Callable[[str], object] = print,
        beds: Path | None = None,
        now: Callable[[], float] | None = None,
    ):
        """`group`: of several hubs with one store, among which the broker deals out what the beds
        send. `beds`: the file that pairing writes, a bed a line; nobody else is heard. `now`: s,
        monotonic."""
        self._beds, self._now = beds, now or SystemClock().now
        self._spent: dict[str, tuple[float, float]] = {}    # bed → when it was heard, how often
        self.store, self.key, self.broker, self.say = store, key, broker, say
        self._joined: dict[str, list[float]] = {}           # bed → when it came in lately
        self.applied = self.refused = 0
        self._published: list[int] | None = None
        self._stopping = False
        self._share = f"$share/{group}/" if group else ""
        name = f"nocturne-hub-{os.urandom(4).hex()}" if group else "nocturne-hub"
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=name, protocol=paho.MQTTv5
        )
        self.client.on_connect, self.client.on_message = self._on_connect, self._on_message
        if broker.username:
            self.client.username_pw_set(broker.username, broker.password)
        if broker.ca:
            self.client.tls_set(ca_certs=broker.ca)
        self.client.will_set(f"{ROOT}/hub/avail", "offline", qos=1, retain=True)

    def serve(self) -> None:
        wait = 1.0
        while not self._stopping:
            try:
                self.client.connect(self.broker.host, self.broker.port, 30, clean_start=True)
                while not self._stopping and self.client.loop(1.0) == paho.MQTT_ERR_SUCCESS:
                    wait = 1.0
            except OSError as trouble:
                self.say(f"broker {self.broker.host}:{self.broker.port}: {trouble}")
            if not self._stopping:
                time.sleep(wait * random.uniform(0.5, 1.0))
                wait = min(2 * wait, 15.0)
        self.client.disconnect()

    def stop(self) -> None:
        self._stopping = True

    def _on_connect(self, client: paho.Client, userdata: object, flags: paho.ConnectFlags,
                    reason: ReasonCode, properties: Properties | None) -> None:
        if reason.is_failure:
            self.say(f"broker {self.broker.host}:{self.broker.port} refuses the hub: {reason}")
            return
        client.subscribe([(f"{self._share}{ROOT}/+/{plane}/+", paho.SubscribeOptions(qos=1))
                          for plane in ("event", "feedback")]
                         + [(f"{ROOT}/+/avail", paho.SubscribeOptions(qos=1))])
        client.publish(f"{ROOT}/hub/avail", "online", qos=1, retain=True)
        self._published = None
        self.learn()

    def _on_message(self, client: paho.Client, userdata: object,
                    message: paho.MQTTMessage) -> None:
        """Must not raise: paho would stop half way through a packet."""
        try:
            if message.topic.endswith("/avail"):
                self.meet(message)
            else:
                self.take(message)
        # a full disk: no acknowledgement, so the bed keeps it and sends it again
        except Exception as trouble:
            self.say(f"hub: {type(trouble).__name__}: {trouble}")

    def meet(self, message: paho.MQTTMessage) -> None:
        """Two devices with one id throw each other out of the broker: one that comes in again and
        again may be two."""
        bed = message.topic.split("/")[1]
        if message.retain or message.payload != b"online":
            return
        now = self._now()
        lately = [then for then in self._joined.get(bed, ()) if now - then < LATELY] + [now]
        self._joined[bed] = lately
        if len(lately) == OFTEN:
            self.say(f"{bed} came in {OFTEN} times in {LATELY:.0f} s: do two devices say that they "
                     "are it? Give one of them another id (nocturne hub --pair OTHER, and its "
                     "home.toml)")

    def take(self, message: paho.MQTTMessage) -> None:
        """Store, then acknowledge. What is malformed is acknowledged too, else its bed would send
        it for ever."""
        _, bed, plane, name = message.topic.split("/")
        identity = dict(getattr(message.properties, "UserProperty", ())).get("id", "")
        if not ID.fullmatch(identity):
            return  # the button, which nobody waits for, or somebody who doesn't keep the agreement
        if not self._paired(bed) or not self._within_its_rate(bed):
            return  # a bed keeps what isn't acknowledged, and sends it again
        try:
            if plane == "feedback":
                new = self.store.feedback(identity, bed, bytes(message.payload))
            else:
                new = self.store.event(identity, bed, name, bytes(message.payload))
        except Refused as trouble:
            self.refused += 1
            self.say(str(trouble))
            new = False
        self.applied += new
        self.client.publish(f"{ROOT}/{bed}/ack/{identity}", b"", qos=1)
        if new and plane == "feedback":
            self.learn()

    def _paired(self, bed: str) -> bool:
        """Without pairing everybody whom the broker lets in is a bed."""
        if self._beds is None or not self._beds.exists():
            return True
        return bed in self._beds.read_text(encoding="utf-8").split()

    def _within_its_rate(self, bed: str) -> bool:
        """A bed may say BURST at once and RATE a second from then on."""
        now = self._now()
        then, spent = self._spent.get(bed, (now, 0.0))
        spent = max(spent - RATE * (now - then), 0.0) + 1.0
        if spent > BURST:
            return False
        self._spent[bed] = now, spent
        return True

    def learn(self) -> None:
        """Publish a prior when new answers were released, and say plainly where learning stands."""
        counts = self.store.counts(QUESTION)
        if counts == self._published:
            return
        self._published = counts
        have = sum(counts)
        if have >= population.ENOUGH:
            prior = population.estimate(
                QUESTION, counts, EPSILON, self.store.next_version(QUESTION)
            )
            if prior is not None:
                self.client.publish(PRIOR, sign(prior, self.key), qos=1, retain=True)
            sentence = f"A prior of {have} anonymous reports is shared with every bed"
        else:
            sentence = (
                f"Nothing is learned from others yet: {have} of {population.ENOUGH} "
                "anonymous reports"
            )
        state = {"v": 1, "reports": have, "needed": population.ENOUGH, "sentence": sentence}
        self.client.publish(STATE, json.dumps(state), qos=1, retain=True)


def load_key(path: Path) -> bytes:
    """The hub's Ed25519 seed, made at first use and readable by its owner alone."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(32))
    return path.read_bytes()
