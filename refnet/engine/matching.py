"""Which nodes of a graph are one operation of a program.

    stage      a convolution or dense layer, and what rides on its store: bias, then ReLU or ReLU6
    operation  what runs at once and leaves one value. Kinds:

    matrix     one stage: pointwise or dense                          [+ shortcut]
    window     one stage: a standard convolution                      [+ shortcut]
    block      a depthwise stage, alone or with the pointwise stages around it: [expansion,] depthwise [, projection]
               [+ shortcut]; V2's inverted residual, V1's separable layer. A standard convolution may be the expansion:
               so a network's first two layers leave no map between them, which would be its largest
    mean       global average pooling
    add        a sum of two maps [, ReLU or ReLU6]
    alias      its value is its input's, shaped otherwise: dropout, flattening
    plain      a layer for which there is no fast kernel

Nodes become one operation only where nothing else reads what is between them. A sum joins the operation that computes
one of its terms: the other term is the shortcut (V2 section 3.3), added before the result is stored.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

from ..graph import Graph
from ..layers.activation import Relu, Relu6
from ..layers.add import Add
from ..layers.base import Layer, Shape
from ..layers.channels import Flatten
from ..layers.convolution import Conv2d, DepthwiseConv2d, PointwiseConv2d
from ..layers.dense import BiasAdd, Dense
from ..layers.dropout import Dropout
from ..layers.pooling import GlobalAveragePool
from ..layers.regions import Each
from ..node import Node
from ..rewrites.fold import innermost

Limits = tuple[float, float]
UNLIMITED: Limits = (-float("inf"), float("inf"))
_LIMITS: dict[type[Layer], Limits] = {Relu: (0.0, float("inf")), Relu6: (0.0, 6.0)}

# The roles of the stages that may be one operation.
CHAINS = {
    ("matrix",),
    ("window",),
    ("depthwise",),
    ("depthwise", "matrix"),
    ("matrix", "depthwise", "matrix"),
    ("window", "depthwise"),
    ("window", "depthwise", "matrix"),
}
LONGEST = max(map(len, CHAINS))


@dataclass(frozen=True)
class Stage:
    """role: "matrix", "window" or "depthwise". nodes: the layer, its bias and its activation, as far as there."""

    role: str
    nodes: tuple[Node, ...]
    limits: Limits = UNLIMITED

    @property
    def output(self) -> str:
        return self.nodes[-1].name

    @property
    def bias(self) -> Node | None:
        """The node whose bias the store adds."""
        return next((node for node in self.nodes if type(innermost(node.layer)) is BiasAdd), None)


@dataclass(frozen=True)
class Operation:
    """nodes: in the graph's order. inputs: the values read. shortcut: the one of them that is added at the end."""

    kind: str
    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    stages: tuple[Stage, ...] = ()
    shortcut: str | None = None
    limits: Limits = UNLIMITED

    @property
    def output(self) -> str:
        return self.nodes[-1].name

    @property
    def begins(self) -> str:
        """The role of its first stage, if it has any."""
        return self.stages[0].role if self.stages else ""

    @property
    def fast(self) -> bool:
        """Whether a kernel of `kernels/tiled/program.py` runs it."""
        return self.kind not in ("alias", "plain")


def needed(net: Graph) -> Graph:
    """The graph without the nodes that no output depends on."""
    wanted = set(net.outputs)
    for node in reversed(net.nodes):
        if node.name in wanted:
            wanted.update(node.inputs)
    nodes = [node for node in net.nodes if node.name in wanted]
    return Graph(net.name, net.inputs, nodes, net.outputs) if nodes else net


def operations(net: Graph, group: int, fast: bool = True) -> list[Operation]:
    """The graph's operations in an order in which each reads only what stands before it.

    group: channels in memory are a multiple of it. fast: false for a program of plain steps and aliases alone.
    """
    matcher = _Matcher(net, group)
    if fast:
        matcher.convolutions()
        matcher.sums()
        matcher.means()
    matcher.others()
    place = {node.name: at for at, node in enumerate(net.nodes)}
    return sorted(matcher.found.values(), key=lambda operation: place[operation.output])


