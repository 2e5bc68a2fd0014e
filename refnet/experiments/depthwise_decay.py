"""`depthwise-decay`: V1 section 3.2, and a remark in the hand notes on V2: many depthwise filters train to zero."""

from collections.abc import Callable
from typing import Any

from . import depthwise_decay_figure
from .accuracy import percent, points_above
from .dead_filters import DEAD, LEVELS
from .experiment import Arm, ByArm, Claim, Column, Experiment, Result, Results, Size
from .learning import RECIPE, V1_RATE, changes_for
from .sizes import SIZES

DECAY = 0.01
MANY = 5.0  # per cent
NETWORKS = {"V1": ("mobilenet_v1", 0.25), "V2": ("mobilenet_v2", 0.35)}
KINDS = {"without decay": False, "with decay": True}  # of depthwise kernels


def named(network: str, kind: str) -> str:
    return f"{network} {kind}"


def arms(size: Size) -> list[Arm]:
    """Both networks, without decay of depthwise kernels and with it; all other kernels have it in every arm."""
    return [
        Arm(
            named(name, kind),
            "dead_filters:filters",
            {
                "model": model,
                "builder": {"width": width},
                "changes": {**changes_for(model), "weight_decay": DECAY, "depthwise_decay": decayed},
                **size.learning,
            },
        )
        for name, (model, width) in NETWORKS.items()
        for kind, decayed in KINDS.items()
    ]


def share(found: Result) -> float:
    """Per cent of the filters that are dead."""
    return float(100 * found["dead"] / found["filters"])


def dying_in_v1(kind: str) -> Callable[[ByArm], float]:
    """How much larger V1's share of dead filters is than V2's, and than MANY, with or without decay."""
    return lambda found: share(found[named("V1", kind)]) - max(share(found[named("V2", kind)]), MANY)


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
            "Little or no weight decay on depthwise filters is important: V1 is more accurate without.",
            "V1 section 3.2",
            "points",
            points_above(named("V1", "without decay"), named("V1", "with decay")),
        ),
        *(
            Claim(
                f"Many of V1's depthwise filters train to zero, {kind} on them: more than {MANY:g} %, and a larger "
                "share than of V2's.",
                "hand notes on V2, which do not say with which decay",
                "points",
                dying_in_v1(kind),
            )
            for kind in KINDS
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
