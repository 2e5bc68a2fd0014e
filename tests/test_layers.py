"""Every layer keeps what it promises before there are arrays, and its gradients are those of its forward pass."""

import numpy as np
import pytest
from layer_samples import LINEAR, OTHERS, SAMPLES, B, classes, drawn, infer, label, run

import refnet.kernels
from refnet.layers import (
    BatchNorm,
    Conv2d,
    DepthwiseConv2d,
    Dropout,
    Each,
    Flatten,
    Layer,
    LeakyRelu,
    Relu,
    Relu6,
    ResizeBilinear,
)
from refnet.layers.base import STATISTICS
from refnet.testing import check_gradients

every_layer = pytest.mark.parametrize("sample", SAMPLES, ids=label)


def test_every_layer_class_has_a_sample():
    assert {type(layer) for layer, _ in SAMPLES} == set(classes().values()), "add a sample in tests/layer_samples.py"
    assert all(issubclass(each, Layer) for each in classes().values())


# Promise against delivery.


@every_layer
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("statistics", ["batch", "stored"])
def test_delivers_what_it_promises(sample, dtype, statistics):
    layer, shapes = sample
    xs, weights = drawn(layer, shapes, dtype)
    out = (B, *layer.out_shape(*shapes))
    dy = np.ones(out, dtype)
    ran = run(layer, weights, xs, dy, statistics)
    for y in (infer(layer, weights, *xs), ran.y):
        assert (y.shape, y.dtype) == (out, dtype)
    assert [(dx.shape, dx.dtype) for dx in ran.dxs] == [(x.shape, dtype) for x in xs]
    promised = layer.parameters(*shapes)
    assert set(ran.dweights) == set(promised) - set(STATISTICS)
    for role, gradient in ran.dweights.items():
        assert (gradient.shape, gradient.dtype) == (promised[role], dtype)
    assert set(ran.updates) == (set(STATISTICS) & set(promised) if statistics == "batch" else set())
    for role, value in ran.updates.items():
        assert (value.shape, value.dtype) == (promised[role], dtype)


@every_layer
def test_costs_what_it_promises(sample):
    layer, shapes = sample
    terms, parameters = layer.cost(*shapes), layer.parameters(*shapes)
    assert terms.operation == type(layer.layer if isinstance(layer, Each) else layer).__name__
    read = shapes[:1] if isinstance(layer, ResizeBilinear) else shapes  # its second only gives a size
    assert terms.inputs == sum(np.prod(shape) for shape in read)
    assert terms.outputs == np.prod(layer.out_shape(*shapes))
    assert terms.weights == np.prod(parameters.get("kernel", 0))
    assert terms.biases == np.prod(parameters.get("bias", 0))
    assert terms.scales == np.prod(parameters.get("scale", 0))
    assert terms.bn_channels == np.prod(parameters.get("gamma", 0))
    assert terms.bn_outputs == (terms.outputs if "gamma" in parameters else 0)
    assert terms.parameters == sum(np.prod(shape) for shape in parameters.values())
    assert terms.madds == terms.products * terms.outputs


@every_layer
def test_multiplies_as_often_as_it_promises(sample):
    """On ones, the sum of the output is the number of products that reached it."""
    layer, shapes = sample
    if "kernel" not in layer.parameters(*shapes):
        assert layer.cost(*shapes).madds == layer.cost(*shapes).madds_inside == 0
        return
    ones = {role: np.ones(shape) for role, shape in layer.parameters(*shapes).items()}
    y = infer(layer, ones, *(np.ones((1, *shape)) for shape in shapes))
    assert y.sum() == layer.cost(*shapes).madds_inside
    assert y.max() <= layer.cost(*shapes).products


