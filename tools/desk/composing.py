"""What `tools/listen` plays when it is asked for music: recipes in words, any composer, a motif, a
piece re-dressed.

    for part in pieces(options, minutes, seed): part.phrases, part.recipe, part.name
"""

import dataclasses
import json
import random
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from areas.composer import sequences
from areas.sound.render import MONITOR, to_scene
from device.compose import Composer, load, lullaby, midi, style
from device.compose.manners import MANNERS, PLAIN, Manner, between
from device.errors import ConfigError
from device.programmes import DEFAULT, PROGRAMMES
from device.sound.engine import Engine
from device.sound.settings import RATE, Settings
from device.values import Note, Phrase, Recipe
from kit.options import COMPOSERS, made

COLOURS = {"pad": "#8fb8de", "drone": "#5b6e8c", "piano": "#d98e4a", "bell": "#c9b458"}


@dataclass(frozen=True)
class Part:
    name: str
    recipe: Recipe
    phrases: tuple[Phrase, ...]


def recipe_of(words: str) -> Recipe:
    """A programme's name and/or field=value pairs. Raises ConfigError, which names what it can't
    read."""
    recipe = DEFAULT
    values = {field.name: getattr(DEFAULT, field.name) for field in dataclasses.fields(Recipe)}
    fields = {
        name: str if isinstance(value, str) else float
        for name, value in values.items()
        if name != "textures"
    }
    for word in filter(None, (word.strip() for word in words.split(","))):
        name, equals, value = (part.strip() for part in word.partition("="))
        if not equals and name in PROGRAMMES:
            recipe = PROGRAMMES[name]
        elif name in fields:
            try:
                recipe = dataclasses.replace(recipe, **{name: fields[name](value)})
            except ValueError as trouble:
                raise ConfigError(f"recipe: {name} is a number, not {value!r}") from trouble
        else:
            raise ConfigError(f"recipe: no programme or field is called {name!r}; programmes are "
                              f"{', '.join(PROGRAMMES)}; fields {', '.join(fields)}")
    return recipe


def mixed(names: Sequence[str], weights: Sequence[float]) -> Manner:
    """The manners of styles, mixed."""
    manner, sums = MANNERS.get(names[0], PLAIN), weights[0]
    for name, weight in zip(names[1:], weights[1:], strict=True):
        sums += weight
        manner = between(manner, MANNERS.get(name, PLAIN), weight / max(sums, 1e-6))
    return manner


def ready(options: Namespace, name: str, number: int) -> tuple[Composer, Recipe]:
    """A composer with its motif, its piece to re-dress and its style. Raises NocturneError."""
    composer, why = load(number, name)
    if why:
        print(why)
    recipe = recipe_of(options.recipe)
    if options.style and options.style.endswith((".mid", ".midi")):
        composer.opinion.styles = {
            **composer.opinion.styles,
            "taken": style.encode(lullaby.listen(Path(options.style))),
        }
        recipe = dataclasses.replace(recipe, style="taken")
    elif options.style and composer.opinion.styles:
        try:
            point = style.morph(composer.opinion.styles, options.style)
        except (KeyError, ValueError) as trouble:
            raise ConfigError(f"style: can't read {options.style!r} ({trouble}); styles are "
                              f"{', '.join(composer.opinion.styles)}") from trouble
        composer.opinion.styles = {**composer.opinion.styles, "mixed": point}
        composer.manners = {**MANNERS, "mixed": mixed(*style.parts(options.style))}
        recipe = dataclasses.replace(recipe, style="mixed")
    if options.motif:
        composer.give_motif(lullaby.motif(options.motif))
    if options.restyle:
        composer.follow(lullaby.melody(lullaby.listen(options.restyle)))
    return composer, recipe


def pieces(options: Namespace, minutes: float, number: int) -> Iterator[Part]:
    """What was asked for: one piece, or with --ab one by each composer from each of three seeds,
    shuffled; the answer key is put beside the folder, not in it."""
    if not options.ab:
        yield piece(options, options.composer, minutes, number)
        return
    ready(options, COMPOSERS[0], number)            # refused before anything is written
    options.ab.mkdir(parents=True, exist_ok=True)
    tries = [(name, number + offset) for name in COMPOSERS for offset in range(3)]
    random.Random(number).shuffle(tries)
    key = {}
    for place, (name, own) in enumerate(tries, 1):
        key[f"{place:02d}"] = {"composer": name, "seed": own}
        yield dataclasses.replace(piece(options, name, minutes, own), name=f"{place:02d}")
    options.ab.with_name(options.ab.name + "-key.json").write_text(json.dumps(key, indent=1) + "\n")
    lines = [
        f"{place}  calm 1–5: __  pleasant 1–5: __  would sleep to it: yes / no" for place in key
    ]
    (options.ab / "answers.txt").write_text(
        "Listen in any order, at one volume; don't look at the key.\n\n" + "\n".join(lines) + "\n"
    )


