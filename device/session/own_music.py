"""A measure of the sleeper's own music comes in, or is forgotten. It is this sleeper's alone, and
is told to nobody.

What comes in while somebody lies in bed counts from the next night on.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from device import stored
from device.sentences import Said, label, say
from device.session.modes import NIGHT
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
        return None, label("refused.version", version=f"{version!r:.20}", here=TASTE)
    taste, troubles = stored.load(Taste, plain)
    if not troubles:
        return taste, ""
    # what stands in it goes to the diary and to the hub, which know UTF-8 alone
    return None, troubles[0].encode("utf-8", "backslashreplace").decode()


def found(state: State, taste: Taste) -> Decision:
    """On the drive, at each start: the newer one counts, and only what a hand can mend is said. At
    a desk nights lie in whatever year, so that it may be of the future."""
    why = refusal(state, taste, None)
    if why.id == "taste.others":
        return state, [Note("fallback", label("refused.drive", why=why))]
    return (state, []) if why else taken(state, taste)


def sent(state: State, text: str, at: At) -> Decision:
    """taste.json as it stands in a command; "" forgets."""
    if not text:
        return forgotten(state, at)
    taste, why = read(json.loads(text))
    if taste is not None:
        why = refusal(state, taste, at.known)
    if taste is None or why:
        return state, [Note("refused", f"taste: {why}")]
    return taken(state, taste)


def refusal(state: State, taste: Taste, now: float | None) -> Said:
    """Why it isn't taken in, or "". `now`: s since 1970, where that is known."""
    before = state.sleeper.taste
    return say("taste", {
        "guest": state.owner.sleeper == GUEST,
        "private": state.settings.privacy,
        "another's": taste.sleeper != state.owner.sleeper,
        "ahead": now is not None and taste.made > now + DAY,
        "forgotten": taste.made <= state.sleeper.forgot,
        "older": before is not None and taste.made < before.made,
    })


def taken(state: State, taste: Taste) -> Decision:
    if taste == state.sleeper.taste:
        return state, []
    return state.with_sleeper(taste=taste), [] if state.tonight.mode in NIGHT else [Adopt()]


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
