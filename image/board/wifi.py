"""wifi.txt as people fill it in, and the file that wpa_supplicant takes. Pure."""

import contextlib
import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from pathlib import Path
from urllib.parse import unquote

from written import KEPT, SPACES, is_secret, plain, unquoted

WORDS = {
    "country": ("country", "country_code", "wifi_country", "land", "pays", "pais", "region",
                "regulatory-domain", "paese", "kraj", "страна", "国家", "国"),
    "name": ("name", "ssid", "network", "wifi", "wlan", "wifi name", "network name", "netzwerk",
             "wlan-name", "essid", "ssid name", "wifi_ssid", "name des wlan-funknetzes", "reseau",
             "nom du reseau", "red", "nombre de la red", "rete", "nome rete", "nome da rede",
             "netwerk", "netwerknaam", "natverksnamn", "nazwa sieci", "сеть", "имя сети", "名称"),
    "password": ("password", "pass", "psk", "passphrase", "passwort", "kennwort", "pwd", "key"),
    "hidden": ("hidden", "scan_ssid", "versteckt", "hidden network", "hidden ssid"),
    "protection": ("key_mgmt", "key-mgmt"),
    # what else stands in files of wpa_supplicant and NetworkManager
    "": ("ctrl_interface", "ctrl_interface_group", "update_config", "ap_scan", "p2p_disabled",
         "proto", "pairwise", "group", "priority", "id_str", "id", "uuid", "type", "mode", "bssid",
         "auth_alg", "ieee80211w", "disabled", "interface-name", "autoconnect", "method",
         "addr-gen-mode", "psk-flags", "permissions", "timestamp"),
}
MEANT = {plain(word): meant for meant, words in WORDS.items() for word in words}
YES = ("1", "yes", "true", "on", "ja", "y")
# No values: of what opens a block; of a password that netsh shows in another line.
EMPTY = ("", "{", "present", "vorhanden")
NONE = "none"               # as password: a network without one
# A value in XML: of a property list, of Android, and of Windows, where the last name is the SSID's.
FIELD = re.compile(
    r"<(?:key>([^<]+)</key>\s*<string|string name=\"([^\"]+)\"|(\w+))>([^<]*)</")
FIELDS = {"name": "name", "SSID": "name", "SSID_STR": "name", "keyMaterial": "password",
          "PreSharedKey": "password", "Password": "password", "nonBroadcast": "hidden",
          "HIDDEN_NETWORK": "hidden"}
MARKUP = re.compile(r"(?s)<.*>")
HEX_KEY = re.compile(r"[0-9a-fA-F]{64}")
KEY = re.compile(r"[\"'“”„]?([^=:：＝\"“”„{}]{1,40}?)[\"'“”]?\s*[=:：＝]\s*")


def before(*fields: str) -> str:
    """A pattern of any word that means one of these, with its sign."""
    words = (re.escape(word) for field in fields for word in WORDS[field])
    return rf"[\"']?(?:{'|'.join(words)})[\"']?\s*[=:]"


# Where a value ends within a line: without quotes, and in them.
BREAK = re.compile(r"(?i)(?:\s*[;,{}]\s*|\s+)"
                   rf"(?={before('country', 'name', 'password', 'hidden', 'protection')})")
QUOTED = re.compile(r"(?i)([\"'“„‘`])(.*?)[\"'”“’`]"
                    rf"(?=\s*[;,}}]*(?:\s*|\s+#.*)$|[;,{{}}\s]+{before(*WORDS)})")
COMMENT = re.compile(r"\s(?:#|//)\s.*$")
OPENED = re.compile("[\"“„«]")      # by a quote that nothing closes
COUNTRIES = Path("/usr/share/zoneinfo/iso3166.tab")         # of tzdata: code, tab, name
ALIASES = {"UK": "GB", "ENGLAND": "GB", "USA": "US", "DEUTSCHLAND": "DE", "ÖSTERREICH": "AT",
           "SCHWEIZ": "CH"}
CONTROL = "/run/wpa_supplicant"         # where it is asked how things stand: radio.py
NAME_BYTES, PASSWORD_BYTES = 32, range(8, 64)       # IEEE 802.11 SSID; WPA2 passphrase


