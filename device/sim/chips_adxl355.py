"""ADXL355 and ADXL357, register by register (Analog Devices ADXL354/ADXL355, rev. D)."""

import numpy as np

from device.sim.chips import SimChip, Source

G = 9.80665                         # m/s²
ENTRIES = 96                        # of one axis each
STEP = 3.9e-6                       # g of a 20-bit step at ±2 g, doubled by each range code
SELF_TEST = (0.3, 0.3, 1.5)         # g: what ST2 pushes each axis by, as the sheet's typical values
DENSER = 8                          # conversions a reading that the low-pass sees
SHADOW = bytes((0x71, 0x2A, 0x05, 0x9C, 0x33))  # of the factory's trim, 0x50..0x54
DEFAULTS = {0x00: 0xAD, 0x01: 0x1D, 0x02: 0xED, 0x03: 0x01,
            0x28: 0x00, 0x29: 0x60, 0x2C: 0x81, 0x2D: 0x01}
WRITABLE = {*range(0x1E, 0x2E), 0x2E}
STANDBY_ONLY = {*range(0x1E, 0x24), 0x28, 0x2C}
EMPTY, X_AXIS = 0x02, 0x01
DATA_RDY, FIFO_FULL, FIFO_OVR = 0x01, 0x02, 0x04


def lowpass(cutoff: float, taps: int) -> np.ndarray:
    """(taps,) of a Hamming-windowed sinc, gain 1 at 0; `cutoff` of the rate it runs at."""
    n = np.arange(taps) - (taps - 1) / 2
    h = np.sinc(2 * cutoff * n) * np.hamming(taps)
    return h / h.sum()


# −6 dB at 0.275 of the output rate puts −3 dB at its quarter
LOWPASS = lowpass(0.275 / DENSER, 16 * DENSER + 1)


class ADXL355(SimChip):
    address = 0x1D
    fifo_register = 0x11
    width = 9
    density = 22.5e-6               # g/√Hz
    step = STEP
    celsius = 24.0

    def power_on(self) -> None:
        for register, value in DEFAULTS.items():
            self.registers[register] = value
        self.registers[0x50:0x55] = SHADOW
        self.latest = bytes(9)
        self.whole = 0              # entries of one triple delivered so far, −1: it was broken

    @property
    def entries(self) -> int:
        return len(self.fifo) // 3

    @property
    def waiting(self) -> int:
        """Whole triples; entries of a torn one don't count."""
        return self.entries // 3

    def encode(self, physical: np.ndarray) -> np.ndarray:
        acceleration = physical / G
        if self.registers[0x2E] & 3 == 3:           # ST1 switches it on, ST2 pushes
            acceleration = acceleration + SELF_TEST
        if self.rng is not None:
            acceleration = acceleration + (self.density * (self.running.rate / 2) ** 0.5
                                           * self.rng.standard_normal(acceleration.shape))
        offset = np.frombuffer(self.registers[0x1E:0x24], ">i2").astype(np.int64) * 16
        twenty = (
            np.rint(acceleration / (self.step * (1, 1, 2, 4)[self.registers[0x2C] & 3])).astype(
                np.int64) + offset
        )
        word = np.clip(twenty, -(1 << 19), (1 << 19) - 1) << 4
        word[:, 0] |= X_AXIS
        return (
            (word[:, :, None] >> np.array([16, 8, 0]) & 0xFF).astype(np.uint8).reshape(len(word), 9)
        )

    def measure(self, source: Source, times: np.ndarray, rate: float) -> np.ndarray:
        """The decimation filter's low-pass, −3 dB at a quarter of the output rate."""
        grid = np.arange(-len(LOWPASS) // 2 + 1, len(times) * DENSER + len(LOWPASS) // 2)
        dense = source.values(times[0] + grid / (rate * DENSER))
        smooth = [np.convolve(axis, LOWPASS, "valid")[::DENSER][:len(times)] for axis in dense.T]
        return np.column_stack(smooth)

    def arrive(self, a: int, b: int) -> None:
        """A stream: when it is full, new entries replace the oldest."""
        self.registers[0x04] |= DATA_RDY
        self.fifo += self.running.words(max(a, b - ENTRIES // 3 - 1), b)
        self.latest = self.running.words(b - 1, b)
        excess = self.entries - ENTRIES
        if excess > 0:
            del self.fifo[:3 * excess]
        if excess > 0 or b - a > ENTRIES // 3:
            self.registers[0x04] |= FIFO_OVR
            self.whole = -1 if excess % 3 else self.whole
        if self.entries >= self.registers[0x29] & 0x7F:
            self.registers[0x04] |= FIFO_FULL

    def pop(self, count: int, broken: bool) -> bytes:
        """An entry leaves the FIFO with its third byte; an empty one says so."""
        taken = min(count // 3, self.entries)
        out = bytes(self.fifo[:min(count, len(self.fifo))])
        out += (bytes((0, 0, EMPTY)) * (count // 3 + 1))[:count - len(out)]
        if broken:
            self.whole = -1 if taken else self.whole
        else:
            marks = (
                [self.fifo[3 * entry + 2] & X_AXIS for entry in range(taken)]
                if self.torn(taken)
                else None
            )
            self.account(taken, marks)
        del self.fifo[:3 * taken]
        self.registers[0x04] &= ~FIFO_FULL
        return out

    def torn(self, taken: int) -> bool:
        """Whether these entries are anything but whole triples from an X on."""
        return self.whole != 0 or taken % 3 != 0 or (taken > 0 and not self.fifo[2] & X_AXIS)

    def account(self, taken: int, marks: list[int] | None) -> None:
        if marks is None:
            self.delivered += taken // 3
            return
        for mark in marks:
            if mark:
                self.whole = 1
            else:
                self.whole = self.whole + 1 if self.whole > 0 else -1
            if self.whole == 3:
                self.delivered += 1
                self.whole = 0

    def peek(self, register: int, now: float) -> int:
        if register == 0x04:
            value = self.registers[0x04]
            self.registers[0x04] = 0
            return value
        if register == 0x05:
            return self.entries
        if register in (0x06, 0x07):
            raw = round((self.celsius - 25) * -9.05 + 1885)
            return raw >> 8 & 15 if register == 0x06 else raw & 0xFF
        if 0x08 <= register <= 0x10:
            self.registers[0x04] &= ~DATA_RDY
            return self.latest[register - 0x08] & (0xF0 if register % 3 == 1 else 0xFF)
        return self.registers[register]

    def poke(self, register: int, value: int, now: float) -> None:
        if register == 0x2F:
            if value == 0x52:
                self.reset(now)
            return
        if register not in WRITABLE:
            return
        standby = self.registers[0x2D] & 1
        if register in STANDBY_ONLY and not standby:
            return  # the data sheet leaves it open; the maker's driver never tries
        self.registers[register] = value
        if register == 0x2D and (value & 1) != standby:
            if value & 1:
                self.stop(now)
            else:
                self.start(now, 4000 / 2 ** min(self.registers[0x28] & 15, 10))

        elif register == 0x2E:
            self.settle(now)

    def settle(self, now: float) -> None:
        """What was generated ahead is of other settings."""
        if self.converter is not None:
            self.converter.chunk = b""


class ADXL357(ADXL355):
    """The same but for its ranges, ±10, 20 and 40 g, and its noise; it says nothing of either."""
    density = 75e-6
    step = 5 * STEP
