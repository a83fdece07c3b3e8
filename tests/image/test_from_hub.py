"""An update from the hub: what is fetched, remembered, told and installed, from a real HTTPS server
on the loopback. How it is fetched: test_fetch.py."""

import subprocess
import sys
from pathlib import Path

import pytest

from image.board import data, fetch
from tests.image.https import Hub, bundle, certify, judge, root

NEW = bundle(root(1, 100), "0.1.0.8")


@pytest.fixture
def update(monkeypatch, tmp_path):
    """image/board/update.py on a card in tmp_path; RAUC's part is played by `judge`."""
    monkeypatch.syspath_prepend(str(Path(data.__file__).parent))
    monkeypatch.setitem(sys.modules, "fetch", fetch)
    monkeypatch.setattr(fetch, "TRIES", 0)
    import update as module
    for name, path in (("FETCHED", "data/update.raucb"), ("SEEN", "data/rauc/fetched"),
                       ("UNWANTED", "run/unwanted"), ("WAITING", "run/version"),
                       ("ASKED", "run/install"), ("CONFIG", "nocturne.toml"), ("BOOT", "boot"),
                       ("VERSION", "version"), ("COMMAND_LINE", "cmdline")):
        monkeypatch.setattr(module, name, tmp_path / path)
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    module.BOOT.mkdir()
    module.VERSION.write_text("0.1.0.7\n")
    module.COMMAND_LINE.write_text("quiet rauc.slot=A\n")
    (tmp_path / "slot").write_bytes(root(99, 100))
    monkeypatch.setattr(module, "DEVICES", {"A": str(tmp_path / "slot")})
    monkeypatch.setattr(module, "manifest", judge)
    yield module
    for name in ("update", "tryboot", "good", "newer"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return certify(tmp_path_factory.mktemp("keys") / "hub")


@pytest.fixture
def hub(keys, update, monkeypatch):
    hub = Hub(*keys)
    hub.data = NEW
    monkeypatch.setattr(update, "PORT", hub.port)
    trust(update, hub.certificate)
    yield hub
    hub.close()


def trust(update, certificate) -> None:
    update.CONFIG.write_text(f'[home]\nhost = "localhost"\nca = "{certificate}"\n')


def power_off(update) -> None:
    """What is in /run is gone."""
    for file in update.UNWANTED.parent.iterdir():
        file.unlink()


# ---- fetched


def test_a_bundle_is_fetched_once_and_told(update, hub):
    assert update.main() == 0
    assert update.FETCHED.read_bytes() == NEW and update.WAITING.read_text() == "0.1.0.8\n"
    hub.sent = 0
    assert update.main() == 0 and hub.sent == 0             # not changed since


def test_what_was_cut_is_not_remembered_and_tried_again_soon(update, hub, capsys):
    hub.cut = 300_000
    assert update.main() == update.AGAIN == 75
    assert "not fetched yet" in capsys.readouterr().err.replace("isn't", "not")
    assert not update.FETCHED.exists() and not update.SEEN.exists()
    assert not update.WAITING.exists()
    hub.cut = None
    assert update.main() == 0 and update.FETCHED.read_bytes() == NEW


def test_what_earlier_firmware_remembered_of_a_cut_file_counts_for_nothing(update, hub):
    update.SEEN.with_name("seen").write_text('"one"')
    assert update.main() == 0 and update.FETCHED.read_bytes() == NEW


def test_the_service_starts_again_what_was_cut():
    unit = (Path(data.__file__).parents[1]
            / "root/usr/lib/systemd/system/nocturne-update.service").read_text()
    assert {"Restart=on-failure", "RestartPreventExitStatus=1", "RestartSec=15min"} <= set(
        unit.splitlines())


def test_a_hub_with_another_certificate_is_not_believed(update, hub, tmp_path, capsys):
    trust(update, certify(tmp_path / "stranger")[1])
    assert update.main() == 0
    assert not update.FETCHED.exists() and "CERTIFICATE_VERIFY_FAILED" in capsys.readouterr().err


@pytest.mark.parametrize("ca", ["", "/nowhere"])
def test_without_a_hubs_authority_nothing_is_asked(update, hub, ca):
    trust(update, ca)
    assert update.main() == 0 and hub.asked == []


def test_a_config_that_cannot_be_read_asks_no_hub_and_is_said(update, hub, capsys):
    update.CONFIG.write_text("[home\n")
    assert update.main() == 0 and hub.asked == [] and "no hub" in capsys.readouterr().err


def test_a_redirect_is_said_and_not_followed(update, hub, capsys):
    def lead(handler):
        handler.say(301, b"", Location="http://localhost/nocturne.raucb")
        return True

    hub.odd = lead
    assert update.main() == 0
    assert "leads elsewhere, to 'http://localhost/" in capsys.readouterr().err
    hub.odd = lambda handler: False
    assert update.main() == 0 and update.FETCHED.exists()   # and tried again


@pytest.mark.parametrize("left", [b"", bytes(36), b"\xff\xfe\x80", b'"a"\n'])
def test_what_a_card_has_spoiled_of_its_memory_counts_for_nothing(update, hub, left):
    update.SEEN.write_bytes(left)
    assert update.main() == 0 and update.FETCHED.read_bytes() == NEW


def test_what_runs_already_is_not_fetched(update, hub, capsys):
    hub.data = bundle(root(1, 100), "0.1.0.7")
    assert update.main() == 0
    assert not update.FETCHED.exists() and "runs already" in capsys.readouterr().err
    assert hub.sent < len(hub.data) // 2


def test_without_ranges_what_is_refused_is_fetched_again_only_after_a_start(update, hub):
    hub.data, hub.ranges = bundle(root(1, 100), key=b"a stranger's"), False
    for _ in range(3):
        assert update.main() == 0
    assert 0 < hub.sent <= len(hub.data) and not update.FETCHED.exists()
    power_off(update)
    update.main()
    assert hub.sent == 2 * len(hub.data)
    hub.data, hub.etag = NEW, '"two"'
    assert update.main() == 0 and update.FETCHED.read_bytes() == NEW


def test_a_full_card_keeps_nothing_of_it(update, hub, monkeypatch, capsys):
    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetch, "settle", full)
    assert update.main() == 0 and "No space" in capsys.readouterr().err
    assert [path.name for path in update.FETCHED.parent.iterdir()] == ["rauc"]


