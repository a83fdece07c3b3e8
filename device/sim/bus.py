"""A bus with simulated chips on it: smbus2's API, and the rules of the Pi's controller (Linux
i2c-bcm2835.c)."""

import ctypes
import errno
import os
from collections.abc import Sequence
from typing import Any, Protocol

from device.clock import Clock
from device.sim.chips import SimChip

READ = 0x0001               # I2C_M_RD
FUNCTIONS = 0x0EFF0009      # I2C and the SMBus calls that the kernel makes of it
MOST_MESSAGES = 42          # I2C_RDWR_IOCTL_MAX_MSGS


class Faults(Protocol):
    """What goes wrong, and when."""

    def strike(self, chip: SimChip | None, now: float, length: int) -> tuple[int, int] | None:
        """Called before each transfer of `length` bytes: None, or the errno and after how many
        bytes it breaks."""


class SimBus:
    """Takes the place of `smbus2.SMBus`; raises OSError as the kernel would."""

    def __init__(self, chips: Sequence[SimChip], clock: Clock, faults: Faults | None = None):
        self.chips = {chip.address: chip for chip in chips}
        self.clock, self.faults = clock, faults
        self.funcs = FUNCTIONS

    # ---- one transfer: an optional write, then an optional read

    def transfer(self, address: int, data: bytes | None, count: int) -> bytes:
        now = self.clock.now()
        chip = self.chips.get(address)
        broken = None
        if self.faults is not None:
            broken = self.faults.strike(chip, now, len(data or b"") + count)
        if chip is None or not chip.present:
            raise fault(errno.EREMOTEIO)
        if broken is not None:
            number, survived = broken
            written = (data or b"")[:survived]
            chip.write(written, now)
            if count and survived > len(data or b""):
                chip.read(survived - len(data or b""), now, broken=True)
            raise fault(number)
        if data is not None:
            chip.write(data, now)
        return chip.read(count, now) if count else b""

    def i2c_rdwr(self, *messages: Any) -> None:
        """smbus2's i2c_msg objects. Only the last may read; a write before it is joined by a
        repeated start."""
        if len(messages) == 2:
            first, last = messages
            if last.flags & READ and not first.flags & READ and first.addr == last.addr:
                answer = self.transfer(last.addr, ctypes.string_at(first.buf, first.len), last.len)
                ctypes.memmove(last.buf, answer, last.len)
                return
        if not 0 < len(messages) <= MOST_MESSAGES:
            raise fault(errno.EINVAL)
        if any(message.flags & READ for message in messages[:-1]):
            raise fault(errno.EOPNOTSUPP)
        for message in messages:
            if message.flags & READ:        # the last
                answer = self.transfer(message.addr, None, message.len)
                ctypes.memmove(message.buf, answer, message.len)
            else:
                self.transfer(message.addr, ctypes.string_at(message.buf, message.len), 0)

    # ---- the SMBus calls

    def write_quick(self, address: int, force: bool | None = None) -> None:
        self.transfer(address, b"", 0)

    def read_byte(self, address: int, force: bool | None = None) -> int:
        return self.transfer(address, None, 1)[0]

    def write_byte(self, address: int, value: int, force: bool | None = None) -> None:
        self.transfer(address, bytes((value,)), 0)

    def read_byte_data(self, address: int, register: int, force: bool | None = None) -> int:
        return self.transfer(address, bytes((register,)), 1)[0]

    def write_byte_data(
        self, address: int, register: int, value: int, force: bool | None = None
    ) -> None:
        self.transfer(address, bytes((register, value)), 0)

    def read_word_data(self, address: int, register: int, force: bool | None = None) -> int:
        return int.from_bytes(self.transfer(address, bytes((register,)), 2), "little")

    def write_word_data(
        self, address: int, register: int, value: int, force: bool | None = None
    ) -> None:
        self.transfer(address, bytes((register, value & 0xFF, value >> 8)), 0)

    def read_i2c_block_data(
        self, address: int, register: int, length: int, force: bool | None = None
    ) -> list[int]:
        if not 1 <= length <= 32:
            raise ValueError(f"Desired block length over 32 bytes: {length}")
        return list(self.transfer(address, bytes((register,)), length))

    def write_i2c_block_data(
        self, address: int, register: int, data: Sequence[int], force: bool | None = None
    ) -> None:
        self.transfer(address, bytes((register, *data)), 0)

    def close(self) -> None:
        pass

    def __enter__(self) -> "SimBus":
        return self

    def __exit__(self, *trouble: object) -> None:
        self.close()


def fault(number: int) -> OSError:
    return OSError(number, os.strerror(number))
