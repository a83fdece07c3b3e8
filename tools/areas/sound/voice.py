"""What single notes measure like, beside instruments."""

import numpy as np

from areas.sound.measures import envelope
from areas.sound.render import MONITOR, note
from device.sound.engine import Engine
from device.sound.settings import RATE, Settings
from device.values import Note, Phrase, Scene

HELD = 40.0                 # s of a pad
LEVEL = RATE // 20          # frames of a level's step: 50 ms
SETTLED = 45.0              # s until the room is full and the level found
# of partial 6 re six times the first: a grand's, measured on recordings of its C3 and C5
STRINGS = {48: 1.0013, 72: 1.017}
STRUCK = 4.0                # s into `note` at which it begins


def measure() -> dict[str, float]:
    swings, repeats = zip(*(steadiness(held(pitch)) for pitch in (48, 55, 60, 67)), strict=True)
    figures = {
        "voice.pad.swing_db": max(swings),
        "voice.pad.repeats": max(repeats),
        "voice.bell.rise_ms": attack("bell"),
    }
    figures["voice.piano.attack_db"] = float(np.mean([noise(pitch) for pitch in (48, 60, 72)]))
    for name, pitch in (("c3", 48), ("c5", 72)):
        stretched = stretch(note("piano", pitch), pitch)
        figures[f"voice.piano.stretch_{name}"] = stretched
        figures[f"voice.piano.stretch_{name}_error"] = abs(
            (stretched - 1.0) / (STRINGS[pitch] - 1.0) - 1.0
        )
    figures["voice.piano.decay_early_db_s"], figures["voice.piano.decay_late_db_s"] = decays(60)
    return figures


def attack(voice: str) -> float:
    """ms from a tenth to nine tenths of the first 4 s' greatest level of a note."""
    wave = envelope(note(voice)[:, 3 * RATE:8 * RATE], RATE // 200)
    smooth = np.convolve(wave, np.ones(3) / 3, "same")
    top = int(np.argmax(smooth))
    start, end = (int(np.argmax(smooth[:top + 1] >= share * smooth[top])) for share in (0.1, 0.9))
    return 5.0 * (end - start)


def held(pitch: int) -> np.ndarray:
    """(2, n): a pad once it and its room have settled."""
    engine = Engine(Settings(monitor=MONITOR, speaker="pair"))
    engine.scene(Scene({}, 1.0, 0.4, 0.0, 2.0))
    engine.phrase(Phrase(90.0, (Note(0.0, pitch, SETTLED + HELD, 0.7, "pad"),)), 0)
    count = int((SETTLED + HELD) * RATE / engine.block)
    sound = np.concatenate([engine.render().samples for _ in range(count)], axis=1)
    return sound[:, int(SETTLED * RATE):]


def steadiness(samples: np.ndarray) -> tuple[float, float]:
    """dB from the lowest to the highest level of 50 ms; and the highest autocorrelation of that
    level, its mean removed, at lags from 1 s to half the length."""
    level = envelope(samples, LEVEL)
    away = level - level.mean()
    correlation = np.correlate(away, away, "full")[len(away) - 1:] / (away @ away)
    return (
        float(20.0 * np.log10(level.max() / level.min())),
        float(correlation[20:len(away) // 2].max()),
    )


def noise(pitch: int) -> float:
    """dB: what isn't within 3 % of a harmonic, re what is, in the first 100 ms of a piano note."""
    sound = note("piano", pitch).mean(axis=0)
    start = onset(sound)
    piece = sound[start:start + RATE // 10]
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 1 << 16)) ** 2
    frequencies = np.fft.rfftfreq(1 << 16, 1 / RATE)
    first = 440.0 * 2.0 ** ((pitch - 69) / 12)
    number = np.maximum(np.round(frequencies / first), 1.0)
    # the window's own width, or the string's stretch
    near = np.abs(frequencies - number * first) < np.maximum(0.03 * number * first, 20.0)
    return float(10.0 * np.log10(spectrum[~near].sum() / spectrum[near].sum()))


def onset(sound: np.ndarray) -> int:
    loud = np.abs(sound) > 0.02 * np.abs(sound).max()
    return int(np.argmax(loud))


def stretch(samples: np.ndarray, pitch: int) -> float:
    """Frequency of partial 6 re six times partial 1's."""
    sound = samples.mean(axis=0)[int((STRUCK + 0.1) * RATE):int((STRUCK + 5.1) * RATE)]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 19))
    step = RATE / (1 << 19)
    first = 440.0 * 2.0 ** ((pitch - 69) / 12)

    def peak(around: float) -> float:
        """Hz, between two bins where a parabola through three has its top."""
        low, high = int(0.99 * around / step), int(1.03 * around / step)
        at = low + int(np.argmax(spectrum[low:high]))
        before, top, after = np.log(spectrum[at - 1:at + 2])
        return (at + 0.5 * (before - after) / (before - 2.0 * top + after)) * step

    return peak(6.0 * first) / (6.0 * peak(first))


def decays(pitch: int) -> tuple[float, float]:
    """dB/s of a piano note of 6 s: from .1 to .6 s, and from 2.5 to 5.5 s."""
    level = 20.0 * np.log10(envelope(note("piano", pitch), LEVEL) + 1e-9)
    at = int(STRUCK * 20)
    early, late = level[at + 2:at + 13], level[at + 50:at + 110]
    return tuple(float(-np.polyfit(np.arange(len(part)) / 20, part, 1)[0])
                 for part in (early, late))
