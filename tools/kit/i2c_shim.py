"""Simulated chips as a /dev/i2c-N for one process and its children: nothing in that process knows
the difference.

    with Served(bus) as served:
        subprocess.run(["i2cget", "-y", "1", "0x57", "0xff"], env=served.environment)

The process is started with a small library preloaded (tools/i2c_shim.c, compiled here with gcc),
which sends every transfer over a Unix socket to a thread of this process, where a `SimBus` answers.
"""

import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
from pathlib import Path

from smbus2 import i2c_msg

SOURCE = Path(__file__).with_suffix(".c")
READ = 0x0001
PACKET = 65536


def build(folder: Path) -> Path:
    """The library. Raises RuntimeError, with what to install, without gcc and the kernel's headers.
    """
    if shutil.which("gcc") is None:
        raise RuntimeError("gcc is missing: apt-get install gcc libc6-dev linux-libc-dev")
    library = folder / "i2c_shim.so"
    command = [
        "gcc",
        "-O2",
        "-Wall",
        "-Werror",
        "-shared",
        "-fPIC",
        "-o",
        str(library),
        str(SOURCE),
        "-ldl",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"can't compile {SOURCE.name}: {done.stderr.strip()}")
    return library


class Served:
    """`bus` (a SimBus on a real clock) behind /dev/i2c-0, -1, … of any process started with
    `environment`."""

    def __init__(self, bus):
        self.bus = bus

    def __enter__(self) -> "Served":
        self.folder = tempfile.TemporaryDirectory()
        library = build(Path(self.folder.name))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = str(Path(self.folder.name) / "i2c")
        self.socket.bind(path)
        self.socket.listen()
        self.environment = {**os.environ, "LD_PRELOAD": str(library), "NOCTURNE_I2C": path}
        self.lock = threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *trouble) -> None:
        self.socket.close()
        self.folder.cleanup()

    def accept(self) -> None:
        while True:
            try:
                link, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(link,), daemon=True).start()

    def answer(self, link: socket.socket) -> None:
        with link:
            while packet := link.recv(PACKET):
                messages = unpack(packet)
                try:
                    with self.lock:
                        self.bus.i2c_rdwr(*messages)
                    answer = struct.pack("i", 0) + b"".join(
                        bytes(m) for m in messages if m.flags & READ
                    )
                except OSError as trouble:
                    answer = struct.pack("i", trouble.errno)
                link.send(answer)


def unpack(packet: bytes) -> list[i2c_msg]:
    (count,), at = struct.unpack_from("H", packet), 2
    messages = []
    for _ in range(count):
        address, flags, length = struct.unpack_from("3H", packet, at)
        at += 6
        if flags & READ:
            messages.append(i2c_msg.read(address, length))
        else:
            messages.append(i2c_msg.write(address, packet[at:at + length]))
            at += length
    return messages
