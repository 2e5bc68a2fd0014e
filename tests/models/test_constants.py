"""What no shape and no count shows: batch norm's constants, shares of dropout, padding.

Typed in from the official files: TF-slim (nets/inception_utils.py, nets/nasnet/nasnet.py, nets/resnet_utils.py, which
DeepLab's resnet_v1_beta.py takes), tensorflow/models (research/deeplab/model.py; object_detection/samples/configs:
ssd_mobilenet_v1_coco, ssdlite_mobilenet_v2_coco, ssd_inception_v2_coco), torchvision (models/resnet.py,
models/googlenet.py), megvii-model/ShuffleNet-Series (ShuffleNetV1/blocks.py), Darknet (src/batchnorm_layer.c,
src/activations.h, cfg/yolo-voc.cfg).
"""

import pytest

from refnet import models
from refnet.layers import (
    AveragePool2d,
    BatchNorm,
    Conv2d,
    DepthwiseConv2d,
    Dropout,
    GroupedConv2d,
    LeakyRelu,
    MaxPool2d,
)
from refnet.models.output_stride import OUTPUT_STRIDES

SLIM, V2 = (0.9997, 1e-3), (0.997, 1e-3)
ATROUS, BETA = (0.9997, 1e-5), (0.997, 1e-5)
# Torch calls 1 - decay momentum.
TORCH = (0.9, 1e-5)

# Model and settings: batch norm's (decay, eps), shares that are dropped.
PUBLISHED = [
    ("inception_v2", {}, {SLIM}, [0.2]),
    ("inception_v3", {}, {SLIM}, [0.2]),
    ("nasnet_a_mobile", {}, {SLIM}, [0.5]),
    ("ssdlite_mobilenet_v1", {}, {SLIM}, []),
    ("ssdlite_mobilenet_v2", {}, {SLIM}, []),
    ("ssd_mobilenet_v1", {}, {SLIM}, []),
    ("ssd_mobilenet_v2", {}, {SLIM}, []),
    ("ssd_inception_v2", {}, {SLIM}, []),
    ("deeplab_mobilenet_v1", {}, {SLIM, ATROUS}, [0.1]),
    ("deeplab_mobilenet_v2", {}, {V2, ATROUS}, [0.1]),
    ("deeplab_resnet_101", {}, {BETA, ATROUS}, [0.1]),
    ("resnet_101", {"variant": "torchvision"}, {TORCH}, []),
    ("resnet_101", {"variant": "beta"}, {BETA}, []),
    ("googlenet", {"variant": "torchvision"}, {(0.9, 1e-3)}, [0.2]),
    ("shufflenet_v1", {}, {TORCH}, []),
    ("yolo_v2", {}, {(0.99, 1e-6)}, []),
]


def layers(name, kinds, **settings):
    return [node.layer for node in getattr(models, name)(**settings).nodes if isinstance(node.layer, kinds)]


@pytest.mark.parametrize(("name", "settings", "norms", "rates"), PUBLISHED)
def test_batch_norm_and_dropout(name, settings, norms, rates):
    assert {(norm.decay, norm.eps) for norm in layers(name, BatchNorm, **settings)} == norms
    assert [dropout.rate for dropout in layers(name, Dropout, **settings)] == rates


@pytest.mark.parametrize("name", [name for name in models.__all__ if name.startswith(("ssd_m", "ssd_i", "ssdlite"))])
def test_detectors_pad_as_tensorflow_does(name):
    """SAME and symmetric differ only where a stride meets an even size, and not in the size that comes out."""
    kinds = (Conv2d, DepthwiseConv2d, GroupedConv2d, MaxPool2d, AveragePool2d)
    assert {layer.padding for layer in layers(name, kinds)} == {"same"}


def test_slopes_and_pools_of_yolo():
    assert layers("yolo_v2", LeakyRelu) == [LeakyRelu(0.1)] * 21
    assert layers("yolo_v2", LeakyRelu, passthrough="later") == [LeakyRelu(0.1)] * 22
    assert {(pool.kernel, pool.stride) for pool in layers("yolo_v2", MaxPool2d)} == {(2, 2)}


@pytest.mark.parametrize("output_stride", OUTPUT_STRIDES)
def test_padding_of_resnets_for_segmentation(output_stride):
    """The body pads its convolutions alike on both sides (`conv2d_same`), the pool and the heads pad as SAME."""
    net = models.deeplab_resnet_101(output_stride=output_stride)
    wide = [node for node in net.nodes if isinstance(node.layer, Conv2d) and node.layer.window().kernel != (1, 1)]
    assert {node.layer.padding for node in wide if node.name.startswith("conv")} == {"symmetric"}
    assert {node.layer.padding for node in wide if node.name.startswith("aspp")} == {"same"}
    assert [node.layer.padding for node in net.nodes if node.name == "pool1"] == ["same"]
