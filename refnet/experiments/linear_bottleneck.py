"""`linear-bottleneck`: V2 Figure 6 (a), what an activation behind the projection does."""

from collections.abc import Sequence

from .accuracy import COLUMNS, DATA_NOTE, classifier, points_above
from .drawings import accuracies
from .experiment import Arm, Claim, Experiment, Size
from .sizes import SIZES

LINEAR, RELU6 = "linear bottleneck", "ReLU6 in the bottleneck"


def arms(size: Size) -> Sequence[Arm]:
    """The linear one is MobileNet V2 as it is: it says nothing that the baseline of `shortcuts` does not."""
    width = size.more["width"]
    return (
        classifier(LINEAR, size, "mobilenet_v2", {"width": width}),
        classifier(RELU6, size, "mobilenet_v2", {"width": width, "bottleneck": "relu6"}),
    )


EXPERIMENT = Experiment(
    name="linear-bottleneck",
    source="V2 Figure 6 (a), section 6.4",
    question="Is MobileNet V2 better without an activation behind the projection of a block?",
    sizes=SIZES["linear-bottleneck"],
    arms=arms,
    columns=COLUMNS,
    claims=(
        Claim(
            "Linear bottlenecks are more accurate than bottlenecks with ReLU6.",
            "V2 Figure 6 (a), section 6.4",
            "points",
            points_above(LINEAR, RELU6),
        ),
    ),
    draw=accuracies,
    notes=(DATA_NOTE, "The paper has the whole network, width 1; here a thin one, whose bottlenecks are thinner."),
)
