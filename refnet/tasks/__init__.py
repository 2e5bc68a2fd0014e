"""What networks are used for beyond naming a picture: where things are in it, and what each pixel is of.

    detection      boxes.py, things.py, defaults.py, coding.py, matching.py, multibox.py (the loss), predictions.py,
                   suppression.py, precision.py; detection.py, from picture to answer
    segmentation   pixel_loss.py, mean_iou.py; segmentation.py, from picture to answer
"""

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:  # what type checkers and editors see; at run time a name is imported when it is asked for
    from .coding import decode as decode
    from .coding import encode as encode
    from .defaults import default_boxes as default_boxes
    from .defaults import default_boxes_of as default_boxes_of
    from .detection import Detector as Detector
    from .matching import match as match
    from .mean_iou import MeanIou as MeanIou
    from .mean_iou import Pixels as Pixels
    from .multibox import Targets as Targets
    from .multibox import multibox_loss as multibox_loss
    from .multibox import targets_of as targets_of
    from .pixel_loss import pixel_cross_entropy as pixel_cross_entropy
    from .precision import Precision as Precision
    from .precision import average_precision as average_precision
    from .segmentation import Segmenter as Segmenter
    from .suppression import Found as Found
    from .suppression import best_of as best_of
    from .suppression import suppress as suppress
    from .things import Things as Things

_HOME = {
    "Detector": "detection",
    "Found": "suppression",
    "MeanIou": "mean_iou",
    "Pixels": "mean_iou",
    "Precision": "precision",
    "Segmenter": "segmentation",
    "Targets": "multibox",
    "Things": "things",
    "average_precision": "precision",
    "best_of": "suppression",
    "decode": "coding",
    "default_boxes": "defaults",
    "default_boxes_of": "defaults",
    "encode": "coding",
    "match": "matching",
    "multibox_loss": "multibox",
    "pixel_cross_entropy": "pixel_loss",
    "suppress": "suppression",
    "targets_of": "multibox",
}

__all__ = sorted(_HOME)

__getattr__, __dir__ = lazily(__name__, __all__, _HOME)
