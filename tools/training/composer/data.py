"""The composers' training music: every piece of `--data` heard as ticks, at its own pace and slowed
two and four times.

Slowing is the bridge from people's music to the night's: a chorale whose quarter becomes a whole
tick has half an onset a second. Held out are three eighths of the works that have a calm piece, by
the hash of the works' names: so no edition or part of a held-out piece is heard in training,
wherever the files lie. What is calm is told by measure: see `calm`.
"""

import csv
import hashlib
import json
import pickle
import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from areas.composer import measures
from device.compose.midi import Piece, read
from device.compose.transcription import Heard, hear, quarters_per_tick
from device.errors import Refused
from device.values import Note

# a calm piece: onsets/s at least (with fewer, its beat isn't the one that is written) and at most;
# share of harsh time, and semitones between its 5th and 95th percentile, at most; share of small
# steps, of notes in one scale, and ticks, at least
IDLE, BUSY, HARSH, WIDE, STEPWISE, TONAL, LONG = 0.5, 2.6, 0.12, 36.0, 0.6, 0.8, 24
SLOWINGS = (1, 2, 4)
PLUCKED = ("Guitar", "Lute", "Vihuela")
CRADLE = ("lullaby", "wiegenlied", "cradle", "berceuse", "schlaflied")
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
KINDS = {
    "minor": (0, 3, 7),
    "diminished": (0, 3, 6),
    "half-diminished": (0, 3, 6),
    "suspended": (0, 5, 7),
}
UPSTREAM = """Without a prepared folder, get (see tools/fetch_data):
github.com/czhuang/JSB-Chorales-dataset, github.com/omarperacha/TonicNet,
github.com/00sapo/OpenEWLD and github.com/MutopiaProject/MutopiaProject."""


@dataclass(frozen=True)
class Source:
    name: str
    style: str          # one of tokens.STYLES, or "" where it can't be told
    part: str           # train, valid or test
    calm: bool
    piece: Piece


def work(name: str) -> str:
    """The work that a file belongs to: `Composer__Opus__part` all to one opus, `…suon1` and
    `…suon2` to one collection; the editions of one composer's lullaby are one."""
    author = re.match(r"[A-Z]?[^\W\d_A-Z]*", name)[0].lower()
    if any(word in name.lower() for word in CRADLE):
        return f"{author} cradle"
    fields = name.split("__")
    return f"{author} {fields[1].rstrip('-_0123456789')}" if len(fields) > 2 else name


def part(name: str) -> str:
    """Which part a work with a calm piece belongs to: three eighths are held out, an eighth chooses
    the model."""
    digest = int(hashlib.sha256(f"nocturne work {work(name)}".encode()).hexdigest(), 16)
    return "test" if digest % 8 < 3 else "valid" if digest % 8 == 3 else "train"


def sounded(piece: Piece) -> list[Note]:
    """Its notes in seconds; people's instruments are all called piano."""
    beat = 60 / piece.qpm
    return [Note(start * beat, pitch, duration * beat, velocity, "piano")
            for start, duration, pitch, velocity in piece.notes]


def calm(piece: Piece) -> bool:
    notes = sounded(piece)
    seconds = max(piece.quarters * 60 / piece.qpm, 1.0)
    return (
        piece.quarters / quarters_per_tick(piece.qpm) >= LONG
        and IDLE <= measures.onset_rate(notes, seconds) <= BUSY
        and measures.harshness(notes) <= HARSH
        and measures.pitch_range(notes) <= WIDE
        and measures.small_steps(notes) >= STEPWISE
        and measures.consistency(notes) >= TONAL
    )


def midi_pieces(folder: Path) -> list[Source]:
    """Every readable MIDI file under `folder`; an `index.csv` beside says which are plucked, and
    which are songs, and of them which an evening's."""
    rows = {}
    for index in folder.rglob("index.csv"):
        with index.open(newline="") as file:
            rows |= {row["file"]: row for row in csv.DictReader(file)}
    out = []
    for path in sorted({*folder.rglob("*.mid"), *folder.rglob("*.midi")}):
        try:
            piece = read(path)
        except Refused:
            continue
        style = style_of(path.name, rows.get(path.name, {}))
        out.append(Source(path.name, style, part(path.name), calm(piece), piece))
    quiet = {work(source.name) for source in out if source.calm}
    return [source if work(source.name) in quiet else replace(source, part="train")
            for source in out]


def style_of(name: str, row: dict[str, str]) -> str:
    if any(word in name.lower() for word in CRADLE) or row.get("night_title") == "1":
        return "lullaby"
    if "night_title" in row:
        return ""
    return "lute" if any(word in row.get("instrument", "") for word in PLUCKED) else "piano"


