"""The networks of one audit run, each built and counted once; nothing is executed."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from inspect import signature
from math import prod
from typing import Any

from ..counting import CONVENTIONS, Cost, Row, Rows
from ..graph import Graph

Build = Callable[..., Graph]
Number = int | float | Fraction

FULL = 224  # the resolution at which the papers' resolution multiplier is 1
RHO2, TFPROF, MIN16 = "MADD-RHO2", "MADD-TFPROF", "MADD-MIN16"
LEAST_CHANNELS = 16  # of MIN16
MEM_16, MEM_1024, MEM_FIRST, MEM_M = "MEM-16", "MEM-16-1024", "MEM-16-FIRST", "MEM-M(G)"

# The closed list: every name that the audit may give as a convention, and what it means.
MEANINGS = {
    **{name: convention.meaning for name, convention in CONVENTIONS.items()},
    RHO2: f"the count at {FULL} times (resolution/{FULL})^2, instead of a count at that resolution",
    TFPROF: "half of what TensorFlow's profiler reports: MADD-S2B, and additions, pooling, scaling, argmax",
    MEM_16: "maps between operations, a block being one operation; 2 bytes per value, 1 Kb = 1000 bytes, no weights",
    MEM_1024: "MEM-16 with 1 Kb = 1024 bytes: so many thousandths of a Kb",
    MEM_FIRST: "MEM-16 with the first convolution split by channels (V2 section 5.1), its output never whole",
    MEM_M: "V2 eq. (2), layer by layer: largest inputs + outputs; 2 bytes per value, batch norm and ReLU in place",
    MIN16: f"MADD-HEADLESS of the network with at least {LEAST_CHANNELS} channels in every convolution",
}


class Networks:
    """Builds a network when it is first asked for."""

    def __init__(self) -> None:
        self._graphs: dict[Any, Graph] = {}
        self._costs: dict[Any, Cost] = {}

    def graph(self, build: Build, **settings: Any) -> Graph:
        """The graph of a model; build: a function of `refnet.models`."""
        key = build, tuple(sorted(settings.items()))
        if key not in self._graphs:
            self._graphs[key] = build(**settings)
        return self._graphs[key]

    def cost(self, build: Build, **settings: Any) -> Cost:
        """Its Terms, node by node."""
        key = build, tuple(sorted(settings.items()))
        if key not in self._costs:
            self._costs[key] = self.graph(build, **settings).cost()
        return self._costs[key]

    def madds(self, build: Build, **settings: Any) -> dict[str, Number]:
        """Multiply-adds and FLOPs under every convention, also the one that compares two resolutions."""
        counts = count(self.cost(build, **settings).rows, "multiply-adds", "FLOPs")
        rho = Fraction(settings.get("resolution", FULL), FULL)
        if rho != 1 and signature(build).parameters["resolution"].default == FULL:
            counts[RHO2] = self.cost(build, **{**settings, "resolution": FULL}).madds * rho**2
        return counts

    def segmentation_madds(
        self, build: Build, sides: Sequence[int], copies: int = 1, **settings: Any
    ) -> dict[str, Number]:
        """Multiply-adds and FLOPs of classifying the pixels of one image: `copies` passes at each of these sides.

        settings: of the network that takes the image as it is.
        """
        passes = [{**settings, "resolution": side} for side in sides]
        rows = [row for each in passes for row in self.cost(build, **each)]
        once = count(rows, "multiply-adds", "FLOPs")
        flops = sum(profiled(self.graph(build, **each), self.cost(build, **each)) for each in passes)
        image = self.graph(build, **settings)
        scores = prod(image.shapes[image.outputs[0]])
        return {
            **{name: copies * number for name, number in once.items()},
            TFPROF: (copies * flops + scores) // 2,
        }

    def parameters(self, build: Build, **settings: Any) -> dict[str, Number]:
        """Parameters under every convention."""
        return count(self.cost(build, **settings).rows, "parameters")

    def block(self, name: str, build: Build, **settings: Any) -> tuple[Row, ...]:
        """The rows of one block, e.g. "block_8"."""
        return tuple(row for row in self.cost(build, **settings) if row.node.startswith(f"{name}/"))


def profiled(net: Graph, cost: Cost) -> int:
    """What TensorFlow 1's profiler reports for one pass of a segmentation network, but for its argmax.

    It counts two per multiply-add, dilated convolutions as they ran (MADD-S2B), and of everything else only

        additions   one per value of a shortcut's sum, and of the logits' bias
        pooling     one per value that the image pooling reads
        scaling     a factor and a summand for each of the three colours of a pixel of the image: six

    (its flops_registry.py has no rule for fused batch norm, ReLU or bilinear resizing). The argmax reads each score of
    the image once, however many passes the scores are the mean of.
    """
    height, width, colours = net.inputs["images"]
    added = sum(row.terms.outputs for row in cost if row.terms.operation in ("Add", "BiasAdd"))
    pooled = sum(row.terms.inputs for row in cost if row.terms.operation == "GlobalAveragePool")
    return 2 * cost.total("MADD-S2B") + added + pooled + 2 * height * width * colours


def count(rows: Rows, *quantities: str) -> dict[str, Number]:
    """Convention -> count, for every convention of these quantities that applies."""
    wanted = [each for each in CONVENTIONS.values() if each.quantity in quantities and each.applies(rows)]
    return {each.name: each.count(rows) for each in wanted}
