#!/usr/bin/python3
"""Inside the emulated Pi: what a capture of the sound card holds. Fails on silence, on gaps, and
off the scale's pitch.

Level: RMS of its last ten seconds. Gaps: runs of 10 ms of exact zeros in these, or, if "whole" is
said, since it sounds (the device dithers its silence away, so zeros are what the card plays when
nobody writes). Pitch: how far the
strongest partial between 100 and 1000 Hz lies from the nearest note of equal temperament at 440 Hz,
if it stands out from what rain and wind leave there.
"""

import sys

sys.path.insert(0, "/usr/lib/nocturne/python")

import wave

import numpy as np

RATE = 48000
QUIETEST = -75.0            # dBFS
GAP = RATE // 100
CLEAR = 30.0                # dB above the band's median
MISTUNED = 30.0             # cents


def main() -> int:
    with wave.open(sys.argv[1]) as file:
        samples = (
            np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2).mean(1) / 32768
        )
    end = samples[-10 * RATE:]
    level = 10 * np.log10(np.mean(end ** 2) + 1e-20)
    sounding = samples[np.argmax(samples != 0):] if "whole" in sys.argv[2:] else end
    gaps = longest_zeros(sounding)
    spectrum = np.abs(np.fft.rfft(end * np.hanning(len(end))))
    hertz = np.fft.rfftfreq(len(end), 1 / RATE)
    band = (hertz > 100) & (hertz < 1000)
    peak = hertz[band][np.argmax(spectrum[band])]
    note = 12 * np.log2(peak / 440)
    cents = 100 * (note - round(note))
    prominence = 20 * np.log10((spectrum[band].max() + 1e-12) / (np.median(spectrum[band]) + 1e-12))
    print(
        f"{level:.1f} dBFS, strongest {peak:.1f} Hz ({cents:+.0f} cents, {prominence:.0f} dB "
        "clear), longest gap "
        f"{1000 * gaps / RATE:.1f} ms"
    )
    return int(level < QUIETEST or gaps >= GAP or prominence > CLEAR and abs(cents) > MISTUNED)


def longest_zeros(samples: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (samples == 0).astype(int), [0]])))
    lengths = edges[1::2] - edges[::2]
    return int(lengths.max()) if len(lengths) else 0


if __name__ == "__main__":
    sys.exit(main())
