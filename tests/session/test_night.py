"""Night acts: which part is asked what, in what order, and who hears of it."""

import logging
import sqlite3
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from device import __main__ as program
from device.errors import DiaryError
from device.hardware.button import Presses
from device.parts import Hooks
from device.session import fade, telling, things
from device.session.modes import Event, Mode
from device.session.settings import Knobs, Owner, Rules
from device.session.state import Population
from device.session.tonight import Said, Tonight
from device.stored import plain
from device.values import (
    Command,
    Edge,
    Light,
    Note,
    Outcome,
    Phrase,
    Press,
    Prior,
    Readings,
    Scene,
    Stop,
    Volume,
)
from tests.session.around import EVENING, NOW, RAIN, at, epoch, played, staging, state
from tests.session.pretend import SUMS, Pages, Pretence, refuses

PRIOR = Prior(3, "quiet_v1", (0.3, 0.7), (0.02, 0.02), 240)


def night(mode: Mode = Mode.SETTLING, pretence: Pretence | None = None, **tonight) -> Pretence:
    """In a mode, with nothing yet asked of any part."""
    mine = pretence or Pretence()
    here = state(mode, **tonight)
    mine.night.state = replace(mine.night.state, tonight=here.tonight, nights=here.nights)
    mine.forget()
    return mine


def told(mine: Pretence) -> list:
    return [call[1] for call in mine.asked("sound.send")]


# ---- beginning -----------------------------------------------------------------------------------

def test_a_night_begins_with_what_is_remembered_and_asks_the_gate():
    memory = {"others": plain(Population(3, PRIOR)), "remote": {"sharing": True, "privacy": True}}
    mine = Pretence(Pages(memory, nights=4), Owner(seed=3))
    assert mine.night.state.nights == 4 and mine.night.mode is Mode.IDLE
    assert mine.night.state.tonight.since == NOW and mine.diary.private
    assert mine.asked("recommender.adopt") == [("recommender.adopt", PRIOR)]
    assert mine.night.rng.integers(1000) == np.random.default_rng(3).integers(1000)


def test_what_cannot_be_read_is_a_note():
    mine = Pretence(Pages({"others": 3, "known:sleeper": 3}))
    assert len(mine.diary.notes("fallback")) == 2


def test_in_privacy_it_is_told_to_the_journal_alone(caplog):
    mine = Pretence(Pages({"others": 3, "remote": {"privacy": True}}))
    assert mine.diary.rows == [] and "what other beds told" in caplog.text


def test_the_moment_is_the_clocks():
    mine = Pretence(owner=Owner(zone=EVENING.tzinfo))
    assert mine.night.at == at()
    mine.clock.set_wall(50.0)
    assert mine.night.at.local is None and mine.night.at.wall == 50.0


# ---- acting --------------------------------------------------------------------------------------

def test_deeds_are_done_in_order_by_the_state_that_was_decided():
    mine = night()
    mine.night.take((mine.night.state.with_tonight(number=8), [
        things.Note("a", "first"), things.Send(Volume(0.3)), things.Row("feedback", {"kind": "b"}),
    ]))
    assert mine.diary.rows == [
        ("events", {"night": 8, "time": NOW, "kind": "a", "detail": "first"}),
        ("feedback", {"kind": "b"}),
    ]
    assert told(mine) == [Volume(0.3)]


def test_what_was_decided_is_remembered_before_it_is_acted_on_and_privacy_holds_at_once():
    mine = night()
    mine.night.take((mine.night.state.with_settings(privacy=True, light=0.5), []))
    assert mine.diary.private and mine.diary.memory["remote"]["light"] == 0.5
    mine.night.take((mine.night.state.with_settings(privacy=False), []))
    assert not mine.diary.private


def test_an_event_goes_to_the_table_of_modes_and_a_hand_is_answered_at_once():
    mine = night(Mode.PAUSED, played=played())
    mine.night.do(things.Go(Event.PRESS, by_hand=True))
    assert mine.night.mode is Mode.SETTLING and mine.night.state.tonight.since == NOW
    assert mine.diary.notes("mode") == ["paused → settling: press"]
    assert [scene.glide for scene in told(mine)] == [fade.ANSWER]
    slow = night(Mode.PAUSED, played=played())
    slow.night.do(things.Go(Event.START))
    assert told(slow)[0].glide > fade.ANSWER


