"""What a person writes into the settings on the boot partition, and where its secrets go."""

import shutil
from pathlib import Path

import pytest

from device.config import Config
from image.board import data
from tests.image.drive import PLAIN, SECRET, WIFI, joins_with, left_on, mode, no_password


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


CONFIGS = {
    "plain": PLAIN.encode(),
    "CRLF": PLAIN.replace("\n", "\r\n").encode(),
    "old Mac lines": PLAIN.replace("\n", "\r").encode(),
    "UTF-8 with BOM": PLAIN.encode("utf-8-sig"),
    "UTF-16": PLAIN.replace("\n", "\r\n").encode("utf-16"),
    "UTF-16 big endian": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "UTF-16 without BOM": PLAIN.encode("utf-16-le"),
    "Windows ANSI": PLAIN.encode("cp1252"),
    "tabs": PLAIN.replace(" = ", "\t=\t").encode(),
    "no spaces": PLAIN.replace(" = ", "=").encode(),
    "curly quotes": PLAIN.replace('= "', "= “").replace('"\n', "”\n").encode(),
    "German quotes": PLAIN.replace('= "', "= „").replace('"\n', "“\n").encode(),
    "single quotes": PLAIN.replace('"', "'").encode(),
    "no quotes": PLAIN.replace('"', "").encode(),
    "a colon": PLAIN.replace(" = ", ": ").encode(),
    "a dotted key": f'home.host = "hub"\nhome.password = "{SECRET}"\n'.encode(),
    "an inline table": f'home = {{host = "hub", password = "{SECRET}"}}\n'.encode(),
    "a quoted key": f'["home"]\n"host" = "hub"\n"password" = "{SECRET}"\n'.encode(),
    "three quotes": f'[home]\nhost = "hub"\npassword = """{SECRET}"""\n'.encode(),
    "escapes": f'[home]\nhost = "hub"\npassword = "{SECRET.replace("ü", chr(92) + "u00fc")}"\n'
    .encode(),
    "a commented copy": (PLAIN + f'# password = "{SECRET}"\n').encode(),
}


NAMED = {      # what can't be taken, and a word of what is said about it
    "rich text": ("wifi.txt", rb"{\rtf1 " + WIFI.encode() + b"}", "plain text"),
    "no country": ("wifi.txt", WIFI.replace("country = DE", "").encode(), "two letters"),
    "bare words": ("wifi.txt", f"Home Net\n{SECRET}\n".encode(), "line 1"),
    "a word before each": ("wifi.txt", f"name Home Net\npassword {SECRET}\n".encode(), "line 1"),
    "columns": ("wifi.txt", f"country;name;password\nDE;Home Net;{SECRET}\n".encode(), "line 2"),
    "an address": ("wifi.txt", f"wifi://Home Net:{SECRET}@DE\n".encode(), "name"),
    "an open quote": ("wifi.txt", f'country = DE\nname = "Home Net\npassword = {SECRET}\n'.encode(),
                      "line 2"),
    "an old Mac's letters": ("wifi.txt", WIFI.replace("Home", "Höme").encode("mac_roman"), "UTF-8"),
    "a console's letters": ("wifi.txt", WIFI.encode("cp850"), "UTF-8"),
    "UTF-32": ("wifi.txt", WIFI.encode("utf-32"), "anew"),
    "many lines": ("wifi.txt", ("what is this\n" * 20 + SECRET).encode(), "line 4 and more"),
    "prose": ("wifi.txt", f"my wifi is Home Net and the pass is {SECRET}".encode(), "line 1"),
    "no closing quote": ("nocturne.toml", f'[home]\npassword = "{SECRET}\n[night\n'.encode(),
                         "line 3"),
    "an unknown key": ("nocturne.toml", (PLAIN + "[night]\nfaed = 20\n").encode(), "line 5"),
    "a password elsewhere": ("nocturne.toml", f'[wifi]\npassword = "{SECRET}"\n'.encode(),
                             "unknown key"),
    "no such zone": ("nocturne.toml", (PLAIN + "[clock]\nzone = \"Berlin\"\n").encode(),
                     "line 5"),
    **{f"[home] {line}": ("nocturne.toml", f'[home]\nhost = "hub"\n{line}\n'.encode(), "line 3")
       for line in (f'pasword = "{SECRET}"', f'key = "{SECRET}"', f"secret = '{SECRET}'",
                    f'PWORD = "{SECRET}"', f'zome = "{SECRET}"', f'username = "bed:{SECRET}"',
                    f'hub_key = "{SECRET}"')},
    "a key of the Wi-Fi": ("nocturne.toml", f'[wifi]\nkey = "{SECRET}"\n'.encode(), "line 1"),
    "three quotes, and a mistake": ("nocturne.toml", (
        f'[home]\npassword = """\n{SECRET}"""\n[night]\nfaed = 3\n').encode(), "line 5"),
    "a value on the next line": ("nocturne.toml", f'[home]\npassword =\n"{SECRET}"\n'.encode(),
                                 "line"),
    "an address with all in it": ("nocturne.toml", (
        f'[home]\nhost = "mqtt://bed:{SECRET}@hub"\n').encode(), "line 2"),
    "a table in a line": ("nocturne.toml", f'home = {{pasword = "{SECRET}"}}\n'.encode(),
                          "home.pasword"),
    "a number": ("nocturne.toml", b"[home]\npassword = 12345678\n", "home.password: must be text"),
    "a torn home.toml": ("home.toml", f'[home\npassword = "{SECRET}"\n'.encode(), "once more"),
}


