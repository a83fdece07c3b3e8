"""What the emulated Pi must do: a table of checks, each with the figure it reached. `image/boot` runs it.

One board lives through them in this order: first start, a press, an unplugged sensor, killed processes, a power cut in
mid-night, refused updates, a real one that is tried and kept, one that is tried in vain, and a reset by the button.
"""

import random
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from image import keys, recipe, update
from image.emulate import BUTTON, LED, Pi, make_bench
from image.host import CACHE, OUT, Trouble, run, say

NAME = "Zwetschgenmus"          # of the sleeper: what a reset must leave no trace of
CONFIG = f"""[panel]
button = {BUTTON}
led = {LED}

[home]
host = "127.0.0.1"
password = "geheimes-{NAME}"

[night]
sleeper = "{NAME}"
"""
# One word for two units: systemctl itself is content with one that runs.
ACTIVE = "systemctl is-active --quiet nocturne && systemctl is-active --quiet nocturne-sound"
SUBSCRIBE = "LD_LIBRARY_PATH=/mnt/hub/lib timeout {} /mnt/hub/mosquitto_sub -C 1 -t nocturne/bedside/state/{}"
RECORD = "arecord -q -D hw:Loopback,1,0 -f S16_LE -r 48000 -c 2"
CAPTURED = Path("/run/bench/heard.wav")
CUTS = 50
TOOLS = ("qemu-system-aarch64", "mcopy", "fdtput", "mksquashfs", "rauc", "openssl", "mmdebstrap")


@dataclass(frozen=True)
class Row:
    what: str
    passed: bool
    figure: str
    seconds: float


