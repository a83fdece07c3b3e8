"""`nocturne hub --pair`: a bed and a broker that never met, and what another bed may not."""

import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from device.assembly.build import home_settings
from device.clock import SystemClock
from device.config import Config
from device.home.hub.pairing import outdated
from device.home.mqtt import Home
from kit import mosquitto
from tests.home.around import Listener, soon

pytest.importorskip("nacl.signing", reason="PyNaCl is not installed: pairing is not tested")
ROOT = Path(__file__).resolve().parents[2]
CODE = "import sys; from device.home.hub import main; sys.exit(main(sys.argv[1:]))"
EARLIER = Path(__file__).parent / "earlier"


@pytest.fixture
def pair(tmp_path):
    if (
        any(shutil.which(name) is None for name in ("openssl", "mosquitto_passwd"))
        or mosquitto.find() is None
    ):
        pytest.skip("openssl or mosquitto is not installed: pairing is not tested")

    def run(bed, *more):
        return subprocess.run(
            [
                sys.executable,
                "-c",
                CODE,
                "--data",
                tmp_path / "hub",
                "--etc",
                tmp_path / "etc",
                *(["--host", "127.0.0.1", "--pair", bed] if bed else []),
                *more,
            ],
            cwd=tmp_path,
            text=True,
            capture_output=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
    return run


@pytest.fixture
def paired(pair, tmp_path):
    """A broker on the very files that pairing wrote, ports and user apart, and Home Assistant's
    password."""
    said = pair("bed1")
    assert said.returncode == 0, said.stderr
    assert pair("bed2").returncode == 0
    people = {
        name: pair(None, role, name, "--bed", "bed1")
        .stdout.split("shown this once: ")[1]
        .split()[0]
        for role, name in (("--viewer", "grandma"), ("--caregiver", "nurse"))
    }
    plain, tls = mosquitto.free_port(), mosquitto.free_port()
    conf = "".join(
        path.read_text() for path in sorted((tmp_path / "etc" / "mosquitto" / "conf.d").iterdir())
    )
    for old, new in (
        ("listener 1883", f"listener {plain}"),
        ("listener 8883", f"listener {tls}"),
        ("listener 9001", f"listener {mosquitto.free_port()}"),
        ("listener 9443", f"listener {mosquitto.free_port()}"),
        ("set_tcp_nodelay true\n", ""),
    ):
        conf = conf.replace(old, new)
    broker = mosquitto.Mosquitto(
        tmp_path / "broker", f"persistence_location {tmp_path}/broker/\n{conf}", anyone=False
    )
    broker.start()
    for port in (plain, tls):       # they listen a little later than the one that `start` waits for
        assert soon(lambda port=port: not socket.socket().connect_ex(("127.0.0.1", port)))
    yield (
        plain,
        tls,
        said.stdout.split("homeassistant at the broker, shown this once: ")[1].split()[0],
        people,
    )
    broker.stop()


def bed_of(tmp_path, name, port, inbox):
    """As the bed reads it, but for the place of the authority and the port."""
    text = (
        (tmp_path / name / "home.toml")
        .read_text()
        .replace("/etc/nocturne-ca.crt", str(tmp_path / name / "ca.crt"))
    )
    settings = home_settings(Config.parse(text))
    assert settings.port == 8883 and len(settings.hub_key) == 64
    return Home(replace(settings, port=port), inbox, SystemClock())


def test_a_paired_bed_comes_in_by_tls_and_reads_nothing_of_another(paired, tmp_path, inbox):
    plain, tls, password, _ = paired
    beds = [bed_of(tmp_path, name, tls, inbox) for name in ("bed1", "bed2")]
    watching = Listener(plain, [("nocturne/#", 1)], "homeassistant", password)
    for bed in beds:
        bed.start()
    beds[0].tell({"sound": True})
    assert soon(lambda: watching.last("nocturne/bed1/state/sound") == b"ON"), beds[0].trouble
    assert soon(lambda: all(bed.connected for bed in beds)), beds[1].trouble
    watching.send("nocturne/bed1/cmd/volume", b"30")
    assert inbox.get(timeout=5).value == 0.3
    other = Listener(plain, [("nocturne/bed1/#", 1)], "bed2", beds[1].settings.password)
    other.client.publish("nocturne/bed1/cmd/volume", b"99", qos=1).wait_for_publish(5)
    time.sleep(0.3)
    assert inbox.empty() and not other.messages
    hub = Listener(
        plain,
        [("nocturne/+/event/#", 1)],
        "hub",
        (tmp_path / "etc" / "nocturne-hub.password").read_text(),
    )
    assert beds[0].event("night", {}) and soon(lambda: hub.messages)
    for one in (*beds, watching, other, hub):
        (one.stop if isinstance(one, Home) else one.close)()


def test_openssl_at_its_strictest_finds_the_brokers_certificate_a_servers(pair, tmp_path):
    pair("bed1")
    said = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_ip", "127.0.0.1",
         "-CAfile", tmp_path / "bed1/ca.crt", tmp_path / "etc/mosquitto/nocturne-hub.crt"],
        capture_output=True, text=True)
    assert said.returncode == 0, said.stderr


