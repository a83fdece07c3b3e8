"""What is measured of sound: loudness (BS.1770, EBU), true peak, clicks and gaps, periods, and how
calm it is.

Samples are (2, n) at 48 kHz, full scale ±1.
"""

import math

import numpy as np

from device.sound.filters import BlockFilter, Section, response
from device.sound.loudness import a_sections
from device.sound.settings import RATE

# K-weighting at 48 kHz: ITU-R BS.1770-5, tables 1 and 2.
K_SECTIONS = [
    (1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585),
    (1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621),
]
STEP = RATE // 10           # frames: 100 ms
BLOCK = 4096                # frames
# Hz: A-weighting (dB) and its class 1 limits above and below (IEC 61672-1:2013, table 3)
IEC_61672 = {
    20: (-50.5, 2.0, -2.0),
    25: (-44.7, 2.0, -1.5),
    31.5: (-39.4, 1.5, -1.5),
    40: (-34.6, 1.0, -1.0),
    50: (-30.2, 1.0, -1.0),
    63: (-26.2, 1.0, -1.0),
    80: (-22.5, 1.0, -1.0),
    100: (-19.1, 1.0, -1.0),
    125: (-16.1, 1.0, -1.0),
    160: (-13.4, 1.0, -1.0),
    200: (-10.9, 1.0, -1.0),
    250: (-8.6, 1.0, -1.0),
    315: (-6.6, 1.0, -1.0),
    400: (-4.8, 1.0, -1.0),
    500: (-3.2, 1.0, -1.0),
    630: (-1.9, 1.0, -1.0),
    800: (-0.8, 1.0, -1.0),
    1000: (0.0, 0.7, -0.7),
    1250: (0.6, 1.0, -1.0),
    1600: (1.0, 1.0, -1.0),
    2000: (1.2, 1.0, -1.0),
    2500: (1.3, 1.0, -1.0),
    3150: (1.2, 1.0, -1.0),
    4000: (1.0, 1.0, -1.0),
    5000: (0.5, 1.5, -1.5),
    6300: (-0.1, 1.5, -2.0),
    8000: (-1.1, 1.5, -2.5),
    10000: (-2.5, 2.0, -3.0),
    12500: (-4.3, 2.0, -5.0),
    16000: (-6.6, 2.5, -16.0),
    20000: (-9.3, 3.0, -math.inf),
}


