"""A night that is spoken to: notes bound what is chosen, and nothing else happens."""

import json

from device.config import Config, Home
from device.config import Night as NightConfig
from device.diary import everything
from device.session import controls, wishes
from device.session.modes import Mode
from device.session.things import Review
from device.session.tonight import Said
from device.values import Command, Volume, Wish
from tests.home.around import Listener, soon

LATER = "No night has begun; it counts for the next. Say “undo” to forget it."


def say(text: str, into: list | None = None):
    return lambda mine: mine.parts.inbox.put(
        Command("say", text, reply=(into if into is not None else []).append)
    )


def test_a_note_in_the_evening_bounds_the_night_and_the_reason_names_it(sleep):
    answers = []
    slept = sleep(hours=0.15, acts=[(-30, say("warm rain, no bells please", answers))])
    assert answers == [f"Understood: warm rain, no bells. {LATER}"]
    first = slept.rows["decisions"][0]
    recipe = json.loads(first["recipe"])
    assert recipe["textures"].get("rain", 0) > 0 and recipe["brightness"] <= 0.35
    assert "as you said: warm rain, no bells" in first["sentence"]
    voices = {note[4] for row in slept.rows["phrases"] for note in json.loads(row["notes"])}
    assert "bell" not in voices


def test_the_voice_that_was_asked_for_has_the_melody_and_the_answer_says_so(sleep):
    answers = []
    slept = sleep(hours=0.15, acts=[(-30, say("bells please, and no rain", answers))])
    assert answers == [f"Understood: the melody on bells, no rain. {LATER}"]
    voices = {note[4] for row in slept.rows["phrases"] for note in json.loads(row["notes"])}
    assert "bell" in voices and "piano" not in voices
    assert json.loads(slept.rows["decisions"][0]["recipe"])["music"] > 0


def test_stop_stops_the_sound_at_once_and_rain_after_silence_is_rain(sleep):
    answers, seen = [], {}

    def look(name):
        return lambda mine: seen.update({name: mine.state.tonight})

    sleep(
        hours=0.1,
        acts=[
            (60, say("silence please", answers)),
            (70, look("silent")),
            (71, say("rain please", answers)),
            (80, look("rain")),
            (81, say("stop", answers)),
            (90, look("stopped")),
            (91, say("stop", answers)),
        ],
    )
    assert not seen["silent"].recipe.textures and seen["rain"].recipe.textures["rain"] > 0
    assert seen["rain"].mode is Mode.SETTLING and seen["stopped"].mode is Mode.PAUSED
    assert answers[2:] == ["Stopped; a press of the button starts it again.", "Nothing sounds now."]


def test_a_note_in_the_night_is_heard_at_once_and_can_be_undone(sleep):
    seen = {}

    def look(name):
        return lambda mine: seen.update({name: mine.state.tonight.recipe})

    sleep(
        hours=0.1,
        acts=[
            (60, look("before")),
            (61, say("much quieter, please, and no rain")),
            (70, look("bound")),
            (71, say("undo")),
            (80, look("after")),
        ],
    )
    assert "rain" not in seen["bound"].textures and seen["bound"].level < seen["before"].level
    assert seen["after"].level == seen["before"].level


def end(mine):
    mine.finish()
    mine.state = mine.state.with_tonight(mode=Mode.IDLE)


def test_wishes_end_with_the_night_unless_they_are_confirmed_for_every_night(sleep):
    answers = []
    first = sleep(hours=0.1, acts=[
        (10, say("darker tonight")), (20, say("always without bells", answers)),
        (30, say("every night", answers)), (200, end),
    ])
    assert answers[0].endswith("to forget it.\n  1  every night\n  2  only tonight")
    assert answers[1] == "Kept for every night: no bells. Say “undo” to forget it."
    assert [wish.name for wish in wishes.standing(first.night.state)] == ["bell"]
    second = sleep(hours=0.05)
    assert [(wish.verb, wish.name) for wish in wishes.standing(second.night.state)] == [
        ("forbid", "bell")
    ]


