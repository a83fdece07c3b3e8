"""However people write their Wi-Fi into wifi.txt, it is read, and its password leaves the drive."""

import unicodedata

import pytest

from tests.image.drive import SECRET, WIFI, joins_with, mode, no_password

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


@pytest.mark.parametrize("left", [bytes(80), b"{\\rtf1 x}", b"password = short\n"])
@pytest.mark.parametrize("open_one", [False, True])
def test_what_cannot_be_taken_never_makes_a_later_start_forget_the_wifi(
        settings, places, left, open_one):
    """Zeros are what a power cut leaves while the file is written anew."""
    boot, kept = places
    conf, theirs = kept / "wpa_supplicant-wlan0.conf", boot / "wifi.txt"
    theirs.write_text("country = DE\nname = Café\npassword = none\nhidden = yes\n" if open_one
                      else WIFI)
    assert settings.take_wifi(boot, kept) == []
    joined, there = conf.read_bytes(), theirs.read_bytes()
    theirs.write_bytes(left)
    assert settings.take_wifi(boot, kept)
    assert settings.take_wifi(boot, kept) == []
    assert conf.read_bytes() == joined and theirs.read_bytes() == there


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


def test_wifi_is_taken_as_older_systems_took_it(settings, places):
    boot, kept = places
    (boot / "wifi.txt").write_text("country =\nname =\npassword =\nhidden = no\n")
    (boot / "wpa_supplicant.conf").write_bytes(WIFIS["a pasted block"])
    settings.found_elsewhere(boot)
    assert settings.take_wifi(boot, kept) == [] and no_password(boot)
    assert joins_with(SECRET, (kept / "wpa_supplicant-wlan0.conf").read_text())


@pytest.mark.parametrize("text, word", [("name = x\npassword = 12345678\n", "country"),
                                        ("country = DE\nname = x\npassword = short\n", "8 to 63")])
def test_wifi_settings_that_cannot_work_are_named(settings, places, text, word):
    boot, kept = places
    (boot / "wifi.txt").write_text(text)
    assert word in settings.take_wifi(boot, kept)[0]
