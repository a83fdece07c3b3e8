"""What Raspberry Pi Imager's customisation leaves on a card: host name, time zone, Wi-Fi and SSH
keys. Pure.

Four forms, by its age and the manifest: firstrun.sh, custom.toml, cloud-init's user-data with
network-config, and rpi-preseed.toml. Each holds passwords or their hashes, so that none of them
stays. Written from what Imager 1.8 to 2.0.10 write (src/customization_generator.cpp there).
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from wifi import NONE, Wifi
from written import Unreadable, blocks, tables

ZONES = (
    r"echo\s+[\"']?([\w+-]+/[\w+-]+)[\"']?\s*>\s*/etc/timezone",
    r"/usr/share/zoneinfo/([\w+-]+(?:/[\w+-]+)*)",
)
HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)    # RFC 1123, 2.1
# A certificate (…-cert-v01@openssh.com) is nothing that dropbear takes.
KEY = re.compile(r"(?:ssh-|ecdsa-|sk-)(?![\w@.-]*-cert-)[\w@.-]+ +[A-Za-z0-9+/]{16,}={0,3}"
                 r"(?=\s|$)(?: .*)?")
# Imager asks for them, or adds them by itself; what they are for is not to be done here, or is.
USUAL = {"manage_resolv_conf", "manage_etc_hosts", "packages", "apt", "runcmd", "hostname",
         "keyboard", "timezone", "user", "users", "enable_ssh", "ssh_pwauth", "locale",
         "ssh_authorized_keys"}
NOBODY = "nobody logs in here by name or password; with an SSH key it is root who does"
NO_TEXT = "the Wi-Fi's name isn't UTF-8, so that it isn't taken"


@dataclass(frozen=True)
class Customised:
    zone: str = ""
    wifi: Wifi = Wifi()
    host: str = ""
    keys: tuple[str, ...] = ()          # as lines of authorized_keys
    without: tuple[str, ...] = ()       # what was asked for and isn't to be had, in words


def read(files: Mapping[str, str]) -> tuple[Customised, list[str]]:
    """By the names in IMAGERS; and what can't be understood, in words. The newest form wins."""
    found, troubles = Customised(), []
    for name in ("rpi-preseed.toml", "custom.toml", "user-data", "network-config", "firstrun.sh"):
        try:
            found = joined(found, READ[name](files[name]) if name in files else Customised())
        except Unreadable as trouble:
            troubles.append(f"{name}: {trouble}; it went unread. Write wifi.txt and nocturne.toml")
    country = re.search(r"cfg80211\.ieee80211_regdom=(\w\w)", files.get("cmdline.txt", ""))
    if country and found.wifi.name and not found.wifi.country:
        found = replace(found, wifi=replace(found.wifi, country=country[1]))
    strange = [key for key in found.keys if not KEY.fullmatch(key)]
    keys = tuple(dict.fromkeys(key for key in found.keys if KEY.fullmatch(key)))
    host = found.host if HOST.fullmatch(found.host) else ""
    if strange:
        troubles.append("an SSH key is none: it begins as ssh-ed25519 AAAA…, on one line; put it "
                        "into a file authorized_keys")
    if found.host and not host:
        troubles.append(f"hostname: {found.host[:63]} is none: letters, digits and - only")
    troubles += dict.fromkeys(found.without)
    return replace(found, host=host.lower(), keys=keys), troubles


def joined(first: Customised, second: Customised) -> Customised:
    return Customised(first.zone or second.zone, first.wifi if first.wifi.name else second.wifi,
                      first.host or second.host, first.keys or second.keys,
                      (*first.without, *second.without))


def wifi_of(country: str, name: str, password: str, hidden: bool) -> Wifi:
    """Imager leaves the password of an open network empty."""
    return Wifi(country.upper(), name, password or NONE, hidden) if name else Wifi()


def from_toml(words: str) -> Customised:
    """custom.toml and rpi-preseed.toml name alike what both have."""
    whole = tables(words)
    def said(section: str, key: str) -> str:
        table = whole.get(section, {})
        value = table.get(key, "") if isinstance(table, dict) else ""
        return value if isinstance(value, str) else ""
    try:
        keys = tuple(str(key).strip() for key in whole.get("ssh", {}).get("authorized_keys", ()))
        hidden = whole.get("wlan", {}).get("hidden") is True
        enabled = whole.get("connect", {}).get("enabled") is True
    except (AttributeError, TypeError) as trouble:
        raise Unreadable("a section of it isn't one") from trouble
    wifi = wifi_of(said("wlan", "country"), said("wlan", "ssid"), said("wlan", "password"), hidden)
    return Customised(said("locale", "timezone"), wifi, said("system", "hostname"), keys,
                      refused(said("user", "name"), enabled, bool(said("wlan", "ssid_hex"))))


