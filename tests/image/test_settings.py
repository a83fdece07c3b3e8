"""What a person writes on the boot partition, and where its secrets go. The mount and the users are
left out."""

import shutil
import stat
import subprocess
import sys
import unicodedata
from contextlib import nullcontext
from pathlib import Path

import pytest

from device.config import Config
from image.board import data


@pytest.fixture
def settings(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(Path(data.__file__).parent))
    import settings as module
    monkeypatch.setattr(module, "writable", nullcontext)
    monkeypatch.setattr(module, "PYTHON", str(Path(__file__).resolve().parents[2]))
    monkeypatch.setattr(module.shutil, "chown", lambda *_: None)
    monkeypatch.setattr(module, "DEFAULT",
                        Path(__file__).resolve().parents[2] / "systemd" / "nocturne.toml")
    yield module
    for name in ("settings", "tryboot", "written", "wifi", "imager"):
        sys.modules.pop(name, None)


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


def joins_with(password: str, conf: str) -> bool:
    return f"\tsae_password={password.encode().hex()}\n" in conf


SECRET = "gEheim 7ü!#=1"
PLAIN = f'[home]\nhost = "hub"\npassword = "{SECRET}"\n'
WIFI = f"country = DE\nname = Home Net\npassword = {SECRET}\n"
# As `netsh wlan export profile key=clear` writes it.
PROFILE = f"""<?xml version="1.0"?>
<WLANProfile xmlns="http://www.microsoft.com/networking/WLAN/profile/v1">
	<name>Home Net</name>
	<SSIDConfig>
		<SSID>
			<hex>486F6D65204E6574</hex>
			<name>Home Net</name>
		</SSID>
	</SSIDConfig>
	<MSM>
		<security>
			<authEncryption>
				<authentication>WPA2PSK</authentication>
			</authEncryption>
			<sharedKey>
				<keyType>passPhrase</keyType>
				<protected>false</protected>
				<keyMaterial>{SECRET}</keyMaterial>
			</sharedKey>
		</security>
	</MSM>
</WLANProfile>
"""
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
WIFIS = {
    "plain": WIFI.encode(),
    "CRLF": WIFI.replace("\n", "\r\n").encode(),
    "UTF-8 with BOM, name first": ("name = Home Net\ncountry = DE\n"
                                   f"password = {SECRET}\n").encode("utf-8-sig"),
    "UTF-16": WIFI.encode("utf-16"),
    "UTF-16 without BOM": WIFI.encode("utf-16-le"),
    "Windows ANSI": WIFI.encode("cp1252"),
    "quotes": f'country = "DE"\nname = "Home Net"\npassword = "{SECRET}"\n'.encode(),
    "single quotes": f"country='DE'\nname='Home Net'\npassword='{SECRET}'\n".encode(),
    "curly quotes": f"country = DE\nname = “Home Net”\npassword = “{SECRET}”\n".encode(),
    "ssid and psk": f"country=DE\nssid=Home Net\npsk={SECRET}\n".encode(),
    "capitals": f"Country = de\nName = Home Net\nPassword = {SECRET}\n".encode(),
    "all capitals": f"COUNTRY = DE\nSSID = Home Net\nPASSWORD = {SECRET}\n".encode(),
    "colons": f"Country: Germany\nSSID: Home Net\nPassphrase: {SECRET}\n".encode(),
    "German": f"Land = Deutschland\nWLAN-Name = Home Net\nKennwort = {SECRET}\n".encode(),
    "tabs": f"country\t=\tDE\nname\t=\tHome Net\npassword\t=\t{SECRET}\n".encode(),
    "no-break spaces": WIFI.replace(" = ", "\u00a0=\u00a0").encode(),
    "a pasted block": ("ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=netdev\n"
                       "update_config=1\ncountry=DE\n\nnetwork={\n\tssid=\"Home Net\"\n"
                       f"\tpsk=\"{SECRET}\"\n\tkey_mgmt=WPA-PSK\n}}\n").encode(),
    "NetworkManager's": (f"country=DE\n[wifi]\nmode=infrastructure\nssid=Home Net\n"
                         f"[wifi-security]\nkey-mgmt=wpa-psk\npsk={SECRET}\n").encode(),
    "a hidden network": (WIFI + "hidden = yes\n").encode(),
    **{word: f"country = DE\nname = Home Net\n{word} {SECRET}\n".encode() for word in (
        "passwd =", "pw =", "Netzwerkschlüssel =", "WLAN-Netzwerkschlüssel (WPA2):", "Wi-Fi key =",
        "Network security key:", "contraseña =", "mot de passe =", "password：", "wachtwoord =")},
    "one line": f"country=DE, ssid=Home Net, password={SECRET}\n".encode(),
    "one line without commas": f"ssid=Home Net country=DE password={SECRET}\n".encode(),
    "a block of one line": ("country=DE\n"
                            f'network={{ssid="Home Net";psk="{SECRET}"}}\n').encode(),
    "a block with spaces": f'country=DE\nnetwork={{ ssid="Home Net" psk="{SECRET}" }}\n'.encode(),
    "two blocks": (f'country=DE\nnetwork={{\n ssid="Home Net"\n psk="{SECRET}"\n}}\n'
                   'network={\n ssid="Cafe"\n key_mgmt=NONE\n}\n').encode(),
    "JSON": f'{{\n"country": "DE",\n"ssid": "Home Net",\n"password": "{SECRET}"\n}}\n'.encode(),
    "a phone's code beside": f"country = DE\nname =\nWIFI:S:Home Net;T:WPA;P:{SECRET};;\n".encode(),
    "comments behind": (f'country = DE # ours\nname = Home Net  # upstairs\npassword = "{SECRET}"'
                        "  # of the router\n").encode(),
    "an empty second password": (WIFI + "password =\n").encode(),
    "a phone's code in small letters": f"country = DE\nwifi:T:WPA;S:Home Net;P:{SECRET};;".encode(),
    "a profile of Windows": ("country = DE\n" + PROFILE).encode("utf-16"),
    "a profile of an iPhone": (
        "country = DE\n<plist><dict><key>SSID_STR</key><string>Home Net</string>\n<key>Password"
        f"</key>\n\t<string>{SECRET}</string></dict></plist>\n").encode(),
    "a backup of Android": (
        'country = DE\n<string name="SSID">&quot;Home Net&quot;</string>\n'
        f'<string name="PreSharedKey">&quot;{SECRET}&quot;</string>\n').encode(),
    "what netsh shows": (
        'country = DE\n    Name                   : Home Net\n    SSID name              : "Home '
        'Net"\n    Network type           : Infrastructure\n    Security key           : Present\n'
        f"    Key Content            : {SECRET}\n").encode(),
    "backticks": f"country = `DE`\n**name**: `Home Net`\n**password**: `{SECRET}`\n".encode(),
    "one line of semicolons": f"country=DE; ssid=Home Net; psk={SECRET};\n".encode(),
    "slashes before a remark": WIFI.replace("Net\n", "Net // upstairs\n").encode(),
    "letters in two parts": unicodedata.normalize("NFD", WIFI).encode(),
    "marks of direction": WIFI.replace("= ", "= \u200e").encode(),
    **{words.split()[0]: words.format(SECRET).encode() for words in (
        "Pays : DE\nNom du réseau : Home Net\nMot de passe : {}\n",
        "Paese: DE\nNome rete: Home Net\nChiave di rete: {}\n",
        "Страна: DE\nСеть: Home Net\nПароль: {}\n", "国家：DE\n名称：Home Net\n密码：{}\n")},
}
OTHERWISE = {       # no password can be told of these, and a line of them says something unknown
    "an arrow": f"password -> {SECRET}2345678", "no sign": "password gEheim 7",
    "on the next line": "password =\ngEheim 7", "a comment": f"#password = {SECRET}",
    "an unknown word": f"vstup = {SECRET}", "two of them": f"password = {SECRET}\npsk = other1234",
    "nothing": "password =", "no line": "",
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


def left_on(boot: Path) -> bytes:
    """All that stands on the drive, UTF-16 read as text too."""
    return b"".join(file.read_bytes() + file.read_bytes().replace(b"\0", b"")
                    for file in boot.rglob("*") if file.is_file())


def no_password(boot: Path) -> bool:
    return not any(SECRET.encode(encoding) in left_on(boot) or b"gEheim" in left_on(boot)
                   for encoding in ("utf-8", "cp1252"))


@pytest.mark.parametrize("how", CONFIGS)
def test_settings_are_read_however_they_were_saved_and_leave_no_password(settings, places, how):
    boot, kept = places
    (boot / "nocturne.toml").write_bytes(CONFIGS[how])
    for _ in range(2):                          # the second start reads what the first one left
        assert settings.take_config(boot, kept) == []
        config = Config.load(kept / "nocturne.toml").home
        assert (config.host, config.password) == ("hub", SECRET) and no_password(boot)


@pytest.mark.parametrize("how", WIFIS)
def test_wifi_is_read_however_it_was_written_and_leaves_no_password(settings, places, how):
    boot, kept = places
    (boot / "wifi.txt").write_bytes(WIFIS[how])
    for _ in range(2):
        assert settings.take_wifi(boot, kept) == [] and no_password(boot)
        conf = (kept / "wpa_supplicant-wlan0.conf").read_text()
        assert "country=DE\n" in conf and joins_with(SECRET, conf)
        assert bytes.fromhex(conf.split("ssid=")[1].split()[0]).decode() == "Home Net"
        assert ("scan_ssid=1" in conf) is (how == "a hidden network")


@pytest.mark.parametrize("how", OTHERWISE)
def test_without_a_password_that_is_understood_the_last_wifi_holds(settings, places, how):
    boot, kept = places
    (boot / "wifi.txt").write_text("country = DE\nname = Home Net\npassword = before1234\n")
    assert settings.take_wifi(boot, kept) == []
    conf = (kept / "wpa_supplicant-wlan0.conf").read_text()
    (boot / "wifi.txt").write_text(f"country = DE\nname = Home Net\n{OTHERWISE[how]}\n")
    for _ in range(2):
        assert "no password" in settings.take_wifi(boot, kept)[0] and no_password(boot)
        assert (kept / "wpa_supplicant-wlan0.conf").read_text() == conf


@pytest.mark.parametrize("text", ["country = DE\nname = Cafe\npassword = none\n",
                                  "country = DE\nWIFI:S:Cafe;T:nopass;;\n",
                                  'country=DE\nnetwork={\n ssid="Cafe"\n key_mgmt=NONE\n}\n'])
def test_a_network_is_open_where_that_is_said(settings, places, text):
    boot, kept = places
    (boot / "wifi.txt").write_text(text)
    for _ in range(2):
        assert settings.take_wifi(boot, kept) == []
        assert "key_mgmt=NONE" in (kept / "wpa_supplicant-wlan0.conf").read_text()


@pytest.mark.parametrize("line", [f"name = Home token={SECRET}x", f"name = Home code: {SECRET}",
                                  f"name = secret={SECRET}"])
def test_a_name_with_a_password_in_it_is_refused(settings, places, line):
    boot, kept = places
    (boot / "wifi.txt").write_text(f"country = DE\n{line}\npassword = other1234\n")
    assert "name" in settings.take_wifi(boot, kept)[0] and no_password(boot)
    assert not (kept / "wpa_supplicant-wlan0.conf").exists()


def test_a_kept_password_that_is_lost_is_asked_for(settings, places):
    boot, kept = places
    (boot / "wifi.txt").write_text("country = DE\nname = Home\npassword = (kept)\n")
    assert "once more" in settings.take_wifi(boot, kept)[0]
    assert not (kept / "wpa_supplicant-wlan0.conf").exists()


def test_a_semicolon_belongs_to_a_password(settings, places):
    boot, kept = places
    (boot / "wifi.txt").write_text("country = DE\nname = Home;\npassword = 1234567;\n")
    assert settings.take_wifi(boot, kept) == []
    conf = (kept / "wpa_supplicant-wlan0.conf").read_text()
    assert joins_with("1234567;", conf) and f"ssid={b'Home'.hex()}\n" in conf


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


@pytest.mark.parametrize("text", [
    "country = DE\nname = x\npassword = " + 32 * "0F",
    "country = DE\nnetwork={\n ssid=\"x\"\n psk=" + 32 * "0f" + "\n}"])
def test_64_hex_digits_are_the_key_itself(settings, places, text):
    boot, kept = places
    (boot / "wifi.txt").write_text(text)
    for _ in range(2):
        assert settings.take_wifi(boot, kept) == []
        assert f"psk={32 * '0f'}\n" in (kept / "wpa_supplicant-wlan0.conf").read_text()


def test_what_a_phone_shares_is_taken_too(settings):
    import wifi
    assert wifi.read("WIFI:T:WPA;S:Home\\;Net;P:a\\:b c;H:true;;")[0] == wifi.Wifi(
        "", "Home;Net", "a:b c", True)


def test_what_stands_in_quotes_in_a_phones_code_is_taken_without_them(settings):
    import wifi
    assert wifi.read('WIFI:T:WPA;S:"436166E9";P:"abcdef12";;')[0] == wifi.Wifi(
        "", "436166E9", "abcdef12")


@pytest.mark.parametrize("how", [
    b"+/v8-country = DE\nname = Caf+AOk- Z\npassword = secret123\n",               # RFC 2152
    "country = DE\nname = Caf\u00c3\u00a9 Z\npassword = secret123\n".encode(),
    "country = DE\nname = Caf\u00c3\u0192\u00c2\u00a9 Z\npassword = secret123\n".encode(),
    b'country=DE\nnetwork={\n ssid=P"Caf\\xc3\\xa9 Z"\n psk="secret123"\n}\n',
    b"country=DE\n[wifi]\nssid=67;97;102;195;169;32;90;\n[wifi-security]\npsk=secret123\n",
])
def test_a_name_that_was_encoded_as_can_be_seen_is_decoded(settings, places, how):
    boot, kept = places
    (boot / "wifi.txt").write_bytes(how)
    assert settings.take_wifi(boot, kept) == []
    assert "ssid=436166c3a9205a\n" in (kept / "wpa_supplicant-wlan0.conf").read_text()


@pytest.mark.parametrize("name", [
    "Caf%C3%A9", "Caf+AOk-", "Caf&eacute", "Caf&#233", r"Caf\xc3\xa9", r"Caf\u00e9", "Caf=C3=A9",
    "=?UTF-8?Q?Caf=C3=A9?=", "=?utf-8?B?Q2Fmw6k=?=",
])
def test_a_name_that_looks_encoded_is_taken_and_told(settings, places, name):
    boot, kept = places
    (boot / "wifi.txt").write_text(f"country = DE\nname = {name}\npassword = secret123\n")
    told, = settings.take_wifi(boot, kept)
    assert name in told and "shows it as Café, write that" in told
    assert name.encode().hex() in (kept / "wpa_supplicant-wlan0.conf").read_text()


def test_a_letter_lost_in_the_name_is_told(settings, places):
    boot, kept = places
    (boot / "wifi.txt").write_text("country = DE\nname = Caf\ufffd\npassword = secret123\n")
    assert "a letter was lost" in settings.take_wifi(boot, kept)[0]


@pytest.mark.parametrize("name", ["Home Net", "R&D", "50% off", "A+B-C", "a=b", "Müller & Co",
                                  "C\\D", "+49 30-12", "Net_2.4GHz", "100%", "你好", "AT&T",
                                  "Été"])
def test_a_name_with_odd_marks_is_no_encoded_one(settings, places, name):
    import wifi
    assert wifi.doubts(name) == []


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "iso8859-5", "cp1253"])
def test_letters_of_another_code_page_are_not_taken_for_western_ones(settings, places, encoding):
    boot, kept = places
    name = "Σπίτι" if encoding == "cp1253" else "Дом"
    (boot / "wifi.txt").write_bytes(
        f"country = RU\nname = {name}\npassword = secret123\n".encode(encoding))
    assert "save it as UTF-8" in settings.take_wifi(boot, kept)[0] and no_password(boot)


