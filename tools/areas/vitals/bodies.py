"""Bodies whose hearts differ from the plain: slow, fast, uneven, paced; felt by light and through a
bed, with nobody's movement to help. Synthetic, all of it: pulses and recoils at known beats."""

from collections.abc import Iterator

import numpy as np

from areas.vitals.data import Heard, Recording, play
from areas.vitals.nights import ADXL355_NOISE, ADXL355_STEP, BCG_RATE, PPG_RATE
from areas.vitals.options import DRAWS
from device.sleep.movement import GRAVITY

RATES = (32, 36, 40, 50, 62, 75, 90, 103, 115, 130, 140)        # /min
UNEVEN = ("bigeminy", "trigeminy", "dropped", "fibrillation")
PACED = (60, 72)                        # /min
SECONDS = 240
SETTLED = 40                            # s: until then nobody must be told yet
CLOSE = 3.0                             # /min
REST = np.array([0.3, -0.2, GRAVITY])   # m/s²: as the sensor lies
WINDOW = 8.0                            # s of beats that a true rate is of,
LONG = 30.0                             # and an uneven rhythm's, as it is counted by hand


def rhythms(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Times of beats, s, over SECONDS, and how strong each is, 1 the usual."""
    count = 4 * SECONDS
    ones = np.ones(count)
    if kind.isdigit():
        period = 60 / int(kind)
        breath = 2 * np.pi * rng.uniform(0.18, 0.32) * period * np.arange(count)
        intervals = period * (1 + rng.uniform(0.01, 0.03) * np.sin(breath)
                              + rng.uniform(0.006, 0.02) * rng.standard_normal(count))
        return np.cumsum(intervals), ones
    if kind.startswith("paced"):
        return np.cumsum(60 / int(kind.removeprefix("paced")) * ones), ones
    if kind == "fibrillation":
        mean = 60 / rng.uniform(65, 110)
        return np.cumsum(np.clip(mean * rng.lognormal(-0.015, 0.18, count), 0.36, 1.9)), np.clip(
            1 + 0.15 * rng.standard_normal(count), 0.5, 1.5)
    base = rng.uniform(0.72, 0.95)      # s
    early, weak = rng.uniform(0.6, 0.7), rng.uniform(0.35, 0.8)
    pause = 2 - early
    pattern = {"bigeminy": (early, pause), "trigeminy": (1.0, early, pause),
               "dropped": (1.0,) * int(rng.integers(3, 7)) + (2.0,)}[kind]
    intervals = base * np.resize(pattern, count) * (1 + 0.015 * rng.standard_normal(count))
    strong = np.ones(count)
    if kind != "dropped":
        strong[np.resize(pattern, count) == early] = weak
    return np.cumsum(intervals), strong


def by_light(beats: np.ndarray, strong: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n, 2) counts of a MAX30102, red and infrared, pulses pointing down."""
    t = np.arange(int(SECONDS * PPG_RATE)) / PPG_RATE
    usual = np.median(np.diff(beats))
    wide, notch = rng.uniform(0.07, 0.1) * min(usual / 0.8, 1.0), rng.uniform(0.1, 0.45)
    breath = np.sin(2 * np.pi * (rng.uniform(0.17, 0.3) * t + 0.15 * np.sin(0.13 * t)))
    wave = rng.uniform(0.1, 0.5) * breath
    for beat, size in zip(beats + 0.2, strong, strict=True):
        near = slice(*np.searchsorted(t, (beat - 0.5, beat + 1.2)))
        since = t[near] - beat
        late = 0.28 * min(usual / 0.8, 1.0)
        wave[near] += size * (np.exp(-((since / wide) ** 2))
                              + notch * np.exp(-(((since - late) / (1.4 * wide)) ** 2)))
    wave *= 1 + 0.08 * breath
    noise = rng.uniform(0.005, 0.03) * rng.standard_normal((len(t), 2))
    return np.round(np.array([122500, 143000]) - np.array([900, 2000]) * (wave[:, None] + noise))


def by_bed(beats: np.ndarray, strong: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n, 3) m/s² of an ADXL355 under the mattress: each beat rings twice, breathing tilts."""
    t = np.arange(int(SECONDS * BCG_RATE)) / BCG_RATE
    tone, second = rng.uniform(4.5, 7.5), rng.uniform(0.2, 0.6)
    short = min(np.median(np.diff(beats)) / 0.8, 1.0)
    wave = np.zeros(len(t))
    for beat, size in zip(beats, strong, strict=True):
        for late, share in ((0.12, 1.0), (0.12 + 0.3 * short, second)):
            near = slice(*np.searchsorted(t, (beat + late - 0.3, beat + late + 0.3)))
            since = t[near] - beat - late
            wave[near] += size * share * np.exp(-((since / 0.07) ** 2)) * np.cos(
                2 * np.pi * tone * since)
    breath = np.sin(2 * np.pi * (rng.uniform(0.17, 0.3) * t + 0.15 * np.sin(0.13 * t)))
    motion = rng.uniform(0.012, 0.025) * np.outer(wave * (1 + 0.15 * breath), [0.35, 0.2, 1.0])
    motion += rng.uniform(0.006, 0.02) * np.outer(breath, [1.0, 0.5, 0.1])
    motion += ADXL355_NOISE * rng.standard_normal(motion.shape) + REST
    return np.round(motion / ADXL355_STEP) * ADXL355_STEP


def bodies(draws: int = DRAWS, seed: int = 20) -> Iterator[tuple[str, Recording]]:
    """Kind and recording, `group` telling light from bed."""
    kinds = [*map(str, RATES), *UNEVEN, *(f"paced{rate}" for rate in PACED)]
    for kind in kinds:
        for draw in range(draws):
            rng = np.random.default_rng([seed, draw, *map(ord, kind)])
            beats, strong = rhythms(kind, rng)
            inside = beats < SECONDS - 0.5
            beats, strong = beats[inside], strong[inside]
            yield kind, Recording(f"{kind}_{draw}", PPG_RATE, by_light(beats, strong, rng),
                                  beats_s=beats, group="light")
            yield kind, Recording(f"{kind}_{draw}", BCG_RATE, None, by_bed(beats, strong, rng),
                                  beats_s=beats, group="bed")


def cat(rng: np.random.Generator) -> np.ndarray:
    """(n, 3) m/s²: a tenth of a person's recoil at 130–200 /min, 24 breaths a minute; it may purr.
    """
    beats = np.cumsum(60 / rng.uniform(130, 200) * (1 + 0.03 * rng.standard_normal(4 * SECONDS)))
    beats = beats[beats < SECONDS - 0.5]
    t = np.arange(int(SECONDS * BCG_RATE)) / BCG_RATE
    breath = np.sin(2 * np.pi * 0.4 * t)
    purr = rng.choice([0.0, 4e-3]) * np.sin(2 * np.pi * 25 * t) * (breath > 0)
    recoil = by_bed(beats, np.ones(len(beats)), rng) - REST
    return 0.1 * recoil + np.outer(2e-3 * breath, [1, 0.5, 0.1]) + np.outer(purr, [0.2, 0.1, 1])


def others(draws: int = DRAWS, seed: int = 21) -> Iterator[tuple[str, Recording]]:
    """Somebody else: a cat, or a sleeper on the bed's other side, of whom .1 or .3 arrives."""
    for draw in range(draws):
        for kind in ("cat", "side.1", "side.3"):
            rng = np.random.default_rng([seed, draw, *map(ord, kind)])
            if kind == "cat":
                motion = cat(rng)
            else:
                beats, strong = rhythms(str(rng.choice(RATES)), rng)
                inside = beats < SECONDS - 0.5
                motion = by_bed(beats[inside], strong[inside], rng) - REST
                motion *= float(kind.removeprefix("side"))
            motion += ADXL355_NOISE * rng.standard_normal(motion.shape) + REST
            yield kind, Recording(f"{kind}_{draw}", BCG_RATE, None, motion, group="bed")


def other_figures(draws: int = DRAWS) -> tuple[dict[str, float], list[dict[str, object]]]:
    """Shares of the seconds with somebody there, with a heart rate, and with an uneven one."""
    rows = []
    for kind, recording in others(draws):
        seconds = [v for v in play(recording).vitals if v.time > SETTLED]
        rows.append((kind, *np.mean(
            [(v.present is True, v.heart_rate is not None, v.uneven) for v in seconds], axis=0)))
    names = ("present", "told", "uneven")
    kinds = [{"kind": kind, **dict(zip(names, np.mean(
        [row[1:] for row in rows if row[0] == kind], axis=0).tolist(), strict=True))}
        for kind in dict.fromkeys(row[0] for row in rows)]
    whole = np.mean([row[1:] for row in rows], axis=0).tolist()
    return dict(zip(names, whole, strict=True)), kinds


def told(recording: Recording, heard: Heard) -> tuple[float, float, float]:
    """Shares of the seconds from SETTLED on: with a rate, of those within CLOSE, with somebody
    there."""
    seconds = [v for v in heard.vitals if v.time > SETTLED]
    rates = [(v.time, v.heart_rate.value) for v in seconds if v.heart_rate]
    width = LONG if recording.name.startswith(UNEVEN) else WINDOW
    near = [abs(rate - rate_at(recording.beats_s, time, width)) <= CLOSE for time, rate in rates]
    return (len(rates) / len(seconds), float(np.mean(near)) if near else float("nan"),
            float(np.mean([v.present is True for v in seconds])))


def rate_at(beats: np.ndarray, time: float, window: float = WINDOW) -> float:
    """/min: 60 over the mean interval between the beats of the last WINDOW s."""
    first, last = np.searchsorted(beats, (time - window, time))
    return 60 * (last - 1 - first) / (beats[last - 1] - beats[first])


def figures(draws: int = DRAWS) -> tuple[dict[str, float], list[dict[str, object]]]:
    """Means over bodies by light and bed, and each kind's: shares of seconds told (of regular and
    of uneven hearts), of those right, and with somebody there; `least` of the worst kind."""
    rows = [(kind, recording.group, *told(recording, play(recording)))
            for kind, recording in bodies(draws)]
    kinds = []
    for kind, source in dict.fromkeys((row[0], row[1]) for row in rows):
        part = np.array([row[2:] for row in rows if row[:2] == (kind, source)])
        kinds.append({"kind": kind, "by": source, **means(part)})
    uneven = np.array([row[0] in UNEVEN for row in rows])
    numbers = np.array([row[2:] for row in rows])
    return {"told": means(numbers[~uneven])["told"], "told_uneven": means(numbers[uneven])["told"],
            "right": means(numbers)["right"], "right_uneven": means(numbers[uneven])["right"],
            "present": means(numbers)["present"],
            "told_least": min(kind["told"] for kind in kinds if kind["kind"] not in UNEVEN),
            "told_uneven_least": min(kind["told"] for kind in kinds if kind["kind"] in UNEVEN),
            "right_least": min(kind["right"] for kind in kinds)}, kinds


def means(part: np.ndarray) -> dict[str, float]:
    """Of (k, 3) told, right, present: what is right counts as often as it was told."""
    said = part[:, 0]
    right = np.nansum(part[:, 1] * said) / said.sum() if said.sum() else float("nan")
    return {"told": float(said.mean()), "right": float(right), "present": float(part[:, 2].mean())}
