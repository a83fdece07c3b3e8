"""Music files → mono sound at one rate; what can't be heard is refused, in words.

Decoding is libsndfile's: WAV, FLAC, Ogg, MP3. Files are opened, never copied or kept.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import Refused
from device.taste.spectrum import RATE

AUDIO = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff")
MIDI = (".mid", ".midi")
LOCKED = (".m4p", ".wma", ".aax", ".aa", ".m4a", ".aac", ".mp4")
WHOLE = 600.0               # s: a longer piece is heard in excerpts
EXCERPTS, EXCERPT = 10, 60.0        # and s
SHORTEST = 8.0              # s: of less nothing can be told
SLOWEST, FASTEST = 8000, 384000     # Hz: at fewer samples music can't be told from a telephone
MOST = 16                   # channels
BLOCK = 65536               # frames at a time
WILD = 4.0                  # times full scale: what is higher is brought down to it
FAINT = 1e-4                # RMS: softer is silence
PART, SILENT = RATE // 10, 1e-3     # samples; of the loudest such part: below is silence
# How other files begin, which somebody may have renamed.
SIGNS = (
    (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"), (b"GIF8", "a picture"),
    (b"BM", "a picture"), (b"II*\0", "a picture"), (b"MM\0*", "a picture"),
    (b"%PDF", "a document"), (b"PK\x03\x04", "an archive"), (b"\x1f\x8b", "an archive"),
    (b"\x7fELF", "a program"), (b"MZ", "a program"),
)


@dataclass(frozen=True, eq=False)
class Piece:
    """What can be heard of a file."""
    sound: np.ndarray       # (n,) at RATE
    seconds: float          # that the whole file lasts, as far as it can be read
    remark: str             # what is odd about it, or ""


def found(paths: list[Path]) -> list[Path]:
    """Every music file of files and folders, by name, and folders that can't be read, which `check`
    refuses. Links to folders aren't followed."""
    out: list[Path] = []
    for path in paths:
        if path.is_dir():
            closed: list[OSError] = []
            out += [Path(folder) / name for folder, _, names in os.walk(path, onerror=closed.append)
                    for name in names if Path(name).suffix.lower() in (*AUDIO, *MIDI, *LOCKED)]
            out += [Path(trouble.filename) for trouble in closed]
        else:
            out.append(path)
    return sorted(set(out))


def read(path: Path) -> Piece:
    """Raises Refused, which says why."""
    import soundfile
    check(path)
    try:
        with quiet(), soundfile.SoundFile(os.fsencode(path)) as file:
            rate, channels, frames = file.samplerate, file.channels, file.frames
            if not SLOWEST <= rate <= FASTEST:
                raise Refused(f"{path.name}: {rate} samples a second are no music to be heard by")
            if channels > MOST:
                raise Refused(f"{path.name}: {channels} channels are too many")
            parts, torn = heard(file)
    except (soundfile.LibsndfileError, RuntimeError, OSError, ValueError) as trouble:
        raise Refused(f"{path.name}: no WAV, FLAC, Ogg or MP3 that can be read, or it is locked"
                      ) from trouble
    sound = np.concatenate([np.zeros(0, np.float32), *parts])
    read = len(sound) / RATE
    if not np.isfinite(sound).all():
        raise Refused(f"{path.name}: some of its samples are not numbers")
    if read < SHORTEST:
        raise Refused(f"{path.name}: only {read:.0f} s can be read; {SHORTEST:.0f} s are needed")
    sound = sound - sound.mean()
    if (peak := float(np.abs(sound).max())) > WILD:
        sound = sound / peak
    if float(sound.std()) < FAINT:
        why = "its channels cancel each other" if cancelling(path) else "is silent"
        raise Refused(f"{path.name}: {why}")
    sound = sounding(sound)
    if len(sound) < SHORTEST * RATE:
        raise Refused(f"{path.name}: sounds for only {len(sound) / RATE:.0f} s; "
                      f"{SHORTEST:.0f} s are needed")
    seconds, torn = frames / rate, torn or cut(path)
    return Piece(sound, seconds, remark(path, seconds, read, torn, channels))


