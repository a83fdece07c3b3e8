"""One's own music: how well it is heard, what hostile files do, and what it gains sleepers.

`--data DIR` holds music whose tempo, key and notes are written down (openewld_pd, music21_bach,
mutopia_calm); the judging half of it is rendered by FluidSynth, with rain 6 dB below the music.
librosa's own estimators hear the same sound in the same run. `--renderings DIR` keeps the sound.
"""

import os
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from kit.figures import Goal, Result

UNSEEN = 50_000             # seeds of sleepers from here on were never used to choose anything
SAME = 0.04                 # of a tempo
RATIOS = (2.0, 0.5, 3.0, 1 / 3)
ONSET = 0.05                # s: closer onsets are one chord's
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)


def evaluate(data: Path | None, train: Path | None, options) -> Result:
    figures, peers, more, said = {}, {}, {}, []
    with tempfile.TemporaryDirectory() as scratch:
        # First: the system tells the memory of the largest child that ever was.
        figures |= hour(Path(scratch))
        if data is not None:
            folder = options.renderings or Path(scratch) / "renderings"
            folder.mkdir(parents=True, exist_ok=True)
            found = heard(data, folder, options.pieces)
            figures |= found[0]
            peers |= found[1]
            more |= found[2]
            said.append(f"{more['pieces']} renderings of {data}, judging half, with rain")
        figures |= hostile(Path(scratch))
    figures |= gains(options.sleepers)
    said.append(f"{options.sleepers} synthetic sleepers with tastes")
    return Result("taste", "; ".join(said), figures, peers, goals(peers), more)


def goals(peers: dict) -> tuple[Goal, ...]:
    librosa = peers.get("librosa", {})
    return (
        Goal("tempo", ">=", max(0.75, librosa.get("tempo", 0.0))),
        Goal("key", ">=", max(0.70, librosa.get("key", 0.0))),
        *(Goal(f"{name}_rho", ">=", 0.85) for name in ("brightness", "density", "register")),
        Goal("hostile.untold", "<=", 0), Goal("hostile.files", ">=", 100),
        Goal("hour.seconds", "<=", 60), Goal("hour.rss_mb", "<=", 500),
        Goal("sleepers.gain_3_difference_low", ">", 0),
        Goal("sleepers.harmed_14_difference", ">=", -0.03),
    )


# ---- hearing -------------------------------------------------------------------------------------

def heard(data: Path, folder: Path, count: int) -> tuple[dict, dict, dict]:
    from scipy.stats import spearmanr

    from areas.taste import renderings
    chosen = [piece for piece in renderings.pieces(data) if piece.judging][:count]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        rows = list(pool.map(judged, chosen, [folder] * len(chosen)))
    table = {name: np.array([row[name] for row in rows]) for name in rows[0]}

    def rho(ours: str, score: str) -> float:
        return float(spearmanr(table[ours], table[score])[0])
    figures = {
        "tempo": float((table["tempo"] == 1).mean()),
        "tempo_octave_apart": float((table["tempo"] == 2).mean()),
        "key": float(table["key"].mean()), "key_exact": float((table["key"] == 1).mean()),
        "family": float(table["family"].mean()),
        "brightness_rho": rho("centroid", "score_centroid"),
        "density_rho": rho("density", "score_density"),
        "register_rho": rho("register", "score_register"),
    }
    peers = {"librosa": {
        "tempo": float((table["librosa_tempo"] == 1).mean()),
        "tempo_octave_apart": float((table["librosa_tempo"] == 2).mean()),
        "key": float(table["librosa_key"].mean()),
        "key_exact": float((table["librosa_key"] == 1).mean()),
        "brightness_rho": rho("librosa_centroid", "score_centroid"),
        "density_rho": rho("librosa_density", "score_density"),
    }}
    return figures, peers, {"pieces": len(rows), "seconds": float(table["seconds"].sum())}


def judged(piece, folder: Path) -> dict[str, float]:
    """One piece, by us and by librosa, with rain; and what its score says."""
    import librosa

    from areas.taste import renderings
    from device.taste.listening import Listener
    dry = renderings.render(piece, folder)
    sound = renderings.mixed(dry, renderings.digest(piece.name, "rain") % 2**31)
    ours = Listener().listen(sound, piece.name)
    curve = librosa.onset.onset_strength(y=sound, sr=renderings.RATE)
    theirs = float(np.atleast_1d(librosa.feature.tempo(
        onset_envelope=curve, sr=renderings.RATE))[0])
    chroma = librosa.feature.chroma_cqt(y=sound, sr=renderings.RATE).mean(1)
    notes, seconds = piece.sounded(), len(sound) / renderings.RATE
    onsets = librosa.onset.onset_detect(onset_envelope=curve, sr=renderings.RATE)
    return {
        "seconds": seconds,
        "tempo": beat(ours.tempo.bpm, piece.qpm), "librosa_tempo": beat(theirs, piece.qpm),
        "key": mirex((ours.key.tonic, ours.key.minor), (piece.tonic, piece.minor)),
        "librosa_key": mirex(krumhansl(chroma), (piece.tonic, piece.minor)),
        "family": float(ours.family == renderings.FAMILY[piece.program]),
        "centroid": ours.centroid,
        "librosa_centroid": float(librosa.feature.spectral_centroid(
            y=sound, sr=renderings.RATE).mean()),
        "score_centroid": rendered_centroid(dry),
        "density": ours.density, "librosa_density": len(onsets) / seconds,
        "score_density": len(onset_times(notes)) / seconds,
        "register": ours.register, "score_register": float(notes[:, 2].mean()),
    }


