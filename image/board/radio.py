#!/usr/bin/python3
"""Notices a Wi-Fi radio that hangs, and loads its driver anew. `radio.py` runs as
nocturne-radio.service; how often it did stands in RESTARTS, for the hub.

brcmfmac on a Zero 2 W hangs in these ways, each with reports of raspberrypi/linux or /firmware:
its firmware halts and every request fails, scans with -110 (linux 3849); the link says that it is
up and carries nothing (linux 1342, firmware 1768); a call into the driver doesn't return (linux
5770); the interface is lost with the bus (firmware 1917); no network is seen any more
(RPi-Distro/firmware-nonfree 44). Loading the driver anew, with what builds on it, helps without a
restart.

An access point that is away is no such thing: then scans end well, and nothing is done.
"""

import contextlib
import fcntl
import socket
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

WLAN = "wlan0"
SUPPLICANT = f"wpa_supplicant@{WLAN}.service"
CONTROL = Path("/run/wpa_supplicant") / WLAN
HOME = Path("/run/nocturne-radio")
RESTARTS = "restarts"
LOOK = 5.0              # s between two looks
SCAN = 10.0             # s between two scans, while there is no network
LONGEST = 20.0          # s from the end of one scan to the next one's, at most
ANSWER = 3.0            # s for whoever is asked: wpa_supplicant, the neighbours
# What may be wrong, and how long, s, until something is done. Nothing is lost by it, for nothing
# goes through; the sound needs no network.
PATIENCE = {"gone": 15.0, "stuck": 15.0, "failing": 15.0, "mute": 20.0, "deaf": 120.0}
ALONE = 1800.0          # s, if deaf where no other network was ever heard: this one may be off
WORDS = {"gone": "it is gone", "stuck": "its driver doesn't return", "failing": "its scans fail",
         "mute": "nobody answers through it", "deaf": "it hears no network at all"}
AGAIN, SELDOM = 60.0, 3600.0    # s from one time to the next at least: at first, and at last
CALM = 60.0             # s that something goes through, after which it is the first time again
FAILED = -1
ARP = struct.Struct("!HHBBH6s4s6s4s")       # RFC 826, for Ethernet and IPv4
ETH_P_ARP, IPV4, REQUEST, REPLY = 0x0806, 0x0800, 1, 2
EVERYBODY = b"\xff" * 6
SIOCGIFADDR = 0x8915    # Linux include/uapi/linux/sockios.h


# ---- what is to be done --------------------------------------------------------------------------

class Look(NamedTuple):
    """What can be seen at one time."""
    now: float                      # s, monotonic
    there: bool = True              # the interface
    answering: bool = True          # wpa_supplicant, which waits for the driver
    joined: bool = False            # to a network, as wpa_supplicant says
    carries: bool | None = None     # a neighbour answers; None: nobody is known to ask
    heard: int | None = None        # networks in the last scan, or FAILED; None: there was none


class Past(NamedTuple):
    sign: str = ""                  # of PATIENCE, or nothing
    since: float = 0.0              # s: that long it is so
    seen: bool = False              # the interface was there
    carried: bool = False           # something went through since it joined
    crowd: bool = False             # more than one network was heard
    next: float = 0.0               # s: not before
    wait: float = AGAIN             # s from this time to the next


def judged(past: Past, look: Look) -> tuple[Past, str]:
    """What is known now; and for what the driver is to be loaded anew, or nothing."""
    past = past._replace(
        seen=past.seen or look.there,
        carried=look.joined and (past.carried or look.carries is True),
        crowd=past.crowd or (look.heard or 0) > 1)
    sign = sign_of(past, look)
    if sign != past.sign:
        past = past._replace(sign=sign, since=look.now)
    lasts = look.now - past.since
    if not sign:
        return past._replace(wait=AGAIN) if past.carried and lasts >= CALM else past, ""
    patience = ALONE if sign == "deaf" and not past.crowd else PATIENCE[sign]
    if lasts < patience or look.now < past.next:
        return past, ""
    return past._replace(sign="", since=look.now, next=look.now + past.wait,
                         wait=min(2 * past.wait, SELDOM)), sign


