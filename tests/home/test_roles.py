"""The supplied mosquitto.conf and ACL, in a real broker: who can read and write what."""

import shutil
import subprocess
import time
from dataclasses import replace

import pytest

from device.clock import SystemClock
from device.config import Config
from device.home.mqtt import Home
from device.home.settings import Settings
from kit import mosquitto, surroundings
from tests.home.around import USERS, Listener, soon

EVERYTHING = ("#", "nocturne/#", "nocturne/bed1/#", "homeassistant/#")
# topic → (who may write it, who may read it)
MATRIX = {
    "nocturne/bed1/avail": ({"bed1"}, {"homeassistant", "grandma", "nurse", "hub"}),
    "nocturne/bed1/state/sound": ({"bed1"}, {"homeassistant", "grandma", "nurse"}),
    "nocturne/bed1/detail/vitals": ({"bed1"}, {"homeassistant"}),      # of no caregiver
    "nocturne/bed1/event/night": ({"bed1"}, {"hub", "homeassistant"}),
    "nocturne/bed1/feedback/comfort_v1": ({"bed1"}, {"hub"}),
    "nocturne/bed1/cmd/sound": ({"homeassistant", "nurse"}, {"bed1"}),
    "nocturne/bed1/ack/x": ({"hub", "homeassistant"}, {"bed1"}),
    "nocturne/prior": ({"hub"}, {"bed1", "bed2", "hub", "homeassistant", "grandma", "nurse"}),
    "homeassistant/device/bed1/nocturne/config": ({"bed1", "homeassistant"}, {"homeassistant"}),
    "homeassistant/status": (
        {"homeassistant"},
        {"bed1", "bed2", "hub", "homeassistant", "grandma", "nurse"},
    ),
}


def test_every_role_reads_and_writes_what_is_its_own_and_nothing_else(supplied):
    clients = {
        user: Listener(supplied.port, [(topic, 1) for topic in EVERYTHING], user, user)
        for user in USERS
    }
    wrote, read = {}, {}
    for topic in MATRIX:
        for user, client in clients.items():
            client.client.publish(topic, f"by {user}", qos=1).wait_for_publish(5)
    time.sleep(0.5)
    for topic in MATRIX:
        heard = {
            user: {
                m.payload.decode().removeprefix("by ") for m in client.messages if m.topic == topic
            }
            for user, client in clients.items()
        }
        wrote[topic] = set().union(*heard.values())
        read[topic] = {user for user, writers in heard.items() if writers}
    for client in clients.values():
        client.close()
    assert wrote == {topic: writers for topic, (writers, _) in MATRIX.items()}
    assert read == {topic: readers for topic, (_, readers) in MATRIX.items()}


def test_without_a_password_nobody_comes_in(supplied, inbox):
    home = Home(
        Settings(
            host="127.0.0.1", port=supplied.port, bed="bed1", username="bed1", password="wrong"
        ),
        inbox,
        SystemClock(),
    )
    home.start()
    assert soon(lambda: "refuses us" in home.trouble) and not home.connected
    home.stop()


def test_a_bed_lives_within_the_supplied_acl(supplied, inbox):
    home = Home(
        Settings(host="127.0.0.1", port=supplied.port, bed="bed1", password="bed1"),
        inbox,
        SystemClock(),
    )
    home.start()
    nurse = Listener(supplied.port, [("nocturne/bed1/state/#", 1)], "nurse", "nurse")
    assistant = Listener(supplied.port, [("homeassistant/#", 1)], "homeassistant", "homeassistant")
    home.tell({"sound": True})
    assert soon(lambda: nurse.last("nocturne/bed1/state/sound") == b"ON")
    assert soon(lambda: assistant.last("homeassistant/device/bed1/nocturne/config"))
    nurse.send("nocturne/bed1/cmd/volume", b"20")
    assert inbox.get(timeout=5).value == 0.2
    home.stop()
    nurse.close()
    assistant.close()


def test_a_hub_of_before_that_forbids_the_details_is_told_of(supplied, inbox, tmp_path):
    rights = tmp_path / "acl"
    rights.write_text(rights.read_text().replace("pattern write nocturne/%u/detail/#\n", ""))
    supplied.stop()
    supplied.start()
    home = Home(Settings(host="127.0.0.1", port=supplied.port, bed="bed1", password="bed1",
                         detail=True), inbox, SystemClock())
    home.start()
    home.tell({"heart_rate": 57.0})
    assert soon(lambda: "nocturne hub --setup" in home.link.denied) and home.connected
    home.stop()


def at(port, **more):
    return replace(Config(), home=replace(Config().home, host="127.0.0.1", port=port, **more))


def test_what_the_hub_has_against_a_bed_is_named_with_the_remedy(supplied):
    ((_, finding, remedy),) = surroundings.hub(at(supplied.port, password="wrong"))
    assert "refuses us" in finding and "home.password" in remedy
    ((_, finding, remedy),) = surroundings.hub(at(supplied.port, ca="/nowhere/ca.crt"))
    assert "/nowhere/ca.crt is missing" in finding and "ca.crt" in remedy


@pytest.fixture
def certificates(tmp_path):
    """Two authorities, and a certificate for 127.0.0.1 by the first."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: TLS is not tested")

    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=tmp_path)
    for name in ("ours", "other"):
        openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            f"/CN={name}",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.crt",
        )
    openssl(
        "req",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=hub",
        "-keyout",
        "hub.key",
        "-out",
        "hub.csr",
    )
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1")
    openssl(
        "x509",
        "-req",
        "-in",
        "hub.csr",
        "-CA",
        "ours.crt",
        "-CAkey",
        "ours.key",
        "-CAcreateserial",
        "-days",
        "1",
        "-extfile",
        "names",
        "-out",
        "hub.crt",
    )
    return tmp_path


def test_with_a_pinned_authority_only_its_own_hub_is_trusted(certificates, inbox):
    if mosquitto.find() is None:
        pytest.skip("mosquitto is not installed: TLS is not tested")
    folder = certificates
    tls = f"cafile {folder}/ours.crt\ncertfile {folder}/hub.crt\nkeyfile {folder}/hub.key\n"
    broker = mosquitto.Mosquitto(folder / "broker", tls).start()
    try:
        homes = {
            name: Home(
                Settings(
                    host="127.0.0.1", port=broker.port, bed="bed1", ca=str(folder / f"{name}.crt")
                ),
                inbox,
                SystemClock(),
            )
            for name in ("ours", "other")
        }
        homes["other"].tell({"clock_synced": False})
        homes["ours"].start()
        assert soon(lambda: homes["ours"].connected), homes["ours"].trouble
        homes["other"].start()
        assert soon(lambda: "certificate is not trusted" in homes["other"].trouble)
        assert "clock is not set" in homes["other"].trouble and not homes["other"].connected
        for home in homes.values():
            home.stop()
    finally:
        broker.stop()
