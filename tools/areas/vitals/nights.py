"""Semi-synthetic nights: real overnight intervals between beats drive a real beat's shape in real
noise.

No public recording holds a sleeping finger's light or a bed's recoil together with an ECG. So the
intervals are those of people asleep (`rr_ms_<person>_<date>`), the beat shapes are medians over the
rest recordings and the `bcg_*` recording with R peaks, the noise is what those medians leave
unexplained, and breathing is the overnight waveform. Assumed, for want of a recording: 0.02 m/s² of
recoil at the accelerometer, its unexplained part 12 dB below it (awake on a seat, where it was
recorded, it is as strong as the beat), and a body that turns every ten minutes or so.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy import signal

from areas.vitals.data import Recording, load
from device.sleep.movement import GRAVITY

PPG_RATE, BCG_RATE = 50.0, 62.5         # Hz: MAX30102, ADXL355
COUNTS = 2000.0                         # peak to peak of a pulse in MAX30102 counts
RECOIL = 0.02                           # m/s², a beat's greatest recoil
BELOW = 12.0                            # dB: the recoil's noise below its beats
ADXL355_NOISE = 22.5e-6 * GRAVITY * np.sqrt(BCG_RATE / 2)       # m/s² RMS
ADXL355_STEP = 3.9e-6 * GRAVITY         # m/s² per LSB at ±2 g
LIS3DH_NOISE = 220e-6 * GRAVITY * np.sqrt(PPG_RATE / 2)         # m/s² RMS
TURNING = 600.0                         # s between movements, on average
SETTLED = 3600.0                        # s of the night left out before the piece that is used


def nights(data: Path, minutes: float, seed: int = 3) -> Iterator[Recording]:
    """A `night` and a `night_bcg` piece of each person, `minutes` long (0: the whole night)."""
    shapes = [shape for shape in map(pulse_shape, sorted(data.glob("*.npz"))) if shape]
    recoils = [shape for shape in map(recoil_shape, sorted(data.glob("bcg_*.npz"))) if shape]
    breaths = [
        breath for breath in map(breathing, sorted(data.glob("night_*.npz"))) if breath is not None
    ]
    people = set()
    for path in sorted(data.glob("*.npz")):
        with np.load(path, allow_pickle=False) as npz:
            for key in sorted(k for k in npz.files if k.startswith("rr_ms_")):
                person = key.split("_")[2]
                if minutes and person in people:
                    continue
                people.add(person)
                rng = np.random.default_rng([seed, *map(ord, key)])
                beats = beat_times(npz[key], minutes * 60, rng)
                if len(beats) < 100:
                    continue
                name = key.removeprefix("rr_ms_")
                if shapes:
                    yield ppg_night(f"night_{name}", beats, shapes[int(rng.integers(len(shapes)))],
                                    breaths, rng)
                if recoils:
                    yield bcg_night(f"night_bcg_{name}", beats,
                                    recoils[int(rng.integers(len(recoils)))], breaths, rng)


def beat_times(rr_ms: np.ndarray, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Times of beats, s. Intervals that are no heart's (beyond 25 % of the median of 21) become
    that median."""
    rr = rr_ms.astype(float) / 1000
    usual = signal.medfilt(np.clip(rr, 0.35, 2.0), 21)
    rr = np.where(np.abs(rr - usual) > 0.25 * usual, usual, rr)[10:-10]
    times = np.cumsum(rr)
    if seconds:
        latest = max(times[-1] - seconds - 1, 0.0)
        begin = min(SETTLED + rng.uniform(0, 3600), latest)
        times = times[(times >= begin) & (times < begin + seconds)]
    return times - times[0] + 0.5 if len(times) else times


