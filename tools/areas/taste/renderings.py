"""Pieces of a music folder whose tempo, key and notes are written down, rendered by FluidSynth on
several instruments, with rain 6 dB below them.

A piece belongs to the tuning or to the judging half by the hash of its name; nothing is ever fitted
on the judging half. Lead sheets (openewld_pd) and chorales (music21_bach) get a tempo by the same
hash; Mutopia's pieces (mutopia_calm) have their own, and are taken where it never changes.
"""

import csv
import hashlib
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import mido
import numpy as np

from training.composer.data import STEPS, sheet_notes

SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
RATE = 22050
SECONDS = 75.0              # of a piece that are rendered
LEAST = 25.0                # s that it must last
TEMPI = (54.0, 112.0)       # /min, of pieces that are written without one
SLOWEST = 120.0             # s that a rendering may take
RAIN = -6.0                 # dB re the music's power
# General MIDI programs, by the family that an ear would name
FAMILIES = {
    "struck": (0, 4, 11, 12), "plucked": (24, 25, 46, 105), "sustained": (42, 48, 19, 73, 89),
    "voice": (52, 53),
}
FAMILY = {program: family for family, programs in FAMILIES.items() for program in programs}
PROGRAMS = tuple(FAMILY)
Sounding = tuple[float, float, int, float]      # start and duration in quarters, MIDI, 0..1


@dataclass(frozen=True)
class Piece:
    name: str
    notes: tuple[Sounding, ...]
    qpm: float
    tonic: int                  # pitch class
    minor: bool
    program: int

    @property
    def judging(self) -> bool:
        return digest(self.name, "half") % 2 == 1

    def sounded(self) -> np.ndarray:
        """(n, 3): start and end in s and MIDI pitch of what is rendered."""
        beat = 60 / self.qpm
        rows = [(start * beat, min((start + long) * beat, SECONDS), pitch)
                for start, long, pitch, _ in self.notes if start * beat < SECONDS - 0.2]
        return np.array(sorted(rows))


def digest(name: str, what: str) -> int:
    return int(hashlib.sha256(f"nocturne taste {what} {name}".encode()).hexdigest()[:12], 16)


def pieces(folder: Path) -> list[Piece]:
    """Every piece of known tempo and key under `folder`, in an order that is nobody's."""
    found = [*sheets(folder / "openewld_pd"), *chorales(folder / "music21_bach"),
             *midi(folder / "mutopia_calm")]
    whole = [piece for piece in found
             if piece.notes and max(s + d for s, d, *_ in piece.notes) * 60 / piece.qpm >= LEAST]
    return sorted(whole, key=lambda piece: digest(piece.name, "order"))


def made(name: str, notes: list, tonic: int, minor: bool, qpm: float | None = None) -> Piece:
    share = digest(name, "tempo") % 1000 / 1000
    qpm = qpm or round(TEMPI[0] * (TEMPI[1] / TEMPI[0]) ** share, 1)
    program = PROGRAMS[digest(name, "program") % len(PROGRAMS)]
    return Piece(name, tuple(sorted(notes)), qpm, tonic, minor, program)


def parsed(path: Path) -> ElementTree.Element | None:
    try:
        with zipfile.ZipFile(path) as archive:
            name = next(name for name in archive.namelist()
                        if not name.startswith("META-INF") and name.endswith(("xml", "musicxml")))
            return ElementTree.fromstring(archive.read(name))
    except (zipfile.BadZipFile, ElementTree.ParseError, StopIteration):
        return None


def sheets(folder: Path) -> Iterator[Piece]:
    index = folder / "index.csv"
    if not index.exists():
        return
    with index.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        key = (row["tonality"] or "").replace("-", "b").split()
        if len(key) != 2 or key[1] not in ("major", "minor"):
            continue
        root = parsed(folder / row["file"])
        if root is None:
            continue
        tonic = pitch_class(key[0])
        yield made(row["file"], sheet_notes(root), tonic, key[1] == "minor")


def pitch_class(name: str) -> int:
    return (STEPS[name[0].upper()] + name.count("#") - name.count("b")) % 12


def chorales(folder: Path) -> Iterator[Piece]:
    for path in sorted(folder.glob("*.mxl")):
        root = parsed(path)
        keys = set() if root is None else {
            (int(key.findtext("fifths")), key.findtext("mode")) for key in root.iter("key")}
        if len(keys) != 1:
            continue
        fifths, mode = keys.pop()
        if mode not in ("major", "minor"):
            continue
        tonic = (7 * fifths + (9 if mode == "minor" else 0)) % 12
        notes = [note for part in root.iter("part") for note in part_notes(part)]
        yield made(path.name, notes, tonic, mode == "minor")


