"""The textures: one row each. The spectrum of its bed of noise, what is strewn over it, how it
moves, how it recedes, and how loud it is offered.

Every room finds what it needs in the row: the sound makes its noise from it, the wire lets it
through, the recommender's vetted set gets its levels. Numbers only, so that the night's process
can read them without the sound's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from zlib import crc32

Swept = tuple[float, float]     # a frequency at the darkest, Hz, and its factor at the brightest
Range = tuple[float, float]     # from, to


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
    """Little damped tones, of whatever makes them."""
    rate: float                     # /s
    pitches: Range                  # Hz
    decays: Range                   # s
    chirp: float                    # how far the pitch rises while it decays
    level: float                    # A-weighted power of all of them re the bed's
    reach: float = 2.5              # the farthest one's distance re the nearest's


@dataclass(frozen=True, slots=True)
class Impacts:
    """Drops that fall on something: a tap as short as the drop, its spray, and what it makes ring.
    """
    rate: float                     # /s
    level: float
    size: float                     # mm: mean diameter
    soft: float                     # how much longer than on stone the drop takes to flatten
    spray: float = 0.5              # of the tap's energy, in the hiss of its spray
    rung: float = 0.0               # of the whole energy, in the ring
    modes: Range = (1.0, 1.0)       # Hz: of what is hit
    ring: Range = (1.0, 1.0)        # s: the modes' decays
    reach: float = 2.5


@dataclass(frozen=True, slots=True)
class Bubbles:
    """Bubbles that ring as they close and rise."""
    rate: float                     # /s
    level: float
    radii: Range                    # mm: uniform on a logarithmic scale
    reach: float = 4.0


@dataclass(frozen=True, slots=True)
class Crackles:
    """Snaps of noise that come in bunches."""
    rate: float                     # /s, all of them
    level: float
    bunch: float                    # to a bunch, on average
    pitches: Range                  # Hz: where a snap is loudest
    decays: Range                   # s
    reach: float = 2.5


Events = Drops | Impacts | Bubbles | Crackles


@dataclass(frozen=True, slots=True)
class Surface:
    """What rain falls on."""
    noise: tuple[Layer, ...]
    drops: Events


@dataclass(frozen=True, slots=True)
class Texture:
    noise: tuple[Layer, ...]
    motion: str = "steady"          # one of sound/textures.py's MOTIONS
    drops: Events | None = None     # strewn over it
    far: float | None = None        # Hz: its low-pass at a distance of 1; None: it stays
    alone: float = 0.0              # 0..1: its level alone in the vetted set; 0 is not in it
    beside: float = 0.0             # 0..1: its level beside music there; 0 is not in it
    number: int | None = None       # seeds its noise; None: a checksum of its name
    surfaces: Mapping[str, Surface] = field(default_factory=lambda: MappingProxyType({}))

    def on(self, surface: str) -> "Texture":
        """Itself on `surface`, where it knows it."""
        if surface not in self.surfaces:
            return self
        chosen = self.surfaces[surface]
        return replace(self, noise=chosen.noise, drops=chosen.drops)


LEAVES = Surface(       # a broad hiss; leaves give way and hardly ring
    (Layer(band=(700.0, 1.6), width=1.7, cutoff=(1800.0, 1.6), order=1.0),),
    Impacts(150.0, 0.43, size=2.0, soft=4.0))
ROOF = Surface(         # sheet metal and tiles: many modes, soon damped
    (Layer(band=(700.0, 1.6), width=1.6, cutoff=(2000.0, 1.6), order=1.0),),
    Impacts(120.0, 0.43, size=2.2, soft=3.0, rung=0.5, modes=(450.0, 3600.0), ring=(0.005, 0.025)))
TENT = Surface(         # a taut membrane: low, dull and close
    (Layer(band=(500.0, 1.6), width=1.6, cutoff=(1800.0, 1.6), order=1.0),),
    Impacts(110.0, 0.5, size=2.4, soft=4.0, spray=0.3, rung=0.5, modes=(220.0, 1100.0),
            ring=(0.004, 0.012)))
WINDOW = Surface(       # ticks on glass; the rain itself is outside
    (Layer(band=(500.0, 1.6), width=1.6, cutoff=(1600.0, 1.6), order=1.0),),
    Impacts(90.0, 0.28, size=1.8, soft=2.5, spray=0.3, rung=0.5, modes=(1400.0, 4500.0),
            ring=(0.003, 0.01)))

# The first seven keep the numbers that their noise was always made with.
ROWS: Mapping[str, Texture] = MappingProxyType({
    "rain": Texture(
        LEAVES.noise, "showers", LEAVES.drops, far=900.0, alone=0.6, beside=0.4, number=4,
        surfaces=MappingProxyType(
            {"leaves": LEAVES, "roof": ROOF, "tent": TENT, "window": WINDOW})),
    "ocean": Texture(       # deep as it draws back, hissing when it breaks
        (Layer(tilt=0.65, brighter=-0.2, cutoff=(3000.0, 2.0), order=1.0),), "waves",
        far=700.0, alone=0.6, beside=0.4, number=2),
    "wind": Texture(        # a breath with a weak whistle in it, which follows the gusts
        (Layer(tilt=1.0, brighter=-0.2, cutoff=(500.0, 2.5), order=1.2),
         Layer(band=(420.0, 3.0), width=0.12, gain=0.0008),
         Layer(band=(640.0, 3.2), width=0.07, gain=0.0005)), "gusts",
        far=500.0, alone=0.5, beside=0.35, number=6),
    "stream": Texture(
        (Layer(band=(900.0, 1.5), width=2.1, cutoff=(3000.0, 1.5), order=0.9),), "babble",
        Bubbles(85.0, 0.33, (0.28, 3.4)), far=800.0, alone=0.5, number=5),
    "fire": Texture(
        (Layer(tilt=1.0, cutoff=(320.0, 3.0), order=1.5),
         Layer(band=(2000.0, 1.4), width=1.5, cutoff=(5000.0, 1.5), order=1.0, gain=0.0016)),
        "flames", Crackles(16.0, 0.27, 1.6, (900.0, 6000.0), (0.0005, 0.003), reach=2.0),
        far=700.0, alone=0.5, beside=0.35, number=1),
    "pink": Texture(
        (Layer(tilt=0.5, cutoff=(420.0, 7.0), order=1.8),), alone=0.5, beside=0.3, number=3),
    "brown": Texture(
        (Layer(tilt=1.0, cutoff=(260.0, 7.0), order=1.5),), alone=0.5, number=0),
})
TEXTURES = tuple(ROWS)
SURFACES = tuple(ROWS["rain"].surfaces)


def key(name: str) -> int:
    """What a texture's noise is seeded with, whatever other textures there are."""
    number = ROWS[name].number
    return crc32(name.encode()) if number is None else number