def test_lights_out_chooses_and_tells_the_sound():
    mine = night(Mode.IDLE)
    mine.night.do(things.Go(Event.PRESS, by_hand=True))
    assert mine.names() == [
        "sound.send", "stager.reset", "words.narrowing", "recommender.choose", "words.within",
        "stager.snapshot", "sound.send",
    ]
    assert mine.night.state.tonight.played.recipe == RAIN
    assert [table for table, _ in mine.diary.rows] == ["nights", "decisions", "events"]
    assert mine.diary.memory["choices"]["number"] == mine.night.state.tonight.number == 5


@pytest.mark.parametrize(("thing", "asked"), [
    (things.Choose("night"), ["words.narrowing", "recommender.choose", "words.within",
                              "stager.snapshot"]),
    (things.Reshape(), ["words.within"]),
    (things.Review(), ["opinion.review", "stager.snapshot", "home.event", "home.tell"]),
    (things.Share(), []),
    (things.ForgetStages(), ["stager.reset"]),
    (things.Renumber(7), ["epochs.restart"]),
    (things.Save(), ["stager.snapshot"]),
    (things.NightOver(), ["repeats.save", "words.rest"]),
    (things.LearnTaste(1), ["composer.learn_taste"]),
    (things.Withdraw(), ["feedback.withdraw"]),
    (things.Happened("night", {"a": 1}), ["home.event"]),
    (things.Publish({"a": 1}), ["home.tell"]),
    (things.Tell(), ["home.tell"]),
    (things.Shape(), ["sound.send"]),
    (things.Note("a", "b"), []),
    (things.Restart(), []),
    (things.Adopt(), ["recommender.lean"]),
    (things.Answer("a", None), []),
])
def test_each_deed_asks_its_parts(thing, asked):
    mine = night(Mode.SETTLING, stagings=(staging(0.9),), played=played())
    mine.night.do(thing)
    assert mine.names() == asked


def test_what_is_learned_is_kept_noted_and_goes_through_the_gate():
    mine = night()
    mine.night.state = replace(mine.night.state, population=Population(3, PRIOR))
    mine.night.do(things.Learn(({"a": 1},), Outcome(sol=12.0)))
    assert mine.names() == ["recommender.learn", "recommender.lean", "recommender.adopt"]
    assert mine.diary.notes("learned")[0] == "asleep 4 min sooner than expected"
    assert "learner:sleeper" in mine.diary.memory


def test_a_gate_that_cannot_judge_is_a_fallback():
    mine = night()
    mine.night.state = replace(mine.night.state, population=Population(3, PRIOR))
    mine.recommender.answer(adopt=refuses)
    mine.night.do(things.Adopt())
    assert mine.diary.notes("fallback") == ["torn"]
    assert mine.night.state.population == Population(3)


def test_taste_sets_out_from_what_is_kept_and_is_kept_where_something_was_liked():
    mine = night(pretence=Pretence(Pages({"taste:sleeper": {"style": [0.5]}})))
    mine.night.do(things.LearnTaste(0))
    assert mine.diary.memory["taste:sleeper"] == {"style": [0.5]}
    mine.night.do(things.LearnTaste(2))
    assert mine.diary.memory["taste:sleeper"] == {"style": [0.1]}
    _, kept, rng, liked = mine.asked("composer.learn_taste")[1]
    assert (kept, liked) == ({"style": [0.5]}, 2) and rng is mine.night.rng


def test_a_note_is_understood_and_answered_to_who_waits():
    mine, replies = night(), []
    mine.night.do(things.Read("no bells", replies.append))
    assert replies == ["understood"] and mine.night.state.status.answer == "understood"
    mine.night.do(things.Answer("later", replies.append))
    assert replies == ["understood", "later"]
    mine.night.do(things.Read("no bells", None))


def test_a_saved_night_holds_the_stagers_memory_and_the_moment():
    mine = night(Mode.ASLEEP, liked=2)
    mine.night.do(things.Save())
    kept = mine.diary.memory["tonight"]
    assert kept["stager"] == {"a": 1} and kept["tonight"]["liked"] == 2
    assert (kept["now"], kept["wall"]) == (NOW, EVENING.timestamp())


