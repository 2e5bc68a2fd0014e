"""The handwritten digits that come with scikit-learn: 1797 images, 8 x 8, from 0 to 16. Nothing is downloaded.

    N  images

Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI machine learning repository: its
test set. The last 360 in the file's order are ours for testing.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dataset import Images, Splits
from .resampling import resample, rounded

Array = NDArray[Any]
RESOLUTION = 32
TEST = 360
_WHITE = 16  # the greatest value in the file


def digits_splits(resolution: int | None = None) -> Splits:
    """Grey images at resolution x resolution, 32 if none is given; upsampled bilinearly, see resampling.py.

    Raises ImportError naming the extra where scikit-learn is missing.
    """
    side = RESOLUTION if resolution is None else resolution
    small, labels = _load()
    N, h, w = small.shape
    grey = resample(small[..., None] * (255 / _WHITE), np.array([[0, 0, h, w]]), (side, side))
    classes = tuple(str(digit) for digit in range(10))
    images = rounded(grey)
    train, test = slice(0, N - TEST), slice(N - TEST, N)
    return Splits(
        Images("digits train", classes, images[train], labels[train]),
        Images("digits test", classes, images[test], labels[test]),
    )


def _load() -> tuple[Array, Array]:
    """Shapes: (N, 8, 8) from 0 to 16, (N,)."""
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "sklearn":
            raise
        raise ImportError(
            "digits: the images come with scikit-learn: pip install '.[data]' in the folder of refnet"
        ) from None
    bunch = load_digits()
    return bunch.images, bunch.target
