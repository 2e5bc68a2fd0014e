"""What a network costs, and the conventions under which people add it up.

A count without a convention is not a number: "MobileNetV2 has 300 M multiply-adds" is true under MADD, 314 M under
MADD-BN2, 602 M under FLOP-2. A layer states its `Terms`, plain integers; a `Convention` is a named function of the
rows of a graph. Nothing here knows an array.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Terms:
    """What one operation costs for one image.

    inputs, outputs        values read (activations) and written
    products               multiplications behind one output value: KH*KW*M/groups
    madds                  multiply-adds with every tap, also those on the padding: products * outputs
    madds_inside           multiply-adds whose tap lies inside the image
    weights, biases        trainable parameters of kernels and of biases
    bn_channels            channels normalised: gamma, beta, moving mean and moving variance have this many each
    bn_outputs             values written by a batch normalisation
    scales                 trainable factors, one per channel, that belong to no batch normalisation
    madds_padded_grid      multiply-adds on top of `madds` where a dilated convolution runs as TensorFlow 1 ran it: on a
                           map padded up to multiples of the dilation
    madds_behind           of `madds`, those behind the first layer of an operation made of several
    """

    operation: str
    inputs: int
    outputs: int
    products: int = 0
    madds: int = 0
    madds_inside: int = 0
    weights: int = 0
    biases: int = 0
    bn_channels: int = 0
    bn_outputs: int = 0
    scales: int = 0
    madds_padded_grid: int = 0
    madds_behind: int = 0

    @property
    def parameters(self) -> int:
        """All of them: weights, biases, scales and the four vectors of batch normalisation (P-ALL)."""
        return self.weights + self.biases + self.scales + 4 * self.bn_channels

    @property
    def access(self) -> int:
        """The hand notes' memory access of a convolution or dense layer: values read, written, and weights; else 0."""
        return self.inputs + self.outputs + self.weights if self.products else 0


@dataclass(frozen=True)
class Row:
    """One node of a graph with its Terms.

    classifier: the node is the classification layer (it is named `classifier`), which MADD-HEADLESS leaves out.
    input_gradient: a training step needs the gradient of this node's input (false for the first layer).
    """

    node: str
    terms: Terms
    classifier: bool = False
    input_gradient: bool = True


Rows = Sequence[Row]


def madd(rows: Rows) -> int:
    return sum(row.terms.madds for row in rows)


def madd_headless(rows: Rows) -> int:
    return madd([row for row in rows if not row.classifier])


def madd_inside(rows: Rows) -> int:
    return sum(row.terms.madds_inside for row in rows)


def bn_outputs(rows: Rows) -> int:
    return sum(row.terms.bn_outputs for row in rows)


def madd_s2b(rows: Rows) -> int:
    return madd(rows) + sum(row.terms.madds_padded_grid for row in rows)


def dilated(rows: Rows) -> bool:
    return any(row.terms.madds_padded_grid for row in rows)


def madd_step(rows: Rows) -> int:
    """Forward, filter gradient and, where something below needs it, input gradient: each costs what forward costs."""
    return sum(3 * row.terms.madds if row.input_gradient else _step_of_first(row.terms) for row in rows)


def _step_of_first(terms: Terms) -> int:
    """Without the gradient of the operation's own input."""
    return 2 * terms.madds + terms.madds_behind


def flop_n(rows: Rows) -> int:
    """The hand notes' 2*k*k*M - 1 per output value: products and the additions between them."""
    return sum(2 * row.terms.madds - row.terms.outputs for row in rows if row.terms.products)


def access(rows: Rows) -> int:
    return sum(row.terms.access for row in rows)


def weights(rows: Rows) -> int:
    return sum(row.terms.weights for row in rows)


def biases(rows: Rows) -> int:
    return sum(row.terms.biases for row in rows)


def bn_channels(rows: Rows) -> int:
    return sum(row.terms.bn_channels for row in rows)


def scales(rows: Rows) -> int:
    return sum(row.terms.scales for row in rows)


def p_bias(rows: Rows) -> int:
    return weights(rows) + biases(rows)


def with_norm(rows: Rows, vectors: int) -> int:
    """P-BIAS, the scales of other layers, and so many vectors per batch normalisation."""
    return p_bias(rows) + scales(rows) + vectors * bn_channels(rows)


