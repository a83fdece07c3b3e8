"""Real drivers over simulated registers, for the tests of this folder."""

import numpy as np

from device.clock import VirtualClock
from device.hardware.bus import Bus
from device.hardware.sensors import Sensors
from device.sim.bus import SimBus


class Still:
    """The same physical values for ever: counts, or m/s²."""

    def __init__(self, *channels: float):
        self.channels = channels

    def values(self, times: np.ndarray) -> np.ndarray:
        return np.tile(np.array(self.channels, float), (len(times), 1))


class Ramp:
    """Every channel says when it was read: `per_second` steps a second, the channels `apart`.
    Nothing hides: neither an average nor a low-pass may round its wraps."""
    smooth = True

    def __init__(
        self,
        channels: int,
        per_second: float,
        apart: float,
        start: float = 0.0,
        modulus: float = np.inf,
    ):
        self.channels, self.per_second, self.apart = channels, per_second, apart
        self.start, self.modulus = start, modulus

    def values(self, times: np.ndarray) -> np.ndarray:
        base = np.mod(self.start + times * self.per_second, self.modulus)
        return base[:, None] + np.arange(self.channels) * self.apart


def bench(part, driver, source, **options):
    """Driver, simulated chip and clock, set up and running."""
    clock = VirtualClock()
    chip = part(clock, source, **options)
    bus = Bus(SimBus([chip], clock))
    device = driver(bus)
    device.configure()
    return device, chip, clock


def device(parts, clock=None, faults=None, config=None):
    """Sensors found on a bus of simulated chips; `parts` are functions of the clock."""
    clock = clock or VirtualClock()
    chips = [part(clock) for part in parts]
    bus = SimBus(chips, clock, faults)
    return Sensors.find(Bus(bus), clock, config), chips, clock
