"""What the diary remembers, by this firmware, an earlier or a torn one: a night starts from it."""

import copy
import dataclasses
import json
import math
import random
from pathlib import Path

import pytest

from device.assembly.desk import Desk, night
from device.config import Config
from device.diary import Diary, reading
from device.inference import model_card
from device.session.modes import Mode
from device.session.state import State
from device.sleep import features
from device.sleep.stager import Stager
from device.values import Command, Prior, Scene, Wish
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
    scenes = [told for _, told in mine.asked("sound.send") if isinstance(told, Scene)]
    assert all(scene.waking or scene.level <= 0 for scene in scenes)
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
    """Every key and index at any depth; of long lists every tenth."""
    found = [path] if path else []
    items: list = []
    if isinstance(value, dict):
        items = list(value.items())
    if isinstance(value, list):
        items = list(enumerate(value))[::10 if len(value) > 12 else 1]
    for key, inside in items:
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


# ---- on the desk ---------------------------------------------------------------------------------

def everywhere(value: object, kinds: tuple[type, ...], wrong: object) -> object:
    """Each value of these kinds replaced, at any depth."""
    if type(value) in kinds:
        return wrong
    if isinstance(value, dict):
        return {key: everywhere(inside, kinds, wrong) for key, inside in value.items()}
    return [everywhere(inside, kinds, wrong) for inside in value] if isinstance(value, list) \
        else value


def shaken(memory: dict, seed: int) -> dict:
    """Ten changes at once; the night's mode and clock stay, so that it goes on."""
    chance = random.Random(seed)
    for _ in range(10):
        path = chance.choice(places(memory))
        if not {"wall", "mode"} & set(path) and path not in [("tonight",), ("tonight", "tonight")]:
            memory = mutated(memory, path, chance)
    return memory


TODAY = EARLIER["format-2"]
TORN = {
    "huge": everywhere(TODAY, (int, float), 1e308), "below": everywhere(TODAY, (int, float), -1),
    "words": everywhere(TODAY, (str,), "x"), "none": everywhere(TODAY, (int, float, str), None),
    **{name: EARLIER[name] for name in EARLIER}, **{f"shaken {n}": shaken(TODAY, n)
                                                    for n in range(6)},
}


@pytest.mark.parametrize("name", TORN)
def test_the_whole_device_starts_from_it_lives_on_and_starts_again(name, tmp_path):
    diary = Diary(tmp_path / "diary.sqlite")
    for key, value in TORN[name].items():
        diary.remember(key, value)
    diary.close()
    wall = (EARLIER["format-2"] if name not in EARLIER else EARLIER[name])["tonight"] or {}
    wall = wall.get("wall", 1_767_220_000.0)
    for minutes in (1, 2):
        desk = Desk(tmp_path, audio_minutes=0, wall=wall + 60 * minutes, bedtime=False)
        with night(Config(), desk) as (mine, _):
            mine.clock.at(40.0, lambda: mine.parts.inbox.put(Command("sound", True)))
            mine.clock.at(50.0, lambda: mine.parts.inbox.put(Command("programme", "favourite")))
            mine.run(until=100.0)
            assert mine.mode in Mode
    with reading(tmp_path / "diary.sqlite") as rows:
        count = "SELECT count(*) FROM events WHERE kind = 'fallback'"
        assert rows.execute(count).fetchone()[0] <= 2 * len(KEYS)


@pytest.mark.parametrize("seed", range(4))
def test_a_torn_stager_is_refused_or_judges_on(seed):
    chance = random.Random(seed)
    whole = {"stager": TODAY["tonight"]["stager"]}
    card = model_card.read("stager", features.INPUTS)
    for path in chance.sample(places(whole), 40):
        torn, stager = mutated(whole, path, chance).get("stager"), Stager(*card)
        try:
            stager.restore(torn)
        except (KeyError, TypeError, ValueError):
            stager.reset()
        for n in range(3):
            judged = stager.judge(epoch(index=50 + n, start=1000.0 + 30 * n), 0.0)
            assert judged.p_asleep is None or 0 <= judged.p_asleep <= 1
        json.dumps(stager.snapshot(), allow_nan=False)
