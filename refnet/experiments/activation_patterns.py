"""V2 Figure 7: how many channels of each expanded map are positive, before training and after it.

    k   channels that a block reads, the threshold    m   channels of its expanded map, behind ReLU6: 6 k
    B   images of a batch                             H, W   rows and columns of the map

Lemma 2: an expansion and ReLU lose nothing of a pixel of which k channels are positive and have independent filters.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from ..data.batches import Batch, InOrder
from ..data.dataset import Splits
from ..graph import Graph
from ..layers.base import Array
from ..training.evaluation import BATCH
from ..training.statistics import recalibrate
from .accuracy import percent
from .activation_patterns_figure import draw
from .experiment import Arm, ByArm, Claim, Column, Experiment, Result, Size
from .learning import images_of, learn, network, settings_of, test_batches, told
from .sizes import SIZES

ARM = "V2"
WIDTH = 0.35
EXPANDED = "/expand_relu6"
COUNTED = 4  # batches of training images that fresh batch norm counts its statistics on
LIKELY = 99  # per cent of the pixels: what "with high probability" is taken for
MARGIN = 5  # points: what "about half" and "has not changed" are taken for
TOLERATED = 2  # layers that the paper has below the threshold after training


def patterns(
    *,
    width: float,
    seed: int,
    steps: int,
    batch: int,
    train: int,
    test: int,
    source: str,
    root: str | None = None,
) -> dict[str, Any]:
    """Train V2, and tell beside the usual how many channels of the expanded maps are positive on the test images.

    initial, trained: a list of layers as `summary` tells of each. The fresh network has batch norm's statistics counted
    on training images first: those that it is made with, mean 0 and variance 1, are not those of any map.
    """
    data = images_of(source, root, train, test)
    learned = learn(network("mobilenet_v2", {"width": width}, data), data, settings_of(batch), steps, seed)
    fresh = normalised(learned.net, learned.net.init(seed), data)
    states = {"initial": fresh, "trained": learned.weights}
    layers = {name: layers_of(learned.net, weights, test_batches(data)) for name, weights in states.items()}
    return told(learned) | layers


def normalised(net: Graph, weights: Mapping[str, Array], data: Splits) -> dict[str, Array]:
    """The weights with batch norm's statistics counted on the first training images."""
    source = InOrder(data.train, BATCH)
    batches = (source.batch(step).images for step in range(min(COUNTED, len(source))))
    return {**weights, **recalibrate(net, weights, batches)}


def layers_of(net: Graph, weights: Mapping[str, Array], batches: Iterable[Batch]) -> list[dict[str, Any]]:
    """A summary of each expanded map, over all pixels of all images, in the order of the network."""
    taps = [node.name for node in net.nodes if node.name.endswith(EXPANDED)]
    counts = {tap: np.zeros(net.shapes[tap][-1] + 1, np.int64) for tap in taps}
    for images, _ in batches:
        _, maps = net.forward(weights, images, taps)
        for tap in taps:
            counts[tap] += pixels_by_count(maps[tap])
    return [summary(tap.removesuffix(EXPANDED), threshold(net, tap), counts[tap]) for tap in taps]


def threshold(net: Graph, tap: str) -> int:
    """k: the channels that the expansion of this map reads."""
    (expand,) = [node for node in net.nodes if node.name == tap.removesuffix("_relu6")]
    return net.shapes[expand.inputs[0]][-1]


def pixels_by_count(y: Array) -> Array:
    """y (B, H, W, m) -> (m + 1,): the number of pixels with 0, 1, ..., m positive channels."""
    return np.bincount((y > 0).sum(axis=-1).reshape(-1), minlength=y.shape[-1] + 1)


def summary(name: str, k: int, pixels: Array) -> dict[str, Any]:
    """What a layer's pixels have, from their number by positive channels (m + 1,).

    least, most    positive channels, of any pixel     mean, deviation   over the pixels
    above          share of the pixels with at least k, from 0 to 1
    """
    seen = np.flatnonzero(pixels)
    channels, total = np.arange(len(pixels)), pixels.sum()
    mean = (channels * pixels).sum() / total
    return {
        "layer": name,
        "channels": len(pixels) - 1,
        "threshold": k,
        "least": int(seen[0]),
        "most": int(seen[-1]),
        "mean": float(mean),
        "deviation": float(np.sqrt(((channels - mean) ** 2 * pixels).sum() / total)),
        "above": float(pixels[k:].sum() / total),
    }