@every_layer
def test_leaves_its_arguments_alone(sample):
    layer, shapes = sample
    xs, weights = drawn(layer, shapes)
    dy = drawn(layer, [layer.out_shape(*shapes)])[0][0]
    before = [array.copy() for array in (*xs, *weights.values(), dy)]
    ran = run(layer, weights, xs, dy)
    for array, copy in zip((*xs, *weights.values(), dy), before, strict=True):
        np.testing.assert_array_equal(array, copy)
    if isinstance(layer, Flatten):  # the same numbers under another shape
        return
    for fresh in (*ran.dxs, *ran.dweights.values(), *ran.updates.values()):
        assert not any(np.shares_memory(fresh, array) for array in (*xs, *weights.values(), dy))


@every_layer
def test_input_gradient_can_be_spared(sample):
    layer, shapes = sample
    xs, weights = drawn(layer, shapes)
    dy = np.ones((B, *layer.out_shape(*shapes)))
    full, spared = run(layer, weights, xs, dy), run(layer, weights, xs, dy, input_gradient=False)
    assert spared.dweights.keys() == full.dweights.keys()
    for role, gradient in full.dweights.items():
        np.testing.assert_array_equal(spared.dweights[role], gradient)
    if "kernel" in layer.parameters(*shapes):
        assert spared.dxs == ()


# Gradients.


def as_function(layer, shapes, statistics):
    """(forward, backward, names) over the inputs and the trainable weights, as `check_gradients` wants them."""
    _, weights = drawn(layer, shapes, seed=3)
    roles = [role for role in weights if role not in STATISTICS]

    def split(arrays):
        return arrays[: len(shapes)], {**weights, **dict(zip(roles, arrays[len(shapes) :], strict=True))}

    def forward(*arrays):
        xs, own = split(arrays)
        rng = np.random.default_rng(1)
        return layer.train_forward(refnet.kernels, own, *xs, rng=rng, statistics=statistics)[0]

    def backward(dy, *arrays):
        xs, own = split(arrays)
        ran = run(layer, own, xs, dy, statistics)
        return [*ran.dxs, *(ran.dweights[role] for role in roles)]

    return forward, backward, [*(f"x{i}" for i in range(len(shapes))), *roles]


@pytest.mark.parametrize("sample", LINEAR, ids=label)
def test_gradient_is_the_exact_adjoint(sample):
    layer, shapes = sample
    xs, weights = drawn(layer, shapes)
    forward, backward, names = as_function(layer, shapes, "batch")
    check_gradients(forward, backward, [*xs, *weights.values()], linear=True, names=names)


@pytest.mark.parametrize("sample", OTHERS, ids=label)
@pytest.mark.parametrize("statistics", ["batch", "stored"])
def test_gradient_along_random_directions(sample, statistics):
    layer, shapes = sample
    xs, weights = drawn(layer, shapes)
    trainable = [value for role, value in weights.items() if role not in STATISTICS]
    if isinstance(layer, (Relu, Relu6, LeakyRelu)):  # away from the kinks; those have their own test
        xs = [np.where(np.abs(x % 6) < 0.1, x + 0.3, x) for x in xs]
    forward, backward, names = as_function(layer, shapes, statistics)
    check_gradients(forward, backward, [*xs, *trainable], linear=False, names=names)


@pytest.mark.parametrize(
    ("layer", "y", "dx"),
    [
        (Relu6(), [0, 0, 1e-9, 3, 6, 6, 6], [0, 0, 1, 1, 0, 0, 0]),
        (Relu(), [0, 0, 1e-9, 3, 6, 6.5, 9], [0, 0, 1, 1, 1, 1, 1]),
        (LeakyRelu(0.25), [-0.25, 0, 1e-9, 3, 6, 6.5, 9], [0.25, 0.25, 1, 1, 1, 1, 1]),
    ],
)
def test_kinks(layer, y, dx):
    """The gradient at exactly 0 is that below 0, and at exactly 6 that above 6."""
    x = np.array([[-1, 0, 1e-9, 3, 6, 6.5, 9]])
    ran = run(layer, {}, [x], np.full(x.shape, 2.0))
    np.testing.assert_array_equal(ran.y, [y])
    np.testing.assert_array_equal(ran.dxs[0], 2 * np.array([dx]))


# Padding by name.


