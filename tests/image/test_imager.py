"""What Raspberry Pi Imager writes is honoured, whatever people type into it: host name, Wi-Fi, zone
and SSH keys. Its texts are rebuilt here line by line, as its releases write them, and read back by
PyYAML and a shell as well."""

import hashlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from device.config import Config
from image.board import data
from tests.image.drive import KEYS, SECRET, WIFI, joins_with, no_password

ODD_KEYS = (f'{KEYS[0]} "big" box', f"{KEYS[0]} at: home", f"{KEYS[0]} \\ & {{a}} [b]")
NAMES = ("Home Net", "Haus 'am' See", 'the "big" one', "back\\slash", "Café Zoë 東京 🛌",
         "# no comment", "- list", "{flow}", "yes", "null", "0x1F", "a: b", "'", '"', "\\",
         " led by a space", "ends in a space ", "%TAG", "*star", "&and", "!bang", "tab\there")


@pytest.fixture
def imager(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(data.__file__).parent))
    import imager as module
    yield module
    for name in ("imager", "written", "wifi"):
        sys.modules.pop(name, None)


def psk(password: str, name: str) -> str:
    """IEEE 802.11i, annex H.4: Imager never writes the passphrase itself."""
    return hashlib.pbkdf2_hmac("sha1", password.encode(), name.encode(), 4096, 32).hex()


def octets(name: str) -> str:
    """yamlEscapeSsidOctets of 2.0.10: letters beyond ASCII are bytes."""
    short = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b",
             "\f": "\\f", "\0": "\\0"}
    return "".join(short.get(chr(byte)) or (chr(byte) if 0x20 <= byte < 0x7f else f"\\x{byte:02x}")
                   for byte in name.encode())


def letters(name: str) -> str:
    """yamlEscapeString of 2.0.6: letters beyond ASCII stand as they are."""
    return "".join(octets(mark) if mark.isascii() else mark for mark in name)


def network(name: str, password: str, hidden: bool = False, form=octets) -> str:
    open_one = "          auth:\n            key-management: none\n"
    return (
        "network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true\n      dhcp6: true\n"
        "      optional: true\n  wifis:\n    wlan0:\n      dhcp4: true\n"
        f'      regulatory-domain: "DE"\n      access-points:\n'
        f'        "{form(name)}":\n' + ("          hidden: true\n" if hidden else "")
        + (f'          password: "{psk(password, name)}"\n' if password else open_one)
        + "      optional: true\n")


def user_data(host: str, zone: str, keys=(), user: str = "", password: str = "", quotes: str = '"',
              listed: bool = False) -> str:
    dash, pad = ("- ", "  ") if listed else ("  ", "  ")
    return (
        f"#cloud-config\nmanage_resolv_conf: false\n\nhostname: {host}\nmanage_etc_hosts: true\n"
        "packages:\n- avahi-daemon\napt:\n  preserve_sources_list: true\n  conf: |\n"
        '    Acquire {\n      Check-Date "false";\n    };\n'
        f'timezone: {zone}\nkeyboard:\n  model: pc105\n  layout: "gb"\n'
        + (f"{'users' if listed else 'user'}:\n{dash}name: {user}\n{pad}shell: /bin/bash\n"
           if user else "")
        + (f'{pad}lock_passwd: false\n{pad}passwd: "{password}"\n' if password else "")
        + ("".join([f"{pad}ssh_authorized_keys:\n",
                    *(f"    - {quotes}{key}{quotes}\n" for key in keys)]) if keys else "")
        + (f"{pad}sudo: ALL=(ALL) NOPASSWD:ALL\nssh_pwauth: false\n" if keys else "")
        + "runcmd:\n  - [ systemctl, enable, --now, ssh ]\n"
          "  - [ sh, -c, \"echo 'ada ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/010_ada-nopasswd\" ]\n"
          "  - [ chmod, '0440', '/etc/sudoers.d/010_ada-nopasswd' ]\n")


def quoted(value: str) -> str:
    """shellQuote."""
    return "'" + value.replace("'", "'\"'\"'") + "'"


