#!/usr/bin/python3
"""Takes over what a person wrote on the boot partition: settings, hub's CA, a lullaby, keys. Then
the firewall.

Secrets move to the data partition, readable by their user only, and are replaced by (kept) where
they stood. A file that can't be understood is named in TROUBLE.txt on the boot partition, and the
last good one stays in force. While memory stands in for the data partition all is taken from a copy
of the drive, on which everything stays. `settings.py` runs as nocturne-setup.service.
"""

import contextlib
import hashlib
import ipaddress
import os
import re
import shutil
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace as changed
from pathlib import Path

sys.path.insert(0, "/usr/lib/nocturne/board")

import imager
import wifi
import written
from tryboot import BOOT, blank, put, writable

DATA = Path("/data")
TOLD, SPARE = Path("/run/nocturne-data.trouble"), Path("/run/nocturne-spare")       # by data.py
COPY = Path("/run/nocturne-drive")
PYTHON = "/usr/lib/nocturne/python"
VERSION = Path("/usr/lib/nocturne/version")
NAMES = ("wifi.txt", "nocturne.toml", "home.toml", "hostname.txt", "authorized_keys", "ca.crt")
OURS = {*NAMES, "TROUBLE.txt", "README.txt", "settings.txt", "common.txt", "config.txt",
        "tryboot.txt", "sbom.cdx.json", "seed.mid"}
SYSTEMS, FIRMWARE = {"a", "b", "overlays", "reports"}, {".bin", ".dat", ".elf", ".dtb", ".broadcom"}
STRAY = 65_536      # bytes: larger files are no copies of settings
FEW = 4             # lines that are named
ZONEINFO = Path("/usr/share/zoneinfo")
DEFAULT = Path("/usr/lib/nocturne/nocturne.toml")
SAID = re.compile(r"(home\.(?:password|username|hub_key)) = .*?: (?=must)", re.DOTALL)
HOST = "nocturne"
NTP, DNS, UPDATES = 123, 53, 8443


def main() -> int:
    kept = DATA / "config"
    boot = copied(BOOT, COPY) if SPARE.exists() else BOOT
    steps: list[tuple[str, Callable[[], object]]] = [
        ("data", lambda: folders(DATA)),
        ("settings.txt", lambda: words_in(TOLD).splitlines()),
        ("other names", lambda: named_wrongly(boot)),
        ("other places", lambda: found_elsewhere(boot)),
        ("Imager's files", lambda: take_imager(boot, kept)),
        ("nocturne.toml", lambda: take_config(boot, kept)),
        ("wifi.txt", lambda: take_wifi(boot, kept)),
        ("other files", lambda: take_strays(boot, kept)),
        ("clock.zone", lambda: set_zone(kept)),
        ("hostname.txt", lambda: set_host(boot)),
        *((name, lambda name=name, mine=mine, owner=owner: take_file(boot / name, mine, owner))
          for name, mine, owner in (
              ("authorized_keys", DATA / "ssh/authorized_keys", "root"),
              ("ca.crt", kept / "nocturne-ca.crt", "nocturne"),
              ("seed.mid", kept / "seed.mid", "nocturne"))),
        ("names by multicast", lambda: names_by_multicast(
            hub(kept / "nocturne.toml")[0], (DATA / "ssh/authorized_keys").exists())),
    ]
    troubles = [trouble for what, step in steps for trouble in guarded(what, step)]
    try:
        troubles += load_firewall(kept / "nocturne.toml")
    finally:
        guarded("TROUBLE.txt", lambda: tell(BOOT, troubles))
    return 0


def copied(boot: Path, copy: Path) -> Path:
    """What people and Imager write there, in the files that count."""
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(0o700)
    for name in (*NAMES, "seed.mid", *written.IMAGERS):
        with contextlib.suppress(OSError):
            shutil.copyfile(boot / name, copy / name)
    return copy


