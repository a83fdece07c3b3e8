"""Sound: cost against scsynth and Csound, real time, safety, loudness, and how calm it is.

    tools/bench sound [--hours H] [--instructions]    everything, peers included where they are
    installed tools/evaluate sound                              what needs no clock: loudness,
    periods, calm, true peak
"""

import math
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from areas.sound import balance, long, room, scenery, voice, voicing
from areas.sound.measures import (
    a_error,
    calm,
    clicks,
    envelope,
    fluctuation,
    integrated,
    periodicity,
    true_peak,
)
from areas.sound.render import music, played, programme, texture
from device.programmes import PROGRAMMES
from device.sound.settings import RATE
from device.sound.textures import MOTIONS, SECONDS
from device.textures import ROWS
from device.values import TEXTURES, Recipe
from kit.figures import Goal, Result

CALM = {"centroid_hz": 800.0, "rolloff_hz": 2000.0, "onset_db": 6.0, "lufs_sd": 1.5, "lra_lu": 5.0,
        "true_peak_dbtp": -6.0}
# of the pieces whose fluctuation is compared: it differs by a third from one to the next
SEEDS = (1, 2, 3, 4)


def evaluate(data: Path | None, train: Path | None, options: Namespace) -> Result:
    figures, peers, more = qualities(options.hours)
    return Result("sound", "our own programmes and textures; nothing is fitted", figures, peers,
                  goals(figures), more)


def qualities(
    hours: float,
) -> tuple[dict[str, float], dict[str, dict[str, float]], dict[str, object]]:
    figures: dict[str, float] = {}
    error, fits = a_error()
    figures["a_weighting_err_db"], figures["a_weighting_class_1"] = error, float(fits)
    sounds = {name: programme(name, 180.0) for name in PROGRAMMES}
    lufs_error = against_pyloudnorm(list(sounds.values()))
    if lufs_error is not None:
        figures["lufs_err_lu"] = lufs_error
    with_music = [recipe for recipe in PROGRAMMES.values() if recipe.music]
    per_programme = {recipe.name: calm(music(recipe.name, 180.0)) for recipe in with_music}
    for key in CALM:
        figures[f"calm.{key}"] = max(measures[key] for measures in per_programme.values())
    figures["calm.true_peak_dbtp"] = max(map(true_peak, sounds.values()))
    figures |= voice.measure() | room.measure() | voicing.measure() | balance.measure()
    figures |= {
        f"calm.attack_{name}_ms": voice.attack(name) for name in ("pad", "swell", "bell", "piano")
    }
    figures["calm.fluctuation"] = float(
        np.mean([per_programme[recipe.name]["fluctuation"] for recipe in with_music])
    )
    ours, baseline = (
        float(
            np.mean(
                [music_alone(recipe, composer, seed) for recipe in with_music for seed in SEEDS]
            )
        )
        for composer in ("rnn", "rules")
    )
    figures["calm.fluctuation_music"], figures["calm.fluctuation_over_rules"] = (
        ours,
        ours / baseline,
    )
    figures |= scenery.figures()
    periods = {name: texture_period(name) for name in TEXTURES}
    figures |= {f"texture.{name}.periodicity": period for name, period in periods.items()}
    # waves are slow enough to look like a period, however irregular they are
    figures["texture_periodicity_max"] = max(
        period for name, period in periods.items() if name != "ocean"
    )
    figures |= long.abuse(hours)
    loop = looped("brown")
    peers = {"rules": {"calm.fluctuation_music": baseline},
             "loop": {"clicks": clicks(loop), "texture_periodicity_max": fine_period(loop)}}
    return figures, peers, {"programmes": per_programme, "periodicity": periods}


def music_alone(recipe: Recipe, composer: str, seed: int, seconds: float = 180.0) -> float:
    """Fluctuation of what a composer makes of the recipe. Without its textures: they are the same
    for every composer, and their own grain (at 1–8 Hz .05 to .09 of the mean) hides what the notes
    do."""
    bare = replace(recipe, textures=MappingProxyType({}))
    return fluctuation(played(bare, seconds - 10.0, seed, composer))


