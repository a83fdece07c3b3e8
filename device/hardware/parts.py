"""The chips that the device knows: one row each, with what it can do. The better one of a role
stands first."""

from dataclasses import dataclass

from device.hardware.adxl355 import ADXL355
from device.hardware.lis3dh import LIS3DH
from device.hardware.max3010x import MAX30102
from device.hardware.registers import Chip

GRAVITY = 9.80665       # m/s²
ROLES = ("ppg", "motion")


@dataclass(frozen=True, slots=True)
class Part:
    driver: type[Chip]              # name, role and addresses are the driver's
    also: tuple[str, ...] = ()      # names of others with the same registers
    density: float = 0.0            # m/s²/√Hz: an accelerometer's noise, by its data sheet
    rounding: float = 0.0           # m/s² RMS that its steps add to that
    # It lies under the mattress, hears the heart there and can tell whether somebody is in the bed.
    mattress: bool = False

    @property
    def name(self) -> str:
        return self.driver.name

    @property
    def role(self) -> str:
        return self.driver.role


PARTS = (
    Part(MAX30102, also=("MAX30101",)),
    Part(ADXL355, also=("ADXL357",), density=22.5e-6 * GRAVITY, mattress=True),
    Part(LIS3DH, density=220e-6 * GRAVITY, rounding=0.004),
)


def named(name: str) -> Part | None:
    """The part of that name, or one with the same registers; in any case."""
    for part in PARTS:
        if name.upper() in (part.name, *part.also):
            return part
    return None


def of_role(role: str) -> tuple[Part, ...]:
    return tuple(part for part in PARTS if part.role == role)
