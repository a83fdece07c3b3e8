"""What a person writes on the boot partition, and where its secrets go. The mount and the users are
left out."""

import shutil
import stat
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from image.board import data


@pytest.fixture
def settings(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(Path(data.__file__).parent))
    import settings as module
    monkeypatch.setattr(module, "writable", nullcontext)
    monkeypatch.setattr(module.shutil, "chown", lambda *_: None)
    monkeypatch.setattr(module, "DEFAULT",
                        Path(__file__).resolve().parents[2] / "systemd" / "nocturne.toml")
    yield module
    sys.modules.pop("settings"), sys.modules.pop("tryboot", None)


@pytest.fixture
def places(tmp_path):
    boot, kept = tmp_path / "boot", tmp_path / "kept"
    boot.mkdir()
    kept.mkdir()
    return boot, kept


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_hubs_password_moves_to_the_data_partition_and_stays_through_an_edit(settings, places):
    boot, kept = places
    (boot / "nocturne.toml").write_text('[home]\nhost = "hub"\npassword = "geheim"\n')
    assert settings.take_config(boot, kept) == []
    assert (
        mode(kept / "nocturne.toml") == 0o600 and "geheim" in (kept / "nocturne.toml").read_text()
    )
    assert "geheim" not in (boot / "nocturne.toml").read_text()
    (boot / "nocturne.toml").write_text((boot / "nocturne.toml").read_text().replace("hub", "hub2"))
    assert settings.take_config(boot, kept) == []
    assert (
        'host = "hub2"' in (kept / "nocturne.toml").read_text()
        and "geheim" in (kept / "nocturne.toml").read_text()
    )


def test_a_config_that_cannot_be_understood_leaves_the_last_good_one(settings, places):
    boot, kept = places
    (boot / "nocturne.toml").write_text("[night]\nfade = 20\n")
    settings.take_config(boot, kept)
    (boot / "nocturne.toml").write_text("[night]\nfaed = 20\n")
    (trouble,) = settings.take_config(boot, kept)
    assert "faed" in trouble and "did you mean" in trouble
    assert "fade = 20" in (kept / "nocturne.toml").read_text()
    settings.tell(boot, [trouble])
    assert "faed" in (boot / "TROUBLE.txt").read_text()


def test_the_wifi_password_is_kept_readable_by_its_user_only(settings, places):
    boot, kept = places
    (boot / "wifi.txt").write_text(
        'country = DE\r\nname = Haus "am" See\r\npassword = geheim geheim\r\n'
    )
    assert settings.take_wifi(boot, kept) == []
    written = kept / "wpa_supplicant-wlan0.conf"
    assert mode(written) == 0o600
    assert (
        bytes.fromhex(written.read_text().split("ssid=")[1].split()[0]).decode() == 'Haus "am" See'
    )
    assert (
        "geheim" not in (boot / "wifi.txt").read_text()
        and "(kept)" in (boot / "wifi.txt").read_text()
    )
    assert settings.take_wifi(boot, kept) == [] and written.exists()


@pytest.mark.parametrize("text, word", [("name = x\npassword = 12345678\n", "country"),
                                        ("country = DE\nname = x\npassword = short\n", "8 to 63")])
def test_wifi_settings_that_cannot_work_are_named(settings, places, text, word):
    boot, kept = places
    (boot / "wifi.txt").write_text(text)
    assert word in settings.take_wifi(boot, kept)[0]


def test_ssh_is_on_only_while_a_key_lies_there(settings, places):
    boot, kept = places
    theirs, mine = boot / "authorized_keys", kept / "authorized_keys"
    settings.take_file(theirs, mine, "root")
    assert not mine.exists()
    theirs.write_text("ssh-ed25519 AAAA me\n")
    settings.take_file(theirs, mine, "root")
    assert mode(mine) == 0o600
    theirs.unlink()
    settings.take_file(theirs, mine, "root")
    assert not mine.exists()


@pytest.mark.parametrize("home", [("", 1883), ("192.168.1.2", 8883), ("hub.local", 1883)])
def test_the_firewall_drops_what_it_does_not_name(settings, home):
    rules = settings.firewall(home)
    assert rules.count("policy drop") == 3
    hub = [line for line in rules.splitlines() if "skuid nocturne" in line]
    assert len(hub) == bool(home[0]) and all(str(home[1]) in line for line in hub)
    if shutil.which("nft") is None:
        pytest.skip("nft is missing: apt-get install nftables")
    for number, user in enumerate(("nocturne", "systemd-timesync"), 200):  # none of this machine
        rules = rules.replace(f"skuid {user}", f"skuid {number}")
    checked = subprocess.run(["nft", "--check", "--file", "-"], input=rules, text=True,
                             capture_output=True)
    if "Operation not" in checked.stderr:
        pytest.skip(f"nft can't check here: {checked.stderr.strip()}")
    assert checked.returncode == 0, checked.stderr


def test_what_is_wiped_is_zero(tmp_path):
    device = tmp_path / "device"
    device.write_bytes(b"personal" * 1_000_000)
    data.wipe(device, 8_000_000)
    assert device.read_bytes() == bytes(8_000_000)


@pytest.mark.parametrize("text, pins", [("[panel]\nbutton = 5\nled = 6\n", (5, 6)), ("", (17, 18)),
                                        ("torn [", (17, 18))])
def test_the_button_that_resets_is_the_configured_one(tmp_path, text, pins):
    config = tmp_path / "nocturne.toml"
    config.write_text(text)
    assert data.panel(config) == pins
