"""Where everything lies in one piece of memory: what is never needed at one time may share a place.

    interval   a size, and the first and last moment at which it is needed
    offset     where it begins; sizes and offsets are whole cache lines

The largest is placed first, and each into the tightest gap between those already there that are needed meanwhile
(best fit). Largest first leaves the gaps that smaller ones fit into; it is no proof of the least arena, but for a chain
of layers it finds it, and `live` says how much there is to find.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple


class Interval(NamedTuple):
    """size in any unit; begin and end are moments, both of which it lives through."""

    size: int
    begin: int
    end: int

    def meets(self, other: "Interval") -> bool:
        """Whether both are needed at some moment."""
        return self.begin <= other.end and other.begin <= self.end


def place(intervals: Sequence[Interval]) -> list[int]:
    """An offset for each, such that no two overlap that are needed at one moment."""
    offsets: dict[int, int] = {}
    for index in sorted(range(len(intervals)), key=lambda i: (-intervals[i].size, intervals[i].begin)):
        meeting = (i for i in offsets if intervals[i].meets(intervals[index]))
        busy = sorted((offsets[i], offsets[i] + intervals[i].size) for i in meeting)
        offsets[index] = _tightest(busy, intervals[index].size)
    return [offsets[index] for index in range(len(intervals))]


def _tightest(busy: Sequence[tuple[int, int]], size: int) -> int:
    """The beginning of the smallest gap that takes the size; behind everything if none does. busy: in order."""
    found, room, reached = -1, 0, 0
    for start, stop in busy:
        gap = start - reached
        if gap >= size and (found < 0 or gap < room):
            found, room = reached, gap
        reached = max(reached, stop)
    return reached if found < 0 else found


def extent(intervals: Sequence[Interval], offsets: Sequence[int]) -> int:
    """How large the memory must be."""
    return max((offset + each.size for each, offset in zip(intervals, offsets, strict=True)), default=0)


def live(intervals: Sequence[Interval]) -> int:
    """The most that is needed at one moment: no memory is smaller."""
    changes: Counter[int] = Counter()
    for each in intervals:
        changes[each.begin] += each.size
        changes[each.end + 1] -= each.size
    return max(accumulate(changes[moment] for moment in sorted(changes)), default=0)