def test_a_night_that_is_over_is_forgotten_where_it_was_saved():
    mine = night(pretence=Pretence(owner=Owner(retention=9)))
    mine.night.do(things.Save())
    mine.night.do(things.NightOver())
    assert mine.diary.memory["tonight"] is mine.diary.memory["choices"] is None
    assert mine.diary.calls[-1] == ("forget", 9)


def test_a_repeat_filter_that_cannot_be_kept_is_said():
    def full(_):
        raise OSError("full")
    mine = night()
    mine.repeats.answer(save=full)
    mine.night.do(things.NightOver())
    assert "full" in mine.diary.notes("fallback")[0] and mine.names()[-1] == "words.rest"


def test_the_diary_is_moved_and_the_epochs_are_numbered_on():
    mine = night()
    mine.night.do(things.Shift(5, -3.0))
    mine.night.do(things.Renumber(7))
    mine.night.do(things.Remember("taste", {"b": 2}))
    assert mine.diary.calls == [("shift", 5, -3.0)]
    assert mine.asked("epochs.restart") == [("epochs.restart", NOW, 7)]
    assert mine.diary.memory["taste:sleeper"] == {"b": 2}


def test_the_hub_hears_what_it_is_told():
    mine = night(pretence=Pretence(hooks=Hooks(versions=lambda: ("1", "2"))))
    mine.night.do(things.Tell())
    mine.night.do(things.Publish({"summary": 1}))
    mine.night.do(things.Happened("night", {"a": 1}))
    facts, fields, event = [call[1:] for call in mine.calls]
    assert facts[0]["firmware"] == ("1", "2") and facts[0]["session"] == "winding_down"
    assert fields == ({"summary": 1},) and event == ("night", {"a": 1})


def test_the_report_is_drawn_of_a_bedtime_and_the_update_is_asked_for():
    seen = []
    hooks = Hooks(woken=lambda mine: seen.append(mine), install=lambda: seen.append("install"))
    mine = night(pretence=Pretence(hooks=hooks), bedtime=False)
    mine.night.do(things.Report())
    mine.night.do(things.Install())
    assert seen == ["install"]
    mine.night.state = mine.night.state.with_tonight(bedtime=True)
    mine.night.do(things.Report())
    assert seen == ["install", mine.night]


def test_who_cannot_share_withdraws_nothing():
    mine = night()
    mine.night.parts = replace(mine.night.parts, world=replace(
        mine.night.parts.world, feedback=None))
    mine.night.do(things.Withdraw())
    assert mine.calls == []


# ---- what the journal hears ----------------------------------------------------------------------

@pytest.mark.parametrize(("kind", "level"), [
    ("fault", logging.ERROR), ("fallback", logging.WARNING), ("mode", None), ("learned", None),
])
def test_what_is_grave_reaches_the_journal_and_nothing_else_does(kind, level, caplog):
    with caplog.at_level(logging.DEBUG, "nocturne"):
        night().night.do(things.Note(kind, "what happened"))
    expected = [] if level is None else [("nocturne", level, f"{kind}: what happened")]
    assert caplog.record_tuples == expected


def test_a_part_that_is_replaced_is_told_to_diary_journal_and_hub(caplog):
    mine = night()
    mine.night.lack("no stager")
    mine.night.lack("no learner")
    assert mine.night.state.status.lacks == ("no learner", "no stager")
    assert mine.diary.notes("fallback") == ["no stager", "no learner"]
    assert [message for *_, message in caplog.record_tuples] == [
        "fallback: no stager", "fallback: no learner"]
    silent = telling.unheard(mine.night.state.status)
    assert [told[1]["error"] for told in mine.asked("home.tell")] == [
        f"no stager; {silent}", f"no learner; no stager; {silent}"]


@pytest.mark.parametrize(("level", "number"), [
    (logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6),
    (logging.DEBUG, 6),
])
def test_the_journal_reads_the_priority_off_the_line(level, number):
    record = logging.LogRecord("nocturne", level, "", 0, "%s: two\nlines", ("fault",), None)
    assert program.Priority("%(message)s").format(record) == f"<{number}>fault: two lines"


