"""What layers do with input that does not fit: it works, or one line says what was wanted and what was given."""

import re

import numpy as np
import pytest
from layer_samples import SAMPLES, drawn, infer, label, run

import refnet.kernels
from refnet.layers import (
    Add,
    AveragePool2d,
    BatchNorm,
    ChannelScale,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Dropout,
    Each,
    Flatten,
    GlobalAveragePool,
    GroupedConv2d,
    L2Normalize,
    LeakyRelu,
    LocalResponseNorm,
    MaxPool2d,
    Pad2d,
    PointwiseConv2d,
    Relu6,
    Softmax,
)

every_layer = pytest.mark.parametrize("sample", SAMPLES, ids=label)


def in_one_line(message):
    """A pattern for this text in a message without a line break."""
    return f"^[^\n]*{re.escape(message)}[^\n]*$"


def zeros(shape, dtype=np.float64):
    return np.zeros(shape, dtype)


# Arrays.


@every_layer
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float16, np.complex128, object, bool])
def test_other_dtypes(sample, dtype):
    layer, shapes = sample
    xs, weights = drawn(layer, shapes)
    got = np.dtype(dtype)
    with pytest.raises(TypeError, match=in_one_line(f"input: wanted dtype float32 or float64, got {got}")):
        infer(layer, weights, *(x.astype(dtype) for x in xs))


@every_layer
@pytest.mark.parametrize("given", [[[1.0, 2.0]], None, "images", 3.0])
def test_not_an_array(sample, given):
    layer, shapes = sample
    _, weights = drawn(layer, shapes)
    name = type(given).__name__
    with pytest.raises(TypeError, match=in_one_line(f"wanted a numpy array, got {name}")):
        infer(layer, weights, *[given] * len(shapes))


@every_layer
def test_weights_of_another_dtype(sample):
    layer, shapes = sample
    xs, weights = drawn(layer, shapes)
    for role in weights:
        mixed = {**weights, role: weights[role].astype(np.float32)}
        with pytest.raises(TypeError, match=in_one_line(f"{role}: wanted dtype float64, got float32")):
            infer(layer, mixed, *xs)


@every_layer
def test_weights_of_another_shape_and_missing_ones(sample):
    layer, shapes = sample
    xs, weights = drawn(layer, shapes)
    for role, weight in weights.items():
        got = (*weight.shape, 2)
        with pytest.raises(ValueError, match=in_one_line(f"{role}: wanted shape {weight.shape}, got {got}")):
            infer(layer, {**weights, role: zeros(got)}, *xs)
        others = {key: value for key, value in weights.items() if key != role}
        wanted = f"wanted a weight {role!r} {weight.shape}, got only {sorted(others)}"
        with pytest.raises(ValueError, match=in_one_line(wanted)):
            infer(layer, others, *xs)


@every_layer
def test_gradient_of_another_shape_or_dtype(sample):
    layer, shapes = sample
    xs, weights = drawn(layer, shapes)
    out = run(layer, weights, xs, np.ones((3, *layer.out_shape(*shapes)))).y.shape
    for shape in [(4, *out[1:]), out[:-1], (*out, 1)]:
        with pytest.raises(ValueError, match=in_one_line(f"dy: wanted shape {out}, got {shape}")):
            run(layer, weights, xs, zeros(shape))
    with pytest.raises(TypeError, match=in_one_line("dy: wanted dtype float64, got float32")):
        run(layer, weights, xs, zeros(out, np.float32))
    with pytest.raises(TypeError, match=in_one_line("dy: wanted a numpy array, got list")):
        run(layer, weights, xs, zeros(out).tolist())


MAPS_ONLY = [MaxPool2d(3), AveragePool2d(3, count_padding=True), Pad2d((0, 0, 0, 1)), Flatten()]


@pytest.mark.parametrize(
    "layer",
    [Conv2d(4, 3), DepthwiseConv2d(3), PointwiseConv2d(4), GroupedConv2d(4, 3, 2), GlobalAveragePool(), *MAPS_ONLY],
)
@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 5, 6), (2, 0, 4, 2), (2, 4, 4, 0)])
def test_rank_of_maps(layer, shape):
    wanted = f"{layer}: wanted a map (H, W, channels), got {shape[1:]}"
    with pytest.raises(ValueError, match=in_one_line(wanted)):
        infer(layer, {"kernel": zeros((3, 3))}, zeros(shape))


