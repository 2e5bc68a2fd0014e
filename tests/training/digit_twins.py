"""Runs beside torch with the data and the recipe that are trained with by default, and how far they drift apart.

    python tests/training/digit_twins.py

prints it. In float64 a difference of up to 1e-9 stays as small as it was: no activation moves to the other side of a
kink of ReLU6. What float32 rounds is more, some do, and within ten steps any two runs have other losses, two of torch
as well, whose tensors differ in nothing but their memory layout: how far apart is then a matter of scale alone.
"""

from functools import cache

import numpy as np

from refnet import mobilenet_v1, mobilenet_v2
from refnet.data import Batches, load
from refnet.data.augmentation import AUGMENTATIONS
from refnet.training.recipes import RECIPES
from refnet.training.trainer import Trainer

STEPS = 50
RECIPE = RECIPES["small"]
SUBJECTS = {"V1-0.25": (mobilenet_v1, 0.25), "V2-0.35": (mobilenet_v2, 0.35)}
LAYOUTS = ("NHWC", "NCHW")


@cache
def digits():
    return load("digits").train


def trained(name, dtype, layout=None):
    """The trainer after the first steps of the run, and their losses. layout: of torch's tensors, None for refnet."""
    build, width = SUBJECTS[name]
    net = build(width=width, resolution=32, classes=10)
    batches = Batches(digits(), RECIPE.batch, 0, AUGMENTATIONS[RECIPE.augmentation], dtype=dtype)
    weights = {key: w.astype(dtype) for key, w in net.init(0).items()}
    settings = net, RECIPE, len(batches), RECIPE.epochs * len(batches), 0, 1, weights
    trainer = Trainer(*settings) if layout is None else twin(*settings, layout)
    return trainer, np.array([trainer.advance(*batches.batch(step)).loss for step in range(STEPS)])


def twin(*settings):
    from refnet.bench.twin import Twin

    return Twin(*settings)


def exactly(name):
    """In float64, of refnet and torch: the greatest relative difference of a loss, both states."""
    (own, ours), (other, theirs) = (trained(name, np.float64, layout) for layout in (None, LAYOUTS[0]))
    return np.abs(ours / theirs - 1).max(), own.state(), other.state()


def distances(name):
    """In float32: (refnet to each run of torch, those to each other), root mean squares of the losses' differences."""
    own, *others = (trained(name, np.float32, layout)[1] for layout in (None, *LAYOUTS))
    return [apart(own, other) for other in others], apart(*others)


def apart(one, other):
    return float(np.sqrt(((one - other) ** 2).mean()))


def beyond(found, wanted):
    """The greatest difference of a weight or a moving statistic, less a millionth of it."""
    return max(float((np.abs(found[key] - w) - 1e-6 * np.abs(w)).max()) for key, w in wanted.items())


if __name__ == "__main__":
    for name in SUBJECTS:
        relative, found, wanted = exactly(name)
        print(f"{name}, float64, {STEPS} steps: losses differ by {relative:.1e} of themselves,", end=" ")
        print(f"weights and moving statistics by a millionth of themselves and {max(0, beyond(found, wanted)):.1e}")
        ours, torchs = distances(name)
        told = ", ".join(f"{distance:.3f} from torch {layout}" for distance, layout in zip(ours, LAYOUTS, strict=True))
        print(f"{name}, float32, {STEPS} steps, RMS: refnet {told}; torch {torchs:.3f} from torch")
