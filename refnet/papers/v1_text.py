"""MobileNet V1, sections 3.1, 3.3 and 3.4: what the text concludes from its equations."""

from fractions import Fraction
from itertools import count
from math import log

from .. import formulas
from ..models.v1 import mobilenet_v1
from .claim import Claim, Compute, Computed, Table, Value
from .convolutions import blocks, pairs
from .networks import FULL, Build, Networks
from .v1_formulas import RESOLUTIONS, WIDTHS

TEXT = Table("V1 sections 3.1 to 3.4")
THINNER = [width for width in WIDTHS if width < 1]
SMALLER = [side for side in RESOLUTIONS if side < FULL]


def least_channels(k: int, factor: int) -> int:
    """From how many output channels on a separable k x k convolution is `factor` times cheaper."""
    return next(N for N in count(1) if formulas.saving(k, N) >= factor)


# Both papers claim it, so both are measured alike.
EIGHT_TO_NINE = (
    "Taken together, the network's depthwise convolutions with the 1x1 behind each are {together} times cheaper than "
    "standard ones; single ones {low} to {high} times, {below} of {layers} less than the printed range. The lower "
    "end is reached from {least} output channels on, the upper, {limit}, never."
)


def eight_to_nine(build: Build) -> Compute:
    """How much cheaper separable layers are than standard convolutions of their shapes: least, most; together."""

    def compute(networks: Networks) -> Computed:
        layers = list(pairs(networks, build).values())
        savings = [formulas.saving(pair.k, pair.d_j) for pair in layers]
        standard = sum(formulas.standard_hw(pair.h, pair.w, pair.d_i, pair.d_j, pair.k) for pair in layers)
        together = Fraction(standard, sum(pair.madds for pair in layers))
        facts: dict[str, Value] = {
            "together": together,
            "low": min(savings),
            "high": max(savings),
            "least": least_channels(layers[0].k, 8),
            "limit": layers[0].k ** 2,
            "below": sum(saving < 8 for saving in savings),
            "layers": len(savings),
        }
        return Computed({"MADD": (min(savings), max(savings))}, measured=(together,), facts=facts)

    return compute


def _very_little(networks: Networks) -> Computed:
    madds = sum(places["depthwise"].madds for places in blocks(networks, mobilenet_v1).values())
    share = Fraction(100 * madds, networks.cost(mobilenet_v1).madds)
    return Computed({"MADD": share}, measured=(share,))


def _alpha_squared(networks: Networks) -> Computed:
    """How multiply-adds and parameters shrink with alpha, and the exponents of alpha that this makes."""
    ratios = [_thinned(networks, width) for width in THINNER]
    exponents = [log(each) / log(width) for width, pair in zip(THINNER, ratios, strict=True) for each in pair]
    least = min(THINNER)
    facts: dict[str, Value] = {
        "low": min(exponents),
        "high": max(exponents),
        "alpha": least,
        "squared": least**2,
        "parameters": ratios[-1][1],
        "headless": _thinned(networks, least, classes=0)[1],
    }
    return Computed({"MADD": tuple(ratios)}, measured=tuple(exponents), facts=facts)


def _thinned(networks: Networks, width: float, classes: int = 1000) -> tuple[Fraction, Fraction]:
    """Multiply-adds and weights of a thin network over those of the whole one."""
    whole = networks.cost(mobilenet_v1, classes=classes)
    thin = networks.cost(mobilenet_v1, width=width, classes=classes)
    return Fraction(thin.madds, whole.madds), Fraction(thin.total("P-WEIGHTS"), whole.total("P-WEIGHTS"))


def _rho_squared(networks: Networks) -> Computed:
    squares = tuple(Fraction(side, FULL) ** 2 for side in SMALLER)
    ratios = {}
    for name in ("MADD", "MADD-HEADLESS"):
        whole = networks.cost(mobilenet_v1).total(name)
        small = [networks.cost(mobilenet_v1, resolution=side).total(name) for side in SMALLER]
        ratios[name] = tuple(Fraction(each, whole) for each in small)
    holds = {name: found == squares for name, found in ratios.items()}
    return Computed(ratios, holds, facts={"squares": squares, "counted": ratios["MADD"]})


CLAIMS = [
    Claim(
        "V1-8TO9",
        "V1 3.1",
        "8 to 9",
        "x",
        TEXT,
        "cheaper than standard",
        eight_to_nine(mobilenet_v1),
        "approximate",
        EIGHT_TO_NINE,
        main="MADD",
        word="8 to 9",
    ),
    Claim(
        "V1-DW3",
        "V1 3.1",
        "very little",
        "%",
        TEXT,
        "cost in depthwise layers",
        _very_little,
        "approximate",
        "Depthwise layers have {value}% of the multiply-adds.",
        main="MADD",
        word="very little",
    ),
    Claim(
        "V1-A2",
        "V1 3.3",
        "roughly alpha^2",
        "ratio",
        TEXT,
        "cost, parameters with alpha",
        _alpha_squared,
        "approximate",
        "Cost and parameters shrink with exponents of alpha from {low} to {high}. The classifier shrinks "
        "only with alpha: at {alpha}, {parameters} of the parameters are left, {headless} without it; "
        "alpha^2 is {squared}.",
        main="MADD",
        word="roughly squared",
    ),
    Claim(
        "V1-R2",
        "V1 3.4",
        "rho^2",
        "ratio",
        TEXT,
        "cost with rho",
        _rho_squared,
        "convention",
        "Exactly rho^2 ({squares}) without the classifier, whose cost does not shrink; with it {counted}.",
        main="MADD",
    ),
]
