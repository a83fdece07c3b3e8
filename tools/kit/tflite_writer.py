"""Full-int8 `.tflite` files from plain weights, with flatbuffers and LiteRT's schema alone: no
TensorFlow.

The network is described once, run in float on calibration data to find ranges, then written. Only
operators whose int8 kernels tflite-runtime 2.14 and ai-edge-litert share. Quantization follows
TFLite's specification: activations asymmetric int8, weights symmetric per tensor, biases int32 at
input scale × weight scale.
"""

from dataclasses import dataclass

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema


@dataclass(frozen=True, eq=False)
class Tensor:
    """A place in the graph and its float values on the calibration data: (batch, rows, columns)."""
    index: int
    values: np.ndarray
    scale: float
    zero: int


class Graph:
    """Build with `input`, `dense`, `multiply`; finish with `write`. One run takes (rows, columns)
    of each input."""

    def __init__(self, name: str):
        self._model = schema.ModelT()
        self._model.version, self._model.description = 3, name
        self._model.buffers = [schema.BufferT()]
        self._model.operatorCodes = []
        self._graph = schema.SubGraphT()
        self._graph.name = name
        self._graph.tensors, self._graph.operators, self._graph.inputs = [], [], []
        self._model.subgraphs = [self._graph]

    def input(self, name: str, values: np.ndarray, reach: tuple[float, float]) -> Tensor:
        """`values` (batch, rows, columns): calibration data; `reach` is what the input may ever be.
        """
        tensor = self._activation(name, values, reach)
        self._graph.inputs.append(tensor.index)
        return tensor

    def dense(self, name: str, x: Tensor, weights: np.ndarray, bias: np.ndarray,
              relu: bool = False) -> Tensor:
        """x · weightsᵀ + bias; weights (out, in)."""
        values = x.values @ weights.T + bias
        y = self._activation(name, np.maximum(values, 0) if relu else values)
        step = max(float(np.abs(weights).max()), 1e-9) / 127
        counts = np.clip(np.round(weights / step), -127, 127).astype(np.int8)
        kernel = self._tensor(f"{name}.weights", counts.shape, schema.TensorType.INT8, step, 0,
                              counts)
        offset = np.round(bias / (x.scale * step)).astype(np.int32)
        bias_index = self._tensor(f"{name}.bias", offset.shape, schema.TensorType.INT32,
                                  x.scale * step, 0, offset)
        options = schema.FullyConnectedOptionsT()
        options.keepNumDims = True
        options.fusedActivationFunction = (schema.ActivationFunctionType.RELU if relu
                                           else schema.ActivationFunctionType.NONE)
        self._operator(schema.BuiltinOperator.FULLY_CONNECTED, 5, [x.index, kernel, bias_index], y,
                       schema.BuiltinOptions.FullyConnectedOptions, options)
        return y

    def multiply(self, name: str, a: Tensor, b: Tensor) -> Tensor:
        """Element by element; one of the two may have a single row."""
        y = self._activation(name, a.values * b.values)
        self._operator(schema.BuiltinOperator.MUL, 2, [a.index, b.index], y,
                       schema.BuiltinOptions.MulOptions, schema.MulOptionsT())
        return y

    def write(self, *outputs: Tensor) -> bytes:
        self._graph.outputs = [tensor.index for tensor in outputs]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def _activation(self, name: str, values: np.ndarray,
                    reach: tuple[float, float] | None = None) -> Tensor:
        low, high = reach or (min(float(values.min()), 0.0), max(float(values.max()), 1e-6))
        scale = (high - low) / 255
        zero = int(np.clip(round(-128 - low / scale), -128, 127))
        index = self._tensor(name, values.shape[1:], schema.TensorType.INT8, scale, zero)
        return Tensor(index, values, scale, zero)

    def _tensor(self, name, shape, kind, scale, zero, data=None) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = (
            name,
            [int(n) for n in shape],
            kind,
            0,
        )
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            self._model.buffers.append(buffer)
            tensor.buffer = len(self._model.buffers) - 1
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = [float(scale)], [int(zero)]
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def _operator(self, builtin, version, inputs, output, kind, options) -> None:
        codes = [code.builtinCode for code in self._model.operatorCodes]
        if builtin not in codes:
            code = schema.OperatorCodeT()
            code.builtinCode = code.deprecatedBuiltinCode = builtin
            code.version = version
            self._model.operatorCodes.append(code)
            codes.append(builtin)
        operator = schema.OperatorT()
        operator.opcodeIndex = codes.index(builtin)
        operator.inputs, operator.outputs = inputs, [output.index]
        operator.builtinOptionsType, operator.builtinOptions = kind, options
        self._graph.operators.append(operator)
