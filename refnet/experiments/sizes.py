"""How much each experiment computes: seeds, steps, batches, widths, in one place.

Networks are small, so that a full cell is a matter of a few minutes on one core.
"""

from collections.abc import Mapping
from typing import NamedTuple

from .experiment import Size

# Every class has two images to learn from and one to be judged by: that everything runs is all it says.
_QUICK = Size(seeds=2, steps=2, batch=4, train=48, test=24)
_FULL = Size(seeds=5, steps=1200, batch=32)
_MORE_SEEDS = _FULL._replace(seeds=10)  # where five leave most claims undecided

# Linear bottlenecks and shortcuts have the same baseline, which is computed once.
_ABLATION = {"quick": _QUICK._replace(more={"width": 0.1}), "full": _FULL._replace(more={"width": 0.35})}

SIZES: Mapping[str, Mapping[str, Size]] = {
    "relu-collapse": {
        "quick": Size(seeds=2, more={"matrices": 5, "draws": 200, "dimensions": (4,)}),
        "full": Size(seeds=5, more={"matrices": 30, "draws": 50_000, "dimensions": (4, 16)}),
    },
    "activation-patterns": {"quick": _QUICK, "full": _FULL},
    "depthwise-decay": {"quick": _QUICK, "full": _MORE_SEEDS},
    "low-precision": {
        "quick": _QUICK._replace(more={"width": 0.1, "ranges": 16}),
        "full": _FULL._replace(more={"width": 0.35, "ranges": 256}),
    },
    "distillation": {
        "quick": _QUICK._replace(more={"teacher": 0.25, "student": 0.125, "gallery": 48}),
        "full": _FULL._replace(more={"teacher": 0.5, "student": 0.125, "gallery": 2400}),
    },
    "linear-bottleneck": _ABLATION,
    "shortcuts": _ABLATION,
    # Widths at expansion 6: other expansions have the widths that cost as much. At these two, the steps of 8 in the
    # numbers of channels allow all of them.
    "expansion": {
        "quick": _QUICK._replace(more={"small": 0.4, "large": 0.8, "small_expansions": [1, 5, 10]}),
        "full": _MORE_SEEDS._replace(more={"small": 0.4, "large": 0.8, "small_expansions": [1, 3, 5, 10]}),
    },
    "separable-or-full": {
        "quick": _QUICK._replace(more={"width": 0.25}),
        "full": _FULL._replace(more={"width": 0.25}),
    },
    # Of the shallow network.
    "thin-or-shallow": {
        "quick": _QUICK._replace(more={"width": 0.34}),
        "full": _FULL._replace(more={"width": 0.34}),
    },
    # The smallest width of V1 is the one behind the jump: see tradeoff.py.
    "tradeoff": {
        "quick": _QUICK._replace(more={"v1": [0.1, 0.125, 0.25], "v2": [0.1, 0.2], "resolutions": [32, 48]}),
        "full": _FULL._replace(
            more={"v1": [0.125, 0.25, 0.5], "v2": [0.2, 0.5], "resolutions": [32, 48, 64]}
        ),
    },
}


class Pictures(NamedTuple):
    """resolution: height and width as stored."""

    resolution: int
    classes: int


# Of each source: what arms need to know to compare costs before any image is read.
PICTURES = {"shapes-64": Pictures(64, 24), "cifar10": Pictures(32, 10)}