def test_what_is_said_for_every_night_and_not_confirmed_ends_with_the_night(sleep):
    slept = sleep(hours=0.1, acts=[(20, say("always without bells")), (200, end)])
    assert wishes.standing(slept.night.state) == () == slept.night.state.tonight.said.pending


def test_in_doubt_nothing_happens_before_a_tap_and_the_tap_is_obeyed(sleep):
    answers, seen = [], []

    def look(mine):
        seen.append(wishes.standing(mine.state))
    slept = sleep(hours=0.05, acts=[
        (20, say("gribble the bells", answers)), (21, look), (30, say("1", answers)), (31, look),
    ])
    asked, done = answers
    assert "nothing was changed" in asked
    assert asked.endswith("\n  1  no bells\n  2  with bells please")
    assert done == "Understood: no bells. Say “undo” to forget it."
    assert seen == [(), (Wish("forbid", "bell"),)]
    assert "forbid or require bell? asked back" in slept.details("wish")


def test_an_alarm_and_a_timer_that_are_said_are_set_and_a_light_that_is_asked_for_is_not(sleep):
    answers = []
    slept = sleep(hours=0.05, acts=[
        (20, say("wake me at half past six", answers)),
        (30, say("stop after twenty minutes", answers)), (40, say("dim the lights", answers)),
    ])
    state = slept.night.state
    assert state.settings.alarm == 390 and state.tonight.timer == 20.0
    assert [line.split(".")[0] for line in answers] == [
        "Understood: alarm at 06:30 every day", "Understood: off after 20 min", "I can't do lights",
    ]


def test_a_guest_is_told_that_nothing_is_kept(sleep):
    answers = []
    slept = sleep(hours=0.05, config=Config(night=NightConfig(sleeper="guest")),
                  acts=[(20, say("rain every night", answers)), (30, say("every night", answers))])
    assert "nothing is kept of a guest" in answers[0] and "Kept" not in answers[1]
    assert slept.night.state.sleeper.always == ()


def test_words_never_raise_the_cap_undo_a_mute_or_wake_a_sleeper(sleep):
    sent = []

    def mute(mine):
        mine.take(controls.mute(mine.state, True))
        send = mine.parts.world.sound.send
        mine.parts.world.sound.send = lambda message: (sent.append(message), send(message))
    slept = sleep(hours=0.1, acts=[(30, mute), (40, say("much louder! unmute, volume cap 100 %")),
                                   (50, say("turn it up a lot, more music, louder rain"))])
    assert slept.night.state.settings.muted and slept.night.state.settings.cap == 1.0
    assert not [message for message in sent if isinstance(message, Volume) and not message.muted]
    assert all(scene.level <= 0 for _, scene, _ in slept.seen if scene)


def test_a_morning_s_words_are_feedback(sleep):
    def up(mine):
        mine.do(Review())
        mine.state = mine.state.with_tonight(mode=Mode.MORNING)
    slept = sleep(hours=0.15, acts=[(400, up), (405, say("woke twice, the waves were too loud"))])
    feedback = {row["kind"]: row["value"] for row in slept.rows["feedback"]}
    assert feedback == {"rested": -1.0, "note": -1.0}
    assert slept.night.state.tonight.rested == -1 and wishes.standing(slept.night.state) == ()


def test_a_morning_s_words_can_be_taken_back(sleep):
    seen = {}

    def up(mine):
        mine.do(Review())
        mine.state = mine.state.with_tonight(mode=Mode.MORNING)

    def look(name):
        return lambda mine: seen.update(
            {name: (mine.state.tonight.outcome, mine.state.tonight.rested)}
        )

    sleep(
        hours=0.15,
        acts=[
            (400, up),
            (401, look("before")),
            (405, say("slept badly, too loud")),
            (410, look("said")),
            (412, say("qwrtz plmk")),
            (415, say("undo")),
            (420, look("undone")),
        ],
    )
    assert seen["said"][1] == -1 and seen["said"][0].liked < seen["before"][0].liked
    assert seen["undone"] == seen["before"]