def test_a_viewer_reads_one_bed_and_a_caregiver_also_commands_it(paired, tmp_path, inbox):
    plain, tls, password, people = paired
    bed = bed_of(tmp_path, "bed1", tls, inbox)
    bed.start()
    bed.tell({"sound": True})
    viewer = Listener(plain, [("nocturne/#", 1)], "grandma", people["grandma"])
    nurse = Listener(plain, [("nocturne/#", 1)], "nurse", people["nurse"])
    assert soon(lambda: viewer.last("nocturne/bed1/state/sound") == b"ON") and soon(
        lambda: nurse.messages
    )
    viewer.client.publish("nocturne/bed1/cmd/volume", b"99", qos=1).wait_for_publish(5)
    nurse.client.publish("nocturne/bed2/cmd/volume", b"99", qos=1).wait_for_publish(5)
    nurse.client.publish("nocturne/bed1/cmd/volume", b"20", qos=1).wait_for_publish(5)
    assert inbox.get(timeout=5).value == 0.2
    time.sleep(0.3)
    assert inbox.empty() and not any("/bed2/" in message.topic for message in nurse.messages)
    bed.stop()
    viewer.close()
    nurse.close()


@pytest.mark.parametrize(
    "person, bed", [("bed2", "bed1"), ("hub", "bed1"), ("a\ntopic #", "bed1"), ("nurse", "bed9")]
)
def test_nobody_is_called_like_a_bed_or_let_to_a_bed_that_is_not_there(pair, person, bed):
    pair("bed1")
    pair("bed2")
    said = pair(None, "--caregiver", person, "--bed", bed)
    assert (
        said.returncode == 1 and "nocturne hub: " in said.stderr and "Traceback" not in said.stderr
    )


def test_a_person_is_no_bed_to_broker_and_hub(paired, tmp_path):
    plain, _, password, people = paired
    assistant = Listener(plain, [("homeassistant/#", 1)], "homeassistant", password)
    hub = Listener(plain, [("nocturne/+/feedback/#", 1), ("nocturne/+/event/#", 1)], "hub",
                   (tmp_path / "etc" / "nocturne-hub.password").read_text())
    for name in ("grandma", "nurse"):
        person = Listener(plain, [("nocturne/prior", 1)], name, people[name])
        for topic in ("feedback/comfort_v1", "event/night", "state/sound"):
            person.client.publish(f"nocturne/{name}/{topic}", b"{}", qos=1).wait_for_publish(5)
        person.client.publish(f"homeassistant/device/{name}/nocturne/config", b"{}",
                              qos=1).wait_for_publish(5)
        person.close()
    time.sleep(0.3)
    assert not hub.messages and not assistant.messages
    hub.close()
    assistant.close()
    assert (tmp_path / "hub" / "beds").read_text().split() == ["bed1", "bed2"]


def test_who_becomes_a_viewer_commands_no_more_and_other_beds_stay(pair, tmp_path):
    pair("bed1")
    pair("bed2")
    for role, bed in (("--caregiver", "bed1"), ("--caregiver", "bed2"), ("--viewer", "bed1")):
        assert pair(None, role, "nurse", "--bed", bed).returncode == 0
    acl = (tmp_path / "etc" / "mosquitto" / "nocturne.acl").read_text()
    assert acl.count("user nurse") == 1
    mine = acl.split("user nurse\n")[1].splitlines()
    assert "topic write nocturne/bed1/cmd/#" not in mine
    assert "topic write nocturne/bed2/cmd/#" in mine
    assert "topic read nocturne/bed1/state/#" in mine
    supplied = (ROOT / "device" / "home" / "hub" / "acl").read_text()
    assert acl.startswith(supplied.rstrip("\n"))


def test_what_is_not_the_loopback_is_by_tls(pair, tmp_path):
    assert pair("bed1").returncode == 0
    conf = "\n".join(path.read_text() for path in
                     sorted((tmp_path / "etc" / "mosquitto" / "conf.d").iterdir()))
    listeners = [part.splitlines() for part in conf.split("\nlistener ")[1:]]
    assert len(listeners) == 4
    for head, *lines in listeners:
        plain = not any(line.startswith("certfile ") for line in lines)
        assert head.endswith(" 127.0.0.1") == plain, head


