"""Every model of refnet with few channels and pixels, so that it runs at once."""

from dataclasses import fields, replace

from refnet import Graph, models
from refnet.layers import Each

SMALL = {  # settings under which a model is small; the size of the image is the least that it takes, if not 32
    "alexnet": {"resolution": 67},
    "googlenet": {"resolution": 47},
    "inception_v3": {"resolution": 75},
    "faster_rcnn_inception_v2": {"resolution": 33, "proposals": 2},
    "faster_rcnn_mobilenet_v1": {"resolution": 33, "proposals": 2, "classes": 3},
    "faster_rcnn_vgg16": {"resolution": 33, "proposals": 2},
    "ssd_vgg16": {"resolution": 300},
    "planet_mobilenet": {"cells": 3, "width": 0.25},
    "mobilenet_v1_embedding": {"dimension": 3, "width": 0.25},
    "mobilenet_v1_attributes": {"attributes": 3, "width": 0.25},
    "shufflenet_v1": {"width": 0.5, "classes": 3},
    "deeplab_resnet_101": {"aspp": False},  # the reference spells out dilated kernels, 37x37 of 2048 channels
}
BY_WIDTH = {"width": 0.25, "classes": 3}
NARROW = {  # their builders have no width; every layer gets about an eighth of its channels
    "alexnet",
    "deeplab_mobilenet_v1",
    "deeplab_resnet_101",
    "faster_rcnn_inception_v2",
    "faster_rcnn_vgg16",
    "googlenet",
    "inception_v2",
    "inception_v3",
    "resnet_101",
    "squeezenet",
    "ssd_inception_v2",
    "ssd_vgg16",
    "vgg16",
    "yolo_v2",
}


def small(name):
    """A model of refnet with all of its layers, and few channels and pixels."""
    unnamed = {} if name in NARROW or name in SMALL or name == "nasnet_a_mobile" else BY_WIDTH
    net = getattr(models, name)(**{"resolution": 32, **unnamed, **SMALL.get(name, {})})
    return narrowed(net) if name in NARROW else net


def narrowed(net):
    """The same layers with 4 channels for every 32."""

    def narrow(layer):
        if isinstance(layer, Each):
            return Each(narrow(layer.layer))
        wide = [field.name for field in fields(layer) if field.name in ("filters", "units")]
        groups = getattr(layer, "groups", 1)
        return replace(layer, **{name: max(-(-getattr(layer, name) // 32) * 4 // groups, 1) * groups for name in wide})

    return Graph(net.name, net.inputs, [replace(node, layer=narrow(node.layer)) for node in net.nodes], net.outputs)
