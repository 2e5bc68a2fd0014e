"""Figure 1: a spiral of the plane through a random expansion to n channels, ReLU, and back; other sets alike.

    k   dimensions of the set, 2 of the spiral    T   (n, k) random matrix
    x   (points, k) the set                       y = ReLU(x T')

Two ways back. The paper's picture shows y times the pseudo-inverse of T, which is another curve even where nothing is
lost. What is lost is measured by the best that any decoder can do where it only knows T and y: solve for x from the
coordinates that are positive (Lemma 2), and where they do not determine it, take the shortest solution.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DIMENSIONS = (2, 3, 5, 15, 30)  # the columns of Figure 1
TURNS = 3
POINTS = 400


class Reconstruction(NamedTuple):
    """Means over the random matrices.

    lost     share of the points that the positive coordinates do not determine
    error    root mean square distance of the decoded set, over the set's own root mean square length
    picture  the same distance for the paper's picture, y times the pseudo-inverse of T
    """

    n: int
    lost: float
    error: float
    picture: float


def spiral(points: int = POINTS) -> Array:
    """(points, 2): an Archimedean spiral around the origin, longest radius 1."""
    radius = np.linspace(0, 1, points + 1)[1:]
    angle = 2 * np.pi * TURNS * radius
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def reconstruction(n: int, matrices: int, rng: np.random.Generator, x: Array | None = None) -> Reconstruction:
    """Embed x (points, k), by default the spiral, in n channels with `matrices` Gaussian T, and decode it."""
    x = spiral() if x is None else x
    results = np.array([_one(x, rng.standard_normal((n, x.shape[1]))) for _ in range(matrices)])
    lost, error, picture = results.mean(axis=0)
    return Reconstruction(n, float(lost), float(error), float(picture))


def _one(x: Array, T: Array) -> tuple[float, float, float]:
    y = np.maximum(x @ T.T, 0)
    decoded, determined = decode(T, y)
    return float(1 - determined.mean()), _distance(decoded, x), _distance(picture(T, y), x)


def picture(T: Array, y: Array) -> Array:
    """(points, k): y times the pseudo-inverse of T, as the paper's figure shows it."""
    back: Array = y @ np.linalg.pinv(T).T
    return back


def decode(T: Array, y: Array) -> tuple[Array, NDArray[np.bool_]]:
    """x from y = ReLU(x T') -> (points, k) the shortest least-squares solution of the positive coordinates, and
    whether these determine it."""
    active = T * (y > 0)[:, :, None]  # (points, n, k), the rows at rest are 0
    x = (np.linalg.pinv(active) @ y[:, :, None])[:, :, 0]
    return x, np.linalg.matrix_rank(active) == T.shape[1]


def _distance(found: Array, x: Array) -> float:
    return float(np.sqrt(((found - x) ** 2).sum() / (x**2).sum()))
