"""V2 Figure 7: how many channels of each expanded map are positive, before training and after it.

Lemma 2: an expansion and ReLU lose nothing of a pixel of which k channels are positive and have independent filters.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

from .accuracy import percent
from .activation_patterns_figure import draw
from .experiment import Arm, ByArm, Claim, Column, Experiment, Result, Size
from .learning import changes_for
from .sizes import SIZES

ARM, MODEL = "V2", "mobilenet_v2"
WIDTH = 0.35
LIKELY = 99  # per cent of the pixels: what "with high probability" is taken for
MARGIN = 5  # points: what "about half" and "has not changed" are taken for
TOLERATED = 2  # layers that the paper has below the threshold after training


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
    """In per cent."""
    before, after = (average(found[ARM], state, "deviation") for state in ("initial", "trained"))
    return 100 * (after / before - 1)


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
    network = {"model": MODEL, "builder": {"width": WIDTH}, "changes": changes_for(MODEL)}
    return [Arm(ARM, "patterns:patterns", {**network, **size.learning})]


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
            "Training widens the distribution, there dramatically: the standard deviation grows, in the mean over the "
            "layers.",
            "V2 Figure 7",
            "% of the standard deviation",
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
