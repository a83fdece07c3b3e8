"""The trained opinion: a small GRU in ONNX, int8, one thread, one step per token, its state
carried."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from device.compose import tokens as tk
from device.compose.contexts import FIELDS, Memory
from device.errors import ModelMismatch
from device.inference import model_card, runtimes

STATES = ("one", "two")
INPUTS = (*FIELDS, *tk.CONDITIONS, *(f"style {i}" for i in range(tk.STYLE_SIZE)))


TRIAL = """
import sys
import numpy as np
from device.compose.rnn import session
net = session(sys.stdin.buffer.read(), "composer.onnx")
kinds = {"tensor(int64)": np.int64}
net.run(None, {each.name: np.zeros(each.shape, kinds.get(each.type, np.float32))
               for each in net.get_inputs()})
"""


def library() -> ModuleType:
    """onnxruntime, imported when a network is wanted. Raises ModelMismatch."""
    try:
        return importlib.import_module("onnxruntime")
    except Exception as trouble:  # a library built for another Python or numpy raises what it likes
        raise ModelMismatch(f"no onnxruntime ({trouble}); install Nocturne again") from trouble


def session(model: bytes, name: str) -> Any:
    """One thread, no spinning. Raises ModelMismatch when onnxruntime can't read it."""
    if why := runtimes.dies("onnxruntime", TRIAL, model):
        raise ModelMismatch(why)
    onnxruntime = library()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as trouble:  # onnxruntime's exceptions share no base but Exception
        why = f"{name}: onnxruntime can't load it ({trouble}); install Nocturne again"
        raise ModelMismatch(why) from trouble


class RNN:
    """Logits of the next token; `styles` are the card's named points of the style latent.

    `echoes` lets it hear what followed the last time; composing goes without, so that it doesn't
    quote itself.
    """

    def __init__(self, model: bytes, facts: Mapping[str, Any], echoes: bool = False):
        self.session = session(model, "composer.onnx")
        self.styles: Mapping[str, np.ndarray] = {
            name: np.array(point, np.float32) for name, point in facts["styles"].items()}
        # Arrays bound once: at this size handing them over anew would cost a quarter of a run.
        self.binding = self.session.io_binding()
        self.arrays: dict[str, np.ndarray] = {}
        for given in (*self.session.get_inputs(), *self.session.get_outputs()):
            kind = np.int64 if given.name == "fields" else np.float32
            self.arrays[given.name] = np.zeros(given.shape, kind)
            value = library().OrtValue.ortvalue_from_numpy(self.arrays[given.name])
            if given.name in ("fields", "asked", *STATES):
                self.binding.bind_ortvalue_input(given.name, value)
            else:
                self.binding.bind_ortvalue_output(given.name, value)
        if self.arrays["fields"].size + self.arrays["asked"].size != len(INPUTS):
            raise ValueError(f"{len(INPUTS)} inputs")
        self.last = self.arrays["logits"][0]
        self.echoes = echoes
        self.memory = Memory(echoes)
        self.pending = False

    @classmethod
    def load(cls, folder: Path = model_card.MODELS, echoes: bool = False) -> "RNN":
        """Raises ModelMismatch."""
        model, card = model_card.read("composer", INPUTS, folder)
        try:
            return cls(model, card.facts, echoes)
        except (KeyError, IndexError, TypeError, ValueError) as trouble:
            why = f"composer.json: incomplete ({trouble!r}); install Nocturne again"
            raise ModelMismatch(why) from trouble

    def condition(self, values: np.ndarray, style: np.ndarray) -> None:
        self.arrays["asked"][0, :len(values)] = values
        self.arrays["asked"][0, len(values):] = style

    def answer(self, lag: int) -> None:
        self.memory.answer.lag = lag

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
        self.arrays["fields"][:] = self.memory.fields()
        self.session.run_with_iobinding(self.binding)
        for name in STATES:
            self.arrays[name][:] = self.arrays[f"{name}_next"]
        self.pending = False

    def snapshot(self) -> dict:
        arrays = {name: self.arrays[name].tolist() for name in (*STATES, "asked", "logits")}
        return {"arrays": arrays, "pending": self.pending, "heard": list(self.memory.heard),
                "lag": self.memory.answer.lag}

    def restore(self, state: dict) -> None:
        for name, values in state["arrays"].items():
            self.arrays[name][:] = values
        self.pending = state["pending"]
        self.memory = Memory(self.echoes)
        for token in state["heard"]:
            self.memory.push(token)
        self.memory.answer.lag = state["lag"]
