"""What training needs beside the graph."""

from typing import Any

__all__ = ["softmax_cross_entropy"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"refnet.training has no attribute {name!r}")
    from . import losses

    return getattr(losses, name)
