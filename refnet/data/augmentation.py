"""How training images are varied, as the papers and their code say.

    B, H, W  batch and size that the network sees     h, w  size as stored
    u        a row of uniform numbers in [0, 1), one row for each image: all that chance decides about it

MobileNet V1, section 3.2: "we use less regularization and data augmentation techniques because small models have less
trouble with overfitting", and they "reduce the amount of distortions by limiting the size of small crops that are used
in large Inception training". MobileNet V2, section 6.1, says nothing of its own. The official code trains both by
tensorflow/models, research/slim/preprocessing/inception_preprocessing.py (preprocessing_factory.py maps them to it),
which is "inception" below: no crop is limited there.
"""

from math import ceil, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .dataset import Window

Array = NDArray[Any]
_TRIES = 10  # shapes of a crop that are tried before the whole image is taken
_FLIP, _TOP, _LEFT, _HEIGHT, _DOWN, _ACROSS, _BRIGHTNESS, _SATURATION = range(8)
NUMBERS = 8 + _TRIES  # the length of u


class Augmentation(NamedTuple):
    """What may happen to a training image; every amount is drawn uniformly.

    flip        mirrored left to right, half of the time
    crop        least and greatest share of the area that is kept (1, 1: all), stretched to the network's size
    ratio       least and greatest width / height of what is kept
    shift       at most so many pixels up or down, left or right; what comes in is black
    brightness  at most so much is added or taken, where white is 1
    saturation  least and greatest factor, in hue, saturation, value
    central     in evaluation: share of the height and of the width that is seen, in the middle
    """

    flip: bool = False
    crop: tuple[float, float] = (1.0, 1.0)
    ratio: tuple[float, float] = (1.0, 1.0)
    shift: int = 0
    brightness: float = 0.0
    saturation: tuple[float, float] = (1.0, 1.0)
    central: float = 1.0


NONE = Augmentation()
AUGMENTATIONS = {
    "none": NONE,
    # Ours, for a few thousand small pictures: an eighth of 32 pixels. No flips: a mirrored digit is no digit.
    "small": Augmentation(shift=4),
    # research/slim/preprocessing/cifarnet_preprocessing.py: _PADDING = 4, a random crop, a flip. It also changes
    # brightness and contrast, and standardises each image, where the MobileNets want [-1, 1].
    "cifar": Augmentation(flip=True, shift=4),
    # What moves no box but to its mirror image.
    "flip": Augmentation(flip=True),
    # V1 gives no number for its limit; ours is a quarter of the area, half of each side.
    "v1-small-models": Augmentation(True, (0.25, 1.0), (0.75, 1.33), 0, 32 / 255, (0.5, 1.5), 0.875),
    # inception_preprocessing.py as train_image_classifier.py calls it (fast mode: no hue, no contrast). Its area_range
    # begins at 0.05, but with min_object_covered = 0.1 and no boxes every crop below a tenth is drawn again.
    "inception": Augmentation(True, (0.1, 1.0), (0.75, 1.33), 0, 32 / 255, (0.5, 1.5), 0.875),
}


def check(augmentation: Augmentation) -> None:
    """Raises ValueError that names the field, what was wanted and what was given."""
    a = augmentation
    _require("crop", a.crop, 0 < a.crop[0] <= a.crop[1] <= 1, "shares of the area with 0 < least <= greatest <= 1")
    _require("ratio", a.ratio, 0 < a.ratio[0] <= a.ratio[1] < np.inf, "width / height with 0 < least <= greatest")
    _require("shift", a.shift, a.shift >= 0, "pixels, 0 or more")
    _require("brightness", a.brightness, 0 <= a.brightness <= 1, "from 0 to 1")
    low, high = a.saturation
    _require("saturation", a.saturation, 0 <= low <= high < np.inf, "factors with 0 <= least <= greatest")
    _require("central", a.central, 0 < a.central <= 1, "more than 0, at most 1")


def _require(field: str, given: object, fine: bool, wanted: str) -> None:
    if not fine:
        raise ValueError(f"augmentation.{field}: wanted {wanted}, got {given}")


def crops(augmentation: Augmentation) -> bool:
    """Does it show parts of images?"""
    return augmentation.crop != (1.0, 1.0)