@dataclass(frozen=True)
class Wifi:
    country: str = ""
    name: str = ""
    password: str = ""          # KEPT: as it was taken before; NONE: an open network
    hidden: bool = False


def read(words: str) -> tuple[Wifi, list[str]]:
    """What is said in wifi.txt, or pasted into it: wpa_supplicant's network block (the first, where
    there are more), what a QR code holds, or a profile in XML. And lines that say nothing known, or
    something else than one before, as "line 3"."""
    code = re.search(r"(?i:WIFI):(?=[^\n]*[SP]:)(?:[^;\\\n]|\\.|;)*", words)
    found: dict[str, str] = from_code(code[0]) if code else from_xml(words)
    strange: list[str] = []
    blocks = 0
    rest = words.replace(code[0], "") if code else MARKUP.sub("", words) if found else words
    told = set(found)
    for number, line in enumerate(rest.translate(SPACES).split("\n"), 1):
        for key, value in pairs(line):
            meant = meaning(key)
            blocks += value == "{" and meant == "name"
            if meant is None:
                strange.append(f"line {number}")
            elif value.lower() in EMPTY or blocks > 1 or meant in told:
                continue
            elif OPENED.match(value) and by_hand(meant, value, False) == value:
                strange.append(f"line {number}")
            elif meant == "protection":
                found |= {"password": NONE} if value.upper() == "NONE" else {}
            else:
                said = by_hand(meant, value, blocks > 0)
                if found.setdefault(meant, said) != said:
                    found[meant] = ""               # which of them, nobody knows
                    strange.append(f"line {number}")
    wanted = Wifi(found.get("country", ""), found.get("name", ""), found.get("password", ""),
                  found.get("hidden", "").lower() in YES)
    return wanted, strange


def pairs(line: str) -> Iterator[tuple[str, str]]:
    """The keys and values of a line, quotes still around these; "{" is the value of what opens a
    block, and what is no pair comes as a key of no letters."""
    block = parted = False
    while line := line.lstrip(" {},;"):
        pair = KEY.match(line.lstrip("# "))
        if line[0] == "#" and (pair is None or not is_secret(pair[1])):
            return
        if line[0] in "#[" or pair is None:
            if line[0] != "[":
                yield "", ""
            return
        rest = line[pair.end():]
        if rest.startswith("{") and meaning(pair[1]) != "password":
            block = True
            yield pair[1], "{"
            line = rest[1:]
        elif quoted := QUOTED.match(rest):
            yield pair[1], quoted[0]
            line = rest[quoted.end():]
        else:
            end = BREAK.search(rest)
            value = COMMENT.sub("", rest[:end.start()] if end else rest).strip()
            parted = parted or end is not None and end[0].strip() in (";", ",")
            yield pair[1], value if meaning(pair[1]) == "password" and not block and not parted \
                else value.rstrip(" ;,}")
            line = rest[end.start():] if end else ""


def meaning(key: str) -> str | None:
    """The field it names; "" for what doesn't matter; None for what isn't known."""
    fuzzy = is_secret(key) and re.fullmatch(r"[\w .'()/-]+", key)
    return MEANT.get(plain(key), "password" if fuzzy else None)


def by_hand(meant: str, value: str, block: bool) -> str:
    """A value without the quotes around it. In a network block a name without quotes is hex."""
    bare = unquoted(value)
    if block and meant == "password" and value.startswith("ext:"):
        return ""                           # wpa_supplicant keeps it in another file
    if block and meant == "name" and re.fullmatch(r"P\".*\"", value):
        return escaped(value[2:-1])
    if meant == "name" and re.fullmatch(r"(?:\d{1,3};){2,}\d{1,3}", value):      # NetworkManager's
        return bytes(int(byte) % 256 for byte in value.split(";")).decode("utf-8", "replace")
    hexed = block and meant == "name" and bare == value and len(value) % 2 == 0
    if hexed and re.fullmatch(r"[0-9a-fA-F]+", value):
        return bytes.fromhex(value).decode("utf-8", "replace")
    return bare