def of_channels(layer: Mapping[str, Any], name: str) -> float:
    """A number of channels as per cent of all that the layer has."""
    return float(100 * layer[name] / layer["channels"])


def average(found: Result, state: str, name: str) -> float:
    """Over the layers."""
    return fmean(of_channels(layer, name) for layer in found[state])


def failing(found: Result, state: str) -> int:
    """Layers in which some pixel has fewer positive channels than the threshold."""
    return sum(layer["least"] < layer["threshold"] for layer in found[state])


def worst(found: Result, state: str) -> float:
    """Per cent of the pixels that reach the threshold, in the layer where it is least."""
    return float(100 * min(layer["above"] for layer in found[state]))


def half_at_first(found: ByArm) -> float:
    """How much nearer to half of the channels than MARGIN the average is before training, at the least."""
    return MARGIN - max(abs(of_channels(layer, "mean") - 50) for layer in found[ARM]["initial"])


def above_at_first(found: ByArm) -> float:
    return worst(found[ARM], "initial") - LIKELY


def spread_grown(found: ByArm) -> float:
    return average(found[ARM], "trained", "deviation") - average(found[ARM], "initial", "deviation")


def average_kept(found: ByArm) -> float:
    """How much less than MARGIN a layer's average has changed, in the mean over the layers."""
    states = zip(found[ARM]["initial"], found[ARM]["trained"], strict=True)
    return MARGIN - fmean(abs(of_channels(after, "mean") - of_channels(before, "mean")) for before, after in states)


def few_fail(found: ByArm) -> float:
    """Half a layer above the number that the paper has, minus ours."""
    return TOLERATED + 0.5 - failing(found[ARM], "trained")


def most_pixels(found: ByArm) -> float:
    return worst(found[ARM], "trained") - 50


def arms(size: Size) -> Sequence[Arm]:
    return [Arm(ARM, "activation_patterns:patterns", {"width": WIDTH, **size.learning})]


EXPERIMENT = Experiment(
    name="activation-patterns",
    source="V2 Figure 7",
    question="How many channels of the expanded maps are positive, before training and after, and is it enough?",
    sizes=SIZES["activation-patterns"],
    arms=arms,
    columns=(
        Column("accuracy, %", percent),
        Column("positive at first, %", lambda found: average(found, "initial", "mean"), ".1f"),
        Column("spread at first, points", lambda found: average(found, "initial", "deviation"), ".1f"),
        Column("layers below at first", lambda found: failing(found, "initial"), ".1f"),
        Column("positive after training, %", lambda found: average(found, "trained", "mean"), ".1f"),
        Column("spread after, points", lambda found: average(found, "trained", "deviation"), ".1f"),
        Column("layers below after", lambda found: failing(found, "trained"), ".1f"),
        Column("pixels above in the worst layer, %", lambda found: worst(found, "trained")),
    ),
    claims=(
        Claim(
            f"Before training half of the channels are positive on average, to within {MARGIN} points, in every layer.",
            "V2 appendix A",
            f"points within {MARGIN}",
            half_at_first,
        ),
        Claim(
            f"Before training a pixel is above the threshold with high probability, of {LIKELY} % at least.",
            "V2 appendix A",
            f"points above {LIKELY} %",
            above_at_first,
        ),
        Claim(
            "Training widens the distribution: the standard deviation grows, in the mean over the layers.",
            "V2 Figure 7",
            "points of standard deviation",
            spread_grown,
        ),
        Claim(
            f"Training does not change a layer's average: by less than {MARGIN} points, in the mean over the layers.",
            "V2 Figure 7",
            f"points within {MARGIN}",
            average_kept,
        ),
        Claim(
            f"After training every pixel is above the threshold, in all layers but {TOLERATED} at most.",
            "V2 appendix A",
            f"layers below {TOLERATED + 0.5:g}",
            few_fail,
        ),
        Claim(
            "After training most pixels, more than half of them, are above the threshold, in every layer.",
            "V2 appendix A",
            "points above half of the pixels",
            most_pixels,
        ),
    ),
    draw=draw,
    notes=(
        "Counted on the test images, at the maps behind expansion, batch norm and ReLU6: there Lemma 2 speaks of a "
        "pixel. Figure 7 counts behind every convolution with ReLU.",
        "The fresh network normalises with statistics counted on training images.",
        "A pixel is above the threshold if as many of its channels are positive as the expansion reads, or more. "
        "A layer is below the threshold if any pixel of any test image is: the more images, the more layers.",
        f"MobileNet V2 of width {WIDTH}; the spread is the standard deviation over pixels, averaged over the layers.",
    ),
)