def test_a_board_sends_it_to_standard_error_once(capsys):
    log = logging.getLogger("nocturne")
    before, level = list(log.handlers), log.level
    try:
        program.to_the_journal()
        night().night.note("fallback", "no stager")
        log.debug("nobody's business")
    finally:
        log.setLevel(level)
        for handler in set(log.handlers) - set(before):
            log.removeHandler(handler)
    assert capsys.readouterr().err == "<4>fallback: no stager\n"


def test_without_anybody_who_listens_nothing_is_printed(capsys):
    night().night.note("fault", "the disk")
    assert capsys.readouterr() == ("", "")


# ---- sound and music -----------------------------------------------------------------------------

def test_the_sound_is_told_only_what_changed():
    mine = night(played=played())
    for _ in range(3):
        mine.night.do(things.Shape())
    assert len(told(mine)) == 1
    mine.night.state = mine.night.state.with_tonight(depth=0.5)
    mine.night.do(things.Shape())
    assert [scene.level for scene in told(mine)] == [0.0, -15.0]


def test_a_sound_process_that_came_back_is_told_again_from_silence():
    mine = night(played=played())
    mine.night.do(things.Shape(by_hand=True))
    mine.clock.sleep(60.0)
    mine.night.do(things.Restart())
    assert mine.night.course is None
    mine.night.do(things.Shape())
    assert len(told(mine)) == 2 and mine.night.course.low == fade.SILENT


def test_a_rise_sets_out_from_where_the_sound_has_got_to():
    mine = night(played=played(), depth=0.4)
    mine.night.do(things.Shape(by_hand=True))
    mine.clock.sleep(60.0)
    mine.night.state = mine.night.state.with_tonight(depth=0.0)
    mine.night.do(things.Shape())
    low, scene = mine.night.course.low, told(mine)[-1]
    assert low == pytest.approx(-12.0) and scene.glide == pytest.approx(
        40 / np.log(10) * (10 ** (12 / 40) - 1) / fade.RISE)       # steepest where it begins


def test_no_answer_to_an_arousal_is_louder_than_sleep_came():
    mine = night(Mode.MASKING, played=played(), came_at=-25.0, depth=0.4)
    mine.night.do(things.Shape())
    assert told(mine)[0].level == -25.0


def test_the_body_leads_the_swells():
    mine = night(played=played())
    mine.night.state = mine.night.state.with_status(epoch=epoch(breathing=10.0))
    mine.night.do(things.Shape())
    assert told(mine)[0].breath == 8.5


def test_silence_needs_no_music():
    mine = night()
    mine.night.write_music(NOW)
    mine.night.do(things.Shape())
    mine.night.write_music(NOW)
    assert mine.asked("composer.compose") == []


def test_music_is_written_six_seconds_ahead_and_no_nearer_than_two():
    mine = night(Mode.MASKING, played=played(), stagings=(staging(0.7),))
    mine.night.do(things.Shape())
    mine.forget()
    mine.night.write_music(NOW)
    phrases = told(mine)
    assert [phrase.start - NOW for phrase in phrases] == [2.0]
    assert mine.night.written == NOW + 6.0
    assert mine.diary.of("phrases") == [
        {"night": 5, "start": NOW + 2.0, "length": 4.0, "notes": phrases[0].notes}]
    recipe = fade.steered(RAIN, Mode.MASKING)
    told_of = ("composer.compose", recipe, 0.7, mine.night.course.scene.breath, 0)
    assert mine.asked("composer.compose") == [told_of]
    mine.night.write_music(NOW + 0.1)
    mine.night.write_music(NOW + 30.0)
    assert [phrase.start - NOW for phrase in told(mine)] == [2.0, 6.0, 32.0]


def test_a_phrase_without_notes_passes_in_silence():
    mine = night(played=played())
    mine.night.do(things.Shape())
    mine.composer.answer(compose=Phrase(4.0, ()))
    mine.forget()
    mine.night.write_music(NOW)
    assert told(mine) == [] and mine.diary.rows == [] and mine.night.written == NOW + 6.0