def sign_of(past: Past, look: Look) -> str:
    if not look.there:
        return "gone" if past.seen else ""
    if not look.answering:
        return "stuck"
    if look.joined:
        # Where nothing went through since it joined, DHCP fails: that is no radio's fault.
        return "mute" if past.carried and look.carries is False else ""
    return {FAILED: "failing", 0: "deaf"}.get(look.heard, "")


# ---- looking -------------------------------------------------------------------------------------

class Supplicant:
    """wpa_supplicant by its control interface (its doc/ctrl_iface.doxygen)."""

    def __init__(self, place: Path, mine: Path):
        self.place, self.mine = place, mine
        self.link: socket.socket | None = None
        self.ended: int | None = None       # what a scan that ended heard, till it is looked at

    def ask(self, words: str) -> str:
        """Raises OSError where nobody answers, TimeoutError where somebody should."""
        try:
            link = self.link or self.connected()
            link.send(words.encode())
            while (answer := link.recv(65536).decode(errors="replace")).startswith("<"):
                if "CTRL-EVENT-SCAN-FAILED" in answer:
                    self.ended = FAILED
                elif "CTRL-EVENT-SCAN-RESULTS" in answer:
                    self.ended = 0          # till they are counted
            return answer
        except OSError:
            self.close()
            raise

    def connected(self) -> socket.socket:
        self.mine.unlink(missing_ok=True)
        self.link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.link.settimeout(ANSWER)
        self.link.bind(str(self.mine))
        self.link.connect(str(self.place))
        self.ask("ATTACH")
        return self.link

    def close(self) -> None:
        if self.link is not None:
            self.link.close()
        self.link = self.ended = None


class Radio:
    """wlan0. `system` is the root of /sys and /proc; `memory` keeps the driver's name for who comes
    after us: this process may end while the driver is away."""

    def __init__(self, supplicant: Supplicant, memory: Path, system: Path = Path("/")):
        self.supplicant, self.memory, self.system = supplicant, memory, system
        self.driver = memory.read_text() if memory.exists() else ""
        self.begun: float | None = None     # s, the last scan; None while there is no need of one
        self.ended = 0.0                    # s, the same
        self.heard: int | None = None       # as Look's

    def look(self, now: float) -> Look:
        interface = self.system / "sys/class/net" / WLAN
        if not interface.exists():
            return Look(now, there=False)
        module = interface / "device/driver/module"
        if module.exists() and (name := module.resolve().name) != self.driver:
            self.driver = name
            whole = self.memory.with_suffix(".new")
            whole.write_text(name)
            whole.replace(self.memory)
        try:
            if "wpa_state=COMPLETED\n" in self.supplicant.ask("STATUS"):
                self.begun = self.heard = None
                return Look(now, joined=True, carries=carries(self.system))
            return Look(now, heard=self.hear(now))
        except TimeoutError:
            return Look(now, answering=False)
        except OSError:                             # it isn't running: systemd starts it
            self.forget()
            return Look(now)

    def forget(self) -> None:
        """Another driver, or another wpa_supplicant, knows nothing of scans before."""
        self.supplicant.close()
        self.begun = self.heard = None

    def hear(self, now: float) -> int | None:
        """What the last scan heard, and begin another one. One that doesn't end has failed."""
        if self.begun is None:
            self.begun, self.ended = now - SCAN, now
        if self.supplicant.ended is not None:
            self.heard, self.supplicant.ended, self.ended = self.supplicant.ended, None, now
            if self.heard != FAILED:
                self.heard = max(len(self.supplicant.ask("SCAN_RESULTS").splitlines()) - 1, 0)
        elif now - self.ended >= LONGEST:
            self.heard = FAILED
        if now - self.begun >= SCAN:
            self.begun = now
            self.supplicant.ask("SCAN")     # where one goes on, or a network is joined, it waits
        return self.heard


def carries(system: Path) -> bool | None:
    """Whether somebody on the network answers: the router, or else whoever is known."""
    known = dict(neighbours((system / "proc/net/arp").read_text()))
    asked = list(gateways((system / "proc/net/route").read_text())) or list(known)
    return answered({who: known.get(who, EVERYBODY) for who in asked}) if asked else None


