"""`thin-or-shallow`: V1 Table 5, fewer channels or fewer layers for about the same cost."""

from collections.abc import Sequence
from fractions import Fraction

from .accuracy import COLUMNS, DATA_NOTE, classifier, points_above
from .drawings import accuracies
from .equal_cost import madds, width_for
from .experiment import Arm, Claim, Experiment, Size
from .sizes import PICTURES, SIZES

THIN, SHALLOW = "thinner", "shallower"
PAPER = Fraction(325, 307)  # multiply-adds of the thinner network over those of the shallower one, V1 Table 5


def arms(size: Size) -> Sequence[Arm]:
    pictures, builder = PICTURES[size.source], {"width": size.more["width"]}
    wanted = float(PAPER * madds("shallow_mobilenet", builder, pictures))
    return (
        classifier(THIN, size, "mobilenet_v1", {"width": width_for("mobilenet_v1", wanted, pictures)}),
        classifier(SHALLOW, size, "shallow_mobilenet", builder),
    )


EXPERIMENT = Experiment(
    name="thin-or-shallow",
    source="V1 Table 5, section 4.1",
    question="To save products, should MobileNet V1 have fewer channels or fewer layers?",
    sizes=SIZES["thin-or-shallow"],
    arms=arms,
    columns=COLUMNS,
    claims=(
        Claim(
            "A thinner network is more accurate than a shallower one of about the same cost.",
            "V1 Table 5: 68.4 % and 65.3 %",
            "points",
            points_above(THIN, SHALLOW),
            paper=3.1,
        ),
    ),
    draw=accuracies,
    notes=(
        DATA_NOTE,
        "The paper's widths are 0.75 and 1; here both are smaller, with the same ratio of multiply-adds, 325 to 307.",
    ),
)
