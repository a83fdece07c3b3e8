"""One piece of music, measured, with how sure each measure is."""

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from device.errors import ModelMismatch
from device.inference import model_card
from device.taste import features, loudness
from device.taste.notes import notes
from device.taste.spectrum import FRAMES, STEPS, Spectrum, spectrum
from device.taste.tempo import Tempo, onset_curve, tempo

NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
FAMILIES = ("struck", "plucked", "sustained", "voice")
TRAITS = ("brightness", "rolloff", "peaked", "decay", "steadiness", "spread")
PIECE_OF_NOISE = 0.45       # share of the power from which on a piece is rain or sea, not music
TEXTURE = 0.15              # from which on there is a texture under the music
BREAKS = 0.25               # of `features.breaking`: from here on it is the sea
DROPS, AMONG = 0.04, 0.1    # of `features.drops`: from here on it is rain, alone or among music
FILLED = 0.3                # of `features.filled`: below it is clicks, or what comes and goes
BROWN = 1.5                 # of `features.fall`: from here on nearer to brown noise than to pink
SCALE = 0.24                # of `Spectrum.scale`: speech glides, so that its tones lie on none
FAR = 3.0                   # SD of a trait, beyond which no instrument was learned from
MUSICAL = (*FAMILIES, "")
PARTS = ("tempo", "key", "family", "notes", "score")       # of models/taste.npz
SHARP = 12.0                # nats for a lead of 1 in the correlation with a key's profile


@dataclass(frozen=True, slots=True)
class Key:
    tonic: int                  # pitch class
    minor: bool
    confidence: float           # 0..1

    def __str__(self) -> str:
        return f"{NAMES[self.tonic]} {'minor' if self.minor else 'major'}"


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one piece; confidences are 0..1."""
    name: str
    seconds: float
    noise: float                # 0..1: share of the power that is no tone
    texture: str                # as the device's own are called, or ""
    tempo: Tempo
    key: Key
    centroid: float             # Hz, of the music
    rolloff: float              # Hz, below which 85 % of the music's power lies
    loudness: float             # LUFS
    loudness_range: float       # LU
    density: float              # onsets/s
    register: float             # mean MIDI pitch
    roughness: float            # 0..1
    family: str                 # one of FAMILIES, "noise", "speech", or "": not known
    family_confidence: float
    point: tuple[float, ...] = ()       # of the composer's styles, where the notes are known

    @property
    def hiss(self) -> bool:
        """Whether noise is under the music that is none of the device's textures."""
        return self.music and self.noise >= TEXTURE and not self.texture

    @property
    def music(self) -> bool:
        return self.family in MUSICAL


class Listener:
    def __init__(self, folder: Path = model_card.MODELS):
        """Raises ModelMismatch."""
        content, _ = model_card.read("taste", PARTS, folder)
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                self.weights: Mapping[str, np.ndarray] = {name: arrays[name] for name in arrays}
        except (KeyError, ValueError, OSError) as trouble:
            why = f"{folder}/taste.npz: {trouble}; install Nocturne again"
            raise ModelMismatch(why) from trouble

    def listen(self, sound: np.ndarray, name: str = "") -> Measured:
        """`sound` (n,) at RATE."""
        whole = spectrum(sound)
        curve = onset_curve(whole.bands)
        noise = features.noise_share(whole)
        centroid, rolloff = features.brightness(whole)
        under = texture(sound, whole, noise)
        if noise >= PIECE_OF_NOISE:
            family, (under, sure) = "noise", alone(sound, whole)
        elif whole.scale < SCALE:
            family, under, sure = "speech", "", 1 - lead(whole.scale, SCALE)
        else:
            family, sure = self.family(traits(whole, curve))
        score = notes(whole.bins, self.weights)
        lufs, lra = loudness.measured(sound)
        return Measured(
            name, len(sound) / (STEPS * 441), noise, under,
            tempo(curve, self.weights["tempo"]), key(features.chroma(whole), self.weights["key"]),
            centroid, rolloff, lufs, lra, score.density, score.register,
            features.roughness(whole), family, sure,
        )

    def family(self, row: np.ndarray) -> tuple[str, float]:
        traits = (row - self.weights["centre"]) / self.weights["scale"]
        scores = np.append(traits, 1.0) @ self.weights["family"]
        chances = np.exp(scores - scores.max())
        chances /= chances.sum()
        strange = max(float(np.abs(traits).max()) - FAR, 0.0)
        return FAMILIES[int(chances.argmax())], float(chances.max()) * math.exp(-strange)


def key(chroma: np.ndarray, profiles: np.ndarray) -> Key:
    """`profiles` (2, 12): major and minor on C. The sureness is its lead over the second best."""
    if not np.ptp(chroma) > 0:
        return Key(0, False, 0.0)
    fits = np.array([[np.corrcoef(np.roll(profile, tonic), chroma)[0, 1] for tonic in range(12)]
                     for profile in profiles])
    chances = np.exp(SHARP * (fits - fits.max()))
    mode, tonic = np.unravel_index(int(fits.argmax()), fits.shape)
    return Key(int(tonic), bool(mode), float(chances.max() / chances.sum()))


def alone(sound: np.ndarray, whole: Spectrum) -> tuple[str, float]:
    """Which of the device's own textures noise is nearest to, or "", and how sure that is."""
    if features.filled(sound) < FILLED:
        return "", 0.5
    breaking, drops = features.breaking(whole), max(features.drops(sound), 0.0)
    if breaking >= BREAKS:
        return "ocean", lead(breaking, BREAKS)
    if drops >= DROPS:
        return "rain", lead(drops, DROPS)
    return "brown" if features.fall(sound) >= BROWN else "pink", 1 - lead(drops, DROPS)


def lead(value: float, edge: float) -> float:
    """0..1, from how far it is above the edge between two answers."""
    return value / (value + edge)


def texture(sound: np.ndarray, whole: Spectrum, noise: float) -> str:
    """What is under the music; hiss is nothing."""
    if noise < TEXTURE:
        return ""
    if features.breaking(whole) >= BREAKS:
        return "ocean"
    return "rain" if features.drops(sound) >= AMONG else ""


def traits(whole: Spectrum, curve: np.ndarray) -> np.ndarray:
    """(len(TRAITS),) by which families of instruments are told apart."""
    centroid, rolloff = features.timbre(whole)
    tones = features.clear(whole.tones)
    total = tones.sum(1)
    falls = np.maximum(-np.diff(tones, axis=0), 0).sum() / max(total.sum(), 1e-9)
    late = round(0.4 * FRAMES)
    held = np.minimum(tones[late:], tones[:-late]).sum() / max(total.sum(), 1e-9)
    peaked = float(((curve - curve.mean()) ** 4).mean() / max(float(curve.var()) ** 2, 1e-12))
    spread = float(np.std(np.log(total[total > 0] + 1e-9))) if (total > 0).any() else 0.0
    return np.array([safe_log(centroid), safe_log(rolloff), safe_log(peaked), falls, held, spread])


def safe_log(value: float) -> float:
    return math.log(value) if value > 0 and math.isfinite(value) else 0.0
