"""Whatever the models say and whoever asks: nothing startles."""

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from desk.soaking import Told, Watched, startles
from device.config import Config, Night
from device.sleep.hypnogram import sums
from device.values import STAGES, TEXTURES, Command, Recipe, Staging, Volume


class WildStager:
    """Judges by dice, and often that somebody sleeps or is aroused."""

    changes = np.eye(4)

    def __init__(self, rng):
        self.rng = rng

    def judge(self, epoch, lights_out):
        rng = self.rng
        p = None if rng.random() < 0.2 else float(rng.choice([0.0, 1.0, rng.random()]))
        shares = tuple(float(share) for share in rng.dirichlet(np.ones(4)))
        return Staging(
            epoch.index,
            epoch.start + 30.0,
            p,
            None if p is None else STAGES[rng.integers(4)],
            None if p is None else shares,
            asleep=bool(rng.random() < 0.6),
            aroused=bool(rng.random() < 0.4),
        )

    def reset(self):
        pass

    def snapshot(self):
        return {}

    def restore(self, kept):
        pass

    def review(self, stagings):
        return sums(stagings)


def wild(rng) -> Recipe:
    textures = {name: float(rng.random()) for name in TEXTURES if rng.random() < 0.4}
    return Recipe(
        textures=MappingProxyType(textures),
        music=float(rng.random()),
        level=float(rng.uniform(-40, 0)),
        density=float(rng.uniform(0, 0.8)),
        brightness=float(rng.random()),
    )


@pytest.mark.parametrize(
    "seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(3, 40))]
)
def test_wild_models_and_wild_messages_startle_nobody(sleep, seed):
    rng, watched = np.random.default_rng(seed), []

    def begin(mine):
        mine.parts = mine.parts.having(stager=WildStager(rng))
        choose = mine.parts.mind.recommender.choose
        mine.parts.mind.recommender.choose = lambda *args, **more: replace(
            choose(*args, **more), recipe=wild(rng)
        )
        mine.parts = mine.parts.having(sound=Watched(mine))
        watched.append(mine.parts.world.sound)
    acts = [(-30.0, begin)]
    for when in np.sort(rng.uniform(10, 1700, 40)):
        kind, value = [
            ("volume", float(rng.random())),
            ("sound", bool(rng.random() < 0.5)),
            ("programme", "slow tide"),
            ("programme", "auto"),
            ("volume_cap", float(rng.random())),
        ][rng.integers(5)]
        acts.append(
            (
                float(when),
                lambda mine, kind=kind, value=value: mine.parts.inbox.put(Command(kind, value)),
            )
        )
    slept = sleep(hours=0.5, build="none", acts=acts, config=Config(night=Night(
        fade=2.0, masking=1.0, keep_playing=bool(seed % 2))))
    told = watched[0].told
    hands = [(row["time"], row["kind"] == "press") for row in slept.rows["events"]
             if row["kind"] in ("press", "command")]
    assert sum(not isinstance(word.message, Volume) for word in told) > 10
    assert not startles(told, hands)
    assert all(word.message.level <= 0.0 for word in told if not isinstance(word.message, Volume))


def test_the_judge_of_startles_would_have_noticed():
    assert startles([Told(0.0, Volume(0.1), True), Told(1.0, Volume(0.3), True)], [])