def pulse_shape(path: Path) -> tuple[np.ndarray, np.ndarray, float] | None:
    """A rest recording's median pulse from foot to foot, 0..1, its noise in the same unit, and
    their rate."""
    recording = load(path)
    if (
        recording is None
        or recording.group != "rest"
        or recording.beats_s is None
        or len(recording.beats_s) < 60
    ):
        return None
    fs, x = recording.fs, recording.ppg[:, 0]
    smooth = signal.sosfiltfilt(
        signal.butter(2, [0.4, min(15, 0.4 * fs)], "bandpass", fs=fs, output="sos"), x
    )
    beats = recording.beats_s
    period = float(np.median(np.diff(beats)))
    steep, reach = np.gradient(smooth), int(0.6 * fs)
    slopes = np.median(
        [steep[int(b * fs) : int(b * fs) + reach] for b in beats if int(b * fs) + reach < len(x)],
        axis=0)
    foot = int(np.argmax(slopes)) - int(0.1 * fs)
    length = int(period * fs)
    pieces = [smooth[int(b * fs) + foot:int(b * fs) + foot + length] for b in beats
              if int(b * fs) + foot >= 0 and int(b * fs) + foot + length < len(x)]
    shape = np.median(pieces, axis=0)
    shape = shape - np.linspace(shape[0], shape[-1], length)
    size = np.ptp(shape)
    left = [piece - np.median(pieces, axis=0) for piece in pieces]
    loud = np.array([np.std(piece) for piece in left])
    noise = np.concatenate(
        [piece for piece, std in zip(left, loud, strict=True) if std < 2 * np.median(loud)]
    )
    return shape / size, noise / size, fs


def recoil_shape(path: Path) -> tuple[np.ndarray, np.ndarray, float] | None:
    """A ballistocardiogram's median beat, its greatest value 1, and what of it that leaves, 12 dB
    below."""
    with np.load(path, allow_pickle=False) as npz:
        if "bcg" not in npz.files or "rpeak_s" not in npz.files or len(npz["rpeak_s"]) < 15:
            return None
        x, beats, fs = npz["bcg"].astype(float), npz["rpeak_s"].astype(float), float(npz["fs"])
    x = signal.sosfiltfilt(signal.butter(3, [2, 15], "bandpass", fs=fs, output="sos"), x)
    length = int(0.8 * fs)
    pieces = np.array(
        [x[int(b * fs) : int(b * fs) + length] for b in beats if int(b * fs) + length < len(x)]
    )
    shape = np.median(pieces, axis=0) * signal.windows.tukey(length, 0.3)
    noise = (pieces - np.median(pieces, axis=0)).ravel()
    shape /= np.abs(shape).max()
    noise *= np.sqrt(np.mean(shape**2)) / noise.std() * 10 ** (-BELOW / 20)
    return shape, noise, fs


def breathing(path: Path) -> tuple[np.ndarray, float] | None:
    """An overnight breathing waveform, about −1..1, and its rate."""
    with np.load(path, allow_pickle=False) as npz:
        if "resp" not in npz.files or "t0_ms" not in npz.files:
            return None
        x, fs = npz["resp"].astype(float), float(npz["fs"])
    x = signal.sosfiltfilt(signal.butter(2, [0.08, 0.8], "bandpass", fs=fs, output="sos"), x)
    return np.clip(x / (2 * np.median(np.abs(x)) + 1e-9), -2, 2) / 2, fs


def ppg_night(name: str, beats: np.ndarray, shape: tuple, breaths: list,
              rng: np.random.Generator) -> Recording:
    t = np.arange(int(beats[-1] * PPG_RATE)) / PPG_RATE
    pulse, noise, fs = shape
    whole, fixed = len(pulse) / fs, 0.35 * len(pulse) / fs
    place = np.clip(np.searchsorted(beats, t, "right") - 1, 0, len(beats) - 2)
    since = np.maximum(t - beats[place], 0.0)
    stretch = np.maximum(np.diff(beats)[place] - fixed, 0.05) / (whole - fixed)
    within = np.where(since < fixed, since, fixed + (since - fixed) / stretch)
    breath = breath_at(t, breaths, rng)
    wave = np.interp(within, np.arange(len(pulse)) / fs, pulse) * (1 + 0.1 * breath) + 0.3 * breath
    wave += strewn(noise, fs, t, rng)
    motion = LIS3DH_NOISE * rng.standard_normal((len(t), 3)) + upright(t)
    for push, swing in turns(t, PPG_RATE, rng):
        motion[push] += swing
        wave[push] += 3 * swing @ rng.normal(0, 1, 3)
    counts = np.column_stack([level + part * COUNTS * wave + rng.normal(0, 8, len(t))
                              for level, part in ((122500, 0.5), (143000, 1.0))])
    return with_truth(Recording(name, PPG_RATE, np.round(counts), motion, group="night"), beats)


