"""What was said in words, and what it means for tonight: bounds on the choice, the mood, feedback
in the morning.

The text itself is read and let go; only its meaning is kept, until the night is over, or for good
after "always", once that was confirmed.
"""

from dataclasses import replace

from device.programmes import PROGRAMMES
from device.sentences import label
from device.session import learning, restart, schedule, spoken, watching
from device.session.modes import NIGHT, SOUNDING, Event, Mode
from device.session.rows import feedback
from device.session.state import At, Decision, State
from device.session.things import Choose, Do, Go, Note, Reshape, Save, Shape
from device.session.tonight import Clock, Played, Said, Unsaid
from device.values import (
    SILENCE,
    TEXTURES,
    VOICES,
    Counts,
    Day,
    Recipe,
    Standing,
    Understood,
    Wish,
)

MOST = 24                   # wishes that are kept: older ones give way
SOUNDS = frozenset((*TEXTURES, *VOICES, "music"))
MOST_LIKED = 2              # likes or skips that one morning's note may count as


# ---- what is asked of the night ------------------------------------------------------------------

def standing(state: State) -> tuple[Wish, ...]:
    """All that is wished now, newest last."""
    return merged(state.sleeper.always, state.tonight.said.tonight)


def sounding(state: State) -> bool:
    """Whether some sound was asked for, or silence refused, so that silence would be no answer."""
    return any(
        wish.verb in ("require", "raise") and wish.name in SOUNDS
        or wish.verb == "forbid" and wish.name == "silence"
        for wish in standing(state)
    )


def named(state: State, *, last: bool = True) -> Recipe | None:
    """What was asked for as a whole: silence, a programme, or, with `last`, last night's."""
    sound = False                       # that was asked for after silence was
    for wish in reversed(standing(state)):
        sound = sound or wish.verb in ("require", "raise") and wish.name in SOUNDS
        if wish.verb == "require" and wish.name == "silence" and not sound:
            return SILENCE
        if wish.verb == "require" and wish.name in PROGRAMMES:
            return PROGRAMMES[wish.name]
    return state.sleeper.last if last and state.tonight.said.like_last else None


def merged(old: tuple[Wish, ...], new: tuple[Wish, ...]) -> tuple[Wish, ...]:
    """Newer wishes replace older ones for the same name."""
    names = {wish.name for wish in new}
    return (*(wish for wish in old if wish.name not in names), *new)[-MOST:]


# ---- a note --------------------------------------------------------------------------------------

def on_note(state: State, heard: Understood, at: At) -> Decision:
    """One note, understood. What it is sure of is done, what it doubts waits for a tap."""
    if heard.distress == "crisis":
        return state, []
    if heard.stop:
        return stopped(state)
    if heard.undo:
        return undo(state, at)
    morning = state.tonight.mode is Mode.MORNING
    last = heard.like_last and state.sleeper.last is not None
    changes = bool(heard.wishes or last or heard.mood)
    alarm = spoken.placed(state, heard, at)
    clock = heard.timer is not None or heard.nap is not None or "timer" in heard.cancels
    clock = clock or alarm is not None and not alarm.unset
    if changes or clock or morning and heard.rested:
        state = state.with_tonight(unsaid=as_it_is(state, clock))
    state, set_to = set_clock(asked(state, heard), heard, at)
    things: list[Do] = [*noted(heard), *set_to]
    if not heard.language:
        return state, things
    if morning:
        state, more = judged(state, heard, at)
        return state, [*things, *more]
    state = state.with_tonight(said=said_too(state.tonight.said, heard))
    if not changes:
        return state, [*things, Save()]
    state, more = apply(state)
    return state, [*things, *more]


def as_it_is(state: State, clock: bool = False) -> Unsaid:
    """`clock`: with the alarm and the timer."""
    tonight = state.tonight
    said = replace(tonight.said, choices=())        # a question is asked once
    set_to = None
    if clock:
        settings = state.settings
        set_to = Clock(settings.alarm, settings.week, settings.once, settings.nap, tonight.timer,
                       tonight.timer_ends)
    return Unsaid(said, state.sleeper.always, tonight.outcome, tonight.rested,
                  morning=tonight.mode is Mode.MORNING, clock=set_to)