class Scenario:
    """`folder` is for the card and the bundles; `squash` the root that the update brings, `key` signs it."""

    def __init__(self, folder: Path, image: Path, bench: Path, squash: Path, key: Path, certificate: Path,
                 version: str):
        self.folder, self.squash, self.key, self.certificate = folder, squash, key, certificate
        self.version = version
        self.pi = Pi(folder, image, bench)

    def run(self, short: bool) -> Iterator[Row]:
        """A row as each check ends; `short` stops before the power is cut. A board that doesn't start ends the run."""
        for check in self.one_start() if short else (*self.one_start(), *self.more_starts()):
            began = time.monotonic()
            try:
                figure, passed = check(), True
            except Trouble as trouble:
                figure, passed = str(trouble).replace("\n", " ")[:160], False
            yield Row(check.__doc__.split(".")[0].strip(), passed, figure or "", time.monotonic() - began)
            if not passed and self.pi.process is None:
                break
        if self.pi.process is not None:
            self.pi.power_cut()

    def one_start(self) -> tuple[Callable[[], str], ...]:
        return (self.first_start, self.data, self.locked, self.secrets, self.egress, self.ports, self.bus,
                self.watchdog, self.press, self.hub, self.memory, self.unplug, self.kill_sound, self.kill_night)

    def more_starts(self) -> tuple[Callable[[], str], ...]:
        return (self.power_cut, self.refusals, self.real_update, self.cut_update, self.tried, self.kept, self.in_vain,
                self.reset)

    # ---- starting

    def first_start(self) -> str:
        """The built image starts, and both processes run."""
        config = self.folder / "nocturne.toml"
        config.write_text(CONFIG)
        self.pi.write_boot("nocturne.toml", config)
        agent = self.pi.power_on()
        ready = agent + self.pi.await_true(ACTIVE, 400)
        times = self.pi.run("systemd-analyze time | head -1; systemctl show nocturne -P ActiveEnterTimestampMonotonic")
        return f"{ready:.0f} s from power on; {' '.join(times.split())}"

    def data(self) -> str:
        """The data partition has grown, the root can't be written."""
        size = int(self.pi.run("df --output=size -B1M /data | tail -1"))
        if size < 900:
            raise Trouble(f"only {size} MiB")
        self.pi.run("! touch /usr/x 2>/dev/null && findmnt -no FSTYPE / | grep squashfs")
        return f"{size} MiB"

    # ---- security

    def locked(self) -> str:
        """No password opens anything, and nobody may log in."""
        hashes = self.pi.run("cut -d: -f2 /etc/shadow | sort -u").split()
        if set(hashes) - {"*", "!", "!*", "!!"}:
            raise Trouble(f"passwords: {hashes}")
        self.pi.run("! systemctl is-active --quiet nocturne-ssh && ! pgrep -x 'agetty|dropbear|login'")
        return "no hash, no login, no SSH"

    def secrets(self) -> str:
        """The hub's password is readable by its user only, and gone from the boot partition."""
        mode = self.pi.run("stat -c '%a %U' /data/config/nocturne.toml")
        if mode != "600 nocturne":
            raise Trouble(mode)
        self.pi.run("grep -q '(kept)' /boot/firmware/nocturne.toml && ! grep -rq geheimes /boot/firmware")
        return mode

    def egress(self) -> str:
        """The firewall lets out only clock, names, addresses and the hub."""
        rules = self.pi.run("nft list chain inet nocturne out; nft list chain inet nocturne in")
        if rules.count("policy drop") != 2:
            raise Trouble(rules)
        allowed = [line for line in rules.splitlines() if "accept" in line]
        return f"{len(allowed)} rules, both ways closed by default"

    def ports(self) -> str:
        """Nothing listens but the bench's own broker."""
        listening = [line for line in self.pi.run("ss -Hlntu").splitlines() if ":1883" not in line]
        if listening:
            raise Trouble("; ".join(listening))
        return "0 ports"

    # ---- parts

    def bus(self) -> str:
        """i2c-tools find the MAX30102 and the LIS3DH on /dev/i2c-1."""
        found = self.pi.run("i2cget -y 1 0x57 0xff; i2cget -y 1 0x18 0x0f").split()
        if found != ["0x15", "0x33"]:
            raise Trouble(f"{found}")
        return " ".join(found)

    def watchdog(self) -> str:
        """systemd feeds the watchdog, and each process feeds systemd."""
        said = self.pi.run("systemctl show -P RuntimeWatchdogUSec; "
                           "systemctl show nocturne nocturne-sound -P WatchdogUSec")
        if "0" in said.split():
            raise Trouble(said)
        return " ".join(said.split())

    def press(self) -> str:
        """A press on the GPIO starts the sound on the ALSA card."""
        self.pi.run(f"systemd-run -q --unit=ear {RECORD} -d 40 {CAPTURED}")
        self.pi.run("sleep 2")
        self.pi.press(True)
        self.pi.run("sleep 0.15")
        self.pi.press(False)
        self.pi.await_true("! systemctl is-active --quiet ear", 120)
        return self.pi.run(f"python3 -I /mnt/heard.py {CAPTURED}")

    def hub(self) -> str:
        """The hub hears of it over MQTT."""
        word = self.pi.run(SUBSCRIBE.format(20, "session"))
        if word != "winding_down":
            raise Trouble(word)
        return word

    def memory(self) -> str:
        """The board uses at most 220 MB while it plays."""
        used = int(self.pi.run("free -m | awk '/^Mem/ {print $3}'"))
        extra = self.pi.run("ps -o rss= -C mosquitto; pgrep -f /mnt/ | xargs -n1 -I{} ps -o rss= -p {}").split()
        bench = sum(map(int, extra)) // 1024
        own = self.pi.run("ps -o rss= -u nocturne").split()
        if used - bench > 220:
            raise Trouble(f"{used} MB, of it the bench {bench}")
        return f"{used - bench} MB without the bench's {bench}; both processes {sum(map(int, own)) // 1024} MB RSS"

    # ---- faults

    def night(self, column: str, table: str) -> str:
        """A value from the diary, read beside the running device."""
        return self.pi.run(f"python3 -I /mnt/diary.py \"SELECT {column} FROM {table}\"")

    def unplug(self) -> str:
        """The sensors are unplugged and come back, the sound goes on."""
        before = int(self.night("COUNT(*)", "events WHERE kind='sensors'"))
        self.pi.run("touch /run/bench/unplugged; sleep 8")
        self.pi.run("rm /run/bench/unplugged")
        back = self.pi.await_true("python3 -I /mnt/diary.py \"SELECT 1/(detail='all answer again') FROM events WHERE "
                                  f"kind='sensors' AND (SELECT COUNT(*) FROM events WHERE kind='sensors')>{before} "
                                  "ORDER BY id DESC LIMIT 1\" | grep -qx 1", 60)
        self.pi.run(ACTIVE)
        return f"all answer again {back:.1f} s after replugging"

    def killed(self, unit: str) -> str:
        old = self.pi.run(f"systemctl show {unit} -P MainPID")
        self.pi.run(f"kill -9 {old}")
        back = self.pi.await_true(f"systemctl is-active --quiet {unit} && "
                                  f"test $(systemctl show {unit} -P MainPID) != {old}", 120)
        return f"back after {back:.0f} s"

    def kill_sound(self) -> str:
        """The sound process is killed: it returns, and is heard again."""
        back = self.killed("nocturne-sound")
        self.pi.run(f"sleep 5; timeout 60 {RECORD} -d 20 {CAPTURED}")
        return f"{back}; {self.pi.run(f'python3 -I /mnt/heard.py {CAPTURED}')}"

    def kill_night(self) -> str:
        """The night process is killed: it returns to the same night."""
        back = self.killed("nocturne")
        self.pi.await_true("python3 -I /mnt/diary.py \"SELECT kind FROM events ORDER BY id DESC LIMIT 5\" | "
                           "grep -q resumed", 60)
        return f"{back}, resumed"

    def power_cut(self) -> str:
        """The power is cut in mid-night: nothing acknowledged is lost, and the night goes on."""
        rows = int(self.night("COUNT(*)", "epochs"))
        self.pi.power_cut()
        again = self.pi.power_on() + self.pi.await_true(ACTIVE, 400)
        if self.night("*", "pragma_integrity_check") != "ok":
            raise Trouble("the diary is damaged")
        if (kept := int(self.night("COUNT(*)", "epochs"))) < rows:
            raise Trouble(f"{rows - kept} rows lost")
        return f"{kept} epochs kept of {rows}; up again after {again:.0f} s"

    # ---- updates

    def bundle(self, name: str, squash: Path, version: str, **more) -> Path:
        out = self.folder / f"{name}.raucb"
        update.bundle(squash, out, version, **{"key": self.key, "certificate": self.certificate, **more})
        return out

    def offer(self, bundle: Path) -> str:
        """Lay it on the boot partition, as a person would, and let the device look. Returns what it says."""
        self.pi.power_cut()
        self.pi.write_boot("offered.raucb", bundle)
        self.pi.power_on()
        self.pi.await_true(ACTIVE, 400)
        self.pi.run("systemctl start nocturne-update", 900, check=False)
        return self.pi.run("cat /boot/firmware/TROUBLE.txt 2>/dev/null; true")

    def refusals(self) -> str:
        """An update of another key, of an older version or for another board is refused."""
        small = self.folder / "small.squashfs"
        run("mksquashfs", self.certificate, small, "-noappend", "-no-progress", "-quiet")
        stranger = self.folder / "stranger.key", self.folder / "stranger.crt"
        keys.make(*stranger, "a stranger")
        bundles = {"stranger": self.bundle("stranger", small, self.version, key=stranger[0], certificate=stranger[1]),
                   "older": self.bundle("older", small, "0.0.1"),
                   "board": self.bundle("board", small, self.version, compatible="toaster")}
        reasons = {"stranger": "signature", "older": "older than", "board": "compatible"}
        self.pi.power_cut()
        for name, bundle in bundles.items():
            self.pi.write_boot(f"{name}.bundle", bundle)
        self.pi.power_on()
        for name, word in reasons.items():
            said = self.pi.run(f"rauc install /boot/firmware/{name}.bundle 2>&1 && echo INSTALLED; true", 300)
            if "INSTALLED" in said or word not in said:
                raise Trouble(f"{name}: {said[-200:]}")
        if self.pi.run("/usr/lib/nocturne/board/tryboot.py get-primary") != "A":
            raise Trouble("something was installed")
        return ", ".join(reasons)

    def real_update(self) -> str:
        """A signed update is installed into the other slot, and restarts to be tried."""
        shutil.copy(self.pi.card, self.folder / "before.img")
        newer = ".".join([*self.version.split(".")[:-1], str(int(self.version.split(".")[-1]) + 1)])
        bundle = self.bundle("newer", self.squash, newer)
        began = time.monotonic()
        self.pi.power_cut()
        run("sh", "-c", f"for x in stranger older board; do mdel -i {self.pi.fat} ::/$x.bundle; done")
        self.pi.write_boot("newer.raucb", bundle)
        shutil.copy(self.pi.card, self.folder / "before.img")
        self.pi.power_on()
        self.pi.run("systemctl start --no-block nocturne-update")
        if not self.pi.ended(900):
            raise Trouble(self.pi.run("journalctl -b -u nocturne-update --no-pager | tail -5; true"))
        return f"{bundle.stat().st_size / 1e6:.0f} MB in {time.monotonic() - began:.0f} s with the start"

    def cut_update(self) -> str:
        """Whatever part of its writes to the boot partition had reached the card, the old slot is whole."""
        start, size = recipe.START * recipe.MIB, recipe.BOOT * recipe.MIB
        with open(self.folder / "before.img", "rb") as old, open(self.pi.card, "rb") as new:
            old.seek(start)
            new.seek(start)
            before, after = old.read(size), new.read(size)
        sectors = [at for at in range(0, size, 512) if before[at:at + 512] != after[at:at + 512]]
        wanted = self.slot_files(before, "cut")
        rng = random.Random(1)
        for _ in range(CUTS):
            torn = bytearray(before)
            for at in rng.sample(sectors, rng.randrange(len(sectors) + 1)):     # a card writes in any order
                torn[at:at + 512] = after[at:at + 512]
            if self.slot_files(bytes(torn), "cut") != wanted:
                raise Trouble("the old slot was damaged")
        return f"{CUTS} random parts of {len(sectors)} changed sectors"

    def slot_files(self, fat: bytes, name: str) -> dict[str, bytes]:
        """config.txt and every file of slot A, read from a FAT image."""
        path, folder = self.folder / f"{name}.fat", self.folder / f"{name}-a"
        path.write_bytes(fat)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        run("mcopy", "-s", "-n", "-i", path, "::/a", "::/config.txt", "::/common.txt", folder)
        return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}

    def tried(self) -> str:
        """The new slot is tried; without a word from it the old one starts again."""
        self.pi.power_on(tried=True)
        if "rauc.slot=B" not in self.pi.run("cat /proc/cmdline"):
            raise Trouble("slot B wasn't started")
        self.pi.power_cut()
        self.pi.power_on()
        if "rauc.slot=A" not in self.pi.run("cat /proc/cmdline"):
            raise Trouble("slot A wasn't started")
        self.pi.power_cut()
        return "B, and after a cut A"

    def kept(self) -> str:
        """Tried again, it runs well for two minutes and stays."""
        self.pi.power_on(tried=True)
        took = self.pi.await_true("grep -q '^os_prefix=b/' /boot/firmware/config.txt", 600)
        self.pi.power_cut()
        self.pi.power_on()
        self.pi.run("grep -q rauc.slot=B /proc/cmdline")
        return f"marked good {took:.0f} s after the start; an ordinary start takes B"

    def in_vain(self) -> str:
        """A slot whose sound process can't run isn't kept."""
        self.pi.run("/usr/lib/nocturne/board/tryboot.py set-primary A")
        self.pi.power_cut()
        self.pi.power_on(tried=True)
        self.pi.run("systemctl mask --runtime --now nocturne-sound", check=False)
        if not self.pi.ended(500):
            raise Trouble("it didn't restart")
        self.pi.power_on()
        self.pi.run("grep -q rauc.slot=B /proc/cmdline && test -e /data/rauc/bad-A")
        return "restarted into B, A is bad"

    def reset(self) -> str:
        """The button held at power-on erases everything personal."""
        self.pi.power_cut()
        if NAME.encode() not in self.data_partition():
            raise Trouble("there was nothing to erase")
        self.pi.power_on(held=True)
        self.pi.press(False)
        said = self.pi.run("journalctl -b -u nocturne-data --no-pager -o cat | grep erased")
        self.pi.run("sync")
        self.pi.power_cut()
        left = self.data_partition().count(NAME.encode())
        if left:
            raise Trouble(f"the name stands in {left} places")
        return f"{said}; 0 places with the sleeper's name"

    def data_partition(self) -> bytes:
        start = (recipe.START + recipe.BOOT + 2 * recipe.ROOT) * recipe.MIB
        with open(self.pi.card, "rb") as file:
            file.seek(start)
            return file.read()


def run_all(folder: Path, image: Path = OUT / "nocturne.img", short: bool = False) -> list[Row]:
    """Every check, told as it ends. Raises Trouble without an image."""
    if not image.exists():
        raise Trouble(f"{image}: there is no image yet; run image/build")
    folder.mkdir(parents=True, exist_ok=True)
    bench = folder / "bench.img"
    make_bench(bench)
    version = (CACHE / "root/usr/lib/nocturne/version").read_text().strip()
    board = Scenario(folder, image, bench, CACHE / "root.squashfs", CACHE / "keys/update.key", OUT / "update.crt",
                     version)
    rows = []
    for row in board.run(short):
        say(line(row, 0))
        rows.append(row)
    return rows


def line(row: Row, width: int) -> str:
    return f"{'ok  ' if row.passed else 'FAIL'}  {row.what.ljust(width)}  {row.seconds:5.0f} s  {row.figure}"


def table(rows: list[Row]) -> str:
    return "\n".join(line(row, max(len(row.what) for row in rows)) for row in rows)
