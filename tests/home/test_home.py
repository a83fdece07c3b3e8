import json
import os
import signal
import time

import pytest

from device.clock import SystemClock, VirtualClock
from device.home import connection
from device.home.fields import FIELDS, GROUPS
from device.home.mqtt import Home, Priors
from device.home.population_prior import sign
from device.home.settings import PRIOR, Settings
from device.values import Command, Prior
from tests.home.around import soon


def test_it_announces_itself_and_its_state_retained(home, listen):
    home.tell({"sound": True, "volume": 0.45, "session": "sleeping"})
    listener = listen()
    assert soon(lambda: listener.last("nocturne/bed1/state/session") == b"sleeping")
    assert soon(lambda: listener.last("nocturne/bed1/avail") == b"online")
    assert soon(lambda: listener.last("nocturne/bed1/state/volume") == b"45")
    later = listen()
    assert soon(lambda: later.last("nocturne/bed1/state/session") == b"sleeping")
    config = [
        m for m in later.messages if m.topic == "homeassistant/device/bed1/nocturne/config"
    ]
    assert config and config[0].retain and "cmps" in json.loads(config[0].payload)


def test_a_live_command_arrives_once_and_a_retained_one_never(home, listen, inbox, broker):
    listener = listen("nocturne/bed1/state/#")
    for _ in range(3):
        listener.send("nocturne/bed1/cmd/volume", b'{"value": 30, "id": "one"}')
    listener.send("nocturne/bed1/cmd/sound", b"ON")
    command = inbox.get(timeout=5)
    assert (command.kind, command.value) == ("volume", 0.3)
    assert inbox.get(timeout=5).kind == "sound"
    listener.send("nocturne/bed1/cmd/light", b"100", retain=True)
    broker.stop()
    broker.start()
    assert soon(lambda: home.connections == 2, 20) and soon(lambda: home.connected)
    time.sleep(0.3)
    while not inbox.empty():
        assert inbox.get().kind != "sound"


def test_nonsense_is_refused_in_words_and_harms_nothing(home, listen, inbox):
    listener = listen("x")
    listener.send("nocturne/bed1/cmd/volume", b"\xff\xfe")
    listener.send("nocturne/bed1/cmd/volume", b"1000")
    assert soon(lambda: home.refused == 2) and "volume" in home.trouble and inbox.empty()
    listener.send("nocturne/bed1/cmd/volume", b"10")
    assert inbox.get(timeout=5).value == 0.1


def test_an_inbox_that_raises_does_not_kill_the_client(home, listen, inbox):
    class Broken:
        def put(self, command):
            raise RuntimeError("full")
    listener = listen("x")
    home.inbox = Broken()
    listener.send("nocturne/bed1/cmd/volume", b"10")
    assert soon(lambda: home.faults == 1)
    home.inbox = inbox
    listener.send("nocturne/bed1/cmd/volume", b"20")
    assert inbox.get(timeout=5).value == 0.2 and home.connected


def test_when_it_dies_its_last_will_says_so(broker, listen, inbox):
    import subprocess
    import sys
    code = f"""
import os, queue, time
from device.clock import SystemClock
from device.home.mqtt import Home
from device.home.population_prior import sign
from device.values import Prior
from device.home.settings import PRIOR, Settings
settings = Settings(host="127.0.0.1", port={broker.port}, bed="bed9")
home = Home(settings, queue.SimpleQueue(), SystemClock())
home.start()
while not home.connected: time.sleep(0.01)
print("up", flush=True)
time.sleep(30)
"""
    listener = listen()
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"up\n"
    assert soon(lambda: listener.last("nocturne/bed9/avail") == b"online")
    child.kill()
    child.wait()
    assert soon(lambda: listener.last("nocturne/bed9/avail") == b"offline")


def test_an_event_is_sent_until_somebody_acknowledges_it(home, listen):
    listener = listen("nocturne/#")
    identity = home.event("night", {"sol": 12})
    assert soon(lambda: listener.on("nocturne/bed1/event/night"))
    message = next(m for m in listener.messages if m.topic == "nocturne/bed1/event/night")
    assert not message.retain and dict(message.properties.UserProperty) == {"id": identity}
    assert json.loads(message.payload)["data"] == {"sol": 12}
    assert home.outbox.counts()["waiting"] == 1
    listener.send(f"nocturne/bed1/ack/{identity}", b"")
    assert soon(lambda: home.outbox.counts()["waiting"] == 0)


