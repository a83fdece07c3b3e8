from dataclasses import replace
from datetime import UTC

import pytest

from device.programmes import PROGRAMMES
from device.session import alarms, commands, learning, wishes
from device.session.modes import NIGHT, SOUNDING, Event, Mode, step
from device.session.settings import DAILY, EVERY_DAY, OFF, Once, Rules
from device.session.state import Bell
from device.session.things import Choose, Go, Note, Publish, Read, Reshape, Row, Save, Shape, Tell
from device.session.tonight import Said, Unsaid
from device.values import (
    SILENCE,
    TEXTURES,
    VOICES,
    Command,
    Counts,
    Day,
    Days,
    Doubt,
    Standing,
    Understood,
    Wish,
)
from tests.session.around import EVENING, NOW, RAIN, TIDE, at, choice, outcome, owned, played, state

MORE_RAIN, NO_BELLS, PIANO = Wish("raise", "rain"), Wish("forbid", "bell"), Wish("require", "piano")
QUIET, SLOW = Wish("require", "silence"), Wish("lower", "pulse")


def heard(*wished, language="en", **fields):
    return Understood(language=language, wishes=wished, **fields)


def note(before, *wished, **fields):
    """What a note does, beside what it leaves in the diary of how sure it was."""
    after, things = wishes.on_note(before, heard(*wished, **fields), at())
    return after, [thing for thing in things if not isinstance(thing, Note)]


def said(kind, value):
    return Row("feedback", {"night": 5, "time": NOW, "kind": kind, "value": value})


# ---- what stands ---------------------------------------------------------------------------------

def test_tonights_wishes_replace_those_for_ever_of_the_same_name():
    less_rain = Wish("lower", "rain")
    asked = state(said=Said((less_rain,))).with_sleeper(always=(MORE_RAIN, NO_BELLS))
    assert wishes.standing(asked) == (NO_BELLS, less_rain)


def test_of_too_many_wishes_the_oldest_give_way():
    many = tuple(Wish("raise", f"{n}") for n in range(24))
    assert wishes.merged(many, ()) == many
    assert wishes.merged(many, (MORE_RAIN,)) == (*many[1:], MORE_RAIN)


@pytest.mark.parametrize("name", [*TEXTURES, *VOICES, "music"])
def test_asking_for_a_sound_makes_silence_no_answer(name):
    for verb, asked in (("require", True), ("raise", True), ("lower", False), ("forbid", False)):
        assert wishes.sounding(state(said=Said((Wish(verb, name), SLOW)))) is asked


def test_refusing_silence_makes_it_no_answer():
    assert wishes.sounding(state(said=Said((Wish("forbid", "silence"),))))


def test_asking_for_silence_or_a_pace_is_not_asking_for_a_sound():
    for wish in (QUIET, Wish("raise", "pulse"), Wish("raise", "level")):
        assert not wishes.sounding(state(said=Said((wish,))))
    assert not wishes.sounding(state())


def test_what_was_asked_for_as_a_whole_last_counts():
    def named(*wished, **more):
        return wishes.named(state(said=Said(wished, **more)).with_sleeper(last=TIDE))
    tide = Wish("require", "slow tide")
    assert named() is named(MORE_RAIN) is None
    assert named(QUIET) == named(tide, QUIET, SLOW) == SILENCE
    assert named(QUIET, tide, MORE_RAIN) == PROGRAMMES["slow tide"]
    assert named(MORE_RAIN, like_last=True) == TIDE
    assert named(QUIET, like_last=True) == SILENCE
    assert named(QUIET, MORE_RAIN) is named(QUIET, PIANO) is None
    assert named(MORE_RAIN, QUIET) == SILENCE
    assert named(Wish("forbid", "silence"), Wish("lower", "slow tide")) is None


# ---- a note --------------------------------------------------------------------------------------

@pytest.mark.parametrize("mode", sorted(SOUNDING))
def test_before_sleep_a_wish_is_answered_by_another_choice(mode):
    before = state(mode, played=played(3, RAIN, 1))
    after, things = note(before, NO_BELLS)
    assert after == state(
        mode, played=replace(played(3, RAIN, 1), receipts=({"candidate": 1},)),
        said=Said((NO_BELLS,)), unsaid=Unsaid(),
    )
    assert things == [Choose("bedtime"), Shape()]