def test_rank_of_features():
    with pytest.raises(
        ValueError, match=in_one_line("Dense(units=3): wanted features (channels,), got (2, 4)")
    ):
        infer(Dense(3), {"kernel": zeros((4, 3))}, zeros((5, 2, 4)))
    with pytest.raises(ValueError, match=in_one_line("Softmax(): wanted logits (classes,), got (2, 4)")):
        infer(Softmax(), {}, zeros((5, 2, 4)))
    with pytest.raises(ValueError, match=in_one_line("wanted a batch axis first, got a single number")):
        infer(Relu6(), {}, zeros(()))


@pytest.mark.parametrize(
    ("layer", "role"),
    [
        (Conv2d(4, 3), "kernel"),
        (DepthwiseConv2d(3), "kernel"),
        (PointwiseConv2d(4), "kernel"),
        (BatchNorm(), "gamma"),
    ],
)
def test_another_number_of_channels(layer, role):
    _, weights = drawn(layer, [(5, 5, 3)])
    got = weights[role].shape
    wanted = layer.parameters((5, 5, 2))[role]
    with pytest.raises(ValueError, match=in_one_line(f"{role}: wanted shape {wanted}, got {got}")):
        infer(layer, weights, zeros((1, 5, 5, 2)))


def test_channels_that_no_group_takes():
    layer = GroupedConv2d(4, 3, groups=2)
    with pytest.raises(ValueError, match=in_one_line("wanted channels in a multiple of groups=2, got 3")):
        layer.out_shape((5, 5, 3))


def test_a_window_larger_than_the_map():
    wanted = "a 3x3 kernel with dilation (2, 2) and padding valid does not fit into a 4x9 map"
    with pytest.raises(ValueError, match=in_one_line(wanted)):
        Conv2d(4, 3, dilation=2, padding="valid").out_shape((4, 9, 3))


@pytest.mark.parametrize("pool", [MaxPool2d, AveragePool2d])
def test_windows_without_a_pixel(pool):
    layer = pool(2, 1, (2, 0, 0, 0))
    wanted = f"{layer}: wanted a pixel of the 4x4 map in every window"
    with pytest.raises(ValueError, match=in_one_line(wanted)):
        infer(layer, {}, zeros((1, 4, 4, 1)))
    with pytest.raises(ValueError, match=in_one_line("wanted a pixel of the 4x3 map in every window")):
        pool((1, 2), (2, 1), (0, 1, 0, 0)).out_shape((4, 3, 1))
    with pytest.raises(ValueError, match=in_one_line("does not fit into a 2x4 map")):
        pool(3, padding="valid").out_shape((2, 4, 1))


def test_nothing_remains_of_a_map():
    for pads in [(-2, -1, 0, 0), (0, 0, -4, 0), (5, -3, 0, 0)]:
        wanted = f"Pad2d(pads={pads}): wanted pixels to remain, got a map of 3x4"
        with pytest.raises(ValueError, match=in_one_line(wanted)):
            infer(Pad2d(pads), {}, zeros((1, 3, 4, 2)))


@pytest.mark.parametrize("layer", [LocalResponseNorm(), L2Normalize(), ChannelScale()])
def test_neighbours_are_channels_and_never_images(layer):
    with pytest.raises(ValueError, match=in_one_line(f"{layer}: wanted channels on the last axis, got ()")):
        infer(layer, {"scale": np.ones(3)}, zeros((3,)))


