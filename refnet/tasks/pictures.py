"""A picture of anybody's as a network wants it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.resampling import rounded, stretched

Array = NDArray[Any]


def as_rgb(picture: Any) -> Array:
    """uint8 (h, w), (h, w, 1), (h, w, 3) or (h, w, 4) -> uint8 (h, w, 3): grey three times, on black where transparent.

    Raises TypeError or ValueError for anything else.
    """
    if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8:
        got = f"{picture.dtype}" if isinstance(picture, np.ndarray) else type(picture).__name__
        raise TypeError(f"picture: wanted an array of uint8, got {got}")
    found = picture[:, :, None] if picture.ndim == 2 else picture
    if found.ndim != 3 or found.shape[2] not in (1, 3, 4) or not found.size:
        raise ValueError(f"picture: wanted (h, w), (h, w, 1), (h, w, 3) or (h, w, 4), got {picture.shape}")
    if found.shape[2] == 4:
        return rounded(found[:, :, :3] * (found[:, :, 3:] / np.float32(255)))
    return np.repeat(found, 3, axis=2) if found.shape[2] == 1 else found


def as_input(picture: Array, size: tuple[int, int], dtype: Any = np.float32) -> Array:
    """uint8 (h, w, 3) -> (1, H, W, 3) from -1 to 1, stretched to size = (H, W), as a file is that it learns from."""
    values: Array = rounded(stretched(picture, size))[None].astype(dtype)
    values /= 127.5
    values -= 1
    return values
