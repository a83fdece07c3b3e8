"""Whole nights, short ones: real drivers over simulated registers, real loop, real diary."""

import json
import shutil
import wave
from dataclasses import replace

import numpy as np
import pytest

from device.config import Config, Night
from device.inference import model_card
from device.programmes import PROGRAMMES
from device.report import report
from device.session import learning
from device.session.fade import SILENT
from device.session.modes import SOUNDING, Event, Mode
from device.session.things import Go
from device.sim.faults import Plan, Wanted
from device.sleep.onset import SETTINGS, Detector
from device.sleep.stager import Stager
from device.values import Command, Stage, Staging, Volume


class Scripted(Stager):
    """Judges P(asleep) by a script, epoch by epoch since lights out; the detector is the real one.
    """

    def __init__(self, script):
        self.script, self.detector, self.number = script, Detector(SETTINGS["cautious"]), 0

    def reset(self):
        self.number = 0

    def judge(self, epoch, lights_out):
        p = self.script[min(self.number, len(self.script) - 1)]
        self.number += lights_out is not None
        return Staging(epoch.index, epoch.start + 30.0, p, Stage.LIGHT, (1 - p, p, 0.0, 0.0),
                       *self.detector.step(p))

    def snapshot(self):
        return {}


def test_the_body_falls_asleep_and_the_sound_follows_it_into_silence(sleep):
    slept = sleep(hours=1.0)
    assert slept.modes[0] == "settling" and slept.modes[-1] == "asleep"
    levels = [row["target"] for row in slept.rows["epochs"]]
    assert levels[0] > -10 and levels[-1] == SILENT
    fade = levels[:levels.index(SILENT)]
    steps = np.diff(fade)
    assert np.abs(steps).max() <= 30 / 5 / 2 + 1e-6         # at most back in 5 min: 3 dB in 30 s
    assert slept.rows["nights"][0]["sums"] and slept.rows["decisions"][0]["sentence"]
    assert slept.rows["phrases"]


def test_the_same_seed_is_the_same_night(sleep):
    first, second = sleep(name="a"), sleep(name="b")
    assert first.rows == second.rows
    assert first.rows != sleep(name="c", seed=4).rows


def test_a_short_press_stops_and_another_much_later_starts_again(sleep):
    slept = sleep(hours=0.15, presses=[(120, 0.1), (240, 0.1)])
    assert [row["detail"] for row in slept.rows["events"] if row["kind"] == "mode"][:3] == [
        "idle → settling: press", "settling → paused: press", "paused → settling: press"]


def test_a_second_press_within_400_ms_means_not_this_one(sleep):
    slept = sleep(hours=0.1, presses=[(120, 0.1), (120.3, 0.1)])
    assert slept.night.mode in SOUNDING
    assert [row["kind"] for row in slept.rows["feedback"]] == ["skip"]
    first, second = slept.rows["decisions"][:2]
    assert first["recipe"] != second["recipe"]


def test_a_third_press_takes_it_back_and_likes_it(sleep):
    slept = sleep(hours=0.1, presses=[(120, 0.1), (120.3, 0.1), (120.6, 0.1)])
    assert [row["kind"] for row in slept.rows["feedback"]] == ["skip", "like"]
    assert slept.night.state.tonight.recipe.name == slept.night.state.tonight.choice.recipe.name
    assert slept.night.state.tonight.liked == 1


def test_holding_mutes_at_its_threshold_and_nothing_from_afar_undoes_it(sleep):
    told = []

    def listen(mine):
        send = mine.parts.world.sound.send
        mine.parts.world.sound.send = lambda message: (
            told.append((mine.clock.now(), message)),
            send(message),
        )[1]

    slept = sleep(hours=0.1, presses=[(120, 2.0)], acts=[
        (100, listen), (150, lambda mine: mine.parts.inbox.put(Command("volume", 0.5)))])
    muted = next(time for time, message in told if isinstance(message, Volume) and message.muted)
    assert muted - (60 + 120 + 0.8) <= 0.1
    assert slept.night.state.settings.muted
    assert [m for _, m in told if isinstance(m, Volume)][-1] == Volume(0.5, True)


def test_any_press_unmutes(sleep):
    assert not sleep(hours=0.1, presses=[(120, 1.0), (140, 0.1)]).night.state.settings.muted


def test_with_no_sensor_a_timer_programme_plays_and_fades(sleep):
    slept = sleep(hours=0.8, build="none", config=Config(night=Night(timer=15, fade=5)))
    assert "fault" in slept.modes and slept.modes[-1] == "asleep"
    assert all(row["stage"] is None for row in slept.rows["epochs"])


def test_a_bus_that_fails_in_the_night_is_marked_and_the_sound_goes_on(sleep):
    plan = Plan.drawn(
        np.random.default_rng(1), 900, [0x57, 0x18], Wanted(0.01, unplugged=2), start=120.0
    )
    slept = sleep(hours=0.3, faults=plan)
    assert slept.details("sensors")
    assert set(slept.modes) <= {"settling", "drifting"}