def part_notes(part: ElementTree.Element) -> list[Sounding]:
    now, last, divisions, notes = 0.0, 0.0, 1, []
    for element in (child for measure in part.iter("measure") for child in measure):
        if element.tag == "attributes" and element.find("divisions") is not None:
            divisions = int(element.findtext("divisions"))
        long = float(element.findtext("duration") or 0) / divisions
        if element.tag in ("backup", "forward"):
            now += long if element.tag == "forward" else -long
        elif element.tag == "note":
            start, pitch = last if element.find("chord") is not None else now, element.find("pitch")
            if pitch is not None and long > 0:
                alter = int(float(pitch.findtext("alter") or 0))
                step = STEPS[pitch.findtext("step")] + alter
                notes.append((start, long, 12 * (int(pitch.findtext("octave")) + 1) + step, 0.55))
            last, now = start, start + long
    return notes


def midi(folder: Path) -> Iterator[Piece]:
    from device.compose.midi import read
    from device.errors import Refused
    for path in sorted(folder.rglob("*.mid")):
        try:
            file, piece = mido.MidiFile(path, clip=True), read(path)
        except (Refused, OSError, EOFError, ValueError):
            continue
        messages = [message for track in file.tracks for message in track]
        keys = {message.key for message in messages if message.type == "key_signature"}
        tempi = {message.tempo for message in messages if message.type == "set_tempo"}
        if len(keys) == len(tempi) == 1:
            key = keys.pop()
            yield made(path.name, list(piece.notes), pitch_class(key.rstrip("m")),
                       key.endswith("m"), piece.qpm)


# ---- sound ---------------------------------------------------------------------------------------

def render(piece: Piece, folder: Path) -> np.ndarray:
    """(n,) mono at RATE, dry; kept in `folder`."""
    import soundfile
    kept = folder / f"{digest(piece.name, 'file'):012x}-{piece.program}.flac"
    if not kept.exists():
        score, whole = kept.with_suffix(".mid"), kept.with_suffix(".wav")
        write(piece, score)
        subprocess.run(["fluidsynth", "-niq", "-g", "0.6", "-r", str(RATE), "-F", str(whole),
                        str(SOUNDFONT), str(score)], check=True, timeout=SLOWEST,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        sound, _ = soundfile.read(whole, dtype="float32")
        soundfile.write(kept, sound.mean(1)[:int(SECONDS * RATE)], RATE)
        whole.unlink()
        score.unlink()
    return soundfile.read(kept, dtype="float32")[0]


def write(piece: Piece, path: Path) -> None:
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack([
        mido.MetaMessage("set_tempo", tempo=round(60e6 / piece.qpm), time=0),
        mido.Message("program_change", program=piece.program, time=0)])
    last = SECONDS * piece.qpm / 60
    events = []
    for start, long, pitch, velocity in piece.notes:
        if start < last:
            began = round(480 * start)
            events.append((began, 1, pitch, velocity))
            ends = round(480 * min(start + 0.97 * long, last))
            events.append((max(ends, began + 1), 0, pitch, 0))
    now = 0
    for time, on, pitch, velocity in sorted(events):
        loud = max(1, min(127, round(127 * velocity))) if on else 0
        track.append(mido.Message("note_on", note=pitch, velocity=loud, time=time - now))
        now = time
    # A tone that is left sounding would be rendered for ever.
    track.append(mido.Message("control_change", control=120, value=0, time=960))
    file.tracks.append(track)
    file.save(path)


def rain(seed: int, count: int) -> np.ndarray:
    """(count,) of noise and drops, unlike the device's own: a bed by its spectrum's slope, and
    Poisson drops that ring."""
    rng = np.random.default_rng(seed)
    slope, rate = rng.uniform(0.3, 1.1), rng.uniform(30, 300)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    spectrum *= (np.maximum(hertz, 60) / 1000) ** -slope * (hertz > 60)
    bed = np.fft.irfft(spectrum, count)
    drops = np.zeros(count)
    places = rng.integers(0, count, int(rate * count / RATE))
    drops[places] = rng.lognormal(0, 0.8, len(places)) * rng.choice([-1, 1], len(places))
    ring = np.exp(-np.arange(600) / rng.uniform(20, 120)) * np.sin(
        2 * np.pi * rng.uniform(900, 5000) / RATE * np.arange(600))
    drops = np.convolve(drops, ring)[:count]
    return bed / bed.std() + rng.uniform(0.2, 1.0) * drops / drops.std()


def sea(seed: int, count: int) -> np.ndarray:
    """(count,) of noise that swells like waves on a beach, at 5 to 14 s."""
    rng = np.random.default_rng(seed)
    bed = rain(seed, count)
    seconds = np.arange(count) / RATE
    phase = np.cumsum(1 / rng.uniform(5, 14, 64)) % 1
    swell = np.interp(seconds, np.linspace(0, seconds[-1], 64), phase, period=None)
    period = rng.uniform(5, 14)
    swell = 0.5 + 0.5 * np.sin(2 * np.pi * (seconds / period + 0.1 * swell))
    return bed * (0.1 + swell ** 2)


def mixed(music: np.ndarray, seed: int, level: float = RAIN) -> np.ndarray:
    """With rain `level` dB re the music's power."""
    noise = rain(seed, len(music))
    noise *= music.std() / noise.std() * 10 ** (level / 20)
    both = music + noise
    return (both * min(1.0, 0.9 / np.abs(both).max())).astype(np.float32)
