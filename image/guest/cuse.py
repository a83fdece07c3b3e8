#!/usr/bin/python3
"""Inside the emulated Pi: /dev/i2c-1 with the project's simulated chips on it, through the kernel's
CUSE.

Speaks to /dev/cuse directly (Linux include/uapi/linux/fuse.h), so it needs no library. While
/run/bench/unplugged is there, the chips are off the bus. Usage: cuse.py clip|mattress
SECONDS-UNTIL-ASLEEP
"""

import errno
import os
import shutil
import struct
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, "/usr/lib/nocturne/python")

import numpy as np
import sdnotify
from smbus2 import i2c_msg

from device.clock import SystemClock
from device.sim.bus import FUNCTIONS, READ, SimBus
from device.sim.chips_adxl355 import ADXL355
from device.sim.chips_lis3dh import LIS3DH
from device.sim.chips_max30102 import MAX30102
from device.sim.sleeper import Sleeper

NAME = "i2c-1"
UNPLUGGED = Path("/run/bench/unplugged")
BUFFER = 1 << 18
IN, OUT = struct.Struct("<IIQQIIII"), struct.Struct("<IiQ")
IOCTL_IN, IOCTL_OUT = struct.Struct("<QIIQII"), struct.Struct("<iIII")
IOVEC, MESSAGE, RDWR = struct.Struct("<QQ"), struct.Struct("<HHHxxQ"), struct.Struct("<QI4x")
INIT, OPEN, RELEASE, INTERRUPT, IOCTL = 4096, 14, 18, 36, 39
UNRESTRICTED, RETRY = 1, 4
I2C_SLAVE, I2C_SLAVE_FORCE, I2C_FUNCS, I2C_RDWR, I2C_SMBUS = 0x0703, 0x0706, 0x0705, 0x0707, 0x0720
IGNORED = (0x0701, 0x0702, 0x0704, 0x0708)      # retries, timeout, ten bits, PEC
SMBUS = struct.Struct("<BBxxIQ")
BLOCK = 34                                      # bytes of the union i2c_smbus_data


class Again(Exception):
    """The kernel should call again with these pieces of the caller's memory."""

    def __init__(self, reads: list[tuple[int, int]], writes: list[tuple[int, int]]):
        self.reads, self.writes = reads, writes


