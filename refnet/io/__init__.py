"""Files that other programs read.

refnet.io.onnx.save("mobilenet_v2.onnx", net, weights)     any graph of refnet as ONNX (extra `onnx`)
"""

from importlib import import_module
from typing import Any

_ROOMS = ("onnx",)

__all__ = sorted(_ROOMS)


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"refnet.io has no name {name!r}")
    return import_module(f".{name}", __name__)


def __dir__() -> list[str]:
    return __all__
