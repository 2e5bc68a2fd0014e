"""V1 section 3.2, and a remark in the hand notes on V2: many depthwise filters train to zero. With and without decay.

    M   filters of a depthwise layer    w   (KH, KW, M) its kernel

A filter's swing is the standard deviation of its output behind batch norm, before ReLU6, over all pixels of all test
images. Batch norm makes it |gamma|, some 1, of any filter whose output varies: unless it varies so little that eps
outweighs the variance, because w or the input have gone to zero. That is what dead means here. The size of w alone says
nothing: batch norm undoes its scale.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from ..data.batches import Batch
from ..graph import Graph
from ..layers.base import Array
from ..layers.convolution import DepthwiseConv2d
from ..layers.normalization import BatchNorm
from . import depthwise_decay_figure
from .accuracy import percent, points_above
from .experiment import Arm, ByArm, Claim, Column, Experiment, Result, Results, Size
from .learning import RECIPE, V1_RATE, changes_for, images_of, learn, network, settings_of, test_batches, told
from .sizes import SIZES

DEAD = 0.01  # a filter with less swing is: a hundredth of what batch norm gives at first
DECAY = 0.01
# Four levels in each power of ten, up to 10: where the distribution of swings is told.
LEVELS = tuple(float(f"{10 ** (each / 4):.4g}") for each in range(-16, 5))
NETWORKS = {"V1": ("mobilenet_v1", 0.25), "V2": ("mobilenet_v2", 0.35)}
KINDS = {"without decay": False, "with decay": True}  # of depthwise kernels


def filters(
    *,
    model: str,
    width: float,
    weight_decay: float,
    depthwise_decay: bool,
    seed: int,
    steps: int,
    batch: int,
    train: int,
    test: int,
    source: str,
    root: str | None = None,
) -> dict[str, Any]:
    """Train, and tell beside the usual what became of the depthwise filters.

    filters, dead   counts             layers    name, filters and dead of each depthwise layer, as the network has them
    below           for each of LEVELS the number of filters with less swing
    largest_tap     the greatest |w| of a filter, median over the filters
    """
    data = images_of(source, root, train, test)
    decay = {"weight_decay": weight_decay, "depthwise_decay": depthwise_decay}
    recipe = settings_of(batch, {**changes_for(model), **decay})
    learned = learn(network(model, {"width": width}, data), data, recipe, steps, seed)
    layers = swings(learned.net, learned.weights, test_batches(data))
    taps = [np.abs(learned.weights[f"{name}/kernel"]).max(axis=(0, 1)) for name in layers]
    everyone = np.concatenate(list(layers.values()))
    return told(learned) | {
        "filters": len(everyone),
        "dead": dead(everyone),
        "below": [int((everyone < level).sum()) for level in LEVELS],
        "largest_tap": float(np.median(np.concatenate(taps))),
        "layers": [{"layer": name, "filters": len(own), "dead": dead(own)} for name, own in layers.items()],
    }


def dead(swing: Array) -> int:
    """swing (M,) -> how many are."""
    return int((swing < DEAD).sum())


def swings(net: Graph, weights: Mapping[str, Array], batches: Iterable[Batch]) -> dict[str, Array]:
    """Depthwise layer -> swing of each of its filters (M,): their own deviation times what batch norm multiplies by."""
    names = [node.name for node in net.nodes if isinstance(node.layer, DepthwiseConv2d)]
    pixels = dict.fromkeys(names, 0)
    sums, squares = ({name: np.zeros(net.shapes[name][-1]) for name in names} for _ in range(2))
    for images, _ in batches:
        _, maps = net.forward(weights, images, names)
        for name, z in maps.items():
            values = z.reshape(-1, z.shape[-1]).astype(np.float64)
            pixels[name] += len(values)
            sums[name] += values.sum(axis=0)
            squares[name] += (values**2).sum(axis=0)
    variances = {name: squares[name] / pixels[name] - (sums[name] / pixels[name]) ** 2 for name in names}
    factors = batch_norm_factors(net, weights)
    return {name: factors[name] * np.sqrt(np.maximum(each, 0)) for name, each in variances.items()}


def batch_norm_factors(net: Graph, weights: Mapping[str, Array]) -> dict[str, Array]:
    """What batch norm reads -> |gamma| / sqrt(variance + eps) of each channel (M,), in float64."""
    found = {}
    for node in net.nodes:
        if isinstance(node.layer, BatchNorm):
            gamma, variance = (weights[node.key(role)].astype(np.float64) for role in ("gamma", "moving_variance"))
            found[node.inputs[0]] = np.abs(gamma) / np.sqrt(variance + node.layer.eps)
    return found


def named(network: str, kind: str) -> str:
    return f"{network} {kind}"


def arms(size: Size) -> list[Arm]:
    """Both networks, without decay of depthwise kernels and with it; all other kernels have it in every arm."""
    return [
        Arm(
            named(name, kind),
            "depthwise_decay:filters",
            {"model": model, "width": width, "weight_decay": DECAY, "depthwise_decay": decayed, **size.learning},
        )
        for name, (model, width) in NETWORKS.items()
        for kind, decayed in KINDS.items()
    ]


def share(found: Result) -> float:
    """Per cent of the filters that are dead."""
    return float(100 * found["dead"] / found["filters"])


def dying_in_v1(found: ByArm) -> float:
    """How much larger V1's share of dead filters is than V2's."""
    return share(found[named("V1", "without decay")]) - share(found[named("V2", "without decay")])


def draw(figure: Any, results: Results) -> None:
    depthwise_decay_figure.draw(figure, results, LEVELS, DEAD)


EXPERIMENT = Experiment(
    name="depthwise-decay",
    source="V1 section 3.2, hand notes on V2",
    question="Do depthwise filters train to zero, with and without weight decay on them, in V1 and in V2?",
    sizes=SIZES["depthwise-decay"],
    arms=arms,
    columns=(
        Column("accuracy, %", percent),
        Column("filters", lambda found: found["filters"], ",.0f"),
        Column("dead, %", share),
        Column("largest tap of the median filter", lambda found: found["largest_tap"], ".4f"),
    ),
    claims=(
        Claim(
            "V1 does better without weight decay on depthwise filters.",
            "V1 section 3.2",
            "points",
            points_above(named("V1", "without decay"), named("V1", "with decay")),
        ),
        Claim(
            "Many of V1's depthwise filters train to zero, without decay on them: a larger share than of V2's.",
            "hand notes on V2",
            "points",
            dying_in_v1,
        ),
    ),
    draw=draw,
    notes=(
        "A filter is dead if its output behind batch norm has a standard deviation below "
        f"{DEAD:g} over all pixels of the test images; batch norm makes it 1 at first.",
        f"Weight decay is {DECAY:g} on all kernels but the depthwise ones, and in two arms on these too. The papers' "
        "0.00004 acts for hundreds of thousands of steps.",
        "Decay is a term of the gradient and goes through RMSProp: of a weight w, it makes a step of rate * decay * w "
        "/ sqrt(s + eps), s being the mean square of the whole gradient, and ten times that by momentum 0.9. So a "
        "weight with small gradients shrinks faster than one with large ones.",
        "What decay does to the number of dead filters is in the table; no source says anything of it.",
        f"MobileNet V1 of width {NETWORKS['V1'][1]} at a rate of {V1_RATE:g}, V2 of width {NETWORKS['V2'][1]} at "
        f"{RECIPE['rate']:g}: the two differ in more than their blocks.",
    ),
)