def guarded(what: str, step: Callable[[], object]) -> list[str]:
    """The step's troubles. No fault of one keeps the others, and the firewall, from their work; its
    kind alone is told, for its words may hold a password."""
    try:
        found = step()
    except Exception as trouble:
        traceback.print_exc()
        return [f"{what}: couldn't be taken ({type(trouble).__name__}); the last good one holds"]
    return found if isinstance(found, list) else []


def folders(data: Path) -> None:
    if not SPARE.exists():      # else it takes nothing
        folder(data / "nocturne", "nocturne", 0o700)
    folder(data / "config", "root", 0o711)
    folder(data / "system", "root", 0o755)
    folder(data / "rauc", "root", 0o700)
    folder(data / "ssh", "root", 0o700)


def folder(path: Path, owner: str, mode: int) -> None:
    path.mkdir(exist_ok=True)
    shutil.chown(path, owner, owner)
    path.chmod(mode)


def take_config(boot: Path, kept: Path) -> list[str]:
    """Returns what was wrong with it, in words."""
    mine, theirs = kept / "nocturne.toml", boot / "nocturne.toml"
    before = words_in(mine)
    secret = Kept(kept / "home-password", password_in(before))
    before = still_good(before)
    try:
        wanted = written.repaired(written.text(theirs.read_bytes()))
    except (OSError, written.Unreadable) as trouble:
        if theirs.exists():
            set_aside(theirs, kept)
        secretly(mine, before.encode(), "nocturne")
        return [f"nocturne.toml: can't be read: {trouble}; the last good one holds"]
    wanted, troubles = with_home(boot, kept, wanted, secret)
    told = written.uncommented(wanted)
    if password_in(told) == written.KEPT:
        wanted = written.with_value(told, "home", "password", written.basic(secret.password))
        if not secret.password:
            troubles.append("nocturne.toml: home.password: none is kept any more; write it again")
    found = faults(wanted)
    if found:
        masked = only_harmless(theirs, told, kept, secret)
        secretly(mine, before.encode(), "nocturne")
        return [*troubles, *(f"nocturne.toml: {written.line_of(masked, fault)}{fault}; "
                             "the last good one holds" for fault in found)]
    secretly(mine, wanted.encode(), "nocturne")
    said = password_in(wanted)
    secret.keep(said)
    left = without(told, said)
    if theirs.read_bytes() not in (left.encode(), dos(left)):
        replace(theirs, left)
    return troubles


def with_home(boot: Path, kept: Path, wanted: str, secret: "Kept") -> tuple[str, list[str]]:
    """A hub's home.toml that lies beside goes into the settings, and leaves the drive."""
    theirs = boot / "home.toml"
    if not theirs.exists():
        return wanted, []
    try:
        whole = written.repaired(written.text(theirs.read_bytes()))
    except (OSError, written.Unreadable) as trouble:
        set_aside(theirs, kept)
        return wanted, [f"home.toml: {trouble}; copy it from the hub once more"]
    try:
        sections = written.tables(whole)
        told = [(section, key, value) for section in ("home", "clock")
                for key, value in sections.get(section, {}).items()]
        if not sections.get("home"):
            raise written.Unreadable("there is no [home] in it")
    except (written.Unreadable, AttributeError) as trouble:
        only_harmless(theirs, whole, kept, secret)
        return wanted, [f"home.toml: {trouble}; copy it from the hub once more"]
    both = wanted
    for section, key, value in told:
        if (section, key) != ("clock", "zone") or not value_of(both, section, key):
            both = written.with_value(both, section, key, toml(value))
    if found := faults(both):
        only_harmless(theirs, whole, kept, secret)
        return wanted, [f"home.toml: {fault}; copy it from the hub once more" for fault in found]
    forget(theirs)
    return both, []


