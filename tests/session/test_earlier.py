"""What the diary remembers, by this firmware, an earlier or a torn one: a night starts from it."""

import copy
import dataclasses
import json
import math
import random
from pathlib import Path

import pytest

from device.session.modes import Mode
from device.session.state import State
from device.values import Command, Prior, Wish
from tests.session.around import epoch
from tests.session.pretend import Pages, Pretence

FOLDER = Path(__file__).parent / "earlier"
EARLIER = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
BROKEN = {name: memory for name, memory in EARLIER.items() if memory["tonight"]}
KEYS = sorted({key for memory in EARLIER.values() for key in memory})
ALWAYS = (Wish("lower", "brightness"), Wish("require", "rain"), Wish("forbid", "bell"))
DEEP: list = []
for _ in range(400):
    DEEP = [DEEP]
WRONG = [
    None, "", "x" * 300, [], [[]], {}, {"a": 1}, math.nan, math.inf, -math.inf, 1e308, -1e308, -1,
    -0.5, 0, True, False, 2**53 + 1, 10**400, DEEP, "\ud800", 0.5, 3, 50_000, 86_400.0,
]
GONE = 60.0         # s that the device was off


def started(memory: dict, gone: float = GONE) -> Pretence:
    """A new process, `gone` s after the night was saved; as `Night.run` begins."""
    saved = memory.get("tonight")
    wall = saved.get("wall") if isinstance(saved, dict) else None
    sane = type(wall) is float and 1.7e9 < wall < 1.8e9
    mine = Pretence(Pages(copy.deepcopy(memory), nights=2))
    mine.clock.set_wall((wall if sane else 1_767_220_000.0) + gone)
    mine.night.resume()
    return mine


def lived(mine: Pretence) -> None:
    """A quarter of a minute, an epoch, a word, the end of the night; and the next start."""
    mine.epochs.answer(add=lambda _: [epoch(index=8, start=mine.clock.now())])
    mine.signs.answer(add=(None,))
    mine.inbox.put(Command("say", "no bells"))
    mine.night.run(until=mine.clock.now() + 0.5)
    assert mine.night.mode is mine.night.state.tonight.mode
    Pretence(Pages(mine.diary.memory, nights=3)).night.resume()


# ---- as it was written ---------------------------------------------------------------------------

@pytest.mark.parametrize("name", EARLIER)
def test_what_earlier_firmware_remembered_is_read_in_full(name):
    mine = started(EARLIER[name])
    state = mine.night.state
    assert mine.diary.notes("fallback") == []
    assert state.sleeper.always == ALWAYS
    assert [recipe.name for recipe in state.sleeper.favourites] == ["no music"]
    assert state.sleeper.last.name == "no music" and state.sleeper.last.textures["brown"] == 0.4
    assert len(state.sleeper.sols) == 1 and state.sleeper.wakings == (0,)
    assert set(state.sleeper.baseline) == {"heart_rate", "rmssd"}
    assert state.settings.alarm == 420 and state.settings.volume == 0.7
    assert state.settings.sharing and not state.settings.privacy and not state.settings.muted
    assert state.population.prior == Prior(3, "quiet_v1", (0.3, 0.7), (0.02, 0.02), 240)
    assert mine.night.memory.own("learner") == EARLIER[name]["learner:sleeper"]
    assert mine.night.memory.own("taste") == EARLIER[name]["taste:sleeper"]
    lived(mine)


