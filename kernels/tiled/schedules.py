"""How a block is cut into chunks, bands, slabs and depths (`block.py` says what these are): a matter of speed alone.

    OH, OW output rows and columns · D channels of the depthwise filter

A schedule depends on shapes, never on the number of threads, and so do the results.
"""

from collections.abc import Iterator
from typing import NamedTuple


class Schedule(NamedTuple):
    """How a block is cut: see `block.py`. rings: for how many slabs; 0 where the filter goes over the input itself."""

    bands: int
    groups: int
    rows: int
    slab: int
    depth: int
    rings: int = 1


SLAB = 32  # channels whose few rows stay in a first-level cache from when they are filled until they were filtered


def schedules(OH: int, OW: int, D: int, expands: bool, projects: bool, direct: bool = False) -> Iterator[Schedule]:
    """The fastest first, then others that hold less and less. direct: the filter can go over the map as it lies.

    More bands are more work where something expands: each fills two rows that its neighbours fill too.
    """
    if not projects:
        bands, rows = min(OH, 8), min(OH, 4)
        if direct and not expands:
            yield Schedule(bands, 1, rows, D, D, 0)
        yield Schedule(bands, 1, rows, min(D, 64), D)
        yield Schedule(bands, 1, 1, min(D, 32), D)
    elif expands:
        yield from _expanding(OH, OW, D)
    else:
        bands = min(OH, 4 if OW > 28 else 2)
        for rows in (min(OH, max(4, 56 // OW)), 1):
            yield Schedule(bands, 1, rows, D, D, 0) if direct else _by_bands(bands, rows, D)
        if not direct:
            yield Schedule(bands, 1, 1, min(D, 64), D)


def _expanding(OH: int, OW: int, D: int) -> Iterator[Schedule]:
    if OW <= 20:
        yield from _by_slabs(OH, OW, D)
    rows = max(1, 112 // OW)
    while OW > 20 and rows > 1:
        yield _by_bands(2, rows, D)
        rows //= 2
    yield _by_bands(min(OH, 2), 1, D)


def _by_bands(bands: int, rows: int, D: int) -> Schedule:
    """A few rows of all channels, slab by slab, each of which has a ring of its own."""
    slab = min(D, SLAB)
    return Schedule(bands, 1, rows, slab, D, -(-D // slab))


def _by_slabs(OH: int, OW: int, D: int) -> Iterator[Schedule]:
    """All rows of some channels: half of all are projected together, or only those of a slab."""
    slab = min(D, 48 if OW > 7 else 96)
    slabs = -(-D // slab)
    groups = min(2, slabs)
    yield Schedule(1, groups, OH, slab, -(-slabs // groups) * slab)
    while slab >= 16:
        yield Schedule(1, min(2, -(-D // slab)), OH, slab, slab)
        slab = slab // 32 * 16
