"""A lullaby of one's own: a motif out of any standard MIDI file, and any piece re-dressed in
another style."""

from pathlib import Path

from device.compose.form import LONGEST
from device.compose.midi import read
from device.compose.motifs import Line, Theme, to_step
from device.compose.theory import DEGREES
from device.compose.tokens import DURATIONS, SLOTS
from device.compose.transcription import Heard, hear, quarters_per_tick
from device.errors import Refused

FEWEST, ENOUGH, MOST = 3, 8, 16     # notes of a motif: at least, if it can be, at most
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
    """Rests before the tune and after it don't count."""
    sung = [place for place, tick in enumerate(heard.ticks) if tick.notes]
    notes = sum(len(tick.notes) for tick in heard.ticks)
    return bool(sung) and notes > BUSIEST * (sung[-1] - sung[0] + 1)


def motif(source: Path | bytes) -> Theme:
    """The opening of a file's melody, with its rhythm. Raises Refused, which says why."""
    return theme(listen(source))


def theme(heard: Heard) -> Theme:
    """The first long phrase of a melody. Raises Refused where there is none."""
    line = melody(heard)
    if len(line) < FEWEST:
        raise Refused("the MIDI file: its melody has fewer than three notes; use one with a tune")
    begins = line[0][0] - line[0][0] % SLOTS
    moved = [(slot - begins, step, slots) for slot, step, slots in line]
    # it ends where the longest note or rest is, of the places that leave enough of it
    last = min(len(moved), MOST) - 1
    while last > FEWEST - 1 and moved[last][0] >= LONGEST * SLOTS:
        last -= 1
    gaps = {place: moved[place + 1][0] - moved[place][0] if place + 1 < len(moved) else 99
            for place in range(min(ENOUGH - 1, last), last + 1)}
    last = max(gaps, key=lambda place: (gaps[place], place))
    notes = tuple(moved[:last + 1])
    return Theme(min(notes[-1][0] // SLOTS + 1 + (notes[-1][0] % SLOTS > 1), LONGEST), notes,
                 scale_of(heard))


def melody(heard: Heard) -> Line:
    """A whole piece's melody: (slot, steps of its `scale` above the reference tonic, slots)."""
    scale = scale_of(heard)
    home = to_step(heard.reference, heard.tonic, scale)
    return tuple(
        (tick * SLOTS + slot, to_step(heard.reference + pitch, heard.tonic, scale) - home,
         DURATIONS[duration])
        for tick, notes in enumerate(heard.ticks)
        for slot, duration, pitch in notes.notes
    )


def scale_of(heard: Heard) -> str:
    """The scale heard, or the one that leaves fewer of the melody's notes out."""
    classes = [pitch % 12 for tick in heard.ticks for *_, pitch in tick.notes]

    def outside(scale: str) -> tuple[int, bool]:
        return sum(step not in DEGREES[scale] for step in classes), scale != heard.scale
    return min(DEGREES, key=outside)