def from_code(code: str) -> dict[str, str]:
    """`WIFI:T:WPA;S:name;P:password;H:true;;` as phones share it."""
    fields = dict(re.findall(r"(?:(?i:WIFI):|;)([A-Z]):((?:[^;\\]|\\.)*)", code))
    # In quotes where it would be hex without them (ZXing's wiki, "Barcode Contents").
    bare = {key: re.sub('^"(.*)"$', r"\1", value) for key, value in fields.items()}
    said = {key: re.sub(r"\\(.)", r"\1", value) for key, value in bare.items()}
    password = said.get("P", "") or (NONE if said.get("T", "").lower() == "nopass" else "")
    named = {"name": said.get("S", ""), "password": password, "hidden": said.get("H", "")}
    return {meant: value for meant, value in named.items() if value}


def from_xml(words: str) -> dict[str, str]:
    """Of what `netsh wlan export profile key=clear`, an iPhone's profile or Android's backup says;
    without a password it is none of these."""
    whole = words.replace("<true/>", "<string>true</string>")
    fields = {"".join(keys): html.unescape(value) for *keys, value in FIELD.findall(whole)}
    said = {meant: unquoted(fields[key].strip()) for key, meant in FIELDS.items() if key in fields}
    return said if "password" in said else {}


def judged(wanted: Wifi, countries: Path = COUNTRIES) -> tuple[Wifi, list[str]]:
    """With its country as two letters; and what can't work, in words with a remedy."""
    country = country_of(wanted.country, countries)
    wanted = replace(wanted, country=country if re.fullmatch(r"[^\d=:]{0,40}", country) else "")
    troubles = []
    if not re.fullmatch("[A-Z]{2}", wanted.country):
        troubles.append(f"country = {wanted.country}: write the two letters of your country, "
                        "as GB or DE")
    if not wanted.name:
        troubles.append("there is no name = of your Wi-Fi in it; write it beside name =")
    elif len(wanted.name.encode()) > NAME_BYTES or has_password(wanted.name):
        wanted = replace(wanted, name="")
        troubles.append(f"name: a Wi-Fi's name has at most {NAME_BYTES} bytes, and no "
                        "password = in it; compare it with your phone's list")
    raw = HEX_KEY.fullmatch(wanted.password)
    if wanted.name and not wanted.password:
        troubles.append("there is no password in it; write it beside password =, or none there for "
                        "a Wi-Fi without one")
    if wanted.password.lower() == NONE:
        wanted = replace(wanted, password=NONE)
    elif wanted.password not in ("", KEPT) and not raw \
            and len(wanted.password.encode()) not in PASSWORD_BYTES:
        wanted = replace(wanted, password="")
        troubles.append("password: a Wi-Fi password has 8 to 63 characters, or 64 hex digits")
    return wanted, troubles


def escaped(name: str) -> str:
    r"""Of `\xc3\xa9` and `\u00e9`."""
    marks = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), name)
    raw = re.sub(rb"\\x([0-9a-fA-F]{2})", lambda found: bytes([int(found[1], 16)]), marks.encode())
    return raw.decode("utf-8", "replace")


def doubts(name: str) -> list[str]:
    """Whether a name looks as if something had encoded it on its way here, in words. It may be
    right as it is, so that it is taken."""
    if "\ufffd" in name:
        return [f"name = {name}: a letter was lost in it; write it once more, and save it as UTF-8"]
    printable = re.sub(r"=([0-9A-Fa-f]{2})", r"%\1", name)
    otherwise = []
    with contextlib.suppress(UnicodeError, LookupError, ValueError, HeaderParseError):
        otherwise.append(str(make_header(decode_header(name))))
    otherwise += [unquote(name), html.unescape(name), escaped(name),
                  unquote(printable) if printable != name else name]
    with contextlib.suppress(UnicodeError):
        otherwise.append(name.encode("ascii").decode("utf-7"))
    meant = next((other for other in otherwise if other != name and "\ufffd" not in other), None)
    return [] if meant is None else [
        f"name = {name}: if your phone shows it as {meant}, write that, and the password as it is"]


