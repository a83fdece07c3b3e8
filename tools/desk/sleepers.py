"""Synthetic sleepers: the people that the shipped prior is trained and judged on. Nobody real is in
them.

No public data ties soundscapes to sleep. So every constant below is either a published effect, with
its source, or an assumption, which says so. The device and its learner never read this file; only
training and judging tools do.

Sources
  scarratt   Scarratt et al. 2023, "The audio features of sleep music", PLoS ONE 18(1) e0278813:
  130,150 sleep tracks jespersen  Jespersen et al. 2022, "Listening to music for insomnia in
  adults", Cochrane CD010459: 13 trials vandyck    Van Dyck et al. 2017, "The influence of music
  tempo on heart rate", on slower music only kirk       Kirk & Timmers 2024, on what tells sleep
  music from relaxing music: brightness first dickson    Dickson & Schubert 2020, "Musical features
  that aid sleep": lower, legato, without busy rhythm riedy      Riedy et al. 2021, Sleep Medicine
  Reviews 55: noise as a sleep aid: very low certainty, may harm gordon     Gordon et al. 2021 &
  Buysse et al. 2006: night-to-night variation of onset latency in poor sleepers
"""

import math
from dataclasses import dataclass

import numpy as np

from device.values import TEXTURES, Context, Outcome, Recipe

# min, SD of onset latency between nights of one sleeper (facts/recommender.md; gordon)
NIGHT_NOISE = 15.0
# min median, SD of the logarithm: people who take long to fall asleep (gordon)
USUAL_SOL = (28.0, 0.4)
# Kinds of people: shares are an assumption, bounded by jespersen (most gain, not all) and riedy
# (noise may harm).
KINDS = {"music": 0.40, "masking": 0.25, "either": 0.15, "silence": 0.20}
# min gained over silence: 3–5 (jespersen)
MUSIC = {"music": 3.5, "masking": 0.0, "either": 2.0, "silence": -4.0}
# min gained by a liked texture (assumed)
MASKING = {"music": 0.5, "masking": 3.5, "either": 2.5, "silence": -3.5}
PERSON = 1.5                    # min, SD between people of one kind (assumed)
# min per 10 /min slower: mean, SD between people (scarratt: 97 against 120; vandyck)
SLOWER = (0.8, 0.9)
# times more at a heart rate 20 % above one's own (vandyck: slow only limits the rise)
SLOWER_IF_FAST_HEART = 2.0
# /min: where one's own optimum lies: mean, SD (assumed, from dickson)
FAVOURITE_PULSE = (50.0, 8.0)
OFF_PULSE = 0.4                 # min lost per (10 /min)² away from it (assumed)
DARKER = (0.9, 1.2)  # min per 0.25 of brightness less (kirk; scarratt's energy .23 against .59)
LOWER = (0.4, 0.5)              # min per 6 semitones lower (dickson)
DENSER = (-0.5, 0.4)            # min per 0.1 onsets/s above 0.3 (dickson: no busy rhythm)
# min, SD of one's liking for each texture (liking outweighs features: music.md)
TEXTURE_TASTE = 1.6
RESTLESS_MASKING = 1.0          # min more from a texture on a restless evening (assumed)
# min more from music for an aroused mood (assumed, after jespersen's arousal path)
CALMING_MUSIC = 1.2
FAST_HEART_SOL = 6.0            # min later at a heart rate 20 % above one's own (assumed)
AROUSED_SOL = 5.0               # min later when aroused, as much sooner when calm (assumed)
SLEEPY_HOUR_SOL = -3.0          # min at one's latest hours (assumed; sleep pressure)
DRIFT = 0.06  # min per night, random walk of a texture's liking (assumed: tastes change)
WAKINGS = 1.6                   # a night (AASM norms for adults: 1–3)
# share of mornings with a like or a skip, if the sound clearly helped or hurt (assumed)
SAYS_SO = 0.25
TURNS_DOWN = 0.15  # share of nights with the volume lowered, if the sound hurt (assumed)
MISSING = 0.25  # share of evenings on which a group of readings is missing (assumed)