def test_a_password_kept_by_wpa_supplicant_elsewhere_is_none(settings, places):
    boot, kept = places
    (boot / "wifi.txt").write_text("country=DE\nnetwork={\nssid=\"Net\"\npsk=ext:home_psk\n}\n")
    assert "no password in it" in settings.take_wifi(boot, kept)[0]


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


@pytest.mark.parametrize("files", [
    {"custom.toml": f'[wlan]\nssid = "Home Net"\npassword = "{SECRET}"\ncountry = "DE"\n'
                    '[locale]\ntimezone = "Europe/Berlin"\n'},
    {"user-data": "#cloud-config\nhostname: pi\ntimezone: Europe/Berlin\n",
     "network-config": "network:\n  version: 2\n  wifis:\n    wlan0:\n      dhcp4: true\n"
                       "      regulatory-domain: \"DE\"\n      access-points:\n"
                       f'        "Home Net":\n          password: "{SECRET}"\n'},
    {"firstrun.sh": "#!/bin/bash\n/usr/lib/raspberrypi-sys-mods/imager_custom set_wlan "
                    f"'Home Net' '{SECRET}' 'DE'\n"
                    "/usr/lib/raspberrypi-sys-mods/imager_custom set_timezone 'Europe/Berlin'\n"},
])
def test_imagers_customisation_is_taken_and_leaves_the_drive(settings, places, files):
    boot, kept = places
    (boot / "nocturne.toml").write_text('[clock]\nzone = ""\n')
    (boot / "wifi.txt").write_text("country =\nname =\npassword =\n")
    for name, text in files.items():
        (boot / name).write_text(text)
    assert settings.take_imager(boot, kept) == []
    assert settings.take_config(boot, kept) == [] and settings.take_wifi(boot, kept) == []
    assert Config.load(kept / "nocturne.toml").clock.zone == "Europe/Berlin"
    assert joins_with(SECRET, (kept / "wpa_supplicant-wlan0.conf").read_text())
    assert no_password(boot) and not any((boot / name).exists() for name in files)
    settings.set_zone(kept)
    assert (kept / "localtime").resolve().name == "Berlin"


