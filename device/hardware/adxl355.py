"""ADXL355 and ADXL357: accelerometers quiet enough (22.5 µg/√Hz the one, some 75 the other) for the
heartbeat through a mattress (ballistocardiogram).

Registers: Analog Devices ADXL354/ADXL355 data sheet, rev. D. 62.5 Hz keeps the beat's band (to 20
Hz) and lasts 0.51 s in the FIFO, two ticks of 0.25 s; 125 Hz would not. ±2 g: 3.9 µg a step.

An ADXL357 answers with the same ids, but its steps are five times as large (±10 g where the other
has ±2 g). Nothing but gravity tells them apart: what lies still feels 1 g.
"""

from collections.abc import Callable

import numpy as np

from device.errors import SensorError, WrongChip
from device.hardware.bus import Bus
from device.hardware.registers import Bits, Chip, Level

STANDARD_GRAVITY = 9.80665      # m/s², exact by convention (CGPM 1901)
IDS = (0xAD, 0x1D, 0xED)        # maker, family, part
RATES = {4000 / 2**n: n for n in range(11)}
STEP = 3.9e-6                   # g a step of 20 bit at ±2 g; doubles with the range
RANGES = (2, 4, 8)
COARSER = 5.0                   # times: an ADXL357's step (ADXL356/ADXL357 data sheet: 19.5 µg)
WEIGHED = 8                     # readings whose median weight tells which of them it is
LIGHT = (0.12, 0.45)            # g in the ADXL355's steps that are an ADXL357's 1 g, wide of tilt
LIS = 0x0F                      # where the LIS family, and its copies, say who they are
FAMILY = {0x32, 0x33, 0x3F, 0x41, 0x44}
RESET = 0x52
OVERRUN = 0x04                  # of status
EMPTY, X_AXIS = 0x02, 0x01      # markers in the lowest byte of a FIFO entry
MARKERS = bytes(value & (EMPTY | X_AXIS) for value in range(256))
WHOLE = bytes((X_AXIS, 0, 0)) * 32


class ADXL355(Chip):
    """Acceleration (n, 3) m/s²."""
    name = "ADXL355"
    role = "motion"
    addresses = (0x1D, 0x53)
    channels = 3

    status = Bits(0x04)
    filter = Bits(0x28)
    range = Bits(0x2C)
    power = Bits(0x2D)
    reset = Bits(0x2F)

    def __init__(
        self, bus: Bus, address: int | None = None, rate: float = 62.5, full_scale: int = 2
    ):
        """`rate` Hz, one of RATES; `full_scale` ± g, one of RANGES."""
        super().__init__(bus, address)
        self.rate = rate
        self.range_code = RANGES.index(full_scale) + 1
        self.scale = STEP * full_scale / 2 * STANDARD_GRAVITY
        self.weighed = False    # whether gravity has told which part it is
        self.stray = 0  # entries at the head of the FIFO, left of a triple whose transfer broke off

    def identify(self) -> str:
        *ids, revision = self.read(0x00, 4)
        if tuple(ids) != IDS:
            who = self.read(LIS)[0]
            if who in FAMILY:
                raise WrongChip(
                    f"at 0x{self.address:02x} answers an accelerometer of the LIS family or a copy "
                    f"of one (WHO_AM_I 0x{who:02x}), which isn't driven; use a LIS3DH at 0x18 or "
                    "0x19 or an ADXL355, or name another chip in the config")
            raise self.wrong("a chip with ids " + " ".join(f"0x{i:02x}" for i in ids))
        return f"ADXL355, ids {' '.join(f'0x{i:02x}' for i in ids)}, revision {revision}"

    def configure(self) -> None:
        """The maker's driver knows resets that scramble the calibration: the shadow registers
        0x50..0x54 must come back as they were, else reset again."""
        shadow = self.read(0x50, 5)
        for _ in range(5):
            self.reset = RESET
            self.until(lambda: not self.status & 0x10, "stays busy after its reset")
            if self.read(0x50, 5) == shadow:
                break
        else:
            raise SensorError(
                f"{self}: its calibration doesn't survive a reset; take its power off for a moment"
            )
        self.filter = RATES[self.rate]  # settings change in standby only, which reset leaves it in
        self.range = 0x80 | self.range_code             # fast mode of I2C stays on
        self.power = 0

    def intact(self) -> bool:
        return (
            self.power == 0
            and self.filter == RATES[self.rate]
            and self.range == (0x80 | self.range_code)
        )

    def level(self) -> Level:
        status, entries = self.read(0x04, 2)
        waiting, self.stray = divmod(entries & 0x7F, 3)
        return Level(waiting, None if status & OVERRUN else 0, torn=self.stray > 0)

    def pop(self, count: int) -> np.ndarray:
        """Whole triples only: entries before an X marker are dropped, so axes never change places.
        """
        if self.stray:
            self.read(0x11, 3 * self.stray)
            self.stray = 0
        if count == 0:
            return np.zeros((0, 3))
        raw = self.read(0x11, 9 * count)
        if raw[2::3].translate(MARKERS) != WHOLE[:3 * count]:
            raw = resynchronised(raw)
        # Each entry with the byte after it, as 32 bit: its 20 stand on top.
        words: np.ndarray = np.ndarray(len(raw) // 3, ">i4", raw + b"\0", strides=(3,))
        steps = (words >> 12).reshape(-1, 3)
        if not self.weighed and len(steps) >= WEIGHED:
            self.weigh(steps * self.scale)
        return steps * self.scale

    def weigh(self, readings: np.ndarray) -> None:
        weight = float(np.median(np.sqrt((readings**2).sum(axis=1)))) / STANDARD_GRAVITY
        self.weighed = True
        if LIGHT[0] < weight < LIGHT[1]:
            self.name = "ADXL357"
            self.scale *= COARSER

    def temperature(self, sleep: Callable[[float], None]) -> float:
        high, low = self.read(0x06, 2)
        return ((high & 15) << 8 | low) * (1 / -9.05) + (1885 / 9.05 + 25)


def resynchronised(raw: bytes) -> bytes:
    """The whole triples among entries that don't begin with an X, or end early."""
    entries = [raw[at:at + 3] for at in range(0, len(raw), 3) if not raw[at + 2] & EMPTY]
    while entries and not entries[0][2] & X_AXIS:
        entries.pop(0)
    return b"".join(entries[:len(entries) // 3 * 3])
