"""Images to train on: data sets, batches that a seed and a step's number determine, and threads that make them ahead.

splits = refnet.data.load("digits")                               or "shapes-64", "mnist", "cifar10", a folder
batches = refnet.data.Batches(splits.train, 64, seed=0, augmentation=refnet.data.AUGMENTATIONS["small"])
with refnet.data.Prefetched(batches, start=0, stop=1000) as ahead:
    for images, labels in ahead: ...                              # (B, H, W, 3) in [-1, 1], (B,)
for images, labels in refnet.data.in_order(splits.test, 64): ...  # each image once
"""

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:  # what type checkers and editors see; at run time a name is imported when it is asked for
    from .augmentation import AUGMENTATIONS as AUGMENTATIONS
    from .augmentation import Augmentation as Augmentation
    from .batches import Batch as Batch
    from .batches import Batches as Batches
    from .batches import in_order as in_order
    from .coco import coco_pictures as coco_pictures
    from .dataset import Dataset as Dataset
    from .dataset import Images as Images
    from .dataset import Splits as Splits
    from .folder import ImageFiles as ImageFiles
    from .prefetch import Prefetched as Prefetched
    from .shape_scenes import Scenes as Scenes
    from .shape_scenes import draw_scenes as draw_scenes
    from .sources import SOURCES as SOURCES
    from .sources import load as load
    from .truth import Truth as Truth
    from .truth_batches import TruthBatches as TruthBatches
    from .voc import voc_pictures as voc_pictures

_HOME = {
    "AUGMENTATIONS": "augmentation",
    "Augmentation": "augmentation",
    "Batch": "batches",
    "Batches": "batches",
    "Dataset": "dataset",
    "ImageFiles": "folder",
    "Images": "dataset",
    "Prefetched": "prefetch",
    "SOURCES": "sources",
    "Scenes": "shape_scenes",
    "Splits": "dataset",
    "Truth": "truth",
    "TruthBatches": "truth_batches",
    "coco_pictures": "coco",
    "draw_scenes": "shape_scenes",
    "in_order": "batches",
    "load": "sources",
    "voc_pictures": "voc",
}

__all__ = sorted(_HOME)

__getattr__, __dir__ = lazily(__name__, __all__, _HOME)