@pytest.mark.parametrize("slept", [{"fell_asleep": True}, {"depth": 1.0}])
def test_after_sleep_onset_nothing_new_is_chosen(slept):
    for mode in (Mode.SETTLING, Mode.MASKING):
        before = state(mode, played=played(), **slept)
        assert note(before, NO_BELLS) == (
            before.with_tonight(said=Said((NO_BELLS,)), unsaid=Unsaid()),
            [Reshape(), Shape(), Save()],
        )


def test_silence_that_is_asked_for_in_the_night_stops_what_sounds():
    silent = Wish("require", "silence")
    for mode in (Mode.SETTLING, Mode.MASKING):
        awake = state(mode, fell_asleep=True, played=played())
        assert note(awake, silent)[1] == [Go(Event.STOP, by_hand=True), Save()]


@pytest.mark.parametrize("mode", sorted(NIGHT - SOUNDING))
def test_while_nothing_sounds_what_will_sound_is_shaped(mode):
    assert note(state(mode, played=played()), NO_BELLS)[1] == [Reshape(), Shape(), Save()]


def test_before_lights_out_a_wish_waits():
    for idle in (state(Mode.IDLE), state(Mode.IDLE, played=played()), state()):
        after, things = note(idle, NO_BELLS)
        assert after == idle.with_tonight(said=Said((NO_BELLS,)), unsaid=Unsaid())
        assert things == [Save()]


def test_a_second_note_adds_to_the_first():
    first, _ = note(state(), MORE_RAIN, mood="tense", valence=-0.5, arousal=0.7)
    assert first.tonight.said == Said((MORE_RAIN,), False, -0.5, 0.7, "tense", "en")
    second, _ = note(first, NO_BELLS, language="zh", like_last=True)
    assert second.tonight.said == Said((MORE_RAIN, NO_BELLS), True, -0.5, 0.7, "tense", "zh")
    third, _ = note(second, mood="weary", valence=0.0, arousal=-0.1)
    assert third.tonight.said == Said((MORE_RAIN, NO_BELLS), True, 0.0, -0.1, "weary", "en")
    assert third.tonight.unsaid == Unsaid(second.tonight.said)


def test_a_note_that_asks_for_nothing_more_than_sadness_moves_no_mood():
    before = state(said=Said(valence=0.2, arousal=0.1))
    after, _ = note(before, valence=-0.9, arousal=0.9, distress="sad")
    assert (after.tonight.said.valence, after.tonight.said.arousal) == (0.2, 0.1)


def test_a_note_of_distress_changes_nothing():
    before = state(played=played(), said=Said((MORE_RAIN,), choices=("a", "b")), unsaid=Unsaid())
    assert note(before, distress="crisis") == (before, [])


def test_how_sure_each_wish_is_goes_to_the_diary():
    doubt = Doubt("piano", "forbid", "require")
    sure = heard(NO_BELLS, confidence=(0.914,), unsure=("piano",), doubts=(doubt,))
    _, things = wishes.on_note(state(), sure, at())
    assert [thing for thing in things if isinstance(thing, Note)] == [
        Note("wish", "forbid bell, 0.91 sure"),
        Note("wish", "forbid or require piano? asked back"),
    ]


# ---- the alarm and the timer ---------------------------------------------------------------------

def test_an_alarm_and_a_timer_are_set_as_the_hub_sets_them():
    before = replace(state(), bell=Bell(rung=(1, 390)))
    after, things = wishes.on_note(before, heard(alarm=390, timer=20), at())
    assert after.settings.alarm == 390 and after.bell == Bell((1, 390), at().wall)
    assert (after.tonight.timer, after.tonight.timer_ends) == (20.0, NOW + 1200)
    assert things == [Note("command", "alarm 390"), Note("command", "timer 20"), Save()]
    by_hub, _ = commands.on_command(before, Command("alarm", 390), at())
    by_hub, _ = commands.on_command(by_hub, Command("timer", 20.0), at())
    assert after.with_tonight(unsaid=None) == by_hub


def test_undo_sets_the_clock_back_as_it_was_and_only_where_a_note_had_set_it():
    before = state(timer=45.0, timer_ends=NOW + 600).with_settings(alarm=420)
    after, _ = note(note(before, alarm=390, timer=20)[0], undo=True)
    assert replace(after, bell=before.bell) == before
    mended, _ = commands.on_command(note(before, NO_BELLS)[0], Command("alarm", 500), at())
    assert note(mended, undo=True)[0].settings.alarm == 500


