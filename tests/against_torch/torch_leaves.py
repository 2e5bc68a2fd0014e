"""A network's weights as torch leaves under refnet's keys, and one step of both libraries with them.

The network itself is written in torch.nn.functional, from its publication, in each test file: a function of
(leaves, x, kept) -> logits, where x is (B, 3, H, W) and kept (B, features) the dropout mask divided by what remains.

    name    a node's name, under which its weights stand    kind    the role of a weight, or `images`
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from healthy import healthy
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch_networks import margins

from refnet import Graph
from refnet.layers import Dropout

torch.set_num_threads(1)  # its threads spin while they wait, and starve whatever else runs here

Arrays = dict[str, NDArray]
Padding = int | tuple[int, int]
Network = Callable[["Leaves", Tensor, Tensor], Tensor]


class Leaves:
    """Operations of torch.nn.functional with the weights of a node."""

    def __init__(self, weights: Mapping[str, NDArray], eps: float) -> None:
        self.of = {key: torch.from_numpy(array.copy()).requires_grad_() for key, array in weights.items()}
        self.eps = eps

    def conv(
        self, x: Tensor, name: str, stride: int = 1, padding: int | tuple[int, int] = 0, groups: int = 1
    ) -> Tensor:
        """Of a kernel (KH, KW, M, N), (KH, KW, M) for depthwise or (M, N) for 1x1."""
        w = self.of[f"{name}/kernel"]
        if w.ndim == 3:
            return F.conv2d(x, w.permute(2, 0, 1)[:, None], None, stride, padding, groups=w.shape[2])
        w = w[None, None] if w.ndim == 2 else w
        return F.conv2d(x, w.permute(3, 2, 0, 1), None, stride, padding, groups=groups)

    def norm(self, x: Tensor, name: str) -> Tensor:
        roles = ("moving_mean", "moving_variance", "gamma", "beta")
        mean, variance, gamma, beta = (self.of[f"{name}_bn/{role}"] for role in roles)
        return F.batch_norm(x, mean.detach(), variance.detach(), gamma, beta, False, 0.0, self.eps)

    def conv_norm(self, x: Tensor, name: str, *setting: Padding, **more: int) -> Tensor:
        return self.norm(self.conv(x, name, *setting, **more), name)

    def unit(self, x: Tensor, name: str, *setting: Padding, **more: int) -> Tensor:
        """Convolution, batch norm, ReLU."""
        return F.relu(self.conv_norm(x, name, *setting, **more))

    def classify(self, features: Tensor) -> Tensor:
        bias = self.of.get("classifier_bias/bias")
        return F.linear(features, self.of["classifier/kernel"].T, bias)


class Step(NamedTuple):
    """Logits, and the gradients of the images and of each trainable weight."""

    logits: NDArray
    gradients: Arrays


def kept(net: Graph, batch: int, seed: int) -> NDArray:
    """What dropout multiplies features by, drawn as refnet's layer draws it; ones where there is no dropout."""
    found = [node for node in net.nodes if isinstance(node.layer, Dropout)]
    if not found:
        return np.ones((batch, 1))
    rate, shape = found[0].layer.rate, (batch, *net.shapes[found[0].name])
    return (np.random.default_rng(seed).random(shape) >= rate) / (1 - rate)


def refnet_step(net: Graph, weights: Arrays, x: NDArray, dy: NDArray, seed: int) -> Step:
    """A training step with stored batch-norm statistics."""
    logits, tape = net.train_forward(weights, x, seed, statistics="stored")
    dx, gradients = net.backward(tape, dy)
    return Step(logits, {**gradients, "images": dx})


def torch_step(network: Network, net: Graph, weights: Arrays, x: NDArray, dy: NDArray, seed: int, eps: float) -> Step:
    """The same in torch."""
    leaves = Leaves(weights, eps)
    images = torch.from_numpy(x.copy()).requires_grad_()
    logits = network(leaves, images.permute(0, 3, 1, 2), torch.from_numpy(kept(net, len(x), seed)))
    logits.backward(torch.from_numpy(dy))
    trainable = [key for key, parameter in net.parameters().items() if parameter.trainable]
    gradients = {key: leaves.of[key].grad.numpy() for key in trainable}
    return Step(logits.detach().numpy(), {**gradients, "images": images.grad.numpy()})


def differing(got: Arrays, wanted: Arrays, tolerance: float = 1e-9) -> list[str]:
    """Keys of the arrays that differ by more than `tolerance` of the largest value of their kind."""
    assert set(got) == set(wanted)
    largest: dict[str, float] = {}
    for key, array in wanted.items():
        largest[kind(key)] = max(largest.get(kind(key), 0.0), float(abs(array).max()))
    return [key for key in wanted if not abs(got[key] - wanted[key]).max() <= tolerance * largest[kind(key)]]


def kind(key: str) -> str:
    """block_3/depthwise/kernel -> kernel; images -> images"""
    return key.rpartition("/")[2]


def same_padded(x: Tensor, size: int, stride: int, value: float = 0.0) -> Tensor:
    """TensorFlow's SAME, which torch lacks for strides above 1: the odd pixel goes bottom and right."""
    (top, bottom), (left, right) = (margins(length, size, stride, "same") for length in x.shape[2:])
    return F.pad(x, (left, right, top, bottom), value=value)


def same_max(x: Tensor, size: int, stride: int) -> Tensor:
    return F.max_pool2d(same_padded(x, size, stride, -torch.inf), size, stride)


def same_average(x: Tensor, size: int, stride: int) -> Tensor:
    """Sums over windows, divided by how many of their pixels lie inside."""
    ones = torch.ones_like(x[:1, :1])
    sums, inside = (F.avg_pool2d(same_padded(each, size, stride), size, stride) for each in (x, ones))
    return sums / inside


class Comparison:
    """One network in both libraries with the same weights, images and gradient of the logits."""

    def __init__(self, net: Graph, network: Network, eps: float, batch: int = 2, seed: int = 3) -> None:
        self.net, self.network, self.eps, self.seed = net, network, eps, seed
        random = np.random.default_rng(seed)
        self.weights = healthy(net, np.random.default_rng(seed + 1))
        self.x = random.standard_normal((batch, *net.inputs["images"]))
        self.dy = random.standard_normal((batch, *net.shapes[net.outputs[0]]))
        self.wanted = torch_step(network, net, self.weights, self.x, self.dy, seed, eps)

    def differences(self) -> list[str]:
        """Of the logits and of every gradient."""
        got = refnet_step(self.net, self.weights, self.x, self.dy, self.seed)
        logits = differing({"logits": got.logits}, {"logits": self.wanted.logits})
        return logits + differing(got.gradients, self.wanted.gradients)

    def unnoticed(self) -> list[str]:
        """Keys of the gradients that could be missing without a difference."""
        wanted = self.wanted.gradients
        noticed = differing({key: np.zeros_like(array) for key, array in wanted.items()}, wanted)
        return [key for key in wanted if key not in noticed]

    def logits_differ(self, net: Graph) -> bool:
        """Whether another graph with the same weights gives other logits."""
        got, _ = net.train_forward(self.weights, self.x, self.seed, statistics="stored")
        return differing({"logits": got}, {"logits": self.wanted.logits}) != []
