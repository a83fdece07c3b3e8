"""What an epoch of the body means for the night: which events it is, most urgent first."""

from collections.abc import Sequence

from device.session import fade, masking
from device.session.modes import NIGHT, Event, Mode
from device.session.state import At, Decision, State
from device.session.things import Do, Go, KeepEpoch, Save, Send, Shape, Tell
from device.session.tonight import Tonight
from device.values import EPOCH, Asleep, Epoch, Stage, Staging

LIKELY, UNLIKELY = 0.6, 0.3     # P(asleep): drifting off; wide awake again
BLIND = 10                      # epochs without a judgement until the timer programme takes over
EMPTY = 60                      # epochs with nobody on the sensors until the night is over
LEFT = 10       # epochs with nobody there after the alarm: it was answered by getting up
SNOOZE = 9.0                    # min
HAND = 60.0             # s that belong to a hand: its answer has been heard by then
UNSEEN = 20.0           # min without a hand, and nothing to judge by, until somebody may sleep
UNANSWERED = 60.0       # min until nobody will say how the night was, or answer the alarm
EVERY = 4       # epochs between saves: a restart may cost two minutes of the stager's memory


def on_epoch(state: State, epoch: Epoch, staging: Staging, at: At) -> Decision:
    """The body was judged: count it, let the fade follow, and say what it means."""
    tonight, rules = state.tonight, state.owner.rules
    mode = tonight.mode
    judged = staging.p_asleep is not None
    falls = staging.asleep and mode in (Mode.SETTLING, Mode.DRIFTING) and not tonight.believed
    counted = state.with_status(epoch=epoch).with_tonight(
        stagings=tonight.stagings if mode is Mode.IDLE else (*tonight.stagings, staging),
        epochs=tonight.epochs if mode is Mode.IDLE else (*tonight.epochs, epoch),
        fell_asleep=tonight.fell_asleep or (mode is not Mode.IDLE and staging.asleep),
        blind=0 if judged or mode not in NIGHT else tonight.blind + 1,
        empty=tonight.empty + 1 if epoch.present is False else 0,
        believed=staging.asleep,
        found=staging.time if staging.asleep and tonight.found is None else tonight.found,
        came_at=fade.level(tonight.recipe, tonight.depth, rules) if falls else tonight.came_at,
        dearer=masking.forgetting(tonight.dearer),
        depth=masking.follow(tonight, staging, rules) if mode is Mode.MASKING else fade.deepen(
            tonight.depth, mode, staging.p_asleep, staging.asleep, tonight.minutes(at.now), rules
        ),
    )
    things: list[Do] = []
    if may_sleep(counted.tonight, staging, at.now):
        counted, things = counted.with_tonight(asleep=True), [Send(Asleep(True))]
    things += [Go(event) for event in events_of(counted, staging, at)]
    things += [Shape(), KeepEpoch(epoch, staging)]
    if mode is not Mode.IDLE and epoch.index % EVERY == 0:
        things.append(Save())
    return counted, [*things, Tell()]


def may_sleep(tonight: Tonight, staging: Staging, now: float) -> bool:
    """Whether somebody may have fallen asleep of whom that wasn't known."""
    alone = tonight.untouched(now)
    if tonight.asleep or tonight.mode not in NIGHT or alone < HAND:
        return False
    unseen = staging.p_asleep is None and alone >= 60 * UNSEEN
    return staging.asleep or tonight.depth >= fade.MAYBE or unseen


def on_kept(state: State, epoch: Epoch, staging: Staging) -> State:
    """The epoch's row is written: of sleep, its heart goes into the sleeper's baseline."""
    asleep = staging.p_asleep is not None and staging.p_asleep > 0.5
    if state.tonight.mode is Mode.IDLE or not asleep or not epoch.heart_rate:
        return state
    return state.with_tonight(hearts=(*state.tonight.hearts, (epoch.heart_rate, epoch.rmssd)))


def events_of(state: State, staging: Staging, at: At) -> list[Event]:
    """What the newest epoch means, most urgent first; the table of modes leaves out the rest."""
    tonight, rules = state.tonight, state.owner.rules
    mode, p_asleep = tonight.mode, staging.p_asleep
    in_mode = (at.now - tonight.since) / 60         # min
    events = {
        Event.UP: up(tonight, in_mode),
        Event.SNOOZE_OVER: snoozing(tonight) and in_mode >= SNOOZE,
        Event.OVER: mode is Mode.MORNING and in_mode >= UNANSWERED,
        Event.BLIND: tonight.blind >= BLIND,
        Event.SEEING: mode is Mode.FAULT and p_asleep is not None,
        Event.AROUSED: mode is Mode.ASLEEP and masking.worth_it(
            tonight, state.sleeper, rules, at.now),
        Event.CALM: mode is Mode.MASKING and masking.over(tonight, staging, rules),
        Event.GONE: tonight.depth >= 1.0 and (staging.asleep or mode is Mode.FAULT),
        Event.UNLIKELY: wide_awake(staging),
        Event.LIKELY: p_asleep is not None and (staging.asleep or p_asleep >= LIKELY),
    }
    return [event for event, holds in events.items() if holds]


def up(tonight: Tonight, in_mode: float) -> bool:
    """Out of bed for good. An alarm that nobody hears doesn't sound all day. `in_mode`: min."""
    if tonight.mode is Mode.WAKING:
        return left(tonight, in_mode) or in_mode >= UNANSWERED
    if snoozing(tonight) and left(tonight, in_mode):
        return True
    return tonight.mode is not Mode.IDLE and tonight.empty >= EMPTY


def left(tonight: Tonight, in_mode: float) -> bool:
    """Whether an alarm has been answered by getting up. It rings for `LEFT` in any case: somebody
    may lie beside the sensor."""
    return min(tonight.empty, 60 * in_mode / EPOCH) >= LEFT


def stopping(state: State) -> Event:
    """What ends the sound: asleep there is none to end, unless the owner has it go on."""
    soft = state.tonight.mode is Mode.ASLEEP and state.owner.rules.keep_playing
    return Event.HUSH if soft else Event.STOP


def snoozing(tonight: Tonight) -> bool:
    return tonight.snoozed and tonight.mode is Mode.PAUSED


def wide_awake(staging: Staging) -> bool:
    p_asleep = staging.p_asleep
    return p_asleep is not None and p_asleep < UNLIKELY and not staging.asleep


def light(stagings: Sequence[Staging]) -> bool:
    """Whether the sleeper is, by the newest judgement, in a sleep that a smart alarm may end."""
    return bool(stagings) and stagings[-1].stage in (Stage.WAKE, Stage.LIGHT)
