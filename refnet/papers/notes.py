"""The hand notes at the end of the V1 scan: parameters, operations and memory access of two kinds of layer.

Held against a convolution with bias of Table 3's size (k = 3, M = N = 512, maps of 14 x 14) and V1's
classifier.
"""

from .. import formulas
from ..counting import CONVENTIONS, Row, Rows
from ..graph import Graph
from ..layers.convolution import Conv2d
from ..layers.dense import BiasAdd
from ..models.v1 import mobilenet_v1
from ..node import Node
from .claim import UNCOUNTED, Claim, Compute, Computed, Table, Value, formula
from .networks import Networks

NOTES = Table("Hand notes (V1 scan)", madds="FLOP-N", parameters="P-BIAS")
SOURCE = "hand notes at the end of the V1 scan"
K, M, N, SIDE = 3, 512, 512, 14


def noted_convolution() -> Graph:
    """The notes' convolution: with a bias per output channel."""
    return Graph("conv", {"map": (SIDE, SIDE, M)}, [Node("conv", Conv2d(N, K)), Node("bias", BiasAdd())])


def _convolution(networks: Networks) -> Rows:
    return networks.cost(noted_convolution).rows


def _dense(networks: Networks) -> Rows:
    return [row for row in networks.cost(mobilenet_v1) if row.node.startswith("classifier")]


def _of_conv(convention: str, noted: Value, counted: Value) -> Computed:
    return formula(convention, noted, noted == counted, k=K, M=M, side=SIDE)


def _conv_parameters(networks: Networks) -> Computed:
    return _of_conv("P-BIAS", formulas.conv_parameters(K, M, N), _total("P-BIAS", _convolution(networks)))


def _conv_flops(networks: Networks) -> Computed:
    return _of_conv("FLOP-N", formulas.conv_flops(K, M, N, SIDE, SIDE), _total("FLOP-N", _convolution(networks)))


def _conv_operations(networks: Networks) -> Computed:
    """Of one output value: the graph has the multiplications, and in FLOP-N both together."""
    terms, flops = networks.cost(noted_convolution)["conv"], _total("FLOP-N", _convolution(networks))
    counted = terms.products, flops // terms.outputs - terms.products
    return _of_conv(UNCOUNTED, formulas.conv_operations(K, M), counted)


def _conv_memory(networks: Networks) -> Computed:
    noted = formulas.conv_memory_access(K, M, N, SIDE, SIDE, SIDE, SIDE)
    return _of_conv(UNCOUNTED, noted, _moved(_convolution(networks)[0]))


def _dense_parameters(networks: Networks) -> Computed:
    rows = _dense(networks)
    return _of_dense("P-BIAS", formulas.dense_parameters(*_neurons(rows)), _total("P-BIAS", rows))


def _dense_flops(networks: Networks) -> Computed:
    rows = _dense(networks)
    return _of_dense("FLOP-N", formulas.dense_flops(*_neurons(rows)), _total("FLOP-N", rows))


def _dense_memory(networks: Networks) -> Computed:
    rows = _dense(networks)
    return _of_dense(UNCOUNTED, formulas.dense_memory_access(*_neurons(rows)), _moved(rows[0]))


def _of_dense(convention: str, noted: int, counted: int) -> Computed:
    return formula(convention, noted, noted == counted)


def _total(convention: str, rows: Rows) -> int:
    return CONVENTIONS[convention].count(rows)


def _moved(row: Row) -> int:
    """Values read and written: input, output, weights."""
    return row.terms.inputs + row.terms.outputs + row.terms.weights


def _neurons(rows: Rows) -> tuple[int, int]:
    """Neurons before and after a dense layer."""
    return rows[0].terms.inputs, rows[0].terms.outputs


_CONV = "for a convolution with k = {k}, M = N = {M} on a map of side {side}: {value}"
_FC = "for the classifier of V1: {value}"
_NO_BIAS = "The bias, which the notes count as a parameter, is left out."
_SAME = "The graph counts the same."

# id, unit, label, convention, what computes it, explanation
_NOTED: tuple[tuple[str, str, str, str, Compute, str], ...] = (
    ("N-P", "params", "k k M N + N", NOTES.parameters, _conv_parameters, f"Parameters {_CONV}. {_SAME}"),
    (
        "N-F",
        "FLOP",
        "(2 k k M - 1) H' W' N",
        NOTES.madds,
        _conv_flops,
        f"Operations {_CONV}. {_SAME} {_NO_BIAS}",
    ),
    ("N-F1", "ops", "k k M, k k M - 1", UNCOUNTED, _conv_operations, f"Per output value {_CONV}. {_SAME}"),
    (
        "N-M",
        "elements",
        "H W M + H' W' N + k k M N",
        UNCOUNTED,
        _conv_memory,
        f"Values moved {_CONV}. {_SAME} {_NO_BIAS}",
    ),
    ("N-FCP", "params", "Ci Co + Co", NOTES.parameters, _dense_parameters, f"Parameters {_FC}. {_SAME}"),
    ("N-FCF", "FLOP", "(2 Ci - 1) Co", NOTES.madds, _dense_flops, f"Operations {_FC}. {_SAME} {_NO_BIAS}"),
    (
        "N-FCM",
        "elements",
        "Ci + Co + Ci Co",
        UNCOUNTED,
        _dense_memory,
        f"Values moved {_FC}. {_SAME} {_NO_BIAS}",
    ),
)

CLAIMS = [
    Claim(id, SOURCE, "formula", unit, NOTES, what, compute, main=main, explanation=note)
    for id, unit, what, main, compute, note in _NOTED
]
