"""How large a register tile is, and which sizes suit this processor.

    lanes      numbers in one vector register: 16, 8 or 4 float32, half as many float64
    rows       of the tile: output pixels, or inputs of a filter's gradient
    vectors    of a row: vectors * lanes output channels

A tile's rows * vectors sums must be many enough to hide the latency of a multiply-add, and leave registers for
`vectors` vectors of weights and one scalar. (`python benchmarks/tiles.py --shapes` tries others.)
"""

import functools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import DTypeLike

from ..cache import processor


@dataclass(frozen=True)
class TileShape:
    """rows x vectors registers of `lanes` numbers each; dtype "float32" or "float64".

    Of rows that slide: neighbours lie `stride` input pixels apart, and each meets `taps` pixels.
    halved: of each row's last vector only the first half is there, and two rows have one register for theirs.
    """

    rows: int
    vectors: int
    lanes: int
    dtype: str
    stride: int = 1
    taps: int = 1
    halved: bool = False

    @property
    def channels(self) -> int:
        """Numbers in one row of the tile, counting whole vectors."""
        return self.vectors * self.lanes

    @property
    def line(self) -> int:
        """Numbers in a cache line."""
        return 64 // np.dtype(self.dtype).itemsize

    @property
    def widths(self) -> tuple[int, ...]:
        """Registers of each row; one that two rows share counts with the first."""
        return tuple(self.vectors - (r % 2 if self.halved else 0) for r in range(self.rows))

    @property
    def registers(self) -> int:
        """Of all rows."""
        return sum(self.widths)


class Vectors(NamedTuple):
    """A processor's vector registers, by a feature that says it has them; `lanes` for float32."""

    feature: str
    lanes: int
    registers: int


VECTORS = (Vectors("+avx512f", 16, 32), Vectors("+avx", 8, 16), Vectors("+neon", 4, 32))
SSE2 = Vectors("", 4, 16)  # which every x86-64 has; and small enough for all others

# registers -> vectors of a row -> rows. With one vector to a row, each row's address needs a register too.
MATRIX_ROWS = {32: {1: 12, 2: 12, 3: 8}, 16: {1: 8, 2: 6}}
DEPTHWISE_ROWS = 8  # one vector to a row: no weight is shared between channels
TAP_ROWS = 9  # a 3x3 filter's gradient in one tile


def vectors(features: str) -> Vectors:
    """The best registers among a processor's features, as LLVM writes them: "+avx2,-avx512f"."""
    present = features.split(",")
    return next((each for each in VECTORS if each.feature in present), SSE2)


@functools.cache
def vectors_here() -> Vectors:
    """Those of the processor that Numba compiles for; it does not change while a process runs."""
    return vectors(processor()[2])


def lanes(dtype: DTypeLike) -> int:
    """How many numbers of float32 or float64 one of this processor's registers holds."""
    return vectors_here().lanes * 4 // np.dtype(dtype).itemsize


