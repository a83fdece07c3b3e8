"""The composers' training music: every piece of `--data` heard as ticks, at its own pace and slowed
two and four times.

Slowing is the bridge from people's music to the night's: a chorale whose quarter becomes a whole
tick has half an onset a second. Files are told apart by the hash of their names, so that the
held-out fifth is the same wherever it lies.
"""

import csv
import hashlib
import json
import pickle
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from device.compose.midi import Piece, read
from device.compose.transcription import Heard, hear, quarters_per_tick
from device.errors import Refused

CALM = 3.0                      # onsets/s at most
SLOWINGS = (1, 2, 4)
PLUCKED = ("Guitar", "Lute", "Vihuela")
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
    style: str          # one of values.STYLES
    part: str           # train, valid or test
    calm: bool
    piece: Piece


def part(name: str) -> str:
    """Which part a calm piece belongs to: a fifth is held out, a tenth chooses the model; by file
    name alone."""
    digest = int(hashlib.sha256(f"nocturne {name}".encode()).hexdigest(), 16)
    return "test" if digest % 5 == 0 else "valid" if digest % 10 == 3 else "train"


def onsets_per_second(piece: Piece) -> float:
    """Distinct onsets, to 30 ms, over the piece's length."""
    starts = {round(start * 60 / piece.qpm / 0.03) for start, *_ in piece.notes}
    return len(starts) / max(piece.quarters * 60 / piece.qpm, 1.0)


def midi_pieces(folder: Path) -> list[Source]:
    """Every readable MIDI file under `folder`; an `index.csv` beside says which are plucked."""
    plucked = set()
    for index in folder.rglob("index.csv"):
        with index.open(newline="") as rows:
            plucked |= {row["file"] for row in csv.DictReader(rows)
                        if any(word in row.get("instrument", "") for word in PLUCKED)}
    out = []
    for path in sorted({*folder.rglob("*.mid"), *folder.rglob("*.midi")}):
        try:
            piece = read(path)
        except Refused:
            continue
        calm = onsets_per_second(piece) <= CALM
        out.append(
            Source(path.name, "lute" if path.name in plucked else "piano",
                   part(path.name) if calm else "train", calm, piece)
        )
    return out


def chorales(folder: Path) -> list[Source]:
    """Bach's, the canonical training part in four voices, and synthetic ones after them."""
    frames = []
    real = folder / "jsb" / "Jsb16thSeparated.json"
    if real.exists():
        frames += [
            (f"jsb{i}", np.array(rows))
            for i, rows in enumerate(json.loads(real.read_text())["train"])
        ]
    fake = folder / "jsfakes" / "js-fakes-16thSeparated.npz"
    if fake.exists():       # numpy's own pickles, latin-1
        rows = np.load(fake, allow_pickle=True, encoding="latin1")["pitches"]
        frames += [
            (f"jsfake{i}", np.nan_to_num(np.array(row, float), nan=-1))
            for i, row in enumerate(rows[:200])
        ]
    return [
        Source(name, "chorale", "train", False, Piece(tuple(sorted(voices(rows))), 60.0))
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
            out.append(Source(path.name, "folk", "train", False, Piece(tuple(sorted(notes)), 60.0)))
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
