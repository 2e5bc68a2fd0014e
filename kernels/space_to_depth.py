"""Space to depth: each block of pixels becomes one pixel of more channels (the passthrough of YOLO V2, section 2).

    B images · H, W rows and columns in · M channels · OH, OW rows and columns out, H/block and W/block

    x (B, H, W, M)    y (B, OH, OW, block*block*M)    dx, dy: gradients, shaped like x, y

    b image · oy, ox output pixel · ky, kx row and column in its block · m channel

The order of the output's channels is TensorFlow's: row in the block, column in the block, channel.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .jit import jit

Array = NDArray[Any]


@jit
def space_to_depth_forward(x: Array, block: int) -> Array:
    """`y[b,oy,ox,(ky*block+kx)*M+m] = x[b,oy*block+ky,ox*block+kx,m]`

    Shapes: x (B, H, W, M), H and W multiples of block -> y (B, H/block, W/block, block*block*M). No multiply-adds.
    Backward needs block.
    """
    B, H, W, M = x.shape
    OH, OW = H // block, W // block
    y = np.empty((B, OH, OW, block * block * M), x.dtype)
    for b in range(B):
        for oy in range(OH):
            for ox in range(OW):
                for ky in range(block):
                    for kx in range(block):
                        for m in range(M):
                            y[b, oy, ox, (ky * block + kx) * M + m] = x[b, oy * block + ky, ox * block + kx, m]
    return y


@jit
def space_to_depth_backward(dy: Array, block: int) -> Array:
    """`dx[b,oy*block+ky,ox*block+kx,m] = dy[b,oy,ox,(ky*block+kx)*M+m]`: every number goes back to its pixel.

    Shapes: dy (B, OH, OW, block*block*M) -> dx (B, OH*block, OW*block, M).
    """
    B, OH, OW, N = dy.shape
    M = N // (block * block)
    dx = np.empty((B, OH * block, OW * block, M), dy.dtype)
    for b in range(B):
        for oy in range(OH):
            for ox in range(OW):
                for ky in range(block):
                    for kx in range(block):
                        for m in range(M):
                            dx[b, oy * block + ky, ox * block + kx, m] = dy[b, oy, ox, (ky * block + kx) * M + m]
    return dx
