"""A measure of the sleeper's own music comes in, or is forgotten. It is this sleeper's alone, and
is told to nobody."""

import json

from device import stored
from device.session.settings import GUEST
from device.session.state import Decision, State
from device.session.things import Adopt, Note
from device.values import Taste


def heard(state: State, taste: Taste) -> Decision:
    """Of a desk, the hub or the drive: the newer one counts."""
    mine = state.owner.sleeper
    if mine == GUEST or taste.sleeper != mine or state.settings.privacy:
        return state, []
    before = state.sleeper.taste
    if before is not None and taste.made <= before.made:
        return state, []
    return state.with_sleeper(taste=taste), [Adopt()]


def sent(state: State, text: str) -> Decision:
    """taste.json as it stands in a command; an empty one forgets."""
    if not text:
        return state.with_sleeper(taste=None), [Adopt()]
    taste, troubles = stored.load(Taste, json.loads(text))
    if troubles:
        return state, [Note("refused", f"taste: {troubles[0]}")]
    return heard(state, taste)
