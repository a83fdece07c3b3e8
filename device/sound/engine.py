"""The whole instrument: scenes and phrases in, blocks of sound out.

    pads, drone, bells, piano ─► music gain ─┬─────────► + ─► doubled ─► + ─► level ─► safety ─►
    rain, ocean, wind, … ─► gains ─┬─ halved ┴► reverb ─►┘               │
                                   └─────────────────────────────────────┘

Music and its room are made at half the speaker's rate. Everything happens on the control grid
(`CONTROL` frames), so the sound is the same whatever the block size. For a single speaker all of it
has one channel.
"""

import heapq
import math
from typing import NamedTuple

import numpy as np

from device.sound.dose import Dose
from device.sound.glide import Glide, line
from device.sound.loudness import Ear
from device.sound.modal import MODES, Struck, StruckNotes
from device.sound.pads import Pads
from device.sound.resample import Doubler
from device.sound.reverb import Reverb
from device.sound.safety import FLOOR, Safety
from device.sound.settings import CONTROL, PERIOD, RATE, Settings, amplitude
from device.sound.textures import Texture, surface
from device.sound.wavetables import DRONE, PADS, SWELL, Tables, Timbre
from device.values import Note, Phrase, Scene

TIMBRE_EVERY = 20 * 60 * RATE // CONTROL  # control periods: the pads' timbre changes now and then
MOST_WAITING = 2048         # notes that may wait for their time
# a mix whose gains' squares add up to less than this is meant to be quieter than its level
QUIET_SHARE = 0.04
WET = 0.6                   # of the room, re what is heard directly
TEXTURE_SEND = 0.15
RANGES = {"pad": (31, 88), "bell": (50, 96), "piano": (33, 96),
          "drone": (31, 62), "swell": (45, 62)}
# MIDI; folded by octaves. And a note of velocity 1, re the whole music:
LEVELS = {"pad": 2.2, "bell": 3.5, "piano": 5.5, "drone": 1.75, "swell": 1.2}
BREATHED = 0.4              # velocity of a swell that comes with a breath
# dB: how far the music is brought towards its level, whether notes are many or few
TRIM = (-12.0, 12.0)
TRIM_RATE = 0.4             # dB/s
TRIM_EVERY = 16             # control periods
TRIM_MEMORY = 10.0          # s


Sounding = tuple[str, str]      # a texture and what it is on


class Block(NamedTuple):
    samples: np.ndarray     # (2, block) float32, full scale ±1, monitor gain included
    power: np.ndarray       # (block / CONTROL,) A-weighted mean square, monitor gain left out
    meant: np.ndarray       # (block / CONTROL,) the same as the scene means it, at each one's end
    waking: bool = False    # the alarm's

    def later(self, start: int) -> "Block":
        """From frame `start` on, a multiple of CONTROL."""
        first = start // CONTROL
        return Block(
            self.samples[:, start:], self.power[first:], self.meant[first:], self.waking
        )