class _Matcher:
    """found: output of each operation -> the operation. taken: names of the nodes that are in one."""

    def __init__(self, net: Graph, group: int) -> None:
        self.net = net
        self.group = group
        self.found: dict[str, Operation] = {}
        self.taken: set[str] = set()
        reads = Counter(source for node in net.nodes for source in node.inputs) + Counter(net.outputs)
        # value -> the node that alone reads it
        self.reader = {s: node for node in net.nodes for s in node.inputs if reads[s] == 1}

    def _free(self) -> Iterator[Node]:
        return (node for node in self.net.nodes if node.name not in self.taken)

    def _take(self, operation: Operation) -> None:
        self.found[operation.output] = operation
        self.taken.update(node.name for node in operation.nodes)

    def convolutions(self) -> None:
        for node in self._free():
            if stages := self._chain(node):
                kind = "block" if any(stage.role == "depthwise" for stage in stages) else stages[0].role
                nodes = tuple(node for stage in stages for node in stage.nodes)
                self._take(Operation(kind, nodes, nodes[0].inputs, stages, limits=stages[-1].limits))

    def _chain(self, node: Node) -> tuple[Stage, ...]:
        """The stages of the longest operation that begins here; () if none does."""
        stages: list[Stage] = []
        after: Node | None = node
        while stage := self._stage(after):
            stages.append(stage)
            after = self.reader.get(stage.output) if len(stages) < LONGEST else None
        roles = [stage.role for stage in stages]
        return next((tuple(stages[:n]) for n in range(len(stages), 0, -1) if tuple(roles[:n]) in CHAINS), ())

    def _stage(self, node: Node | None) -> Stage | None:
        """The stage that begins with this node."""
        role = "" if node is None else _role(node, self.net.shapes[node.inputs[0]])
        if node is None or not role:
            return None
        nodes = [node]
        self._follow(nodes, (BiasAdd,))
        limits = self._follow(nodes, (Relu, Relu6))
        return Stage(role, tuple(nodes), limits)

    def _follow(self, nodes: list[Node], kinds: tuple[type[Layer], ...]) -> Limits:
        """Append the one reader of the last node if it is of these kinds -> the limits that it puts on values."""
        after = self.reader.get(nodes[-1].name)
        kind = type(innermost(after.layer)) if after else None
        if after is None or kind not in kinds:
            return UNLIMITED
        nodes.append(after)
        return _LIMITS.get(kind, UNLIMITED)

    def sums(self) -> None:
        for node in self._free():
            if type(innermost(node.layer)) is Add:
                nodes = [node]
                limits = self._follow(nodes, (Relu, Relu6))
                alone = Operation("add", tuple(nodes), node.inputs, limits=limits)
                self._take(self._joined(tuple(nodes), limits) or alone)

    def _joined(self, nodes: tuple[Node, ...], limits: Limits) -> Operation | None:
        """The operation that computes the later one of a sum's two terms, with the sum in it; None if neither can."""
        for term in sorted(nodes[0].inputs, key=self._place, reverse=True):
            before = self.found.get(term)
            if before is not None and term in self.reader and _takes_shortcut(before):
                del self.found[term]
                shortcut = next(other for other in nodes[0].inputs if other != term)
                inputs, merged = (*before.inputs, shortcut), (*before.nodes, *nodes)
                return replace(before, nodes=merged, inputs=inputs, shortcut=shortcut, limits=limits)
        return None

    def _place(self, value: str) -> int:
        return list(self.net.shapes).index(value)

    def means(self) -> None:
        for node in self._free():
            if type(innermost(node.layer)) is GlobalAveragePool:
                self._take(Operation("mean", (node,), node.inputs))

    def others(self) -> None:
        for node in self._free():
            kind = "alias" if _is_alias(node, self.net.shapes[node.inputs[0]], self.group) else "plain"
            self._take(Operation(kind, (node,), node.inputs))


def regions(layer: Layer, shape: Shape) -> tuple[int, Shape]:
    """How many regions a layer works on one by one, and the shape of one: (1, shape) without `Each`."""
    depth = 0
    while isinstance(layer, Each):
        layer, depth = layer.layer, depth + 1
    return prod(shape[:depth]), shape[depth:]


def _role(node: Node, shape: Shape) -> str:
    """The role of the stage that this node begins, or nothing. shape: its input's."""
    layer = innermost(node.layer)
    if type(layer) in (PointwiseConv2d, Dense):
        return "matrix"
    if type(layer) is DepthwiseConv2d:
        return "depthwise"
    if not (isinstance(layer, Conv2d) and type(layer) is Conv2d):
        return ""
    window, (height, width, _) = layer.window(), regions(node.layer, shape)[1]
    single = window.kernel == window.stride == (1, 1) and not any(window.pads(height, width))
    return "matrix" if single else "window"


def _takes_shortcut(operation: Operation) -> bool:
    """Whether a sum can join: the last stage is a matrix product or a window, without an activation before the sum."""
    last = operation.stages[-1] if operation.stages else None
    return last is not None and last.role != "depthwise" and operation.limits == UNLIMITED and not operation.shortcut


def _is_alias(node: Node, shape: Shape, group: int) -> bool:
    """Whether the value is its input's memory: no channels are padded, or there is one pixel."""
    kind = type(innermost(node.layer))
    return kind is Dropout or (kind is Flatten and (shape[-1] % group == 0 or prod(shape[-3:-1]) == 1))
