"""When the Wi-Fi's driver is loaded anew, and when not; asked of a real wpa_supplicant and a real
network of two ends."""

import os
import shutil
import signal
import subprocess
import sys
import time
import types
from itertools import pairwise
from pathlib import Path

import pytest

from image.board import radio
from image.board.radio import FAILED, LOOK, Look, Past

WELL = Look(0.0, joined=True, carries=True)
AWAY = Look(0.0, heard=3)           # others are heard, this network isn't there
HOURS = 3600.0


def restarts(*phases, past=None):
    """`phases`: (s, what is seen all that time). s of each time that the driver is loaded."""
    now, past, found = 0.0, past or Past(), []
    for lasts, seen in phases:
        for _ in range(round(lasts / LOOK)):
            past, sign = radio.judged(past, seen._replace(now=now))
            found += [now] if sign else []
            now += LOOK
    return found


@pytest.mark.parametrize(("hung", "within"), [
    (Look(0.0, joined=True, carries=False), 30),        # up, and carries nothing
    (Look(0.0, heard=FAILED), 30),
    (Look(0.0, there=False), 30),
    (Look(0.0, answering=False), 30),                   # a call into the driver doesn't return
    (Look(0.0, heard=0), 180),                          # deaf: no network in a place with several
])
def test_a_radio_that_hangs_is_restarted_once_and_soon(hung, within):
    first, = restarts((60, AWAY), (300, WELL), (within, hung), (HOURS, WELL))
    assert 360 < first <= 360 + within


@pytest.mark.parametrize("lasts", [120, 600, 10 * HOURS])
def test_an_access_point_that_is_away_restarts_nothing(lasts):
    assert restarts((60, AWAY), (300, WELL), (lasts, AWAY), (300, WELL)) == []


def test_the_only_access_point_for_miles_may_be_away_for_half_an_hour():
    alone = (20, Look(0.0, heard=1)), (300, WELL)
    assert restarts(*alone, (1500, Look(0.0, heard=0))) == []
    assert len(restarts(*alone, (2400, Look(0.0, heard=0)))) == 1


def test_dhcp_that_never_answers_restarts_nothing():
    joined = Look(0.0, joined=True, carries=None)
    assert restarts((HOURS, joined)) == []
    assert restarts((300, WELL), (10, AWAY), (HOURS, joined._replace(carries=False))) == []


def test_a_router_that_stays_silent_behind_its_access_point_costs_ever_fewer_restarts():
    silent = Look(0.0, joined=True, carries=False)
    times = restarts((300, WELL), (10 * HOURS, silent))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[0] >= 60 and gaps[-1] >= 3600 and gaps == sorted(gaps)
    assert len(times) <= 16


def test_a_radio_that_hangs_again_and_again_is_restarted_at_once_every_time():
    night = [(120, WELL), (25, Look(0.0, heard=FAILED)), (10, AWAY)] * 8
    assert len(restarts(*night)) == 8


def test_one_lost_answer_or_one_failed_scan_is_no_hang():
    lost, failed = WELL._replace(carries=False), Look(0.0, heard=FAILED)
    assert restarts((300, WELL), *[(LOOK, lost), (LOOK, WELL)] * 50) == []
    assert restarts((60, AWAY), *[(LOOK, failed), (LOOK, AWAY)] * 50) == []


def test_a_board_without_wifi_has_none_that_went():
    assert restarts((HOURS, Look(0.0, there=False))) == []


# ---- looking -------------------------------------------------------------------------------------

def test_the_routers_address_is_found_in_the_kernels_table():
    # As Linux prints 192.168.1.1 on a little-endian machine (net/ipv4/fib_trie.c).
    table = ("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
             "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t1024\t00000000\t0\t0\t0\n"
             "wlan0\t0001A8C0\t00000000\t0001\t0\t0\t1024\t00FFFFFF\t0\t0\t0\n"
             "eth0\t00000000\t0102A8C0\t0003\t0\t0\t1024\t00000000\t0\t0\t0\n")
    if sys.byteorder == "little":
        assert list(radio.gateways(table)) == [bytes([192, 168, 1, 1])]


