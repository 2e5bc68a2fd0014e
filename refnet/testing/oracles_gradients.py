"""Gradients of the four convolutions, by scattering the forward equation.

Each forward product `w * x` that reaches an output y sends `dy * w` back to its pixel and `dy * x`
back to its weight: the product rule, term by term, written as loops over outputs that add to where the term
came from. Nothing here calls the forward oracles or their table of taps: the index arithmetic is written
again.

Letters and indices as in `oracles_convolution`; (sy, sx) is the stride, (ry, rx) the dilation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from .oracles_convolution import NO_PADS, IntOrPair, check_groups
from .plain import Array, agree, answer, rank, zeros
from .sizes import four_pads, output_hw, pair


def naive_conv2d_input_gradient(
    dy: ArrayLike,
    w: ArrayLike,
    input_hw: Sequence[int],
    stride: IntOrPair = 1,
    dilation: IntOrPair = 1,
    pads: Sequence[int] = NO_PADS,
) -> Array:
    """dy (B, OH, OW, N), w (KH, KW, M, N) -> dx (B, H, W, M): V1 eq. (1) differentiated by x."""
    dy, w = rank("dy", dy, "B OH OW N"), rank("w", w, "KH KW M N")
    agree("output channels", ("dy", dy.shape[3]), ("w", w.shape[3]))
    B, M, N = dy.shape[0], w.shape[2], w.shape[3]
    dx = zeros(B, *input_hw, M)
    DY, W = dy.tolist(), w.tolist()
    for oy, ox, ky, kx, iy, ix in _visits(dy, w.shape[:2], input_hw, stride, dilation, pads):
        for b, m, n in np.ndindex(B, M, N):
            dx[b][iy][ix][m] += DY[b][oy][ox][n] * W[ky][kx][m][n]
    return answer(dx, (B, *input_hw, M), dy, w)


def naive_conv2d_filter_gradient(
    dy: ArrayLike,
    x: ArrayLike,
    filter_hw: Sequence[int],
    stride: IntOrPair = 1,
    dilation: IntOrPair = 1,
    pads: Sequence[int] = NO_PADS,
) -> Array:
    """dy (B, OH, OW, N), x (B, H, W, M) -> dw (KH, KW, M, N): V1 eq. (1) differentiated by w."""
    dy, x = rank("dy", dy, "B OH OW N"), rank("x", x, "B H W M")
    agree("images", ("dy", dy.shape[0]), ("x", x.shape[0]))
    B, M, N = x.shape[0], x.shape[3], dy.shape[3]
    dw = zeros(*filter_hw, M, N)
    DY, X = dy.tolist(), x.tolist()
    for oy, ox, ky, kx, iy, ix in _visits(dy, filter_hw, x.shape[1:3], stride, dilation, pads):
        for b, m, n in np.ndindex(B, M, N):
            dw[ky][kx][m][n] += DY[b][oy][ox][n] * X[b][iy][ix][m]
    return answer(dw, (*filter_hw, M, N), dy, x)


def naive_depthwise_conv2d_input_gradient(
    dy: ArrayLike,
    w: ArrayLike,
    input_hw: Sequence[int],
    stride: IntOrPair = 1,
    dilation: IntOrPair = 1,
    pads: Sequence[int] = NO_PADS,
) -> Array:
    """dy (B, OH, OW, M), w (KH, KW, M) -> dx (B, H, W, M): V1 eq. (3) differentiated by x."""
    dy, w = rank("dy", dy, "B OH OW M"), rank("w", w, "KH KW M")
    agree("channels", ("dy", dy.shape[3]), ("w", w.shape[2]))
    B, M = dy.shape[0], w.shape[2]
    dx = zeros(B, *input_hw, M)
    DY, W = dy.tolist(), w.tolist()
    for oy, ox, ky, kx, iy, ix in _visits(dy, w.shape[:2], input_hw, stride, dilation, pads):
        for b, m in np.ndindex(B, M):
            dx[b][iy][ix][m] += DY[b][oy][ox][m] * W[ky][kx][m]
    return answer(dx, (B, *input_hw, M), dy, w)


def naive_depthwise_conv2d_filter_gradient(
    dy: ArrayLike,
    x: ArrayLike,
    filter_hw: Sequence[int],
    stride: IntOrPair = 1,
    dilation: IntOrPair = 1,
    pads: Sequence[int] = NO_PADS,
) -> Array:
    """dy (B, OH, OW, M), x (B, H, W, M) -> dw (KH, KW, M): V1 eq. (3) differentiated by w."""
    dy, x = rank("dy", dy, "B OH OW M"), rank("x", x, "B H W M")
    agree("channels", ("dy", dy.shape[3]), ("x", x.shape[3]))
    agree("images", ("dy", dy.shape[0]), ("x", x.shape[0]))
    B, M = x.shape[0], x.shape[3]
    dw = zeros(*filter_hw, M)
    DY, X = dy.tolist(), x.tolist()
    for oy, ox, ky, kx, iy, ix in _visits(dy, filter_hw, x.shape[1:3], stride, dilation, pads):
        for b, m in np.ndindex(B, M):
            dw[ky][kx][m] += DY[b][oy][ox][m] * X[b][iy][ix][m]
    return answer(dw, (*filter_hw, M), dy, x)


def naive_pointwise_conv2d_input_gradient(dy: ArrayLike, w: ArrayLike) -> Array:
    """dy (B, H, W, N), w (M, N) -> dx (B, H, W, M)."""
    dy, w = rank("dy", dy, "B H W N"), rank("w", w, "M N")
    agree("output channels", ("dy", dy.shape[3]), ("w", w.shape[1]))
    (B, H, W, N), M = dy.shape, w.shape[0]
    dx = zeros(B, H, W, M)
    DY, weights = dy.tolist(), w.tolist()
    for b, iy, ix, m, n in np.ndindex(B, H, W, M, N):
        dx[b][iy][ix][m] += DY[b][iy][ix][n] * weights[m][n]
    return answer(dx, (B, H, W, M), dy, w)


def naive_pointwise_conv2d_filter_gradient(dy: ArrayLike, x: ArrayLike) -> Array:
    """dy (B, H, W, N), x (B, H, W, M) -> dw (M, N)."""
    dy, x = rank("dy", dy, "B H W N"), rank("x", x, "B H W M")
    agree("images", ("dy", dy.shape[0]), ("x", x.shape[0]))
    (B, H, W, N), M = dy.shape, x.shape[3]
    dw = zeros(M, N)
    DY, pixels = dy.tolist(), x.tolist()
    for b, iy, ix, m, n in np.ndindex(B, H, W, M, N):
        dw[m][n] += DY[b][iy][ix][n] * pixels[b][iy][ix][m]
    return answer(dw, (M, N), dy, x)


def naive_grouped_conv2d_input_gradient(
    dy: ArrayLike,
    w: ArrayLike,
    input_hw: Sequence[int],
    stride: IntOrPair = 1,
    dilation: IntOrPair = 1,
    pads: Sequence[int] = NO_PADS,
    groups: int = 1,
) -> Array:
    """dy (B, OH, OW, N), w (KH, KW, M / groups, N) -> dx (B, H, W, M)."""
    dy, w = rank("dy", dy, "B OH OW N"), rank("w", w, "KH KW M/groups N")
    B, GM, N = dy.shape[0], w.shape[2], w.shape[3]
    check_groups(GM * groups, w, groups)
    agree("output channels", ("dy", dy.shape[3]), ("w", N))
    dx = zeros(B, *input_hw, GM * groups)
    DY, W = dy.tolist(), w.tolist()
    for oy, ox, ky, kx, iy, ix in _visits(dy, w.shape[:2], input_hw, stride, dilation, pads):
        for b, m, n in np.ndindex(B, GM, N):
            g = n // (N // groups)
            dx[b][iy][ix][g * GM + m] += DY[b][oy][ox][n] * W[ky][kx][m][n]
    return answer(dx, (B, *input_hw, GM * groups), dy, w)


def naive_grouped_conv2d_filter_gradient(
    dy: ArrayLike,
    x: ArrayLike,
    filter_hw: Sequence[int],
    stride: IntOrPair = 1,
    dilation: IntOrPair = 1,
    pads: Sequence[int] = NO_PADS,
    groups: int = 1,
) -> Array:
    """dy (B, OH, OW, N), x (B, H, W, M) -> dw (KH, KW, M / groups, N)."""
    dy, x = rank("dy", dy, "B OH OW N"), rank("x", x, "B H W M")
    agree("images", ("dy", dy.shape[0]), ("x", x.shape[0]))
    B, GM, N = x.shape[0], x.shape[3] // groups, dy.shape[3]
    check_groups(x.shape[3], np.empty((*filter_hw, GM, N)), groups)
    dw = zeros(*filter_hw, GM, N)
    DY, X = dy.tolist(), x.tolist()
    for oy, ox, ky, kx, iy, ix in _visits(dy, filter_hw, x.shape[1:3], stride, dilation, pads):
        for b, m, n in np.ndindex(B, GM, N):
            g = n // (N // groups)
            dw[ky][kx][m][n] += DY[b][oy][ox][n] * X[b][iy][ix][g * GM + m]
    return answer(dw, (*filter_hw, GM, N), dy, x)


def _visits(
    dy: Array,
    filter_hw: Sequence[int],
    input_hw: Sequence[int],
    stride: IntOrPair,
    dilation: IntOrPair,
    pads: Sequence[int],
) -> Iterator[tuple[int, int, int, int, int, int]]:
    """Every (oy, ox, ky, kx, iy, ix) at which the forward equation has a product inside the image."""
    (sy, sx), (ry, rx) = pair("stride", stride), pair("dilation", dilation)
    top, bottom, left, right = four_pads(pads)
    OH, OW = output_hw(input_hw, filter_hw, (sy, sx), (ry, rx), (top, bottom, left, right))
    if dy.shape[1:3] != (OH, OW):
        raise ValueError(f"dy: wanted {OH} rows and {OW} columns for these sizes, got {dy.shape}")
    for oy, ox, ky, kx in np.ndindex(OH, OW, *filter_hw):
        iy, ix = oy * sy + ky * ry - top, ox * sx + kx * rx - left
        if 0 <= iy < input_hw[0] and 0 <= ix < input_hw[1]:
            yield oy, ox, ky, kx, iy, ix
