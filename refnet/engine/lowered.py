"""Fast operations as rows of a table, all but their addresses: what `kernels/tiled/lowering.py` makes of each kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..graph import Graph
from ..kernels.tiled import lowering
from ..kernels.tiled.lowering import Lowered, Part
from ..kernels.tiled.sliding import Slide
from ..layers.convolution import Conv2d, DepthwiseConv2d
from ..rewrites.fold import innermost
from .matching import Operation, Stage, regions
from .values import Layout

Array = NDArray[Any]


@dataclass(frozen=True)
class Lowering:
    """What is known of all operations: the folded graph and its weights, images of a batch, how values lie."""

    net: Graph
    weights: Mapping[str, Array]
    batch: int
    layouts: Mapping[str, Layout]
    dtype: np.dtype[Any]

    def __call__(self, operation: Operation, room: int) -> Lowered:
        """One operation. room: numbers that a thread may hold inside. Raises KeyError for a plain one."""
        kinds: dict[str, Callable[[Operation], Lowered]] = {
            "matrix": self.matrix,
            "window": self.window,
            "block": partial(self.block, room),
            "mean": self.mean,
            "add": self.add,
        }
        return kinds[operation.kind](operation)

    def matrix(self, operation: Operation) -> Lowered:
        (part,) = self._parts(operation)
        return lowering.matrix(self.layouts[operation.output].rows, *part, self._steps(operation))

    def window(self, operation: Operation) -> Lowered:
        (part,), (images, hw) = self._parts(operation), self._maps(operation.nodes[0])
        return lowering.window(images, hw, *part, _slide(operation.stages[0], hw), self._steps(operation))

    def block(self, room: int, operation: Operation) -> Lowered:
        images, hw = self._maps(operation.nodes[0])
        roles = [stage.role for stage in operation.stages]
        at, parts = roles.index("depthwise"), self._parts(operation)
        expand, project = parts[0] if at else None, parts[at + 1] if parts[at + 1 :] else None
        stem = _slide(operation.stages[0], hw) if roles[0] == "window" else None
        _, inner = self._maps(operation.stages[at].nodes[0])
        return lowering.block(
            images,
            hw,
            self.layouts[operation.inputs[0]].shape[-1],
            _slide(operation.stages[at], inner),
            parts[at],
            expand,
            project,
            room,
            stem,
            self._steps(operation),
        )

    def mean(self, operation: Operation) -> Lowered:
        images, hw = self._maps(operation.nodes[0])
        return lowering.mean(images, prod(hw), self.layouts[operation.inputs[0]].shape[-1], self.dtype)

    def add(self, operation: Operation) -> Lowered:
        lying = self.layouts[operation.output]
        return lowering.add(lying.rows, lying.shape[-1], operation.limits, self.dtype)

    def _steps(self, operation: Operation) -> tuple[int, int]:
        """From pixel to pixel of what is read, and of what is written; a shortcut must lie as the latter."""
        read, written = self.layouts[operation.inputs[0]].room, self.layouts[operation.output].room
        assert operation.shortcut is None or self.layouts[operation.shortcut].room == written, operation
        return read, written

    def _maps(self, node: Any) -> tuple[int, tuple[int, int]]:
        """How many maps the node's layer works on, and their height and width."""
        inside, (height, width, _) = regions(node.layer, self.net.shapes[node.inputs[0]])
        return self.batch * inside, (height, width)

    def _parts(self, operation: Operation) -> list[Part]:
        """Kernel, bias and limits of each stage; those of the operation come after its shortcut."""
        found = [self._part(stage) for stage in operation.stages]
        return [*found[:-1], found[-1]._replace(limits=operation.limits)]

    def _part(self, stage: Stage) -> Part:
        """A matrix may be the kernel of a 1x1 convolution, (1, 1, M, N)."""
        w = self.weights[stage.nodes[0].key("kernel")]
        bias = None if stage.bias is None else self.weights[stage.bias.key("bias")]
        return Part(w.reshape(w.shape[-2:]) if stage.role == "matrix" else w, bias, stage.limits)


def _slide(stage: Stage, hw: tuple[int, int]) -> Slide:
    """How a convolution with a window goes over maps of this height and width."""
    layer = innermost(stage.nodes[0].layer)
    assert isinstance(layer, (Conv2d, DepthwiseConv2d))
    return Slide(*layer.setting((1, *hw, 1)))