def noted(heard: Understood) -> list[Do]:
    """How sure each wish is, and what was asked back, for the diary."""
    sure = zip(heard.wishes, heard.confidence, strict=False)
    return [
        *(Note("wish", label("wish.sure", verb=wish.verb, name=wish.name, likely=likely))
          for wish, likely in sure),
        *(Note("wish", label("wish.asked-back", first=one.first, second=one.second, name=one.name))
          for one in heard.doubts),
    ]


def said_too(said: Said, heard: Understood) -> Said:
    """Tonight's words with one more note."""
    said = replace(
        said,
        tonight=merged(said.tonight, heard.wishes),
        language=heard.language,
        like_last=said.like_last or heard.like_last,
        mood=heard.mood or said.mood,
    )
    if heard.valence is None or heard.distress:
        return said
    return replace(said, valence=heard.valence, arousal=heard.arousal)


def set_clock(state: State, heard: Understood, at: At) -> Decision:
    """The alarm and the timer, as the hub sets them. While it rings, no alarm is an end to that."""
    things: list[Do] = []
    alarm = spoken.placed(state, heard, at)
    if "alarm" in heard.cancels and ringing(state) and heard.days.which is Day.ANY:
        state, things = stopped(state)
    elif heard.nap is not None and at.local is not None:
        state = schedule.set_nap(state, heard.nap, at)
        things.append(Note("command", f"nap {heard.nap}"))
    elif alarm is not None and alarm.changes:
        state = schedule.rearmed(state, at, **alarm.changes)
        which, weekdays = heard.days
        named = (which, *weekdays) if which else ()
        things.append(Note("command", " ".join(map(str, ("alarm", heard.alarm, *named)))))
    if heard.timer is not None or "timer" in heard.cancels:
        timer = heard.timer or 0
        state = schedule.set_timer(state, float(timer), at)
        things.append(Note("command", f"timer {timer}"))
    return state, things


def ringing(state: State) -> bool:
    """Whether the alarm rings, or was put off."""
    return restart.waking(state.tonight)


def stopped(state: State) -> Decision:
    """As a press from afar stops it; an alarm that was put off rings no more."""
    things: list[Do] = [Go(watching.stopping(state), by_hand=True), Save()]
    return state.with_tonight(snoozed=False), things


def stops(state: State) -> str:
    """What "stop" ends."""
    if ringing(state):
        return "alarm"
    mode, goes_on = state.tonight.mode, state.owner.rules.keep_playing
    return "sound" if mode in SOUNDING or mode is Mode.ASLEEP and goes_on else ""


def silence(state: State) -> str:
    """Why nothing sounds that is wished for in the night."""
    mode = state.tonight.mode
    if mode is Mode.ASLEEP and not state.owner.rules.keep_playing:
        return "asleep"
    return "paused" if mode is Mode.PAUSED and not watching.snoozing(state.tonight) else ""


# ---- what is asked back --------------------------------------------------------------------------

def asked(state: State, heard: Understood) -> State:
    """A note's question takes the place of the one before. What was said for every night waits
    until that is confirmed; a later word on the same thing takes it out."""
    said = state.tonight.said
    names = {wish.name for wish in heard.wishes}
    pending = tuple(wish for wish in said.pending if wish.name not in names)
    if heard.always and not state.owner.guest:
        pending = merged(pending, heard.wishes or (() if heard.unsure else said.tonight))
    asks = heard.unsure or heard.always and pending
    said = replace(said, pending=pending, choices=heard.choices if asks else ())
    return state.with_tonight(said=said)


def on_confirm(state: State, keep: bool) -> Decision:
    """Whether what waits is for every night."""
    pending = state.tonight.said.pending
    state = state.with_tonight(unsaid=as_it_is(state))
    state = state.with_tonight(said=replace(state.tonight.said, pending=(), choices=()))
    if keep:
        state = state.with_sleeper(always=merged(state.sleeper.always, pending))
    return state, [Save()]


def tapped(state: State, text: str) -> str | None:
    """The note that a tap says: one of the choices, or its number as a list counts them."""
    choices = state.tonight.said.choices
    if text in choices:
        return text
    return choices[int(text) - 1] if text in ("1", "2") and len(choices) >= int(text) else None