def test_what_is_wished_has_the_last_word_on_each_phrase():
    mine = night(played=played())
    mine.night.do(things.Shape())
    mine.words.answer(played=lambda phrase, wishes: replace(
        phrase, notes=(Note(0.0, 50, 1.0, 0.1, "pad"),)))
    mine.forget()
    mine.night.write_music(NOW)
    assert told(mine)[0].notes[0].voice == "pad"


# ---- the loop ------------------------------------------------------------------------------------

def test_a_tick_goes_from_the_chips_to_the_light():
    seen = []
    mine = Pretence(hooks=Hooks(alive=lambda: seen.append("alive")))
    mine.signs.answer(add=("vitals",))
    mine.forget()
    mine.night.on_tick(NOW)
    assert mine.names() == [
        "sensors.drain", "signs.add", "epochs.add", "panel.show", "sound.heartbeat", "sound.send",
        "home.tell"]
    assert mine.asked("epochs.add") == [("epochs.add", "vitals")]
    assert mine.asked("sensors.drain") == [("sensors.drain", NOW)] and seen == ["alive"]


def test_each_tick_keeps_the_music_written():
    mine = night(played=played())
    mine.night.do(things.Shape())
    for now in (NOW, NOW + 4.0):
        mine.forget()
        mine.night.on_tick(now)
        assert [message.length for message in told(mine) if isinstance(message, Phrase)] == [4.0]


def test_an_epoch_is_judged_acted_on_kept_and_shown():
    seen = []
    mine = night(pretence=Pretence(hooks=Hooks(watch=lambda *what: seen.append(what))),
                 played=played())
    body = epoch(index=5)
    mine.signs.answer(add=("vitals",))
    mine.epochs.answer(add=lambda _: [body])
    mine.night.on_tick(NOW)
    assert mine.asked("stager.judge") == [("stager.judge", body, NOW - 3600)]
    assert mine.night.state.status.epoch is body and len(mine.night.state.tonight.stagings) == 1
    row, = mine.diary.of("epochs")
    assert row["target"] == mine.night.course.scene.level and row["number"] == 5
    assert mine.diary.calls == [("commit",)]
    assert [(who, what) for who, what, _ in seen] == [(mine.night, body)]


def test_of_sleep_the_heart_is_kept_and_in_idle_no_row_is():
    mine = night(Mode.ASLEEP)
    mine.night.keep_epoch(epoch(), staging(0.9))
    assert mine.night.state.tonight.hearts == ((60.0, 40.0),)
    assert mine.diary.of("epochs")[0]["target"] is None
    idle = night(Mode.IDLE)
    idle.night.keep_epoch(epoch(), staging(0.9))
    assert idle.diary.rows == [] and idle.diary.calls == [("commit",)]


def test_trouble_the_clock_and_the_sound_processs_word_are_heard_each_tick():
    mine = night(Mode.ASLEEP)
    mine.diary.trouble = "full"
    mine.sensors.answer(drain=lambda now: Readings(now, trouble=("no heart",)))
    mine.sound.answer(heartbeat=None)
    mine.sound.answer(state="is gone")
    mine.night.on_tick(NOW)
    assert mine.diary.notes("sensors") == ["no heart"]
    assert mine.night.state.status.trouble == ("no heart",)
    assert mine.night.state.status.disk == "full"
    mine.night.state = mine.night.state.with_tonight(timer=1.0, timer_ends=NOW)
    mine.night.on_tick(NOW)
    assert mine.night.state.tonight.timer == 0.0


def test_a_volume_asked_from_afar_rises_tick_by_tick():
    mine = night(pretence=Pretence(owner=Owner(tick=0.5)))
    mine.night.state = mine.night.state.with_status(sent=0.5)
    mine.night.on_tick(NOW)
    assert told(mine)[-1].volume == pytest.approx(0.5 + 0.5 / 40 * 0.5)


def test_the_light_is_dark_in_quiet_hours_and_says_what_is_missing_before_bedtime():
    mine = night(Mode.IDLE, pretence=Pretence(owner=Owner(
        zone=EVENING.tzinfo, knobs=Knobs(quiet=(22 * 60, 23 * 60)))))
    mine.night.on_tick(NOW)
    mine.night.show_light(NOW)
    mine.night.lack("no stager")
    mine.night.show_light(NOW + 1.0)
    shown = [call[1:] for call in mine.asked("panel.show")]
    assert shown[1:] == [(Light.STEADY, NOW, True), (Light.TROUBLE, NOW + 1.0, True)]


