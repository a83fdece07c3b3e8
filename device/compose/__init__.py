"""Recipe → phrases: one composer interface over three opinions (the RNN, the rules, a Markov chain)."""

from device.compose.composer import Composer
from device.compose.rules import Rules


class RulesComposer(Composer):
    """Textbook rules; needs no model, and so is the fallback."""
    name = "rules"

    def __init__(self, seed: int):
        super().__init__(Rules(), seed)
