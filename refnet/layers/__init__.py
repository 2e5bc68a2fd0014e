"""One small frozen class per operation: shape, parameters, cost, forward and backward side by side."""

from importlib import import_module
from typing import Any

_HOME = {
    "Layer": "base",
    "Conv2d": "convolution",
    "DepthwiseConv2d": "convolution",
    "PointwiseConv2d": "convolution",
    "GroupedConv2d": "convolution",
    "Dense": "dense",
    "BiasAdd": "dense",
    "BatchNorm": "normalization",
    "Relu": "activation",
    "Relu6": "activation",
    "Softmax": "activation",
    "Dropout": "dropout",
    "Add": "add",
    "GlobalAveragePool": "pooling",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"refnet.layers has no layer {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