def test_a_press_thanks_by_the_ticks_own_time():
    mine = night()
    mine.night.state = mine.night.state.with_status(thanked=NOW)
    mine.night.show_light(NOW + 1.9)
    mine.night.show_light(NOW + 2.1)
    lights = [call[1] for call in mine.asked("panel.show")]
    assert lights[0] is Light.THANKS and lights[1] is not Light.THANKS


@pytest.mark.parametrize("way", ["edge", "poll"])
def test_a_press_is_answered_whether_it_comes_as_an_edge_or_by_polling(way):
    mine = night(played=played())
    mine.button.answer(**{way: [SimpleNamespace(press=Press.SHORT)]})
    if way == "edge":
        mine.night.hear(Edge(False, NOW))
    else:
        mine.night.poll_button()
        assert mine.asked("button.poll") == [("button.poll", NOW)]
    assert mine.night.mode is Mode.PAUSED and mine.diary.notes("press") == ["short"]
    assert mine.night.state.status.thanked == NOW


def test_what_comes_in_is_heard_and_committed():
    mine = night()
    mine.night.hear(Command("light", 0.5))
    mine.night.hear(PRIOR)
    mine.night.hear("nothing of ours")
    assert mine.night.state.settings.light == 0.5
    assert mine.night.state.population.prior == PRIOR
    assert mine.diary.calls == [("commit",)] * 3 and mine.night.stop is None
    mine.night.hear(Stop(finish=False))
    assert mine.night.stop == Stop(finish=False)


def test_the_loop_resumes_tells_and_ticks_until_its_end():
    mine = Pretence(owner=Owner(tick=0.25))
    mine.forget()
    mine.night.run(until=NOW + 1.0)
    assert mine.names()[0] == "home.tell"
    ticks = [call[1] for call in mine.asked("sensors.drain")]
    assert ticks == [NOW + 0.25, NOW + 0.5, NOW + 0.75, NOW + 1.0]
    assert mine.diary.calls[-1] == ("flush",) and told(mine)[-1].level == fade.SILENT
    broken = restarted(left(Mode.ASLEEP))
    broken.night.run(until=12.0)
    assert broken.diary.notes("resumed") == ["asleep after 60 s"]


def test_a_command_is_answered_between_ticks():
    mine = Pretence(owner=Owner(tick=10.0))
    mine.clock.at(NOW + 3.0, lambda: mine.inbox.put(Command("light", 0.5)))
    lit = []
    mine.clock.at(NOW + 3.1, lambda: lit.append(mine.night.state.settings.light))
    mine.night.run(until=NOW + 5.0)
    assert lit == [0.5]


def test_a_finger_is_looked_at_between_ticks():
    mine = Pretence(owner=Owner(tick=10.0))
    mine.night.parts = mine.night.parts.having(button=Presses())
    mine.clock.at(NOW + 3.0, lambda: mine.inbox.put(Edge(True, NOW + 3.0)))
    muted = []
    for seconds in (0.79, 0.81):
        mine.clock.at(NOW + 3.0 + seconds, lambda: muted.append(mine.night.state.settings.muted))
    mine.night.run(until=NOW + 5.0)
    assert muted == [False, True]


def test_a_stop_ends_the_loop_at_once_and_as_it_says():
    mine = night(Mode.ASLEEP, Pretence(owner=Owner(tick=10.0)), stagings=(staging(0.9),))
    mine.clock.at(NOW + 3.1, lambda: mine.inbox.put(Stop(finish=False)))
    mine.night.run()
    assert mine.clock.now() < NOW + 3.6
    assert mine.diary.memory["tonight"]["tonight"]["mode"] == "asleep"
    assert mine.asked("opinion.review") == []


def test_a_finger_that_must_be_looked_at_again_shortens_the_wait():
    mine = night()
    assert mine.night.patience(0.25) == 0.25
    for due, wait in ((0.1, 0.1), (0.4, 0.25), (-5.0, 1e-3)):
        mine.button.answer(due=NOW + due)
        assert mine.night.patience(0.25) == pytest.approx(wait)


