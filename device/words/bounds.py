"""What wishes do to a recipe: bounded steps inside the vetted range, and nothing beyond it. Pure.

Loudness never rises above the settling level: caps, mutes and the night's own rules lie outside of
all this.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from types import MappingProxyType

from device.values import TEXTURES, VOICES, Note, Phrase, Recipe, Wish

# The span of the recommender's vetted set (recommend/candidates.py), softer music aside; and a
# plain wish's step.
RANGES = MappingProxyType({"pulse": (44.0, 64.0), "density": (0.12, 0.45), "register": (50.0, 60.0),
                           "brightness": (0.15, 0.45), "tension": (0.10, 0.20), "music": (0.2, 1.0),
                           "level": (-18.0, 0.0)})
STEPS = MappingProxyType(
    {
        "pulse": 6.0,
        "density": 0.1,
        "register": 3.0,
        "brightness": 0.12,
        "tension": 0.06,
        "music": 0.25,
        "level": 4.0,
    }
)
LOUDEST = 0.8               # of a texture
ASKED = 0.4                 # of a texture that was asked for
STEP = 0.2                  # of a texture that shall be more or less
# who has the melody when the other shall not
INSTEAD = MappingProxyType({"bell": "piano", "piano": "bell"})
BELLS_FROM = 50             # MIDI: no bell lies lower
TOUCH = 1.25                # by how much harder a voice is played that shall be more, or softer


def narrowing(wishes: Iterable[Wish]) -> dict[str, list[str]]:
    """The wishes as the recommender takes them: verb → names. A voice that is asked for means
    music."""
    out: dict[str, list[str]] = {}
    for wish in wishes:
        name = "music" if wish.name in VOICES and wish.verb == "require" else wish.name
        if name in TEXTURES or name in STEPS and name != "level":
            out.setdefault(wish.verb, []).append(name)
    return out


def within(recipe: Recipe, wishes: Sequence[Wish], mood: str = "") -> Recipe:
    """The recipe as wished, each field inside RANGES or where it was; after a hard day softer or
    slower."""
    for wish in wishes:
        if wish.name in TEXTURES:
            recipe = textured(recipe, wish)
        elif wish.name == "music" and wish.verb in ("forbid", "require"):
            recipe = (
                replace(recipe, music=0.0, density=0.0) if wish.verb == "forbid" else sung(recipe)
            )
        elif wish.name in VOICES and wish.verb == "require":
            recipe = replace(sung(recipe), style="piano") if wish.name == "piano" else sung(recipe)
        elif wish.name in STEPS and wish.verb in ("raise", "lower"):
            recipe = moved(recipe, wish.name, wish.degree if wish.verb == "raise" else -wish.degree)
    if mood == "tense":
        recipe = moved(recipe, "pulse", -0.5)
    elif mood == "weary":
        recipe = moved(recipe, "level", -0.5)
    return recipe


def moved(recipe: Recipe, field: str, degrees: float) -> Recipe:
    """A step up or down, never past RANGES; what lies outside already stays where it is."""
    if field in ("music", "density") and not recipe.music:
        return recipe
    now, (low, high) = getattr(recipe, field), RANGES[field]
    then = now + STEPS[field] * degrees
    return replace(
        recipe, **{field: min(now, max(then, low)) if degrees < 0 else max(now, min(then, high))}
    )


def textured(recipe: Recipe, wish: Wish) -> Recipe:
    levels = dict(recipe.textures)
    now = levels.pop(wish.name, 0.0)
    then = {"forbid": 0.0, "require": max(now, ASKED * min(wish.degree, 1.5)),
            "raise": max(now, min(now + STEP * wish.degree, LOUDEST)),
            "lower": now * max(1 - STEP * 2 * wish.degree, 0.2)}[wish.verb]
    if then:
        levels[wish.name] = then
    return replace(recipe, textures=MappingProxyType(levels))


def sung(recipe: Recipe) -> Recipe:
    return recipe if recipe.music else replace(recipe, music=0.6, density=0.2)


def played(phrase: Phrase, wishes: Sequence[Wish]) -> Phrase:
    """The phrase by the voices that were asked for, without those that nobody wants. Piano and
    bells stand in for each other in the melody; pads and drone are in all music."""
    verbs = {wish.name: wish for wish in wishes if wish.name in VOICES}
    if not verbs:
        return phrase
    liked = {name for name, wish in verbs.items() if wish.verb in ("require", "raise")}
    unwanted = {name for name, wish in verbs.items() if wish.verb == "forbid"}
    notes: list[Note] = []
    for note in phrase.notes:
        instead = INSTEAD.get(note.voice)
        if note.voice in unwanted or instead in liked and note.voice not in liked:
            note = note._replace(voice=instead or note.voice)
        if note.voice == "bell" and note.pitch < BELLS_FROM:
            note = note._replace(pitch=note.pitch + 12)
        wish = verbs.get(note.voice)
        if wish and wish.verb in ("raise", "lower"):
            harder = TOUCH ** (wish.degree if wish.verb == "raise" else -2 * wish.degree)
            note = note._replace(velocity=min(note.velocity * harder, 1.0))
        if note.voice not in unwanted:
            notes.append(note)
    return replace(phrase, notes=tuple(notes))
