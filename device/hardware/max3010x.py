"""MAX30102 (and the register-compatible MAX30101): red and infrared photoplethysmogram through a
finger.

Registers: Maxim MAX30102 data sheet, 19-7740. 200 readings/s averaged by 4 give 50 Hz: the FIFO's
32 readings last 0.64 s, more than two ticks of 0.25 s (100 Hz would leave 70 ms), and 411 µs pulses
at 200/s keep the finger cool.
"""

import numpy as np

from device.hardware.registers import Bits, Chip, Level

PART_ID = 0x15
FULL, POWER_READY = 0x80, 0x01      # of interrupt status 1
SATURATED = 0x1F                    # the overflow counter stops here
SPO2_MODE = 3
COUNTS = 1 << 18
MOST = 31                           # readings popped at once
CONVERSION = 0.03                   # s for a temperature


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

    def __init__(self, bus, address=None, current: float = 7.2):
        """`current` mA through each LED, 0..51."""
        super().__init__(bus, address)
        self.current = round(current / 0.2)
        self.forget()

    def forget(self) -> None:
        """The FIFO is empty."""
        self.next_read = 0          # where the read pointer should be
        self.full = False           # 32 readings wait, though the pointers are equal
        # readings before refused ones, and how many those are
        self.gaps: list[tuple[int, int | None]] = []

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
        self.forget()
        self.read(0x00)                             # clears POWER_READY
        self.mode = SPO2_MODE

    def intact(self) -> bool:
        return (self.interrupts == FULL and self.fifo_config == 2 << 5 and self.mode == SPO2_MODE
                and self.spo2_config == (1 << 5 | 2 << 2 | 3))

    def level(self) -> Level:
        """Equal pointers mean 0 or 32 readings: the full flag (cleared by reading) or the overflow
        count tells. The read pointer tells what a broken transfer has eaten; it could not tell 32
        from none, so 31 are popped at most.
        """
        status, _, interrupts, _, write, dropped, read = self.read(0x00, 7)
        restarted = interrupts != FULL or bool(status & POWER_READY)
        waiting, broken = (write - read) & 31, (read - self.next_read) & 31
        self.next_read = read
        self.full = waiting == 0 and (
            self.full and not broken or bool(status & FULL) or dropped > 0
        )
        if self.full:
            waiting = self.depth
        self.gaps = [(max(before - broken, 0), refused) for before, refused in self.gaps]
        if dropped:
            if self.gaps and self.gaps[-1][0] == self.depth:
                self.gaps.pop()                     # still the same
            self.gaps.append((self.depth, dropped if dropped < SATURATED else None))
        # Refused readings at the front: those before them went into a broken transfer.
        first = self.gaps.pop(0)[1] if self.gaps and self.gaps[0][0] == 0 else 0
        run = self.gaps[0][0] if self.gaps else waiting
        ready = min(run, MOST)
        if first == 0 and self.gaps and ready == run:
            (_, dropped), *others = self.gaps
            kept = False
        else:
            dropped, others, kept = first, self.gaps, True
        later = waiting - ready + sum(refused or 0 for _, refused in others)
        return Level(
            ready,
            dropped,
            newest_kept=kept,
            restarted=restarted,
            later=later,
            broken=broken,
            complete=all(refused is not None for _, refused in others),
        )

    def pop(self, count: int) -> np.ndarray:
        if count == 0:
            return np.zeros((0, 2), np.int32)
        # Three bytes each; taken with the byte after them, as 32 bit.
        words = np.ndarray((count, 2), ">i4", self.read(0x07, 6 * count) + b"\0", strides=(6, 3))
        self.next_read = (self.next_read + count) & 31
        self.full = False
        self.gaps = [(before - count, refused) for before, refused in self.gaps if before > count]
        return words >> 8 & (COUNTS - 1)

    def temperature(self, sleep) -> float:
        self.temperature_enable = 1
        sleep(CONVERSION)
        self.until(lambda: not self.temperature_enable, "doesn't measure its temperature")
        whole, sixteenths = self.read(0x1F, 2)
        return (whole ^ 0x80) - 0x80 + (sixteenths & 15) / 16
