"""Standard MIDI files in and out, by mido. A `Piece` is what any music is read into."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import mido

from device.compose.mending import mended
from device.errors import Refused
from device.values import Note

LARGEST = 4_000_000         # bytes: nobody's lullaby is longer
MOST_NOTES = 200_000
LONGEST = 50_000            # quarters: seven hours at 120 a minute
DRUMS = 9                   # channel 10, counted from 0
# General MIDI: warm pad, tubular bells, piano, bass
PROGRAMS = {"pad": 89, "bell": 14, "piano": 0, "drone": 43}
RESOLUTION = 480            # ticks per quarter, here a second
RESOLVED = 1 / RESOLUTION   # s


Sounding = tuple[float, float, int, float]  # start and duration in quarters, MIDI, velocity 0..1


@dataclass(frozen=True, slots=True)
class Piece:
    notes: tuple[Sounding, ...]
    qpm: float              # quarters per minute, the one that lasts longest
    timed: bool = True      # whether the file says so; else it is MIDI's usual 120

    @property
    def quarters(self) -> float:
        return max((start + duration for start, duration, *_ in self.notes), default=0.0)


def read(source: Path | bytes) -> Piece:
    """Any standard MIDI file, formats 0–2, drums left out. Raises Refused, which says why."""
    name, file = opened(source)
    notes: list[Sounding] = []
    tempos: list[tuple[float, float]] = []
    for track in file.tracks:
        notes += track_notes(track, file.ticks_per_beat, tempos)
    if not notes:
        raise Refused(f"{name}: has no notes (other than drums)")
    if len(notes) > MOST_NOTES:
        raise Refused(f"{name}: has more than {MOST_NOTES} notes; use a shorter piece")
    end = max(start + duration for start, duration, *_ in notes)
    if end > LONGEST:
        raise Refused(f"{name}: goes on for {end:.0f} quarters; use a shorter piece")
    return Piece(tuple(sorted(notes)), longest_tempo(sorted(tempos), end), bool(tempos))


def notes(source: Path | bytes) -> list[Note]:
    """What `write` wrote: starts in seconds, voices by the names of the tracks. Raises Refused,
    which says why."""
    name, file = opened(source)
    voices = [track.name for track in file.tracks[1:]]
    if voices != list(PROGRAMS) or file.ticks_per_beat != RESOLUTION:
        raise Refused(f"{name}: isn't a night's composition")
    return sorted(Note(start, pitch, duration, velocity, track.name) for track in file.tracks[1:]
                  for start, duration, pitch, velocity in track_notes(track, RESOLUTION, []))


def opened(source: Path | bytes) -> tuple[str, mido.MidiFile]:
    """The file's name and the file. Raises Refused."""
    name = source.name if isinstance(source, Path) else "the MIDI file"
    try:
        data = beginning(source) if isinstance(source, Path) else source
    except OSError as trouble:
        raise Refused(f"{name}: can't be read ({trouble.strerror})") from trouble
    if len(data) > LARGEST:
        raise Refused(f"{name}: larger than {LARGEST // 1_000_000} MB; use a shorter piece")
    if data[:4] != b"MThd":
        raise Refused(f"{name}: not a standard MIDI file; export it again as .mid")
    whole, torn = mended(data)
    try:
        file = mido.MidiFile(file=io.BytesIO(whole), clip=True)
        kinds = {message.type for track in file.tracks for message in track}
        if torn and "note_on" not in kinds:
            raise EOFError("it breaks off before the first note")
    # mido lets IndexError, EOFError, ValueError and others out of a torn file
    except Exception as trouble:
        what = str(trouble) or type(trouble).__name__
        raise Refused(f"{name}: torn or not MIDI ({what}); export it again") from trouble
    if file.ticks_per_beat <= 0:
        raise Refused(f"{name}: counts time in SMPTE frames, which is not supported; "
                      "export it with beats")
    return name, file


def beginning(path: Path) -> bytes:
    """As much of a file as shows that it is too large. Raises OSError."""
    with path.open("rb") as file:
        return file.read(LARGEST + 1)


def track_notes(track: mido.MidiTrack, per_quarter: int,
                tempos: list[tuple[float, float]]) -> list[Sounding]:
    """A track's notes; its tempos, (start in quarters, a minute's quarters), go to `tempos`."""
    now, notes = 0, []
    open_notes: dict[tuple[int, int], tuple[int, int]] = {}     # key → start, velocity
    for message in track:
        now += message.time
        if message.type == "set_tempo" and message.tempo > 0:
            tempos.append((now / per_quarter, 60e6 / message.tempo))
        if message.type not in ("note_on", "note_off") or message.channel == DRUMS:
            continue
        key = message.channel, message.note
        if key in open_notes:
            start, velocity = open_notes.pop(key)
            if now > start:
                length = (now - start) / per_quarter
                notes.append((start / per_quarter, length, message.note, velocity / 127))
        if message.type == "note_on" and message.velocity > 0:
            open_notes[key] = now, message.velocity
    return notes


def longest_tempo(tempos: list[tuple[float, float]], end: float) -> float:
    tempos = [(0.0, 120.0), *tempos]
    spans: dict[float, float] = {}
    for (start, qpm), after in zip(tempos, [*(start for start, _ in tempos[1:]), end], strict=True):
        spans[qpm] = spans.get(qpm, 0.0) + max(min(after, end) - start, 0.0)
    return min(max(max(spans, key=lambda qpm: spans[qpm]), 10.0), 480.0)


def write(path: Path, notes: Iterable[Note]) -> None:
    """Notes whose starts are seconds of the piece → a format 1 file at 60 quarters a minute, a
    track for each voice."""
    file = mido.MidiFile(ticks_per_beat=RESOLUTION)
    file.tracks.append(mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000, time=0)]))
    notes = list(notes)
    for channel, (voice, program) in enumerate(PROGRAMS.items()):
        track = mido.MidiTrack([
            mido.MetaMessage("track_name", name=voice, time=0),
            mido.Message("program_change", channel=channel, program=program, time=0)])
        now = 0
        for time, on, pitch, velocity in strokes(note for note in notes if note.voice == voice):
            track.append(mido.Message("note_on" if on else "note_off", channel=channel, note=pitch,
                                      velocity=velocity, time=time - now))
            now = time
        file.tracks.append(track)
    file.save(path)


def strokes(notes: Iterable[Note]) -> list[tuple[int, int, int, int]]:
    """(MIDI ticks, 1 down or 0 up, pitch, velocity 0..127) of one voice, in order of time."""
    events = []
    again: dict[int, int] = {}  # pitch → when it is struck again: a key is let go before that
    for note in sorted(notes, reverse=True):
        start = round(note.start * RESOLUTION)
        end = max(round((note.start + note.duration) * RESOLUTION), start + 1)
        velocity = min(max(round(note.velocity * 127), 1), 127)
        if again.get(note.pitch) != start:
            events.append((start, 1, note.pitch, velocity))
            events.append((min(end, again.get(note.pitch, end)), 0, note.pitch, 0))
        again[note.pitch] = start
    return sorted(events)
