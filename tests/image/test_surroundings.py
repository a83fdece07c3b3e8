"""What the doctor finds around the chips, on a made-up board."""

import socket

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


def test_a_broker_that_does_not_answer_is_named_and_one_that_does_is_not():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert list(surroundings.broker("127.0.0.1", port)) == []
    ((about, finding, _),) = surroundings.broker("127.0.0.1", port)
    assert about == "broker" and str(port) in finding
    assert list(surroundings.broker("", 1883)) == []


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    assert list(surroundings.disk(tmp_path)) == []
    monkeypatch.setattr(surroundings, "SPARE", 1 << 60)
    ((about, _, _),) = surroundings.disk(tmp_path)
    assert about == "disk"
