"""A lullaby of one's own: a motif out of any standard MIDI file, and any piece re-dressed in another style."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from device.compose.hearing import Heard, hear, quarters_per_tick
from device.compose.midi import read
from device.compose.motifs import LENGTH, Line, to_step
from device.compose.tokens import SLOTS
from device.errors import Refused

FEWEST, MOST = 3, 10        # notes of a motif


def listen(path: Path | bytes) -> Heard:
    """A MIDI file as ticks, slowed until it has at most three onsets in two. Raises Refused, which says why."""
    piece = read(path)
    quarters = quarters_per_tick(piece.qpm)
    heard = hear(piece, quarters)
    while sum(len(tick.notes) for tick in heard.ticks) > 1.5 * len(heard.ticks) and len(heard.ticks) < 2000:
        quarters /= 2
        heard = hear(piece, quarters)
    return heard


def motif(path: Path | bytes) -> Line:
    """The opening of its melody, as the motif memory keeps it. Raises Refused, which says why."""
    heard = listen(path)
    line = [(tick * SLOTS + slot, pitch) for tick, notes in enumerate(heard.ticks) for slot, _, pitch in notes.notes]
    first = line[0][0] if line else 0
    for ticks in (LENGTH, 2 * LENGTH, 4 * LENGTH):
        opening = [(slot - first, pitch) for slot, pitch in line if slot - first < ticks * SLOTS][:MOST]
        if len(opening) >= FEWEST:
            base = to_step(heard.reference + opening[0][1], heard.tonic, heard.scale)
            return tuple((slot, to_step(heard.reference + pitch, heard.tonic, heard.scale) - base)
                         for slot, pitch in opening)
    raise Refused("the MIDI file: its melody begins with fewer than three notes; use one with a tune")


def wishes(heard: Heard, reference: int, tonic: int) -> Iterator[dict[int, int]]:
    """Tick by tick, the piece's own melody as slot → MIDI pitch, moved to the key and octave it is to sound in."""
    shift = np.round((reference - tonic) / 12) * 12 + tonic - heard.reference
    for tick in heard.ticks:
        yield {slot: int(heard.reference + pitch + shift) for slot, _, pitch in reversed(tick.notes)}
