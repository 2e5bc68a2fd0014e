"""torch's own sample inputs for conv2d, batch_norm, relu6 and cross_entropy: forward and gradients in float64.

torch tests its operations on these. They live in a part of torch that is not public, so the tests name how many there
are, how many are compared, and why the others are not. Nothing is drawn here: torch draws.
"""

import sys
from types import ModuleType
from unittest import TestCase

import numpy as np
import pytest
from layer_samples import run

from refnet.kernels import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from refnet.layers import BatchNorm, BiasAdd, Conv2d, DepthwiseConv2d, GroupedConv2d, Relu6

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def samples():
    """name -> torch's samples (input, args, kwargs) for the operation, in float64."""
    missing = ModuleType("expecttest")  # torch imports it for its own tests' sake; nothing here calls it
    missing.TestCase = TestCase
    sys.modules.setdefault("expecttest", missing)
    from torch.testing._internal.common_methods_invocations import op_db

    if sys.modules["expecttest"] is missing:
        del sys.modules["expecttest"]

    def of(name):
        (operation,) = [each for each in op_db if each.name == name and not each.variant_test_name]
        torch.manual_seed(0)
        return operation, list(operation.sample_inputs("cpu", torch.float64, requires_grad=True))

    return of


def torchs(operation, sample, leaves):
    """What torch makes of a sample: y, a gradient dy of it, and the gradients of the leaves."""
    y = operation(sample.input, *sample.args, **sample.kwargs)
    dy = torch.from_numpy(np.random.default_rng(0).standard_normal(tuple(y.shape)))
    return y, dy, torch.autograd.grad(y, leaves, dy)


def array(tensor):
    return np.array(tensor.detach().numpy(), order="C")


def channels_last(tensor, axis=1):
    return np.ascontiguousarray(np.moveaxis(array(tensor), axis, -1))


def agree(got, wanted, largest=None):
    """To 1e-12 of the largest value, or of the largest term of sums that cancel."""
    assert got.shape == wanted.shape
    if largest is None:
        largest = abs(wanted).max(initial=0)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12 * largest)


# conv2d


def convolutions(w, groups, channels, window):
    """refnet's layers that compute this convolution, and the kernel (N, M/G, KH, KW) in their layout."""
    kernel = array(w).transpose(2, 3, 1, 0)
    filters, size = w.shape[0], tuple(w.shape[2:])
    yield GroupedConv2d(filters, size, groups, **window), kernel
    if groups == 1:
        yield Conv2d(filters, size, **window), kernel
    if groups == channels == filters:
        yield DepthwiseConv2d(size, **window), kernel[:, :, 0]


def window_of(stride=1, padding=0, dilation=1):
    """torch's arguments as refnet's: a number or a pair pads both sides alike; its "same" is TensorFlow's."""
    if not isinstance(padding, str):
        y, x = (padding, padding) if isinstance(padding, int) else padding
        padding = (y, y, x, x)
    return {"stride": stride, "padding": padding, "dilation": dilation}


def unbatched(tensor, rank):
    return tensor[None] if tensor.ndim < rank else tensor


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_conv2d(samples):
    operation, given = samples("nn.functional.conv2d")
    kinds = []
    for sample in given:
        w, b = sample.args
        leaves = [leaf for leaf in (sample.input, w, b) if leaf is not None]
        y, dy, gradients = torchs(operation, sample, leaves)
        x = channels_last(unbatched(sample.input, 4))
        dy_last = channels_last(unbatched(dy, 4))
        groups = sample.kwargs.get("groups", 1)
        window = window_of(**{key: value for key, value in sample.kwargs.items() if key != "groups"})
        for layer, kernel in convolutions(w, groups, x.shape[-1], window):
            ran = run(layer, {"kernel": kernel}, [x], dy_last)
            out = ran.y
            if b is not None:
                biased = run(BiasAdd(), {"bias": array(b)}, [out], dy_last)
                out = biased.y
                agree(biased.dweights["bias"], array(gradients[2]))
            agree(out, channels_last(unbatched(y, 4)))
            agree(ran.dxs[0], channels_last(unbatched(gradients[0], 4)))
            dw = array(gradients[1]).transpose(2, 3, 1, 0)
            agree(ran.dweights["kernel"], dw[:, :, 0] if isinstance(layer, DepthwiseConv2d) else dw)
            kinds.append(type(layer).__name__)
    assert len(given) == 30
    assert {kind: kinds.count(kind) for kind in kinds} == {"GroupedConv2d": 30, "Conv2d": 14, "DepthwiseConv2d": 8}


# batch_norm


