"""A night's composition out of its diary: as MIDI, and as sound again from that MIDI."""

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from device.compose import midi
from device.diary import reading
from device.session import fade
from device.sound.engine import Engine
from device.sound.settings import RATE, Settings
from device.values import Note, Phrase, Recipe, Scene
from kit.options import made


def phrases(diary: Path) -> list[Phrase]:
    """The last night's, as they were sent: `start` is monotonic s."""
    with reading(diary) as rows:
        found = rows.execute(
            "SELECT * FROM phrases WHERE night = (SELECT max(night) FROM phrases) ORDER BY start"
        )
        return [
            Phrase(row["length"], tuple(Note(*note) for note in json.loads(row["notes"])),
                   row["start"])
            for row in found.fetchall()
        ]


def export(diary: Path, to: Path) -> bool:
    """Writes the last night's composition as MIDI; it begins with the first phrase. False, and no
    file, where nothing was composed."""
    played = phrases(diary)
    if not played:
        return False
    midi.write(made(to), [note._replace(start=phrase.start - played[0].start + note.start)
                         for phrase in played for note in phrase.notes])
    return True


def imported(source: Path, diary: Path) -> list[Phrase]:
    """The diary's phrases with the notes of a MIDI file that `export` wrote, or that somebody
    changed since."""
    frames = phrases(diary)
    starts = [frame.start - frames[0].start - midi.RESOLVED for frame in frames]
    notes: list[list[Note]] = [[] for _ in frames]
    for note in midi.notes(source):
        place = max(int(np.searchsorted(starts, note.start, "right")) - 1, 0)
        start = max(note.start - (frames[place].start - frames[0].start), 0.0)
        notes[place].append(note._replace(start=start))
    return [
        Phrase(frame.length, tuple(mine), frame.start)
        for frame, mine in zip(frames, notes, strict=True)
    ]


def scenes(diary: Path) -> list[tuple[float, Scene]]:
    """(s, scene) of the last night: each epoch's level, by the recipe that was decided on last."""
    with reading(diary) as rows:
        epochs = rows.execute(
            "SELECT time, target FROM epochs WHERE night = (SELECT max(id) FROM nights) "
            "AND target IS NOT NULL ORDER BY number"
        ).fetchall()
        decisions = rows.execute(
            "SELECT time, recipe FROM decisions WHERE night = (SELECT max(id) FROM nights) "
            "ORDER BY time"
        ).fetchall()
    out = []
    for row in epochs:
        recipe = Recipe.of(
            json.loads([each["recipe"] for each in decisions if each["time"] <= row["time"]][-1])
        )
        out.append((row["time"], fade.scene_at(recipe, row["target"], fade.EPOCH)))
    return out


def sounded(played: list[Phrase], told: list[tuple[float, Scene]], seconds: float,
            settings: Settings | None = None) -> Iterator[np.ndarray]:
    """(2, block) samples of phrases and scenes, from the first phrase on."""
    engine, began = Engine(settings or Settings()), played[0].start
    waiting, scenes = list(played), list(told)
    while engine.frame < seconds * RATE:
        now = began + engine.frame / RATE
        while scenes and scenes[0][0] <= now:
            engine.scene(scenes.pop(0)[1])
        while waiting and waiting[0].start <= now + fade.ANSWER:
            phrase = waiting.pop(0)
            engine.phrase(
                replace(
                    phrase,
                    notes=tuple(sorted(phrase.notes, key=lambda note: (note.voice, note.pitch)))),
                math.floor((phrase.start - began) * RATE),
            )
        yield engine.render().samples
