"""MobileNet V1, Tables 8 and 9, and what section 4.2 concludes from them: MobileNet beside older networks.

The scan lost the names of four rows; section 4.2 says which networks they are, and in the order of the text.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

from ..digits import parse_figure
from ..models.alex_net import alexnet
from ..models.google_net import googlenet
from ..models.squeeze_net import squeezenet
from ..models.v1 import mobilenet_v1
from ..models.vgg import vgg16
from .claim import UNCOUNTED, Claim, Compute, Computed, Table, Value
from .counted import MADDS, PARAMETERS, size_claim, size_claims
from .networks import Build, Networks, Number

# Counts of other people's networks are round: their zeros are not significant, though MobileNet's row has none.
TABLE_8, TABLE_9 = Table("V1 Table 8"), Table("V1 Table 9")
HUNDREDTHS = replace(TABLE_9, zeros=True)  # Table 9's parameters, of which two are printed to the hundredth
SECTION_4_2 = Table("V1 section 4.2", source="V1 4.2")
LOST = " (name lost in the scan)"
BOUND, GAIN = "2.5", "4"  # "more than 2.5 times less computation"; "4% better", of two networks


class Row(NamedTuple):
    """A row as printed: accuracy in per cent, then millions; and the network that it speaks of."""

    accuracy: str
    madds: str
    parameters: str
    build: Build
    settings: Mapping[str, Any] = {}


MOBILENET = Row("70.6", "569", "4.2", mobilenet_v1)
GOOGLENET = Row("69.8", "1550", "6.8", googlenet)
VGG = Row("71.5", "15300", "138", vgg16)
REDUCED = Row("60.2", "76", "1.32", mobilenet_v1, {"width": 0.5, "resolution": 160})
SQUEEZENET = Row("57.5", "1700", "1.25", squeezenet)
ALEXNET = Row("57.2", "720", "60", alexnet)

# GoogLeNet's own Table 1 (Szegedy et al. 2014), rows with weights: what its nodes' names begin with here -> parameters,
# in thousands ("K"), and operations, in millions.
GOOGLENETS_TABLE = {
    "conv1": ("2.7", "34"),
    "conv2": ("112", "360"),
    "inception_3a": ("159", "128"),
    "inception_3b": ("380", "304"),
    "inception_4a": ("364", "73"),
    "inception_4b": ("437", "88"),
    "inception_4c": ("463", "100"),
    "inception_4d": ("580", "119"),
    "inception_4e": ("840", "170"),
    "inception_5a": ("1072", "54"),
    "inception_5b": ("1388", "71"),
    "classifier": ("1000", "1"),
}
K = 1024  # with 1000, no row has the weights of its widths


def _counts(networks: Networks, row: Row, quantity: str) -> dict[str, Number]:
    count = networks.madds if quantity == MADDS else networks.parameters
    return count(row.build, **row.settings)


def _size(
    id: str,
    table: Table,
    what: str,
    quantity: str,
    row: Row,
    recorded: str = "exact",
    note: str = "",
    facts: Any = None,
) -> Claim:
    """A figure of a row; facts: what else its explanation quotes, computed from the networks."""
    printed = row.madds if quantity == MADDS else row.parameters
    claim = size_claim(id, table, what, quantity, printed, row.build, recorded, note, **row.settings)
    if facts is None:
        return claim

    def compute(networks: Networks) -> Computed:
        return Computed(_counts(networks, row, quantity), facts=facts(networks))

    return replace(claim, compute=compute)


def _ratio(more: Row, less: Row, quantity: str) -> Compute:
    """How many times more `more` has, under each convention that counts both; and the same of the printed figures."""

    def compute(networks: Networks) -> Computed:
        values = _ratios(networks, more, less, quantity)
        return Computed(values, facts={"prints": _printed_ratio(more, less, quantity)})

    return compute


def _ratios(networks: Networks, more: Row, less: Row, quantity: str) -> dict[str, Number]:
    above, below = _counts(networks, more, quantity), _counts(networks, less, quantity)
    return {name: Fraction(above[name]) / Fraction(below[name]) for name in below if name in above}


def _printed_ratio(more: Row, less: Row, quantity: str) -> Fraction:
    if quantity == MADDS:
        return Fraction(more.madds) / Fraction(less.madds)
    return Fraction(more.parameters) / Fraction(less.parameters)


def _two_units(networks: Networks) -> Computed:
    """SqueezeNet's print counts operations, MobileNet's multiply-adds: their quotient compares two units."""
    ours, theirs = _counts(networks, REDUCED, MADDS), _counts(networks, SQUEEZENET, MADDS)
    madds, flops = SECTION_4_2.madds, "FLOP-2"
    multiply_adds, operations = parse_figure(REDUCED.madds, "M"), parse_figure(SQUEEZENET.madds, "M")
    of_ours = multiply_adds.reading(ours[madds]) and not multiply_adds.reading(ours[flops])
    of_theirs = operations.reading(theirs[flops]) and not operations.reading(theirs[madds])
    facts: dict[str, Value | str] = {
        "prints": _printed_ratio(SQUEEZENET, REDUCED, MADDS),
        "mixed": Fraction(theirs[flops]) / Fraction(ours[madds]),
        "madds": madds,
        "flops": flops,
    }
    values = _ratios(networks, SQUEEZENET, REDUCED, MADDS)
    return Computed(values, refuted=bool(of_ours and of_theirs), facts=facts)


def _more_than(networks: Networks) -> Computed:
    """The ratio as a multiple of the printed bound."""
    values = _ratios(networks, GOOGLENET, MOBILENET, MADDS)
    measured = values[SECTION_4_2.madds] / Fraction(BOUND)
    return Computed(values, measured=(measured,), facts={"prints": _printed_ratio(GOOGLENET, MOBILENET, MADDS)})


def _gain(id: str, name: str, other: Row) -> Claim:
    """How much more accurate the reduced MobileNet is; rounding the two accuracies could move it by two half units."""

    def compute(networks: Networks) -> Computed:
        better, worse = Fraction(REDUCED.accuracy), Fraction(other.accuracy)
        unit = parse_figure(REDUCED.accuracy).step
        difference, printed = better - worse, parse_figure(GAIN)
        relative = 100 * difference / worse
        possible = (difference - unit, difference + unit)
        facts: dict[str, Value | str] = {
            "better": REDUCED.accuracy,
            "worse": other.accuracy,
            "largest": possible[1],
            "relative": relative,
        }
        refuted = printed.rounded(possible[0]) < printed.value and printed.rounded(possible[1]) < printed.value
        return Computed({UNCOUNTED: difference}, refuted=refuted, facts=facts)

    note = (
        "The paper's own table prints {better}% and {worse}%; however these were rounded, the difference is at most "
        "{largest}. As a share of the other's accuracy it is {relative}%."
    )
    source = SECTION_4_2.source
    return Claim(id, source, GAIN, "%", SECTION_4_2, f"accuracy above {name}", compute, "erratum", note)


def _text(
    id: str,
    printed: str,
    what: str,
    quantity: str,
    compute: Compute,
    recorded: str = "exact",
    note: str = "",
    word: str = "",
) -> Claim:
    main = SECTION_4_2.madds if quantity == MADDS else SECTION_4_2.parameters
    return Claim(id, SECTION_4_2.source, printed, "x", SECTION_4_2, what, compute, recorded, note, main, word=word)


def _of_googlenets_table(networks: Networks) -> dict[str, Value]:
    """What the rows of GoogLeNet's own table add up to, how many have the weights of their widths; and its variant."""
    cost = networks.cost(googlenet)
    fitting = 0
    for start, (thousands, _) in GOOGLENETS_TABLE.items():
        weights = sum(row.terms.weights for row in cost if row.node.startswith(start))
        fitting += parse_figure(thousands, significant_zeros=True).reading(Fraction(weights, K)) is not None
    return {
        "thousands": sum(Fraction(thousands) for thousands, _ in GOOGLENETS_TABLE.values()),
        "millions": sum(Fraction(millions) for _, millions in GOOGLENETS_TABLE.values()),
        "rows": len(GOOGLENETS_TABLE),
        "fitting": fitting,
        "variant": networks.cost(googlenet, variant="torchvision").madds,
    }


