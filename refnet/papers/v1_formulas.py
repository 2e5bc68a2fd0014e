"""MobileNet V1, equations (1) to (7): each held against the graphs of the networks that it concerns.

The value of a formula is that of the layer in Table 3, the eighth block: D_K = 3, M = N = 512, D_F = 14.
"""

from fractions import Fraction

from .. import formulas
from ..digits import parse_figure
from ..kernels.geometry import same_padding
from ..models.v1 import conv_mobilenet, mobilenet_v1
from . import loops
from .claim import Claim, Compute, Computed, Table, formula, statement
from .convolutions import Convolution, Pair, blocks, convolutions, pairs
from .networks import FULL, Networks
from .v1_table_2 import DEPTHWISE_PARAMETERS

TEXT = Table("V1 equations")
LAYER = "block_8"
WIDTHS = (1.0, 0.75, 0.5, 0.25)
RESOLUTIONS = (FULL, 192, 160, 128)


def _equation_1(networks: Networks) -> Computed:
    """On a small map: the rows it reads, the padding this takes, and what a centred kernel gives back."""
    D_K, D_F, M = 3, 4, 2
    before, after = same_padding(D_F, D_K, 1, 1)
    F = {index: number for number, index in enumerate(loops.up_to(D_F, D_F, M), start=1)}
    centre = before + 1
    taps = loops.up_to(D_K, D_K, M, M)
    K = {tap: int(tap[0] == tap[1] == centre and tap[2] == tap[3]) for tap in taps}
    rows = loops.rows_read(D_K, D_F)
    padded = rows == set(range(1, before + D_F + after + 1))
    G = loops.standard(K, loops.framed(F, D_F, M, before, after), D_K, D_F, M, M)
    return statement(padded and G == F, D_F=D_F, D_K=D_K, last=max(rows), padding=before + after)


def _equation_2(networks: Networks) -> Computed:
    layers = [each for each in convolutions(networks, conv_mobilenet).values() if len(each.kernel) == 4]
    layer = blocks(networks, conv_mobilenet)[LAYER]["conv"]
    holds = all(_standard(each) == each.madds for each in layers)
    return formula("MADD", _standard(layer), holds, layers=len(layers), inside=layer.inside)


def _standard(each: Convolution) -> int:
    D_K, _, M, N = each.kernel
    return formulas.standard(D_K, M, N, each.output[0])


def _equation_3(networks: Networks) -> Computed:
    """The print has indices i, j on a kernel that the next sentence gives three sizes."""
    indices = ("i", "j")
    kernels = [places["depthwise"].kernel for places in blocks(networks, mobilenet_v1).values()]
    weights = networks.cost(mobilenet_v1).total("P-WEIGHTS")
    literal = Fraction(100 * sum(D_K * D_K for D_K, _, _ in kernels), weights)
    per_channel = Fraction(100 * sum(D_K * D_K * M for D_K, _, M in kernels), weights)
    share = parse_figure(DEPTHWISE_PARAMETERS)
    holds = all(len(kernel) == len(indices) for kernel in kernels)
    refuted = share.is_rounded(per_channel) and not share.is_rounded(literal)
    return statement(holds, refuted, literal=literal, per_channel=per_channel, sizes=len(kernels[0]))


def _equation_4(networks: Networks) -> Computed:
    layers = {block: places["depthwise"] for block, places in blocks(networks, mobilenet_v1).items()}
    costs = {
        block: formulas.depthwise(each.kernel[0], each.kernel[2], each.output[0]) for block, each in layers.items()
    }
    holds = all(costs[block] == each.madds for block, each in layers.items())
    return formula("MADD", costs[LAYER], holds, layers=len(layers))


def symbols(pair: Pair) -> tuple[int, int, int, int]:
    """D_K, M, N, D_F of a separable layer; D_F is the side of the output."""
    return pair.k, pair.d_i, pair.d_j, pair.h


def _equation_5(networks: Networks) -> Computed:
    layers = pairs(networks, mobilenet_v1)
    holds = all(formulas.separable(*symbols(pair)) == pair.madds for pair in layers.values())
    return formula("MADD", formulas.separable(*symbols(layers[LAYER])), holds, layers=len(layers))


def _reduction(networks: Networks) -> Computed:
    layers = pairs(networks, mobilenet_v1)
    holds = all(_reduced_by(pair) * formulas.standard(*symbols(pair)) == pair.madds for pair in layers.values())
    return formula("MADD", _reduced_by(layers[LAYER]), holds, layers=len(layers))