def test_neighbours_are_those_that_answered_once():
    table = ("IP address       HW type     Flags       HW address            Mask     Device\n"
             "192.168.1.1      0x1         0x2         02:00:00:00:01:00     *        wlan0\n"
             "192.168.1.9      0x1         0x0         00:00:00:00:00:00     *        wlan0\n"
             "10.0.0.1         0x1         0x2         02:00:00:00:02:00     *        eth0\n")
    assert dict(radio.neighbours(table)) == {
        bytes([192, 168, 1, 1]): bytes.fromhex("020000000100")}


ENDS = """
ip link add wlan0 type veth peer name far
ip link set far netns {far}
ip netns exec {far} ip address add 10.77.0.1/24 dev far
ip netns exec {far} ip link set far up
ip address add 10.77.0.2/24 dev wlan0 && ip link set wlan0 up
ip route add default via 10.77.0.1
"""
ASK = f"""
import sys
sys.path.insert(0, {str(Path(radio.__file__).parents[2])!r})
from pathlib import Path
from image.board import radio
radio.ANSWER = 1.0
print(radio.carries(Path("/")))
"""


@pytest.fixture
def network():
    """Runs shell commands at one end of a cable whose other end is a router."""
    if shutil.which("ip") is None:
        pytest.skip("ip is missing: apt-get install iproute2")
    near, far = f"near{os.getpid()}", f"far{os.getpid()}"
    made = [subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode
            for name in (near, far)]
    if any(made):
        pytest.skip("needs root and network namespaces")

    def run(words):
        return subprocess.run(["ip", "netns", "exec", near, "sh", "-ec", words.format(far=far)],
                              capture_output=True, text=True, check=True).stdout.strip()

    try:
        run(ENDS)
        yield run
    finally:
        for name in (near, far):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)


def carries(network):
    return network(f"{sys.executable} -c '{ASK.replace(chr(39), chr(34))}'")


def test_a_router_that_is_there_answers_and_one_that_is_not_does_not(network):
    assert carries(network) == "True"
    network("ip netns exec {far} ip link set far arp off")
    assert carries(network) == "False"
    network("ip netns exec {far} ip link set far arp on")
    assert carries(network) == "True"
    network("ip netns exec {far} ip link set far down")
    assert carries(network) == "False"
    network("ip address flush dev wlan0")
    assert carries(network) == "None"


@pytest.fixture
def supplicant(tmp_path):
    """Debian's wpa_supplicant on the loopback, and who asks it."""
    if shutil.which("wpa_supplicant", path="/usr/sbin:/sbin:/usr/bin") is None or os.geteuid():
        pytest.skip("needs root and wpa_supplicant: apt-get install wpasupplicant")
    (tmp_path / "conf").write_text(f"ctrl_interface={tmp_path / 'control'}\n")
    process = subprocess.Popen(["/sbin/wpa_supplicant", "-Dwired", "-ilo", "-c", tmp_path / "conf"],
                               stdout=subprocess.DEVNULL)
    for _ in range(100):
        if (tmp_path / "control/lo").exists():
            break
        time.sleep(0.05)
    asking = radio.Supplicant(tmp_path / "control/lo", tmp_path / "mine")
    yield process, asking
    asking.close()
    process.kill()
    process.wait()


def test_wpa_supplicant_is_asked_how_things_stand(supplicant, tmp_path):
    _, asking = supplicant
    assert "wpa_state=" in asking.ask("STATUS") and asking.ask("PING") == "PONG\n"


def test_one_that_waits_for_its_driver_is_told_from_one_that_is_not_running(
        supplicant, tmp_path, monkeypatch):
    process, asking = supplicant
    monkeypatch.setattr(radio, "ANSWER", 0.2)
    wlan = tmp_path / "sys/class/net/wlan0"
    wlan.mkdir(parents=True)
    seen = radio.Radio(asking, tmp_path / "driver", tmp_path)
    assert seen.look(0.0).answering
    asking.close()
    process.send_signal(signal.SIGSTOP)
    assert not seen.look(5.0).answering
    process.send_signal(signal.SIGCONT)
    assert seen.look(10.0).answering
    process.kill()
    process.wait()
    assert seen.look(15.0) == Look(15.0)
    wlan.rmdir()
    assert not seen.look(20.0).there


class Scans:
    """A wpa_supplicant without a network; it answers as one does, by what it is told to hear."""

    def __init__(self):
        self.ended, self.hears = None, None

    def close(self):
        self.ended = None

    def ask(self, words):
        if words == "SCAN":
            self.ended = self.hears if self.hears in (None, FAILED) else 0
            return "OK\n"
        if words == "SCAN_RESULTS":
            return "bssid / frequency\n" + (self.hears or 0) * "02:00:00:00:01:00\t2412\n"
        return "wpa_state=SCANNING\n"


