"""The four convolutions as plain loops, to judge other implementations by.

Letters: **B** images, **H, W** input rows and columns, **OH, OW** output ones, **KH, KW** filter taps,
**M** input and **N** output channels. Indices: `b` image, `oy, ox` output pixel, `ky, kx` tap,
`iy, ix` input pixel, `m, n` channels. Strides and dilations are an int or a pair (y, x); `pads` is
(top, bottom, left, right). Taps outside the image meet a zero and are skipped; `pad_image` makes the zeros
pixels of the image, and then every tap is multiplied.

V1 is Howard et al. 2017 (MobileNets). Its equations count from 1, for stride 1 without dilation; ours count
from 0. With these words, the pixel `k + i - 1` of the paper is `oy * stride + ky * dilation - top`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .plain import Array, agree, answer, rank, zeros
from .sizes import four_pads, output_hw, pair, taps_inside

IntOrPair = int | Sequence[int]
NO_PADS = (0, 0, 0, 0)


def naive_conv2d(
    x: ArrayLike, w: ArrayLike, stride: IntOrPair = 1, dilation: IntOrPair = 1, pads: Sequence[int] = NO_PADS
) -> Array:
    """Standard convolution, V1 eq. (1): `y[oy, ox, n] = sum of w[ky, kx, m, n] * x[iy, ix, m]`.

    x (B, H, W, M), w (KH, KW, M, N) -> y (B, OH, OW, N). Raises ValueError for shapes that do not fit
    together.
    """
    x, w = rank("x", x, "B H W M"), rank("w", w, "KH KW M N")
    agree("input channels", ("x", x.shape[3]), ("w", w.shape[2]))
    rows, columns = _taps(x, w, stride, dilation, pads)
    (B, _, _, M), N = x.shape, w.shape[3]
    y = zeros(B, len(rows), len(columns), N)
    X, W = x.tolist(), w.tolist()
    for b, oy, ox, n in np.ndindex(B, len(rows), len(columns), N):
        total = 0
        for ky, iy in rows[oy]:
            for kx, ix in columns[ox]:
                for m in range(M):
                    total = total + W[ky][kx][m][n] * X[b][iy][ix][m]
        y[b][oy][ox][n] = total
    return answer(y, (B, len(rows), len(columns), N), x, w)


def naive_depthwise_conv2d(
    x: ArrayLike, w: ArrayLike, stride: IntOrPair = 1, dilation: IntOrPair = 1, pads: Sequence[int] = NO_PADS
) -> Array:
    """Depthwise convolution, V1 eq. (3): `y[oy, ox, m] = sum of w[ky, kx, m] * x[iy, ix, m]`.

    The print leaves out the kernel's channel index (it has `K_{i,j}`); the text below it says that the m-th
    filter works on the m-th channel, and so does this.

    x (B, H, W, M), w (KH, KW, M) -> y (B, OH, OW, M). Raises ValueError for shapes that do not fit together.
    """
    x, w = rank("x", x, "B H W M"), rank("w", w, "KH KW M")
    agree("channels", ("x", x.shape[3]), ("w", w.shape[2]))
    rows, columns = _taps(x, w, stride, dilation, pads)
    B, _, _, M = x.shape
    y = zeros(B, len(rows), len(columns), M)
    X, W = x.tolist(), w.tolist()
    for b, oy, ox, m in np.ndindex(B, len(rows), len(columns), M):
        total = 0
        for ky, iy in rows[oy]:
            for kx, ix in columns[ox]:
                total = total + W[ky][kx][m] * X[b][iy][ix][m]
        y[b][oy][ox][m] = total
    return answer(y, (B, len(rows), len(columns), M), x, w)


def naive_pointwise_conv2d(x: ArrayLike, w: ArrayLike) -> Array:
    """1x1 convolution, V1 eq. (1) with one tap: `y[iy, ix, n] = sum of w[m, n] * x[iy, ix, m]` over m.

    x (B, H, W, M), w (M, N) -> y (B, H, W, N). Raises ValueError for shapes that do not fit together.
    """
    x, w = rank("x", x, "B H W M"), rank("w", w, "M N")
    agree("input channels", ("x", x.shape[3]), ("w", w.shape[0]))
    (B, H, W, M), N = x.shape, w.shape[1]
    y = zeros(B, H, W, N)
    pixels, weights = x.tolist(), w.tolist()
    for b, iy, ix, n in np.ndindex(B, H, W, N):
        total = 0
        for m in range(M):
            total = total + weights[m][n] * pixels[b][iy][ix][m]
        y[b][iy][ix][n] = total
    return answer(y, (B, H, W, N), x, w)


def naive_grouped_conv2d(
    x: ArrayLike,
    w: ArrayLike,
    stride: IntOrPair = 1,
    dilation: IntOrPair = 1,
    pads: Sequence[int] = NO_PADS,
    groups: int = 1,
) -> Array:
    """Grouped convolution: V1 eq. (1) within each of `groups` equal, consecutive runs of channels.

    Output channel n belongs to group `g = n // (N / groups)`, which reads input channels `g * M / groups`
    onwards. One group is `naive_conv2d`; M groups with N = M are `naive_depthwise_conv2d`.

    x (B, H, W, M), w (KH, KW, M / groups, N) -> y (B, OH, OW, N). Raises ValueError for shapes that do not
    fit.
    """
    x, w = rank("x", x, "B H W M"), rank("w", w, "KH KW M/groups N")
    check_groups(x.shape[3], w, groups)
    rows, columns = _taps(x, w, stride, dilation, pads)
    B, (_, _, GM, N) = x.shape[0], w.shape
    y = zeros(B, len(rows), len(columns), N)
    X, W = x.tolist(), w.tolist()
    for b, oy, ox, n in np.ndindex(B, len(rows), len(columns), N):
        first = n // (N // groups) * GM
        total = 0
        for ky, iy in rows[oy]:
            for kx, ix in columns[ox]:
                for m in range(GM):
                    total = total + W[ky][kx][m][n] * X[b][iy][ix][first + m]
        y[b][oy][ox][n] = total
    return answer(y, (B, len(rows), len(columns), N), x, w)


def pad_image(x: ArrayLike, pads: Sequence[int], fill: float = 0) -> Array:
    """`x` (B, H, W, M) with (top, bottom, left, right) rows and columns of `fill` around each image."""
    x = rank("x", x, "B H W M")
    top, bottom, left, right = four_pads(pads)
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)


def check_groups(M: int, w: Array, groups: int) -> None:
    """Raises ValueError unless M inputs and w (KH, KW, M / groups, N) split into `groups` equal runs."""
    if groups < 1 or w.shape[2] * groups != M or w.shape[3] % groups:
        raise ValueError(
            f"groups: wanted w of shape (KH, KW, M / groups, N) with N a multiple of groups, "
            f"got w {w.shape} for {M} input channels and {groups} groups"
        )


def _taps(
    x: Array, w: Array, stride: IntOrPair, dilation: IntOrPair, pads: Sequence[int]
) -> tuple[list[list[tuple[int, int]]], list[list[tuple[int, int]]]]:
    """For each output row the (ky, iy) inside the image, for each output column the (kx, ix)."""
    (sy, sx), (ry, rx) = pair("stride", stride), pair("dilation", dilation)
    top, bottom, left, right = four_pads(pads)
    (H, W), (KH, KW) = x.shape[1:3], w.shape[:2]
    OH, OW = output_hw((H, W), (KH, KW), (sy, sx), (ry, rx), (top, bottom, left, right))
    return taps_inside(OH, H, KH, sy, ry, top), taps_inside(OW, W, KW, sx, rx, left)
