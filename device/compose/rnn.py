"""The trained opinion: a small GRU in ONNX, int8, one thread, one step per token, its state carried."""

from pathlib import Path

import numpy as np
import onnxruntime

from device import cards
from device.compose import tokens as tk
from device.errors import ModelMismatch

INPUTS = (*tk.CONDITIONS, *(f"style {i}" for i in range(tk.STYLE_SIZE)))


def session(model: bytes, name: str) -> onnxruntime.InferenceSession:
    """One thread, no spinning. Raises ModelMismatch when onnxruntime can't read it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as trouble:        # onnxruntime's exceptions share no base but Exception
        raise ModelMismatch(f"{name}: onnxruntime can't load it ({trouble}); install Nocturne again") from trouble


class RNN:
    """Logits of the next token; `styles` are the card's named points of the style latent."""

    def __init__(self, model: bytes, facts: dict):
        self.session = session(model, "composer.onnx")
        self.styles = {name: np.array(point, np.float32) for name, point in facts["styles"].items()}
        shapes = {given.name: given.shape for given in self.session.get_inputs()}
        if shapes.keys() != {"token", "asked", "one", "two"} or shapes["asked"][1] != len(INPUTS):
            raise ModelMismatch(f"composer.onnx: has inputs {shapes}; install Nocturne again")
        self.state = [np.zeros((1, int(shapes[name][1])), np.float32) for name in ("one", "two")]
        self.asked = np.zeros((1, len(INPUTS)), np.float32)
        self.pending: int | None = None
        self.last = np.zeros(tk.VOCABULARY, np.float32)

    @classmethod
    def load(cls, folder: Path = cards.MODELS) -> "RNN":
        """Raises ModelMismatch."""
        model, card = cards.read("composer", INPUTS, folder)
        return cls(model, card.facts)

    def condition(self, values: np.ndarray, style: np.ndarray) -> None:
        self.asked = np.concatenate([values, style])[None].astype(np.float32)

    def push(self, token: int) -> None:
        self.run()
        self.pending = token

    def logits(self) -> np.ndarray:
        self.run()
        return self.last

    def run(self) -> None:
        if self.pending is None:
            return
        out, *self.state = self.session.run(None, {"token": np.array([self.pending], np.int64), "asked": self.asked,
                                                   "one": self.state[0], "two": self.state[1]})
        self.last, self.pending = out[0], None

    def snapshot(self) -> dict:
        return {"state": [part[0].tolist() for part in self.state], "asked": self.asked[0].tolist(),
                "pending": self.pending, "last": self.last.tolist()}

    def restore(self, state: dict) -> None:
        self.state = [np.array([part], np.float32) for part in state["state"]]
        self.asked = np.array([state["asked"]], np.float32)
        self.pending, self.last = state["pending"], np.array(state["last"], np.float32)