def chorales(folder: Path) -> list[Source]:
    """Bach's in four voices, the canonical training part (and the validation part, held out), and
    synthetic ones after them."""
    frames = []
    real = folder / "jsb" / "Jsb16thSeparated.json"
    if real.exists():
        parts = json.loads(real.read_text())
        frames += [(f"jsb-{part}{i}", np.array(rows))
                   for part in ("train", "valid") for i, rows in enumerate(parts[part])]
    fake = folder / "jsfakes" / "js-fakes-16thSeparated.npz"
    if fake.exists():       # numpy's own pickles, latin-1
        rows = np.load(fake, allow_pickle=True, encoding="latin1")["pitches"]
        frames += [
            (f"jsfake{i}", np.nan_to_num(np.array(row, float), nan=-1))
            for i, row in enumerate(rows[:200])
        ]
    return [
        Source(name, "chorale", "test" if name.startswith("jsb-valid") else "train", False,
               Piece(tuple(sorted(voices(rows))), 60.0))
        for name, rows in frames
    ]


def voices(rows: np.ndarray) -> list[tuple[float, float, int, float]]:
    """Sixteenth-note frames (n, 4) → notes; equal neighbours are one note, but for a new stroke at
    each half bar."""
    notes = []
    for voice in rows.T:
        start = 0
        for frame in range(1, len(voice) + 1):
            if frame == len(voice) or voice[frame] != voice[start] or frame - start >= 8:
                if voice[start] > 0:
                    notes.append((start / 4, (frame - start) / 4, int(voice[start]), 0.55))
                start = frame
    return notes


def lead_sheets(folder: Path) -> list[Source]:
    """Melody and chord symbols of MusicXML lead sheets; the chords are laid under the melody."""
    out = []
    for path in sorted((folder / "openewld_pd").glob("*.mxl")):
        try:
            with zipfile.ZipFile(path) as archive:
                name = next(
                    name
                    for name in archive.namelist()
                    if not name.startswith("META-INF") and name.endswith(("xml", "musicxml"))
                )
                notes = sheet_notes(ElementTree.fromstring(archive.read(name)))
        except (zipfile.BadZipFile, ElementTree.ParseError, StopIteration):
            continue
        if len(notes) > 20:
            out.append(Source(path.name, "folk", "test" if part(path.name) == "valid" else "train",
                              False, Piece(tuple(sorted(notes)), 60.0)))
    return out


def sheet_notes(root) -> list[tuple[float, float, int, float]]:
    now, last, divisions, melody, chords = 0.0, 0.0, 1, [], []
    for element in (child for measure in root.find("part").iter("measure") for child in measure):
        if element.tag == "attributes" and element.find("divisions") is not None:
            divisions = int(element.findtext("divisions"))
        duration = float(element.findtext("duration") or 0) / divisions
        if element.tag == "backup":
            now -= duration
        elif element.tag == "forward":
            now += duration
        elif element.tag == "harmony" and element.find("root") is not None:
            base = STEPS[element.findtext("root/root-step")] + int(
                float(element.findtext("root/root-alter") or 0)
            )
            kind = element.findtext("kind") or "major"
            chords.append(
                (
                    now,
                    base,
                    next((KINDS[word] for word in KINDS if kind.startswith(word)), (0, 4, 7)),
                )
            )
        elif element.tag == "note":
            start = last if element.find("chord") is not None else now
            pitch = element.find("pitch")
            if pitch is not None and duration > 0:
                midi = (12 * (int(pitch.findtext("octave")) + 1) + STEPS[pitch.findtext("step")]
                        + int(float(pitch.findtext("alter") or 0)))
                melody.append((start, duration, midi, 0.55))
            last, now = start, start + duration
    ends = [start for start, *_ in chords[1:]] + [now]
    under = [
        (start, end - start, 48 + (base + step) % 12, 0.5)
        for (start, base, steps), end in zip(chords, ends, strict=True)
        for step in steps
        if end > start
    ]
    bass = [
        (start, end - start, 36 + base % 12, 0.5)
        for (start, base, _), end in zip(chords, ends, strict=True)
        if end > start
    ]
    return melody + under + bass


def sources(folder: Path) -> list[Source]:
    found = midi_pieces(folder) + chorales(folder) + lead_sheets(folder)
    if not found:
        raise SystemExit(f"no music under {folder}. {UPSTREAM}")
    return found


def heard(source: Source, slowings: tuple[int, ...] = SLOWINGS) -> list[tuple[int, Heard]]:
    quarters = quarters_per_tick(source.piece.qpm)
    return [(slow, hear(source.piece, quarters / slow)) for slow in slowings
            if 4 <= source.piece.quarters * slow / quarters <= 4000]


def corpus(folder: Path, cache: Path | None = None) -> list[tuple[Source, int, Heard]]:
    """(source, slowing, ticks) of everything; `cache` keeps what was heard."""
    if cache and cache.exists():
        return pickle.loads(cache.read_bytes())
    out = [(source, slow, ticks) for source in sources(folder) for slow, ticks in heard(source)]
    if cache:
        cache.write_bytes(pickle.dumps(out))
    return out