def only_harmless(theirs: Path, words: str, kept: Path, secret: "Kept") -> str:
    """A file with a mistake stays on the drive to be mended, without what may be a password; as it
    was, it is set aside. What stays."""
    masked, said = written.masked(words, DEFAULT.read_text())
    secret.keep(said)
    if dos(masked) != theirs.read_bytes():
        secretly(kept / f"{theirs.name}.unread", theirs.read_bytes(), "root")
        replace(theirs, masked)
    return masked


class Kept:
    """The hub's password, beside the settings, so that no torn file can lose it."""

    def __init__(self, path: Path, before: str):
        self.path = path
        self.password = words_in(path) or before

    def keep(self, password: str) -> None:
        if password and password != written.KEPT:
            self.password = password
            secretly(self.path, password.encode(), "root")


def password_in(words: str) -> str:
    return value_of(words, "home", "password")


def value_of(words: str, section: str, key: str) -> str:
    """As text; "" where there is none."""
    try:
        value = written.tables(words).get(section, {}).get(key, "")
    except (written.Unreadable, AttributeError):
        return ""
    return value if isinstance(value, str) else ""


def without(words: str, secret: str) -> str:
    """The settings with (kept) for the hub's password, however that was written: line by line where
    that will do, else all of them written anew."""
    mark = written.KEPT if secret else ""
    edited = written.with_value(words, "home", "password", written.basic(mark)) if secret else words
    forms = {secret, written.basic(secret)[1:-1]} - {""}
    left = any(form in edited for form in forms) or written.has_secret(edited)
    if password_in(edited) == mark and not left:
        return edited
    sys.path.insert(0, PYTHON)
    from device.config import Config, document
    config = Config.parse(words)
    return document(changed(config, home=changed(config.home, password=mark)))