def script(name: str, password: str, host: str, zone: str, keys=(), hidden: bool = False) -> str:
    custom = "/usr/lib/raspberrypi-sys-mods/imager_custom"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return (
        "#!/bin/sh\n\nset +e\n\n"
        'CURRENT_HOSTNAME=$(cat /etc/hostname | tr -d " \\t\\n\\r")\n'
        f"if [ -f {custom} ]; then\n   {custom} set_hostname {host}\nelse\n"
        f"   echo {host} >/etc/hostname\nfi\n"
        f"if [ -f {custom} ]; then\n   {custom} enable_ssh -k {' '.join(map(quoted, keys))}\nelse\n"
        "cat > \"$FIRSTUSERHOME/.ssh/authorized_keys\" <<'EOF'\n" + "\n".join(keys) + "\nEOF\nfi\n"
        f"if [ -f {custom} ] && true; then\n   {custom} set_wlan {' -h ' if hidden else ''}"
        f"{quoted(name)} {quoted(psk(password, name) if password else '')} 'DE'\nelse\n"
        "cat >/etc/wpa_supplicant/wpa_supplicant.conf <<'WPAEOF'\ncountry=DE\nnetwork={\n"
        f'\tssid="{escaped}"\n\tpsk=x\n}}\nWPAEOF\nfi\n'
        f"if [ -f {custom} ]; then\n   {custom} set_keymap 'gb'\n"
        f"   {custom} set_timezone {quoted(zone)}\nelse\n   echo \"{zone}\" >/etc/timezone\nfi\n"
        "rm -f /boot/firstrun.sh\nexit 0\n")


def preseed(name: str, password: str, host: str, zone: str, keys=()) -> str:
    """tomlQuote escapes two characters and no more."""
    def text(value: str) -> str:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    wlan = (f"password = {text(psk(password, name))}\npassword_encrypted = true\n"
            if password else "")
    return (f'config_version = "1.0"\n\n[system]\nhostname = {text(host)}\n\n[user]\nname = "ada"\n'
            'password = "$y$j9T$x"\npassword_encrypted = true\ngroups = ["sudo"]\n\n[ssh]\n'
            "enabled = true\npassword_authentication = false\nauthorized_keys = [\n"
            + "".join(f"  {text(key)},\n" for key in keys)
            + f'[wlan]\nssid = {text(name)}\n{wlan}hidden = false\ncountry = "DE"\n\n'.replace(
                "[wlan]", "]\n\n[wlan]", 1)
            + f'[locale]\nkeymap = "gb"\ntimezone = {text(zone)}\n')


@pytest.mark.parametrize("form", [octets, letters])
@pytest.mark.parametrize("name", NAMES)
def test_a_wifi_of_any_name_is_read_from_what_imager_2_writes(imager, name, form):
    found, troubles = imager.read({"network-config": network(name, "geheim geheim", form=form)})
    assert (found.wifi.name, found.wifi.password) == (name, psk("geheim geheim", name))
    assert found.wifi.country == "DE" and not found.wifi.hidden and troubles == []
    told = yaml.safe_load(network(name, "geheim geheim", form=form))
    (theirs,) = told["network"]["wifis"]["wlan0"]["access-points"]
    # YAML calls \xHH a letter, netplan and Imager a byte.
    assert (theirs.encode("latin-1").decode() if form is octets else theirs) == name


@given(name=st.text(st.characters(codec="utf-8"), min_size=1, max_size=16))
def test_no_name_of_a_wifi_is_read_as_another(name):
    sys.path.insert(0, str(Path(data.__file__).parent))
    try:
        import imager
        found, _ = imager.read({"network-config": network(name, "geheim geheim")})
    finally:
        sys.path.pop(0)
    assert found.wifi.name == name


def test_an_open_a_hidden_and_an_unnamed_wifi(imager):
    found, _ = imager.read({"network-config": network("Café", "")})
    assert found.wifi.password == "none"
    older = network("Café", "geheim geheim").replace(psk("geheim geheim", "Café"), "")
    assert imager.read({"network-config": older})[0].wifi.password == "none"
    unseen = network("x", "geheim geheim", hidden=True)
    assert imager.read({"network-config": unseen})[0].wifi.hidden
    latin, troubles = imager.read({"network-config": network("x", "geheim geheim").replace(
        '"x"', '"Caf\\xe9"'), "user-data": user_data("bed", "Europe/Berlin")})
    assert latin.wifi.name == "" and latin.zone == "Europe/Berlin"
    assert len(troubles) == 1 and "UTF-8" in troubles[0] and "wifi.txt" in troubles[0]


