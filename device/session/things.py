"""What a part may ask to have done: small frozen values. `Night.do` is the one place that acts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from device.session.modes import Event
from device.values import Asleep, Epoch, Outcome, Phrase, Scene, Staging, Volume


@dataclass(frozen=True, slots=True)
class Go:
    """Take an event to the table of modes. `by_hand`: who waits for it is answered at once."""
    event: Event
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Choose:
    """Have the recommender choose. `moment`: bedtime, night, arousal or alarm."""
    moment: str


@dataclass(frozen=True, slots=True)
class Reshape:
    """Fit the recipe that plays to what was said, without choosing anew."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Tell the sound process where to go, if that changed."""
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class Restart:
    """The sound process came or went: what it was told before counts no more."""


@dataclass(frozen=True, slots=True)
class Send:
    """To the sound process."""
    message: Volume | Scene | Phrase | Asleep


@dataclass(frozen=True, slots=True)
class Note:
    """An event of the diary, in words."""
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of one of the diary's other tables."""
    table: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class KeepEpoch:
    """The diary's row of an epoch, in the mode that it has led to."""
    epoch: Epoch
    staging: Staging


@dataclass(frozen=True, slots=True)
class Save:
    """From here on a cut costs no more of the night than what comes after."""


@dataclass(frozen=True, slots=True)
class Remember:
    """What another part knows of the sleeper, by its name in the diary's memory."""
    name: str
    value: object


@dataclass(frozen=True, slots=True)
class Tell:
    """The hub hears how things stand."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Tell the hub something that the state doesn't hold, field by field."""
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Happened:
    """An event for the hub, which must arrive."""
    name: str
    payload: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Read:
    """Have a note understood; `reply` takes the answer. None is too much to be a note."""
    text: str | None
    reply: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """To whoever waits for one."""
    text: str
    reply: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True)
class ForgetStages:
    """A new night: the stager begins anew."""


@dataclass(frozen=True, slots=True)
class Review:
    """The night's sums by a second opinion; then what the morning makes of them."""


@dataclass(frozen=True, slots=True)
class Learn:
    """What the night was worth, to the recommender."""
    receipts: tuple[Mapping[str, object], ...]
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class LearnTaste:
    """Likes minus skips, to the composer; the next night sets out from there."""
    liked: int


@dataclass(frozen=True, slots=True)
class Adopt:
    """Take the others' prior to the recommender's gate, or go back to the shipped one."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """What waits to be shared isn't shared any more."""


@dataclass(frozen=True, slots=True)
class Share:
    """Tell the hub anonymously how things went, if that may be."""


@dataclass(frozen=True, slots=True)
class Install:
    """Ask for the update that waits."""


@dataclass(frozen=True, slots=True)
class Finish:
    """Whatever there is of a night becomes one that is over."""


@dataclass(frozen=True, slots=True)
class Close:
    """Nobody is in a night now: the one that was finished is over."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Move a night's times in the diary: the machine was started anew, and monotonic time with it.
    """
    night: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Renumber:
    """The next epoch begins now, as number `index`."""
    index: int


@dataclass(frozen=True, slots=True)
class NightOver:
    """Nothing of tonight has to be resumed; old nights may go."""


@dataclass(frozen=True, slots=True)
class Report:
    """Draw the morning report."""


Do = (
    Go | Choose | Reshape | Shape | Restart | Send | Note | Row | KeepEpoch | Save | Remember
    | Tell | Publish | Happened | Read | Answer | ForgetStages | Review | Learn | LearnTaste
    | Adopt | Withdraw | Share | Install | Finish | Close | Shift | Renumber | NightOver | Report
)
