"""MAX30102 (and the register-compatible MAX30101): red and infrared photoplethysmogram through a
finger.

Registers: Maxim MAX30102 data sheet, 19-7740. 200 readings/s averaged by 4 give 50 Hz: the FIFO's
32 readings last 0.64 s, more than two ticks of 0.25 s (100 Hz would leave 70 ms), and 411 µs pulses
at 200/s keep the finger cool.
"""

from collections.abc import Callable

import numpy as np

from device.errors import SensorError
from device.hardware.bus import Bus
from device.hardware.refusals import Refusals
from device.hardware.registers import Bits, Chip, Level

PART_ID = 0x15
FULL, POWER_READY = 0x80, 0x01      # of interrupt status 1
SPO2_MODE = 3
COUNTS = 1 << 18
CONVERSION = 0.03                   # s for a temperature, more on some parts
TRIES = 8                           # waits of a third of that


class MAX30102(Chip):
    """Counts (n, 2): red, infrared; 0..262143, more is more light (so a pulse points down)."""
    name = "MAX30102"
    role = "ppg"
    addresses = (0x57,)
    channels = 2
    rate = 50.0

    status = Bits(0x00)
    interrupts = Bits(0x02)
    write_pointer = Bits(0x04)
    overflow = Bits(0x05)
    read_pointer = Bits(0x06)
    fifo_config = Bits(0x08)
    shutdown = Bits(0x09, shift=7, width=1)
    reset = Bits(0x09, shift=6, width=1)
    mode = Bits(0x09, width=3)
    spo2_config = Bits(0x0A)
    red_current = Bits(0x0C)
    infrared_current = Bits(0x0D)
    temperature_ready = Bits(0x01, shift=1, width=1)
    temperature_enable = Bits(0x21, width=1)
    revision = Bits(0xFE)
    part = Bits(0xFF)

    def __init__(self, bus: Bus, address: int | None = None, current: float = 7.2):
        """`current` mA through each LED, 0..51."""
        super().__init__(bus, address)
        self.current = round(current / 0.2)
        self.refusals = Refusals()

    def identify(self) -> str:
        part, revision = self.part, self.revision
        if part != PART_ID:
            raise self.wrong(f"a chip with part id 0x{part:02x}")
        return f"MAX30102 or MAX30101, part 0x{part:02x}, revision {revision}"

    def configure(self) -> None:
        self.reset = 1
        self.until(lambda: not self.reset, "doesn't come out of its reset")
        # the pin isn't used, but the flag tells 32 readings from none (see level)
        self.interrupts = FULL
        # Averages of 4; when full, new readings are refused: were the old ones overwritten instead,
        # the pointers would no longer say where the oldest is.
        self.fifo_config = 2 << 5
        self.spo2_config = 1 << 5 | 2 << 2 | 3      # 4096 nA full scale, 200/s, 411 µs = 18 bit
        self.write(0x0C, self.current, self.current)
        self.write(0x04, 0, 0, 0)
        self.refusals = Refusals()
        self.read(0x00)                             # clears POWER_READY
        self.mode = SPO2_MODE

    def intact(self) -> bool:
        return (self.interrupts == FULL and self.fifo_config == 2 << 5 and self.mode == SPO2_MODE
                and self.spo2_config == (1 << 5 | 2 << 2 | 3))

    def level(self) -> Level:
        """One read of status, settings, pointers and overflow count; see refusals.py."""
        status, _, interrupts, _, write, overflow, read = self.read(0x00, 7)
        self.refusals, level = self.refusals.look(
            write=write, read=read, overflow=overflow, flagged=bool(status & FULL))
        return level._replace(restarted=interrupts != FULL or bool(status & POWER_READY))

    def pop(self, count: int) -> np.ndarray:
        if count == 0:
            return np.zeros((0, 2), np.int32)
        # Three bytes each; taken with the byte after them, as 32 bit.
        raw = self.read(0x07, 6 * count) + b"\0"
        words: np.ndarray = np.ndarray((count, 2), ">i4", raw, strides=(6, 3))
        self.refusals = self.refusals.popped(count)
        return words >> 8 & (COUNTS - 1)

    def temperature(self, sleep: Callable[[float], None]) -> float:
        # The flag is asked and not TEMP_EN, which clears at once on some parts.
        self.read(0x01)                             # clears a flag from before
        self.temperature_enable = 1
        sleep(CONVERSION)
        for _ in range(TRIES):
            if self.temperature_ready:
                whole, sixteenths = self.read(0x1F, 2)
                return (whole ^ 0x80) - 0x80 + (sixteenths & 15) / 16
            sleep(CONVERSION / 3)
        raise SensorError(
            f"{self}: doesn't measure its temperature; take its power off for a moment")
