"""Images for whole-network tests: crops of the two real photographs that scikit-learn ships."""

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_sample_image


def crops(resolution: int, batch: int = 4) -> NDArray[np.float64]:
    """(batch, resolution, resolution, 3) in [-1, 1]: alternately of each photograph, at different places."""
    photographs = [load_sample_image(name) for name in ("china.jpg", "flower.jpg")]
    images = []
    for number in range(batch):
        height, width, _ = photographs[number % 2].shape
        share = (number + 1) / (batch + 1)
        top, left = int(share * (height - resolution)), int((1 - share) * (width - resolution))
        images.append(photographs[number % 2][top : top + resolution, left : left + resolution])
    return np.stack(images) / 127.5 - 1