@dataclass
class Sleeper:
    """One synthetic person; minutes are minutes of onset latency saved over silence."""
    kind: str
    usual_sol: float
    music: float
    masking: float
    slower: float
    favourite_pulse: float
    darker: float
    lower: float
    denser: float
    taste: np.ndarray       # (len(TEXTURES),) min

    @classmethod
    def born(cls, generator: np.random.Generator) -> "Sleeper":
        kind = str(generator.choice(list(KINDS), p=list(KINDS.values())))
        return cls(
            kind,
            usual_sol(generator),
            generator.normal(MUSIC[kind], PERSON),
            generator.normal(MASKING[kind], PERSON),
            generator.normal(*SLOWER),
            generator.normal(*FAVOURITE_PULSE),
            generator.normal(*DARKER),
            generator.normal(*LOWER),
            generator.normal(*DENSER),
            generator.normal(0, TEXTURE_TASTE, len(TEXTURES)),
        )

    def saves(self, evening: "Evening", recipe: Recipe) -> float:
        """Expected minutes of onset latency saved over silence."""
        minutes = 0.0
        if recipe.music > 0:
            slow = (56 - recipe.pulse) / 10
            off = (recipe.pulse - self.favourite_pulse) / 10
            minutes += (
                recipe.music
                / 0.8
                * (
                    self.music
                    + CALMING_MUSIC * evening.aroused
                    + self.slower
                    * slow
                    * (1 + (SLOWER_IF_FAST_HEART - 1) * max(evening.fast_heart, 0))
                    - OFF_PULSE * off**2
                    + self.darker * (0.35 - recipe.brightness) / 0.25
                    + self.lower * (56 - recipe.register) / 6
                    + self.denser * (recipe.density - 0.3) / 0.1
                )
            )
        loudness = np.array([recipe.textures.get(name, 0.0) for name in TEXTURES])
        total = loudness.sum()
        if total > 0:
            minutes += total / 0.5 * (self.masking + RESTLESS_MASKING * evening.restless)
            minutes += float(loudness @ self.taste) / 0.5
        return minutes

    def outcome(self, evening: "Evening", recipe: Recipe,
                generator: np.random.Generator) -> Outcome:
        """One night's parts, with the noise of nights."""
        helped = self.saves(evening, recipe)
        return morning(self.usual_sol, evening, helped, helped / 3, generator)

    def drift(self, generator: np.random.Generator) -> None:
        self.taste = self.taste + generator.normal(0, DRIFT, len(self.taste))


@dataclass(frozen=True)
class Evening:
    """What is true of an evening, and what the device may see of it (`context`)."""
    context: Context
    fast_heart: float       # 1 is 20 % above one's own
    restless: float         # −1..1
    aroused: float          # −1..1
    delay: float            # min added to one's usual onset latency

    @classmethod
    def falls(cls, sleeper: Sleeper, generator: np.random.Generator) -> "Evening":
        fast, restless, aroused = np.clip(generator.normal(0, 0.5, 3), -1, 1)
        hour = (22.8 + generator.normal(0, 0.8)) % 24
        late = float(np.clip(((hour + 12) % 24 - 10.8) / 2, -1, 1))
        delay = FAST_HEART_SOL * fast + AROUSED_SOL * aroused + SLEEPY_HOUR_SOL * late
        stage, heart, motion, clock, mood = generator.random(5) > (
            MISSING,
            MISSING,
            MISSING,
            MISSING / 5,
            0.6,
        )
        wake = float(np.clip(0.85 + 0.1 * restless, 0, 1))
        history = max(1.0, sleeper.usual_sol + generator.normal(0, 5))
        context = Context(
            probabilities=(wake, 1 - wake, 0.0, 0.0) if stage else None,
            heart_rate=1 + 0.2 * fast + generator.normal(0, 0.03) if heart else None,
            rmssd=2.0 ** (-0.5 * fast + generator.normal(0, 0.3)) if heart else None,
            movement=0.02 * 2.0 ** (2 * restless + generator.normal(0, 0.7)) if motion else None,
            breathing=14 + 2 * aroused + generator.normal(0, 1.5) if heart else None,
            since_lights_out=float(generator.uniform(0, 10)),
            hour=hour if clock else None,
            last_sol=history,
            last_wakings=float(generator.gamma(4, WAKINGS / 4)),
            valence=float(np.clip(-0.4 * aroused + generator.normal(0, 0.4), -1, 1))
            if mood
            else None,
            arousal=float(np.clip(aroused + generator.normal(0, 0.2), -1, 1)) if mood else None,
        )
        return cls(context, float(fast), float(restless), float(aroused), float(delay))


def usual_sol(generator: np.random.Generator) -> float:
    """Somebody's onset latency in silence, min."""
    return USUAL_SOL[0] * math.exp(generator.normal(0, USUAL_SOL[1]))


def morning(usual: float, evening: Evening, helped: float, liking: float,
            generator: np.random.Generator) -> Outcome:
    """A night's parts, with the noise of nights: of somebody whose `usual` onset latency is in
    minutes, whom the sound `helped` by minutes and who likes it, −1..1."""
    expected = usual + evening.delay - helped
    sol = float(np.clip(expected + generator.normal(0, NIGHT_NOISE), 0.5, 180))
    wakings = int(generator.poisson(WAKINGS * math.exp(-0.05 * helped)))
    says = generator.random() < SAYS_SO * min(abs(liking), 1)
    lowered = liking < -1 / 3 and generator.random() < TURNS_DOWN
    rested = (
        None
        if generator.random() < 0.5
        else (1 if sol + 5 * wakings < usual + 8 else -1)
    )
    return Outcome(sol=sol, wakings=wakings, liked=int(np.sign(liking)) if says else 0,
                   turned_down=int(lowered), rested=rested,
                   signal_quality=float(generator.uniform(0.6, 1)))
