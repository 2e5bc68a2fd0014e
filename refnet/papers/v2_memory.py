"""MobileNet V2, section 5.1 in both printings: eq. (2), and the split of a bottleneck into parts.

s, s' sides of the block's input and output, k, k' their channels, n the expanded channels, t the parts. The formula's
value is that of the eighth block: 14 x 14, 64 channels in and out, split into single channels.
"""

from dataclasses import replace
from math import prod

from ..graph import Graph
from ..layers.base import Shape
from ..memory import plan
from ..models.v1 import mobilenet_v1
from ..models.v2 import mobilenet_v2
from ..rewrites.split import SplitBottleneck, split_bottlenecks
from .claim import Claim, Computed, Table, Value, formula, statement
from .networks import MEM_M, Networks
from .v2_table_3 import BYTES

TEXT = Table("V2 section 5.1", memory=MEM_M)
BUILDS = (mobilenet_v1, mobilenet_v2)
LAYER = "block_8"
SMALL = (1, 2, 3, 4, 5)
SINGLE = 10**6  # parts: more than any block has channels, so that each part is one channel

# Domain and range of A, N and B as the printings have them: (side, channels). F is printed as A . N . B.
Map = tuple[tuple[str, str], tuple[str, str]]
ARXIV: dict[str, Map] = {
    "A": (("s", "k"), ("s", "n")),
    "N": (("s", "n"), ("s'", "n")),
    "B": (("s'", "n"), ("s'", "k'")),
}
CVPR: dict[str, Map] = {**ARXIV, "B": (("s'", "n"), ("s''", "k'"))}
F: Map = (("s", "k"), ("s'", "k'"))


def composed(order: str, maps: dict[str, Map]) -> Map | None:
    """Domain and range of, say, A . N . B: the last letter is applied first. None if one does not fit the other."""
    domain, range_ = maps[order[-1]]
    for letter in reversed(order[:-1]):
        if maps[letter][0] != range_:
            return None
        range_ = maps[letter][1]
    return domain, range_


def _equation_2(networks: Networks) -> Computed:
    """Whether eq. (2) is what is live in the one order of these graphs; and what R(i, pi, G) as printed would make."""
    plans = [plan(networks.graph(build), BYTES) for build in BUILDS]
    value = tuple(each.bytes(each.m().values) for each in plans)
    holds = all(each.m().values == each.peak().live for each in plans)
    facts: dict[str, Value | str] = {
        "where": " and ".join(each.m().name for each in plans),
        "blocks": tuple(each.bytes(each.m("block").values) for each in plans),
        "everything": tuple(BYTES * _all_maps(networks.graph(build)) for build in BUILDS),
    }
    return formula(MEM_M, value, holds, **facts)


def _all_maps(net: Graph) -> int:
    """Values of all intermediate tensors together."""
    return sum(step.outputs for step in plan(net).layers) + sum(map(prod, net.inputs.values()))


def _splits(networks: Networks) -> dict[str, tuple[SplitBottleneck, Shape]]:
    """Block -> its split into single channels, and the shape of its input; all blocks of V2 that expand."""
    net = split_bottlenecks(networks.graph(mobilenet_v2), SINGLE)
    found = {}
    for node in net.nodes:
        if isinstance(node.layer, SplitBottleneck):
            found[node.name.partition("/")[0]] = node.layer, net.shapes[node.inputs[0]]
    return found


def _bound(networks: Networks) -> Computed:
    """|s^2 k| + |s'^2 k'| and what is held inside, which must be a small number of channels whatever n is."""
    splits, extra, whole = _splits(networks), [], {}
    for block, (layer, x) in splits.items():
        y = layer.out_shape(x)
        channel = max(prod(x[:2]), prod(y[:2]))
        extra.append(layer.inner(x) <= 2 * channel)
        unsplit = replace(layer, parts=1)
        whole[block] = prod(x) + prod(y) + layer.inner(x), prod(x) + prod(y) + unsplit.inner(x)
    printed = [composed("ANB", maps) for maps in (CVPR, ARXIV)]
    backwards = [composed("BNA", maps) for maps in (CVPR, ARXIV)]
    facts: dict[str, Value | str] = {
        "blocks": len(splits),
        "widest": max(layer.width for layer, _ in splits.values()),
        "layer": LAYER,
        "unsplit": whole[LAYER][1],
        "fitting": sum(each is not None for each in printed),
        "right": "Only arXiv's" if [each == F for each in backwards] == [False, True] else "Not only arXiv's",
    }
    return Computed({"-": whole[LAYER][0]}, {"-": all(extra)}, facts=facts)


def _independent_of_t(networks: Networks) -> Computed:
    """Multiply-adds added up part by part against the block unsplit: the eighth for every t, the others for some."""
    graph, splits, equal = networks.cost(mobilenet_v2), _splits(networks), []
    for block, (layer, x) in splits.items():
        unsplit = sum(row.terms.madds for row in graph if row.node.startswith(f"{block}/"))
        ways = range(1, layer.width + 1) if block == LAYER else (*SMALL, layer.width)
        equal += [replace(layer, parts=t).cost(x).madds == unsplit for t in ways]
    layer, x = splits[LAYER]
    holds = all(equal)
    facts = {"splits": len(equal), "blocks": len(splits), "ways": layer.width, "madds": layer.cost(x).madds}
    return statement(holds, refuted=not holds, **facts)


CLAIMS = [
    Claim(
        "V2-EQ2",
        "V2 (both printings) 5.1 eq(2)",
        "formula",
        "bytes",
        TEXT,
        "M(G) of V1 and V2",
        _equation_2,
        explanation="The largest operations of V1 and V2 are {where}; nothing waits meanwhile, so this is also all "
        "that is live. With a block as one operation it is {blocks}. Read literally, R(i, pi, G) would be every "
        "tensor of the graph at once ({everything}) in both printings; meant are those already made that "
        "operation i or a later one reads.",
        main=TEXT.memory,
    ),
    Claim(
        "V2-SPLIT",
        "V2 (both printings) 5.1",
        "formula",
        "elements",
        TEXT,
        "memory of the t-way split",
        _bound,
        explanation="Split into single channels, all {blocks} blocks of V2 that expand hold two channels of their "
        "larger map besides input and output, however many are expanded (up to {widest}); {layer}, whose value "
        "this is, takes {unsplit} unsplit. In A . N . B, B comes first and so must expand, and A project: both "
        "printings give their domains the other way round ({fitting} of two fit A . N . B). {right} B ends at the "
        "side that the bound counts.",
    ),
    Claim(
        "V2-SPLIT-T",
        "V2 (both printings) 5.1",
        "claim",
        "-",
        TEXT,
        "multiply-adds independent of t",
        _independent_of_t,
        explanation="Added up part by part they are those of the unsplit block in {splits} splits of {blocks} blocks: "
        "the eighth ({madds}) for every t up to {ways}. That t between two and five helps most, and that "
        "cache misses grow with t, is what the paper reports; it is not measured here.",
    ),
]
