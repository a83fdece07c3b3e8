"""A chip is a table: registers are declared, and reading the attribute reads the chip."""

from collections.abc import Callable
from typing import NamedTuple, overload

import numpy as np

from device.errors import SensorError, WrongChip
from device.hardware.bus import Bus


class Bits:
    """A field of one register. Stateless: it lives on the class and is shared by every chip."""

    def __init__(self, register: int, shift: int = 0, width: int = 8):
        self.register = register
        self.shift = shift
        self.mask = (1 << width) - 1

    @overload
    def __get__(self, chip: None, owner: type) -> "Bits": ...

    @overload
    def __get__(self, chip: "Chip", owner: type) -> int: ...

    def __get__(self, chip: "Chip | None", owner: type) -> "int | Bits":
        if chip is None:
            return self
        return chip.read(self.register)[0] >> self.shift & self.mask

    def __set__(self, chip: "Chip", value: int) -> None:
        if value & ~self.mask:
            raise ValueError(f"{value:#x} doesn't fit the field at register {self.register:#04x}")
        kept = 0 if self.mask == 0xFF else chip.read(self.register)[0] & ~(self.mask << self.shift)
        chip.write(self.register, kept | value << self.shift)


class Level(NamedTuple):
    """What a chip's FIFO says."""
    waiting: int                # whole readings to be popped
    # readings lost to overflow since the last pop; None: some, it can't say how many
    dropped: int | None = 0
    # when it overflowed: the oldest were lost (True) or the newest (False)
    newest_kept: bool = True
    restarted: bool = False     # the chip has forgotten its settings
    torn: bool = False          # the FIFO begins inside a reading, which pop() will drop
    later: int = 0              # readings behind all those: waiting, or dropped in their turn
    complete: bool = True       # False: more were dropped in their turn, and it can't say how many
    # readings that went into a transfer that broke off since the last look; None: can't say
    broken: int | None = None


class Chip:
    """An I2C chip with a FIFO. Drivers report physics and have no opinion."""
    name = "chip"
    role = ""                           # the field of Readings that it fills: ppg or motion
    addresses: tuple[int, ...] = ()
    channels = 0
    depth = 32                          # readings that the FIFO holds
    rate = 0.0                          # Hz asked for; the true one is measured

    def __init__(self, bus: Bus, address: int | None = None):
        self.bus = bus
        self.address = self.addresses[0] if address is None else address

    def __repr__(self) -> str:
        return f"{self.name} at 0x{self.address:02x}"

    def read(self, register: int, count: int = 1) -> bytes:
        return self.bus.read(self.address, register, count, self.name)

    def write(self, register: int, *data: int) -> None:
        self.bus.write(self.address, register, bytes(data), self.name)

    def identify(self) -> str:
        """Part and revision in words. Raises WrongChip if something else answers."""
        raise NotImplementedError

    def configure(self) -> None:
        """Reset, set up and start with an empty FIFO: the first reading comes one period from now.
        """
        raise NotImplementedError

    def intact(self) -> bool:
        """Whether the chip still has the settings that `configure` gave it."""
        raise NotImplementedError

    def level(self) -> Level:
        raise NotImplementedError

    def pop(self, count: int) -> np.ndarray:
        """The oldest `count` readings, (n, channels), oldest first."""
        raise NotImplementedError

    def drain(self) -> np.ndarray:
        """Readings since the last drain, (n, channels), oldest first; n may be 0."""
        return self.pop(self.level().waiting)

    def temperature(self, sleep: Callable[[float], None]) -> float | None:
        """°C inside the chip, None if it doesn't know; `sleep` waits for the measurement."""
        return None

    def until(self, done: Callable[[], bool], what: str, tries: int = 50) -> None:
        """Ask again until `done()`; the bus itself takes the time (100 µs and more a question)."""
        for _ in range(tries):
            if done():
                return
        raise SensorError(f"{self}: {what}; take its power off for a moment")

    def wrong(self, found: str) -> WrongChip:
        return WrongChip(
            f"{self}: {found} answers instead; name the right chip and address in the config"
        )
