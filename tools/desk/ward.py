"""What `tools/swarm ward` does: many beds, several hubs, one PostgreSQL and one mosquitto, all on
this machine; a night goes by in minutes, and at will its parts are killed meanwhile.

Light beds are what a bed is to a broker and a hub, and nothing else: HERD of them share one
connection of a real paho client. Each sends its events until they are acknowledged, as outbox and
courier of a bed do; what it told of its state is retained.
"""

import argparse
import contextlib
import json
import os
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import paho.mqtt.client as paho
import sqlalchemy as sql
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from device.home.hub.store import Store
from device.home.mqtt import Home
from device.home.settings import Settings
from device.values import QUESTION
from kit.mosquitto import Mosquitto, free_port
from kit.postgres import Postgres
from kit.setup import ROOT
from kit.waiting import soon

HERD = 50               # light beds on one connection
EVENTS, STATES = 10, 200        # of a bed in a night
NIGHT = 8 * 3600.0      # s
PATIENCE = 20.0         # s until what nobody acknowledged is sent again, as a bed's courier does
GROWTH = (10, 100, 300, 1000)
PARTS = ("hubs", "broker", "store")
REST = 30.0             # s
LONGEST = 660.0         # s: a bed that met closed doors knocks again after ten minutes at most
TICK = os.sysconf("SC_CLK_TCK")


