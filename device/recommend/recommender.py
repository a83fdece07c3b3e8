"""The recommender's face: choose at bedtime, at night, on arousal, for the alarm; learn in the
morning; replay any receipt. What is remembered is here; the choice itself is `decision.py`'s.

Explores only at bedtime, inside the vetted set, at most one new factor a night: a level that this
sleeper has not heard. After sleep onset it never answers with anything that wasn't played before.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from device.errors import ModelMismatch
from device.inference import model_card
from device.recommend import own_music, reasons
from device.recommend.bandit import Head
from device.recommend.candidates import CANDIDATES, DEFAULT, NAMES, QUIET, may_explore
from device.recommend.decision import MOMENTS, PLACES, TABLE, VERSION, decide, embed, known
from device.recommend.features import context_features
from device.recommend.network import Network
from device.recommend.nights import Night, pack_context, unpack_context
from device.recommend.population import blend, shipped
from device.recommend.receipts import pack, pack_symmetric, pack_told
from device.recommend.reward import Weights, reward, sooner, teach
from device.recommend.sleeper_types import bayes_factor, beliefs, leaning
from device.recommend.stranger import widened
from device.recommend.wishes import within
from device.values import Choice, Context, Outcome, Prior, Taste, Worth

READ = (1, 2, 3)    # they kept the same of each night, so their nights are lived again
FORGET = 0.998      # a night's evidence halves in a year
# Of Thompson's draws, so that near equals keep a propensity; optimism explores. At 0.15 the draws
# cost the prior's own people .06 of their gain at 90 nights, and strangers .02
BOLDNESS = 0.03
OPTIMISM = (1.2, 0.6, 60.0)     # SDs, from the first nights on: what is unsure gets its turn
PATIENCE = 60.0     # nights until it is that bold
KEPT = 1000         # nights: then the oldest quarter, all but faded, is dropped
NAMED = 3           # nights that can't be read: more are only counted


class Recommender:
    """One sleeper's. Another sleeper on the same device is another object with another state."""

    def __init__(self, network: Network, sleeper: str = "", guest: bool = False,
                 weights: Weights | None = None, forget: float = FORGET, boldness: float = BOLDNESS,
                 patience: float = PATIENCE, optimism: tuple[float, float, float] = OPTIMISM):
        self._network, self._prior = network, widened(network.prior)
        self._sleeper, self._guest = sleeper, guest
        self._weights = weights or Weights()
        self._how: dict[str, Any] = {
            "forget": forget, "boldness": boldness, "patience": patience, "optimism": optimism}
        self._taste: Taste | None = None
        self.reset()

    @classmethod
    def load(cls, state: object = None, *, sleeper: str = "", guest: bool = False,
             weights: Weights | None = None, folder: Path = model_card.MODELS) -> "Recommender":
        """With `state` as `state()` gave it, or None for a new sleeper; a guest starts from it and
        learns nothing. What of it can't be read, or is another sleeper's, is left out and named in
        `troubles`.

        Raises ModelMismatch (then use `SafeDefault`).
        """
        mine = cls(Network(folder), sleeper, guest, weights)
        if state is not None:
            mine._restore(state)
        return mine

    def reset(self) -> None:
        """Forget this sleeper: back to the population."""
        self._head = Head(self._prior, **self._how)
        self.lean(self._taste)
        self.troubles: tuple[str, ...] = ()     # what of the state couldn't be read, in words
        self._nights: list[dict[str, Any]] = []
        self._tally: dict[str, list[int]] = {}
        self._proven: set[int] = set()      # what was played on nights that taught something
        self._best: int | None = None       # until the next night

    def lean(self, taste: Taste | None) -> None:
        """Begin nearer to what this sleeper's own music is like; None forgets it. The nights' own
        evidence stays apart, so that nothing of it is ever said to others."""
        if self._guest:
            return
        rows, _ = embed(self._network, context_features(Context()), TABLE)
        self._taste, self._best = taste, None
        self._head.lean(*own_music.evidence(taste, rows, self._prior))

    def state(self) -> dict[str, Any]:
        """JSON-able: every night it learned from. The posterior is computed from them again."""
        return {
            "version": VERSION,
            "sleeper": self._sleeper,
            "nights": [dict(night) for night in self._nights],
        }

    @property
    def nights(self) -> tuple[Mapping[str, Any], ...]:
        """What was chosen, how it went and what it taught, oldest first."""
        return tuple(self._nights)

    @property
    def best(self) -> int:
        """The proven best: of what was played on counted nights, the highest expected minutes; at
        first the default."""
        if self._best is None:
            played = sorted(self._proven | {DEFAULT})
            rows, _ = embed(self._network, context_features(Context()), TABLE[played])
            self._best = played[int(np.argmax(rows @ self._head.posterior().mean))]
        return self._best

    def choose(self, context: Context, *, moment: str = "bedtime", seed: int,
               wishes: Mapping | None = None, refused: Sequence[int] = (),
               trial: bool = False, playing: str = "", teaches: bool = True) -> Choice:
        """A recipe and why. `moment`: one of MOMENTS. `refused`: candidates that "not this one"
        turned away tonight. `playing`: the name of what plays, or played last tonight; "" is
        nothing. `teaches`: whether tonight can teach, so that the reason may promise it.

        `trial`: at bedtime a coin decides between silence and the proven best
        (device/recommend/n_of_1.py).

        `wishes` (`raise`, `lower`, `forbid`, `require`: names of fields or textures) only narrow
        what is allowed.
        """
        if moment not in MOMENTS:
            raise ValueError(f"moment must be one of {MOMENTS}, not {moment!r}")
        best, (gram, pull) = self.best, self._head.evidence
        near = [place for place in may_explore(frozenset(self._proven)) if place not in refused]
        allowed = (within(near or [QUIET], wishes, best) if moment == "bedtime"
                   else known(moment, best, playing, self._proven))
        lone = moment == "bedtime" and allowed == [QUIET]
        left = any(place != QUIET for place in near)
        inputs = {
            "version": VERSION,
            "network": self._network.sha256,
            "sleeper": self._sleeper,
            "moment": moment,
            "seed": int(seed),
            "boldness": self._head.boldness,
            "optimism": self._head.optimism,
            "context": pack_context(context),
            "best": NAMES[best],
            "allowed": [NAMES[place] for place in allowed],
            "turned_away": lone and not left,
            "ruled_out": lone and left,
            "heard": [NAMES[place] for place in sorted(self._proven)],
            "playing": playing,
            "teaches": teaches and not self._guest,
            "gram": pack_symmetric(gram),
            "pull": pack(pull),
            "told": pack_told(self._head.told),
            "nights": self._head.nights,
            "own": own_music.levels(self._taste),
            "tally": {key: list(row) for key, row in self._tally.items()},
            "kinds": pack(self._head.prior.weights),
            "trial": trial and moment == "bedtime" and not refused,
        }
        if inputs["trial"]:
            inputs["allowed"] = [NAMES[QUIET], NAMES[best if best != QUIET else DEFAULT]]
        return decide(self._network, self._prior, inputs, self._head.posterior())

    def replay(self, receipt: Mapping) -> Choice:
        """The very choice again, from its receipt alone. Raises ModelMismatch if it was made with
        another network or by another version of the learner."""
        if receipt.get("network") != self._network.sha256:
            raise ModelMismatch("this choice was made with another models/recommender.tflite; "
                                "check that version out")
        if receipt.get("version") != VERSION:
            raise ModelMismatch(f"this choice was made by version {receipt.get('version')} of the "
                                f"learner, not {VERSION}; check that version out")
        return decide(self._network, self._prior, receipt)

    def learn(self, receipts: Mapping | Sequence[Mapping], outcome: Outcome) -> Worth | None:
        """After a night: its bedtime choices, in order, and how it went. Answers what the night was
        worth, or None: it taught nothing.

        The last bedtime choice is what was heard; earlier ones were refused, which counts as a skip
        of each. Guests and nights with poor signals teach nothing. Raises ValueError for another
        sleeper's receipt.
        """
        receipts = [receipts] if isinstance(receipts, Mapping) else list(receipts)
        if any(receipt["sleeper"] != self._sleeper for receipt in receipts):
            raise ValueError("a receipt belongs to another sleeper")
        # A receipt without a network is SafeDefault's: it holds nothing to learn from.
        bedtime = [receipt for receipt in receipts
                   if receipt["moment"] == "bedtime" and receipt["network"]]
        if self._guest or not bedtime:
            return None
        for receipt in bedtime[:-1]:
            self._add(Night.lived(receipt, Outcome(liked=-1, signal_quality=1.0)))
        return self._add(Night.lived(bedtime[-1], outcome))

    def adopt(self, prior: Prior | None) -> float:
        """Begin from what other beds say of the kinds of sleeper, or, with None, from the shipped
        weights again; see `weigh`. Raises Refused for an answer to another question."""
        return self.weigh(shipped if prior is None else partial(blend, prior=prior))

    def weigh(self, blended: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> float:
        """Begin from other weights of the kinds of sleeper, if this sleeper's own nights don't
        speak against them.

        `blended(shipped, quiet)` answers them, (kinds,), from the shipped weights and which kinds
        lean to silence. The gate is offline, by the nights so far: they must be at least as likely
        under the new weights. Answers their Bayes factor, below 1 if the shipped weights stay. (An
        off-policy estimate needs 30 nights: too late here.)
        """
        prior = self._prior
        weights = blended(prior.weights, self._quiet())
        factor = bayes_factor(prior, weights, self._head)
        self._head.begin_from(replace(prior, weights=weights) if factor >= 1 else prior)
        self._best = None
        return factor

    def leans_to_silence(self) -> bool:
        """Whether this sleeper's nights make the kinds that lean to silence likelier than they are
        among people. By the shipped prior, lest what others said comes back to them as an answer,
        and among the shipped kinds: of a stranger it isn't known how many there are.
        """
        kinds = len(self._network.prior.weights)
        quiet = self._quiet()[:kinds]
        before, now = self._prior.weights[:kinds], beliefs(self._prior, self._head)[:kinds]
        return bool(now[quiet].sum() / now.sum() > before[quiet].sum() / before.sum())

    def _quiet(self) -> np.ndarray:
        rows, _ = embed(self._network, context_features(Context()), TABLE)
        return leaning(self._prior, rows)

    def expect(self, context: Context | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Minutes saved against silence, mean and SD, of every candidate as believed now: for plots
        and reports."""
        rows, _ = embed(self._network, context_features(context or Context()), TABLE)
        return self._head.expect(rows - rows[QUIET])

    def chances(self, context: Mapping, seed: int) -> np.ndarray:
        """(candidates,): how likely each is at bedtime in a night's stored context, for judging a
        prior by its log."""
        allowed = list(may_explore(frozenset(self._proven)))
        rows, _ = embed(self._network, context_features(unpack_context(context)), TABLE[allowed])
        whole = np.zeros(len(CANDIDATES))
        whole[allowed] = self._head.choose(rows, np.random.default_rng(seed))[1]
        return whole

    def predict(self, context: Mapping) -> np.ndarray:
        """(candidates,): the reward to expect of each in a night's stored context, min."""
        rows, _ = embed(self._network, context_features(unpack_context(context)), TABLE)
        return rows @ self._head.posterior().mean

    def relive(self, night: Mapping) -> None:
        """Take in one of `nights`, as exported. Raises ValueError: what of it can't be read."""
        self._add(Night.of(night))

    def _add(self, night: Night) -> Worth | None:
        place = PLACES.get(night.candidate)
        # A programme of another firmware is remembered, but it can't be placed.
        worth = None if place is None else self._taught(place, night)
        self._nights.append(night.plain(worth))
        if len(self._nights) > KEPT:
            kept = {**self.state(), "nights": self._nights[KEPT // 4:]}
            self.reset()
            self._restore(kept)
        return worth

    def _taught(self, place: int, night: Night) -> Worth | None:
        """What the night was worth, once the head has it; None: it teaches nothing."""
        rows, expected = embed(self._network, context_features(night.context),
                               TABLE[[place, QUIET]])
        minutes = None if expected is None else reward(night.outcome, expected, self._weights)
        if minutes is None or expected is None:
            return None
        teach(self._head, rows[0], rows[1], night.outcome, minutes, self._weights)
        self._proven.add(place)
        self._best = None
        worth = Worth(minutes, sooner(night.outcome, expected))
        if worth.sooner is not None:
            reasons.count(self._tally, place, worth.sooner)
        return worth

    def _restore(self, state: object) -> None:
        """All of `state` that can be read."""
        if not isinstance(state, Mapping):
            self.troubles = ("what was learned is torn",)
            return
        if state.get("sleeper") != self._sleeper:
            self.troubles = ("another sleeper's state isn't used",)
            return
        troubles = []
        if state.get("version") not in READ:
            troubles.append("what another version learned is used as far as it can be read")
        nights = state.get("nights")
        if not isinstance(nights, list | tuple):
            nights = ()
            troubles.append("the nights are torn")
        troubles += self._relive_all(nights[-KEPT:])
        self.troubles = tuple(troubles)

    def _relive_all(self, nights: Sequence[object]) -> list[str]:
        """Those that can be read; why the others can't."""
        troubles = []
        for number, night in enumerate(nights, 1):
            try:
                self._add(Night.of(night))
            except ValueError as trouble:
                troubles.append(f"night {number} is left out: {trouble}")
        if len(troubles) > NAMED:
            troubles[NAMED:] = [f"{len(troubles) - NAMED} more nights are left out"]
        return troubles