def test_undo_leaves_a_clock_that_was_set_from_elsewhere_since():
    by_note, _ = note(state(), alarm=420, timer=40)
    by_hub, _ = commands.on_command(by_note, Command("alarm", 330), at())
    after, _ = note(by_hub, undo=True)
    assert (after.settings.alarm, after.tonight.timer) == (330, 40.0)


def test_undo_brings_back_no_timer_that_has_run_out():
    longer, _ = note(state(timer=1.0, timer_ends=NOW + 60), timer=40)
    later = replace(at(), now=NOW + 90)
    after, _ = wishes.on_note(longer, heard(undo=True), later)
    assert after.tonight.timer_ends == NOW + 2400


# ---- what is asked back --------------------------------------------------------------------------

ASKED = {
    "unsure": ("bell",), "doubts": (Doubt("bell", "forbid", "require"),),
    "choices": ("no bells", "bells please"),
}
EVERY = {"always": True, "choices": ("every night", "only tonight")}


def test_in_doubt_only_what_is_sure_is_done_and_two_notes_wait_for_a_tap():
    before = state(played=played())
    after, things = note(before, MORE_RAIN, **ASKED)
    assert after.tonight.said == Said((MORE_RAIN,), choices=("no bells", "bells please"))
    assert things == [Choose("bedtime"), Shape()]
    after, things = note(before, **ASKED)
    assert wishes.standing(after) == () and things == [Save()] and after.tonight.unsaid is None


def test_a_tap_says_the_note_that_was_tapped_and_a_late_one_says_nothing():
    offered, _ = note(state(), **ASKED)
    for text, said in (("no bells", "no bells"), ("2", "bells please"), ("1", "no bells")):
        assert wishes.tapped(offered, text) == said
        things = commands.on_command(offered, Command("choose", text), at())[1]
        assert things == [Read(said), Tell(), Publish({"heard": ("choose", "", "")})]
    assert commands.on_command(offered, Command("say", "2"), at())[1][0] == Read("bells please")
    assert commands.on_command(offered, Command("say", "3"), at())[1][0] == Read("3")
    for late in ("more rain", "3", "0", ""):
        then, things = commands.on_command(offered, Command("choose", late), at())
        assert then == offered and things[0].kind == "refused"
    assert commands.on_command(state(), Command("choose", "1"), at())[0] == state()


def test_the_next_note_undo_privacy_and_the_nights_end_take_the_question_away():
    offered, _ = note(state(outcome=outcome()), **ASKED)
    over, _ = learning.lesson(offered, at())
    private, _ = commands.on_command(offered, Command("privacy", True), at())
    for after in (
        note(offered, SLOW)[0], note(offered, undo=True)[0], note(offered, language="")[0],
        over, private,
    ):
        assert after.tonight.said.choices == ()


def test_who_asks_in_a_terminal_sees_the_choices_by_number():
    offered = note(state(), **ASKED)[0].with_status(answer="Which?")
    assert wishes.told(offered) == "Which?\n  1  no bells\n  2  bells please"
    assert wishes.told(state().with_status(answer="as you say")) == "as you say"


# ---- for every night -----------------------------------------------------------------------------

def test_a_wish_for_every_night_counts_tonight_and_is_kept_once_it_is_confirmed():
    before = state(played=played()).with_sleeper(always=(MORE_RAIN,))
    asked, things = note(before, NO_BELLS, **EVERY)
    assert asked.sleeper.always == (MORE_RAIN,) and things[0] == Choose("bedtime")
    assert asked.tonight.said == Said(
        (NO_BELLS,), choices=("every night", "only tonight"), pending=(NO_BELLS,))
    kept, things = wishes.on_confirm(asked, True)
    assert kept.sleeper.always == (MORE_RAIN, NO_BELLS) and kept.tonight.said == Said((NO_BELLS,))
    assert things == [Save()]
    again, _ = note(kept, undo=True)
    assert again.sleeper.always == (MORE_RAIN,) and again.tonight.said.pending == (NO_BELLS,)


def test_only_tonight_keeps_nothing_for_the_next():
    asked, _ = note(state(), NO_BELLS, **EVERY)
    after, _ = wishes.on_confirm(asked, False)
    assert after.sleeper.always == () and after.tonight.said == Said((NO_BELLS,))


