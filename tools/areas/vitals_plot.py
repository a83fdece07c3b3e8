"""A signal with its beats marked and its quality shaded."""

from pathlib import Path

import matplotlib
import numpy as np

from tools.areas.vitals_files import Heard, Recording

matplotlib.use("Agg")
from matplotlib import pyplot

INK, SHADE, MARK = "#1b2a41", "#7fb7be", "#c44536"


def draw(recording: Recording, heard: Heard, begin: float, seconds: float, out: Path) -> None:
    """Write a PNG of [begin, begin + seconds) s of `recording` and what was said of it."""
    figure, (wave, rate) = pyplot.subplots(2, 1, figsize=(14, 5.5), sharex=True, height_ratios=(3, 1.4),
                                           layout="constrained")
    values = recording.ppg[:, 0] if recording.ppg is not None else recording.motion[:, 2]
    t = np.arange(len(values)) / recording.fs
    shown = (t >= begin) & (t < begin + seconds)
    wave.plot(t[shown], values[shown], color=INK, linewidth=0.8)
    said = [v for v in heard.vitals if begin < v.time <= begin + seconds]
    for vitals in said:
        if vitals.heart_rate:
            wave.axvspan(vitals.time - 1, vitals.time, color=SHADE, alpha=0.6 * vitals.heart_rate.quality, linewidth=0)
    beats = np.array([beat for v in heard.vitals for beat in v.beats if begin <= beat < begin + seconds])
    wave.plot(beats, np.interp(beats, t, values), "o", color=MARK, markersize=3.5, label="beats")
    wave.set_ylabel("light, counts" if recording.ppg is not None else "z, m/s²")
    wave.set_title(f"{recording.name}: signal, beats, quality of the heart rate (shade)", loc="left")
    told = [(v.time, v.heart_rate.value) for v in said if v.heart_rate]
    rate.plot(*np.array(told).reshape(-1, 2).T, ".", color=INK, label="told")
    ends = recording.start_s + recording.win_s
    near = (ends >= begin) & (ends <= begin + seconds)
    rate.plot(ends[near], recording.bpm[near], "_", color=MARK, markersize=9, label="ECG, 8 s before")
    rate.set(xlabel="s", ylabel="/min", xlim=(begin, begin + seconds))
    rate.legend(loc="upper right", frameon=False, ncols=2)
    figure.savefig(out, dpi=90)
    pyplot.close(figure)
