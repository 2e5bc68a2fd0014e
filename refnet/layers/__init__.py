"""One small frozen class per operation: shape, parameters, cost, forward and backward side by side."""

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:  # what type checkers and editors see; at run time a name is imported when it is asked for
    from .activation import LeakyRelu as LeakyRelu
    from .activation import Relu as Relu
    from .activation import Relu6 as Relu6
    from .activation import Softmax as Softmax
    from .add import Add as Add
    from .base import Layer as Layer
    from .channels import ChannelShuffle as ChannelShuffle
    from .channels import Concat as Concat
    from .channels import Flatten as Flatten
    from .channels import Pad2d as Pad2d
    from .channels import SpaceToDepth as SpaceToDepth
    from .convolution import Conv2d as Conv2d
    from .convolution import DepthwiseConv2d as DepthwiseConv2d
    from .convolution import GroupedConv2d as GroupedConv2d
    from .convolution import PointwiseConv2d as PointwiseConv2d
    from .dense import BiasAdd as BiasAdd
    from .dense import Dense as Dense
    from .dropout import Dropout as Dropout
    from .normalization import BatchNorm as BatchNorm
    from .normalization import ChannelScale as ChannelScale
    from .normalization import L2Normalize as L2Normalize
    from .normalization import LocalResponseNorm as LocalResponseNorm
    from .pooling import AveragePool2d as AveragePool2d
    from .pooling import GlobalAveragePool as GlobalAveragePool
    from .pooling import MaxPool2d as MaxPool2d
    from .regions import CropAndResize as CropAndResize
    from .regions import Each as Each
    from .regions import ResizeBilinear as ResizeBilinear

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
    "LeakyRelu": "activation",
    "LocalResponseNorm": "normalization",
    "L2Normalize": "normalization",
    "ChannelScale": "normalization",
    "MaxPool2d": "pooling",
    "AveragePool2d": "pooling",
    "Concat": "channels",
    "ChannelShuffle": "channels",
    "SpaceToDepth": "channels",
    "Pad2d": "channels",
    "Flatten": "channels",
    "ResizeBilinear": "regions",
    "CropAndResize": "regions",
    "Each": "regions",
}

__all__ = sorted(_HOME)

__getattr__, __dir__ = lazily(__name__, __all__, _HOME)