def test_what_waits_for_a_word_is_forgotten_with_the_night():
    asked, _ = note(state(outcome=outcome()), NO_BELLS, **EVERY)
    over, _ = learning.lesson(asked, at())
    assert over.sleeper.always == () and over.tonight.said == Said()


def test_a_later_word_on_the_same_thing_takes_it_out_of_what_waits():
    asked, _ = note(state(), NO_BELLS, PIANO, **EVERY)
    after, _ = note(asked, Wish("raise", "bell"))
    assert after.tonight.said.pending == (PIANO,) and after.tonight.said.choices == ()


def test_every_night_said_by_itself_asks_about_tonights_wishes():
    after, _ = note(note(state(), NO_BELLS)[0], **EVERY)
    assert after.tonight.said.pending == (NO_BELLS,) and after.tonight.said.choices
    assert note(state(), **EVERY)[0].tonight.said == Said()


def test_what_is_in_doubt_is_not_asked_about_for_every_night():
    after, _ = note(note(state(), MORE_RAIN)[0], **{**ASKED, "always": True})
    assert after.tonight.said.pending == () and after.tonight.said.choices == ASKED["choices"]
    after, _ = note(state(), MORE_RAIN, **{**ASKED, "always": True})
    assert after.tonight.said.pending == (MORE_RAIN,)
    assert after.tonight.said.choices == ASKED["choices"]


def test_of_a_guest_nothing_is_kept_for_every_night():
    guest = owned(state(), sleeper="guest")
    after, _ = note(guest, NO_BELLS, **EVERY)
    assert after.tonight.said == Said((NO_BELLS,)) and after.sleeper.always == ()


# ---- how things stand ----------------------------------------------------------------------------

def test_an_answer_is_told_how_things_stand():
    def stands(before, **fields):
        one = heard(NO_BELLS, **fields)
        return wishes.stands(before, wishes.on_note(before, one, at())[0], one, at())
    assert stands(state()) == Standing(last=False, stops="sound", undoes="")
    assert stands(state().with_settings(alarm=390)).alarm is None
    local = at().local
    assert stands(state(), nap=20).alarm == 60 * local.hour + local.minute + 20
    assert stands(state(Mode.PAUSED)).silence == "paused"
    assert not stands(state(Mode.PAUSED, snoozed=True)).silence
    assert stands(state(Mode.ASLEEP)).silence == "asleep"
    assert not stands(owned(state(Mode.ASLEEP), Rules(keep_playing=True))).silence
    assert stands(state(Mode.IDLE)).counts is Counts.LATER
    assert stands(state(Mode.MORNING)).counts is Counts.OVER
    assert stands(state().with_settings(muted=True)).muted
    assert stands(state().with_sleeper(last=TIDE)).last
    assert not stands(owned(state(), sleeper="guest"), **EVERY).keeps
    assert stands(state(), **EVERY).asks and not stands(state()).asks
    assert stands(state(unsaid=Unsaid())).undoes == "last"
    assert stands(state(said=Said((SLOW,)))).undoes == "all"
    assert stands(state(said=Said(language="zh"))).undoes == ""     # it was only spoken to


@pytest.mark.parametrize("mode, ends, then", [
    (Mode.SETTLING, "sound", Mode.PAUSED), (Mode.MASKING, "sound", Mode.PAUSED),
    (Mode.WAKING, "alarm", Mode.MORNING), (Mode.ASLEEP, "", Mode.ASLEEP),
    (Mode.IDLE, "", Mode.IDLE), (Mode.MORNING, "", Mode.MORNING)])
def test_stop_stops_what_sounds_and_leaves_what_was_wished(mode, ends, then):
    before = state(mode, said=Said((SLOW,)))
    after, things = note(before, stop=True)
    assert things == [Go(Event.STOP, by_hand=True), Save()]
    assert after.tonight.said == before.tonight.said
    assert wishes.stands(before, after, heard(stop=True), at()).stops == ends
    assert step(mode, Event.STOP) is then


def test_stop_ends_the_sound_that_goes_on_for_a_sleeper_and_an_alarm_that_was_put_off():
    goes_on = owned(state(Mode.ASLEEP), rules=Rules(keep_playing=True))
    assert note(goes_on, stop=True)[1][0] == Go(Event.HUSH, by_hand=True)
    assert wishes.stops(goes_on) == "sound"
    put_off = state(Mode.PAUSED, snoozed=True)
    assert wishes.stops(put_off) == "alarm"
    assert not note(put_off, stop=True)[0].tonight.snoozed


