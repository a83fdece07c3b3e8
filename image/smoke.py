"""The same image on QEMU's `raspi3b`: a Pi's own device tree, interrupts, serial port and card
reader.

Only a start: this machine has no bench, so the card's own units are all there is.
"""

import subprocess
import time
from pathlib import Path

from image import recipe
from image.emulate import PATIENCE
from image.host import Trouble, run

BOARD = "bcm2837-rpi-3-b.dtb"
# The firmware would add the console by the board's own name for it. QEMU's power manager restarts
# the board as soon as its watchdog is set, instead of when nobody feeds it.
WORDS = (
    "console=ttyAMA0 console=ttyAMA1,115200 loglevel=7 systemd.show_status=1 "
    "systemd.log_target=kmsg "
    "systemd.log_color=0 modprobe.blacklist=bcm2835_wdt"
)
REACHED = (
    "Machine model: Raspberry Pi 3 Model B",
    "Started nocturne-sound.service",
    "Started nocturne.service",
)


def starts(folder: Path, image: Path, seconds: float = 900.0) -> float:
    """s until the kernel has named the board and both processes run there. Raises Trouble."""
    folder.mkdir(parents=True, exist_ok=True)
    card, said = folder / "pi3.img", folder / "pi3.txt"
    run("cp", "--sparse=always", image, card)
    run("truncate", "--size", 4 << 30, card)        # the emulated card reader wants a power of two
    files = ("kernel.img", "initrd.img", BOARD, "cmdline.txt")
    run(
        "mcopy",
        "-o",
        "-n",
        "-i",
        f"{card}@@{recipe.START * recipe.MIB}",
        *(f"::/a/{name}" for name in files),
        folder,
    )
    line = (
        (folder / "cmdline.txt").read_text().strip().replace("quiet loglevel=3 console=tty1", WORDS)
    )
    began = time.monotonic()
    board = subprocess.Popen(
        [
            "qemu-system-aarch64",
            "-M",
            "raspi3b",
            "-icount",
            "shift=0,sleep=on",
            "-display",
            "none",
            "-monitor",
            "none",
            "-no-reboot",
            "-kernel",
            folder / "kernel.img",
            "-initrd",
            folder / "initrd.img",
            "-dtb",
            folder / BOARD,
            "-drive",
            f"file={card},format=raw,if=sd",
            "-serial",
            f"file:{said}",
            "-append",
            f"{line.replace('systemd.show_status=0 ', '')} {PATIENCE}",
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        while missing := [word for word in REACHED if word not in console(said)]:
            if time.monotonic() - began > seconds or board.poll() is not None:
                raise Trouble(f"not reached: {', '.join(missing)}; see {said}")
            time.sleep(1)
    finally:
        board.kill()
        board.wait()
    return time.monotonic() - began


def console(said: Path) -> str:
    return said.read_text(errors="replace") if said.exists() else ""
