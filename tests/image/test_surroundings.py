"""What the doctor finds around the chips, on a made-up board."""

from dataclasses import replace

import pytest

from device.config import Config, Panel
from kit import surroundings


def board(root, **files):
    for path, text in {
        "proc/asound/cards": " 0 [Device]: USB-Audio",
        "run/systemd/timesync/synchronized": "",
        "sys/class/net/lo/operstate": "unknown",
        "sys/class/net/wlan0/operstate": "up",
        "sys/class/thermal/thermal_zone0/temp": "48312\n",
        **files,
    }.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def found(root):
    checks = (
        surroundings.sound,
        surroundings.clock,
        surroundings.network,
        surroundings.temperature,
        surroundings.power,
    )
    return {about: finding for check in checks for about, finding, _ in check(root)}


def test_a_healthy_board_gives_no_finding(tmp_path):
    assert found(board(tmp_path)) == {}


def test_what_is_wrong_is_named(tmp_path):
    wrong = board(
        tmp_path,
        **{
            "proc/asound/cards": "--- no soundcards ---",
            "sys/class/net/wlan0/operstate": "down",
            "sys/class/thermal/thermal_zone0/temp": "83100",
            "sys/devices/platform/soc/soc:firmware/get_throttled": "50005",
        },
    )
    (wrong / "run/systemd/timesync/synchronized").unlink()
    assert set(found(wrong)) == {"sound", "clock", "network", "temperature", "power"}


def test_a_sagging_supply_shows_by_the_kernels_alarm_too(tmp_path):
    root = board(tmp_path, **{"sys/class/hwmon/hwmon1/name": "rpi_volt\n",
                              "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"})
    assert found(root) == {"power": "the supply sagged"}


def at(port, **more):
    home = replace(Config().home, host="127.0.0.1", port=port, **more)
    return replace(Config(), home=home)


def test_a_hub_that_does_not_answer_is_named_and_one_that_does_is_not(broker):
    assert list(surroundings.hub(at(broker.port))) == [] == list(surroundings.hub(Config()))
    broker.stop()
    ((about, finding, _),) = surroundings.hub(at(broker.port))
    assert about == "hub" and str(broker.port) in finding


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    assert list(surroundings.disk(tmp_path)) == []
    monkeypatch.setattr(surroundings, "SPARE", 1 << 60)
    ((about, _, _),) = surroundings.disk(tmp_path)
    assert about == "disk"


@pytest.mark.parametrize(("panel", "amplifier", "words"), [
    (Panel(), False, []), (Panel(), True, ["panel.led = 18 is the amplifier's"]),
    (Panel(led=23), True, []), (Panel(button=2, led=3), False, ["panel.button = 2 is the sens"]),
    (Panel(button=17, led=17), False, ["share GPIO 17"]),
])
def test_pins_that_something_else_needs_are_named(tmp_path, panel, amplifier, words):
    root = board(tmp_path, **({"proc/device-tree/nocturne-codec/name": "x"} if amplifier else {}))
    said = [finding for _, finding, _ in surroundings.pins(Config(panel=panel), root)]
    assert all(any(word in each for each in said) for word in words)
    assert bool(said) is bool(words)


def test_a_speaker_on_nothing_and_a_card_of_another_name_are_named(tmp_path):
    hdmi = board(tmp_path, **{"proc/asound/cards": " 0 [vc4hdmi ]: vc4-hdmi - vc4-hdmi\n"})
    assert "a speaker on nothing" in next(surroundings.sound(hdmi))[1]
    usb = board(tmp_path, **{"proc/asound/cards": " 0 [Device ]: USB-Audio - USB Audio\n"})
    assert list(surroundings.sound(usb, "usb")) == []
    assert "there is no card called 'HiFi'" in next(surroundings.sound(usb, "HiFi"))[1]