@pytest.mark.parametrize("how", CONFIGS)
def test_settings_are_read_however_they_were_saved_and_leave_no_password(settings, places, how):
    boot, kept = places
    (boot / "nocturne.toml").write_bytes(CONFIGS[how])
    for _ in range(2):                          # the second start reads what the first one left
        assert settings.take_config(boot, kept) == []
        config = Config.load(kept / "nocturne.toml").home
        assert (config.host, config.password) == ("hub", SECRET) and no_password(boot)


@pytest.mark.parametrize("how", NAMED)
def test_what_cannot_be_taken_is_named_and_leaves_no_password(settings, places, how):
    name, data, word = NAMED[how]
    boot, kept = places
    (boot / "nocturne.toml").write_text('[home]\nhost = "hub"\n')
    (boot / name).write_bytes(data)
    troubles = [*settings.take_config(boot, kept), *settings.take_wifi(boot, kept)]
    settings.tell(boot, troubles)
    notice = (boot / "TROUBLE.txt").read_text()
    assert notice.startswith(name) and word in notice and no_password(boot)
    assert b"12345678" not in left_on(boot)
    assert mode(kept / "nocturne.toml") == 0o600


def test_a_password_of_a_file_with_a_mistake_counts_once_that_is_mended(settings, places):
    boot, kept = places
    (boot / "nocturne.toml").write_text(PLAIN + "[night]\nfaed = 20\n")
    assert settings.take_config(boot, kept)
    theirs = (boot / "nocturne.toml").read_text().replace("faed", "fade")
    (boot / "nocturne.toml").write_text(theirs)
    assert settings.take_config(boot, kept) == []
    assert Config.load(kept / "nocturne.toml").home.password == SECRET
    (boot / "wifi.txt").write_text(WIFI.replace("DE", "Atlantis"))
    assert "two letters" in settings.take_wifi(boot, kept)[0]
    (boot / "wifi.txt").write_text((boot / "wifi.txt").read_text().replace("Atlantis", "AT"))
    assert settings.take_wifi(boot, kept) == []
    assert joins_with(SECRET, (kept / "wpa_supplicant-wlan0.conf").read_text())


def test_the_hubs_home_toml_beside_the_settings_goes_into_them(settings, places):
    boot, kept = places
    (boot / "nocturne.toml").write_text('[night]\nfade = 20\n\n[home]\nhost = ""  # none\n')
    (boot / "home.toml").write_text(
        f'[home]\nhost = "hub.local"\nport = 8883\npassword = "{SECRET}"\n'
        'ca = "/etc/nocturne-ca.crt"\n[clock]\nzone = "Europe/Berlin"\n')
    assert settings.take_config(boot, kept) == []
    config = Config.load(kept / "nocturne.toml")
    assert (config.home.host, config.home.port, config.home.password) == ("hub.local", 8883, SECRET)
    assert (config.night.fade, config.clock.zone) == (20.0, "Europe/Berlin")
    assert no_password(boot) and not (boot / "home.toml").exists()
    assert 'host = "hub.local"' in (boot / "nocturne.toml").read_text()


def test_files_that_windows_named_twice_are_found_and_copies_of_them_go(settings, places):
    boot, kept = places
    (boot / "wifi.txt.txt").write_text(WIFI)
    (boot / "wifi.txt~").write_text(WIFI)
    settings.named_wrongly(boot)
    assert settings.take_wifi(boot, kept) == [] and no_password(boot)
    assert [file.name for file in boot.iterdir()] == ["wifi.txt"]


