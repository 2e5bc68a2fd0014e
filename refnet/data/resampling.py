"""Bilinear resampling: part of an image, seen at another size.

    B     images               C     channels
    h, w  size as stored       H, W  size wanted

Pixels are little squares: the centre of pixel i is at i + 1/2, so that corners of both sizes lie on each other, and
a picture and its mirror image are resampled alike. Beyond the outermost centres the outermost value goes on.

`resample` and `resized` mix the nearest pixels only; `stretched`, where an image shrinks, all that lie under a pixel.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_AT_ONCE = 1 << 22  # values that are resampled together, so that what lies between stays in a few megabytes


def resample(images: Array, windows: Array, size: tuple[int, int]) -> Array:
    """Shapes: images (B, h, w, C), windows (B, 4) or (1, 4) -> (B, H, W, C) float32; size = (H, W).

    A window is (top, left, height, width) in pixels of its image; nothing outside of it is seen.
    """
    image = np.arange(len(images))[:, None]
    upper, lower, down = _between(windows[:, 0], windows[:, 2], size[0])
    rows = _mix(images[image, upper], images[image, lower], down[:, :, None, None])
    left, right, across = _between(windows[:, 1], windows[:, 3], size[1])
    return _mix(_columns(rows, left), _columns(rows, right), across[:, None, :, None])


def resized(images: Array, size: tuple[int, int]) -> Array:
    """Shapes: images (B, h, w, C) uint8 -> (B, H, W, C) uint8, rounded to nearest."""
    if images.shape[1:3] == size:
        return images
    B, h, w, C = images.shape
    whole = np.array([[0, 0, h, w]])
    together = max(1, _AT_ONCE // (max(h, size[0]) * max(w, size[1]) * C))
    out = np.empty((B, *size, C), np.uint8)
    for start in range(0, B, together):
        out[start : start + together] = rounded(resample(images[start : start + together], whole, size))
    return out


def stretched(image: Array, size: tuple[int, int]) -> Array:
    """Shapes: image (h, w, C) -> (H, W, C) float32. Where it shrinks, each pixel is a mean, weighted by a triangle.

    That is Pillow's BILINEAR, which reads the files that networks learn from, but for its rounding.
    """
    rows = _under_triangles(image, size[0])
    columns = _under_triangles(np.ascontiguousarray(rows.swapaxes(0, 1)), size[1])
    return np.ascontiguousarray(columns.swapaxes(0, 1))


def _under_triangles(image: Array, after: int) -> Array:
    """The means over rows. Shapes: (before, n, C) -> (after, n, C) float32."""
    before = len(image)
    scale = before / after
    reach = max(scale, 1.0)
    centres = (np.arange(after) + 0.5) * scale
    first = np.ceil(centres - reach - 0.5).astype(np.intp)  # the first and the last row that a triangle reaches
    taps = first[:, None] + np.arange(int(2 * reach) + 1)
    weights = np.maximum(1 - abs(taps + 0.5 - centres[:, None]) / reach, 0) * ((taps >= 0) & (taps < before))
    weights = (weights / weights.sum(1, keepdims=True)).astype(np.float32)
    found = np.zeros((after, *image.shape[1:]), np.float32)
    for tap in range(taps.shape[1]):
        found += weights[:, tap, None, None] * image[np.clip(taps[:, tap], 0, before - 1)]
    return found


def rounded(images: Array) -> Array:
    """Values from 0 to 255 -> uint8. A half goes to the even neighbour."""
    return np.rint(images).astype(np.uint8)


def _between(start: Array, extent: Array, count: int) -> tuple[Array, Array, Array]:
    """Shapes: start, extent (B,) -> index before, index after, share of the one after, all (B, count)."""
    place = (np.arange(count) + 0.5) * (extent[:, None] / count) - 0.5
    place = start[:, None] + np.clip(place, 0, extent[:, None] - 1)
    before = place.astype(np.intp)
    after = np.minimum(before + 1, (start + extent - 1).astype(np.intp)[:, None])
    return before, after, (place - before).astype(np.float32)


def _columns(rows: Array, at: Array) -> Array:
    """Shapes: rows (B, H, w, C), at (B or 1, W) -> (B, H, W, C)."""
    if len(at) == 1:
        return rows[:, :, at[0]]
    B, H, _, _ = rows.shape
    return rows[np.arange(B)[:, None, None], np.arange(H)[:, None], at[:, None, :]]


def _mix(a: Array, b: Array, share: Array) -> Array:
    """a where the share is 0, b where it is 1. Shapes: a, b alike -> the same, float32."""
    mixed: Array = b.astype(np.float32) - a
    mixed *= share
    mixed += a
    return mixed
