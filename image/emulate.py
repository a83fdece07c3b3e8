"""An emulated Pi: QEMU's `virt` with a Cortex-A53, 512 MB and the built image, and a bench with
pretended parts.

Its time is counted in instructions, a thousand million a second, so that a busy host changes no
figure and starves no sound (in the host's own time emulation is too slow to play); a Zero 2 W has
four such cores of some seven hundred million. While nothing runs its time goes as ours, or, to
hurry, jumps to what comes next: then a slow disk of ours looks slower than it is, but no timer is
ever late. With `counted=False` it has two cores and the host's time.

The image isn't changed. The boot ROM and the firmware, which QEMU lacks, are played here:
config.txt (or tryboot.txt) names the folder whose kernel, initrd and command line are started. The
bench comes on a second disk; units that start its pretended parts are laid into /run by an extended
initrd. No network but the guest's own loopback.
"""

import contextlib
import gzip
import hashlib
import json
import shutil
import socket
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

from image import kernel, recipe
from image.host import CACHE, HERE, Trouble, run

BUTTON, LED = 5, 6              # lines of the PL061, which has eight
REVISION = "0x902120"           # of a Zero 2 W, so that gpiozero knows the board
# A Cortex-A53 doesn't need page tables of their own for kernel and programs; switching them is what
# QEMU is slowest at.
QUICKER = "kpti=off"
SLOWER = 10  # times slower than the board's own time, when both it and this machine are busy
PATIENCE = "systemd.default_timeout_start_sec=900 systemd.default_device_timeout_sec=900"
HARNESS = """$B mount -t tmpfs -o mode=755 t /sysroot/run
$B mkdir -p /sysroot/run/systemd/system/sysinit.target.wants
until [ -b /sysroot/dev/vdb ]; do $B usleep 100000; done
$B mount -t squashfs -o ro /sysroot/dev/vdb /sysroot/mnt
$B cp -a /sysroot/mnt/units/. /sysroot/run/systemd/system/
for unit in agent chips sound hub otp; do
    $B ln -s ../bench-$unit.service /sysroot/run/systemd/system/sysinit.target.wants/
done
"""
HUB = ("mosquitto", "mosquitto-clients", "hostapd", "iw", "busybox-static")
PROGRAMS = ("mosquitto", "mosquitto_sub", "mosquitto_pub", "hostapd", "iw", "busybox")
PLACES = ("usr/sbin", "usr/bin", "sbin", "bin")


def make_bench(out: Path, root: Path) -> None:
    """The second disk: agent, chips, a broker and an access point, with those of their libraries
    that `root` lacks."""
    folder = CACHE / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE / "guest", folder)
    packages = bench_packages(suite_of(root))
    hub = folder / "hub"
    (hub / "lib").mkdir(parents=True)
    libraries = Path("usr/lib/aarch64-linux-gnu")
    for library in (packages / libraries).glob("*.so.*"):
        if not (root / libraries / library.name).exists():
            shutil.copy(library, hub / "lib")
    for program in PROGRAMS:
        places = (packages / place / program for place in PLACES)
        shutil.copy(next(place for place in places if place.exists()), hub)
    out.unlink(missing_ok=True)
    run("mksquashfs", folder, out, "-noappend", "-no-progress", "-quiet", "-all-root")


def suite_of(root: Path) -> str:
    facts = dict(line.split("=", 1) for line in (root / "etc/os-release").read_text().splitlines())
    return facts["VERSION_CODENAME"]


def bench_packages(suite: str) -> Path:
    """A folder with the packages of HUB and all they need, unpacked, kept in the cache."""
    digest = hashlib.sha256(repr(HUB).encode()).hexdigest()[:12]
    folder, making = CACHE / f"bench-{suite}-{digest}", CACHE / "bench.making"
    if not folder.exists():
        run("rm", "-rf", "--one-file-system", making)
        run(
            "mmdebstrap",
            "--mode=root",
            "--architectures=arm64",
            "--variant=extract",
            f"--include={','.join(HUB)}",
            suite,
            making,
        )
        making.rename(folder)
    return folder


