#!/usr/bin/python3
"""Takes over what a person wrote on the boot partition: settings, hub's CA, a lullaby, keys. Then
the firewall.

Secrets move to the data partition, readable by their user only, and are replaced by (kept) where
they stood. A file that can't be understood is named in TROUBLE.txt on the boot partition, and the
last good one stays in force. `settings.py` runs as nocturne-setup.service.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, "/usr/lib/nocturne/board")

from tryboot import BOOT, blank, put, writable

DATA = Path("/data")
PYTHON = "/usr/lib/nocturne/python"
KEPT = "(kept)"
PASSWORD = re.compile(r'(?m)^(\s*password\s*=\s*)"((?:[^"\\]|\\.)*)"')
WIFI = re.compile(r"^\s*(country|name|password)\s*=\s*(.*?)\s*$")
DEFAULT = Path("/usr/lib/nocturne/nocturne.toml")
NTP, DNS, UPDATES = 123, 53, 8443


def main() -> int:
    folder(DATA / "nocturne", "nocturne", 0o700)
    folder(DATA / "config", "root", 0o711)
    folder(DATA / "system", "root", 0o755)
    folder(DATA / "rauc", "root", 0o700)
    folder(DATA / "ssh", "root", 0o700)
    troubles = [*take_config(BOOT, DATA / "config"), *take_wifi(BOOT, DATA / "config")]
    take_file(BOOT / "authorized_keys", DATA / "ssh/authorized_keys", "root")
    take_file(BOOT / "ca.crt", DATA / "config/nocturne-ca.crt", "nocturne")
    take_file(BOOT / "seed.mid", DATA / "config/seed.mid", "nocturne")
    tell(BOOT, troubles)
    subprocess.run(
        ["nft", "-f", "-"],
        input=firewall(hub(DATA / "config" / "nocturne.toml")),
        text=True,
        check=True,
    )
    return 0


def folder(path: Path, owner: str, mode: int) -> None:
    path.mkdir(exist_ok=True)
    shutil.chown(path, owner, owner)
    path.chmod(mode)


def take_config(boot: Path, kept: Path) -> list[str]:
    """Returns what was wrong with it, in words."""
    mine, theirs = kept / "nocturne.toml", boot / "nocturne.toml"
    before = mine.read_text() if mine.exists() else DEFAULT.read_text()
    try:
        wanted = theirs.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as trouble:
        wanted, troubles = (
            before,
            [f"nocturne.toml: can't be read ({trouble}); the last good one holds"],
        )
    else:
        secret = PASSWORD.search(before)
        if secret and (stands := PASSWORD.search(wanted)) and stands[2] == KEPT:
            wanted = PASSWORD.sub(lambda match: f'{match[1]}"{secret[2]}"', wanted)
        troubles = [f"nocturne.toml: {fault}; the last good one holds" for fault in faults(wanted)]
    if troubles:
        wanted = before
    secretly(mine, wanted.encode(), "nocturne")
    if not troubles and (secret := PASSWORD.search(wanted)) and secret[2]:
        replace(theirs, PASSWORD.sub(rf'\1"{KEPT}"', wanted))
    return troubles


def faults(text: str) -> list[str]:
    sys.path.insert(0, PYTHON)
    from device.config import Config
    from device.errors import ConfigError
    try:
        Config.parse(text)
    except ConfigError as trouble:
        return [str(trouble)]
    return []


def take_wifi(boot: Path, kept: Path) -> list[str]:
    """Writes wpa_supplicant's file, if there is a name."""
    mine, theirs = kept / "wpa_supplicant-wlan0.conf", boot / "wifi.txt"
    try:
        lines = theirs.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as trouble:
        return [f"wifi.txt: can't be read ({trouble})"]
    values = dict(match.groups() for match in map(WIFI.match, lines) if match)
    name, password, country = (values.get(key, "") for key in ("name", "password", "country"))
    if not name:
        mine.unlink(missing_ok=True)
        return []
    if password == KEPT:
        return []
    if not re.fullmatch("[A-Z]{2}", country):
        return [
            f"wifi.txt: country = {country}: write the two letters of your country, as GB or DE"
        ]
    if password and not 8 <= len(password.encode()) <= 63:
        return ["wifi.txt: a Wi-Fi password has 8 to 63 characters"]
    secretly(mine, network(name, password, country).encode(), "root")
    if password:
        replace(
            theirs,
            "\n".join(
                re.sub(r"(password\s*=).*", rf"\1 {KEPT}", line) if WIFI.match(line) else line
                for line in lines
            )
            + "\n",
        )
    return []


def network(name: str, password: str, country: str) -> str:
    """wpa_supplicant.conf; the name in hex, so that no quote in it can end it."""
    key = (
        f'\tpsk="{password}"\n\tkey_mgmt=WPA-PSK SAE\n\tieee80211w=1'
        if password
        else "\tkey_mgmt=NONE"
    )
    return f"country={country}\nnetwork={{\n\tssid={name.encode().hex()}\n{key}\n}}\n"


def take_file(theirs: Path, mine: Path, owner: str) -> None:
    """In force while it lies there: SSH by authorized_keys, the hub's CA by ca.crt, a lullaby by
    seed.mid."""
    if theirs.exists():
        secretly(mine, theirs.read_bytes(), owner)
    else:
        mine.unlink(missing_ok=True)


def tell(boot: Path, troubles: list[str]) -> None:
    notice = boot / "TROUBLE.txt"
    text = "".join(f"{trouble}\r\n" for trouble in troubles)
    for trouble in troubles:
        print(trouble, file=sys.stderr, flush=True)
    if text != (notice.read_bytes().decode() if notice.exists() else ""):
        replace(notice, text)


def hub(config: Path) -> tuple[str, int]:
    sys.path.insert(0, PYTHON)
    from device.config import Config
    home = Config.load(config).home
    return home.host, home.port


def firewall(home: tuple[str, int]) -> str:
    """nftables rules: nothing comes in, and out go only the clock, names, addresses and the hub."""
    host, port = home
    to = f"ip daddr {host} " if re.fullmatch(r"\d+(\.\d+){3}", host) else ""
    hub = (f"meta skuid nocturne {to}tcp dport {port} accept\n"
           f"        meta skuid root {to}tcp dport {UPDATES} accept")
    ssh = "tcp dport 22 accept" if (DATA / "ssh" / "authorized_keys").exists() else ""
    return f"""flush ruleset
table inet nocturne {{
    chain in {{
        type filter hook input priority 0; policy drop;
        iif lo accept
        ct state established,related accept
        icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert,
                      echo-request }} accept
        icmp type echo-request accept
        udp dport {{ 68, 546 }} accept
        {ssh}
    }}
    chain forward {{
        type filter hook forward priority 0; policy drop;
    }}
    chain out {{
        type filter hook output priority 0; policy drop;
        oif lo accept
        ct state established,related accept
        icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit,
                      echo-reply }} accept
        udp dport {{ 67, 547 }} accept
        meta skuid systemd-timesync udp dport {NTP} accept
        meta l4proto {{ tcp, udp }} th dport {DNS} accept
        {hub if host else ""}
    }}
}}
"""


def secretly(path: Path, data: bytes, owner: str) -> None:
    """Atomically, readable by its owner only."""
    if path.exists() and path.read_bytes() == data:
        return
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    shutil.chown(new, owner, owner)
    new.rename(path)


def replace(path: Path, text: str) -> None:
    with writable():
        if path.exists():
            blank(path)
        put(path, text.encode())


if __name__ == "__main__":
    sys.exit(main())