def test_scans_are_counted_and_one_that_does_not_end_has_failed(tmp_path):
    (tmp_path / "sys/class/net/wlan0").mkdir(parents=True)
    scans = Scans()
    seen = radio.Radio(scans, tmp_path / "driver", tmp_path)
    scans.hears = 2
    assert [seen.look(now).heard for now in (0.0, 5.0, 10.0, 15.0)] == [None, 2, 2, 2]
    scans.hears = None
    heard = [seen.look(now).heard for now in (20.0, 25.0, 30.0, 35.0, 40.0)]
    assert heard[0] == 2 and heard[-1] == FAILED
    scans.hears = FAILED
    assert [seen.look(now).heard for now in (45.0, 50.0)][-1] == FAILED
    scans.hears = 1
    assert [seen.look(now).heard for now in (55.0, 60.0, 65.0)][-1] == 1
    scans.hears = FAILED
    assert [seen.look(now).heard for now in (70.0, 75.0, 80.0)][-1] == FAILED
    seen.forget()                               # the driver was loaded anew
    scans.hears = None
    assert seen.look(85.0).heard is None


# ---- the one place that acts ---------------------------------------------------------------------

@pytest.fixture
def commands(monkeypatch, tmp_path):
    """What is called of the system's commands, by name and arguments."""
    (tmp_path / "bin").mkdir()
    for name in ("systemctl", "rmmod", "modprobe"):
        command = tmp_path / "bin" / name
        command.write_text(f'#!/bin/sh\necho {name} "$@" >> {tmp_path}/called\n')
        command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    return lambda: (tmp_path / "called").read_text().splitlines()


def test_the_driver_goes_with_what_builds_on_it_once_nobody_asks_it(commands, tmp_path):
    (tmp_path / "sys/module/brcmfmac/holders/brcmfmac_wcc").mkdir(parents=True)
    radio.restart("brcmfmac", tmp_path)
    assert commands() == [
        "systemctl stop wpa_supplicant@wlan0.service", "rmmod brcmfmac_wcc brcmfmac",
        "modprobe brcmfmac", "systemctl --no-block start wpa_supplicant@wlan0.service"]


def test_a_command_that_never_ends_is_left_behind(commands, tmp_path, capsys):
    (tmp_path / "bin/rmmod").write_text("#!/bin/sh\nexec sleep 3\n")
    radio.done(["rmmod", "brcmfmac"], seconds=0.1)
    assert "rmmod brcmfmac" in capsys.readouterr().out


@pytest.mark.parametrize(("left", "count"), [("3\n", 3), ("", 0), ("\0\0", 0)])
def test_a_count_that_was_cut_off_ends_no_watch(tmp_path, left, count):
    assert radio.counted(tmp_path / "restarts") == 0
    (tmp_path / "restarts").write_text(left)
    assert radio.counted(tmp_path / "restarts") == count


def test_the_driver_is_known_while_the_interface_is_gone(tmp_path):
    wlan = tmp_path / "sys/class/net/wlan0"
    (wlan / "device/driver").mkdir(parents=True)
    (tmp_path / "sys/module/brcmfmac").mkdir(parents=True)
    (wlan / "device/driver/module").symlink_to(tmp_path / "sys/module/brcmfmac")
    seen = radio.Radio(Scans(), tmp_path / "driver", tmp_path)
    seen.look(0.0)
    shutil.rmtree(wlan)
    assert not seen.look(5.0).there and seen.driver == "brcmfmac"


def test_a_watch_that_ended_while_the_driver_was_away_loads_it_all_the_same(
    commands, monkeypatch, tmp_path
):
    monkeypatch.setattr(radio, "HOME", tmp_path)
    monkeypatch.setattr(radio, "WLAN", "nocturne-none")
    (tmp_path / "driver").write_text("brcmfmac")
    now = iter(range(0, 1000, 5))
    monkeypatch.setattr(radio, "time", types.SimpleNamespace(
        monotonic=lambda: next(now), sleep=lambda s: next(now, 0) > 60 and sys.exit()))
    with pytest.raises(SystemExit):
        radio.main()
    assert "modprobe brcmfmac" in commands()
