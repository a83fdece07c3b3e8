"""The trained opinion: a small GRU in ONNX, int8, one thread, one step per token, its state carried."""

from pathlib import Path

import numpy as np
import onnxruntime

from device import cards
from device.compose import tokens as tk
from device.compose.contexts import FIELDS, Memory
from device.errors import ModelMismatch

INPUTS = (*FIELDS, *tk.CONDITIONS, *(f"style {i}" for i in range(tk.STYLE_SIZE)))


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
    """Logits of the next token; `styles` are the card's named points of the style latent.

    `echoes` lets it hear what followed the last time; composing goes without, so that it doesn't quote itself.
    """

    def __init__(self, model: bytes, facts: dict, echoes: bool = False):
        self.session = session(model, "composer.onnx")
        self.styles = {name: np.array(point, np.float32) for name, point in facts["styles"].items()}
        shapes = {given.name: given.shape for given in self.session.get_inputs()}
        sizes = [shapes[name][1] for name in ("fields", "asked") if name in shapes]
        if shapes.keys() != {"fields", "asked", "one", "two"} or sum(sizes) != len(INPUTS):
            raise ModelMismatch(f"composer.onnx: has inputs {shapes}; install Nocturne again")
        self.state = [np.zeros((1, int(shapes[name][1])), np.float32) for name in ("one", "two")]
        self.asked = np.zeros((1, len(INPUTS) - len(FIELDS)), np.float32)
        self.echoes = echoes
        self.memory = Memory(echoes)
        self.pending = False
        self.last = np.zeros(tk.VOCABULARY, np.float32)

    @classmethod
    def load(cls, folder: Path = cards.MODELS, echoes: bool = False) -> "RNN":
        """Raises ModelMismatch."""
        model, card = cards.read("composer", INPUTS, folder)
        try:
            return cls(model, card.facts, echoes)
        except (KeyError, IndexError, TypeError, ValueError) as trouble:
            raise ModelMismatch(f"composer.json: incomplete ({trouble!r}); install Nocturne again") from trouble

    def condition(self, values: np.ndarray, style: np.ndarray) -> None:
        self.asked = np.concatenate([values, style])[None].astype(np.float32)

    def push(self, token: int) -> None:
        self.run()
        self.memory.push(token)
        self.pending = True

    def logits(self) -> np.ndarray:
        self.run()
        return self.last

    def run(self) -> None:
        if not self.pending:
            return
        fields = np.array([self.memory.fields()], np.int64)
        out, *self.state = self.session.run(None, {"fields": fields, "asked": self.asked,
                                                   "one": self.state[0], "two": self.state[1]})
        self.last, self.pending = out[0], False

    def snapshot(self) -> dict:
        return {"state": [part[0].tolist() for part in self.state], "asked": self.asked[0].tolist(),
                "pending": self.pending, "last": self.last.tolist(), "heard": list(self.memory.heard)}

    def restore(self, state: dict) -> None:
        self.state = [np.array([part], np.float32) for part in state["state"]]
        self.asked = np.array([state["asked"]], np.float32)
        self.pending, self.last = state["pending"], np.array(state["last"], np.float32)
        self.memory = Memory(self.echoes)
        for token in state["heard"]:
            self.memory.push(token)