@pytest.mark.parametrize("name", ["composer", "recommender", "stager"])
def test_a_corrupt_model_gets_its_named_fallback(sleep, tmp_path, name):
    models = tmp_path / "models"
    shutil.copytree(model_card.MODELS, models)
    (models / json.loads((models / f"{name}.json").read_text())["file"]).write_bytes(b"torn")
    slept = sleep(hours=0.1, models=models)
    assert any("doesn't match its card" in detail for detail in slept.details("fallback"))
    assert slept.night.mode in SOUNDING


def test_a_whole_night_reaches_the_dac_through_portaudio(
    sleep, tmp_path, monkeypatch, alsa_capture
):
    environment, raw = alsa_capture
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    sleep(hours=0.08, audio_minutes=2, through_portaudio=True)
    with wave.open(str(tmp_path / "night" / "night.wav")) as file:
        rate, heard = (
            file.getframerate(),
            np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2),
        )
    captured = np.fromfile(raw, "<i2").reshape(-1, 2)
    assert rate == 48000 and len(heard) >= 119 * rate
    assert np.abs(heard).max() > 300
    offset = lag(captured[:, 0], heard[60 * rate:70 * rate, 0]) - 60 * rate
    # PortAudio rounds with a dither of its own.
    difference = captured[offset + rate:offset + 110 * rate].astype(int) - heard[rate:110 * rate]
    assert np.abs(difference).max() <= 2


def lag(where: np.ndarray, what: np.ndarray) -> int:
    """Where `what` (n,) begins in `where` (m,), by cross-correlation."""
    size = len(where) + len(what)
    spectrum = np.fft.rfft(where, size) * np.conj(np.fft.rfft(what, size))
    return int(np.argmax(np.fft.irfft(spectrum, size)[:len(where)]))


def test_the_report_tells_of_the_night(sleep, tmp_path):
    slept = sleep(hours=0.6)
    html, png = tmp_path / "report.html", tmp_path / "report.png"
    report.write(slept.path, html, png)
    text = html.read_text()
    for line in report.last_night(slept.path).split(". "):
        assert report.shown(line.strip(".")) in text
    assert slept.rows["decisions"][0]["sentence"].split(":")[0] in text.replace("&#x27;", "'")
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert png.read_bytes().startswith(b"\x89PNG")


def test_sigterm_finishes_the_night(sleep):
    from device.values import Stop
    slept = sleep(hours=0.5, acts=[(600, lambda mine: mine.parts.inbox.put(Stop()))])
    assert slept.night.clock.now() < 700
    assert slept.rows["nights"][0]["sums"]


def test_the_alarm_wakes_with_a_dawn(sleep):
    from datetime import datetime

    from device.config import Alarm
    soon = datetime.fromtimestamp(1_767_218_400 + 1200).strftime("%H:%M")
    slept = sleep(hours=0.5, config=Config(alarm=Alarm(time=soon)))
    waking = [scene for mode, scene, _ in slept.seen if mode is Mode.WAKING]
    assert waking and waking[0].waking and waking[0].level > 0


@pytest.mark.full
def test_eight_hours_pass_and_every_epoch_is_kept(sleep):
    slept = sleep(hours=8.0)
    numbers = [row["number"] for row in slept.rows["epochs"]]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) >= 955


def test_a_restart_in_mid_night_goes_on_where_it_was_and_never_louder(sleep):
    from device.values import Stop
    first = sleep(hours=0.6, acts=[(1500, lambda mine: mine.parts.inbox.put(Stop(finish=False)))])
    second = sleep(hours=0.3, wall=1_767_218_400.0 + 60 + 1500 + 20, bedtime=False)
    assert any("after 20 s" in detail for detail in second.details("resumed"))
    assert len(second.rows["nights"]) == 1
    assert len(second.night.state.tonight.stagings) > len(first.night.state.tonight.stagings) > 40
    before, after = first.seen[-1][1], [scene for _, scene, _ in second.seen]
    assert after[0].level <= before.level + 3.0 and after[0].glide > 2.0
    numbers = [row["number"] for row in second.rows["epochs"]]
    assert len(numbers) == len(set(numbers)) > len(first.rows["epochs"])
    times = [row["time"] for row in second.rows["epochs"]]
    assert times == sorted(times)


