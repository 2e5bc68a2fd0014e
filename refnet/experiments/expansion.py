"""`expansion`: V2 section 4, how wide the inside of a block should be for the same cost.

    t   expansion factor
"""

from collections.abc import Sequence
from typing import Any

from ..figures import COLOURS, finish
from .accuracy import COLUMNS, DATA_NOTE, classifier, percent, points_above
from .drawings import curve
from .equal_cost import madds, width_for
from .experiment import Arm, ByArm, Claim, Experiment, Results, Size
from .sizes import PICTURES, SIZES

BASE = 6  # the paper's own t: `small` and `large` of a size are widths at this one
LARGE_EXPANSIONS = (5, 10)  # the ends of the range in which the paper finds little difference


def name_of(network: str, t: int) -> str:
    return f"{network}, t = {t}"


def arms(size: Size) -> Sequence[Arm]:
    """Two costs; at each the same multiply-adds, as nearly as V2's steps of 8 channels allow."""
    pictures, found = PICTURES[size.source], []
    for network, expansions in (("large", LARGE_EXPANSIONS), ("small", size.more["small_expansions"])):
        wanted = madds("mobilenet_v2", {"width": size.more[network], "expansion": BASE}, pictures)
        for t in expansions:
            builder = {"width": width_for("mobilenet_v2", wanted, pictures, expansion=t), "expansion": t}
            found.append(classifier(name_of(network, t), size, "mobilenet_v2", builder))
    return found


def flat_from_5_to_10(by_arm: ByArm) -> float:
    """How much more accuracy changes from t = 1 to 5 than from t = 5 to 10."""
    one, five, ten = (percent(by_arm[name_of("small", t)]) for t in (1, 5, 10))
    return abs(five - one) - abs(ten - five)


def small_prefers_less(by_arm: ByArm) -> float:
    """How much better t = 5 does than t = 10 in the small network, less the same in the large one."""
    gains = {
        network: points_above(name_of(network, 5), name_of(network, 10))(by_arm) for network in ("small", "large")
    }
    return gains["small"] - gains["large"]


def draw(figure: Any, results: Results) -> None:
    axes = figure.subplots()
    for network, colour in zip(("small", "large"), COLOURS, strict=False):
        of_network = {arm: int(arm.rpartition(" ")[2]) for arm in results if arm.startswith(network)}
        madds_of = [results[arm][0]["madds"] / 1e6 for arm in of_network]
        label = f"{network}: {min(madds_of):.1f} to {max(madds_of):.1f} M multiply-adds"
        told = {arm: [{**one, "t": t} for one in results[arm]] for arm, t in of_network.items()}
        curve(axes, told, list(told), lambda result: float(result["t"]), colour, label)
    axes.set_xlabel("expansion factor t")
    axes.set_ylabel("accuracy on test images, %, with its 95 % interval")
    axes.legend(frameon=False)
    finish(axes)


EXPERIMENT = Experiment(
    name="expansion",
    source="V2 section 4",
    question="Which expansion factor is best when every network costs the same?",
    sizes=SIZES["expansion"],
    arms=arms,
    columns=COLUMNS,
    claims=(
        Claim(
            "An expansion above 1 is better than none: t = 5 against t = 1.",
            "V2 section 3.3",
            "points",
            points_above(name_of("small", 5), name_of("small", 1)),
        ),
        Claim(
            "Between 5 and 10 it hardly matters: accuracy changes less from 5 to 10 than from 1 to 5.",
            "V2 section 4",
            "points",
            flat_from_5_to_10,
        ),
        Claim(
            "Smaller networks prefer a smaller expansion, larger ones a larger one: t = 5 against 10.",
            "V2 section 4",
            "points",
            small_prefers_less,
        ),
    ),
    draw=draw,
    notes=(
        DATA_NOTE,
        "The paper shows no figures for this, and does not say what is held equal: here the multiply-adds, as nearly "
        "as channels in steps of 8 allow; the table has them.",
        "Weights differ between arms, t = 1 having the most of its cost: the table has them too.",
    ),
)