def test_a_button_press_is_told_live_and_never_queued(home, listen):
    listener = listen("nocturne/#")
    home.event("button", {"event_type": "double"})
    assert soon(lambda: listener.last("nocturne/bed1/event/button") == b'{"event_type": "double"}')
    assert home.outbox.counts()["added"] == 0


def test_when_home_assistant_comes_back_everything_is_announced_again(home, listen):
    home.chance.uniform = lambda low, high: 0.1
    home.tell({"sound": True})
    listener = listen()
    assert soon(lambda: listener.on("nocturne/bed1/state/sound"))
    before = len(listener.on("homeassistant/device/bed1/nocturne/config"))
    listener.send("homeassistant/status", b"online")
    assert soon(lambda: len(listener.on("homeassistant/device/bed1/nocturne/config")) > before)
    assert soon(lambda: len(listener.on("nocturne/bed1/state/sound")) > 1)


def test_a_broker_that_keeps_nothing_knows_all_of_the_bed_after_each_of_its_restarts(
    home, broker, listen
):
    home.tell({name: None for name in FIELDS if name not in (*GROUPS, "firmware")})
    whole = {f"nocturne/bed1/state/{name}" for name, field in FIELDS.items() if not field.detail}
    whole.remove("nocturne/bed1/state/firmware")
    for _ in range(2):
        broker.stop()
        assert soon(lambda: not home.connected)
        broker.start()
        known = listen("nocturne/bed1/state/+").messages
        assert soon(lambda known=known: {message.topic for message in known} >= whole)


def test_privacy_blanks_what_is_personal_and_queues_nothing(home, listen):
    home.tell({"session": "sleeping", "care": "restless", "volume": 0.4})
    listener = listen()
    assert soon(lambda: listener.last("nocturne/bed1/state/session") == b"sleeping")
    home.tell({"privacy": True})
    assert soon(lambda: listener.last("nocturne/bed1/state/session") == b"unknown")
    assert soon(lambda: listener.last("nocturne/bed1/state/care") == b"unknown")
    home.tell({"session": "waking", "volume": 0.5})
    assert home.event("night", {"sol": 9}) == "" and home.outbox.counts()["added"] == 0
    assert soon(lambda: listener.last("nocturne/bed1/state/volume") == b"50")
    assert b"waking" not in listener.on("nocturne/bed1/state/session")
    assert b"privacy" in listener.last("nocturne/bed1/state/understood")
    home.tell({"privacy": False})
    assert soon(lambda: listener.last("nocturne/bed1/state/session") == b"waking")
    assert soon(lambda: listener.last("nocturne/bed1/state/understood") == b"None")


def heard(listener):
    return [json.loads(body) for body in listener.on("nocturne/bed1/state/heard")]


def test_every_refusal_is_answered_on_a_topic_and_stands_in_the_problems_text(
    home, listen, inbox
):
    listener = listen("nocturne/bed1/state/#")
    for payload in (b'{"value": 1000, "id": "a1"}', b'{"value": 5, "id": "a2", "expires": 9}'):
        listener.send("nocturne/bed1/cmd/volume", payload)
    assert soon(lambda: len(heard(listener)) == 2) and inbox.empty()
    assert [each["id"] for each in heard(listener)] == ["a1", "a2"]
    assert "no number from 0 to 100" in heard(listener)[0]["why"]
    assert "one of the clocks is wrong" in heard(listener)[1]["why"]
    assert soon(lambda: b"clocks" in listener.last("nocturne/bed1/state/error"))
    listener.send("nocturne/bed1/cmd/sound", b'{"value": "OFF", "id": "a3", "expires": 9}')
    assert inbox.get(timeout=5).value is False          # off is off
    home.tell({"error": "no sensor", "heard": ("sound", "a3", "")})
    assert soon(lambda: heard(listener)[-1] == {"id": "a3", "kind": "sound", "why": ""})
    assert soon(lambda: listener.last("nocturne/bed1/state/error") == b"no sensor")
    assert not any(m.retain for m in listener.messages if m.topic.endswith("/heard"))