def told(state: State) -> str:
    """The answer to the last note, and what can be chosen, a line each."""
    choices = (f"  {n}  {text}" for n, text in enumerate(state.tonight.said.choices, 1))
    return "\n".join([state.status.answer, *choices])


def stands(before: State, state: State, heard: Understood, at: At) -> Standing:
    """How things stand after a note, for its answer."""
    tonight, alarm = before.tonight, spoken.placed(before, heard, at) or spoken.Placed()
    said, nothing = replace(tonight.said, choices=()), Said(language=tonight.said.language)
    return Standing(
        Counts.OVER if tonight.mode is Mode.MORNING
        else Counts.LATER if tonight.mode is Mode.IDLE else Counts.TONIGHT,
        muted=state.settings.muted,
        last=state.sleeper.last is not None,
        chosen=tonight.slept and tonight.mode in NIGHT,
        keeps=not state.owner.guest,
        asks=heard.always and bool(state.tonight.said.pending),
        stops=stops(before),
        silence=silence(state),
        alarm=schedule.minute_in(heard.nap, at) if heard.nap is not None else None,
        on=alarm.on,
        weekly=alarm.weekly,
        unset=alarm.unset,
        undoes="last" if tonight.unsaid is not None else "all" if said != nothing else "",
        elapsed=state.owner.elapsed if schedule.warning(state, at) else None,
    )


# ---- undo, and the morning -----------------------------------------------------------------------

def undo(state: State, at: At) -> Decision:
    """As it was before the last note that changed anything; a morning's word is taken back, too."""
    before = state.tonight.unsaid
    if before is None:
        return apply(state.with_tonight(said=Said()))
    state = state.with_sleeper(always=before.always)
    state = state.with_tonight(said=before.said, unsaid=None)
    if before.clock is not None:
        state = schedule.set_alarms(state, before.clock, at)
        ends = before.clock.timer_ends
        if ends is None or ends > at.now:           # or it would stop the sound at once
            state = state.with_tonight(timer=before.clock.timer, timer_ends=ends)
    if not (before.morning and state.tonight.mode is Mode.MORNING):
        return apply(state)
    state = state.with_tonight(outcome=before.outcome, rested=before.rested)
    return state, [feedback(state, "undone", 0, at), Save()]


def overruled(state: State) -> State:
    """The clock was set from elsewhere: a note before that no longer takes it back."""
    before = state.tonight.unsaid
    if before is None or before.clock is None:
        return state
    return state.with_tonight(unsaid=replace(before, clock=None))


def judged(state: State, heard: Understood, at: At) -> Decision:
    """A morning's words: how the night was, and each thing that was praised or blamed."""
    things: list[Do] = []
    if heard.rested:
        state, things = learning.answered(state, heard.rested, at)
    liked = sum(+1 if wish.verb in ("raise", "require") else -1 for wish in heard.wishes)
    if not liked:
        return state, [*things, Save()]
    things.append(feedback(state, "note", liked, at))
    outcome = state.tonight.outcome
    if outcome is not None:
        liked = max(-MOST_LIKED, min(liked, MOST_LIKED))
        state = state.with_tonight(outcome=replace(outcome, liked=outcome.liked + liked))
    return state, [*things, Save()]


def apply(state: State) -> Decision:
    """Tonight's sound follows at once; after sleep onset nothing new is chosen, only shaped, or
    stopped."""
    tonight = state.tonight
    if tonight.mode not in NIGHT or tonight.played is None:
        return state, [Save()]
    if tonight.slept and tonight.mode in SOUNDING and named(state) == SILENCE:
        return state, [Go(Event.STOP, by_hand=True), Save()]
    if tonight.mode not in SOUNDING or tonight.slept:
        return state, [Reshape(), Shape(), Save()]
    return gave_way(state), [Choose("bedtime"), Shape()]


def gave_way(state: State) -> State:
    """The choice gives way to a wish: nobody disliked it, so it leaves no receipt."""
    played = state.tonight.played
    assert played is not None
    mine = played.choice.receipt
    receipts = tuple(receipt for receipt in played.receipts if receipt != mine)
    return state.with_tonight(played=Played(played.choice, played.recipe, receipts))


def forgotten(state: State) -> State:
    """The night is over, or privacy began: what was said for tonight goes."""
    return state.with_tonight(said=Said(), unsaid=None)
