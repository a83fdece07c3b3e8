"""Recipe → phrases: one composer interface over three opinions (the RNN, the rules, a Markov
chain)."""

from pathlib import Path

from device.clock import Clock
from device.compose.composer import Composer
from device.compose.markov import Markov
from device.compose.rnn import RNN
from device.compose.rules import Rules
from device.errors import ModelMismatch
from device.inference import model_card, runtimes
from device.inference.model_card import MODELS
from device.values import Recipe

SLOWEST_TICK = 0.1          # s: a tick of music lasts 1.5 s at least, and the night has other work


class RulesComposer(Composer):
    """Textbook rules; needs no model, and so is the fallback."""
    name = "rules"

    def __init__(self, seed: int):
        super().__init__(Rules(), seed)


class MarkovComposer(Composer):
    """An order-2 Markov chain: the statistical baseline."""
    name = "markov"

    @classmethod
    def load(cls, seed: int, folder: Path = MODELS) -> "MarkovComposer":
        """Raises ModelMismatch."""
        return cls(Markov.load(folder), seed)


class RNNComposer(Composer):
    """The trained network."""
    name = "rnn"

    @classmethod
    def load(cls, seed: int, folder: Path = MODELS) -> "RNNComposer":
        """Raises ModelMismatch."""
        return cls(RNN.load(folder), seed)


def slow(composer: Composer, clock: Clock, ticks: int = 16) -> str:
    """Why a tick of the network, the best of a few, takes too long, or ""."""
    spent = []
    for _ in range(ticks):
        began = clock.now()
        composer.compose(Recipe(density=0.6), None)
        spent.append(clock.now() - began)
    tick = min(spent)
    return f"a tick of the network takes {tick * 1e3:.0f} ms" if tick > SLOWEST_TICK else ""


def too_slow(seed: int, folder: Path, clock: Clock) -> str:
    """The same of the trained one, on a machine that may have answered before. Raises
    ModelMismatch."""
    model, _ = model_card.read("composer", folder=folder)
    return runtimes.once("quick", model, lambda: slow(RNNComposer.load(seed, folder), clock))


def load(seed: int, prefer: str = "rnn", folder: Path = MODELS,
         clock: Clock | None = None) -> tuple[Composer, str]:
    """The composer `rnn`, `markov` or `rules`, and "" – or the rules and why, if its model can't be
    used or, by `clock`, is too slow for this machine."""
    if prefer == "rules":
        return RulesComposer(seed), ""
    why = f"no composer is called {prefer!r}"
    try:
        if prefer == "markov":
            return MarkovComposer.load(seed, folder), ""
        if prefer == "rnn":
            why = too_slow(seed, folder, clock) if clock else ""
            if not why:
                return RNNComposer.load(seed, folder), ""
    except ModelMismatch as trouble:
        why = str(trouble)
    return RulesComposer(seed), f"composing by rules: {why}"
