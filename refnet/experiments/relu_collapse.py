"""V2 Figure 1, Lemma 2 and Theorem 1: what a random expansion and ReLU leave of a set of few dimensions.

    k   dimensions of the set      m   channels that it is expanded to (the figure's n)
    B   (m, k) random matrix       y   = ReLU(Bx)

For k = 2 the set is the figure's spiral, with the figure's m; for others it is the cube [-1, 1]^k, drawn at random,
and m is a multiple of k. Nothing is trained. What is computed is that of `refnet.appendix`, here against m.
"""

from typing import Any

import numpy as np

from ..appendix.collapse import collapsed, estimate
from ..appendix.spirals import DIMENSIONS, reconstruction, spiral
from .experiment import Arm, ByArm, Claim, Column, Experiment, Size
from .relu_collapse_figure import draw
from .sizes import SIZES

SMALL, WIDE = (2, 3), (15, 30)  # the channels of Figure 1 that lose information, and those that do not
EXPANSIONS = (1, 2, 3, 6)  # m / k of the cubes; six is V2's
POINTS = 400  # of a set


def collapse(*, dimension: int, channels: int, matrices: int, draws: int, seed: int) -> dict[str, Any]:
    """One set through `matrices` random B and back; and Theorem 1 with as many B and points as `draws` says.

    Shares from 0 to 1, errors relative to the size of the set.

    lost, error, picture    as `refnet.appendix.spirals.Reconstruction` has them: of the set
    drawn, low, high        the collapsed share of the cube's volume in so many draws, and its 99.99 % interval
    expected                the same share by the theorem
    bound                   2^(-m/2), which it is to keep if m is much larger than k
    """
    rng = np.random.default_rng((seed, dimension, channels))
    x = spiral(POINTS) if dimension == 2 else rng.uniform(-1, 1, (POINTS, dimension))
    found = reconstruction(channels, matrices, rng, x)
    volume = estimate(channels, dimension, draws, rng)
    return {
        "dimension": dimension,
        "channels": channels,
        "lost": found.lost,
        "error": found.error,
        "picture": found.picture,
        "draws": volume.draws,
        "drawn": volume.share,
        "low": volume.low,
        "high": volume.high,
        "expected": float(collapsed(channels, dimension)),
        "bound": 2 ** (-channels / 2),
    }


def arms(size: Size) -> list[Arm]:
    pairs = [(2, m) for m in DIMENSIONS]
    pairs += [(k, t * k) for k in size.more["dimensions"] for t in EXPANSIONS]
    counts = {name: size.more[name] for name in ("matrices", "draws")}
    work = "relu_collapse:collapse"
    return [Arm(named(k, m), work, {"dimension": k, "channels": m, **counts}) for k, m in pairs]


def named(dimension: int, channels: int) -> str:
    return f"{dimension} in {channels}"


def information_lost(found: ByArm) -> float:
    """How much more of the spiral is lost in 2 or 3 channels than in 15 or 30, at the least."""
    few, many = ([found[named(2, m)]["lost"] for m in channels] for channels in (SMALL, WIDE))
    return float(100 * (min(few) - max(many)))


def survives(found: ByArm) -> float:
    """How much more of a cube's volume six times its dimensions keep than as many, at the least."""
    cubes = {each["dimension"] for each in found.values()} - {2}
    ends = [(found[named(k, k)]["drawn"], found[named(k, EXPANSIONS[-1] * k)]["drawn"]) for k in cubes]
    return float(100 * min(narrow - wide for narrow, wide in ends))


def within_interval(found: ByArm) -> float:
    """How far the theorem's share lies within the interval of the drawn one, at the least.

    Of the arms in which it expects ten or more of the draws to collapse, and ten or more not to: others say little.
    """
    telling = [each for each in found.values() if 10 <= each["expected"] * each["draws"] <= each["draws"] - 10]
    inside = [min(each["expected"] - each["low"], each["high"] - each["expected"]) for each in telling]
    return float(100 * min(inside))


def below_bound(found: ByArm) -> float:
    wide = found[named(2, WIDE[0])]
    return float(100 * (wide["bound"] - wide["drawn"]))


EXPERIMENT = Experiment(
    name="relu-collapse",
    source="V2 Figure 1, Lemma 2, Theorem 1",
    question="What of a set of few dimensions survives a random expansion and ReLU?",
    sizes=SIZES["relu-collapse"],
    arms=arms,
    columns=(
        Column("points lost, %", lambda found: 100 * found["lost"]),
        Column("error of the best decoder", lambda found: float(found["error"]), ".2g"),
        Column("of the pseudo-inverse", lambda found: float(found["picture"])),
        Column("volume collapsed, %", lambda found: 100 * found["drawn"]),
        Column("by Theorem 1, %", lambda found: 100 * found["expected"], ".3g"),
        Column("2^(-m/2), %", lambda found: 100 * found["bound"], ".3g"),
    ),
    claims=(
        Claim(
            "A spiral loses information when it is expanded to 2 or 3 channels, and not when to 15 or 30.",
            "V2 Figure 1",
            "points",
            information_lost,
        ),
        Claim(
            "ReLU(Bx) loses information if it has no more channels than x, and rarely does if it has many more.",
            "V2 appendix A",
            "points",
            survives,
        ),
        Claim(
            "On average a share of 1 - N/2^m of the volume collapses: within the 99.99 % interval of what was drawn.",
            "V2 Theorem 1",
            "points",
            within_interval,
        ),
        Claim(
            "With many more channels than dimensions, here 15 for 2, at most 2^(-m/2) of the volume collapses.",
            "V2 appendix A",
            "points",
            below_bound,
        ),
    ),
    draw=draw,
    notes=(
        '"2 in 15" is a set of 2 dimensions in 15 channels: for 2 the spiral of Figure 1, for others a cube of points.',
        "A point is lost where Lemma 2 says so: the positive coordinates of Bx do not determine x.",
        "For the volume, entries of a matrix depend on each other, as Theorem 1 allows; for sets they are Gaussian.",
        "Errors are root mean squares over the set's own; the pseudo-inverse is the way back that Figure 1 shows.",
    ),
)
