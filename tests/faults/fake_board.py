"""Buses and pins that aren't there yet, or are somebody else's."""

import errno
import time
import warnings

import numpy as np

LATE = 1.0      # s
NOISE = -1
ADDRESSES = {"motion": (0x18, 0x19, 0x1D, 0x53), "ppg": (0x57,)}     # data sheets
BEGAN = time.monotonic()


def late() -> bool:
    return time.monotonic() - BEGAN < LATE


def simulated():
    from device.clock import SystemClock
    from device.sim.bus import SimBus
    from device.sim.chips_lis3dh import LIS3DH
    from device.sim.chips_max30102 import MAX30102
    clock = SystemClock()
    chips = [MAX30102(clock, Still(90_000, 120_000)), LIS3DH(clock, Still(0, 0, 9.8))]
    return SimBus(chips, clock)


class Still:
    """The same physical values for ever: counts, or m/s²."""

    def __init__(self, *channels: float):
        self.channels = channels

    def values(self, times):
        return np.tile(np.array(self.channels, float), (len(times), 1))


class Answering:
    """`refuse()` answers an errno while it refuses, or NOISE: all ones, as on a torn wire.
    `addresses`: where alone, if there are any."""

    def __init__(self, bus, refuse, addresses=()):
        self.bus, self.refuse, self.addresses = bus, refuse, addresses

    def i2c_rdwr(self, *messages):
        meant = not self.addresses or messages[0].addr in self.addresses
        number = self.refuse() if meant else 0
        if number == NOISE:
            for message in messages[1:]:
                for place in range(message.len):
                    message.buf[place] = b"\xff"
            return
        if number:
            raise OSError(number, "no")
        self.bus.i2c_rdwr(*messages)

    def close(self):
        pass


def install(how: str) -> None:
    import smbus2
    refusals = {
        "no bus": lambda: errno.ENOENT, "a late bus": lambda: errno.ENOENT if late() else 0,
        "nobody may": lambda: errno.EACCES, "a busy bus": lambda: errno.EBUSY,
    }
    silent = {
        "no chip": lambda: errno.EREMOTEIO, "late chips": lambda: errno.EREMOTEIO if late() else 0,
        "busy": lambda: errno.EBUSY, "stuck": lambda: errno.ETIMEDOUT,
    }

    one = {"missing": lambda: errno.EREMOTEIO, "late": lambda: errno.EREMOTEIO if late() else 0,
           "busy": lambda: errno.EBUSY, "crashing": lambda: NOISE}
    way, _, role = how.partition(" ")

    def opened(number):
        if trouble := refusals.get(how, lambda: 0)():
            raise OSError(trouble, "no")
        if role in ADDRESSES:
            return Answering(simulated(), one[way], ADDRESSES[role])
        return Answering(simulated(), silent.get(how, lambda: 0))
    smbus2.SMBus = opened


def pins(how: str) -> None:
    """lgpio's own exception at first, or always; or there are none."""
    import gpiozero
    from gpiozero.pins.mock import MockFactory, MockPWMPin

    class Busy(Exception):
        pass

    class Factory(MockFactory):
        def pin(self, name):
            if how in ("busy", "none") or late():
                raise Busy("'GPIO busy'")
            return super().pin(name)

    warnings.simplefilter("ignore")
    gpiozero.Device.pin_factory = Factory(pin_class=MockPWMPin)
