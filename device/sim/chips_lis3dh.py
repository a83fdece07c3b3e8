"""LIS3DH, register by register (ST DocID17530). Stream-to-FIFO mode behaves as stream: no interrupt
ever comes."""

import numpy as np

from device.sim.chips import SimChip

G = 9.80665                                 # m/s²
DEPTH = 32
RATES = (0, 1, 10, 25, 50, 100, 200, 400, 1600, 1344)
STEPS = (0.001, 0.002, 0.004, 0.012)        # g of a 12-bit step at ±2, 4, 8, 16 g
DEFAULTS = {0x0F: 0x33, 0x1E: 0x10, 0x20: 0x07}
WRITABLE = {
    0x1E, 0x1F, *range(0x20, 0x27), 0x2E, 0x30, 0x32, 0x33, 0x34,
    *range(0x36, 0x39), *range(0x3A, 0x40),
}
ALL_NEW, ALL_OVERRUN = 0x0F, 0xF0           # of STATUS


class LIS3DH(SimChip):
    address = 0x18
    width = 6
    register_mask = 0x7F
    fifo_register = 0x28
    density = 220e-6                        # g/√Hz

    def power_on(self) -> None:
        for register, value in DEFAULTS.items():
            self.registers[register] = value
        self.overrun = False
        self.latest = bytes(6)

    @property
    def fifo_mode(self) -> int:
        """0 bypass, 1 FIFO, 2 stream, 3 stream-to-FIFO; bypass unless the FIFO is enabled."""
        return self.registers[0x2E] >> 6 if self.registers[0x24] & 0x40 else 0

    @property
    def waiting(self) -> int:
        return len(self.fifo) // 6

    def settle(self, now: float) -> None:
        self.stop(now)
        rate = self.registers[0x20] >> 4
        if 0 < rate < len(RATES):
            self.start(now, RATES[rate] if rate != 9 or not self.registers[0x20] & 8 else 5376)

    @property
    def bits(self) -> int:
        """Of a reading; all are left-justified in 16."""
        low_power, high_resolution = self.registers[0x20] & 8, self.registers[0x23] & 8
        if low_power:
            return 8
        return 12 if high_resolution else 10

    def encode(self, physical: np.ndarray) -> np.ndarray:
        acceleration = physical / G
        if self.rng is not None:
            acceleration = acceleration + (self.density * (self.running.rate / 2) ** 0.5
                                           * self.rng.standard_normal(acceleration.shape))
        step = STEPS[self.registers[0x23] >> 4 & 3]
        coarse = 12 - self.bits
        twelve = (
            np.clip(np.rint(acceleration / step), -2048, 2047).astype(np.int64) >> coarse << coarse
        )
        enabled = [self.registers[0x20] >> axis & 1 for axis in range(3)]
        return (twelve * 16 * enabled).astype("<i2").view(np.uint8).reshape(len(twelve), 6)

    def arrive(self, a: int, b: int) -> None:
        self.registers[0x27] |= ALL_NEW | (
            ALL_OVERRUN if self.registers[0x27] & ALL_NEW or b - a > 1 else 0
        )
        mode = self.fifo_mode
        if mode == 0:
            self.latest = self.running.words(b - 1, b)
            return
        room = DEPTH - self.waiting
        if mode == 1:
            self.fifo += self.running.words(a, min(a + room, b))
        else:
            self.fifo += self.running.words(max(a, b - DEPTH), b)
            del self.fifo[:max(len(self.fifo) - DEPTH * 6, 0)]
        if self.waiting == DEPTH:
            self.overrun = True  # full: the next reading replaces the oldest (stream) or is refused

    def pop(self, count: int, broken: bool) -> bytes:
        """Bursts from 0x28 wrap from 0x2D; a set leaves the FIFO when its last byte has been read.
        """
        whole, rest = divmod(count, 6)
        if not self.fifo_mode:
            fresh = bool(self.registers[0x27] & ALL_NEW) and whole > 0
            self.registers[0x27] = 0
            self.delivered += 0 if broken else fresh
            self.pointer += rest
            return (self.latest * (whole + 1))[:count]
        popped = min(whole, self.waiting)
        if popped:
            self.overrun = False
            self.registers[0x27] = 0
            self.latest = bytes(self.fifo[(popped - 1) * 6:popped * 6])
        out = bytes(self.fifo[:count])
        out += (self.latest * DEPTH * 2)[:count - len(out)]  # an empty FIFO repeats the last set
        del self.fifo[:popped * 6]
        self.delivered += 0 if broken else popped
        self.pointer += rest
        return out

    def after(self, pointer: int) -> int:
        """Bit 7 of the sub-address asks for auto-increment; the outputs wrap onto themselves."""
        if not pointer & 0x80:
            return pointer
        return 0xA8 if pointer == 0xAD else 0x80 | (pointer + 1) & 0x7F

    def peek(self, register: int, now: float) -> int:
        if register == 0x2F:
            level = self.waiting
            full = level == DEPTH
            return ((level > self.registers[0x2E] & 31) << 7 | self.overrun << 6 | (level == 0) << 5
                    | (31 if full else level))
        if 0x28 <= register <= 0x2D:
            shown = bytes(self.fifo[:6]) if self.fifo else self.latest
            return shown[register - 0x28]
        return self.registers[register]

    def poke(self, register: int, value: int, now: float) -> None:
        register &= 0x7F
        if register not in WRITABLE:
            return
        if register == 0x24 and value & 0x80:  # BOOT clears itself; settings come back
            value &= 0x7F
        self.registers[register] = value
        if register in (0x24, 0x2E) and self.fifo_mode == 0:
            self.fifo.clear()
            self.overrun = False
        if register in (0x20, 0x23):
            self.settle(now)
