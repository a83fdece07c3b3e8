"""Configs that nobody would write: none ends in a traceback, and whatever is accepted runs."""

import random
from pathlib import Path

import pytest

from device.assembly import build
from device.assembly.desk import Desk, night
from device.assembly.fit import fit
from device.config import Config, sound_flags, toml
from device.errors import ConfigError
from device.sound.dispatch import Console
from device.sound.process import arguments, told
from tests.test_config import KEYS

ODD = ('""', "0", "-0.0", "1e308", "-1e308", "nan", "inf", "true", '"\\u0000"', '"\\n"', "[]", "{}",
       '"' + "x" * 300 + '"', "9" * 40, "1979-05-27", "07:00:00", '"-hw"', '"../../etc"', '"💤"',
       '"hub"', '"auto"', '"none"', '"MAX30105"', '"Europe/Berlin"', '"off"', '"24:00"', '"guest"')
TEXTS = ("", "auto", "none", "MAX30102", "LIS3DH", "ADXL355", "deep rain", "favourite", "hub.local",
         "127.0.0.1", "/nowhere/at/all", "a b", "-", "ä")


def drawn(rng: random.Random, item, hostile: float) -> str:
    """What may stand in the file for one key."""
    bounds, default = item.metadata, item.default
    if rng.random() < hostile:
        return rng.choice(ODD)
    if bounds["among"]:
        return toml(rng.choice(sorted(bounds["among"])))
    if isinstance(default, bool):
        return toml(rng.random() < 0.5)
    if bounds["low"] is not None:
        low, high = bounds["low"], bounds["high"]
        value = rng.choice([low, high, rng.uniform(low, high), bounds["none"] or low])
        return toml(type(default)(value))
    like = {"time": ("", "7:00", "23:59"), "weekday": ("", "off", "00:00"), "bed": ("b", "B-1_"),
            "zone": ("", "Asia/Kathmandu", "America/St_Johns"), "name": ("guest", "a b", "ü"),
            "key": ("", "0" * 64), "host": ("", "127.0.0.1")}
    return toml(rng.choice(like.get(bounds["like"], TEXTS)))


def config(seed: int) -> str:
    rng = random.Random(seed)
    hostile = rng.choice([0.0, 0.0, 0.02, 0.3])
    share, lines = rng.choice([0.05, 0.3, 1.0]), {}
    for section, item in KEYS:
        if rng.random() < share:
            lines.setdefault(section, []).append(f"{item.name} = {drawn(rng, item, hostile)}")
    text = "\n".join(f"[{name}]\n" + "\n".join(keys) for name, keys in lines.items())
    if rng.random() < 0.1:              # torn somewhere
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(["", "\0", "[", '"', "\ud7ff", "=" * 50]) + text[at + 1:]
    return text


def accepted(seeds) -> list[Config]:
    found = []
    for seed in seeds:
        try:
            each = Config.parse(config(seed))
            fit(each)
        except ConfigError as trouble:
            assert str(trouble)
            continue
        found.append(each)
    return found


def lives_for_two_minutes(each: Config, folder: Path) -> None:
    Console(told(arguments(["--socket", "s", *sound_flags(each)])))
    build.home_settings(each)
    with night(each, Desk(folder, hours=2 / 60, audio_minutes=0, build="clip")) as (mine, _):
        mine.run(until=120.0)        # a finger presses after the first of them
        assert mine.clock.now() >= 120.0 and mine.diary.flush(), mine.diary.trouble


@pytest.mark.parametrize(("loaded", "started"), [
    (400, 3), pytest.param(10_000, 300, marks=pytest.mark.full)])
def test_whatever_is_accepted_runs_for_a_minute(tmp_path, loaded, started):
    good = accepted(range(loaded))
    assert len(good) > loaded / 4
    for number, each in enumerate(good[-started:]):
        lives_for_two_minutes(each, tmp_path / str(number))
