"""What several pieces agree on: the taste, and in words what was heard and how sure it is.

Medians, weighted by how sure each measure is, so that one odd file moves little.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from types import MappingProxyType

import numpy as np

from device.taste.listening import Measured
from device.values import STYLES, Taste

# What is sought at night is calmer than what is listened to by day: a piece's onsets/s are carried
# into the vetted set's, low to low and high to high.
BY_DAY, BY_NIGHT = (0.5, 4.0), (0.2, 0.45)      # onsets/s
PULSES, REGISTERS = (40.0, 80.0), (45.0, 67.0)  # /min, MIDI: as values.Recipe bounds them
DARK, OCTAVES = 200.0, 4.0  # Hz of a brightness of 0, and how many octaves higher 1 is
# What differs so far is another taste: octaves of the pulse, onsets/s, semitones, of brightness
APART = (0.4, 0.12, 6.0, 0.25)
STYLE = {"struck": "piano", "plucked": "lute", "sustained": "chorale", "voice": "chorale"}
HALF = 0.5                  # confidence from which on a pulse or a mode is known
NAMED = 0.6                 # and a family of instruments: of so many two thirds are right
STYLED = 0.4                # share of the music that must have a style
SURE = ((0.6, "fairly sure"), (0.35, "not very sure"), (0.0, "hardly sure"))
SLOW, FAST = 60.0, 90.0     # /min: what people call slow and quick
DULL, BRIGHT = 500.0, 1200.0        # Hz of centroid: what they call dark and bright
# What is no music, and what lies under music, in words that hold for all that is taken for it.
ALONE = {"rain": "rain", "ocean": "sea", "pink": "steady noise", "brown": "deep steady noise",
         "noise": "noise that comes and goes", "speech": "speech, or sounds of no scale"}
UNDER = {"rain": "rain or crackling", "ocean": "sea or swelling noise"}
HISS = "hiss or another steady noise"
Nearest = Callable[[Sequence[float]], str]      # a point of the composer's → a style's name


def taste(pieces: Sequence[Measured], sleeper: str, made: float,
          nearest: Nearest = lambda point: "") -> Taste:
    """`made`: s since 1970."""
    pieces = [piece for piece in pieces if piece.music or piece.texture]
    music = [piece for piece in pieces if piece.music]
    textures = Counter(piece.texture for piece in pieces if piece.texture)
    shares = {name: round(count / len(pieces), 4) for name, count in textures.items()}
    if not pieces:
        return Taste(sleeper=sleeper, made=made)
    pulses = [(fold(piece.tempo.bpm), piece.tempo.confidence) for piece in music if pulsed(piece)]
    densities = [(by_night(piece.density), 1.0) for piece in music]
    registers = [(min(max(piece.register, REGISTERS[0]), REGISTERS[1]), 1.0) for piece in music]
    lights = [(light(piece.centroid), 1.0) for piece in music if math.isfinite(piece.centroid)]
    columns = [[(math.log2(pulse), sure) for pulse, sure in pulses], densities, registers, lights]
    minors = [(float(piece.key.minor), piece.key.confidence) for piece in music if keyed(piece)]
    return Taste(
        sleeper=sleeper, made=made, heard=len(pieces), sure=sureness(len(pieces), columns),
        music=len(music) / len(pieces), pulse=median(pulses), density=median(densities),
        register=median(registers), brightness=median(lights), minor=mean(minors),
        style=style(music, nearest), textures=MappingProxyType(shares),
    )


def pulsed(piece: Measured) -> bool:
    """Whether it has a pulse, of whichever octave."""
    return piece.tempo.confidence + piece.tempo.other_chance >= HALF


def keyed(piece: Measured) -> bool:
    return piece.key.confidence >= HALF


def fold(bpm: float) -> float:
    """By octaves into what is played here."""
    while bpm > PULSES[1]:
        bpm /= 2
    while bpm < PULSES[0]:
        bpm *= 2
    return bpm


def by_night(density: float) -> float:
    low, high = (math.log2(each) for each in BY_DAY)
    share = (math.log2(max(density, 1e-3)) - low) / (high - low)
    return BY_NIGHT[0] + (BY_NIGHT[1] - BY_NIGHT[0]) * min(max(share, 0.0), 1.0)


def light(centroid: float) -> float:
    """0..1"""
    return min(max(math.log2(max(centroid, 1.0) / DARK) / OCTAVES, 0.0), 1.0)


def median(rows: Sequence[tuple[float, float]]) -> float | None:
    """Weighted: rows of (value, weight)."""
    if not rows:
        return None
    values, weights = np.array(sorted(rows)).T
    weights = weights + 1e-6
    places = (weights.cumsum() - weights / 2) / weights.sum()
    return round(float(np.interp(0.5, places, values)), 4)


def mean(rows: Sequence[tuple[float, float]]) -> float | None:
    total = sum(weight for _, weight in rows)
    return round(sum(value * weight for value, weight in rows) / total, 4) if total else None


def sureness(heard: int, columns: Sequence[Sequence[tuple[float, float]]]) -> float:
    """0..1: more of them, that agree, that were heard well."""
    agree = []
    for rows, apart in zip(columns, APART, strict=True):
        middle = median(rows)
        if middle is not None:
            off = float(np.median([abs(value - middle) for value, _ in rows]))
            agree.append(math.exp(-(off / apart) ** 2))
    close = float(np.mean(agree)) if agree else 0.7     # rain alone agrees with itself
    return round(heard / (heard + 2.0) * close, 4)


def style(music: Sequence[Measured], nearest: Nearest) -> str:
    named = Counter(nearest(piece.point) if piece.point else named_style(piece)
                    for piece in music)
    named.pop("", None)
    if not named:
        return ""
    name, count = named.most_common(1)[0]
    return name if count >= STYLED * len(music) and name in STYLES else ""


def named_style(piece: Measured) -> str:
    return STYLE.get(piece.family, "") if piece.family_confidence >= NAMED else ""


# ---- words ---------------------------------------------------------------------------------------

def words(pieces: Sequence[Measured], known: Taste) -> str:
    """What was heard, and how sure it is."""
    music = [piece for piece in pieces if piece.music]
    told = [described(music)] if music else []
    for name, word in ALONE.items():
        alone = sum(kind(piece) == name for piece in pieces)
        told += [f"{alone} of {len(pieces)} {are(alone)} {word}"] if alone else []
    for name, word in UNDER.items():
        under = sum(piece.texture == name for piece in music)
        told += [f"{word} under {under} of {len(pieces)}"] if under else []
    hiss = sum(piece.hiss for piece in pieces)
    told += [f"{HISS} under {hiss} of {len(pieces)}"] if hiss else []
    sure = next(word for least, word in SURE if known.sure >= least)
    return f"{'; '.join(told)} ({sure})" if told else "nothing"


def kind(piece: Measured) -> str:
    """Of ALONE, or "" for music."""
    return "" if piece.music else piece.texture or piece.family


def are(count: int) -> str:
    return "is" if count == 1 else "are"


def described(music: Sequence[Measured]) -> str:
    """Only what was heard well enough, of most of them."""
    adjectives = [pace(music)]
    centroids = [piece.centroid for piece in music if math.isfinite(piece.centroid)]
    if centroids:
        centroid = float(np.median(centroids))
        adjectives += [name for name, fits in (("dark", centroid < DULL),
                                               ("bright", centroid > BRIGHT)) if fits]
    families = Counter(piece.family for piece in music
                       if piece.family and piece.family_confidence >= NAMED)
    if families:
        family, count = families.most_common(1)[0]
        often = "all" if count == len(music) else "mostly" if 2 * count > len(music) else "partly"
        what = "voices" if family == "voice" else f"{family} strings or keys" if family in (
            "struck", "plucked") else "sustained sounds"
        adjectives.append(f"{often} {what}")
    unclear = sum(piece.tempo.other is not None for piece in music if pulsed(piece))
    octave = (f"; at {unclear} of {len(music)} the pulse may be half or double, or a third or "
              "triple" if unclear else "")
    return f"{', '.join(adjectives)}{mode(music)}{octave}"


def pace(music: Sequence[Measured]) -> str:
    tempi = [piece.tempo.bpm for piece in music if pulsed(piece)]
    if 2 * len(tempi) < len(music):
        return "without a clear pulse"
    tempo = float(np.median(tempi))
    return "slow" if tempo < SLOW else "quick" if tempo > FAST else "of a middle pace"


def mode(music: Sequence[Measured]) -> str:
    modes = [piece.key.minor for piece in music if keyed(piece)]
    if 2 * len(modes) < len(music):
        return ", in no clear key"
    minor = float(np.mean(modes))
    return " in minor" if minor >= 0.7 else " in major" if minor <= 0.3 else " in major and minor"


def line(piece: Measured) -> str:
    """One piece in a line."""
    if not piece.music:
        return f"{piece.name}: {ALONE[kind(piece)]} ({100 * piece.family_confidence:.0f} %)"
    other = (f", or {piece.tempo.other:.0f} ({100 * piece.tempo.other_chance:.0f} %)"
             if piece.tempo.other else "")
    parts = [
        f"{piece.tempo.bpm:.0f}/min ({100 * piece.tempo.confidence:.0f} %{other})",
        f"{piece.key} ({100 * piece.key.confidence:.0f} %)",
        f"{piece.density:.1f} onsets/s", f"mean pitch {piece.register:.0f}",
        f"dissonance {piece.roughness:.2f}",
    ]
    if math.isfinite(piece.centroid):
        parts.append(f"centroid {piece.centroid:.0f} Hz, roll-off {piece.rolloff:.0f} Hz")
    if math.isfinite(piece.loudness):
        parts.append(f"{piece.loudness:.0f} LUFS, range {piece.loudness_range:.0f} LU")
    if piece.family:
        parts.append(f"{piece.family} ({100 * piece.family_confidence:.0f} %)")
    if piece.texture or piece.hiss:
        under = UNDER[piece.texture] if piece.texture else HISS
        parts.append(f"{under} under it ({100 * piece.noise:.0f} % of the power)")
    return f"{piece.name}: {', '.join(parts)}"
