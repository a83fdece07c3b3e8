"""MAX30102, register by register (Maxim 19-7740). Differs from the real part where the data sheet
is silent: with roll-over on, the read pointer moves on with the overwritten readings; a broken-off
read starts its reading again (the sheet says of the pointer both "after the first byte" and "when a
complete sample is popped"), while one that ended inside a reading goes on there, as published
drivers that read in blocks of 32 bytes rely on."""

import numpy as np

from device.sim.chips import SimChip, Source

DEPTH = 32
RATES = (50, 100, 200, 400, 800, 1000, 1600, 3200)
# Pulse width code → the highest rate code the chip accepts (data sheet tables 11 and 12); above it
# clamps.
FASTEST_SPO2 = (6, 5, 4, 3)
FASTEST_HR = (7, 6, 6, 5)
USUAL_CURRENT = 0x24            # of the LEDs, at which a source's counts are what they say
CONVERSION = 0.029              # s for one temperature
READABLE = {*range(0x00, 0x07), 0x08, 0x09, 0x0A, 0x0C, 0x0D, 0x11, 0x12, 0x1F, 0x20, 0x21,
            0xFE, 0xFF}
WRITABLE = {0x02: 0xE0, 0x03: 0x02, 0x04: 0x1F, 0x05: 0x1F, 0x06: 0x1F, 0x08: 0xFF, 0x09: 0xC7,
            0x0A: 0x7F, 0x0C: 0xFF, 0x0D: 0xFF, 0x11: 0x77, 0x12: 0x77, 0x21: 0x01}
A_FULL, PPG_RDY, PWR_RDY, DIE_TEMP_RDY = 0x80, 0x40, 0x01, 0x02


