"""Channel shuffle: after a grouped convolution, each group gets channels of every group (ShuffleNet, Figure 1).

    B images · H, W rows and columns · M channels in `groups` groups of K = M/groups

    x, y (B, H, W, M)    dx, dy: gradients, shaped like x, y    b image · iy, ix pixel · g group · k channel in it

Shuffling by groups and then by M/groups is the identity; groups = 1 and groups = M change nothing.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]


@jit
def channel_shuffle_forward(x: Array, groups: int) -> Array:
    """`y[b,iy,ix,k*groups+g] = x[b,iy,ix,g*K+k]`: a table of groups x K channels, read down its columns.

    Shapes: y like x (B, H, W, M), M a multiple of groups. No multiply-adds. Backward needs groups.
    """
    B, H, W, M = x.shape
    K = M // groups
    y = np.empty(x.shape, x.dtype)
    for b in range(B):
        for iy in range(H):
            for ix in range(W):
                for g in range(groups):
                    for k in range(K):
                        y[b, iy, ix, k * groups + g] = x[b, iy, ix, g * K + k]
    return y


@jit
def channel_shuffle_backward(dy: Array, groups: int) -> Array:
    """`dx[b,iy,ix,g*K+k] = dy[b,iy,ix,k*groups+g]`: every channel goes back to its place. Shapes: dx like dy."""
    B, H, W, M = dy.shape
    K = M // groups
    dx = np.empty(dy.shape, dy.dtype)
    for b in range(B):
        for iy in range(H):
            for ix in range(W):
                for g in range(groups):
                    for k in range(K):
                        dx[b, iy, ix, g * K + k] = dy[b, iy, ix, k * groups + g]
    return dx
