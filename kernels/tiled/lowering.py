"""From a layer to rows of a program's table: its columns, its packed weights, its tables of offsets, its scratch.

    matrix    pointwise and dense layers          window    standard convolutions
    block     bottlenecks, with or without expansion and projection         mean, add

Everything is known but addresses: where maps, scratch, weights and tables lie is decided by who builds the program.
How blocks are cut into chunks, bands and slabs is in `schedules.py`.

    K, M channels in · D channels of the depthwise filter · N channels out · KH, KW taps
    sizes count numbers; channels in memory are padded to `granule` (`shapes.py`), with zeros

steps: from pixel to pixel in memory, of the input and of the output; by default their channels, padded.
Weights and biases come as the plain kernels want them. A bias of None is zeros. Limits (low, high) clamp a result;
UNLIMITED for none. Everything here is Python and NumPy.
"""

from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from .program import ADD, BLOCK, MATRIX, MEAN, REDUCE, WINDOW
from .schedules import Schedule, schedules
from .shapes import WIDEST, lanes, padded, program_channels, strip_of
from .sliding import Array, Pair, Row, Slide, Sliding, offsets

Limits = tuple[float, float]
UNLIMITED = (-inf, inf)


class Part(NamedTuple):
    """One layer of a block: expand (K, D) or (KH, KW, K, D), depthwise (KH, KW, D) or project (D, N)."""

    w: Array
    bias: Array | None
    limits: Limits


@dataclass(frozen=True)
class Lowered:
    """One operation of a program, but for its addresses.

    rows     of the table: column -> number
    weights  column -> packed numbers, whose address goes there
    tables   column -> offsets (int64), whose address goes there
    scratch  numbers that each thread needs       shared   numbers that all threads share
    """

    rows: list[Row]
    weights: dict[str, Array]
    tables: dict[str, Array]
    scratch: int = 0
    shared: int = 0


def pack(w: Array, rows: int, slab: int = 0) -> Array:
    """w (K, N) as panels -> flat. Rows are padded to `rows`, columns to whole vectors; slabs of columns stand apart."""
    K, N = w.shape
    wide = np.zeros((rows, padded(N, w.dtype)), w.dtype)
    wide[:K, :N] = w
    step = padded(slab, w.dtype) or wide.shape[1]
    return np.concatenate([_panels(wide[:, n : n + step]) for n in range(0, wide.shape[1], step)])