def onset_times(notes: np.ndarray) -> np.ndarray:
    """s, of notes (n, 3) as Piece.sounded has them: what begins together is one onset."""
    starts = np.sort(notes[:, 0])
    return starts[np.diff(starts, prepend=-1.0) > ONSET]


def rendered_centroid(dry: np.ndarray) -> float:
    """Hz, of the score's rendering before any rain: power-weighted over the whole of it. A score
    itself has no brightness; which instrument plays it makes the most of it."""
    power = np.abs(np.fft.rfft(dry)) ** 2
    lines = np.fft.rfftfreq(len(dry), 1 / 22050)
    return float((lines * power).sum() / power.sum())


def beat(ours: float, truth: float) -> int:
    """1 the tempo, 2 an octave (or a third) apart, 0 neither."""
    if abs(ours / truth - 1) <= SAME:
        return 1
    return 2 * any(abs(ours / (truth * ratio) - 1) <= SAME for ratio in RATIOS)


def krumhansl(chroma: np.ndarray) -> tuple[int, bool]:
    """Krumhansl & Kessler's profiles (1982) on a chroma."""
    return max((float(np.corrcoef(np.roll(table, tonic), chroma)[0, 1]), tonic, minor)
               for table, minor in ((MAJOR, False), (MINOR, True)) for tonic in range(12))[1:]


def mirex(ours: tuple[int, bool], truth: tuple[int, bool]) -> float:
    """MIREX's audio key detection score: 1 right, .5 a fifth above, .3 relative, .2 parallel."""
    (tonic, minor), (home, sad) = ours, truth
    if ours == truth:
        return 1.0
    if minor == sad:
        return 0.5 if (tonic - home) % 12 == 7 else 0.0
    relative = (home + (3 if sad else 9)) % 12
    return 0.3 if tonic == relative else 0.2 if tonic == home else 0.0


# ---- files and cost ------------------------------------------------------------------------------

def hostile(folder: Path) -> dict[str, float]:
    """Files that were neither heard nor refused in words, or heard though they say nothing."""
    from areas.taste import hostile as wicked
    from device.assembly import own_music
    place = folder / "hostile"
    place.mkdir()
    made = list(wicked.make(place))
    found = own_music.hear_all([path for path, _ in made], os.cpu_count() or 1)
    untold = 0
    for (path, wanted), (piece, remark) in zip(made, found, strict=True):
        said = bool(remark) and path.name in remark
        right = {"refused": piece is None and said, "fine": piece is not None}
        untold += not right.get(wanted, piece is not None or said)
    return {"hostile.files": len(made), "hostile.untold": untold}


def hour(folder: Path) -> dict[str, float]:
    """An hour of music in twelve FLAC files, by two processes: wall time, CPU time, and the memory
    of both together."""
    import soundfile

    from areas.taste import hostile as wicked
    from device.assembly import own_music
    place = folder / "hour"
    place.mkdir()
    for n in range(12):
        soundfile.write(place / f"{n}.flac", wicked.tune(300, 44100, 2), 44100)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    own_music.hear_all(sorted(place.glob("*.flac")))
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"hour.seconds": seconds, "hour.cpu_seconds": busy,
            "hour.rss_mb": own_music.PROCESSES * after.ru_maxrss / 1024}


# ---- sleepers ------------------------------------------------------------------------------------

def gains(count: int) -> dict[str, float]:
    from areas.taste import tasters
    out = {}
    for name, agrees, nights in (("gain", tasters.AGREES, 3), ("harmed", -tasters.AGREES, 14)):
        with_it, without, difference, low, high = tasters.measure(
            range(UNSEEN, UNSEEN + count), agrees, nights)
        key = f"sleepers.{name}_{nights}"
        out |= {key: with_it, f"{key}_without": without, f"{key}_difference": difference,
                f"{key}_difference_low": low, f"{key}_difference_high": high}
    return out
