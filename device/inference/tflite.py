"""One loader for TFLite models: tflite-runtime on Python 3.11, ai-edge-litert above."""

import importlib
from collections.abc import Sequence
from types import ModuleType

import numpy as np

from device.errors import ModelMismatch
from device.inference import runtimes

RUNTIMES = ("tflite_runtime.interpreter", "ai_edge_litert.interpreter")
TRIAL = """
import sys
from device.inference.tflite import Model
Model(sys.stdin.buffer.read()).run_once()
"""


def runtime() -> ModuleType:
    """The one that is installed and can be imported. Raises ModelMismatch."""
    troubles = []
    for name in RUNTIMES:
        try:
            return importlib.import_module(name)
        # A library built for another Python or numpy raises whatever it likes.
        except Exception as trouble:
            troubles.append(f"{name}: {trouble}")
    raise ModelMismatch(f"no TFLite runtime ({'; '.join(troubles)}); install Nocturne again")


class Model:
    """A fully int8 network that takes and gives real numbers; quantization happens at its edges."""

    def __init__(self, content: bytes):
        """Raises ModelMismatch."""
        if why := runtimes.dies("TFLite", TRIAL, content):
            raise ModelMismatch(why)
        library = runtime()
        try:
            # XNNPACK's rounding differs between CPUs; the reference kernels give the same integers
            # everywhere.
            self._net = library.Interpreter(
                model_content=content, num_threads=1,
                experimental_op_resolver_type=library.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
            self._net.allocate_tensors()
        except Exception as trouble:    # SystemError: built against another numpy
            raise ModelMismatch(
                f"TFLite refuses the model ({trouble}); install Nocturne again"
            ) from trouble
        self._inputs = self._net.get_input_details()
        self._outputs = self._net.get_output_details()

    def run_once(self) -> None:
        """On nothing, to see whether it can."""
        self(*(np.zeros(detail["shape"]) for detail in self._inputs))

    def __call__(self, *arrays: Sequence[float] | np.ndarray) -> list[np.ndarray]:
        """Outputs as float64, in the model's order, for inputs of the model's shapes."""
        for detail, array in zip(self._inputs, arrays, strict=True):
            scale, zero = detail["quantization"]
            counts = np.round(np.asarray(array, float).reshape(detail["shape"]) / scale) + zero
            self._net.set_tensor(detail["index"], np.clip(counts, -128, 127).astype(np.int8))
        self._net.invoke()
        outputs = []
        for detail in self._outputs:
            scale, zero = detail["quantization"]
            outputs.append((self._net.get_tensor(detail["index"]).astype(float) - zero) * scale)
        return outputs
