"""Nights as a diary keeps them, without sleeping them."""

import random
from dataclasses import asdict
from pathlib import Path

from device.diary import Diary
from device.sleep.hypnogram import sums
from device.values import EPOCH, Stage, Staging

BEGAN = 1_782_165_600.0         # s: 2026-06-22 22:00 UTC, a Monday
STAGES = ("light", "deep", "light", "rem")
RECIPE = {"name": "slow dark rain", "scale": "dorian", "style": "", "pulse": 48.0, "density": 0.1,
          "register": 50.0, "brightness": 0.2, "tension": 0.1, "textures": {"rain": 0.5},
          "surface": "leaves", "music": 0.4, "level": 0.0}


def keep(path: Path, nights: int, seed: int = 1, spread: float = 30.0) -> None:
    """`nights` in a row from BEGAN on, to bed within ± `spread` min; the last has twelve choices.
    """
    chance, diary = random.Random(seed), Diary(path)
    for number in range(1, nights + 1):
        late = 60 * round(chance.uniform(-spread, spread))
        one(diary, number, BEGAN + 86_400 * (number - 1) + late, chance,
            choices=12 if number == nights else 2)
    diary.close()


def one(diary: Diary, number: int, began: float, chance: random.Random, choices: int) -> None:
    onset, count = chance.randint(10, 60), chance.randint(840, 960)
    wake = {n for start in chance.sample(range(100, 800), 3)
            for n in range(start, start + chance.choice((2, 6, 16)))}
    stagings = []
    for n in range(count):
        stage = "wake" if n < onset or n in wake else STAGES[n // 45 % 4]
        stagings.append(Staging(n, EPOCH * (n + 1), None, Stage(stage), None))
        shares = {f"p_{each}": 0.85 if each == stage else 0.05
                  for each in ("wake", "light", "deep", "rem")}
        level = 34.0 if n < onset + 20 or n in wake else 0.0
        diary.add("epochs", night=number, number=n, time=100.0 + EPOCH * (n + 1), mode="asleep",
                  stage=stage, p_asleep=1 - shares["p_wake"], heart_rate=56 + chance.gauss(0, 1.5),
                  rmssd=38 + chance.gauss(0, 5), breathing=14 + chance.gauss(0, 0.5),
                  movement=0.01, heart_quality=0.9, motion_quality=1.0, present=1, level=level,
                  dose=float(n), **shares)
    for n in range(choices):
        diary.add("decisions", night=number, time=100.0 + 1500.0 * n,
                  moment="bedtime" if n == 0 else "arousal", recipe=RECIPE,
                  sentence="slow dark rain: you fell asleep sooner than expected with it on "
                  f"{n} of {n + 3} nights", contributions=[["tone", -0.34], ["pulse", 0.2]], seed=1,
                  propensity=0.25, candidate=1, receipt={})
    for n in range(20):
        diary.add("events", night=number, time=200.0 + n, kind="message", detail=f"event {n}")
    diary.add("events", night=number, time=30_000.0, kind="learned",
              detail="asleep 6 min sooner than expected")
    kept = asdict(sums(stagings))
    value = {name: {"value": kept[name] or 0.0, "low": max((kept[name] or 0.0) - 12, 0.0),
                    "high": (kept[name] or 0.0) + 15}
             for name in ("sol", "tst", "waso", "light", "deep", "rem", "wakings", "long_wakings")}
    kept |= {"estimates": {**value, "slept": 1.0, "long_waking": 0.4}, "judged": 1.0, "onset": True,
             "awake": [[9000.0, 8.0]], "nap": False, "calibrated": False}
    diary.add("nights", id=number, began=began, lights_out=100.0, seed=1, sleeper="sleeper",
              software="0", ended=100.0 + 30 * count, sums=kept)
