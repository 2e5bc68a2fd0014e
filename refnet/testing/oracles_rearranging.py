"""Concatenation, channel shuffle and space to depth by NumPy's own rearrangements, each with its gradient.

They move numbers and compute nothing, so that any dtype goes in and the same one comes out. Letters: **B** images,
**H, W** rows and columns, **M** channels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .plain import Array, rank


def naive_concat(xs: Sequence[ArrayLike]) -> Array:
    """Arrays (..., M1), (..., M2), ... -> one (..., M1 + M2 + ...), in the order given."""
    return np.concatenate([np.asarray(x) for x in xs], axis=-1)


def naive_concat_gradient(dy: ArrayLike, channels: Sequence[int]) -> tuple[Array, ...]:
    """dy (..., N) -> the gradient of each part, of this many channels each. Raises ValueError for another sum."""
    dy = np.asarray(dy)
    if sum(channels) != dy.shape[-1]:
        raise ValueError(f"channels: wanted a sum of {dy.shape[-1]}, as dy has, got {list(channels)}")
    pieces = np.split(dy, np.cumsum(channels)[:-1], axis=-1)
    return tuple(piece.copy() for piece in pieces)


def naive_channel_shuffle(x: ArrayLike, groups: int) -> Array:
    """x (B, H, W, M) -> the same shape: the channels as a table of groups rows, transposed (ShuffleNet, Figure 1)."""
    x = rank("x", x, "B H W M")
    _divides("groups", groups, x.shape[3])
    return x.reshape(*x.shape[:3], groups, x.shape[3] // groups).swapaxes(3, 4).reshape(x.shape)


def naive_channel_shuffle_gradient(dy: ArrayLike, groups: int) -> Array:
    """dy (B, H, W, M) -> dx: each channel of x is asked where in y it went."""
    dy = rank("dy", dy, "B H W M")
    numbers = np.arange(dy.shape[3]).reshape(1, 1, 1, -1)
    went = np.argsort(naive_channel_shuffle(numbers, groups).ravel())
    return np.take(dy, went, axis=3)


def naive_space_to_depth(x: ArrayLike, block: int) -> Array:
    """x (B, H, W, M) -> (B, H/block, W/block, block*block*M): strided slices of x side by side, rows first."""
    x = rank("x", x, "B H W M")
    for size in x.shape[1:3]:
        _divides("block", block, size)
    slices = [x[:, ky::block, kx::block] for ky in range(block) for kx in range(block)]
    return np.concatenate(slices, axis=3)


def naive_space_to_depth_gradient(dy: ArrayLike, block: int) -> Array:
    """dy (B, OH, OW, block*block*M) -> dx (B, OH*block, OW*block, M): each slice goes back."""
    dy = rank("dy", dy, "B OH OW N")
    _divides("block * block", block * block, dy.shape[3])
    B, OH, OW, N = dy.shape
    dx = np.empty((B, OH * block, OW * block, N // block**2), dy.dtype)
    for k, piece in enumerate(np.split(dy, block**2, axis=3)):
        dx[:, k // block :: block, k % block :: block] = piece
    return dx


def _divides(name: str, number: int, size: int) -> None:
    if number < 1 or size % number:
        raise ValueError(f"{name}: wanted a divisor of {size}, got {number}")