def test_an_alarm_that_is_cancelled_rings_no_more_and_undo_sets_it_again():
    before = state(Mode.SETTLING).with_settings(alarm=390)
    after, things = note(before, cancels=("alarm", "timer"))
    assert after.settings.alarm is None and after.tonight.timer_ends is None
    assert wishes.undo(after, at())[0].settings.alarm == 390
    ringing = state(Mode.WAKING).with_settings(alarm=390)
    after, things = note(ringing, cancels=("alarm",))
    assert after.settings.alarm == 390 and Go(Event.STOP, by_hand=True) in things


def test_an_alarm_in_so_many_minutes_is_set_by_the_clock():
    after, _ = note(state(), nap=20)
    local = at().local
    assert after.settings.alarm is None             # on no other day
    assert after.settings.nap == local.timestamp() + 1200 and after.settings.once is None
    assert wishes.undo(after, at())[0].settings == state().settings
    after, _ = wishes.on_note(state().with_settings(alarm=390), heard(nap=20), at(local=None))
    assert after.settings.alarm == 390


def test_an_alarm_said_in_words_is_the_next_one_where_days_have_their_own():
    here = state().with_settings(week=(*EVERY_DAY[:6], 360))        # tonight is a Sunday
    after, _ = note(here, alarm=390)
    assert after.settings.alarm is None and after.settings.week == here.settings.week
    assert after.settings.once == Once(at().local.toordinal() + 1, 390)
    none, _ = note(after, cancels=("alarm",))
    assert not alarms.is_set(none.settings)
    back, _ = note(none, undo=True)
    assert back.settings == after.settings


WORKING = Days(Day.WEEKLY, (0, 1, 2, 3, 4))
SUNDAY = EVENING.toordinal()            # at() is its half past ten


@pytest.mark.parametrize("days, alarm, day", [
    (Days(Day.TOMORROW), 300, 1), (Days(Day.NEXT), 300, 1), (Days(Day.TONIGHT), 300, 1),
    (Days(Day.NEXT), 23 * 60, 0), (Days(Day.TODAY), 23 * 60, 0), (Days(Day.OVERMORROW), 300, 2),
    (Days(Day.WEEKDAY, (5,)), 300, 6), (Days(Day.WEEKDAY, (6,)), 300, 7),
    (Days(Day.WEEKDAY, (6,)), 23 * 60, 0), (Days(Day.TOMORROW), None, 1),
    (Days(Day.NEXT), None, 1), (Days(Day.TONIGHT), None, 1), (Days(Day.WEEKDAY, (2,)), None, 3),
])
def test_a_single_days_alarm_leaves_those_of_all_others(days, alarm, day):
    here, one = state().with_settings(alarm=390), heard(alarm=alarm, days=days)
    one = replace(one, cancels=() if alarm else ("alarm",))
    after, _ = wishes.on_note(here, one, at())
    only = after.settings.once
    assert (only.day, only.minute) == (SUNDAY + day, alarm)
    assert replace(after.settings, once=None) == here.settings
    stands = wishes.stands(here, after, one, at())
    assert (stands.on, stands.weekly, stands.unset) == (((6 + day) % 7,), False, "")
    assert wishes.undo(after, at())[0].settings == here.settings


def test_in_the_small_hours_tomorrow_is_the_morning_that_comes():
    small, here = at(2 * 3600.0), state().with_settings(alarm=390)
    for alarm, cancels in ((300, ()), (None, ("alarm",))):
        one = heard(alarm=alarm, cancels=cancels, days=Days(Day.TOMORROW))
        assert wishes.on_note(here, one, small)[0].settings.once == Once(SUNDAY + 1, alarm)


def test_days_of_every_week_have_their_own_and_every_day_has_none():
    here = state().with_settings(alarm=390)
    after, _ = note(here, alarm=420, days=WORKING)
    assert after.settings == replace(here.settings, week=(420,) * 5 + (DAILY, DAILY))
    off, _ = note(after, cancels=("alarm",), days=Days(Day.WEEKLY, (5, 6)))
    assert off.settings.week == (420,) * 5 + (OFF, OFF) and off.settings.alarm == 390
    daily, _ = note(off, alarm=400, days=Days(Day.DAILY))
    assert daily.settings == replace(here.settings, alarm=400)