class Engine:
    def __init__(
        self,
        settings: Settings,
        pads: tuple[Timbre, ...] = PADS,
        reverb: Reverb | None = None,
        textures: type = Texture,
    ):
        self._settings = settings
        self.block = settings.block                     # frames
        self._timbres, self._make_texture = pads, textures
        self._periods = settings.block // CONTROL
        self._now = 0                                   # control periods rendered
        self._unit = amplitude(settings.settle - settings.calibration)
        self._random = np.random.default_rng([settings.seed, 0x507])
        channels = settings.channels
        self._reverb = reverb or Reverb(channels, WET)
        self._ear = Ear(settings, self._reverb.gain)
        self._tables = Tables(self._ear)
        self._pads, self._struck = Pads(self._tables, channels), StruckNotes()
        self._doubler = Doubler(channels)
        self._safety, self.dose = Safety(settings), Dose(settings)
        self._waiting: list[tuple[int, int, Note, Timbre]] = []
        self._placed = 0  # notes placed so far: keeps equal times in order
        self._music, self._level, self._brightness = Glide(), Glide(), Glide(0.35)
        self._distance, self._intensity = Glide(), Glide(1.0)
        self._gains: dict[Sounding, Glide] = {}
        self._textures: dict[Sounding, Texture] = {}
        self._trim, self._trim_from, self._heard_power = 0.0, 0.0, 0.0      # dB, dB, mean square
        self._scene: Scene | None = None
        self._breath = 0  # control period in which the next breath begins
        self._root = 50  # MIDI: the newest long note, which swells take up
        self._rest = 0                                  # blocks of pure silence so far
        self.dropped = 0                                # notes that found no room

    @property
    def frame(self) -> int:
        """Frames rendered, or passed unheard."""
        return self._now * CONTROL

    @property
    def resting(self) -> bool:
        """What comes out is exact silence, until the next scene."""
        return self._rest > 2 and self._asleep()

    @property
    def waking(self) -> bool:
        return self._scene is not None and self._scene.waking

    @property
    def faults(self) -> int:
        return self._safety.faults

    def scene(self, scene: Scene) -> None:
        """Go there. Gains share the level: their proportions count, not their sum."""
        self._scene = scene
        total = scene.music ** 2 + sum(gain ** 2 for gain in scene.textures.values())
        share = 1.0 / math.sqrt(max(total, QUIET_SHARE))
        self._music.to(scene.music * share, scene.glide)
        wanted = {(name, surface(name, scene.surface)): gain * share
                  for name, gain in scene.textures.items()}
        for sounding in sorted({*wanted, *self._gains}):
            gain = wanted.get(sounding, 0.0)
            if gain > 0.0 and sounding not in self._gains:
                self._gains[sounding] = Glide()
                self._textures[sounding] = self._make_texture(
                    sounding[0], self._settings.seed, sounding[1], self._settings.channels,
                    self._settings.lowest,
                )
            if sounding in self._gains:
                self._gains[sounding].to(gain, scene.glide)
        # nothing is heard yet: the mix may be there at once, the level fades in
        if self._level.value == 0.0:
            for glide in (self._music, *self._gains.values()):
                glide.set(glide.target)
            self._brightness.set(scene.brightness)
            self._distance.set(scene.distance)
            self._intensity.set(scene.intensity)
        self._level.to(self._bearable(scene), scene.glide)
        self._brightness.to(scene.brightness, scene.glide)
        self._distance.to(scene.distance, scene.glide)
        self._intensity.to(scene.intensity, scene.glide)

    def heard(self, energy: float, seconds: float) -> bool:
        """`energy`: all that was let through until `seconds`, A-weighted mean square × s. Too much,
        and the scene goes lower. True when a minute of the dose is over."""
        over = self.dose.add(energy, seconds, self.waking)
        if over and self._scene is not None:
            self._level.to(self._bearable(self._scene), max(60.0, self._level.left))
        return over

    def phrase(self, phrase: Phrase, start: int) -> None:
        """Place the notes from frame `start` on; what is late already moves to now, all of it
        together."""
        start = max(math.ceil(start / CONTROL), self._now)
        timbre = self._timbres[(self._settings.seed + start // TIMBRE_EVERY) % len(self._timbres)]
        for note in phrase.notes:
            if len(self._waiting) >= MOST_WAITING:
                self.dropped += 1
                continue
            self._placed += 1
            when = start + round(note.start * RATE / CONTROL)
            heapq.heappush(self._waiting, (when, self._placed, note, timbre))

    def panic(self) -> None:
        """Forget everything; silence until the next scene, which fades in. (The fader has muted
        what was rendered.)"""
        self._waiting.clear()
        self._clear()
        self._music, self._level, self._gains, self._textures = Glide(), Glide(), {}, {}
        self._safety.silence()
        self._scene = None

    def render(self) -> Block:
        """The next block."""
        periods = self._periods
        if self._asleep():
            self._rest += 1
            if self._rest > 2:
                self._now += periods
                nothing = np.zeros(periods)
                return Block(np.zeros((2, self._settings.block), np.float32), nothing, nothing)
        else:
            self._rest = 0
        meant = self.expected_power
        mix = self._mix(periods)
        level = self._level.points(periods)
        mix *= line(level * np.float32(self._unit))
        faults = self._safety.faults
        samples = self._safety(mix, self._loudness(float(level.max())), self.waking)
        path = np.linspace(meant, self.expected_power, periods + 1)[1:]
        self._now += periods
        if self._safety.faults > faults:
            self._recover()
        self._tidy()
        return Block(samples, self._safety.power, path, self.waking)

    @property
    def expected_power(self) -> float:
        """A-weighted mean square that the present scene should have."""
        gains = self._music.value ** 2 + sum(gain.value ** 2 for gain in self._gains.values())
        return gains * (self._level.value * self._unit) ** 2

    def skip(self, frames: int) -> None:
        """`frames` (a multiple of the block) pass unheard and unrendered: gains move on, notes live
        and die."""
        periods = frames // CONTROL
        self._now += periods
        for glide in (self._music, self._level, self._brightness, self._distance,
                      self._intensity, *self._gains.values()):
            glide.skip(periods)
        while self._waiting and self._waiting[0][0] < self._now:
            heapq.heappop(self._waiting)
        self._pads.skip(self._now)
        self._struck.skip(self._now)
        self._quieten()
        self._safety.skip(
            frames / RATE,
            self._loudness(self._level.value),
            self.waking,
        )
        self._tidy()

    # ---- inside ----------------------------------------------------------------------------------

    def _mix(self, periods: int) -> np.ndarray:
        frames, channels = periods * CONTROL, self._settings.channels
        brightness = self._brightness.points(periods)
        self._start_notes(periods, brightness)
        music = np.zeros((channels, periods * PERIOD), np.float32)
        self._pads.add(music, self._now, float(brightness[0]))
        self._struck.add(music, self._now)
        gain = self._music.points(periods) * self._trim_points(periods)
        if self._pads or self._struck:
            music *= line(gain, PERIOD)
        bed, distance, intensity = (
            None, self._distance.points(periods), self._intensity.points(periods)
        )
        for sounding, texture in self._textures.items():
            wave = texture.next(frames, brightness, distance, intensity)
            wave *= line(self._gains[sounding].points(periods))
            bed = wave if bed is None else np.add(bed, wave, out=bed)
        send = music
        if bed is not None:
            # Its first channel will do: they are alike, and the room takes their mean. So will the
            # mean of two frames: what folds over is noise among noise.
            send = (bed[:1, 0::2] + bed[:1, 1::2]) * np.float32(0.5 * TEXTURE_SEND) + music
        if not self._reverb.quiet or send.any():
            wet = self._reverb(send)
            wet += music
            music = wet
        mix = self._doubler(music)
        return mix if bed is None else np.add(mix, bed, out=mix)

    def _bearable(self, scene: Scene) -> float:
        """The scene's level as an amplitude, unless the night's dose allows less."""
        if scene.level <= FLOOR:
            return 0.0
        return amplitude(
            scene.level
            if scene.waking
            else min(scene.level, self.dose.allowed - self._settings.settle)
        )

    def _start_notes(self, periods: int, brightness: np.ndarray) -> None:
        end = self._now + periods
        while self._waiting and self._waiting[0][0] < end:
            when, _, note, timbre = heapq.heappop(self._waiting)
            start = max(when, self._now)
            self._breathe(start, brightness)
            self._start(note, start, timbre, brightness)
        self._breathe(end, brightness)

    def _breathe(self, until: int, brightness: np.ndarray) -> None:
        """Start the swells that are due before control period `until`."""
        self._breath = max(self._breath, self._now)
        while self._breath < until and self._scene is not None and self._scene.breath:
            seconds = 60.0 / self._scene.breath
            self._start(
                Note(0.0, self._root, seconds, BREATHED, "swell"), self._breath, SWELL, brightness
            )
            self._breath += round(seconds * RATE / CONTROL)

    def _start(self, note: Note, start: int, timbre: Timbre, brightness: np.ndarray) -> None:
        low, high = RANGES[note.voice]
        pitch = note.pitch
        pitch += 12 * math.ceil(max(low - pitch, 0) / 12) - 12 * math.ceil(
            max(pitch - high, 0) / 12
        )
        gain = LEVELS[note.voice] * (0.2 + 0.8 * note.velocity) * note.velocity ** 0.3
        pan = min(max(0.02 * (pitch - 60) + 0.7 * (self._random.random() - 0.5), -1.0), 1.0)
        if note.voice in MODES:
            bright = float(brightness[start - self._now])
            angle = (pan + 1.0) * math.pi / 4
            sides = gain * math.sqrt(2.0) * np.array([math.cos(angle), math.sin(angle)])
            if self._settings.channels == 1:
                sides = np.array([gain])
            fits = self._struck.play(
                Struck(note.voice, pitch, start, note.duration, bright, sides, self._ear,
                       self._random)
            )
        else:
            made = {"drone": DRONE, "swell": SWELL}.get(note.voice, timbre)
            fits = self._pads.play(
                made, pitch, self._now, start, note.duration, gain, pan, self._random
            )
            if note.voice != "swell":
                self._root = pitch
        self.dropped += not fits

    def _trim_points(self, periods: int) -> np.ndarray:
        """Music is brought slowly towards its level by what its notes are expected to give, not by
        listening."""
        first, step = self._now % TRIM_EVERY, (self._trim - self._trim_from) / TRIM_EVERY
        points = [amplitude(self._trim_from + step * (first + i)) for i in range(periods + 1)]
        if (self._now + periods) % TRIM_EVERY == 0:
            self._retrim(self._now + periods)
        return np.array(points, np.float32)

    def _retrim(self, period: int) -> None:
        power = self._pads.power(period) + self._struck.power(period)
        seconds = TRIM_EVERY * CONTROL / RATE
        if power > 0.003:
            self._heard_power += (power - self._heard_power) * (
                1.0 - math.exp(-seconds / TRIM_MEMORY)
            )
        self._trim_from = self._trim
        if self._heard_power > 0.0:
            wanted = min(max(-10.0 * math.log10(self._heard_power), TRIM[0]), TRIM[1])
            step = TRIM_RATE * seconds
            self._trim += min(max(wanted - self._trim, -step), step)

    def _loudness(self, level: float) -> float:
        return 20.0 * math.log10(level) if level > amplitude(FLOOR) else FLOOR

    def _asleep(self) -> bool:
        return self._level.value == 0.0 and self._level.target == 0.0

    def _tidy(self) -> None:
        """Let go of what can't be heard."""
        for gone in [
            sounding for sounding, gain in self._gains.items()
            if gain.value == 0.0 and gain.target == 0.0
        ]:
            del self._gains[gone], self._textures[gone]
        if self._asleep():
            self._clear()
        elif self._music.value == 0.0 and self._music.target == 0.0:
            self._pads.clear()
            self._struck.clear()

    def _clear(self) -> None:
        self._pads.clear()
        self._struck.clear()
        self._quieten()

    def _quieten(self) -> None:
        for room in (self._reverb, self._doubler):
            room.clear()

    def _recover(self) -> None:
        """Something wasn't a number: start all voices anew and fade in again."""
        scene, waiting = self._scene, self._waiting
        self._textures.clear()
        self.panic()
        self._waiting = waiting
        if scene is not None:
            self.scene(scene)