def has_password(name: str) -> bool:
    beside = [part.split()[-1] for part in re.split("[=:]", name)[:-1] if part.split()]
    return any(map(is_secret, beside)) or re.search("//|:.*@", name) is not None


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
    said = wanted.password if wanted.password in ("", NONE) else KEPT
    return filled(replace(wanted, password=said))


def filled(wanted: Wifi) -> str:
    """The same with its password."""
    return (
        "# Your Wi-Fi, read at each start. The password is kept on the device's own partition and\n"
        "# stands here as (kept); write a new one over that, or none for a Wi-Fi without one.\n"
        "# hidden = yes: it doesn't show its name.\n"
        f"country = {wanted.country}\n{written_name(wanted.name)}\n"
        f"{written_password(wanted.password)}\nhidden = {'yes' if wanted.hidden else 'no'}\n"
    )


def written_name(name: str) -> str:
    """The line that is read as this name again: in quotes, or wpa_supplicant's hex, where it would
    lose something without."""
    quoted, hexed = f'name = "{name}"', f"network={{ ssid={name.encode().hex()} }}"
    forms = (f"name = {name}", quoted, hexed)
    return next((form for form in forms if read(form)[0].name == name), quoted)


def written_password(password: str) -> str:
    bare = f"password = {password}"
    return bare if read(bare)[0].password == password else f'password = "{password}"'


def supplicant(wanted: Wifi) -> str:
    """wpa_supplicant.conf; name and password in hex, so that nothing in them can end them: of a
    password in quotes wpa_supplicant 2.10 takes a # behind a second quote for a comment, and then
    refuses the whole file."""
    lines = [
        f"ctrl_interface={CONTROL}", f"country={wanted.country}", "p2p_disabled=1",
        # Either way of deriving SAE's element: an access point may insist on the newer one, which
        # brcmfmac's firmware says it can do whatever stands here.
        "sae_pwe=2",
        "network={", f"\tssid={wanted.name.encode().hex()}",
        *(["\tscan_ssid=1"] if wanted.hidden else []), *keys(wanted), "}",
    ]
    return "\n".join(lines) + "\n"


def keys(wanted: Wifi) -> list[str]:
    """WPA2, WPA3 and both at once. WPA3 (SAE) needs the passphrase itself, so that 64 hex digits,
    which are WPA2's key, can't join it."""
    if wanted.password == NONE:
        return ["\tkey_mgmt=NONE"]
    raw = HEX_KEY.fullmatch(wanted.password)
    psk = wanted.password.lower() if raw else shared_key(wanted.name, wanted.password)
    sae = [] if raw else [f"\tsae_password={wanted.password.encode().hex()}"]
    ways = "WPA-PSK WPA-PSK-SHA256" + ("" if raw else " SAE")
    return [f"\tpsk={psk}", *sae, f"\tkey_mgmt={ways}", "\tieee80211w=1"]


def shared_key(name: str, password: str) -> str:
    """WPA2's key (IEEE 802.11-2020, J.4.1), hex."""
    return hashlib.pbkdf2_hmac("sha1", password.encode(), name.encode(), 4096, 32).hex()


def in_force(conf: str) -> Wifi:
    """What a wpa_supplicant.conf of `supplicant` joins, its password kept."""
    name, country = re.search(r"(?m)^\tssid=([0-9a-f]+)$", conf), re.search(r"country=(\w\w)", conf)
    if not name:
        return Wifi()
    return Wifi(country[1] if country else "", bytes.fromhex(name[1]).decode("utf-8", "replace"),
                NONE if "key_mgmt=NONE" in conf else KEPT, "scan_ssid=1" in conf)


def kept_password(conf: str) -> str:
    """Of a wpa_supplicant.conf that `supplicant` wrote, now or as older systems did; "" without
    one."""
    if sae := re.search(r"(?m)^\tsae_password=([0-9a-f]+)$", conf):
        return bytes.fromhex(sae[1]).decode("utf-8", "replace")
    found = re.search(r'(?m)^\tpsk=(?:"(.*)"|([0-9a-f]{64}))$', conf)
    return (found[1] or found[2] or "") if found else ""
