"""`nocturne hub --setup`: a hub on a fresh Debian, all of it; `--doctor`: what of it doesn't work,
and the remedy."""

import contextlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import paho.mqtt.client as paho

from device.errors import ConfigError
from device.home.hub.pairing import USERS, beds, known, passwords, prepare
from device.home.settings import ROOT, topic

UNIT = "nocturne-hub.service"
# Beside `device/` in a clone; inside it once installed from a wheel.
UNITS = next((place for place in (Path(__file__).parents[2] / "systemd",
                                  Path(__file__).parents[3] / "systemd") if place.is_dir()),
             Path(__file__).parent)
SYSTEMD = Path("/run/systemd/system")       # is there while systemd runs
NEEDED = ("mosquitto", "mosquitto_passwd", "openssl")
PACKAGES = ("mosquitto", "openssl")
PID = Path("/run/mosquitto/mosquitto.pid")  # as Debian's own config has it written
PATIENCE = 3.0                              # s for the broker's answers
SOON = 30 * 86_400                          # s: a certificate that ends within these is told of


def set_up(hosts: Sequence[str], etc: Path, data: Path, say: Callable[[str], object]) -> None:
    """As root. Raises ConfigError in words, OSError."""
    program = installed()
    if foreign := listeners(etc / "mosquitto"):
        raise ConfigError(beside(foreign, etc / "mosquitto"))
    if missing := [name for name in NEEDED if not which(name)]:
        say(f"{', '.join(missing)} is missing here: apt-get install {' '.join(PACKAGES)}")
        command("apt-get", "install", "--yes", *PACKAGES)
    made = prepare(hosts, etc, data)
    for user, password in made.items():
        say(f"Password of {user} at the broker, shown this once: {password}")
    unit = (UNITS / UNIT).read_text(encoding="utf-8")
    place = etc / "systemd/system" / UNIT
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(unit.replace("/usr/bin/env nocturne", str(program)), encoding="utf-8")
    if SYSTEMD.is_dir() and etc == Path("/etc"):
        command("systemctl", "daemon-reload")
        command("systemctl", "restart", "mosquitto")
        command("systemctl", "enable", "--now", UNIT)
        command("systemctl", "restart", UNIT)
        say(f"The hub runs. The page is at https://{hosts[0]}:8480; nocturne hub --doctor looks "
            "whether all is well.")
    else:
        say("There is no systemd here, so start by hand:\n"
            "    install -d -o mosquitto /run/mosquitto && "
            f"mosquitto -d -c {etc}/mosquitto/mosquitto.conf\n"
            f"    {program} hub --data {data} --certificate {etc}/mosquitto/nocturne-hub.crt "
            f"--certificate-key {etc}/mosquitto/nocturne-hub.key &")
    say(f"Next, for each bed: {program} pair BED")


def installed() -> Path:
    """The program that the service shall start. Raises ConfigError where it may not read it."""
    program = Path(sys.argv[0]).resolve()
    if program.name != "nocturne":
        program = Path(sys.executable).with_name("nocturne")
    if program.parts[1] in ("root", "home"):
        raise ConfigError(
            f"{program} lies in a person's folder, which a service may not read; install it for "
            "all: python3 -m venv /opt/nocturne && /opt/nocturne/bin/pip install THE SAME, then "
            "/opt/nocturne/bin/nocturne hub --setup")
    return program


def listeners(broker: Path) -> list[Path]:
    """Configs of somebody else's by which this broker listens or knows its users already."""
    files = [broker / "mosquitto.conf", *sorted((broker / "conf.d").glob("*.conf"))]
    words = ("listener ", "port ", "password_file ", "acl_file ", "allow_anonymous ",
             "per_listener_settings ")
    return [file for file in files
            if file.exists() and not file.name.startswith("nocturne")
            and any(line.startswith(words) for line in file.read_text("utf-8").splitlines())]


def beside(foreign: Sequence[Path], broker: Path) -> str:
    """What to do where a broker has rules already: they are its owner's to change."""
    return (
        f"the broker here has rules of its own, in {', '.join(map(str, foreign))}; nothing was "
        "changed. Either move its listeners, users and rights out of there, so that Nocturne's "
        "hold, and run this again. Or keep it, and add by hand: the lines of "
        f"{Path(__file__).with_name('acl')} to its acl_file; a user `hub` and a user for each bed, "
        "called as the bed is (mosquitto_passwd FILE NAME); in each bed's nocturne.toml home.host, "
        "home.port, home.bed and home.password; then nocturne hub --broker HOST:PORT "
        f"--password-file FILE. {ADDON}")


ADDON = (
    "With Home Assistant's add-on the users can't be made by us: under Settings, Add-ons, "
    "Mosquitto broker, Configuration, Logins add `hub` and each bed's id with a password, and "
    "`acl_file: /share/mosquitto/nocturne.acl` by its customize folder"
)