def against_pyloudnorm(sounds: list[np.ndarray]) -> float | None:
    """Largest difference (LU) of integrated loudness from pyloudnorm's."""
    try:
        import pyloudnorm
    except ImportError:
        say("pyloudnorm isn't installed (extra bench): lufs_err_lu not measured")
        return None
    meter = pyloudnorm.Meter(RATE)
    return max(
        abs(integrated(sound) - meter.integrated_loudness(sound.T.astype(float)))
        for sound in sounds
    )


def looped(name: str, seconds: float = 4.0) -> np.ndarray:
    """Two minutes of a texture as many players make it: the same few seconds again and again, cut
    hard. The control."""
    piece = texture(name, 10.0 + seconds)[:, 10 * RATE:]
    return np.tile(piece, (1, int(120.0 / seconds)))


def fine_period(samples: np.ndarray) -> float:
    """Of the envelope with its slow changes divided out, which a loop of samples would show in."""
    fine = envelope(samples, RATE // 40)
    slow = np.sqrt(np.convolve(fine**2, np.ones(80) / 80, "same"))
    return periodicity(fine[80:-80] / slow[80:-80], 40.0, 0.5)


def texture_period(name: str, minutes: float = 10.0) -> float:
    """The higher of two: the sound's own period, and that of eight hours of its slow changes."""
    motion = MOTIONS[ROWS[name].motion](np.random.default_rng(5))
    walk = np.exp([next(motion)[0] for _ in range(int(8 * 3600 / SECONDS))])
    return max(fine_period(texture(name, 60.0 * minutes)[:, 10 * RATE:]),
               periodicity(walk, 1.0 / SECONDS, 2.0) if walk.std() > 0 else 0.0)


def goals(figures: dict[str, float]) -> tuple[Goal, ...]:
    fixed = [
        ("ref16_over_scsynth", "<=", 0.5),
        ("ref16_over_csound", "<=", 0.3),
        ("reverb.rt60_s", ">=", 4.0),
        ("instructions_per_s", "<=", 100e6),
        ("rss_mb", "<=", 50.0),
        ("scipy_imported", "==", 0.0),
        ("press_to_sample_ms_p99", "<=", 100.0),
        ("unmute_to_sample_ms_p99", "<=", 100.0),
        ("underruns", "==", 0.0),
        ("clicks", "==", 0.0),
        ("gaps", "==", 0.0),
        ("dc_dbfs", "<=", -80.0),
        ("audible_share", ">=", 0.8),
        ("lamax_dba", "<=", 45.0),
        ("texture_periodicity_max", "<=", 0.1),
        ("lufs_err_lu", "<=", 0.1),
        ("a_weighting_err_db", "<=", 0.7),
        ("a_weighting_class_1", "==", 1.0),
        ("true_peak_dbtp", "<=", -1.0),
        ("calm.attack_pad_ms", ">=", 150.0),
        ("calm.attack_bell_ms", ">=", 20.0),
        ("calm.attack_piano_ms", ">=", 20.0),
        ("calm.attack_swell_ms", ">=", 150.0),
        ("calm.fluctuation_over_rules", "<=", 1.0),
        ("voice.pad.swing_db", "<=", 3.0),
        ("voice.pad.repeats", "<=", 0.3),
        ("voice.bell.rise_ms", "<=", 60.0),
        ("voice.piano.attack_db", ">=", -15.0),
        ("voice.piano.attack_db", "<=", -9.0),
        ("voice.piano.stretch_c3_error", "<=", 0.2),
        ("voice.piano.stretch_c5_error", "<=", 0.2),
        ("reverb.density_50ms", ">=", 0.5),
        ("reverb.dense_by_ms", "<=", 110.0),
        ("reverb.late_kurtosis", "<=", 3.5),
        ("voicing.drone_over_pads", "<=", 0.05),
        ("voicing.close_below_c3", "<=", 0.02),
        ("voicing.roughness", "<=", 1.7),
        ("programme.music_error_db", "<=", 1.0),
        ("programme.texture_error_db", "<=", 1.0),
        ("programme.instructions_per_s", "<=", 80e6),
        ("programme.spread_lu", "<=", 2.0),
        ("programme.mono_loss_db", "<=", 0.5),
    ]
    fixed += [(f"calm.{key}", "<=", most) for key, most in CALM.items()]
    return *scenery.goals(), *(
        Goal(*goal) for goal in fixed if goal[0] in figures and math.isfinite(figures[goal[0]])
    )


def say(text: str) -> None:
    print(f"sound: {text}", file=sys.stderr, flush=True)
