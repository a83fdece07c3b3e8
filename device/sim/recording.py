"""A recording played through the simulated chips, reading by reading, at its own rate.

`.npz` files with `fs` Hz, and `ppg` (channels, n), `acc_g` (3, n) in g or `acc_raw` uint16 with
g = (raw − 32768) / 4096; other keys are left alone.
"""

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.errors import RecordingError

G = 9.80665                         # m/s²
COUNTS = 1 << 18                    # of the PPG chip
LARGEST = 1e300                     # that a recording may say
# counts: where a PPG without a unit is laid; a finger's 6 % of light
FLOAT_CENTRE, FLOAT_SPAN = 131_072, 8_192
MOST_CHANNELS = 16                  # of light: no chip has more
KEYS = ("fs", "ppg", "acc_g", "acc_raw")
MOST_G = 4.0                        # at rest it is 1: more is m/s², mg, or counts without a centre
APART = 1.0                         # s by which the signals of a file may differ in length
FIFO = 32                           # readings that every chip holds


@dataclass(frozen=True, eq=False)
class Played:
    """What one chip is fed with: a row of `rows` for each reading it takes."""
    rate: float                     # Hz
    rows: np.ndarray                # (n, channels): counts, or m/s²
    after: np.ndarray               # (channels,): what there is when the recording is over
    repeat: bool

    def readings(self, first: int, count: int) -> np.ndarray:
        """(count, channels) from reading `first` on."""
        indices = np.arange(first, first + count)
        if self.repeat:
            return self.rows[indices % len(self.rows)]
        inside = indices < len(self.rows)
        return np.where(
            inside[:, None], self.rows[np.minimum(indices, len(self.rows) - 1)], self.after
        )


@dataclass(frozen=True, eq=False)
class Recording:
    """`ppg` and `motion` are sources for simulated chips; None if the file has no such signal."""
    name: str
    rate: float                     # Hz
    ppg: Played | None  # counts of 18 bit; the file's values are counts * scale + offset
    motion: Played | None           # m/s²
    scale: float = 1.0
    offset: float = 0.0

    @classmethod
    def load(cls, path: Path | str, repeat: bool = True) -> "Recording":
        """Raises RecordingError. With `repeat` it starts over at its end; without, the finger is
        gone then."""
        path = Path(path)
        keys = loaded(path)
        rate = rate_of(path, keys)
        ppg = motion = None
        scale, offset = 1.0, 0.0
        if "ppg" in keys:
            signal = checked(path, "ppg", keys["ppg"])
            rows, scale, offset = counts(signal.T)
            ppg = Played(rate, rows, np.zeros(rows.shape[1], rows.dtype), repeat)
        if key := next((key for key in ("acc_g", "acc_raw") if key in keys), None):
            rows = acceleration(path, key, keys[key])
            motion = Played(rate, rows, rows[-1], repeat)
        if ppg is None and motion is None:
            raise RecordingError(
                f"{path}: has neither ppg nor acc_g nor acc_raw; there is nothing to play"
            )
        return cls(path.stem, rate, ppg, motion, scale, offset)

    @property
    def lacking(self) -> str:
        """What the file has no signal of, and what comes of it; "" where it has both."""
        if self.motion is None:
            return (f"{self.name} has no acceleration: what moves isn't felt, so sleep is judged "
                    "by the heart alone, or not at all")
        if self.ppg is None:
            return f"{self.name} has no ppg: no heart is read, so sleep is judged by movement alone"
        ppg, motion = (len(played.rows) / self.rate for played in (self.ppg, self.motion))
        if abs(ppg - motion) > APART:
            return (f"{self.name} has {ppg:.0f} s of ppg and {motion:.0f} s of acceleration: they "
                    "don't belong together beyond the shorter one's end")
        return ""

    @property
    def seconds(self) -> float:
        return (
            max(len(played.rows) for played in (self.ppg, self.motion) if played is not None)
            / self.rate
        )

    @property
    def tick(self) -> float:
        """s: the FIFOs must be drained at least this often, or readings are lost."""
        return 0.8 * FIFO / self.rate


