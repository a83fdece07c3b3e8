import sqlite3
from dataclasses import replace

import pytest

from device import stored
from device.diary import Diary, everything
from device.memory import Memory, forget_learned, known, load
from device.session import restart
from device.session.modes import Mode
from device.session.settings import Knobs, Owner, Settings
from device.session.sleeper import Sleeper
from device.session.state import Bell, Population, State
from device.session.tonight import Said, Tonight, Unsaid
from device.values import Prior, Wish
from tests.session.around import NOW, RAIN, TIDE, at, played, state
from tests.session.pretend import Pages

PRIOR = Prior(3, "quiet_v1", (0.3, 0.7), (0.02, 0.02), 240)
OWNER = Owner(knobs=Knobs(volume=0.8))
SETTINGS = Settings(0.3, alarm=420, muted=True, configured=OWNER.knobs)
SLEEPER = Sleeper((12.0,), (1,), {"heart_rate": 50.0}, (1, -1), (RAIN,), (Wish("forbid", "bell"),),
                  TIDE)
BELL = Wish("forbid", "bell")


def memory(pages: Pages | None = None, **owner) -> Memory:
    return Memory(pages or Pages(), replace(OWNER, **owner))


def remembered(**values) -> Pages:
    return Pages({key.replace("_", ":"): stored.plain(value) for key, value in values.items()}, 7)


# ---- reading -------------------------------------------------------------------------------------

def test_with_an_empty_diary_everything_is_as_the_config_says():
    then, troubles = memory(Pages(nights=7)).load(NOW)
    assert troubles == []
    assert then.owner == OWNER and then.nights == 7 and then.tonight == Tonight(since=NOW)
    assert then.settings == Settings(volume=0.8, configured=OWNER.knobs)
    assert then.status.sent == 0.8 and then.sleeper == Sleeper()


def test_what_was_set_and_what_is_known_come_back():
    pages = remembered(remote=SETTINGS, known_sleeper=SLEEPER, others=Population(3, PRIOR, True))
    then, troubles = memory(pages).load(NOW)
    assert troubles == [] and then.settings == SETTINGS and then.sleeper == SLEEPER
    assert then.population == Population(3, PRIOR, None)       # the gate has its say anew
    assert then.status.sent == 0.3


def test_each_sleeper_has_their_own_and_the_settings_are_the_beds():
    pages = remembered(remote=SETTINGS, known_anna=SLEEPER, taste_anna={"a": 1})
    anna, bert = memory(pages, sleeper="anna"), memory(pages, sleeper="bert")
    assert anna.load(NOW)[0].sleeper == SLEEPER and bert.load(NOW)[0].sleeper == Sleeper()
    assert bert.load(NOW)[0].settings == SETTINGS
    assert anna.own("taste") == {"a": 1} and bert.own("taste") is None


@pytest.mark.parametrize(("key", "what"), [
    ("remote", "what was set from afar"), ("known:sleeper", "what is known of the sleeper"),
    ("others", "what other beds told"),
])
def test_what_cannot_be_read_is_said_once_and_the_rest_stands(key, what):
    pages = remembered(remote=SETTINGS, known_sleeper=SLEEPER, others=Population(3, PRIOR))
    whole, _ = memory(pages).load(NOW)
    pages.memory[key] = 5
    torn, troubles = memory(pages).load(NOW)
    assert len(troubles) == 1 and troubles[0].startswith(f"{what} can't be read in full (")
    assert torn.settings == (memory().load(NOW)[0].settings if key == "remote" else SETTINGS)
    assert torn.sleeper == (Sleeper() if key.startswith("known") else whole.sleeper)
    assert torn.population == (Population() if key == "others" else whole.population)


def test_a_sentence_names_the_first_trouble_and_counts_the_others():
    def said(stored):
        return load(Settings, stored, "it")[1]
    assert said(None) == said({}) == []
    assert said({"muted": 1}) == [
        "it can't be read in full (muted = 1 is no bool): going on without that"]
    assert said({"muted": 1, "cap": "x"}) == [
        "it can't be read in full (cap = 'x' is no float and 1 more): going on without that"]
    assert said({"muted": 1, "light": 2, "cap": "x"}) == [
        "it can't be read in full (cap = 'x' is no float and 2 more): going on without that"]