def test_a_timer_that_was_set_from_afar_runs_out_in_time_whatever_restarts_meanwhile(sleep):
    from device.values import Command, Stop

    sleep(
        hours=0.2,
        build="none",
        acts=[
            (60, lambda mine: mine.parts.inbox.put(Command("timer", 10.0))),
            (240, lambda mine: mine.parts.inbox.put(Stop(finish=False))),
        ],
    )
    second = sleep(hours=0.2, build="none", wall=1_767_218_400.0 + 60 + 240 + 20, bedtime=False)
    assert second.night.mode is Mode.PAUSED
    end = next(
        row["time"] for row in second.rows["events"] if row["detail"].endswith("paused: stop")
    )
    assert abs(end - (660 - 260)) < 3


def test_a_night_that_was_cut_off_for_good_gets_its_sums_the_next_evening(sleep):
    from device.values import Stop
    sleep(hours=0.6, acts=[(1500, lambda mine: mine.parts.inbox.put(Stop(finish=False)))])
    second = sleep(hours=0.1, wall=1_767_218_400.0 + 86_400)
    assert second.details("finished")
    assert len(second.rows["nights"]) == 2 and all(row["sums"] for row in second.rows["nights"])


def test_a_diary_keeps_as_many_nights_as_it_is_told(sleep):
    from device.config import Diary
    for _ in range(3):
        last = sleep(hours=0.05, config=Config(diary=Diary(retention=2)))
    assert [row["id"] for row in last.rows["nights"]] == [2, 3]
    assert {row["night"] for row in last.rows["events"]} <= {0, 2, 3}


def test_the_child_lock_leaves_only_the_mute(sleep):
    from device.config import Panel

    slept = sleep(
        hours=0.1,
        presses=[(120, 0.1), (200, 1.0)],
        config=Config(panel=Panel(lock=True)),
        bedtime=False,
        acts=[(60, lambda mine: mine.parts.inbox.put(Command("sound", True)))],
    )
    assert slept.night.mode in SOUNDING and slept.night.state.settings.muted


def test_a_trial_of_one_is_learned_from_and_told(sleep):
    names = set()
    for day in range(4):
        slept = sleep(hours=0.4, seed=20 + day, wall=1_767_218_400.0 + 86_400 * day,
                      config=Config(night=Night(trial=True)), sleeper={"latency": 6.0})
        names.add(slept.night.state.tonight.recipe.name)
    assert "silence" in names and len(names) == 2
    assert slept.details("learned")[-1].startswith(("the trial", "sound", "not clear"))


def test_a_restart_in_the_morning_loses_neither_the_answer_nor_the_lesson(sleep):
    from device.values import Stop
    sleep(
        hours=0.3,
        build="none",
        acts=[
            (600, lambda mine: mine.do(Go(Event.UP))),
            (620, lambda mine: mine.take(learning.answered(mine.state, -1, mine.at))),
            (640, lambda mine: mine.parts.inbox.put(Stop(finish=False))),
        ],
    )
    second = sleep(hours=0.05, build="none", wall=1_767_218_400.0 + 60 + 640 + 20, bedtime=False)
    assert any("morning after" in detail for detail in second.details("resumed"))
    assert len(second.details("learned")) == 1 and second.night.state.sleeper.mornings == (-1,)


def test_every_choice_of_a_night_can_be_made_again_from_its_receipt(sleep, capsys):
    from kit.raw import receipts
    slept = sleep(hours=0.2, presses=[(120, 0.1), (120.3, 0.1)])
    assert receipts(slept.path) == 0
    assert capsys.readouterr().out.count("the same") == len(slept.rows["decisions"]) >= 2


def test_who_wakes_is_answered_softly_and_left_in_silence_again(sleep):
    """Awake for 5 min, asleep, awake from the 30th minute to the 34th."""
    def begin(mine):
        stager = Scripted([0.2] * 10 + [0.97] * 50 + [0.1] * 8 + [0.97] * 100)
        mine.parts = mine.parts.having(stager=stager)
        choose = mine.parts.mind.recommender.choose
        mine.parts.mind.recommender.choose = lambda *args, **more: replace(
            choose(*args, **more), recipe=PROGRAMMES["no music"])

    slept = sleep(hours=0.8, build="none", acts=[(-30.0, begin)])
    modes = slept.modes
    fell, masked = modes.index("asleep"), modes.index("masking")
    assert fell < masked and modes[-1] == "asleep" and modes.count("masking") < 20
    came = next(staging for _, _, staging in slept.seen if staging.asleep)
    # what was heard as sleep came: the fade follows it
    level = [row["target"] for row in slept.rows["epochs"] if row["time"] < came.time][-1]
    after = [row["target"] for row in slept.rows["epochs"][fell:]]
    assert SILENT < max(after) <= level + 1e-9 and after[-1] == SILENT


def test_not_this_one_after_onset_brings_nothing_new(sleep):
    slept = sleep(hours=1.0, presses=[(2700, 0.1), (2700.3, 0.1)])
    assert "asleep" in slept.modes
    assert [row["kind"] for row in slept.rows["feedback"]] == ["skip"]
    assert slept.rows["decisions"][-1]["moment"] == "night"
