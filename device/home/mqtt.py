"""The device's own voice at home, over MQTT: a thread that may fail in any way without the night noticing.

One client, one thread, no paho loop thread: our thread waits on the socket, so a callback that raises, a broker that
stops answering and a certificate that isn't valid yet are all handled in one place. State goes up changed fields only;
what must arrive goes through the outbox; commands come down into the inbox, live, bounded and once.
"""

import json
import random
import select
import socket
import sqlite3
import ssl
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from device.clock import Clock
from device.errors import Refused
from device.home import discovery
from device.home.commands import Seen, parse
from device.home.fields import DIAGNOSTICS, FIELDS
from device.home.outbox import Courier, Outbox
from device.home.prior import Prior, read
from device.home.settings import HOME_ASSISTANT, PRIOR, DeviceFacts, Settings, topic
from device.home.telling import Teller

LIVE = {"button"}           # events that mean nothing later: never queued
SOON, LATE = 1.0, 30.0      # s: first and longest wait between attempts to connect; a jittered half is taken off
HANDSHAKE = 15.0            # s from connecting to the broker's word
OLDEST_PUBACK = 20.0        # s: an unanswered publish this old means that the connection is dead, whatever TCP says
KEEPALIVE = 30              # s
BIRTH_JITTER = 10.0         # s: Home Assistant came back; not every bed shall answer at once
TURN = 5.0                  # s: the longest a turn waits for something to happen


def guarded(callback: Callable) -> Callable:
    """paho's callbacks must not raise: its parser would be left half way through a packet."""
    @wraps(callback)
    def call(self, *words):
        try:
            callback(self, *words)
        except Refused as trouble:
            self.refused += 1
            self.trouble = str(trouble)
        except Exception as trouble:
            self.faults += 1
            self.trouble = f"home: {type(trouble).__name__}: {trouble}"
    return call