def test_when_the_alarm_rang_and_when_the_time_was_last_known_outlive_a_cut():
    pages = Pages()
    mine = memory(pages)
    state, _ = mine.load(NOW)
    for seen in (1e9, 1e9 + 30.0, 1e9 + 700.0):
        mine.keep(replace(state, bell=Bell((5, 420), seen, blind=3.0)))
    assert memory(pages).load(NOW)[0].bell == Bell((5, 420), 1e9 + 700.0)
    mine.keep(replace(state, bell=Bell((5, 420), 1e9 + 730.0)))
    assert pages.memory["bell"]["seen"] == 1e9 + 700.0


def test_a_prior_that_is_torn_anywhere_is_not_used_but_its_version_stays():
    torn = remembered(others=Population(3, PRIOR))
    torn.memory["others"]["prior"]["errors"][0] = "x"
    then, troubles = memory(torn).load(NOW)
    assert then.population == Population(3) and len(troubles) == 1


@pytest.mark.parametrize(("muted", "expected"), [(True, True), (False, False), (None, False),
                                                 ("yes", False)])
def test_a_mute_of_earlier_firmware_was_kept_by_itself(muted, expected):
    old = stored.plain(SETTINGS)
    del old["muted"]
    then, _ = memory(Pages({"remote": old, "muted": muted})).load(NOW)
    assert then.settings == replace(SETTINGS, muted=expected)


def test_todays_mute_goes_before_an_earlier_ones():
    pages = remembered(remote=replace(SETTINGS, muted=False), muted=True)
    assert not memory(pages).load(NOW)[0].settings.muted


def test_the_sleeper_of_earlier_firmware_was_kept_in_three_places():
    recipe = stored.plain(RAIN)
    past = {"sols": [12.0], "wakings": [1], "baseline": {"rmssd": 40.0}, "mornings": [1]}
    said = {"kept": {"always": [["forbid", "bell", 1.0]], "tonight": []}, "last": recipe}
    whole = Pages({"past:sleeper": past, "favourites:sleeper": [recipe], "said:sleeper": said})
    then, troubles = memory(whole).load(NOW)
    assert troubles == []
    assert then.sleeper == Sleeper((12.0,), (1,), {"rmssd": 40.0}, (1,), (RAIN,), (BELL,), RAIN)
    for key in list(whole.memory):
        for torn in (None, 3, [], {}, {"kept": 3}):
            few = {**whole.memory, key: torn}
            sleeper = memory(Pages(few)).load(NOW)[0].sleeper
            assert (sleeper.sols == (12.0,)) is (key != "past:sleeper")
            assert (sleeper.favourites == (RAIN,)) is (key != "favourites:sleeper")
            assert (sleeper.always == (BELL,)) is (key != "said:sleeper")
            assert (sleeper.last == RAIN) is (key != "said:sleeper")
    assert known(Pages(), "sleeper") is None


def test_what_todays_firmware_knows_goes_before_what_earlier_did():
    pages = remembered(known_sleeper=SLEEPER, past_sleeper={"sols": [99.0]})
    assert memory(pages).load(NOW)[0].sleeper == SLEEPER


def test_tonight_comes_back_with_its_choices_and_rows():
    pages, here = Pages(), state(Mode.DRIFTING, liked=2, played=played())
    memory(pages).save_tonight(here, {"a": 1}, at())
    pages.told = {"lights_out": 3.0, "epochs": [1], "decisions": [2]}
    saved, choices, rows, troubles = memory(pages).tonight()
    assert troubles == [] and saved.stager == {"a": 1}
    assert saved.tonight == replace(here.tonight, played=None)
    assert choices == restart.choices(here) and rows == restart.Rows(3.0, [1], [2])
    pages.memory["choices"] = {"number": "five"}
    pages.memory["tonight"]["volume"] = "loud"
    saved, choices, _, troubles = memory(pages).tonight()
    assert saved.volume == 0.0 and choices == restart.Choices() and len(troubles) == 2