def test_a_tick_that_came_late_is_not_made_up_for():
    mine = Pretence(owner=Owner(tick=0.25))
    slow = [10.0]
    mine.sensors.answer(drain=lambda now: mine.clock.sleep(slow.pop() if slow else 0.0)
                        or Readings(now))
    mine.night.run(until=NOW + 11.0)
    ticks = [call[1] - NOW for call in mine.asked("sensors.drain")]
    assert ticks[:3] == [0.25, 10.25, 10.5]


# ---- leaving and coming back ---------------------------------------------------------------------

def test_a_night_that_is_left_for_good_is_reviewed_learned_from_and_silent():
    mine = night(Mode.ASLEEP, stagings=(staging(0.9),), played=played())
    mine.night.leave(Stop())
    assert mine.night.state.tonight.outcome is None
    names = mine.names()
    assert names.index("opinion.review") < names.index("recommender.learn") < names.index(
        "words.rest") and names[-1] == "sound.send"
    assert told(mine) == [fade.scene_at(RAIN, fade.SILENT, fade.HURRY)]
    assert mine.diary.of("nights")[0]["outcome"]["sol"] == SUMS.sol
    assert mine.diary.memory["tonight"] is None and mine.diary.calls[-1] == ("flush",)


def test_a_night_that_was_never_judged_teaches_nothing_and_is_over_all_the_same():
    mine = night(Mode.ASLEEP, played=played())
    mine.night.do(things.Save())
    mine.night.leave(Stop())
    assert not {"opinion.review", "recommender.learn"} & set(mine.names())
    assert mine.diary.memory["tonight"] is None


def test_what_was_said_before_bedtime_outlives_a_stop():
    mine = night(Mode.IDLE, said=Said(mood="tense"))
    mine.night.do(things.Save())
    mine.night.leave(Stop())
    assert mine.diary.memory["tonight"]["tonight"]["said"]["mood"] == "tense"


def test_a_morning_is_not_reviewed_again_but_its_lesson_is_learned():
    mine = night(Mode.MORNING, stagings=(staging(0.9),), played=played(),
                 outcome=Outcome(sol=12.0), rested=1)
    mine.night.finish()
    assert mine.asked("opinion.review") == []
    assert mine.asked("recommender.learn")[0][2] == Outcome(sol=12.0, rested=1)


def test_a_night_left_for_another_process_plays_on():
    mine = night(Mode.ASLEEP, played=played())
    mine.night.leave(Stop(finish=False))
    assert told(mine) == [] and mine.diary.memory["tonight"]["tonight"]["number"] == 5
    assert mine.diary.calls[-1] == ("flush",)


def test_a_diary_that_cannot_be_kept_at_the_end_is_a_fault_and_the_sound_ends_all_the_same():
    mine = night(played=played())

    def full():
        raise DiaryError("full")
    mine.diary.flush = full
    mine.night.leave(Stop())
    assert mine.diary.notes("fault") == ["full"] and told(mine)


def left(mode: Mode = Mode.ASLEEP, **tonight) -> Pages:
    """A diary with a night that another process left a minute ago."""
    mine = night(mode, played=played(), **tonight)
    mine.night.state = mine.night.state.with_status(sent=0.4)
    mine.night.do(things.Save())
    mine.diary.told = {"lights_out": NOW - 3600, "epochs": [], "decisions": []}
    return mine.diary


def restarted(pages: Pages, gone: float = 60.0) -> Pretence:
    mine = Pretence(pages, now=12.0)
    mine.clock.set_wall(EVENING.timestamp() + gone)
    mine.forget()
    pages.calls.clear()
    return mine


def resumed(pages: Pages, gone: float = 60.0) -> Pretence:
    mine = restarted(pages, gone)
    mine.night.resume()
    return mine