def earlier(tmp_path, *changed: tuple[str, str]) -> Path:
    """The broker's config as pairing once left it, but for what a hand changed."""
    folder = tmp_path / "etc" / "mosquitto" / "conf.d"
    for file in EARLIER.iterdir():
        text = file.read_text().replace("/etc/mosquitto", str(folder.parent))
        for old, new in changed:
            text = text.replace(old, new)
        (folder / file.name).write_text(text)
    return folder / "nocturne.conf"


def test_pairing_again_closes_what_an_earlier_one_left_open_to_everybody(pair, tmp_path):
    assert pair("bed1").returncode == 0
    shipped = {path: path.read_text() for path in
               (tmp_path / "etc" / "mosquitto" / "conf.d").iterdir()}
    earlier(tmp_path)
    assert len(outdated(tmp_path / "etc")) == 2 and "pair a bed again" in outdated(
        tmp_path / "etc")[0]
    said = pair("bed1")
    assert said.returncode == 0 and "everybody" not in said.stdout
    assert {path: path.read_text() for path in shipped} == shipped


def test_what_was_changed_by_hand_stays_and_is_said(pair, tmp_path):
    assert pair("bed1").returncode == 0
    conf = earlier(tmp_path, ("max_inflight_messages 20", "max_inflight_messages 40"))
    mine = conf.read_text()
    said = pair("bed1")
    assert conf.read_text() == mine
    for port in (1883, 9001):
        assert f"everybody on the network can read passwords and states on port {port}" in (
            said.stdout)
        assert f"write `listener {port} 127.0.0.1`" in said.stdout
    conf.write_text(mine.replace("listener 1883", "listener 1883 127.0.0.1")
                    .replace("listener 9001", "listener 9001 ::1"))
    assert not outdated(tmp_path / "etc")


def test_a_hub_that_may_not_read_the_brokers_config_runs_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "mosquitto" / "conf.d").mkdir(parents=True)
    (tmp_path / "mosquitto" / "conf.d" / "nocturne.conf").write_text("listener 1883\n")
    assert len(outdated(tmp_path)) == 1

    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr(Path, "read_text", refused)
    assert outdated(tmp_path) == [] == outdated(tmp_path / "nowhere")


def test_people_who_were_admitted_before_get_what_is_denied_to_them(pair, tmp_path):
    acl = tmp_path / "etc" / "mosquitto" / "nocturne.acl"
    assert pair("bed1").returncode == 0
    assert pair(None, "--viewer", "anna", "--bed", "bed1").returncode == 0
    today = acl.read_text()
    acl.write_text("".join(line for line in today.splitlines(True)
                           if not line.startswith("topic deny")))
    assert pair("bed1").returncode == 0 and acl.read_text() == today


def test_no_bed_gets_a_persons_name(pair):
    pair("bed1")
    assert pair(None, "--viewer", "anna", "--bed", "bed1").returncode == 0
    assert pair("anna").returncode == 1


def test_pairing_again_changes_only_that_beds_password(pair, tmp_path):
    pair("bed1")
    first = {path: path.read_bytes() for path in (tmp_path / "etc").rglob("*") if path.is_file()}
    before = (tmp_path / "bed1" / "home.toml").read_text()
    said = pair("bed1")
    changed = {path.name for path, content in first.items() if path.read_bytes() != content}
    assert changed == {"nocturne.passwd"} and "homeassistant" not in said.stdout
    assert (tmp_path / "bed1" / "home.toml").read_text() != before
    assert (tmp_path / "bed1" / "home.toml").stat().st_mode & 0o77 == 0
    assert (tmp_path / "hub" / "ca.key").stat().st_mode & 0o77 == 0


@pytest.mark.parametrize(
    "bed, host",
    [
        ("../x", "hub"),
        ("hub", "hub"),
        ("homeassistant", "hub"),
        ("bed", "a b"),
        ("bed", 'x"\nhub_key = ""'),
    ],
)
def test_names_that_could_do_harm_are_refused_in_words(pair, bed, host):
    said = pair(bed, "--host", host)
    assert said.returncode == 1
    assert "nocturne hub: " in said.stderr and "Traceback" not in said.stderr


def test_a_watcher_reads_how_each_bed_of_the_ward_is_and_nothing_more(pair, tmp_path):
    for bed in ("bed1", "bed2", "bed3"):
        assert pair(bed).returncode == 0
    watching = pair(None, "--watcher", "night", "--bed", "bed1", "--bed", "bed2")
    assert watching.returncode == 0
    acl = (tmp_path / "etc/mosquitto/nocturne.acl").read_text()
    mine = acl.partition("user night\n")[2].splitlines()
    given = {line for line in mine if " deny " not in line}
    assert given == {f"topic read nocturne/{bed}/{what}" for bed in ("bed1", "bed2")
                     for what in ("avail", "state/care", "state/name")}
