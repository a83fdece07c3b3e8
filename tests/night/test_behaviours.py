"""What happens when a night isn't one body falling asleep in one bed."""

import json

import numpy as np
import pytest

from device.config import Alarm, Config, Night, Quiet
from device.errors import DiaryError
from device.hardware.led import DIM, brightness
from device.recommend import Recommender
from device.report import report
from device.session import controls, schedule, telling
from device.session.fade import SILENT
from device.session.modes import Mode
from device.values import Command

LATE = 1_767_222_000.0          # an hour later than nights usually begin: the alarm's times below
NOON = 1_767_182_400.0          # s since 1970: 2025-12-31 12:00 UTC
QUICK = Config(night=Night(fade=3.0, masking=3.0, onset="quick"))


def test_a_nap_is_kept_and_told_but_teaches_nothing(sleep):
    slept = sleep(hours=0.4, wall=NOON, sleeper={"latency": 3.0})
    assert slept.rows["epochs"] and slept.rows["nights"][0]["sums"]
    assert not slept.night.parts.mind.recommender.nights and not slept.night.state.sleeper.sols
    told = report.last_night(slept.path)
    assert told.startswith("A nap. ")
    assert slept.details("learned") == ["tonight taught nothing: nothing is learned from a nap"]


@pytest.mark.full
def test_who_gets_up_and_returns_finds_the_night_going_on(sleep):
    slept = sleep(
        hours=1.5, build="mattress", config=QUICK, sleeper={"latency": 3.0, "away": [(50, 6)]}
    )
    assert len(slept.rows["nights"]) == 1
    away = [row["present"] for row in slept.rows["epochs"]]
    assert 0 in away and away[-1] == 1 and slept.night.mode is not Mode.MORNING
    assert slept.details("mode").count("idle → settling: press") == 1


@pytest.mark.full
def test_with_nobody_in_bed_the_sound_ends_after_half_an_hour_and_nothing_is_learned(sleep):
    slept = sleep(hours=0.7, build="mattress", sleeper={"nobody": True})
    ended = next(
        row["time"] for row in slept.rows["events"] if row["detail"].endswith("morning: up")
    )
    assert 29 * 60 <= ended - 60 <= 32 * 60
    assert slept.night.wanted.level == SILENT and not slept.night.state.sleeper.sols


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
    ended = next(
        row["time"] for row in slept.rows["events"] if row["detail"] == "waking → morning: up"
    )
    assert 360 + 3570 <= ended <= 360 + 3660


ALARM = Config(alarm=Alarm(time="23:05"))      # 4 min after bedtime


def changes(slept) -> list[str]:
    return [
        then for detail in slept.details("mode") if "fault" not in (then := detail.split(" → ")[1])
    ]


def test_a_press_snoozes_the_alarm_and_another_snoozes_it_anew(sleep):
    slept = sleep(
        hours=0.6, build="none", config=ALARM, presses=[(400, 0.1), (800, 0.1)], wall=LATE
    )
    assert changes(slept)[:4] == [
        "settling: press",
        "waking: alarm",
        "paused: press",
        "waking: snooze over",
    ]
    again = next(
        row["time"] for row in slept.rows["events"] if row["detail"].endswith("snooze over")
    )
    assert 60 + 800 + 540 <= again <= 60 + 800 + 570


def test_a_double_press_at_the_alarm_means_up_and_a_third_blames_no_night(sleep):
    slept = sleep(
        hours=0.3,
        build="none",
        config=ALARM,
        presses=[(400, 0.1), (400.3, 0.1), (400.6, 0.1)],
        wall=LATE,
    )
    assert changes(slept)[1:4] == ["waking: alarm", "paused: press", "morning: up"]
    assert slept.night.mode is Mode.MORNING and not slept.rows["feedback"]


