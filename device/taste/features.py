"""A piece's spectrum → what a listener would say of it."""

import math

import numpy as np

from device.taste.spectrum import (
    BINS,
    FRAMES,
    HIGH,
    HOP,
    LONG,
    LOW,
    RATE,
    Spectrum,
    hertz,
    magnitudes,
    tone_table,
)

TONES = np.arange(LOW, HIGH + 1)
AUDIBLE = 0.05              # of the piece's loudest tone: what is quieter is leakage
SILENT = 0.02               # of the piece's loud frames: below it nothing sounds
WAVES = (0.06, 0.25)        # /s: how often waves break on a beach
ENOUGH = 300                # parts of LONG by which noise is judged
FLAT = (100.0, 9000.0)      # Hz: within which noise is judged


def clear(tones: np.ndarray) -> np.ndarray:
    """`tones` (n, m) without what leaks."""
    return np.where(tones >= AUDIBLE * tones.max(), tones, 0.0)


def sounding(tones: np.ndarray) -> np.ndarray:
    """Rows that are no silence."""
    loud = tones.sum(1)
    return loud > SILENT * np.percentile(loud, 95)


def chroma(whole: Spectrum) -> np.ndarray:
    """(12,) that sums to 1: the share of each pitch class, by the root of its strength."""
    weights = (clear(whole.tones) ** 0.5).sum(0)
    total = weights.sum()
    return np.bincount(TONES % 12, weights, 12) / total if total else np.full(12, 1 / 12)


def brightness(whole: Spectrum) -> tuple[float, float]:
    """Spectral centroid and the frequency below which 85 % of the power lies, Hz, of the music
    alone: rain is bright, but it isn't the music."""
    return centre(np.fft.rfftfreq(LONG, 1 / RATE), whole.power)


def timbre(whole: Spectrum) -> tuple[float, float]:
    """The same of the tones as their templates have them: less of the instrument, more of the
    pitch, and what `Listener.family` was trained with."""
    return centre(hertz(BINS), (tone_table()[:, :len(TONES)] @ whole.tones.sum(0)) ** 2)


def centre(lines: np.ndarray, spectrum: np.ndarray) -> tuple[float, float]:
    """Hz, of powers at `lines`: the centroid, and what 85 % lies below."""
    if not spectrum.sum():
        return math.nan, math.nan
    centroid = float((lines * spectrum).sum() / spectrum.sum())
    return centroid, float(lines[np.searchsorted(spectrum.cumsum(), 0.85 * spectrum.sum())])


def roughness(whole: Spectrum) -> float:
    """0..1: share of the sounding tones' pairs, by their strength, that are a minor second, a
    tritone or a major seventh apart, or octaves of these."""
    rows = clear(whole.tones)[sounding(whole.tones)] ** 0.5
    classes = np.array([rows[:, each == TONES % 12].sum(1) for each in range(12)]).T
    pairs = {step: float((classes * np.roll(classes, step, 1)).sum()) for step in range(1, 7)}
    pairs[6] /= 2           # each tritone was met from both ends
    return (pairs[1] + pairs[6]) / max(sum(pairs.values()), 1e-9)


def noise_share(whole: Spectrum) -> float:
    """0..1 of the power."""
    noise, everything = whole.under.sum(0)
    return float(noise / max(everything, 1e-12))


def breaking(whole: Spectrum) -> float:
    """0..1: share of the noise's slow swelling that is at the pace of waves."""
    level = np.log(whole.noises.sum(1) + 1e-6)
    if len(level) < 30 * FRAMES:
        return 0.0
    power = np.abs(np.fft.rfft((level - level.mean()) * np.hanning(len(level)))) ** 2
    pace = np.fft.rfftfreq(len(level), 1 / FRAMES)
    depth = min(float(level.std()), 1.0)
    among = power[(pace >= WAVES[0]) & (pace <= WAVES[1])].sum()
    return depth * float(among / max(power[pace > 0].sum(), 1e-12))


# ---- noise alone ---------------------------------------------------------------------------------

def drops(sound: np.ndarray) -> float:
    """Excess kurtosis of noise whose spectrum was made flat, the median of its parts: 0 if it is
    Gaussian, as a fan's is and as noise is made; drops stand out of it."""
    parts = sound[:len(sound) // LONG * LONG].reshape(-1, LONG)
    parts = parts[::max(1, len(parts) // ENOUGH)]
    window = np.hanning(LONG + 1)[:-1]
    lines = np.fft.rfft(parts * window, axis=1)
    mean = np.sqrt((np.abs(lines) ** 2).mean(0))
    hertz = np.fft.rfftfreq(LONG, 1 / RATE)
    heard = (hertz > FLAT[0]) & (hertz < FLAT[1]) & (mean > 1e-4 * mean.max())
    flat = np.fft.irfft(np.where(heard, lines / np.maximum(mean, 1e-12), 0), axis=1)
    inner = slice(LONG // 4, 3 * LONG // 4)
    flat = flat[:, inner] / window[inner]
    power = (flat ** 2).mean(1)
    full = power > 0
    return float(np.median((flat[full] ** 4).mean(1) / power[full] ** 2)) - 3.0


def filled(sound: np.ndarray) -> float:
    """0..1: the usual level of a tenth of a second against the mean. Clicks leave the time empty.
    """
    size = RATE // 10
    power = (sound[:len(sound) // size * size].reshape(-1, size) ** 2).mean(1)
    return float(np.sqrt(np.median(power) / power.mean()))


def fall(sound: np.ndarray) -> float:
    """By which power of the frequency the noise's power falls: white 0, pink 1, brown 2."""
    power = np.sum([(frames ** 2).sum(0, dtype=float)
                    for frames in magnitudes(sound, LONG, HOP)], 0)
    hertz = np.fft.rfftfreq(LONG, 1 / RATE)
    places = np.digitize(hertz, np.geomspace(*FLAT, 20))
    bands = [power[places == place].mean() for place in range(1, 20)]
    middles = [hertz[places == place].mean() for place in range(1, 20)]
    return -float(np.polyfit(np.log(middles), np.log(np.maximum(bands, 1e-12)), 1)[0])
