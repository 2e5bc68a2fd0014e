"""Single-shot detectors on MobileNets and on Inception V2, as both papers count them.

    network                 body, image      predictors  maps at 300 or 320
    ssdlite_mobilenet_v1    V1, 320          separable   20, 10, 5, 3, 2, 1     V2 Table 6
    ssdlite_mobilenet_v2    V2, 320          separable   20, 10, 5, 3, 2, 1     V2 Tables 5 and 6
    ssd_mobilenet_v2        V2, 320          3x3         20, 10, 5, 3, 2, 1     V2 Table 5
    ssd_mobilenet_v1        V1, 300          1x1         19, 10, 5, 3, 2, 1     V1 Table 13
    ssd_inception_v2        Inception V2, 300  1x1       19, 10, 5, 3, 2, 1     V1 Table 13

Both taps on a MobileNet are by output stride: the last map at 16, and the last of all. On V1 these are blocks 11 and
13; on V2 the expansion of block 14, the first with 160 channels, and the last convolution. V2 section 6.2 calls the
former layer 15: the first convolution is layer 1 there.

Taps and extra layers: TF Object Detection API, models/ssd_{mobilenet_v1,mobilenet_v2,inception_v2}_feature_extractor.py
(Conv2d_11_pointwise, Conv2d_13_pointwise; layer_15/expansion_output, layer_19; Mixed_4c, Mixed_5c). Anchors:
anchor_generators/multiple_grid_anchor_generator.py with the sample configurations' five aspect ratios, three boxes on
the first map and six on the others. Predictors' kernels and constants of batch norm:
samples/configs/ssd_mobilenet_v1_coco.config, ssdlite_mobilenet_v2_coco.config.
"""

from functools import partial

from ..graph import Graph
from .blocks import check_scale, title
from .inception2 import body as inception_v2_body
from .ssd_heads import Head, detector, last_of_stride
from .v1 import mobilenet_v1
from .v2 import mobilenet_v2

EXTRAS = (512, 256, 256, 128)
ANCHORS = (3, 6, 6, 6, 6, 6)
INCEPTION_TAPS = ("mixed_4c/concat", "mixed_5c/concat")

LITE = Head(EXTRAS, ANCHORS, separable=True)
ORDINARY = Head(EXTRAS, ANCHORS)
ONE_BY_ONE = Head(EXTRAS, ANCHORS, kernel=1)


def ssdlite_mobilenet_v1(width: float = 1.0, resolution: int = 320, classes: int = 80) -> Graph:
    """SSDLite on MobileNet V1: images (resolution, resolution, 3) -> twelve outputs, see `ssd_heads.detector`.

    width: any alpha > 0, of the body and of the extra layers. resolution: any from 32. classes: without the background.
    Raises ValueError for anything else. The same holds for the other functions here.
    """
    return _on_v1("ssdlite_mobilenet_v1", LITE, width, resolution, classes)


def ssdlite_mobilenet_v2(width: float = 1.0, resolution: int = 320, classes: int = 80) -> Graph:
    """SSDLite on MobileNet V2."""
    return _on_v2("ssdlite_mobilenet_v2", LITE, width, resolution, classes)


def ssd_mobilenet_v1(width: float = 1.0, resolution: int = 300, classes: int = 90) -> Graph:
    """SSD on MobileNet V1: ordinary extra layers, 1x1 predictors."""
    return _on_v1("ssd_mobilenet_v1", ONE_BY_ONE, width, resolution, classes)


def ssd_mobilenet_v2(width: float = 1.0, resolution: int = 320, classes: int = 80) -> Graph:
    """SSD on MobileNet V2: ordinary extra layers, 3x3 predictors."""
    return _on_v2("ssd_mobilenet_v2", ORDINARY, width, resolution, classes)


def ssd_inception_v2(resolution: int = 300, classes: int = 90) -> Graph:
    """SSD on Inception V2: ordinary extra layers, 1x1 predictors."""
    check_scale(1.0, resolution)
    name, body = f"ssd_inception_v2-{resolution}", inception_v2_body(normalize_first=True)
    return detector(name, resolution, body, INCEPTION_TAPS, ONE_BY_ONE, classes)


def _on_v1(name: str, head: Head, width: float, resolution: int, classes: int) -> Graph:
    body = mobilenet_v1(width, resolution, 0, decay=head.style.decay)
    return _on(body, title(name, width, resolution), head, width, classes)


def _on_v2(name: str, head: Head, width: float, resolution: int, classes: int) -> Graph:
    body = mobilenet_v2(width, resolution, 0, decay=head.style.decay)
    return _on(body, title(name, width, resolution), head, width, classes)


def _on(body: Graph, name: str, head: Head, width: float, classes: int) -> Graph:
    """The head on a body whose last node pools the features: that one is left out."""
    nodes, resolution = body.nodes[:-1], body.inputs["images"][0]
    taps = last_of_stride(body, 16), nodes[-1].name
    return detector(name, resolution, nodes, taps, head, classes, partial(extra_channels, width))


def extra_channels(width: float, channels: float) -> int:
    """The rule for the extra layers of a thin network: cut to an integer, at least 16."""
    return max(int(width * channels), 16)
