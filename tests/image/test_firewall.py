"""At each start a firewall: what it lets in and out, and who answers to names by multicast."""

import shutil
import subprocess
from pathlib import Path

import pytest

from device.config import Config
from image.board import data
from tests.image.drive import SECRET, WIFI

DEEP, DIGITS = b"[" * 1500 + b"]" * 1500, b"9" * 3999


STARTS = {      # what lies on the drive, and on the data partition
    "nothing odd": ({}, {}),
    "what an older system took": ({"nocturne.toml": b"[sound]\ncalibration = 30\n"},
                                  {"nocturne.toml": b"[sound]\ncalibration = 30\n"}),
    "half a host": ({"nocturne.toml": b'[home]\nhost = "192.168.1.256"\n'}, {}),
    "both torn": ({"nocturne.toml": b"[night]\nfaed = 1\n"}, {"nocturne.toml": b"[home\n"}),
    "kept settings of zeros": ({"nocturne.toml": b"[night]\nfaed = 1\n"},
                               {"nocturne.toml": bytes(200)}),
    "half a character in each kept file": ({}, {name: b"a\xff" for name in (
        "nocturne.toml", "wpa_supplicant-wlan0.conf", "wifi-key", "home-password")}),
    "a notice saved as ANSI": ({"TROUBLE.txt": "gelöst".encode("cp1252")}, {}),
    "a notice saved as UTF-16": ({"TROUBLE.txt": "x".encode("utf-16")}, {}),
    "Imager's zone and rich text": ({"user-data": b"timezone: Europe/Berlin\n",
                                     "nocturne.toml": rb"{\rtf1 x}"}, {}),
    "Imager's Wi-Fi and rich text": ({
        "network-config": f'access-points:\n  "Home":\n    password: "{SECRET}"\n'.encode(),
        "wifi.txt": rb"{\rtf1 x}"}, {}),
    "brackets in brackets": ({name: b"a = " + DEEP for name in (
        "nocturne.toml", "home.toml", "custom.toml")}, {}),
    "more digits than a number has": ({name: b"[home]\nport = " + DIGITS + b"9" * 800
                                       for name in ("nocturne.toml", "home.toml")}, {}),
    "half a home.toml": ({"home.toml": b"\xff\xfea"}, {}),
    "folders where files should be": ({"wifi.txt/x": b"", "ca.crt/x": b"", "TROUBLE.txt/x": b""},
                                      {"wifi-key/x": b""}),
}


@pytest.mark.parametrize("odd", STARTS)
def test_every_start_ends_with_a_firewall(settings, tmp_path, monkeypatch, odd):
    boot, kept, loaded = tmp_path / "boot", tmp_path / "data/config", []
    monkeypatch.setattr(settings, "BOOT", boot)
    monkeypatch.setattr(settings, "DATA", tmp_path / "data")
    monkeypatch.setattr(settings.subprocess, "run", lambda *_, input, **__: loaded.append(input))
    plain = {"nocturne.toml": b"", "wifi.txt": WIFI.encode()}
    for folder, files in zip((boot, kept), STARTS[odd], strict=True):
        folder.mkdir(parents=True)
        for name, text in ({**plain, **files} if folder == boot else files).items():
            if f"{name}/x" not in files:
                (folder / name).parent.mkdir(exist_ok=True)
                (folder / name).write_bytes(text)
    for start in (1, 2):
        assert settings.main() == 0 and len(loaded) == start
        assert loaded[-1].count("policy drop") == 3 and "skuid nocturne" not in loaded[-1]
    Config.load(kept / "nocturne.toml")
    assert b"gEheim" not in b"".join(file.read_bytes() for file in boot.iterdir() if file.is_file())


def test_a_firewall_that_a_host_spoils_is_loaded_without_it(settings, places, monkeypatch):
    _, kept = places
    (kept / "nocturne.toml").write_text('[home]\nhost = "192.168.1.2"\n')
    loaded = []

    def nft(*_, input, **__):
        if "192.168.1.2" in input:
            raise subprocess.CalledProcessError(1, "nft")
        loaded.append(input)
    monkeypatch.setattr(settings.subprocess, "run", nft)
    assert settings.load_firewall(kept / "nocturne.toml")[0].startswith("home.host: ")
    assert len(loaded) == 1 and loaded[0].count("policy drop") == 3