# ---- writing -------------------------------------------------------------------------------------

def written(pages: Pages) -> list[str]:
    return sorted(key for key, value in pages.memory.items() if value is not None)


def test_only_what_changed_is_written():
    pages = Pages()
    mine = memory(pages)
    here, _ = mine.load(NOW)
    mine.keep(here)
    mine.keep(here.with_tonight(liked=1))
    assert written(pages) == []
    mine.keep(here.with_settings(light=0.5))
    assert written(pages) == ["remote"] and pages.memory["remote"]["light"] == 0.5
    mine.keep(here.with_sleeper(sols=(3.0,)))
    assert written(pages) == ["known:sleeper", "remote"]
    assert pages.memory["known:sleeper"]["sols"] == [3.0]
    mine.keep(replace(mine.kept, population=Population(4)))
    assert pages.memory["others"]["version"] == 4
    pages.memory.clear()
    mine.keep(mine.kept)
    assert written(pages) == []


def test_another_parts_own_is_kept_under_the_sleepers_name():
    pages = Pages()
    memory(pages, sleeper="anna").keep_own("taste", {"a": 1})
    assert pages.memory == {"taste:anna": {"a": 1}}


def test_in_privacy_tonight_is_not_saved():
    pages = Pages()
    memory(pages).save_tonight(state().with_settings(privacy=True), {}, at())
    assert written(pages) == [] and pages.calls == [("commit",)]


def test_a_saved_night_is_committed():
    pages = Pages()
    memory(pages).save_tonight(state(), {}, at())
    assert written(pages) == ["choices", "tonight"] and pages.calls == [("commit",)]
    assert pages.memory["tonight"]["format"] == 2


def test_a_night_that_is_over_is_forgotten_and_the_oldest_go():
    pages = Pages()
    mine = memory(pages, retention=30)
    mine.save_tonight(state(), {}, at())
    mine.forget_tonight(State(owner=mine.owner))
    assert written(pages) == [] and set(pages.memory) == {"tonight", "choices"}
    assert pages.calls == [("commit",), ("commit",), ("forget", 30)]
    mine.keep(State().with_settings(privacy=True))
    assert pages.memory["tonight"] is None


def test_privacy_takes_the_words_of_a_night_that_a_restart_found():
    pages = Pages()
    memory(pages).save_tonight(state(said=Said(mood="tense")), {}, at())
    after = memory(pages)
    after.tonight()
    after.keep(State().with_settings(privacy=True))
    assert pages.memory["tonight"]["tonight"]["said"] == stored.plain(Said())


def test_privacy_that_goes_on_touches_nothing_that_was_saved():
    pages = Pages()
    mine = memory(pages)
    mine.save_tonight(state(said=Said(mood="tense"), unsaid=Unsaid()), {}, at())
    private = state().with_settings(privacy=True)
    mine.kept = private
    mine.keep(private.with_tonight(liked=1))
    assert pages.memory["tonight"]["tonight"]["said"]["mood"] == "tense"


def test_forgetting_what_was_learned_leaves_wishes_and_the_priors_version():
    pages = remembered(
        known_sleeper=SLEEPER, learner_sleeper={"a": 1}, taste_sleeper={"a": 1}, remote=SETTINGS,
        known_anna=SLEEPER, others=Population(3, PRIOR))
    forget_learned(pages, "sleeper")
    then, troubles = memory(pages).load(NOW)
    assert troubles == [] and then.sleeper == Sleeper(always=SLEEPER.always, last=TIDE)
    assert memory(pages).own("learner") is memory(pages).own("taste") is None
    assert then.population == Population(3) and then.settings == SETTINGS
    assert memory(pages, sleeper="anna").load(NOW)[0].sleeper == SLEEPER


# ---- the diary's own -----------------------------------------------------------------------------

@pytest.fixture
def diary(tmp_path):
    diary = Diary(tmp_path / "diary.sqlite")
    yield diary
    diary.close()


