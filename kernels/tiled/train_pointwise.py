"""A 1x1 convolution of a training step: normalised on its way in, summed on its way out.

    P pixels of all images · M channels in, N out; in memory K and C, padded to the vector width

    x (P, K), read from the z before it (`normalised.py`)    w (M, N)    z (P, C), with the moments for its batch norm
    dz (P, C), read from dv and z                            dw (M, N)   dv (P, K), with its slopes

The pixels are cut into parts, and a part into blocks that stay in cache. Backward does everything with a block while it
is there: dz and x are read, their products are added to the part's dw, dz times w is dx, and at once dv.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import inner, jit
from .claims import claim, finish
from .moments import Moments, combined
from .normalised import Block, Gradient, Normalised, Scratch, add_moments, mask, read, read_gradient
from .panels import Panels, outer_products, pack_strip, panels, products, strips
from .register_tile import apart
from .shapes import Tiles, padded, training_tiles
from .teamwork import Job, Team, add_parts, part_size, pitch, scratch, together

Array = NDArray[Any]

PARTS, LEAST_PARTS = 16, 4  # enough for threads to take turns, few enough for their partial sums to be small
PARTIAL_SUMS = 1 << 18  # numbers in the dw of all parts, unless that makes them fewer than the least
SHARES = 8  # in which those are added up
BLOCK = 1 << 17  # numbers of a block: about as many as a second-level cache holds
SMALLEST_BLOCK, LARGEST_BLOCK = 48, 96  # pixels: a cache line of each is in the first-level cache at once


class Forward(NamedTuple):
    """size: pixels of a part; block: of a block. pivots (parts, C), moments (parts, 2, C)."""

    x: Normalised
    w: Panels
    z: Array
    pivots: Array
    moments: Array
    size: int
    block: int
    pitch: int
    scratch: Array


class Backward(NamedTuple):
    """w: turned around, with no columns where dv is not wanted. dw (M, N), partial (parts * K * C,)."""

    d: Gradient
    x: Normalised
    w: Panels
    dv: Array
    slopes: Array
    partial: Array
    dw: Array
    size: int
    block: int
    pitches: tuple[int, int]
    scratch: Array


def pointwise_forward(x: Normalised, w: Array, team: Team) -> tuple[Array, Moments]:
    """`z[p,n] = sum over m of x[p,m] * w[m,n]`. Shapes: x.z (P * K,), w (M, N) -> z (P * C,), its moments (C,)."""
    K, C, dtype = x.scale.size, padded(w.shape[1], w.dtype), w.dtype
    P = x.z.size // K
    block = block_size(K + C)
    size = part_size(P, PARTS, block)
    parts, step = -(-P // size), pitch(K, dtype)
    z, pivots, moments = team.memory.take(P * C, dtype), np.zeros((parts, C), dtype), np.zeros((parts, 2, C))
    memory = scratch(team, block * step + 2 * C, dtype)
    packed = panels(w, K, C, False, team.memory)
    work = Forward(x, packed, z, pivots, moments, size, block, step, memory)
    together(team.threads, forward_parts, (strips(packed), parts), training_tiles(dtype), work)
    team.memory.give(packed.values, memory)
    return z, combined(pivots, moments, np.minimum(size, P - size * np.arange(parts)))


@jit
def forward_parts(tiles: Tiles, work: Forward, job: Job, thread: int) -> None:
    """Claim strips of the weights, then parts, and do them -> work.z, work.pivots, work.moments."""
    memory, C = work.scratch[thread], work.w.columns
    a, run = Scratch(memory, work.pitch), memory[memory.size - 2 * C :]
    while True:
        phase, part = claim(job.state, job.chunks, job.first, thread)
        if phase == job.chunks.size:
            return
        if phase == 0:
            pack_strip(tiles, work.w, part)
        else:
            forward_part(tiles, work, part, a, run)
        finish(job.state, job.chunks, job.first, phase)


@inner
def forward_part(tiles: Tiles, work: Forward, part: int, a: Scratch, run: Array) -> None:
    """Block by block: x is read, multiplied, summed -> work.z, work.pivots, work.moments."""
    apart(tiles.one)
    K, C = work.w.depth, work.w.columns
    begin, pivot = part * work.size, work.pivots[part]
    end = min(begin + work.size, work.z.size // C)
    run[:] = 0
    for first in range(begin, end, work.block):
        pixels = min(work.block, end - first)
        read(tiles.pixel, work.x, Block(first, pixels, 0, K), a, 0)
        products(tiles, a, pixels, work.w, Scratch(work.z, C), first)
        if first == begin:
            for n in range(C):
                pivot[n] = work.z[first * C + n]
        add_moments(tiles.pixel, work.z, C, Block(first, pixels, 0, C), pivot, run, work.moments[part])


def pointwise_backward(
    d: Gradient, x: Normalised, w: Array, input_gradient: bool, team: Team
) -> tuple[Array, Array, Array]:
    """`dx[p,m] = sum over n of dz[p,n] * w[m,n]`, dv of it; `dw[m,n] = sum over p of x[p,m] * dz[p,n]`.

    Shapes: d.dv, d.z (P * C,), x.z (P * K,), w (M, N) -> dv (P * K,), its slopes (2, K), dw (M, N). dv is empty if
    input_gradient is false.
    """
    (M, N), K, C, dtype = w.shape, x.scale.size, d.gain.size, w.dtype
    P, block = x.z.size // K, block_size(K + C)
    size = part_size(P, min(PARTS, max(LEAST_PARTS, PARTIAL_SUMS // (K * C))), block)
    parts, pitches = -(-P // size), (pitch(K, dtype), pitch(C, dtype))
    turned = panels(w if input_gradient else w[:0], C, K if input_gradient else 0, True, team.memory)
    dv, slopes = team.memory.take(x.z.size if input_gradient else 0, dtype), np.zeros((parts, 2, K))
    partial, dw = team.memory.take(parts * K * C, dtype), np.empty((M, N), dtype)
    memory = scratch(team, block * sum(pitches) + 2 * K, dtype)
    work = Backward(d, x, turned, dv, slopes, partial, dw, size, block, pitches, memory)
    together(team.threads, backward_parts, (strips(turned), parts, SHARES), training_tiles(dtype), work)
    team.memory.give(partial, turned.values, memory)
    return dv, slopes.sum(axis=0), dw


@jit
def backward_parts(tiles: Tiles, work: Backward, job: Job, thread: int) -> None:
    """Claim strips of the weights, then parts, then shares of the sum of their dw, and do them

    -> work.dv, work.slopes, work.dw.
    """
    memory, K = work.scratch[thread], work.x.scale.size
    middle = work.block * work.pitches[0]
    a, d = Scratch(memory, work.pitches[0]), Scratch(memory[middle:], work.pitches[1])
    run = memory[memory.size - 2 * K :]
    while True:
        phase, part = claim(job.state, job.chunks, job.first, thread)
        if phase == job.chunks.size:
            return
        if phase == 0:
            pack_strip(tiles, work.w, part)
        elif phase == 1:
            backward_part(tiles, work, part, (a, d), run)
        else:
            size = K, work.d.gain.size
            add_parts(work.partial, size, work.slopes.shape[0], part, job.chunks[2], work.dw)
        finish(job.state, job.chunks, job.first, phase)


@inner
def backward_part(tiles: Tiles, work: Backward, part: int, room: tuple[Scratch, Scratch], run: Array) -> None:
    """Block by block: x and dz are read, dw, dx, dv -> work.dv, work.slopes, work.partial."""
    apart(tiles.one)
    K, C, (a, d) = work.x.scale.size, work.d.gain.size, room
    dw = work.partial[part * K * C : (part + 1) * K * C]
    begin = part * work.size
    end = min(begin + work.size, work.x.z.size // K)
    run[:] = 0
    for first in range(begin, end, work.block):
        pixels = min(work.block, end - first)
        read(tiles.pixel, work.x, Block(first, pixels, 0, K), a, 0)
        read_gradient(tiles.pixel, work.d, Block(first, pixels, 0, C), d, 0)
        outer_products(tiles, a, d, pixels, dw, (K, C), first > begin)
        if work.w.columns:
            products(tiles, d, pixels, work.w, a, 0)  # x is no longer needed
            mask(tiles.pixel, work.x, Block(first, pixels, 0, K), a, work.dv, run, work.slopes[part])


def block_size(numbers: int) -> int:
    """Pixels of a block, when so many numbers are read and written for each: a multiple of the smallest block."""
    return min(LARGEST_BLOCK, max(1, BLOCK // (numbers * SMALLEST_BLOCK)) * SMALLEST_BLOCK)
