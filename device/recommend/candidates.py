"""The vetted set: everything that may ever be chosen. Silence is always in it; models can only rank
it.

A candidate is a point on a small grid of factors, or a programme people know by name, placed on
that grid, so that "one new factor a night" can be counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType

from device.programmes import PROGRAMMES
from device.textures import ROWS
from device.values import SILENCE, Recipe

FACTORS = ("pulse", "tone", "texture", "music")
# Within device/values.py's ranges, and on the calm side of them: music.md asks for 40–80 /min, ≤
# 0.8 onsets/s, a mean pitch of 50–64 and little tension. First /min and onsets/s; then brightness,
# MIDI and tension.
PULSES = MappingProxyType({"slow": (44.0, 0.20), "gentle": (54.0, 0.32), "easy": (64.0, 0.45)})
TONES = MappingProxyType({"dark": (0.20, 52.0, 0.10), "mellow": (0.45, 58.0, 0.20)})
BARE = "bare"       # music without a texture
BESIDE_MUSIC = (BARE, *(name for name, row in ROWS.items() if row.beside))
ALONE = tuple(name for name, row in ROWS.items() if row.alone)


@dataclass(frozen=True, slots=True)
class Candidate:
    recipe: Recipe
    levels: Mapping[str, str]       # factor → level; a factor that can't be heard here is absent


def _music(pulse: str, tone: str, texture: str) -> Candidate:
    beats, density = PULSES[pulse]
    brightness, register, tension = TONES[tone]
    scale = "dorian" if tone == "dark" else "lydian"
    recipe = Recipe(
        scale=scale,
        pulse=beats,
        density=density,
        register=register,
        brightness=brightness,
        tension=tension,
        textures=MappingProxyType({} if texture == BARE else {texture: ROWS[texture].beside}),
        music=0.8,
        name=f"{pulse} {tone} {texture}",
    )
    levels = {"pulse": pulse, "tone": tone, "texture": texture, "music": "yes"}
    return Candidate(recipe, MappingProxyType(levels))


def _texture(texture: str) -> Candidate:
    recipe = Recipe(
        density=0.0,
        textures=MappingProxyType({texture: ROWS[texture].alone}),
        music=0.0,
        name=f"{texture} alone",
    )
    return Candidate(recipe, MappingProxyType({"texture": texture, "music": "no"}))


def _programme(recipe: Recipe) -> Candidate:
    """A named programme, at the levels of the grid that it is nearest to."""
    texture = max(recipe.textures, key=lambda name: recipe.textures[name])
    if not recipe.music:
        return Candidate(recipe, MappingProxyType({"texture": texture, "music": "no"}))
    pulse = min(PULSES, key=lambda level: abs(PULSES[level][0] - recipe.pulse))
    tone = min(TONES, key=lambda level: abs(TONES[level][0] - recipe.brightness))
    levels = {"pulse": pulse, "tone": tone, "texture": texture, "music": "yes"}
    return Candidate(recipe, MappingProxyType(levels))


CANDIDATES: tuple[Candidate, ...] = (
    Candidate(SILENCE, MappingProxyType({})),
    *(_texture(texture) for texture in ALONE),
    *(
        _music(pulse, tone, texture)
        for pulse in PULSES
        for tone in TONES
        for texture in BESIDE_MUSIC
    ),
    *(_programme(recipe) for recipe in PROGRAMMES.values()),
)
QUIET = 0  # the place of silence
NAMES = tuple(candidate.recipe.name for candidate in CANDIDATES)
# slow, dark, legato and masked: what music.md's studies agree on
DEFAULT = NAMES.index("slow dark rain")


@cache
def changes(a: int, b: int) -> tuple[str, ...]:
    """The factors in which two candidates differ, of those that can be heard in both."""
    one, other = CANDIDATES[a].levels, CANDIDATES[b].levels
    return tuple(factor for factor in FACTORS
                 if factor in one and factor in other and one[factor] != other[factor])


def news(place: int, heard: frozenset[int]) -> int:
    """How many factors are new to a sleeper: at a level that neither the default nor anything heard
    has."""
    known = {item for other in heard | {DEFAULT} for item in CANDIDATES[other].levels.items()}
    return len(CANDIDATES[place].levels.items() - known)


@lru_cache(64)
def may_explore(heard: frozenset[int]) -> tuple[int, ...]:
    """What bedtime may choose from: silence, what was heard before, and whatever has at most one
    new factor."""
    return tuple(
        place
        for place in range(len(CANDIDATES))
        if place in heard | {QUIET} or news(place, heard) <= 1
    )
