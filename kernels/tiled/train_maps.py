"""Whole maps of a training step, where nothing rides on a convolution: what other layers want as plain arrays.

    P pixels of all images · C channels in memory

    values      x of a map that is kept as z               masked     dv of dx, with its slopes
    moments     of a z that another kernel computed        gradient   dz, from dv and z
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import inner, jit
from .claims import claim, finish
from .moments import Moments, combined
from .normalised import Block, Gradient, Normalised, Scratch, add_moments, mask, read, read_gradient
from .shapes import TileShape, lanes, training_tiles
from .teamwork import Job, Team, part_size, scratch, together

Array = NDArray[Any]

PARTS = 32
LEAST_PIXELS = 128  # of a part


class Sums(NamedTuple):
    """Of each part: pivots (parts, C), sums (parts, 2, C)."""

    pivots: Array
    sums: Array


def values(x: Normalised, team: Team) -> Array:
    """x as numbers. Shapes: x.z (P * C,) -> (P * C,)."""
    y, size, parts = _room(x.z, x.scale.size, team)
    together(team.threads, read_parts, (parts,), training_tiles(y.dtype).pixel, x, y, size)
    return y


@jit
def read_parts(shape: TileShape, x: Normalised, y: Array, size: int, job: Job, thread: int) -> None:
    """Claim parts of `size` pixels, and read x -> y flat."""
    C = x.scale.size
    while True:
        phase, part = claim(job.state, job.chunks, job.first, thread)
        if phase == job.chunks.size:
            return
        first, pixels = range_of(part, size, y.size // C)
        read(shape, x, Block(first, pixels, 0, C), Scratch(y, C), first * C)
        finish(job.state, job.chunks, job.first, phase)


def gradient(d: Gradient, team: Team) -> Array:
    """dz as numbers. Shapes: d.z (P * C,) -> (P * C,)."""
    dz, size, parts = _room(d.z, d.gain.size, team)
    together(team.threads, gradient_parts, (parts,), training_tiles(dz.dtype).pixel, d, dz, size)
    return dz


@jit
def gradient_parts(shape: TileShape, d: Gradient, dz: Array, size: int, job: Job, thread: int) -> None:
    """Claim parts of `size` pixels, and read dz -> dz flat."""
    C = d.gain.size
    while True:
        phase, part = claim(job.state, job.chunks, job.first, thread)
        if phase == job.chunks.size:
            return
        first, pixels = range_of(part, size, dz.size // C)
        read_gradient(shape, d, Block(first, pixels, 0, C), Scratch(dz, C), first * C)
        finish(job.state, job.chunks, job.first, phase)


def masked(x: Normalised, dx: Array, team: Team) -> tuple[Array, Array]:
    """dv from dx. Shapes: x.z, dx (P * C,) -> dv (P * C,), its slopes (2, C)."""
    dv, size, parts = _room(x.z, x.scale.size, team)
    slopes, runs = np.zeros((parts, 2, x.scale.size)), scratch(team, 2 * x.scale.size, dv.dtype)
    together(team.threads, mask_parts, (parts,), training_tiles(dv.dtype).pixel, x, dx, dv, slopes, size, runs)
    team.memory.give(runs)
    return dv, slopes.sum(axis=0)


@jit
def mask_parts(
    shape: TileShape, x: Normalised, dx: Array, dv: Array, slopes: Array, size: int, runs: Array, job: Job, thread: int
) -> None:
    """Claim parts of `size` pixels, and mask dx -> dv flat, slopes (parts, 2, C)."""
    C, run = x.scale.size, runs[thread]
    while True:
        phase, part = claim(job.state, job.chunks, job.first, thread)
        if phase == job.chunks.size:
            return
        first, pixels = range_of(part, size, dv.size // C)
        run[:] = 0
        mask(shape, x, Block(first, pixels, 0, C), Scratch(dx[first * C :], C), dv, run, slopes[part])
        finish(job.state, job.chunks, job.first, phase)


def moments(z: Array, channels: int, team: Team) -> Moments:
    """Mean and variance of each channel. Shapes: z (P * C,) -> (C,)."""
    pixels, size = _parts_of(z, channels)
    first = np.arange(0, pixels, size)
    sums = Sums(z.reshape(pixels, channels)[first], np.zeros((first.size, 2, channels)))
    runs = scratch(team, 2 * channels, z.dtype)
    together(team.threads, moment_parts, (first.size,), training_tiles(z.dtype).pixel, z, sums, size, runs)
    team.memory.give(runs)
    return combined(*sums, np.minimum(size, pixels - first))


@jit
def moment_parts(shape: TileShape, z: Array, found: Sums, size: int, runs: Array, job: Job, thread: int) -> None:
    """Claim parts of `size` pixels, and sum z - pivot and its square -> found.sums."""
    C = found.pivots.shape[1]
    run = runs[thread, : 2 * C]
    while True:
        phase, part = claim(job.state, job.chunks, job.first, thread)
        if phase == job.chunks.size:
            return
        first, pixels = range_of(part, size, z.size // C)
        run[:] = 0
        add_moments(shape, z, C, Block(first, pixels, 0, C), found.pivots[part], run, found.sums[part])
        finish(job.state, job.chunks, job.first, phase)


@inner
def range_of(part: int, size: int, pixels: int) -> tuple[int, int]:
    """The first pixel of a part, and how many it has: -> first, pixels."""
    return part * size, min(size, pixels - part * size)


def _room(like: Array, channels: int, team: Team) -> tuple[Array, int, int]:
    """Memory for a result, pixels of a part, and how many parts there are."""
    pixels, size = _parts_of(like, channels)
    return team.memory.take(like.size, like.dtype), size, -(-pixels // size)


def _parts_of(like: Array, channels: int) -> tuple[int, int]:
    """Pixels, and how many of them a part has. ValueError for channels that loops over whole vectors would overrun."""
    if channels % lanes(like.dtype):
        raise ValueError(f"{channels} channels in memory are not a multiple of {lanes(like.dtype)}, the vector width")
    pixels = like.size // channels
    return pixels, part_size(pixels, PARTS, LEAST_PIXELS)