def toml(value: object) -> str:
    if isinstance(value, str):
        return written.basic(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def faults(text: str) -> list[str]:
    """What the device itself says of settings. That it found nothing is kept until it is another
    device: asking takes as long as all the rest here."""
    passed = DATA / "config/passed"
    if words_in(passed) == marked(text):
        return []
    found = asked(text)
    if not found:
        with contextlib.suppress(OSError):
            secretly(passed, marked(text).encode(), "root")
    return found


def marked(text: str) -> str:
    """A mark of this text as this very device reads it."""
    return hashlib.sha256((words_in(VERSION) + text).encode()).hexdigest()


def asked(text: str) -> list[str]:
    sys.path.insert(0, PYTHON)
    from device.config import Config
    from device.errors import ConfigError
    try:
        username = Config.parse(text).home.username
    except ConfigError as trouble:
        return [SAID.sub(r"\1: ", str(trouble))]
    if ":" in username:
        return ["home.username: has a colon; the password has a line of its own, password ="]
    return []


def still_good(words: str) -> str:
    """Settings of our own without the lines that this system refuses and an older one took; the
    built-in ones where they are torn."""
    while words and (found := faults(words)):
        line = re.match(r"line (\d+)", written.line_of(words, found[0]))
        if line is None or not written.is_toml(words):
            return DEFAULT.read_text()
        lines = words.split("\n")
        words = "\n".join([*lines[:int(line[1]) - 1], *lines[int(line[1]):]])
    return words or DEFAULT.read_text()


def take_wifi(boot: Path, kept: Path) -> list[str]:
    """Writes wpa_supplicant's file, if there is a name; wifi.txt is left without a password."""
    mine, theirs, secret = kept / "wpa_supplicant-wlan0.conf", boot / "wifi.txt", kept / "wifi-key"
    before = words_in(secret) or wifi.kept_password(words_in(mine))
    try:
        words = written.text(theirs.read_bytes())
    except FileNotFoundError:
        return ["wifi.txt: it is gone; the last Wi-Fi holds"] if mine.exists() else []
    except (OSError, written.Unreadable) as trouble:
        set_aside(theirs, kept)
        replace(theirs, wifi.card(wifi.in_force(words_in(mine))))
        return [f"wifi.txt: can't be read: {trouble}"]
    said, strange = wifi.read(words)
    if said == wifi.Wifi() and not strange:
        if not words.strip():
            holds = "; the last Wi-Fi holds" if mine.exists() else ""
            return [f"wifi.txt: it is empty{holds}"]
        mine.unlink(missing_ok=True)
        return []
    wanted, troubles = wifi.judged(said)
    password = before if wanted.password == written.KEPT else wanted.password
    if not password and wanted.password:
        troubles.append("password: none is kept any more; write it once more")
    if strange and troubles:
        lines = ", ".join(strange[:FEW]) + (" and more" if len(strange) > FEW else "")
        troubles.append(f"{lines}: write country =, name = and password =, a line each")
    if password not in ("", wifi.NONE):
        secretly(secret, password.encode(), "root")
    # An empty one would mean at the next start that the last one is to be forgotten.
    clean = wifi.card(wifi.in_force(words_in(mine)) if wanted == wifi.Wifi() else wanted)
    if not troubles:
        if password == wifi.NONE:
            secret.unlink(missing_ok=True)
        secretly(mine, wifi.supplicant(changed(wanted, password=password)).encode(), "root")
    elif clean != words:
        set_aside(theirs, kept)
    if clean != words:
        replace(theirs, clean)
    return [f"wifi.txt: {said}" for said in (*troubles, *wifi.doubts(wanted.name))]


def take_imager(boot: Path, kept: Path) -> list[str]:
    """Raspberry Pi Imager's customisation, as if a person had written it into the drive's own
    files, where nothing else stands yet. Its files leave the drive, for passwords are in them."""
    there = [boot / name for name in written.IMAGERS if (boot / name).exists()]
    if not there:
        return []
    files, troubles = {}, []
    for path in there:
        try:
            files[path.name] = written.text(path.read_bytes())
        except (OSError, written.Unreadable) as trouble:
            troubles.append(f"{path.name}: can't be read: {trouble}")
    found, more = imager.read(files)
    theirs, mine = boot / "nocturne.toml", boot / "wifi.txt"
    words = written.repaired(readable(theirs))
    if found.zone and words and not value_of(words, "clock", "zone"):
        replace(theirs, written.with_value(words, "clock", "zone", written.basic(found.zone)))
    if found.wifi.name and not wifi.read(readable(mine))[0].name:
        replace(mine, wifi.filled(found.wifi))
    for name, said in (("hostname.txt", found.host), ("authorized_keys", "\n".join(found.keys))):
        if said and not readable(boot / name).strip():      # a power cut may have left it empty
            replace(boot / name, f"{said}\n")
    for path in there:
        forget(path)
    return [*troubles, *more]


def readable(path: Path) -> str:
    """What a file on the drive says; "" where it can't be taken."""
    try:
        return written.text(path.read_bytes())
    except (OSError, written.Unreadable):
        return ""


def named_wrongly(boot: Path) -> None:
    """Windows hides the endings it knows, so that Notepad's files end twice; editors leave copies
    of what was there before."""
    for name in NAMES:
        others = dict.fromkeys((f"{name}.txt", name.replace(".", "_")))
        for other in (boot / each for each in others if each != name):
            if other.exists() and (not (boot / name).exists() or other.stat().st_mtime
                                   > (boot / name).stat().st_mtime):
                with writable():
                    put(boot / name, other.read_bytes())
            if other.exists():
                forget(other)
        for copy in (f"{name}~", f"{name}.bak", f".{name}.swp", f"{name}.orig"):
            if (boot / copy).exists():
                forget(boot / copy)


def found_elsewhere(boot: Path) -> None:
    """The files of a hub's pairing in the folder that it makes; Wi-Fi as older systems took it."""
    for theirs in boot.glob("*/home.toml"):
        for path in (theirs.with_name("ca.crt"), theirs):
            if path.exists():
                with writable():
                    put(boot / path.name, path.read_bytes())
                forget(path)
    theirs, mine = boot / "wpa_supplicant.conf", boot / "wifi.txt"
    if (words := readable(theirs)) and not wifi.read(readable(mine))[0].name:
        replace(mine, words)
        forget(theirs)


def take_strays(boot: Path, kept: Path) -> list[str]:
    """Copies of settings under other names leave the drive too, where a password is in them; those
    in a computer's bin (.Trashes/501) as well."""
    troubles = []
    for path in sorted(boot.rglob("*")):
        within = path.relative_to(boot)
        name = str(within)
        ours = name in OURS or within.parts[0] in SYSTEMS or path.suffix in FIRMWARE
        if ours or not path.is_file() or path.stat().st_size > STRAY:
            continue
        data = path.read_bytes()
        words = data.decode("ascii", "replace") if written.is_rich(data) else readable(path)
        if written.PRIVATE.search(words):
            troubles += private(path, kept)
        elif written.has_secret(words):
            set_aside(path, kept)
            troubles.append(f"{name}: a password was in it, so it is gone from this drive; write "
                            "it into wifi.txt or nocturne.toml")
    return troubles


def private(theirs: Path, kept: Path) -> list[str]:
    set_aside(theirs, kept)
    return [f"{theirs.name}: a private key was in it, so it is gone from this drive; only what "
            "is public, for SSH the file that ends in .pub, is needed here"]


def set_aside(theirs: Path, kept: Path) -> None:
    """A file that nobody can take leaves the drive, for a password may be in it."""
    secretly(kept / f"{theirs.name}.unread", theirs.read_bytes(), "root")
    forget(theirs)


def forget(path: Path) -> None:
    with writable():
        blank(path)
        path.unlink()


def set_zone(kept: Path, zones: Path = ZONEINFO) -> None:
    """/etc/localtime leads here: what asks the machine for its own time (timers, the night where
    its settings name no zone) hears the home's."""
    name = value_of(words_in(kept / "nocturne.toml"), "clock", "zone")
    link = kept / "localtime"
    link.unlink(missing_ok=True)
    if name and (zones / name).is_file():
        link.symlink_to(zones / name)


def set_host(boot: Path, name: Callable[[str], None] = socket.sethostname) -> list[str]:
    """The network knows the device by the name in hostname.txt while that lies there."""
    lines = [line.strip() for line in readable(boot / "hostname.txt").split("\n")]
    said = next((line for line in lines if line and line[0] != "#"), "")
    if said and not imager.HOST.fullmatch(said):
        return [f"hostname.txt: {said[:63]}: letters, digits and - only; nocturne until then"]
    name(said.lower() or HOST)
    return []


def names_by_multicast(host: str, named: bool, run: Path = Path("/run/systemd")) -> None:
    """Whether NAME.local is answered, for who comes by SSH, or only asked for, for a hub's name;
    otherwise no port is open for that. resolved and networkd start after this."""
    word = "yes" if named else "resolve" if multicast(host) else ""
    for name, section in (("network/20-home.network.d", "Network"), ("resolved.conf.d", "Resolve")):
        # systemd reads by name, whatever the folder: after nocturne.conf, which says no.
        file = run / name / "zz-names.conf"
        file.unlink(missing_ok=True)
        if word:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"[{section}]\nMulticastDNS={word}\n")


