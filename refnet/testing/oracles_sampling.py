"""Bilinear resizing, and crop-and-resize, as products with matrices of weights; each with its gradient.

Along one axis, sampling at a point p multiplies pixel i by `max(0, 1 - |p - i|)`: a matrix with a row for each point
and a column for each pixel. A map is sampled by one matrix for its rows and one for its columns, `Y = R @ X @ C.T`, and
its gradient is that transposed, `dX = R.T @ dY @ C`. Points are fractions, so that no rounding moves one off a pixel or
out of the map.

Letters: **B** images, **H, W** rows and columns, **M** channels, **R** boxes of each image.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from .plain import Array, agree, rank

Points = list[Fraction]
HALF = Fraction(1, 2)


def naive_resize_bilinear(x: ArrayLike, output_hw: Sequence[int], align_corners: bool) -> Array:
    """x (B, H, W, M) -> (B, *output_hw, M).

    align_corners: point o is `o * (size - 1) / (outputs - 1)`, 0 for one output; otherwise
    `(o + 1/2) * size / outputs - 1/2`, not below 0 nor above size - 1.
    """
    x = rank("x", x, "B H W M")
    rows, columns = _resizing(x.shape[1:3], output_hw, align_corners)
    return _like(np.einsum("yi,biju,xj->byxu", rows, x, columns), x)


def naive_resize_bilinear_gradient(dy: ArrayLike, input_hw: Sequence[int], align_corners: bool) -> Array:
    """dy (B, OH, OW, M) -> dx (B, *input_hw, M): the same matrices, transposed."""
    dy = rank("dy", dy, "B OH OW M")
    rows, columns = _resizing(input_hw, dy.shape[1:3], align_corners)
    return _like(np.einsum("yi,byxu,xj->biju", rows, dy, columns), dy)


def naive_crop_and_resize(x: ArrayLike, boxes: ArrayLike, crop_hw: Sequence[int]) -> Array:
    """x (B, H, W, M), boxes (B, R, 4) as (y1, x1, y2, x2) in units of H - 1 and W - 1 -> (B, R, *crop_hw, M).

    Point c is `y1 * (H-1) + c * (y2-y1) * (H-1) / (count-1)`, for one point the middle. Outside of the map is 0.
    """
    x, boxes = rank("x", x, "B H W M"), rank("boxes", boxes, "B R 4")
    agree("images", ("x", x.shape[0]), ("boxes", boxes.shape[0]))
    y = np.zeros((*boxes.shape[:2], *crop_hw, x.shape[3]))
    for b, r in np.ndindex(*boxes.shape[:2]):
        rows, columns = (_weights(*each) for each in _cropping(boxes[b, r], x.shape[1:3], crop_hw))
        y[b, r] = np.einsum("yi,iju,xj->yxu", rows, x[b], columns)
    return _like(y, x)


def naive_crop_and_resize_gradient(dy: ArrayLike, x: ArrayLike, boxes: ArrayLike) -> tuple[Array, Array]:
    """dy (B, R, CH, CW, M), x (B, H, W, M), boxes (B, R, 4) -> dx, dboxes.

    For the boxes the matrix of one axis gives way to its derivative by the points: -1 at the pixel before, 1 at the one
    after. On a whole pixel that is the slope towards the next one, on the last pixel from the one before.
    """
    dy, x, boxes = rank("dy", dy, "B R CH CW M"), rank("x", x, "B H W M"), rank("boxes", boxes, "B R 4")
    dx, dboxes = np.zeros(x.shape), np.zeros(boxes.shape)
    for b, r in np.ndindex(*boxes.shape[:2]):
        along_y, along_x = _cropping(boxes[b, r], x.shape[1:3], dy.shape[2:4])
        rows, columns = _weights(*along_y), _weights(*along_x)
        dx[b] += np.einsum("yi,yxu,xj->iju", rows, dy[b, r], columns)
        dpy = np.einsum("yxu,yi,iju,xj->y", dy[b, r], _slopes(*along_y), x[b], columns)
        dpx = np.einsum("yxu,yi,iju,xj->x", dy[b, r], rows, x[b], _slopes(*along_x))
        for axis, dpoints, size in ((0, dpy, x.shape[1]), (1, dpx, x.shape[2])):
            shares = [float(share) for share in _shares(len(dpoints))]
            dboxes[b, r, axis] = sum(dp * (1 - s) * (size - 1) for dp, s in zip(dpoints, shares, strict=True))
            dboxes[b, r, axis + 2] = sum(dp * s * (size - 1) for dp, s in zip(dpoints, shares, strict=True))
    return _like(dx, x), _like(dboxes, boxes)


def _resizing(sizes: Sequence[int], outputs: Sequence[int], align_corners: bool) -> list[Array]:
    """The matrices for rows and columns."""
    place = _aligned if align_corners else _half_pixel
    return [_weights(place(count, size), size) for size, count in zip(sizes, outputs, strict=True)]


def _aligned(outputs: int, size: int) -> Points:
    return [Fraction(o * (size - 1), max(outputs - 1, 1)) for o in range(outputs)]


def _half_pixel(outputs: int, size: int) -> Points:
    points = [(o + HALF) * size / outputs - HALF for o in range(outputs)]
    return [min(max(point, Fraction(0)), Fraction(size - 1)) for point in points]


def _shares(count: int) -> Points:
    """How far each point lies from a box's first edge to its second."""
    return [Fraction(c, count - 1) for c in range(count)] if count > 1 else [HALF]


def _cropping(box: Array, sizes: Sequence[int], crop_hw: Sequence[int]) -> list[tuple[Points, int]]:
    """The points of one box along y and along x, with the size of the map there."""
    y1, x1, y2, x2 = (Fraction(float(edge)) for edge in box)
    axes = zip(((y1, y2), (x1, x2)), sizes, crop_hw, strict=True)
    return [
        ([(first + share * (second - first)) * (size - 1) for share in _shares(count)], size)
        for (first, second), size, count in axes
    ]


def _weights(points: Points, size: int) -> Array:
    """A row for each point, a column for each pixel; a row of zeros for a point outside."""
    table = np.zeros((len(points), size))
    for row, point in enumerate(points):
        if 0 <= point <= size - 1:
            table[row] = [float(max(1 - abs(point - i), Fraction(0))) for i in range(size)]
    return table


def _slopes(points: Points, size: int) -> Array:
    """The derivative of each row of `_weights` by its point."""
    table = np.zeros((len(points), size))
    for row, point in enumerate(points):
        if size > 1 and 0 <= point <= size - 1:
            before = int(point) - (point == size - 1)
            table[row, before : before + 2] = -1, 1
    return table


def _like(values: Array, array: Array) -> Array:
    """In the dtype of the array, or in that of the mean of its integers."""
    return values.astype(np.result_type(array, np.float16))
