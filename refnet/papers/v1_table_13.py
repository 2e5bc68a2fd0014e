"""MobileNet V1, Table 13: SSD and Faster R-CNN on VGG 16, Inception V2 and MobileNet, for 90 classes of COCO."""

from ..models.faster_rcnn import faster_rcnn_inception_v2, faster_rcnn_mobilenet_v1, faster_rcnn_vgg16
from ..models.ssd import ssd_inception_v2, ssd_mobilenet_v1
from ..models.ssd_vgg import ssd_vgg16
from .claim import Claim, Table, Value
from .counted import MADDS, PARAMETERS
from .detectors import Detector, figure
from .networks import Build, Networks

TABLE_13 = Table("V1 Table 13", parameters="P-TRAINABLE")
CLASSES = 90  # ids in COCO's annotations, 80 of them in use

SSD_VGG = Detector("SSD 300 deeplab-VGG", ssd_vgg16, {"classes": CLASSES})
SSD_INCEPTION = Detector("SSD 300 Inception V2", ssd_inception_v2)
SSD_MOBILENET = Detector("SSD 300 MobileNet", ssd_mobilenet_v1)


def _faster_rcnn(name: str, build: Build, resolution: int) -> Detector:
    return Detector(f"Faster-RCNN {resolution} {name}", build, {"resolution": resolution})


def _row(stem: str, detector: Detector, madds: str, parameters: str) -> list[Claim]:
    """A row whose figures are both exact."""
    return [
        figure(f"{stem}-M", TABLE_13, detector, MADDS, madds),
        figure(f"{stem}-P", TABLE_13, detector, PARAMETERS, parameters),
    ]


VGG_600 = _faster_rcnn("VGG", faster_rcnn_vgg16, 600)


def _with_biases(networks: Networks) -> dict[str, Value]:
    """What the row would cost if each addition of a bias counted."""
    rows = VGG_600.rows(networks)
    additions = sum(row.terms.outputs for row in rows if row.terms.operation == "BiasAdd")
    return {"biased": VGG_600.counts(networks, MADDS)["MADD"] + additions}


def _fewer_slots(networks: Networks) -> dict[str, Value]:
    """Parameters of the same detector as V2 counts it."""
    coco = 80
    fewer = Detector("", ssd_vgg16, {"classes": coco})
    return {"coco": coco, "fewer": fewer.counts(networks, PARAMETERS)[TABLE_13.parameters]}


CLAIMS = [
    *_row("V1-T13-SSD-MN", SSD_MOBILENET, "1.2", "6.8"),
    figure("V1-T13-SSD-I2-M", TABLE_13, SSD_INCEPTION, MADDS, "3.8"),
    figure("V1-T13-SSD-I2-P", TABLE_13, SSD_INCEPTION, PARAMETERS, "13.7", "convention"),
    figure("V1-T13-SSD-VGG-M", TABLE_13, SSD_VGG, MADDS, "34.9"),
    figure(
        "V1-T13-SSD-VGG-P",
        TABLE_13,
        SSD_VGG,
        PARAMETERS,
        "33.1",
        "unexplained",
        "The multiply-adds of the same row fit this network. With {coco} classes, as V2 counts COCO's, it has {fewer}.",
        _fewer_slots,
    ),
    *_row("V1-T13-FR300-vgg", _faster_rcnn("VGG", faster_rcnn_vgg16, 300), "64.3", "138.5"),
    figure(
        "V1-T13-FR600-vgg-M",
        TABLE_13,
        VGG_600,
        MADDS,
        "149.6",
        "unexplained",
        "With one more for each addition of a bias it would be {biased}, which rounds to the print.",
        _with_biases,
    ),
    figure("V1-T13-FR600-vgg-P", TABLE_13, VGG_600, PARAMETERS, "138.5"),
    *_row("V1-T13-FR300-incv2", _faster_rcnn("Inception V2", faster_rcnn_inception_v2, 300), "118.2", "13.3"),
    *_row("V1-T13-FR600-incv2", _faster_rcnn("Inception V2", faster_rcnn_inception_v2, 600), "129.6", "13.3"),
    *_row("V1-T13-FR300-v1", _faster_rcnn("MobileNet", faster_rcnn_mobilenet_v1, 300), "25.2", "6.1"),
    *_row("V1-T13-FR600-v1", _faster_rcnn("MobileNet", faster_rcnn_mobilenet_v1, 600), "30.5", "6.1"),
]
