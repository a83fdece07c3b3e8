"""What the simulated chips share: power, registers, their own clock, a FIFO, and an honest count of
what was lost.

The chips answer register reads and writes as the data sheets say; addresses, shifts and scales are
written again here, never imported from the drivers, so that a wrong one fails a test. What a chip
measures comes from a source, generated half a minute at once.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from device.clock import Clock

AHEAD = 30.0        # s of readings generated at once


class Source(Protocol):
    """What there is to be measured."""

    def values(self, times: np.ndarray) -> np.ndarray:
        """(n, channels) at `times` (n,) s: PPG counts at the usual LED current, or m/s².

        A source may say that it is `smooth`: it holds nothing that a chip's own averaging or
        low-pass would take away, and its noise is what they leave. It is asked less often.
        """


class Recorded(Protocol):
    """A recording, whose readings are played one by one at its own rate, whatever rate the chip was
    asked for."""
    @property
    def rate(self) -> float: ...

    def readings(self, first: int, count: int) -> np.ndarray:
        """(count, channels) from reading `first` on: PPG counts exactly, or m/s²."""


# source, times s, rate Hz → physical (n, channels)
Measure = Callable[[Source, np.ndarray, float], np.ndarray]
Encode = Callable[[np.ndarray], np.ndarray]     # physical (n, channels) → (n, width) uint8


class Converter:
    """Evenly spaced conversions by the chip's own oscillator: reading k is taken at `start + (k +
    1) / rate`."""

    def __init__(
        self, source: Source | Recorded, measure: Measure, encode: Encode, width: int,
        start: float, rate: float, first: int,
    ):
        self.source, self.measure, self.encode, self.width = source, measure, encode, width
        self.start, self.rate = start, rate
        self.first = first  # readings taken before this converter started, for recordings
        self.made = 0
        self.chunk = b""
        self.chunk_first = 0

    def due(self, now: float) -> int:
        """Readings taken by `now`."""
        return max(int((now - self.start) * self.rate + 1e-9), 0)

    def words(self, a: int, b: int) -> bytes:
        """Readings a..b as they stand in the FIFO."""
        low = (a - self.chunk_first) * self.width
        high = (b - self.chunk_first) * self.width
        if low >= 0 and high <= len(self.chunk):
            return self.chunk[low:high]
        count = max(b - a, int(AHEAD * self.rate))
        if hasattr(self.source, "readings"):
            physical = self.source.readings(self.first + a, count)
        else:
            times = self.start + np.arange(a + 1, a + count + 1) / self.rate
            smooth = getattr(self.source, "smooth", False)
            physical = self.source.values(times) if smooth else self.measure(
                self.source, times, self.rate)
        self.chunk = self.encode(np.asarray(physical)).tobytes()
        self.chunk_first = a
        return self.chunk[:(b - a) * self.width]


class SimChip:
    """Power, register file and FIFO; what is special to a part is in its subclass."""
    address = 0
    fifo_register = -1  # the one that pops
    width = 0           # bytes of a reading in the FIFO

    def __init__(
        self,
        clock: Clock,
        source: Source | Recorded,
        *,
        address: int | None = None,
        skew: float = 0.0,
        rng: np.random.Generator | None = None,
    ):
        """`skew`: how much faster its clock runs than it says (0.05: 5 %). With `rng` it adds the
        part's own noise."""
        self.clock, self.source, self.skew, self.rng = clock, source, skew, rng
        if address is not None:
            self.address = address
        self.present = True             # False: unplugged
        self.converter: Converter | None = None
        self.fifo = bytearray()
        self.taken = 0                  # readings there should have been since it first ran
        self.delivered = 0              # whole readings that reached the host
        # the converter that stopped, until the next one starts
        self.resumed: Converter | None = None
        # at the last start: `resumed`, taken, delivered
        self.heard: tuple[Converter | None, int, int] = (None, 0, 0)
        self.pointer = 0
        self.reset(clock.now())

    # ---- what faults do to it

    def reset(self, now: float) -> None:
        """Power-on: every register forgets, and what stood in the FIFO is gone."""
        self.stop(now)
        self.fifo.clear()
        resumed, taken, delivered = self.heard
        # a run that nobody read from was none
        if resumed is not None and delivered == self.delivered:
            self.resumed, self.taken = resumed, taken
        self.registers = bytearray(256)
        self.pointer = 0
        self.power_on()

    def unplug(self, now: float) -> None:
        self.reset(now)
        self.present = False

    def plug(self, now: float) -> None:
        self.reset(now)
        self.present = True

    # ---- the accounts

    @property
    def waiting(self) -> int:
        """Whole readings in the FIFO."""
        return len(self.fifo) // self.width

    @property
    def lost(self) -> int:
        """Readings nobody will ever get: overwritten, refused, wiped by a reset, popped into a
        broken transfer, or not even taken while the chip was down (counted at the rate it had)."""
        return self.taken - self.delivered - self.waiting

    # ---- conversions

    def start(self, now: float, rate: float) -> None:
        """Convert at `rate` Hz nominal; the first reading is there one period later."""
        self.heard = self.resumed, self.taken, self.delivered
        if self.resumed is not None:
            # moments that passed while it was down
            self.taken += self.resumed.due(now) - self.resumed.made
            self.resumed = None
        rate = getattr(self.source, "rate", rate) * (1 + self.skew)
        self.converter = Converter(
            self.source, self.measure, self.encode, self.width, now, rate,
            self.taken)

    def stop(self, now: float) -> None:
        if self.converter is not None:
            self.sync(now)
            self.resumed, self.converter = self.converter, None

    @property
    def running(self) -> Converter:
        """The converter, for what happens only while it converts."""
        if self.converter is None:
            raise RuntimeError(f"the chip at 0x{self.address:02x} doesn't convert")
        return self.converter

    def sync(self, now: float) -> None:
        """Take what the chip's clock says has been taken by now."""
        converter = self.converter
        if converter is None:
            return
        due = converter.due(now)
        if due > converter.made:
            made, converter.made = converter.made, due
            self.taken += due - made
            self.arrive(made, due)

    # ---- the bus side

    def write(self, data: bytes, now: float) -> None:
        """A write transfer: the register, then bytes for it and the ones after it."""
        if not data:
            return
        self.pointer = data[0]
        if len(data) > 1:
            self.sync(now)
            for value in data[1:]:
                register = self.pointer
                self.poke(register & 0xFF, value, now)
                self.pointer = self.after(register)

    def read(self, count: int, now: float, broken: bool = False) -> bytes:
        """A read transfer of `count` bytes from the pointer on. `broken`: none of it reaches the
        host, but the chip doesn't know."""
        self.sync(now)
        out = bytearray()
        while len(out) < count:
            if self.pointer & self.register_mask == self.fifo_register:
                popped = self.pop(count - len(out), broken)
                if not out:
                    return popped
                out += popped
            else:
                out.append(self.peek(self.pointer & self.register_mask, now))
                self.pointer = self.after(self.pointer)
        return bytes(out)

    register_mask = 0xFF

    def after(self, pointer: int) -> int:
        """Where the register pointer goes after a byte."""
        return pointer if pointer == self.fifo_register else (pointer + 1) & 0xFF

    def power_on(self) -> None:
        raise NotImplementedError

    def measure(self, source: Source, times: np.ndarray, rate: float) -> np.ndarray:
        """(n, channels) of the source as the part's filters let it through, at `times` s."""
        return source.values(times)

    def encode(self, physical: np.ndarray) -> np.ndarray:
        """(n, channels) → (n, width) uint8 as in the FIFO."""
        raise NotImplementedError

    def arrive(self, a: int, b: int) -> None:
        """Readings a..b of the converter have been taken."""
        raise NotImplementedError

    def pop(self, count: int, broken: bool) -> bytes:
        """`count` bytes out of the FIFO register."""
        raise NotImplementedError

    def peek(self, register: int, now: float) -> int:
        raise NotImplementedError

    def poke(self, register: int, value: int, now: float) -> None:
        raise NotImplementedError