def from_cloud(words: str) -> Customised:
    whole = mapping(blocks(words))
    users = whole.get("users") or whole.get("user") or {}
    people = users if isinstance(users, list) else [users]
    keys: list[str] = []
    for one in (*people, whole):
        listed = one.get("ssh_authorized_keys", "") if isinstance(one, dict) else ""
        keys += map(line_of, listed if isinstance(listed, list) else [listed])
    names = [text_of(one, "name") for one in people if isinstance(one, dict)]
    others = sorted(set(whole) - USUAL)
    said = refused(next(filter(None, names), ""), "rpi-connect" in str(whole.get("runcmd", "")))
    if others:
        said += (f"user-data: {', '.join(others)}: not to be had here",)
    return Customised(text_of(whole, "timezone"), Wifi(), text_of(whole, "hostname"),
                      tuple(filter(None, keys)), said)


def from_netplan(words: str) -> Customised:
    """With `network:` around it, as Imager writes, or without, as cloud-init's own pages have it.
    """
    whole = mapping(blocks(words))
    radios = mapping(mapping(whole.get("network", whole)).get("wifis", ""))
    found, without = Wifi(), []
    for radio in radios.values():
        if not isinstance(radio, dict):
            continue                    # `renderer:` may stand beside them
        for name, point in mapping(radio.get("access-points", "")).items():
            # an open network without more may stand as `{}`
            said = point if isinstance(point, dict) else {}
            auth = mapping(said.get("auth", ""))
            if text_of(auth, "key-management").startswith(("eap", "802.1x")):
                without.append(f"Wi-Fi {name[:32]}: its users have names (WPA-Enterprise), which "
                               "is not to be had here")
            elif found.name:
                without.append(f"Wi-Fi {name[:32]}: one is enough here, and {found.name[:32]} was "
                               "named first")
            else:
                found = wifi_of(text_of(radio, "regulatory-domain"), name,
                                text_of(said, "password") or text_of(auth, "password"),
                                text_of(said, "hidden") == "true")
    return Customised(wifi=found, without=tuple(without))


def from_script(words: str) -> Customised:
    """The arguments of imager_custom, or the files that older ones write."""
    called: dict[str, list[str]] = {}
    for line in words.split("\n"):
        if re.search(r"imager_custom\s+\w|userconf\s+'", line):
            try:
                parts = shlex.split(line.strip())
            except ValueError as trouble:
                raise Unreadable("a quote in it isn't closed") from trouble
            _, task, *arguments = parts if "imager_custom" in parts[0] else ("", "user", *parts[1:])
            called[task] = arguments
    hidden = "-h" in called.get("set_wlan", [])[:1]
    wlan = called.get("set_wlan", [])[hidden:]
    wifi = (wifi_of((*wlan, "", "")[2], wlan[0], (*wlan, "")[1], hidden) if wlan
            else from_block(words))
    zone = (called.get("set_timezone") or [""])[0] or next(
        (found[1] for form in ZONES if (found := re.search(form, words))), "")
    keys = called.get("enable_ssh", [])
    said = refused((called.get("user") or [""])[0], "rpi-connect" in words, "ssid=hex:" in words)
    return Customised(zone, wifi, (called.get("set_hostname") or [""])[0],
                      tuple(keys[1:] if keys[:1] == ["-k"] else ()), said)


def from_block(words: str) -> Wifi:
    """A wpa_supplicant.conf inside the script."""
    name, key = re.search(r'\bssid="(.*)"', words), re.search(r'psk="?([^"\n]+)"?', words)
    if not name:
        return Wifi()
    country = re.search(r"country=(\w\w)", words)
    bare = re.sub(r"\\(.)", r"\1", name[1])
    return wifi_of(country[1] if country else "", bare, key[1] if key else "",
                   "scan_ssid=1" in words)


def refused(user: str, connect: bool, no_text: bool = False) -> tuple[str, ...]:
    """What isn't to be had of it, in words."""
    return (*([f"user {user[:32]}: {NOBODY}"] if user not in ("", "root") else ()),
            *(["Raspberry Pi Connect: not to be had here"] if connect else ()),
            *([NO_TEXT] if no_text else ()))


def mapping(value: Any) -> dict[str, Any]:
    if value == "":
        return {}
    if not isinstance(value, dict):
        raise Unreadable("a part of it isn't understood")
    return value


def text_of(table: Mapping[str, Any], key: str) -> str:
    value = table.get(key, "")
    return value if isinstance(value, str) else ""


def line_of(key: Any) -> str:
    """An SSH key; one whose comment has a colon reads as a pair in YAML."""
    pairs = key.items() if isinstance(key, dict) else ()
    return ": ".join(map(str, next(iter(pairs)))) if pairs else str(key)


READ = {"rpi-preseed.toml": from_toml, "custom.toml": from_toml, "user-data": from_cloud,
        "network-config": from_netplan, "firstrun.sh": from_script}
