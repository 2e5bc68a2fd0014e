"""refnet.warmup: after it, nothing that a network does compiles."""

import inspect
import subprocess
import sys
import types

import numba
import numpy as np
import pytest

import refnet
from refnet import kernels, layers
from refnet.kernels.warmup import calls
from refnet.training import losses

DTYPES = (np.float32, np.float64)


def typed(name, arguments):
    """A call as Numba sees it: what it compiles anew for each different one."""
    return name, *map(numba.typeof, arguments)


def warm(dtype):
    return {typed(name, arguments) for name, *arguments in calls(np.dtype(dtype))}


def recorder(record):
    """The kernels, each of which notes the types of its arguments."""

    def noting(name):
        def kernel(*arguments):
            record.add(typed(name, arguments))
            return getattr(kernels, name)(*arguments)

        return kernel

    return types.SimpleNamespace(**{name: noting(name) for name in kernels.__all__})


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_public_kernel_is_called_as_it_wants(dtype):
    called = {name for name, *_ in calls(np.dtype(dtype))}
    assert not set(kernels.__all__) - called, "kernels without a call in kernels/warmup.py"
    assert not called - set(kernels.__all__), "calls in kernels/warmup.py of what is no kernel"
    for name, *arguments in calls(np.dtype(dtype)):
        kernel = getattr(kernels, name)
        inspect.signature(getattr(kernel, "py_func", kernel)).bind(*arguments)
        parts = arguments[0] if isinstance(arguments[0], tuple) else ()  # of a concatenation
        arrays = [a for a in (*parts, *arguments) if isinstance(a, np.ndarray)]
        assert arrays[0].dtype == dtype
        assert all(a.flags.c_contiguous and a.flags.writeable for a in arrays)


@pytest.mark.parametrize("dtype", [np.int8, np.float16, np.complex64, object])
def test_other_dtypes_are_refused(dtype):
    message = f"warmup: dtype must be float32 or float64, got {np.dtype(dtype)}"
    with pytest.raises(ValueError, match=message):
        refnet.warmup(dtype)


SMALL = [
    layers.Conv2d(6, (3, 2), stride=(2, 1), padding=(1, 0, 0, 1)),
    layers.BiasAdd(),
    layers.Relu(),
    layers.GroupedConv2d(6, 3, groups=2, dilation=2),
    layers.GlobalAveragePool(),
    layers.Dense(4),
    layers.Dropout(0.5),
    layers.Softmax(),
]


def networks():
    nodes = [refnet.Node(f"node_{i}", layer) for i, layer in enumerate(SMALL)]
    yield refnet.Graph("small", inputs={"images": (32, 32, 3)}, nodes=nodes)
    yield refnet.mobilenet_v1(width=0.25, resolution=32, classes=4)
    yield refnet.mobilenet_v2(width=0.35, resolution=32, classes=4, padding="symmetric")


def awkward(array, reverse=True):
    """The same numbers, read-only and, if wanted, with every axis reversed in memory."""
    turned = np.flip(np.flip(array).copy()) if reverse else array.copy()
    turned.flags.writeable = False
    return turned


@pytest.mark.jit
@pytest.mark.parametrize("reverse", [False, True], ids=["read-only", "reversed"])
@pytest.mark.parametrize("statistics", ["batch", "stored"])
@pytest.mark.parametrize("net", list(networks()), ids=lambda net: net.name)
def test_networks_call_kernels_with_nothing_but_warm_types(net, statistics, reverse):
    """Whatever the memory order of what the user gives: each kernel compiles once per dtype."""
    rng, record = np.random.default_rng(0), set()
    weights = {key: awkward(value, reverse) for key, value in net.init(rng).items()}
    images = awkward(rng.normal(size=(2, 32, 32, 3)).astype(np.float32), reverse)
    net.forward(weights, images, kernels=recorder(record))
    y, tape = net.train_forward(weights, images, rng, statistics=statistics, kernels=recorder(record))
    net.backward(tape, awkward(np.ones_like(y), reverse))
    assert record <= warm(np.float32)


def test_the_recorder_would_see_another_type():
    record = set()
    recorder(record).relu_forward(np.ones((2, 2), np.float32).T)
    assert not record <= warm(np.float32)


@pytest.mark.parametrize("reverse", [False, True], ids=["read-only", "reversed"])
def test_the_loss_calls_kernels_with_nothing_but_warm_types(reverse, monkeypatch):
    record = set()
    for name in ("softmax_cross_entropy_forward", "softmax_cross_entropy_backward"):
        monkeypatch.setattr(losses, name, getattr(recorder(record), name))
    logits, labels = awkward(np.ones((3, 4)), reverse), awkward(np.full((3, 4), 0.25), reverse)
    losses.softmax_cross_entropy(logits, labels)
    losses.softmax_cross_entropy(logits, [0, 1, 3])
    assert record
    assert record <= warm(np.float64)


@pytest.mark.jit
@pytest.mark.parametrize("dtype", DTYPES)
def test_warm_kernels_do_not_compile(dtype):
    refnet.warmup(dtype)
    before = {name: len(getattr(kernels, name).signatures) for name in kernels.__all__}
    x, w, dy = np.ones((2, 7, 8, 5), dtype), np.ones((3, 2, 5), dtype), np.ones((2, 2, 4, 5), dtype)
    kernels.depthwise_conv2d_backward(dy, x, w, (2, 2), (2, 1), (0, 0, 0, 1))
    refnet.warmup(dtype)
    assert {name: len(getattr(kernels, name).signatures) for name in kernels.__all__} == before
    assert min(before.values()) >= 1


# Loading from the cache is a new signature too. A compiled function has signatures, in whichever module it is.
IN_A_PROCESS = """
import sys
import numpy as np
import refnet

def compiled():
    modules = [module for name, module in sys.modules.items() if name.startswith("refnet.kernels")]
    functions = [each for module in modules for each in vars(module).values() if hasattr(each, "signatures")]
    return {(each.__module__, each.__name__): len(each.signatures) for each in functions if each.signatures}

def run(net):
    rng = np.random.default_rng(0)
    images = np.ones((2, 32, 32, 3), np.float32)
    net.forward(net.init(rng), images)
    y, tape = net.train_forward(net.init(rng), images, rng)
    net.backward(tape, np.ones_like(y))
    for wanted in (True, False):
        fused = refnet.fuse(net)
        y, tape = fused.train_forward(net.init(rng), images, rng)
        fused.backward(tape, refnet.softmax_cross_entropy(y, [0, 1])[1], input_gradient=wanted)
    refnet.compile(net, net.init(rng), batch=2)(images)

refnet.warmup()
before = compiled()
for width in (0.25, 0.75):
    run(refnet.mobilenet_v1(width=width, resolution=32, classes=4))
run(refnet.mobilenet_v2(width=0.35, resolution=32, classes=4, padding="symmetric"))
assert compiled() == before, set(compiled().items()) ^ set(before.items())
print(sorted(name for name in before if ".tiled." in name[0]))
"""


@pytest.mark.jit
def test_after_it_networks_fused_steps_and_programs_compile_nothing():
    done = subprocess.run([sys.executable, "-c", IN_A_PROCESS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for loop in ("window_sums", "pixel_sums", "tap_sums", "tap_products", "forward_parts", "backward_chunks", "run"):
        assert f"'{loop}'" in done.stdout