def multicast(host: str) -> bool:
    """Whether a hub's name takes asking the whole house."""
    return host.endswith(".local") or host == "auto"


def take_file(theirs: Path, mine: Path, owner: str) -> list[str]:
    """In force while it lies there: SSH by authorized_keys, the hub's CA by ca.crt, a lullaby by
    seed.mid."""
    data = theirs.read_bytes() if theirs.exists() else b""
    troubles = []
    if theirs.name == "authorized_keys" and data:
        words = readable(theirs)
        data = words.encode() if imager.KEY.search(words) else b""
        troubles = [] if data else ["authorized_keys: no key is in it, so that SSH stays off; one "
                                    "begins as ssh-ed25519 AAAA…, on one line"]
    if written.PRIVATE.search(readable(theirs)):
        troubles, data = private(theirs, DATA / "config"), b""
    if data:
        secretly(mine, data, owner)
    else:
        mine.unlink(missing_ok=True)
    return troubles


def tell(boot: Path, troubles: list[str]) -> None:
    notice = boot / "TROUBLE.txt"
    text = "".join(f"{trouble}\n" for trouble in troubles)
    for trouble in troubles:
        print(trouble, file=sys.stderr, flush=True)
    if dos(text) != (notice.read_bytes() if notice.exists() else b""):
        replace(notice, text)