@pytest.mark.parametrize(
    ("presses", "answer"), [([(500, 0.1)], 1), ([(500, 0.1), (500.3, 0.1)], -1)]
)
def test_once_up_a_press_says_how_the_night_was_and_the_next_one_starts_again(
    sleep, presses, answer
):
    up = [(400, 0.1), (400.3, 0.1)]
    slept = sleep(
        hours=0.3, build="none", config=ALARM, presses=[*up, *presses, (520, 0.1)], wall=LATE
    )
    assert slept.rows["feedback"][-1]["value"] == answer and slept.night.state.sleeper.mornings == (
        answer,
    )
    assert (
        changes(slept)[-2:] == ["idle: over", "settling: press"] and len(slept.rows["nights"]) == 2
    )


@pytest.mark.full
def test_who_leaves_the_bed_at_the_alarm_has_answered_it(sleep):
    slept = sleep(
        hours=0.6,
        build="mattress",
        config=ALARM,
        wall=LATE,
        sleeper={"latency": 3.0, "away": [(7, 60)]},
    )
    up = next(row["time"] for row in slept.rows["events"] if row["detail"].endswith("morning: up"))
    assert 60 + 7 * 60 + 290 <= up <= 60 + 7 * 60 + 400


@pytest.mark.full
def test_who_is_up_already_or_lies_beside_the_sensor_still_hears_the_alarm_for_five_minutes(sleep):
    slept = sleep(hours=0.9, build="mattress", config=Config(alarm=Alarm(time="23:46")), wall=LATE,
                  sleeper={"nobody": True})
    assert changes(slept)[:4] == ["settling: press", "morning: up", "waking: alarm", "morning: up"]
    rang, ended = (next(row["time"] for row in slept.rows["events"] if row["detail"].endswith(end))
                   for end in ("waking: alarm", "waking → morning: up"))
    assert 300 <= ended - rang <= 360 and len(slept.rows["nights"]) == 1


def test_an_alarm_of_a_bed_that_nobody_went_to_is_no_night(sleep):
    slept = sleep(
        hours=0.4, config=ALARM, wall=LATE, bedtime=False, presses=[(700, 0.1), (700.3, 0.1)]
    )
    assert changes(slept) == ["waking: alarm", "paused: press", "morning: up"]
    assert not slept.night.parts.mind.recommender.nights and not slept.night.state.sleeper.sols
    with pytest.raises(DiaryError):
        report.write(slept.path, slept.path.with_name("report.html"))


def test_a_press_stops_what_was_asked_to_go_on_while_asleep(sleep):
    def asleep(mine):
        mine.state = mine.state.with_tonight(mode=Mode.ASLEEP)

    slept = sleep(
        hours=0.1,
        build="none",
        config=Config(night=Night(keep_playing=True)),
        acts=[(100, asleep)],
        presses=[(120, 0.1)],
    )
    assert changes(slept)[-1] == "paused: hush" and slept.night.wanted.level == SILENT


def test_a_timer_that_runs_out_fades_for_minutes_where_a_hand_is_answered_at_once(sleep):
    timer = sleep(hours=0.1, build="none", name="timer",
                  acts=[(60, lambda mine: mine.parts.inbox.put(Command("timer", 2.0)))])
    assert timer.night.mode is Mode.PAUSED and timer.night.course.scene.glide >= 120
    hand = sleep(hours=0.1, build="none", name="hand", presses=[(120, 0.1)])
    assert hand.night.mode is Mode.PAUSED and hand.night.course.scene.glide <= 10


def at(minutes: int) -> str:
    from datetime import datetime
    return datetime.fromtimestamp(1_767_218_400.0 + 60 * minutes).strftime("%H:%M")


def test_a_programme_named_from_afar_plays_until_auto_is_asked_for(sleep):
    slept = sleep(
        hours=0.1,
        acts=[
            (60, lambda mine: mine.parts.inbox.put(Command("programme", "slow tide"))),
            (200, lambda mine: mine.parts.inbox.put(Command("programme", "auto"))),
        ],
    )
    names = [row["recipe"] for row in slept.rows["decisions"]]
    assert '"slow tide"' in names[1] and '"slow tide"' not in names[2]
    assert slept.rows["decisions"][1]["sentence"] == "slow tide: it was asked for by name"


