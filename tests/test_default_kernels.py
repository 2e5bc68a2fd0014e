"""Which kernels a graph runs on when nobody says: the tiled ones, and the plain ones where nothing is compiled."""

import os
import subprocess
import sys

import numpy as np
import pytest

import refnet
from refnet import kernels
from refnet import layers as layers_of
from refnet.kernels import tiled


def few_nodes():
    """A network that plain Python runs in a second."""
    layers = [layers_of.Conv2d(4, 3, 2), layers_of.BatchNorm(), layers_of.DepthwiseConv2d(3), layers_of.Relu6()]
    ends = [layers_of.PointwiseConv2d(6), layers_of.GlobalAveragePool()]
    nodes = [refnet.Node(f"n{i}", each) for i, each in enumerate(layers + ends)]
    return refnet.Graph("few", {"images": (8, 8, 3)}, nodes)


def results(net, **options):
    """All that inference and a training step answer with, float32, in one row of numbers."""
    rng = np.random.default_rng(1)
    weights, images = net.init(rng), rng.standard_normal((2, *net.inputs["images"])).astype(np.float32)
    logits, tape = net.train_forward(weights, images, 2, **options)
    dx, gradients = net.backward(tape, np.ones_like(logits))
    found = net.forward(weights, images, **options), logits, dx, *(gradients[key] for key in sorted(gradients))
    return np.concatenate([each.ravel() for each in found])


@pytest.mark.jit
def test_the_default_is_tiled():
    net = refnet.mobilenet_v2(width=0.35, resolution=32, classes=5)
    default = results(net)
    np.testing.assert_array_equal(default, results(net, kernels=tiled))
    assert not np.array_equal(default, results(net, kernels=kernels)), "and the two can be told apart"


WITHOUT_JIT = """
from test_default_kernels import few_nodes, kernels, np, results
net = few_nodes()
np.testing.assert_array_equal(results(net), results(net, kernels=kernels))
"""


def test_without_jit_the_default_is_plain():
    paths = os.pathsep.join([os.path.dirname(__file__), *(path for path in sys.path if path)])
    variables = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", WITHOUT_JIT], env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
