"""A hostile bed, caregiver and viewer at the real broker and the real hub: what is another bed's
stays as it was, and neither memory nor disk of the hub grows past its bounds."""

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from device.home.hub.store import LARGEST, Store
from tests.home.around import Listener, soon

pytest.importorskip("nacl.signing", reason="PyNaCl is not installed: the hub signs with it")
RATE = 200.0            # messages/s, of all of them together
MEMORY = 80.0           # MB that the hub may hold
CODE = "import sys; from device.home.hub import main; sys.exit(main(sys.argv[1:]))"
STATE, PRIOR, EVENTS = b"asleep", b"signed by the hub", 20


@pytest.fixture
def hub(supplied, tmp_path):
    """The hub's own process and its data."""
    data = tmp_path / "hub"
    data.mkdir()
    (data / "beds").write_text("bed1\nbed2\n")
    (tmp_path / "password").write_text("hub")
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, "--broker", f"127.0.0.1:{supplied.port}", "--password-file",
         tmp_path / "password", "--data", data, "--page", "0"], env=os.environ)
    watcher = Listener(supplied.port, "nocturne/hub/#", "homeassistant", "homeassistant")
    assert soon(lambda: watcher.last("nocturne/hub/avail") == b"online", 30)
    watcher.close()
    yield process, data
    process.terminate()
    process.wait(10)


def megabytes(process) -> float:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def tell(client, number: int) -> None:
    properties = Listener.properties(f"honest-{number}")
    client.publish("nocturne/bed1/event/night", json.dumps({"n": number}), qos=1,
                   properties=properties)


def hostile(rng: random.Random, clients: dict[str, Listener]) -> None:
    """One message that somebody might send who has a password and means ill."""
    user = rng.choice(["bed2", "bed2", "nurse", "grandma"])
    whose = rng.choice(["bed1", "bed1", "bed2", user, "hub", "x" * 200])
    topic = rng.choice([
        f"nocturne/{whose}/event/{rng.choice(['night', 'e' * 300, 'x/y'])}",
        f"nocturne/{whose}/feedback/quiet_v1", f"nocturne/{whose}/state/session",
        f"nocturne/{whose}/state/{rng.random()}", f"nocturne/{whose}/avail", "nocturne/prior",
        f"nocturne/{whose}/ack/honest-1", "nocturne/hub/state",
        f"homeassistant/device/{whose}/nocturne/config"])
    size = rng.choice([0, 10, 200, LARGEST, LARGEST + 1, 100_000])
    payload = rng.choice([b"x" * size, json.dumps({"a": "x" * size}).encode(), b"[" * size])
    if "feedback" in topic:
        payload = json.dumps({"v": 1, "q": "quiet_v1", "k": 2, "y": rng.randrange(2), "mech": "krr",
                              "eps": 1.0, "epoch": rng.randrange(900)}).encode()
    identity = rng.choice([f"id-{rng.random()}", "honest-1", "", "y" * 300])
    clients[user].client.publish(topic, payload, qos=rng.randrange(2), retain=rng.random() < 0.1,
                                 properties=Listener.properties(identity))


@pytest.mark.parametrize("seconds", [8, pytest.param(3600, marks=pytest.mark.full)])
def test_nobody_else_loses_or_changes_anything(supplied, hub, tmp_path, seconds):
    process, data = hub
    clients = {user: Listener(supplied.port, f"nocturne/{user}/ack/#", user, user)
               for user in ("bed1", "bed2", "grandma", "nurse", "hub")}
    honest = clients["bed1"].client
    for number in range(EVENTS):
        tell(honest, number)
    clients["bed1"].send("nocturne/bed1/state/session", STATE, retain=True)
    clients["hub"].send("nocturne/prior", PRIOR, retain=True)
    assert soon(lambda: len(clients["bed1"].messages) == EVENTS, 20)
    rng, began, sent, most = random.Random(1), time.monotonic(), 0, 0.0
    while (gone := time.monotonic() - began) < seconds:
        while sent < gone * RATE:
            hostile(rng, clients)
            sent += 1
        most = max(most, megabytes(process))
        time.sleep(0.02)
    assert sent >= 0.9 * RATE * seconds
    tell(honest, EVENTS)                                # it is still heard
    assert soon(lambda: clients["bed1"].on(f"nocturne/bed1/ack/honest-{EVENTS}"), 60)
    assert process.poll() is None and max(most, megabytes(process)) <= MEMORY
    seen = Listener(supplied.port, [("nocturne/bed1/state/#", 1), ("nocturne/bed1/avail", 1)],
                    "homeassistant", "homeassistant")
    bed = Listener(supplied.port, "nocturne/prior", "bed1", "bed1")
    assert soon(lambda: seen.on("nocturne/bed1/state/session")) and soon(lambda: bed.messages)
    assert {m.topic: m.payload for m in seen.messages} == {"nocturne/bed1/state/session": STATE}
    assert bed.last("nocturne/prior") == PRIOR
    for client in (seen, bed, *clients.values()):
        client.close()
    store = Store(data / "hub.sqlite")
    mine = [json.loads(payload) for whose, _, payload in store.events() if whose == "bed1"]
    assert mine == [{"n": number} for number in range(EVENTS + 1)]
    others = {whose for whose, _, _ in store.events()} - {"bed1"}
    assert others <= {"bed2"} and store.waiting() <= 2
    size = sum(file.stat().st_size for file in data.iterdir()) / 2**20
    assert size <= (1000 + seconds) * LARGEST * 2 / 2**20 + 1
    store.close()
