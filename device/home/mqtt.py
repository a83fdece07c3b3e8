"""The device's own voice at home, over MQTT: a thread that may fail in any way without the night
noticing.

State goes up, changed fields only; what must arrive goes through the outbox; commands come down
into the inbox, live, bounded and once. The connection itself is connection.py's.
"""

import json
import random
import sqlite3
import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from device.clock import Clock
from device.errors import Refused
from device.home import discovery
from device.home.commands import Inbox, Seen, answered, calming, parse
from device.home.fields import FIELDS, GROUPS, PARTS, PERSONAL, plane
from device.home.outbox import Courier, Outbox
from device.home.payloads import LONGEST_WORDS, coarse_time
from device.home.population_prior import read
from device.home.publisher import Teller
from device.home.settings import HOME_ASSISTANT, PRIOR, DeviceFacts, Settings, topic
from device.values import Lack, Prior

if TYPE_CHECKING:
    from paho.mqtt.client import MQTTMessage

    from device.home.connection import Link

LIVE = {"button", "waking"} # events that mean nothing later: never queued
# s, at least, between signs of life, for the page. Not retained: the broker of a hub on an SD card
# would write its whole database each minute for them
ALIVE = 4.0
PATIENT = 20.0              # s that a trouble with the hub lasts before anybody is told
BIRTH_JITTER = 10.0         # s: Home Assistant came back; not every bed shall answer at once
MOST_WAITING = 256      # commands that the night may have before it; a flood grows no further
TURN = 5.0                  # s: the longest a turn waits for something to happen


class NoLink:
    """Stands for the connection where there is no hub."""

    connected, trouble, denied, doubled = False, "", "", False
    connections = refused = faults = 0
    clock_synced: bool | None = None

    def turn(self, timeout: float) -> bool:
        """Nothing is waited for: the caller's thread needn't live."""
        return False

    def publish(
        self, where: str, payload: str | bytes, retain: bool = False, identity: str = ""
    ) -> None:
        """Nobody hears it."""

    def hint(self, where: str, payload: str) -> None:
        pass

    def wake(self) -> None:
        pass

    def fault(self, trouble: Exception) -> None:
        self.faults += 1

    def lose(self, why: str) -> None:
        pass

    def leave(self) -> None:
        pass


@dataclass(slots=True)
class Priors:
    """Who is told, in our thread, of priors that the pinned hub signed, and the newest version that
    was heard: older ones are nobody's business."""
    heard: Callable[[Prior], None]
    newest: int = 0