def bcg_night(name: str, beats: np.ndarray, shape: tuple, breaths: list,
              rng: np.random.Generator) -> Recording:
    t = np.arange(int(beats[-1] * BCG_RATE)) / BCG_RATE
    ring, noise, fs = shape
    wave = np.zeros(len(t))
    reach = int(len(ring) / fs * BCG_RATE) + 1
    for beat, size in zip(beats, 1 + 0.15 * rng.standard_normal(len(beats)), strict=True):
        first = int(np.ceil(beat * BCG_RATE))
        at = np.arange(first, min(first + reach, len(t)))
        wave[at] += size * np.interp(at / BCG_RATE - beat, np.arange(len(ring)) / fs, ring,
                                     right=0.0)
    breath = breath_at(t, breaths, rng)
    wave = wave * (1 + 0.15 * breath) + strewn(noise, fs, t, rng)
    motion = RECOIL * np.outer(wave, [0.35, 0.2, 1.0]) + 0.02 * np.outer(breath, [1.0, 0.5, 0.1])
    motion += ADXL355_NOISE * rng.standard_normal(motion.shape) + upright(t)
    for push, swing in turns(t, BCG_RATE, rng):
        motion[push] += swing
    motion = np.round(motion / ADXL355_STEP) * ADXL355_STEP
    return with_truth(Recording(name, BCG_RATE, None, motion, resp=breath, group="night_bcg"),
                      beats)


def with_truth(recording: Recording, beats: np.ndarray, step: float = 2.0,
               width: float = 8.0) -> Recording:
    """The same with reference windows of `width` s: 60 over the mean interval between their beats.
    """
    starts = np.arange(0, recording.seconds - width, step)
    first, last = np.searchsorted(beats, starts), np.searchsorted(beats, starts + width) - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        bpm = np.where(last - first >= 2, 60 * (last - first) / (beats[last] - beats[first]),
                       np.nan)
    return Recording(recording.name, recording.fs, recording.ppg, recording.motion, start_s=starts,
                     bpm=bpm, win_s=width, beats_s=beats, resp=recording.resp,
                     group=recording.group)


def breath_at(t: np.ndarray, breaths: list, rng: np.random.Generator) -> np.ndarray:
    if not breaths:
        return np.sin(2 * np.pi * 0.24 * t)
    x, fs = breaths[int(rng.integers(len(breaths)))]
    begin = rng.uniform(1800, max(len(x) / fs - t[-1] - 60, 1801))
    return np.interp(begin + t, np.arange(len(x)) / fs, x)


def strewn(noise: np.ndarray, fs: float, t: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pieces of 4 s of the noise at random places, overlapped by half so that their power stays
    even."""
    rate = 1 / (t[1] - t[0])
    size = int(4 * rate)
    fade = np.sin(np.pi * (np.arange(size) + 0.5) / size)
    out = np.zeros(len(t) + 2 * size)
    times = np.arange(len(noise)) / fs
    for begin in range(0, len(t) + size, size // 2):
        at = rng.uniform(0, max(times[-1] - 4.0, 0.0))
        out[begin:begin + size] += fade * np.interp(at + np.arange(size) / rate, times, noise)
    return out[size // 2:size // 2 + len(t)]


def upright(t: np.ndarray) -> np.ndarray:
    return np.tile([0.3, -0.2, GRAVITY], (len(t), 1))


def turns(t: np.ndarray, rate: float,
          rng: np.random.Generator) -> Iterator[tuple[slice, np.ndarray]]:
    """Movements of 2–8 s: where, and the acceleration (n, 3) m/s² on top."""
    begin = rng.exponential(TURNING)
    while begin < t[-1] - 10:
        n = int(rng.uniform(2, 8) * rate)
        sos = signal.butter(2, 3.0, fs=rate, output="sos")
        swing = signal.sosfilt(sos, rng.normal(0, 3, (n, 3)), axis=0) * np.hanning(n)[:, None]
        yield slice(int(begin * rate), int(begin * rate) + n), swing
        begin += rng.exponential(TURNING)
