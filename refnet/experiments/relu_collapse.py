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
LIMIT = 1.0  # per cent lost: above it information is lost, below it hardly any
MARGIN = 2.0  # points between the theorem's share and a drawn one; chance alone has a deviation of 1.1 at the most


def collapse(*, dimension: int, channels: int, matrices: int, draws: int, seed: int) -> dict[str, Any]:
    """One set through `matrices` random B and back; and Theorem 1 with as many B and points as `draws` says.

    Shares from 0 to 1, errors relative to the size of the set.

    lost, error, picture    as `refnet.appendix.spirals.Reconstruction` has them: of the set
    drawn, low, high        the collapsed share of the cube's volume in so many draws, and its 99.99 % interval
    expected                the same share by the theorem
    bound                   2^(-m/2), which the appendix has for it if m is much larger than k
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
    """How far from LIMIT the spiral's lost points are, on the right side of it, at the least."""
    few, many = ([100 * found[named(2, m)]["lost"] for m in channels] for channels in (SMALL, WIDE))
    return float(min(min(few) - LIMIT, LIMIT - max(many)))


def survives(found: ByArm) -> float:
    """The same of collapsed volume: in no more channels than dimensions, and in EXPANSIONS' last multiple or more."""
    sets = [(each["channels"] / each["dimension"], 100 * each["drawn"]) for each in found.values()]
    narrow = [share for expansion, share in sets if expansion <= 1]
    wide = [share for expansion, share in sets if expansion >= EXPANSIONS[-1]]
    return float(min(min(narrow) - LIMIT, LIMIT - max(wide)))


def as_the_theorem_says(found: ByArm) -> float:
    """How much nearer to the theorem's share than MARGIN the drawn one is, at the least."""
    return float(MARGIN - max(100 * abs(each["drawn"] - each["expected"]) for each in found.values()))


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
            f"A spiral loses information in 2 or 3 channels, more than {LIMIT:g} % of its points, and not in 15 or 30, "
            "where it is less.",
            "V2 Figure 1",
            f"points from {LIMIT:g} %",
            information_lost,
        ),
        Claim(
            f"ReLU(Bx) collapses volume, more than {LIMIT:g} %, if it has no more channels than x, and hardly any, "
            f"less than {LIMIT:g} %, if it has {EXPANSIONS[-1]} times as many or more.",
            "V2 appendix A",
            f"points from {LIMIT:g} %",
            survives,
        ),
        Claim(
            f"On average a share of 1 - N/2^m of the volume collapses: to within {MARGIN:g} points in every set.",
            "V2 Theorem 1",
            f"points within {MARGIN:g}",
            as_the_theorem_says,
        ),
    ),
    draw=draw,
    notes=(
        '"2 in 15" is a set of 2 dimensions in 15 channels: for 2 the spiral of Figure 1, for others a cube of points.',
        "A point is lost where Lemma 2 says so: the positive coordinates of Bx do not determine x.",
        "For the volume, entries of a matrix depend on each other, as Theorem 1 allows; for sets they are Gaussian.",
        "2^(-m/2) is the appendix's bound for m much larger than n, and no claim here: the inequalities that lead to "
        "it do not hold at m = 6 n for the blocks of V2, of 16 to 160 channels (errata V2-INEQ3, V2-INEQE). Still "
        "hardly any volume collapses in them.",
        "Errors are root mean squares over the set's own; the pseudo-inverse is the way back that Figure 1 shows.",
    ),
)
