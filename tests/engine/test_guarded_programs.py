"""A program reads and writes its arena alone: guards around it, poison in it, and weights that stay as they were."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import assert_same, inputs_of, inverted_residual, weights_of
from random_graphs import graphs
from small_models import small

import refnet
from refnet.engine.tables import FastStep
from refnet.kernels.tiled.claims import Serials

pytestmark = pytest.mark.jit
MARGIN = 1024  # numbers before and behind
MODELS = ("mobilenet_v1", "mobilenet_v2", "ssdlite_mobilenet_v2", "deeplab_mobilenet_v2", "resnet_101", "ssd_vgg16")
CANARY = 12345.0


def margins(array, marks):
    """The same numbers with guards on both sides, in new memory on a cache line -> the array, the guards."""
    whole = np.full(array.size + 2 * MARGIN + 16, marks, array.dtype)
    start = MARGIN + -(whole.ctypes.data + MARGIN * whole.itemsize) % 64 // whole.itemsize
    inside = whole[start : start + array.size]
    inside[:] = array
    return inside, (whole[:start], whole[start + array.size :])


def guard(program):
    """Guards around the arena, NaN around all weights, and numbers far outside around the tables of offsets."""
    memory, weights, tables = program._arrays
    memory, around = margins(memory, CANARY)
    far = np.iinfo(np.int64).max // 4
    program._arrays = program._arrays._replace(
        memory=memory, weights=margins(weights, np.nan)[0], tables=margins(tables, far)[0]
    )
    program._serials = tuple(Serials() for _ in program._serials)  # a helper that stays would have the old arrays
    return around


def keeps_to_itself(net, dtype=np.float32, batch=1, threads=2):
    program, images = refnet.compile(net, weights_of(net, dtype), batch, threads), inputs_of(net, batch, dtype)
    wanted = program(images)
    around = guard(program)
    weights, tables = program._arrays.weights.copy(), program._arrays.tables.copy()
    for poison in (np.nan, 0):  # nothing that an earlier call left may matter
        program._arrays.memory[:] = poison
        assert_same(program(images), wanted)
    assert all((side == CANARY).all() for side in around)
    np.testing.assert_array_equal(program._arrays.weights, weights)
    np.testing.assert_array_equal(program._arrays.tables, tables)


@pytest.mark.parametrize("name", MODELS)
def test_models(name):
    keeps_to_itself(small(name), batch=2)


@settings(max_examples=80)
@given(graphs(), st.sampled_from((np.float32, np.float64)), st.integers(1, 3))
def test_graphs_of_every_wiring(net, dtype, threads):
    keeps_to_itself(net, dtype if net.parameters() else np.float32, threads=threads)


@given(st.integers(1, 40), st.integers(1, 6), st.tuples(st.integers(1, 30), st.integers(1, 30)), st.integers(1, 3))
def test_inverted_residuals(channels, expansion, size, stride):
    keeps_to_itself(inverted_residual(channels, expansion, size, stride), batch=2)


def test_the_guards_notice():
    """One number read from outside of the weights, and one written behind the arena, would be seen."""
    net = inverted_residual()
    program, images = refnet.compile(net, weights_of(net)), inputs_of(net)
    _, behind = guard(program)
    (step,) = (each for each in program._parts.steps if isinstance(each, FastStep))
    last = int(np.flatnonzero(step.table["y"] == program._parts.outputs["classifier"].offset)[-1])
    step.table["project_b"][last] = program._arrays.weights.size
    assert np.isnan(program(images)).any()
    step.table["project_b"][last] = 0
    step.table["y"][last] = program._arrays.memory.size
    program(images)
    assert (behind != CANARY).any()
