"""`tradeoff`: V1 Figures 4 and 5, V2 Figure 5: accuracy against multiply-adds and weights, both families."""

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from ..figures import COLOURS, finish, plain_logarithm
from .accuracy import COLUMNS, DATA_NOTE, classifier, percent
from .drawings import curve
from .experiment import Arm, ByArm, Claim, Experiment, Results, Size
from .sizes import SIZES
from .trade import Point, gain_of_resolution, jump_below, mean_gain, straighter_over_log

MODELS = {"V2": "mobilenet_v2", "V1": "mobilenet_v1"}


def arms(size: Size) -> Sequence[Arm]:
    """The dearest first, so that processes end at about the same time."""
    more = size.more
    return [
        classifier(f"{family} {width:g} at {side}", size, model, {"width": width}, side)
        for side in sorted(more["resolutions"], reverse=True)
        for family, model in MODELS.items()
        for width in sorted(more[family.lower()], reverse=True)
    ]


def points(family: str, by_arm: ByArm) -> list[Point]:
    """The networks of a family, from the names of its arms and what they tell."""
    found = []
    for name, result in by_arm.items():
        of, width, _, resolution = name.split()
        if of == family:
            found.append(Point(float(width), int(resolution), result["madds"], percent(result)))
    return found


def with_largest_images(found: Sequence[Point]) -> list[Point]:
    """Those that see images as they are stored."""
    return [point for point in found if point.resolution == max(each.resolution for each in found)]


def v2_above_v1(by_arm: ByArm) -> float:
    return mean_gain(*(with_largest_images(points(family, by_arm)) for family in ("V2", "V1")))


def _of_v1(judge: Callable[[Sequence[Point]], float]) -> Callable[[ByArm], float]:
    return lambda by_arm: judge(points("V1", by_arm))


def _of_wider_v1(by_arm: ByArm) -> float:
    found = points("V1", by_arm)
    return straighter_over_log([point for point in found if point.width > min(each.width for each in found)])


def draw(figure: Any, results: Results) -> None:
    """Left over multiply-adds, right over weights: a line per family and resolution, through its widths."""
    left, right = figure.subplots(1, 2, sharey=True)
    panels = ((left, "madds", 1e6, "million multiply-adds"), (right, "weights", 1e6, "million weights"))
    sides = sorted({int(arm.split()[-1]) for arm in results})
    for axes, told, unit, title in panels:
        for number, family in enumerate(MODELS):
            for side in sides:
                own = [arm for arm in results if arm.startswith(family) and arm.endswith(f" {side}")]
                own.sort(key=lambda arm: fmean(result["madds"] for result in results[arm]))
                colour = COLOURS[(number * 3 + sides.index(side)) % len(COLOURS)]
                curve(axes, results, own, lambda result: result[told] / unit, colour, f"{family} at {side}")  # noqa: B023  used at once
        axes.set_xscale("log")
        plain_logarithm(axes.xaxis)
        axes.set_xlabel(title)
        finish(axes)
    left.set_ylabel("accuracy on test images, %, with its 95 % interval")
    right.legend(frameon=False, fontsize="small")


EXPERIMENT = Experiment(
    name="tradeoff",
    source="V1 Figures 4 and 5, V2 Figure 5",
    question="What does accuracy cost, in multiply-adds and in weights, in either family?",
    sizes=SIZES["tradeoff"],
    arms=arms,
    columns=COLUMNS,
    claims=(
        Claim(
            "At equal multiply-adds V2 is more accurate than V1; here with the largest images.",
            "V2 Figure 5",
            "points",
            v2_above_v1,
        ),
        Claim(
            "V1's accuracy is linear in the logarithm of the multiply-adds, the thinnest networks apart: nearer to it "
            "than to linear in the multiply-adds.",
            "V1 section 4.2, Figure 4",
            "of the variance",
            _of_wider_v1,
        ),
        Claim(
            "Accuracy drops when V1 is made too thin: the thinnest network lies below the line of the wider ones, with "
            "the largest images.",
            "V1 Table 6",
            "points",
            _of_v1(lambda found: jump_below(with_largest_images(found))),
        ),
        Claim(
            "With as many weights, larger images are more accurate.",
            "V1 Table 7: 70.6 % at 224, 64.4 % at 128",
            "points",
            _of_v1(gain_of_resolution),
            paper=6.2,
        ),
    ),
    draw=draw,
    notes=(
        DATA_NOTE,
        "Smaller images are the same ones resampled; CIFAR-10's, of 32 x 32, are enlarged at 48 and 64.",
        "V2 above V1: the best of those that cost as much or less, with straight lines between, in the mean over the "
        "logarithm of the cost where both have networks. Of 32 x 32 pixels V2 learns nearly nothing in so few steps, "
        "and V1 little: what families gain from small images is not told by these.",
        "Linear in the logarithm: how much more of the variance a line over the logarithm explains than a line over "
        "the cost itself. Neither explains it all: the points of one resolution lie on lines of their own.",
    ),
)