class MAX30102(SimChip):
    address = 0x57
    fifo_register = 0x07
    width = 6
    celsius = 31.0              # of the die
    conversion = CONVERSION
    hasty = False               # TEMP_EN clears at once, as on some parts
    noise = 12.0                # counts RMS at 18 bit: what stays after averaging four conversions

    def power_on(self) -> None:
        self.registers[0x00] = PWR_RDY
        self.registers[0xFE] = 0x03
        self.registers[0xFF] = 0x15
        self.overflow = self.write_pointer = self.read_pointer = 0
        self.begun = 0              # bytes of the oldest reading that have been read
        self.warm_at: float | None = None   # s: when the temperature asked for will be there

    # ---- what it is set to

    @property
    def slots(self) -> tuple[int, ...]:
        """Which LED each part of a reading is of: 1 red, 2 infrared."""
        mode = self.registers[0x09] & 7
        if mode == 7:
            order = (self.registers[0x11] & 7, self.registers[0x11] >> 4 & 7,
                     self.registers[0x12] & 7, self.registers[0x12] >> 4 & 7)
            return tuple(slot for slot in order if slot)
        return {2: (1,), 3: (1, 2)}.get(mode, ())

    def settle(self, now: float) -> None:
        """Settings changed: convert anew, as fast as the pulse width allows."""
        self.stop(now)
        mode = self.registers[0x09]
        slots = self.slots
        if self.width != 3 * len(slots) and slots:
            self.wipe()                 # readings of another shape can't be told apart
            self.width = 3 * len(slots)
        if slots and not mode & 0x80:
            self.start(
                now, RATES[self.registers[0x0A] >> 2 & 7] / (1 << min(self.registers[0x08] >> 5, 5))
            )

    def clamp(self) -> None:
        pulse, rate = self.registers[0x0A] & 3, self.registers[0x0A] >> 2 & 7
        fastest = (FASTEST_HR if self.registers[0x09] & 7 == 2 else FASTEST_SPO2)[pulse]
        self.registers[0x0A] = self.registers[0x0A] & 0x63 | min(rate, fastest) << 2

    # ---- the FIFO

    def measure(self, source: Source, times: np.ndarray, rate: float) -> np.ndarray:
        """The mean of the conversions that SMP_AVE asks for, spread evenly about each time."""
        count = 1 << min(self.registers[0x08] >> 5, 5)
        apart = (np.arange(count) - (count - 1) / 2) / (rate * count)
        return np.mean([source.values(times + late) for late in apart], axis=0)

    def encode(self, physical: np.ndarray) -> np.ndarray:
        counts = physical[:, [min(slot - 1, physical.shape[1] - 1) for slot in self.slots]].astype(
            float
        )
        if not hasattr(self.source, "readings"):
            currents = np.array([self.registers[0x0B + slot] for slot in self.slots])
            counts = (
                counts * currents / USUAL_CURRENT * 2.0 ** (1 - (self.registers[0x0A] >> 5 & 3))
            )
            if self.rng is not None:
                counts += self.noise * self.rng.standard_normal(counts.shape)
        dropped = 3 - (self.registers[0x0A] & 3)                    # 15..18 bit, left-justified
        whole = np.clip(np.rint(counts), 0, (1 << 18) - 1).astype(np.int64) >> dropped << dropped
        return (
            (whole[:, :, None] >> np.array([16, 8, 0]) & 0xFF)
            .astype(np.uint8)
            .reshape(len(whole), -1)
        )

    def arrive(self, a: int, b: int) -> None:
        before = self.waiting
        if self.registers[0x08] & 0x10:  # roll over: the oldest are overwritten
            excess = before + (b - a) - DEPTH
            self.fifo += self.running.words(max(a, b - DEPTH), b)
            if excess > 0:
                self.begun = 0
                del self.fifo[:len(self.fifo) - DEPTH * self.width]
                self.read_pointer += excess
            self.write_pointer += b - a
        else:                                                       # full: the newest are refused
            kept = min(b - a, DEPTH - before)
            excess = b - a - kept
            self.fifo += self.running.words(a, a + kept)
            self.write_pointer += kept
        self.overflow = min(self.overflow + max(excess, 0), 0x1F)
        self.registers[0x00] |= PPG_RDY
        if before < DEPTH - (self.registers[0x08] & 15) <= self.waiting:
            self.registers[0x00] |= A_FULL

    def pop(self, count: int, broken: bool) -> bytes:
        begun = self.begun if self.fifo else 0
        ahead = bytes(self.fifo[begun:begun + count])
        out = ahead + bytes(count - len(ahead))     # an empty FIFO answers with zeros
        whole, rest = divmod(begun + len(ahead), self.width)
        self.begun = 0 if broken else rest
        del self.fifo[:whole * self.width]
        if whole:
            self.read_pointer += whole
            self.overflow = 0
            self.registers[0x00] &= ~(A_FULL | PPG_RDY)
            self.delivered += 0 if broken else whole
        return out

    def wipe(self) -> None:
        self.fifo.clear()
        self.begun = 0

    # ---- registers

    def peek(self, register: int, now: float) -> int:
        if register == 0x00:
            value, self.registers[0x00] = self.registers[0x00], 0
            return value
        if register == 0x04:
            return self.write_pointer & 31
        if register == 0x05:
            return self.overflow
        if register == 0x06:
            return self.read_pointer & 31
        self.measure_temperature(now)
        if register == 0x01:
            value, self.registers[0x01] = self.registers[0x01], 0
            return value
        if register == 0x20:
            self.registers[0x01] = 0
        return self.registers[register] if register in READABLE else 0

    def measure_temperature(self, now: float) -> None:
        if self.warm_at is not None and now >= self.warm_at:
            sixteenths = round(self.celsius * 16)
            self.registers[0x1F], self.registers[0x20] = sixteenths >> 4 & 0xFF, sixteenths & 15
            self.registers[0x21] = 0
            self.registers[0x01] |= DIE_TEMP_RDY
            self.warm_at = None

    def poke(self, register: int, value: int, now: float) -> None:
        if register not in WRITABLE:
            return
        value &= WRITABLE[register]
        if register == 0x09 and value & 0x40:
            self.reset(now)  # the bit clears itself, the part is as after power-on
            self.registers[0x00] = 0                # but the supply never failed
            return
        if register == 0x04:
            self.write_pointer = value
        elif register == 0x05:
            self.overflow = value
        elif register == 0x06:
            self.read_pointer = value
        else:
            self.registers[register] = value
        if register in (0x04, 0x06) and (self.write_pointer - self.read_pointer) & 31 == 0:
            self.wipe()
        if register == 0x21 and value:
            self.warm_at = now + self.conversion
            self.registers[0x21] = 0 if self.hasty else 1
        if register in (0x08, 0x09, 0x0A, 0x11, 0x12, 0x0C, 0x0D):
            self.clamp()
            self.settle(now)
