"""The textures: one row each. The spectrum of its noise, how it moves, and how loud it is offered.

Every room finds what it needs in the row: the sound makes its noise from it, the wire lets it
through, the recommender's vetted set gets its levels. Numbers only, so that the night's process
can read them without the sound's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from zlib import crc32

Swept = tuple[float, float]     # a frequency at the darkest, Hz, and its factor at the brightest


@dataclass(frozen=True, slots=True)
class Layer:
    """A spectrum: a band, or a slope above 30 Hz, behind a low-pass if there is one."""
    band: Swept | None = None       # its centre
    width: float = 0.0              # octaves of the band
    tilt: float = 0.0               # without a band: amplitude ∝ f^−tilt; 0.5 is pink, 1 is brown
    brighter: float = 0.0           # what is added to the tilt at the brightest
    cutoff: Swept | None = None     # of the low-pass
    order: float = 0.0              # of the low-pass
    gain: float = 1.0


@dataclass(frozen=True, slots=True)
class Drops:
    """Drops, bubbles or crackles: little damped tones strewn over it."""
    rate: float                     # /s
    pitches: tuple[float, float]    # Hz
    decays: tuple[float, float]     # s
    chirp: float                    # how far the pitch rises
    level: float                    # of the tallest at its peak, re the texture's RMS


@dataclass(frozen=True, slots=True)
class Texture:
    noise: tuple[Layer, ...]
    motion: str = "steady"          # one of sound/textures.py's MOTIONS
    drops: Drops | None = None
    alone: float = 0.0              # 0..1: its level alone in the vetted set; 0 is not in it
    beside: float = 0.0             # 0..1: its level beside music there; 0 is not in it
    number: int | None = None       # seeds its noise; None: a checksum of its name


# The first seven keep the numbers that their noise was always made with.
ROWS: Mapping[str, Texture] = MappingProxyType({
    "rain": Texture(        # many drops far away: a broad hump, on a roof rather than on leaves
        (Layer(band=(330.0, 2.6), width=1.0, cutoff=(800.0, 5.0), order=1.5),), "showers",
        Drops(40.0, (380.0, 1700.0), (0.006, 0.03), 0.0, 2.2), alone=0.6, beside=0.4, number=4),
    "ocean": Texture(       # deep when it is far, hissing when it breaks
        (Layer(tilt=0.9, brighter=-0.4, cutoff=(240.0, 8.0), order=1.8),), "waves",
        alone=0.6, beside=0.4, number=2),
    "wind": Texture(        # a band that wanders, over a softer breath
        (Layer(band=(210.0, 4.5), width=0.42),
         Layer(tilt=0.8, cutoff=(400.0, 1.0), order=1.8, gain=5.0)), "gusts",
        alone=0.5, beside=0.35, number=6),
    "stream": Texture(
        (Layer(band=(380.0, 2.2), width=0.8, cutoff=(1100.0, 2.5), order=1.5),), "babble",
        Drops(45.0, (320.0, 1400.0), (0.012, 0.045), 0.5, 1.8), alone=0.5, number=5),
    "fire": Texture(
        (Layer(tilt=1.0, cutoff=(320.0, 3.0), order=1.5),), "flames",
        Drops(10.0, (500.0, 2600.0), (0.002, 0.012), 0.0, 5.0), alone=0.5, beside=0.35, number=1),
    "pink": Texture(
        (Layer(tilt=0.5, cutoff=(420.0, 7.0), order=1.8),), alone=0.5, beside=0.3, number=3),
    "brown": Texture(
        (Layer(tilt=1.0, cutoff=(260.0, 7.0), order=1.5),), alone=0.5, number=0),
})
TEXTURES = tuple(ROWS)


def key(name: str) -> int:
    """What a texture's noise is seeded with, whatever other textures there are."""
    number = ROWS[name].number
    return crc32(name.encode()) if number is None else number