@pytest.mark.parametrize("name", ["authorized_keys", "hostname.txt", "ca.crt"])
def test_every_file_that_windows_named_twice_is_found(settings, places, name):
    boot, _ = places
    (boot / f"{name}.txt").write_text(f"{KEY}\n")
    settings.named_wrongly(boot)
    assert {file.name: file.read_text() for file in boot.iterdir()} == {name: f"{KEY}\n"}


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ8g5Q4TmYJ0pQxJ5yqK1dMZ3s9kFh1tHqX1b2c3d4e ada"
STRAYS = ("nocturne.toml.save", "home (1).toml", "home - Copy.toml", "home.txt", "bedside.toml",
          "wifi (1).txt", "Copy of wifi.txt", ".wifi.txt.swo", "wlan.txt", "wifi", "old/wifi.txt",
          ".Trashes/501/wifi.txt", ".Trash-1000/files/a/wifi.txt")


@pytest.mark.parametrize("name", STRAYS)
@pytest.mark.parametrize("form", ["password = {}", "WLAN-Schlüssel (WPA2): {}", '"psk": "{}",',
                                  'password = """{}"""', r"{{\rtf1 password = {}}}",
                                  "WIFI:S:Home Net;T:WPA;P:{};;", "<keyMaterial>{}</keyMaterial>",
                                  "<key>Password</key>\n<string>{}</string>", "パスワード：{}"])
def test_a_copy_under_another_name_leaves_the_drive_and_that_is_said(settings, places, name, form):
    boot, kept = places
    (boot / name).parent.mkdir(parents=True, exist_ok=True)
    (boot / name).write_bytes(form.format(SECRET).encode("utf-16" if "psk" in form else "utf-8"))
    assert settings.take_strays(boot, kept)[0].startswith(f"{name}: a password was in it")
    assert no_password(boot) and not (boot / name).exists()
    assert b"gEheim" in (kept / f"{Path(name).name}.unread").read_bytes().replace(b"\0", b"")
    assert settings.take_strays(boot, kept) == []


def test_what_holds_no_password_stays(settings, places):
    boot, kept = places
    here = Path(data.__file__).parents[1]
    for path in [*(here / "card").glob("*.txt"), settings.DEFAULT]:
        shutil.copy(path, boot / f"a copy of {path.name}")
    (boot / "fixup.dat").write_bytes(b"key = x\0")
    (boot / "picture").write_bytes(b"key = x\0\1\2\3")
    (boot / "b").mkdir()
    (boot / "b/cmdline.txt").write_text("root=/dev/x keyboard=de\n")
    (boot / "nocturne.toml").write_text("[sound]\nhighpass = 90.0\n[home]\nhub_key = \"\"\n")
    before = {path: path.read_bytes() for path in boot.rglob("*") if path.is_file()}
    assert settings.take_strays(boot, kept) == settings.take_config(boot, kept) == []
    assert {path: path.read_bytes() for path in boot.rglob("*") if path.is_file()} == before


def test_what_pairing_made_is_found_in_its_folder(settings, places):
    boot, kept = places
    (boot / "nocturne.toml").write_text('[home]\nhost = ""\n')
    (boot / "ca.crt").write_text("of the hub before")
    (boot / "bedside").mkdir()
    (boot / "bedside/home.toml").write_text(f'[home]\nhost = "hub"\npassword = "{SECRET}"\n')
    (boot / "bedside/ca.crt").write_text("of this hub")
    settings.found_elsewhere(boot)
    assert settings.take_config(boot, kept) == [] and no_password(boot)
    assert Config.load(kept / "nocturne.toml").home.password == SECRET
    assert (boot / "ca.crt").read_text() == "of this hub"


def test_a_mistake_costs_no_other_line_and_no_explanation(settings, places):
    boot, kept = places
    words = settings.DEFAULT.read_text().replace("timer = 45.0", "timr = 45.0")
    (boot / "nocturne.toml").write_text(words)
    assert "did you mean night.timer" in settings.take_config(boot, kept)[0]
    left = (boot / "nocturne.toml").read_text().splitlines()
    assert {line for line in words.splitlines() if line not in left} == {
        line for line in words.splitlines() if "timr" in line}
    assert len(left) == len(words.splitlines())


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_needs_no_change_is_not_written_again(settings, places, monkeypatch, end):
    boot, kept = places
    (boot / "nocturne.toml").write_bytes(PLAIN.replace("\n", end).encode())
    (boot / "wifi.txt").write_bytes(WIFI.replace("\n", end).encode())
    assert settings.take_config(boot, kept) == settings.take_wifi(boot, kept) == []
    monkeypatch.setattr(settings, "put", lambda path, _: pytest.fail(f"{path} is written again"))
    assert settings.take_config(boot, kept) == settings.take_wifi(boot, kept) == []