def test_a_sign_of_life_comes_every_few_seconds_and_is_not_kept(home, listen):
    listener = listen("nocturne/bed1/state/alive")
    assert soon(lambda: len(listener.messages) >= 2, 15)
    assert abs(int(listener.messages[-1].payload) - time.time()) < 5
    later = listen("nocturne/bed1/state/alive")
    time.sleep(0.3)
    assert not any(m.retain for m in later.messages)


@pytest.mark.parametrize(("settings", "words"), [
    ({"host": "no-such-host.invalid", "plain": True}, "no machine of that name"),
    ({"port": 9}, "can't be reached"),
    ({"ca": "/nowhere/ca.crt"}, "vouches for it"),
])
def test_a_trouble_with_the_hub_that_lasts_goes_to_the_night_and_so_does_its_end(
    inbox, settings, words
):
    clock = VirtualClock()
    home = Home(Settings(**{"host": "127.0.0.1", "port": 9, "bed": "bed1", **settings}), inbox,
                clock)
    home.turn(0.0)
    assert words in home.trouble
    home.turn(0.0)
    assert inbox.empty()                # it may be over in a moment
    clock.sleep(25.0)
    home.turn(0.0)
    lack = inbox.get_nowait()
    assert words in lack.trouble and not lack.over
    home.link.connected, home.link.trouble = True, ""
    home._look_at_the_hub(clock.now())
    assert inbox.get_nowait() == lack._replace(over=True) and inbox.empty()


def test_erasing_leaves_nothing_personal_at_the_broker_or_in_the_outbox(home, listen, tmp_path):
    home.tell(
        {
            "session": "sleeping",
            "reason": "the-sleeper-was-restless",
            "summary": {"sol": 95, "tst": 333},
        }
    )
    home.event("night", {"note": "the-sleeper-was-restless"})
    listener = listen()
    assert soon(lambda: listener.last("nocturne/bed1/state/reason") == b"the-sleeper-was-restless")
    home.erase()
    assert soon(lambda: listener.last("nocturne/bed1/state/session") == b"unknown")
    assert soon(lambda: listener.last("nocturne/bed1/state/reason") == b"None")
    later = listen()
    assert soon(lambda: later.last("nocturne/bed1/avail") == b"online")
    time.sleep(0.3)
    assert not any(
        b"restless" in m.payload or b": 95" in m.payload
        for m in later.messages
        if "/state/" in m.topic
    )
    files = b"".join(path.read_bytes() for path in tmp_path.glob("outbox.sqlite*"))
    assert b"restless" not in files


def test_without_a_broker_nothing_blocks_or_raises(inbox, tmp_path):
    home = Home(
        Settings(host="127.0.0.1", port=1, bed="bed1"),
        inbox,
        SystemClock(),
        outbox=tmp_path / "o.sqlite",
    )
    home.start()
    home.tell({"sound": True, "nonsense": object()})
    assert home.event("night", {"sol": 12})
    assert soon(lambda: "can't be reached" in home.trouble) and not home.connected
    home.stop()
    assert home.event("night", {"sol": 12}) == ""


def test_without_a_hub_in_the_config_it_is_silent(inbox):
    home = Home(Settings(), inbox, VirtualClock())
    home.start()
    home.tell({"sound": True})
    assert home.event("night", {}) == "" and home.trouble == ""
    home.stop()


def test_a_torn_outbox_is_put_aside_and_a_disk_that_cannot_be_written_is_told(inbox, tmp_path):
    (tmp_path / "outbox.sqlite").write_bytes(b"this is no database at all" * 100)
    home = Home(
        Settings(host="127.0.0.1", port=1), inbox, SystemClock(), outbox=tmp_path / "outbox.sqlite"
    )
    assert "put aside" in home.trouble and home.event("night", {})
    assert (tmp_path / "outbox.torn").read_bytes().startswith(b"this is no")
    home.stop()
    again = Home(
        Settings(host="127.0.0.1", port=1), inbox, SystemClock(), outbox=tmp_path / "outbox.sqlite"
    )
    assert again.trouble == "" and again.outbox.counts()["waiting"] == 1
    nowhere = Home(
        Settings(host="127.0.0.1", port=1),
        inbox,
        SystemClock(),
        outbox=tmp_path / "none" / "outbox.sqlite",
    )
    assert "memory only" in nowhere.trouble and nowhere.event("night", {})


