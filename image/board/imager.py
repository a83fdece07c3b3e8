"""What Raspberry Pi Imager's customisation leaves on a card: time zone and Wi-Fi. Pure.

Three forms, by its age: firstrun.sh, custom.toml, and cloud-init's user-data with network-config.
Each holds passwords or their hashes, so that none of them stays.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from wifi import Wifi
from written import Unreadable, tables, unquoted

FILES = ("firstrun.sh", "custom.toml", "user-data", "network-config", "meta-data")
ZONES = (
    r"(?m)^\s*timezone\s*[:=]\s*[\"']?([\w+/-]+)",          # user-data, custom.toml
    r"set_timezone\s+[\"']?([\w+/-]+)",                     # firstrun.sh of Imager 1.8
    r"echo\s+[\"']?([\w+-]+/[\w+/-]+)[\"']?\s*>\s*/etc/timezone",
    r"/usr/share/zoneinfo/([\w+-]+(?:/[\w+-]+)*)",
)


@dataclass(frozen=True)
class Customised:
    zone: str = ""
    wifi: Wifi = Wifi()


def read(files: Mapping[str, str]) -> Customised:
    """By the names in FILES."""
    whole = "\n".join(files.values())
    zone = next((found[1] for form in ZONES if (found := re.search(form, whole))), "")
    return Customised(zone, from_toml(files.get("custom.toml", ""))
                      or from_netplan(files.get("network-config", ""))
                      or from_script(files.get("firstrun.sh", "")) or Wifi())


def from_toml(words: str) -> Wifi | None:
    try:
        wlan = tables(words).get("wlan", {})
    except Unreadable:
        return None
    if not isinstance(wlan, dict) or not wlan.get("ssid"):
        return None
    return Wifi(str(wlan.get("country", "")), str(wlan["ssid"]), str(wlan.get("password", "")),
                wlan.get("hidden") is True)


def from_netplan(words: str) -> Wifi | None:
    found = re.search(r"access-points:\s*\n\s+(.+?):\s*(?:\{\s*\})?\n", words)
    if not found:
        return None
    def said(key: str) -> str:
        line = re.search(rf"(?m)^\s*{key}:\s*(.+?)\s*$", words)
        return unquoted(line[1]) if line else ""
    return Wifi(said("regulatory-domain"), unquoted(found[1]), said("password"),
                said("hidden") == "true")


def from_script(words: str) -> Wifi | None:
    """set_wlan's arguments, or the block that older ones write."""
    if called := re.search(r"set_wlan\s+(-h\s+)?'([^']*)'\s+'([^']*)'\s+'(\w*)'", words):
        return Wifi(called[4], called[2], called[3], bool(called[1]))
    name, key = re.search(r'ssid="(.*)"', words), re.search(r'psk="?([^"\n]+)"?', words)
    country = re.search(r"country=(\w\w)", words)
    if not name:
        return None
    return Wifi(country[1] if country else "", name[1], key[1] if key else "",
                "scan_ssid=1" in words)
