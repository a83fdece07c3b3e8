"""A trial of one: nights of sound and nights of silence by the toss of a coin, and what they say
together.

Opt-in. The answer is a posterior, not a verdict: sound's effect with a 95 % credible interval
(Kravitz & Duan 2014, Design and Implementation of N-of-1 Trials, AHRQ). It may say that sound isn't
helping. Sleep alone counts: silence is seldom liked or skipped, so a trial of rewards would be one
of habits with the button.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from device.recommend.candidates import NAMES, QUIET
from device.sentences import Said, label, say

# min: SD of sound's effect between people before any night (facts: 3–5 min where it helps)
USUAL_EFFECT = 4.0
USUAL_NOISE = 15.0  # min: SD of one night, worth USUAL_WEIGHT nights against what these nights show
USUAL_WEIGHT = 10.0
WORTH = 1.0             # min: less than this isn't worth a sound in the bedroom
SURE = 0.9


@dataclass(frozen=True, slots=True)
class Effect:
    """Minutes of onset latency that sound saves against silence."""
    minutes: float
    low: float              # 95 % credible interval
    high: float
    helps: float            # probability that it saves anything
    nights: tuple[int, int]     # of sound, of silence
    sentence: Said


def effect(nights: Sequence[Mapping]) -> Effect:
    """From `Recommender.nights`: nights of the trial on which falling asleep was seen count."""
    counted = [night for night in nights if night.get("trial") and night["sooner"] is not None]
    sound = [night["sooner"] for night in counted if night["candidate"] != NAMES[QUIET]]
    silence = [night["sooner"] for night in counted if night["candidate"] == NAMES[QUIET]]
    precision, pull = 1 / USUAL_EFFECT**2, 0.0
    if sound and silence:
        noise = pooled_noise(sound, silence)
        error = noise**2 * (1 / len(sound) + 1 / len(silence))
        precision += 1 / error
        pull = (sum(sound) / len(sound) - sum(silence) / len(silence)) / error
    mean, spread = pull / precision, precision**-0.5
    belief = NormalDist(mean, spread)
    low, high = belief.inv_cdf(0.025), belief.inv_cdf(0.975)
    helps = 1 - belief.cdf(0.0)
    counts = len(sound), len(silence)
    return Effect(mean, low, high, helps, counts, sentence(belief, *counts))


def pooled_noise(*groups: Sequence[float]) -> float:
    """SD of one night, min: within the groups, shrunk towards the usual one."""
    squares, free = USUAL_WEIGHT * USUAL_NOISE**2, USUAL_WEIGHT
    for group in groups:
        mean = sum(group) / len(group)
        squares += sum((value - mean)**2 for value in group)
        free += len(group) - 1
    return math.sqrt(squares / free)


def sentence(belief: NormalDist, sound: int, silence: int) -> Said:
    low, high = belief.inv_cdf(0.025), belief.inv_cdf(0.975)
    span = label("span.minutes", mean=belief.mean, low=low, high=high)
    facts = {"compared": bool(sound and silence), "helps": 1 - belief.cdf(0.0) >= SURE,
             "no help": belief.cdf(WORTH) >= SURE}
    return say("trial", facts, span=span, sound=sound, silence=silence)
