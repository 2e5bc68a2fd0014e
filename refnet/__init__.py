"""refnet: MobileNet V1 and V2 by hand, and every count of their papers recomputed.

    net = refnet.mobilenet_v2(width=1.0, resolution=224)
    weights = net.init(numpy.random.default_rng(0))
    logits = net.forward(weights, images)
    print(net)

Nothing is imported until it is used, so that counting never loads a compiler.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from .lazy import lazily

if TYPE_CHECKING:  # what type checkers and editors see; at run time a name is imported when it is asked for
    from .engine import compile as compile
    from .graph import Graph as Graph
    from .graph import Node as Node
    from .graph import Tape as Tape
    from .kernels.warmup import warmup as warmup
    from .models import conv_mobilenet as conv_mobilenet
    from .models import mobilenet_v1 as mobilenet_v1
    from .models import mobilenet_v2 as mobilenet_v2
    from .models import shallow_mobilenet as shallow_mobilenet
    from .rewrites.fusion import fuse as fuse
    from .training.losses import softmax_cross_entropy as softmax_cross_entropy

__version__ = "0.1.0"

# public name -> the module that defines it
_HOME = {
    "Graph": "graph",
    "Node": "graph",
    "Tape": "graph",
    "compile": "engine",
    "mobilenet_v1": "models",
    "conv_mobilenet": "models",
    "shallow_mobilenet": "models",
    "mobilenet_v2": "models",
    "fuse": "rewrites",
    "softmax_cross_entropy": "training",
    "warmup": "kernels.warmup",
}
_ROOMS = (
    "counting",
    "data",
    "engine",
    "experiments",
    "formulas",
    "graph",
    "io",
    "kernels",
    "layers",
    "memory",
    "models",
    "papers",
    "rewrites",
    "tasks",
    "testing",
    "training",
)

__all__ = ["__version__", *sorted(_HOME), *_ROOMS]


def _check_kernels_link(package: Path) -> None:
    """A checkout without symbolic links (a ZIP, Windows) turns `refnet/kernels` into a text file."""
    if (package / "kernels").is_file():
        raise ImportError(
            "refnet/kernels is a text file, not a link to ../kernels: this checkout has no symbolic links; "
            "run `pip install .` in it and import refnet from another folder, "
            "or clone again with `git clone -c core.symlinks=true`"
        )


_check_kernels_link(Path(__file__).parent)

__getattr__, __dir__ = lazily(__name__, __all__, _HOME, _ROOMS)
