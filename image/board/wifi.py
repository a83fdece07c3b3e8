"""wifi.txt as people fill it in, and the file that wpa_supplicant takes. Pure."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from written import KEPT, SPACES, unquoted

WORDS = {
    "country": ("country", "countrycode", "wificountry", "land", "region"),
    "name": ("name", "ssid", "network", "wifi", "wlan", "wifiname", "networkname", "netzwerk",
             "wlanname", "essid"),
    "password": ("password", "pass", "psk", "passphrase", "passwort", "kennwort", "pwd", "key",
                 "wpapsk", "wpakey", "wifipassword", "networkkey", "wlanpasswort", "wpapassphrase",
                 "presharedkey", "saepassword"),
    "hidden": ("hidden", "scanssid", "versteckt", "hiddennetwork", "hiddenssid"),
}
MEANT = {word: name for name, words in WORDS.items() for word in words}
YES = ("1", "yes", "true", "on", "ja", "y")
HEX_KEY = re.compile(r"[0-9a-fA-F]{64}")
LINE = re.compile(r"^\s*[\"'“”]?([\w .-]+?)[\"'“”]?\s*[=:]\s*(.*?)\s*;?\s*$")
COUNTRIES = Path("/usr/share/zoneinfo/iso3166.tab")         # of tzdata: code, tab, name
ALIASES = {"UK": "GB", "ENGLAND": "GB", "USA": "US", "DEUTSCHLAND": "DE", "ÖSTERREICH": "AT",
           "SCHWEIZ": "CH"}
NAME_BYTES, PASSWORD_BYTES = 32, range(8, 64)       # IEEE 802.11 SSID; WPA2 passphrase


@dataclass(frozen=True)
class Wifi:
    country: str = ""
    name: str = ""
    password: str = ""          # KEPT: as it was taken before
    hidden: bool = False


def read(words: str) -> tuple[Wifi, list[str]]:
    """What is said in wifi.txt, or pasted into it: a wpa_supplicant network block, or what a QR
    code holds. And lines that say nothing known, as "line 3"."""
    if code := re.search(r"WIFI:(?:[^;\\]|\\.|;)*", words):
        return from_code(code[0]), []
    found: dict[str, str] = {}
    strange = []
    block = False
    for number, line in enumerate(words.translate(SPACES).split("\n"), 1):
        bare = line.strip()
        if not bare or bare[0] in "#;[" or bare in ("}", "network={", "network = {"):
            block = block or bare.startswith("network")
            continue
        pair = LINE.match(line)
        meant = MEANT.get(re.sub(r"[^a-z]", "", pair[1].lower())) if pair else None
        if pair and meant:
            found[meant] = by_hand(meant, pair[2], block)
        elif not block and not (pair and re.fullmatch(r"[a-z_]+", pair[1])):
            strange.append(f"line {number}")
    wanted = Wifi(found.get("country", ""), found.get("name", ""), found.get("password", ""),
                  found.get("hidden", "").lower() in YES)
    return wanted, strange


def by_hand(meant: str, value: str, block: bool) -> str:
    """A value without the quotes around it. In a network block a name without quotes is hex."""
    bare = unquoted(value)
    hexed = block and meant == "name" and bare == value and len(value) % 2 == 0
    if hexed and re.fullmatch(r"[0-9a-fA-F]+", value):
        return bytes.fromhex(value).decode("utf-8", "replace")
    return bare


def from_code(code: str) -> Wifi:
    """`WIFI:T:WPA;S:name;P:password;H:true;;` as phones share it."""
    fields = dict(re.findall(r"(?:WIFI:|;)([A-Z]):((?:[^;\\]|\\.)*)", code))
    plain = {key: re.sub(r"\\(.)", r"\1", value) for key, value in fields.items()}
    return Wifi("", plain.get("S", ""), plain.get("P", ""), plain.get("H", "").lower() in YES)


def judged(wanted: Wifi, countries: Path = COUNTRIES) -> tuple[Wifi, list[str]]:
    """With its country as two letters; and what can't work, in words with a remedy."""
    wanted = replace(wanted, country=country_of(wanted.country, countries))
    troubles = []
    if not re.fullmatch("[A-Z]{2}", wanted.country):
        troubles.append(f"country = {wanted.country}: write the two letters of your country, "
                        "as GB or DE")
    if not wanted.name:
        troubles.append("there is no name = of your Wi-Fi in it; write it beside name =")
    if len(wanted.name.encode()) > NAME_BYTES:
        troubles.append(f"name: a Wi-Fi's name has at most {NAME_BYTES} bytes; compare it with "
                        "your phone's list")
    raw = HEX_KEY.fullmatch(wanted.password)
    if wanted.password not in ("", KEPT) and not raw \
            and len(wanted.password.encode()) not in PASSWORD_BYTES:
        troubles.append("password: a Wi-Fi password has 8 to 63 characters, or 64 hex digits")
    return wanted, troubles


def country_of(said: str, countries: Path) -> str:
    """Its two letters, for a name in English or in its own two."""
    upper = said.strip().upper()
    upper = ALIASES.get(upper, upper)
    try:
        rows = [line.split("\t") for line in countries.read_text().split("\n")
                if line and line[0] != "#"]
    except OSError:
        return upper
    known = {name.upper(): code for code, name in rows} | {code: code for code, _ in rows}
    return known.get(upper, said.strip())


def card(wanted: Wifi) -> str:
    """wifi.txt as it is left on the drive."""
    return filled(replace(wanted, password=KEPT if wanted.password else ""))


def filled(wanted: Wifi) -> str:
    """The same with its password."""
    return (
        "# Your Wi-Fi, read at each start. The password is kept on the device's own partition and\n"
        "# stands here as (kept); write a new one over that. hidden = yes: it doesn't show its "
        "name.\n"
        f"country = {wanted.country}\nname = {wanted.name}\npassword = {wanted.password}\n"
        f"hidden = {'yes' if wanted.hidden else 'no'}\n"
    )


def supplicant(wanted: Wifi) -> str:
    """wpa_supplicant.conf; the name in hex, so that no quote in it can end it."""
    raw = HEX_KEY.fullmatch(wanted.password)
    psk = wanted.password.lower() if raw else f'"{wanted.password}"'
    # SAE needs the passphrase itself, so that 64 hex digits are WPA2's alone.
    key = f"\tpsk={psk}\n\tkey_mgmt=WPA-PSK{'' if raw else ' SAE'}\n\tieee80211w=1"
    lines = [
        f"country={wanted.country}", "network={", f"\tssid={wanted.name.encode().hex()}",
        *(["\tscan_ssid=1"] if wanted.hidden else []),
        key if wanted.password else "\tkey_mgmt=NONE", "}",
    ]
    return "\n".join(lines) + "\n"


def kept_password(conf: str) -> str:
    """Of a wpa_supplicant.conf that `supplicant` wrote; "" without one."""
    found = re.search(r'(?m)^\tpsk=(?:"(.*)"|([0-9a-f]{64}))$', conf)
    return (found[1] or found[2] or "") if found else ""
