"""A lullaby of one's own: a motif out of any standard MIDI file, and any piece re-dressed in
another style."""

from pathlib import Path

from device.compose.midi import read
from device.compose.motifs import LENGTH, Line, to_step
from device.compose.tokens import SLOTS
from device.compose.transcription import Heard, hear, quarters_per_tick
from device.errors import Refused

FEWEST, MOST = 3, 10        # notes of a motif
BUSIEST = 1.5               # melody notes a tick: anything busier is slowed


def listen(source: Path | bytes) -> Heard:
    """A MIDI file as ticks, slowed until its melody is calm. Raises Refused, which says why."""
    piece = read(source)
    quarters = quarters_per_tick(piece.qpm)
    heard = hear(piece, quarters)
    while busy(heard) and len(heard.ticks) < 2000:
        quarters /= 2
        heard = hear(piece, quarters)
    return heard


def busy(heard: Heard) -> bool:
    return sum(len(tick.notes) for tick in heard.ticks) > BUSIEST * len(heard.ticks)


def motif(source: Path | bytes) -> Line:
    """The opening of a file's melody, as the motif memory keeps it. Raises Refused, which says why.
    """
    heard = listen(source)
    line = melody(heard)
    first = line[0][0] if line else 0
    for ticks in (LENGTH, 2 * LENGTH, 4 * LENGTH):
        opening = [(slot - first, step) for slot, step in line if slot - first < ticks * SLOTS]
        opening = opening[:MOST]
        if len(opening) >= FEWEST:
            return tuple((slot, step - opening[0][1]) for slot, step in opening)
    raise Refused("the MIDI file: its melody begins with fewer than three notes; "
                  "use one with a tune")


def melody(heard: Heard) -> Line:
    """A whole piece's melody: (slot, scale steps above the reference tonic)."""
    home = to_step(heard.reference, heard.tonic, heard.scale)
    return tuple(
        (tick * SLOTS + slot, to_step(heard.reference + pitch, heard.tonic, heard.scale) - home)
        for tick, notes in enumerate(heard.ticks)
        for slot, _, pitch in notes.notes
    )