def test_the_country_of_a_wifi_may_stand_on_the_kernels_line(imager):
    words = network("x", "geheim geheim").replace('      regulatory-domain: "DE"\n', "")
    found, _ = imager.read({"network-config": words,
                            "cmdline.txt": " cfg80211.ieee80211_regdom=GB ds=nocloud;i=x"})
    assert found.wifi.country == "GB"


@pytest.mark.parametrize("shape", [{}, {"listed": True}, {"quotes": ""}])
def test_host_name_zone_and_keys_are_read_from_user_data(imager, shape):
    words = user_data("Bedside", "Europe/Berlin", KEYS, user="ada", **shape)
    found, troubles = imager.read({"user-data": words})
    assert (found.host, found.zone, found.keys) == ("bedside", "Europe/Berlin", KEYS)
    assert len(troubles) == 1 and "ada" in troubles[0] and "root" in troubles[0]
    told = yaml.safe_load(words)
    (theirs,) = told["users"] if "users" in told else [told["user"]]
    assert tuple(theirs["ssh_authorized_keys"]) == found.keys


@pytest.mark.parametrize("key", ODD_KEYS)
@pytest.mark.parametrize("quotes", ['"', ""])
def test_a_key_whose_comment_breaks_imagers_yaml_is_read_all_the_same(imager, key, quotes):
    found, _ = imager.read({"user-data": user_data("bed", "UTC", [key], user="ada", quotes=quotes)})
    assert [one.split()[:2] for one in found.keys] == [key.split()[:2]]


@pytest.mark.parametrize("around", ["network:\n", ""])
def test_the_wifi_of_cloud_inits_own_pages_is_read_and_what_is_left_out_is_named(imager, around):
    """Without `network:` around it, with a renderer beside the radio, and with more than one."""
    lines = ["version: 2", "wifis:", "  renderer: networkd", "  wlan0:", "    access-points:",
             "      Home:", "        password: 12345678", "      Office:", "        auth:",
             "          key-management: eap", "          password: geheim", "      Flat:",
             "        password: 12345678"]
    words = around + "\n".join(bool(around) * "  " + line for line in lines)
    found, troubles = imager.read({"network-config": words})
    assert (found.wifi.name, found.wifi.password) == ("Home", "12345678")
    assert ["Office" in troubles[0], "Flat" in troubles[1], len(troubles)] == [True, True, 2]
    assert "geheim" not in "".join(troubles)


def test_keys_for_everybody_are_taken_and_certificates_named(imager):
    """As cloud-init's own examples have them; dropbear knows no certificate."""
    certificate = f"ssh-ed25519-cert-v01@openssh.com {'A' * 40}"
    found, troubles = imager.read(
        {"user-data": f"ssh_authorized_keys:\n  - {KEYS[0]}\n  - {certificate}\n"})
    assert found.keys == KEYS[:1] and len(troubles) == 1 and "SSH key" in troubles[0]


def test_what_cannot_be_had_is_named_and_nothing_of_a_password_is_told(imager):
    words = user_data("bed", "UTC", user="ada", password="$y$j9T$geheim") + (
        "rpi:\n  enable_usb_gadget: true\n  interfaces:\n    i2c: true\n")
    _, troubles = imager.read({"user-data": words})
    said = "\n".join(troubles)
    assert "ada" in said and "rpi" in said and "geheim" not in said
    assert not any(word in said for word in ("apt", "packages", "keyboard", "runcmd"))


@pytest.mark.parametrize("host", ["my bed", "-bed", "bed_side", "Bett-Ada-" * 8, "bett.local"])
def test_a_host_name_that_no_network_takes_is_refused_in_words(imager, host):
    found, troubles = imager.read({"user-data": user_data(host, "UTC")})
    assert found.host == "" and found.zone == "UTC" and "hostname" in troubles[0]


@pytest.mark.parametrize("torn", ["user:\n name: x\nuser", "a: b\n   c: d\n", "\tx: y\n",
                                  "- a\nb: c\n", "network: [\n", " " * 300 + "x"])
def test_torn_files_are_named_and_the_others_still_count(imager, torn):
    found, troubles = imager.read({"user-data": torn,
                                   "network-config": network("Net", "geheim geheim")})
    assert found.wifi.name == "Net"
    assert all("user-data" in said for said in troubles)