def test_a_time_without_its_nought_is_one(settings, places):
    boot, kept = places
    (boot / "nocturne.toml").write_text("[alarm]\ntime = 7:00\nsunday = off\n")
    assert settings.take_config(boot, kept) == []
    assert Config.load(kept / "nocturne.toml").alarm.time == "7:00"


def test_ssh_is_on_only_while_a_key_lies_there(settings, places):
    boot, kept = places
    theirs, mine = boot / "authorized_keys", kept / "authorized_keys"
    settings.take_file(theirs, mine, "root")
    assert not mine.exists()
    theirs.write_text(f"# mine\nno-pty {KEY}\n")
    settings.take_file(theirs, mine, "root")
    assert mode(mine) == 0o600
    theirs.unlink()
    settings.take_file(theirs, mine, "root")
    assert not mine.exists()


CERTIFICATE = f"ssh-ed25519-cert-v01@openssh.com {KEY.split()[1]}"


@pytest.mark.parametrize("words", ["of mine", "", KEY[:16], CERTIFICATE])
def test_ssh_stays_off_without_a_key_and_that_is_said(settings, places, words):
    boot, kept = places
    (boot / "authorized_keys").write_text(f"{words}\n")
    said = settings.take_file(boot / "authorized_keys", kept / "authorized_keys", "root")
    assert "no key is in it" in said[0] and not (kept / "authorized_keys").exists()


@pytest.mark.parametrize("name", ["authorized_keys", "ca.crt", "id_ed25519", "old/hub.pem"])
def test_a_private_key_leaves_the_drive_and_that_is_said(settings, places, monkeypatch, name):
    boot, kept = places
    monkeypatch.setattr(settings, "DATA", kept.parent)
    (kept.parent / "config").mkdir()
    (boot / name).parent.mkdir(exist_ok=True)
    (boot / name).write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n")
    said = (settings.take_strays(boot, kept) if name not in settings.OURS
            else settings.take_file(boot / name, kept / name, "root"))
    assert "a private key was in it" in said[0] and not (boot / name).exists()
    assert not (kept / name).exists()


@pytest.mark.parametrize("change", ["none", "another firmware", "other settings", "a torn note"])
def test_settings_that_were_found_good_are_not_asked_about_at_each_start(
        settings, places, monkeypatch, tmp_path, change):
    boot, kept = places
    questions, really = [], settings.asked
    monkeypatch.setattr(settings, "DATA", tmp_path / "data")
    monkeypatch.setattr(settings, "VERSION", tmp_path / "version")
    monkeypatch.setattr(settings, "asked", lambda text: questions.append(text) or really(text))
    (tmp_path / "data/config").mkdir(parents=True)
    (boot / "nocturne.toml").write_text('[alarm]\ntime = "06:30"\n')
    settings.take_config(boot, kept)
    settings.take_config(boot, kept)
    questions.clear()
    if change == "another firmware":
        (tmp_path / "version").write_text("0.9")
    if change == "other settings":
        (boot / "nocturne.toml").write_text('[alarm]\ntime = "25:99"\n')
    if change == "a torn note":
        (tmp_path / "data/config/passed").write_bytes(b"\xff\x00")
    troubles = settings.take_config(boot, kept)
    assert bool(questions) == (change != "none")
    assert bool(troubles) == (change == "other settings")
    assert mode(tmp_path / "data/config/passed") == 0o600


def test_of_settings_that_an_older_system_took_only_what_is_refused_goes(settings, places):
    boot, kept = places
    older = ('[sound]\ncalibration = 30\n[alarm]\ntime = "06:30"\n[home]\nhost = "hub"\n'
             'port = 8883\npassword = "x"\nlater = 3\n')
    for folder in (boot, kept):
        (folder / "nocturne.toml").write_text(older)
    assert "sound.calibration" in settings.take_config(boot, kept)[0]
    config = Config.load(kept / "nocturne.toml")
    assert (config.alarm.time, config.home.host, config.home.port) == ("06:30", "hub", 8883)
    assert config.sound.calibration == 0.0
