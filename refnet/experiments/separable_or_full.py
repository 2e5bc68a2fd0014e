"""`separable-or-full`: V1 Table 4, what separable convolutions cost in accuracy and save in products."""

from collections.abc import Sequence

from .accuracy import COLUMNS, DATA_NOTE, classifier, points_above
from .drawings import accuracies
from .equal_cost import madds, width_for
from .experiment import Arm, Claim, Experiment, Size
from .sizes import PICTURES, SIZES

SEPARABLE, FULL, THINNED = "separable", "full", "full, as cheap as separable"


def arms(size: Size) -> Sequence[Arm]:
    """The third is what else the products of a full network could be saved with: fewer channels."""
    pictures, builder = PICTURES[size.source], {"width": size.more["width"]}
    thinned = width_for("conv_mobilenet", madds("mobilenet_v1", builder, pictures), pictures)
    return (
        classifier(FULL, size, "conv_mobilenet", builder),
        classifier(SEPARABLE, size, "mobilenet_v1", builder),
        classifier(THINNED, size, "conv_mobilenet", {"width": thinned}),
    )


EXPERIMENT = Experiment(
    name="separable-or-full",
    source="V1 Table 4, section 4.1",
    question="How much accuracy do depthwise separable convolutions give up, and is that a good price?",
    sizes=SIZES["separable-or-full"],
    arms=arms,
    columns=COLUMNS,
    claims=(
        Claim(
            "Full convolutions are more accurate than separable ones at the same width.",
            "V1 Table 4: 71.7 % and 70.6 %",
            "points",
            points_above(FULL, SEPARABLE),
            paper=1.1,
        ),
        Claim(
            "For what they save, separable convolutions give up little: at the same cost they beat thinner full ones.",
            "V1 section 4.1, in words",
            "points",
            points_above(SEPARABLE, THINNED),
        ),
    ),
    draw=accuracies,
    notes=(
        DATA_NOTE,
        "The paper has width 1 and no full network as cheap as the separable one: that arm says what little is.",
    ),
)