def test_inputs_of_add():
    wanted = "Add(): wanted two inputs of one shape, got (4, 4, 2) and (4, 4, 3)"
    with pytest.raises(ValueError, match=in_one_line(wanted)):
        infer(Add(), {}, zeros((1, 4, 4, 2)), zeros((1, 4, 4, 3)))
    with pytest.raises(ValueError, match=in_one_line("Add(): further input: wanted shape (1, 4), got (2, 4)")):
        infer(Add(), {}, zeros((1, 4)), zeros((2, 4)))
    with pytest.raises(TypeError, match=in_one_line("Add(): further input: wanted dtype float64, got float32")):
        infer(Add(), {}, zeros((1, 4)), zeros((1, 4), np.float32))
    with pytest.raises(ValueError, match=in_one_line("Add(): wanted 2 input(s), got 1")):
        infer(Add(), {}, zeros((1, 4)))
    with pytest.raises(ValueError, match=in_one_line("Relu6(): wanted 1 input(s), got 2")):
        infer(Relu6(), {}, zeros((1, 4)), zeros((1, 4)))


# Batches and memory.


@every_layer
@pytest.mark.parametrize("statistics", ["batch", "stored"])
def test_empty_batch(sample, statistics):
    layer, shapes = sample
    xs, weights = drawn(layer, shapes, batch=0)
    out = (0, *layer.out_shape(*shapes))
    assert infer(layer, weights, *xs).shape == out
    if isinstance(layer.layer if isinstance(layer, Each) else layer, BatchNorm) and statistics == "batch":
        wanted = "wanted at least two values per channel for batch statistics, got 0 (input (0, "
        with pytest.raises(ValueError, match=in_one_line(wanted)):
            run(layer, weights, xs, zeros(out), statistics)
        return
    ran = run(layer, weights, xs, zeros(out), statistics)
    assert [dx.shape for dx in ran.dxs] == [x.shape for x in xs]
    assert all(not gradient.any() for gradient in ran.dweights.values())


def test_one_value_per_channel_has_no_batch_statistics():
    for shape in [(1, 1, 1, 4), (1, 4)]:
        (x,), weights = drawn(BatchNorm(), [shape[1:]], batch=1)
        with pytest.raises(
            ValueError, match=in_one_line("two values per channel for batch statistics, got 1")
        ):
            run(BatchNorm(), weights, [x], x)
        assert run(BatchNorm(), weights, [x], x, "stored").y.shape == shape
    (x,), weights = drawn(BatchNorm(), [(4,)], batch=2)
    assert run(BatchNorm(), weights, [x], x).y.shape == (2, 4)


@every_layer
def test_nan_is_not_swallowed(sample):
    layer, shapes = sample
    xs, weights = drawn(layer, shapes)
    random = np.random.default_rng(1)
    one, other = (random.uniform(low, low + 1, xs[0].shape) for low in (1, 3))
    reached = infer(layer, weights, one, *xs[1:])[0] != infer(layer, weights, other, *xs[1:])[0]
    xs[0][0] = np.nan
    y = infer(layer, weights, *xs)
    assert np.isfinite(y[1:]).all()
    assert reached.any()
    np.testing.assert_array_equal(np.isnan(y[0]), reached)  # all but what sees padding, or another input, alone


def fortran(array):
    return np.asfortranarray(array)


def backwards(array):
    """Equal to the array, with negative strides on every axis."""
    turned = np.ascontiguousarray(np.flip(array))
    return np.flip(turned)


def every_second(array):
    """Equal to the array, in every second place of a larger one."""
    larger = np.full([2 * size for size in array.shape], np.nan, array.dtype)
    places = tuple(slice(None, None, 2) for _ in array.shape)
    larger[places] = array
    return larger[places]


def read_only(array):
    frozen = array.copy()
    frozen.flags.writeable = False
    return frozen


