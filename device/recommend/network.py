"""The shipped prior: the two-tower network (`models/recommender.tflite`) and the population's
mixture beside it."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from device.errors import ModelMismatch
from device.inference import model_card
from device.inference.tflite import Model
from device.recommend.bandit import Prior
from device.recommend.features import CONTEXT, INPUTS, RECIPE, context_features, recipe_features
from device.values import Context, Recipe

SLOTS = 64      # recipes that one run scores; the network's shape


class Network:
    """Context and recipes → the embedding (n, d) that the head is linear in, and the onset latency
    to expect."""

    def __init__(self, folder: Path = model_card.MODELS):
        """Raises ModelMismatch when model, mixture and cards don't belong together."""
        content, card = model_card.read("recommender", INPUTS, folder)
        table, population = model_card.read("recommender_prior", (), folder)
        if population.facts.get("network") != card.sha256:
            raise ModelMismatch(f"{folder}/recommender_prior.npz belongs to another network; "
                                "install Nocturne again")
        self.sha256 = card.sha256
        self._model = Model(content)
        try:
            with np.load(io.BytesIO(table), allow_pickle=False) as arrays:
                self.prior = Prior(arrays["weights"], arrays["means"], arrays["precisions"],
                                   float(arrays["noise"]))
        except (KeyError, ValueError, OSError) as trouble:
            why = f"{folder}/recommender_prior.npz: {trouble}; install Nocturne again"
            raise ModelMismatch(why) from trouble
        self.size = self.prior.means.shape[1]
        try:
            self.run(np.zeros(len(CONTEXT)), np.zeros((1, len(RECIPE))))
        except ValueError as trouble:
            why = f"{folder}/recommender.tflite: {trouble}; install Nocturne again"
            raise ModelMismatch(why) from trouble

    def __call__(self, context: Context, recipes: Sequence[Recipe]) -> tuple[np.ndarray, float]:
        """(n, d) and minutes, for at most SLOTS recipes."""
        rows = np.array([recipe_features(recipe) for recipe in recipes])
        return self.run(context_features(context), rows)

    def run(self, context: np.ndarray, recipes: np.ndarray) -> tuple[np.ndarray, float]:
        """The same from features: (len(CONTEXT),) and (n, len(RECIPE)); the last column is the
        sleeper's own level."""
        slots = np.zeros((SLOTS, len(RECIPE)))
        slots[:len(recipes)] = recipes
        embedding, expected = self._model(context, slots)
        rows = np.ones((len(recipes), self.size))
        rows[:, :-1] = embedding.reshape(SLOTS, -1)[:len(recipes)]
        return rows, float(expected.reshape(-1)[0])