def test_a_newer_one_takes_the_place_of_one_that_waits(update, hub):
    assert update.main() == 0
    hub.data, hub.etag = bundle(root(2, 100), "0.1.0.9"), '"two"'
    assert update.main() == 0 and update.WAITING.read_text() == "0.1.0.9\n"
    assert update.FETCHED.read_bytes() == hub.data


def test_while_a_newer_one_is_half_there_none_is_said_to_wait(update, hub):
    assert update.main() == 0
    hub.data, hub.etag, hub.cut = bundle(root(2, 100), "0.1.0.9"), '"two"', hub.sent + 300_000
    assert update.main() == update.AGAIN and not update.WAITING.exists()
    hub.cut = None
    assert update.main() == 0 and update.WAITING.read_text() == "0.1.0.9\n"


def test_one_that_may_not_be_installed_leaves_the_one_that_waits(update, hub):
    assert update.main() == 0
    hub.data, hub.etag = bundle(root(2, 100), "0.1.0.9", key=b"a stranger's"), '"two"'
    assert update.main() == 0
    assert update.FETCHED.read_bytes() == NEW and update.WAITING.read_text() == "0.1.0.8\n"


def test_a_waiting_bundle_that_the_card_has_spoiled_is_fetched_again(update, hub):
    assert update.main() == 0
    update.FETCHED.write_bytes(NEW[:-1] + b"\0")
    hub.odd = lambda handler: handler.say(304) or True
    assert update.main() == 1 and not update.FETCHED.exists() and not update.WAITING.exists()
    hub.odd = lambda handler: False
    assert update.main() == 0 and update.FETCHED.read_bytes() == NEW