def test_a_restart_goes_on_no_louder_and_from_silence():
    mine = resumed(left(Mode.SETTLING))
    assert mine.night.mode is Mode.SETTLING and mine.night.state.status.sent == 0.4
    assert mine.night.state.settings.volume == 1.0 and told(mine)[0] == Volume(0.4)
    scene = told(mine)[1]
    assert isinstance(scene, Scene) and scene.level == 0.0 and scene.glide > 30.0
    assert mine.night.course.low == fade.SILENT
    assert mine.asked("stager.restore") == [("stager.restore", {"a": 1})]
    assert mine.asked("epochs.restart") == [("epochs.restart", 12.0, 2)]
    assert mine.diary.calls[0] == ("shift", 5, pytest.approx(12.0 - 60.0 - NOW))


def test_a_snooze_is_not_lost_at_a_restart():
    mine = resumed(left(Mode.PAUSED, snoozed=True, since=NOW - 30))
    assert mine.night.state.tonight.snoozed
    mine.clock.sleep(9 * 60 - 90)
    mine.night.on_epoch(epoch())
    assert mine.night.mode is Mode.WAKING


def test_a_night_of_long_ago_is_finished_and_nobody_is_in_one():
    mine = resumed(left(Mode.ASLEEP, outcome=Outcome(sol=3.0)), gone=7200.0)
    assert mine.night.mode is Mode.IDLE and mine.night.state.tonight == Tonight(number=5)
    assert mine.diary.notes("finished") and mine.asked("recommender.learn")
    assert mine.diary.memory["tonight"] is None and told(mine) == []


def test_without_a_night_nothing_is_resumed():
    mine = resumed(Pages())
    assert mine.calls == [] and mine.diary.rows == []


def test_what_was_said_before_bedtime_comes_back():
    pages = left(Mode.ASLEEP)
    pages.memory["tonight"]["tonight"].update(mode="idle", said={"mood": "tense"})
    mine = resumed(pages)
    assert mine.night.state.tonight.said.mood == "tense" and mine.night.mode is Mode.IDLE


def test_a_mode_that_nobody_knows_is_said_and_no_night_goes_on():
    pages = left()
    pages.memory["tonight"]["tonight"]["mode"] = "dancing"
    mine = resumed(pages)
    assert mine.night.mode is Mode.IDLE and len(mine.diary.notes("fallback")) == 1


def test_stages_that_cannot_be_read_begin_anew_and_the_night_goes_on():
    for snapshot, notes in (({"b": 2}, 1), ({}, 0)):
        pages = left()
        pages.memory["tonight"]["stager"] = snapshot
        mine = restarted(pages)
        mine.stager.answer(restore=lambda kept: kept["a"])
        mine.night.resume()
        assert mine.night.mode is Mode.ASLEEP and mine.asked("stager.reset")
        assert len(mine.diary.notes("fallback")) == notes


def test_the_stages_are_there_again_before_the_night_is_saved_again():
    mine, stages = restarted(left()), {}
    mine.stager.answer(restore=stages.update, snapshot=lambda: dict(stages))
    mine.night.resume()
    assert mine.diary.memory["tonight"]["stager"] == {"a": 1}


@pytest.mark.parametrize("torn", [{"decisions": [{"moment": "night"}]}, {"epochs": [{}]}])
def test_rows_that_cannot_be_read_end_the_night_but_not_the_device(torn):
    pages = left()
    pages.memory["choices"] = None
    pages.told.update(torn)
    mine = resumed(pages)
    assert mine.night.mode is Mode.IDLE
    assert "can't be resumed: KeyError" in mine.diary.notes("fallback")[0]


def test_a_diary_that_cannot_be_read_ends_the_night_but_not_the_device():
    pages = left()

    def locked(_):
        raise sqlite3.OperationalError("locked")
    pages.night = locked
    assert "locked" in resumed(pages).diary.notes("fallback")[0]


def test_masking_set_to_nothing_masks_nothing_all_night():
    mine = night(Mode.ASLEEP, pretence=Pretence(owner=Owner(rules=Rules(masking=0.0))),
                 played=played())
    mine.stager.answer(judge=lambda epoch, _: staging(0.4, aroused=True))
    mine.night.on_epoch(epoch())
    assert mine.night.mode is Mode.ASLEEP
    masked = night(Mode.ASLEEP, played=played())
    masked.stager.answer(judge=lambda epoch, _: staging(0.4, aroused=True))
    masked.night.on_epoch(epoch())
    assert masked.night.mode is Mode.MASKING and told(masked)[0].level == -15.0
