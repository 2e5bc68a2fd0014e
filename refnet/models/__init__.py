"""One file per architecture: a table in the paper's own columns, and code that walks it."""

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:  # what type checkers and editors see; at run time a name is imported when it is asked for
    from .alex_net import alexnet as alexnet
    from .deeplab import deeplab_mobilenet_v1 as deeplab_mobilenet_v1
    from .deeplab import deeplab_mobilenet_v2 as deeplab_mobilenet_v2
    from .deeplab import deeplab_resnet_101 as deeplab_resnet_101
    from .faster_rcnn import faster_rcnn_inception_v2 as faster_rcnn_inception_v2
    from .faster_rcnn import faster_rcnn_mobilenet_v1 as faster_rcnn_mobilenet_v1
    from .faster_rcnn import faster_rcnn_vgg16 as faster_rcnn_vgg16
    from .google_net import googlenet as googlenet
    from .inception2 import inception_v2 as inception_v2
    from .inception3 import inception_v3 as inception_v3
    from .nasnet import nasnet_a_mobile as nasnet_a_mobile
    from .resnet import resnet_101 as resnet_101
    from .shufflenet import shufflenet_v1 as shufflenet_v1
    from .squeeze_net import squeezenet as squeezenet
    from .ssd import ssd_inception_v2 as ssd_inception_v2
    from .ssd import ssd_mobilenet_v1 as ssd_mobilenet_v1
    from .ssd import ssd_mobilenet_v2 as ssd_mobilenet_v2
    from .ssd import ssdlite_mobilenet_v1 as ssdlite_mobilenet_v1
    from .ssd import ssdlite_mobilenet_v2 as ssdlite_mobilenet_v2
    from .ssd_vgg import ssd_vgg16 as ssd_vgg16
    from .uses import mobilenet_v1_attributes as mobilenet_v1_attributes
    from .uses import mobilenet_v1_embedding as mobilenet_v1_embedding
    from .uses import planet_mobilenet as planet_mobilenet
    from .v1 import conv_mobilenet as conv_mobilenet
    from .v1 import mobilenet_v1 as mobilenet_v1
    from .v1 import shallow_mobilenet as shallow_mobilenet
    from .v2 import mobilenet_v2 as mobilenet_v2
    from .vgg import vgg16 as vgg16
    from .yolo import yolo_v2 as yolo_v2

# Names on the command line are these too.
_HOME = {
    "mobilenet_v1": "v1",
    "conv_mobilenet": "v1",
    "shallow_mobilenet": "v1",
    "mobilenet_v2": "v2",
    "mobilenet_v1_embedding": "uses",
    "mobilenet_v1_attributes": "uses",
    "planet_mobilenet": "uses",
    "shufflenet_v1": "shufflenet",
    "nasnet_a_mobile": "nasnet",
    "googlenet": "google_net",
    "vgg16": "vgg",
    "alexnet": "alex_net",
    "squeezenet": "squeeze_net",
    "inception_v2": "inception2",
    "inception_v3": "inception3",
    "resnet_101": "resnet",
    "ssdlite_mobilenet_v1": "ssd",
    "ssdlite_mobilenet_v2": "ssd",
    "ssd_mobilenet_v1": "ssd",
    "ssd_mobilenet_v2": "ssd",
    "ssd_inception_v2": "ssd",
    "ssd_vgg16": "ssd_vgg",
    "yolo_v2": "yolo",
    "faster_rcnn_mobilenet_v1": "faster_rcnn",
    "faster_rcnn_inception_v2": "faster_rcnn",
    "faster_rcnn_vgg16": "faster_rcnn",
    "deeplab_mobilenet_v1": "deeplab",
    "deeplab_mobilenet_v2": "deeplab",
    "deeplab_resnet_101": "deeplab",
}

__all__ = sorted(_HOME)

__getattr__, __dir__ = lazily(__name__, __all__, _HOME)
