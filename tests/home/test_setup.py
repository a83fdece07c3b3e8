"""`nocturne hub --setup`, `--doctor`, `pair`, `unpair`, `rotate`: a hub that a person can run."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from device.assembly.build import home_settings
from device.clock import SystemClock
from device.config import Config
from device.home.hub import pairing
from device.home.hub.setup import listeners
from device.home.mqtt import Home
from device.home.settings import DeviceFacts
from kit import mosquitto
from tests.home.around import Listener, soon

pytest.importorskip("nacl.signing", reason="PyNaCl is not installed: the hub is not tested")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def nocturne(tmp_path):
    if any(shutil.which(name) is None for name in ("openssl", "mosquitto_passwd")) or (
            mosquitto.find() is None):
        pytest.skip("openssl or mosquitto is not installed: the hub is not tested")

    def run(*words):
        words = [*words, "--data", tmp_path / "hub", "--etc", tmp_path / "etc"]
        return subprocess.run(
            [sys.executable, "-m", "device", *map(str, words)], cwd=tmp_path, text=True,
            capture_output=True, timeout=60, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return run


@pytest.fixture
def hub(nocturne, tmp_path):
    """Set up, and its broker running at ports of its own."""
    said = nocturne("hub", "--setup", "--host", "127.0.0.1")
    assert said.returncode == 0, said.stderr
    ports = {number: mosquitto.free_port() for number in (1883, 8883, 9001, 9443)}
    text = "".join(path.read_text() for path in
                   sorted((tmp_path / "etc/mosquitto/conf.d").iterdir()))
    for number, port in ports.items():
        text = text.replace(f"listener {number}", f"listener {port}")
    broker = mosquitto.Mosquitto(
        tmp_path / "broker",
        f"persistence_location {tmp_path}/broker/\n{text.replace('set_tcp_nodelay true', '')}",
        anyone=False)
    broker.start()
    yield broker, ports, said.stdout
    broker.stop()


def password_in(said):
    return said.split("shown this once: ")[1].split()[0]


def bed_of(tmp_path, name, port, inbox):
    text = (tmp_path / name / "home.toml").read_text()
    config = Config.parse(text.replace("/etc/nocturne-ca.crt", str(tmp_path / name / "ca.crt")))
    return config, Home(replace(home_settings(config), port=port), inbox, SystemClock(),
                        DeviceFacts(config.home.name, page=config.home.page))


def test_one_command_makes_a_hub_and_says_what_comes_next(hub, tmp_path):
    _, _, said = hub
    etc = tmp_path / "etc"
    for made in ("mosquitto/nocturne.acl", "mosquitto/nocturne.passwd", "mosquitto/nocturne-ca.crt",
                 "mosquitto/conf.d/nocturne.conf", "nocturne-hub.password",
                 "systemd/system/nocturne-hub.service"):
        assert (etc / made).exists(), made
    unit = (etc / "systemd/system/nocturne-hub.service").read_text()
    assert "/usr/bin/env" not in unit and "nocturne hub" in unit
    assert "Password of homeassistant" in said and "pair BED" in said
    assert password_in(said) not in "".join(
        path.read_text() for path in etc.rglob("*") if path.is_file())


def test_setting_up_again_keeps_passwords_and_people(hub, nocturne, tmp_path):
    assert nocturne("pair", "bed1", "--host", "127.0.0.1").returncode == 0
    assert nocturne("hub", "--viewer", "anna", "--bed", "bed1").returncode == 0
    kept = {name: (tmp_path / "etc" / name).read_bytes() for name in (
        "mosquitto/nocturne.passwd", "mosquitto/nocturne.acl", "nocturne-hub.password")}
    said = nocturne("hub", "--setup", "--host", "127.0.0.1")
    assert said.returncode == 0 and "shown this once" not in said.stdout
    assert kept == {name: (tmp_path / "etc" / name).read_bytes() for name in kept}


def test_rights_of_an_older_hub_are_renewed_and_people_keep_theirs(nocturne, tmp_path):
    nocturne("pair", "bed1", "--host", "127.0.0.1")
    nocturne("hub", "--caregiver", "nurse", "--bed", "bed1")
    rights = tmp_path / "etc/mosquitto/nocturne.acl"
    older = rights.read_text().replace("pattern write nocturne/%u/detail/#\n", "")
    rights.write_text(older)
    nocturne("hub", "--setup", "--host", "127.0.0.1")
    assert "pattern write nocturne/%u/detail/#" in rights.read_text()
    assert rights.read_text().count("user nurse") == 1
    assert "topic write nocturne/bed1/cmd/#" in rights.read_text()


def test_a_broker_with_rules_of_its_own_is_left_alone_and_the_lines_to_add_are_said(
    nocturne, tmp_path
):
    conf = tmp_path / "etc/mosquitto/conf.d/mine.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text("listener 1883\nallow_anonymous true\n")
    said = nocturne("hub", "--setup")
    assert said.returncode == 1 and str(conf) in said.stderr and "acl_file" in said.stderr
    assert "Home Assistant's add-on" in said.stderr and "Traceback" not in said.stderr
    assert [path for path in (tmp_path / "etc").rglob("*") if path.is_file()] == [conf]
    assert listeners(tmp_path / "etc/mosquitto") == [conf]


def test_several_beds_have_names_and_home_assistant_is_led_to_the_page(
    hub, nocturne, tmp_path, inbox
):
    _, ports, said = hub
    for name, called in (("left", "Ada's side"), ("right", "Ben's side")):
        assert nocturne("pair", name, "--name", called, "--host", "127.0.0.1").returncode == 0
    os.kill(hub[0].pid, 1)      # SIGHUP: it reads its users again
    watching = Listener(ports[1883], [("#", 1)], "homeassistant", password_in(said))
    beds = [bed_of(tmp_path, name, ports[8883], inbox) for name in ("left", "right")]
    for config, bed in beds:
        assert config.home.page == "https://127.0.0.1:8480"
        bed.start()
    for name, called in (("left", b"Ada's side"), ("right", b"Ben's side")):
        assert soon(lambda name=name, called=called: watching.last(
            f"nocturne/{name}/state/name") == called), beds[0][1].trouble
        found = watching.last(f"homeassistant/device/{name}/nocturne/config")
        assert called in found and b'"cu": "https://127.0.0.1:8480"' in found
    for _, bed in beds:
        bed.stop()
    watching.close()


def test_the_doctor_names_what_is_wrong_and_is_content_with_what_is_well(
    hub, nocturne, tmp_path, inbox
):
    broker, ports, _ = hub
    nocturne("pair", "bed1", "--host", "127.0.0.1")
    os.kill(broker.pid, 1)
    said = nocturne("hub", "--doctor", "--broker", f"localhost:{ports[1883]}", "--page", "0")
    assert said.returncode == 1 and "ok   the broker lets the hub in" in said.stdout
    assert "NOT  bed1 isn't connected" in said.stdout
    _, bed = bed_of(tmp_path, "bed1", ports[8883], inbox)
    bed.start()
    assert soon(lambda: bed.connected)
    said = nocturne("hub", "--doctor", "--broker", f"localhost:{ports[1883]}", "--page", "0")
    assert "ok   bed1 is connected" in said.stdout
    bed.stop()
    broker.stop()
    said = nocturne("hub", "--doctor", "--broker", f"localhost:{ports[1883]}", "--page", "0")
    assert "NOT  the broker doesn't let the hub in" in said.stdout


def test_before_anything_is_set_up_the_doctor_says_how_to(nocturne):
    said = nocturne("hub", "--doctor")
    assert said.returncode == 1 and "sudo nocturne hub --setup" in said.stdout


def test_a_bed_that_is_rotated_gets_a_new_password_at_the_same_hosts(nocturne, tmp_path):
    nocturne("pair", "bed1", "--host", "hub.lan", "--host", "192.168.1.2")
    before = Config.parse((tmp_path / "bed1/home.toml").read_text()).home
    authority = (tmp_path / "etc/mosquitto/nocturne-ca.crt").read_bytes()
    assert nocturne("rotate", "bed1").returncode == 0
    after = Config.parse((tmp_path / "bed1/home.toml").read_text()).home
    assert after.password != before.password and after.host == before.host == "hub.lan"
    assert authority == (tmp_path / "etc/mosquitto/nocturne-ca.crt").read_bytes()
    said = nocturne("rotate", "nobody")
    assert said.returncode == 1 and "not paired here" in said.stderr


def test_a_bed_that_is_unpaired_comes_in_no_more(nocturne, tmp_path):
    for bed in ("bed1", "bed2"):
        nocturne("pair", bed, "--host", "127.0.0.1")
    nocturne("hub", "--caregiver", "nurse", "--bed", "bed1")
    said = nocturne("unpair", "bed1", "--broker", "localhost:9")
    assert said.returncode == 0 and "delete the device in Home Assistant" in said.stdout
    broker = tmp_path / "etc/mosquitto"
    assert pairing.known(broker) == ("hub", "homeassistant", "bed2", "nurse")
    assert "nocturne/bed1/" not in (broker / "nocturne.acl").read_text()
    assert pairing.beds(tmp_path / "hub") == ["bed2"]
    assert nocturne("unpair", "bed1").returncode == 1


def test_a_hub_that_is_refused_says_where_its_password_would_be_and_not_each_second(
    hub, tmp_path
):
    _, ports, _ = hub
    program = subprocess.Popen(
        [sys.executable, "-m", "device", "hub", "--broker", f"localhost:{ports[1883]}", "--page",
         "0", "--data", tmp_path / "other", "--etc", tmp_path / "nothing"], text=True,
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
    first = program.stdout.readline()
    program.terminate()
    program.wait(20)
    assert "refuses the hub" in first and "hub --setup" in first