def test_news_that_cannot_be_written_are_named_and_the_rest_is_told(home, listen):
    listener = listen()
    home.tell({"volume": "loud", "nonsense": 1, "sound": False})
    assert soon(lambda: listener.last("nocturne/bed1/state/sound") == b"OFF")
    assert "nonsense" in home.trouble or "volume" in home.trouble


def test_a_new_prior_of_the_pinned_hub_is_handed_on_once_and_a_replay_never(broker, listen, inbox):
    signing = pytest.importorskip(
        "nacl.signing", reason="PyNaCl is not installed: nothing signed is tested"
    )
    key, got = bytes(range(32)), []
    public = signing.SigningKey(key).verify_key.encode().hex()
    priors = [Prior(version, "quiet_v1", (0.4, 0.6), (0.1, 0.1), 200) for version in (2, 1, 3)]
    hub = listen("nothing")
    hub.send(PRIOR, sign(priors[0], key), retain=True)
    home = Home(
        Settings(host="127.0.0.1", port=broker.port, bed="bed1", hub_key=public),
        inbox,
        SystemClock(),
        priors=Priors(got.append),
    )
    home.start()
    assert soon(lambda: got == [priors[0]])
    hub.send(PRIOR, sign(priors[1], key), retain=True)
    hub.send(PRIOR, sign(priors[2], bytes(32)), retain=True)
    assert soon(lambda: "not signed" in home.trouble)
    hub.send(PRIOR, sign(priors[2], key), retain=True)
    assert soon(lambda: got == [priors[0], priors[2]])
    home.stop()


def test_a_broker_that_holds_the_line_but_answers_nothing_is_noticed(broker, home, monkeypatch):
    monkeypatch.setattr(connection, "OLDEST_PUBACK", 0.3)
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        def noticed():
            home.tell({"volume": time.monotonic() % 1})
            return "stopped acknowledging" in home.trouble
        assert soon(noticed)
    finally:
        os.kill(broker.pid, signal.SIGCONT)
    assert soon(lambda: home.connected and home.connections == 2, 30)


def test_a_sensor_in_the_bed_that_comes_late_becomes_an_entity_then(home, listen):
    listener = listen()

    def known():
        config = listener.last("homeassistant/device/bed1/nocturne/config")
        return config and "unique_id" in json.loads(config)["cmps"].get("occupancy", {})
    assert soon(lambda: known() is False)
    home.can_tell(occupancy=True)
    assert soon(lambda: known() is True)


def options(listener):
    """Of the question, as Home Assistant knows them last."""
    config = listener.last("homeassistant/device/bed1/nocturne/config")
    return json.loads(config)["cmps"]["choose"]["options"] if config else None


def test_what_can_be_tapped_is_an_option_in_home_assistant_until_it_is_not(home, listen, inbox):
    listener = listen()
    choices = "nocturne/bed1/state/choices"
    home.tell({"choices": ("no bells", "bells please")})
    assert soon(lambda: options(listener) == ["no bells", "bells please"])
    assert soon(lambda: listener.last(choices) == b'["no bells", "bells please"]')
    listener.send("nocturne/bed1/cmd/choose", b"no bells")
    assert inbox.get(timeout=5) == Command("choose", "no bells")
    home.tell({"choices": ()})
    assert soon(lambda: options(listener) == []) and soon(lambda: listener.last(choices) == b"[]")


def test_in_privacy_no_question_is_told(home, listen):
    listener = listen()
    home.tell({"privacy": True, "choices": ("no bells", "bells please")})
    assert soon(lambda: listener.last("nocturne/bed1/state/privacy") == b"ON")
    assert soon(lambda: listener.last("nocturne/bed1/state/choices") == b"[]")
    assert not any(b"bells" in message.payload for message in listener.messages)
