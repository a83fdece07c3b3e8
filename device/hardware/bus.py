"""The I2C bus: one write and one read per transfer, and every failure in words with its remedy."""

import errno
from typing import Protocol

from device.errors import SensorError

try:
    import smbus2
    MISSING = ""
except Exception as trouble:        # without it the night goes on, and says so
    smbus2, MISSING = None, str(trouble)        # type: ignore[assignment]

# What the Pi's controller answers (Linux i2c-bcm2835.c), and what a person can do about it.
REMEDIES = {
    errno.EREMOTEIO: "no answer; check the chip's wiring, power and address",
    errno.ENXIO: "no answer; check the chip's wiring, power and address",
    errno.EIO: "the transfer broke off; check for loose or long wires",
    errno.ETIMEDOUT: "the bus is stuck; SDA or SCL is held low, "
                     "so take the power off the chip for a moment",
    errno.EOPNOTSUPP: "the adapter refuses such a transfer; use the Pi's own I2C pins",
    errno.ENOENT: "there is no such bus; put dtparam=i2c_arm=on in config.txt and start again",
    errno.EBUSY: "another driver holds it; take its line out of settings.txt",
    errno.EACCES: "not allowed; add this user to the group i2c",
}


class SMBusLike(Protocol):
    """The part of smbus2's API that the drivers need; a simulated bus has it too."""

    def i2c_rdwr(self, *messages: "smbus2.i2c_msg") -> None: ...

    def close(self) -> None: ...


class Bus:
    """Transfers to and from registers. Raises SensorError, whose `__cause__` is the OSError, and
    nothing else."""

    def __init__(self, smbus: SMBusLike):
        self.smbus = smbus
        # made once for each kind of read
        self.messages: dict[tuple[int, int, int], tuple[smbus2.i2c_msg, smbus2.i2c_msg]] = {}

    def read(self, address: int, register: int, count: int, name: str = "chip") -> bytes:
        """`count` bytes from `register` on. One write and one read: the Pi refuses more
        (EOPNOTSUPP), and smbus2's own block read stops at 32 bytes while a FIFO may hold 288."""
        messages = self.messages.get((address, register, count))
        if messages is None:
            write = smbus2.i2c_msg.write(address, (register,))
            messages = write, smbus2.i2c_msg.read(address, count)
            self.messages[address, register, count] = messages
        try:
            self.smbus.i2c_rdwr(*messages)
        except OSError as trouble:
            raise failure(trouble, address, name) from trouble
        return bytes(messages[1])

    def write(self, address: int, register: int, data: bytes, name: str = "chip") -> None:
        try:
            self.smbus.i2c_rdwr(smbus2.i2c_msg.write(address, (register, *data)))
        except OSError as trouble:
            raise failure(trouble, address, name) from trouble

    def close(self) -> None:
        self.smbus.close()


def failure(trouble: OSError, address: int, name: str) -> SensorError:
    return SensorError(f"{name} at 0x{address:02x}: {remedy(trouble)} (errno {trouble.errno})")


def remedy(trouble: OSError) -> str:
    return REMEDIES.get(trouble.errno or 0, trouble.strerror or "unknown trouble")


def open_bus(number: int = 1) -> Bus:
    """The machine's /dev/i2c-`number`. Raises SensorError if it can't be opened."""
    if MISSING:
        raise SensorError(f"smbus2 can't be used ({MISSING}); install Nocturne again")
    try:
        return Bus(smbus2.SMBus(number))
    except OSError as trouble:
        raise SensorError(
            f"/dev/i2c-{number}: {remedy(trouble)} (errno {trouble.errno})"
        ) from trouble
