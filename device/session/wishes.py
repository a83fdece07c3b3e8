"""What was said in words, and what it means for tonight: bounds on the choice, the mood, feedback
in the morning.

The text itself is read and let go; only its meaning is kept, until the night is over, or for good
after "always".
"""

from dataclasses import replace

from device.programmes import PROGRAMMES
from device.session import learning
from device.session.modes import NIGHT, SOUNDING, Mode
from device.session.rows import feedback
from device.session.state import At, Decision, State
from device.session.things import Choose, Do, Reshape, Save, Shape
from device.session.tonight import Played, Said, Unsaid
from device.values import SILENCE, TEXTURES, VOICES, Recipe, Understood, Wish

MOST = 24                   # wishes that are kept: older ones give way
MOST_LIKED = 2              # likes or skips that one morning's note may count as


# ---- what is asked of the night ------------------------------------------------------------------

def standing(state: State) -> tuple[Wish, ...]:
    """All that is wished now, newest last."""
    return merged(state.sleeper.always, state.tonight.said.tonight)


def sounding(state: State) -> bool:
    """Whether some sound was asked for, so that silence would be no answer."""
    sounds = (*TEXTURES, *VOICES, "music")
    return any(w.verb in ("require", "raise") and w.name in sounds for w in standing(state))


def named(state: State) -> Recipe | None:
    """What was asked for as a whole: silence, a programme, or last night's."""
    for wish in reversed(standing(state)):
        if wish.verb == "require" and wish.name == "silence":
            return SILENCE
        if wish.verb == "require" and wish.name in PROGRAMMES:
            return PROGRAMMES[wish.name]
    return state.sleeper.last if state.tonight.said.like_last else None


def merged(old: tuple[Wish, ...], new: tuple[Wish, ...]) -> tuple[Wish, ...]:
    """Newer wishes replace older ones for the same name."""
    names = {wish.name for wish in new}
    return (*(wish for wish in old if wish.name not in names), *new)[-MOST:]


# ---- a note --------------------------------------------------------------------------------------

def on_note(state: State, heard: Understood, answer: str, at: At) -> Decision:
    """One note, understood. `answer`: the line that says so."""
    state = state.with_status(answer=answer)
    if heard.undo:
        return undo(state, at)
    changes = bool(heard.wishes or heard.like_last or heard.mood)
    if changes or heard.rested:
        state = state.with_tonight(unsaid=as_it_is(state))
    if heard.always:
        state = state.with_sleeper(always=merged(state.sleeper.always, heard.wishes))
    if state.tonight.mode is Mode.MORNING:
        return judged(state, heard, at)
    if not heard.language:
        return state, []
    state = state.with_tonight(said=said_too(state.tonight.said, heard))
    return apply(state) if changes else (state, [Save()])


def as_it_is(state: State) -> Unsaid:
    tonight = state.tonight
    return Unsaid(tonight.said, state.sleeper.always, tonight.outcome, tonight.rested,
                  morning=tonight.mode is Mode.MORNING)


def said_too(said: Said, heard: Understood) -> Said:
    """Tonight's words with one more note; what is wished for always isn't tonight's alone."""
    said = replace(
        said,
        tonight=merged(said.tonight, () if heard.always else heard.wishes),
        language=heard.language,
        like_last=said.like_last or heard.like_last,
        mood=heard.mood or said.mood,
    )
    if heard.valence is None:
        return said
    return replace(said, valence=heard.valence, arousal=heard.arousal)


def undo(state: State, at: At) -> Decision:
    """As it was before the last note that changed anything; a morning's word is taken back, too."""
    before = state.tonight.unsaid
    if before is None:
        return apply(state.with_tonight(said=Said()))
    state = state.with_sleeper(always=before.always)
    state = state.with_tonight(said=before.said, unsaid=None)
    if not (before.morning and state.tonight.mode is Mode.MORNING):
        return apply(state)
    state = state.with_tonight(outcome=before.outcome, rested=before.rested)
    return state, [feedback(state, "undone", 0, at), Save()]


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
    """Tonight's sound follows at once; after sleep onset nothing new is chosen, only shaped."""
    tonight = state.tonight
    if tonight.mode not in NIGHT or tonight.played is None:
        return state, [Save()]
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