def piece(options: Namespace, name: str, minutes: float, number: int) -> Part:
    composer, recipe = ready(options, name, number)
    phrases, now = [], 0.0
    while now < minutes * 60:
        phrases.append(composer.compose(recipe, None))
        now += phrases[-1].length
    if options.export_midi:
        midi.write(made(options.export_midi), laid_out(phrases))
    return Part(name, recipe, tuple(phrases))


def sounded(part: Part) -> np.ndarray:
    """(2, n) samples of a piece, its fade-in and the ringing of its last notes with it."""
    engine = Engine(Settings(monitor=MONITOR))
    engine.scene(to_scene(part.recipe))
    now, blocks = 0.0, []
    for phrase in part.phrases:
        engine.phrase(phrase, round(now * RATE))
        now += phrase.length
        while engine.frame < (now - 2.0) * RATE:  # two seconds ahead of the sound, as at night
            blocks.append(engine.render().samples)
    while engine.frame < now * RATE:
        blocks.append(engine.render().samples)
    return np.concatenate(blocks, axis=1)


def laid_out(phrases: list[Phrase]) -> list[Note]:
    """Notes with their starts in seconds of the piece."""
    notes, now = [], 0.0
    for phrase in phrases:
        notes += [note._replace(start=now + note.start) for note in phrase.notes]
        now += phrase.length
    return notes


def self_similarity(phrases: tuple[Phrase, ...], path: Path, side: int = 640) -> None:
    """A PNG of the form: how alike the melody's four-tick windows are, tick against tick, after
    Foote 1999; light on the diagonals where a phrase comes again, lines where sections begin."""
    import resvg_py
    line = sequences.Line.of(sequences.composed(phrases))
    alike = sequences.similarity(line) if len(line.slots) else np.zeros((1, 1))
    cell = side / len(alike)
    shapes = [f'<rect width="{side}" height="{side}" fill="#14161c"/>']
    shapes += [
        f'<rect x="{column * cell:.2f}" y="{row * cell:.2f}" width="{cell:.2f}" '
        f'height="{cell:.2f}" fill="#d98e4a" opacity="{alike[row, column]:.2f}"/>'
        for row, column in zip(*np.nonzero(alike > 0.2), strict=True)
    ]
    marks = [phrase.section.split(" ")[0] for phrase in phrases[:len(alike)]]
    for place, (before, now) in enumerate(pairwise(marks), 1):
        if before != now:
            at = f"{place * cell:.1f}"
            shapes.append(f'<line x1="{at}" x2="{at}" y1="0" y2="{side}" stroke="#8fb8de"/>')
            shapes.append(f'<line y1="{at}" y2="{at}" x1="0" x2="{side}" stroke="#8fb8de"/>')
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{side}" height="{side}">'
           + "".join(shapes) + "</svg>")
    path.write_bytes(bytes(resvg_py.svg_to_bytes(svg_string=svg)))


def piano_roll(phrases: tuple[Phrase, ...], path: Path, width: int = 1600) -> None:
    """A PNG of the notes, one colour a voice, a line every minute."""
    import resvg_py
    notes, end = laid_out(list(phrases)), sum(phrase.length for phrase in phrases)
    low, high = (
        min((n.pitch for n in notes), default=48) - 2,
        max((n.pitch for n in notes), default=72) + 3,
    )
    across, up = width / max(end, 1e-9), 8
    shapes = [f'<rect width="{width}" height="{(high - low) * up}" fill="#14161c"/>']
    for minute in range(int(end / 60) + 1):
        x = f"{minute * 60 * across:.1f}"
        shapes.append(f'<line x1="{x}" x2="{x}" y1="0" y2="{(high - low) * up}" stroke="#333845"/>')
    shapes += [
        f'<rect x="{n.start * across:.2f}" y="{(high - n.pitch) * up}" rx="2" height="{up - 1}" '
        f'width="{max(n.duration * across - 1, 1):.2f}" fill="{COLOURS[n.voice]}" '
        f'opacity="{0.35 + 0.65 * n.velocity:.2f}"/>'
        for n in notes
    ]
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{(high - low) * up}">'
           + "".join(shapes) + "</svg>")
    path.write_bytes(bytes(resvg_py.svg_to_bytes(svg_string=svg)))
