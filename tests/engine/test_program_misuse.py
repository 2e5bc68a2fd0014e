"""What is wrong with a call is said with what was wanted and what was given."""

import numpy as np
import pytest
from graph_samples import two_by_two
from programs import inputs_of, inverted_residual, weights_of

import refnet
from refnet import Graph, Node
from refnet.layers import GlobalAveragePool
from refnet.layers.base import MOST_THREADS

NET = inverted_residual()
WEIGHTS = weights_of(NET)
NARROW = WEIGHTS | {"first/kernel": np.ones((3, 3, 3, 1), np.float32)}
ANOTHER_BATCH = r"the program is built for a batch of 2"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("net", WEIGHTS), TypeError, "net: wanted a refnet.Graph, got str"),
        ((NET, [1]), TypeError, "weights: wanted a dict of arrays, got list"),
        ((NET, {}), ValueError, "weights: wanted 17 keys, 17 missing, first 'first/kernel'"),
        ((NET, NARROW), ValueError, r"first/kernel.*wanted shape"),
        ((NET, WEIGHTS | {"classifier/kernel": np.ones((8, 5))}), TypeError, "wanted dtype float32, got float64"),
        ((NET, WEIGHTS, 0), ValueError, "batch: wanted an integer of at least 1, got 0"),
        ((NET, WEIGHTS, 1.5), ValueError, "batch: wanted an integer of at least 1, got 1.5"),
        ((NET, WEIGHTS, 1, 0), ValueError, "threads: wanted an integer of at least 1, got 0"),
        ((NET, WEIGHTS, 1, True), ValueError, "threads: wanted an integer of at least 1, got True"),
        ((NET, WEIGHTS, 1, MOST_THREADS + 1), ValueError, "threads: wanted an integer up to 256, got 257"),
    ],
)
def test_what_cannot_be_compiled(arguments, error, message):
    with pytest.raises(error, match=message):
        refnet.compile(*arguments)


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        ([[1.0]], TypeError, "images: wanted a numpy array, got list"),
        (np.ones((2, 9, 7, 3), int), TypeError, "images: wanted dtype float32 or float64, got int64"),
        (np.ones((2, 9, 7, 3)), TypeError, "images: wanted dtype float32, that of the program, got float64"),
        (np.ones((2, 9, 7, 4), np.float32), ValueError, r"images: wanted shape \(2, 9, 7, 3\), got \(2, 9, 7, 4\)$"),
        (np.ones((9, 7, 3), np.float32), ValueError, r"images: wanted shape \(2, 9, 7, 3\), got \(9, 7, 3\)$"),
        (np.ones((1, 9, 7, 3), np.float32), ValueError, ANOTHER_BATCH),
        (np.ones((0, 9, 7, 3), np.float32), ValueError, ANOTHER_BATCH),
        ({"image": np.ones((2, 9, 7, 3), np.float32)}, ValueError, r"wanted a dict with \['images'\], got \['image'\]"),
    ],
)
def test_what_a_program_does_not_take(images, error, message):
    with pytest.raises(error, match=message):
        refnet.compile(NET, WEIGHTS, batch=2)(images)


@pytest.mark.jit
def test_a_batch_of_more_work_than_threads_can_count():
    net = Graph("g", {"x": (1, 1, 8)}, [Node("pool", GlobalAveragePool())])
    assert refnet.compile(net, {}, batch=65535).batch == 65535
    with pytest.raises(ValueError, match="batch: wanted at most 65535 chunks of work in an operation, got 65536 by"):
        refnet.compile(net, {}, batch=65536)


def test_several_inputs_want_a_dict():
    net = two_by_two()
    program = refnet.compile(net, weights_of(net))
    with pytest.raises(ValueError, match=r"images: wanted a dict with \['x', 'y'\], got ndarray"):
        program(inputs_of(net)["x"])


def test_a_refused_call_leaves_the_program_whole():
    program = refnet.compile(NET, WEIGHTS)
    images = inputs_of(NET)
    wanted = program(images)
    with pytest.raises(ValueError, match="wanted shape"):
        program(np.ones((3, 9, 7, 3), np.float32))
    np.testing.assert_array_equal(program(images), wanted)
