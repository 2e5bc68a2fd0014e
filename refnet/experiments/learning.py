"""Cells that learn: one network, one seed, so many steps, and how well it does on images that it has not seen.

One thread: cells run beside each other, one in each process. Nothing but the settings decides the result.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .. import models
from ..data.augmentation import AUGMENTATIONS
from ..data.batches import Batch, Batches, InOrder
from ..data.dataset import Splits
from ..data.sources import load
from ..graph import Graph
from ..layers.base import Array
from ..training.evaluation import BATCH, Evaluation, evaluate
from ..training.recipes import Recipe, recipe
from ..training.trainer import Trainer

WARMUP = 0.1  # the share of the steps in which the rate rises
# As `small`, with flips, which shapes allow, and what learns within a thousand steps. V2 hardly does at 0.0005,
# V1 hardly below it.
RECIPE: Mapping[str, Any] = {"augmentation": "cifar", "rate": 0.0003, "eps": 1e-7, "warmup_epochs": 1.0}
V1_RATE = 0.0005

Make = Callable[..., Trainer]


class Learned(NamedTuple):
    """weights: those that were judged. losses: of each step. test: on the test images."""

    net: Graph
    weights: Mapping[str, Array]
    losses: Sequence[float]
    test: Evaluation


def changes_for(model: str) -> dict[str, Any]:
    """What a family's networks have otherwise: V1's their own rate."""
    return {} if model == "mobilenet_v2" else {"rate": V1_RATE}


def settings_of(batch: int, changes: Mapping[str, Any]) -> Recipe:
    """The recipe of the experiments, with an experiment's changes."""
    return recipe("small", {**RECIPE, "batch": batch, **changes})


@cache
def images_of(
    source: str, train: int, test: int, root: str | None = None, resolution: int | None = None
) -> Splits:
    """So many images of a data set, resampled where a resolution is given: read once in each process.

    Of shapes-64 the first; of cifar10 some that are chosen at random, by seed 0.
    """
    return load(source, resolution, root, counts=(train, test))


def network(model: str, builder: Mapping[str, Any], data: Splits) -> Graph:
    """A network of `refnet.models` for these images and their classes; the builder's settings go before."""
    height, _, _ = data.train.shape
    build = getattr(models, model)
    built: Graph = build(**{"resolution": height, "classes": len(data.train.classes), **builder})
    return built


def learn(net: Graph, data: Splits, given: Recipe, steps: int, seed: int, make: Make = Trainer) -> Learned:
    """Train from fresh weights of the seed, with the seed's order of images, and judge. make: the trainer's class."""
    trainer, losses = trained(net, data, given, steps, seed, make)
    weights = trainer.best_weights
    return Learned(trainer.net, weights, losses, judged(trainer.net, weights, data))


def trained(
    net: Graph, data: Splits, given: Recipe, steps: int, seed: int, make: Make = Trainer
) -> tuple[Trainer, list[float]]:
    """The first half of `learn` -> the trainer behind its last step, the loss of each."""
    trainer = make(net, given, max(1, round(WARMUP * steps)), steps, seed, threads=1)
    batches = Batches(data.train, given.batch, seed, AUGMENTATIONS[given.augmentation])
    return trainer, [trainer.advance(*batches.batch(step)).loss for step in range(steps)]


def judged(net: Graph, weights: Mapping[str, Array], data: Splits) -> Evaluation:
    return evaluate(net, weights, test_batches(data))


def test_batches(data: Splits) -> Iterator[Batch]:
    source = InOrder(data.test, BATCH)
    yield from map(source.batch, range(len(source)))


def told(learned: Learned) -> dict[str, Any]:
    """What every cell that learned tells: shares as numbers from 0 to 1, losses in nats, counts as integers."""
    return {
        "accuracy": learned.test.top1,
        "test_loss": learned.test.loss,
        "training_loss": last_loss(learned.losses),
        **described(learned.net),
    }


def last_loss(losses: Sequence[float]) -> float:
    """The mean over the last tenth of the steps."""
    return float(np.mean(losses[-max(1, len(losses) // 10) :]))


def described(net: Graph) -> dict[str, Any]:
    """What a network is and costs."""
    cost = net.cost()
    return {"network": net.name, "madds": cost.total("MADD"), "weights": cost.total("P-WEIGHTS")}


def learned_from(
    *,
    model: str,
    builder: Mapping[str, Any],
    changes: Mapping[str, Any],
    seed: int,
    steps: int,
    batch: int,
    images: Mapping[str, Any],
) -> tuple[Splits, Learned]:
    """What every cell does that trains a network of `refnet.models` by labels -> its images, and how well it did.

    images: as for `images_of`. builder, changes: other settings of the network, of the recipe.
    """
    data = images_of(**images)
    return data, learn(network(model, builder, data), data, settings_of(batch, changes), steps, seed)


def classify(**learning: Any) -> dict[str, Any]:
    """The ordinary cell: train a network and tell how well it does. learning: as for `learned_from`."""
    return told(learned_from(**learning)[1])