class Home:
    """`inbox.put(Command)` receives what others ask for. Nothing here blocks or raises into the
    caller, save for bad arguments at construction. Read-only for others: `connected`, `trouble` (in
    words, "" when well), `refused`."""

    def __init__(
        self,
        settings: Settings,
        inbox: Inbox,
        clock: Clock,
        facts: DeviceFacts | None = None,
        outbox: Path | None = None,
        priors: Priors | None = None,
        health: Callable[[], Mapping[str, object]] = dict,
        chance: random.Random | None = None,
    ):
        """`outbox` None keeps it in memory; without `priors` none are heard. `health()` answers
        diagnostics of the machine itself."""
        self.settings, self.inbox, self.clock = settings, inbox, clock
        self.facts = facts or DeviceFacts()
        self.boot = boot_id()
        self.priors, self.health = priors, health
        self.chance = chance or random.Random()
        topics = (
            topic(settings.bed, "cmd", "#"),
            topic(settings.bed, "ack", "+"),
            f"{HOME_ASSISTANT}/status",
            PRIOR,
        )
        self.link: Link | NoLink = NoLink()
        if settings.host:
            # Not at the top: paho and OpenSSL are 6 MB that a bed without a hub doesn't need.
            self.link = self._linked(topics)
        self._disk = ""                             # what is wrong with the outbox's file
        self.outbox = self._open(outbox)
        if not settings.care:  # consent was withdrawn: what waits isn't sent any more
            self.outbox.purge("event/")
        self.courier, self.teller, self.seen = Courier(self.outbox), Teller(), Seen()
        self._lock = threading.Lock()
        # As last told, in the device's units; both guarded by _lock. The programmes are for the
        # page.
        self._state: dict[str, object] = {
            "programmes": self.facts.programmes, "name": self.facts.name}
        self._news: dict[str, object] = dict(self._state)
        # (topic, payload, retain) to publish once
        self._asks: deque[tuple[str, bytes, bool]] = deque(maxlen=100)
        self._announce: float | None = None
        self._introduced: tuple[str, ...] = ()      # the choices that Home Assistant knows
        self._alive = self._started = 0.0           # when the last sign of life was; s since 1970
        self._refusal = ""                          # of the last command, in words
        self._lack, self._since = "", 0.0           # a trouble with the hub; since when it lasts
        self._told_lack = ""                        # and as the night was told
        self._erase = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    connected = property(lambda self: self.link.connected, doc="Whether the hub knows us now.")
    connections = property(lambda self: self.link.connections, doc="How often it came to know us.")
    refused = property(lambda self: self.link.refused, doc="Messages refused so far.")
    faults = property(lambda self: self.link.faults, doc="Errors of our own, survived.")

    @property
    def trouble(self) -> str:
        """What is wrong, in words; "" when well."""
        return self.link.trouble or self._disk

    @trouble.setter
    def trouble(self, words: str) -> None:
        self.link.trouble = words

    # ---- for the night ---------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect, in the background; does nothing without a host."""
        if not isinstance(self.link, NoLink) and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="home", daemon=True)
            self._thread.start()

    def stop(self, patience: float = 3.0) -> None:
        """Say offline and leave; what waits in the outbox stays there."""
        self._stopping.set()
        self.link.wake()
        if self._thread is not None:
            self._thread.join(patience)
        self.outbox.close()

    def tell(self, state: Mapping[str, object]) -> None:
        """News of the device, by field (`fields.FIELDS`, and the diagnostics by their own names),
        in its own units. `heard` is the answer to a command: (kind, id, why it was refused)."""
        state = dict(state)
        answer = state.pop("heard", None)
        with self._lock:
            self._state.update(state)
            self._news.update(state)
        if isinstance(answer, tuple):
            self._answer(*answer)
        if self.settings.host:
            self.link.wake()

    def event(self, name: str, payload: Mapping[str, object]) -> str:
        """Something that happened: through the outbox, unless it means nothing later (the button).
        Returns its id, or "" if it wasn't kept: without a hub, in privacy mode, without consent, or
        with a full disk (see `trouble`)."""
        if not self.settings.host or self._private():
            return ""
        try:
            if name in LIVE:
                return self._live(name, payload)
            # The id is in the body too: Home Assistant's triggers can't see user properties.
            identity = str(uuid.uuid4())
            body = {
                "v": 1,
                "id": identity,
                "name": name,
                "boot": self.boot,
                "uptime": round(self.clock.now(), 3),
                "clock_synced": self._state.get("clock_synced"),
                "at": round(self.clock.wall()),
                "data": dict(payload),
            }
            return self._keep(f"event/{name}", json.dumps(body).encode(), identity)
        except (TypeError, ValueError) as trouble:
            self.trouble = f"event {name}: {trouble}"
            return ""

    def feedback(self, question: str, payload: bytes, identity: str) -> str:
        """An answer that privacy.py has already randomised and paid for; the id travels outside it.
        """
        return "" if not self.sharing else self._keep(f"feedback/{question}", payload, identity)

    @property
    def sharing(self) -> bool:
        """Whether the sleeper wants to share feedback now; off until told."""
        return bool(
            self.settings.host and self._state.get("sharing") and not self._state.get("privacy")
        )

    def withdraw(self) -> None:
        """Consent to feedback is withdrawn: nothing of it stays in the outbox."""
        self.outbox.purge("feedback/")
        self.courier.look()

    def erase(self) -> None:
        """No personal byte stays in the outbox or, once connected, retained on the broker."""
        with self._lock:
            for name in (*PERSONAL, *GROUPS["vitals"]):
                self._state[name] = self._news[name] = None
        self.outbox.purge()
        self.courier.look()
        self._erase.set()
        self.link.wake()

    def remove(self) -> None:
        """Leave the home for good: Home Assistant forgets the device, the broker whatever it
        retained of it."""
        bed = self.settings.bed
        topics = [discovery.config_topic(bed), *discovery.time_topics(bed).values(),
                  *(self._where(name) for name in FIELDS)]
        self._asks.extend((where, b"", True) for where in topics)
        self.link.wake()

    # ---- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.turn(TURN)
        self._goodbye()

    def turn(self, timeout: float) -> None:
        """One turn: connect if it is time, wait at most `timeout` s for something, handle it. Never
        raises."""
        try:
            synced = self._state.get("clock_synced")
            self.link.clock_synced = synced if isinstance(synced, bool) else None
            if self.link.turn(timeout if self._announce is None else min(timeout, 0.2)):
                self._speak(self.clock.now())
            self._look_at_the_hub(self.clock.now())
        except Exception as trouble:
            self.link.fault(trouble)
            self.link.lose("")

    def _goodbye(self) -> None:
        try:
            if self.connected:
                self._speak(self.clock.now())  # the last words, such as a night that ended just now
            self.link.leave()
        except Exception as trouble:
            self.link.fault(trouble)

    def _joined(self) -> None:
        self._announce = self.clock.now()

    def _lost(self) -> None:
        self.courier.reconnected()

    def _speak(self, now: float) -> None:
        offered = self._offered()
        if self._announce is not None and now >= self._announce:
            self._announce = None
            self._introduce(offered)
            self.link.publish(topic(self.settings.bed, "avail"), "online", retain=True)
            self.teller.repeat()
            for name in FIELDS if not self.settings.detail else ():
                if FIELDS[name].detail:     # what an earlier config let be told
                    self.link.publish(self._where(name), b"", retain=True)
        elif offered != self._introduced:
            self._introduce(offered)
        if self._erase.is_set():
            self._erase.clear()
            for name in FIELDS:
                self.link.publish(self._where(name), b"", retain=True)
            self.teller.forget()
        self._refresh()
        for name, payload in self.teller.due(now):
            self.link.publish(self._where(name), payload, retain=True)
        if now - self._alive >= ALIVE:
            self._alive = now
            self.link.hint(topic(self.settings.bed, "state", "alive"), f"{self.clock.wall():.0f}")
        while self._asks:
            self.link.publish(*self._asks.popleft())
        if self.courier.unheard and not self.trouble:
            self.trouble = (
                "nobody acknowledges our messages: "
                "does `nocturne hub`, or the automation for it, run?"
            )
        for row in self.courier.due(now):
            self.link.publish(topic(self.settings.bed, row.topic), row.payload, identity=row.id)

    def can_tell(self, occupancy: bool) -> None:
        """Whether a sensor that tells who is in bed has come; Home Assistant knows it at once."""
        if occupancy != self.facts.occupancy:
            self.facts = replace(self.facts, occupancy=occupancy)
            self._announce = self.clock.now()
            self.link.wake()

    def _introduce(self, choices: tuple[str, ...]) -> None:
        """Home Assistant knows us, and the options of what can be tapped now."""
        facts = replace(self.facts, choices=choices)
        whole = json.dumps(discovery.payload(self.settings.bed, facts))
        self.link.publish(discovery.config_topic(self.settings.bed), whole, retain=True)
        for where, time in discovery.times(self.settings.bed, facts).items():
            self.link.publish(where, json.dumps(time), retain=True)
        self._introduced = choices

    def _offered(self) -> tuple[str, ...]:
        """The choices, where they are anybody's business."""
        choices = self._state.get("choices")
        return tuple(choices) if isinstance(choices, tuple) and not self._private() else ()

    def _refresh(self) -> None:
        """Hand the news to the teller, as they are written; a field that can't be written is told
        by `trouble`."""
        with self._lock:
            news, self._news = self._news, {}
            private = self._private()
            if private:  # also what an earlier life of ours told, which the broker still shows
                news |= dict.fromkeys(PERSONAL)
            elif "privacy" in news:
                news |= {name: self._state.get(name) for name in PERSONAL}
            groups = {group: {name: self._state.get(name) for name in parts}
                      for group, parts in GROUPS.items()}
        groups["diagnostics"] |= self._diagnostics()
        news |= groups
        if "error" in news or self._refusal:
            said = (self._state.get("error"), self._refusal)
            news["error"] = "; ".join(str(each) for each in said if each) or None
        wanted = {}
        for name, value in news.items():
            if name not in FIELDS:
                if name not in PARTS:
                    self.trouble = f"home: there is no state called {name!r}"
                continue
            field = FIELDS[name]
            if field.detail and not self.settings.detail:
                continue
            try:
                hidden = field.personal and private
                wanted[name] = field.blank if hidden else field.write(value)
            except (TypeError, ValueError, KeyError, ArithmeticError, OSError) as trouble:
                self.trouble = f"home: state {name}: {trouble}"
        self.teller.want(wanted)

    def _diagnostics(self) -> dict[str, object]:
        """Of the machine and of ourselves, beside what the night tells."""
        counts, wall = self.outbox.counts(), self.clock.wall()
        if not self._started and self._state.get("clock_synced"):
            self._started = wall
        return {**self.health(), "outbox": counts["waiting"], "dropped": counts["dropped"],
                "started": coarse_time(self._started or None), "at": round(wall)}

    def _where(self, field: str) -> str:
        return topic(self.settings.bed, plane(field), field)

    def _private(self) -> bool:
        return bool(self._state.get("privacy")) or not self.settings.care

    def _hear(self, message: "MQTTMessage") -> None:
        where = message.topic
        if where == f"{HOME_ASSISTANT}/status":
            if message.payload == b"online" and not message.retain:
                self._announce = self.clock.now() + self.chance.uniform(0.0, BIRTH_JITTER)
        elif where == PRIOR:
            if self.priors is not None and self.settings.hub_key:
                prior = read(bytes(message.payload), self.settings.hub_key)
                # It is retained, so the same one comes at every connection; an older one is
                # somebody's replay.
                if prior.version > self.priors.newest:
                    self.priors.newest = prior.version
                    self.priors.heard(prior)
        elif where.startswith(topic(self.settings.bed, "ack", "")):
            self.courier.acknowledged(where.rsplit("/", 1)[1])
        else:
            self._obey(message)

    def _obey(self, message: "MQTTMessage") -> None:
        synced, payload = self._state.get("clock_synced") is not False, bytes(message.payload)
        try:
            command = parse(
                message.topic,
                payload,
                bool(message.retain),
                self.clock.wall() if synced else None,
                self.facts.programmes,
                self.facts.cap / 100,
            )
            if self.seen.again(command.id):
                return
            if self.inbox.qsize() >= MOST_WAITING and not calming(command):
                raise Refused(f"{command.kind}: too much is asked at once")
        except Refused as trouble:
            self._answer(message.topic.rsplit("/", 1)[1], answered(payload), str(trouble))
            raise
        self.teller.grant()
        self.inbox.put(command)

    def _answer(self, kind: str, identity: str, why: str) -> None:
        """Whoever asked hears that it was obeyed, or why not; so does Home Assistant's problem
        text, until something is obeyed."""
        body = {"id": identity, "kind": kind[:40], "why": why[:LONGEST_WORDS]}
        self._asks.append((topic(self.settings.bed, "state", "heard"),
                           json.dumps(body, ensure_ascii=False).encode(), False))
        if self._refusal != why:
            self._refusal = why
            with self._lock:
                self._news["error"] = None      # it is told together with the night's own

    def _look_at_the_hub(self, now: float) -> None:
        """A trouble with it that lasts goes to the night, which notes it and says it to whoever
        looks at the device; and so does its end."""
        lack = self.link.denied if self.connected else self.link.trouble
        if self.link.doubled:
            return                      # that was told already
        if lack != self._lack:
            self._lack, self._since = lack, self._since if lack and self._lack else now
        lasts = bool(lack) and now - self._since >= PATIENT
        if lasts and not self._told_lack:
            self._told_lack = lack
            self.inbox.put(Lack(lack))
        elif not lack and self._told_lack:
            self.inbox.put(Lack(self._told_lack, over=True))
            self._told_lack = ""

    def _linked(self, topics: Sequence[str]) -> "Link | NoLink":
        try:
            from device.home import connection
        # A paho or an OpenSSL that can't be imported costs the hub, not the night.
        except Exception as trouble:
            nobody = NoLink()
            nobody.trouble = f"no hub: paho can't be used ({trouble}); install Nocturne again"
            return nobody
        return connection.Link(
            self.settings, self.clock, topics, self._hear, self._joined, self._lost, self.chance,
            self.inbox.put,
        )

    # ---- small things ----------------------------------------------------------------------------

    def _open(self, path: Path | None) -> Outbox:
        try:
            return Outbox(path)
        except sqlite3.DatabaseError as trouble:
            self._disk = f"outbox {path}: {trouble}; messages are kept in memory only"
        try:
            # A torn file is kept for whoever can read it, out of the way.
            if path is not None and path.exists():
                path.replace(path.with_suffix(".torn"))
                box = Outbox(path)
                self._disk = (
                    f"outbox {path} was torn; it is put aside as {path.with_suffix('.torn').name}"
                )
                return box
        except (sqlite3.Error, OSError) as trouble:
            self._disk = f"outbox {path}: {trouble}; messages are kept in memory only"
        return Outbox(None)

    def _keep(self, where: str, payload: bytes, identity: str) -> str:
        try:
            identity = self.outbox.add(where, payload, identity)
        except sqlite3.Error as trouble:
            self.trouble = f"outbox: {trouble}; {where} is lost"
            return ""
        self.courier.look()
        self.link.wake()
        return identity

    def _live(self, name: str, payload: Mapping[str, object]) -> str:
        if not self.connected:
            return ""
        self._asks.append(
            (topic(self.settings.bed, "event", name), json.dumps(dict(payload)).encode(), False)
        )
        self.link.wake()
        return name


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"
