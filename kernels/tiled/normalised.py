"""Maps as they were before batch norm, and the loops that make of them what a layer reads.

    P pixels of all images · M channels · C channels in memory: M, padded to the vector width with zeros

    z       a convolution's output, flat: P pixels of C channels
    v       z * scale + shift: the batch norm, with its statistics and its gamma and beta in two numbers per channel
    x       min(max(v, low), high): what the next layer reads
    dx, dv  gradients of x and v; dv is dx where low < v < high, else 0
    dz      dv * gain + z * tilt + offset: batch norm's backward pass, in three numbers per channel

A training step keeps z alone. Whoever needs x or dz makes it, for as many pixels as stay in cache, from z and dv: two
or three instructions for a vector of numbers, while the memory that they save would cost ten times as much.

What batch norm wants to know about all pixels rides on the loop that has them in cache:

    moments    sums of z - pivot and of its square; the pivot is one of the values, so that nothing cancels
    slopes     sums of dv and of dv * (z - mean)

Sums run in the dtype of the arrays over at most RUN pixels, and in float64 from there on.
"""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from ..jit import inlined, inner
from .register_tile import apart, at_least, at_most, load, multiply_add_lanes, repeat, store, zero
from .row_operations import minus, plus, row, scale_shift, times_plus, where_between
from .shapes import TileShape

Array = NDArray[Any]

RUN = 128


class Normalised(NamedTuple):
    """z, and all that it takes to read x: scale, shift and mean (C,), limits (2,)."""

    z: Array
    scale: Array
    shift: Array
    mean: Array
    limits: Array


class Gradient(NamedTuple):
    """dv and z, and all that it takes to read dz: gain, tilt and offset (C,)."""

    dv: Array
    z: Array
    gain: Array
    tilt: Array
    offset: Array


class Block(NamedTuple):
    """The channels from `begin` to `end` of `pixels` pixels from `first` on."""

    first: int
    pixels: int
    begin: int
    end: int


class Scratch(NamedTuple):
    """A thread's own memory; neighbouring pixels lie `pitch` numbers apart."""

    values: Array
    pitch: int


@inner
def read(shape: TileShape, x: Normalised, block: Block, y: Scratch, at: int) -> None:
    """`min(max(z*scale + shift, low), high)`, pixel by pixel of the block -> y from `at` on."""
    apart(shape)
    low, high = x.limits[0], x.limits[1]
    for p in range(block.pixels):
        source = row(shape, (block.first + p) * x.scale.size)
        target = row(shape, at + p * y.pitch - block.begin)
        for m in range(block.begin, block.end, shape.channels):
            v = scale_shift(load(shape, x.z, source, m), x.scale, x.shift, m)
            store(at_most(at_least(v, low), high), y.values, target, m)


@inner
def read_gradient(shape: TileShape, d: Gradient, block: Block, y: Scratch, at: int) -> None:
    """`dv*gain + z*tilt + offset`, pixel by pixel of the block -> y from `at` on."""
    apart(shape)
    for p in range(block.pixels):
        source = row(shape, (block.first + p) * d.gain.size)
        target = row(shape, at + p * y.pitch - block.begin)
        for m in range(block.begin, block.end, shape.channels):
            dz = scale_shift(load(shape, d.z, source, m), d.tilt, d.offset, m)
            store(multiply_add_lanes(dz, d.dv, source, m, d.gain, m), y.values, target, m)


@inner
def add_moments(
    shape: TileShape, z: Array, channels: int, block: Block, pivot: Array, run: Array, sums: Array
) -> None:
    """Sums over the block's pixels of `z - pivot` and of its square: z flat -> added to sums (2, C).

    pivot (C,); run (2 * C,) is room for sums in the dtype of z, all zeros before and after. The sums of some channels
    stay in registers while all pixels pass.
    """
    apart(shape)
    for start in range(0, block.pixels, RUN):
        for m in range(block.begin, block.end, shape.channels):
            total, squares = zero(shape), zero(shape)
            for p in range(start, min(start + RUN, block.pixels)):
                distance = minus(load(shape, z, row(shape, (block.first + p) * channels), m), pivot, m)
                total, squares = plus(total, distance), times_plus(distance, distance, squares)
            keep(shape, total, squares, run, m, channels)
        flush(run, block, sums)


@inner
def mask(shape: TileShape, x: Normalised, block: Block, dx: Scratch, dv: Array, run: Array, sums: Array) -> None:
    """dv becomes dx where low < v < high, else 0; the sums of `dv` and of `dv * (z - mean)` are added to sums (2, C).

    Shapes: dx the block's pixels, dv flat like x.z; run (2 * C,) as in `add_moments` -> dv, sums.
    """
    apart(shape)
    channels = x.scale.size
    for start in range(0, block.pixels, RUN):
        for m in range(block.begin, block.end, shape.channels):
            scale, shift = repeat(shape, x.scale, m), repeat(shape, x.shift, m)
            total, products = zero(shape), zero(shape)
            for p in range(start, min(start + RUN, block.pixels)):
                target = row(shape, (block.first + p) * channels)
                z = load(shape, x.z, target, m)
                inside = times_plus(z, scale, shift)
                kept = where_between(inside, x.limits, dx.values, row(shape, p * dx.pitch - block.begin), m)
                store(kept, dv, target, m)
                total, products = plus(total, kept), times_plus(minus(z, x.mean, m), kept, products)
            keep(shape, total, products, run, m, channels)
        flush(run, block, sums)


@inlined
def keep(shape: TileShape, first: Any, second: Any, run: Array, m: int, channels: int) -> None:
    """Two sums of some channels, from m on. Shapes: first and second are tiles -> run (2 * C,)."""
    store(first, run, row(shape, m), 0)
    store(second, run, row(shape, channels + m), 0)


@inner
def flush(run: Array, block: Block, sums: Array) -> None:
    """Add the sums of a run of pixels, run (2 * C,), to those in float64, sums (2, C) -> run is all zeros again."""
    channels = sums.shape[1]
    for i in range(2):
        for m in range(block.begin, block.end):
            sums[i, m] += run[i * channels + m]
            run[i * channels + m] = 0