@pytest.mark.parametrize("one, moment, why", [
    (heard(alarm=400, days=Days(Day.UNCLEAR)), at(), "unclear"),
    (heard(cancels=("alarm",), days=Days(Day.UNCLEAR)), at(), "unclear"),
    (heard(alarm=400, days=Days(Day.TODAY)), at(), "past"),
    (heard(cancels=("alarm",), days=Days(Day.TODAY)), at(), "past"),
    (heard(alarm=400, days=Days(Day.WEEKDAY, (3,))), at(), "taken"),
    (heard(alarm=400, days=Days(Day.TOMORROW)), at(local=None), "timeless"),
    (heard(alarm=400), at(local=None), "timeless"),
    (heard(cancels=("alarm",), days=Days(Day.WEEKDAY, (3,))), at(local=None), "timeless"),
])
def test_a_day_that_cant_be_placed_changes_nothing_and_that_is_said(one, moment, why):
    week = (*EVERY_DAY[:6], 360)
    here = owned(state(), zone=UTC).with_settings(alarm=390, week=week, once=Once(SUNDAY + 1, None))
    after, things = wishes.on_note(here, one, moment)
    assert after.settings == here.settings and after.tonight.unsaid is None
    assert not [each for each in things if isinstance(each, Note)]
    assert wishes.stands(here, after, one, moment).unset == why


def test_without_a_zone_a_time_of_day_is_refused_and_the_rest_of_the_note_is_done():
    here, nowhen = state().with_settings(alarm=390), at(local=None)
    one = heard(NO_BELLS, alarm=400)
    after, _ = wishes.on_note(here, one, nowhen)
    assert after.settings == here.settings and wishes.standing(after) == (NO_BELLS,)
    assert wishes.stands(here, after, one, nowhen).unset == "zoneless"
    off, _ = wishes.on_note(here, heard(cancels=("alarm",)), nowhen)
    assert off.settings.alarm is None


def test_a_nap_beside_a_skipped_day_and_an_alarm_of_every_day_leave_it_skipped():
    skipped = state().with_settings(alarm=390, once=Once(SUNDAY + 3, None))
    assert note(skipped, alarm=420)[0].settings == replace(skipped.settings, alarm=420)
    napping, _ = note(skipped, nap=20)
    assert napping.settings.once == skipped.settings.once
    assert note(napping, cancels=("alarm",), days=Days(Day.NEXT))[0].settings == skipped.settings


def test_an_alarm_at_an_unknown_time_is_told_by_hours():
    unknown, one = at(local=None), heard(alarm=390)
    here = owned(state(), zone=UTC)
    after, _ = wishes.on_note(here, one, unknown)
    assert wishes.stands(here, after, one, unknown).elapsed == 8.0
    assert wishes.stands(here, after, one, at()).elapsed is None


def test_without_a_time_zone_no_alarm_is_set():
    after, things = wishes.on_note(state(), heard(alarm=390), at(local=None))
    assert after.settings.alarm is None and not any(isinstance(one, Note) for one in things)


@pytest.mark.parametrize("fields", [{"like_last": True}, {"mood": "weary"}])
def test_a_mood_and_last_night_change_the_sound_like_wishes(fields):
    after, things = note(state(played=played()).with_sleeper(last=TIDE), **fields)
    assert things == [Choose("bedtime"), Shape()] and after.tonight.unsaid == Unsaid()


def test_a_last_night_that_is_not_known_and_an_evenings_word_on_the_night_change_nothing():
    for fields in ({"like_last": True}, {"rested": 1}):
        after, things = note(state(played=played()), **fields)
        assert things == [Save()] and after.tonight.unsaid is None and after.tonight.rested is None


def test_a_note_that_asks_for_nothing_changes_no_sound():
    before = state(played=played(), unsaid=Unsaid(Said(mood="tense")))
    after, things = note(before, valence=0.5, arousal=0.0)
    assert after == before.with_tonight(said=Said(valence=0.5, arousal=0.0)) and things == [Save()]
    assert note(before, language="") == (before, [])


# ---- undo ----------------------------------------------------------------------------------------

