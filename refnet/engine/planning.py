"""How long each value of a program is needed, and where it lies in the arena meanwhile.

    moment      operation i works at 2i and 2i + 1: a fast one reads and writes at once, so it holds inputs and output
                through both; a plain one has read all by 2i and stores its result at 2i + 1, perhaps onto an input
    working     what an operation holds only while it works: scratch of each thread, and what threads share

The images are there from the beginning (moment -1) and the outputs to the end; values that are one memory, such as a
map and the same map flattened, are one interval.
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import NamedTuple

from ..graph import Graph
from .arena import Interval, extent, live, place
from .matching import Operation
from .values import Layout, Place

LINE = 64  # bytes: everything begins on a cache line
FEW_SETS = 512  # bytes: pixels so far apart, or a multiple of it, come into each other's way in a cache
MORE = 1.2  # times what maps need; the promise is 1.25 for V2, whose maps have no line more, and gaps count too


class Working(NamedTuple):
    """Numbers that an operation holds while it works. scratch: of each thread."""

    scratch: int = 0
    shared: int = 0


class Plan(NamedTuple):
    """Offsets in numbers. scratch, shared: of each operation, -1 for none. least: no arena is smaller than this."""

    places: dict[str, Place]
    scratch: tuple[int, ...]
    shared: tuple[int, ...]
    size: int
    least: int


def layouts(net: Graph, operations: Sequence[Operation], batch: int, group: int, itemsize: int) -> dict[str, Layout]:
    """Value -> how it lies: channels are padded to a multiple of `group` where fast kernels read or write it.

    What a depthwise filter alone goes over has a cache line more, where pixels would lie a multiple of FEW_SETS apart.
    """
    roots = owners(net, operations)
    roomy = {roots[name] for each in operations if each.fast for name in (*_vectors_read(each), each.output)}
    filtered = _filtered(net, operations, roots)
    found = {}
    for name in roots:
        shape = (batch, *net.shapes[name])
        room = up(shape[-1], group) if roots[name] in roomy else shape[-1]
        if name in filtered and room * itemsize % FEW_SETS == 0:
            room += LINE // itemsize
        found[name] = Layout(shape, room)
    return found


def _filtered(net: Graph, operations: Sequence[Operation], roots: Mapping[str, str]) -> set[str]:
    """The values that fast operations write, and depthwise filters go over, and nothing else reads or adds.

    Where in a first-level cache a line may be is decided by its address modulo 4096. Pixels 512 bytes apart have an
    eighth of all places, 2048 bytes apart two in 64: too few for the three rows that a filter goes over again.
    """
    written, others = set(), list(net.outputs)
    for each in operations:
        if each.kind in ("matrix", "window", "block") and not each.shortcut:
            written.add(each.output)
        others += each.inputs[1:] if each.begins == "depthwise" else each.inputs
    return written - {roots[name] for name in others}


def _vectors_read(operation: Operation) -> tuple[str, ...]:
    """The values of which whole vectors are read. A window reads single numbers: images stay as narrow as they are."""
    return operation.inputs if operation.begins != "window" else operation.inputs[1:]


def owners(net: Graph, operations: Sequence[Operation]) -> dict[str, str]:
    """Value -> the value whose memory it is: itself, or what an alias was made of."""
    found = {name: name for name in net.inputs}
    for each in operations:
        found[each.output] = found[each.inputs[0]] if each.kind == "alias" else each.output
    return found


def plan(
    net: Graph,
    operations: Sequence[Operation],
    lying: Mapping[str, Layout],
    working: Sequence[Working],
    threads: int,
    itemsize: int,
) -> Plan:
    """Where everything lies. working: for each operation."""
    line = LINE // itemsize
    roots = owners(net, operations)
    lives = lifetimes(net, operations, roots)
    intervals: dict[str | tuple[str, int], Interval] = {
        name: Interval(up(lying[name].numbers, line), *lives[name]) for name in lives
    }
    for at, each in enumerate(working):
        for what, numbers in (("scratch", threads * up(each.scratch, line)), ("shared", up(each.shared, line))):
            if numbers:
                intervals[what, at] = Interval(numbers, 2 * at, 2 * at + 1)
    listed = list(intervals.values())
    found = place(listed)
    offsets = dict(zip(intervals, found, strict=True))
    places = {name: Place(offsets[root], lying[name]) for name, root in roots.items() if root in offsets}
    scratch = tuple(offsets.get(("scratch", at), -1) for at in range(len(working)))
    shared = tuple(offsets.get(("shared", at), -1) for at in range(len(working)))
    return Plan(places, scratch, shared, extent(listed, found), live(listed))


def rooms(net: Graph, operations: Sequence[Operation], lying: Mapping[str, Layout]) -> list[int]:
    """For each operation, numbers that a thread may hold inside, if two are not to need much more than the maps do.

    V2's M(G) is what the maps of the largest operation need; a quarter of that is left for everything else. There a
    first convolution is an operation of its own.
    """
    lives = lifetimes(net, operations, owners(net, operations))
    held = [
        sum(lying[name].numbers for name, (begin, end) in lives.items() if begin <= 2 * at + 1 and end >= 2 * at)
        for at in range(len(operations))
    ]
    most = max((*held, *(_apart(net, each, lying) for each in operations)), default=0)
    return [int(MORE * most - each) // 2 for each in held]


def _apart(net: Graph, operation: Operation, lying: Mapping[str, Layout]) -> int:
    """Numbers that the maps of an operation would need if its first convolution were one of its own."""
    if len(operation.stages) < 2 or operation.stages[0].role != "window":
        return 0
    x, y = lying[operation.inputs[0]], lying[operation.output]
    between = x.shape[0] * prod(net.shapes[operation.stages[0].output])
    return between + max(x.numbers, y.numbers)


def up(numbers: int, line: int) -> int:
    """The next multiple of `line`."""
    return -(-numbers // line) * line


def lifetimes(net: Graph, operations: Sequence[Operation], roots: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """Value that owns memory -> its first and last moment. An input of the graph that nothing reads has none."""
    begins, ends = dict.fromkeys(net.inputs, -1), dict[str, int]()
    for at, each in enumerate(operations):
        if each.kind != "alias":
            begins[each.output] = 2 * at if each.fast else 2 * at + 1
            ends[each.output] = 2 * at + 1
            for name in each.inputs:
                ends[roots[name]] = max(ends.get(roots[name], -1), 2 * at + 1 if each.fast else 2 * at)
    for name in net.outputs:
        ends[roots[name]] = 2 * len(operations)
    return {name: (begins[name], ends[name]) for name in begins if name in ends}
