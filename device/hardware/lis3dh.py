"""LIS3DH: a cheap accelerometer for posture and movement; too noisy (220 µg/√Hz) for the heartbeat
in a mattress.

Registers: ST LIS3DH data sheet, DocID17530. 25 Hz is what activity counts are defined on; the
FIFO's 32 readings last 1.28 s, five ticks of 0.25 s. ±2 g, high resolution: 1 mg a step.
"""

import numpy as np

from device.hardware.bus import Bus
from device.hardware.registers import Bits, Chip, Level

STANDARD_GRAVITY = 9.80665      # m/s², exact by convention (CGPM 1901)
WHO_AM_I = 0x33
RATES = {1.0: 1, 10.0: 2, 25.0: 3, 50.0: 4, 100.0: 5, 200.0: 6, 400.0: 7}
STEPS = {2: 0.001, 4: 0.002, 8: 0.004, 16: 0.012}       # ± g → g a step of 12 bit
STREAM = 2
AUTO_INCREMENT = 0x80


class LIS3DH(Chip):
    """Acceleration (n, 3) m/s²."""
    name = "LIS3DH"
    role = "motion"
    addresses = (0x18, 0x19)
    channels = 3

    who_am_i = Bits(0x0F)
    control1 = Bits(0x20)
    control4 = Bits(0x23)
    fifo_enable = Bits(0x24, shift=6, width=1)
    boot = Bits(0x24, shift=7, width=1)
    fifo_mode = Bits(0x2E, shift=6, width=2)
    fifo_source = Bits(0x2F)

    def __init__(
        self, bus: Bus, address: int | None = None, rate: float = 25.0, full_scale: int = 2
    ):
        """`rate` Hz, one of RATES; `full_scale` ± g, one of STEPS."""
        super().__init__(bus, address)
        self.rate = rate
        self.full_scale = full_scale
        # Left-justified in 16 bit, so a step of the word is a sixteenth.
        self.scale = STEPS[full_scale] * STANDARD_GRAVITY / 16

    def identify(self) -> str:
        who = self.who_am_i
        if who != WHO_AM_I:
            raise self.wrong(f"a chip with WHO_AM_I 0x{who:02x}")
        return f"LIS3DH, WHO_AM_I 0x{who:02x}"

    def configure(self) -> None:
        self.boot = 1
        self.until(lambda: not self.boot, "doesn't boot")
        self.fifo_mode = 0                                      # bypass empties the FIFO
        self.control4 = self.settings4()                        # whole words only, high resolution
        self.fifo_enable = 1
        self.fifo_mode = STREAM
        self.control1 = 0  # a running converter would keep its old phase
        self.control1 = self.settings1()

    def settings1(self) -> int:
        return RATES[self.rate] << 4 | 0b111

    def settings4(self) -> int:
        return 0x80 | tuple(STEPS).index(self.full_scale) << 4 | 0x08

    def intact(self) -> bool:
        return (self.control1 == self.settings1() and self.control4 == self.settings4()
                and self.fifo_enable == 1 and self.fifo_mode == STREAM)

    def level(self) -> Level:
        control, source = self.read(0x2E | AUTO_INCREMENT, 2)
        overrun = source >> 6 & 1  # 32 waiting, and the oldest may be lost
        return Level(
            (source & 31) + overrun, None if overrun else 0, restarted=control >> 6 != STREAM
        )

    def pop(self, count: int) -> np.ndarray:
        if count == 0:
            return np.zeros((0, 3))
        raw = self.read(0x28 | AUTO_INCREMENT, 6 * count)  # the address wraps from 0x2D to 0x28
        return np.frombuffer(raw, "<i2").reshape(-1, 3) * self.scale