@pytest.mark.parametrize(("name", "mode", "minutes", "quiet", "cap"), [
    ("settling", Mode.DRIFTING, 28.98, (1320, 420), 1.0),
    ("asleep", Mode.PAUSED, 100.96, (1320, 420), 0.8),
    ("format-2", Mode.DRIFTING, 22.98, (1320, 420), 1.0),
])
def test_a_night_that_an_update_broke_goes_on(name, mode, minutes, quiet, cap):
    mine = started(EARLIER[name])
    state, tonight = mine.night.state, mine.night.state.tonight
    assert tonight.mode is mode and tonight.number == 2
    assert tonight.minutes(mine.clock.now()) == pytest.approx(minutes + GONE / 60, abs=0.01)
    assert tonight.refused == (49,) and tonight.liked == -1 and tonight.bedtime
    assert not tonight.snoozed and tonight.outcome is None
    assert tonight.said.tonight == (Wish("lower", "level", 0.5), Wish("forbid", "wind"))
    assert state.settings.quiet == quiet and state.settings.cap == cap
    assert mine.diary.notes("resumed") == [f"{mode} after 60 s"]
    saved = EARLIER[name]["tonight"]
    assert mine.asked("stager.restore") == [("stager.restore", saved["stager"])]
    assert 0 < tonight.depth < 1


def test_its_timer_runs_out_when_it_would_have():
    for name, left in (("settling", 16.52), ("format-2", (2790 - 1439) / 60)):
        mine = started(EARLIER[name])
        tonight = mine.night.state.tonight
        assert tonight.timer == 45
        assert (tonight.timer_ends - mine.clock.now()) / 60 == pytest.approx(left - 1, abs=0.01)
    assert started(EARLIER["asleep"]).night.state.tonight.timer_ends is None


@pytest.mark.parametrize("name", BROKEN)
def test_one_of_long_ago_is_finished(name):
    mine = started(EARLIER[name], gone=31 * 60)
    assert mine.night.mode is Mode.IDLE and mine.night.state.tonight.liked == 0
    assert mine.diary.notes("finished") and not mine.diary.notes("resumed")


# ---- as it never was written ---------------------------------------------------------------------

def places(value: object, path: tuple = ()) -> list[tuple]:
    """Every key and index at any depth; of long lists only the ends."""
    items = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) \
        if isinstance(value, list) else []
    found = [path] if path else []
    for key, inside in items if len(items) < 12 or isinstance(value, dict) else items[::10]:
        found += places(inside, (*path, key))
    return found


def mutated(memory: dict, path: tuple, chance: random.Random) -> dict:
    """Another value there, none, one more beside it, or only half of it."""
    memory = copy.deepcopy(memory)
    *way, last = path
    inside = memory
    for key in way:
        inside = inside[key]
    what = chance.choice(["drop", "add", "cut", *["wrong"] * 5])
    if what == "drop":
        del inside[last]
    elif what == "add" and isinstance(inside, dict):
        inside["a later version's"] = chance.choice(WRONG)
    elif what == "cut" and isinstance(inside[last], list | dict | str):
        whole = inside[last]
        half = list(whole.items()) if isinstance(whole, dict) else whole
        half = half[:len(half) // 2]
        inside[last] = dict(half) if isinstance(whole, dict) else half
    else:
        inside[last] = chance.choice(WRONG)
    return memory


def fields(state: State) -> dict[tuple[str, str], object]:
    """What was read, by the key of the memory and the name of the field."""
    known = {("remote", item.name): getattr(state.settings, item.name)
             for item in dataclasses.fields(state.settings)}
    known |= {("known:sleeper", item.name): getattr(state.sleeper, item.name)
              for item in dataclasses.fields(state.sleeper)}
    return known | {("others", "prior"): state.population.prior}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", EARLIER)
def test_whatever_is_changed_of_it_a_night_starts_and_the_rest_stands(name, seed):
    chance = random.Random(f"{name} {seed}")
    memory, whole = EARLIER[name], fields(started(EARLIER[name]).night.state)
    everywhere = places(memory)
    for path in chance.sample(everywhere, min(25, len(everywhere))):
        torn = mutated(memory, path, chance)
        mine = started(torn)
        said = mine.diary.notes("fallback")
        assert len(said) <= 1, (path, said)
        for key, value in fields(mine.night.state).items():
            if path[0] in (key[0], "tonight", "choices") or path[0].endswith(":sleeper"):
                continue
            assert value == whole[key], (path, key)
        lived(mine)
