"""Training on the graph: statistics, the tape, what memory holds, and which kernels run."""

import weakref

import numpy as np
import pytest
from graph_samples import chain, drawn, forked, shared, tail, two_by_two

import refnet.kernels
from refnet import Graph, Node
from refnet.layers import Dense, Softmax


def test_statistics_of_the_batch_or_the_stored_ones():
    net = tail()
    weights, images = drawn(net, batch=3)
    _, maps = net.forward(weights, images, taps=("conv", "conv_bn"))
    values = maps["conv"].reshape(-1, 4)
    _, tape = net.train_forward(weights, images, 0)
    assert set(tape.updates) == {"conv_bn/moving_mean", "conv_bn/moving_variance"}
    wanted = 0.9 * weights["conv_bn/moving_mean"] + 0.1 * values.mean(0)
    np.testing.assert_allclose(tape.updates["conv_bn/moving_mean"], wanted, rtol=1e-12)
    frozen, frozen_tape = net.train_forward(weights, images, 0, statistics="stored")
    assert frozen_tape.updates == {}
    without_dropout = Graph("tail", net.inputs, [*net.nodes[:4], *net.nodes[5:]][:4])
    stored, _ = without_dropout.train_forward(weights, images, 0, statistics="stored")
    np.testing.assert_array_equal(stored, without_dropout.forward(weights, images))
    batch, _ = without_dropout.train_forward(weights, images, 0)
    assert not np.allclose(batch, stored)
    assert frozen.shape == (3, 5)


def test_gradients_are_those_of_the_trainable_weights_in_the_order_of_the_keys():
    net = tail()
    weights, images = drawn(net)
    y, tape = net.train_forward(weights, images, 0)
    _, gradients = net.backward(tape, y)
    assert list(gradients) == [key for key, each in net.parameters().items() if each.trainable]
    assert "conv_bn/moving_mean" not in gradients


def test_the_rng_decides_what_dropout_drops():
    net = tail()
    weights, images = drawn(net)
    one, same, other = (net.train_forward(weights, images, rng)[0] for rng in (1, np.random.default_rng(1), 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_weights_updates_and_gradients_train():
    """Three steps downhill, with the dict that the user keeps."""
    net = tail()
    weights, images = drawn(net, np.float32)
    wanted = np.zeros((2, 5), np.float32)
    losses = []
    for _ in range(4):
        y, tape = net.train_forward(weights, images, 0)
        _, gradients = net.backward(tape, y - wanted, input_gradient=False)
        losses.append(float((y - wanted).astype(np.float64).ravel() @ (y - wanted).ravel()))
        weights |= {key: weights[key] - np.float32(1e-3) * gradient for key, gradient in gradients.items()}
        weights.update(tape.updates)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("build", [forked, shared, two_by_two, tail])
def test_arguments_stay_as_they_are(build):
    net = build()
    weights, images = drawn(net)
    arrays = [*weights.values(), *images.values()]
    before = [array.copy() for array in arrays]
    net.forward(weights, images)
    y, tape = net.train_forward(weights, images, 0)
    dy = {name: value.copy() for name, value in y.items()} if isinstance(y, dict) else y.copy()
    net.backward(tape, dy)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)
    for name, value in (y if isinstance(y, dict) else {"y": y}).items():
        np.testing.assert_array_equal(dy[name] if isinstance(dy, dict) else dy, value)
    assert set(images) == set(net.inputs)
    assert set(weights) == set(net.parameters())


# Memory: a value is dropped after its last use.


class Census:
    """Plain kernels that count how many of their own results are alive whenever one is called."""

    def __init__(self):
        self.results, self.most = [], 0

    def __getattr__(self, name):
        def kernel(*arguments):
            self.most = max(self.most, sum(result() is not None for result in self.results))
            result = getattr(refnet.kernels, name)(*arguments)
            self.results.append(weakref.ref(result))
            return result

        return kernel


def test_values_are_dropped_after_their_last_use():
    net, census = chain(10), Census()
    weights, images = drawn(net)
    net.forward(weights, images, kernels=census)
    assert len(census.results) == 10
    assert census.most == 1  # the one value that is being read
    tapped = Census()
    _, maps = net.forward(weights, images, taps=("n0", "n1", "n2"), kernels=tapped)
    assert tapped.most == 4
    assert len(maps) == 3


def test_a_tape_drops_what_backward_has_used():
    net = chain(6)
    weights, images = drawn(net)
    y, tape = net.train_forward(weights, images, 0)
    saved = [weakref.ref(each.content[0]) for each in tape.saved[1:]]
    net.backward(tape, y)
    assert [each() for each in saved] == [None] * 5


# Which kernels run.


class Counted:
    """Plain kernels that note their calls."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        def kernel(*arguments):
            self.calls.append(name)
            return getattr(refnet.kernels, name)(*arguments)

        return kernel


FORWARD = [
    "conv2d_forward",
    "batch_norm_inference_forward",
    "relu6_forward",
    "global_average_pool_forward",
    "dense_forward",
    "bias_add_forward",
]
BACKWARD = [
    "bias_add_backward",
    "dense_filter_gradient",
    "dense_input_gradient",
    "dropout_backward",
    "global_average_pool_backward",
    "relu6_backward",
    "batch_norm_train_backward",
    "conv2d_filter_gradient",
    "conv2d_input_gradient",
]


def test_the_given_kernels_run_and_no_others():
    net, inferred, trained = tail(), Counted(), Counted()
    weights, images = drawn(net)
    net.forward(weights, images, kernels=inferred)
    assert inferred.calls == FORWARD
    y, tape = net.train_forward(weights, images, 0, kernels=trained)
    training = ["batch_norm_train_forward" if "norm" in name else name for name in FORWARD]
    training.insert(4, "dropout_forward")
    assert trained.calls == training
    net.backward(tape, y)
    assert trained.calls[len(training) :] == BACKWARD


def test_the_first_layers_input_gradient_can_be_spared():
    net, full, spared = tail(), Counted(), Counted()
    weights, images = drawn(net)
    y, tape = net.train_forward(weights, images, 0, kernels=full)
    _, wanted = net.backward(tape, y)
    y, tape = net.train_forward(weights, images, 0, kernels=spared)
    dx, gradients = net.backward(tape, y, input_gradient=False)
    assert dx is None
    assert full.calls.count("conv2d_input_gradient") == 1
    assert spared.calls.count("conv2d_input_gradient") == 0
    for key, gradient in wanted.items():
        np.testing.assert_array_equal(gradients[key], gradient)


def test_below_the_first_weight_nothing_is_propagated_unasked():
    nodes = [Node("softmax", Softmax()), Node("dense", Dense(2))]
    net, counted = Graph("late", {"x": (3,)}, nodes), Counted()
    weights, images = drawn(net)
    y, tape = net.train_forward(weights, images, 0, kernels=counted)
    net.backward(tape, y, input_gradient=False)
    assert "softmax_backward" not in counted.calls
    assert "dense_input_gradient" not in counted.calls


def test_one_students_kernel_is_one_more_namespace():
    class Doubled:
        def __getattr__(self, name):
            return getattr(refnet.kernels, name)

        def pointwise_conv2d_forward(self, x, w):
            return 2 * refnet.kernels.pointwise_conv2d_forward(x, w)

    net = chain(3)
    weights, images = drawn(net)
    doubled = net.forward(weights, images, kernels=Doubled())
    np.testing.assert_array_equal(doubled, 8 * net.forward(weights, images))
