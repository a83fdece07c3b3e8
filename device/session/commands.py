"""What the hub asks for, obeyed within the owner's bounds; the mute by hand stays, whatever is
asked."""

from collections.abc import Sequence
from dataclasses import fields

from device import sentences
from device.programmes import NAMES
from device.session import controls, greeting, own_music, population, schedule, wishes
from device.session.modes import NIGHT, SOUNDING, Event
from device.session.settings import DAYS, Settings, zone_of
from device.session.state import At, Decision, State
from device.session.things import (
    Answer,
    Choose,
    Do,
    Go,
    Install,
    Note,
    Publish,
    Read,
    Save,
    Shape,
    Tell,
)
from device.values import Command, Stop

WEEKDAYS = tuple(f"alarm_{day}" for day in DAYS)
TIMES_OF_DAY = frozenset({"alarm", "alarm_once", "quiet_from", "quiet_to", *WEEKDAYS})
STEP = 0.02                 # of volume: a change smaller than this is the hub's rounding
# Settings that ask for nothing else to be done: they are set by their names.
PLAIN = frozenset(item.name for item in fields(Settings)) - frozenset({
    "volume", "programme", "alarm", "quiet", "cap", "privacy", "sharing", "muted", "configured",
    "week", "once", "nap",
})


def on_command(state: State, command: Command, at: At) -> Decision:
    """`home.commands` has bounded its value. Where it was asked tells the zone only while nobody
    knows it: a traveller's page moves no alarm."""
    if command.zone and zone_of(state.owner, state.settings) is None:
        state = state.with_settings(zone=command.zone)
        at = schedule.moment(at.now, at.wall, at.synced, state)
    state, things = obeyed(state, command, at)
    return state, [*noted(command), *things, Tell(), *heard(command, things)]


def heard(command: Command, things: Sequence[Do]) -> list[Do]:
    """The answer to whoever asked from afar: obeyed, or why not."""
    if command.kind == "greet" or command.reply is not None:
        return []
    refused = (each.detail for each in things if isinstance(each, Note) and each.kind == "refused")
    why = next(refused, "")
    return [Publish({"heard": (command.kind, command.id, why)})]


def leaving(command: Command) -> Stop | None:
    """Systemd starts it again, and the night goes on."""
    return Stop(finish=False) if command.kind == "restart" else None


def noted(command: Command) -> list[Do]:
    """Words are read and let go; all else is in the diary."""
    if command.kind in ("say", "choose"):
        return []
    if command.kind == "taste":
        return [Note("command", command.kind if command.value else f"{command.kind} none")]
    if command.kind == "message":
        return [Note("message", str(command.value))]
    return [Note("command", f"{command.kind} {command.value}")]


def obeyed(state: State, command: Command, at: At) -> Decision:
    value = command.value
    match command.kind, value:
        case "sound", True:
            return state, [play(state), Save()]
        case ("sound", False) | ("stop", _):
            return wishes.stopped(state)
        case "volume", float() | int():
            return turn(state, min(value, state.settings.cap))
        case "volume_cap", float() | int():
            return turn(state.with_settings(cap=value), min(state.settings.volume, value))
        case "timer", float() | int():
            return schedule.set_timer(wishes.overruled(state), value, at), [Save()]
        case "programme", str():
            return programme(state, value)
        case kind, int() if kind in TIMES_OF_DAY and (
                why := schedule.unsettable(state, at, single=kind == "alarm_once")):
            return state.with_status(answer=why), [Note("refused", f"{kind} {value}: {why}")]
        case "alarm_once", int():
            return schedule.set_once(wishes.overruled(state), value, at), []
        case kind, int() if kind in WEEKDAYS:
            day = WEEKDAYS.index(kind)
            return schedule.set_weekday(wishes.overruled(state), day, value, at), []
        case "alarm", int() | None:
            return schedule.set_alarm(wishes.overruled(state), value, at), []
        case "quiet_from", int() | None:
            return state.with_settings(quiet=(value, state.settings.quiet[1])), []
        case "quiet_to", int() | None:
            return state.with_settings(quiet=(state.settings.quiet[0], value)), []
        case "privacy", bool():
            return private(state, value), [Save()]
        case "sharing", bool():
            return population.join(state, value)
        case "greet", str():
            return greeting.begun(state, value.split(", "), at, schedule.quiet(state, at))
        case "message", str():
            shown = sentences.label("message.shown", text=value)
            return state.with_status(message=value, answer=shown), []
        case "identify", _:
            return controls.identify(state, at), []
        case "firmware", _:
            return state, [Install()]
        case "say", str() | None:
            return say(state, value, command)
        case "taste", str():
            return own_music.sent(state, value, at)
        case "choose", str() if wishes.tapped(state, value):
            return say(state, value, command)
        case kind, _ if kind in PLAIN:
            return state.with_settings(**{kind: value}), []
        case "restart", _:
            return state, []
        case kind, _:
            return state, [Note("refused", sentences.label("refused.now", kind=kind))]


def play(state: State) -> Go:
    """Who waits for it is answered at once, unless that would startle who sleeps."""
    return Go(Event.START, by_hand=not state.tonight.startled)


def turn(state: State, volume: float) -> Decision:
    """Turning down what sounds is a word about it, too."""
    lower = volume < state.settings.volume - STEP
    if lower and state.tonight.mode in SOUNDING:
        state = state.with_tonight(turned_down=state.tonight.turned_down + 1)
    return controls.turn(state, volume)


def programme(state: State, name: str) -> Decision:
    if name not in NAMES or name == state.settings.programme:
        return state, []
    state, tonight = state.with_settings(programme=name), state.tonight
    if tonight.mode not in NIGHT:
        return state, []
    if tonight.slept or tonight.played is None or not tonight.bedtime:
        return state, [Choose("night"), Shape()]
    return wishes.gave_way(state), [Choose("bedtime"), Shape()]


def private(state: State, on: bool) -> State:
    """Nothing is recorded or queued any more; what was said for tonight goes, too."""
    before, state = state.settings.privacy, state.with_settings(privacy=on)
    if not on:
        return state.with_status(answer="") if before else state
    return wishes.forgotten(state).with_status(answer=private_answer(turned_on=not before))


def private_answer(*, turned_on: bool) -> sentences.Said:
    return sentences.say("answer", {"turned on": turned_on})


def say(state: State, text: str | None, command: Command) -> Decision:
    """Words are for the part that understands them; with privacy on nobody reads them."""
    if state.settings.privacy:
        answer = private_answer(turned_on=False)
        return state.with_status(answer=answer), [Answer(answer, command.reply)]
    return state, [Read(wishes.tapped(state, text) or text if text else text, command.reply)]