@dataclass(frozen=True)
class Convention:
    """A named way of adding up the rows of a graph.

    quantity: "multiply-adds", "FLOPs", "values" (moved to or from memory) or "parameters".
    applies:  whether it says something of its own about these rows; true of most conventions everywhere.
    """

    name: str
    quantity: str
    meaning: str
    count: Callable[[Rows], int] = field(repr=False)
    applies: Callable[[Rows], bool] = field(default=lambda rows: True, repr=False)


_ALL = (
    Convention("MADD", "multiply-adds", "kernel multiply-adds of convolutions and dense layers, every tap", madd),
    Convention("MADD-HEADLESS", "multiply-adds", "MADD without the classifier", madd_headless),
    Convention("MADD-INSIDE", "multiply-adds", "only taps inside the image, not on the padding", madd_inside),
    Convention(
        "MADD-BN2", "multiply-adds", "MADD plus 2 per batch-norm output", lambda rows: madd(rows) + 2 * bn_outputs(rows)
    ),
    Convention(
        "MADD-BN4", "multiply-adds", "MADD plus 4 per batch-norm output", lambda rows: madd(rows) + 4 * bn_outputs(rows)
    ),
    Convention(
        "MADD-S2B",
        "multiply-adds",
        "MADD, dilated convolutions on a grid padded to the rate's multiples",
        madd_s2b,
        applies=dilated,
    ),
    Convention("MADD-STEP", "multiply-adds", "a training step: forward, input and filter gradients", madd_step),
    Convention("FLOP-2", "FLOPs", "twice MADD", lambda rows: 2 * madd(rows)),
    Convention("FLOP-N", "FLOPs", "2*k*k*M - 1 per output value (the hand notes)", flop_n),
    Convention("ACCESS-N", "values", "memory access: inputs, outputs and weights (the hand notes)", access),
    Convention("P-WEIGHTS", "parameters", "kernels only", weights),
    Convention("P-BIAS", "parameters", "kernels and the biases that exist", p_bias),
    Convention(
        "P-TRAINABLE", "parameters", "P-BIAS plus gamma, beta and other scales", lambda rows: with_norm(rows, 2)
    ),
    Convention(
        "P-SLIM",
        "parameters",
        "P-BIAS plus beta, moving mean and moving variance",
        lambda rows: with_norm(rows, 3),
    ),
    Convention(
        "P-ALL",
        "parameters",
        "P-BIAS plus all four batch-norm vectors",
        lambda rows: with_norm(rows, 4),
    ),
    Convention(
        "P-FOLDED",
        "parameters",
        "batch norm folded: one bias per normalised channel",
        lambda rows: with_norm(rows, 1),
    ),
)
CONVENTIONS = {convention.name: convention for convention in _ALL}


@dataclass(frozen=True)
class Cost:
    """The rows of a graph, in the order of its nodes."""

    rows: tuple[Row, ...]

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __getitem__(self, node: str) -> Terms:
        for row in self.rows:
            if row.node == node:
                return row.terms
        raise KeyError(f"no node named {node!r}")

    def total(self, convention: str) -> int:
        """The count under a named convention. Raises KeyError for a name outside the closed list."""
        if convention not in CONVENTIONS:
            raise KeyError(f"convention: wanted one of {', '.join(CONVENTIONS)}; got {convention!r}")
        return CONVENTIONS[convention].count(self.rows)

    @property
    def madds(self) -> int:
        """Multiply-adds of one image under MADD."""
        return madd(self.rows)

    def totals(self) -> dict[str, int]:
        """Every convention that applies, with its count."""
        return {name: each.count(self.rows) for name, each in CONVENTIONS.items() if each.applies(self.rows)}

    def parameters(self) -> dict[str, int]:
        """Parameters by kind: weights, biases, scales, bn_scale_shift (gamma, beta), bn_statistics (mean, variance)."""
        normalised = 2 * bn_channels(self.rows)
        return {
            "weights": weights(self.rows),
            "biases": biases(self.rows),
            "scales": scales(self.rows),
            "bn_scale_shift": normalised,
            "bn_statistics": normalised,
        }