@given(words=st.text(alphabet="ab:-\"'#| \n\\[]{}x0", max_size=60))
def test_no_text_makes_the_reader_fail(words):
    sys.path.insert(0, str(Path(data.__file__).parent))
    try:
        import imager
        imager.read({name: words for name in imager.READ})
    finally:
        sys.path.pop(0)


@pytest.mark.parametrize("name", [name for name in NAMES if "\t" not in name])
def test_the_script_of_imager_1_is_read_as_a_shell_reads_it(imager, tmp_path, name):
    words = script(name, "geheim geheim", "bed", "Europe/Berlin", KEYS, hidden=True)
    found, troubles = imager.read({"firstrun.sh": words})
    assert found.wifi == imager.Wifi("DE", name, psk("geheim geheim", name), True)
    assert (found.host, found.zone, found.keys, troubles) == ("bed", "Europe/Berlin", KEYS, [])
    custom = tmp_path / "imager_custom"
    custom.write_text('#!/bin/sh\n[ "$1" = set_wlan ] && printf %s "$3" >"$(dirname "$0")/name"\n')
    custom.chmod(0o755)
    line = next(line for line in words.split("\n") if " set_wlan " in line)
    subprocess.run(["sh", "-c", line.replace("/usr/lib/raspberrypi-sys-mods/imager_custom",
                                             str(custom))], check=False)
    assert (tmp_path / "name").read_bytes().decode() == name


@pytest.mark.parametrize("name", NAMES)
def test_every_name_reaches_the_network_by_way_of_the_drive(imager, name):
    import wifi
    found, _ = imager.read({"network-config": network(name, "geheim geheim")})
    again, strange = wifi.read(wifi.filled(found.wifi))
    assert again == found.wifi and strange == []
    assert f"ssid={name.encode().hex()}\n" in wifi.supplicant(again)


@pytest.mark.parametrize("name", [name for name in NAMES if "\t" not in name])
@pytest.mark.parametrize("file", ["rpi-preseed.toml", "custom.toml"])
def test_the_toml_of_raspberry_pi_os_is_read(imager, file, name):
    words = preseed(name, "geheim geheim", "bed", "Asia/Tokyo", KEYS)
    assert tomllib.loads(words)["wlan"]["ssid"] == name
    found, troubles = imager.read({file: words})
    assert found.wifi == imager.Wifi("DE", name, psk("geheim geheim", name))
    assert (found.host, found.zone, found.keys) == ("bed", "Asia/Tokyo", KEYS)
    assert len(troubles) == 1 and "ada" in troubles[0]


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


IMAGER_2 = {
    "user-data": "#cloud-config\nmanage_resolv_conf: false\n\nhostname: Bett\n"
                 "timezone: Europe/Berlin\nuser:\n  name: ada\n  shell: /bin/bash\n"
                 "  lock_passwd: false\n  passwd: \"$y$j9T$gEheim\"\n  ssh_authorized_keys:\n"
                 f"    - \"{KEYS[0]}\"\nssh_pwauth: false\nruncmd:\n"
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
    assert (kept / "authorized_keys").read_text() == f"{KEYS[0]}\n"
    network = (kept / "wpa_supplicant-wlan0.conf").read_text()
    named = 'Café "Mo"'.encode().hex()
    assert f"ssid={named}\n" in network and f"psk={'4f' * 32}" in network
    assert "country=DE" in network and "scan_ssid=1" in network
    left = [path.name for path in boot.iterdir()]
    assert not any(name in left for name in IMAGER_2)
    words = "".join((boot / name).read_text() for name in left)
    assert "gEheim" not in words and "4f4f" not in words


def test_a_power_cut_while_imagers_files_are_taken_loses_nothing(settings, places):
    boot, kept = places
    (boot / "user-data").write_text(user_data("bed", "UTC", KEYS, user="ada"))
    (boot / "authorized_keys").write_bytes(b"")
    (boot / "hostname.txt").write_bytes(bytes(4))
    settings.take_imager(boot, kept)
    assert KEYS[1] in (boot / "authorized_keys").read_text()
    assert (boot / "hostname.txt").read_text().strip() == "bed"


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