def padded(channels: int, dtype: DTypeLike) -> int:
    """Channels in memory: the next multiple of the vector width."""
    width = lanes(dtype)
    return -(-channels // width) * width


class Strips(NamedTuple):
    """`tiles` tiles of one shape side by side, which cover the channels from `channel` on."""

    shape: TileShape
    tiles: int
    channel: int


def matrix_strips(channels: int, dtype: DTypeLike) -> list[Strips]:
    """Tiles that cover the channels: as few as possible, as even as possible, the wide ones first (as `strip_of`)."""
    rows, width = MATRIX_ROWS[vectors_here().registers], lanes(dtype)
    needed = -(-channels // width)
    tiles = -(-needed // max(rows))
    narrow, wider = divmod(needed, max(tiles, 1))
    found, channel = [], 0
    for size, count in ((narrow + 1, wider), (narrow, tiles - wider)):
        if count:
            found.append(Strips(TileShape(rows[size], size, width, np.dtype(dtype).name), count, channel))
            channel += count * size * width
    return found


def depthwise_shape(dtype: DTypeLike) -> TileShape:
    """Rows are output pixels."""
    return TileShape(DEPTHWISE_ROWS, 1, lanes(dtype), np.dtype(dtype).name)


def taps_shape(dtype: DTypeLike) -> TileShape:
    """Rows are taps of a depthwise filter."""
    return TileShape(TAP_ROWS, 1, lanes(dtype), np.dtype(dtype).name)


class Rows(NamedTuple):
    """Three tiles of a width. Where `short` is a row shorter than `tall`, nearly every number of pixels is so many of
    the one and so many of the other. What is left of others goes by `few`: one row would take as long, waiting for
    itself.
    """

    tall: TileShape
    short: TileShape
    few: TileShape


class Widths(NamedTuple):
    """Tiles of one, two and three vectors to a row."""

    one: Rows
    two: Rows
    three: Rows
    lanes: int


class Slides(NamedTuple):
    """Tiles that slide over the taps of a depthwise filter: rows of output pixels, one vector of channels.

    long_, middling_ and short have three taps to a line, and stride 1 or 2; long and single take any filter, tap by
    tap.
    """

    long_1: TileShape
    long_2: TileShape
    middling_1: TileShape
    middling_2: TileShape
    short: TileShape
    long: TileShape
    single: TileShape


class Shapes(NamedTuple):
    """All tiles of a program, and others for channels that do not fill the last vector.

    halved: products whose last vector is half a one, of which two rows fill one register: a multiply-add takes as long
    for half a register as for a whole one. half_slides: of half vectors, for what whole ones leave.
    """

    products: Widths
    slides: Slides
    halved: Widths
    half_slides: Slides


@dataclass(frozen=True)
class Tiles:
    """The shapes of a training step's tiles, as one argument of a kernel.

    three, two, one: vectors to a row, for matrix products. sums, products: of a depthwise filter, see above.
    pixel: one vector, for what is done with a map as it lies in memory. Processors fetch ahead of a loop that reads one
    line after another: with four pixels at a time large maps took twice as long.
    """

    three: TileShape
    two: TileShape
    one: TileShape
    pixel: TileShape
    sums: TileShape
    products: TileShape


# registers -> vectors of a row -> rows of the taller tile. The wider, the fewer numbers are read for each multiply-add.
PRODUCT_ROWS = {32: {1: 12, 2: 8, 3: 8}, 16: {1: 8, 2: 6, 3: 4}}
WIDEST = 3
FEW = 3
SLIDE_ROWS = (7, 4)
GRANULE = 32  # bytes: channels in a program's memory are padded to this


def strip_of(vectors: int, i: int) -> tuple[int, int]:
    """Which of so many vectors strip i of a panel begins with, and how many it has.

    There are as few strips as possible, as even as possible, the wide ones first.
    """
    strips = -(-vectors // WIDEST)
    wider = vectors % strips
    return vectors // strips * i + min(i, wider), vectors // strips + (1 if i < wider else 0)


def granule(dtype: DTypeLike) -> int:
    """Channels in a program's memory are a multiple of this: a vector, or half of one that is longer than 32 bytes."""
    return min(lanes(dtype), GRANULE // np.dtype(dtype).itemsize)


def program_channels(channels: int, dtype: DTypeLike) -> int:
    """Channels in a program's memory."""
    return -(-channels // granule(dtype)) * granule(dtype)


@functools.cache
def program_shapes(dtype: DTypeLike) -> Shapes:
    """Those for this processor."""
    name, whole, half = np.dtype(dtype).name, lanes(dtype), granule(dtype)
    halved = _widths(name, whole, halved=half < whole)
    few = SLIDE_ROWS if half == whole else (SLIDE_ROWS[0],) * 2  # of half ones: for few channels, and compiled as well
    return Shapes(_widths(name, whole), _slides(name, whole, SLIDE_ROWS), halved, _slides(name, half, few))


def _widths(dtype: str, width: int, halved: bool = False) -> Widths:
    def rows(vectors: int) -> Rows:
        tall = PRODUCT_ROWS[vectors_here().registers][vectors]
        short = tall if halved else tall - 1  # of halved ones, which are rarer, there is one less to compile
        return Rows(*(TileShape(height, vectors, width, dtype, halved=halved) for height in (tall, short, FEW)))

    return Widths(rows(1), rows(2), rows(3), width)


def _slides(dtype: str, width: int, rows_of_tiles: tuple[int, int]) -> Slides:
    long, middling = rows_of_tiles

    def shape(rows: int, stride: int = 1, taps: int = 3) -> TileShape:
        return TileShape(rows, 1, width, dtype, stride, taps)

    nine = (shape(long), shape(long, 2), shape(middling), shape(middling, 2), shape(1))
    return Slides(*nine, shape(long, taps=1), shape(1, taps=1))


@functools.cache
def training_tiles(dtype: DTypeLike) -> Tiles:
    """Those for this processor."""
    rows, width, name = PRODUCT_ROWS[vectors_here().registers], lanes(dtype), np.dtype(dtype).name
    three, two, one = (TileShape(rows[vectors], vectors, width, name) for vectors in (3, 2, 1))
    return Tiles(three, two, one, TileShape(1, 1, width, name), depthwise_shape(dtype), taps_shape(dtype))
