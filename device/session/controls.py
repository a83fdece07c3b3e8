"""The hands at the device: what the button means, what the light shows, how loud it may be."""

from collections.abc import Sequence
from dataclasses import replace

from device.sentences import say
from device.session import fade, greeting, learning
from device.session.modes import NIGHT, SOUNDING, Event, Mode
from device.session.rows import feedback
from device.session.state import At, Decision, State
from device.session.things import (
    Choose,
    Do,
    Go,
    Happened,
    Note,
    Restart,
    Save,
    Send,
    Shape,
    Tell,
)
from device.session.watching import snoozing
from device.values import Asleep, Heartbeat, Lack, Light, Press, Recipe, Volume

THANKS = 2.0                # s that the light answers a press
FOUND = 10.0                # s that it answers somebody who looks for the device
KNOB = 40.0                 # dB: the whole way of the volume
ALARM = 0.75                # volume, −10 dB: the alarm's least
FAVOURITES = 5              # recipes that were liked last
CLICKS = {Press.SHORT: "single", Press.SECOND: "double", Press.THIRD: "triple", Press.HOLD: "hold"}


# ---- the button ----------------------------------------------------------------------------------

def on_press(state: State, press: Press, at: At) -> Decision:
    """A short press acts at once; a second and third take it back and say what was meant."""
    if press is Press.LONG:
        return greeting.asked(state, at)
    touched = state.with_status(thanked=at.now).with_tonight(touched=at.now, asleep=False)
    state, things = pressed(touched, press, at)
    said: list[Do] = [Send(Asleep(False)), Note("press", press),
                      Happened("button", {"event_type": CLICKS[press]})]
    return state, [*said, *things, Save(), Tell()]


def pressed(state: State, press: Press, at: At) -> Decision:
    tonight = state.tonight
    if state.settings.muted:
        return mute(state, False)
    if press is Press.HOLD:
        return mute(state, True)
    if state.owner.lock:
        return state, []
    if tonight.mode is Mode.MORNING and (press is not Press.SHORT or tonight.rested is None):
        return answer(state, press, at)
    if tonight.mode is Mode.WAKING or snoozing(tonight):
        return press_at_alarm(state, press, at)
    if press is Press.SHORT:
        soft = tonight.mode is Mode.ASLEEP and state.owner.rules.keep_playing
        over = Go(Event.OVER)                   # a morning that was answered
        return state, [over, Go(Event.HUSH if soft else Event.PRESS, by_hand=True)]
    if tonight.played is None or tonight.mode not in NIGHT:
        return state, []
    state, things = skip(state, at) if press is Press.SECOND else like(state, at)
    return state, [Go(Event.START, by_hand=True), *things]  # the first press may have stopped it


def press_at_alarm(state: State, press: Press, at: At) -> Decision:
    """At the alarm: a press snoozes, and snoozes anew; a second one means up."""
    if press is not Press.SHORT:
        return state, [Go(Event.UP, by_hand=True)]
    if state.tonight.mode is Mode.WAKING:
        return state.with_tonight(snoozed=True), [Go(Event.PRESS, by_hand=True)]
    return state.with_tonight(since=at.now), []


def answer(state: State, press: Press, at: At) -> Decision:
    """Up: one press was a good night, two a poor one: the second word holds. A third says nothing.
    """
    if press is Press.SHORT:
        return learning.answered(state, +1, at)
    if press is Press.SECOND and state.tonight.rested is not None:
        return learning.answered(state, -1, at)
    return state, []


def skip(state: State, at: At) -> Decision:
    """Not this one: something else now, and a word for the learner."""
    tonight = state.tonight
    assert tonight.played is not None
    state = state.with_tonight(
        passed_over=tonight.played,
        refused=(*tonight.refused, tonight.played.choice.candidate),
        liked=tonight.liked - 1,
    )
    moment = "night" if tonight.slept else "bedtime"        # nothing new after sleep onset
    return state, [feedback(state, "skip", -1, at), Choose(moment), Shape(by_hand=True)]


def like(state: State, at: At) -> Decision:
    """The third press takes the second back: this one after all, and liked."""
    before = state.tonight.passed_over
    if before is not None:
        state = state.with_tonight(
            played=before, sound=before.recipe.name, passed_over=None,
            refused=state.tonight.refused[:-1], liked=state.tonight.liked + 1,
        )
    state = favoured(state.with_tonight(liked=state.tonight.liked + 1), state.tonight.recipe)
    return state, [feedback(state, "like", +1, at), Shape(by_hand=True)]


