"""A hundred files that are no music, or not as they should be; each has to be told, none may bring
anything down."""

import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

FINE, REFUSED = "fine", "refused"
HOURS = 10


def tune(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    """(n, channels): a chord that comes and goes."""
    time = np.arange(int(seconds * rate)) / rate
    tones = [np.sin(2 * np.pi * hertz * time) for hertz in (220, 277, 330) if hertz < rate / 2]
    swell = 0.5 + 0.5 * np.cos(2 * np.pi * time)
    return np.tile((0.2 * swell * np.sum(tones, 0))[:, None], (1, channels)).astype(np.float32)


def make(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each file, and whether something can be heard of it (FINE: with a remark or without) or it
    must be REFUSED."""
    rng = np.random.default_rng(5)
    good = {}
    for ending in ("wav", "flac", "ogg", "mp3"):
        good[ending] = folder / f"good.{ending}"
        soundfile.write(good[ending], tune(20, 22050), 22050)
        yield good[ending], FINE
    for ending, whole in ((ending, path.read_bytes()) for ending, path in good.items()):
        for n, share in enumerate((0.0, 0.001, 0.01, 0.1, 0.5, 0.9)):
            yield put(folder / f"cut{n}.{ending}", whole[:int(share * len(whole))]), (
                REFUSED if share <= 0.1 else "")
        for n in range(6):
            torn = bytearray(whole)
            for place in rng.integers(0, len(torn), 40 * (n + 1)):
                torn[place] = rng.integers(256)
            yield put(folder / f"torn{n}.{ending}", bytes(torn)), ""
        yield put(folder / f"noise.{ending}", rng.bytes(20000)), REFUSED
        yield put(folder / f"zeros.{ending}", bytes(20000)), REFUSED
        yield put(folder / f"picture.{ending}", b"\xff\xd8\xff\xe0\0\x10JFIF" + rng.bytes(9000)), (
            REFUSED)
        yield put(folder / f"drawing.{ending}", b"\x89PNG\r\n\x1a\n" + rng.bytes(9000)), REFUSED
        yield put(folder / f"text.{ending}", b"not music at all\n" * 500), REFUSED
        yield put(folder / f"locked.{ending}", b"\0\0\0\x20ftypM4P \0\0\0\0" + rng.bytes(9000)), (
            REFUSED)
    for ending in ("m4p", "wma", "aax", "m4a"):
        yield put(folder / f"locked.{ending}", rng.bytes(9000)), REFUSED
    for rate in (1000, 4000, 11025, 96000, 192000):
        path = folder / f"rate{rate}.wav"
        soundfile.write(path, tune(20, rate), rate)
        yield path, FINE if rate > 8000 else REFUSED
    for channels in (2, 5, 8, 24):
        path = folder / f"channels{channels}.wav"
        soundfile.write(path, tune(12, 22050, channels), 22050)
        yield path, FINE if channels <= 16 else REFUSED
    path = folder / "floats.wav"
    soundfile.write(path, np.full(22050 * 10, np.nan, np.float32), 22050, subtype="FLOAT")
    yield path, REFUSED
    path = folder / "huge.wav"
    soundfile.write(path, 1e30 * tune(10, 22050), 22050, subtype="FLOAT")
    yield path, ""
    for name, sound in (("silence", np.zeros(22050 * 20)), ("click", np.eye(1, 22050 * 20)[0]),
                        ("constant", np.full(22050 * 20, 0.5)), ("short", np.ones(2000))):
        path = folder / f"{name}.wav"
        soundfile.write(path, sound, 22050)
        yield path, REFUSED if name in ("silence", "short") else ""
    yield long(folder / "ten-hours.wav"), FINE
    folder_named = folder / "folder.mp3"
    folder_named.mkdir()
    yield folder_named, REFUSED
    yield folder / "missing.flac", REFUSED
    for n, start in enumerate((b"MThd", b"MThd\0\0\0\6\0\1\0\1\0\x60", b"RIFF", b"")):
        yield put(folder / f"notes{n}.mid", start + rng.bytes(200 * (n < 3))), REFUSED


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def long(path: Path) -> Path:
    """Ten hours at 8 kHz, mostly a hole in the file."""
    rate = 8000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(rate)
        file.setnframes(HOURS * 3600 * rate)
        part = (128 + 100 * tune(60, rate)[:, 0]).astype(np.uint8).tobytes()
        for _ in range(HOURS * 60):
            file.writeframesraw(part)
    return path
