"""Arrays inside JSON, bit for bit: shape and little-endian float64 as base64."""

import base64
from collections.abc import Mapping

import numpy as np


def pack(array: np.ndarray) -> dict:
    return {
        "shape": list(array.shape),
        "float64": base64.b64encode(array.astype("<f8").tobytes()).decode(),
    }


def unpack(packed: Mapping) -> np.ndarray:
    return (
        np.frombuffer(base64.b64decode(packed["float64"]), "<f8")
        .reshape(packed["shape"])
        .astype(float)
    )