def weighted(samples: np.ndarray, sections: list[Section]) -> np.ndarray:
    """The samples through `sections`."""
    whole = np.zeros((2, -(-samples.shape[1] // BLOCK) * BLOCK), np.float32)
    whole[:, :samples.shape[1]] = samples
    run = BlockFilter(sections, BLOCK)
    for start in range(0, whole.shape[1], BLOCK):
        whole[:, start:start + BLOCK] = run(whole[:, start:start + BLOCK])
    return whole[:, :samples.shape[1]]


def mean_squares(samples: np.ndarray, sections: list[Section], step: int = STEP) -> np.ndarray:
    """(2, n // step) weighted mean squares per channel."""
    frames = samples.shape[1] // step * step
    return (weighted(samples, sections)[:, :frames].reshape(2, -1, step).astype(float) ** 2).mean(
        axis=2
    )


def sliding(power: np.ndarray, steps: int) -> np.ndarray:
    return np.convolve(power, np.ones(steps) / steps, "valid")


def lufs(power: np.ndarray) -> np.ndarray:
    return -0.691 + 10.0 * np.log10(np.maximum(power, 1e-14))


def integrated(samples: np.ndarray) -> float:
    """LUFS, gated (BS.1770-5, annex 1)."""
    power = sliding(mean_squares(samples, K_SECTIONS).sum(axis=0), 4)
    loud = power[lufs(power) > -70.0]
    if not len(loud):
        return -math.inf
    return float(lufs(loud[lufs(loud) > lufs(loud.mean()) - 10.0].mean()))


def short_term(samples: np.ndarray) -> np.ndarray:
    """LUFS over 3 s, ten a second."""
    return lufs(sliding(mean_squares(samples, K_SECTIONS).sum(axis=0), 30))


def loudness_range(short: np.ndarray) -> float:
    """LU (EBU Tech 3342)."""
    loud = short[short > -70.0]
    if not len(loud):
        return 0.0
    gated = loud[loud > 10 * np.log10(np.mean(10 ** (loud / 10))) - 20.0]
    return float(np.percentile(gated, 95) - np.percentile(gated, 10))


def true_peak(samples: np.ndarray) -> float:
    """dBTP, four-fold oversampled; in pieces, so that a night fits."""
    from scipy.signal import resample_poly

    largest = 0.0
    for start in range(0, samples.shape[1], 1 << 20):
        piece = samples[:, max(start - 256, 0):start + (1 << 20) + 256]
        largest = max(largest, float(np.abs(resample_poly(piece, 4, 1, axis=1)).max(initial=0.0)))
    return 20.0 * math.log10(max(largest, 1e-10))


def a_error() -> tuple[float, bool]:
    """Largest deviation (dB) of the device's A filter from the table, and whether all of it is
    within class 1."""
    frequencies = np.array(list(IEC_61672))
    nominal = 1000.0 * 10.0 ** (np.round(10.0 * np.log10(frequencies / 1000.0)) / 10.0)
    got = 20.0 * np.log10(np.abs(response(a_sections(), nominal, RATE)))
    errors = got - np.array([row[0] for row in IEC_61672.values()])
    fits = all(
        low <= error <= high
        for error, (_, high, low) in zip(errors, IEC_61672.values(), strict=True)
    )
    return float(np.abs(errors).max()), fits


def clicks(samples: np.ndarray, least: float = 2.5e-3, times: float = 14.0) -> int:
    """Frames whose second difference stands `times` above the RMS of it in the 43 ms around."""
    bend = np.abs(np.diff(samples, 2, axis=1)).max(axis=0)
    cells = bend[:len(bend) // 2048 * 2048].reshape(-1, 2048)
    floor = np.maximum(times * np.sqrt((cells**2).mean(axis=1, keepdims=True)), least)
    return int((cells > floor).sum())


def gaps(samples: np.ndarray, shortest: int = 48) -> int:
    """Runs of exact silence of 1 ms and more."""
    silent = np.concatenate([[False], ~samples.any(axis=0), [False]])
    edges = np.flatnonzero(np.diff(silent.astype(np.int8)))
    return int((edges[1::2] - edges[0::2] >= shortest).sum())


def envelope(samples: np.ndarray, step: int) -> np.ndarray:
    """RMS of both channels per `step` frames."""
    frames = samples.shape[1] // step * step
    return np.sqrt((samples[:, :frames].reshape(2, -1, step).astype(float) ** 2).mean(axis=(0, 2)))


def periodicity(envelope: np.ndarray, rate: float, shortest: float = 1.0,
                longest: float = 120.0) -> float:
    """Highest peak of the envelope's autocorrelation at lags of `shortest` to `longest` s, where it
    has first fallen to its lowest: a loop of that length would give nearly 1."""
    x = envelope - envelope.mean()
    size = 1 << (2 * len(x) - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(x, size)) ** 2
    correlation = np.fft.irfft(spectrum)[:int(longest * rate)]
    correlation = correlation / correlation[0]
    rising = np.flatnonzero(np.diff(correlation) > 0)
    first = max(int(shortest * rate), int(rising[0]) if len(rising) else len(correlation))
    # What still falls from lag 0 is memory, not a period.
    trough = first + int(np.argmin(correlation[first:first + int(2 * rate) + 1]))
    return float(correlation[trough:].max(initial=0.0))


def spectra(samples: np.ndarray, size: int = 4096) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and (frames, bins) magnitudes of the mid channel, Hann, half overlapped."""
    mid = samples.mean(axis=0)
    frames = np.lib.stride_tricks.sliding_window_view(mid, size)[::size // 2]
    return np.fft.rfftfreq(size, 1 / RATE), np.abs(np.fft.rfft(frames * np.hanning(size), axis=1))


def calm(samples: np.ndarray) -> dict[str, float]:
    """Measures 9 to 12 that a recording can tell (facts/music.md): median centroid and 85 %
    roll-off (Hz, magnitude and power spectra as in librosa), the largest rise of 100 ms over the 2
    s around (dB), SD of short-term loudness and loudness range (LU), true peak (dBTP), and
    fluctuation."""
    frequencies, magnitudes = spectra(samples)
    sums = magnitudes.sum(axis=1)
    heard = sums > sums.max() * 1e-3
    magnitudes, sums = magnitudes[heard], sums[heard]
    centroid = magnitudes @ frequencies / sums
    cumulated = np.cumsum(magnitudes, axis=1)
    rolloff = frequencies[np.argmax(cumulated >= 0.85 * cumulated[:, -1:], axis=1)]
    power = mean_squares(samples, K_SECTIONS).sum(axis=0)
    surround = sliding(power, 20)
    middle = power[10:10 + len(surround)]
    onset = 10.0 * np.log10(np.maximum(middle, 1e-14) / np.maximum(surround, 1e-14))
    short = short_term(samples)
    return {
        "centroid_hz": float(np.median(centroid)),
        "rolloff_hz": float(np.median(rolloff)),
        "onset_db": float(onset.max()),
        "lufs_sd": float(short.std()),
        "lra_lu": loudness_range(short),
        "true_peak_dbtp": true_peak(samples),
        "fluctuation": fluctuation(samples),
    }


def fluctuation(samples: np.ndarray) -> float:
    """Modulation of the envelope at 1–8 Hz, RMS, as a share of its mean."""
    fine = envelope(samples, RATE // 50)
    modulation = np.abs(np.fft.rfft(fine - fine.mean())) ** 2
    bands = np.fft.rfftfreq(len(fine), 0.02)
    return math.sqrt(2.0 * modulation[(bands >= 1) & (bands <= 8)].sum()) / len(fine) / fine.mean()