def _vgg_convolutions(networks: Networks) -> dict[str, Value]:
    """VGG's multiply-adds without its three dense layers."""
    rows = networks.cost(vgg16).rows
    return {"convolutions": sum(row.terms.madds for row in rows if row.terms.operation == "Conv2d")}


def _squeezenet_readings(networks: Networks) -> dict[str, Value]:
    return {"padded": networks.cost(squeezenet, last_padding=1).total("FLOP-2")}


def _alexnet_headless(networks: Networks) -> dict[str, Value]:
    return {"headless": networks.cost(alexnet).total("MADD-HEADLESS")}


_PRINTS = "The printed figures give {prints}."

CLAIMS = [
    *size_claims("V1-T8-MN", TABLE_8, "1.0 MobileNet-224", (MOBILENET.madds, MOBILENET.parameters), mobilenet_v1),
    replace(
        _size(
            "V1-T8-GL-M",
            TABLE_8,
            "GoogLeNet",
            MADDS,
            GOOGLENET,
            "unexplained",
            "The scan lost the row's name, the text gives it. GoogLeNet's own table adds up to {millions} million "
            "operations; with 3x3 convolutions for its 5x5 ones, as it is often trained, it takes {variant}.",
            _of_googlenets_table,
        ),
        source=TABLE_8.name + LOST,
    ),
    _size(
        "V1-T8-GL-P",
        TABLE_8,
        "GoogLeNet",
        PARAMETERS,
        GOOGLENET,
        "unexplained",
        "It is what the column of GoogLeNet's own table adds up to, {thousands} thousand; but only {fitting} of its "
        "{rows} rows have the weights that follow from the widths beside them.",
        _of_googlenets_table,
    ),
    _size(
        "V1-T8-VGG-M",
        TABLE_8,
        "VGG 16",
        MADDS,
        VGG,
        "unexplained",
        "The convolutions alone, without the three dense layers, take {convolutions}, which rounds to the print.",
        _vgg_convolutions,
    ),
    _size("V1-T8-VGG-P", TABLE_8, "VGG 16", PARAMETERS, VGG),
    _size("V1-T9-MN-M", TABLE_9, "0.50 MobileNet-160", MADDS, REDUCED, "convention", "The print cannot decide."),
    _size("V1-T9-MN-P", HUNDREDTHS, "0.50 MobileNet-160", PARAMETERS, REDUCED),
    replace(
        _size(
            "V1-T9-SQ-M",
            TABLE_9,
            "SqueezeNet",
            MADDS,
            SQUEEZENET,
            "convention",
            "The scan lost the row's name, the text gives it. It alone counts a multiplication and an addition as "
            "two, as SqueezeNet's authors do; their released model pads its last convolution: {padded}.",
            _squeezenet_readings,
        ),
        source=TABLE_9.name + LOST,
    ),
    _size("V1-T9-SQ-P", HUNDREDTHS, "SqueezeNet", PARAMETERS, SQUEEZENET, "convention"),
    _size(
        "V1-T9-AL-M",
        TABLE_9,
        "AlexNet",
        MADDS,
        ALEXNET,
        "exact",
        "Its two halves are groups here, as its paper has them; without the classifier it is {headless}.",
        _alexnet_headless,
    ),
    _size(
        "V1-T9-AL-P",
        HUNDREDTHS,
        "AlexNet",
        PARAMETERS,
        ALEXNET,
        "convention",
        "AlexNet's own paper cuts it alike.",
    ),
    _text(
        "V1-X32",
        "32",
        "VGG 16 over MobileNet, size",
        PARAMETERS,
        _ratio(VGG, MOBILENET, PARAMETERS),
        "convention",
        _PRINTS,
    ),
    _text("V1-X27", "27", "VGG 16 over MobileNet, compute", MADDS, _ratio(VGG, MOBILENET, MADDS), "exact", _PRINTS),
    _text(
        "V1-X25",
        f"more than {BOUND}",
        "GoogLeNet over MobileNet, compute",
        MADDS,
        _more_than,
        "approximate",
        f"GoogLeNet takes {{value}} times the multiply-adds. {_PRINTS}",
        "more than",
    ),
    _text(
        "V1-X45",
        "45",
        "AlexNet over 0.50-160, size",
        PARAMETERS,
        _ratio(ALEXNET, REDUCED, PARAMETERS),
        "convention",
        _PRINTS,
    ),
    _text(
        "V1-X94", "9.4", "AlexNet over 0.50-160, compute", MADDS, _ratio(ALEXNET, REDUCED, MADDS), "convention", _PRINTS
    ),
    _text(
        "V1-X22",
        "22",
        "SqueezeNet over 0.50-160, compute",
        MADDS,
        _two_units,
        "erratum",
        "The printed figures give {prints}, but SqueezeNet's is {flops} and MobileNet's {madds}: so mixed it is "
        "{mixed}, in one unit half of that.",
    ),
    _gain("V1-ACC4A", "AlexNet", ALEXNET),
    _gain("V1-ACC4S", "SqueezeNet", SQUEEZENET),
]
