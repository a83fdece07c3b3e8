"""A measure of the sleeper's own music comes in, or is forgotten. It is this sleeper's alone, and
is told to nobody.

What plays goes on; what is chosen from then on begins nearer to it.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from device import stored
from device.session.settings import GUEST
from device.session.state import At, Decision, State
from device.session.things import Adopt, Note
from device.session.tonight import Played
from device.values import TASTE, Taste

DAY = 86_400.0              # s that two clocks at home may be apart
OF_IT = {"own", "gram", "pull"}         # of a receipt


def read(plain: object) -> tuple[Taste | None, str]:
    """What `stored.plain` wrote of a taste; or None, and in words why it isn't used. All of it or
    nothing: half a taste is another one."""
    version = plain.get("version", TASTE) if isinstance(plain, Mapping) else TASTE
    if version != TASTE:
        return None, f"it is of version {version!r:.20}, not {TASTE}: measure the music again"
    taste, troubles = stored.load(Taste, plain)
    if not troubles:
        return taste, ""
    # what stands in it goes to the diary and to the hub, which know UTF-8 alone
    return None, troubles[0].encode("utf-8", "backslashreplace").decode()


def found(state: State, taste: Taste) -> Decision:
    """On the drive, at each start: the newer one counts, and only what a hand can mend is said."""
    if closed(state):
        return state, []
    if why := strange(state, taste):
        return state, [Note("fallback", f"taste.json on the drive isn't used: {why}")]
    return (state, []) if outdone(state, taste) else taken(state, taste)


def sent(state: State, text: str, at: At) -> Decision:
    """taste.json as it stands in a command; an empty one forgets."""
    if not text:
        return forgotten(state, at)
    taste, why = read(json.loads(text))
    if taste is not None:
        why = (closed(state) or strange(state, taste) or ahead(taste, at)
               or outdone(state, taste))
    if taste is None or why:
        return state, [Note("refused", f"taste: {why}")]
    return taken(state, taste)


def closed(state: State) -> str:
    """Why nothing is taken in here, or ""."""
    if state.owner.sleeper == GUEST:
        return "a guest sleeps here, of whom nothing is kept"
    return "in privacy mode nothing is taken in" if state.settings.privacy else ""


def strange(state: State, taste: Taste) -> str:
    """That it is another's, without their names, for others may read it; or ""."""
    if taste.sleeper == state.owner.sleeper:
        return ""
    return ("it is another sleeper's: measure with --sleeper and the name that night.sleeper has "
            "here")


def ahead(taste: Taste, at: At) -> str:
    """That it would outlast all that is measured after it, or "". At a desk, where nights lie in
    whatever year, a file may."""
    late = at.known is not None and taste.made > at.known + DAY
    return "it was measured in the future: a clock is wrong, here or there" if late else ""


def outdone(state: State, taste: Taste) -> str:
    """Why something newer holds, or ""."""
    if taste.made <= state.sleeper.forgot:
        return "it was measured before this was forgotten here: measure the music again"
    before = state.sleeper.taste
    return "a newer one is here" if before is not None and taste.made < before.made else ""


def taken(state: State, taste: Taste) -> Decision:
    if taste == state.sleeper.taste:
        return state, []
    return state.with_sleeper(taste=taste), [Adopt()]


def forgotten(state: State, at: At) -> Decision:
    """A file that lies on the drive still isn't taken up again."""
    before = state.sleeper.taste
    until = max(state.sleeper.forgot, at.known or 0.0, before.made if before else 0.0)
    if before is not None:
        tonight = state.tonight
        state = state.with_tonight(played=without(tonight.played),
                                   passed_over=without(tonight.passed_over))
    return state.with_sleeper(taste=None, forgot=until), [Adopt()]


def without(played: Played | None) -> Played | None:
    """A choice of tonight, whose receipts teach as before but say nothing of it."""
    if played is None:
        return None
    choice = replace(played.choice, receipt=scrubbed(played.choice.receipt))
    return replace(played, choice=choice, receipts=tuple(map(scrubbed, played.receipts)))


def scrubbed(receipt: Mapping[str, Any]) -> dict[str, Any]:
    """It can't be made again, then; what it teaches stands elsewhere in it."""
    return {key: value for key, value in receipt.items() if key not in OF_IT}