def forget(bed: str, broker: Path, port: int, restart: Callable[[], object]) -> bool:
    """Take a bed's retained words from the broker, so that Home Assistant forgets it; whether that
    went. Only the bed itself may: it is let in once more, under a password that nobody keeps."""
    from device.home.discovery import config_topic, time_topics
    from device.home.fields import FIELDS, plane
    password = passwords(broker, (bed,))[bed]
    restart()
    client = connected(port, bed, password)
    if client is None:
        return False
    where = [config_topic(bed), *time_topics(bed).values(), topic(bed, "avail"),
             *(topic(bed, plane(field), field) for field in FIELDS)]
    for name in where:
        client.publish(name, b"", qos=1, retain=True).wait_for_publish(PATIENCE)
    client.disconnect()
    client.loop_stop()
    return True


def reload() -> None:
    """Have the broker read its users and rights again."""
    if SYSTEMD.is_dir():
        command("systemctl", "reload", "mosquitto")
    else:
        with contextlib.suppress(OSError, ValueError):
            os.kill(int(PID.read_text()), signal.SIGHUP)
    time.sleep(1.0)


def connected(port: int, user: str, password: str) -> paho.Client | None:
    """A client at this machine's broker, or None where it isn't let in."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.username_pw_set(user, password)
    client.user_data_set([])
    client.on_message = lambda _, heard, message: heard.append(message)
    try:
        client.connect("127.0.0.1", port)
    except OSError:
        return None
    client.loop_start()
    until = time.monotonic() + PATIENCE
    while not client.is_connected() and time.monotonic() < until:
        time.sleep(0.02)
    if client.is_connected():
        return client
    client.loop_stop()
    return None


# ---- the doctor ----------------------------------------------------------------------------------

def examine(etc: Path, data: Path, port: int, page: int) -> Iterator[tuple[bool, str]]:
    """Each part: whether it works, and what it is or what helps."""
    broker = etc / "mosquitto"
    for name in NEEDED:
        yield bool(which(name)), f"{name}" if which(name) else f"{name} is missing: apt install " \
            "mosquitto openssl"
    users = known(broker)
    set_before = all(user in users for user in USERS) and (broker / "nocturne.acl").exists()
    yield set_before, ("users and rights of the broker are there" if set_before else
                       "nothing is set up here: sudo nocturne hub --setup")
    if not set_before:
        return
    supplied = Path(__file__).with_name("acl").read_text("utf-8").splitlines()
    mine = (broker / "nocturne.acl").read_text("utf-8").splitlines()
    lacking = [line for line in supplied if line and not line.startswith("#") and line not in mine]
    yield not lacking, ("the broker's rights are of this version" if not lacking else
                        f"the broker's rights lack {lacking[0]!r}: sudo nocturne hub --setup")
    yield certificate(broker / "nocturne-hub.crt")
    for number, name in ((port, "the broker"), (8883, "the broker, by TLS"), (page, "the page")):
        works = answers(number)
        yield works, (f"{name} answers at port {number}" if works else
                      f"{name} doesn't answer at port {number}: systemctl status mosquitto "
                      f"{UNIT}; journalctl -u {UNIT}")
    password = etc / "nocturne-hub.password"
    client = connected(port, "hub", password.read_text().strip()) if password.exists() else None
    yield client is not None, (
        "the broker lets the hub in" if client else
        "the broker doesn't let the hub in: restart it, or sudo nocturne hub --setup")
    if client is not None:
        yield from those_there(client, beds(data))


def certificate(file: Path) -> tuple[bool, str]:
    said = subprocess.run(["openssl", "x509", "-in", file, "-noout", "-checkend", str(SOON)],
                          capture_output=True, text=True)
    return said.returncode == 0, (
        "the broker's certificate is valid" if said.returncode == 0 else
        f"{file}: missing, or ends within a month: remove {file.with_name('nocturne-ca.crt')}, "
        "sudo nocturne hub --setup, and pair the beds again")


def those_there(client: paho.Client, paired: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """The beds, by what the broker has of them; the hub itself may read no state."""
    client.subscribe(f"{ROOT}/+/avail", 1)
    time.sleep(1.0)
    client.loop_stop()
    heard = {message.topic.split("/")[1]: message.payload for message in client.user_data_get()}
    client.disconnect()
    for bed in paired:
        here = heard.get(bed) == b"online"
        yield here, (f"{bed} is connected" if here else
                     f"{bed} isn't connected: is it on, and has it the home.toml of its last "
                     "pairing? What it says stands in its diary and journal")
    if not paired:
        yield False, "no bed is paired: sudo nocturne pair BED"


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 2):
            return True
    except (OSError, ssl.SSLError):
        return False


def which(name: str) -> str | None:
    """Debian's mosquitto lies where only root looks."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


def command(*words: str) -> None:
    """Raises ConfigError with its own words."""
    ran = subprocess.run(words, capture_output=True, text=True)
    if ran.returncode:
        raise ConfigError(f"{' '.join(words)}: {ran.stderr.strip()[-300:]}")