def test_what_is_remembered_is_recalled_once_it_is_on_the_disk(diary):
    diary.remember("a", {"b": (1, None)})
    assert diary.flush() and diary.recall("a") == {"b": [1, None]}
    assert diary.recall("c") is None and diary.recall("c", 5) == 5


def test_the_same_again_costs_nothing_and_another_value_replaces_it(diary):
    for value in (1, 1, 2, 2):
        diary.remember("a", value)
    assert [row["value"] for _, row in diary._rows] == ["1", "2"]
    assert diary.flush() and diary.recall("a") == 2


def test_privacy_keeps_rows_from_the_diary_but_not_what_is_remembered(diary):
    diary.private = True
    diary.add("feedback", night=1, time=0.0, kind="like", value=1)
    diary.remember("a", 1)
    assert [table for table, _ in diary._rows] == ["memory"]


@pytest.mark.parametrize("text", ["", "{", "nul", "[" * 100_000 + "]" * 100_000])
def test_what_is_no_json_is_read_as_text_and_said(diary, text):
    diary.add("memory", key="a", value=text)
    assert diary.flush() and diary.recall("a", "nothing") == text
    assert load(Settings, diary.recall("a"), "it") == (
        Settings(), ["it can't be read in full (Settings is no Settings): going on without that"])


def test_a_diary_that_cannot_be_opened_remembers_nothing(diary):
    diary.remember("a", 1)
    assert diary.flush() and diary.recall("a") == 1
    diary.path.rename(diary.path.with_name("elsewhere"))
    assert diary.recall("a") is None and diary.recall("a", "nothing") == "nothing"


def test_a_night_is_its_lights_out_epochs_and_decisions_oldest_first(diary):
    diary.add("nights", id=2, lights_out=60.0, seed=1, sleeper="s", software="x")
    for night, number in ((2, 8), (2, 7), (1, 5)):
        diary.add("epochs", night=night, number=number, time=1.0, mode="asleep")
        diary.add("decisions", night=night, time=1.0, moment="night", recipe="{}", sentence="",
                  contributions=[], seed=number, propensity=1.0, candidate=1, receipt={})
    assert diary.flush()
    found = diary.night(2)
    assert found["lights_out"] == 60.0
    assert [row["number"] for row in found["epochs"]] == [7, 8]
    assert [row["seed"] for row in found["decisions"]] == [8, 7]
    assert diary.night(3) == {"lights_out": None, "epochs": [], "decisions": []}


def test_moving_a_night_moves_all_its_times_and_no_others(diary):
    for night in (1, 2):
        diary.add("nights", id=night, lights_out=60.0, ended=90.0, seed=1, sleeper="s",
                  software="x")
        diary.add("epochs", night=night, number=1, time=70.0, mode="asleep")
        diary.add("events", night=night, time=71.0, kind="mode", detail="")
        diary.add("feedback", night=night, time=72.0, kind="like", value=1)
        diary.add("phrases", night=night, start=73.0, length=4.0, notes=[])
    diary.commit()
    diary.shift(2, 5.5)
    assert diary.flush()
    tables = everything(diary.path)
    times = {name: [row.get("time", row.get("start", row.get("lights_out"))) for row in rows]
             for name, rows in tables.items() if rows}
    assert times == {"nights": [60.0, 65.5], "epochs": [70.0, 75.5], "events": [71.0, 76.5],
                     "feedback": [72.0, 77.5], "phrases": [73.0, 78.5]}
    assert [row["ended"] for row in tables["nights"]] == [90.0, 95.5]


def test_a_disk_that_refuses_moves_the_night_later_and_only_what_was_there(diary):
    diary.add("nights", id=2, lights_out=60.0, seed=1, sleeper="s", software="x")
    assert diary.flush()
    other = sqlite3.connect(diary.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    diary.shift(2, 5.5)
    assert not diary.flush() and "locked" in diary.trouble
    diary.add("feedback", night=2, time=72.0, kind="like", value=1)
    other.execute("ROLLBACK")
    assert diary.flush() and diary.night(2)["lights_out"] == 65.5
    assert [row["time"] for row in everything(diary.path)["feedback"]] == [72.0]
    assert diary.lost == 0
