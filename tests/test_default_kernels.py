"""Which kernels a graph runs on when nobody says: the tiled ones, and the plain ones where nothing is compiled."""

import os
import subprocess
import sys

import numpy as np
import pytest

import refnet
from refnet import kernels
from refnet.kernels import tiled


def results(**options):
    """All that inference and a training step answer with, float32, in one row of numbers."""
    net = refnet.mobilenet_v2(width=0.35, resolution=32, classes=5)
    rng = np.random.default_rng(1)
    weights, images = net.init(rng), rng.standard_normal((2, 32, 32, 3)).astype(np.float32)
    logits, tape = net.train_forward(weights, images, 2, **options)
    dx, gradients = net.backward(tape, np.ones_like(logits))
    found = net.forward(weights, images, **options), logits, dx, *(gradients[key] for key in sorted(gradients))
    return np.concatenate([each.ravel() for each in found])


@pytest.mark.jit
def test_the_default_is_tiled():
    default = results()
    np.testing.assert_array_equal(default, results(kernels=tiled))
    assert not np.array_equal(default, results(kernels=kernels)), "and the two can be told apart"


WITHOUT_JIT = """
from test_default_kernels import kernels, np, results
np.testing.assert_array_equal(results(), results(kernels=kernels))
"""


def test_without_jit_the_default_is_plain():
    paths = os.pathsep.join([os.path.dirname(__file__), *(path for path in sys.path if path)])
    variables = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": paths}
    done = subprocess.run([sys.executable, "-c", WITHOUT_JIT], env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
