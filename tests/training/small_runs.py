"""A tiny network, a tiny set of pictures that it can learn, and runs of both."""

import numpy as np

from refnet import Graph, Node
from refnet.data import Batches, Images
from refnet.layers import BatchNorm, BiasAdd, Conv2d, Dense, DepthwiseConv2d, Dropout, GlobalAveragePool, Relu6
from refnet.training.loop import Run
from refnet.training.recipes import Recipe
from refnet.training.trainer import Trainer

RECIPE = Recipe(
    "tiny",
    eps=0.01,
    rate=0.02,
    schedule="cosine",
    batch_norm_decay=0.8,
    smoothing=0.05,
    average=0.9,
    augmentation="none",
    batch=6,
    epochs=4,
)
CLASSES = ("dark", "light", "left")


def network(channels=4, name="tiny"):
    nodes = [
        Node("conv_first", Conv2d(channels, 3, 2)),
        Node("conv_first_bn", BatchNorm()),
        Node("conv_first_relu6", Relu6()),
        Node("depthwise", DepthwiseConv2d(3)),
        Node("depthwise_bn", BatchNorm()),
        Node("depthwise_relu6", Relu6()),
        Node("pool", GlobalAveragePool()),
        Node("dropout", Dropout(0.2)),
        Node("classifier", Dense(3)),
        Node("classifier_bias", BiasAdd()),
    ]
    return Graph(name, {"images": (6, 6, 3)}, nodes)


def pictures(count, seed):
    """Class 0 is dark, class 1 light, class 2 light on the left."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = random.integers(0, 100, (count, 6, 6, 3))
    images[labels == 1] += 150
    images[labels == 2, :, :3] += 150
    return Images(f"pictures {seed}", CLASSES, images.astype(np.uint8), labels)


def trainer(recipe=RECIPE, net=None, seed=0, **more):
    return Trainer(net or network(), recipe, 4, 16, seed, **more)


def run(folder, recipe=RECIPE, net=None, seed=0, every=1e9, threads=None):
    """24 pictures, 6 a step, 4 epochs: 16 steps."""
    batches = Batches(pictures(24, 1), recipe.batch, seed)
    steps = recipe.epochs * len(batches)
    ready = Trainer(net or network(), recipe, len(batches), steps, seed, threads)
    return Run(ready, batches, pictures(9, 2), folder, steps, {"model": "tiny"}, every=every)


def same(one, other):
    """Whether two states are the same arrays, bit for bit."""
    return one.keys() == other.keys() and all(one[key].tobytes() == other[key].tobytes() for key in one)