def test_a_later_note_without_a_feeling_keeps_the_mood(sleep):
    slept = sleep(
        hours=0.02, acts=[(-30, say("I am furious and worried")), (-20, say("no bells"))])
    assert slept.night.state.tonight.said.valence < -0.2


def test_sadness_starts_no_other_night(sleep):
    answers = []
    slept = sleep(hours=0.02, acts=[(-30, say("I am so sad and lonely", answers))])
    assert "no help with that" in answers[0]
    assert slept.night.state.tonight.said == Said()


def test_the_text_is_kept_nowhere_unless_the_owner_wants_it(sleep):
    text = "zebra crossing was loud today, slower please"
    quiet = sleep(hours=0.05, acts=[(10, say(text))], name="let go")
    assert "zebra" not in json.dumps(everything(quiet.path))
    kept = sleep(
        hours=0.05,
        acts=[(10, say(text))],
        name="kept",
        config=Config(night=NightConfig(keep_notes=True)),
    )
    assert kept.details("said") == [text]


def test_privacy_ignores_notes_and_says_so(sleep):
    answers = []
    slept = sleep(
        hours=0.05,
        acts=[
            (5, say("darker")),
            (10, lambda mine: mine.parts.inbox.put(Command("privacy", True))),
            (20, say("no rain", answers)),
        ],
    )
    assert answers[0].startswith("Privacy is on") and wishes.standing(slept.night.state) == ()
    assert wishes.standing(sleep(hours=0.02).night.state) == ()


def test_silence_a_programme_and_last_night_can_be_asked_for(sleep):
    silent = sleep(hours=0.05, acts=[(-30, say("no sound at all tonight"))], name="silent")
    assert silent.night.state.tonight.recipe.name == "silence"
    tide = sleep(hours=0.05, acts=[(-30, say("slow tide please"))], name="tide")
    assert tide.night.state.tonight.recipe.name == "slow tide"
    again = sleep(hours=0.05, acts=[(-30, say("like last night but darker"))], name="tide")
    assert again.night.state.tonight.recipe.name == "slow tide"
    assert again.night.state.tonight.recipe.brightness < tide.night.state.tonight.recipe.brightness


def test_after_sleep_onset_a_note_only_shapes_what_plays(sleep):
    def asleep(mine):
        mine.state = mine.state.with_tonight(depth=1.0)
        say("play the ocean and no rain")(mine)
    slept = sleep(hours=0.1, acts=[(100, asleep)])
    assert {row["moment"] for row in slept.rows["decisions"]} == {"bedtime"}
    assert len(slept.rows["decisions"]) == 1


def test_the_hub_s_text_is_understood_and_never_repeated(sleep, broker):
    hub = Listener(broker.port)

    def ask(text):
        def send(mine):
            assert soon(lambda: mine.parts.world.home.connected), mine.parts.world.home.trouble
            hub.send("nocturne/bed1/cmd/say", text)
            assert soon(lambda: not mine.parts.inbox.empty())
        return send
    home = Home(host="127.0.0.1", port=broker.port, bed="bed1")
    sleep(hours=0.05, config=Config(home=home), acts=[(20, ask("x" * 10_000_000)),
                                                            (30, ask("zebra, much darker please"))])
    assert soon(
        lambda: hub.last("nocturne/bed1/state/understood").startswith(
            b"Understood: much warmer and darker"
        )
    )
    told = [m for m in hub.messages if "/cmd/" not in m.topic]
    assert [m for m in told if m.topic.endswith("understood") and b"I can't read that" in m.payload]
    assert not [m for m in told if b"zebra" in m.payload]
    assert not [m for m in told if "/feedback/" in m.topic]
    hub.close()