def _panels(w: Array) -> Array:
    """The strips of `products.py`, each row by row."""
    width = lanes(w.dtype)
    N = w.shape[1]
    strips = (strip_of(N // width, i) for i in range(-(-N // (width * WIDEST))))
    return np.concatenate([w[:, first * width : (first + size) * width].ravel() for first, size in strips])


def vector(bias: Array | None, channels: int, dtype: DTypeLike) -> Array:
    """A bias with zeros for padded channels, of which there are so many that all vectors are whole."""
    found = np.zeros(padded(channels, dtype), dtype)
    if bias is not None:
        found[: bias.size] = bias
    return found


def _limits(name: str, limits: Limits) -> Row:
    return {f"{name}_low": limits[0], f"{name}_high": limits[1]}


SECOND_LEVEL = 1 << 20  # bytes of a cache: a map that is larger comes from farther away
MANY_PIXELS = 512  # enough for eight bands
NO_RUNS = np.zeros(1, np.int64)  # of a window that is one run


def matrix(pixels: int, w: Array, bias: Array | None, limits: Limits, steps: Pair | None = None) -> Lowered:
    """Pointwise and dense layers: `pixels` rows of K numbers times w (K, N)."""
    K, N = w.shape
    columns = program_channels(N, w.dtype)
    channels, step = steps or (program_channels(K, w.dtype), columns)
    bands, groups, slab = _divided(pixels, 8, columns, w.dtype)
    rows = max(1, min(-(-pixels // bands), 32768 // channels))
    row: Row = {
        "kind": MATRIX,
        "pixels": pixels,
        "channels": channels,
        "inputs": K,
        "out_channels": columns,
        "out_step": step,
        "bands": bands,
        "groups": groups,
        "chunks": bands * groups,
        "rows": rows,
        "slab": slab,
        **_limits("project", limits),
    }
    tables = {"y_t": offsets(1, rows, 0, step), "window_t": NO_RUNS}
    weights = {"project_w": pack(w, K, slab), "project_b": vector(bias, N, w.dtype)}
    return Lowered([row], weights, tables)


def _divided(pixels: int, most: int, columns: int, dtype: DTypeLike) -> tuple[int, int, int]:
    """Bands of pixels, at most so many, groups of columns, columns of a group. Few pixels are not divided."""
    if pixels >= MANY_PIXELS:
        return most, 1, columns
    strip = WIDEST * lanes(dtype)
    groups = min(8, -(-columns // strip))
    slab = -(-columns // (groups * strip)) * strip
    return 1, -(-columns // slab), slab


def window(
    images: int,
    in_hw: Pair,
    w: Array,
    bias: Array | None,
    limits: Limits,
    slide: Slide,
    steps: Pair | None = None,
) -> Lowered:
    """A standard convolution: w (KH, KW, M, N) on maps of (H, W, M)."""
    KH, KW, M, N = w.shape
    sliding = Sliding(in_hw, (KH, KW), slide)
    OH, OW, columns = *sliding.outputs, program_channels(N, w.dtype)
    channels, step = steps or (program_channels(M, w.dtype), columns)
    pitch = sliding.columns * M
    # Rows whose lines are gathered together, of which neighbours have some in common; each is a product.
    rows = max(1, min(OH, 24 // OW + 1, 16384 // (pitch * slide.stride[0]) if OW < 24 else 1))
    bands, groups, slab = _divided(OH * OW, min(OH, 8), columns, w.dtype)
    row: Row = {
        "kind": WINDOW,
        **sliding.row,
        **sliding.runs(M),
        "channels": channels,
        "inputs": M,
        "out_channels": columns,
        "out_step": step,
        "bands": bands,
        "groups": groups,
        "chunks": images * bands * groups,
        "rows": rows,
        "slab": slab,
        "pitch": pitch,
        **_limits("project", limits),
    }
    tables = {
        "y_t": offsets(1, OW, 0, step),
        "window_t": sliding.run_offsets(M),
    }
    matrix_of_w = w.reshape(KH * KW * M, N)
    weights = {"project_w": pack(matrix_of_w, KH * KW * M, slab), "project_b": vector(bias, N, w.dtype)}
    return Lowered([row], weights, tables, scratch=sliding.lines(rows) * pitch)


def block(
    images: int,
    in_hw: Pair,
    channels: int,
    slide: Slide,
    depthwise: Part,
    expand: Part | None = None,
    project: Part | None = None,
    room: int | None = None,
    stem: Slide | None = None,
    steps: Pair | None = None,
) -> Lowered:
    """Expansion (K, D), depthwise filter (KH, KW, D) and projection (D, N) as one operation; channels: of the input.

    room: numbers of scratch that each thread may have, if that is possible; what is shared counts too.
    stem: where the expansion is a standard convolution (KH, KW, K, D), how it goes over the input.
    """
    dtype = depthwise.w.dtype
    KH, KW, filtered = depthwise.w.shape
    first = Sliding(in_hw, expand.w.shape[:2], stem) if expand and stem else None
    sliding = Sliding(first.outputs if first else in_hw, (KH, KW), slide)
    OH, OW = sliding.outputs
    D = program_channels(filtered, dtype)
    N = program_channels(project.w.shape[1], dtype) if project else D
    step, out_step = steps or (program_channels(channels, dtype), N)

    def held(plan: Schedule) -> tuple[int, int, int]:
        """Lines of a ring, scratch of a thread, numbers that threads share."""
        ring = sliding.lines(plan.rows)
        rings = plan.rings * ring * sliding.columns * plan.slab if plan.rings else lanes(dtype)
        scratch = rings + (plan.rows * OW * plan.depth if project else 0)
        scratch += first.lines(ring) * first.columns * channels if first else 0
        return ring, scratch, plan.groups * images * OH * OW * out_step if plan.groups > 1 else 0

    for plan in schedules(OH, OW, D, expand is not None, project is not None, sliding.direct):
        ring, scratch, shared = held(plan)
        if room is None or scratch + shared // 2 <= room:
            break
    row: Row = {
        "kind": BLOCK,
        **sliding.row,
        "channels": step,
        "inputs": channels,
        "out_channels": N,
        "out_step": out_step,
        "pixels": images * OH * OW,
        "expanded": D,
        "filtered": filtered,
        "bands": plan.bands,
        "groups": plan.groups,
        "chunks": images * plan.bands * plan.groups,
        "rows": plan.rows,
        "slab": plan.slab,
        "depth": plan.depth,
        "rings": plan.rings,
        "ring": ring,
        "fetches": plan.rings == 0 and images * in_hw[0] * in_hw[1] * step * dtype.itemsize > SECOND_LEVEL,
        "pitch": sliding.columns * plan.slab,
        "expand_w": -1,
        "project_w": -1,
        **_limits("expand", expand.limits if expand else UNLIMITED),
        **_limits("depthwise", depthwise.limits),
        **_limits("project", project.limits if project else UNLIMITED),
    }
    taps = np.zeros((KH * KW, D), dtype)
    taps[:, :filtered] = depthwise.w.reshape(KH * KW, -1)
    weights = {"depthwise_w": taps.ravel(), "depthwise_b": vector(depthwise.bias, filtered, dtype)}
    tables = {"window_t": NO_RUNS}
    if expand:
        w = expand.w.reshape(-1, expand.w.shape[-1])
        weights |= {"expand_w": pack(w, len(w), plan.slab), "expand_b": vector(expand.bias, D, dtype)}
        tables["slab_t"] = offsets(ring, sliding.inside, sliding.columns * plan.slab, plan.slab)
        if first:
            row |= _stem(first, channels, step)
            tables["window_t"] = first.run_offsets(channels)
        else:
            row |= {"runs": 1, "length": channels}
    if project:
        weights |= {"project_w": pack(project.w, D), "project_b": vector(project.bias, N, dtype)}
        tables["y_t"] = offsets(1, plan.rows * OW, 0, out_step)
    if plan.groups == 1:
        return Lowered([row], weights, tables, scratch)
    reduce = row | {"kind": REDUCE, "bands": min(8, images * OH), "chunks": min(8, images * OH)}
    return Lowered([row, reduce], weights, tables, scratch, shared)


def _stem(first: Sliding, channels: int, step: int) -> Row:
    """Columns of a block whose expansion goes over its input."""
    return first.runs(channels) | {
        "stem_height": first.size[0],
        "stem_width": first.size[1],
        "stem_channels": step,
        "stem_inputs": channels,
        "stem_stride_y": first.slide.stride[0],
        "stem_stride_x": first.slide.stride[1],
        "stem_top": first.slide.pads[0],
        "stem_left": first.left,
        "stem_columns": first.inside,
        "stem_lines": first.lines(1),
        "stem_pitch": first.columns * channels,
    }


def mean(images: int, pixels: int, channels: int, dtype: DTypeLike) -> Lowered:
    """Global average pool: the means over `pixels` pixels of each image."""
    row: Row = {"kind": MEAN, "pixels": pixels, "channels": program_channels(channels, dtype), "chunks": images}
    return Lowered([row], {"project_w": np.full(1, 1 / pixels, dtype)}, {"window_t": NO_RUNS})


def add(pixels: int, channels: int, limits: Limits, dtype: DTypeLike) -> Lowered:
    """x + residual, clamped."""
    bands = max(1, min(8, pixels // 64))
    step = program_channels(channels, dtype)
    row: Row = {"kind": ADD, "pixels": pixels, "channels": step, "bands": bands, "chunks": bands}
    return Lowered([row | _limits("project", limits)], {}, {"window_t": NO_RUNS})