@pytest.mark.parametrize("home", [("", 1883), ("192.168.1.2", 8883), ("hub.local", 1883),
                                  ("auto", 8883), ("fd00::2", 8883)])
def test_the_firewall_drops_what_it_does_not_name(settings, home):
    rules = settings.firewall(home)
    assert rules.count("policy drop") == 3
    hub = [line for line in rules.splitlines() if "skuid nocturne" in line]
    hub = [line for line in hub if "5353" not in line]
    assert len(hub) == bool(home[0]) and all(str(home[1]) in line for line in hub)
    if shutil.which("nft") is None:
        pytest.skip("nft is missing: apt-get install nftables")
    users = "nocturne", "systemd-timesync", "systemd-resolve"       # none of this machine
    for number, user in enumerate(users, 200):
        rules = rules.replace(f"skuid {user}", f"skuid {number}")
    checked = subprocess.run(["nft", "--check", "--file", "-"], input=rules, text=True,
                             capture_output=True)
    if "Operation not" in checked.stderr:
        pytest.skip(f"nft can't check here: {checked.stderr.strip()}")
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(("host", "asks"), [
    ("", ()), ("192.168.1.2", ()), ("hub.local", ("systemd-resolve",)),
    ("auto", ("nocturne", "systemd-resolve"))])
def test_questions_by_multicast_are_let_out_only_where_the_hubs_name_needs_them(
    settings, host, asks
):
    rules = settings.firewall((host, 8883)).splitlines()
    out = [line for line in rules if "224.0.0.251" in line or "ff02::fb" in line]
    assert {line.split("skuid ")[1].split()[0] for line in out} == set(asks)
    assert all("dport 5353 accept" in line for line in out)
    assert ("udp sport 5353 accept" in "".join(rules)) is bool(asks)


def test_the_device_answers_to_its_name_only_while_ssh_is_on(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "DATA", tmp_path)
    assert "udp dport 5353 accept\n" not in settings.firewall(("", 0)).split("chain forward")[0]
    (tmp_path / "ssh").mkdir()
    (tmp_path / "ssh/authorized_keys").write_text("ssh-ed25519 AAAA me\n")
    came_in, _, went_out = settings.firewall(("", 0)).partition("chain forward")
    assert "tcp dport 22 accept" in came_in and "udp dport 5353 accept" in came_in
    assert went_out.count("skuid systemd-resolve") == 2


@pytest.mark.parametrize(("host", "named", "word"), [
    ("hub.local", False, "resolve"), ("auto", False, "resolve"), ("", True, "yes"),
    ("hub.local", True, "yes"), ("", False, ""), ("192.168.1.2", False, ""), ("hub", False, "")])
def test_resolved_and_networkd_are_told_to_ask_or_answer_and_told_off(
        settings, tmp_path, host, named, word):
    settings.names_by_multicast(host, named, tmp_path)
    files = list(tmp_path.rglob("*.conf"))
    assert len(files) == (2 if word else 0)
    assert all(f"MulticastDNS={word}\n" in file.read_text() for file in files)
    etc = Path(data.__file__).parents[1] / "root/etc/systemd"
    others = [other.name for other in (etc / "resolved.conf.d").iterdir()]
    assert all(file.name > max(others) for file in files)       # the last one by name holds
    units = etc / "network"
    assert all((units / file.parent.name.removesuffix(".d")).exists()
               for file in files if file.parent.parent.name == "network")
    settings.names_by_multicast("", False, tmp_path)
    assert not list(tmp_path.rglob("*.conf"))


def test_without_a_word_for_it_no_port_is_open_for_names_by_multicast():
    etc = Path(data.__file__).parents[1] / "root/etc/systemd"
    for file in ("network/20-home.network", "resolved.conf.d/nocturne.conf"):
        assert "MulticastDNS=no\n" in (etc / file).read_text()
    assert "After=nocturne-setup.service\n" in (
        etc / "system/systemd-resolved.service.d/board.conf").read_text()