def sounding(sound: np.ndarray) -> np.ndarray:
    """Without the silence before and after it."""
    parts = sound[:len(sound) // PART * PART].reshape(-1, PART)
    power = (parts ** 2).mean(1)
    loud = np.flatnonzero(power > SILENT ** 2 * power.max())
    return sound[loud[0] * PART:(loud[-1] + 1) * PART]


def cancelling(path: Path) -> bool:
    """Whether a silent file has channels that aren't. Raises nothing that wasn't raised before."""
    import soundfile
    with quiet(), soundfile.SoundFile(os.fsencode(path)) as file:
        return any(float(block.std()) >= FAINT
                   for block in file.blocks(BLOCK, frames=int(WHOLE * file.samplerate),
                                            dtype="float32", always_2d=True))


def check(path: Path) -> None:
    """What can be seen from outside. Raises Refused."""
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise Refused(f"{path.name}: is a folder that can't be read")
        if not path.is_file():
            raise Refused(f"{path.name}: is no file")
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as trouble:
        raise Refused(f"{path.name}: can't be read ({trouble.strerror})") from trouble
    if not size:
        raise Refused(f"{path.name}: is empty")
    for sign, what in SIGNS:
        if start.startswith(sign):
            raise Refused(f"{path.name}: is {what}, whatever its name says")
    if start[4:8] == b"ftyp" or path.suffix.lower() in LOCKED:
        raise Refused(f"{path.name}: AAC and protected files aren't read; "
                      "WAV, FLAC, Ogg and MP3 are")


def cut(path: Path) -> bool:
    """Whether a WAV says that it is longer; libsndfile reads what there is, and says nothing."""
    with path.open("rb") as file:
        start = file.read(12)
    said = int.from_bytes(start[4:8], "little")
    # A stream's writer that couldn't go back leaves 0 or the most.
    return (start[:4] == b"RIFF" and start[8:] == b"WAVE" and said not in (0, 2**32 - 1)
            and said + 8 > path.stat().st_size + 1)


def heard(file: Any) -> tuple[list[np.ndarray], bool]:
    """The parts that are listened to, at RATE, and whether the file broke off."""
    import soundfile
    length = file.frames / file.samplerate
    if length <= WHOLE:
        return span(file, 0.0, WHOLE)
    parts: list[np.ndarray] = []
    torn = False
    for start in np.linspace(0.0, length - EXCERPT, EXCERPTS):
        try:
            some, broke = span(file, float(start), EXCERPT)
        except (soundfile.LibsndfileError, RuntimeError):
            some, broke = [], True
        parts, torn = parts + some, torn or broke
    return parts, torn


def span(file: Any, start: float, seconds: float) -> tuple[list[np.ndarray], bool]:
    import soundfile
    import soxr
    if start:
        file.seek(int(start * file.samplerate))
    elif file.seekable():
        file.seek(0)
    stream = soxr.ResampleStream(file.samplerate, RATE, 1, "float32", "HQ")
    wanted, parts, torn = int(seconds * file.samplerate), [], False
    while wanted > 0 and not torn:
        try:
            block = file.read(min(BLOCK, wanted), dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            block, torn = np.zeros((0, 1), np.float32), True
        if not len(block):
            break
        wanted -= len(block)
        parts.append(stream.resample_chunk(np.ascontiguousarray(block.mean(1))))
    parts.append(stream.resample_chunk(np.zeros(0, np.float32), last=True))
    return parts, torn or bool(parts) and not np.isfinite(parts[0]).all()


def remark(path: Path, seconds: float, heard: float, torn: bool, channels: int) -> str:
    told = []
    if torn or heard < min(seconds, WHOLE) - 1.0:
        told.append(f"breaks off after {heard:.0f} s")
    elif seconds > WHOLE:
        told.append(f"lasts {seconds / 60:.0f} min and was heard in {EXCERPTS} excerpts")
    if channels > 2:
        told.append(f"its {channels} channels were heard as one")
    return f"{path.name}: {'; '.join(told)}" if told else ""


@contextmanager
def quiet() -> Iterator[None]:
    """mpg123 inside libsndfile writes its warnings to file descriptor 2, past Python."""
    kept = os.dup(2)
    hole = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(hole, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(hole)
