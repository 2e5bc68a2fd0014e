"""Carrying weights, images and gradients between refnet and torch, and one step of a torch module.

`ported` knows roles and shapes only: it serves any network whose tensors come in the order of refnet's keys.

    t torch's, of float32 or float64    x images (B, H, W, 3)    dy gradient of the logits (B, classes)
"""

import copy
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch_networks import Classified, Unit

from refnet import Graph
from refnet.graph import Parameter

torch.set_num_threads(1)  # its threads spin while they wait, and starve whatever else runs here

Arrays = dict[str, NDArray]


class Step(NamedTuple):
    """One forward and backward pass: logits, gradient by key (`images` for dx), new moving statistics by key."""

    logits: NDArray
    gradients: Arrays
    statistics: Arrays


def ported(parameters: Mapping[str, Parameter], tensors: Iterable[Tensor]) -> Arrays:
    """Key -> array of refnet's layout for torch's tensors, which come in the order of the keys."""
    given = [tensor.detach().numpy() for tensor in tensors]
    if len(given) != len(parameters):
        raise ValueError(f"wanted {len(parameters)} tensors, got {len(given)}")
    arrays = {}
    for (key, parameter), tensor in zip(parameters.items(), given, strict=True):
        arrays[key] = _in_refnets_layout(tensor, len(parameter.shape))
        if arrays[key].shape != parameter.shape:
            raise ValueError(f"{key}: wanted shape {parameter.shape}, got {arrays[key].shape}")
    return arrays


def _in_refnets_layout(tensor: NDArray, rank: int) -> NDArray:
    """(N, M, KH, KW) -> (KH, KW, M, N), (M, 1, KH, KW) -> (KH, KW, M), (N, M, 1, 1) or (N, M) -> (M, N)."""
    if tensor.ndim > 1:
        tensor = np.moveaxis(tensor, (0, 1), (-1, -2))
    if tensor.ndim == 4 and rank == 3:
        tensor = tensor[:, :, 0]
    if tensor.ndim == 4 and rank == 2:
        tensor = tensor[0, 0]
    return np.array(tensor, order="C")


def weights_of(net: Graph, module: nn.Module) -> Arrays:
    """A torch module's state as refnet's weights."""
    state = module.state_dict()
    return ported(net.parameters(), (state[key] for key in state if not key.endswith("num_batches_tracked")))


def torch_step(net: Graph, module: nn.Module, x: NDArray, dy: NDArray, statistics: str) -> Step:
    """Forward and backward in torch, in the module's dtype; the module stays as it is."""
    module = copy.deepcopy(module)
    module.train(statistics == "batch")
    images = nchw(x).requires_grad_()
    logits = module(images)
    logits.backward(torch.from_numpy(dy))
    trainable = {key: each for key, each in net.parameters().items() if each.trainable}
    gradients = ported(trainable, [parameter.grad for parameter in module.parameters()])
    moved = {key: value for key, value in weights_of(net, module).items() if key not in trainable}
    return Step(logits.detach().numpy(), {**gradients, "images": nhwc(images.grad)}, moved)


def refnet_step(net: Graph, weights: Arrays, x: NDArray, dy: NDArray, statistics: str, **more) -> Step:
    """The same in refnet. more: rng, kernels."""
    logits, tape = net.train_forward(weights, x, more.pop("rng", 0), statistics=statistics, **more)
    dx, gradients = net.backward(tape, dy)
    return Step(logits, {**gradients, "images": dx}, tape.updates)


def randomise(module: Classified, images: NDArray, seed: int) -> None:
    """Weights under which signals stay healthy: kernels by fan-in, every batch-norm vector at random, and stored
    statistics near those of the images, but not equal to them."""
    random = torch.Generator().manual_seed(seed)
    norms = [each for each in module.modules() if isinstance(each, nn.BatchNorm2d)]
    decays = [norm.momentum for norm in norms]
    with torch.no_grad():
        for each in module.modules():
            if isinstance(each, nn.Conv2d):
                each.weight.normal_(0, (2 / each.weight[0].numel()) ** 0.5, generator=random)
        for norm in norms:
            norm.weight.uniform_(0.8, 1.6, generator=random)
            norm.bias.normal_(0.2, 0.5, generator=random)
            norm.momentum = 1.0  # the next pass stores its own statistics
        module.train()(nchw(images))
        for norm, decay in zip(norms, decays, strict=True):
            norm.momentum = decay
            norm.running_mean += (
                0.1 * norm.running_var.sqrt() * torch.empty_like(norm.bias).normal_(generator=random)
            )
            norm.running_var *= torch.empty_like(norm.bias).uniform_(0.8, 1.25, generator=random)


def hold(module: nn.Module, pieces: Iterable[tuple[NDArray, NDArray]]) -> None:
    """Keep every ReLU6 of the module on given pieces: masks (B, H, W, M) of where it is 0 and where it is 6."""
    active = [unit for unit in module.modules() if isinstance(unit, Unit) and unit.active]
    for unit, (below, above) in zip(active, pieces, strict=True):
        unit.relu6 = _held(nchw(~below & ~above), nchw(above))


def _held(linear: Tensor, above: Tensor):
    return lambda x: x * linear + 6 * above.to(x.dtype)


def nchw(x: NDArray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))


def nhwc(x: Tensor) -> NDArray:
    return np.ascontiguousarray(x.detach().numpy().transpose(0, 2, 3, 1))
