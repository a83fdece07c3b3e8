"""What `tools/swarm` does: many beds on one mosquitto, which is killed in the middle of a night."""

import argparse
import json
import queue
import sys
import tempfile
import threading
import time
from pathlib import Path

TRAFFIC = 60.0      # s in which a bed tells its night


def run(options: argparse.Namespace) -> int:
    """Prints how many came back, and how soon; 1 where anything was lost, doubled or late."""
    with tempfile.TemporaryDirectory() as folder:
        figures = swarm(options, Path(folder))
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        for key, value in figures.items():
            print(f"{key:28}{value:>12g}")
    good = (figures["reconnected"] == options.beds and figures["reconnect_s"] <= 60
            and figures["applied_once"] == figures["events"] and figures["dropped"] == 0)
    return 0 if good else 1


def swarm(options: argparse.Namespace, folder: Path) -> dict[str, float]:
    from device.clock import SystemClock
    from device.home.hub.server import Broker, Server
    from device.home.hub.store import Store
    from device.home.mqtt import Home
    from device.home.settings import Settings
    from kit.mosquitto import Mosquitto
    clock, broker = SystemClock(), Mosquitto(folder / "broker").start()
    store = Store(folder / "hub.sqlite")
    hub = Server(store, bytes(32), Broker("127.0.0.1", broker.port),
                 say=lambda text: print(text, file=sys.stderr))
    serving = threading.Thread(target=hub.serve, daemon=True)
    serving.start()
    homes = [
        Home(Settings(host="127.0.0.1", port=broker.port, bed=f"bed{n}"), queue.SimpleQueue(),
             clock)
        for n in range(options.beds)
    ]
    log: list[tuple[float, int]] = []       # (time, connections so far)
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            log.append((time.monotonic(), sum(home.connections for home in homes)))
    threading.Thread(target=watch, daemon=True).start()
    for home in homes:
        home.start()
    wait(lambda: all(home.connected for home in homes), 60)
    first = peak(log)

    echo = echoes(homes[0], broker.port, options.echoes)

    begun, returned, back = time.monotonic(), None, None
    for step in range(60):
        for n, home in enumerate(homes):
            home.tell(
                {
                    "session": ("settling", "drifting", "asleep", "masking")[(step + n) % 4],
                    "volume": step / 100,
                    "care": "restless" if (step + n) % 7 == 0 else "settled",
                    "quality": 0.9,
                }
            )
            if (step + n) % max(60 // options.events,
                                1) == 0 and step < 60 // options.events * options.events:
                home.event("count", {"n": step})
        if step == 20:
            broker.stop(kill=True)
        if returned is None and time.monotonic() - begun > TRAFFIC / 3 + options.cut:
            broker.start()
            returned, mark = time.monotonic(), len(log)
        if returned and back is None and all(home.connected for home in homes):
            back = time.monotonic()
        time.sleep(max(begun + step * TRAFFIC / 60 - time.monotonic(), 0))
    wait(lambda: all(home.connected for home in homes), 60)
    back = back or time.monotonic()
    # A bed whose message was on its way when the broker died sends it again only after a while.
    wait(lambda: not any(home.outbox.counts()["waiting"] for home in homes), 120)
    done.set()
    counts = [home.outbox.counts() for home in homes]
    rows = store.events()
    seen = {(bed, json.loads(payload)["id"]) for bed, _, payload in rows}
    figures = {
        "beds": options.beds,
        "reconnected": sum(home.connected for home in homes),
        "reconnect_s": back - returned,
        "peak_connections_per_s_first": first,
        "peak_connections_per_s_return": peak(log[mark:]),
        "events": sum(count["added"] for count in counts),
        "applied": len(rows),
        "applied_once": len(seen) if len(seen) == len(rows) else -1,
        "dropped": sum(count["dropped"] for count in counts),
        "most_state_writes_of_a_bed": max(home.teller.writes for home in homes[1:]),
        **echo,
    }
    for home in homes:
        home.stop()
    hub.stop()
    serving.join(5)
    broker.stop()
    return figures


def echoes(home, port: int, n: int) -> dict[str, float]:
    """Milliseconds from publishing a command to reading the state that it led to, through the
    broker both ways."""
    import paho.mqtt.client as paho
    heard = queue.SimpleQueue()
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.on_message = lambda client, data, message: heard.put(
        (time.perf_counter(), message.payload)
    )
    client.connect("127.0.0.1", port)
    client.subscribe(f"nocturne/{home.settings.bed}/state/volume", qos=1)
    client.loop_start()
    stop = threading.Event()

    def obey() -> None:
        while not stop.is_set():
            try:
                command = home.inbox.get(timeout=0.1)
            except queue.Empty:
                continue
            home.tell({"volume": command.value})
    obeying = threading.Thread(target=obey)
    obeying.start()
    time.sleep(0.5)
    times = []
    for i in range(n):
        sent = time.perf_counter()
        client.publish(f"nocturne/{home.settings.bed}/cmd/volume", str(i % 101), qos=1)
        while (answer := heard.get(timeout=10))[1] != str(i % 101).encode():
            continue
        times.append(1000 * (answer[0] - sent))
    stop.set()
    obeying.join()
    client.disconnect()
    client.loop_stop()
    times.sort()
    return {"echo_p50_ms": times[len(times) // 2], "echo_p99_ms": times[int(len(times) * 0.99)]}


def peak(log: list[tuple[float, int]]) -> int:
    """Most connections within any one second."""
    most, start = 0, 0
    for now, count in log:
        while log[start][0] < now - 1.0:
            start += 1
        most = max(most, count - log[start][1])
    return most


def wait(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