def test_what_was_liked_is_a_favourite_and_another_press_goes_back_to_the_one_before(sleep):
    three, two = [(120 + 0.2 * i, 0.1) for i in range(3)], [(200, 0.1), (200.3, 0.1)]
    for day, name in enumerate(("slow tide", "felt piano")):
        sleep(
            hours=0.1,
            presses=three,
            wall=LATE + 86_400 * day,
            config=Config(night=Night(programme=name)),
        )
    again = sleep(hours=0.1, presses=two, wall=LATE + 86_400 * 2,
                  acts=[(60, lambda mine: mine.parts.inbox.put(Command("programme", "favourite")))])
    night = [row for row in again.rows["decisions"] if row["night"] == 3]
    assert [json.loads(row["recipe"])["name"] for row in night[1:]] == ["felt piano", "slow tide"]
    assert night[1]["sentence"] == "felt piano: a favourite was asked for"


def test_sound_needs_less_over_weeks_if_the_sleeper_wants_that(sleep, monkeypatch):
    lived = {"candidate": "slow tide", "reward": 1.0, "sooner": 1.0}
    monkeypatch.setattr(Recommender, "nights", property(lambda self: (lived,) * 21))
    plain, less = (
        sleep(
            hours=0.05, name=name, config=Config(night=Night(withdraw=withdraw))
        ).night.state.owner.rules
        for name, withdraw in (("plain", False), ("less", True))
    )
    assert (less.softer, plain.softer) == (3.0, 0.0)
    assert less.fade == pytest.approx(0.85 * plain.fade) and less.timer == pytest.approx(
        0.85 * plain.timer
    )


def lights(night, seconds: float = 8.0, **status) -> list[float]:
    """How bright the LED is in each hundredth from 100 s on, as things stand but for `status`."""
    state, at, shown = night.state.with_status(**status), night.at, []
    for now in np.arange(100.0, 100.0 + seconds, 0.02):
        light = controls.light(state, float(now), telling.missing(state, at))
        quiet = schedule.quiet(state, at)
        steady = isinstance(light, float)
        shown.append(light if steady else brightness(light, float(now), quiet))
    return shown


WELL = {"trouble": (), "disk": "", "thanked": float("-inf")}


def test_the_light_tells_playing_muted_trouble_and_silence_apart_in_the_dark(sleep):
    night = sleep(hours=0.05, build="none", acts=[(-30, lambda mine: None)]).night
    night.state = night.state.with_tonight(mode=Mode.SETTLING)
    breathing = lights(night, 10.0, **WELL)
    assert 0 < max(breathing) <= DIM and len(set(breathing)) > 100
    trouble = blinks(lights(night, **{**WELL, "trouble": ("no chip answers",)}))
    disk = blinks(lights(night, **{**WELL, "disk": "can't write"}))
    no_sound = blinks(lights(night, **{**WELL, "beat": None}))
    assert (trouble, disk, no_sound) == (4, 4, 4)               # in 8 s
    night.state = night.state.with_settings(muted=True)
    assert blinks(lights(night, **WELL)) == 2
    night.state = night.state.with_settings(muted=False).with_tonight(mode=Mode.ASLEEP)
    assert max(lights(night, **WELL)) == 0


def test_in_quiet_hours_it_is_dark_whatever_fails_but_a_press_is_answered(sleep):
    night = sleep(hours=0.05, build="none", config=Config(quiet=Quiet("00:00", "23:59"))).night
    trouble = {**WELL, "trouble": ("no chip answers",)}
    assert max(lights(night, **trouble)) == 0
    assert max(lights(night, 1.0, **{**trouble, "thanked": 100.0})) > 0


def blinks(levels: list[float]) -> int:
    return sum(a == 0 < b for a, b in zip([0.0, *levels], levels, strict=False))