def test_undo_goes_back_to_before_the_last_note_that_changed_anything():
    before = state(played=played(), said=Said((MORE_RAIN,))).with_sleeper(always=(PIANO,))
    after, _ = note(before, NO_BELLS, always=True, mood="tense")
    after, things = note(after, undo=True)
    assert after == before.with_tonight(played=replace(played(), receipts=()))
    assert things == [Choose("bedtime"), Shape()]


def test_undo_with_nothing_before_forgets_what_was_said_for_tonight():
    before = state(played=played(), said=Said((MORE_RAIN,))).with_sleeper(always=(PIANO,))
    after, things = note(before, undo=True)
    assert after.tonight.said == Said() and after.sleeper.always == (PIANO,)
    assert things == [Choose("bedtime"), Shape()]


def test_in_the_morning_undo_takes_back_what_a_note_said_of_the_night():
    before = state(Mode.MORNING, outcome=outcome(liked=1), rested=+1, said=Said((MORE_RAIN,)))
    before = before.with_sleeper(always=(PIANO,))
    spoken, _ = note(before, NO_BELLS, rested=-1, always=True)
    after, things = note(spoken, undo=True)
    assert after == before and things == [said("undone", 0), Save()]


def test_in_the_morning_undo_of_an_evenings_note_leaves_the_night_as_it_was():
    evening, _ = note(state(), NO_BELLS)
    morning = evening.with_tonight(mode=Mode.MORNING, outcome=outcome(), rested=+1)
    after, things = note(morning, undo=True)
    assert after == state(Mode.MORNING, outcome=outcome(), rested=+1)
    assert things == [Save()]


# ---- the morning's note --------------------------------------------------------------------------

def test_the_mornings_note_says_how_the_night_was():
    before = state(Mode.MORNING, outcome=outcome())
    after, things = note(before, rested=-1)
    assert after == before.with_tonight(rested=-1, unsaid=Unsaid(outcome=outcome(), morning=True))
    assert things == [said("rested", -1), Save()]


@pytest.mark.parametrize(("wished", "liked", "counts"), [
    ((MORE_RAIN,), 1, 1), ((PIANO,), 1, 1), ((NO_BELLS,), -1, -1), ((SLOW,), -1, -1),
    ((MORE_RAIN, PIANO, Wish("raise", "music")), 3, 2),
    ((NO_BELLS, SLOW, Wish("forbid", "wind")), -3, -2),
])
def test_what_it_praises_and_blames_counts_for_at_most_two(wished, liked, counts):
    before = state(Mode.MORNING, outcome=outcome(liked=1))
    after, things = note(before, *wished)
    assert after.tonight.outcome == outcome(liked=1 + counts)
    assert things == [said("note", liked), Save()]
    assert after.tonight.said == Said()         # the night is over: nothing is wished of it


def test_praise_and_blame_may_cancel_out():
    before = state(Mode.MORNING, outcome=outcome())
    after, things = note(before, MORE_RAIN, NO_BELLS, rested=+1)
    assert after.tonight.outcome == outcome() and things == [said("rested", +1), Save()]


def test_of_a_night_that_could_not_be_judged_praise_is_kept_in_the_diary_alone():
    after, things = note(state(Mode.MORNING), MORE_RAIN)
    assert after.tonight.outcome is None and things == [said("note", 1), Save()]


def test_a_wish_for_every_night_can_be_said_and_confirmed_in_the_morning():
    after, _ = note(state(Mode.MORNING), NO_BELLS, **EVERY)
    assert after.tonight.said == Said(choices=EVERY["choices"], pending=(NO_BELLS,))
    assert wishes.on_confirm(after, True)[0].sleeper.always == (NO_BELLS,)


# ---- how long it lasts ---------------------------------------------------------------------------

def test_a_choice_that_gives_way_leaves_the_receipts_of_the_others():
    before = state(played=played(3, RAIN, 1, 2))
    assert wishes.gave_way(before).tonight.receipts == ({"candidate": 1}, {"candidate": 2})
    by_name = replace(played(3, RAIN, 1), choice=choice(8))
    after = wishes.gave_way(state(played=by_name))
    assert after == state(played=by_name)


def test_with_the_night_goes_what_was_said_for_it():
    spoken = state(said=Said((MORE_RAIN,)), unsaid=Unsaid()).with_sleeper(always=(PIANO,))
    assert wishes.forgotten(spoken) == state().with_sleeper(always=(PIANO,))
