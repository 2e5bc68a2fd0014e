"""torch: eager, channels last or not, batch norm folded or not, whichever is fastest; and what torch.compile makes."""

from collections.abc import Mapping
from itertools import product
from typing import Any

from ..layers.base import Array
from ..rewrites.fold import fold_batch_norm
from .engines import Engine, Form, Session, Task, Unable, load
from .onnx_engines import as_ours, laid_out
from .torch_module import module_of


class Torch(Engine):
    """Eager, in inference mode. NHWC is torch's channels_last: the same axes, other strides."""

    name = distribution = "torch"
    packages = ("torch",)
    forms = tuple(Form(*each) for each in product((True, False), ("NHWC", "NCHW"), ("eager",)))

    def prepare(self, task: Task, form: Form) -> Session:
        torch = load("torch")
        torch.set_num_threads(task.threads)
        net, weights = fold_batch_norm(task.net, task.weights) if form.folded else (task.net, task.weights)
        module = self.ready(torch, in_format(torch, module_of(net, weights), form.layout))
        inputs = tensors(torch, task.inputs, form.layout)

        def run() -> Any:
            with torch.inference_mode():
                return module(inputs)

        def outputs() -> Mapping[str, Array]:
            return as_ours(task, "NCHW", {name: y.numpy() for name, y in run().items()})

        return Session(run, outputs, {"threads": torch.get_num_threads(), "layout": form.layout})

    def ready(self, torch: Any, module: Any) -> Any:
        """What is called in a run."""
        return module


class TorchCompiled(Torch):
    """torch.compile, which needs a C++ compiler and takes its time, so it runs only if asked for by name."""

    name = "torch.compile"
    forms = (Form(True, "NHWC", "torch.compile"),)

    def prepare(self, task: Task, form: Form) -> Session:
        try:
            session = super().prepare(task, form)
            session.run()  # compiles
        except (RuntimeError, NotImplementedError, OSError) as error:
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise Unable(f"torch.compile: {reason[0]}") from error
        return session

    def ready(self, torch: Any, module: Any) -> Any:
        return torch.compile(module)


def in_format(torch: Any, module: Any, layout: str) -> Any:
    """The module with its weights in the memory format of the layout."""
    return module.to(memory_format=torch.channels_last if layout == "NHWC" else torch.contiguous_format)


def tensors(torch: Any, arrays: Mapping[str, Array], layout: str) -> dict[str, Any]:
    """(B, H, W, M) -> tensors (B, M, H, W) in that memory format; everything else as it is."""
    formats = {"NHWC": torch.channels_last, "NCHW": torch.contiguous_format}
    return {
        name: torch.from_numpy(x).contiguous(memory_format=formats[layout]) if x.ndim == 4 else torch.from_numpy(x)
        for name, x in laid_out(arrays, "NCHW").items()
    }
