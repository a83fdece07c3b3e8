"""What happens when a night isn't one body falling asleep in one bed."""

import pytest

from device import report
from device.config import Alarm, Config, Night, Quiet
from device.hardware.light import DIM
from device.home.commands import Command
from device.modes import Mode
from device.policy import SILENT
from device.recommend import Recommender

NOON = 1_767_182_400.0          # s since 1970: 2025-12-31 12:00 UTC
QUICK = Config(night=Night(fade=3.0, masking=3.0, onset="quick"))


def test_a_nap_is_kept_and_told_but_teaches_nothing(sleep):
    slept = sleep(hours=0.4, wall=NOON, sleeper={"latency": 3.0})
    assert slept.rows["epochs"] and slept.rows["nights"][0]["sums"]
    assert not slept.night.recommender.nights and not slept.night.keeper.sols
    assert report.summary(slept.rows["nights"][0]).startswith("A nap: ")


@pytest.mark.full
def test_who_gets_up_and_returns_finds_the_night_going_on(sleep):
    slept = sleep(hours=1.5, build="mattress", config=QUICK, sleeper={"latency": 3.0, "away": [(50, 6)]})
    assert len(slept.rows["nights"]) == 1
    away = [row["present"] for row in slept.rows["epochs"]]
    assert 0 in away and away[-1] == 1 and slept.night.mode is not Mode.MORNING
    assert slept.details("mode").count("idle → settling: press") == 1


@pytest.mark.full
def test_with_nobody_in_bed_the_sound_ends_after_half_an_hour_and_nothing_is_learned(sleep):
    slept = sleep(hours=0.7, build="mattress", sleeper={"nobody": True})
    ended = next(row["time"] for row in slept.rows["events"] if row["detail"].endswith("morning: up"))
    assert 29 * 60 <= ended - 60 <= 32 * 60
    assert slept.rows["epochs"][-1]["target"] == SILENT and not slept.night.keeper.sols


@pytest.mark.full
def test_two_bodies_in_one_bed_still_get_a_night_that_fades(sleep):
    slept = sleep(hours=1.2, build="mattress", config=QUICK, sleeper={"latency": 3.0}, partner=77)
    targets = [row["target"] for row in slept.rows["epochs"]]
    assert targets[0] > -15 and SILENT in targets
    maskings = sum("→ masking" in detail for detail in slept.details("mode"))
    assert maskings <= 6        # an hour: the other one's stirring doesn't keep it playing


@pytest.mark.full
def test_a_clip_that_comes_off_leaves_the_timer_and_one_that_is_put_on_again_is_believed(sleep):
    slept = sleep(hours=1.0, config=QUICK, sleeper={"latency": 40.0, "sensor_off": [(8, 12)]})
    assert slept.night.mode is not Mode.IDLE
    off = [row["heart_rate"] for row in slept.rows["epochs"] if 9 * 60 < row["time"] - 60 < 19 * 60]
    on = [row["heart_rate"] for row in slept.rows["epochs"] if row["time"] - 60 > 24 * 60]
    assert all(rate is None for rate in off) and any(on)


@pytest.mark.full
def test_an_alarm_that_nobody_answers_ends_after_an_hour(sleep):
    slept = sleep(hours=1.2, build="none", config=Config(alarm=Alarm(time=at(6))))
    ended = next(row["time"] for row in slept.rows["events"] if row["detail"] == "waking → morning: up")
    assert 360 + 3570 <= ended <= 360 + 3660


def at(minutes: int) -> str:
    from datetime import datetime
    return datetime.fromtimestamp(1_767_218_400.0 + 60 * minutes).strftime("%H:%M")


def test_a_favourite_named_from_afar_plays_until_auto_is_asked_for(sleep):
    slept = sleep(hours=0.1, acts=[(60, lambda mine: mine.inbox.put(Command("programme", "slow tide"))),
                                   (200, lambda mine: mine.inbox.put(Command("programme", "auto")))])
    names = [row["recipe"] for row in slept.rows["decisions"]]
    assert '"slow tide"' in names[1] and '"slow tide"' not in names[2]
    assert slept.rows["decisions"][1]["sentence"] == "you asked for slow tide"


def test_sound_needs_less_over_weeks_if_the_sleeper_wants_that(sleep, monkeypatch):
    monkeypatch.setattr(Recommender, "nights", property(lambda self: tuple(range(21))))
    plain, less = (sleep(hours=0.05, name=name, config=Config(night=Night(withdraw=withdraw))).night.rules
                   for name, withdraw in (("plain", False), ("less", True)))
    assert (less.softer, plain.softer) == (3.0, 0.0)
    assert less.fade == pytest.approx(0.85 * plain.fade) and less.timer == pytest.approx(0.85 * plain.timer)


def lights(mine, seconds: float = 8.0) -> list[float]:
    return [mine.bedside.brightness(100.0 + 0.02 * i) for i in range(round(seconds / 0.02))]


def test_the_light_tells_playing_muted_trouble_and_silence_apart_in_the_dark(sleep):
    mine = sleep(hours=0.05, build="none", config=Config()).night
    mine.trouble = ()
    mine.bedside.thanked, mine.bedside.muted = float("-inf"), False
    breathing = lights(mine, 10.0)
    assert 0 < max(breathing) <= DIM and len(set(breathing)) > 100
    mine.bedside.muted = True
    muted = blinks(lights(mine))
    mine.bedside.muted, mine.trouble = False, ("no chip answers",)
    trouble = blinks(lights(mine))
    mine.trouble, mine.diary.trouble = (), "can't write"
    assert (muted, trouble, blinks(lights(mine))) == (2, 4, 4)      # in 8 s
    mine.diary.trouble, mine.bedside.beat = "", None
    assert blinks(lights(mine)) == 4
    mine.bedside.beat = mine.sound.heartbeat()
    mine.mode = Mode.ASLEEP
    assert max(lights(mine)) == 0


def test_in_quiet_hours_it_is_dark_whatever_fails_but_a_press_is_answered(sleep):
    mine = sleep(hours=0.05, build="none", config=Config(quiet=Quiet("00:00", "23:59"))).night
    mine.trouble = ("no chip answers",)
    mine.bedside.thanked = float("-inf")
    assert max(lights(mine)) == 0
    mine.bedside.thanked = 100.0
    assert max(lights(mine, 1.0)) > 0


def blinks(levels: list[float]) -> int:
    return sum(a == 0 < b for a, b in zip([0.0, *levels], levels, strict=False))