class Home:
    """`inbox.put(Command)` receives what others ask for. Nothing here blocks or raises into the caller, save for bad
    arguments at construction. Read-only for others: `connected`, `trouble` (in words, "" when well), `refused`."""

    def __init__(self, settings: Settings, inbox, clock: Clock, facts: DeviceFacts | None = None,
                 outbox: Path | None = None, boot: str = "", on_prior: Callable[[Prior], None] | None = None,
                 newest_prior: int = 0, chance: random.Random | None = None):
        """`outbox` None keeps it in memory. `on_prior` is called, in our thread, with priors that the pinned hub signed
        and that are newer than `newest_prior`."""
        self.settings, self.inbox, self.clock = settings, inbox, clock
        self.facts = facts or DeviceFacts()
        self.connected, self.trouble = False, ""
        self.refused = self.faults = self.connections = 0
        self.boot = boot or boot_id()
        self.on_prior, self.newest_prior = on_prior, newest_prior
        self.chance = chance or random.Random()
        self.outbox = self._open(outbox)
        self.courier, self.teller, self.seen = Courier(self.outbox), Teller(), Seen()
        self._lock = threading.Lock()
        # As last told, in the device's units; both guarded by _lock. The programmes are for the page.
        self._state: dict[str, object] = {"programmes": self.facts.programmes}
        self._news: dict[str, object] = dict(self._state)
        self._asks: deque[tuple[str, bytes, bool]] = deque(maxlen=100)      # (topic, payload, retain) to publish once
        self._client: paho.Client | None = None
        self._mids: dict[int, float] = {}           # publishes without PUBACK yet → when sent
        self._tries = 0
        self._due = 0.0                             # when to connect
        self._since = 0.0                           # when the last attempt began
        self._announce: float | None = None
        self._misc = 0.0
        self._erase = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)

    # ---- for the night -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect, in the background; does nothing without a host."""
        if self.settings.host and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="home", daemon=True)
            self._thread.start()

    def stop(self, patience: float = 3.0) -> None:
        """Say offline and leave; what waits in the outbox stays there."""
        self._stopping.set()
        self._wake()
        if self._thread is not None:
            self._thread.join(patience)
        self.outbox.close()

    def tell(self, state: Mapping[str, object]) -> None:
        """News of the device, by field (`fields.FIELDS`, and the diagnostics by their own names), in its own units."""
        with self._lock:
            self._state.update(state)
            self._news.update(state)
        if self.settings.host:
            self._wake()

    def event(self, name: str, payload: Mapping[str, object]) -> str:
        """Something that happened: through the outbox, unless it means nothing later (the button). Returns its id, or
        "" if it wasn't kept: without a hub, in privacy mode, without consent, or with a full disk (see `trouble`)."""
        if not self.settings.host or self._private():
            return ""
        if name in LIVE:
            return self._live(name, payload)
        try:
            # The id is in the body too: Home Assistant's triggers can't see user properties.
            identity = str(uuid.uuid4())
            body = {"v": 1, "id": identity, "name": name, "boot": self.boot, "uptime": round(self.clock.now(), 3),
                    "clock_synced": self._state.get("clock_synced"), "at": round(self.clock.wall()),
                    "data": dict(payload)}
            return self._keep(f"event/{name}", json.dumps(body).encode(), identity)
        except (TypeError, ValueError) as trouble:
            self.trouble = f"event {name}: {trouble}"
            return ""

    def feedback(self, question: str, payload: bytes, identity: str) -> str:
        """An answer that privacy.py has already randomised and paid for; the id travels outside it."""
        return "" if not self.sharing else self._keep(f"feedback/{question}", payload, identity)

    @property
    def sharing(self) -> bool:
        """Whether the sleeper wants to share feedback now; off until told."""
        return bool(self.settings.host and self._state.get("sharing") and not self._state.get("privacy"))

    def withdraw(self) -> None:
        """Consent to feedback is withdrawn: nothing of it stays in the outbox."""
        self.outbox.purge("feedback/")
        self.courier.look()

    def erase(self) -> None:
        """No personal byte stays in the outbox or, once connected, retained on the broker."""
        with self._lock:
            for name in [name for name in self._state if name in FIELDS and FIELDS[name].personal]:
                self._state[name] = self._news[name] = None
        self.outbox.purge()
        self.courier.look()
        self._erase.set()
        self._wake()

    def remove(self) -> None:
        """Leave the home for good: Home Assistant forgets the device, the broker whatever it retained of it."""
        bed = self.settings.bed
        topics = [discovery.config_topic(bed), *(topic(bed, "state", name) for name in FIELDS)]
        self._asks.extend((where, b"", True) for where in topics)
        self._wake()

    # ---- the thread ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.turn(TURN)
        self._goodbye()

    def turn(self, timeout: float) -> None:
        """One turn: connect if it is time, wait at most `timeout` s for something, handle it. Never raises."""
        try:
            now = self.clock.now()
            if self._client is None and now >= self._due:
                self._connect(now)
            self._wait(min(timeout, 0.2) if self._busy() else timeout)
            self._look_after(self.clock.now())
        except Exception as trouble:
            self.faults += 1
            self._lose(f"home: {type(trouble).__name__}: {trouble}")

    def _busy(self) -> bool:
        return self._announce is not None

    def _connect(self, now: float) -> None:
        s = self.settings
        self._since, self.connected = now, False
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=f"nocturne-{s.bed}", protocol=paho.MQTTv5)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_message, client.on_publish = self._on_message, self._on_publish
        client.on_subscribe = self._on_subscribe
        client.connect_timeout = 5.0
        if s.username or s.password:
            client.username_pw_set(s.username or s.bed, s.password or None)
        client.will_set(topic(s.bed, "avail"), "offline", qos=1, retain=True)
        try:
            if s.ca:
                client.tls_set(ca_certs=s.ca)
            self._client = client
            client.connect(s.host, s.port, KEEPALIVE, clean_start=True)
            # A state is many small packets: waiting to fill one costs 40 ms an echo.
            client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except ssl.SSLError as trouble:
            clock = " (this device's clock is not set yet)" if self._state.get("clock_synced") is False else ""
            self._lose(f"hub {s.host}: its certificate is not trusted{clock}: {getattr(trouble, 'reason', trouble)}")
        except (OSError, ValueError) as trouble:
            self._lose(f"hub {s.host}:{s.port} can't be reached: {trouble}")

    def _wait(self, timeout: float) -> None:
        sock = self._client.socket() if self._client else None
        readers = [self._ear] + ([sock] if sock else [])
        writers = [sock] if sock and self._client.want_write() else []
        if not self.connected and self._client is None:
            timeout = min(timeout, max(self._due - self.clock.now(), 0.0))
        readable, writable, _ = select.select(readers, writers, [], timeout)
        if self._ear in readable:
            self._ear.recv(4096)
        if sock in writable:
            self._client.loop_write()
        while sock in readable and self._client is not None and self._client.socket() is sock:
            self._client.loop_read()
            # TLS may hold decrypted bytes that select can't see.
            if not (isinstance(sock, ssl.SSLSocket) and self._client and self._client.socket() is sock
                    and sock.pending()):
                break

    def _look_after(self, now: float) -> None:
        if self._client is None:
            return
        if now - self._misc >= 1.0:
            self._misc = now
            self._client.loop_misc()
        if self._client.socket() is None:
            self._lose(self.trouble or "the hub closed the connection")
        elif not self.connected:
            if now - self._since > HANDSHAKE:
                self._lose(f"hub {self.settings.host}: no answer to our greeting in {HANDSHAKE:.0f} s")
        elif self._mids and now - min(self._mids.values()) > OLDEST_PUBACK:
            self._lose("the hub stopped acknowledging")
        else:
            self._speak(now)

    def _speak(self, now: float) -> None:
        if self._announce is not None and now >= self._announce:
            self._announce = None
            whole = discovery.payload(self.settings.bed, self.facts)
            self._publish(discovery.config_topic(self.settings.bed), json.dumps(whole), retain=True)
            self._publish(topic(self.settings.bed, "avail"), "online", retain=True)
            self.teller.forget()
        if self._erase.is_set():
            self._erase.clear()
            for name in FIELDS:
                self._publish(topic(self.settings.bed, "state", name), b"", retain=True)
            self.teller.forget()
        self._refresh()
        for name, payload in self.teller.due(now):
            self._publish(topic(self.settings.bed, "state", name), payload, retain=True)
        while self._asks:
            self._publish(*self._asks.popleft())
        if self.courier.unheard and not self.trouble:
            self.trouble = "nobody acknowledges our messages: does `nocturne hub`, or the automation for it, run?"
        for row in self.courier.due(now):
            properties = Properties(PacketTypes.PUBLISH)
            properties.UserProperty = ("id", row.id)
            self._publish(topic(self.settings.bed, row.topic), row.payload, properties=properties)

    def _refresh(self) -> None:
        """Hand the news to the teller, as they are written; a field that can't be written is told by `trouble`."""
        with self._lock:
            news, self._news = self._news, {}
            private = self._private()
            if "privacy" in news:
                news |= {name: self._state[name] for name in self._state if name in FIELDS and FIELDS[name].personal}
            diagnostics = {name: self._state.get(name) for name in DIAGNOSTICS}
        counts = self.outbox.counts()
        diagnostics |= {"outbox": counts["waiting"], "dropped": counts["dropped"]}
        wanted = {"diagnostics": FIELDS["diagnostics"].write(diagnostics)}
        for name, value in news.items():
            if name not in FIELDS:
                if name not in DIAGNOSTICS:
                    self.trouble = f"home: there is no state called {name!r}"
                continue
            field = FIELDS[name]
            try:
                hidden = field.personal and (private or value is None)
                wanted[name] = field.blank if hidden else field.write(value)
            except (TypeError, ValueError, KeyError, ArithmeticError, OSError) as trouble:
                self.trouble = f"home: state {name}: {trouble}"
        self.teller.want(wanted)

    def _private(self) -> bool:
        return bool(self._state.get("privacy")) or not self.settings.care

    def _publish(self, where: str, payload: str | bytes, retain: bool = False,
                 properties: Properties | None = None) -> None:
        info = self._client.publish(where, payload, qos=1, retain=retain, properties=properties)
        self._mids[info.mid] = self.clock.now()

    def _lose(self, why: str) -> None:
        """Drop the connection, whatever state it is in, and plan the next attempt."""
        if why:
            self.trouble = why
        client, self._client = self._client, None
        self.connected = False
        self._mids.clear()
        self.courier.reconnected()
        if client is not None:
            client.on_disconnect = None
            close(client)
        self._tries += 1
        wait = min(SOON * 2 ** min(self._tries - 1, 10), LATE)
        self._due = self.clock.now() + wait * self.chance.uniform(0.5, 1.0)

    def _goodbye(self) -> None:
        if self._client is None or not self.connected:
            return
        try:
            self._publish(topic(self.settings.bed, "avail"), "offline", retain=True)
            for _ in range(20):
                if not self._mids:
                    break
                self._wait(0.05)
            self._client.on_disconnect = None
            self._client.disconnect()
            while self._client.want_write() and self._client.loop_write() == paho.MQTT_ERR_SUCCESS:
                pass
        except (OSError, ValueError, AttributeError) as trouble:
            self.trouble = f"home: leaving: {trouble}"
        close(self._client)

    # ---- paho's callbacks ----------------------------------------------------------------------------------------

    @guarded
    def _on_connect(self, client, userdata, flags, reason, properties) -> None:
        if reason.is_failure:
            self.trouble = f"hub {self.settings.host} refuses us: {reason}"
            client.disconnect()
            return
        self.connected, self.trouble, self._tries = True, "", 0
        self.connections += 1
        self._announce = self.clock.now()
        bed = self.settings.bed
        client.subscribe([(topic(bed, "cmd", "#"), paho.SubscribeOptions(qos=1)),
                          (topic(bed, "ack", "+"), paho.SubscribeOptions(qos=1)),
                          (f"{HOME_ASSISTANT}/status", paho.SubscribeOptions(qos=1)),
                          (PRIOR, paho.SubscribeOptions(qos=1))])

    @guarded
    def _on_subscribe(self, client, userdata, mid, reasons, properties) -> None:
        if reasons and reasons[0].is_failure:
            self.trouble = f"hub {self.settings.host} lets us read no commands: {reasons[0]}; check its ACL"

    @guarded
    def _on_disconnect(self, client, userdata, flags, reason, properties) -> None:
        if client is self._client:
            self._lose(self.trouble or f"connection to hub {self.settings.host} lost: {reason}")

    @guarded
    def _on_publish(self, client, userdata, mid, reason, properties) -> None:
        self._mids.pop(mid, None)

    @guarded
    def _on_message(self, client, userdata, message) -> None:
        where = message.topic
        if where == f"{HOME_ASSISTANT}/status":
            if message.payload == b"online" and not message.retain:
                self._announce = self.clock.now() + self.chance.uniform(0.0, BIRTH_JITTER)
        elif where == PRIOR:
            if self.on_prior is not None and self.settings.hub_key:
                prior = read(message.payload, self.settings.hub_key, self.newest_prior)
                self.newest_prior = prior.version
                self.on_prior(prior)
        elif where.startswith(topic(self.settings.bed, "ack", "")):
            self.courier.acknowledged(where.rsplit("/", 1)[1])
        else:
            self._obey(message)

    def _obey(self, message) -> None:
        synced = self._state.get("clock_synced") is not False
        command = parse(message.topic, message.payload, bool(message.retain),
                        self.clock.wall() if synced else None, self.facts.programmes)
        if not self.seen.again(command.id):
            self.teller.grant()
            self.inbox.put(command)

    # ---- small things --------------------------------------------------------------------------------------------

    def _open(self, path: Path | None) -> Outbox:
        try:
            return Outbox(path)
        except (sqlite3.Error, OSError) as trouble:
            self.trouble = f"outbox {path}: {trouble}; messages are kept in memory only"
            return Outbox(None)

    def _keep(self, where: str, payload: bytes, identity: str) -> str:
        try:
            identity = self.outbox.add(where, payload, identity)
        except sqlite3.Error as trouble:
            self.trouble = f"outbox: {trouble}; {where} is lost"
            return ""
        self.courier.look()
        self._wake()
        return identity

    def _live(self, name: str, payload: Mapping[str, object]) -> str:
        if not self.connected:
            return ""
        self._asks.append((topic(self.settings.bed, "event", name), json.dumps(dict(payload)).encode(), False))
        self._wake()
        return name

    def _wake(self) -> None:
        try:
            self._mouth.send(b"!")
        except OSError:         # full: it is awake already
            return


def close(client: paho.Client) -> None:
    """Close the socket without a DISCONNECT, so that the broker sends our last will."""
    sock = client.socket()
    if sock is not None:
        sock.close()


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"
