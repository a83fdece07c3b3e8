"""A recording played through the simulated chips, reading by reading, at its own rate.

`.npz` files with `fs` Hz, and `ppg` (channels, n), `acc_g` (3, n) in g or `acc_raw` uint16 with
g = (raw − 32768) / 4096; other keys are left alone.
"""

import zipfile
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
        try:
            with np.load(path, allow_pickle=False) as file:
                keys = {
                    key: file[key] for key in ("fs", "ppg", "acc_g", "acc_raw") if key in file.files
                }
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as trouble:
            raise RecordingError(
                f"{path}: can't be read as a recording ({trouble}); "
                "give an .npz with fs, ppg, acc_g"
            ) from trouble
        rate = float(keys["fs"]) if "fs" in keys and keys["fs"].size == 1 else float("nan")
        if not 1 <= rate <= 4000:
            raise RecordingError(
                f"{path}: fs is missing or not a rate; it should be one number of Hz, 1 to 4000"
            )
        ppg = motion = None
        scale, offset = 1.0, 0.0
        if "ppg" in keys:
            signal = checked(path, "ppg", keys["ppg"])
            rows, scale, offset = counts(signal.T)
            ppg = Played(rate, rows, np.zeros(rows.shape[1], rows.dtype), repeat)
        if "acc_g" in keys:
            rows = checked(path, "acc_g", keys["acc_g"], channels=3).T.astype(float) * G
            motion = Played(rate, np.nan_to_num(rows, posinf=0, neginf=0), rows[-1], repeat)
        elif "acc_raw" in keys:
            rows = (
                (checked(path, "acc_raw", keys["acc_raw"], channels=3).T.astype(float) - 32768)
                / 4096
                * G
            )
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


def checked(path: Path, key: str, signal: np.ndarray, channels: int | None = None) -> np.ndarray:
    """(channels, n) numbers, or RecordingError."""
    signal = np.atleast_2d(signal)
    shape = f"({channels or 'channels'}, n)"
    if signal.ndim != 2 or signal.dtype.kind not in "iuf" or signal.shape[1] == 0 \
            or channels not in (None, signal.shape[0]):
        raise RecordingError(
            f"{path}: {key} is {signal.dtype} {signal.shape}; it should be numbers {shape}"
        )
    if len(signal) > MOST_CHANNELS:
        raise RecordingError(
            f"{path}: {key} is {signal.shape}: {len(signal)} channels; it should be numbers "
            f"{shape}, so transpose it"
        )
    return signal


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
