"""A depthwise convolution of a training step: normalised on its way in, summed on its way out.

    B images · H, W rows and columns in · OH, OW out · M channels, C in memory: padded to the vector width · T taps

    x (B, H, W, C), read from the z before it (`normalised.py`)    z (B, OH, OW, C), with the moments for its batch norm
    dz, read from dv and z of the output                           dv of the input, with its slopes    w, dw (KH, KW, M)

A chunk is some images, and some of the channels, `width` of them, band by band (`frames.py`): so a row of a large map
and its neighbours stay in cache. Backward has x and dz of a band at hand, and uses them for both gradients.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import inner, jit
from .claims import claim, finish
from .frames import INPUTS, LAST, OUTPUTS, PRODUCTS, Bands, fill, fill_gradient, table, walk_over
from .moments import Moments, combined
from .normalised import Block, Gradient, Normalised, Scratch, add_moments, mask
from .register_tile import apart
from .shapes import Tiles, lanes, training_tiles
from .taps import tap_products, tap_sums
from .teamwork import Job, Team, scratch, together

Array = NDArray[Any]
Pair = tuple[int, int]
Pads = tuple[int, int, int, int]
Size = tuple[int, int, int]

PARTS = 16  # of the images


class Forward(NamedTuple):
    """w (C/width, T, width); pivots (parts, C), moments (parts, 2, C). images: B, and of a part."""

    x: Normalised
    w: Array
    z: Array
    pivots: Array
    moments: Array
    bands: Bands
    images: Pair
    scratch: Array


class Backward(NamedTuple):
    """dv is empty where it is not wanted. w as above; dw (parts, C/width, T, width)."""

    d: Gradient
    x: Normalised
    w: Array
    dv: Array
    slopes: Array
    dw: Array
    bands: Bands
    images: Pair
    scratch: Array


def depthwise_forward(
    x: Normalised, size: Size, w: Array, stride: Pair, dilation: Pair, pads: Pads, team: Team
) -> tuple[Array, Moments]:
    """`z[b,oy,ox,m] = sum over ky,kx of x[b,iy,ix,m] * w[ky,kx,m]`; the padding around x is zeros.

    Shapes: x.z (B * H * W * C,), size (B, H, W), w (KH, KW, M) -> z (B * OH * OW * C,), its moments (C,).
    """
    B, C, dtype = size[0], x.scale.size, w.dtype
    walk = walk_over(size[1:], w.shape[:2], stride, dilation, pads, C, lanes(dtype))
    width = walk.width
    pixels = walk.dz.height * walk.dz.width
    images = -(-B // PARTS)
    parts = -(-B // images)
    z, pivots, moments = team.memory.take(B * pixels * C, dtype), np.zeros((parts, C), dtype), np.zeros((parts, 2, C))
    memory = scratch(team, walk.x.rows * walk.x.columns * width + 2 * C, dtype)
    work = Forward(x, packed(w, C, width), z, pivots, moments, walk, (B, images), memory)
    together(team.threads, forward_chunks, (parts * (C // width),), training_tiles(dtype), work)
    team.memory.give(memory)
    return z, combined(pivots, moments, pixels * np.minimum(images, B - images * np.arange(parts)))


@jit
def forward_chunks(tiles: Tiles, work: Forward, job: Job, thread: int) -> None:
    """Claim chunks and do them -> work.z, work.pivots, work.moments."""
    memory, C = work.scratch[thread], work.x.scale.size
    frame, run = Scratch(memory, work.bands.width), memory[memory.size - 2 * C :]
    while True:
        phase, chunk = claim(job.state, job.chunks, job.first, thread)
        if phase == job.chunks.size:
            return
        part, strip = divmod(chunk, C // work.bands.width)
        run[:] = 0
        for image in range(part * work.images[1], min((part + 1) * work.images[1], work.images[0])):
            for band in range(work.bands.bands):
                forward_band(tiles, work, (part, image, band, strip), frame, run)
        finish(job.state, job.chunks, job.first, phase)


@inner
def forward_band(tiles: Tiles, work: Forward, at: tuple[int, int, int, int], frame: Scratch, run: Array) -> None:
    """x of a band is read, filtered, summed; at: part, image, band, strip -> work.z, work.pivots, work.moments."""
    apart(tiles.pixel)
    C, width, walk, (part, image, band, strip) = work.x.scale.size, work.bands.width, work.bands, at
    begin, end, rows = strip * width, (strip + 1) * width, rows_of_band(walk.dz.height, walk.rows[0], band)
    if rows == 0:
        return
    fill(tiles.pixel, work.x, walk.x, image, band, (begin, end), frame)
    first = (image * walk.dz.height + band * walk.rows[0]) * walk.dz.width
    w, z = work.w[strip], work.z[first * C + begin :]
    tables = table(walk, OUTPUTS + (0 if rows == walk.rows[0] else LAST))
    tap_sums(tiles.sums, frame.values, w, tables, z, width)
    if band == 0 and image == part * work.images[1]:
        for m in range(width):
            work.pivots[part, begin + m] = z[m]
    block = Block(first, rows * walk.dz.width, begin, end)
    add_moments(tiles.pixel, work.z, C, block, work.pivots[part], run, work.moments[part])


def depthwise_backward(
    d: Gradient,
    x: Normalised,
    size: Size,
    w: Array,
    setting: tuple[Pair, Pair, Pads],
    input_gradient: bool,
    team: Team,
) -> tuple[Array, Array, Array]:
    """`dx[b,iy,ix,m] = sum over ky,kx of dz[b,oy,ox,m] * w[ky,kx,m]`, dv of it, and
    `dw[ky,kx,m] = sum over b,oy,ox of dz[b,oy,ox,m] * x[b,iy,ix,m]`.

    Shapes: d.dv, d.z (B * OH * OW * C,), x.z (B * H * W * C,), w (KH, KW, M), setting: stride, dilation, pads
    -> dv (B * H * W * C,), its slopes (2, C), dw (KH, KW, M). dv is empty if input_gradient is false.
    """
    B, C, dtype = size[0], x.scale.size, w.dtype
    walk, taps = walk_over(size[1:], w.shape[:2], *setting, C, lanes(dtype)), w.shape[0] * w.shape[1]
    width = walk.width
    images = -(-B // PARTS)
    parts = -(-B // images)
    dv, slopes = team.memory.take(x.z.size if input_gradient else 0, dtype), np.zeros((parts, 2, C))
    dw = np.zeros((parts, C // width, taps * width), dtype)
    frames = walk.x.rows * walk.x.columns, walk.dz.rows * walk.dz.columns, walk.rows[1] * walk.x.width
    memory = scratch(team, sum(frames) * width + 2 * C, dtype)
    work = Backward(d, x, packed(w, C, width), dv, slopes, dw, walk, (B, images), memory)
    together(team.threads, backward_chunks, (parts * (C // width),), training_tiles(dtype), work)
    team.memory.give(memory)
    total = dw.sum(axis=0).reshape(C // width, taps, width).transpose(1, 0, 2).reshape(*w.shape[:2], C)
    return dv, slopes.sum(axis=0), np.ascontiguousarray(total[..., : w.shape[2]])


@jit
def backward_chunks(tiles: Tiles, work: Backward, job: Job, thread: int) -> None:
    """Claim chunks and do them -> work.dv, work.slopes, work.dw."""
    memory, C, walk = work.scratch[thread], work.x.scale.size, work.bands
    middle = walk.x.rows * walk.x.columns * work.bands.width
    end = middle + walk.dz.rows * walk.dz.columns * work.bands.width
    x, dz, dx = memory, memory[middle:], memory[end:]
    run = memory[memory.size - 2 * C :]
    while True:
        phase, chunk = claim(job.state, job.chunks, job.first, thread)
        if phase == job.chunks.size:
            return
        part, strip = divmod(chunk, C // work.bands.width)
        run[:] = 0
        for image in range(part * work.images[1], min((part + 1) * work.images[1], work.images[0])):
            for band in range(walk.bands):
                at = (part, image, band, strip)
                backward_outputs(tiles, work, at, x, dz)
                if work.dv.size:
                    backward_inputs(tiles, work, at, (dz, dx), run)
        finish(job.state, job.chunks, job.first, phase)


@inner
def backward_outputs(tiles: Tiles, work: Backward, at: tuple[int, int, int, int], x: Array, dz: Array) -> None:
    """Read x and dz of a band, and add their products to dw; at: part, image, band, strip -> x, dz, work.dw."""
    apart(tiles.pixel)
    width, walk, (part, image, band, strip) = work.bands.width, work.bands, at
    channels, rows = (strip * width, (strip + 1) * width), rows_of_band(walk.dz.height, walk.rows[0], band)
    fill_gradient(tiles.pixel, work.d, walk.dz, image, band, channels, Scratch(dz, width))
    if rows > 0:
        fill(tiles.pixel, work.x, walk.x, image, band, channels, Scratch(x, width))
        tables = table(walk, PRODUCTS + (0 if rows == walk.rows[0] else LAST))
        tap_products(tiles.products, x, work.dw[part, strip], tables, dz, width)


@inner
def backward_inputs(
    tiles: Tiles, work: Backward, at: tuple[int, int, int, int], room: tuple[Array, Array], run: Array
) -> None:
    """dx of a band's inputs, and at once dv; at: part, image, band, strip; room: dz and dx -> work.dv, work.slopes."""
    apart(tiles.pixel)
    width, walk, (part, image, band, strip), (dz, dx) = work.bands.width, work.bands, at, room
    rows = rows_of_band(walk.x.height, walk.rows[1], band)
    if rows == 0:
        return
    tables = table(walk, INPUTS + (0 if rows == walk.rows[1] else LAST))
    tap_sums(tiles.sums, dz, work.w[strip], tables, dx, width)
    first = (image * walk.x.height + band * walk.rows[1]) * walk.x.width
    block = Block(first, rows * walk.x.width, strip * width, (strip + 1) * width)
    mask(tiles.pixel, work.x, block, Scratch(dx, width), work.dv, run, work.slopes[part])


@inner
def rows_of_band(height: int, rows: int, band: int) -> int:
    """Rows of a map that a band of so many really has -> 0 to rows."""
    return max(0, min(rows, height - band * rows))


def packed(w: Array, channels: int, width: int) -> Array:
    """w (KH, KW, M), padded with zeros to C channels -> (C/width, T * width): a frame's channels side by side."""
    taps = w.reshape(-1, w.shape[2])
    wide = np.zeros((len(taps), channels), w.dtype)
    wide[:, : w.shape[2]] = taps
    parts = wide.reshape(len(taps), channels // width, width).transpose(1, 0, 2)
    return np.ascontiguousarray(parts).reshape(channels // width, -1)