def _reduced_by(pair: Pair) -> Fraction:
    return formulas.reduction(pair.k, pair.d_j)


def _equations_6_and_7(width: float, resolution: int) -> Compute:
    """(7), which is (6) at full resolution, on all layers of the networks that the text names."""

    def compute(networks: Networks) -> Computed:
        whole = pairs(networks, mobilenet_v1)
        sides = (FULL,) if resolution == FULL else RESOLUTIONS
        scales = [(alpha, side) for alpha in WIDTHS for side in sides]
        holds = all(_scaled(networks, whole, *scale) for scale in scales)
        value = _reduced(whole[LAYER], width, resolution)
        return formula("MADD", value, holds, networks=len(scales), layers=len(whole))

    return compute


def _scaled(networks: Networks, whole: dict[str, Pair], alpha: float, side: int) -> bool:
    """Whether (7), applied to the layers of the whole network, gives those of the scaled one."""
    scaled = pairs(networks, mobilenet_v1, width=alpha, resolution=side)
    return all(_reduced(whole[block], alpha, side) == pair.madds for block, pair in scaled.items())


def _reduced(pair: Pair, alpha: float, resolution: int) -> Fraction:
    return formulas.separable_reduced(*symbols(pair), alpha, Fraction(resolution, FULL))


_EVERY = "It equals the graph's count in all {layers} layers of this kind"
_SCALED = "It equals the graph's count in all {layers} blocks of {networks} networks"

CLAIMS = [
    Claim(
        "V1-EQ1",
        "V1 3.1 eq(1)",
        "G[k,l,n]=sum K[i,j,m,n] F[k+i-1,l+j-1,m]",
        "-",
        TEXT,
        "(1) standard convolution",
        _equation_1,
        explanation="Run literally with D_F = {D_F} and D_K = {D_K}, it reads rows up to {last}: F must be "
        "the padded map ({padding} rows more), and a kernel that is one at its centre then gives F back.",
    ),
    Claim(
        "V1-EQ2",
        "V1 3.1 eq(2)",
        "formula",
        "MAC",
        TEXT,
        "(2) DK^2 M N DF^2",
        _equation_2,
        explanation=f"{_EVERY}. It counts taps on the padding too: {{inside}} of these products lie inside.",
        main="MADD",
    ),
    Claim(
        "V1-EQ3",
        "V1 3.1 eq(3)",
        "K^[i,j]",
        "-",
        TEXT,
        "(3) depthwise convolution",
        _equation_3,
        "erratum",
        "The kernel has {sizes} sizes, so it needs the channel index: K^[i,j,m]. Without it, depthwise "
        "layers would hold {literal}% of the parameters; with it {per_channel}%, as Table 2 prints.",
    ),
    Claim(
        "V1-EQ4",
        "V1 3.1 eq(4)",
        "formula",
        "MAC",
        TEXT,
        "(4) DK^2 M DF^2",
        _equation_4,
        explanation=f"{_EVERY}, with D_F the side of the output.",
        main="MADD",
    ),
    Claim(
        "V1-EQ5",
        "V1 3.1 eq(5)",
        "formula",
        "MAC",
        TEXT,
        "(5) DK^2 M DF^2 + M N DF^2",
        _equation_5,
        explanation=f"{_EVERY}.",
        main="MADD",
    ),
    Claim(
        "V1-EQ5R",
        "V1 3.1 after eq(5)",
        "1/N+1/Dk^2",
        "ratio",
        TEXT,
        "separable over standard",
        _reduction,
        explanation="In exact fractions, it is the ratio of the two counts in all {layers} separable layers.",
        main="MADD",
    ),
    Claim(
        "V1-EQ6",
        "V1 3.3 eq(6)",
        "formula",
        "MAC",
        TEXT,
        "(6) with alpha",
        _equations_6_and_7(0.75, FULL),
        explanation=f"{_SCALED}, one per width.",
        main="MADD",
    ),
    Claim(
        "V1-EQ7",
        "V1 3.4 eq(7)",
        "formula",
        "MAC",
        TEXT,
        "(7) with alpha and rho",
        _equations_6_and_7(0.75, 160),
        explanation=f"{_SCALED}, one per width and resolution.",
        main="MADD",
    ),
]