def window(augmentation: Augmentation, u: Array, height: int, width: int) -> Window:
    """The crop of an image of that size. Shape: u (NUMBERS,).

    As TensorFlow's sample_distorted_bounding_box draws it: first the ratio, then the height, uniformly among those
    that keep the area within its limits. Where no ratio of ten fits, the whole image.
    """
    low, high = augmentation.ratio
    for ratio in low + (high - low) * u[-_TRIES:]:
        least, most = (sqrt(share * height * width / ratio) for share in augmentation.crop)
        first, last = max(1, ceil(least)), int(min(most, height, width / ratio))
        if first <= last:
            h = first + int(u[_HEIGHT] * (last - first + 1))
            w = min(width, max(1, round(h * float(ratio))))
            return int(u[_TOP] * (height - h + 1)), int(u[_LEFT] * (width - w + 1)), h, w
    return 0, 0, height, width


def central_window(share: float, height: int, width: int) -> Window:
    """The middle of an image, as tf.image.central_crop takes it: an even number of pixels goes, half on each side."""
    top, left = int((height - height * share) / 2), int((width - width * share) / 2)
    return top, left, height - 2 * top, width - 2 * left


def varied(augmentation: Augmentation, images: Array, u: Array, dtype: DTypeLike) -> Array:
    """Everything but the crop. Shapes: images (B, H, W, 3) uint8, u (B, NUMBERS) -> (B, H, W, 3) in [-1, 1].

    Flips are done in place.
    """
    if augmentation.shift:
        most = augmentation.shift
        images = _shifted(images, (u[:, [_DOWN, _ACROSS]] * (2 * most + 1)).astype(np.intp), most)
    for b in np.flatnonzero(mirrored(augmentation, u)):
        images[b] = images[b, :, ::-1]
    low, high = augmentation.saturation
    if not augmentation.brightness and (low, high) == (1.0, 1.0):
        return scaled(images, dtype)
    brightness = augmentation.brightness * (2 * u[:, _BRIGHTNESS] - 1)
    saturation = low + (high - low) * u[:, _SATURATION]
    return coloured(images, brightness, saturation, dtype)


def mirrored(augmentation: Augmentation, u: Array) -> Array:
    """Which images are. Shapes: u (B, NUMBERS) -> (B,) bool."""
    turned: Array = (u[:, _FLIP] < 0.5) & augmentation.flip
    return turned


def scaled(images: Array, dtype: DTypeLike) -> Array:
    """0 ... 255 -> -1 ... 1. Shapes: images uint8, any -> the same."""
    out = np.true_divide(images, 127.5, dtype=dtype)
    out -= 1
    return out


def _shifted(images: Array, starts: Array, most: int) -> Array:
    """Shapes: images (B, H, W, 3), starts (B, 2) from 0 to 2 most -> (B, H, W, 3)."""
    B, H, W, _ = images.shape
    padded = np.pad(images, ((0, 0), (most, most), (most, most), (0, 0)))
    return np.stack([padded[b, y : y + H, x : x + W] for b, (y, x) in enumerate(starts.tolist())])


def coloured(images: Array, brightness: Array, saturation: Array, dtype: DTypeLike) -> Array:
    """Shapes: images (B, H, W, 3) uint8, brightness, saturation (B,) -> (B, H, W, 3) in [-1, 1].

    Brightness b is added first, as in the official code: x' = x + b in [0, 1]. A saturation S = (V - min) / V, with
    V = max over the channels, becomes S' = min(f S, 1), hue and V stay: x'' = V - (V - x') S' / S.
    """
    out = np.empty(images.shape, dtype)
    for b in range(len(images)):  # one image at a time stays in the cache, and each channel in one piece
        x = np.true_divide(np.moveaxis(images[b], 2, 0), 255, dtype=dtype, order="C")
        x += brightness[b].astype(x.dtype)
        value = x.max(axis=0)
        chroma = value - x.min(axis=0)
        np.maximum(chroma, np.finfo(x.dtype).tiny, out=chroma)
        factor = np.minimum(saturation[b].astype(x.dtype), value / chroma)
        x = value - (value - x) * factor
        np.clip(x, 0, 1, out=x)
        x *= 2
        np.subtract(np.moveaxis(x, 0, 2), 1, out=out[b])
    return out
