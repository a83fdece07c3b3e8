"""The room: how soon it is dense, how smooth it fades, how long it rings, and that it holds pitch.
"""

import numpy as np

from device.sound.grain_pools import band
from device.sound.reverb import LONGEST, Reverb
from device.sound.settings import MUSIC_RATE

WINDOW = 0.02               # s: of the echo density, and of the late frames
GAUSSIAN = 0.3173           # share of a Gaussian beyond one standard deviation
LATE = (0.3, 1.0)           # s


def measure() -> dict[str, float]:
    """Of the recommended build's room, one channel, and of a pair's, whichever is worse."""
    waves = [wave for channels in (1, 2) for wave in impulse_response(channels, 2.0)]
    densities = [echo_density(wave) for wave in waves]
    return {
        "reverb.density_50ms": min(float(density[50]) for density in densities),
        "reverb.dense_by_ms": max(float(np.argmax(density >= 0.9)) for density in densities),
        "reverb.late_kurtosis": max(late_kurtosis(wave) for wave in waves),
        "reverb.rt60_s": rt60(),
        "reverb.wobble_cents": wobble(),
    }


def impulse_response(channels: int, seconds: float) -> np.ndarray:
    """(channels, n) at the music's rate: of an impulse in all channels."""
    room, impulse = Reverb(channels), np.zeros((channels, LONGEST), np.float32)
    impulse[:, 0] = 1.0
    silence = np.zeros_like(impulse)
    parts = [room(impulse)] + [room(silence) for _ in range(int(seconds * MUSIC_RATE / LONGEST))]
    return np.concatenate(parts, axis=1)


def echo_density(wave: np.ndarray, until: float = 0.4) -> np.ndarray:
    """Each ms: the share of samples beyond the standard deviation of a Hann window around, re a
    Gaussian's (Abel & Huang 2006)."""
    half = int(WINDOW / 2 * MUSIC_RATE)
    window = np.hanning(2 * half + 3)[1:-1]
    padded = np.concatenate([np.zeros(half), wave])
    found = []
    for ms in range(int(until * 1000)):
        start = ms * MUSIC_RATE // 1000
        piece = padded[start:start + len(window)]
        weight = window * (np.arange(start - half, start + half + 1) >= 0)
        weight = weight / weight.sum()
        found.append(weight @ (np.abs(piece) > np.sqrt(weight @ piece**2)) / GAUSSIAN)
    return np.array(found)


def late_kurtosis(wave: np.ndarray) -> float:
    """Mean over frames of 20 ms, the decay taken out; a Gaussian has 3."""
    size = int(WINDOW * MUSIC_RATE)
    start, end = (int(second * MUSIC_RATE) // size for second in LATE)
    frames = wave[start * size:end * size].reshape(-1, size).astype(float)
    level = 0.5 * np.log((frames**2).mean(axis=1))
    times = np.arange(len(frames))
    flat = frames.ravel() / np.exp(np.interp(np.arange(frames.size) / size,
                                             times + 0.5, np.polyval(np.polyfit(times, level, 1),
                                                                     times)))
    away = flat.reshape(-1, size)
    away = away - away.mean(axis=1, keepdims=True)
    return float(((away**4).mean(axis=1) / (away**2).mean(axis=1) ** 2).mean())


def rt60() -> float:
    """s: of the room around 500–1000 Hz, from the slope of Schroeder's backward integral between −5
    and −35 dB."""
    wave = impulse_response(2, 12.0)[0]
    spectrum = np.fft.rfft(wave)
    frequencies = np.fft.rfftfreq(len(wave), 1 / MUSIC_RATE)
    # a bell, since a brick wall would ring longer than the room
    spectrum *= band(frequencies, 707.0, 0.4)
    energy = np.cumsum((np.fft.irfft(spectrum, len(wave)) ** 2)[::-1])[::-1]
    decay = 10.0 * np.log10(energy / energy[0] + 1e-12)
    start, end = int(np.argmax(decay < -5)), int(np.argmax(decay < -35))
    return 2.0 * (end - start) / MUSIC_RATE


def wobble(hertz: float = 440.0, seconds: float = 20.0) -> float:
    """Cents: SD of the pitch of a steady tone in the room, over frames of 0.1 s."""
    room, at = Reverb(1), 0
    beat = []
    while at < seconds * MUSIC_RATE:
        time = (at + np.arange(LONGEST)) / MUSIC_RATE
        heard = room(np.sin(2 * np.pi * hertz * time).astype(np.float32)[None])[0]
        beat.append(heard * np.exp(-2j * np.pi * hertz * time))
        at += LONGEST
    step = MUSIC_RATE // 10
    slow = np.concatenate(beat)[6 * MUSIC_RATE:]
    slow = slow[:len(slow) // step * step].reshape(-1, step).mean(axis=1)
    turned = np.angle(slow[1:] / slow[:-1]) / (2 * np.pi * 0.1)      # Hz
    return float(1200 * np.log2(1.0 + turned / hertz).std())
