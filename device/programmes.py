"""Soundscapes that a person chooses by name; they also are what plays when nobody and nothing has
chosen."""

from types import MappingProxyType
from typing import Any

from device.values import Recipe


def _programme(name: str, textures: dict[str, float], **fields: Any) -> Recipe:
    return Recipe(name=name, textures=MappingProxyType(textures), **fields)


ROWS = (
    _programme("rain on a roof", {"rain": 0.8, "brown": 0.3}, surface="roof", scale="dorian",
               style="piano", pulse=54, density=0.2, register=57, brightness=0.3, tension=0.15,
               music=0.5),
    _programme("slow tide", {"ocean": 0.7}, scale="lydian", style="chorale",
               pulse=48, density=0.25, register=55, brightness=0.35, tension=0.15, music=0.7),
    _programme("felt piano", {"pink": 0.15}, scale="ionian", style="piano",
               pulse=60, density=0.45, register=60, brightness=0.35, tension=0.2, music=1.0),
    _programme("deep night", {"brown": 0.6, "wind": 0.25}, scale="aeolian", style="chorale",
               pulse=44, density=0.12, register=50, brightness=0.15, tension=0.1, music=0.6,
               level=-1.0),
    _programme("by the stream", {"stream": 0.6, "wind": 0.2}, scale="pentatonic", style="folk",
               pulse=58, density=0.35, register=59, brightness=0.35, tension=0.1, music=0.6),
    _programme("no music", {"rain": 0.6, "brown": 0.4}, surface="tent",
               density=0.0, brightness=0.2, tension=0.0, music=0.0),
)
PROGRAMMES = MappingProxyType({recipe.name: recipe for recipe in ROWS})
DEFAULT = PROGRAMMES["rain on a roof"]
AUTO, FAVOURITE = "auto", "favourite"       # the device chooses; what the sleeper liked last
NAMES = (AUTO, FAVOURITE, *PROGRAMMES)      # that can be asked for