def load_firewall(config: Path) -> list[str]:
    """One is always loaded: with no way to the hub where that can't be named. Raises OSError or
    CalledProcessError where none can be."""
    try:
        subprocess.run(["nft", "-f", "-"], input=firewall(hub(config)), text=True, check=True)
    except Exception as trouble:
        subprocess.run(["nft", "-f", "-"], input=firewall(("", 0)), text=True, check=True)
        return [f"home.host: the firewall couldn't be opened for it ({type(trouble).__name__})"]
    return []


def hub(config: Path) -> tuple[str, int]:
    """Of the config in force; of the built-in one where that is torn. Kept, as in `faults`."""
    kept, mark = DATA / "config/hub", marked(words_in(config))
    known, _, there = words_in(kept).partition(" ")
    host, _, port = there.rpartition(" ")
    if known == mark and port.isdecimal():
        return host, int(port)
    sys.path.insert(0, PYTHON)
    from device.config import Config
    trusted, trouble = Config.trusted(config, DEFAULT)
    home = trusted.home
    if not trouble:
        with contextlib.suppress(OSError):
            secretly(kept, f"{mark} {home.host} {home.port}".encode(), "root")
    return home.host, home.port


def firewall(home: tuple[str, int]) -> str:
    """nftables rules: nothing comes in, and out go only the clock, names, addresses and the hub."""
    host, port = home
    to = f"ip daddr {host} " if is_ipv4(host) else ""
    open_to_ssh = (DATA / "ssh" / "authorized_keys").exists()
    mdns_in, mdns_out = by_multicast(host, open_to_ssh)
    hub = (f"meta skuid nocturne {to}tcp dport {port} accept\n"
           f"        meta skuid root {to}tcp dport {UPDATES} accept")
    ssh = "tcp dport 22 accept" if open_to_ssh else ""
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
        {mdns_in}
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
        {mdns_out}
    }}
}}
"""


def is_ipv4(host: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(host))
    except ValueError:
        return False


def by_multicast(host: str, named: bool) -> tuple[str, str]:
    """Rules for names that end in .local, for looking for the hub, and for being found by one's own
    name: in, and out. An answer comes from who was asked by multicast, so that no connection is
    known for it."""
    who = {*(["systemd-resolve"] if named or multicast(host) else ()),
           *(["nocturne"] if host == "auto" else ())}
    rules = [f"meta skuid {one} ip daddr 224.0.0.251 udp dport 5353 accept"
             for one in sorted(who, reverse=True)]
    if not who:
        return "", ""
    rules.insert(1, "meta skuid systemd-resolve ip6 daddr ff02::fb udp dport 5353 accept")
    asked = "udp dport 5353 accept\n        " if named else ""
    return asked + "udp sport 5353 accept", "\n        ".join(rules)


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
    """On the drive, for any computer to read."""
    with writable():
        if path.exists():
            blank(path)
        put(path, dos(text))


def dos(text: str) -> bytes:
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode(errors="replace")


def words_in(path: Path) -> str:
    """Of a file of our own; "" where there is none, or it is torn."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""


if __name__ == "__main__":
    sys.exit(main())