class Herd:
    """Some light beds. `sent`, `acknowledged`: id → when, s."""

    def __init__(self, port: int, beds: list[str]):
        self.beds, self.port = beds, port
        self.sent: dict[str, float] = {}
        self.acknowledged: dict[str, float] = {}
        self._waiting: dict[str, tuple[str, bytes, float]] = {}
        self._lock = threading.Lock()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5,
                                  client_id=f"herd-{beds[0]}")
        self.client.reconnect_delay_set(1, 3)
        self.client.on_connect, self.client.on_message = self._on_connect, self._on_message
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        client.subscribe([(f"nocturne/{bed}/ack/+", 1) for bed in self.beds])
        with self._lock:        # what was on its way may be lost
            self._waiting = {each: (topic, payload, 0.0)
                             for each, (topic, payload, _) in self._waiting.items()}

    def _on_message(self, client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        identity = message.topic.rsplit("/", 1)[1]
        with self._lock:
            if self._waiting.pop(identity, None):
                self.acknowledged[identity] = time.monotonic()

    def say(self, bed: str, what: str, body: bytes) -> None:
        """What must arrive."""
        identity = str(uuid.uuid4())
        with self._lock:
            self.sent[identity] = time.monotonic()
            self._waiting[identity] = (f"nocturne/{bed}/{what}", body, 0.0)
        self.again()

    def state(self, bed: str, name: str, text: str) -> None:
        self.client.publish(f"nocturne/{bed}/state/{name}", text, retain=True)

    def again(self) -> None:
        """Send what is new, or was sent long ago."""
        now = time.monotonic()
        with self._lock:
            due = [(each, *row[:2]) for each, row in self._waiting.items()
                   if now - row[2] > PATIENCE]
            for identity, topic, payload in due:
                self._waiting[identity] = (topic, payload, now)
        for identity, topic, payload in due:
            if self.client.is_connected():
                words = Properties(PacketTypes.PUBLISH)
                words.UserProperty = ("id", identity)
                self.client.publish(topic, payload, qos=1, properties=words)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def stop(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Ward:
    """Broker, store and hubs; each can be killed, and comes back."""

    def __init__(self, folder: Path, hubs: int):
        self.folder = folder
        self.broker = Mosquitto(folder / "broker", "persistence true\nautosave_interval 10\n"
                                f"persistence_location {folder}/broker/\n"
                                "max_queued_messages 0\nmax_inflight_messages 20\n").start()
        self.store = Postgres(folder / "store").start()
        (folder / "hub").mkdir()
        (folder / "hub" / "hub.key").write_bytes(bytes(range(32)))
        self.metrics: dict[int, int] = {}       # a hub's process → the port of its health
        self.hubs: list[subprocess.Popen] = [self._hub() for _ in range(hubs)]
        self._spent = {"hubs": 0.0}

    def _hub(self) -> subprocess.Popen:
        port = free_port()
        with open(self.folder / "hubs.log", "ab") as log:
            hub = subprocess.Popen(
                [sys.executable, "-m", "device", "hub", "--store", self.store.url, "--group",
                 "ward", "--broker", f"127.0.0.1:{self.broker.port}", "--page", "0", "--data",
                 self.folder / "hub", "--etc", self.folder / "etc", "--metrics", str(port)],
                stdout=log, stderr=log, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        self.metrics[hub.pid] = port
        return hub

    def ready(self) -> bool:
        return all(well(self.metrics[hub.pid]) for hub in self.hubs)

    def kill(self, part: str, chance: random.Random) -> None:
        match part:
            case "hub":
                n = chance.randrange(len(self.hubs))
                self._spent["hubs"] += cpu(self.hubs[n].pid)
                self.hubs[n].kill()
                self.hubs[n].wait()
                time.sleep(chance.uniform(0, 2))
                self.hubs[n] = self._hub()
            case "rolling update":
                for n in range(len(self.hubs)):
                    self._spent["hubs"] += cpu(self.hubs[n].pid)
                    self.hubs[n].terminate()
                    self.hubs[n].wait(20)
                    self.hubs[n] = self._hub()
            case "store":
                self.store.stop(kill=True)
                time.sleep(chance.uniform(0, 3))
                self.store.start()
            case "broker":
                self.broker.stop(kill=True)
                time.sleep(chance.uniform(0, 3))
                self.broker.start()

    def spent(self) -> dict[str, float]:
        """CPU s so far, by part; the store's children are counted as they are now."""
        store = sum(cpu(pid) for pid in family(self.store.pid))
        return {"hubs": self._spent["hubs"] + sum(cpu(hub.pid) for hub in self.hubs),
                "broker": cpu(self.broker.pid), "store": store}

    def stop(self) -> None:
        for hub in self.hubs:
            hub.terminate()
        for hub in self.hubs:
            hub.wait(20)
        self.broker.stop()
        self.store.stop()


def well(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def cpu(pid: int) -> float:
    """s of user and system of a process and of its children that ended."""
    with contextlib.suppress(OSError):
        parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, parts[11:15])) / TICK
    return 0.0


def family(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from family(int(child))


def night(options: argparse.Namespace, folder: Path, say: Callable[[str], object]
          ) -> dict[str, float]:
    """One night of the whole ward; figures by name."""
    chance = random.Random(options.seed)
    ward = Ward(folder, options.hubs)
    store = Store(ward.store.url)
    names = [f"light{n}" for n in range(options.light)]
    herds = [Herd(ward.broker.port, names[n:n + HERD]) for n in range(0, len(names), HERD)]
    homes = [Home(Settings(host="127.0.0.1", port=ward.broker.port, bed=f"real{n}"),
                  queue.SimpleQueue(), store_clock()) for n in range(options.beds)]
    for home in homes:
        home.start()
    versions = Versions(ward.broker.port)
    soon(lambda: all(home.connected for home in homes)
         and all(herd.client.is_connected() for herd in herds), 60)
    if not soon(ward.ready, 60):
        raise RuntimeError(f"the hubs don't start: {(folder / 'hubs.log').read_text()[-500:]}")
    before, began, empty = ward.spent(), time.monotonic(), size(store)
    killing = threading.Thread(target=kills, args=(ward, options, chance, say))
    killing.start()
    play(options, herds, homes, chance)
    took = time.monotonic() - began
    killing.join()

    def waiting() -> int:
        return (sum(herd.waiting for herd in herds)
                + sum(home.outbox.counts()["waiting"] for home in homes))

    def look() -> bool:
        for herd in herds:
            herd.again()
        time.sleep(0.5)
        return not waiting()
    soon(look, LONGEST)
    after = ward.spent()
    sent = sum(len(herd.sent) for herd in herds) + sum(
        home.outbox.counts()["added"] for home in homes)
    rows = store.events()
    ids = [json.loads(payload)["id"] for *_, payload in rows]
    beds = options.light + options.beds
    figures = latencies(herds) | {
        "beds": beds, "hubs": options.hubs, "kills": options.kills,
        "night_s": took, "sent": sent, "unacknowledged": waiting(),
        "events_stored": len(ids), "stored_twice": len(ids) - len(set(ids)),
        "acknowledged_but_not_stored": missing(herds, set(ids)),
        "messages_per_s": beds * (EVENTS + STATES) / took,
        **{f"cpu_ms_{part}_per_bed": 1000 * (after[part] - before[part]) / beds for part in after},
        "store_bytes_per_bed": (size(store) - empty) / beds,
        "prior_versions": len(set(versions.heard)),
        "prior_versions_fell": sum(b < a for a, b in zip(versions.heard, versions.heard[1:],
                                                         strict=False)),
        "prior_versions_of_two_contents": versions.doubled,
    }
    for herd in herds:
        herd.stop()
    for home in homes:
        home.stop()
    versions.client.disconnect()
    versions.client.loop_stop()
    store.close()
    ward.stop()
    return figures


def size(store: Store) -> int:
    """Bytes of the database on the disk."""
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.execute(sql.text("VACUUM"))
        return db.scalar(sql.text("SELECT pg_database_size(current_database())"))


def store_clock():
    from device.clock import SystemClock
    return SystemClock()


def play(options: argparse.Namespace, herds: list[Herd], homes: list[Home],
         chance: random.Random) -> None:
    """The night of every bed, each in its own order, spread evenly."""
    seconds = NIGHT / options.speed
    asked: list[tuple[float, Callable[[], object]]] = []
    for herd in herds:
        for bed in herd.beds:
            for n in range(EVENTS):
                asked.append((chance.uniform(0, seconds), told(herd, bed, n)))
            for n in range(STATES):
                asked.append((chance.uniform(0, seconds), shown(herd, bed, n)))
            asked.append((chance.uniform(0, seconds), answered(herd, bed, chance.random() < 0.7)))
    for home in homes:
        for n in range(EVENTS):
            asked.append((chance.uniform(0, seconds), lambda home=home, n=n: home.event(
                "count", {"n": n})))
        for n in range(STATES):
            asked.append((chance.uniform(0, seconds), lambda home=home, n=n: home.tell(
                {"volume": n / STATES})))
    asked.sort(key=lambda each: each[0])
    began, looked = time.monotonic(), 0.0
    for at, do in asked:
        now = time.monotonic() - began
        if at > now:
            time.sleep(at - now)
        do()
        if at - looked > 1.0:
            looked = at
            for herd in herds:
                herd.again()


def told(herd: Herd, bed: str, n: int) -> Callable[[], None]:
    def do() -> None:
        body = {"v": 1, "id": str(uuid.uuid4()), "name": "count", "data": {"n": n}}
        herd.say(bed, "event/count", json.dumps(body).encode())
    return do


def shown(herd: Herd, bed: str, n: int) -> Callable[[], None]:
    return lambda: herd.state(bed, "volume", str(n % 101))


def answered(herd: Herd, bed: str, yes: bool) -> Callable[[], None]:
    body = {"v": 1, "q": QUESTION, "k": 2, "y": int(yes), "mech": "krr", "eps": 1.0, "epoch": 700}
    return lambda: herd.say(bed, f"feedback/{QUESTION}", json.dumps(body).encode())


def kills(ward: Ward, options: argparse.Namespace, chance: random.Random,
          say: Callable[[str], object]) -> None:
    seconds = NIGHT / options.speed
    began = time.monotonic()
    for n in range(options.kills):
        at = seconds * (n + 0.5) / options.kills
        time.sleep(max(began + at - time.monotonic(), 0))
        part = chance.choice(("hub", "hub", "hub", "store", "broker", "rolling update"))
        ward.kill(part, chance)
        say(f"{n + 1} of {options.kills}: {part}")


class Versions:
    """The priors as somebody hears them who was never away. What the broker kept and tells again
    after its own crash may be an older one; beds pass over it, and it is no hub's word."""

    def __init__(self, port: int):
        self.heard: list[int] = []
        self._bodies: dict[int, bytes] = {}
        self.doubled = 0
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self.client.on_connect = lambda client, *_: client.subscribe("nocturne/prior", 1)
        self.client.on_message = self._on_message
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _on_message(self, client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        if message.retain:
            return
        version = json.loads(json.loads(message.payload)["body"])["version"]
        self.doubled += self._bodies.setdefault(version, message.payload) != message.payload
        self.heard.append(version)


def latencies(herds: list[Herd]) -> dict[str, float]:
    took = sorted(when - herd.sent[each] for herd in herds
                  for each, when in herd.acknowledged.items())
    if not took:
        return {}
    return {"acknowledged_p50_ms": 1000 * took[len(took) // 2],
            "acknowledged_p99_ms": 1000 * took[int(len(took) * 0.99)],
            "acknowledged_worst_ms": 1000 * took[-1]}


def missing(herds: list[Herd], ids: set[str]) -> int:
    """Events are counted by the id in their body; how many more were acknowledged than stored."""
    acknowledged = sum(len(herd.acknowledged) for herd in herds)
    answers = sum(len(herd.beds) for herd in herds)     # counted, not stored
    return max(acknowledged - answers - len(ids), 0)


def run(options: argparse.Namespace) -> int:
    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)
    if options.growth:
        return growth(options, say)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        figures = night(options, Path(folder), say)
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        print("\n".join(f"{key:36}{value:>14.5g}" for key, value in figures.items()))
    good = not any(figures[key] for key in (
        "unacknowledged", "stored_twice", "acknowledged_but_not_stored", "prior_versions_fell",
        "prior_versions_of_two_contents"))
    return 0 if good and (options.kills or figures["acknowledged_p99_ms"] <= 1000) else 1


def growth(options: argparse.Namespace, say: Callable[[str], object]) -> int:
    """The cost of a bed as beds grow, printed and drawn; what broker, store and hubs cost with no
    bed at all is measured first and taken off."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    idle = resting(options)
    print("no beds: hubs {hubs:.1f}, broker {broker:.1f}, store {store:.1f} CPU ms a second"
          .format(**idle), flush=True)
    rows = []
    for beds in GROWTH:
        asked = argparse.Namespace(**{**vars(options), "light": beds, "beds": 0, "kills": 0})
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o755)
            figures = night(asked, Path(folder), say)
        cost = [figures[f"cpu_ms_{part}_per_bed"] - idle[part] * figures["night_s"] / beds
                for part in PARTS]
        rows.append((beds, *cost, sum(cost)))
        print("{:6d} beds: hubs {:.1f}, broker {:.1f}, store {:.1f}, all {:.1f} CPU ms a bed and "
              "night".format(*rows[-1]), flush=True)
    fixed, each, off = line([(beds, sum(idle.values()) * NIGHT / options.speed + beds * cost)
                             for beds, *_, cost in rows])
    print(f"a ward and night: {fixed:.0f} + {each:.1f} a bed, CPU ms; at most {off:.0%} off")
    figure, axes = plt.subplots(figsize=(7, 4))
    for column, name in enumerate((*PARTS, "all"), 1):
        axes.plot([row[0] for row in rows], [row[column] for row in rows], marker="o", label=name)
    axes.set(xscale="log", xlabel="beds", ylabel="CPU ms a bed and night", ylim=(0, None))
    axes.legend(loc=(0.45, 0.24))
    figure.savefig(options.growth, metadata={"Software": None})
    print(options.growth)
    return 0


def line(points: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """Through (x, y > 0): at 0, its slope, and how far the worst point is off, as a share of the
    line. Least squares of the shares, so that a small ward counts as much as a large one."""
    import numpy as np
    x, y = np.array(points).T
    fixed, slope = np.linalg.lstsq(np.stack([1 / y, x / y], axis=1), np.ones_like(y), rcond=None)[0]
    return fixed, slope, float(np.abs(y / (fixed + slope * x) - 1).max())


def resting(options: argparse.Namespace) -> dict[str, float]:
    """CPU ms a second of each part while there are no beds."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        ward = Ward(Path(folder), options.hubs)
        soon(ward.ready, 60)
        before = ward.spent()
        time.sleep(REST)
        after = ward.spent()
        ward.stop()
    return {part: 1000 * (after[part] - before[part]) / REST for part in PARTS}


