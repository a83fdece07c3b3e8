"""What `tools/calibrate` does: play pink noise, ask what a meter reads, compute the config's line.
"""

import argparse
import sys

import numpy as np

from device.errors import SoundError
from device.sound.loudness import a_gain
from device.sound.settings import RATE, SPEAKERS, Settings, amplitude
from device.sound.wav import to_int16
from kit.options import NOISE

QUIETEST, LOUDEST = NOISE       # dBFS RMS
SECONDS = 20  # of noise before it joins its own start, where its phase agrees


def pink(channels: int = 2, seed: int = 1) -> np.ndarray:
    """(2, n): pink noise, 30 Hz – 16 kHz, RMS 1 in each channel; its end meets its beginning. Of
    one channel both carry the same, or an amplifier that adds them up would play it 3 dB too low.
    """
    random = np.random.default_rng(seed)
    frequencies = np.fft.rfftfreq(SECONDS * RATE, 1 / RATE)
    shape = np.where((frequencies >= 30) & (frequencies <= 16_000),
                     np.maximum(frequencies, 1.0) ** -0.5, 0.0)
    noise = np.fft.irfft(shape * np.exp(2j * np.pi * random.random((channels, len(frequencies)))))
    noise = (noise / noise.std(axis=1, keepdims=True)).astype(np.float32)
    return np.concatenate([noise] * (2 // channels))


def a_level(noise: np.ndarray) -> float:
    """dB of A-weighted RMS, the mean of both channels' power."""
    spectrum = np.abs(np.fft.rfft(noise)) ** 2
    gains = a_gain(np.maximum(np.fft.rfftfreq(noise.shape[1], 1 / RATE), 1.0)) ** 2
    return float(10 * np.log10((spectrum * gains).sum() / spectrum.sum()))


def calibration(reading: float, level: float, weighted: float) -> float:
    """K: dBA at the pillow at an A-weighted level of 0 dBFS, from a `reading` (dBA) of noise at
    `level` dBFS RMS.

    Raises ValueError where the answer can't be a bedside loudspeaker.
    """
    found = reading - (level + weighted)
    Settings(calibration=found)
    return found


def play(noise: np.ndarray, level: float, seconds: float, device: str) -> None:
    from device.sound.player import open_stream

    stream = open_stream(device)
    count = int(seconds * RATE)
    samples = np.tile(noise, (1, -(-count // noise.shape[1])))[:, :count] * amplitude(level)
    edge = min(2 * RATE, count // 2)
    ramp = np.sin(np.linspace(0, np.pi / 2, edge, dtype=np.float32)) ** 2
    samples[:, :edge] *= ramp
    samples[:, -edge:] *= ramp[::-1]
    stream.write(
        np.ascontiguousarray(to_int16(samples.astype(np.float32), np.random.default_rng(1)))
    )
    stream.stop()
    stream.close()


def calibrate(options: argparse.Namespace) -> int:
    """Prints the config's lines; 1 where nothing was measured."""
    noise = pink(SPEAKERS[options.speaker].channels)
    level = min(max(options.level, QUIETEST), LOUDEST)
    weighted = a_level(noise)
    reading = options.reading
    while reading is None:
        print(
            f"pink noise at {level:.0f} dBFS RMS for {options.seconds:.0f} s; read the meter at "
            "the pillow (A, slow)"
        )
        try:
            play(noise, level, options.seconds, options.device)
            answer = input(
                "meter's reading in dBA, + for 5 dB louder, - for quieter, q to quit: "
            ).strip()
        except SoundError as trouble:
            print(f"calibrate: {trouble}", file=sys.stderr)
            return 1
        except (EOFError, KeyboardInterrupt):
            return 1
        if answer == "q":
            return 1
        if answer in ("+", "-"):
            level = min(max(level + (5.0 if answer == "+" else -5.0), QUIETEST), LOUDEST)
            continue
        try:
            reading = float(answer)
        except ValueError:
            print("that is not a number")
    try:
        found = calibration(reading, level, weighted)
    except ValueError as trouble:
        print(
            f"calibrate: {trouble}; measure again at the pillow, away from other noise",
            file=sys.stderr,
        )
        return 1
    print(f'[sound]\nspeaker = "{options.speaker}"')
    print(f"calibration = {found:.1f}    # dBA at the pillow at 0 dBFS, A-weighted")
    return 0
