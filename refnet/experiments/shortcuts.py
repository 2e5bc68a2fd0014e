"""`shortcuts`: V2 Figure 6 (b), where the shortcuts begin and end."""

from collections.abc import Sequence

from .accuracy import COLUMNS, DATA_NOTE, classifier, points_above
from .drawings import accuracies
from .experiment import Arm, Claim, Experiment, Size
from .sizes import SIZES

BOTTLENECK, EXPANSION, NONE = "between bottlenecks", "between expansions", "no shortcuts"


def arms(size: Size) -> Sequence[Arm]:
    """The first is MobileNet V2 as it is: it says nothing that the baseline of `linear-bottleneck` does not."""
    width = size.more["width"]
    return (
        classifier(BOTTLENECK, size, "mobilenet_v2", {"width": width}),
        classifier(EXPANSION, size, "mobilenet_v2", {"width": width, "shortcut": "expansion"}),
        classifier(NONE, size, "mobilenet_v2", {"width": width, "shortcut": "none"}),
    )


EXPERIMENT = Experiment(
    name="shortcuts",
    source="V2 Figure 6 (b), section 6.4",
    question="Should shortcuts connect the thin ends of blocks, their wide insides, or nothing?",
    sizes=SIZES["shortcuts"],
    arms=arms,
    columns=COLUMNS,
    claims=(
        Claim(
            "Shortcuts between bottlenecks are better than shortcuts between expansions.",
            "V2 Figure 6 (b), section 6.4",
            "points",
            points_above(BOTTLENECK, EXPANSION),
        ),
        Claim(
            "Shortcuts between bottlenecks are better than none.",
            "V2 Figure 6 (b)",
            "points",
            points_above(BOTTLENECK, NONE),
        ),
        Claim(
            "Even shortcuts between expansions are better than none.",
            "V2 Figure 6 (b)",
            "points",
            points_above(EXPANSION, NONE),
        ),
    ),
    draw=accuracies,
    notes=(DATA_NOTE, "Between expansions: from the expanded map of the block before, where size and channels agree."),
)
