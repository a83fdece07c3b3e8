"""After `nocturne erase` no personal byte is left: on the device, and retained on the broker."""

import os
import subprocess
import sys
from pathlib import Path

from device.clock import SystemClock
from device.diary import Diary
from device.home.mqtt import Home
from device.home.payloads import NO_PICTURE
from device.home.privacy import Feedback, Ledger
from device.home.settings import Settings
from kit.mosquitto import free_port
from tests.home.around import soon

ROOT = Path(__file__).resolve().parents[2]
SECRET = b"ada-slept-badly"


def erase(folder, port):
    config = folder / "nocturne.toml"
    config.write_text(f'[home]\nhost = "127.0.0.1"\nport = {port}\nbed = "bed1"\n'
                      f'[diary]\npath = "{folder}/data/diary.sqlite"')
    return subprocess.run(
        [sys.executable, "-m", "device", "erase", "--config", config, "--yes"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def lived(folder, broker, inbox):
    """A device that has told and kept the secret everywhere it can."""
    folder.mkdir()
    text = SECRET.decode()
    diary = Diary(folder / "diary.sqlite")
    diary.add("events", night=1, time=1.0, kind="message", detail=text)
    diary.add("nights", id=1, lights_out=1.0, seed=1, sleeper=text, software="0")
    diary.remember("past:ada", {"note": text})
    diary.close()
    for name in ("report.html", "diary.sqlite.corrupt-1", "outbox.torn"):
        (folder / name).write_bytes(SECRET)
    home = Home(Settings(host="127.0.0.1", port=broker.port, bed="bed1", detail=True), inbox,
                SystemClock(), outbox=folder / "outbox.sqlite")
    home.start()
    home.tell(
        {
            "heart_rate": 66.6,
            "night": {"rmssd": 66.6},
            "session": "asleep",
            "reason": text,
            "summary": {"sol": 95},
            "picture": SECRET,
            "sharing": True,
        }
    )
    home.event("night", {"note": text})
    feedback = Feedback(Ledger(folder / "ledger.sqlite"), home)
    feedback.share("comfort_v1", 4, 1.8e9)
    assert soon(lambda: home.connected and home.teller.writes >= 5)
    home.stop()
    feedback.ledger.close()
    return home


def test_nothing_personal_is_left_here_or_there(broker, inbox, listen, tmp_path):
    lived(tmp_path / "data", broker, inbox)
    before = listen("nocturne/#")
    assert soon(lambda: before.last("nocturne/bed1/state/reason") == SECRET)
    said = erase(tmp_path, broker.port)
    assert said.returncode == 0, said.stderr
    left = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert SECRET not in left and b"krr" not in left
    after = listen("nocturne/#")
    assert soon(lambda: after.last("nocturne/bed1/avail") == b"offline")
    assert not [m.topic for m in after.messages if "/state/" in m.topic]


def test_a_broker_that_cannot_be_reached_is_named_and_the_device_is_erased_all_the_same(
    broker, inbox, tmp_path
):
    lived(tmp_path / "data", broker, inbox)
    said = erase(tmp_path, free_port())
    assert (
        said.returncode == 1
        and "may still show" in said.stderr
        and "can't be reached" in said.stderr
    )
    assert SECRET not in b"".join(
        path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()
    )


def told_a_newcomer(listen) -> list[str]:
    """Topics under which something of the earlier life is retained."""
    later = listen("nocturne/#")
    assert soon(lambda: later.last("nocturne/bed1/state/volume") == b"50")
    return [m.topic for m in later.messages
            if SECRET in m.payload or m.topic.endswith("summary") and b"95" in m.payload
            or "/detail/" in m.topic and b"66.6" in m.payload]


def test_consent_to_care_withdrawn_in_the_config_blanks_what_an_earlier_life_told(
    broker, inbox, listen, tmp_path
):
    lived(tmp_path / "data", broker, inbox)
    again = Home(
        Settings(host="127.0.0.1", port=broker.port, bed="bed1", care=False),
        inbox,
        SystemClock(),
        outbox=tmp_path / "data" / "outbox.sqlite",
    )
    again.start()
    again.tell({"session": "idle", "volume": 0.5})
    listener = listen("nocturne/#")
    assert soon(lambda: listener.last("nocturne/bed1/state/reason") == b"None")
    assert soon(lambda: listener.last("nocturne/bed1/state/picture") == NO_PICTURE)
    assert soon(lambda: not told_a_newcomer(listen))
    assert not [row for row in again.outbox.oldest(9) if row.topic.startswith("event/")]
    again.stop()
