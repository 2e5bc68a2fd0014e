"""Where values lie: never two at one place at one time, checked by marking every number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from programs import inverted_residual, weights_of
from small_models import small

from refnet import Graph, Node, models
from refnet.engine.arena import Interval, extent, live, place
from refnet.engine.matching import needed, operations
from refnet.engine.planning import Working, layouts, plan
from refnet.layers import Add, Dropout, PointwiseConv2d
from refnet.rewrites import fold_batch_norm


def interval(size, begin, more):
    return Interval(size, begin, begin + more)


INTERVALS = st.lists(
    st.builds(interval, st.integers(0, 40), st.integers(-1, 12), st.integers(0, 6)), max_size=25
)


@given(INTERVALS)
def test_no_two_share_a_place_at_one_moment(intervals):
    offsets = place(intervals)
    assert len(offsets) == len(intervals)
    size = extent(intervals, offsets)
    for moment in range(-1, 20):
        used = np.zeros(size, int)
        for each, offset in zip(intervals, offsets, strict=True):
            assert offset >= 0
            if each.begin <= moment <= each.end:
                used[offset : offset + each.size] += 1
        assert used.max(initial=0) <= 1
        assert used.sum() <= live(intervals)
    assert live(intervals) <= size <= sum(each.size for each in intervals)


@given(st.lists(st.integers(1, 30), max_size=20))
def test_a_chain_needs_no_more_than_its_two_largest_neighbours(sizes):
    chain = [Interval(size, at, at + 1) for at, size in enumerate(sizes)]
    assert extent(chain, place(chain)) <= live(chain) + min(sizes, default=0) * 2


def test_the_tightest_gap_is_taken():
    always = [Interval(size, 0, 9) for size in (100, 50, 30)]
    early = [Interval(size, 0, 1) for size in (60, 40)]
    late = Interval(25, 5, 9)
    assert place([*always, *early, late]) == [0, 160, 250, 100, 210, 210]


def test_what_sticks_out_is_placed_first():
    """In the order of sizes alone these take 17: 6 and 5 lie on each other, the 3 that meets both on top."""
    intervals = [Interval(3, 1, 2), Interval(3, 2, 4), Interval(6, 3, 4), Interval(5, 2, 5), Interval(4, 0, 1)]
    assert extent(intervals, place(intervals)) == live(intervals) == 14


def test_nothing_needs_nothing():
    assert (place([]), extent([], []), live([])) == ([], 0, 0)


def planned(net, fast=True, threads=2, random=None):
    """Operations and plan of a graph; each fast operation gets scratch of some size."""
    listed = operations(net, group=8, fast=fast)
    random = random or np.random.default_rng(0)
    working = [Working(*map(int, random.integers(0, 40, 2))) if each.fast else Working() for each in listed]
    lying = layouts(net, listed, batch=2, group=8, itemsize=4)
    return listed, working, plan(net, listed, lying, working, threads, itemsize=4)


def walk(net, listed, working, found, threads=2):
    """Run the plan on a memory of marks: who wrote a number last. Every value read must still be whole."""
    marks = np.full(found.size, -1)
    numbers = {name: number for number, name in enumerate(found.places)}

    def span(name):
        each = found.places[name]
        assert each.offset % 16 == 0
        return slice(each.offset, each.offset + each.layout.numbers)

    def own(name):  # an alias is its input's memory
        alias = {each.output: each.inputs[0] for each in listed if each.kind == "alias"}
        return own(alias[name]) if name in alias else name

    for name in net.inputs:
        if name in found.places:
            marks[span(name)] = numbers[name]
    for at, each in enumerate(listed):
        if each.kind == "alias":
            assert span(each.output) == span(each.inputs[0])
            continue
        for name in each.inputs:
            assert (marks[span(name)] == numbers[own(name)]).all(), (each.output, name)
        if each.fast:
            reading = [span(name) for name in each.inputs]
            marks[span(each.output)] = numbers[each.output]
            own_scratch, shared = threads * working[at].scratch, working[at].shared
            for offset, size in ((found.scratch[at], own_scratch), (found.shared[at], shared)):
                assert (offset >= 0) == (size > 0)
                marks[offset : offset + size] = -2
            # A kernel reads while it writes.
            for name, there in zip(each.inputs, reading, strict=True):
                assert (marks[there] == numbers[own(name)]).all(), (each.output, name)
        marks[span(each.output)] = numbers[each.output]
        assert each.output in net.outputs or any(each.output in other.inputs for other in listed)
    for name in net.outputs:
        assert (marks[span(name)] == numbers[own(name)]).all()


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("name", models.__all__)
def test_every_value_of_every_model_is_whole_when_it_is_read(name, fast):
    net = small(name)
    net = fold_batch_norm(needed(net), weights_of(net))[0]
    listed, working, found = planned(net, fast)
    walk(net, listed, working, found)
    assert found.least <= found.size <= 1.1 * found.least


@given(st.integers(0, 2**32))
def test_random_scratch_meets_nothing(seed):
    net = inverted_residual()
    net = fold_batch_norm(net, weights_of(net))[0]
    walk(net, *planned(net, random=np.random.default_rng(seed)))


def test_an_input_that_nothing_reads_has_no_place():
    net = Graph("g", {"x": (2, 2, 8), "y": (2, 2, 8)}, [Node("a", PointwiseConv2d(8), ("x",))])
    listed, working, found = planned(net)
    assert set(found.places) == {"x", "a"}
    walk(net, listed, working, found)


def test_an_input_that_is_an_output_stays():
    nodes = [Node("a", PointwiseConv2d(8)), Node("b", Dropout(0.1), ("x",)), Node("c", Add(), ("a", "a"))]
    net = Graph("g", {"x": (2, 2, 8)}, nodes, outputs=("c", "b", "x"))
    listed, working, found = planned(net)
    walk(net, listed, working, found)


def test_a_plain_step_may_write_onto_its_input():
    nodes = [Node("a", Add(), ("x", "x")), Node("b", Add(), ("a", "a")), Node("c", Add(), ("b", "b"))]
    net = Graph("g", {"x": (4, 4, 8)}, nodes)
    assert planned(net, fast=False)[2].size == 2 * 4 * 4 * 8
    assert planned(net, fast=True, random=np.random.default_rng(0))[2].size >= 2 * 2 * 4 * 4 * 8


def rooms_between_blocks(net):
    """Channels in memory of what each block but the first reads."""
    folded, _ = fold_batch_norm(needed(net), weights_of(net))
    listed = operations(folded, group=8)
    lying = layouts(folded, listed, batch=1, group=8, itemsize=4)
    return [lying[each.inputs[0]].room for each in listed if each.kind == "block"][1:]


def test_what_only_a_filter_goes_over_lies_a_cache_line_apart():
    """If its pixels would come into each other's way: 512 bytes apart, or a multiple of that. Nothing else does."""
    net = models.mobilenet_v1()
    wide = [64, 144, 144, 272, 272, *[528] * 6, 1040]
    assert rooms_between_blocks(net) == wide
    watched = Graph(net.name, net.inputs, net.nodes, (*net.outputs, "block_7/pointwise_relu6"))
    assert rooms_between_blocks(watched) == [*wide[:6], 512, *wide[7:]], "an output is read by others too"
    assert not {144, 272, 528} & set(rooms_between_blocks(models.mobilenet_v2(width=4))), "it is expanded"