class Device:
    """One character device, whoever opens it."""

    def __init__(self, bus: SimBus):
        self.bus, self.slaves, self.handles = bus, {}, 0

    def serve(self) -> None:
        file = os.open("/dev/cuse", os.O_RDWR)
        while True:
            request = os.read(file, BUFFER)
            _, opcode, unique, *_ = IN.unpack_from(request)
            if opcode == INTERRUPT:
                continue
            try:
                error, answer = 0, self.answer(opcode, request[IN.size:])
            except OSError as trouble:
                error, answer = -(trouble.errno or errno.EIO), b""
            os.write(file, OUT.pack(OUT.size + len(answer), error, unique) + answer)

    def answer(self, opcode: int, body: bytes) -> bytes:
        if opcode == INIT:
            major, minor = struct.unpack_from("<II", body)
            return (
                struct.pack("<8I40x", major, minor, 0, UNRESTRICTED, 4096, 4096, 0, 0)
                + f"DEVNAME={NAME}\0".encode()
            )
        if opcode == OPEN:
            self.handles += 1
            return struct.pack("<QII", self.handles, 0, 0)
        if opcode == RELEASE:
            return b""
        if opcode != IOCTL:
            raise OSError(errno.ENOSYS, "")
        handle, _, command, argument, size, room = IOCTL_IN.unpack_from(body)
        try:
            result, data = self.ioctl(
                handle, command, argument, body[IOCTL_IN.size : IOCTL_IN.size + size], room
            )
        except Again as again:
            pieces = [*again.reads, *again.writes]
            return IOCTL_OUT.pack(0, RETRY, len(again.reads), len(again.writes)) + b"".join(
                IOVEC.pack(*piece) for piece in pieces
            )
        return IOCTL_OUT.pack(result, 0, 0, 0) + data

    def ioctl(
        self, handle: int, command: int, argument: int, memory: bytes, room: int
    ) -> tuple[int, bytes]:
        if command in (I2C_SLAVE, I2C_SLAVE_FORCE):
            self.slaves[handle] = argument
        elif command == I2C_FUNCS:
            if not room:
                raise Again([], [(argument, 8)])
            return 0, struct.pack("<Q", FUNCTIONS)
        elif command == I2C_RDWR:
            return self.rdwr(argument, memory, room)
        elif command == I2C_SMBUS:
            return 0, self.smbus(self.slaves.get(handle, 0), argument, memory)
        elif command not in IGNORED:
            raise OSError(errno.ENOTTY, "")
        return 0, b""

    def rdwr(self, argument: int, memory: bytes, room: int) -> tuple[int, bytes]:
        if len(memory) < RDWR.size:
            raise Again([(argument, RDWR.size)], [])
        where, count = RDWR.unpack_from(memory)
        heads = [(argument, RDWR.size), (where, count * MESSAGE.size)]
        if len(memory) < RDWR.size + count * MESSAGE.size:
            raise Again(heads, [])
        asked = [MESSAGE.unpack_from(memory, RDWR.size + i * MESSAGE.size) for i in range(count)]
        writes = [(pointer, length) for _, flags, length, pointer in asked if not flags & READ]
        reads = [(pointer, length) for _, flags, length, pointer in asked if flags & READ]
        at = RDWR.size + count * MESSAGE.size
        if len(memory) < at + sum(length for _, length in writes) or room < sum(
            length for _, length in reads
        ):
            raise Again(heads + writes, reads)
        messages = []
        for address, flags, length, _ in asked:
            if flags & READ:
                messages.append(i2c_msg.read(address, length))
            else:
                messages.append(i2c_msg.write(address, memory[at:at + length]))
                at += length
        self.bus.i2c_rdwr(*messages)
        return count, b"".join(bytes(message) for message in messages if message.flags & READ)

    def smbus(self, address: int, argument: int, memory: bytes) -> bytes:
        """Bytes, bytes of a register and I2C blocks: what i2c-tools and the doctor ask for."""
        if len(memory) < SMBUS.size:
            raise Again([(argument, SMBUS.size)], [])
        reading, register, kind, pointer = SMBUS.unpack_from(memory)
        if pointer and len(memory) < SMBUS.size + BLOCK:
            raise Again([(argument, SMBUS.size), (pointer, BLOCK)], [(pointer, BLOCK)])
        data = memory[SMBUS.size:]
        match kind, reading:
            case 0, _:
                self.bus.write_quick(address)
            case 1, 1:
                data = bytes([self.bus.read_byte(address)])
            case 1, 0:
                self.bus.write_byte(address, register)
            case 2, 1:
                data = bytes([self.bus.read_byte_data(address, register)])
            case 2, 0:
                self.bus.write_byte_data(address, register, data[0])
            case 8, 1:
                data = data[:1] + bytes(self.bus.read_i2c_block_data(address, register, data[0]))
            case 8, 0:
                self.bus.write_i2c_block_data(address, register, data[1:1 + data[0]])
            case _:
                raise OSError(errno.EOPNOTSUPP, "")
        return data.ljust(BLOCK, b"\0") if pointer else b""


def plug(chips: list, clock: SystemClock) -> None:
    """Give the device to the group i2c, as udev does on a board; then follow the file that stands
    for the plug."""
    node = Path("/dev") / NAME
    while not node.exists():
        time.sleep(0.1)
    shutil.chown(node, group="i2c")
    node.chmod(0o660)
    (UNPLUGGED.parent / "chips.spent").write_text(f"{time.process_time()}\n")
    sdnotify.SystemdNotifier().notify("READY=1")
    while True:
        for chip in chips:
            if chip.present and UNPLUGGED.exists():
                chip.unplug(clock.now())
            elif not chip.present and not UNPLUGGED.exists():
                chip.plug(clock.now())
        time.sleep(0.1)


def main() -> int:
    build, latency = sys.argv[1], float(sys.argv[2]) / 60
    clock, rng = SystemClock(), np.random.default_rng(1)
    body = Sleeper(1, 1.0, clock.now(), latency=latency)
    worn = {
        "clip": ((MAX30102, body.ppg), (LIS3DH, body.wrist)),
        "mattress": ((ADXL355, body.mattress),),
    }[build]
    chips = [chip(clock, SimpleNamespace(values=values), rng=rng) for chip, values in worn]
    threading.Thread(target=plug, args=(chips, clock), daemon=True).start()
    Device(SimBus(chips, clock)).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