def vectors(sample):
    """gamma, beta, moving_mean, moving_variance of a sample; what torch leaves out is 1, 0, 0, 1."""
    names = ("running_mean", "running_var", "weight", "bias")
    given = {**dict(zip(names, sample.args, strict=False)), **sample.kwargs}
    mean, variance, gamma, beta = (given.get(name) for name in names)
    channels = sample.input.shape[1]
    default = {"gamma": np.ones, "beta": np.zeros, "moving_mean": np.zeros, "moving_variance": np.ones}
    tensors = {"gamma": gamma, "beta": beta, "moving_mean": mean, "moving_variance": variance}
    return tensors, {
        role: default[role](channels) if tensor is None else array(tensor) for role, tensor in tensors.items()
    }


def test_batch_norm(samples):
    operation, given = samples("nn.functional.batch_norm")
    compared, moved, left_out = 0, 0, []
    for sample in given:
        if sample.input.ndim < 2:
            left_out.append("no channels")
            continue
        training, momentum = sample.kwargs.get("training", False), sample.kwargs.get("momentum", 0.1)
        tensors, weights = vectors(sample)  # before torch moves its statistics
        trainable = [tensor for tensor in (tensors["gamma"], tensors["beta"]) if tensor is not None]
        y, dy, gradients = torchs(operation, sample, [sample.input, *trainable])
        decay = 1 - momentum if 0 <= momentum <= 1 else 0.5
        layer = BatchNorm(decay=decay, eps=sample.kwargs.get("eps", 1e-5))
        statistics = "batch" if training else "stored"
        ran = run(layer, weights, [channels_last(sample.input)], channels_last(dy), statistics)
        agree(ran.y, channels_last(y))
        # dx is a difference of terms of this size: gamma / root of the variance * dy
        scale = abs(weights["gamma"]).max() * abs(array(dy)).max() / np.sqrt(layer.eps)
        agree(ran.dxs[0], channels_last(gradients[0]), largest=scale)
        given_roles = [role for role in ("gamma", "beta") if tensors[role] is not None]
        for role, right in zip(given_roles, gradients[1:], strict=True):
            agree(ran.dweights[role], array(right), largest=max(scale, abs(array(right)).max()))
        if training and tensors["moving_mean"] is not None and 0 <= momentum <= 1:
            agree(ran.updates["moving_mean"], array(tensors["moving_mean"]))
            agree(ran.updates["moving_variance"], array(tensors["moving_variance"]))
            moved += 1
        compared += 1
    assert (len(given), compared, moved) == (12, 10, 3)
    assert left_out == ["no channels"] * 2


# relu6


def test_relu6(samples):
    operation, given = samples("nn.functional.relu6")
    shapes = []
    for sample in given:
        y, dy, (dx,) = torchs(operation, sample, [sample.input])
        if sample.input.ndim == 0:  # a layer's input has a batch axis
            continue
        ran = run(Relu6(), {}, [array(sample.input)], array(dy))
        np.testing.assert_array_equal(ran.y, array(y))
        np.testing.assert_array_equal(ran.dxs[0], array(dx))
        shapes.append(ran.y.shape)
    assert len(given) == 3
    assert shapes == [(20,), (1, 0, 3)]


# cross_entropy


def rows(tensor):
    """Logits or shares (B, classes, ...) as (pixels, classes)."""
    return channels_last(tensor).reshape(-1, tensor.shape[1])


def targets_of(logits, target, weight=None, ignore_index=None):
    """The targets (pixels, classes), and by how much the mean of the losses divides their sum.

    A class weight multiplies its column. For class labels the mean weighs each pixel by its label's weight, and an
    ignored pixel weighs nothing.
    """
    classes = logits.shape[1]
    by_class = np.ones(classes) if weight is None else array(weight)
    if target.ndim == logits.ndim:
        shares = rows(target)
        return shares * by_class, len(shares)
    labels = array(target).reshape(-1)
    kept = labels != ignore_index
    targets = np.eye(classes)[np.where(kept, labels, 0)] * by_class * kept[:, None]
    return targets, targets.sum()


def test_cross_entropy(samples):
    operation, given = samples("nn.functional.cross_entropy")
    reductions = []
    for sample in given:
        y, dy, (gradient,) = torchs(operation, sample, [sample.input])
        more = {key: value for key, value in sample.kwargs.items() if key != "reduction"}
        z, (targets, total) = rows(sample.input), targets_of(sample.input, *sample.args, **more)
        losses, p = softmax_cross_entropy_forward(z, targets)
        reductions.append(sample.kwargs.get("reduction", "mean"))
        if reductions[-1] == "none":
            agree(losses, array(y).reshape(-1))
            dlosses = array(dy).reshape(-1)
        else:
            divided = total if reductions[-1] == "mean" else 1
            agree(losses.sum() / divided, array(y))
            dlosses = np.full(len(z), dy.item() / divided)
        agree(softmax_cross_entropy_backward(dlosses, p, targets), rows(gradient))
    assert len(given) == 21
    assert {each: reductions.count(each) for each in reductions} == {"mean": 13, "sum": 4, "none": 4}
