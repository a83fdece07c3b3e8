"""When the network can't be used: the default programme, or silence if it was refused. Learns
nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from device.errors import Refused
from device.programmes import DEFAULT
from device.recommend.candidates import CANDIDATES, NAMES, QUIET
from device.sentences import called, say
from device.values import Choice, Context, Contribution, Outcome, Prior, Reason, Taste


class SafeDefault:
    """The same shape as Recommender; keeps a sleeper's state untouched for the day the network is
    back."""

    def __init__(self, state: object = None, sleeper: str = ""):
        self._state = dict(state) if isinstance(state, Mapping) else None
        self._sleeper = sleeper

    def choose(self, context: Context, *, moment: str = "bedtime", seed: int,
               wishes: Mapping | None = None, refused: Sequence[int] = (),
               trial: bool = False, playing: str = "", teaches: bool = True) -> Choice:
        stays = moment in ("night", "arousal") and playing in NAMES
        forbidden = set((wishes or {}).get("forbid", ()))
        place = QUIET
        for safe in (NAMES.index("pink alone"), NAMES.index(DEFAULT.name)):
            named = {NAMES[safe], *CANDIDATES[safe].recipe.textures}
            if safe not in refused and not forbidden & named:
                place = safe
        if stays:
            place = NAMES.index(playing)
        facts = {"playing": stays, "turned away": place == QUIET}
        sentence = say("fallback", facts, name=called(NAMES[place]))
        why = Reason(sentence, (Contribution("fallback", 0.0),))
        receipt = {"version": 1, "network": None, "sleeper": self._sleeper, "moment": moment,
                   "seed": int(seed), "candidate": NAMES[place], "propensity": 1.0}
        return Choice(CANDIDATES[place].recipe, why, seed, 1.0, place, receipt)

    def learn(self, receipts: Mapping | Sequence[Mapping], outcome: Outcome) -> None:
        """Nothing: without the network a night can't be placed."""

    def lean(self, taste: Taste | None) -> None:
        """Nothing: without the network nothing is near to anything."""

    def adopt(self, prior: Prior | None) -> float:
        """Raises Refused: nothing can be judged."""
        raise Refused("what others learned isn't used while the recommender's model can't be")

    def leans_to_silence(self) -> bool:
        """Nobody can tell."""
        return False

    @property
    def nights(self) -> tuple[Mapping, ...]:
        return ()

    def state(self) -> dict[str, Any] | None:
        return self._state

    def reset(self) -> None:
        self._state = None
