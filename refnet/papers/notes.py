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
from .claim import UNCOUNTED, Claim, Compute, Computed, Table, Value
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


def _memory_access(row: Row) -> int:
    return row.terms.inputs + row.terms.outputs + row.terms.weights


def _conv_parameters(networks: Networks) -> Computed:
    return _held("P-BIAS", formulas.conv_parameters(K, M, N), _convolution(networks))


def _conv_flops(networks: Networks) -> Computed:
    return _held("FLOP-N", formulas.conv_flops(K, M, N, SIDE, SIDE), _convolution(networks))


def _conv_operations(networks: Networks) -> Computed:
    terms = networks.cost(noted_convolution)["conv"]
    noted = formulas.conv_operations(K, M)
    flops = CONVENTIONS["FLOP-N"].count(_convolution(networks))
    holds = noted[0] == terms.products and sum(noted) * terms.outputs == flops
    return Computed({UNCOUNTED: noted}, {UNCOUNTED: holds})


def _conv_memory(networks: Networks) -> Computed:
    noted = formulas.conv_memory_access(K, M, N, SIDE, SIDE, SIDE, SIDE)
    return _equal(noted, _memory_access(_convolution(networks)[0]))


def _dense_parameters(networks: Networks) -> Computed:
    return _held("P-BIAS", formulas.dense_parameters(*_neurons(networks)), _dense(networks))


def _dense_flops(networks: Networks) -> Computed:
    return _held("FLOP-N", formulas.dense_flops(*_neurons(networks)), _dense(networks))


def _dense_memory(networks: Networks) -> Computed:
    return _equal(formulas.dense_memory_access(*_neurons(networks)), _memory_access(_dense(networks)[0]))


def _neurons(networks: Networks) -> tuple[int, int]:
    """Neurons before and after V1's classifier."""
    terms = networks.cost(mobilenet_v1)["classifier"]
    return terms.inputs, terms.outputs


def _held(convention: str, noted: int, rows: Rows) -> Computed:
    """The note's figure against the graph's count under a convention."""
    return Computed({convention: noted}, {convention: noted == CONVENTIONS[convention].count(rows)})


def _equal(noted: Value, counted: Value) -> Computed:
    return Computed({UNCOUNTED: noted}, {UNCOUNTED: noted == counted})


_CONV = f"for a convolution with k = {K}, M = N = {M} on a map of side {SIDE}"
_FC = "for the classifier of V1"
_NO_BIAS = "the bias, which the note counts as a parameter, is left out"

# id, unit, label, convention, what computes it, what it is, for which layer
_NOTED: tuple[tuple[str, str, str, str, Compute, str], ...] = (
    ("N-P", "params", "k k M N + N", NOTES.parameters, _conv_parameters, f"Parameters {_CONV}: {{value}}"),
    (
        "N-F",
        "FLOP",
        "(2 k k M - 1) H' W' N",
        NOTES.madds,
        _conv_flops,
        f"Operations {_CONV}: {{value}}; {_NO_BIAS}",
    ),
    ("N-F1", "ops", "k k M, k k M - 1", UNCOUNTED, _conv_operations, f"Per output value {_CONV}: {{value}}"),
    (
        "N-M",
        "elements",
        "H W M + H' W' N + k k M N",
        UNCOUNTED,
        _conv_memory,
        f"Values moved {_CONV}: {{value}}; {_NO_BIAS}",
    ),
    ("N-FCP", "params", "Ci Co + Co", NOTES.parameters, _dense_parameters, f"Parameters {_FC}: {{value}}"),
    ("N-FCF", "FLOP", "(2 Ci - 1) Co", NOTES.madds, _dense_flops, f"Operations {_FC}: {{value}}; {_NO_BIAS}"),
    (
        "N-FCM",
        "elements",
        "Ci + Co + Ci Co",
        UNCOUNTED,
        _dense_memory,
        f"Values moved {_FC}: {{value}}; {_NO_BIAS}",
    ),
)

CLAIMS = [
    Claim(
        id,
        SOURCE,
        "formula",
        unit,
        NOTES,
        what,
        compute,
        main=main,
        explanation=f"{note}. The graph counts the same.",
    )
    for id, unit, what, main, compute, note in _NOTED
]
