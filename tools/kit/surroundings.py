"""What `tools/doctor` finds beside the bus: sound, clock, network, broker, disk, temperature,
power.

Each check reads a few files below `root` ("/" on a board) and yields (about, finding, remedy) for
what is wrong.
"""

import contextlib
import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

from device.assembly.build import home_settings
from device.clock import SystemClock
from device.config import Config
from device.home.connection import HANDSHAKE, Link
from device.home.settings import topic
from device.parts import nothing

HOT = 80.0                  # °C, from which the firmware slows the processor down
SPARE = 50 << 20            # bytes
# bits of the firmware's get_throttled
UNDER_VOLTAGE, THROTTLED, WAS_UNDER_VOLTAGE = 1 << 0, 1 << 2, 1 << 16
SENSORS_PINS, I2S_PINS = (2, 3), (18, 19, 20, 21)       # BCM numbers
NOWHERE = ("hdmi", "loopback", "dummy")     # cards that no speaker is on
Trouble = tuple[str, str, str]


def troubles(config: Config, root: Path = Path("/")) -> Iterator[Trouble]:
    yield from pins(config, root)
    yield from sound(root, config.sound.device)
    yield from clock(root)
    yield from zone(config, root)
    yield from network(root)
    yield from hub(config)
    yield from disk(root / Path(config.diary.path).parent.relative_to("/"))
    yield from temperature(root)
    yield from power(root)


def pins(config: Config, root: Path) -> Iterator[Trouble]:
    """By what else is on them."""
    wanted = {"panel.button": config.panel.button, "panel.led": config.panel.led}
    if config.panel.button == config.panel.led:
        yield ("pins", f"button and light share GPIO {config.panel.led}",
               "give each its own: panel.button, panel.led")
    amplifier = any(root.glob("proc/device-tree/**/nocturne-codec")) or any(
        root.glob("proc/device-tree/nocturne-codec"))
    taken = {number: "the sensors' bus" for number in SENSORS_PINS}
    taken |= {number: "the amplifier" for number in I2S_PINS} if amplifier else {}
    for key, number in wanted.items():
        if number in taken:
            free = 23 if key == "panel.led" else 17
            name = key.partition(".")[2]
            yield ("pins", f"{key} = {number} is {taken[number]}'s",
                   f"wire it to GPIO {free}, say, and write {name} = {free} under [panel]")


def sound(root: Path, wanted: str = "") -> Iterator[Trouble]:
    cards = root / "proc/asound/cards"
    names = cards.read_text() if cards.exists() else ""
    real = [line for line in names.splitlines() if " [" in line
            and not any(word in line.lower() for word in NOWHERE)]
    if names and "no soundcards" not in names and not real:
        yield ("sound", "the only sound card ends at the screen's plug: a speaker on nothing",
               "plug a USB card in, or put dtoverlay=nocturne-dac into settings.txt")
    elif wanted and wanted.lower() not in names.lower():
        listed = "; ".join(each.strip() for each in real)
        yield ("sound", f"there is no card called {wanted!r}",
               f"write into sound.device a part of one of: {listed}")
    if not cards.exists() or "no soundcards" in cards.read_text():
        yield (
            "sound",
            "there is no sound card",
            "plug one in, or put dtoverlay=nocturne-dac into settings.txt",
        )


def clock(root: Path) -> Iterator[Trouble]:
    if not SystemClock(root).synced():
        yield ("clock", "it hasn't been set since power on: alarms ring by elapsed time",
               "is there a network, and does it let NTP through (UDP 123)?")


def zone(config: Config, root: Path) -> Iterator[Trouble]:
    if not config.clock.zone and not (root / "etc/localtime").exists():
        yield ("clock", "nobody has told the time zone, so that no time of day can be set",
               'write zone = "Europe/Berlin" (yours) under [clock] into nocturne.toml')


def network(root: Path) -> Iterator[Trouble]:
    states = {
        path.parent.name: path.read_text().strip()
        for path in sorted(root.glob("sys/class/net/*/operstate"))
    }
    states.pop("lo", None)
    if not states:
        yield (
            "network",
            "there is no network device",
            "some Zero 2 W need firmware files: image/build --firmware",
        )
    elif "up" not in states.values():
        yield (
            "network",
            f"{', '.join(states)} has no connection",
            "look into wifi.txt: name, password, country",
        )


def hub(config: Config, patience: float = HANDSHAKE) -> Iterator[Trouble]:
    """As the bed itself comes in: name, certificate, password, rights; in its own words."""
    settings = home_settings(config)
    if not settings.host:
        return
    clock = SystemClock()
    link = Link(settings, clock, (topic(settings.bed, "cmd", "#"),), nothing, nothing, nothing,
                random.Random())
    until = clock.now() + patience
    while not (link.connected or link.trouble) and clock.now() < until:
        link.turn(0.2)
    heard = clock.now() + 1.0
    while link.connected and not link.denied and clock.now() < heard:
        link.turn(0.2)              # what it may read comes a little later
    trouble = link.denied or link.trouble
    link.cut()
    if trouble:
        what, _, remedy = trouble.partition("; ")
        yield ("hub", what, remedy or "on the hub: nocturne hub --doctor")


def disk(folder: Path) -> Iterator[Trouble]:
    if not os.access(folder, os.W_OK):
        yield (
            "disk",
            f"{folder} can't be written to",
            "run this as nocturne or root; if so already, change the card",
        )
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(folder).free
        if free < SPARE:
            yield "disk", f"only {free >> 20} MiB are free for the diary", "lower diary.retention"


def temperature(root: Path) -> Iterator[Trouble]:
    for zone in sorted(root.glob("sys/class/thermal/thermal_zone*/temp")):
        with contextlib.suppress(OSError, ValueError):
            celsius = int(zone.read_text()) / 1000
            if celsius >= HOT:
                yield (
                    "temperature",
                    f"the processor has {celsius:.0f} °C",
                    "more air; don't cover the box",
                )


def power(root: Path) -> Iterator[Trouble]:
    """By the firmware's own word where the kernel passes it on, else by its driver's alarm."""
    flags = 0
    for file in root.glob("sys/devices/platform/soc/soc:firmware/get_throttled"):
        flags |= int(file.read_text(), 16)
    for name in root.glob("sys/class/hwmon/hwmon*/name"):
        alarm = name.with_name("in0_lcrit_alarm")
        if (
            name.read_text().strip() == "rpi_volt"
            and alarm.exists()
            and alarm.read_text().strip() == "1"
        ):
            flags |= WAS_UNDER_VOLTAGE
    if flags & (UNDER_VOLTAGE | WAS_UNDER_VOLTAGE):
        yield "power", "the supply sagged", "a 5 V 2.5 A supply and a short, thick cable"
    if flags & THROTTLED:
        yield "power", "the firmware has slowed the processor down", "more air, or a better supply"
