"""Bilinear resizing: each output pixel is a mean of the four pixels around the point that it comes from.

    B images · H, W rows and columns in · M channels · OH, OW rows and columns out

    x (B, H, W, M)    y (B, OH, OW, M)    dx, dy: gradients, shaped like x, y

    b image · oy, ox output pixel · y1, x1 the input pixel before its point · y2, x2 the one after · m channel
    ty, tx  how far the point lies from y1 to y2, from x1 to x2: 0 to 1

    align_corners    true: the corner pixels' centres keep their places, `point = o * (size - 1) / (outputs - 1)`,
                     0 for a single output (TensorFlow 1's resize_bilinear, which DeepLab uses)
                     false: pixels are squares and the corners of the map keep theirs,
                     `point = (o + 0.5) * size / outputs - 0.5`, held inside of the map (torch's align_corners=False)

The four weights are products of float64; sums accumulate in float64 and are rounded once. A NaN or an infinity reaches
every output with its pixel among the four, also where the weight is 0.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]
Pair = tuple[int, int]


@jit
def _source(o: int, outputs: int, size: int, align_corners: bool) -> tuple[int, int, float]:
    """Output o of `outputs` along an axis of `size` pixels -> the pixel before its point, the one after, the way
    between. A point on the last pixel has the whole way behind it, so that the pixel after is always in the map."""
    if not align_corners:
        point = min(max((o + 0.5) * size / outputs - 0.5, 0.0), size - 1.0)
    elif outputs > 1:
        point = o * (size - 1) / (outputs - 1)
    else:
        point = 0.0
    before = max(min(int(point), size - 2), 0)
    return before, min(before + 1, size - 1), np.float64(point - before)


@jit
def resize_bilinear_forward(x: Array, output_hw: Pair, align_corners: bool) -> Array:
    """`y[b,oy,ox,m] = (1-ty) * ((1-tx) * x[b,y1,x1,m] + tx * x[b,y1,x2,m])
    + ty * ((1-tx) * x[b,y2,x1,m] + tx * x[b,y2,x2,m])`

    Shapes: x (B, H, W, M), output_hw (OH, OW) -> y (B, OH, OW, M). The weights belong to the positions, so no
    multiply-adds are counted. Backward needs H and W.
    """
    B, H, W, M = x.shape
    OH, OW = output_hw
    y = np.empty((B, OH, OW * M), x.dtype)
    wide = np.empty((2, OW * M))  # two input rows that follow each other, as wide as the output
    for b in range(B):
        done = 0
        for oy in range(OH):
            y1, y2, ty = _source(oy, OH, H, align_corners)
            for iy in range(max(done, y1), y2 + 1):  # several output rows lie between the same two
                _widen(x[b, iy], wide[iy % 2].reshape(OW, M), align_corners)
            done = y2 + 1
            above, below = wide[y1 % 2], wide[y2 % 2]
            for n in range(OW * M):
                y[b, oy, n] = (1 - ty) * above[n] + ty * below[n]
    return y.reshape(B, OH, OW, M)


@jit
def _widen(row: Array, wide: Array, align_corners: bool) -> None:
    """One input row, resized. Shapes: row (W, M) -> wide (OW, M)."""
    for ox in range(wide.shape[0]):
        x1, x2, tx = _source(ox, wide.shape[0], row.shape[0], align_corners)
        for m in range(row.shape[1]):
            wide[ox, m] = (1 - tx) * row[x1, m] + tx * row[x2, m]


@jit
def resize_bilinear_backward(dy: Array, input_hw: Pair, align_corners: bool) -> Array:
    """Each output's gradient goes to its four pixels with the weights of the forward pass:

    `dx[b,y1,x1,m] += (1-ty) * (1-tx) * dy[b,oy,ox,m]`, and the other three alike.

    Shapes: dy (B, OH, OW, M), input_hw (H, W) -> dx (B, H, W, M).
    """
    B, OH, OW, M = dy.shape
    H, W = input_hw
    dx = np.zeros((B, H, W, M), np.float64)
    for b in range(B):
        for oy in range(OH):
            y1, y2, ty = _source(oy, OH, H, align_corners)
            for ox in range(OW):
                x1, x2, tx = _source(ox, OW, W, align_corners)
                for m in range(M):
                    above, below = (1 - ty) * dy[b, oy, ox, m], ty * dy[b, oy, ox, m]
                    dx[b, y1, x1, m] += (1 - tx) * above
                    dx[b, y1, x2, m] += tx * above
                    dx[b, y2, x1, m] += (1 - tx) * below
                    dx[b, y2, x2, m] += tx * below
    return dx.astype(dy.dtype)
