"""What entering a mode asks for."""

from dataclasses import replace

from device.session import learning, masking, schedule
from device.session.modes import Event, Mode, step
from device.session.state import At, Decision, State
from device.session.things import (
    Adopt,
    Choose,
    Do,
    ForgetStages,
    Happened,
    Note,
    Review,
    Row,
    Send,
    Shape,
)
from device.session.tonight import Tonight
from device.values import Asleep, Volume


def on_event(state: State, event: Event, at: At, by_hand: bool = False) -> Decision:
    """An event, taken to the table of modes."""
    before = state.tonight.mode
    then = step(before, event)
    if then is before:
        return state, []
    answer = state.tonight
    state = state.with_tonight(mode=then, since=at.now, found=None)
    things: list[Do] = []
    if before is Mode.IDLE:
        state, things = lights_out(state, at)
    elif then is Mode.MASKING:
        tonight = masking.begun(state.tonight, state.owner.rules)
        state, things = replace(state, tonight=tonight), [Choose("arousal")]
    elif then is Mode.SETTLING and before in (Mode.PAUSED, Mode.ASLEEP):
        state = state.with_tonight(depth=0.0)
    elif before is Mode.MASKING:
        state = replace(state, tonight=masking.ended(state.tonight, answer, event, at.now))
        things = [Choose("night")]
    things += [*happened(before, then, event), Note("mode", f"{before} → {then}: {event}")]
    if then is Mode.MORNING:
        state = state.with_tonight(asleep=False)
        things += [Send(Asleep(False)), Review()]
    elif then is Mode.IDLE:
        state, more = learning.lesson(state, at)
        things += more
    return state, [*things, Shape(by_hand)]


def happened(before: Mode, then: Mode, event: Event) -> list[Do]:
    """What a home may want to answer: the alarm, a snooze, somebody is up."""
    kind = {
        "alarm": then is Mode.WAKING,
        "snooze": before is Mode.WAKING and then is Mode.PAUSED,
        "out_of_bed": event is Event.UP and then is Mode.MORNING,
    }
    return [Happened("waking", {"event_type": name}) for name, so in kind.items() if so]


def lights_out(state: State, at: At) -> Decision:
    """A new night, by a press, from afar, or by its alarm. What was said before it still counts,
    and so does a timer."""
    old = state.tonight
    tonight = Tonight(
        number=state.nights + 1, mode=old.mode, since=at.now, lights_out=at.now,
        bedtime=old.mode is not Mode.WAKING, timeless=at.local is None, said=old.said,
        unsaid=old.unsaid, timer=old.timer, timer_ends=old.timer_ends,
    )
    volume = state.settings.volume
    state = replace(state, tonight=tonight, nights=tonight.number).with_status(sent=volume)
    if tonight.timer and tonight.timer_ends is None:
        state = schedule.set_timer(state, tonight.timer, at)
    row = {
        "id": tonight.number, "began": at.known, "lights_out": at.now, "seed": state.owner.seed,
        "sleeper": state.owner.sleeper, "software": state.owner.software,
    }
    return state, [
        Send(Volume(volume, state.settings.muted)),
        Row("nights", row),
        ForgetStages(),
        # one's own music may have come in during the night before
        *([Adopt()] if state.sleeper.taste is not None else []),
        Choose("bedtime" if tonight.bedtime else "alarm"),
    ]