# ---- installed


@pytest.fixture
def rauc(update, monkeypatch):
    """What RAUC was asked, and what it and systemd answer."""
    said = {"rauc": (0, "installed\n"), "systemctl": (0, "")}
    asked = []

    def run(words, **_):
        asked.append(words)
        return subprocess.CompletedProcess(words, *said[words[0]])

    class Slots:
        def primary(self):
            return "B"

        def lasting(self):
            return "A"

        def begin(self, slot):
            asked.append(["begin", slot])

    monkeypatch.setattr(update.subprocess, "run", run)
    monkeypatch.setattr(update, "Backend", Slots)
    return asked, said


def test_what_was_asked_for_is_installed_without_looking_for_another(update, hub, rauc):
    asked, _ = rauc
    update.main()
    update.ASKED.touch()
    hub.asked.clear()
    assert update.main() == 0 and hub.asked == []
    assert asked[-3:] == [["rauc", "install", str(update.FETCHED)], ["begin", "B"],
                          ["systemctl", "reboot", "--reboot-argument=0 tryboot"]]
    assert not update.FETCHED.exists() and not update.ASKED.exists()


def test_one_that_was_installed_is_not_fetched_again_be_it_kept_or_not(update, hub, rauc):
    update.main()
    update.ASKED.touch()
    update.main()
    power_off(update)
    hub.sent = 0
    assert update.main() == 0 and hub.sent == 0 and not update.FETCHED.exists()


def test_one_that_could_not_be_installed_is_fetched_again(update, hub, rauc, capsys):
    _, said = rauc
    update.main()
    said["rauc"] = (1, "installing\nLastError: Input/output error\n")
    update.ASKED.touch()
    assert update.main() == 1 and not update.FETCHED.exists()
    assert "isn't installed: LastError: Input/output error" in capsys.readouterr().err
    assert update.main() == 0 and update.FETCHED.read_bytes() == NEW


def test_asking_for_what_is_not_there_asks_for_nothing_later(update, hub):
    hub.cut = 0
    update.ASKED.touch()
    update.main()
    assert not update.ASKED.exists()


def test_the_hubs_bundle_waits_until_it_is_asked_for_or_until_the_noon_after_a_day(update):
    update.FETCHED.write_bytes(NEW)
    fetched = update.FETCHED.stat().st_mtime
    # one noon from hour 21 on
    hours = [hour for hour in range(45) if update.due(fetched + 3600 * hour)]
    assert len(hours) == 1 and hours[0] > 20
    assert update.time.localtime(fetched + 3600 * hours[0]).tm_hour == 12
    update.ASKED.touch()
    assert update.due(fetched)


def test_one_that_came_while_the_clock_was_ahead_is_not_waited_for(update):
    update.FETCHED.write_bytes(NEW)
    years = update.FETCHED.stat().st_mtime - 3 * 365 * 24 * 3600
    hours = [hour for hour in range(24) if update.due(years + 3600 * hour)]
    assert [update.time.localtime(years + 3600 * hour).tm_hour for hour in hours] == [12]


def test_what_a_mac_lays_beside_a_bundle_on_the_drive_is_none(update, monkeypatch):
    for name in ("._nocturne.raucb", "nocturne.raucb"):
        (update.BOOT / name).write_bytes(NEW)
    monkeypatch.setattr(update, "installed", lambda bundle: bundle.name)
    assert update.main() == "nocturne.raucb"


def test_why_rauc_did_not_install_it_is_said_in_our_words_where_we_know(update, monkeypatch):
    said = "installing\nfailed: compatible mismatch\n"
    update.FETCHED.write_bytes(NEW)
    assert update.reason(update.FETCHED, said) == "failed: compatible mismatch"
    update.FETCHED.write_bytes(NEW[:-1])
    assert "signature" in update.reason(update.FETCHED, said)