def loaded(path: Path) -> Mapping[str, np.ndarray]:
    """Its arrays among KEYS, or RecordingError; pickled objects are never read."""
    try:
        with path.open("rb") as raw:
            if not zipfile.is_zipfile(raw):
                raise RecordingError("it is torn or of another kind")
            raw.seek(0)
            with np.load(raw, allow_pickle=False) as file:
                return {key: np.asarray(file[key]) for key in KEYS if key in file.files}
    # Of a torn or foreign file: what zipfile, zlib, struct or Python's tokenizer raise.
    except Exception as trouble:
        said = str(trouble) or type(trouble).__name__
        raise RecordingError(
            f"{path}: can't be read as a recording ({said}); give an .npz with fs, ppg, acc_g"
        ) from trouble


def rate_of(path: Path, keys: Mapping[str, np.ndarray]) -> float:
    """Hz, or RecordingError."""
    said = keys.get("fs", np.zeros(0))
    if said.size != 1 or said.dtype.kind not in "iuf" or not 1 <= said.item() <= 4000:
        raise RecordingError(
            f"{path}: fs is missing or not a rate; it should be one number of Hz, 1 to 4000"
        )
    return float(said.item())


def checked(path: Path, key: str, signal: np.ndarray, channels: int | None = None) -> np.ndarray:
    """(channels, n) numbers, or RecordingError."""
    signal = np.atleast_2d(signal)
    shape = f"({channels or 'channels'}, n)"
    if signal.ndim != 2 or signal.dtype.kind not in "iuf" or signal.size == 0 \
            or channels not in (None, signal.shape[0]):
        raise RecordingError(
            f"{path}: {key} is {signal.dtype} {signal.shape}; it should be numbers {shape}"
        )
    if channels is None and len(signal) > min(MOST_CHANNELS, signal.shape[1]):
        raise RecordingError(
            f"{path}: {key} is {signal.shape}: {len(signal)} channels; it should be numbers "
            f"{shape}, so transpose it"
        )
    if not (np.abs(signal.astype(float)) < LARGEST).any():
        raise RecordingError(f"{path}: {key} has no number in it; leave it out")
    return signal


def acceleration(path: Path, key: str, signal: np.ndarray) -> np.ndarray:
    """(n, 3) m/s², or RecordingError. What is no number stays as it was before: zero would be a
    fall, and felt as movement."""
    rows = checked(path, key, signal, channels=3).T.astype(float)
    known = (np.abs(rows) < LARGEST).all(axis=1)
    if not known.any():
        raise RecordingError(f"{path}: {key} never has all three axes; leave it out")
    before = np.maximum.accumulate(np.where(known, np.arange(len(rows)), np.argmax(known)))
    g = rows[before] if key == "acc_g" else (rows[before] - 32768) / 4096
    usual = float(np.median(np.hypot(np.hypot(g[:, 0], g[:, 1]), g[:, 2])))
    if usual > MOST_G:
        unit = "g" if key == "acc_g" else "uint16 with g = (raw - 32768) / 4096"
        raise RecordingError(
            f"{path}: {key} is {usual:.4g} g for most of the time, and 1 at rest; "
            f"it should be {unit}"
        )
    return g * G


def counts(rows: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Whole counts of 18 bit, (n, channels) int32, and the scale and offset that lead back.

    Whole numbers of 16 bit are left-justified, as an ADC of fewer bits is in the chip, signed ones
    around the middle; so they come back exactly. Others are laid around the middle as a finger's
    light would be. NaN is darkness, and so is what no photodiode counts: its span would overflow.
    """
    least, most = (int(rows.min()), int(rows.max())) if rows.dtype.kind in "iu" else (0, COUNTS)
    if least >= -32768 and most <= 65535:
        middle = 32768 if least < 0 else 0
        if most + middle <= 65535:
            return (rows.astype(np.int32) + middle) * 4, 0.25, -float(middle)
    rows = rows.astype(float)
    finite = np.abs(rows) < LARGEST
    low, high = (rows[finite].min(), rows[finite].max()) if finite.any() else (0.0, 0.0)
    scale = (high - low) / FLOAT_SPAN or 1.0
    offset = (high + low) / 2 - FLOAT_CENTRE * scale
    whole = np.rint((np.where(finite, rows, offset) - offset) / scale)
    return np.clip(whole, 0, COUNTS - 1).astype(np.int32), scale, offset
