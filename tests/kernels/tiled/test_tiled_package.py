"""refnet.kernels.tiled is a whole set of kernels, compiles at first use and once, and says so where JIT is off."""

import numpy as np
import pytest
from processes import python

import refnet
from refnet import kernels
from refnet.kernels import tiled
from refnet.kernels.tiled import matmul, taps

pytestmark = pytest.mark.jit


def test_it_has_the_names_of_the_plain_kernels_and_the_plain_ones_for_the_rest():
    assert tiled.__all__ == dir(tiled) == kernels.__all__
    for name in kernels.__all__:
        same = getattr(tiled, name) is getattr(kernels, name)
        assert same == (name not in tiled.TILED), name
    assert {name.rpartition("_")[0] for name in tiled.TILED if name.endswith("_forward")} == {
        *("conv2d", "depthwise_conv2d", "pointwise_conv2d")
    }


def test_it_is_found_without_an_import_of_its_own():
    found = python("import refnet; print(refnet.kernels.tiled.__name__, 'tiled' in refnet.kernels.__all__)")
    assert found == ["refnet.kernels.tiled False"]


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"refnet\.kernels\.tiled has no function 'conv3d_forward'"):
        _ = tiled.conv3d_forward


AT_IMPORT = """
import sys
import refnet.kernels.tiled as tiled
assert "numba" not in sys.modules and "numpy" not in sys.modules, "a name is imported when it is asked for"
import numba, numpy
from numba.core import event
with event.install_recorder("numba:compile") as compiled:
    functions = [getattr(tiled, name) for name in tiled.__all__]
    assert not compiled.buffer, "nothing compiles at import"
"""


def test_import_loads_and_compiles_nothing(tmp_path):
    python(AT_IMPORT, NUMBA_CACHE_DIR=str(tmp_path))


WITHOUT_JIT = """
import numpy as np
from refnet import kernels
from refnet.kernels import tiled
assert tiled.relu6_forward is kernels.relu6_forward
for name in tiled.TILED:
    try:
        getattr(tiled, name)
    except ImportError as error:
        print(error)
"""


def test_without_jit_a_tiled_kernel_is_an_import_error_that_says_so():
    printed = python(WITHOUT_JIT, NUMBA_DISABLE_JIT="1")
    message = "NUMBA_DISABLE_JIT is set, and tiles are compiled code; use refnet.kernels"
    assert printed == [f"{name}: {message}" for name in tiled.TILED]


def test_a_loop_compiles_once_for_each_shape_of_tile():
    """Whatever memory order and sizes the arrays have."""
    contiguous, turned, strided = np.ones((2, 3, 3, 40)), np.ones((2, 40, 3, 3)), np.ones((1, 6, 3, 80))
    for x in (contiguous, turned.transpose(0, 2, 3, 1), strided[:, ::2, :, ::2]):
        w = np.ones((40, 24))[:, : x.shape[0] * 12]
        y = tiled.pointwise_conv2d_forward(x, w)
        tiled.pointwise_conv2d_backward(y, x, w)
        tiled.depthwise_conv2d_backward(x, x, np.ones((3, 40, 3)).transpose(0, 2, 1), (1, 1), (1, 1), (1, 1, 1, 1))
    for loop in (matmul.window_sums, matmul.pixel_sums, taps.tap_sums, taps.tap_products):
        shapes = [each[0] for each in loop.signatures]
        assert len(shapes) == len(set(shapes)) > 0


def network(dtype):
    """A small MobileNetV2, its weights, and four images."""
    net = refnet.mobilenet_v2(width=0.35, resolution=32, classes=5)
    rng = np.random.default_rng(1)
    weights = net.init(rng, dtype=dtype)
    return net, weights, rng.standard_normal((4, 32, 32, 3)).astype(dtype)


def off_by(found, wanted):
    """The largest difference, relative to the largest number."""
    return np.abs(found - wanted).max() / np.abs(wanted).max()


def test_a_whole_network_is_as_near_to_the_truth_as_the_plain_one():
    """The truth is the plain network in float64, with the same float32 weights."""
    net, weights, images = network(np.float32)
    wide = {key: value.astype(np.float64) for key, value in weights.items()}
    truth = net.forward(wide, images.astype(np.float64))
    found = net.forward(weights, images, kernels=tiled)
    assert found.dtype == np.float32
    assert off_by(found, truth) < 1e-5
    assert off_by(net.forward(wide, images.astype(np.float64), kernels=tiled), truth) < 1e-13


def step(namespace):
    """All that a training step answers with, in one row of numbers."""
    net, weights, images = network(np.float64)
    logits, tape = net.train_forward(weights, images, np.random.default_rng(2), kernels=namespace)
    dx, gradients = net.backward(tape, np.random.default_rng(3).standard_normal(logits.shape), input_gradient=True)
    return np.concatenate([logits.ravel(), dx.ravel(), *(gradients[key].ravel() for key in sorted(gradients))])


def test_a_training_step_of_a_whole_network_is_the_plain_one():
    """Relative to the largest gradient: some are zero but for rounding, before a batch norm that subtracts them."""
    assert off_by(step(tiled), step(kernels)) < 1e-10
