"""MobileNet V1, Tables 8 and 9: MobileNet beside older networks. (What section 4.2 concludes: v1_ratios.py.)

The scan lost the names of four rows; section 4.2 says which networks they are, in the order of the rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

from ..digits import parse_figure
from ..models.alex_net import alexnet
from ..models.google_net import googlenet
from ..models.squeeze_net import squeezenet
from ..models.v1 import mobilenet_v1
from ..models.vgg import vgg16
from .claim import Claim, Computed, Table, Value
from .counted import MADDS, PARAMETERS, size_claim, size_claims
from .networks import Build, Networks, Number

# Counts of other people's networks are round: their zeros are not significant, though MobileNet's row has none.
TABLE_8, TABLE_9 = Table("V1 Table 8"), Table("V1 Table 9")
LOST = " (name lost in the scan)"
_LOST_NAME = "The scan lost the row's name, the text gives it."


Facts = Callable[[Networks], Mapping[str, Value]]


class Row(NamedTuple):
    """A row as printed: accuracy in per cent, then millions; and the network that it speaks of."""

    accuracy: str
    madds: str
    parameters: str
    build: Build
    settings: Mapping[str, Any] = {}

    def printed(self, quantity: str) -> str:
        return self.madds if quantity == MADDS else self.parameters

    def counts(self, networks: Networks, quantity: str) -> dict[str, Number]:
        """Under every convention."""
        count = networks.madds if quantity == MADDS else networks.parameters
        return count(self.build, **self.settings)


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


def _size(
    id: str,
    table: Table,
    what: str,
    quantity: str,
    row: Row,
    recorded: str = "exact",
    note: str = "",
    facts: Facts | None = None,
) -> Claim:
    """A figure of a row; facts: what else its explanation quotes, computed from the networks."""
    claim = size_claim(id, table, what, quantity, row.printed(quantity), row.build, recorded, note, **row.settings)
    if facts is None:
        return claim

    def compute(networks: Networks) -> Computed:
        return Computed(row.counts(networks, quantity), facts=facts(networks))

    return replace(claim, compute=compute)


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
            f"{_LOST_NAME} GoogLeNet's own table adds up to {{millions}} million "
            "operations; with 3x3 convolutions for its 5x5 ones, as torchvision builds it, it takes {variant}.",
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
        "The print is what the column of GoogLeNet's own table adds up to, {thousands} thousand; but in only {fitting} "
        "of its {rows} rows is the number of weights the one that follows from the widths beside it.",
        _of_googlenets_table,
    ),
    _size(
        "V1-T8-VGG-M",
        TABLE_8,
        "VGG 16",
        MADDS,
        VGG,
        "unexplained",
        f"{_LOST_NAME} The convolutions alone, without the three dense layers, take {{convolutions}}, which rounds to "
        "the print.",
        _vgg_convolutions,
    ),
    _size("V1-T8-VGG-P", TABLE_8, "VGG 16", PARAMETERS, VGG),
    _size("V1-T9-MN-M", TABLE_9, "0.50 MobileNet-160", MADDS, REDUCED, "convention", "The print cannot decide."),
    _size("V1-T9-MN-P", TABLE_9, "0.50 MobileNet-160", PARAMETERS, REDUCED),
    replace(
        _size(
            "V1-T9-SQ-M",
            TABLE_9,
            "SqueezeNet",
            MADDS,
            SQUEEZENET,
            "convention",
            f"{_LOST_NAME} This row alone counts a multiplication and an addition as two. SqueezeNet's released model "
            "pads its last convolution, which makes {padded} and the same print.",
            _squeezenet_readings,
        ),
        source=TABLE_9.name + LOST,
    ),
    _size("V1-T9-SQ-P", TABLE_9, "SqueezeNet", PARAMETERS, SQUEEZENET, "convention"),
    _size(
        "V1-T9-AL-M",
        TABLE_9,
        "AlexNet",
        MADDS,
        ALEXNET,
        "exact",
        f"{_LOST_NAME} AlexNet's two halves are groups here, as in its paper; without the classifier it is "
        "{headless}.",
        _alexnet_headless,
    ),
    _size(
        "V1-T9-AL-P",
        TABLE_9,
        "AlexNet",
        PARAMETERS,
        ALEXNET,
        "exact",
        "AlexNet's own paper has the same figure.",
    ),
]