def favoured(state: State, recipe: Recipe) -> State:
    """The newest of the sleeper's favourites; older ones give way."""
    if state.owner.guest or state.settings.privacy:
        return state
    newest = replace(recipe, name=recipe.name or "a favourite")
    older = (each for each in state.sleeper.favourites if each != newest)
    return state.with_sleeper(favourites=(newest, *older)[:FAVOURITES])


# ---- how loud ------------------------------------------------------------------------------------

def mute(state: State, muted: bool) -> Decision:
    """Heard within the sound process's 100 ms; only the button undoes it."""
    return state.with_settings(muted=muted), [Send(Volume(state.status.sent, muted))]


def turn(state: State, volume: float) -> Decision:
    """From afar. Who sleeps is not startled: then it rises at a sleeper's pace."""
    state = state.with_settings(volume=volume)
    sent = min(state.status.sent, goal(state)) if state.tonight.startled else goal(state)
    state = state.with_status(sent=sent)
    return state, [Send(Volume(sent, state.settings.muted))]


def goal(state: State) -> float:
    """The volume that is due. No volume, cap or ceiling silences the alarm: a hand's mute does."""
    if state.tonight.mode is not Mode.WAKING:
        return state.settings.volume
    return max(state.settings.volume, ALARM)


def raise_volume(state: State, seconds: float) -> Decision:
    """On its way to what was asked for; up by as much as a sleeper is due in that time."""
    sent = min(state.status.sent + fade.RISE / KNOB * seconds, goal(state))
    if sent == state.status.sent:
        return state, []
    return state.with_status(sent=sent), [Send(Volume(sent, state.settings.muted))]


def on_heartbeat(state: State, beat: Heartbeat | None, why: str) -> Decision:
    """The sound process's word; that it came or went is noted once. `why`: how its link stands."""
    before = state.status.beat
    if beat is before:
        return state, []
    played = state.status.plays
    state = state.with_status(beat=beat)
    came_or_went = (beat is None) != (before is None) or state.status.plays != played
    if not came_or_went:
        return state, []
    if beat is None:
        gone = say("sound-process", {"gone": True, "card": False}, why=why)
        return state, [Note("sound", gone), Restart(), Tell()]
    # One that comes back begins in silence.
    heard = say("sound-process", {"gone": False, "card": bool(beat.device)}, device=beat.device)
    return state, [Note("sound", heard), Restart(), Shape(), Tell()]


def on_trouble(state: State, chips: tuple[str, ...], disk: str) -> Decision:
    """Which chips fail, in words, and what is wrong with the diary."""
    before = state.status
    if (chips, disk) == (before.trouble, before.disk):
        return state, []
    things: list[Do] = []
    if chips != before.trouble:
        said = say("sensors", {"fail": bool(chips)}, troubles="; ".join(chips))
        things.append(Note("sensors", said))
    return state.with_status(trouble=chips, disk=disk), things


def lacking(state: State, part: Lack) -> Decision:
    """What is missing is told until it is there."""
    lacks = tuple(each for each in state.status.lacks if each != part.trouble)
    if not part.over:
        state = state.with_status(lacks=(part.trouble, *lacks))
        return state, [Note("fallback", part.trouble), Tell()]
    return state.with_status(lacks=lacks), [Note("found", say("found", trouble=part.trouble)),
                                            Tell()]


# ---- the light -----------------------------------------------------------------------------------

def light(state: State, now: float, missing: Sequence[str]) -> Light | float:
    """A pattern at `now` s, or the brightness of a night light. `missing`: what a fallback stands
    for."""
    status, mode = state.status, state.tonight.mode
    if status.greeting is not None:
        return greeting.brightness(status.greeting, now)
    if now - status.thanked < THANKS:
        return Light.THANKS
    if state.settings.muted:
        return Light.MUTED
    late = mode is Mode.WAKING and state.bell.why
    if status.trouble or not status.plays or status.disk or late:
        return Light.TROUBLE
    silent = fade.silent(state.tonight.recipe) or state.tonight.depth >= 1.0
    if mode in SOUNDING and not (mode is Mode.MASKING and silent):
        return Light.BREATHING
    if state.settings.light:
        return state.settings.light
    if mode is not Mode.IDLE:
        return Light.OFF
    return Light.TROUBLE if missing else Light.STEADY       # said beforehand, not all night


def identify(state: State, at: At) -> State:
    """Somebody looks for this device: the light answers for ten seconds."""
    return state.with_status(thanked=at.now + FOUND - THANKS)