class Pi:
    """One emulated board with its card in `folder`; may be started, cut off and started again."""

    def __init__(
        self, folder: Path, image: Path, bench: Path, counted: bool = True, card: int = 2400
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.bench, self.counted = folder, bench, counted
        self.clock = 0  # s since 1970, when it was last cut off: its own time may be ahead of ours
        self.card = folder / "card.img"
        run("cp", "--sparse=always", image, self.card)
        run("truncate", "--size", card * recipe.MIB, self.card)
        self.process: subprocess.Popen | None = None
        self.guest = socket.socket(socket.AF_UNIX)      # joined to its agent once it is up
        self.number = 0
        self.otp: bytes | None = None       # the board's one-time memory; None: it has none

    # ---- the card, while the board is off

    @property
    def fat(self) -> str:
        return f"{self.card}@@{recipe.START * recipe.MIB}"

    def read_boot(self, name: str) -> bytes:
        done = subprocess.run(
            ["mcopy", "-n", "-i", self.fat, f"::/{name}", "-"], capture_output=True, check=True
        )
        return done.stdout

    def write_boot(self, name: str, source: Path) -> None:
        run("mcopy", "-o", "-i", self.fat, source, f"::/{name}")

    # ---- power

    def power_on(
        self, tried: bool = False, held: bool = False, hurry: bool = True, seconds: float = 600.0
    ) -> None:
        """Start, by tryboot.txt if `tried`, with the button `held`, and wait till the agent
        answers."""
        text = self.read_boot("tryboot.txt" if tried else "config.txt").decode()
        slot = next(line for line in text.splitlines() if line.startswith("os_prefix="))[10:].strip(
            "/"
        )
        for name in ("kernel.img", "initrd.img"):
            (self.folder / name).write_bytes(self.read_boot(f"{slot}/{name}"))
        init = (HERE / "card" / "init.sh").read_text().replace("# HARNESS\n", HARNESS)
        extended = gzip.compress(kernel.archive({"init": init.encode()}, (), 0), 1)
        (self.folder / "initrd.img").write_bytes(
            (self.folder / "initrd.img").read_bytes() + extended
        )
        line = (
            self.read_boot(f"{slot}/cmdline.txt")
            .decode()
            .strip()
            .replace("console=tty1", "console=ttyAMA0")
        )
        memory = "" if self.otp is None else f" bench.otp={self.otp.hex()}"
        self.start(f"{line} modprobe.blacklist=i2c_dev {QUICKER} {PATIENCE}{memory}", held, hurry)
        self.guest, self.waiting = self.connect("bench.sock"), b""
        self.receive(seconds)

    def start(self, command_line: str, held: bool, hurry: bool) -> None:
        pace = ["-icount", f"shift=0,sleep={'off' if hurry else 'on'}"]
        if not self.counted:
            pace = ["-smp", "2", "-accel", "tcg,thread=multi"]
        common = ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a53", "-m", "512", *pace,
                  "-display", "none", "-nic", "none"]
        now = datetime.fromtimestamp(max(time.time(), self.clock + 1), UTC)
        tree = self.folder / "virt.dtb"
        subprocess.run([*common, "-M", f"dumpdtb={tree}"], check=True, capture_output=True)
        run("fdtput", "-c", tree, "/system")
        run("fdtput", "-t", "x", tree, "/system", "linux,revision", REVISION)
        for name in ("bench.sock", "qtest.sock", "qmp.sock"):
            (self.folder / name).unlink(missing_ok=True)

        # Closed with the board's power.
        self.console = open(self.folder / "console.txt", "ab")      # noqa: SIM115
        self.process = subprocess.Popen(
            [
                *common,
                "-no-reboot",
                "-dtb",
                tree,
                "-rtc",
                f"base={now:%Y-%m-%dT%H:%M:%S},clock=vm",
                "-kernel",
                self.folder / "kernel.img",
                "-initrd",
                self.folder / "initrd.img",
                "-append",
                command_line,
                "-serial",
                "stdio",
                "-monitor",
                "none",
                # The last one plugged in is the first that Linux finds.
                "-drive",
                f"file={self.bench},format=raw,if=none,id=bench,readonly=on",
                "-device",
                "virtio-blk-device,drive=bench",
                "-drive",
                f"file={self.card},format=raw,if=none,id=card",
                "-device",
                "virtio-blk-device,drive=card",
                "-device",
                "virtio-serial-device",
                "-chardev",
                f"socket,id=agent,path={self.folder}/bench.sock,server=on,wait=off",
                "-device",
                "virtserialport,chardev=agent,name=bench",
                "-qtest",
                f"unix:{self.folder}/qtest.sock,server=on,wait=off",
                "-qtest-log",
                "/dev/null",
                "-qmp",
                f"unix:{self.folder}/qmp.sock,server=on,wait=off",
            ],
            stdout=self.console,
            stderr=self.console,
            stdin=subprocess.DEVNULL,
        )
        self.qmp = self.connect("qmp.sock").makefile("rw")
        self.qmp.readline()
        self.ask("qmp_capabilities")
        parts = self.ask("qom-list", path="/machine/unattached")
        self.pins = "/machine/unattached/" + next(p["name"] for p in parts if "pl061" in p["type"])
        self.qtest = self.connect("qtest.sock").makefile("rw")
        self.press(held)

    def power_cut(self) -> None:
        with contextlib.suppress(Trouble, OSError):
            self.clock = int(self.run("date +%s", 20))
        self.process.kill()
        self.off()

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def off(self) -> None:
        self.process.wait()
        self.console.close()
        self.process = None

    def ended(self, seconds: float) -> bool:
        """Whether the board restarts or switches itself off in time (QEMU ends then)."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self.off()
        return True

    # ---- its parts

    def connect(self, name: str) -> socket.socket:
        link = socket.socket(socket.AF_UNIX)
        for _ in range(200):
            try:
                link.connect(str(self.folder / name))
                return link
            except OSError:
                if self.process.poll() is not None:
                    raise Trouble(f"QEMU ended; see {self.folder}/console.txt") from None
                time.sleep(0.05)
        raise Trouble(f"QEMU doesn't open {name}")

    def ask(self, command: str, **arguments):
        self.qmp.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.qmp.flush()
        while True:
            answer = json.loads(self.qmp.readline())
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise Trouble(str(answer["error"]))

    def press(self, down: bool) -> None:
        """The button is to ground."""
        self.qtest.write(f"set_irq_in {self.pins} unnamed-gpio-in {BUTTON} {0 if down else 1}\n")
        self.qtest.flush()
        self.qtest.readline()

    def click(self) -> None:
        """A short press. The board is kept busy meanwhile, or its time would jump from one of our
        words to the next."""
        self.run("timeout 1 sh -c 'while :; do :; done' >/dev/null 2>&1 &")
        self.press(True)
        self.run("sleep 0.15")
        self.press(False)

    def run(self, command: str, seconds: float = 120.0, check: bool = True) -> str:
        """A shell command inside; its output. Raises Trouble if it fails."""
        answer = self.reply(command, seconds)
        if check and answer["code"]:
            raise Trouble(f"{command}: {answer['code']}: {answer['err'] or answer['out']}")
        return answer["out"].strip()

    def reply(self, command: str, seconds: float) -> dict:
        self.number += 1
        asked = {"number": self.number, "command": command, "timeout": seconds}
        self.guest.sendall(json.dumps(asked).encode() + b"\n")
        while (answer := self.receive(SLOWER * seconds + 60)).get("number") != self.number:
            pass
        return answer

    def receive(self, seconds: float) -> dict:
        deadline = time.monotonic() + seconds
        while b"\n" not in self.waiting:
            self.guest.settimeout(max(deadline - time.monotonic(), 0.01))
            try:
                data = self.guest.recv(65536)
            except TimeoutError:
                raise Trouble(
                    f"the guest says nothing for {seconds:.0f} s; see {self.folder}/console.txt"
                ) from None
            if not data:
                raise Trouble(f"the emulated Pi went off; see {self.folder}/console.txt")
            self.waiting += data
        line, _, self.waiting = self.waiting.partition(b"\n")
        return json.loads(line)

    def await_true(self, command: str, seconds: float) -> float:
        """s of the board's own time until the shell command succeeds inside. Raises Trouble if it
        doesn't in time."""
        return float(
            self.run(
                f"b=$(cut -d' ' -f1 /proc/uptime); until {{ {command}; }}; do sleep 0.5; "
                "n=$(cut -d' ' -f1 /proc/uptime); "
                f"[ ${{n%.*}} -lt $((${{b%.*}} + {seconds:.0f})) ] "
                "|| { echo not in time >&2; exit 1; }; done; "
                "echo $b $(cut -d' ' -f1 /proc/uptime) | awk '{print $2 - $1}'",
                seconds + 60,
            ).splitlines()[-1]
        )
