"""Graph -> graph: another way to compute the same network.

net = refnet.rewrites.split_bottlenecks(net, parts=4)             V2 section 5.1: expanded maps are never held whole;
                                                                  the same weight keys, outputs and cost
net, weights = refnet.rewrites.fold_batch_norm(net, weights)      for inference: one bias in place of each batch norm
net = refnet.rewrites.fuse(net)                                   for training steps: convolution, batch norm and
                                                                  activation as one layer
"""

from typing import TYPE_CHECKING

from ..lazy import lazily

if TYPE_CHECKING:  # what type checkers and editors see; at run time a name is imported when it is asked for
    from .fold import fold_batch_norm as fold_batch_norm
    from .fusion import fuse as fuse
    from .split import SplitBottleneck as SplitBottleneck
    from .split import split_bottleneck as split_bottleneck
    from .split import split_bottlenecks as split_bottlenecks

_HOME = {
    "SplitBottleneck": "split",
    "split_bottleneck": "split",
    "split_bottlenecks": "split",
    "fold_batch_norm": "fold",
    "fuse": "fusion",
}

__all__ = sorted(_HOME)

__getattr__, __dir__ = lazily(__name__, __all__, _HOME)
