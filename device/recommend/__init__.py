"""Context → recipe: a quantized prior, the sleeper's own layer, the vetted set, and the reason for
each choice."""

from device.recommend.fallback import SafeDefault
from device.recommend.recommender import Recommender
from device.recommend.reward import Weights

__all__ = ["Recommender", "SafeDefault", "Weights"]
