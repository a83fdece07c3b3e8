"""One MQTT connection and its own thread's turns: connects, waits on the socket, notices when the
broker is dead.

There is no paho loop thread: our caller's thread waits on the socket, so that a callback that
raises, a broker that stops answering and a certificate that isn't valid yet are all handled in one
place.
"""

import random
import select
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import wraps

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from device.clock import Clock
from device.errors import Refused
from device.home import find
from device.home.settings import Settings, loopback, topic
from device.values import Lack

# s: first and longest wait between attempts to connect; a jittered half is taken off
SOON, LATE = 1.0, 30.0
HANDSHAKE = 15.0            # s from connecting to the broker's word
# s: an unanswered publish this old means that the connection is dead, whatever TCP says
OLDEST_PUBACK = 20.0
KEEPALIVE = 30              # s
# MQTT 5's reason of a DISCONNECT: somebody else has our client id. mosquitto before 2.0.15 closes
# without a word instead, so that young connections which end so, OFTEN in a row, are taken for the
# same.
TAKEN_OVER, WORDLESS = 0x8E, 0x80
YOUNG, OFTEN = 300.0, 3     # s, times
MISNAMED = (62, 64)         # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
# s: the wait after that, which doubles, and its end: two devices would else throw each other out
# several times a second
APART, FARTHEST = 60.0, 900.0
SINGLE = 3600.0             # s without it: it is over
AUTO = "auto"               # as home.host: the hub is looked for


OTHER = "give one of them another id (nocturne hub --pair OTHER, and its home.toml)"
DOUBLE = f"another device says that it is {{}} too, so that neither stays at the hub: {OTHER}"
# A broker that is restarted again and again looks the same.
WORDLESSLY = (
    "the hub ended our last connections without a word, as some do when another device says that "
    f"it is {{}} too: if one does, {OTHER}"
)


def guarded(callback: Callable[..., None]) -> Callable[..., None]:
    """paho's callbacks must not raise: its parser would be left half way through a packet."""
    @wraps(callback)
    def call(self: "Link", *words: object) -> None:
        try:
            callback(self, *words)
        except Refused as trouble:
            self.refused += 1
            self.trouble = str(trouble)
        except Exception as trouble:
            self.fault(trouble)
    return call


