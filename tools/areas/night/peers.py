"""What ours is compared with, on the same stagings: *never*, *always soft*, *sound for 45 min*, and
the rule of firmware 0.1 with its threshold swept.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from areas.night.replay import Heard, Replay, sounding
from device.programmes import DEFAULT
from device.session import fade
from device.session.modes import Mode
from device.session.settings import Rules
from device.session.watching import LIKELY, wide_awake
from device.sleep.onset import SETTINGS, Detector
from device.values import EPOCH, Epoch, Staging

MASK = -6.0             # dB re the settling level
LASTS = 6.0             # min
TURN = EPOCH / 60 / fade.RETURN
# P(asleep) below which, two epochs in a row, the old detector said awake; .7 was shipped
THRESHOLDS = (.1, .15, .2, .25, .3, .35, .4, .45, .5, .55, .6, .65, .7, .75, .8, .9)
SHIPPED = .7


def never(epochs: Sequence[Epoch], stagings: Sequence[Staging]) -> Heard:
    return Replay(Rules(answer="off")).heard(epochs, stagings)


def always_soft(epochs: Sequence[Epoch], stagings: Sequence[Staging]) -> Heard:
    return Replay(Rules(keep_playing=True)).heard(epochs, stagings)


def timer(epochs: Sequence[Epoch], stagings: Sequence[Staging]) -> Heard:
    """45 min, then the fade, whatever the body does."""
    blind = [Staging(s.epoch, s.time, None, None, None) for s in stagings]
    return Replay(Rules(timer=45.0)).heard(epochs, blind)


PEERS: dict[str, Callable[[Sequence[Epoch], Sequence[Staging]], Heard]] = {
    "never": never, "always_soft": always_soft, "sound_45_min": timer}


def detected(stagings: Sequence[Staging], awake: float) -> list[Staging]:
    """With another threshold of the arousal detector."""
    detector, out = Detector(replace(SETTINGS["cautious"], awake=awake)), []
    for staging in stagings:
        asleep, aroused = detector.step(staging.p_asleep, staging.p_slept)
        out.append(replace(staging, asleep=asleep, aroused=aroused))
    return out


def today(epochs: Sequence[Epoch], stagings: Sequence[Staging], awake: float) -> Heard:
    """Firmware 0.1: each arousal brings six minutes at −6 dB, and then the fade of bedtime, which
    comes back as the belief in sleep falls."""
    rules = Rules(fade=15.0)
    mode, depth, since = Mode.SETTLING, 0.0, 0.0
    wanted = fade.scene(mode, DEFAULT, depth, rules)
    course = fade.course(None, wanted, 0.0, by_hand=True)
    levels, maskings = [], []
    for n, staging in enumerate(detected(stagings, awake)):
        levels.append(sounding(course, n * EPOCH))
        now, p = (n + 1) * EPOCH, staging.p_asleep
        if mode is Mode.MASKING:
            goal, down = MASK / fade.FADED, EPOCH / 60 / rules.fade
            depth = min(max(goal, depth - TURN), depth + down)
        else:
            depth = fade.deepen(depth, mode, p, staging.asleep, now / 60, rules)
        before = mode
        if before is Mode.ASLEEP and staging.aroused:
            mode = Mode.MASKING
            maskings.append(now)
        if before is Mode.MASKING and now - since >= 60 * LASTS:
            mode = Mode.DRIFTING
        if mode is Mode.DRIFTING and depth >= 1.0 and staging.asleep:
            mode = Mode.ASLEEP
        if mode is Mode.DRIFTING and wide_awake(staging):
            mode = Mode.SETTLING
        if mode is Mode.SETTLING and p is not None and (staging.asleep or p >= LIKELY):
            mode = Mode.DRIFTING
        since = since if mode is before else now
        scene = fade.scene(mode, DEFAULT, depth, rules)
        if mode is Mode.MASKING:
            scene = fade.scene_at(DEFAULT, MASK, EPOCH)
        if scene != wanted:
            wanted, course = scene, fade.course(course, scene, now)
    return Heard(np.concatenate(levels), tuple(maskings))
