"""Where everything lies in one piece of memory: what is never needed at one time may share a place.

    interval   a size, and the first and last moment at which it is needed
    offset     where it begins; sizes and offsets are whole cache lines

The largest is placed first, and each into the tightest gap between those already there that are needed meanwhile (best
fit). Where that takes more than is ever needed at one moment, the one that sticks out at the top had to wait too long:
it is placed first then, and all others anew. That need not lead to the least memory, but where `live` is met nothing is
less; and for the networks of both papers it is met.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

ATTEMPTS = 20


class Interval(NamedTuple):
    """size in any unit; begin and end are moments, both of which it lives through."""

    size: int
    begin: int
    end: int


def place(intervals: Sequence[Interval]) -> list[int]:
    """An offset for each, such that no two overlap that are needed at one moment."""
    order = sorted(range(len(intervals)), key=lambda i: (-intervals[i].size, intervals[i].begin))
    meeting, found = _meetings(intervals), list[list[int]]()
    for _ in range(ATTEMPTS):
        offsets = _in_order(intervals, order, meeting)
        found.append(offsets)
        if extent(intervals, offsets) == live(intervals):
            break
        top = max(order, key=lambda i: offsets[i] + intervals[i].size)
        order.remove(top)
        order.insert(0, top)
    return min(found, key=lambda offsets: extent(intervals, offsets))


def _meetings(intervals: Sequence[Interval]) -> list[list[int]]:
    """For each interval, those that are needed at some moment with it."""
    found: list[list[int]] = [[] for _ in intervals]
    there: list[int] = []
    for index in sorted(range(len(intervals)), key=lambda i: intervals[i].begin):
        there = [i for i in there if intervals[i].end >= intervals[index].begin]
        for other in there:
            found[index].append(other)
            found[other].append(index)
        there.append(index)
    return found


def _in_order(intervals: Sequence[Interval], order: Sequence[int], meeting: Sequence[Sequence[int]]) -> list[int]:
    """Each into the tightest gap between those before it in the order."""
    offsets: dict[int, int] = {}
    for index in order:
        busy = sorted((offsets[i], offsets[i] + intervals[i].size) for i in meeting[index] if i in offsets)
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
