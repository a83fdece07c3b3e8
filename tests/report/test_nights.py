"""The last nights in a few numbers each, from a diary."""

import sqlite3

import pytest

from device.diary import Diary
from device.report.nights import lately

DAY = 86_400.0
SUMS = {"tib": 480.0, "tst": 420.0, "sol": 12.0, "spt": 460.0, "waso": 28.0, "final_wake": 8.0,
        "efficiency": 0.9, "wakings": 3, "long_wakings": 1, "unknown": 0.0, "light": 240.0,
        "deep": 90.0, "rem": 90.0, "judged": 1.0, "onset": True, "nap": False, "awake": ()}


@pytest.fixture
def diary(tmp_path):
    kept = Diary(tmp_path / "diary.sqlite")

    def keep(*nights):
        for number, changes in enumerate(nights, 1):
            kept.add("nights", id=number, began=number * DAY, lights_out=0.0, seed=1, sleeper="ada",
                     software="0", sums=changes and {**SUMS, **changes})
        kept.flush()
        return tmp_path / "diary.sqlite"
    keep.kept = kept
    yield keep
    kept.close()


def test_fourteen_nights_at_most_oldest_first(diary):
    told = lately(diary(*[{"tst": 400.0 + n} for n in range(20)]))
    assert [night["tst"] for night in told["nights"]] == [400.0 + n for n in range(6, 20)]
    assert told["pictured"] == 20 * DAY


def test_the_second_opinions_estimates_go_before_the_live_sums(diary):
    guess = {"value": 30.0, "low": 20.0, "high": 40.0}
    told = lately(diary({"estimates": {"waso": guess, "deep": guess}}))
    assert told["nights"][0]["waso"] == told["night"]["deep_sleep"] == 30.0
    assert told["night"]["light_sleep"] == 240.0 and told["night"]["efficiency"] == 90.0


def test_what_was_not_seen_is_not_known_and_a_nap_is_no_bar(diary):
    told = lately(diary({"judged": 0.3}, {"onset": False}, {"nap": True}, None))
    assert told["nights"] == (
        {"began": DAY, "sol": None, "tst": None, "waso": None},
        {"began": 2 * DAY, "sol": None, "tst": 420.0, "waso": 28.0})
    assert told["pictured"] == 3 * DAY


def test_hearts_are_those_of_sleep_that_were_trusted_and_sound_what_could_be_heard(diary):
    path = diary({})
    for number, (stage, rate, quality, level) in enumerate([
            ("light", 60.0, 0.9, 35.0), ("deep", 50.0, 0.9, 10.0), ("deep", 40.0, 0.1, 25.0),
            ("wake", 90.0, 0.9, None)]):
        diary.kept.add("epochs", night=1, number=number, time=30.0 * number, mode="asleep",
                       stage=stage, heart_rate=rate, rmssd=40.0, heart_quality=quality,
                       motion_quality=1.0, level=level)
    diary.kept.flush()
    night = lately(path)["night"]
    assert (night["mean_heart_rate"], night["lowest_heart_rate"]) == (55.0, 50.0)
    assert night["rmssd"] == 40.0 and night["sound_minutes"] == 1.0


def test_an_empty_diary_has_no_nights_and_no_diary_is_an_error(diary, tmp_path):
    assert lately(diary()) == {"nights": (), "night": None, "pictured": None}
    with pytest.raises(sqlite3.Error):
        lately(tmp_path / "nowhere.sqlite")