KEYS = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ8g5Q4TmYJ0pQxJ5yqK1dMZ3s9kFh1tHqX1b2c3d4e ada@desk"
IMAGER_2 = {
    "user-data": "#cloud-config\nmanage_resolv_conf: false\n\nhostname: Bett\n"
                 "timezone: Europe/Berlin\nuser:\n  name: ada\n  shell: /bin/bash\n"
                 "  lock_passwd: false\n  passwd: \"$y$j9T$gEheim\"\n  ssh_authorized_keys:\n"
                 f"    - \"{KEYS}\"\nssh_pwauth: false\nruncmd:\n"
                 "  - [ systemctl, enable, --now, ssh ]\n",
    "network-config": "network:\n  version: 2\n  wifis:\n    wlan0:\n      dhcp4: true\n"
                      "      regulatory-domain: \"DE\"\n      access-points:\n"
                      '        "Caf\\xc3\\xa9 \\"Mo\\"":\n          hidden: true\n'
                      f"          password: \"{'4f' * 32}\"\n      optional: true\n",
    "meta-data": "instance-id: rpi-imager-1784124660514\n",
    "cmdline.txt": " cfg80211.ieee80211_regdom=DE ds=nocloud;i=rpi-imager-1784124660514",
}


def test_all_that_imager_2_asks_for_is_in_force_after_the_first_start(settings, places):
    boot, kept = places
    (boot / "nocturne.toml").write_text('[clock]\nzone = ""\n')
    (boot / "wifi.txt").write_text("country =\nname =\npassword =\n")
    for name, text in IMAGER_2.items():
        (boot / name).write_text(text)
    (trouble,) = settings.take_imager(boot, kept)
    assert "ada" in trouble and "root" in trouble
    assert settings.take_config(boot, kept) == [] and settings.take_wifi(boot, kept) == []
    settings.take_file(boot / "authorized_keys", kept / "authorized_keys", "root")
    called = []
    assert settings.set_host(boot, called.append) == [] and called == ["bett"]
    assert Config.load(kept / "nocturne.toml").clock.zone == "Europe/Berlin"
    assert (kept / "authorized_keys").read_text() == f"{KEYS}\n"
    network = (kept / "wpa_supplicant-wlan0.conf").read_text()
    named = 'Café "Mo"'.encode().hex()
    assert f"ssid={named}\n" in network and f"psk={'4f' * 32}" in network
    assert "country=DE" in network and "scan_ssid=1" in network
    left = [path.name for path in boot.iterdir()]
    assert not any(name in left for name in IMAGER_2)
    words = "".join((boot / name).read_text() for name in left)
    assert "gEheim" not in words and "4f4f" not in words