@pytest.mark.parametrize(
    ("padding", "dilation", "pads"),
    [
        ("same", 1, (0, 1, 0, 1)),  # even sizes: the odd pixel goes bottom and right
        ("same", 2, (1, 2, 1, 2)),
        ("symmetric", 1, (1, 1, 1, 1)),
        ("symmetric", 2, (2, 2, 2, 2)),
        ("valid", 1, (0, 0, 0, 0)),
        ("ceil", 1, (0, 1, 0, 1)),
        ("ceil", 2, (0, 1, 0, 1)),
        ((1, 2, 3, 4), 1, (1, 2, 3, 4)),
    ],
)
def test_padding_by_name_is_padding_by_numbers(padding, dilation, pads):
    named, numbered = (DepthwiseConv2d(3, 2, dilation, given) for given in (padding, pads))
    xs, weights = drawn(named, [(8, 8, 2)])
    assert named.window().pads(8, 8) == pads
    np.testing.assert_array_equal(infer(named, weights, *xs), infer(numbered, weights, *xs))


def test_pads_reach_the_sides_they_are_named_after():
    """A single tap on a one in a corner: where it comes out says which side was padded."""
    x, kernel = np.ones((1, 1, 1, 1)), {"kernel": np.ones((1, 1, 1, 1))}
    y = infer(Conv2d(1, 1, padding=(1, 2, 3, 4)), kernel, x)[0, :, :, 0]
    assert y.shape == (1 + 1 + 2, 3 + 1 + 4)
    assert np.argwhere(y).tolist() == [[1, 3]]


# Batch norm and dropout.


def test_batch_norm_normalises_by_the_batch_and_keeps_unbiased_statistics():
    layer = BatchNorm(decay=0.75, eps=0.5)
    (x,), weights = drawn(layer, [(2, 3, 4)])
    values = x.reshape(-1, 4)
    n, mean, variance = len(values), values.mean(0), values.var(0)
    ran = run(layer, weights, [x], np.ones_like(x))
    wanted = weights["gamma"] * (x - mean) / np.sqrt(variance + 0.5) + weights["beta"]
    np.testing.assert_allclose(ran.y, wanted, rtol=1e-12)
    new = {"moving_mean": mean, "moving_variance": variance * n / (n - 1)}
    for role, value in new.items():
        np.testing.assert_allclose(ran.updates[role], 0.75 * weights[role] + 0.25 * value, rtol=1e-12)


def test_batch_norm_with_stored_statistics_is_the_same_in_inference_and_training():
    layer = BatchNorm(eps=0.5)
    (x,), weights = drawn(layer, [(2, 3, 4)])
    wanted = weights["gamma"] * (x - weights["moving_mean"]) / np.sqrt(weights["moving_variance"] + 0.5)
    wanted += weights["beta"]
    np.testing.assert_allclose(infer(layer, weights, x), wanted, rtol=1e-12)
    np.testing.assert_array_equal(run(layer, weights, [x], x, "stored").y, infer(layer, weights, x))


def test_dropout_drops_its_share_and_scales_the_rest():
    layer, x = Dropout(0.2), np.ones((100, 400))
    ran = run(layer, {}, [x], x)
    assert set(np.unique(ran.y)) == {0, 1 / 0.8}
    dropped, n = (ran.y == 0).sum(), x.size
    assert abs(dropped - 0.2 * n) < 5 * np.sqrt(n * 0.2 * 0.8)  # five standard deviations
    np.testing.assert_array_equal(ran.dxs[0], ran.y)


def test_dropout_mask_comes_from_the_callers_generator():
    layer, x = Dropout(0.5), np.ones((8, 50))
    once, again, other = (run(layer, {}, [x], x, seed=seed).y for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)


def test_dropout_is_the_identity_in_inference_and_at_rate_0():
    x = np.linspace(-1, 1, 12).reshape(3, 4)
    np.testing.assert_array_equal(infer(Dropout(0.9), {}, x), x)
    ran = run(Dropout(0.0), {}, [x], 2 * x)
    np.testing.assert_array_equal(ran.y, x)
    np.testing.assert_array_equal(ran.dxs[0], 2 * x)
