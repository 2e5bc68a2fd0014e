"""Files that other programs read.

refnet.io.onnx.save("mobilenet_v2.onnx", net, weights)     any graph of refnet as ONNX (extra `onnx`)
"""

from ..lazy import lazily

_ROOMS = ("onnx",)

__all__ = sorted(_ROOMS)

__getattr__, __dir__ = lazily(__name__, __all__, {}, _ROOMS)
