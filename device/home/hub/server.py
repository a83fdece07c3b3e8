"""The hub's client at the broker: every event and answer is stored first and acknowledged then.

What has come meanwhile is taken together, in one transaction. A hub keeps nothing of its own: any
number of them may stand at one store and one broker, be killed and be added.
"""

import json
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
import sqlalchemy as sql
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device.clock import SystemClock
from device.home.commands import ID
from device.home.hub.election import Election
from device.home.hub.store import APPLIED, ENOUGH, LATER, REFUSED, Made, Message, Store
from device.home.hub.tally import Tally
from device.home.population_prior import sign
from device.home.privacy import EPSILON
from device.home.settings import BED, PRIOR, ROOT
from device.values import QUESTION

STATE = f"{ROOT}/hub/state"
AVAILABLE = f"{ROOT}/hub/avail"
TOGETHER = 200          # messages in one transaction
TURN = 2.0              # s between looks at what one elected hub does
NIGHTLY = 86_400.0      # s between looks for what is too old to keep
# times, s: a bed comes in so often where two have one id; each keeps away for longer and longer
OFTEN, LATELY = 6, 600.0


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
        send. `beds`: the file that pairing writes, a bed a line; these and those that the store
        names are heard, and nobody else. `now`: s, monotonic."""
        self._beds, self._now = beds, now or SystemClock().now
        self.store, self.key, self.broker, self.say = store, key, broker, say
        self.tally = Tally()
        self._election = Election(store.engine)
        self._waiting: list[tuple[float, Message]] = []
        self._joined: dict[str, list[float]] = {}           # bed → when it came in lately
        self._known: tuple[float, frozenset[str] | None] = (-float("inf"), None)
        self._published = b""
        self._stated = ""
        self._due = self._night = self._now()
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
        self.client.will_set(AVAILABLE, "offline", qos=1, retain=True)

    def serve(self) -> None:
        wait = 1.0
        while not self._stopping:
            try:
                self.client.connect(self.broker.host, self.broker.port, 30, clean_start=True)
                while not self._stopping and self.turn():
                    wait = 1.0 if self.client.is_connected() else wait
            except OSError as trouble:
                self.say(f"broker {self.broker.host}:{self.broker.port}: {trouble}")
            # Without a broker nobody is led: another hub may have one.
            self._election.resign()
            self.tally.connected = self.tally.elected = False
            self.tally.turned = self._now()
            if not self._stopping:
                time.sleep(wait * random.uniform(0.5, 1.0))
                wait = min(2 * wait, 15.0)
        self.client.publish(AVAILABLE, "offline", qos=1, retain=True)
        self.client.disconnect()
        self._election.resign()

    def stop(self) -> None:
        self._stopping = True

    def turn(self) -> bool:
        """Listen, and take what came once nothing more comes at once; False without a broker."""
        before = len(self._waiting)
        here = self.client.loop(0.0 if before else 1.0) == paho.MQTT_ERR_SUCCESS
        if len(self._waiting) == before or before >= TOGETHER:
            self.flush()
        self.tally.turned = self._now()
        if self._now() >= self._due:
            self._due = self._now() + TURN
            self.lead()
        return here

    def _on_connect(self, client: paho.Client, userdata: object, flags: paho.ConnectFlags,
                    reason: ReasonCode, properties: Properties | None) -> None:
        if reason.is_failure:
            self.say(f"broker {self.broker.host}:{self.broker.port} refuses the hub: {reason}; its "
                     "password is read from --password-file, or /etc/nocturne-hub.password where "
                     "sudo nocturne hub --setup wrote it")
            return
        once = paho.SubscribeOptions(qos=1)
        client.subscribe([(f"{self._share}{ROOT}/+/{plane}/+", once)
                          for plane in ("event", "feedback")]
                         + [(f"{ROOT}/+/avail", once), (PRIOR, once)])
        client.publish(AVAILABLE, "online", qos=1, retain=True)
        self.tally.connected = True
        self._published, self._stated = b"", ""
        self._due = self._now()

    def _on_message(self, client: paho.Client, userdata: object,
                    message: paho.MQTTMessage) -> None:
        """Must not raise: paho would stop half way through a packet."""
        try:
            self.take(message)
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
            self.say(f"{bed} came in {OFTEN} times in {LATELY / 60:.0f} min: do two devices say "
                     "that they are it? Give one of them another id (nocturne hub --pair OTHER, "
                     "and its home.toml)")

    def take(self, message: paho.MQTTMessage) -> None:
        """Keep it for the next transaction, if it is of a bed that is heard."""
        if message.topic == AVAILABLE:
            # Another hub's last will, or that of our own last connection; this one is here.
            if message.payload == b"offline" and not self._stopping:
                self.client.publish(AVAILABLE, "online", qos=1, retain=True)
            return
        if message.topic.endswith("/avail"):
            self.meet(message)
            return
        if message.topic == PRIOR:
            if bytes(message.payload) != self._published:
                self._published, self._due = b"", self._now()
            return
        _, bed, plane, name = message.topic.split("/")
        identity = dict(getattr(message.properties, "UserProperty", ())).get("id", "")
        if not ID.fullmatch(identity):
            return  # the button, which nobody waits for, or somebody who doesn't keep the agreement
        if BED.fullmatch(bed) and self._paired(bed):
            self._waiting.append((self._now(), Message(identity, bed, plane, name,
                                                       bytes(message.payload))))

    def flush(self) -> None:
        """Store, then acknowledge. What is malformed is acknowledged too, else its bed would send
        it for ever; what can't be stored is not, and its bed sends it again."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        messages = [message for _, message in waiting]
        try:
            verdicts = self.store.take(messages)
        except Exception as trouble:        # a full disk, a store that is away
            self.tally.failed += len(messages)
            self.say(f"hub: {in_a_line(trouble)}")
            return
        for (came, message), verdict in zip(waiting, verdicts, strict=True):
            self.tally.count(verdict.kind)
            if verdict.kind == LATER:
                continue
            if verdict.kind == REFUSED:
                self.say(verdict.why)
            self.client.publish(f"{ROOT}/{message.bed}/ack/{message.id}", b"", qos=1)
            self.tally.took(self._now() - came)
            if verdict.kind == APPLIED and message.plane == "feedback":
                self._due = self._now()

    def _paired(self, bed: str) -> bool:
        """Without pairing everybody whom the broker lets in is a bed; until the store has said who
        is, nobody."""
        then, known = self._known
        if self._now() - then > TURN:
            file = self._beds
            named = file.read_text(encoding="utf-8").split() if file and file.exists() else []
            try:
                known = self.store.paired() | frozenset(named)
            except sql.exc.SQLAlchemyError:
                known = None if known is None else known | frozenset(named)
            self._known = self._now(), known
        return known is not None and (not known or bed in known)

    def lead(self) -> None:
        """What one hub does for all: give held answers out, make the prior of them and publish it,
        say plainly where learning stands, and forget what is too old."""
        self.tally.elected = self._election.won()
        if not self.tally.elected:
            return
        try:
            self.store.release()
            self.learn()
            if self._now() - self._night > NIGHTLY:
                self._night = self._now()
                self.store.retire()
        except sql.exc.SQLAlchemyError as trouble:
            self.say(f"hub: {in_a_line(trouble)}")

    def learn(self) -> None:
        """A version is of one prior for ever, whoever dies half way: it stands in the store before
        anybody hears it."""
        counts = self.store.counts(QUESTION)
        have = sum(counts)
        made = self.store.newest(QUESTION)
        if have >= ENOUGH and have != made.reports:
            # Not at the top: at home it takes years, and numpy is a quarter of the hub's memory.
            from device.home.hub import population
            prior = population.estimate(QUESTION, counts, EPSILON, made.version + 1,
                                        self.store.anchor(QUESTION))
            if prior is not None:
                made = Made(prior.version, have, sign(prior, self.key))
                if not self.store.add_prior(QUESTION, made, prior.shares):
                    return
        message, self.tally.version = made.message, made.version
        if message and message != self._published:
            self._published = message
            self.client.publish(PRIOR, message, qos=1, retain=True)
        sentence = (
            f"A prior of {have} anonymous reports is shared with every bed" if message else
            f"Nothing is learned from others yet: {have} of {ENOUGH} anonymous reports"
        )
        state = json.dumps(
            {"v": 1, "reports": have, "needed": ENOUGH, "sentence": sentence})
        if state != self._stated:
            self._stated = state
            self.client.publish(STATE, state, qos=1, retain=True)


def in_a_line(trouble: Exception) -> str:
    return f"{type(trouble).__name__}: {str(trouble).partition(chr(10))[0]}"


def load_key(path: Path) -> bytes:
    """The hub's Ed25519 seed, made at first use and readable by its owner alone."""
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(32))
    return path.read_bytes()
