"""Arrays inside JSON, bit for bit: shape and little-endian float64 as base64."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from device.recommend.bandit import Told


def pack(array: np.ndarray) -> dict[str, Any]:
    content = base64.b64encode(array.astype("<f8").tobytes()).decode()
    return {"shape": list(array.shape), "float64": content}


def unpack(packed: Mapping[str, Any]) -> np.ndarray:
    numbers = np.frombuffer(base64.b64decode(packed["float64"]), "<f8")
    return numbers.reshape(packed["shape"]).astype(float)


def pack_symmetric(matrix: np.ndarray) -> dict[str, Any]:
    """(d, d): the half that says it all."""
    return pack(matrix[np.tril_indices(len(matrix))])


def unpack_symmetric(packed: Mapping[str, Any]) -> np.ndarray:
    half = unpack(packed)
    size = round((2 * len(half) + 0.25)**0.5 - 0.5)
    matrix = np.empty((size, size))
    rows, columns = np.tril_indices(size)
    matrix[rows, columns] = matrix[columns, rows] = half
    return matrix


def pack_told(told: Told) -> dict[str, Any] | None:
    """None: nothing was said yet."""
    if not told.gram.any():
        return None
    return {"gram": pack_symmetric(told.gram), "pull": pack(told.pull), "idle": told.idle}


def unpack_told(packed: Mapping[str, Any] | None, size: int) -> Told:
    if packed is None:
        return Told.nothing(size)
    return Told(unpack_symmetric(packed["gram"]), unpack(packed["pull"]), packed["idle"])