def gateways(table: str) -> Iterator[bytes]:
    """Of /proc/net/route: IPv4 addresses, in hex as the processor has them."""
    for line in table.splitlines()[1:]:
        name, destination, gateway, *_ = line.split()
        if name == WLAN and int(destination, 16) == 0 and int(gateway, 16):
            yield struct.pack("=I", int(gateway, 16))


def neighbours(table: str) -> Iterator[tuple[bytes, bytes]]:
    """Of /proc/net/arp: IPv4 and Ethernet addresses of those that answered once."""
    for line in table.splitlines()[1:]:
        address, _, flags, station, _, name = line.split()
        if name == WLAN and int(flags, 16) & 2:
            yield socket.inet_aton(address), bytes.fromhex(station.replace(":", ""))


def answered(asked: Mapping[bytes, bytes]) -> bool:
    """Whether one of them, IPv4 to Ethernet address, answers an ARP request; each is asked once a
    second."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ARP)) as link:
        try:
            link.bind((WLAN, ETH_P_ARP))
            request = struct.pack("16s24x", WLAN.encode())
            address = fcntl.ioctl(link, SIOCGIFADDR, request)[20:24]
        except OSError:
            return False                    # it has gone down by now
        end = time.monotonic() + ANSWER
        while (now := time.monotonic()) < end:
            for other, station in asked.items():
                question = ARP.pack(1, IPV4, 6, 4, REQUEST, link.getsockname()[4], address,
                                    bytes(6), other)
                with contextlib.suppress(OSError):
                    link.sendto(question, (WLAN, ETH_P_ARP, 0, 0, station))
            if heard_from(link, asked, min(now + 1, end)):
                return True
    return False


def heard_from(link: socket.socket, asked: Mapping[bytes, bytes], end: float) -> bool:
    while (left := end - time.monotonic()) > 0:
        link.settimeout(left)
        with contextlib.suppress(OSError):
            answer = link.recv(64)
            _, _, _, _, kind, _, sender, _, _ = ARP.unpack_from(answer.ljust(ARP.size, b"\0"))
            if kind == REPLY and sender in asked:
                return True
    return False


# ---- the one place that acts ---------------------------------------------------------------------

def restart(driver: str, system: Path = Path("/")) -> None:
    """Load the driver of wlan0 anew, and what builds on it (brcmfmac_wcc). wpa_supplicant ends
    before it: a driver that is unloaded while it is asked may fail."""
    holders = system / "sys/module" / driver / "holders"
    above = sorted(path.name for path in holders.glob("*"))
    for command in (["systemctl", "stop", SUPPLICANT], ["rmmod", *above, driver],
                    ["modprobe", driver], ["systemctl", "--no-block", "start", SUPPLICANT]):
        done(command)


def done(command: list[str], seconds: float = 15.0) -> None:
    """One that waits for the driver may never end: then it is left behind."""
    import subprocess  # rarely needed, and this process stays in memory
    try:
        if code := subprocess.Popen(command).wait(seconds):
            say(f"{' '.join(command)} failed ({code})")
    except (OSError, subprocess.TimeoutExpired) as trouble:
        say(f"{' '.join(command)}: {trouble}")


def say(text: str) -> None:
    print(text, flush=True)


def counted(file: Path) -> int:
    """How often before; nobody knows if this process was ended while it wrote that."""
    words = file.read_text() if file.exists() else ""
    return int(words) if words.strip().isdecimal() else 0


def main() -> int:
    radio = Radio(Supplicant(CONTROL, HOME / "control"), HOME / "driver")
    past, file = Past(seen=bool(radio.driver)), HOME / RESTARTS
    count = counted(file)
    while True:
        past, sign = judged(past, radio.look(time.monotonic()))
        if sign and radio.driver:
            count += 1
            say(f"{WLAN}: {WORDS[sign]}; {radio.driver} is loaded anew, time {count}")
            file.write_text(f"{count}\n")
            restart(radio.driver)
            radio.forget()
        time.sleep(LOOK)


if __name__ == "__main__":
    sys.exit(main())