def unaligned(array):
    """Equal to the array, one byte off the places where its numbers should begin."""
    room = np.empty(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    room[...] = array
    return room


@every_layer
@pytest.mark.parametrize("arranged", [fortran, backwards, every_second, read_only, unaligned])
def test_memory_order_changes_nothing(sample, arranged):
    layer, shapes = sample
    xs, weights = drawn(layer, shapes)
    dy = np.random.default_rng(4).standard_normal((3, *layer.out_shape(*shapes)))
    wanted = run(layer, weights, xs, dy)
    moved = {role: arranged(weight) for role, weight in weights.items()}
    got = run(layer, moved, [arranged(x) for x in xs], arranged(dy))
    np.testing.assert_array_equal(got.y, wanted.y)
    for dx, right in zip(got.dxs, wanted.dxs, strict=True):
        np.testing.assert_array_equal(dx, right)
    for role, right in {**wanted.dweights, **wanted.updates}.items():
        np.testing.assert_array_equal({**got.dweights, **got.updates}[role], right)


class Watched:
    """Plain kernels that refuse any array but the one kind for which they are compiled."""

    def __getattr__(self, name):
        def kernel(*arguments):
            for array in (each for each in arguments if not isinstance(each, (int, float, tuple))):
                assert type(array) is np.ndarray
                assert array.flags.carray  # C-contiguous, aligned, writeable
            return getattr(refnet.kernels, name)(*arguments)

        return kernel


@every_layer
@pytest.mark.parametrize("arranged", [fortran, backwards, every_second, read_only, unaligned])
def test_kernels_see_one_kind_of_array(sample, arranged):
    """Every other kind would be compiled once more."""
    layer, shapes = sample
    xs, weights = drawn(layer, shapes)
    dy = arranged(np.ones((3, *layer.out_shape(*shapes))))
    moved = {role: arranged(weight) for role, weight in weights.items()}
    run(layer, moved, [arranged(x) for x in xs], dy, kernels=Watched())
    run(layer, moved, [arranged(x) for x in xs], dy, "stored", kernels=Watched())


def test_big_endian_arrays():
    (x,), _ = drawn(Relu6(), [(4,)])
    swapped = x.astype(x.dtype.newbyteorder(">"))
    with pytest.raises(TypeError, match=in_one_line("wanted dtype float32 or float64, got >f8")):
        infer(Relu6(), {}, swapped)


# Hyper-parameters.

BAD = [
    (lambda: Conv2d(0, 3), "filters: wanted an integer of at least 1, got 0"),
    (lambda: Conv2d(-4, 3), "filters: wanted an integer of at least 1, got -4"),
    (lambda: Conv2d(2.5, 3), "filters: wanted an integer of at least 1, got 2.5"),
    (lambda: Conv2d(True, 3), "filters: wanted an integer of at least 1, got True"),
    (lambda: Conv2d(4, 0), "kernel: wanted an integer of at least 1, got 0"),
    (lambda: Conv2d(4, (3, 3, 3)), "kernel: wanted an integer or a pair (y, x), got (3, 3, 3)"),
    (lambda: Conv2d(4, "3"), "kernel: wanted an integer of at least 1, got '3'"),
    (lambda: DepthwiseConv2d(3, 0), "stride: wanted an integer of at least 1, got 0"),
    (lambda: DepthwiseConv2d(3, (1, -1)), "stride: wanted an integer of at least 1, got -1"),
    (lambda: DepthwiseConv2d(3, dilation=0), "dilation: wanted an integer of at least 1, got 0"),
    (
        lambda: DepthwiseConv2d(3, padding="SAME"),
        "padding: wanted same, symmetric, valid, ceil or four integers (top, bottom, left, right), got 'SAME'",
    ),
    (lambda: DepthwiseConv2d(3, padding=1), "four integers (top, bottom, left, right), got 1"),
    (lambda: DepthwiseConv2d(3, padding=(0, 1, 0, -1)), "padding: wanted an integer of at least 0, got -1"),
    (lambda: GroupedConv2d(4, 3, 0), "groups: wanted an integer of at least 1, got 0"),
    (lambda: GroupedConv2d(4, 3, 3), "filters: wanted a multiple of groups=3, got 4"),
    (lambda: PointwiseConv2d(0), "filters: wanted an integer of at least 1, got 0"),
    (lambda: Dense(0), "units: wanted an integer of at least 1, got 0"),
    (lambda: Dropout(1), "rate: wanted the share to drop, from 0 to below 1, got 1"),
    (lambda: Dropout(-0.1), "rate: wanted the share to drop, from 0 to below 1, got -0.1"),
    (lambda: Dropout(float("nan")), "rate: wanted the share to drop, from 0 to below 1, got nan"),
    (lambda: Dropout("0.5"), "rate: wanted the share to drop, from 0 to below 1, got '0.5'"),
    (lambda: BatchNorm(decay=1.1), "decay: wanted a number from 0 to 1, got 1.1"),
    (lambda: BatchNorm(decay=None), "decay: wanted a number from 0 to 1, got None"),
    (lambda: BatchNorm(eps=-1), "eps: wanted a finite number of at least 0, got -1"),
    (lambda: BatchNorm(eps=float("inf")), "eps: wanted a finite number of at least 0, got inf"),
    (lambda: BatchNorm(eps="tiny"), "eps: wanted a finite number of at least 0, got 'tiny'"),
    (lambda: MaxPool2d(0), "kernel: wanted an integer of at least 1, got 0"),
    (lambda: MaxPool2d((2, 2, 2)), "kernel: wanted an integer or a pair (y, x), got (2, 2, 2)"),
    (lambda: AveragePool2d(3, 1.5), "stride: wanted an integer of at least 1, got 1.5"),
    (lambda: AveragePool2d(3, 1, "full"), "four integers (top, bottom, left, right), got 'full'"),
    (lambda: MaxPool2d(3, 1, (0, 0, 0, -1)), "padding: wanted an integer of at least 0, got -1"),
    (lambda: Pad2d((1, 2, 3)), "pads: wanted four integers (top, bottom, left, right), got (1, 2, 3)"),
    (lambda: Pad2d((1, 2, 3, 0.5)), "pads: wanted four integers (top, bottom, left, right), got (1, 2, 3, 0.5)"),
    (lambda: Pad2d((1, 2, 3, True)), "pads: wanted four integers (top, bottom, left, right), got (1, 2, 3, True)"),
    (lambda: Pad2d(1), "pads: wanted four integers (top, bottom, left, right), got 1"),
    (lambda: LeakyRelu(1), "slope: wanted a number from 0 to below 1, got 1"),
    (lambda: LeakyRelu(-0.1), "slope: wanted a number from 0 to below 1, got -0.1"),
    (lambda: LeakyRelu("0.1"), "slope: wanted a number from 0 to below 1, got '0.1'"),
    (lambda: LeakyRelu(float("nan")), "slope: wanted a number from 0 to below 1, got nan"),
    (lambda: LocalResponseNorm(4), "size: wanted an odd number of channels, got 4"),
    (lambda: LocalResponseNorm(0), "size: wanted an integer of at least 1, got 0"),
    (lambda: LocalResponseNorm(alpha=0), "alpha: wanted a finite number above 0, got 0"),
    (lambda: LocalResponseNorm(beta="1"), "beta: wanted a finite number above 0, got '1'"),
    (lambda: LocalResponseNorm(bias=float("inf")), "bias: wanted a finite number above 0, got inf"),
    (lambda: GlobalAveragePool("no"), "keep_map: wanted True or False, got 'no'"),
    (lambda: AveragePool2d(3, count_padding=1), "count_padding: wanted True or False, got 1"),
    (lambda: AveragePool2d(0, count_padding=True), "kernel: wanted an integer of at least 1, got 0"),
    (lambda: L2Normalize(0), "eps: wanted a finite number above 0, got 0"),
    (lambda: L2Normalize(float("nan")), "eps: wanted a finite number above 0, got nan"),
]


@pytest.mark.parametrize(("build", "message"), BAD, ids=[message for _, message in BAD])
def test_hyper_parameters(build, message):
    with pytest.raises(ValueError, match=in_one_line(message)):
        build()


def test_statistics():
    (x,), weights = drawn(BatchNorm(), [(4,)])
    with pytest.raises(
        ValueError, match=in_one_line("statistics: wanted one of batch, stored, got 'moving'")
    ):
        run(BatchNorm(), weights, [x], x, "moving")


def test_layers_are_frozen_and_compare_by_value():
    assert Conv2d(4, 3) == Conv2d(4, 3) != Conv2d(4, 5)
    assert len({Conv2d(4, 3), Conv2d(4, 3), Relu6()}) == 2
    with pytest.raises(AttributeError, match="cannot assign to field 'filters'"):
        Conv2d(4, 3).filters = 5


def test_numpy_integers_are_integers():
    layer = Conv2d(np.int64(4), (np.int32(3), 3), stride=np.int8(2))
    assert layer.out_shape((8, 8, 3)) == (4, 4, 4)
    assert type(layer.window().stride[0]) is int
