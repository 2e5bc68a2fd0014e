"""Who may take part, by the names that `--peers` takes."""

from collections.abc import Iterable

from .engines import EXTRA, Engine
from .onnx_engines import OnnxRuntime, OpenVino
from .own import Refnet
from .torch_engine import Torch, TorchCompiled

PEERS: tuple[type[Engine], ...] = (OnnxRuntime, OpenVino, Torch, TorchCompiled)
USUAL = ("onnxruntime", "openvino", "torch")
NOBODY = "none"


def contestants(words: Iterable[str] | None) -> list[Engine]:
    """refnet first, then the peers of these names; without any, the usual ones, installed or not.

    Raises ValueError for a name that nobody has, ImportError that names the extra for one that is not installed.
    """
    known = {kind.name: kind for kind in PEERS}
    listed = list(USUAL if words is None else words)
    if NOBODY in listed and len(listed) > 1:
        raise ValueError(f"--peers: wanted {NOBODY} alone, or names, got {','.join(listed)}")
    names = [name for name in listed if name != NOBODY]
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"--peers: wanted {', '.join(known)} or {NOBODY}, got {unknown[0]!r}")
    engines: list[Engine] = [known[name]() for name in dict.fromkeys(names)]
    if words is not None:
        for engine in engines:
            if missing := engine.missing():
                raise ImportError(
                    f"--peers: {engine.name} needs {' and '.join(missing)}: "
                    f"pip install '.[{EXTRA}]' in the folder of refnet"
                )
    return [Refnet(), *engines]
