"""Names and passwords as people have them, on their way from wifi.txt into wpa_supplicant: its own
parser reads what we write."""

import re
import shutil
import subprocess
import time
from contextlib import contextmanager

import pytest

from image.board import data
from image.scenario.wifi import NAMES, PASSWORDS


@pytest.fixture
def wifi(monkeypatch):
    import sys
    from pathlib import Path
    monkeypatch.syspath_prepend(str(Path(data.__file__).parent))
    import wifi as module
    yield module
    for name in ("written", "wifi"):
        sys.modules.pop(name, None)


@contextmanager
def supplicant(folder, conf):
    """Debian's wpa_supplicant with our file, on the loopback; how it is asked."""
    if shutil.which("wpa_supplicant", path="/usr/sbin:/sbin:/usr/bin") is None:
        pytest.skip("wpa_supplicant is missing: apt-get install wpasupplicant")
    file, control = folder / "conf", folder / "control"
    # What it read is seen in what it writes.
    file.write_text(re.sub("(?m)^ctrl_interface=.*$",
                           f"ctrl_interface={control}\nupdate_config=1", conf))
    process = subprocess.Popen(["/sbin/wpa_supplicant", "-Dwired", "-ilo", "-c", file],
                               stdout=subprocess.PIPE, text=True)

    def ask(*words):
        done = subprocess.run(["/sbin/wpa_cli", "-p", control, "-i", "lo", *words],
                              capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        for _ in range(100):
            if (control / "lo").exists():
                break
            if process.poll() is not None:
                said = process.stdout.read()
                if "Failed to initialize driver" in said or "Operation not permitted" in said:
                    pytest.skip(f"wpa_supplicant needs root here: {said.splitlines()[-1]}")
                pytest.fail(said)
            time.sleep(0.05)
        yield ask
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def as_read_back(folder, conf):
    """(name, SAE's password) as wpa_supplicant holds them."""
    with supplicant(folder, conf) as ask:
        assert ask("save_config") == "OK"
    saved = (folder / "conf").read_bytes()
    name = re.search(rb"(?m)^\tssid=(.*)$", saved)[1]
    name = name[1:-1] if name[:1] == b'"' else bytes.fromhex(name.decode())
    password = re.search(rb"(?m)^\tsae_password=(.*)$", saved)[1]
    password = password[1:-1] if password[:1] == b'"' else bytes.fromhex(password.decode())
    return name.decode(), password.decode()


def taken(wifi, words):
    found, strange = wifi.read(words)
    wanted, troubles = wifi.judged(found)
    assert troubles == [] and strange == []
    return wanted


@pytest.mark.parametrize("name", NAMES)
def test_wpa_supplicant_reads_every_name_as_it_was_written(wifi, tmp_path, name):
    wanted = taken(wifi, wifi.filled(wifi.Wifi("DE", name, "secret1234")))
    assert as_read_back(tmp_path, wifi.supplicant(wanted)) == (name, "secret1234")


@pytest.mark.parametrize("password", PASSWORDS)
def test_wpa_supplicant_reads_every_password_as_it_was_written(wifi, tmp_path, password):
    wanted = taken(wifi, wifi.filled(wifi.Wifi("DE", "Home", password)))
    assert as_read_back(tmp_path, wifi.supplicant(wanted)) == ("Home", password)


def test_wpa_supplicant_takes_the_ways_into_a_network_and_asks_for_a_hidden_one(wifi, tmp_path):
    with supplicant(tmp_path, wifi.supplicant(wifi.Wifi("DE", "x", "secret1234", True))) as ask:
        assert ask("get_network", "0", "key_mgmt") == "WPA-PSK WPA-PSK-SHA256 SAE"
        assert ask("get_network", "0", "ieee80211w") == ask("get_network", "0", "scan_ssid") == "1"
        assert (ask("get", "sae_pwe"), ask("get", "country")) == ("2", "DE")


@pytest.mark.parametrize(("password", "ways"), [
    (32 * "0F", "WPA-PSK WPA-PSK-SHA256"),      # the key itself, which WPA3 can't use
    ("none", "NONE"),
])
def test_wpa_supplicant_takes_a_key_and_an_open_network(wifi, tmp_path, password, ways):
    with supplicant(tmp_path, wifi.supplicant(wifi.Wifi("DE", "x", password))) as ask:
        assert ask("get_network", "0", "key_mgmt") == ways


@pytest.mark.parametrize(("name", "password", "key"), [
    # IEEE 802.11-2020, J.4.2
    ("IEEE", "password", "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"),
    ("ThisIsASSID", "ThisIsAPassword",
     "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af"),
    (32 * "Z", 32 * "a", "becb93866bb8c3832cb777c2f559807c8c59afcb6eae734885001300a981cc62"),
])
def test_the_key_is_the_standards(wifi, name, password, key):
    assert f"\tpsk={key}\n" in wifi.supplicant(wifi.Wifi("DE", name, password))


@pytest.mark.parametrize("name", NAMES)
def test_the_file_left_on_the_drive_holds_the_same_name_at_every_start(wifi, name):
    left = wifi.card(wifi.Wifi("DE", name, "secret1234"))
    for _ in range(2):
        wanted = taken(wifi, left)
        assert (wanted.name, wanted.password) == (name, wifi.KEPT)
        assert wifi.card(wanted) == left
        left = wifi.card(wanted)


@pytest.mark.parametrize("password", [*PASSWORDS, 32 * "0f"])
def test_the_password_kept_in_the_file_of_wpa_supplicant_is_found_again(wifi, password):
    conf = wifi.supplicant(wifi.Wifi("DE", "Home", password))
    assert wifi.kept_password(conf) == password


def test_the_password_in_the_file_of_an_older_system_is_found_too(wifi):
    assert wifi.kept_password('network={\n\tssid=486f\n\tpsk="ge"heim "\n}\n') == 'ge"heim '