class Link:
    """`hear(message)` gets every message, `joined()` is called at each connection, `lost()` after
    each; all from within `turn`. For others to read: `connected`, `connections`, `trouble` (in
    words, "" when well), `refused`, `faults`."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        topics: Sequence[str],
        hear: Callable,
        joined: Callable,
        lost: Callable,
        chance: random.Random,
        lacking: Callable[[Lack], object] = lambda lack: None,
    ):
        self.settings, self.clock, self.topics, self.chance = settings, clock, topics, chance
        self.hear, self.joined, self.lost, self.lacking = hear, joined, lost, lacking
        self._double = Lack("")                     # as it was told
        self._taken, self._taken_at = 0, 0.0        # how often we were thrown out, and when last
        self._ended = 0                             # young connections in a row that ended wordless
        self.connected, self.trouble = False, ""
        self.denied = ""                            # what the hub forbids us, in words
        self.connections = self.refused = self.faults = 0
        self.clock_synced: bool | None = None       # only to explain why a certificate isn't valid
        self._client: paho.Client | None = None
        self._mids: dict[int, float] = {}           # publishes without PUBACK yet → when sent
        self._tries = 0
        self._due = 0.0                             # when to connect
        self._since = 0.0                           # when the last attempt began
        self._misc = 0.0
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)

    def turn(self, timeout: float) -> bool:
        """Connect if it is time, wait at most `timeout` s for something, handle it; whether there
        is a connection."""
        now = self.clock.now()
        if self._client is None and now >= self._due:
            self._connect(now)
        self._wait(timeout)
        self._look_after(self.clock.now())
        return self.connected

    @property
    def doubled(self) -> bool:
        """Whether it was told that another device has our id."""
        return self._taken > 0

    def hint(self, where: str, payload: str) -> None:
        """At QoS 0, for whoever listens just now; nothing is kept or waited for."""
        if self._client is not None:
            self._client.publish(where, payload)

    def publish(
        self, where: str, payload: str | bytes, retain: bool = False, identity: str = ""
    ) -> None:
        """At QoS 1; `identity` travels as a user property. Only while connected."""
        if self._client is None:
            raise RuntimeError(f"{where} can't be published: there is no connection")
        properties = None
        if identity:
            properties = Properties(PacketTypes.PUBLISH)
            properties.UserProperty = ("id", identity)
        info = self._client.publish(where, payload, qos=1, retain=retain, properties=properties)
        self._mids[info.mid] = self.clock.now()

    @property
    def unconfirmed(self) -> int:
        """Publishes that the broker hasn't acknowledged yet."""
        return len(self._mids)

    def wake(self) -> None:
        """From any thread: end the wait of `turn`."""
        try:
            self._mouth.send(b"!")
        except OSError:         # full: it is awake already
            return

    def fault(self, trouble: Exception) -> None:
        self.faults += 1
        self.trouble = f"home: {type(trouble).__name__}: {trouble}"

    def lose(self, why: str) -> None:
        """Drop the connection, whatever state it is in, and plan the next attempt."""
        self.trouble = why or self.trouble
        self.cut()
        self._tries += 1
        wait = min(SOON * 2 ** min(self._tries - 1, 10), LATE)
        if self._taken and self.clock.now() - self._taken_at < 1.0:
            wait = min(APART * 2 ** min(self._taken - 1, 10), FARTHEST)
        self._due = self.clock.now() + wait * self.chance.uniform(0.5, 1.0)

    def cut(self) -> None:
        """Close the socket without a DISCONNECT, so that the broker sends our last will."""
        client, self._client = self._client, None
        self.connected = False
        self._mids.clear()
        self.lost()
        if client is not None:
            client.on_disconnect = None
            if (sock := client.socket()) is not None:
                sock.close()

    def leave(self, seconds: float = 1.0) -> None:
        """Say goodbye properly: offline, then DISCONNECT."""
        if self._client is None or not self.connected:
            return
        self.publish(topic(self.settings.bed, "avail"), "offline", retain=True)
        until = self.clock.now() + seconds
        while self._mids and self.clock.now() < until:
            self._wait(0.05)
        client = self._client       # waiting may have ended it
        if client is not None:
            client.on_disconnect = None
            client.disconnect()
            while client.want_write() and client.loop_write() == paho.MQTT_ERR_SUCCESS:
                continue
        self.cut()

    def _connect(self, now: float) -> None:
        s = self.settings
        self._since = now
        host, port = s.host, s.port
        if host == AUTO:
            found = find.hubs(self.clock)
            if not found:
                self.lose(f"no hub answers on this network ({find.SERVICE}); is it on? Else write "
                          "its name or address into home.host")
                return
            host, port = found[0].address or found[0].name, found[0].port
        if not (s.ca or s.plain or loopback(host)):
            self.lose(f"hub {host}: nothing is told without TLS, for anybody on the network could "
                      "read it: pair this bed (nocturne hub --pair), or on purpose home.plain = "
                      "true")
            return
        client = paho.Client(
            paho.CallbackAPIVersion.VERSION2, client_id=f"nocturne-{s.bed}", protocol=paho.MQTTv5
        )
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
            client.connect(host, port, KEEPALIVE, clean_start=True)
            # A state is many small packets: waiting to fill one costs 40 ms an echo.
            if isinstance(sock := client.socket(), socket.socket):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except FileNotFoundError:
            self.lose(f"hub {host}: {s.ca} is missing, which vouches for it; copy ca.crt of the "
                      "pairing there")
        except socket.gaierror:
            self.lose(f"hub {host}: there is no machine of that name here; write its address into "
                      "home.host")
        except ssl.SSLCertVerificationError as trouble:
            if trouble.verify_code in MISNAMED:
                self.lose(
                    f"hub {host}: its certificate is for another name or address; write that into "
                    f"home.host, or pair again with --host {host}"
                )
                return
            clock = " (this device's clock is not set yet)" if self.clock_synced is False else ""
            self.lose(f"hub {host}: its certificate is not trusted{clock}: "
                      f"{trouble.verify_message}")
        except ssl.SSLError as trouble:
            if self._client is not client:      # what vouches for it couldn't be read
                self.lose(f"hub {host}: {s.ca} holds no certificate ({trouble.reason}); copy "
                          "ca.crt of the pairing there")
                return
            self.lose(f"hub {host}:{port} speaks no TLS that this device knows ({trouble.reason}); "
                      "a broker's port for TLS is 8883 as a rule")
        except (OSError, ValueError) as trouble:
            self.lose(f"hub {host}:{port} can't be reached: {trouble}")

    def _wait(self, timeout: float) -> None:
        client = self._client
        sock = client.socket() if client else None
        readers = [self._ear, *([sock] if sock else [])]
        writers = [sock] if client and sock and client.want_write() else []
        if client is None:
            timeout = min(timeout, max(self._due - self.clock.now(), 0.0))
        readable, writable, _ = select.select(readers, writers, [], timeout)
        if self._ear in readable:
            self._ear.recv(4096)
        if client is None or sock is None:
            return
        if sock in writable:
            client.loop_write()
        while sock in readable and self._here(sock):
            client.loop_read()
            # TLS may hold decrypted bytes that select can't see.
            if not (isinstance(sock, ssl.SSLSocket) and self._here(sock) and sock.pending()):
                break

    def _here(self, sock: object) -> bool:
        return self._client is not None and self._client.socket() is sock

    def _look_after(self, now: float) -> None:
        if self._taken and now - self._taken_at > SINGLE:
            self._taken = 0
            self.lacking(self._double._replace(over=True))
        if self._client is None:
            return
        if now - self._misc >= 1.0:
            self._misc = now
            self._client.loop_misc()
        if self._client is None:
            return
        if self._client.socket() is None:
            self.lose(self.trouble or "the hub closed the connection")
        elif not self.connected and now - self._since > HANDSHAKE:
            self.lose(f"hub {self.settings.host}: no answer to our greeting in {HANDSHAKE:.0f} s")
        elif self._mids and now - min(self._mids.values()) > OLDEST_PUBACK:
            self.lose("the hub stopped acknowledging")

    @guarded
    def _on_connect(self, client: paho.Client, userdata: object, flags: object,
                    reason: ReasonCode, properties: object) -> None:
        if reason.is_failure:
            self.trouble = (f"hub {self.settings.host} refuses us: {reason}; home.username and "
                            "home.password must be as nocturne hub --pair wrote them")
            client.disconnect()
            return
        self.connected, self.trouble, self.denied, self._tries = True, "", "", 0
        self.connections += 1
        client.subscribe([(name, paho.SubscribeOptions(qos=1)) for name in self.topics])
        self.joined()

    @guarded
    def _on_subscribe(self, client: paho.Client, userdata: object, mid: int,
                      reasons: list[ReasonCode], properties: object) -> None:
        if reasons and reasons[0].is_failure:
            self.denied = self.trouble = (
                f"hub {self.settings.host} lets us read no commands: {reasons[0]}; check its ACL"
            )

    @guarded
    def _on_disconnect(self, client: paho.Client, userdata: object, flags: object,
                       reason: ReasonCode, properties: object) -> None:
        if client is not self._client:
            return
        young = self.connected and self.clock.now() - self._since < YOUNG
        self._ended = self._ended + 1 if young and reason.value == WORDLESS else 0
        if reason.value == TAKEN_OVER:
            self._thrown_out(DOUBLE)
        elif self._ended >= OFTEN:
            self._thrown_out(WORDLESSLY)
        else:
            self.lose(self.trouble or f"connection to hub {self.settings.host} lost: {reason}")

    def _thrown_out(self, words: str) -> None:
        self._taken, self._taken_at = self._taken + 1, self.clock.now()
        if self._taken == 1:
            self._double = Lack(words.format(self.settings.bed))
            self.lacking(self._double)
        self.lose(self._double.trouble)

    @guarded
    def _on_publish(self, client: paho.Client, userdata: object, mid: int,
                    reason: ReasonCode, properties: object) -> None:
        self._mids.pop(mid, None)
        # A hub from before `home.detail` forbids its topics, and those of times of day, which
        # nobody misses.
        if reason.is_failure and self.settings.detail:
            self.denied = (f"hub {self.settings.host} lets us tell no details: {reason}; on it, "
                           "sudo nocturne hub --setup renews its rights")

    @guarded
    def _on_message(self, client: paho.Client, userdata: object,
                    message: paho.MQTTMessage) -> None:
        self.hear(message)
