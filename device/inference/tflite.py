"""One loader for TFLite models: tflite-runtime on Python 3.11, ai-edge-litert above."""

from collections.abc import Sequence

import numpy as np

from device.errors import ModelMismatch

try:
    from tflite_runtime.interpreter import Interpreter, OpResolverType
except ImportError:
    from ai_edge_litert.interpreter import Interpreter, OpResolverType


class Model:
    """A fully int8 network that takes and gives real numbers; quantization happens at its edges."""

    def __init__(self, content: bytes):
        try:
            # XNNPACK's rounding differs between CPUs; the reference kernels give the same integers
            # everywhere.
            self._net = Interpreter(
                model_content=content, num_threads=1,
                experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
            self._net.allocate_tensors()
        # SystemError: built against another numpy
        except (ValueError, RuntimeError, SystemError) as trouble:
            raise ModelMismatch(
                f"TFLite refuses the model ({trouble}); install Nocturne again"
            ) from trouble
        self._inputs = self._net.get_input_details()
        self._outputs = self._net.get_output_details()

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