def test_what_stood_on_the_drive_before_outweighs_imagers_customisation(settings, places):
    boot, kept = places
    (boot / "nocturne.toml").write_text('[clock]\nzone = "Asia/Tokyo"\n')
    (boot / "wifi.txt").write_text(WIFI)
    (boot / "hostname.txt").write_text("mine\r\n")
    (boot / "authorized_keys").write_text("ssh-ed25519 AAAAmine me\n")
    for name, text in IMAGER_2.items():
        (boot / name).write_text(text)
    settings.take_imager(boot, kept)
    assert "Asia/Tokyo" in (boot / "nocturne.toml").read_text()
    assert (boot / "wifi.txt").read_text() == WIFI
    assert "AAAAmine" in (boot / "authorized_keys").read_text()
    called = []
    assert settings.set_host(boot, called.append) == [] and called == ["mine"]


def test_without_a_name_or_with_a_wrong_one_the_device_is_nocturne(settings, places):
    boot, _ = places
    called = []
    assert settings.set_host(boot, called.append) == [] and called == ["nocturne"]
    (boot / "hostname.txt").write_text("# its name\nmy bed\n")
    (trouble,) = settings.set_host(boot, called.append)
    assert "my bed" in trouble and "letters" in trouble and called == ["nocturne"]


def test_files_that_windows_named_twice_are_found_and_copies_of_them_go(settings, places):
    boot, kept = places
    (boot / "wifi.txt.txt").write_text(WIFI)
    (boot / "wifi.txt~").write_text(WIFI)
    settings.named_wrongly(boot)
    assert settings.take_wifi(boot, kept) == [] and no_password(boot)
    assert [file.name for file in boot.iterdir()] == ["wifi.txt"]


STRAYS = ("nocturne.toml.save", "home (1).toml", "home - Copy.toml", "home.txt", "bedside.toml",
          "wifi (1).txt", "Copy of wifi.txt", ".wifi.txt.swo", "wlan.txt", "wifi", "old/wifi.txt")


@pytest.mark.parametrize("name", STRAYS)
@pytest.mark.parametrize("form", ["password = {}", "WLAN-Schlüssel (WPA2): {}", '"psk": "{}",',
                                  'password = """{}"""', r"{{\rtf1 password = {}}}",
                                  "WIFI:S:Home Net;T:WPA;P:{};;", "<keyMaterial>{}</keyMaterial>",
                                  "<key>Password</key>\n<string>{}</string>", "パスワード：{}"])
def test_a_copy_under_another_name_leaves_the_drive_and_that_is_said(settings, places, name, form):
    boot, kept = places
    (boot / name).parent.mkdir(exist_ok=True)
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


def test_wifi_is_taken_as_older_systems_took_it(settings, places):
    boot, kept = places
    (boot / "wifi.txt").write_text("country =\nname =\npassword =\nhidden = no\n")
    (boot / "wpa_supplicant.conf").write_bytes(WIFIS["a pasted block"])
    settings.found_elsewhere(boot)
    assert settings.take_wifi(boot, kept) == [] and no_password(boot)
    assert joins_with(SECRET, (kept / "wpa_supplicant-wlan0.conf").read_text())


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
    (tmp_path / "ssh/authorized_keys").write_text(KEYS)
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
    units = Path(data.__file__).parents[1] / "root/etc/systemd/network"
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
